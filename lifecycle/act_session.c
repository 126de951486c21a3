/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_session.c - sign in, sign out, may this session still act
 *
 * A failed attempt writes nothing: an attacker must not be able to make the
 * directory write.  All failures cost one hash.
 */
#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"
#include "lifecycle/decoy.h"
#include "lifecycle/moment.h"
#include "lifecycle/password_age.h"
#include "lifecycle/setting.h"
#include "rules/clock.h"
#include "rules/password.h"

#define SESSION_SEEN_S 60 /* how exact "last seen" is */

/* Who wants to sign in, copied out of a snapshot; id 0 for nobody. */
struct claimant {
	uint64_t id, generation;
	enum rule_state state;
	char username[DECOY_NAME_BYTES + 1];
	bool invited;                       /* may sign in to sign agreements */
	char since[LIFECYCLE_TIME_BYTES];   /* pwdAccountLockedTime */
	char stored[RULE_PASSWORD_MAX + 1]; /* wipe it */
	struct attempt_policy policy;
	struct rule_password_facts facts;
};

/* By username, or by mail address. */
enum rst_err
act_find_claimant(const struct rst_rtxn *txn, struct rst_view name,
                  uint64_t *ret_id)
{
	char canonical[RST_MAIL_MAX + 1];
	struct rst_ident_owner owner;
	enum rst_err err;

	err = act_find_person(txn, name, ret_id);
	if (err != RST_ENOTFOUND)
		return err;
	err = rst_mail_canonical(name, canonical);
	if (err == RST_EINVALID)
		return RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_ident_owner(txn, RST_IDENT_MAIL,
		                      rst_view_of(canonical), 0, &owner);
	if (err == RST_OK && owner.tombstone)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_id = owner.id;
	return err;
}

static void
take_claimant(const struct act_ctx *ctx, const struct rst_record *record,
              struct claimant *claimant)
{
	claimant->id = record->id;
	claimant->generation = record->generation;
	claimant->state = act_state(record, ctx->now_s);
	claimant->invited = act_is_invited(record);
	claimant->facts = lifecycle_password_facts(record);
	(void)rst_view_copy(
		rst_record_first(record, RST_A_PWDACCOUNTLOCKEDTIME),
		claimant->since, sizeof(claimant->since));
	(void)rst_view_copy(rst_record_first(record, RST_A_UID),
	                    claimant->username, sizeof(claimant->username));
	(void)rst_view_copy(rst_record_first(record, RST_A_USERPASSWORD),
	                    claimant->stored, sizeof(claimant->stored));
}

static enum rst_err
read_claimant(const struct act_ctx *ctx, struct rst_view name,
              struct claimant *claimant)
{
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t id;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = act_find_claimant(&txn, name, &id);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK && record.kind == RST_KIND_PERSON)
		take_claimant(ctx, &record, claimant);
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	if (err == RST_OK)
		err = attempt_policy(&txn, claimant->id, &claimant->policy);
	rst_read_end(&txn);
	return err;
}

/* Is he still who he was when the password was checked?  Then a session. */
static enum rst_err
open_session(struct rst_wtxn *txn, const struct act_ctx *ctx,
             const struct claimant *claimant,
             const unsigned char digest[RST_DIGEST_BYTES],
             const struct rst_session *session, struct act_refusal *refusal)
{
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = act_still_admitted(&txn->r, claimant->id, claimant->generation,
	                         ctx->now_s);
	if (err == RST_EDENIED)
		return act_refuse(refusal, RULE_INVALID_CREDENTIALS, NULL);
	if (err == RST_OK)
		err = rst_session_add(txn, digest, session);
	if (err == RST_OK)
		err = rst_tree_dn(&txn->r, claimant->id, dn, sizeof(dn), &len);
	if (err == RST_OK)
		err = act_event(txn, ctx, "sign-in", rst_view(dn, len));
	return err;
}

