/* SPDX-License-Identifier: OLDAP-2.8 */
/* state_form.c - whether a state has the form that apply reads
 *
 * What is of another form would be passed over in silence: a misspelt field, a
 * text where a list should be, a number that is none.  In a file that says how
 * everything shall be that is a mistake, and told with its place, a pointer of
 * RFC 6901: "/users/3/loginshell".
 */
#include <math.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rules/utf8.h"
#include "tools/state.h"

#define FIELDS_MAX 32
#define NUMBER_MAX 9007199254740992.0 /* 2^53: beyond it they are rounded */

struct looking {
	char *at;  /* STATE_PLACE_MAX bytes */
	bool once; /* what a list has twice is a mistake */
	const char *why;
};

typedef bool is_good(struct looking *l, const cJSON *value);

struct field {
	const char *name;
	is_good *is;
};

/* The fields of a kind of item: these, and those of attrs. */
struct kind {
	const char *key;
	const struct field *fields;
	const struct state_attr *attrs;
};

/* Where l->at ends, for put_back(). */
static size_t
go_down(struct looking *l, const char *name, size_t index)
{
	size_t was = strlen(l->at);

	if (name != NULL)
		(void)snprintf(l->at + was, STATE_PLACE_MAX - was, "/%s", name);
	else
		(void)snprintf(l->at + was, STATE_PLACE_MAX - was, "/%zu",
		               index);
	return was;
}

static bool
is_so(struct looking *l, bool good, const char *why)
{
	if (!good)
		l->why = why;
	return good;
}

/* Each of list, or list itself where it is none; the place of what is not. */
static bool
each(struct looking *l, const cJSON *list, is_good *is)
{
	const cJSON *one;
	size_t was, n = 0;

	if (!is_so(l, cJSON_IsArray(list), "a list was expected"))
		return false;
	cJSON_ArrayForEach(one, list)
	{
		was = go_down(l, NULL, n++);
		if (!is(l, one))
			return false;
		l->at[was] = '\0';
	}
	return true;
}

static bool
is_text(struct looking *l, const cJSON *value)
{
	const char *text = value->valuestring;
	size_t len;
	uint32_t c;

	if (!is_so(l, cJSON_IsString(value), "a text was expected"))
		return false;
	len = strlen(text);
	if (!is_so(l, len <= STATE_LINE_MAX, "this is too long"))
		return false;
	while (len > 0)
		if (!rule_utf8_next(&text, &len, &c))
			return is_so(l, false, "this is not UTF-8");
	return true;
}

static bool
is_value(struct looking *l, const cJSON *value)
{
	if (cJSON_IsNumber(value))
		return is_so(l,
		             fabs(value->valuedouble) <= NUMBER_MAX &&
		                     (double)(int64_t)value->valuedouble ==
		                             value->valuedouble,
		             "a whole number was expected");
	return cJSON_IsBool(value) || is_text(l, value);
}

