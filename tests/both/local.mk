# SPDX-License-Identifier: OLDAP-2.8
# Both processes on one environment: killed, restarted, raced, fed with rubbish.
# They need the module, so they are there only with it.
both_tests = \
	tests/both/bad-input \
	tests/both/kill-9 \
	tests/both/numbers \
	tests/both/restart
if HAVE_SLAPD
TESTS += $(both_tests)
endif
EXTRA_DIST += $(both_tests) \
	tests/both/harness.py \
	tests/both/roster.py