static enum rst_err
make_session(const struct rst_rtxn *txn, const struct act_ctx *ctx,
             const struct claimant *claimant, struct rst_view agent,
             struct rst_session *ret_session)
{
	int64_t lifetime_s;
	struct rst_session session = {
		.user = claimant->id,
		.generation = claimant->generation,
		.made_s = ctx->now_s,
		.seen_s = ctx->now_s,
		.proved_s = ctx->now_s,
	};
	enum rst_err err;

	err = lifecycle_setting_number(txn, RULE_SETTING_SESSION_LIFETIME,
	                               &lifetime_s);
	if (err != RST_OK)
		return err;
	session.expires_s = ctx->now_s + lifetime_s;
	/* Cut, not refused: both are for reading only. */
	if (agent.len >= sizeof(session.agent))
		agent.len = sizeof(session.agent) - 1;
	(void)rst_view_copy(agent, session.agent, sizeof(session.agent));
	(void)rst_view_copy(ctx->address, session.address,
	                    sizeof(session.address));
	*ret_session = session;
	return RST_OK;
}

static enum rst_err
start_session(const struct act_ctx *ctx, const struct claimant *claimant,
              struct rst_view agent, char token[RST_TOKEN_TEXT],
              struct rst_session *ret_session, struct act_refusal *refusal)
{
	struct rst_session session;
	unsigned char digest[RST_DIGEST_BYTES];
	char text[RST_TOKEN_TEXT];
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	rst_token_new(text, digest);
	/* In a full directory somebody must be able to come and make room. */
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = make_session(&txn.r, ctx, claimant, agent, &session);
	if (err == RST_OK)
		err = open_session(&txn, ctx, claimant, digest, &session,
		                   refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK) {
		memcpy(token, text, RST_TOKEN_TEXT);
		*ret_session = session;
	}
	sodium_memzero(text, sizeof(text));
	return err;
}

static enum rst_err
check_password(const struct act_ctx *ctx, const struct claimant *claimant,
               struct rst_view asked, struct rst_view password, bool suspect)
{
	/* whoever asks by mail asks for the same one */
	struct rst_view name =
		claimant->id != 0 ? rst_view_of(claimant->username) : asked;

	const struct verified_proof proof = {
		.id = claimant->id,
		.generation = claimant->generation,
		.stored = rst_view_of(claimant->stored),
		.password = password,
	};
	enum rst_err err;

	if (attempt_remembers(ctx->env, &claimant->policy, &proof, ctx->now_s))
		return RST_OK;
	err = lifecycle_password_check(ctx->env, name, suspect, proof.stored,
	                               password, NULL, NULL);
	if (err == RST_OK)
		attempt_remember(ctx->env, &claimant->policy, &proof,
		                 ctx->now_s);
	return err;
}

/* RST_OK when it is his password; nothing is told of an account otherwise. */
static enum rst_err
prove(const struct act_ctx *ctx, const struct claimant *claimant,
      struct rst_view username, struct rst_view password, bool *ret_throttled)
{
	struct attempt_renewal renewal = { .stored = claimant->stored };
	const struct attempt_claim claim = {
		.id = claimant->id,
		.name = username,
		.since = rst_view_of(claimant->since),
		.address = ctx->address,
		.password = password,
		.now_s = ctx->now_s,
		.renewal = &renewal,
	};
	struct attempt attempt;
	enum rst_err err;

	err = attempt_begin(ctx->env, &claimant->policy, &claim, &attempt);
	if (err != RST_OK)
		return err;
	*ret_throttled = attempt.standing == ATTEMPT_THROTTLED;
	if (*ret_throttled || attempt.standing == ATTEMPT_LOCKED) {
		err = RST_EDENIED;
	} else {
		err = check_password(ctx, claimant, username, password,
		                     attempt.standing == ATTEMPT_SUSPECT);
		err = attempt_outcome(&attempt, err);
	}
	if (err == RST_OK)
		lifecycle_password_renew(ctx->env,
		                         rst_view_of(claimant->stored),
		                         password, renewal.hash);
	attempt_end(ctx, &attempt, err);
	sodium_memzero(&renewal, sizeof(renewal));
	return err;
}

