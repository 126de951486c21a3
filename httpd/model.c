/* SPDX-License-Identifier: OLDAP-2.8 */
/* model.c - what the store knows, as JSON */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/etag.h"
#include "lifecycle/attempt.h"
#include "lifecycle/password_age.h"
#include "lifecycle/place.h"
#include "rules/host.h"
#include "rules/invitation.h"
#include "rules/status.h"

#define GROUPS_MAX 256 /* shown of one person */

enum rst_err
model_place(const struct rst_rtxn *txn, const char *ou, uint64_t *ret_id)
{
	char ndn[RST_DN_MAX];
	struct rst_view suffix;
	enum rst_err err;
	int len;

	err = rst_setting_get(txn, "suffix", &suffix);
	if (err != RST_OK)
		return err;
	len = snprintf(ndn, sizeof(ndn), "ou=%s,%.*s", ou, (int)suffix.len,
	               suffix.ptr);
	if (len < 0 || (size_t)len >= sizeof(ndn))
		return RST_EINVALID;
	return rst_tree_find(txn, rst_view(ndn, (size_t)len), ret_id, NULL);
}

/* The first value under key; "" when there is none, so that a template never
 * looks for it in an outer object. */
static bool
add_first(cJSON *object, const char *key, const struct rst_record *record,
          uint16_t attr)
{
	return json_add_view(object, key, rst_record_first(record, attr));
}

static bool
add_stamp(cJSON *object, const char *key, const struct rst_record *record,
          uint16_t attr)
{
	int64_t time_s;

	if (!json_time_parse(rst_record_first(record, attr), &time_s))
		return true;
	return json_add_time(object, key, time_s);
}

/* Where the page is. */
static bool
add_href(cJSON *object, const char *prefix, struct rst_view name)
{
	struct http_reply where = { .status = 200 };

	http_location(&where, prefix, name, "");
	return json_add_text(object, "href", where.location);
}

static cJSON *
finish(cJSON *object, bool ok)
{
	if (ok)
		return object;
	cJSON_Delete(object);
	return NULL;
}

/* Every value of attr. */
static bool
add_all(cJSON *object, const char *key, const struct rst_record *record,
        uint16_t attr)
{
	cJSON *list = cJSON_AddArrayToObject(object, key);
	struct rst_attr values;
	struct rst_view value;
	bool ok = list != NULL;

	if (rst_record_attr(record, attr, &values))
		while (ok && rst_attr_next(&values, &value))
			ok = json_append_view(list, value);
	return ok;
}

/* What people call him: displayName, else cn. */
static bool
add_name(cJSON *object, const struct rst_record *record)
{
	struct rst_view name = rst_record_first(record, RST_A_DISPLAYNAME);

	if (name.ptr == NULL)
		name = rst_record_first(record, RST_A_CN);
	return json_add_view(object, "name", name);
}

cJSON *
model_user_brief(const struct rst_record *record, int64_t now_s)
{
	struct rst_view uid = rst_record_first(record, RST_A_UID);
	cJSON *user = cJSON_CreateObject();

	return finish(user,
	              json_add_view(user, "username", uid) &&
	                      add_name(user, record) &&
	                      add_first(user, "mail", record, RST_A_MAIL) &&
	                      json_add_text(user, "status",
	                                    rst_status_word(record->status)) &&
	                      json_add_text(user, "state",
	                                    rule_state_word(act_state(
						    record, now_s))) &&
	                      add_href(user, "/users/", uid));
}

static bool
add_group_names(cJSON *user, const struct rst_rtxn *txn, uint64_t member)
{
	uint64_t ids[GROUPS_MAX];
	struct rst_record group;
	cJSON *list = cJSON_CreateArray();
	size_t n = 0;
	bool ok = list != NULL && rst_member_of_all(txn, member, 0, ids,
	                                            GROUPS_MAX, &n) == RST_OK;
	enum rst_err err;

	for (size_t i = 0; ok && i < n; i++) {
		struct rst_view cn;
		cJSON *item;

		err = rst_record_get(txn, ids[i], &group);
		ok = err == RST_OK || err == RST_ENOTFOUND;
		if (err != RST_OK)
			continue;
		cn = rst_record_first(&group, RST_A_CN);
		item = cJSON_CreateObject();
		ok = json_take_item(list, item) &&
		     json_add_view(item, "cn", cn) &&
		     add_href(item, "/groups/", cn);
	}
	return json_take(user, "groups", list) && ok;
}

