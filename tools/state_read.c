/* SPDX-License-Identifier: OLDAP-2.8 */
/* state_read.c - what rosterctl import and apply read: JSON, LDIF, passwd
 *
 * All of it becomes one JSON object, the form that rosterctl export writes:
 *
 *	{ "users":  [{ "uid": "alice", "uidNumber": "10001", "sn": "A",
 *	               "mail": ["alice@example.org", "a@example.org"] }],
 *	  "groups": [{ "cn": "crew", "members": ["alice", "@ops",
 *	               { "name": "bob", "until": "2027-01-01T00:00:00Z" }] }] }
 */
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/state.h"

const struct state_attr state_person_attrs[] = {
	{ "cn", RST_A_CN },
	{ "sn", RST_A_SN },
	{ "givenName", RST_A_GIVENNAME },
	{ "displayName", RST_A_DISPLAYNAME },
	{ "preferredLanguage", RST_A_PREFERREDLANGUAGE },
	{ "mail", RST_A_MAIL },
	{ "uidNumber", RST_A_UIDNUMBER },
	{ "gidNumber", RST_A_GIDNUMBER },
	{ "homeDirectory", RST_A_HOMEDIRECTORY },
	{ "loginShell", RST_A_LOGINSHELL },
	{ "gecos", RST_A_GECOS },
	{ "description", RST_A_DESCRIPTION },
	{ "userPassword", RST_A_USERPASSWORD },
	{ "sshPublicKey", RST_A_SSHPUBLICKEY },
	{ "rosterKeyUntil", RST_A_ROSTERKEYUNTIL },
	{ "rosterStatus", RST_A_ROSTERSTATUS },
	{ "rosterReason", RST_A_ROSTERREASON },
	{ "rosterStarts", RST_A_ROSTERSTARTS },
	{ "rosterExpires", RST_A_ROSTEREXPIRES },
	{ NULL, RST_A_NONE },
};

const struct state_attr state_group_attrs[] = {
	{ "gidNumber", RST_A_GIDNUMBER },
	{ "description", RST_A_DESCRIPTION },
	{ "rosterAdministrator", RST_A_ROSTERADMINISTRATOR },
	{ NULL, RST_A_NONE },
};

static bool
add_value(cJSON *item, const char *name, const char *text)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(item, name);

	if (list == NULL)
		list = cJSON_AddArrayToObject(item, name);
	return list != NULL &&
	       cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

/* Somebody who was read, and the item's own copy of his name. */
struct named {
	const char *name;
	cJSON *item;
};

static int
compare_named(const void *a, const void *b)
{
	const struct named *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* The person who was read by this name first; NULL: nobody. */
static cJSON *
find_person(const struct state_files *files, const char *name)
{
	const struct named wanted = { .name = name };
	struct named *const *found =
		tfind(&wanted, &files->people, compare_named);

	return found != NULL ? (*found)->item : NULL;
}

/* False without memory. */
static bool
note_person(struct state_files *files, cJSON *item)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "uid");
	struct named *named = calloc(1, sizeof(*named)), **found;

	if (named == NULL)
		return false;
	*named = (struct named){ name->valuestring, item };
	found = tsearch(named, &files->people, compare_named);
	if (found == NULL || *found != named)
		free(named);
	return found != NULL;
}

static cJSON *
list_of(cJSON *state, const char *name)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(state, name);

	return list != NULL ? list : cJSON_AddArrayToObject(state, name);
}

/* One more.  Who is in the files twice is two here: apply tells. */
static cJSON *
add_item(struct state_files *files, const char *key, const char *name)
{
	const bool person = strcmp(key, "uid") == 0;
	cJSON *list = list_of(files->state, person ? "users" : "groups");
	cJSON *item = cJSON_CreateObject();

	if (cJSON_AddStringToObject(item, key, name) == NULL ||
	    !cJSON_AddItemToArray(list, item)) {
		cJSON_Delete(item);
		return NULL;
	}
	return !person || note_person(files, item) ? item : NULL;
}

bool
state_files_begin(struct state_files *files)
{
	*files = (struct state_files){ .state = cJSON_CreateObject() };
	return files->state != NULL;
}

void
state_files_end(struct state_files *files)
{
	tdestroy(files->people, free);
	cJSON_Delete(files->state);
	*files = (struct state_files){ 0 };
}

/* ------------------------------------------------------------------ LDIF */

static const struct state_attr *
known(const struct state_attr *attrs, const char *name)
{
	for (; attrs->name != NULL; attrs++)
		if (strcasecmp(attrs->name, name) == 0)
			return attrs;
	return NULL;
}

