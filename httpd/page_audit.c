/* SPDX-License-Identifier: OLDAP-2.8 */
/* page_audit.c - the journal in words
 *
 *	{ "action": "suspend", "actor": "uid=ada,ou=people,...", ... }
 *
 * gains
 *
 *	what	{ said: "was suspended" }, empty for an act without words
 *	who	{ name: "ada", href: "/users/ada" }
 *	whom	the same of the target
 *	member	the same of who joined or left it
 *	through	{ said: "web" }: the door
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/page.h"

#define NAME_MAX_SHOWN 96
#define AGREEMENTS     ",ou=agreements,"

/* What happened to the target. */
static const struct {
	const char *action, *words;
} acts[] = {
	{ "activate", "activated" },
	{ "add-key", "SSH key added" },
	{ "admit", "admitted, with agreements to sign" },
	{ "apply", "brought into the given state" },
	{ "approve", "approved" },
	{ "bootstrap", "first administrator made" },
	{ "bootstrap-token", "link for the first administrator made" },
	{ "bury", "number kept from being given out again" },
	{ "change-password", "password changed" },
	{ "change-mail", "mail address changed" },
	{ "create-agreement", "agreement made" },
	{ "create-group", "group created" },
	{ "create-host", "host created" },
	{ "create-person", "account created" },
	{ "create-policy", "policy created" },
	{ "create-preset", "preset of invitations made" },
	{ "create-token", "API token made" },
	{ "deactivate", "deactivated" },
	{ "delete", "put into the bin" },
	{ "delete-agreement", "agreement deleted" },
	{ "delete-group", "group deleted" },
	{ "delete-host", "host deleted" },
	{ "delete-policy", "policy deleted" },
	{ "delete-preset", "preset of invitations deleted" },
	{ "drop-key", "SSH key removed" },
	{ "drop-mail", "mail taken out of the outbox" },
	{ "drop-manager", "lost its manager" },
	{ "drop-pending", "registration dropped for its age" },
	{ "edit", "edited" },
	{ "edit-agreement", "agreement changed" },
	{ "edit-group", "group edited" },
	{ "edit-host", "host edited" },
	{ "edit-policy", "policy edited" },
	{ "edit-preset", "preset of invitations changed" },
	{ "end-membership", "membership ended by its date" },
	{ "demote", "server made a replica" },
	{ "end-session", "session ended" },
	{ "end-sessions", "signed out everywhere" },
	{ "expire", "ended by its date" },
	{ "follow-member", "followed a new name" },
	{ "free-name", "name free again" },
	{ "import", "imported" },
	{ "init", "directory made" },
	{ "invite", "invitation made" },
	{ "join", "joined the group" },
	{ "ldap-add", "added over LDAP" },
	{ "ldap-delete", "deleted over LDAP" },
	{ "ldap-modify", "changed over LDAP" },
	{ "ldap-rename", "renamed over LDAP" },
	{ "leave", "left the group" },
	{ "link-mail-new", "link sent to the new mail address" },
	{ "link-mail-old", "link sent to the old mail address" },
	{ "link-registration", "registration link made" },
	{ "link-reset", "link for a new password made" },
	{ "link-verification", "link to confirm the mail address made" },
	{ "lock", "locked" },
	{ "make-place", "place made" },
	{ "note-login", "signed in for the first time in an hour" },
	{ "note-status", "status noted" },
	{ "notice", "told by mail" },
	{ "promise-groups", "will join groups once approved" },
	{ "purge", "purged" },
	{ "reauthenticate", "gave the password again" },
	{ "redeem", "invitation used" },
	{ "register", "registered" },
	{ "promote", "replica made the provider" },
	{ "rehash-password", "password stored anew, as settings ask" },
	{ "reject", "rejected" },
	{ "request-reset", "asked for a new password" },
	{ "resend-invitation", "invitation sent again" },
	{ "reset-password", "password set anew" },
	{ "restore", "restored" },
	{ "retry-mail", "mail tried again" },
	{ "revoke-invitation", "invitation revoked" },
	{ "revoke-token", "API token revoked" },
	{ "set", "setting changed" },
	{ "sign", "agreement signed" },
	{ "sign-in", "signed in" },
	{ "sign-in-failed", "failed to sign in" },
	{ "sign-out", "signed out" },
	{ "skip-agreements", "active without having signed" },
	{ "slapadd", "loaded by slapadd" },
	{ "slapmodify", "changed by slapmodify" },
	{ "suspend", "suspended" },
	{ "temporary-password", "temporary password set" },
	{ "test-mail", "test mail queued" },
	{ "token-refused", "API token refused" },
	{ "unlock", "unlocked" },
	{ "unsign", "signature of an agreement withdrawn" },
	{ "use-grace", "signed in with an expired password" },
	{ "use-link", "link used" },
	{ "verify-mail", "mail address confirmed" },
	{ "warn-password", "warned that the password expires" },
};