static enum rule_status
rule_status_of(enum rst_status status)
{
	switch (status) {
	case RST_STATUS_NONE:
		return RULE_STATUS_NONE;
	case RST_STATUS_PENDING:
		return RULE_STATUS_PENDING;
	case RST_STATUS_ACTIVE:
		return RULE_STATUS_ACTIVE;
	case RST_STATUS_SUSPENDED:
		return RULE_STATUS_SUSPENDED;
	case RST_STATUS_DELETED:
		return RULE_STATUS_DELETED;
	}
	return RULE_STATUS_NONE;
}

/* { "approve": true, "suspend": false ... }: what is lawful now. */
static bool
add_moves(cJSON *user, enum rst_status status, bool invited)
{
	enum rule_status from = rule_status_of(status);
	cJSON *moves = cJSON_AddObjectToObject(user, "moves");
	bool pending = from == RULE_STATUS_PENDING;
	bool bin = from == RULE_STATUS_DELETED;
	bool up = from != RULE_STATUS_ACTIVE &&
	          rule_status_move(from, RULE_STATUS_ACTIVE) == RULE_OK;
	bool down = from != RULE_STATUS_SUSPENDED &&
	            rule_status_move(from, RULE_STATUS_SUSPENDED) == RULE_OK;

	return json_add_bool(moves, "approve", up && pending && !invited) &&
	       json_add_bool(moves, "reject", pending) &&
	       json_add_bool(moves, "suspend", down && !pending && !bin) &&
	       json_add_bool(moves, "deactivate", !pending && !bin) &&
	       json_add_bool(moves, "activate",
	                     invited || (up && !pending && !bin)) &&
	       json_add_bool(moves, "delete", !pending && !bin) &&
	       json_add_bool(moves, "restore", bin) &&
	       json_add_bool(moves, "purge", bin);
}

/* When it was set, until when it is good, and whether it is for changing. */
static bool
add_password(cJSON *user, const struct rst_rtxn *txn,
             const struct rst_record *record, int64_t now_s)
{
	struct rule_password_facts facts = lifecycle_password_facts(record);
	struct rule_password_life life;
	struct lifecycle_policy policy;
	bool must = false;

	if (lifecycle_policy(txn, record->id, &policy) != RST_OK ||
	    act_must_change(txn, record->id, now_s, &must) != RST_OK)
		return false;
	life = lifecycle_password_life(&policy);
	return add_stamp(user, "passwordChanged", record,
	                 RST_A_PWDCHANGEDTIME) &&
	       (life.max_s == 0 || facts.changed_s == 0 ||
	        json_add_time(user, "passwordExpires",
	                      facts.changed_s + life.max_s)) &&
	       json_add_bool(user, "mustChange", must);
}

/* One that holds now. */
static bool
add_lock(cJSON *user, const struct rst_rtxn *txn,
         const struct rst_record *record, int64_t now_s)
{
	struct attempt_lock lock;

	if (attempt_lock(txn, record, now_s, &lock) != RST_OK)
		return false;
	if (!lock.holds)
		return true;
	if (lock.for_ever)
		return json_add_bool(user, "lockedForEver", true);
	return json_add_time(user, "locked", lock.since_s) &&
	       json_add_time(user, "lockedUntil", lock.until_s);
}

