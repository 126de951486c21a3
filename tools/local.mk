sbin_PROGRAMS += rosterctl
rosterctl_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CJSON_CFLAGS)
rosterctl_SOURCES = tools/rosterctl.c
rosterctl_LDADD = lifecycle/liblifecycle.la $(CJSON_LIBS)
