/* SPDX-License-Identifier: OLDAP-2.8 */
/* why.c - may somebody sign in?  Each step as the doors themselves decide it
 *
 * What a client decides by itself (authorizedService, the shell) is said as
 * pam_ldap, nslcd and sssd take it: "*" is any, "!name" is all but that one.
 * Where an account names none it is the client's setting that counts, so that
 * is a note.  Who may log in on a host is rules/host.h.
 */
#include "lifecycle/why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/attempt.h"
#include "lifecycle/audit.h"
#include "lifecycle/host.h"
#include "lifecycle/moment.h"
#include "lifecycle/password_age.h"
#include "lifecycle/setting.h"
#include "lifecycle/throttle.h"
#include "rules/agreement.h"
#include "store/attr.h"

#define NAME_SHOWN 64
#define GROUPS_MAX 256 /* of one person that are told */

/* What the steps look at. */
struct looking {
	const struct rst_rtxn *txn;
	const struct act_ctx *ctx;
	const struct why_asked *asked;
	struct rst_record record;
	struct lifecycle_policy policy;
	struct why *why;
	int name_len; /* of asked->name, for "%.*s" */
	enum rst_err
		err; /* the first that could(): what follows is not known */
};

/* It was read; what is not there was not. */
static bool
could(struct looking *l, enum rst_err err)
{
	if (l->err == RST_OK && err != RST_ENOTFOUND)
		l->err = err;
	return err == RST_OK;
}

#define NAME(l) (l)->name_len, (l)->asked->name.ptr

