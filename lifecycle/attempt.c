/* SPDX-License-Identifier: OLDAP-2.8 */
/* attempt.c - one attempt to prove a password
 *
 * Failures are counted in the table of throttle.h.  A lock begins there, by
 * one compare-and-swap, and whoever made it writes it into the entry, once:
 *
 *	row      locked 12:01   recorded -
 *	entry    pwdAccountLockedTime: 12:01
 *	row      locked 12:01   recorded 12:01
 *
 * A row that is recorded, with an entry that tells of no lock any more: an
 * administrator unlocked it, and the row is cleared.
 */
#include "lifecycle/attempt.h"

#include <string.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/decoy.h"
#include "lifecycle/moment.h"
#include "lifecycle/password_age.h"
#include "lifecycle/setting.h"
#include "store/index.h"
#include "store/member.h"

#define FOR_EVER_YEAR RST_VIEW("0000") /* 000001010000Z */
#define LOCKED_BATCH  64

static enum rst_err
source_policy(const struct rst_rtxn *txn, struct rule_lockout *ret_policy)
{
	int64_t failures, window_s;
	enum rst_err err;

	err = lifecycle_setting_number(txn, RULE_SETTING_THROTTLE_FAILURES,
	                               &failures);
	if (err == RST_OK)
		err = lifecycle_setting_number(
			txn, RULE_SETTING_THROTTLE_WINDOW, &window_s);
	if (err == RST_OK)
		*ret_policy = (struct rule_lockout){
			.failures = (uint32_t)failures,
			.window_s = (uint32_t)window_s,
		};
	return err;
}

_Static_assert(RULE_FAILURES_MAX == 12, "rules/setting.h allows so many");

struct rule_lockout
attempt_lockout(const struct lifecycle_policy *policy)
{
	return (struct rule_lockout){
		(uint32_t)policy->number[RULE_SETTING_LOCKOUT_FAILURES],
		(uint32_t)policy->number[RULE_SETTING_LOCKOUT_WINDOW],
		(uint32_t)policy->number[RULE_SETTING_LOCKOUT_DURATION],
		RULE_IN_A_ROW_MAX,
	};
}

enum rst_err
attempt_policy(const struct rst_rtxn *txn, uint64_t person,
               struct attempt_policy *ret_policy)
{
	struct rule_lockout source;
	struct lifecycle_policy own;
	struct rst_record record;
	bool on;
	enum rst_err err;

	*ret_policy = (struct attempt_policy){ .account = { 0 } };
	err = gate_lifecycle_on(txn, &on);
	if (err != RST_OK || !on)
		return err;
	err = lifecycle_policy(txn, person, &own);
	if (err == RST_OK && person != 0)
		err = rst_record_get(txn, person, &record);
	if (err == RST_OK)
		err = source_policy(txn, &source);
	if (err != RST_OK)
		return err;
	*ret_policy = (struct attempt_policy){
		.account = attempt_lockout(&own),
		.source = source,
		.life = lifecycle_password_life(&own),
		.notes_login = own.number[RULE_SETTING_INACTIVE_AFTER] > 0,
		.verified_s = (uint32_t)own.number[RULE_SETTING_VERIFIED_CACHE],
		.audits_sign_in = own.number[RULE_SETTING_AUDIT_SIGN_INS] > 0,
	};
	/* Hosts and services would be shut out by any stranger, and have no
	 * status that a lock could be lifted with: the address waits. */
	if (person != 0 && record.kind != RST_KIND_PERSON)
		ret_policy->account.failures = ret_policy->account.in_a_row = 0;
	return RST_OK;
}

static uint32_t
seconds_of(int64_t time_s)
{
	if (time_s < 1)
		return 1;
	return time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s;
}

static throttle_key
bucket_of(const struct attempt *attempt)
{
	return attempt->trusted ? attempt->pair : attempt->account;
}

bool
attempt_is_for_ever(struct rst_view since)
{
	return since.len > FOR_EVER_YEAR.len &&
	       rst_view_equal(rst_view(since.ptr, FOR_EVER_YEAR.len),
	                      FOR_EVER_YEAR);
}

