# One loadable module holds the backend and the overlay: a process may open an
# LMDB environment only once.
module_LTLIBRARIES += roster.la
roster_la_CPPFLAGS = $(AM_CPPFLAGS) -DSLAPD_IMPORT \
	-isystem $(OPENLDAP_SRC)/include \
	-isystem $(OPENLDAP_SRC)/servers/slapd
# slapd's callback types hand us arguments we have no use for, and its tables
# are filled by name and end where their fields end.
roster_la_CFLAGS = $(AM_CFLAGS) -Wno-unused-parameter \
	-Wno-missing-field-initializers $(SODIUM_CFLAGS)
# It stays in memory to the very end: slapd closes connections with unanswered
# operations after it has unloaded its modules, through our filter of each
# (handshake.c).
roster_la_LDFLAGS = -module -avoid-version -shared -Wl,-Bsymbolic \
	-Wl,-z,nodelete \
	-export-symbols-regex '^(init_module|term_module)$$'
roster_la_LIBADD = lifecycle/liblifecycle.la
roster_la_SOURCES = \
	backend/ad.c \
	backend/add.c \
	backend/alias.c \
	backend/arena.c \
	backend/audit.c \
	backend/back-roster.h \
	backend/bind.c \
	backend/compare.c \
	backend/config.c \
	backend/convert.c \
	backend/cookie.c backend/cookie.h \
	backend/delete.c \
	backend/entry.c \
	backend/entry_computed.c \
	backend/entry_priv.h \
	backend/errmap.c \
	backend/filter.c \
	backend/follow.c \
	backend/follow.h \
	backend/follow_answer.c \
	backend/follow_early.c \
	backend/follow_gate.c backend/follow_ids.c \
	backend/follow_image.c \
	backend/follow_life.c \
	backend/follow_log.c \
	backend/follow_priv.h \
	backend/follow_replay.c \
	backend/follow_retry.c backend/follow_retry.h \
	backend/follow_views.c \
	backend/handshake.c \
	backend/hidden.c \
	backend/indexes.c \
	backend/init.c \
	backend/keys.c \
	backend/lookup.c \
	backend/mods.c \
	backend/modify.c \
	backend/modify_priv.h \
	backend/modrdn.c \
	backend/module.c \
	backend/monitor.c \
	backend/needs.c \
	backend/operational.c \
	backend/paged.c \
	backend/plan.c \
	backend/readattrs.c \
	backend/replica.c backend/replica.h \
	backend/replica_config.c backend/replica_lookup.c \
	backend/replica_probe.c \
	backend/search.c \
	backend/search_priv.h \
	backend/tasks.c \
	backend/ticker.c backend/ticker.h \
	backend/tools.c \
	backend/treedelete.c \
	backend/txn.c \
	backend/walk.c \
	backend/write.c
