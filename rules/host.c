/* SPDX-License-Identifier: OLDAP-2.8 */
/* host.c - who may log in on a host */
#include "rules/host.h"

#include <string.h>

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

enum rule_verdict
rule_host_name(const char *name, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > RULE_HOST_MAX)
		return RULE_INVALID_HOST;
	for (size_t i = 0; i < len; i++) {
		bool last = i + 1 == len || name[i + 1] == '.';

		if (name[i] == '.') {
			if (label == 0 || i + 1 == len)
				return RULE_INVALID_HOST;
			label = 0;
			continue;
		}
		if (!is_word(name[i]) && (name[i] != '-' || label == 0 || last))
			return RULE_INVALID_HOST;
		if (++label > RULE_LABEL_MAX)
			return RULE_INVALID_HOST;
	}
	return RULE_OK;
}

static bool
is_any(const char *value, size_t len)
{
	return len == 1 && value[0] == '*';
}

enum rule_verdict
rule_host_value(const char *value, size_t len)
{
	if (is_any(value, len))
		return RULE_OK;
	if (len > 0 && value[0] == '!')
		return rule_host_name(value + 1, len - 1);
	return rule_host_name(value, len);
}

enum rule_verdict
rule_service_value(const char *value, size_t len)
{
	if (is_any(value, len))
		return RULE_OK;
	if (len > 0 && value[0] == '!')
		value++, len--;
	if (len == 0 || len > RULE_SERVICE_MAX || value[0] == '-' ||
	    value[0] == '.')
		return RULE_INVALID_SERVICE;
	for (size_t i = 0; i < len; i++)
		if (!is_word(value[i]) && memchr("-.@+", value[i], 4) == NULL)
			return RULE_INVALID_SERVICE;
	return RULE_OK;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

void
rule_list_look(struct rule_list *list, const char *value, size_t value_len,
               const char *name, size_t name_len)
{
	list->any = true;
	if (is_same(value, value_len, name, name_len))
		list->named = list->admits = true;
	if (is_any(value, value_len))
		list->admits = true;
	if (value_len > 0 && value[0] == '!' &&
	    is_same(value + 1, value_len - 1, name, name_len))
		list->denies = true;
}

enum rule_host_answer
rule_host(const struct rule_host *facts)
{
	if (facts->person.denies)
		return RULE_HOST_DENIED;
	if (facts->person.admits)
		return RULE_HOST_LISTED;
	if (facts->in_group)
		return RULE_HOST_BY_GROUP;
	if (facts->person.any || facts->restricted)
		return RULE_HOST_UNLISTED;
	return facts->by_default ? RULE_HOST_OPEN : RULE_HOST_CLOSED;
}

bool
rule_host_admits(enum rule_host_answer answer)
{
	switch (answer) {
	case RULE_HOST_LISTED:
	case RULE_HOST_BY_GROUP:
	case RULE_HOST_OPEN:
		return true;
	case RULE_HOST_DENIED:
	case RULE_HOST_UNLISTED:
	case RULE_HOST_CLOSED:
		break;
	}
	return false;
}
