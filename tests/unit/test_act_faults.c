/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_act_faults.c - no act takes a read that failed for a no
 *
 * Each act is run again and again, with the k-th allocation or call of LMDB
 * failing, for every k, until one run gets through.  What it answers is what it
 * answers without a fault, or the error that the fault means: never another
 * refusal, or what the rules refuse.
 */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/host.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "lifecycle/why.h"
#include "tests/unit/life.h"
#include "tests/unit/nth.h"

#define UNTIL_S (LIFE_NOW + 86400)

/* Ada is nobody special, boss and chief are administrators: boss by a group in
 * sysadmins. */
struct stage {
	struct life *life;
	uint64_t ada, boss, chief, sysadmins, operators, team;
};

/* What an act came to. */
struct outcome {
	enum rst_err err;
	enum rule_verdict verdict;
	int64_t told;
};

static enum rst_err
as_number(enum rst_err err, bool is, int64_t *ret_told)
{
	if (err == RST_OK)
		*ret_told = is;
	return err;
}

/* ------------------------------------------------------------ questions */

static enum rst_err
is_administrator(const struct stage *s, const struct rst_rtxn *txn,
                 int64_t *ret_told)
{
	bool boss = false, ada = false;
	enum rst_err err;

	err = act_is_administrator(txn, s->boss, LIFE_NOW, &boss);
	if (err == RST_OK)
		err = act_is_administrator(txn, s->ada, LIFE_NOW, &ada);
	return as_number(err, boss && !ada, ret_told);
}

static enum rst_err
manages(const struct stage *s, const struct rst_rtxn *txn, int64_t *ret_told)
{
	bool is = false;
	enum rst_err err = act_manages(txn, s->team, s->ada, &is);

	return as_number(err, is, ret_told);
}

static enum rst_err
has_policy(const struct stage *s, const struct rst_rtxn *txn, int64_t *ret_told)
{
	struct lifecycle_policy policy;
	enum rst_err err = lifecycle_policy(txn, s->boss, &policy);

	if (err == RST_OK)
		*ret_told = policy.number[RULE_SETTING_PASSWORD_MIN_LENGTH];
	return err;
}

static enum rst_err
is_set_anywhere(const struct stage *s, const struct rst_rtxn *txn,
                int64_t *ret_told)
{
	bool is = false;
	enum rst_err err = lifecycle_setting_anywhere(
		txn, RULE_SETTING_INACTIVE_AFTER, &is);

	(void)s;
	return as_number(err, is, ret_told);
}

static enum rst_err
is_admitted(const struct stage *s, const struct rst_rtxn *txn,
            int64_t *ret_told)
{
	struct lifecycle_host host;
	struct rst_record person;
	enum rule_host_answer answer = RULE_HOST_DENIED;
	enum rst_err err;

	err = lifecycle_host(txn, RST_VIEW("db1.example.org"), &host);
	if (err == RST_OK)
		err = rst_record_get(txn, s->boss, &person);
	if (err == RST_OK)
		err = lifecycle_host_judge(txn, &host, &person, &answer);
	return as_number(err, rule_host_admits(answer), ret_told);
}

static const struct question {
	const char *name;
	enum rst_err (*ask)(const struct stage *s, const struct rst_rtxn *txn,
	                    int64_t *ret_told);
	int64_t answer;
} questions[] = {
	{ "is an administrator", is_administrator, 1 },
	{ "manages", manages, 1 },
	{ "the policy of a person", has_policy, 9 },
	{ "a setting of any policy", is_set_anywhere, 0 },
	{ "is admitted to a host", is_admitted, 1 },
};

static void
ask(const struct stage *s, const struct question *question,
    struct outcome *outcome)
{
	struct rst_rtxn txn;

	outcome->err = rst_read_begin(s->life->env, &txn);
	if (outcome->err != RST_OK)
		return;
	txn.now_s = LIFE_NOW;
	outcome->err = question->ask(s, &txn, &outcome->told);
	rst_read_end(&txn);
}

/* ----------------------------------------------------------------- acts */

/* They change nothing: s->life->ctx.dry_run is set. */

