/* SPDX-License-Identifier: OLDAP-2.8 */
/* setting.c - the settings there are, and reading their values */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rules/names.h"
#include "rules/registration.h"
#include "rules/setting.h"

static const struct rule_setting settings[RULE_SETTING_END] = {
#define RULE_SETTING_ROW(id, name, type, scope, group, min, max, value,        \
                         choices, text)                                        \
	{ name,                                                                \
	  RULE_TYPE_##type,                                                    \
	  RULE_SCOPE_##scope,                                                  \
	  RULE_GROUP_##group,                                                  \
	  min,                                                                 \
	  max,                                                                 \
	  value,                                                               \
	  choices,                                                             \
	  text },
	RULE_SETTINGS(RULE_SETTING_ROW)
#undef RULE_SETTING_ROW
};

static const struct {
	char letter;
	int64_t seconds;
} units[] = {
	{ 'd', RULE_DAY },
	{ 'h', RULE_HOUR },
	{ 'm', RULE_MINUTE },
	{ 's', 1 },
};

const struct rule_setting *
rule_setting(enum rule_setting_id id)
{
	return &settings[id];
}

bool
rule_setting_find(const char *name, size_t len, enum rule_setting_id *ret_id)
{
	for (int i = 0; i < RULE_SETTING_END; i++)
		if (strlen(settings[i].name) == len &&
		    memcmp(settings[i].name, name, len) == 0) {
			*ret_id = (enum rule_setting_id)i;
			return true;
		}
	return false;
}

/* Decimal digits and nothing else, at most max; 0 begins no other number. */
static bool
read_number(const char *text, size_t len, int64_t max, int64_t *ret_number)
{
	int64_t number = 0;

	if (len == 0 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (text[i] - '0');
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

static bool
read_count(const struct rule_setting *setting, const char *text, size_t len,
           int64_t *ret_number)
{
	return read_number(text, len, setting->max, ret_number) &&
	       *ret_number >= setting->min;
}

static bool
read_span(const struct rule_setting *setting, const char *text, size_t len,
          int64_t *ret_number)
{
	int64_t unit = 1, number;

	for (size_t i = 0; len > 1 && i < sizeof(units) / sizeof(units[0]); i++)
		if (text[len - 1] == units[i].letter) {
			unit = units[i].seconds;
			len--;
			break;
		}
	if (!read_number(text, len, setting->max / unit, &number) ||
	    number * unit < setting->min)
		return false;
	*ret_number = number * unit;
	return true;
}

/* The number of the word in choices, or -1. */
static int
find_word(const char *choices, const char *text, size_t len)
{
	int n = 0;

	for (const char *at = choices; *at != '\0'; n++) {
		size_t word = strcspn(at, " ");

		if (word == len && memcmp(at, text, len) == 0)
			return n;
		at += word;
		at += strspn(at, " ");
	}
	return -1;
}

static bool
read_words(const char *choices, const char *text, size_t len,
           int64_t *ret_number)
{
	const char *end = text + len;
	int64_t bits = 0;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma != NULL ? comma : end;
		int n = find_word(choices, text, (size_t)(stop - text));

		if (n < 0 || stop + 1 == end)
			return false;
		bits |= INT64_C(1) << n;
		text = stop + (comma != NULL ? 1 : 0);
	}
	*ret_number = bits;
	return true;
}

static bool
read_range(const struct rule_setting *setting, const char *text, size_t len,
           int64_t *ret_number)
{
	const char *dash = len > 0 ? memchr(text, '-', len) : NULL;
	int64_t first, last;

	*ret_number = 0;
	if (len == 0)
		return true; /* none */
	if (dash == NULL ||
	    !read_number(text, (size_t)(dash - text), setting->max, &first) ||
	    !read_number(dash + 1, len - (size_t)(dash - text) - 1,
	                 setting->max, &last) ||
	    first < setting->min || first > last)
		return false;
	*ret_number = first << 32 | last;
	return true;
}

/* "ou=NAME" or "cn=NAME", as the normal form of an RDN has it. */
static bool
is_range_place(const char *text, size_t len)
{
	if (len < 4 || len > 3 + RULE_NAME_MAX ||
	    (memcmp(text, "ou=", 3) != 0 && memcmp(text, "cn=", 3) != 0))
		return false;
	for (size_t i = 3; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '_' &&
		    text[i] != '-')
			return false;
	return true;
}

/* The place before the colon of an item, which then begins behind it; of none
 * an empty text.  False for what is no place. */
static bool
split_place(const char **item, const char *stop, const char **ret_place,
            size_t *ret_len)
{
	const char *colon = memchr(*item, ':', (size_t)(stop - *item));

	*ret_place = "";
	*ret_len = 0;
	if (colon == NULL)
		return true;
	if (!is_range_place(*item, (size_t)(colon - *item)))
		return false;
	*ret_place = *item;
	*ret_len = (size_t)(colon - *item);
	*item = colon + 1;
	return true;
}

/* All items must be lawful; those of place are given. */
static bool
read_ranges(const struct rule_setting *setting, const char *text, size_t len,
            const char *place, struct rule_range ranges[RULE_RANGES_MAX],
            size_t *ret_n)
{
	const char *end = text + len, *its;
	int64_t both;
	size_t n = 0, all = 0, its_len;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma != NULL ? comma : end;

		if (all++ == RULE_RANGES_MAX || stop + 1 == end ||
		    !split_place(&text, stop, &its, &its_len) || stop == text ||
		    !read_range(setting, text, (size_t)(stop - text), &both))
			return false;
		if (its_len == strlen(place) &&
		    memcmp(its, place, its_len) == 0) {
			ranges[n].first = (uint32_t)(both >> 32);
			ranges[n++].last = (uint32_t)both;
		}
		text = stop + (comma != NULL ? 1 : 0);
	}
	*ret_n = n;
	return true;
}

