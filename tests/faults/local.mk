# tests/faults: the k-th allocation or system call fails, for every k.
check_LTLIBRARIES += tests/faults/libfault.la
noinst_HEADERS += tests/faults/fault.h
tests_faults_libfault_la_SOURCES = tests/faults/fault.c
tests_faults_libfault_la_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE
tests_faults_libfault_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
fault_tests = tests/faults/cli
if HAVE_SLAPD
fault_tests += tests/faults/daemons
endif
TESTS += $(fault_tests)
EXTRA_DIST += tests/faults/cli tests/faults/daemons tests/faults/control.py
