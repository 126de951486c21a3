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
roster_la_LDFLAGS = -module -avoid-version -shared -Wl,-Bsymbolic \
	-export-symbols-regex '^(init_module|term_module)$$'
roster_la_LIBADD = lifecycle/liblifecycle.la
roster_la_SOURCES = \
	backend/back-roster.h \
	backend/init.c \
	backend/module.c
