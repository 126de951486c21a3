# SPDX-License-Identifier: OLDAP-2.8
# "make bench": Roster beside its peers, on one machine, in one run.  Sizes by
# variable: BENCH_PEOPLE, BENCH_ROUNDS, BENCH_SECONDS, BENCH_ROWS,
# BENCH_SERVERS, BENCH_REPORT.  bench/run says what they are; "make
# bench-replication": what replicas cost, bench/replication says by which.
EXTRA_DIST += bench/replication bench/clients.py bench/counts bench/data.py \
	bench/loads.py bench/rows.py bench/run bench/servers.py \
	bench/table.py bench/web.py

# Built by make check too, so that they do not rot.
check_PROGRAMS += bench/raw
bench_raw_CPPFLAGS = $(AM_CPPFLAGS) -isystem $(LMDB_SRC)
bench_raw_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
bench_raw_SOURCES = bench/raw.c
bench_raw_LDADD = store/liblmdb.la $(SODIUM_LIBS) -lpthread
if HAVE_LIBLDAP
check_PROGRAMS += bench/client
bench_client_SOURCES = bench/client.c
bench_client_LDADD = -lldap -llber -lpthread
endif
if HAVE_SLAPD
check_LTLIBRARIES += bench/ceiling.la
bench_ceiling_la_SOURCES = bench/ceiling.c
bench_ceiling_la_CPPFLAGS = $(AM_CPPFLAGS) -DSLAPD_IMPORT \
	-isystem $(OPENLDAP_SRC)/include \
	-isystem $(OPENLDAP_SRC)/servers/slapd
bench_ceiling_la_CFLAGS = $(AM_CFLAGS) -Wno-missing-field-initializers
bench_ceiling_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

# The costs that do not depend on the clock.
TESTS += bench/count
dist_check_SCRIPTS += bench/count
endif

.PHONY: bench bench-replication count-record count-profile
bench: all
	@$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(check_LTLIBRARIES)
	@$(AM_TESTS_ENVIRONMENT) /usr/bin/python3 '$(abs_top_srcdir)/bench/run'
bench-replication: all
	@$(AM_TESTS_ENVIRONMENT) /usr/bin/python3 \
		'$(abs_top_srcdir)/bench/replication'
count-record: all
	@$(AM_TESTS_ENVIRONMENT) /usr/bin/python3 \
		'$(abs_top_srcdir)/bench/count' --record
count-profile: all
	@$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(check_LTLIBRARIES)
	@$(AM_TESTS_ENVIRONMENT) /usr/bin/python3 \
		'$(abs_top_srcdir)/bench/count' --profile '$(COUNT_FOLDER)'
