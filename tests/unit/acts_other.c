/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts_other.c - sessions, mail, answers; transactions; check and repair */
#include <stdio.h>
#include <stdlib.h>

#include "store/answer.h"
#include "store/check.h"
#include "store/journal.h"
#include "store/outbox.h"
#include "tests/unit/stage.h"

/* -------------------------------------------------------------- sessions */

static enum rst_err
reads_sessions(struct stage *stage)
{
	struct rst_session session, list[4];
	unsigned char digest[RST_DIGEST_BYTES] = { 0 };
	bool started = false;
	size_t n = 0;
	enum rst_err err;

	err = rst_session_get(stage->txn, stage->digest, &session);
	if (err == RST_OK) {
		tell_number(stage, session.user);
		err = rst_session_find(stage->txn, stage->digest, digest,
		                       &session);
	}
	if (err == RST_OK)
		err = rst_session_list(stage->txn, stage->alice, list, 4, &n);
	tell_number(stage, n);
	for (int i = 0; err == RST_OK && i < 9; i++) {
		err = rst_session_next(stage->txn, i < 5 ? 0 : stage->alice,
		                       &started, digest, &session);
		if (err == RST_ENOTFOUND && i < 5) {
			started = false;
			err = RST_OK;
		}
		tell_number(stage, (uint64_t)session.made_s);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
adds_sessions(struct stage *stage)
{
	const struct rst_session session = { .user = stage->bob,
		                             .made_s = STAGE_NOW_S,
		                             .expires_s = STAGE_NOW_S + 9 };
	unsigned char digest[RST_DIGEST_BYTES] = { 0 };
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && i <= RST_SESSIONS_PER_USER; i++) {
		digest[0] = (unsigned char)i;
		err = rst_session_add(&stage->w, digest, &session);
	}
	return err;
}

static enum rst_err
changes_sessions(struct stage *stage)
{
	size_t n = 0;
	enum rst_err err;

	err = rst_session_seen(&stage->w, stage->digest, STAGE_NOW_S + 5);
	if (err == RST_OK)
		err = rst_session_drop(&stage->w, stage->digest);
	if (err == RST_OK)
		err = rst_session_drop_user(&stage->w, stage->alice, &n);
	tell_number(stage, n);
	return err;
}

static enum rst_err
drops_old_sessions(struct stage *stage)
{
	return rst_session_drop_expired(&stage->w, STAGE_NOW_S + 999, 9);
}

/* ------------------------------------------------------------------ mail */

static void
tell_mail(struct stage *stage, struct rst_mail *mail)
{
	tell_number(stage, mail->id + mail->attempts + mail->state);
	tell_view(stage, mail->params);
	rst_mail_release(mail);
}

static enum rst_err
reads_mail(struct stage *stage)
{
	struct rst_mail mail = { .id = 0 };
	uint64_t id = 0;
	enum rst_err err;

	err = rst_outbox_due(stage->txn, STAGE_NOW_S + 99, &mail);
	if (err == RST_OK) {
		tell_mail(stage, &mail);
		err = rst_outbox_get(stage->txn, stage->mail, &mail);
	}
	if (err == RST_OK)
		tell_mail(stage, &mail);
	for (int i = 0; err == RST_OK && i < 9; i++) {
		err = rst_outbox_next(stage->txn, id, &mail);
		if (err != RST_OK)
			break;
		id = mail.id;
		tell_mail(stage, &mail);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
changes_mail(struct stage *stage)
{
	uint64_t id = 0;
	enum rst_err err;

	err = rst_outbox_add(&stage->w, RST_VIEW("b@c"), RST_VIEW("t"),
	                     RST_VIEW("{}"), STAGE_NOW_S, &id);
	tell_number(stage, id);
	if (err == RST_OK)
		err = rst_outbox_failed(&stage->w, id, RST_VIEW("refused"),
		                        STAGE_NOW_S + 60);
	if (err == RST_OK)
		err = rst_outbox_retry(&stage->w, stage->mail, STAGE_NOW_S);
	if (err == RST_OK)
		err = rst_outbox_drop(&stage->w, id);
	return err;
}

/* --------------------------------------------------------------- answers */

static enum rst_err
reads_answers(struct stage *stage)
{
	const struct rst_answer_key key = { .caller = stage->alice };
	struct rst_answer answer;
	enum rst_err err;

	err = rst_answer_get(stage->txn, &key, STAGE_NOW_S, &answer);
	if (err != RST_OK)
		return err;
	tell_view(stage, answer.text);
	tell_view(stage, answer.location);
	rst_answer_release(&answer);
	return RST_OK;
}

static enum rst_err
looks_for_old_answers(struct stage *stage)
{
	tell_number(stage, rst_answer_any_old(stage->txn, STAGE_NOW_S));
	return RST_OK;
}

static enum rst_err
adds_answers(struct stage *stage)
{
	const struct rst_answer answer = { .made_s = STAGE_NOW_S + 7,
		                           .status = 200,
		                           .text = RST_VIEW("x") };
	struct rst_answer_key key = { .caller = stage->bob };
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && i < 3; i++) {
		key.digest[3] = (unsigned char)i;
		err = rst_answer_add(&stage->w, &key, &answer);
	}
	return err;
}

static enum rst_err
sweeps_answers(struct stage *stage)
{
	size_t n = 0;
	enum rst_err err;

	err = rst_answer_sweep(&stage->w,
	                       STAGE_NOW_S + 2 * RST_ANSWER_LIFETIME_S, &n);
	tell_number(stage, n);
	return err;
}

/* ---------------------------------------------------------- transactions */

static bool
no_pause(void *arg)
{
	(void)arg;
	return false;
}

/* What is written is what was there. */
static enum rst_err
commits(struct stage *stage)
{
	enum rst_err err;

	err = rst_write_begin_polled(stage->env, RST_WRITE_FREEING, no_pause,
	                             NULL, &stage->w);
	if (err == RST_OK)
		err = rst_setting_put(&stage->w, "lifecycle", RST_VIEW("on"));
	if (err == RST_OK)
		err = rst_write_commit(&stage->w);
	rst_write_abort(&stage->w);
	return err;
}

static bool is_lost;

static void
note_lost(void *arg)
{
	*(bool *)arg = true;
}

/* Nobody is told that the environment is lost unless it is. */
static enum rst_err
commits_and_tells(struct stage *stage)
{
	enum rst_err err;

	is_lost = false;
	rst_env_on_lost(stage->env, note_lost, &is_lost);
	err = commits(stage);
	rst_env_on_lost(stage->env, NULL, NULL);
	assert_false(is_lost && err != RST_EIO);
	return err;
}

static enum rst_err
reads(struct stage *stage)
{
	struct rst_view value;
	enum rst_err err = rst_read_begin(stage->env, &stage->r);

	if (err == RST_OK)
		err = rst_setting_get(&stage->r, "suffix", &value);
	if (err == RST_OK)
		tell_view(stage, value);
	rst_read_end(&stage->r);
	return err;
}

/* ----------------------------------------------------- check and repair */

static void
note(void *arg, const struct rst_check_finding *finding)
{
	struct stage *stage = arg;

	tell_view(stage, rst_view_of(finding->invariant));
}

static bool
never(const struct rst_rtxn *txn)
{
	return rst_txn_number(txn) == 0;
}

static enum rst_err
ask(struct rst_check *check)
{
	struct rst_view value;

	return rst_setting_get(rst_check_txn(check), "suffix", &value);
}

static enum rst_err
see(struct rst_check *check, const struct rst_record *record,
    uint64_t scratch[RST_CHECK_SCRATCH])
{
	if (scratch[0]++ == UINT64_MAX)
		rst_check_found(check, "too many at %ju",
		                (uintmax_t)record->id);
	return RST_OK;
}

/* With rules of others. */
static enum rst_err
checks(struct stage *stage)
{
	static const struct rst_check_rule rules[] = {
		{ .name = "asked", .check = ask },
		{ .name = "never", .holds = never, .check = ask },
		{ .name = "seen", .record = see },
		{ .name = "never-seen", .holds = never, .record = see },
		{ .name = NULL },
	};
	uint64_t of_rules = 0;
	const struct rst_check_options options = { .rules = rules,
		                                   .rules_n = &of_rules,
		                                   .max_findings = 100,
		                                   .finding = note,
		                                   .progress = stage_progress,
		                                   .arg = stage };

	return rst_check(stage->env, &options, &stage->findings);
}

static void
put(struct rst_wtxn *w, enum rst_table table, const char *key,
    struct rst_view value)
{
	assert_int_equal(rst_db_put(w, table, rst_view_of(key), value, true),
	                 RST_OK);
}

/* Rows that follow from nothing, and the lack of some that do. */
static void
damage(struct stage *stage)
{
	static const enum rst_table derived[] = {
		RST_T_TREE,  RST_T_NAME,     RST_T_INDEX,
		RST_T_IDENT, RST_T_MEMBEROF, RST_T_SESSION_USER
	};
	struct rst_cursor cursor;
	struct rst_view key, value;
	struct rst_wtxn w;
	char copy[512];

	fixture_write(&stage->fixture, &w);
	for (size_t i = 0; i < sizeof(derived) / sizeof(*derived); i++) {
		assert_int_equal(rst_cursor_open(&w.r, derived[i], &cursor),
		                 RST_OK);
		assert_int_equal(rst_cursor_last(&cursor, &key, &value),
		                 RST_OK);
		memcpy(copy, key.ptr, key.len);
		key.ptr = copy;
		rst_cursor_close(&cursor);
		assert_int_equal(rst_db_drop(&w, derived[i], key), RST_OK);
		put(&w, derived[i], "Aof nothing, and too long for it",
		    RST_VIEW("x"));
	}
	assert_int_equal(rst_meta_set_number(&w, "entries", 3), RST_OK);
	assert_int_equal(rst_meta_set_number(&w, "last-id", 3), RST_OK);
	fixture_commit(&w);
}

static enum rst_err
repairs(struct stage *stage)
{
	const struct rst_check_options options = { .progress = stage_progress,
		                                   .arg = stage };
	uint64_t n = 0;

	return rst_check_repair(stage->env, &options, &n);
}

const struct act other_acts[] = {
	ACT(reads_sessions, ACT_READ),
	ACT(adds_sessions, ACT_WRITE),
	ACT(changes_sessions, ACT_WRITE),
	ACT(drops_old_sessions, ACT_WRITE),
	ACT(reads_mail, ACT_READ),
	ACT(changes_mail, ACT_WRITE),
	ACT(reads_answers, ACT_READ),
	ACT(looks_for_old_answers, ACT_READ, .mild = true),
	ACT(adds_answers, ACT_WRITE),
	ACT(sweeps_answers, ACT_WRITE),
	ACT(commits, ACT_ALONE),
	ACT(commits_and_tells, ACT_ALONE),
	ACT(reads, ACT_ALONE),
	ACT(checks, ACT_ALONE),
	ACT(repairs, ACT_ALONE, .before = damage, .leaves_damage = true),
	LAST_ACT,
};
