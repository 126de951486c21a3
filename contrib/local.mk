EXTRA_DIST += contrib/quickstart

# What quickstart and doc/deployment.md make slapd's configuration of.
dist_pkgdata_DATA = contrib/slapd.conf.in

# Services for a server of its own: doc/deployment.md.
unitsdir = $(prefix)/lib/systemd/system
dist_units_DATA = contrib/systemd/rosterd.socket \
	contrib/systemd/roster-backup.timer
nodist_units_DATA = contrib/systemd/rosterd.service \
	contrib/systemd/roster-slapd.service \
	contrib/systemd/roster-backup.service
CLEANFILES += $(nodist_units_DATA)
EXTRA_DIST += contrib/systemd/rosterd.service.in \
	contrib/systemd/roster-slapd.service.in \
	contrib/systemd/roster-backup.service.in \
	contrib/systemd/sysusers.conf contrib/systemd/tmpfiles.conf

SUFFIXES = .service.in .service
.service.in.service:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|[@]sbindir[@]|$(sbindir)|' \
		-e 's|[@]pkgdatadir[@]|$(pkgdatadir)|' $< >$@.new && mv $@.new $@

# systemd finds these by the names that they have there.
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(prefix)/lib/sysusers.d \
		$(DESTDIR)$(prefix)/lib/tmpfiles.d
	$(INSTALL_DATA) $(srcdir)/contrib/systemd/sysusers.conf \
		$(DESTDIR)$(prefix)/lib/sysusers.d/roster.conf
	$(INSTALL_DATA) $(srcdir)/contrib/systemd/tmpfiles.conf \
		$(DESTDIR)$(prefix)/lib/tmpfiles.d/roster.conf
uninstall-local:
	rm -f $(DESTDIR)$(prefix)/lib/sysusers.d/roster.conf \
		$(DESTDIR)$(prefix)/lib/tmpfiles.d/roster.conf

# For hosts without sssd: doc/containers.md; for roster-backup.service.
dist_pkgdata_SCRIPTS = contrib/roster-authorized-keys contrib/roster-backup

# Names, verbs and options come from rosterctl itself.
completionsdir = $(datadir)/bash-completion/completions
dist_completions_DATA = contrib/completion/rosterctl
