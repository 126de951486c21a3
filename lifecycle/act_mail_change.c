/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_mail_change.c - a mail address changes by links to both addresses
 *
 *	ask		link-mail-new to the new address, link-mail-old to the
 *			one there is; nothing changes
 *	confirm		one of them is used; with the second the address is
 *			the new one
 *	refuse		by either link: both end
 *	drop		by the person: both end
 *
 * Whether the new address is somebody's is said to who reads there, and to
 * nobody before: asking is the same work and the same answer.  Both links have
 * the new address, and one end: by that one knows its other half.  They end
 * with the access, with another request and with another address (the gate).
 */
#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/limit.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "rules/registration.h"

#define ASKED_MAX 5 /* requests of one person */
#define ASKED_S   3600
#define MAILS_MAX 16 /* values of mail of one person that are kept */
#define LINKS_MAX 64 /* links of one person that are looked at */

static enum rst_err
refuse_saying(struct act_refusal *refusal, enum rule_verdict verdict,
              const char *why)
{
	enum rst_err err = act_refuse(refusal, verdict, "mail");

	rst_detail_set(&refusal->detail, "%s", why);
	return err;
}

static enum rst_err
is_his(const struct rst_record *person, const char *mail, bool *ret_is)
{
	struct rst_attr values;
	struct rst_view value;
	char canonical[RST_MAIL_MAX + 1];
	enum rst_err err;

	*ret_is = false;
	if (!rst_record_attr(person, RST_A_MAIL, &values))
		return RST_OK;
	while (!*ret_is && rst_attr_next(&values, &value)) {
		err = rst_mail_canonical(value, canonical);
		if (err != RST_OK && err != RST_EINVALID)
			return err;
		*ret_is = err == RST_OK && strcmp(canonical, mail) == 0;
	}
	return RST_OK;
}

/* What can be told of the address without a look at whose it is. */
static enum rst_err
check_address(const struct rst_rtxn *txn, const struct rst_record *person,
              struct rst_view mail, struct act_refusal *refusal)
{
	char canonical[RST_MAIL_MAX + 1], blocked[RULE_SETTING_VALUE_MAX + 1];
	bool his = false;
	enum rst_err err = rst_mail_canonical(mail, canonical);

	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	if (err == RST_OK)
		err = is_his(person, canonical, &his);
	if (err != RST_OK)
		return err;
	if (his)
		return refuse_saying(refusal, RULE_INVALID_EMAIL,
		                     "it is the account's address already");
	err = lifecycle_setting_text(txn, RULE_SETTING_BLOCKED_DOMAINS,
	                             blocked);
	if (err != RST_OK)
		return err;
	if (rule_registration_mail("", blocked, canonical) != RULE_OK)
		return act_refuse(refusal, RULE_EMAIL_DOMAIN, "mail");
	return RST_OK;
}

/* mail in the place of the first address; others stay. */
static enum rst_err
put_mail(struct rst_entry *entry, const struct rst_record *person,
         struct rst_view mail)
{
	struct rst_view values[MAILS_MAX] = { mail };
	struct rst_attr old;
	size_t n = 1;

	if (rst_record_attr(person, RST_A_MAIL, &old)) {
		struct rst_view first;

		if (old.count > MAILS_MAX)
			return RST_EINVALID;
		(void)rst_attr_next(&old, &first);
		while (n < MAILS_MAX && rst_attr_next(&old, &values[n]))
			n++;
	}
	return rst_entry_set(entry, RST_A_MAIL, values, n);
}

/* Whose it is decides, as at every door: RULE_EMAIL_TAKEN. */
static enum rst_err
change(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
       struct rst_view mail, bool proved, struct act_refusal *refusal)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.flags = proved ? GATE_RECOVERY : 0,
		.act = RST_VIEW("change-mail"),
		.id = id,
	};
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_record person;
	enum rst_err err;

	lifecycle_time_print(ctx->now_s, now);
	err = act_load(&txn->r, id, RST_KIND_PERSON, &change.after, &person);
	if (err == RST_OK)
		err = put_mail(change.after, &person, mail);
	if (err == RST_OK && proved)
		err = rst_entry_set_one(change.after, RST_A_ROSTERMAILVERIFIED,
		                        rst_view_of(now));
	if (err == RST_OK)
		err = gate_apply(txn, ctx, &change, refusal, NULL);
	rst_entry_free(change.after);
	return err;
}

