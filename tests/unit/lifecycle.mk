# units of lifecycle/
#
# One line a test in life_units; its variables are those of all units.
life_units = \
	tests/unit/test_acts

check_PROGRAMS += $(life_units)
TESTS += $(life_units)

check_LIBRARIES += tests/unit/liblife.a
tests_unit_liblife_a_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_liblife_a_SOURCES = tests/unit/life.c tests/unit/life.h

life_unit_cflags = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CMOCKA_CFLAGS)
life_unit_ldadd = tests/unit/liblife.a tests/unit/libfixture.a \
	lifecycle/liblifecycle.la $(CMOCKA_LIBS)

tests_unit_test_acts_CFLAGS = $(life_unit_cflags)
tests_unit_test_acts_LDADD = $(life_unit_ldadd)
