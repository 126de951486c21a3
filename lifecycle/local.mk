noinst_LTLIBRARIES += lifecycle/liblifecycle.la
lifecycle_liblifecycle_la_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) \
	$(GNUTLS_CFLAGS) $(CJSON_CFLAGS)
lifecycle_liblifecycle_la_LIBADD = rules/librules.la store/libstore.la \
	$(SODIUM_LIBS) $(GNUTLS_LIBS) $(CJSON_LIBS)
lifecycle_liblifecycle_la_SOURCES = \
	lifecycle/acts.c lifecycle/acts.h \
	lifecycle/gate.c lifecycle/gate.h \
	lifecycle/password.c lifecycle/password.h