/* One of the two, and its mail. */
static enum rst_err
give_link(struct rst_wtxn *txn, const struct act_ctx *ctx,
          const struct rst_record *person, struct rst_view mail, bool old,
          const char *url, struct act_refusal *refusal)
{
	struct act_link terms = {
		.purpose = old ? ACT_PURPOSE_MAIL_OLD : ACT_PURPOSE_MAIL_NEW,
		.owner = person->id,
		.mail = mail,
	};
	struct rst_view present = rst_record_first(person, RST_A_MAIL);
	char token[RST_TOKEN_TEXT], link[LETTER_LINK_MAX];
	struct letter_part parts[] = {
		{ "link", { link, 0 } },
		{ "username", rst_record_first(person, RST_A_UID) },
		{ "name", rst_record_first(person, RST_A_CN) },
		{ "mail", mail },
		{ "from", ctx->address },
	};
	const struct letter letter = {
		.to = old ? present : mail,
		.template = old ? "change-old" : "change-new",
		.language = rst_record_first(person, RST_A_PREFERREDLANGUAGE),
		.parts = parts,
		.n_parts = sizeof(parts) / sizeof(parts[0]),
	};
	uint64_t id;
	enum rst_err err;

	err = lifecycle_setting_number(
		&txn->r, RULE_SETTING_VERIFICATION_LIFETIME, &terms.lifetime_s);
	if (err == RST_OK)
		err = act_link_add(txn, ctx, &terms, token, &id, refusal);
	if (err != RST_OK)
		return err;
	if (letter_link(rst_view_of(url), "verify", token, link)) {
		parts[0].value = rst_view_of(link);
		err = letter_queue(txn, ctx, &letter, NULL);
	} else {
		err = RST_EINVALID;
	}
	sodium_memzero(token, sizeof(token));
	sodium_memzero(link, sizeof(link));
	return err;
}

static enum rst_err
end_links(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
          struct act_refusal *refusal)
{
	enum rst_err err =
		act_link_end(txn, ctx, person, ACT_PURPOSE_MAIL_NEW, refusal);

	return err == RST_OK ? act_link_end(txn, ctx, person,
	                                    ACT_PURPOSE_MAIL_OLD, refusal)
	                     : err;
}

static enum rst_err
give_links(struct rst_wtxn *txn, const struct act_ctx *ctx,
           const struct rst_record *person, struct rst_view mail,
           struct act_refusal *refusal)
{
	char url[LETTER_URL_MAX + 1];
	enum rst_err err;

	if (!letter_url(&txn->r, url))
		return act_refuse(refusal, RULE_SMTP_NOT_CONFIGURED, NULL);
	err = end_links(txn, ctx, person->id, refusal);
	if (err == RST_OK)
		err = give_link(txn, ctx, person, mail, false, url, refusal);
	if (err == RST_OK && rst_record_first(person, RST_A_MAIL).len > 0)
		err = give_link(txn, ctx, person, mail, true, url, refusal);
	return err;
}