/* An expired password: one of the last times. */
static enum rst_err
spend_grace(const struct act_ctx *ctx, const struct claimant *claimant,
            struct act_refusal *refusal)
{
	struct rule_password_standing standing = rule_password_standing(
		&claimant->policy.life, &claimant->facts, ctx->now_s);

	switch (standing.phase) {
	case RULE_PASSWORD_GOOD:
	case RULE_PASSWORD_WARNED:
	case RULE_PASSWORD_RESET:
		return RST_OK;
	case RULE_PASSWORD_GRACE:
		return act_use_grace(ctx, claimant->id, refusal);
	case RULE_PASSWORD_OVER:
		break;
	}
	return act_refuse(refusal, RULE_PASSWORD_EXPIRED, NULL);
}

enum rst_err
act_sign_in(const struct act_ctx *ctx, struct rst_view username,
            struct rst_view password, struct rst_view agent,
            char token[RST_TOKEN_TEXT], struct rst_session *ret_session,
            struct act_refusal *refusal)
{
	struct claimant claimant = { 0 };
	bool throttled = false;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = read_claimant(ctx, username, &claimant);
	if (err == RST_OK)
		err = prove(ctx, &claimant, username, password, &throttled);
	sodium_memzero(claimant.stored, sizeof(claimant.stored));
	if (err == RST_EDENIED)
		return act_refuse(refusal,
		                  throttled ? RULE_TOO_MANY_ATTEMPTS
		                            : RULE_INVALID_CREDENTIALS,
		                  NULL);
	if (err != RST_OK)
		return err;
	if (!rule_state_may_sign_in(claimant.state) && !claimant.invited) {
		attempt_note(ctx, &claimant.policy, THROTTLE_INACTIVE,
		             claimant.id);
		return act_refuse(refusal, RULE_ACCOUNT_INACTIVE, NULL);
	}
	err = spend_grace(ctx, &claimant, refusal);
	if (err != RST_OK)
		return err;
	return start_session(ctx, &claimant, agent, token, ret_session,
	                     refusal);
}

/* The person of the session, if it is still there. */
static enum rst_err
read_owner(const struct act_ctx *ctx,
           const unsigned char digest[RST_DIGEST_BYTES],
           struct claimant *claimant, struct rst_session *session)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_session_get(&txn, digest, session);
	if (err == RST_OK)
		err = rst_record_get(&txn, session->user, &record);
	if (err == RST_OK) {
		take_claimant(ctx, &record, claimant);
		err = attempt_policy(&txn, claimant->id, &claimant->policy);
	}
	rst_read_end(&txn);
	return err;
}

/* The session under a new token, as it was otherwise. */
static enum rst_err
renew(const struct act_ctx *ctx, const struct claimant *claimant,
      const unsigned char digest[RST_DIGEST_BYTES], char token[RST_TOKEN_TEXT],
      struct rst_session *session)
{
	unsigned char fresh[RST_DIGEST_BYTES];
	struct rst_wtxn txn = { 0 };
	char text[RST_TOKEN_TEXT];
	enum rst_err err;

	rst_token_new(text, fresh);
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_session_get(&txn.r, digest, session);
	if (err == RST_OK)
		err = act_still_admitted(&txn.r, claimant->id,
		                         claimant->generation, ctx->now_s);
	if (err == RST_EDENIED)
		err = RST_ENOTFOUND; /* it is over */
	if (err == RST_OK)
		err = rst_session_drop(&txn, digest);
	session->proved_s = ctx->now_s;
	session->seen_s = ctx->now_s;
	if (err == RST_OK)
		err = rst_session_add(&txn, fresh, session);
	if (err == RST_OK)
		err = act_event(&txn, ctx, "reauthenticate", ctx->actor);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		memcpy(token, text, RST_TOKEN_TEXT);
	sodium_memzero(text, sizeof(text));
	return err;
}

