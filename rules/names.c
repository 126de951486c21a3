/* SPDX-License-Identifier: OLDAP-2.8 */
/* names.c - which names people and groups may have */
#include <string.h>

#include "rules/names.h"
#include "rules/reserved.h"
#include "rules/utf8.h"

#define PATH_MAX_BYTES 255 /* of a shell or a home */

/* ^[a-z_][a-z0-9_-]{0,31}$; with dots, '.' inside and never two in a row. */
static bool
has_form(const char *name, size_t len, bool dots)
{
	if (len == 0 || len > RULE_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if ((c >= 'a' && c <= 'z') || c == '_')
			continue;
		if (i > 0 && ((c >= '0' && c <= '9') || c == '-'))
			continue;
		if (dots && c == '.' && i > 0 && i + 1 < len &&
		    name[i - 1] != '.')
			continue;
		return false;
	}
	return true;
}

enum rule_verdict
rule_username(const char *name, size_t len, bool dots)
{
	if (!has_form(name, len, dots))
		return RULE_INVALID_USERNAME;
	if (rule_username_reserved(name, len) != NULL)
		return RULE_RESERVED_USERNAME;
	return RULE_OK;
}

enum rule_verdict
rule_username_public(const char *name, size_t len)
{
	bool letter = false;

	/* "_12" has the form, but reads as a number. */
	for (size_t i = 0; i < len; i++)
		letter |= name[i] >= 'a' && name[i] <= 'z';
	if (len < RULE_PUBLIC_MIN || !letter)
		return RULE_INVALID_USERNAME;
	return rule_username(name, len, false);
}

enum rule_verdict
rule_groupname(const char *name, size_t len)
{
	if (!has_form(name, len, false))
		return RULE_INVALID_GROUPNAME;
	if (rule_groupname_reserved(name, len) != NULL)
		return RULE_RESERVED_GROUP;
	return RULE_OK;
}

static bool
is(const char *name, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(name, word, len) == 0;
}

bool
rule_group_protected(const char *name, size_t len)
{
	return is(name, len, "ldapusers") || is(name, len, "sysadmins");
}

/* Characters that have no place in a person's name: they end lines, turn the
 * reading direction around, or are no characters at all. */
static const struct {
	uint32_t first, last;
} unprintable[] = {
	{ 0x0000, 0x001f },    /* C0 controls */
	{ 0x007f, 0x009f },    /* DEL, C1 controls */
	{ 0x061c, 0x061c },    /* Arabic letter mark */
	{ 0x200e, 0x200f },    /* direction marks */
	{ 0x2028, 0x202e },    /* separators, embeddings, overrides */
	{ 0x2066, 0x2069 },    /* isolates */
	{ 0xe000, 0xf8ff },    /* private use */
	{ 0xfdd0, 0xfdef },    /* no characters */
	{ 0xfeff, 0xfeff },    /* byte order mark */
	{ 0xfff0, 0xffff },    /* specials, no characters */
	{ 0xe0000, 0x10ffff }, /* tags, private use */
};

/* Characters that leave no ink: a name needs at least one other. */
static const struct {
	uint32_t first, last;
} blank[] = {
	{ 0x0020, 0x0020 }, { 0x00a0, 0x00a0 }, { 0x00ad, 0x00ad },
	{ 0x034f, 0x034f }, { 0x115f, 0x1160 }, { 0x1680, 0x1680 },
	{ 0x180b, 0x180e }, { 0x2000, 0x200d }, { 0x202f, 0x202f },
	{ 0x205f, 0x2065 }, { 0x206a, 0x206f }, { 0x2800, 0x2800 },
	{ 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
	{ 0xffa0, 0xffa0 },
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_unprintable(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(unprintable); i++)
		if (c >= unprintable[i].first && c <= unprintable[i].last)
			return true;
	return false;
}

static bool
is_blank(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(blank); i++)
		if (c >= blank[i].first && c <= blank[i].last)
			return true;
	return false;
}

/* UTF-8 of at most max bytes that can be shown and leaves ink. */
static bool
is_shown(const char *text, size_t len, size_t max, bool lines)
{
	bool ink = false;
	uint32_t c;

	if (len == 0 || len > max)
		return false;
	while (len > 0) {
		if (!rule_utf8_next(&text, &len, &c))
			return false;
		if (lines && (c == '\n' || c == '\r' || c == '\t'))
			continue;
		if (is_unprintable(c))
			return false;
		ink |= !is_blank(c);
	}
	return ink;
}

enum rule_verdict
rule_person_name(const char *name, size_t len)
{
	return is_shown(name, len, RULE_PERSON_MAX, false) ? RULE_OK
	                                                   : RULE_INVALID_NAME;
}

size_t
rule_gecos(const char *name, size_t len, char gecos[RULE_PERSON_MAX + 1])
{
	const char *at = name;
	bool ink = false;
	size_t n = 0;
	uint32_t c;

	while (len > 0 && rule_utf8_next(&name, &len, &c)) {
		size_t bytes = (size_t)(name - at);

		if (n + bytes > RULE_PERSON_MAX)
			break;
		if (c != ':' && c != ',' && !is_unprintable(c)) {
			memcpy(gecos + n, at, bytes);
			n += bytes;
			ink |= !is_blank(c);
		}
		at = name;
	}
	if (!ink)
		n = 0;
	gecos[n] = '\0';
	return n;
}

enum rule_verdict
rule_gecos_text(const char *text, size_t len)
{
	return is_shown(text, len, RULE_GECOS_MAX, false) &&
	                       memchr(text, ':', len) == NULL
	               ? RULE_OK
	               : RULE_INVALID_NAME;
}

enum rule_verdict
rule_reason(const char *text, size_t len)
{
	return is_shown(text, len, RULE_REASON_MAX, true) ? RULE_OK
	                                                  : RULE_INVALID_REASON;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum rule_verdict
rule_language(const char *text, size_t len)
{
	if (len == 0 || len > RULE_LANGUAGE_MAX || !is_letter(text[0]))
		return RULE_INVALID_LANGUAGE;
	for (size_t i = 0; i < len; i++)
		if (!is_letter(text[i]) && (text[i] < '0' || text[i] > '9') &&
		    (text[i] == '\0' || strchr("-,;=. ", text[i]) == NULL))
			return RULE_INVALID_LANGUAGE;
	return RULE_OK;
}

enum rule_verdict
rule_language_tag(const char *text, size_t len)
{
	if (len < 2 || len > RULE_LANGUAGE_TAG_MAX)
		return RULE_INVALID_LANGUAGE;
	for (size_t i = 0; i < len; i++)
		if (!is_letter(text[i]) &&
		    (text[i] != '-' || i < 2 || i + 2 > len))
			return RULE_INVALID_LANGUAGE;
	return RULE_OK;
}

static bool
is_absolute_path(const char *path, size_t len)
{
	if (len == 0 || len > PATH_MAX_BYTES || path[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (path[i] < ' ' || path[i] > '~' || path[i] == ':')
			return false;
	return true;
}

enum rule_verdict
rule_shell(const char *path, size_t len)
{
	return is_absolute_path(path, len) ? RULE_OK : RULE_INVALID_SHELL;
}

enum rule_verdict
rule_home(const char *path, size_t len)
{
	return is_absolute_path(path, len) ? RULE_OK : RULE_INVALID_HOME;
}
