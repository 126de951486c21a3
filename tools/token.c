/* SPDX-License-Identifier: OLDAP-2.8 */
/* token.c - rosterctl token: API tokens of people and service accounts
 *
 * NAME is a person's, "cn=NAME" that of an account below ou=services.
 */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "store/tree.h"
#include "tools/noun.h"

#define BATCH      64   /* ids taken from the store at a time */
#define LISTED_MAX 1000 /* tokens looked at for one list */
#define RDN_MAX    256

static bool
is_service(struct rst_view name)
{
	return name.len > 3 &&
	       rst_view_equal_nocase(rst_view(name.ptr, 3), RST_VIEW("cn="));
}

static enum ctl_status
find_service(struct noun *noun, struct rst_view rdn, uint64_t *ret_id)
{
	char normal[RDN_MAX];
	struct rst_rtxn txn;
	uint64_t place;
	enum rst_err err;

	for (size_t i = 0; i < rdn.len && i < sizeof(normal); i++)
		normal[i] = rst_lower(rdn.ptr[i]);
	err = rdn.len <= sizeof(normal) ? rst_read_begin(noun->env, &txn)
	                                : RST_ENOTFOUND;
	if (err == RST_OK) {
		err = lifecycle_place(&txn, "ou=services", &place);
		if (err == RST_OK)
			err = rst_tree_child(&txn, place,
			                     rst_view(normal, rdn.len), ret_id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no service account \"%.*s\"", (int)rdn.len,
		        rdn.ptr);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

static enum ctl_status
find_owner(struct noun *noun, uint64_t *ret_id)
{
	struct rst_view name = rst_view_of(noun->args[0]);

	return is_service(name) ? find_service(noun, name, ret_id)
	                        : noun_person(noun, 0, ret_id);
}

static bool
add_all(cJSON *root, const char *key, const struct rst_record *record,
        uint16_t attr)
{
	cJSON *list = cJSON_AddArrayToObject(root, key);
	struct rst_attr values;
	struct rst_view one;
	bool good = list != NULL;

	if (!rst_record_attr(record, attr, &values))
		return good;
	while (good && rst_attr_next(&values, &one)) {
		char *text = rst_view_dup(one);

		good = text != NULL &&
		       cJSON_AddItemToArray(list, cJSON_CreateString(text));
		free(text);
	}
	return good;
}

static cJSON *
model(const struct rst_rtxn *txn, const struct rst_record *record,
      int64_t now_s)
{
	cJSON *root = cJSON_CreateObject();
	char address[64], text[LIFECYCLE_TIME_BYTES];
	int64_t last_s;
	bool good;
	enum rst_err err;

	good = noun_add(root, "id", rst_record_first(record, RST_A_CN)) &&
	       noun_add(root, "name",
	                rst_record_first(record, RST_A_DISPLAYNAME)) &&
	       noun_add(root, "prefix",
	                rst_record_first(record, RST_A_ROSTERTOKENPREFIX)) &&
	       cJSON_AddStringToObject(
		       root, "state",
		       act_token_state_word(act_token_state(record, now_s))) &&
	       add_all(root, "scope", record, RST_A_ROSTERSCOPE) &&
	       add_all(root, "addresses", record, RST_A_ROSTERALLOWEDADDRESS) &&
	       noun_add_time(root, "created",
	                     rst_record_first(record, RST_A_CREATETIMESTAMP)) &&
	       noun_add_time(root, "expires",
	                     rst_record_first(record, RST_A_ROSTEREXPIRES));
	err = act_token_last(txn, record->id, &last_s, address);
	if (err != RST_OK && err != RST_ENOTFOUND)
		good = false;
	if (good && err == RST_OK) {
		lifecycle_time_print_3339(last_s, text);
		good = cJSON_AddStringToObject(root, "lastUsed", text) &&
		       cJSON_AddStringToObject(root, "lastAddress", address);
	}
	if (good)
		return root;
	cJSON_Delete(root);
	return NULL;
}

static const char *
text_of(const cJSON *root, const char *key)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(root, key));

	return text != NULL ? text : "-";
}

static enum ctl_status
print_one(struct noun *noun, const struct rst_rtxn *txn, uint64_t id)
{
	struct rst_record record;
	enum rst_err err = rst_record_get(txn, id, &record);
	cJSON *root;

	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	root = model(txn, &record, noun->ctx.now_s);
	if (root == NULL)
		return ctl_no_memory();
	if (noun->json)
		return noun_print_line(root);
	printf("%s %-7s %-12s %-20s %-20s %s\n", text_of(root, "id"),
	       text_of(root, "state"), text_of(root, "prefix"),
	       text_of(root, "expires"), text_of(root, "lastUsed"),
	       text_of(root, "name"));
	cJSON_Delete(root);
	return CTL_OK;
}

