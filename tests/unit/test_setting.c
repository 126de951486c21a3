/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_setting.c - rules/setting.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/setting.h"

#define NO INT64_MIN /* the value is refused */

#define SIXTEEN                                                                \
	"1001-1001,1002-1002,1003-1003,1004-1004,1005-1005,1006-1006,"         \
	"1007-1007,1008-1008,1009-1009,1010-1010,1011-1011,1012-1012,"         \
	"1013-1013,1014-1014,1015-1015,1016-1016"
_Static_assert(RULE_RANGES_MAX == 16, "so many there are");

static const struct {
	enum rule_setting_id id;
	const char *text;
	int64_t number;
} rows[] = {
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "8", 8 },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "128", 128 },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "7", NO },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "129", NO },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "012", NO },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "+12", NO },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "12 ", NO },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "", NO },
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "99999999999999999999", NO },
	{ RULE_SETTING_BIN_RETENTION, "0", 0 },
	{ RULE_SETTING_BIN_RETENTION, "30d", 30 * RULE_DAY },
	{ RULE_SETTING_BIN_RETENTION, "36h", 36 * RULE_HOUR },
	{ RULE_SETTING_BIN_RETENTION, "90m", 90 * RULE_MINUTE },
	{ RULE_SETTING_BIN_RETENTION, "90s", 90 },
	{ RULE_SETTING_BIN_RETENTION, "90", 90 },
	{ RULE_SETTING_BIN_RETENTION, "3651d", NO },
	{ RULE_SETTING_BIN_RETENTION, "d", NO },
	{ RULE_SETTING_BIN_RETENTION, "1w", NO },
	{ RULE_SETTING_BIN_RETENTION, "-1d", NO },
	{ RULE_SETTING_RESET_LIFETIME, "4m", NO },
	{ RULE_SETTING_RESET_LIFETIME, "5m", 5 * RULE_MINUTE },
	{ RULE_SETTING_PRIVATE_GROUPS, "on", 1 },
	{ RULE_SETTING_PRIVATE_GROUPS, "off", 0 },
	{ RULE_SETTING_PRIVATE_GROUPS, "yes", NO },
	{ RULE_SETTING_REGISTRATION, "open", RULE_REGISTRATION_OPEN },
	{ RULE_SETTING_REGISTRATION, "off", RULE_REGISTRATION_OFF },
	{ RULE_SETTING_REGISTRATION, "ope", NO },
	{ RULE_SETTING_REGISTRATION, "", NO },
	{ RULE_SETTING_PASSWORD_REQUIRE, "", 0 },
	{ RULE_SETTING_PASSWORD_REQUIRE, "digit", RULE_CLASS_DIGIT },
	{ RULE_SETTING_PASSWORD_REQUIRE, "upper,lower,digit",
	  RULE_CLASS_UPPER | RULE_CLASS_LOWER | RULE_CLASS_DIGIT },
	{ RULE_SETTING_PASSWORD_REQUIRE, "upper,", NO },
	{ RULE_SETTING_PASSWORD_REQUIRE, ",upper", NO },
	{ RULE_SETTING_PASSWORD_REQUIRE, "upper lower", NO },
	{ RULE_SETTING_UID_RANGE, "", 0 },
	{ RULE_SETTING_UID_RANGE, "1000-1999", 0 },
	{ RULE_SETTING_UID_RANGE, "30000-39999,10000-19999", 0 },
	{ RULE_SETTING_UID_RANGE, ",10000-19999", NO },
	{ RULE_SETTING_UID_RANGE, "10000-19999,", NO },
	{ RULE_SETTING_UID_RANGE, "10000-19999,,30000-39999", NO },
	{ RULE_SETTING_UID_RANGE, "10000-19999,65534-65535", NO },
	{ RULE_SETTING_UID_RANGE, SIXTEEN, 0 },
	{ RULE_SETTING_UID_RANGE, SIXTEEN ",1017-1017", NO },
	{ RULE_SETTING_THIRD_RANGE, "", 0 },
	{ RULE_SETTING_THIRD_RANGE, "70000-79999",
	  INT64_C(70000) << 32 | 79999 },
	{ RULE_SETTING_THIRD_RANGE, "79999-70000", NO },
	{ RULE_SETTING_THIRD_RANGE, "1-70000", NO },
	{ RULE_SETTING_THIRD_RANGE, "70000-", NO },
	{ RULE_SETTING_THIRD_RANGE, "70000", NO },
	{ RULE_SETTING_THIRD_RANGE, "70000-2147483648", NO },
	{ RULE_SETTING_HOME, "/home/%g/%u", 0 },
	{ RULE_SETTING_HOME, "/home/100%%", 0 },
	{ RULE_SETTING_HOME, "/home/%s", NO },
	{ RULE_SETTING_HOME, "/home/%", NO },
	{ RULE_SETTING_HOME, "home", NO },
	{ RULE_SETTING_HOME, "", NO },
	{ RULE_SETTING_SHELLS, "", 0 },
	{ RULE_SETTING_SHELLS, "/bin/sh,/bin/bash", 0 },
	{ RULE_SETTING_SHELLS, "/bin/sh,", NO },
	{ RULE_SETTING_SHELLS, "/bin/sh,bash", NO },
};