static enum rst_err
adds(struct life *life)
{
	const struct act_person person = {
		.username = RST_VIEW("eve"),
		.given_name = RST_VIEW("Eve"),
		.surname = RST_VIEW("Eve"),
		.mail = RST_VIEW("eve@example.org"),
	};
	uint64_t id;

	return act_create_person(&life->ctx, &person, RST_STATUS_ACTIVE, &id,
	                         &life->refusal);
}

static enum rst_err
boss_adds(const struct stage *s)
{
	s->life->ctx.actor_id = s->boss;
	return adds(s->life);
}

static enum rst_err
ada_adds(const struct stage *s)
{
	s->life->ctx.actor_id = s->ada;
	return adds(s->life);
}

/* By what everybody may write, if the access rules of slapd were to let her. */
static enum rst_err
ada_joins_administrators(const struct stage *s)
{
	s->life->ctx.actor_id = s->ada;
	return act_join(&s->life->ctx, s->operators, s->ada, &s->life->refusal);
}

static enum rst_err
boss_suspends_himself(const struct stage *s)
{
	s->life->ctx.actor_id = s->boss;
	return act_suspend(&s->life->ctx, s->boss, RST_VIEW("holidays"),
	                   &s->life->refusal);
}

static enum rst_err
boss_suspends_chief(const struct stage *s)
{
	s->life->ctx.actor_id = s->boss;
	return act_suspend(&s->life->ctx, s->chief, RST_VIEW("holidays"),
	                   &s->life->refusal);
}

static enum rst_err
ada_suspends_chief(const struct stage *s)
{
	s->life->ctx.actor_id = s->ada;
	return act_suspend(&s->life->ctx, s->chief, RST_VIEW("why not"),
	                   &s->life->refusal);
}

static enum rst_err
bootstraps_again(const struct stage *s)
{
	char token[RST_TOKEN_TEXT];

	return act_bootstrap_token(&s->life->ctx, token, &s->life->refusal);
}

static enum rst_err
makes_token(const struct stage *s, int64_t lifetime_s)
{
	const struct act_token token = { .name = RST_VIEW("backup"),
		                         .lifetime_s = lifetime_s };
	char text[RULE_TOKEN_TEXT];
	uint64_t id;

	s->life->ctx.actor_id = s->ada;
	return act_token_create(&s->life->ctx, s->ada, &token, text, &id,
	                        &s->life->refusal);
}

static enum rst_err
makes_token_of_an_hour(const struct stage *s)
{
	return makes_token(s, 3600);
}

static enum rst_err
makes_token_without_end(const struct stage *s)
{
	return makes_token(s, RULE_NEVER);
}

static enum rst_err
invites(const struct stage *s)
{
	static const struct rst_view groups[] = { { "team", 4 } };
	const struct act_invite invite = { .mail = RST_VIEW("x@example.org"),
		                           .groups = groups,
		                           .n_groups = 1 };
	char token[RST_TOKEN_TEXT];
	uint64_t id;

	s->life->ctx.actor_id = s->boss;
	return act_invite(&s->life->ctx, &invite, token, &id,
	                  &s->life->refusal);
}

static enum rst_err
registers(const struct stage *s)
{
	const struct act_person person = {
		.username = RST_VIEW("eve"),
		.given_name = RST_VIEW("Eve"),
		.surname = RST_VIEW("Eve"),
		.mail = RST_VIEW("eve@blocked.org"),
		.password = RST_VIEW(LIFE_PASSWORD),
	};
	enum rst_status status;
	uint64_t id;

	return act_register(&s->life->ctx, RST_VIEW(""), &person, &id, &status,
	                    &s->life->refusal);
}

static enum rst_err
deletes(const struct stage *s)
{
	s->life->ctx.actor_id = s->boss;
	return act_delete_person(&s->life->ctx, s->ada, RST_VIEW(""),
	                         &s->life->refusal);
}

static enum rst_err
explains(const struct stage *s)
{
	const struct why_asked asked = { .name = RST_VIEW("boss"),
		                         .host = RST_VIEW("db1.example.org") };
	static struct why why;

	return why_explain(&s->life->ctx, &asked, &why);
}