static const cJSON *
first_of(const cJSON *values, const char *name)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(values, name), 0);
}

static bool
is_class(const cJSON *values, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(
		one,
		cJSON_GetObjectItem(
			values, "objectClass")) if (strcasecmp(one->valuestring,
	                                                       name) ==
	                                            0) return true;
	return false;
}

/* "uid=alice,ou=..." is alice, "cn=crew,..." is @crew. */
static bool
add_member_dn(cJSON *group, const char *dn)
{
	char name[STATE_NAME_MAX];
	size_t n = strcspn(dn, ",+");
	const char *equals = memchr(dn, '=', n);

	if (equals == NULL || n >= sizeof(name))
		return true; /* nobody of ours */
	(void)snprintf(name, sizeof(name), "%s%.*s",
	               strncasecmp(dn, "cn=", 3) == 0 ? "@" : "",
	               (int)(dn + n - equals - 1), equals + 1);
	return add_value(group, "members", name);
}

static bool
add_members(cJSON *group, const cJSON *values)
{
	static const char *const dns[] = { "member", "uniqueMember" };
	const cJSON *one;
	bool good = true;

	cJSON_ArrayForEach(one, cJSON_GetObjectItem(values, "memberUid")) good =
		good && add_value(group, "members", one->valuestring);
	for (size_t i = 0; i < 2; i++)
		cJSON_ArrayForEach(one, cJSON_GetObjectItem(values, dns[i]))
			good = good && add_member_dn(group, one->valuestring);
	return good;
}

/* The last word of name, or all of it. */
static const char *
surname_of(const char *name)
{
	const char *blank = strrchr(name, ' ');

	return blank != NULL && blank[1] != '\0' ? blank + 1 : name;
}

/* Plain accounts of other systems have none, and maybe no name at all. */
static bool
add_surname(cJSON *user, const char *uid)
{
	const cJSON *cn = first_of(user, "cn");
	const char *name = cJSON_IsString(cn) ? cn->valuestring : uid;

	if (cn == NULL && !add_value(user, "cn", uid))
		return false;
	return cJSON_GetObjectItemCaseSensitive(user, "sn") != NULL ||
	       add_value(user, "sn", surname_of(name));
}

/* What of the entry is kept. */
static bool
keep(struct state_files *files, const cJSON *values)
{
	const bool person = is_class(values, "posixAccount") ||
	                    is_class(values, "inetOrgPerson");
	const bool group = is_class(values, "posixGroup") ||
	                   is_class(values, "groupOfNames") ||
	                   is_class(values, "groupOfMembers") ||
	                   is_class(values, "groupOfUniqueNames");
	const char *key = person ? "uid" : "cn";
	const cJSON *name = first_of(values, key), *list, *one;
	const struct state_attr *attrs = person ? state_person_attrs
	                                        : state_group_attrs,
				*attr;
	cJSON *item;
	bool good = true;

	if ((!person && !group) || name == NULL) {
		files->ignored++;
		return true;
	}
	item = add_item(files, key, name->valuestring);
	if (item == NULL)
		return false;
	cJSON_ArrayForEach(list, values)
	{
		attr = known(attrs, list->string);
		if (attr == NULL)
			continue;
		cJSON_ArrayForEach(one, list) good =
			good && add_value(item, attr->name, one->valuestring);
	}
	if (person)
		return good && add_surname(item, name->valuestring);
	return good && add_members(item, values);
}

/* One that is kept. */
static bool
is_read(const char *attr)
{
	return known(state_person_attrs, attr) != NULL ||
	       known(state_group_attrs, attr) != NULL;
}

static bool
add_line(struct state_files *files, cJSON *values, char *line)
{
	char *colon = strchr(line, ':'), *value, *options;
	unsigned char plain[STATE_LINE_MAX];
	size_t len = 0;

	if (colon == NULL || line[0] == '#')
		return true;
	*colon = '\0';
	options = strchr(line, ';');
	if (options != NULL)
		*options = '\0';
	value = colon + 1;
	if (*value == ':') {
		value += 1 + strspn(value + 1, " ");
		if (sodium_base642bin(plain, sizeof(plain) - 1, value,
		                      strlen(value), "\r\n", &len, NULL,
		                      sodium_base64_VARIANT_ORIGINAL) != 0 ||
		    memchr(plain, '\0', len) != NULL) {
			/* a picture or a certificate */
			files->ignored += is_read(line) ? 1 : 0;
			return true;
		}
		plain[len] = '\0';
		return add_value(values, line, (const char *)plain);
	}
	return add_value(values, line, value + strspn(value, " "));
}