static struct attempt_lock
judge_lock(const struct rule_lockout *policy, struct rst_view since,
           int64_t now_s)
{
	struct attempt_lock lock = { .holds = false };

	if (since.len == 0)
		return lock;
	lock.for_ever = attempt_is_for_ever(since) ||
	                !lifecycle_time_parse(since, &lock.since_s);
	lock.holds = lock.for_ever ||
	             rule_lockout_holds(policy, lock.since_s, now_s);
	lock.until_s = lock.for_ever ? 0 : lock.since_s + policy->lock_s;
	return lock;
}

enum rst_err
attempt_lock(const struct rst_rtxn *txn, const struct rst_record *person,
             int64_t now_s, struct attempt_lock *ret_lock)
{
	struct rst_view since =
		rst_record_first(person, RST_A_PWDACCOUNTLOCKEDTIME);
	struct attempt_policy policy;
	enum rst_err err;

	*ret_lock = (struct attempt_lock){ .holds = false };
	if (since.len == 0)
		return RST_OK;
	err = attempt_policy(txn, person->id, &policy);
	if (err == RST_OK)
		*ret_lock = judge_lock(&policy.account, since, now_s);
	return err;
}

enum rst_err
attempt_locked(const struct rst_rtxn *txn, int64_t now_s,
               struct rst_ids *ret_ids)
{
	struct rst_index_cursor cursor = { .len = 0 };
	struct attempt_lock lock;
	struct rst_record record;
	uint64_t ids[LOCKED_BATCH];
	size_t n = LOCKED_BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == LOCKED_BATCH) {
		err = rst_index_range(txn, RST_A_PWDACCOUNTLOCKEDTIME,
		                      RST_VIEW("000001010000Z"),
		                      RST_VIEW("99991231235959Z"), &cursor, ids,
		                      LOCKED_BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			err = rst_record_get(txn, ids[i], &record);
			if (err != RST_OK || record.kind != RST_KIND_PERSON)
				continue;
			err = attempt_lock(txn, &record, now_s, &lock);
			if (err == RST_OK && lock.holds)
				err = rst_ids_add(ret_ids, ids[i]);
		}
	}
	return err;
}

/* The entry tells of a lock that holds. */
static bool
entry_locked(const struct attempt *attempt)
{
	return judge_lock(&attempt->policy.account, attempt->claim.since,
	                  attempt->claim.now_s)
	        .holds;
}

/* The row's own lock; one that is over or was lifted is cleared. */
static bool
row_locked(const struct attempt *attempt, struct throttle_state *state)
{
	const struct attempt_claim *claim = &attempt->claim;
	bool lifted;

	if (state->locked_s == 0)
		return false;
	lifted = state->recorded_s == state->locked_s && claim->id != 0 &&
	         claim->since.len == 0;
	if (!lifted && rule_lockout_holds(&attempt->policy.account,
	                                  state->locked_s, claim->now_s))
		return true;
	throttle_clear(attempt->throttle, bucket_of(attempt));
	*state = (struct throttle_state){ .locked_s = 0 };
	return false;
}

static bool
is_young(const struct throttle_state *state, int64_t now_s)
{
	return state->newest_s != 0 &&
	       now_s - (int64_t)state->newest_s < ATTEMPT_SUSPECT_S;
}

static bool
is_suspect_source(const struct throttle_state *source, uint32_t now_s)
{
	const struct rule_lockout policy = {
		.failures = ATTEMPT_SUSPECT_FAILURES,
		.window_s = ATTEMPT_SUSPECT_S,
	};

	return rule_lockout_reached(&policy, source->failures, now_s);
}

static void
judge(struct attempt *attempt)
{
	const struct attempt_claim *claim = &attempt->claim;
	struct throttle_state own, source;
	uint32_t now_s = seconds_of(claim->now_s);

	throttle_get(attempt->throttle, bucket_of(attempt), &own);
	throttle_get(attempt->throttle, attempt->source, &source);
	attempt->wait_s = rule_lockout_wait(&attempt->policy.source,
	                                    source.failures, now_s);
	attempt->barred = attempt_is_for_ever(claim->since) ||
	                  (!attempt->trusted && entry_locked(attempt));
	if (row_locked(attempt, &own))
		attempt->standing = ATTEMPT_LOCKED;
	else if (!attempt->trusted && attempt->wait_s > 0)
		attempt->standing = ATTEMPT_THROTTLED;
	else if (is_young(&own, claim->now_s) ||
	         (!attempt->trusted && is_suspect_source(&source, now_s)))
		attempt->standing = ATTEMPT_SUSPECT;
	else
		attempt->standing = ATTEMPT_FREE;
}

