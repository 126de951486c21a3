# SPDX-License-Identifier: OLDAP-2.8
# "make soak SOAK_MINUTES=600": the promises, for as long as asked.  SOAK_ONLY
# chooses some, SOAK_REPORT names a page that gets the table.
if HAVE_SLAPD
TESTS += tests/soak/short
endif
dist_check_SCRIPTS += tests/soak/run tests/soak/short
EXTRA_DIST += tests/soak/plan tests/soak/report.py

.PHONY: soak
soak: all
	@$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(check_LTLIBRARIES)
	@$(AM_TESTS_ENVIRONMENT) '$(abs_top_srcdir)/tests/soak/run'
