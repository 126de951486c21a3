# SPDX-License-Identifier: OLDAP-2.8
# Both processes on one environment: killed, restarted, raced, stopped, without
# room, fed with rubbish.  They need the module, so they are there only with it.
both_tests = \
	tests/both/admit \
	tests/both/agreements \
	tests/both/approvals \
	tests/both/audit \
	tests/both/backup \
	tests/both/backup-cipher \
	tests/both/backup-cut \
	tests/both/bad-input \
	tests/both/clock \
	tests/both/connections \
	tests/both/corrupt \
	tests/both/endure \
	tests/both/full \
	tests/both/imported \
	tests/both/enumeration \
	tests/both/grants \
	tests/both/groups \
	tests/both/hostile-names \
	tests/both/hosts \
	tests/both/invitations \
	tests/both/journal \
	tests/both/keys \
	tests/both/killswitch \
	tests/both/kill-9 \
	tests/both/lockout \
	tests/both/mail-injection \
	tests/both/members \
	tests/both/nouns \
	tests/both/numbers \
	tests/both/password-age \
	tests/both/passwords \
	tests/both/races \
	tests/both/refusals \
	tests/both/repair \
	tests/both/restart \
	tests/both/state \
	tests/both/stopped \
	tests/both/stream \
	tests/both/tls \
	tests/both/tokens \
	tests/both/why
if HAVE_SLAPD
TESTS += $(both_tests)
check_PROGRAMS += tests/both/damage tests/both/other-format \
	tests/both/oldest-reader tests/both/rot
# Preloaded into both daemons, so a shared library although nobody installs it.
check_LTLIBRARIES += tests/both/libcommitgate.la
tests_both_libcommitgate_la_SOURCES = tests/both/commit-gate.c
tests_both_libcommitgate_la_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE
tests_both_libcommitgate_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
check_LTLIBRARIES += tests/both/libfakeclock.la
tests_both_libfakeclock_la_SOURCES = tests/both/fake-clock.c
tests_both_libfakeclock_la_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE
tests_both_libfakeclock_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
check_LTLIBRARIES += tests/both/libunsynced.la
tests_both_libunsynced_la_SOURCES = tests/both/unsynced.c
tests_both_libunsynced_la_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE
tests_both_libunsynced_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
check_LTLIBRARIES += tests/both/libdieat.la
tests_both_libdieat_la_SOURCES = tests/both/die-at.c
tests_both_libdieat_la_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE
tests_both_libdieat_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
endif
EXTRA_DIST += $(both_tests) \
	tests/both/acts.py \
	tests/both/doors.py \
	tests/both/harness.py \
	tests/both/impostor.py \
	tests/both/refusal_rows.py \
	tests/both/roster.py \
	tests/both/session.py \
	tests/both/visitors.py

tests_both_damage_SOURCES = tests/both/damage.c
tests_both_damage_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE \
	-isystem $(LMDB_SRC)
tests_both_damage_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_both_damage_LDADD = store/libstore.la
tests_both_other_format_SOURCES = tests/both/other-format.c
tests_both_other_format_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE \
	-isystem $(LMDB_SRC)
tests_both_other_format_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_both_other_format_LDADD = store/libstore.la
tests_both_oldest_reader_SOURCES = tests/both/oldest-reader.c
tests_both_oldest_reader_CPPFLAGS = $(AM_CPPFLAGS) -isystem $(LMDB_SRC)
tests_both_oldest_reader_LDADD = store/liblmdb.la -lpthread

tests_both_rot_SOURCES = tests/both/rot.c
tests_both_rot_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE \
	-isystem $(LMDB_SRC)
tests_both_rot_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_both_rot_LDADD = store/libstore.la
