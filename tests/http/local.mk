# rosterd for real: its own environment, a free port, a mail sink.
check_PROGRAMS += tests/http/seed
tests_http_seed_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_http_seed_SOURCES = tests/http/seed.c
tests_http_seed_LDADD = lifecycle/liblifecycle.la