enum rst_err
attempt_begin(struct rst_env *env, const struct attempt_policy *policy,
              const struct attempt_claim *claim, struct attempt *ret_attempt)
{
	struct attempt attempt = {
		.policy = *policy,
		.throttle = throttle_of(env),
		.claim = *claim,
	};
	struct throttle_state pair;
	char name[DECOY_NAME_BYTES];

	if (attempt.throttle == NULL)
		return RST_ENOMEM;
	attempt.account = throttle_account(attempt.throttle, claim->id,
	                                   decoy_known_as(claim->name, name));
	attempt.source = throttle_source(attempt.throttle, claim->address);
	attempt.pair = throttle_pair(attempt.throttle, attempt.account,
	                             attempt.source);
	attempt.check = throttle_check(attempt.throttle, attempt.account,
	                               claim->password);
	throttle_get(attempt.throttle, attempt.pair, &pair);
	attempt.trusted =
		pair.success_s != 0 &&
		claim->now_s - (int64_t)pair.success_s < ATTEMPT_TRUST_S;
	judge(&attempt);
	*ret_attempt = attempt;
	return RST_OK;
}

/* The memory to ask; NULL for none. */
static struct verified *
memory_of(struct rst_env *env, const struct attempt_policy *policy)
{
	struct throttle *throttle =
		policy->verified_s > 0 ? throttle_of(env) : NULL;

	return throttle != NULL ? throttle_verified(throttle) : NULL;
}

bool
attempt_remembers(struct rst_env *env, const struct attempt_policy *policy,
                  const struct verified_proof *proof, int64_t now_s)
{
	struct verified *verified = memory_of(env, policy);

	if (verified == NULL ||
	    !verified_has(verified, proof, now_s, policy->verified_s))
		return false;
	throttle_verified_count(throttle_of(env));
	return true;
}

void
attempt_remember(struct rst_env *env, const struct attempt_policy *policy,
                 const struct verified_proof *proof, int64_t now_s)
{
	struct verified *verified = memory_of(env, policy);

	if (verified != NULL && proof->id != 0)
		verified_put(verified, proof, now_s);
}

uint32_t
attempt_wait_s(const struct act_ctx *ctx)
{
	struct throttle *throttle = throttle_of(ctx->env);
	struct throttle_state state;
	struct rule_lockout policy;
	struct rst_rtxn txn;
	enum rst_err err;

	if (throttle == NULL || rst_read_begin(ctx->env, &txn) != RST_OK)
		return 0;
	err = source_policy(&txn, &policy);
	rst_read_end(&txn);
	/* a hint to who was refused already */
	if (err != RST_OK)
		return 0;
	throttle_get(throttle, throttle_source(throttle, ctx->address), &state);
	return rule_lockout_wait(&policy, state.failures,
	                         seconds_of(ctx->now_s));
}

/* since NULL: unlock. */
static enum rst_err
write_lock(const struct act_ctx *ctx, uint64_t person, const char *since,
           struct rst_view reason, struct act_refusal *refusal)
{
	struct rst_view value = rst_view_of(since != NULL ? since : "");
	struct rst_view was = RST_VIEW("");
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	/* Locking must not wait for room. */
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &entry, &record);
	if (err == RST_OK)
		was = rst_record_first(&record, RST_A_PWDACCOUNTLOCKEDTIME);
	/* what a person locked without end stays so */
	if (err == RST_OK &&
	    (since == NULL ? was.len == 0 : attempt_is_for_ever(was)))
		goto out;
	if (err == RST_OK)
		err = rst_entry_set(entry, RST_A_PWDACCOUNTLOCKEDTIME, &value,
		                    since != NULL ? 1 : 0);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx,
		                      since != NULL ? "lock" : "unlock", reason,
		                      person, entry, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}

