# SPDX-License-Identifier: OLDAP-2.8
# "make check": lint, units, slapd in the loop, rosterd, both, real clients.  A
# test that lacks what it needs exits 77 and is reported as skipped, never as
# passed.  Tests that load the module into slapd of a build with sanitizers
# preload $asan_lib (empty otherwise).
if SANITIZERS
PRELOADED = $(ASAN_LIB) $(KEEP_LOCALE) $(NO_SLAB)
endif
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	asan_lib='$(PRELOADED)'; export asan_lib; \
	ROSTER_TEST_SLAPD_PRELOAD="$$asan_lib"; \
	export ROSTER_TEST_SLAPD_PRELOAD;

include tests/lint/local.mk
include tests/quickstart/local.mk
include tests/unit/local.mk
include tests/faults/local.mk
include tests/fuzz/local.mk
include tests/asan/local.mk
include tests/tsan/local.mk
include tests/analyse/local.mk
include tests/memcheck/local.mk
include tests/coverage/local.mk
include tests/slapd/local.mk
include tests/http/local.mk
include tests/both/local.mk
include tests/replication/local.mk
include tests/differential/local.mk
include tests/power/local.mk
include tests/clients/local.mk
include tests/systemd/local.mk
include tests/soak/local.mk
include tests/hostile/local.mk
include tests/manual/local.mk
