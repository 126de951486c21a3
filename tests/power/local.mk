# SPDX-License-Identifier: OLDAP-2.8
# A power cut at every moment of a recording of both daemons.
power_tests = tests/power/power-loss
if HAVE_SLAPD
check_PROGRAMS += tests/power/power-replay
tests_power_power_replay_SOURCES = tests/power/replay.c \
	tests/power/oracle.c tests/power/oracle.h tests/power/record.h
tests_power_power_replay_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_power_power_replay_LDADD = lifecycle/liblifecycle.la $(SODIUM_LIBS)
# Preloaded into both daemons, so a shared library although nobody installs it.
check_LTLIBRARIES += tests/power/librecorder.la
tests_power_librecorder_la_SOURCES = tests/power/recorder.c \
	tests/power/record.h
tests_power_librecorder_la_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE
tests_power_librecorder_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
TESTS += $(power_tests)
endif
EXTRA_DIST += $(power_tests)
