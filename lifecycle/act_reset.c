/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_reset.c - a password is forgotten, and set by a link
 *
 *	request		a row in the outbox, whoever the name is: the same work
 *	answer		later, by the thread that sends mail: is that somebody
 *			who may have a link?  Then the link and its mail
 *	confirm		the password is judged and hashed, then in one
 *			transaction the link is used and the password set
 *
 * The gate ends sessions, other links and locks with the change of password,
 * and has the person told.
 */
#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"
#include "lifecycle/letter.h"
#include "lifecycle/limit.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/outbox.h"

#define SOURCE_MAX  12 /* requests of one network address */
#define SOURCE_S    600
#define PERSON_MAX  5 /* mails to one person */
#define PERSON_S    600
#define ADDRESS_MAX 64 /* bytes, as the journal has them */

static enum rst_err
queue_request(struct rst_wtxn *txn, const struct act_ctx *ctx,
              struct rst_view name)
{
	const struct letter_part part = { "from", ctx->address };
	const struct letter letter = { .to = name,
		                       .template = ACT_RESET_REQUEST,
		                       .parts = &part,
		                       .n_parts = 1 };
	char url[LETTER_URL_MAX + 1];
	enum rst_err err = RST_OK;

	if (letter_url(&txn->r, url))
		err = letter_queue(txn, ctx, &letter, NULL);
	if (err == RST_OK)
		err = act_event(txn, ctx, "request-reset", ctx->actor);
	return err;
}

enum rst_err
act_reset_request(const struct act_ctx *ctx, struct rst_view name,
                  struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	bool allowed;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (name.len == 0 || name.len > RST_MAIL_MAX)
		return act_refuse(refusal, RULE_INVALID_USERNAME, "username");
	if (!limit_take_source(ctx, "reset", SOURCE_MAX, SOURCE_S))
		return act_refuse(refusal, RULE_TOO_OFTEN, NULL);
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_setting_on(&txn.r, RULE_SETTING_PASSWORD_RESET,
	                           &allowed);
	if (err == RST_OK && !allowed)
		err = act_refuse(refusal, RULE_FORBIDDEN, NULL);
	if (err == RST_OK)
		err = queue_request(&txn, ctx, name);
	return act_end(&txn, ctx, err);
}

/* A link that sets a password: what for, how long, and how it is sent. */
struct giving {
	const char *template;
	enum rule_setting_id lifetime;
	const struct act_post *post; /* NULL: it is not */
};

static enum rst_err
send_link(struct rst_wtxn *txn, const struct act_ctx *ctx,
          const struct rst_record *person, const struct giving *giving,
          int64_t expires_s, const char *token, struct act_refusal *refusal)
{
	char link[LETTER_LINK_MAX], expires[LIFECYCLE_TIME_BYTES];
	enum rst_err err;

	err = letter_post_link(&txn->r, giving->post, "reset", token, link,
	                       refusal);
	if (err != RST_OK)
		return err;
	lifecycle_time_print_3339(expires_s, expires);
	const struct letter_part parts[] = {
		{ "link", rst_view_of(link) },
		{ "username", rst_record_first(person, RST_A_UID) },
		{ "name", rst_record_first(person, RST_A_CN) },
		{ "expires", rst_view_of(expires) },
	};
	const struct letter letter = {
		.to = rst_record_first(person, RST_A_MAIL),
		.template = giving->template,
		.language = rst_record_first(person, RST_A_PREFERREDLANGUAGE),
		.parts = parts,
		.n_parts = sizeof(parts) / sizeof(parts[0]),
	};
	err = letter_queue(txn, ctx, &letter, giving->post->ret_mail);
	sodium_memzero(link, sizeof(link));
	return err;
}

/* The link of person (in memory), older ones ended, and perhaps its mail. */
static enum rst_err
give_link(struct rst_wtxn *txn, const struct act_ctx *ctx,
          const struct rst_record *person, const struct giving *giving,
          char token[RST_TOKEN_TEXT], struct act_refusal *refusal)
{
	struct act_link terms = {
		.purpose = ACT_PURPOSE_RESET,
		.owner = person->id,
	};
	uint64_t id;
	enum rst_err err;

	err = lifecycle_setting_number(&txn->r, giving->lifetime,
	                               &terms.lifetime_s);
	if (err == RST_OK)
		err = act_link_end(txn, ctx, person->id, ACT_PURPOSE_RESET,
		                   refusal);
	if (err == RST_OK)
		err = act_link_add(txn, ctx, &terms, token, &id, refusal);
	if (err == RST_OK && giving->post != NULL)
		err = send_link(txn, ctx, person, giving,
		                ctx->now_s + terms.lifetime_s, token, refusal);
	return err;
}

