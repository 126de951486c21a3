/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_idle.c - accounts that nobody uses
 *
 * rosterLastLogin is kept, to the hour, for whom a policy sets inactive-after;
 * it begins with the making of the account and with each new status.  A walk
 * over everybody, a part at a time, finds who has been away for too long.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/index.h"

#define NOTED_S    3600 /* how exact the last login is */
#define AT_ONCE    4096 /* accounts looked at by one call */
#define BATCH      64   /* ids taken from the store at a time */
#define INACTIVITY "nobody used it for as long as inactive-after says"

static int64_t
time_of(const struct rst_record *record, uint16_t attr)
{
	int64_t time_s;

	if (!lifecycle_time_parse(rst_record_first(record, attr), &time_s))
		return 0;
	return time_s;
}

static int64_t
last_used_s(const struct rst_record *record)
{
	int64_t login_s = time_of(record, RST_A_ROSTERLASTLOGIN);
	int64_t since_s = time_of(record, RST_A_ROSTERSTATUSSINCE);
	int64_t made_s = time_of(record, RST_A_CREATETIMESTAMP);

	if (since_s < made_s)
		since_s = made_s;
	return login_s > since_s ? login_s : since_s;
}

/* Whoever signs in all the time must not have the writer's lock each time. */
static bool
is_noted(const struct act_ctx *ctx, uint64_t person)
{
	struct rst_record record;
	struct rst_rtxn txn;
	bool noted;

	if (rst_read_begin(ctx->env, &txn) != RST_OK)
		return true;
	noted = rst_record_get(&txn, person, &record) != RST_OK ||
	        record.kind != RST_KIND_PERSON ||
	        ctx->now_s - time_of(&record, RST_A_ROSTERLASTLOGIN) < NOTED_S;
	rst_read_end(&txn);
	return noted;
}

void
act_note_login(const struct act_ctx *ctx, uint64_t person)
{
	char now[LIFECYCLE_TIME_BYTES];
	struct act_refusal refusal = { 0 };
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	if (is_noted(ctx, person) ||
	    rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn) != RST_OK)
		return; /* the next login will do */
	err = act_load(&txn.r, person, RST_KIND_PERSON, &entry, &record);
	/* another process may have been faster */
	if (err == RST_OK &&
	    ctx->now_s - time_of(&record, RST_A_ROSTERLASTLOGIN) < NOTED_S)
		goto out;
	lifecycle_time_print(ctx->now_s, now);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERLASTLOGIN,
		                        rst_view_of(now));
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "note-login", RST_VIEW(""),
		                      person, entry, &refusal);
	if (err == RST_OK)
		(void)!act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	rst_entry_free(entry);
}

/* What is to be done about somebody. */
enum idle {
	IDLE_NOT,
	IDLE_TOLD, /* soon too long: he is to be told */
	IDLE_OVER, /* too long */
};

/* Idle for longer than the policy of the person lets him, or soon; since when,
 * and until when he may be. */
static enum rst_err
is_idle(const struct rst_rtxn *txn, int64_t now_s,
        const struct rst_record *record, enum idle *ret_idle,
        int64_t *ret_since_s, int64_t *ret_until_s)
{
	struct lifecycle_policy policy;
	int64_t limit_s, notice_s, away_s;
	bool told = false;
	enum rst_err err;

	*ret_idle = IDLE_NOT;
	if (record->kind != RST_KIND_PERSON ||
	    act_state(record, now_s) != RULE_STATE_ACTIVE)
		return RST_OK; /* nobody can use it: that is no idleness */
	err = lifecycle_policy(txn, record->id, &policy);
	if (err != RST_OK)
		return err;
	limit_s = policy.number[RULE_SETTING_INACTIVE_AFTER];
	notice_s = policy.number[RULE_SETTING_INACTIVE_NOTICE];
	*ret_since_s = last_used_s(record);
	*ret_until_s = *ret_since_s + limit_s;
	away_s = now_s - *ret_since_s;
	if (limit_s > 0 && away_s >= limit_s)
		*ret_idle = IDLE_OVER;
	else if (limit_s > 0 && notice_s > 0 && away_s >= limit_s - notice_s &&
	         !act_was_noticed(record, "idle", *ret_since_s))
		err = act_can_tell(txn, record, &told);
	if (told)
		*ret_idle = IDLE_TOLD;
	return err;
}

/* A mail, unless he came back meanwhile. */
static enum rst_err
tell_idle(const struct act_ctx *ctx, uint64_t id)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	int64_t since_s, until_s;
	enum idle idle = IDLE_NOT;
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, id, &record);
	if (err == RST_OK)
		err = is_idle(&txn.r, ctx->now_s, &record, &idle, &since_s,
		              &until_s);
	if (err == RST_OK && idle == IDLE_TOLD) {
		err = act_tell(&txn, ctx, id, "idle", until_s);
		if (err == RST_OK)
			err = act_note_notice(&txn, ctx, id, "idle", since_s);
		if (err == RST_OK)
			err = act_commit(&txn, ctx);
	}
	rst_write_abort(&txn);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The idle among the next AT_ONCE accounts after *walk, at most BATCH; *walk 0
 * at the end. */
static enum rst_err
find_idle(const struct act_ctx *ctx, uint64_t *walk, uint64_t ids[BATCH],
          enum idle what[BATCH], size_t *ret_n)
{
	int64_t since_s, until_s;
	enum idle idle;
	uint64_t found[BATCH];
	struct rst_record record;
	struct rst_rtxn txn;
	size_t n = BATCH, n_idle = 0, looked = 0;
	bool asked;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_setting_anywhere(&txn, RULE_SETTING_INACTIVE_AFTER,
	                                 &asked);
	if (err == RST_OK && !asked) {
		*walk = 0;
		n = 0;
	}
	while (err == RST_OK && n == BATCH && n_idle < BATCH &&
	       looked < AT_ONCE) {
		err = rst_index_equal(&txn, RST_A_ROSTERSTATUS,
		                      RST_VIEW("active"), *walk, found, BATCH,
		                      &n);
		for (size_t i = 0; err == RST_OK && i < n && n_idle < BATCH;
		     i++, looked++) {
			*walk = found[i];
			err = rst_record_get(&txn, found[i], &record);
			if (err == RST_OK)
				err = is_idle(&txn, ctx->now_s, &record, &idle,
				              &since_s, &until_s);
			if (err != RST_OK || idle == IDLE_NOT)
				continue;
			what[n_idle] = idle;
			ids[n_idle++] = found[i];
		}
	}
	rst_read_end(&txn);
	if (n < BATCH)
		*walk = 0;
	*ret_n = n_idle;
	return err;
}

enum rst_err
act_sweep_idle(const struct act_ctx *ctx, uint64_t *walk, size_t *ret_n,
               struct act_refusal *refusal)
{
	enum idle what[BATCH];
	uint64_t ids[BATCH];
	size_t n = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	*ret_n = 0;
	err = find_idle(ctx, walk, ids, what, &n);
	for (size_t i = 0; err == RST_OK && i < n; i++) {
		if (what[i] == IDLE_TOLD) {
			err = tell_idle(ctx, ids[i]);
			continue;
		}
		err = act_suspend_idle(ctx, ids[i], RST_VIEW(INACTIVITY),
		                       refusal);
		/* The last administrator stays, and who went meanwhile. */
		if (err == RST_EDENIED || err == RST_ENOTFOUND)
			err = RST_OK;
		else if (err == RST_OK)
			++*ret_n;
	}
	*refusal = (struct act_refusal){ 0 };
	return err;
}