static enum rst_err
ask(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
    struct rst_view mail, bool *ret_changed, struct act_refusal *refusal)
{
	struct lifecycle_policy policy;
	struct rst_entry *entry = NULL;
	struct rst_record person;
	int64_t way = RULE_MAIL_CHANGE_OFF;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_PERSON, &entry, &person);
	if (err == RST_OK)
		err = lifecycle_policy(&txn->r, id, &policy);
	if (err == RST_OK)
		way = policy.number[RULE_SETTING_MAIL_CHANGE];
	if (err == RST_OK && way == RULE_MAIL_CHANGE_OFF)
		err = act_refuse(refusal, RULE_FORBIDDEN, "mail");
	if (err == RST_OK)
		err = check_address(&txn->r, &person, mail, refusal);
	if (err == RST_OK && !limit_take(ctx, "mail-change",
	                                 rst_record_first(&person, RST_A_UID),
	                                 ASKED_MAX, ASKED_S))
		err = act_refuse(refusal, RULE_TOO_OFTEN, NULL);
	if (err == RST_OK)
		err = way == RULE_MAIL_CHANGE_DIRECT
		              ? change(txn, ctx, id, mail, false, refusal)
		              : give_links(txn, ctx, &person, mail, refusal);
	if (err == RST_OK)
		*ret_changed = way == RULE_MAIL_CHANGE_DIRECT;
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_mail_ask(const struct act_ctx *ctx, uint64_t person, struct rst_view mail,
             bool *ret_changed, struct act_refusal *refusal)
{
	char text[RST_MAIL_MAX + 1];
	struct rst_wtxn txn = { 0 };
	bool changed = false;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (mail.len == 0 || mail.len > RST_MAIL_MAX)
		return act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = ask(&txn, ctx, person, act_mail_text(mail, text),
		          &changed, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_changed = changed;
	return err;
}

/* A link of either kind, and who asked for it. */
static enum rst_err
open_link(const struct rst_rtxn *txn, const struct act_ctx *ctx,
          struct rst_view token, struct rst_entry **ret_link,
          struct rst_record *ret_record, uint64_t *ret_person, bool *ret_old,
          struct act_refusal *refusal)
{
	struct rst_entry *link = NULL;
	struct rst_record record, person;
	uint64_t owner;
	bool old = false;
	enum rst_err err;

	err = act_link_open(txn, ctx->now_s, token, ACT_PURPOSE_MAIL_NEW, &link,
	                    &record, &owner, refusal);
	if (err == RST_EDENIED) {
		old = true;
		err = act_link_open(txn, ctx->now_s, token,
		                    ACT_PURPOSE_MAIL_OLD, &link, &record,
		                    &owner, refusal);
	}
	if (err == RST_OK)
		err = rst_record_get(txn, owner, &person);
	/* an end that came by the clock counts before any sweep */
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK &&
	     !rule_state_may_sign_in(act_state(&person, ctx->now_s))))
		err = act_refuse(refusal, RULE_INVALID_LINK, "token");
	if (err != RST_OK) {
		rst_entry_free(link);
		return err;
	}
	refusal->verdict = RULE_OK;
	*ret_link = link;
	*ret_record = record;
	*ret_person = owner;
	*ret_old = old;
	return RST_OK;
}

/* The other link of the same request: used, and not ended since? */
static enum rst_err
other_half(const struct rst_rtxn *txn, uint64_t person,
           const struct rst_record *link, const char *purpose, bool *ret_there,
           bool *ret_used)
{
	uint64_t ids[LINKS_MAX], after = 0;
	struct rst_record other;
	size_t n = LINKS_MAX;
	enum rst_err err = RST_OK;

	*ret_there = *ret_used = false;
	while (err == RST_OK && n == LINKS_MAX) {
		err = act_tokens_of(txn, person, purpose, after, ids, LINKS_MAX,
		                    &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = rst_record_get(txn, after, &other);
			if (err != RST_OK ||
			    rst_record_first(&other, RST_A_ROSTERREVOKED).len >
			            0 ||
			    !rst_view_equal(
				    rst_record_first(&other, RST_A_MAIL),
				    rst_record_first(link, RST_A_MAIL)) ||
			    !rst_view_equal(
				    rst_record_first(&other,
			                             RST_A_ROSTEREXPIRES),
				    rst_record_first(link,
			                             RST_A_ROSTEREXPIRES)))
				continue;
			*ret_there = true;
			*ret_used =
				rst_record_first(&other, RST_A_ROSTERUSED).len >
				0;
		}
	}
	return err;
}

static enum rst_err
describe(const struct rst_rtxn *txn, const struct rst_record *link,
         uint64_t person, bool old, struct act_mail_change *ret_change)
{
	struct act_mail_change change = { .person = person, .by_old = old };
	enum rst_err err;

	(void)rst_view_copy(rst_record_first(link, RST_A_MAIL), change.mail,
	                    sizeof(change.mail));
	if (!lifecycle_time_parse(rst_record_first(link, RST_A_ROSTEREXPIRES),
	                          &change.expires_s))
		return RST_ECORRUPT;
	err = other_half(txn, person, link,
	                 old ? ACT_PURPOSE_MAIL_NEW : ACT_PURPOSE_MAIL_OLD,
	                 &change.asks_both, &change.half);
	if (err == RST_OK)
		*ret_change = change;
	return err;
}

enum rst_err
act_mail_find(const struct act_ctx *ctx, struct rst_view token,
              struct act_mail_change *ret_change, struct act_refusal *refusal)
{
	struct rst_entry *link = NULL;
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t person;
	bool old;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = open_link(&txn, ctx, token, &link, &record, &person, &old,
	                refusal);
	if (err == RST_OK)
		err = describe(&txn, &record, person, old, ret_change);
	rst_read_end(&txn);
	rst_entry_free(link);
	return err;
}