/* Nobody is told of what was asked for by, or for, a stranger. */
static enum rst_err
answer(struct rst_wtxn *txn, const struct act_ctx *ctx,
       const struct rst_mail *request, struct act_refusal *refusal)
{
	static const struct act_post post = { .ret_mail = NULL };
	const struct giving giving = { "reset", RULE_SETTING_RESET_LIFETIME,
		                       &post };
	char url[LETTER_URL_MAX + 1], token[RST_TOKEN_TEXT];
	struct rst_entry *entry = NULL;
	struct rst_record person;
	uint64_t id;
	enum rst_err err;

	err = act_find_claimant(&txn->r, request->to, &id);
	if (err == RST_OK)
		err = act_load(&txn->r, id, RST_KIND_PERSON, &entry, &person);
	if (err == RST_OK &&
	    (!rule_state_may_sign_in(act_state(&person, ctx->now_s)) ||
	     rst_record_first(&person, RST_A_MAIL).len == 0 ||
	     !letter_url(&txn->r, url) ||
	     !limit_take(ctx, "reset", rst_record_first(&person, RST_A_UID),
	                 PERSON_MAX, PERSON_S)))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = give_link(txn, ctx, &person, &giving, token, refusal);
	sodium_memzero(token, sizeof(token));
	rst_entry_free(entry);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Where the request came from, as its row has it; "" if it does not. */
static void
asker_of(const struct rst_mail *request, char address[ADDRESS_MAX + 1])
{
	cJSON *params =
		cJSON_ParseWithLength(request->params.ptr, request->params.len);
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(params, "from");

	if (!cJSON_IsString(from) ||
	    !rst_view_copy(rst_view_of(from->valuestring), address,
	                   ADDRESS_MAX + 1))
		address[0] = '\0';
	cJSON_Delete(params);
}

enum rst_err
act_reset_answer(const struct act_ctx *ctx, uint64_t id,
                 struct act_refusal *refusal)
{
	char address[ADDRESS_MAX + 1] = "";
	struct act_ctx his = *ctx; /* the journal says where it was asked */
	struct rst_mail request = { .bytes = NULL };
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = rst_outbox_get(&txn.r, id, &request);
	if (err == RST_OK &&
	    !rst_view_equal(request.template, RST_VIEW(ACT_RESET_REQUEST)))
		err = RST_ENOTFOUND;
	if (err == RST_OK) {
		asker_of(&request, address);
		his.address = rst_view_of(address);
		err = answer(&txn, &his, &request, refusal);
	}
	if (err == RST_OK)
		err = rst_outbox_drop(&txn, id);
	err = act_end(&txn, ctx, err);
	rst_mail_release(&request);
	return err;
}

/* A link that sets the password is for who may sign in with it, and a mail
 * for who has an address. */
static enum rst_err
check_owner(enum rule_state state, struct rst_view mail, bool sends,
            struct act_refusal *refusal)
{
	if (!rule_state_may_sign_in(state))
		return act_refuse(refusal, RULE_ACCOUNT_INACTIVE, NULL);
	if (sends && mail.len == 0)
		return act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	return RST_OK;
}

enum rst_err
act_reset_possible(const struct act_ctx *ctx, enum rst_status status,
                   struct rst_view mail, bool sends,
                   struct act_refusal *refusal)
{
	return check_owner(
		rule_state((enum rule_status)status, 0, RULE_NEVER, ctx->now_s),
		mail, sends, refusal);
}

enum rst_err
act_reset_link(const struct act_ctx *ctx, uint64_t person,
               const struct act_post *post, char token[RST_TOKEN_TEXT],
               struct act_refusal *refusal)
{
	const struct giving giving = { "password",
		                       RULE_SETTING_INVITATION_LIFETIME, post };
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	char fresh[RST_TOKEN_TEXT];
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = act_write_begin(ctx, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &entry, &record);
	if (err == RST_OK)
		err = check_owner(act_state(&record, ctx->now_s),
		                  rst_record_first(&record, RST_A_MAIL),
		                  post != NULL, refusal);
	if (err == RST_OK)
		err = give_link(&txn, ctx, &record, &giving, fresh, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		memcpy(token, fresh, RST_TOKEN_TEXT);
	rst_entry_free(entry);
	sodium_memzero(fresh, sizeof(fresh));
	return err;
}

/* The link, and a person who may sign in. */
static enum rst_err
open_link(const struct rst_rtxn *txn, const struct act_ctx *ctx,
          struct rst_view token, struct rst_entry **ret_link,
          uint64_t *ret_person, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record, person;
	uint64_t owner;
	enum rst_err err;

	err = act_link_open(txn, ctx->now_s, token, ACT_PURPOSE_RESET, &entry,
	                    &record, &owner, refusal);
	if (err == RST_OK)
		err = rst_record_get(txn, owner, &person);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK &&
	     !rule_state_may_sign_in(act_state(&person, ctx->now_s))))
		err = act_refuse(refusal, RULE_INVALID_LINK, "token");
	if (err == RST_OK) {
		*ret_link = entry;
		*ret_person = owner;
	} else {
		rst_entry_free(entry);
	}
	return err;
}