static struct why_step *add(struct looking *l, const char *name,
                            enum why_outcome outcome, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static struct why_step *
add(struct looking *l, const char *name, enum why_outcome outcome,
    const char *format, ...)
{
	struct why_step *step = &l->why->steps[l->why->n++];
	va_list args;

	*step = (struct why_step){ .name = name, .outcome = outcome };
	va_start(args, format);
	(void)vsnprintf(step->text, sizeof(step->text), format, args);
	va_end(args);
	if (outcome == WHY_FAIL)
		l->why->allowed = false;
	return step;
}

static void change(struct why_step *step, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
change(struct why_step *step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(step->change, sizeof(step->change), format, args);
	va_end(args);
}

static void
moment_text(int64_t time_s, char buf[LIFECYCLE_TIME_BYTES])
{
	lifecycle_time_print_3339(time_s, buf);
}

static void
look_at_status(struct looking *l)
{
	struct rst_view reason =
		rst_record_first(&l->record, RST_A_ROSTERREASON);
	const char *verb = NULL;
	struct why_step *step;

	switch (l->record.status) {
	case RST_STATUS_PENDING:
		verb = act_is_invited(&l->record) ? "activate" : "approve";
		break;
	case RST_STATUS_SUSPENDED:
		verb = "activate";
		break;
	case RST_STATUS_DELETED:
		verb = "restore";
		break;
	case RST_STATUS_ACTIVE:
		break;
	case RST_STATUS_NONE:
		add(l, "status", WHY_NOTE, "the entry has no status");
		return;
	}
	step = add(l, "status", verb != NULL ? WHY_FAIL : WHY_PASS, "%s%s%.*s",
	           rst_status_word(l->record.status),
	           verb != NULL && reason.len > 0 ? ": " : "",
	           verb != NULL ? (int)reason.len : 0,
	           reason.len > 0 ? reason.ptr : "");
	if (verb != NULL)
		change(step, "rosterctl user %s %.*s", verb, NAME(l));
}

static size_t
count_values(const struct looking *l, uint16_t attr)
{
	struct rst_attr values;

	return rst_record_attr(&l->record, attr, &values) ? values.count : 0;
}

/* What keeps a pending account so, each for itself: its owner, who has not
 * proved the address, and the administrators. */
static void
look_at_admission(struct looking *l)
{
	size_t given = count_values(l, RST_A_ROSTERAPPROVEDBY);
	struct why_step *step;
	int64_t needed;
	bool unverified;

	if (l->record.status != RST_STATUS_PENDING)
		return;
	if (could(l, act_is_unverified(l->txn, &l->record, &unverified)) &&
	    unverified) {
		step = add(l, "verification", WHY_FAIL,
		           "the mail address is not proved");
		change(step, "rosterctl user approve %.*s", NAME(l));
	}
	if (act_is_invited(&l->record)) {
		add(l, "approvals", WHY_PASS, "admitted");
		return;
	}
	if (!could(l, lifecycle_setting_number(l->txn, RULE_SETTING_APPROVALS,
	                                       &needed)))
		return;
	step = add(l, "approvals", WHY_FAIL, "%zu of %" PRId64 " given", given,
	           needed);
	change(step, "rosterctl user approve %.*s", NAME(l));
}

/* The names of what is required and not signed, with commas between. */
static size_t
owed_text(struct looking *l, char *buf, size_t size)
{
	uint64_t ids[RULE_AGREEMENTS_MAX], signature;
	struct rst_record agreement;
	size_t n = 0, used = 0;

	if (!could(l, act_agreements(l->txn, ids, &n)))
		return 0;
	for (size_t i = 0; i < n && used < size / 2; i++) {
		struct rst_view cn;

		if (!could(l, rst_record_get(l->txn, ids[i], &agreement)) ||
		    !act_agreement_required(&agreement) ||
		    could(l, act_signature(l->txn, &agreement, &l->record,
		                           &signature)))
			continue;
		cn = rst_record_first(&agreement, RST_A_CN);
		used += (size_t)snprintf(buf + used, size - used, "%s%.*s",
		                         used > 0 ? ", " : "", (int)cn.len,
		                         cn.ptr);
	}
	return used;
}

/* Who is pending signs before he is active, whoever else before going on at
 * the web. */
static void
look_at_agreements(struct looking *l)
{
	char text[WHY_TEXT_MAX / 2];
	bool pending = l->record.status == RST_STATUS_PENDING;
	struct why_step *step;

	if (owed_text(l, text, sizeof(text)) == 0)
		return;
	step = add(l, "agreements", pending ? WHY_FAIL : WHY_NOTE,
	           "not signed: %s", text);
	if (pending && act_is_invited(&l->record))
		change(step, "rosterctl user activate %.*s", NAME(l));
}

static void
look_at_date(struct looking *l, uint16_t attr, const char *name)
{
	char text[LIFECYCLE_TIME_BYTES];
	bool start = attr == RST_A_ROSTERSTARTS, good;
	struct why_step *step;
	int64_t time_s;

	if (!lifecycle_time_parse(rst_record_first(&l->record, attr),
	                          &time_s)) {
		add(l, name, WHY_PASS, start ? "at once" : "never");
		return;
	}
	good = start ? l->ctx->now_s >= time_s : l->ctx->now_s < time_s;
	moment_text(time_s, text);
	step = add(l, name, good ? WHY_PASS : WHY_FAIL, "%s", text);
	if (!good)
		change(step, "rosterctl user edit %.*s --%s ''", NAME(l),
		       start ? "starts" : "expires");
}

/* As attempt.c does: the row of the table of failures, and the entry. */
static void
look_at_lock(struct looking *l)
{
	const struct rule_lockout lockout = attempt_lockout(&l->policy);
	struct throttle *throttle = throttle_of(l->ctx->env);
	struct rst_view since =
		rst_record_first(&l->record, RST_A_PWDACCOUNTLOCKEDTIME);
	struct throttle_state state = { .locked_s = 0 };
	char text[LIFECYCLE_TIME_BYTES] = "for ever";
	struct why_step *step;
	int64_t since_s = 0;

	if (throttle != NULL)
		throttle_get(throttle,
		             throttle_account(throttle, l->record.id,
		                              l->asked->name),
		             &state);
	/* lifted in the entry, and not cleared in the table yet */
	if (state.recorded_s == state.locked_s && since.len == 0)
		state.locked_s = 0;
	if (since.len > 0 && !lifecycle_time_parse(since, &since_s)) {
		step = add(l, "lock", WHY_FAIL, "locked for ever");
	} else {
		if (since.len == 0)
			since_s = state.locked_s;
		if (since_s == 0 ||
		    !rule_lockout_holds(&lockout, since_s, l->ctx->now_s)) {
			add(l, "lock", WHY_PASS, "not locked");
			return;
		}
		moment_text(since_s + lockout.lock_s, text);
		step = add(l, "lock", WHY_FAIL,
		           "too many wrong passwords; until %s", text);
	}
	change(step, "rosterctl user unlock %.*s", NAME(l));
}

static void
look_at_password(struct looking *l)
{
	size_t keys = count_values(l, RST_A_SSHPUBLICKEY);
	char text[LIFECYCLE_TIME_BYTES];
	struct why_step *step;
	int64_t changed_s;

	if (count_values(l, RST_A_USERPASSWORD) == 0) {
		step = add(l, "password", keys > 0 ? WHY_NOTE : WHY_FAIL,
		           keys > 0 ? "none; SSH keys let in"
		                    : "none, and no SSH key");
		change(step, "rosterctl user password %.*s", NAME(l));
	} else if (lifecycle_time_parse(
			   rst_record_first(&l->record, RST_A_PWDCHANGEDTIME),
			   &changed_s)) {
		moment_text(changed_s, text);
		add(l, "password", WHY_PASS, "set %s, %" PRId64 " days ago",
		    text, (l->ctx->now_s - changed_s) / RULE_DAY);
	} else {
		add(l, "password", WHY_PASS, "set");
	}
}

static void
look_at_age(struct looking *l)
{
	struct rule_password_life life = lifecycle_password_life(&l->policy);
	struct rule_password_facts facts = lifecycle_password_facts(&l->record);
	struct rule_password_standing standing =
		rule_password_standing(&life, &facts, l->ctx->now_s);
	char text[LIFECYCLE_TIME_BYTES];
	struct why_step *step = NULL;

	moment_text(facts.changed_s + life.max_s, text);
	switch (standing.phase) {
	case RULE_PASSWORD_GOOD:
	case RULE_PASSWORD_WARNED:
		if (life.max_s == 0 || facts.changed_s == 0)
			add(l, "password-age", WHY_PASS, "does not expire");
		else
			add(l, "password-age", WHY_PASS,
			    "to be changed before %s", text);
		return;
	case RULE_PASSWORD_RESET:
		step = add(l, "password-age", WHY_NOTE,
		           "temporary: it must be changed at the next sign-in");
		break;
	case RULE_PASSWORD_GRACE:
		step = add(l, "password-age", WHY_NOTE,
		           "expired, must be changed: since %s; %u logins left",
		           text, standing.grace_left + 1);
		break;
	case RULE_PASSWORD_OVER:
		step = add(l, "password-age", WHY_FAIL, "expired: since %s",
		           text);
		break;
	}
	change(step, "rosterctl user password %.*s", NAME(l));
}

static void
look_at_groups(struct looking *l)
{
	uint64_t ids[GROUPS_MAX], wanted;
	struct rst_record group;
	char text[WHY_TEXT_MAX] = "";
	struct why_step *step;
	size_t n = 0, used = 0;
	bool in;

	(void)could(l, rst_member_of_all(l->txn, l->record.id, 0, ids,
	                                 GROUPS_MAX, &n));
	for (size_t i = 0; i < n && used < sizeof(text) / 2; i++) {
		struct rst_view cn;

		if (!could(l, rst_record_get(l->txn, ids[i], &group)))
			continue;
		cn = rst_record_first(&group, RST_A_CN);
		if (cn.len < sizeof(text) / 4)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%.*s",
				used > 0 ? ", " : "", (int)cn.len, cn.ptr);
	}
	step = add(l, "groups", WHY_PASS, "%s", used > 0 ? text : "none");
	if (!could(l, act_find_group(l->txn, RST_VIEW("ldapusers"), &wanted)) ||
	    !could(l, rst_member_within(l->txn, wanted, l->record.id, &in)) ||
	    in)
		return;
	step->outcome = WHY_NOTE;
	(void)snprintf(step->text, sizeof(step->text),
	               "%.300s; a container that admits ldapusers only refuses",
	               used > 0 ? text : "none");
	change(step, "rosterctl group join ldapusers %.*s", NAME(l));
}

/* The values of attr so that name is admitted, with commas between: without
 * "!name", and with name where no other value does. */
static bool
list_text(const struct looking *l, uint16_t attr, struct rst_view name,
          char *buf, size_t size)
{
	struct rule_list kept = { .any = false }, one;
	struct rst_attr values;
	struct rst_view value;
	size_t used = 0;

	buf[0] = '\0';
	if (rst_record_attr(&l->record, attr, &values))
		while (used < size && rst_attr_next(&values, &value)) {
			one = (struct rule_list){ .any = false };
			rule_list_look(&one, value.ptr, value.len, name.ptr,
			               name.len);
			if (one.denies)
				continue;
			kept.admits = kept.admits || one.admits;
			used += (size_t)snprintf(buf + used, size - used,
			                         "%s%.*s", used > 0 ? "," : "",
			                         (int)value.len, value.ptr);
		}
	if (used < size && !kept.admits)
		used += (size_t)snprintf(buf + used, size - used, "%s%.*s",
		                         used > 0 ? "," : "", (int)name.len,
		                         name.ptr);
	return used < size;
}

/* What would put name into the list. */
static void
change_list(const struct looking *l, struct why_step *step, const char *name,
            uint16_t attr, struct rst_view wanted)
{
	char text[WHY_TEXT_MAX - 64 - NAME_SHOWN];

	if (list_text(l, attr, wanted, text, sizeof(text)))
		change(step, "rosterctl user edit %.*s --%s '%s'", NAME(l),
		       name, text);
	else
		change(step, "ldapmodify: add: %s, %s: %.*s", step->name,
		       step->name, (int)wanted.len, wanted.ptr);
}

static void
look_at_service(struct looking *l)
{
	const uint16_t attr = RST_A_AUTHORIZEDSERVICE;
	struct rst_view wanted = l->asked->service;
	struct rule_list list = lifecycle_list(&l->record, attr, wanted);
	struct why_step *step;
	bool good = list.admits && !list.denies;

	if (!list.any) {
		add(l, "service", WHY_NOTE,
		    "no authorizedService: a client that checks it decides by "
		    "its own settings");
	} else if (wanted.ptr == NULL) {
		add(l, "service", WHY_NOTE,
		    "%zu values of authorizedService; ask with --service",
		    count_values(l, attr));
	} else {
		step = add(l, "service", good ? WHY_PASS : WHY_FAIL,
		           "%.*s is %sin authorizedService", (int)wanted.len,
		           wanted.ptr, good ? "" : "not ");
		if (!good)
			change_list(l, step, "service", attr, wanted);
	}
}

static void
add_host_step(struct looking *l, const struct lifecycle_host *host)
{
	const char *name = host->name;
	struct why_step *step = NULL;
	enum rule_host_answer answer;

	if (!could(l, lifecycle_host_judge(l->txn, host, &l->record, &answer)))
		return;
	switch (answer) {
	case RULE_HOST_LISTED:
		add(l, "host", WHY_PASS, "%s is in host", name);
		return;
	case RULE_HOST_BY_GROUP:
		add(l, "host", WHY_PASS, "in a group that %s admits", name);
		return;
	case RULE_HOST_OPEN:
		add(l, "host", WHY_NOTE,
		    "no host, and %s names no group: setting host-default "
		    "admits; a client that insists on host refuses",
		    name);
		return;
	case RULE_HOST_DENIED:
		step = add(l, "host", WHY_FAIL, "!%s is in host", name);
		break;
	case RULE_HOST_UNLISTED:
		step = add(l, "host", WHY_FAIL, "%s is not in host%s", name,
		           host->restricted
		                   ? ", and no group of the account is one "
		                     "that it admits"
		                   : "");
		break;
	case RULE_HOST_CLOSED:
		step = add(l, "host", WHY_FAIL,
		           "no host, and %s names no group: setting "
		           "host-default refuses",
		           name);
		break;
	}
	if (step != NULL)
		change_list(l, step, "host", RST_A_HOST, rst_view_of(name));
}

/* The groups that the host's entry names: which they are, and whether the
 * account is in one.  That decides nothing by itself: host does. */
static void
add_host_groups(struct looking *l, const struct lifecycle_host *host)
{
	char text[WHY_TEXT_MAX / 2] = "", first[NAME_SHOWN] = "";
	struct rst_record group;
	struct why_step *step;
	size_t used = 0;
	bool in = false;

	if (!host->restricted)
		return;
	for (size_t i = 0; i < host->n_groups; i++) {
		struct rst_view cn;

		if (!in)
			(void)could(l,
			            rst_member_within(l->txn, host->groups[i],
			                              l->record.id, &in));
		if (!could(l, rst_record_get(l->txn, host->groups[i], &group)))
			continue;
		cn = rst_record_first(&group, RST_A_CN);
		if (first[0] == '\0')
			(void)rst_view_copy(cn, first, sizeof(first));
		if (used + cn.len + 2 < sizeof(text))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%.*s",
				used > 0 ? ", " : "", (int)cn.len, cn.ptr);
	}
	step = add(l, "groups required", in ? WHY_PASS : WHY_NOTE,
	           "%s admits the members of: %s%s", host->name,
	           used > 0 ? text : "no group that is there",
	           in ? "" : "; this account is in none of them");
	if (!in && first[0] != '\0')
		change(step, "rosterctl group join %s %.*s", first, NAME(l));
}

