# units of backend/: what needs no slapd around it
backend_units = tests/unit/test_follow_retry
if HAVE_SLAPD
check_PROGRAMS += $(backend_units)
TESTS += $(backend_units)
endif

tests_unit_test_follow_retry_SOURCES = tests/unit/test_follow_retry.c \
	backend/follow_retry.c
tests_unit_test_follow_retry_CPPFLAGS = $(AM_CPPFLAGS) \
	-isystem $(OPENLDAP_SRC)/include
tests_unit_test_follow_retry_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_follow_retry_LDADD = $(CMOCKA_LIBS)