size_t
rule_setting_ranges(enum rule_setting_id id, const char *text, size_t len,
                    const char *place,
                    struct rule_range ranges[RULE_RANGES_MAX])
{
	size_t n;

	return read_ranges(&settings[id], text, len, place, ranges, &n) ? n : 0;
}

/* An absolute path; %u, %g and %% are the only templates. */
static bool
is_path(const char *text, size_t len)
{
	if (rule_home(text, len) != RULE_OK)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '%' &&
		    (++i == len || strchr("ug%", text[i]) == NULL))
			return false;
	return true;
}

static bool
are_paths(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma != NULL ? comma : end;

		if (rule_shell(text, (size_t)(stop - text)) != RULE_OK ||
		    stop + 1 == end)
			return false;
		text = stop + (comma != NULL ? 1 : 0);
	}
	return true;
}

static bool
read_value(const struct rule_setting *setting, const char *text, size_t len,
           int64_t *ret_number)
{
	struct rule_range ranges[RULE_RANGES_MAX];
	size_t n_ranges;
	int n;

	*ret_number = 0;
	switch (setting->type) {
	case RULE_TYPE_COUNT:
		return read_count(setting, text, len, ret_number);
	case RULE_TYPE_SPAN:
		return read_span(setting, text, len, ret_number);
	case RULE_TYPE_SWITCH:
		n = find_word("off on", text, len);
		*ret_number = n;
		return n >= 0;
	case RULE_TYPE_WORD:
		n = find_word(setting->choices, text, len);
		*ret_number = n;
		return n >= 0;
	case RULE_TYPE_WORDS:
		return read_words(setting->choices, text, len, ret_number);
	case RULE_TYPE_RANGE:
		return read_range(setting, text, len, ret_number);
	case RULE_TYPE_RANGES:
		return read_ranges(setting, text, len, "", ranges, &n_ranges);
	case RULE_TYPE_PATH:
		return is_path(text, len);
	case RULE_TYPE_PATHS:
		return are_paths(text, len);
	case RULE_TYPE_DOMAINS:
		return rule_domains(text, len) == RULE_OK;
	case RULE_TYPE_TAG:
		return rule_language_tag(text, len) == RULE_OK;
	}
	return false;
}

enum rule_verdict
rule_setting_read(enum rule_setting_id id, const char *text, size_t len,
                  int64_t *ret_number)
{
	int64_t number;

	if (len > RULE_SETTING_VALUE_MAX ||
	    !read_value(&settings[id], text, len, &number))
		return RULE_INVALID_SETTING;
	*ret_number = number;
	return RULE_OK;
}

int64_t
rule_setting_default(enum rule_setting_id id)
{
	const char *text = settings[id].value;
	int64_t number = 0;

	(void)rule_setting_read(id, text, strlen(text), &number);
	return number;
}