static const char *
words_of(const char *action)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i].action, action) == 0)
			return acts[i].words;
	return action;
}

/* What stands first in a DN, with its type: "uid" and "ada"; *ret_rest is what
 * follows.  A signature below an agreement is not at the agreement's place. */
static bool
first_of(const char *dn, char *type, char *value, size_t size,
         const char **ret_rest)
{
	size_t equals = strcspn(dn, "=,+"), n = 0;
	const char *at = dn + equals + 1;

	if (dn[equals] != '=' || equals >= size)
		return false;
	snprintf(type, size, "%.*s", (int)equals, dn);
	for (; *at != '\0' && *at != ',' && *at != '+' && n + 1 < size; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		value[n++] = *at;
	}
	value[n] = '\0';
	*ret_rest = at;
	return true;
}

/* { name, href } of a DN; no href for what has no page. */
static bool
add_named(cJSON *item, const char *key, const char *dn)
{
	static const struct {
		const char *type, *place, *prefix;
	} places[] = {
		{ "uid", ",ou=people,", "/users/" },
		{ "cn", ",ou=groups,", "/groups/" },
		{ "cn", ",ou=invitations,", "/invitations/" },
		{ "cn", ",ou=policies,", "/policies/" },
		{ "cn", ",ou=hosts,", "/hosts/" },
		{ "cn", AGREEMENTS, "/agreements/" },
		{ "cn", ",ou=presets,", "/invitation-presets/" },
	};
	char type[NAME_MAX_SHOWN], name[NAME_MAX_SHOWN] = "";
	struct http_reply where = { .status = 200 };
	const char *rest = "";
	bool is_dn = first_of(dn, type, name, sizeof(name), &rest);
	cJSON *named = cJSON_AddObjectToObject(item, key);

	/* a signature is called as what was signed */
	if (is_dn && rest[0] == ',' && strstr(rest + 1, AGREEMENTS) != NULL)
		is_dn = first_of(rest + 1, type, name, sizeof(name), &rest);
	if (!is_dn)
		return json_add_text(named, "name", dn) &&
		       json_add_text(named, "href", "");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].type, type) == 0 &&
		    strncmp(rest, places[i].place, strlen(places[i].place)) ==
		            0)
			http_location(&where, places[i].prefix,
			              rst_view_of(name), "");
	return json_add_text(named, "name", name) &&
	       json_add_text(named, "href", where.location);
}

static const char *
text_of(const cJSON *item, const char *key)
{
	const cJSON *text = json_get(item, key);

	return cJSON_IsString(text) ? text->valuestring : "";
}

/* The value that came with one of attributes; "" for none. */
static const char *
value_of(const cJSON *item, const char *const *attributes)
{
	const cJSON *change;

	cJSON_ArrayForEach(change, json_get(item, "changes"))
	{
		for (size_t i = 0; attributes[i] != NULL; i++)
			if (strcmp(text_of(change, "attribute"),
			           attributes[i]) == 0)
				return text_of(change, "value");
	}
	return "";
}

/* What has no name of its own is somebody's, or an invitation for anybody. */
static bool
name_owner(cJSON *item, const char *owner, const char *about)
{
	const cJSON *href = json_get(json_get(item, "whom"), "href");

	if (cJSON_IsString(href) && href->valuestring[0] != '\0')
		return true;
	cJSON_DeleteItemFromObjectCaseSensitive(item, "whom");
	return add_named(item, "whom",
	                 about != NULL && strcmp(about, owner) == 0 ? ""
	                                                            : owner);
}

/* Tokens and invitations are called by a number that says nothing; a join is
 * somebody's. */