static enum rst_err
look_at_host(struct looking *l)
{
	struct lifecycle_host host;
	enum rst_err err;

	if (l->asked->host.ptr == NULL) {
		if (count_values(l, RST_A_HOST) > 0)
			add(l, "host", WHY_NOTE,
			    "%zu values of host; ask with --host",
			    count_values(l, RST_A_HOST));
		else
			add(l, "host", WHY_NOTE,
			    "no host: it depends on which one; ask with "
			    "--host");
		return RST_OK;
	}
	err = lifecycle_host(l->txn, l->asked->host, &host);
	if (err == RST_OK) {
		add_host_groups(l, &host);
		add_host_step(l, &host);
	}
	return err;
}

static bool
ends_with(struct rst_view text, const char *end)
{
	struct rst_view tail = rst_view_of(end);

	return text.len >= tail.len &&
	       rst_view_equal(
		       rst_view(text.ptr + (text.len - tail.len), tail.len),
		       tail);
}

static void
look_at_shell(struct looking *l)
{
	struct rst_view shell = rst_record_first(&l->record, RST_A_LOGINSHELL);
	bool closed =
		ends_with(shell, "/nologin") || ends_with(shell, "/false");
	struct why_step *step;

	if (shell.len == 0) {
		add(l, "shell", WHY_NOTE, "none: the client's default");
		return;
	}
	step = add(l, "shell", closed ? WHY_FAIL : WHY_PASS, "%.*s",
	           (int)shell.len, shell.ptr);
	if (closed)
		change(step, "rosterctl user edit %.*s --shell /bin/bash",
		       NAME(l));
}

