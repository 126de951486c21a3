/* SPDX-License-Identifier: OLDAP-2.8 */
/* link.c - rosterctl registration-token, reset-link: links for one act */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/place.h"
#include "rules/setting.h"
#include "tools/noun.h"

#define REGISTRATION "registration"
#define RESET        "reset"

/* What a walk shows: tokens with that purpose, of that person if any. */
struct wanted {
	const char *purpose, *username;
};

/* Whom it is for: the name it admits, or whose password it sets. */
static void
name_of(const struct rst_record *record, char *buf, size_t size)
{
	struct rst_view name = rst_record_first(record, RST_A_ROSTERUSERNAME);

	buf[0] = '\0';
	if (name.len > 0)
		(void)rst_view_copy(name, buf, size);
	else
		(void)lifecycle_rdn_value(
			rst_record_first(record, RST_A_ROSTEROWNER), buf, size);
}

static enum ctl_status
print_one(struct noun *noun, const struct rst_rtxn *txn,
          const struct rst_record *record, const void *arg)
{
	enum act_token_state state = act_token_state(record, noun->ctx.now_s);
	struct rst_view id = rst_record_first(record, RST_A_CN);
	const struct wanted *wanted = arg;
	char name[RULE_NAME_MAX + 1];
	const cJSON *expires;
	cJSON *root;
	bool good;

	(void)txn;
	name_of(record, name, sizeof(name));
	if (record->kind != RST_KIND_TOKEN ||
	    !rst_view_equal_nocase(
		    rst_record_first(record, RST_A_ROSTERPURPOSE),
		    rst_view_of(wanted->purpose)) ||
	    (wanted->username != NULL && strcmp(name, wanted->username) != 0))
		return CTL_OK;
	root = cJSON_CreateObject();
	good = noun_add(root, "id", id) &&
	       noun_add(root, "username", rst_view_of(name)) &&
	       cJSON_AddStringToObject(root, "state",
	                               act_token_state_word(state)) &&
	       noun_add_time(root, "created",
	                     rst_record_first(record, RST_A_CREATETIMESTAMP)) &&
	       noun_add_time(root, "expires",
	                     rst_record_first(record, RST_A_ROSTEREXPIRES));
	expires = cJSON_GetObjectItemCaseSensitive(root, "expires");
	if (good && noun->json)
		return noun_print_line(root);
	if (good)
		printf("%.*s  %-8s %-20s %s\n", (int)id.len, id.ptr,
		       act_token_state_word(state),
		       expires != NULL ? expires->valuestring : "", name);
	cJSON_Delete(root);
	return good ? CTL_OK : ctl_no_memory();
}

static enum ctl_status
list(struct noun *noun, const char *purpose)
{
	const struct wanted wanted = { purpose, noun->n_args > 0 ? noun->args[0]
		                                                 : NULL };

	return noun_walk(noun, "ou=tokens", print_one, &wanted);
}

static enum ctl_status
revoke(struct noun *noun, const char *purpose)
{
	struct rst_rtxn txn;
	uint64_t id = 0;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = act_find_token(&txn, rst_view_of(noun->args[0]), purpose,
		                     0, &id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no such link \"%s\"", noun->args[0]);
		return CTL_ABSENT;
	}
	if (err == RST_OK)
		err = act_token_revoke(&noun->ctx, id, &noun->refusal);
	return noun_done(noun, err, noun->args[0], "revoked");
}

static enum ctl_status
list_tickets(struct noun *noun)
{
	return list(noun, REGISTRATION);
}

static enum ctl_status
list_resets(struct noun *noun)
{
	return list(noun, RESET);
}

static enum ctl_status
revoke_ticket(struct noun *noun)
{
	return revoke(noun, REGISTRATION);
}

static enum ctl_status
revoke_reset(struct noun *noun)
{
	return revoke(noun, RESET);
}

static enum ctl_status
make_ticket(struct noun *noun)
{
	char token[RST_TOKEN_TEXT] = "";
	enum ctl_status status;
	int64_t lifetime_s = 0;
	uint64_t id;
	enum rst_err err;

	status = noun_span(noun, NOUN_LIFETIME,
	                   RULE_SETTING_REGISTRATION_TOKEN_LIFETIME,
	                   &lifetime_s);
	if (status != CTL_OK)
		return status;
	err = act_ticket_create(&noun->ctx, rst_view_of(noun->args[0]),
	                        lifetime_s, token, &id, &noun->refusal);
	status = noun_tell_link(noun, err, "register", token,
	                        "a registration token");
	sodium_memzero(token, sizeof(token));
	return status;
}

static enum ctl_status
issue_reset(struct noun *noun)
{
	struct act_post post;
	char token[RST_TOKEN_TEXT] = "";
	enum ctl_status status;
	uint64_t id;
	enum rst_err err;

	status = noun_person(noun, 0, &id);
	if (status != CTL_OK)
		return status;
	err = act_reset_link(&noun->ctx, id, noun_post(noun, &post), token,
	                     &noun->refusal);
	status = noun_tell_link(noun, err, "reset", token,
	                        "a link to set a password");
	sodium_memzero(token, sizeof(token));
	return status;
}

enum ctl_status
ctl_registration_token(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_verb verbs[] = {
		{ "new", "USERNAME",
		  "Print a link by which this username, and no other, can be "
		  "registered",
		  1, 1, NOUN_BIT(LIFETIME) | NOUN_BIT(PUBLIC_URL), true,
		  make_ticket },
		{ "list", "[USERNAME]", "The links: id, state, end, username",
		  0, 1, 0, false, list_tickets },
		{ "revoke", "ID", "It admits nobody any more", 1, 1, 0, true,
		  revoke_ticket },
	};
	static const struct noun_table table = {
		"Registration tokens: links for one fixed username.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}

enum ctl_status
ctl_reset_link(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_verb verbs[] = {
		{ "issue", "NAME",
		  "Print a link by which the person sets a password; it ends "
		  "the older ones",
		  1, 1, NOUN_BIT(SEND) | NOUN_BIT(PUBLIC_URL), true,
		  issue_reset },
		{ "list", "[NAME]", "The links: id, state, end, whose", 0, 1, 0,
		  false, list_resets },
		{ "revoke", "ID", "It works no more", 1, 1, 0, true,
		  revoke_reset },
	};
	static const struct noun_table table = {
		"Links by which people set a password.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