static enum ctl_status
list(struct noun *noun)
{
	uint64_t owner, ids[BATCH], after = 0;
	size_t n = BATCH, looked = 0;
	enum ctl_status status;
	struct rst_rtxn txn;
	enum rst_err err;

	status = find_owner(noun, &owner);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	while (err == RST_OK && status == CTL_OK && n == BATCH &&
	       looked < LISTED_MAX) {
		err = act_tokens_of(&txn, owner, "api", after, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && status == CTL_OK && i < n;
		     i++, looked++) {
			after = ids[i];
			status = print_one(noun, &txn, ids[i]);
		}
	}
	rst_read_end(&txn);
	return err != RST_OK ? ctl_failed(err, &noun->refusal) : status;
}

/* Texts with commas between; false for more than max. */
static bool
split(struct rst_view text, struct rst_view *parts, size_t max, size_t *ret_n)
{
	size_t at = 0, n = 0;

	while (at < text.len) {
		const char *comma = memchr(text.ptr + at, ',', text.len - at);
		size_t end =
			comma != NULL ? (size_t)(comma - text.ptr) : text.len;

		if (end > at && n == max)
			return false;
		if (end > at)
			parts[n++] = rst_view(text.ptr + at, end - at);
		at = end + 1;
	}
	*ret_n = n;
	return true;
}

static enum ctl_status
read_lifetime(struct noun *noun, int64_t *ret_lifetime_s)
{
	struct rst_view text = noun_text(noun, NOUN_LIFETIME);

	*ret_lifetime_s = 0;
	if (text.ptr == NULL)
		return CTL_OK;
	if (rst_view_equal(text, RST_VIEW("never"))) {
		*ret_lifetime_s = RULE_NEVER;
		return CTL_OK;
	}
	if (rule_setting_read(RULE_SETTING_TOKEN_LIFETIME, text.ptr, text.len,
	                      ret_lifetime_s) == RULE_OK &&
	    *ret_lifetime_s > 0)
		return CTL_OK;
	return noun_refuse(noun, RULE_INVALID_EXPIRY,
	                   "never, or a span such as 30d");
}

/* The token alone on standard output, so that a script can take it. */
static enum ctl_status
tell(struct noun *noun, uint64_t id, const char *text)
{
	struct rst_record record;
	struct rst_rtxn txn;
	cJSON *root = NULL;
	enum rst_err err;

	if (noun->dry_run) {
		puts("a token would be made");
		return CTL_OK;
	}
	if (!noun->json) {
		puts(text);
		return CTL_OK;
	}
	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = rst_record_get(&txn, id, &record);
		if (err == RST_OK)
			root = model(&txn, &record, noun->ctx.now_s);
		rst_read_end(&txn);
	}
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	if (root != NULL && !cJSON_AddStringToObject(root, "token", text)) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

static enum ctl_status
create(struct noun *noun)
{
	struct rst_view scopes[RULE_SCOPES_MAX], places[RULE_ADDRESSES_MAX];
	struct act_token token = {
		.name = rst_view_of(noun->args[1]),
		.scopes = scopes,
		.addresses = places,
	};
	char text[RULE_TOKEN_TEXT] = "";
	enum ctl_status status;
	uint64_t owner, id = 0;
	enum rst_err err;

	status = find_owner(noun, &owner);
	if (status == CTL_OK)
		status = read_lifetime(noun, &token.lifetime_s);
	if (status != CTL_OK)
		return status;
	if (!split(noun_text(noun, NOUN_SCOPE), scopes, RULE_SCOPES_MAX,
	           &token.n_scopes))
		return noun_refuse(noun, RULE_INVALID_SCOPE, "too many");
	if (!split(noun_text(noun, NOUN_ADDRESS), places, RULE_ADDRESSES_MAX,
	           &token.n_addresses))
		return noun_refuse(noun, RULE_INVALID_ADDRESS, "too many");
	err = act_token_create(&noun->ctx, owner, &token, text, &id,
	                       &noun->refusal);
	status = err == RST_OK ? tell(noun, id, text)
	                       : ctl_failed(err, &noun->refusal);
	sodium_memzero(text, sizeof(text));
	return status;
}

static enum ctl_status
revoke(struct noun *noun)
{
	enum ctl_status status;
	struct rst_rtxn txn;
	uint64_t owner, id;
	enum rst_err err;

	status = find_owner(noun, &owner);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = act_find_token(&txn, rst_view_of(noun->args[1]), "api",
		                     owner, &id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("\"%s\" has no token \"%s\"", noun->args[0],
		        noun->args[1]);
		return CTL_ABSENT;
	}
	if (err == RST_OK)
		err = act_token_revoke(&noun->ctx, id, &noun->refusal);
	return noun_done(noun, err, noun->args[1], "revoked");
}

static const struct noun_verb verbs[] = {
	{ "list", "OWNER",
	  "The tokens: id, state, how it begins, end, last use, name", 1, 1, 0,
	  false, list },
	{ "create", "OWNER NAME",
	  "Print a new token, once; NAME says what it is for", 2, 2,
	  NOUN_BIT(LIFETIME) | NOUN_BIT(SCOPE) | NOUN_BIT(ADDRESS), true,
	  create },
	{ "revoke", "OWNER ID", "It works no more", 2, 2, 0, true, revoke },
};

enum ctl_status
ctl_token(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"API tokens of people, and of service accounts (OWNER is then "
		"cn=NAME).\v",
		verbs, sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