static int
compare_exact(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
compare_nocase(const void *a, const void *b)
{
	return strcasecmp(a, b);
}

static void
keep(void *text)
{
	(void)text;
}

static const char *
name_of(const cJSON *one)
{
	if (cJSON_IsObject(one))
		one = cJSON_GetObjectItemCaseSensitive(one, "name");
	return cJSON_IsString(one) ? one->valuestring : NULL;
}

/* Nothing is in list twice; its items are good already. */
static bool
is_set(struct looking *l, const cJSON *list,
       int (*compare)(const void *, const void *))
{
	void *seen = NULL, **found;
	const cJSON *one;
	bool good = true;
	size_t n = 0;

	if (!l->once)
		return true;
	cJSON_ArrayForEach(one, list)
	{
		const char *name = name_of(one);

		found = good && name != NULL ? tsearch(name, &seen, compare)
		                             : NULL;
		if (found != NULL && *found != name) {
			good = is_so(l, false, "this is in it twice");
			(void)go_down(l, NULL, n);
		}
		n++;
	}
	tdestroy(seen, keep);
	return good;
}

/* Of one attribute: null and [] take it away. */
static bool
is_values(struct looking *l, const cJSON *value)
{
	if (cJSON_IsNull(value))
		return true;
	if (!cJSON_IsArray(value))
		return is_value(l, value);
	return each(l, value, is_value) && is_set(l, value, compare_nocase);
}

/* ... of base64, where case matters. */
static bool
is_keys(struct looking *l, const cJSON *value)
{
	if (!cJSON_IsArray(value))
		return is_values(l, value);
	return each(l, value, is_value) && is_set(l, value, compare_exact);
}

static bool
is_switch(struct looking *l, const cJSON *value)
{
	if (cJSON_IsArray(value) && cJSON_GetArraySize(value) == 1)
		value = value->child;
	return is_so(l,
	             cJSON_IsNull(value) || cJSON_IsBool(value) ||
	                     (cJSON_IsArray(value) && value->child == NULL) ||
	                     (cJSON_IsString(value) &&
	                      (strcasecmp(value->valuestring, "TRUE") == 0 ||
	                       strcasecmp(value->valuestring, "FALSE") == 0)),
	             "true or false was expected");
}

static bool
is_name(struct looking *l, const cJSON *value)
{
	if (cJSON_IsArray(value) && cJSON_GetArraySize(value) == 1)
		value = value->child;
	return is_text(l, value);
}

static bool
is_names(struct looking *l, const cJSON *value)
{
	return each(l, value, is_text) && is_set(l, value, compare_nocase);
}

static const struct field *
field_of(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static const struct field member_fields[] = {
	{ "name", is_text },
	{ "until", is_text },
	{ NULL, NULL },
};

/* The fields of item are those of kind, each once, and good. */
static bool
is_item(struct looking *l, const cJSON *item, const struct kind *kind)
{
	static const struct field values = { NULL, is_values };
	const struct field *field;
	const cJSON *one;
	const char *seen[FIELDS_MAX];
	size_t n = 0, was;

	if (!is_so(l, cJSON_IsObject(item), "an object was expected"))
		return false;
	cJSON_ArrayForEach(one, item)
	{
		const struct state_attr *attr = kind->attrs;

		was = go_down(l, one->string, 0);
		while (attr != NULL && attr->name != NULL &&
		       strcmp(attr->name, one->string) != 0)
			attr++;
		field = field_of(kind->fields, one->string);
		if (field == NULL && attr != NULL && attr->name != NULL)
			field = &values;
		if (!is_so(l, field != NULL, "there is no such field"))
			return false;
		for (size_t i = 0; i < n; i++)
			if (strcmp(seen[i], one->string) == 0)
				return is_so(l, false, "this is in it twice");
		if (!is_so(l, n < FIELDS_MAX, "too many fields"))
			return false;
		seen[n++] = one->string;
		if (!field->is(l, one))
			return false;
		l->at[was] = '\0';
	}
	return true;
}

static bool
is_member(struct looking *l, const cJSON *value)
{
	static const struct kind member = { NULL, member_fields, NULL };

	return cJSON_IsObject(value) ? is_item(l, value, &member)
	                             : is_text(l, value);
}

static bool
is_members(struct looking *l, const cJSON *value)
{
	return each(l, value, is_member) && is_set(l, value, compare_nocase);
}

/* "name": "value", each name once. */
static bool
is_settings(struct looking *l, const cJSON *value)
{
	const cJSON *one, *other;
	size_t was, n = 0;

	if (!is_so(l, cJSON_IsObject(value), "an object was expected"))
		return false;
	cJSON_ArrayForEach(one, value)
	{
		was = go_down(l, one->string, 0);
		if (!is_so(l, n++ < STATE_SETTINGS_MAX, "too many settings"))
			return false;
		for (other = value->child; other != one; other = other->next)
			if (strcmp(other->string, one->string) == 0)
				return is_so(l, false, "this is in it twice");
		if (!is_text(l, one))
			return false;
		l->at[was] = '\0';
	}
	return true;
}

static const struct field user_fields[] = {
	{ "uid", is_name },
	{ "sshPublicKey", is_keys },
	{ NULL, NULL },
};
static const struct field group_fields[] = {
	{ "cn", is_name },
	{ "rosterAdministrator", is_switch },
	{ "members", is_members },
	{ "managers", is_names },
	{ NULL, NULL },
};
static const struct field list_fields[] = {
	{ "cn", is_name },      { "needsApproval", is_switch },
	{ "groups", is_names }, { "settings", is_settings },
	{ NULL, NULL },
};

static bool
is_list(struct looking *l, const cJSON *list, const struct kind *kind)
{
	const cJSON *item;
	size_t was, n = 0;

	if (!is_so(l, cJSON_IsArray(list), "a list was expected"))
		return false;
	cJSON_ArrayForEach(item, list)
	{
		was = go_down(l, NULL, n++);
		if (!is_item(l, item, kind))
			return false;
		l->at[was] = '\0';
	}
	return true;
}

const char *
state_form_wrong(const cJSON *state, bool once, char at[STATE_PLACE_MAX])
{
	const struct kind kinds[] = {
		{ "users", user_fields, state_person_attrs },
		{ "groups", group_fields, state_group_attrs },
		{ state_policies.key, list_fields, state_policies.attrs },
		{ state_presets.key, list_fields, state_presets.attrs },
	};
	const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);
	struct looking l = { at, once, NULL };
	const cJSON *one;
	size_t seen = 0, i;
	bool good = true;

	at[0] = '\0';
	for (one = state->child; good && one != NULL; one = one->next) {
		at[0] = '\0';
		(void)go_down(&l, one->string, 0);
		for (i = 0; i < n_kinds; i++)
			if (strcmp(kinds[i].key, one->string) == 0)
				break;
		good = i < n_kinds || strcmp(one->string, "settings") == 0;
		good = is_so(&l, good, "there is no such field") &&
		       is_so(&l, (seen & (size_t)1 << i) == 0,
		             "this is in it twice");
		seen |= (size_t)1 << i;
		if (good)
			good = i < n_kinds ? is_list(&l, one, &kinds[i])
			                   : is_settings(&l, one);
	}
	rule_utf8_visible(at);
	return good ? NULL : l.why;
}