enum rst_err
act_mail_pending(const struct rst_rtxn *txn, uint64_t person, int64_t now_s,
                 struct act_mail_change *ret_change)
{
	static const char *const purposes[] = { ACT_PURPOSE_MAIL_NEW,
		                                ACT_PURPOSE_MAIL_OLD };
	uint64_t ids[LINKS_MAX], after;
	struct rst_record link;
	size_t n;
	enum rst_err err = RST_OK;

	for (size_t p = 0; err == RST_OK && p < 2; p++) {
		after = 0;
		n = LINKS_MAX;
		while (err == RST_OK && n == LINKS_MAX) {
			err = act_tokens_of(txn, person, purposes[p], after,
			                    ids, LINKS_MAX, &n);
			for (size_t i = 0; err == RST_OK && i < n; i++) {
				after = ids[i];
				err = rst_record_get(txn, after, &link);
				if (err == RST_OK &&
				    act_token_state(&link, now_s) ==
				            ACT_TOKEN_LIVE)
					return describe(txn, &link, person,
					                p == 1, ret_change);
			}
		}
	}
	return err == RST_OK ? RST_ENOTFOUND : err;
}

/* With the second one it is done.  The reader of the new address is told that
 * it is somebody's when he says that it is his. */
static enum rst_err
use(struct rst_wtxn *txn, const struct act_ctx *ctx, struct rst_entry *link,
    const struct act_mail_change *what, bool *ret_changed,
    struct act_refusal *refusal)
{
	char canonical[RST_MAIL_MAX + 1];
	struct rst_ident_owner owner;
	enum rst_err err;

	err = act_link_use(txn, ctx, link, refusal);
	if (err == RST_OK && (what->half || !what->asks_both)) {
		*ret_changed = true;
		return change(txn, ctx, what->person, rst_view_of(what->mail),
		              true, refusal);
	}
	if (err == RST_OK && !what->by_old) {
		err = rst_mail_canonical(rst_view_of(what->mail), canonical);
		if (err == RST_OK)
			err = rst_ident_owner(&txn->r, RST_IDENT_MAIL,
			                      rst_view_of(canonical), 0,
			                      &owner);
		if (err == RST_OK)
			return act_refuse(refusal, RULE_EMAIL_TAKEN, "mail");
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	*ret_changed = false;
	return err;
}

/* The link is the proof of who he is: he acts, not nobody.  Who refuses may be
 * another who reads there. */
static enum rst_err
answer(struct rst_wtxn *txn, const struct act_ctx *ctx, struct rst_view token,
       bool refuse, struct act_mail_change *ret_change, bool *ret_changed,
       struct act_refusal *refusal)
{
	struct rst_entry *link = NULL;
	struct act_ctx who = *ctx;
	struct rst_record record;
	char dn[RST_DN_MAX];
	uint64_t person = 0;
	size_t len = 0;
	bool old;
	enum rst_err err;

	err = open_link(&txn->r, ctx, token, &link, &record, &person, &old,
	                refusal);
	if (err == RST_OK)
		err = describe(&txn->r, &record, person, old, ret_change);
	if (err == RST_OK)
		err = rst_tree_dn(&txn->r, person, dn, sizeof(dn), &len);
	who.actor = refuse ? RST_VIEW("") : rst_view(dn, len);
	who.actor_id = refuse ? 0 : person;
	*ret_changed = false;
	if (err == RST_OK)
		err = refuse ? end_links(txn, &who, person, refusal)
		             : use(txn, &who, link, ret_change, ret_changed,
		                   refusal);
	rst_entry_free(link);
	return err;
}

enum rst_err
act_mail_answer(const struct act_ctx *ctx, struct rst_view token, bool refuse,
                struct act_mail_change *ret_change, bool *ret_changed,
                struct act_refusal *refusal)
{
	struct act_mail_change change = { 0 };
	struct rst_wtxn txn = { 0 };
	bool changed = false;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = answer(&txn, ctx, token, refuse, &change, &changed,
		             refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK) {
		*ret_change = change;
		*ret_changed = changed;
	}
	return err;
}

enum rst_err
act_mail_drop_change(const struct act_ctx *ctx, uint64_t person,
                     struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = end_links(&txn, ctx, person, refusal);
	return act_end(&txn, ctx, err);
}
