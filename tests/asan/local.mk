# tests/asan: memory, as the compiler watches it.  "make check-asan" is for what
# is hostile to slapd and rosterd, CHECK_ASAN_TESTS those that are to run.
dist_check_SCRIPTS += tests/asan/run
EXTRA_DIST += tests/asan/sanitized.sh tests/asan/no-slab.c
if HAVE_SLAPD
if SANITIZERS
if !TSAN
# Preloaded into slapd, so a shared library although nobody installs it.
NO_SLAB = $(abs_top_builddir)/tests/asan/.libs/libnoslab.so
check_LTLIBRARIES += tests/asan/libnoslab.la
tests_asan_libnoslab_la_SOURCES = tests/asan/no-slab.c
tests_asan_libnoslab_la_CPPFLAGS = -isystem $(OPENLDAP_SRC)/include
tests_asan_libnoslab_la_CFLAGS = $(AM_CFLAGS) -fno-sanitize=all
tests_asan_libnoslab_la_LDFLAGS = -module -avoid-version -shared \
	-fno-sanitize=all -rpath /nowhere
endif
endif
endif

CHECK_ASAN_TESTS = tests/http/test_gate.py tests/http/test_input.py
if HAVE_SLAPD
CHECK_ASAN_TESTS += $(hostile_tests) tests/slapd/test005-bad-input \
	tests/both/bad-input tests/both/hostile-names \
	tests/both/mail-injection
endif
check-asan:
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		'$(abs_top_srcdir)/tests/asan/run' $(CHECK_ASAN_TESTS)
.PHONY: check-asan