static bool
add_detail(cJSON *item, const char *about)
{
	static const char *const names[] = { "displayName", "mail", NULL };
	static const char *const members[] = { "memberUid", "member", NULL };
	static const char *const owners[] = { "rosterOwner", NULL };
	cJSON *whom = cJSON_GetObjectItemCaseSensitive(item, "whom");
	const cJSON *name = json_get(whom, "name");
	const char *action = text_of(item, "action");
	const char *value;

	if (strcmp(action, "join") == 0 || strcmp(action, "leave") == 0) {
		value = value_of(item, members);
		return strchr(value, '=') != NULL
		               ? add_named(item, "member", value)
		               : json_add_text(cJSON_AddObjectToObject(
						       item, "member"),
		                               "name", value);
	}
	value = value_of(item, names);
	if (!cJSON_IsString(name) ||
	    strlen(name->valuestring) != sizeof("92292dce-f32b-4339-b9f0-"
	                                        "1167b94b25c2") -
	                                         1)
		return true;
	if (value[0] == '\0')
		return name_owner(item, value_of(item, owners), about);
	return cJSON_ReplaceItemInObjectCaseSensitive(
		whom, "name", cJSON_CreateString(value));
}

static const char *
door_words(const char *door)
{
	return strcmp(door, "http") == 0     ? "web"
	       : strcmp(door, "cli") == 0    ? "command line"
	       : strcmp(door, "system") == 0 ? "by itself"
	                                     : "LDAP";
}

static bool
tell_changes(cJSON *item)
{
	static const char *const keys[] = { "cut", NULL };
	cJSON *changes = cJSON_GetObjectItemCaseSensitive(item, "changes");

	return page_fill(changes, keys) &&
	       json_add_bool(item, "has_changes",
	                     cJSON_GetArraySize(changes) > 0);
}

/* What only the machinery has to say is left to the audit's own page. */
static void
drop_notes(cJSON *items)
{
	cJSON *item = items != NULL ? items->child : NULL;

	while (item != NULL) {
		cJSON *next = item->next;
		const char *action = text_of(item, "action");

		if (strncmp(action, "note-", 5) == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(items, item));
		item = next;
	}
}

bool
page_audit_tell(cJSON *items, const char *about)
{
	static const char *const keys[] = { "formerTarget", "omitted",
		                            "entries", "member", NULL };
	cJSON *item;

	if (about != NULL)
		drop_notes(items);
	cJSON_ArrayForEach(item, items)
	{
		cJSON *what = cJSON_AddObjectToObject(item, "what");
		const char *target = text_of(item, "target");

		page_drop_port(item, "address");
		if (!json_add_text(what, "said",
		                   words_of(text_of(item, "action"))) ||
		    !json_add_text(cJSON_AddObjectToObject(item, "through"),
		                   "said", door_words(text_of(item, "door"))) ||
		    !add_named(item, "who", text_of(item, "actor")) ||
		    !add_named(item, "whom",
		               about != NULL && strcmp(about, target) == 0
		                       ? ""
		                       : target) ||
		    !tell_changes(item) || !add_detail(item, about) ||
		    !json_add_bool(item, "by_self",
		                   strcmp(target, text_of(item, "actor")) ==
		                                   0 ||
		                           target[0] == '\0'))
			return false;
	}
	return page_fill(items, keys);
}

bool
page_audit_unlink(cJSON *items)
{
	static const char *const keys[] = { "who", "whom", "member" };
	cJSON *item;

	cJSON_ArrayForEach(item, items)
	{
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			cJSON *named =
				cJSON_GetObjectItemCaseSensitive(item, keys[i]);

			cJSON_DeleteItemFromObjectCaseSensitive(named, "href");
			if (cJSON_IsObject(named) &&
			    !json_add_text(named, "href", ""))
				return false;
		}
	}
	return true;
}

void
page_name_actors(cJSON *root)
{
	static const struct {
		const char *key, *named;
	} actors[] = { { "creator", "creator_is" },
		       { "statusBy", "statusBy_is" } };

	for (size_t i = 0; i < sizeof(actors) / sizeof(actors[0]); i++) {
		const cJSON *dn = json_get(root, actors[i].key);

		if (cJSON_IsString(dn))
			(void)add_named(root, actors[i].named, dn->valuestring);
	}
}

/* GET /audit, for browsers */
void
page_audit(struct http_req *req, struct http_reply *reply)
{
	static const char *const names[] = { "actor", "action", "target",
		                             "since", "until",  "limit",
		                             NULL };

	if (!page_base(req, reply, api_audit_list))
		return;
	if (!page_audit_tell(
		    cJSON_GetObjectItemCaseSensitive(reply->body, "items"),
		    NULL) ||
	    !page_query(req, reply->body, names))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}