static void
lock(const struct act_ctx *ctx, const struct attempt *attempt)
{
	char since[LIFECYCLE_TIME_BYTES];
	struct act_refusal refusal;
	uint32_t now_s = seconds_of(attempt->claim.now_s);

	if (!throttle_lock(attempt->throttle, bucket_of(attempt), now_s) ||
	    attempt->claim.id == 0)
		return;
	lifecycle_time_print(now_s, since);
	if (write_lock(ctx, attempt->claim.id, since,
	               RST_VIEW("too many wrong passwords"),
	               &refusal) == RST_OK)
		throttle_recorded(attempt->throttle, bucket_of(attempt), now_s);
}

static void
count_failure(const struct act_ctx *ctx, const struct attempt *attempt)
{
	uint32_t now_s = seconds_of(attempt->claim.now_s);
	struct throttle_state state;

	throttle_fail(attempt->throttle, bucket_of(attempt), attempt->check,
	              now_s);
	throttle_fail(attempt->throttle, attempt->source, attempt->check,
	              now_s);
	throttle_get(attempt->throttle, bucket_of(attempt), &state);
	if (rule_lockout_locks(&attempt->policy.account, state.failures,
	                       state.in_a_row, now_s))
		lock(ctx, attempt);
}

static void
count_success(const struct act_ctx *ctx, const struct attempt *attempt)
{
	uint32_t now_s = seconds_of(attempt->claim.now_s);
	struct act_refusal refusal;

	throttle_clear(attempt->throttle, bucket_of(attempt));
	throttle_success(attempt->throttle, attempt->pair, now_s);
	/* One that is over; a stranger's that holds is not his to lift. */
	if (attempt->claim.since.len > 0 && !entry_locked(attempt))
		(void)!write_lock(ctx, attempt->claim.id, NULL,
		                  RST_VIEW("signed in"), &refusal);
	if (attempt->claim.renewal != NULL && attempt->claim.id != 0)
		act_renew_hash(ctx, attempt->claim.id, attempt->claim.renewal);
	if (attempt->policy.notes_login && attempt->claim.id != 0)
		act_note_login(ctx, attempt->claim.id);
}

enum rst_err
attempt_outcome(const struct attempt *attempt, enum rst_err looked)
{
	return looked == RST_OK && attempt->barred ? RST_EDENIED : looked;
}

void
attempt_end(const struct act_ctx *ctx, const struct attempt *attempt,
            enum rst_err outcome)
{
	bool looked = attempt->standing == ATTEMPT_FREE ||
	              attempt->standing == ATTEMPT_SUSPECT;
	struct act_ctx own = *ctx;

	/* Nobody asks for what follows, whoever is signed in where it is
	 * tried: an administrator's lock would not be his to set. */
	own.actor_id = 0;
	/* a plain directory keeps no account of this */
	if (outcome == RST_OK && attempt->policy.account.window_s > 0)
		count_success(&own, attempt);
	if (outcome != RST_EDENIED)
		return;
	if (looked)
		count_failure(&own, attempt);
	attempt_note(ctx, &attempt->policy, THROTTLE_WRONG, attempt->claim.id);
}

void
attempt_note(const struct act_ctx *ctx, const struct attempt_policy *policy,
             enum throttle_event event, uint64_t id)
{
	struct throttle *throttle = throttle_of(ctx->env);
	struct throttle_report report = {
		.event = event,
		.door = ctx->door,
		.id = id,
		.count = 1,
	};
	struct rst_view address = ctx->address;

	if (throttle == NULL || policy->account.window_s == 0)
		return; /* a plain directory keeps no account of this */
	if (!throttle_is_failure(event) && !policy->audits_sign_in)
		return;
	if (address.len >= sizeof(report.address))
		address.len = sizeof(report.address) - 1;
	(void)rst_view_copy(address, report.address, sizeof(report.address));
	throttle_report_add(throttle, &report, seconds_of(ctx->now_s));
}

enum rst_err
act_unlock(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
           struct act_refusal *refusal)
{
	struct throttle *throttle = throttle_of(ctx->env);
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = write_lock(ctx, person, NULL, reason, refusal);
	if (err == RST_OK && throttle != NULL && !ctx->dry_run)
		throttle_clear(throttle, throttle_account(throttle, person,
		                                          RST_VIEW("")));
	return err;
}
