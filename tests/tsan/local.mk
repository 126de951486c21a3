# tests/tsan: races.  make check has the store's threads; "make check-tsan" is
# for module and daemon, TSAN_TESTS those that are to run.
TESTS += tests/tsan/live
dist_check_SCRIPTS += tests/tsan/live tests/tsan/run tests/tsan/helgrind
EXTRA_DIST += tests/tsan/suppressions tests/tsan/helgrind-suppressions

TSAN_TESTS = tests/unit/test_races tests/unit/test_attr tests/unit/test_hash \
	tests/unit/test_backup tests/unit/test_verified \
	tests/unit/test_throttle tests/http/test_sessions.py \
	tests/http/test_mail.py tests/http/test_limits.py \
	tests/http/test_journey.py tests/http/test_serve.py \
	tests/http/test_once.py
if HAVE_SLAPD
TSAN_TESTS += tests/slapd/test009-writes tests/slapd/test011-syncprov \
	tests/slapd/test012-waiting tests/slapd/test101-suspension \
	tests/slapd/test105-flood tests/slapd/test106-config \
	tests/slapd/test111-verified tests/slapd/test203-pages \
	tests/slapd/test301-indexes tests/replication/follow \
	tests/replication/consumers tests/replication/gate \
	tests/replication/online \
	tests/both/kill-9 tests/both/stopped \
	tests/both/stream tests/both/tokens tests/both/passwords
endif
check-tsan:
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		'$(abs_top_srcdir)/tests/tsan/run' $(TSAN_TESTS)
.PHONY: check-tsan

# The store's threads under helgrind, in this build.
check_PROGRAMS += tests/tsan/stress
tests_tsan_stress_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_tsan_stress_SOURCES = tests/tsan/stress.c
tests_tsan_stress_LDADD = lifecycle/liblifecycle.la

# Of the others test_races, test_attr and test_hash take too long, and how
# test_backup joins its thread is unknown to helgrind.
HELGRIND_TESTS = tests/unit/test_verified tests/unit/test_throttle

check-helgrind: all
	@$(MAKE) $(AM_MAKEFLAGS) tests/tsan/stress $(HELGRIND_TESTS)
	@$(AM_TESTS_ENVIRONMENT) \
		'$(abs_top_srcdir)/tests/tsan/helgrind' $(HELGRIND_TESTS)
.PHONY: check-helgrind
