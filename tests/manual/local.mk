# SPDX-License-Identifier: OLDAP-2.8
# What the manual pages show works.
manual_tests = tests/manual/examples
if HAVE_SLAPD
TESTS += $(manual_tests)
endif
EXTRA_DIST += $(manual_tests)