enum rule_verdict
rule_setting_policy_name(const char *name, size_t len)
{
	if (len == 0 || len > RULE_NAME_MAX || name[0] == '-')
		return RULE_INVALID_SETTING;
	for (size_t i = 0; i < len; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !(name[i] >= '0' && name[i] <= '9') && name[i] != '-')
			return RULE_INVALID_SETTING;
	return RULE_OK;
}

static const struct rule_preset_line preset_nist[] = {
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "15" },
	{ RULE_SETTING_PASSWORD_REQUIRE, "" },
	{ RULE_SETTING_PASSWORD_BLOCKLIST, "on" },
	{ RULE_SETTING_PASSWORD_MAX_AGE, "0" },
	{ RULE_SETTING_END, NULL },
};
static const struct rule_preset_line preset_openidcs[] = {
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, "8" },
	{ RULE_SETTING_PASSWORD_REQUIRE, "upper,lower,digit" },
	{ RULE_SETTING_PASSWORD_BLOCKLIST, "on" },
	{ RULE_SETTING_PASSWORD_MAX_AGE, NULL },
	{ RULE_SETTING_END, NULL },
};
static const struct rule_preset_line preset_default[] = {
	{ RULE_SETTING_PASSWORD_MIN_LENGTH, NULL },
	{ RULE_SETTING_PASSWORD_REQUIRE, NULL },
	{ RULE_SETTING_PASSWORD_BLOCKLIST, NULL },
	{ RULE_SETTING_PASSWORD_MAX_AGE, NULL },
	{ RULE_SETTING_END, NULL },
};

const struct rule_preset_line *
rule_preset_find(const char *name)
{
	if (strcmp(name, "nist") == 0)
		return preset_nist;
	if (strcmp(name, "openidcs") == 0)
		return preset_openidcs;
	return strcmp(name, "default") == 0 ? preset_default : NULL;
}

/* In the largest unit that leaves no rest. */
static void
print_span(int64_t span_s, char buf[24])
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (span_s == 0 || span_s % units[i].seconds == 0) {
			(void)snprintf(buf, 24, "%" PRId64 "%c",
			               span_s / units[i].seconds,
			               units[i].letter);
			return;
		}
}

static void __attribute__((format(printf, 2, 3)))
say(char buf[RULE_SETTING_RANGE_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(buf, RULE_SETTING_RANGE_BYTES, format, args);
	va_end(args);
}

void
rule_setting_print_range(enum rule_setting_id id,
                         char buf[RULE_SETTING_RANGE_BYTES])
{
	const struct rule_setting *setting = &settings[id];
	char low[24], high[24];

	switch (setting->type) {
	case RULE_TYPE_COUNT:
		say(buf, "%" PRId64 " to %" PRId64, setting->min, setting->max);
		return;
	case RULE_TYPE_SPAN:
		print_span(setting->min, low);
		print_span(setting->max, high);
		say(buf, "%s to %s", setting->min == 0 ? "0" : low, high);
		return;
	case RULE_TYPE_SWITCH:
		say(buf, "on or off");
		return;
	case RULE_TYPE_WORD:
		say(buf, "one of: %s", setting->choices);
		return;
	case RULE_TYPE_WORDS:
		say(buf, "some of, with commas: %s", setting->choices);
		return;
	case RULE_TYPE_RANGE:
		say(buf,
		    "FIRST-LAST within %" PRId64 "-%" PRId64 ", or nothing",
		    setting->min, setting->max);
		return;
	case RULE_TYPE_RANGES:
		say(buf,
		    "at most %d of [ou=NAME:|cn=NAME:]FIRST-LAST within "
		    "%" PRId64 "-%" PRId64 ", with commas, or "
		    "nothing",
		    RULE_RANGES_MAX, setting->min, setting->max);
		return;
	case RULE_TYPE_PATH:
		say(buf, "an absolute path");
		return;
	case RULE_TYPE_PATHS:
		say(buf, "absolute paths with commas between");
		return;
	case RULE_TYPE_DOMAINS:
		say(buf, "domains with commas between; .example.org is "
		         "each below it");
		return;
	case RULE_TYPE_TAG:
		say(buf, "a language, such as en or de");
		return;
	}
}