/* They let a program in, whatever the password. */
static void
look_at_tokens(struct looking *l)
{
	struct rst_record token;
	uint64_t ids[RULE_TOKENS_MAX], after = 0;
	size_t n = RULE_TOKENS_MAX, live = 0;

	while (n == RULE_TOKENS_MAX &&
	       could(l, act_tokens_of(l->txn, l->record.id, "api", after, ids,
	                              RULE_TOKENS_MAX, &n)))
		for (size_t i = 0; i < n; i++) {
			after = ids[i];
			live += could(l,
			              rst_record_get(l->txn, after, &token)) &&
			        act_token_state(&token, l->ctx->now_s) ==
			                ACT_TOKEN_LIVE;
		}
	if (live == 0)
		add(l, "tokens", WHY_PASS, "none");
	else
		add(l, "tokens", WHY_PASS, "%zu that work", live);
}

static void
look_at_view(struct looking *l)
{
	enum rule_state state = act_state(&l->record, l->ctx->now_s);
	int64_t view = RULE_VIEW_HIDE;
	bool hidden;

	if (!could(l, lifecycle_setting_number(l->txn, RULE_SETTING_CLIENT_VIEW,
	                                       &view)))
		return;
	hidden = rule_state_is_hidden(state) ||
	         (!rule_state_may_sign_in(state) && state != RULE_STATE_NONE &&
	          view == RULE_VIEW_HIDE);
	add(l, "client-view", hidden ? WHY_NOTE : WHY_PASS, "%s",
	    hidden ? "containers do not see the account"
	    : rule_state_may_sign_in(state) || state == RULE_STATE_NONE
	            ? "containers see the account"
	            : "containers see the account, locked");
}