static const struct act {
	const char *name;
	enum rst_err (*run)(const struct stage *s);
	enum rule_verdict verdict;
} acts[] = {
	{ "boss adds a person", boss_adds, RULE_OK },
	{ "ada adds a person", ada_adds, RULE_OK },
	{ "ada joins administrators", ada_joins_administrators,
	  RULE_FORBIDDEN },
	{ "boss suspends himself", boss_suspends_himself, RULE_OWN_RIGHTS },
	{ "boss suspends chief", boss_suspends_chief, RULE_OK },
	{ "ada suspends chief", ada_suspends_chief, RULE_FORBIDDEN },
	{ "a second bootstrap", bootstraps_again, RULE_ALREADY_BOOTSTRAPPED },
	{ "a token", makes_token_of_an_hour, RULE_OK },
	{ "a token without end", makes_token_without_end, RULE_INVALID_EXPIRY },
	{ "an invitation", invites, RULE_OK },
	{ "a registration", registers, RULE_EMAIL_DOMAIN },
	{ "ada goes", deletes, RULE_OK },
	{ "why", explains, RULE_OK },
};

static void
run_act(const struct stage *s, const struct act *act, struct outcome *outcome)
{
	s->life->ctx.actor_id = 0;
	s->life->ctx.dry_run = true;
	s->life->refusal = (struct act_refusal){ 0 };
	outcome->err = act->run(s);
	outcome->verdict = s->life->refusal.verdict;
	s->life->ctx.actor_id = 0;
	s->life->ctx.dry_run = false;
}

/* -------------------------------------------------------------- changes */

/* One attribute of an entry, and what else is so then; nothing is kept. */
static const struct change {
	const char *name;
	uint16_t attr;
	const char *value;
	enum rule_verdict verdict;
	int64_t told; /* groups of whom, ends in the team */
} changes[] = {
	{ "her name", RST_A_DISPLAYNAME, "Ada!", RULE_OK, 0 },
	{ "her address", RST_A_MAIL, "eve@example.org", RULE_FORBIDDEN, 0 },
	{ "her shell", RST_A_LOGINSHELL, "/bin/evil", RULE_INVALID_SHELL, 0 },
};

static void
run_change(const struct stage *s, const struct change *row,
           struct outcome *outcome)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = s->ada,
	};
	struct act_ctx ctx = s->life->ctx;
	struct rst_record record;
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	ctx.actor_id = s->ada;
	s->life->refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx.env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, s->ada, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &change.after);
	if (err == RST_OK)
		err = rst_entry_set_one(change.after, row->attr,
		                        rst_view_of(row->value));
	if (err == RST_OK)
		err = gate_apply(&txn, &ctx, &change, &s->life->refusal, NULL);
	outcome->err = err;
	outcome->verdict = s->life->refusal.verdict;
	rst_write_abort(&txn);
	rst_entry_free(change.after);
}

/* The team is described anew: its members keep their ends. */
static void
run_team(const struct stage *s, struct outcome *outcome)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = s->team,
	};
	struct rst_record record;
	struct rst_wtxn txn = { 0 };
	struct rst_attr untils;
	enum rst_err err;

	s->life->refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(s->life->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, s->team, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &change.after);
	if (err == RST_OK)
		err = rst_entry_set_one(change.after, RST_A_DESCRIPTION,
		                        RST_VIEW("the best"));
	if (err == RST_OK)
		err = gate_apply(&txn, &s->life->ctx, &change,
		                 &s->life->refusal, NULL);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, s->team, &record);
	if (err == RST_OK)
		outcome->told =
			rst_record_attr(&record, RST_A_ROSTERMEMBERUNTIL,
		                        &untils)
				? untils.count
				: 0;
	outcome->err = err;
	outcome->verdict = s->life->refusal.verdict;
	rst_write_abort(&txn);
	rst_entry_free(change.after);
}