cJSON *
model_user(const struct rst_rtxn *txn, const struct rst_record *record,
           bool administrator, int64_t now_s)
{
	static const struct {
		const char *key;
		uint16_t attr;
	} plain[] = {
		{ "givenName", RST_A_GIVENNAME },
		{ "sn", RST_A_SN },
		{ "displayName", RST_A_DISPLAYNAME },
		{ "language", RST_A_PREFERREDLANGUAGE },
		{ "loginShell", RST_A_LOGINSHELL },
		{ "homeDirectory", RST_A_HOMEDIRECTORY },
		{ "description", RST_A_DESCRIPTION },
		{ "entryUUID", RST_A_ENTRYUUID },
		{ "reason", RST_A_ROSTERREASON },
	};
	char dn[RST_DN_MAX];
	cJSON *user = model_user_brief(record, now_s);
	size_t len;
	bool ok = user != NULL, is_administrator;

	for (size_t i = 0; ok && i < sizeof(plain) / sizeof(plain[0]); i++)
		ok = add_first(user, plain[i].key, record, plain[i].attr);
	if (ok && record->uid_number != RST_NO_NUMBER)
		ok = json_add_number(user, "uidNumber", record->uid_number);
	if (ok && record->gid_number != RST_NO_NUMBER)
		ok = json_add_number(user, "gidNumber", record->gid_number);
	ok = ok &&
	     rst_tree_dn(txn, record->id, dn, sizeof(dn), &len) == RST_OK &&
	     json_add_text(user, "dn", dn) &&
	     act_is_administrator(txn, record->id, now_s, &is_administrator) ==
	             RST_OK &&
	     json_add_bool(user, "administrator", is_administrator) &&
	     add_stamp(user, "created", record, RST_A_CREATETIMESTAMP) &&
	     add_stamp(user, "modified", record, RST_A_MODIFYTIMESTAMP) &&
	     add_stamp(user, "starts", record, RST_A_ROSTERSTARTS) &&
	     add_stamp(user, "expires", record, RST_A_ROSTEREXPIRES) &&
	     add_password(user, txn, record, now_s) &&
	     add_all(user, "hosts", record, RST_A_HOST) &&
	     add_all(user, "services", record, RST_A_AUTHORIZEDSERVICE) &&
	     add_group_names(user, txn, record->id) &&
	     model_mail_change(txn, record->id, now_s, user);
	if (ok && administrator)
		ok = add_first(user, "registeredFrom", record,
		               RST_A_ROSTERREGISTEREDFROM) &&
		     add_stamp(user, "statusSince", record,
		               RST_A_ROSTERSTATUSSINCE) &&
		     add_first(user, "statusBy", record,
		               RST_A_ROSTERSTATUSBY) &&
		     add_lock(user, txn, record, now_s) &&
		     add_moves(user, record->status, act_is_invited(record));
	return finish(user, ok);
}

/* The usernames of those who say who is in it. */
static bool
add_managers(cJSON *group, const struct rst_rtxn *txn,
             const struct rst_record *record)
{
	cJSON *list = cJSON_AddArrayToObject(group, "managers");
	char ndn[RST_NORMAL_MAX];
	struct rst_record person;
	struct rst_attr managers;
	struct rst_view dn;
	uint64_t id;
	size_t len;
	bool ok = list != NULL;
	enum rst_err err;

	if (!rst_record_attr(record, RST_A_ROSTERMANAGER, &managers))
		return ok;
	while (ok && rst_attr_next(&managers, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(txn, rst_view(ndn, len), &id, NULL);
		if (err == RST_OK)
			err = rst_record_get(txn, id, &person);
		if (err == RST_OK)
			ok = json_append_view(
				list, rst_record_first(&person, RST_A_UID));
		else /* who is gone is left out */
			ok = err == RST_ENOTFOUND || err == RST_EINVALID;
	}
	return ok;
}

cJSON *
model_group_brief(const struct rst_record *record)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	cJSON *group = cJSON_CreateObject();

	return finish(group, json_add_view(group, "group", cn) &&
	                             add_href(group, "/groups/", cn));
}

cJSON *
model_group(const struct rst_rtxn *txn, const struct rst_record *record)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	cJSON *group = cJSON_CreateObject();
	bool ok = json_add_view(group, "cn", cn) &&
	          json_add_bool(group, "administrator",
	                        (record->flags & RST_REC_ADMIN_GROUP) != 0) &&
	          json_add_number(group, "members",
	                          rst_member_count(txn, record->id)) &&
	          add_managers(group, txn, record) &&
	          add_first(group, "description", record, RST_A_DESCRIPTION) &&
	          add_stamp(group, "created", record, RST_A_CREATETIMESTAMP) &&
	          add_href(group, "/groups/", cn);

	if (ok && record->gid_number != RST_NO_NUMBER)
		ok = json_add_number(group, "gidNumber", record->gid_number);
	return finish(group, ok);
}

static uint32_t
number_of(const struct rst_record *record, uint16_t attr, uint32_t otherwise)
{
	uint64_t number;

	return rst_view_number(rst_record_first(record, attr), UINT32_MAX,
	                       &number)
	               ? (uint32_t)number
	               : otherwise;
}