enum rst_err
act_reset_find(const struct act_ctx *ctx, struct rst_view token,
               uint64_t *ret_person, struct act_refusal *refusal)
{
	struct rst_entry *link = NULL;
	struct rst_rtxn txn;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = open_link(&txn, ctx, token, &link, ret_person, refusal);
	rst_read_end(&txn);
	rst_entry_free(link);
	return err;
}

/* Look before the slow hash; the transaction looks again.  A password that is
 * set meanwhile ends the link: former ones need no second look. */
static enum rst_err
prepare(const struct act_ctx *ctx, struct rst_view token,
        struct rst_view password, char hash[LIFECYCLE_HASH_MAX],
        struct act_refusal *refusal)
{
	struct lifecycle_terms terms = { 0 };
	uint64_t person;
	struct rst_rtxn txn;
	enum rst_err err;

	err = act_reset_find(ctx, token, &person, refusal);
	if (err == RST_OK)
		err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_terms(&txn, person, &terms);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = act_hash_password(ctx, &terms, password, "password", hash,
		                        refusal);
	sodium_memzero(&terms, sizeof(terms));
	return err;
}

static enum rst_err
set_password(struct rst_wtxn *txn, const struct act_ctx *ctx,
             struct rst_entry *link, uint64_t person, const char *hash,
             struct act_refusal *refusal)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.flags = GATE_RECOVERY,
		.act = RST_VIEW("reset-password"),
		.id = person,
	};
	struct rst_record record;
	bool ends;
	enum rst_err err;

	err = act_link_use(txn, ctx, link, refusal);
	if (err == RST_OK)
		err = act_load(&txn->r, person, RST_KIND_PERSON, &change.after,
		               &record);
	if (err == RST_OK)
		err = rst_entry_set_one(change.after, RST_A_USERPASSWORD,
		                        rst_view_of(hash));
	if (err == RST_OK)
		err = gate_apply(txn, ctx, &change, refusal, NULL);
	if (err == RST_OK)
		err = lifecycle_setting_on(
			&txn->r, RULE_SETTING_RESET_ENDS_TOKENS, &ends);
	if (err == RST_OK && ends)
		err = act_link_end(txn, ctx, person, "api", refusal);
	rst_entry_free(change.after);
	return err;
}

/* The link is the proof of who he is: he acts, not nobody. */
static enum rst_err
confirm(struct rst_wtxn *txn, const struct act_ctx *ctx, struct rst_view token,
        const char *hash, uint64_t *ret_person, struct act_refusal *refusal)
{
	struct act_ctx himself = *ctx;
	struct rst_entry *link = NULL;
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = open_link(&txn->r, ctx, token, &link, ret_person, refusal);
	if (err == RST_OK)
		err = rst_tree_dn(&txn->r, *ret_person, dn, sizeof(dn), &len);
	if (err == RST_OK) {
		himself.actor = rst_view(dn, len);
		himself.actor_id = *ret_person;
		err = set_password(txn, &himself, link, *ret_person, hash,
		                   refusal);
	}
	rst_entry_free(link);
	return err;
}

enum rst_err
act_reset_confirm(const struct act_ctx *ctx, struct rst_view token,
                  struct rst_view password, uint64_t *ret_person,
                  struct act_refusal *refusal)
{
	struct throttle *throttle = throttle_of(ctx->env);
	char hash[LIFECYCLE_HASH_MAX] = "";
	struct rst_wtxn txn = { 0 };
	uint64_t person = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = prepare(ctx, token, password, hash, refusal);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		goto out;
	err = confirm(&txn, ctx, token, hash, &person, refusal);
	err = act_end(&txn, ctx, err);
	if (err != RST_OK || ctx->dry_run)
		goto out;
	/* what is not in the entry of the lock */
	if (throttle != NULL)
		throttle_clear(throttle, throttle_account(throttle, person,
		                                          RST_VIEW("")));
	*ret_person = person;
out:
	sodium_memzero(hash, sizeof(hash));
	return err;
}
