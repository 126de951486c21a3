EXTRA_DIST += contrib/quickstart

# For hosts without sssd: doc/containers.md.
dist_pkgdata_SCRIPTS = contrib/roster-authorized-keys

# Names, verbs and options come from rosterctl itself.
completionsdir = $(datadir)/bash-completion/completions
dist_completions_DATA = contrib/completion/rosterctl
