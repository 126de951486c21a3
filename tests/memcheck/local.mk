# tests/memcheck: memory.  make check has a few; "make check-valgrind" the tests
# of slapd and rosterd, MEMCHECK_TESTS those that are to run.
TESTS += tests/memcheck/short
dist_check_SCRIPTS += tests/memcheck/short tests/memcheck/run
EXTRA_DIST += tests/memcheck/suppressions

MEMCHECK_TESTS = $(http_tests)
if HAVE_SLAPD
MEMCHECK_TESTS += $(backend_tests) $(overlay_tests)
endif
check-valgrind: all
	@$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(check_LTLIBRARIES)
	@$(AM_TESTS_ENVIRONMENT) \
		'$(abs_top_srcdir)/tests/memcheck/run' $(MEMCHECK_TESTS)
.PHONY: check-valgrind