enum rst_err
act_reauthenticate(const struct act_ctx *ctx,
                   const unsigned char digest[RST_DIGEST_BYTES],
                   struct rst_view password, char token[RST_TOKEN_TEXT],
                   struct rst_session *ret_session, struct act_refusal *refusal)
{
	struct claimant claimant = { 0 };
	struct rst_session session;
	bool throttled = false;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = read_owner(ctx, digest, &claimant, &session);
	if (err == RST_OK) {
		err = prove(ctx, &claimant, RST_VIEW(""), password, &throttled);
		if (err == RST_EDENIED)
			err = act_refuse(refusal,
			                 throttled ? RULE_TOO_MANY_ATTEMPTS
			                           : RULE_WRONG_PASSWORD,
			                 "password");
	}
	sodium_memzero(claimant.stored, sizeof(claimant.stored));
	if (err == RST_OK)
		err = renew(ctx, &claimant, digest, token, &session);
	if (err == RST_OK)
		*ret_session = session;
	return err;
}

enum rst_err
act_proved_lately(const struct act_ctx *ctx, const struct rst_session *session,
                  bool *ret_proved)
{
	int64_t within_s;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_setting_number(&txn, RULE_SETTING_REAUTHENTICATION,
	                               &within_s);
	rst_read_end(&txn);
	if (err == RST_OK)
		*ret_proved = !rule_clock_from_the_future(session->proved_s,
		                                          ctx->now_s) &&
		              ctx->now_s - session->proved_s < within_s;
	return err;
}

enum rst_err
act_sign_out(const struct act_ctx *ctx,
             const unsigned char digest[RST_DIGEST_BYTES],
             struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_session_drop(&txn, digest);
	if (err == RST_OK)
		err = act_event(&txn, ctx, "sign-out", ctx->actor);
	return act_end(&txn, ctx, err);
}

/* Noted at most once a minute; when the directory is busy, next time. */
static void
note_seen(const struct act_ctx *ctx, const unsigned char *digest)
{
	struct rst_wtxn txn = { 0 };

	if (rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn) != RST_OK)
		return;
	if (rst_session_seen(&txn, digest, ctx->now_s) == RST_OK)
		(void)!act_commit(&txn, ctx);
	rst_write_abort(&txn);
}

static enum rst_err
check_session(const struct rst_rtxn *txn, int64_t now_s,
              const unsigned char *digest, struct rst_session *session)
{
	int64_t idle_s;
	enum rst_err err;

	err = rst_session_get(txn, digest, session);
	if (err == RST_ENOTFOUND)
		return RST_EDENIED;
	if (err == RST_OK)
		err = lifecycle_setting_number(txn, RULE_SETTING_SESSION_IDLE,
		                               &idle_s);
	if (err != RST_OK)
		return err;
	if (now_s >= session->expires_s || now_s - session->seen_s >= idle_s)
		return RST_EDENIED;
	/* From the future: the clock was set back, and would let it live on
	 * for as long as that. */
	if (rule_clock_from_the_future(session->made_s, now_s))
		return RST_EDENIED;
	return act_still_admitted(txn, session->user, session->generation,
	                          now_s);
}

enum rst_err
act_session_check(const struct act_ctx *ctx, struct rst_view token,
                  struct rst_session *ret_session)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_session session = { 0 };
	struct rst_rtxn txn;
	enum rst_err err;

	if (!rst_token_digest(token, digest))
		return RST_EDENIED;
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = check_session(&txn, ctx->now_s, digest, &session);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	if (ctx->now_s - session.seen_s >= SESSION_SEEN_S ||
	    ctx->now_s < session.seen_s)
		note_seen(ctx, digest);
	*ret_session = session;
	return RST_OK;
}