static void
values_are_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t number = NO;
		enum rule_verdict verdict =
			rule_setting_read(rows[i].id, rows[i].text,
		                          strlen(rows[i].text), &number);

		if (number != rows[i].number ||
		    (verdict == RULE_OK) != (rows[i].number != NO))
			fail_msg("%s=%s", rule_setting(rows[i].id)->name,
			         rows[i].text);
	}
}

static void
every_setting_takes_its_default_and_is_described(void **state)
{
	char range[RULE_SETTING_RANGE_BYTES];
	enum rule_setting_id found;
	int64_t number;

	(void)state;
	for (int i = 0; i < RULE_SETTING_END; i++) {
		enum rule_setting_id id = (enum rule_setting_id)i;
		const struct rule_setting *setting = rule_setting(id);

		assert_true(strlen(setting->name) <= RULE_SETTING_NAME_MAX);
		assert_true(rule_setting_find(setting->name,
		                              strlen(setting->name), &found));
		assert_int_equal(found, id);
		if (rule_setting_read(id, setting->value,
		                      strlen(setting->value),
		                      &number) != RULE_OK)
			fail_msg("%s=%s", setting->name, setting->value);
		assert_int_equal(number, rule_setting_default(id));
		assert_true(strlen(setting->text) > 10);
		rule_setting_print_range(id, range);
		assert_true(strlen(range) > 0);
	}
	assert_false(rule_setting_find("hom", 3, &found));
	assert_false(rule_setting_find("", 0, &found));
}

static void
ranges_read_as_people_write_them(void **state)
{
	char range[RULE_SETTING_RANGE_BYTES];

	(void)state;
	rule_setting_print_range(RULE_SETTING_RESET_LIFETIME, range);
	assert_string_equal(range, "5m to 1d");
	rule_setting_print_range(RULE_SETTING_BIN_RETENTION, range);
	assert_string_equal(range, "0 to 3650d");
	rule_setting_print_range(RULE_SETTING_PASSWORD_GRACE, range);
	assert_string_equal(range, "0 to 100");
}

static void
presets_set_what_their_settings_take(void **state)
{
	static const char *const names[] = { "nist", "openidcs", "default" };
	int64_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct rule_preset_line *line =
			rule_preset_find(names[i]);

		assert_non_null(line);
		for (; line->id != RULE_SETTING_END; line++) {
			assert_int_equal(rule_setting(line->id)->scope,
			                 RULE_SCOPE_POLICY);
			if (line->value != NULL &&
			    rule_setting_read(line->id, line->value,
			                      strlen(line->value),
			                      &number) != RULE_OK)
				fail_msg("%s: %s", names[i], line->value);
		}
	}
	assert_null(rule_preset_find("nis"));
	assert_null(rule_preset_find(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_or_refused),
		cmocka_unit_test(
			every_setting_takes_its_default_and_is_described),
		cmocka_unit_test(ranges_read_as_people_write_them),
		cmocka_unit_test(presets_set_what_their_settings_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
