# tests/slapd: a real slapd on a socket in a fresh directory.  backend_tests use
# lib.sh, overlay_tests overlay.py.
backend_tests = \
	tests/slapd/test001-load-order \
	tests/slapd/test002-round-trip \
	tests/slapd/test003-filters \
	tests/slapd/test004-config \
	tests/slapd/test005-bad-input \
	tests/slapd/test006-access \
	tests/slapd/test007-paging \
	tests/slapd/test008-version \
	tests/slapd/test009-writes \
	tests/slapd/test010-tools \
	tests/slapd/test011-syncprov \
	tests/slapd/test012-waiting \
	tests/slapd/test013-lifecycle \
	tests/slapd/test014-move-in \
	tests/slapd/test301-indexes \
	tests/slapd/test302-tools-twin \
	tests/slapd/test303-directives \
	tests/slapd/test304-overlays \
	tests/slapd/test305-plain
# One slapd with the overlay.
overlay_tests = \
	tests/slapd/test101-suspension \
	tests/slapd/test102-passwords \
	tests/slapd/test103-groups \
	tests/slapd/test104-modules \
	tests/slapd/test105-flood \
	tests/slapd/test106-config \
	tests/slapd/test107-dear-filters \
	tests/slapd/test108-states \
	tests/slapd/test109-crowd \
	tests/slapd/test110-overlay-answers \
	tests/slapd/test111-verified \
	tests/slapd/test207-lifecycle-controls
# The same directory in roster and in mdb, side by side: twin.py.
twin_tests = \
	tests/slapd/test201-acl-forms \
	tests/slapd/test202-slapacl \
	tests/slapd/test203-pages \
	tests/slapd/test204-controls \
	tests/slapd/test205-exops \
	tests/slapd/test206-operational \
	tests/slapd/test208-overlays
if HAVE_SLAPD
check_PROGRAMS += tests/slapd/hold-writer
tests_slapd_hold_writer_SOURCES = tests/slapd/hold-writer.c
tests_slapd_hold_writer_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_slapd_hold_writer_LDADD = store/libstore.la $(SODIUM_LIBS)
# Preloaded into slapd, so a shared library although nobody installs it.
check_LTLIBRARIES += tests/slapd/libfakeversion.la
tests_slapd_libfakeversion_la_SOURCES = tests/slapd/fake-version.c
tests_slapd_libfakeversion_la_CPPFLAGS = -isystem $(OPENLDAP_SRC)/include
tests_slapd_libfakeversion_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
tests_slapd_libfakeversion_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
if SANITIZERS
KEEP_LOCALE = $(abs_top_builddir)/tests/slapd/.libs/libkeeplocale.so
check_LTLIBRARIES += tests/slapd/libkeeplocale.la
tests_slapd_libkeeplocale_la_SOURCES = tests/slapd/keep-locale.c
tests_slapd_libkeeplocale_la_CFLAGS = $(AM_CFLAGS) -fno-sanitize=all \
	-fvisibility=default
tests_slapd_libkeeplocale_la_LDFLAGS = -module -avoid-version -shared \
	-fno-sanitize=all -rpath /nowhere
endif
TESTS += $(backend_tests) $(overlay_tests) $(twin_tests)
endif
EXTRA_DIST += $(backend_tests) $(overlay_tests) $(twin_tests) \
	tests/slapd/lib.sh tests/slapd/overlay.py tests/slapd/people.awk \
	tests/slapd/acl_forms.py tests/slapd/twin.py tests/slapd/twins.py \
	tests/slapd/writes.py