static enum rst_err
look_at_person(struct looking *l)
{
	enum rst_err err;

	look_at_status(l);
	look_at_admission(l);
	look_at_agreements(l);
	look_at_date(l, RST_A_ROSTERSTARTS, "starts");
	look_at_date(l, RST_A_ROSTEREXPIRES, "expires");
	look_at_lock(l);
	look_at_password(l);
	look_at_age(l);
	look_at_groups(l);
	err = look_at_host(l);
	if (err != RST_OK)
		return err;
	look_at_service(l);
	look_at_shell(l);
	add(l, "ssh-keys", WHY_PASS, "%zu",
	    count_values(l, RST_A_SSHPUBLICKEY));
	look_at_tokens(l);
	look_at_view(l);
	return RST_OK;
}

static enum rst_err
explain(struct looking *l)
{
	struct why_step *step;
	uint64_t id;
	enum rst_err err;

	err = act_find_person(l->txn, l->asked->name, &id);
	if (err == RST_OK)
		err = rst_record_get(l->txn, id, &l->record);
	if (err == RST_ENOTFOUND) {
		step = add(l, "exists", WHY_FAIL, "nobody has this name");
		change(step, "rosterctl user add %.*s", NAME(l));
		return RST_OK;
	}
	if (err == RST_OK)
		err = lifecycle_policy(l->txn, id, &l->policy);
	if (err != RST_OK)
		return err;
	add(l, "exists", WHY_PASS, "uidNumber %" PRIu32, l->record.uid_number);
	return look_at_person(l);
}