bool
model_add_names(cJSON *object, const char *key, const struct rst_record *record,
                uint16_t attr)
{
	cJSON *list = cJSON_AddArrayToObject(object, key);
	char name[RULE_HOST_MAX + 1]; /* the longest of them */
	struct rst_attr values;
	struct rst_view dn;
	bool ok = list != NULL;

	if (!rst_record_attr(record, attr, &values))
		return ok;
	while (ok && rst_attr_next(&values, &dn))
		if (lifecycle_rdn_value(dn, name, sizeof(name)))
			ok = json_append_view(list, rst_view_of(name));
	return ok;
}

cJSON *
model_invitation(const struct rst_rtxn *txn, const struct rst_record *record,
                 int64_t now_s)
{
	struct rst_view id = rst_record_first(record, RST_A_CN);
	cJSON *invitation = cJSON_CreateObject();
	struct rule_invitation facts = {
		.uses = number_of(record, RST_A_ROSTERUSES, 1),
		.used = number_of(record, RST_A_ROSTERUSED, 0),
		.revoked = rst_record_first(record, RST_A_ROSTERREVOKED).ptr !=
		           NULL,
	};
	bool ok;

	(void)txn;
	ok = json_time_parse(rst_record_first(record, RST_A_ROSTEREXPIRES),
	                     &facts.expires_s) &&
	     json_add_time(invitation, "expires", facts.expires_s);
	ok = json_add_view(invitation, "id", id) &&
	     add_first(invitation, "mail", record, RST_A_MAIL) &&
	     json_add_text(invitation, "state",
	                   rule_invitation_word(
				   rule_invitation_state(&facts, now_s))) &&
	     json_add_number(invitation, "uses", facts.uses) &&
	     json_add_number(invitation, "used", facts.used) &&
	     json_add_bool(invitation, "needsApproval",
	                   rst_view_equal_nocase(
				   rst_record_first(record,
	                                            RST_A_ROSTERNEEDSAPPROVAL),
				   RST_VIEW("TRUE"))) &&
	     add_stamp(invitation, "created", record, RST_A_CREATETIMESTAMP) &&
	     add_first(invitation, "creator", record, RST_A_CREATORSNAME) &&
	     model_add_names(invitation, "groups", record, RST_A_ROSTERJOINS) &&
	     add_href(invitation, "/invitations/", id) && ok;
	return finish(invitation, ok);
}

void
model_etag(const struct rst_record *record, struct http_reply *reply)
{
	struct rst_view csn = rst_record_first(record, RST_A_ENTRYCSN);

	if (csn.len > 0 && csn.len + 3 < sizeof(reply->etag))
		snprintf(reply->etag, sizeof(reply->etag), "\"%.*s\"",
		         (int)csn.len, csn.ptr);
}

enum rst_err
model_named(struct http_req *req, model_find *find, struct rst_view name,
            uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = find(&txn, name, ret_id);
	rst_read_end(&txn);
	return err;
}

void
model_show(struct http_req *req, struct http_reply *reply, uint64_t id,
           model_make *make, void *arg)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK) {
		cJSON_Delete(reply->body);
		reply->body = make(arg, &txn, &record);
		model_etag(&record, reply);
		err = reply->body != NULL ? RST_OK : RST_ENOMEM;
	}
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

bool
model_unchanged(struct http_req *req, const struct rst_record *record,
                struct http_reply *reply)
{
	struct rst_view wanted = req->head->value[HTTP_H_IF_MATCH];
	struct rst_view csn = rst_record_first(record, RST_A_ENTRYCSN);

	if (wanted.ptr == NULL)
		return true;
	if (!etag_names(wanted, csn)) {
		http_problem(reply, 412, rule_verdict_code(RULE_CHANGED), NULL,
		             rule_verdict_text(RULE_CHANGED));
		return false;
	}
	/* and it must still be so when the change is made */
	if (!rst_view_equal(wanted, RST_VIEW("*")) &&
	    rst_view_copy(csn, req->expected, sizeof(req->expected))) {
		req->expect = (struct act_expect){
			.id = record->id,
			.csn = rst_view_of(req->expected),
		};
		req->ctx.expect = &req->expect;
	}
	return true;
}

enum rst_err
model_current(struct http_req *req, uint64_t id, struct http_reply *reply)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	if (req->head->value[HTTP_H_IF_MATCH].ptr == NULL)
		return RST_OK;
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK && !model_unchanged(req, &record, reply))
		err = RST_ESTATE;
	rst_read_end(&txn);
	return err;
}
