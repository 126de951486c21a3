# units of lifecycle/
#
# One line a test in life_units; its variables are those of all units.
life_units = \
	tests/unit/test_acts \
	tests/unit/test_act_faults \
	tests/unit/test_attempt \
	tests/unit/test_bin \
	tests/unit/test_decoy \
	tests/unit/test_due \
	tests/unit/test_check_rules \
	tests/unit/test_consequence \
	tests/unit/test_gate \
	tests/unit/test_hash \
	tests/unit/test_moment \
	tests/unit/test_password_made \
	tests/unit/test_policy \
	tests/unit/test_races \
	tests/unit/test_refusals \
	tests/unit/test_self \
	tests/unit/test_signin \
	tests/unit/test_throttle \
	tests/unit/test_verified \
	tests/unit/test_tokens

check_PROGRAMS += $(life_units)
TESTS += $(life_units)

check_LIBRARIES += tests/unit/liblife.a
tests_unit_liblife_a_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_liblife_a_SOURCES = tests/unit/entries.c tests/unit/entries.h \
	tests/unit/life.c tests/unit/life.h

life_unit_cflags = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CMOCKA_CFLAGS)
life_unit_ldadd = tests/unit/liblife.a tests/unit/libfixture.a \
	lifecycle/liblifecycle.la $(CMOCKA_LIBS)

tests_unit_test_attempt_CFLAGS = $(life_unit_cflags)
tests_unit_test_attempt_LDADD = $(life_unit_ldadd)
tests_unit_test_tokens_CFLAGS = $(life_unit_cflags)
tests_unit_test_tokens_LDADD = $(life_unit_ldadd)
tests_unit_test_throttle_CFLAGS = $(life_unit_cflags)
tests_unit_test_throttle_LDADD = $(life_unit_ldadd)
tests_unit_test_verified_CFLAGS = $(life_unit_cflags)
tests_unit_test_verified_LDADD = $(life_unit_ldadd)
tests_unit_test_act_faults_SOURCES = tests/unit/test_act_faults.c \
	tests/unit/nth.c tests/unit/nth.h
tests_unit_test_act_faults_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_act_faults_CFLAGS = $(life_unit_cflags) $(GNUTLS_CFLAGS)
tests_unit_test_act_faults_LDFLAGS = $(nth_ldflags)
tests_unit_test_act_faults_LDADD = $(life_unit_ldadd)
tests_unit_test_acts_CFLAGS = $(life_unit_cflags)
tests_unit_test_acts_LDADD = $(life_unit_ldadd)
tests_unit_test_decoy_CFLAGS = $(life_unit_cflags)
tests_unit_test_decoy_LDADD = $(life_unit_ldadd)
tests_unit_test_due_CFLAGS = $(life_unit_cflags)
tests_unit_test_due_LDADD = $(life_unit_ldadd)
tests_unit_test_bin_CFLAGS = $(life_unit_cflags)
tests_unit_test_bin_LDADD = $(life_unit_ldadd)
tests_unit_test_consequence_CFLAGS = $(life_unit_cflags)
tests_unit_test_consequence_LDADD = $(life_unit_ldadd)
tests_unit_test_gate_CFLAGS = $(life_unit_cflags)
tests_unit_test_gate_LDADD = $(life_unit_ldadd)
tests_unit_test_hash_CFLAGS = $(life_unit_cflags)
tests_unit_test_hash_LDADD = $(life_unit_ldadd)
tests_unit_test_moment_CFLAGS = $(life_unit_cflags)
tests_unit_test_moment_LDADD = $(life_unit_ldadd)
tests_unit_test_password_made_CFLAGS = $(life_unit_cflags)
tests_unit_test_password_made_LDADD = $(life_unit_ldadd)
tests_unit_test_policy_CFLAGS = $(life_unit_cflags)
tests_unit_test_policy_LDADD = $(life_unit_ldadd)
tests_unit_test_races_CFLAGS = $(life_unit_cflags)
tests_unit_test_races_LDADD = $(life_unit_ldadd)
tests_unit_test_signin_CFLAGS = $(life_unit_cflags)
tests_unit_test_signin_CPPFLAGS = $(store_unit_cppflags) # it damages a table
tests_unit_test_signin_LDADD = $(life_unit_ldadd)
tests_unit_test_self_CFLAGS = $(life_unit_cflags)
tests_unit_test_self_LDADD = $(life_unit_ldadd)
tests_unit_test_refusals_CFLAGS = $(life_unit_cflags)
tests_unit_test_refusals_LDADD = $(life_unit_ldadd)
tests_unit_test_check_rules_CFLAGS = $(life_unit_cflags)
tests_unit_test_check_rules_LDADD = $(life_unit_ldadd)