enum rst_err
why_explain(const struct act_ctx *ctx, const struct why_asked *asked,
            struct why *ret_why)
{
	struct rst_rtxn txn;
	struct looking l = {
		.txn = &txn, .ctx = ctx, .asked = asked, .why = ret_why
	};
	enum rst_err err;

	if (asked->host.len > WHY_HOST_MAX || asked->service.len > WHY_HOST_MAX)
		return RST_EINVALID;
	l.name_len = asked->name.len > NAME_SHOWN ? NAME_SHOWN
	                                          : (int)asked->name.len;
	ret_why->n = 0;
	ret_why->allowed = true;
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = explain(&l);
	rst_read_end(&txn);
	return err == RST_OK ? l.err : err;
}

const char *
why_outcome_word(enum why_outcome outcome)
{
	switch (outcome) {
	case WHY_PASS:
		return "pass";
	case WHY_NOTE:
		return "note";
	case WHY_FAIL:
		return "fail";
	}
	return "";
}

static bool
add_text(cJSON *object, const char *key, const char *text)
{
	char *readable = audit_readable(rst_view_of(text));
	bool good = readable != NULL &&
	            cJSON_AddStringToObject(object, key, readable) != NULL;

	free(readable);
	return good;
}

cJSON *
why_model(const struct why *why)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *list;
	bool good;

	good = cJSON_AddBoolToObject(root, "allowed", why->allowed) != NULL;
	list = cJSON_AddArrayToObject(root, "steps");
	good = good && list != NULL;
	for (size_t i = 0; good && i < why->n; i++) {
		const struct why_step *step = &why->steps[i];
		cJSON *item = cJSON_CreateObject();

		good = cJSON_AddItemToArray(list, item) &&
		       add_text(item, "step", step->name) &&
		       add_text(item, "outcome",
		                why_outcome_word(step->outcome)) &&
		       add_text(item, "text", step->text) &&
		       (step->change[0] == '\0' ||
		        add_text(item, "change", step->change));
	}
	if (good)
		return root;
	cJSON_Delete(root);
	return NULL;
}