/* Boss is suspended: he is in no group of administrators then. */
static void
run_suspension(const struct stage *s, struct outcome *outcome)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = s->boss,
	};
	struct rst_record record;
	struct rst_wtxn txn = { 0 };
	bool is = false;
	enum rst_err err;

	s->life->refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(s->life->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, s->boss, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &change.after);
	if (err == RST_OK)
		err = rst_entry_set_one(change.after, RST_A_ROSTERSTATUS,
		                        RST_VIEW("suspended"));
	if (err == RST_OK)
		err = gate_apply(&txn, &s->life->ctx, &change,
		                 &s->life->refusal, NULL);
	if (err == RST_OK)
		err = rst_member_is(&txn.r, s->operators, s->boss, &is);
	outcome->err = as_number(err, is, &outcome->told);
	outcome->verdict = s->life->refusal.verdict;
	rst_write_abort(&txn);
	rst_entry_free(change.after);
}

/* Boss gets an end before the moment up to which all is done: the mark goes
 * back, or nobody would see it come. */
static void
run_end(const struct stage *s, struct outcome *outcome)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = s->boss,
	};
	char text[LIFECYCLE_TIME_BYTES];
	struct rst_record record;
	struct rst_wtxn txn = { 0 };
	int64_t mark_s = 0;
	enum rst_err err;

	s->life->refusal = (struct act_refusal){ 0 };
	lifecycle_time_print(UNTIL_S, text);
	err = rst_write_begin(s->life->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = act_due_set_mark(&txn, act_due_marks[0], UNTIL_S + 60);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, s->boss, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &change.after);
	if (err == RST_OK)
		err = rst_entry_set_one(change.after, RST_A_ROSTEREXPIRES,
		                        rst_view_of(text));
	if (err == RST_OK)
		err = gate_apply(&txn, &s->life->ctx, &change,
		                 &s->life->refusal, NULL);
	if (err == RST_OK)
		err = act_due_mark(&txn.r, act_due_marks[0], &mark_s);
	outcome->err = as_number(err, mark_s < UNTIL_S, &outcome->told);
	outcome->verdict = s->life->refusal.verdict;
	rst_write_abort(&txn);
	rst_entry_free(change.after);
}

/* ------------------------------------------------------------ the sweep */

/* What is run: one of these. */
struct subject {
	const char *name;
	const struct question *question;
	const struct act *act;
	const struct change *change;
	void (*run)(const struct stage *s, struct outcome *outcome);
};

static struct outcome
run(const struct stage *s, const struct subject *subject)
{
	struct outcome outcome = { .err = RST_OK };

	if (subject->question != NULL)
		ask(s, subject->question, &outcome);
	else if (subject->act != NULL)
		run_act(s, subject->act, &outcome);
	else if (subject->change != NULL)
		run_change(s, subject->change, &outcome);
	else
		subject->run(s, &outcome);
	return outcome;
}

static unsigned int
try_all(const struct stage *s, const struct subject *subject,
        const struct outcome *good, enum nth_kind kind, int code,
        enum rst_err means)
{
	const char *fired = "";
	struct outcome seen;
	unsigned int wrong = 0;

	for (uint64_t k = 1; fired != NULL; k++) {
		nth_arm(kind, code, k);
		seen = run(s, subject);
		fired = nth_disarm();
		if (seen.err == means ||
		    (seen.err == good->err && seen.verdict == good->verdict &&
		     (seen.err != RST_OK || seen.told == good->told)))
			continue;
		wrong++;
		print_error("%s, %s %d as the %d-th: %s, %s, %d\n",
		            subject->name, fired != NULL ? fired : "-", code,
		            (int)k, rst_strerror(seen.err),
		            rule_verdict_code(seen.verdict), (int)seen.told);
	}
	return wrong;
}

/* How often a fault was answered wrongly. */
static unsigned int
sweep(const struct stage *s, const struct subject *subject,
      enum rule_verdict verdict, int64_t told)
{
	struct outcome good = run(s, subject);

	print_message("%s\n", subject->name);
	assert_int_equal(good.err, verdict == RULE_OK ? RST_OK : RST_EDENIED);
	assert_int_equal(good.verdict, verdict);
	assert_int_equal(good.told, told);
	return try_all(s, subject, &good, NTH_MEMORY, 0, RST_ENOMEM) +
	       try_all(s, subject, &good, NTH_LMDB, ENOMEM, RST_ENOMEM) +
	       try_all(s, subject, &good, NTH_LMDB, MDB_CORRUPTED,
	               RST_ECORRUPT);
}

