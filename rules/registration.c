/* SPDX-License-Identifier: OLDAP-2.8 */
/* registration.c - who may register, and under what name */
#include "rules/registration.h"

#include <stdio.h>
#include <string.h>

static bool
is_label(const char *text, size_t len)
{
	if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '-')
			return false;
	return true;
}

/* "example.org", ".example.org" */
static bool
is_domain(const char *text, size_t len)
{
	size_t start = 0;

	if (len > 0 && text[0] == '.') {
		text++;
		len--;
	}
	if (len == 0 || len > RULE_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= len; i++)
		if (i == len || text[i] == '.') {
			if (!is_label(text + start, i - start))
				return false;
			start = i + 1;
		}
	return true;
}

enum rule_verdict
rule_domains(const char *list, size_t len)
{
	const char *end = list + len;

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *stop = comma != NULL ? comma : end;

		if (!is_domain(list, (size_t)(stop - list)) || stop + 1 == end)
			return RULE_INVALID_SETTING;
		list = stop + (comma != NULL ? 1 : 0);
	}
	return RULE_OK;
}

/* one is a domain, or with a dot before it every one below. */
static bool
covers(const char *one, size_t len, const char *domain)
{
	size_t whole = strlen(domain);

	if (len > 0 && one[0] == '.')
		return whole > len &&
		       memcmp(domain + whole - len, one, len) == 0;
	return whole == len && memcmp(domain, one, len) == 0;
}

bool
rule_domain_listed(const char *list, const char *mail)
{
	const char *at = strrchr(mail, '@');

	while (at != NULL && *list != '\0') {
		size_t len = strcspn(list, ",");

		if (covers(list, len, at + 1))
			return true;
		list += len + (list[len] == ',' ? 1 : 0);
	}
	return false;
}

enum rule_verdict
rule_registration_mail(const char *allowed, const char *blocked,
                       const char *mail)
{
	if (rule_domain_listed(blocked, mail))
		return RULE_EMAIL_DOMAIN;
	if (allowed[0] != '\0' && !rule_domain_listed(allowed, mail))
		return RULE_EMAIL_DOMAIN;
	return RULE_OK;
}

/* What the letters U+00C0 to U+017F are without their accents; '-' for those
 * that two letters stand for. */
static const char *
plain_letter(unsigned int code)
{
	static const char latin[] = "AAAAAA-CEEEEIIIIDNOOOOO-OUUUUYT-"
				    "aaaaaa-ceeeeiiiidnooooo-ouuuuyty";
	static const char extended[] =
		"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi"
		"--JjKkkLlLlLlLlLlNnNnNnnNnOoOoOo--RrRrRrSsSsSsSsTt"
		"TtTtUuUuUuUuUuUuWwYyYZzZzZzs";
	static const struct {
		unsigned int code;
		const char *text;
	} pairs[] = {
		{ 0xc4, "ae" },  { 0xc5, "aa" },  { 0xc6, "ae" },
		{ 0xd6, "oe" },  { 0xdc, "ue" },  { 0xdf, "ss" },
		{ 0xe4, "ae" },  { 0xe5, "aa" },  { 0xe6, "ae" },
		{ 0xf6, "oe" },  { 0xfc, "ue" },  { 0x132, "ij" },
		{ 0x133, "ij" }, { 0x152, "oe" }, { 0x153, "oe" },
	};
	static const char alphabet[] = "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0"
				       "n\0o\0p\0q\0r\0s\0t\0u\0v\0w\0x\0y\0z";
	char letter = '-';

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].code == code)
			return pairs[i].text;
	if (code >= 0xc0 && code < 0xc0 + sizeof(latin) - 1)
		letter = latin[code - 0xc0];
	else if (code >= 0x100 && code < 0x100 + sizeof(extended) - 1)
		letter = extended[code - 0x100];
	if (letter >= 'A' && letter <= 'Z')
		letter = (char)(letter - 'A' + 'a');
	return letter >= 'a' && letter <= 'z' ? alphabet + 2 * (letter - 'a')
	                                      : "";
}

/* Append what a username can have of text; max bytes of buf in all. */
static void
append(char buf[RULE_NAME_MAX + 1], size_t max, const char *text, size_t len)
{
	size_t used = strlen(buf);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char one[2] = { text[i], '\0' };
		const char *add = one;

		if (c >= 'A' && c <= 'Z')
			one[0] = (char)(c - 'A' + 'a');
		else if (c == '.' || c == '+')
			one[0] = '-';
		else if (c >= 0xc3 && c <= 0xc5 && i + 1 < len)
			add = plain_letter((c & 0x1fU) << 6 |
			                   ((unsigned char)text[++i] & 0x3fU));
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		         c != '-' && c != '_')
			add = "";
		/* it begins with a letter */
		if (used == 0 && !(add[0] >= 'a' && add[0] <= 'z'))
			add = "";
		for (; *add != '\0' && used < max; add++)
			buf[used++] = *add;
		buf[used] = '\0';
	}
}

static size_t
before_at(const char *mail, size_t len)
{
	const char *end = len > 0 ? memchr(mail, '@', len) : NULL;
	const char *plus;

	if (end == NULL)
		return 0;
	/* alan+lists@ is alan */
	plus = memchr(mail, '+', (size_t)(end - mail));
	return (size_t)((plus != NULL ? plus : end) - mail);
}

/* The first character, whole. */
static size_t
first_character(const char *text, size_t len)
{
	size_t n = len > 0 ? 1 : 0;

	while (n < len && ((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

void
rule_username_propose(const char *given, size_t given_len, const char *sn,
                      size_t sn_len, const char *mail, size_t mail_len,
                      unsigned int n, char buf[RULE_NAME_MAX + 1])
{
	char end[12] = "";
	size_t max = RULE_NAME_MAX;

	if (n > 0)
		(void)snprintf(end, sizeof(end), "%u", n);
	max -= strlen(end);
	buf[0] = '\0';
	append(buf, max, mail, before_at(mail, mail_len));
	if (strlen(buf) < RULE_PUBLIC_MIN) {
		buf[0] = '\0';
		append(buf, max, given, first_character(given, given_len));
		append(buf, max, sn, sn_len);
	}
	if (strlen(buf) < RULE_PUBLIC_MIN)
		(void)snprintf(buf, RULE_NAME_MAX + 1, "person");
	(void)snprintf(buf + strlen(buf), RULE_NAME_MAX + 1 - strlen(buf), "%s",
	               end);
}
