# units of rules/: pure tables, no fixture
rules_units = \
	tests/unit/test_clock \
	tests/unit/test_host \
	tests/unit/test_invitation \
	tests/unit/test_invite_list \
	tests/unit/test_lockout \
	tests/unit/test_names \
	tests/unit/test_numbers \
	tests/unit/test_password \
	tests/unit/test_password_age \
	tests/unit/test_registration \
	tests/unit/test_reserved \
	tests/unit/test_setting \
	tests/unit/test_ssh_key \
	tests/unit/test_status \
	tests/unit/test_token \
	tests/unit/test_utf8 \
	tests/unit/test_verdict

check_PROGRAMS += $(rules_units)
TESTS += $(rules_units)

tests_unit_test_clock_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_clock_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_host_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_host_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_invitation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_invitation_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_invite_list_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_invite_list_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_lockout_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_lockout_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_names_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_numbers_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_numbers_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_password_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_password_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_password_age_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_password_age_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_registration_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_registration_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_reserved_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reserved_LDADD = $(CMOCKA_LIBS)
tests_unit_test_setting_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_setting_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_ssh_key_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ssh_key_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_status_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_status_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_token_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_token_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_utf8_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_utf8_LDADD = rules/librules.la $(CMOCKA_LIBS)
tests_unit_test_verdict_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_verdict_LDADD = rules/librules.la $(CMOCKA_LIBS)