static void
set(struct life *life, const char *policy, enum rule_setting_id id,
    const char *value)
{
	life_ok(life, act_set(&life->ctx, rst_view_of(policy), id,
	                      rst_view_of(value), &life->refusal));
}

static void
make_stage(struct life *life, struct stage *s)
{
	static const struct rst_view groups[] = { { "operators", 9 } },
				     managers[] = { { "ada", 3 } };
	const struct act_policy policy = { .groups = groups, .n_groups = 1 };
	const struct act_host host = { .groups = groups, .n_groups = 1 };
	const struct act_group_edit edit = { .managers = managers,
		                             .n_managers = 1 };
	uint64_t id;

	*s = (struct stage){ .life = life };
	s->sysadmins = life_find_group(life, "sysadmins");
	s->operators = life_group(life, "operators", false);
	s->team = life_group(life, "team", false);
	s->ada = life_person(life, "ada");
	s->boss = life_person(life, "boss");
	s->chief = life_person(life, "chief");
	life_ok(life,
	        act_join(&life->ctx, s->sysadmins, s->chief, &life->refusal));
	life_ok(life, act_join(&life->ctx, s->sysadmins, s->operators,
	                       &life->refusal));
	life_ok(life,
	        act_join(&life->ctx, s->operators, s->boss, &life->refusal));
	life_ok(life, act_join_until(&life->ctx, s->team, s->chief, UNTIL_S,
	                             &life->refusal));
	life_ok(life,
	        act_edit_group(&life->ctx, s->team, &edit, &life->refusal));
	life_ok(life, act_create_policy(&life->ctx, RST_VIEW("ops"), &policy,
	                                &life->refusal));
	life_ok(life, act_create_host(&life->ctx, RST_VIEW("db1.example.org"),
	                              &host, &id, &life->refusal));
	set(life, "ops", RULE_SETTING_PASSWORD_MIN_LENGTH, "9");
	set(life, "", RULE_SETTING_TOKEN_LIFETIME, "1d");
	set(life, "", RULE_SETTING_REGISTRATION, "open");
	set(life, "", RULE_SETTING_BLOCKED_DOMAINS, "blocked.org");
	set(life, "", RULE_SETTING_SHELLS, "/bin/bash,/bin/zsh");
}

static void
questions_are_answered_or_not_at_all(void **state)
{
	unsigned int wrong = 0;
	struct stage s;

	make_stage(*state, &s);
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		const struct subject subject = { .name = questions[i].name,
			                         .question = &questions[i] };

		wrong += sweep(&s, &subject, RULE_OK, questions[i].answer);
	}
	assert_int_equal(wrong, 0);
}

static void
acts_are_judged_or_not_at_all(void **state)
{
	unsigned int wrong = 0;
	struct stage s;

	make_stage(*state, &s);
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		const struct subject subject = { .name = acts[i].name,
			                         .act = &acts[i] };

		wrong += sweep(&s, &subject, acts[i].verdict, 0);
	}
	assert_int_equal(wrong, 0);
}

static void
changes_are_judged_or_not_at_all(void **state)
{
	const struct subject team = { .name = "a team", .run = run_team };
	const struct subject suspension = { .name = "a suspension",
		                            .run = run_suspension };
	const struct subject end = { .name = "an end", .run = run_end };
	unsigned int wrong = 0;
	struct stage s;

	make_stage(*state, &s);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const struct subject subject = { .name = changes[i].name,
			                         .change = &changes[i] };

		wrong += sweep(&s, &subject, changes[i].verdict,
		               changes[i].told);
	}
	wrong += sweep(&s, &team, RULE_OK, 1);
	wrong += sweep(&s, &suspension, RULE_OK, 0);
	wrong += sweep(&s, &end, RULE_OK, 1);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(questions_are_answered_or_not_at_all),
		LIFE_TEST(acts_are_judged_or_not_at_all),
		LIFE_TEST(changes_are_judged_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