/* Unfold: a line that begins with a blank goes on the last one. */
static void
unfold(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (*text == '\r' && text[1] == '\n')
			continue;
		else if (*text == '\n' && text[1] == ' ')
			text++;
		else
			*to++ = *text;
	*to = '\0';
}

bool
state_read_ldif(char *text, struct state_files *files)
{
	cJSON *values = cJSON_CreateObject(); /* attribute -> list */
	char *line, *end;
	bool good = values != NULL;

	unfold(text);
	for (line = text; good && line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (line[0] != '\0') {
			good = add_line(files, values, line);
			if (end != NULL)
				continue;
		}
		if (good && values->child != NULL)
			good = keep(files, values);
		cJSON_Delete(values);
		values = cJSON_CreateObject();
		good = good && values != NULL;
	}
	cJSON_Delete(values);
	return good;
}

/* ---------------------------------------------------- passwd, group, shadow */

/* Cut line at its colons; how many fields, at most n. */
static size_t
fields_of(char *line, char **fields, size_t n)
{
	size_t found = 0;

	while (line != NULL && found < n) {
		fields[found++] = line;
		line = strchr(line, ':');
		if (line != NULL)
			*line++ = '\0';
	}
	return found;
}

/* Whose number is the system's stays there. */
static bool
is_system(const char *number)
{
	uint64_t n;

	return !rst_view_number(rst_view_of(number), UINT32_MAX, &n) ||
	       n < STATE_FIRST_NUMBER || n >= STATE_NOBODY;
}

static bool
add_passwd(struct state_files *files, char **field)
{
	cJSON *user = add_item(files, "uid", field[0]);
	const char *name;
	bool good;

	field[4][strcspn(field[4], ",")] = '\0'; /* the rooms of GECOS */
	name = field[4][0] != '\0' ? field[4] : field[0];
	good = user != NULL && add_value(user, "uidNumber", field[2]) &&
	       add_value(user, "gidNumber", field[3]) &&
	       add_value(user, "cn", name) &&
	       add_value(user, "sn", surname_of(name)) &&
	       add_value(user, "homeDirectory", field[5]);
	return good &&
	       (field[6][0] == '\0' || add_value(user, "loginShell", field[6]));
}

/* "!$6$..." is a locked password, "*" and "!" none. */
static bool
add_shadow(const struct state_files *files, char **field)
{
	cJSON *user = find_person(files, field[0]);
	const char *hash = field[1];
	char text[STATE_LINE_MAX];
	bool locked = hash[0] == '!';

	hash += strspn(hash, "!");
	if (user == NULL)
		return true;
	if (locked && !add_value(user, "rosterStatus", "suspended"))
		return false;
	if (hash[0] == '\0' || hash[0] == '*')
		return true;
	(void)snprintf(text, sizeof(text), "{CRYPT}%s", hash);
	return add_value(user, "userPassword", text);
}

static bool
add_group(struct state_files *files, char **field)
{
	cJSON *group = add_item(files, "cn", field[0]);
	char *name = field[3], *next;
	bool good = group != NULL && add_value(group, "gidNumber", field[2]);

	for (; good && name != NULL && name[0] != '\0'; name = next) {
		next = strchr(name, ',');
		if (next != NULL)
			*next++ = '\0';
		good = add_value(group, "members", name);
	}
	return good;
}

bool
state_read_unix(char *text, enum state_form form, struct state_files *files)
{
	char *line, *next, *field[9];
	bool good = true;

	for (line = text; good && line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		size_t n = fields_of(line, field, 9);

		if (form == STATE_PASSWD && n == 7 && !is_system(field[2]))
			good = add_passwd(files, field);
		else if (form == STATE_GROUP && n == 4 && !is_system(field[2]))
			good = add_group(files, field);
		else if (form == STATE_SHADOW && n >= 8)
			good = add_shadow(files, field);
		else if (line[0] != '\0')
			files->ignored++;
	}
	return good;
}

enum state_form
state_form_of(const char *text)
{
	const char *end = text + strcspn(text, "\n");
	size_t colons = 0;

	text += strspn(text, " \t\r\n");
	if (text[0] == '{' || text[0] == '[')
		return STATE_JSON;
	for (const char *at = text; at < end; at++)
		colons += *at == ':' ? 1 : 0;
	if (text[0] == '#' || strncasecmp(text, "dn:", 3) == 0 ||
	    strncasecmp(text, "version:", 8) == 0)
		return STATE_LDIF;
	return colons == 6   ? STATE_PASSWD
	       : colons == 3 ? STATE_GROUP
	       : colons == 8 ? STATE_SHADOW
	                     : STATE_LDIF;
}
