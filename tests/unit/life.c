/* SPDX-License-Identifier: OLDAP-2.8 */
/* life.c - a directory with its skeleton, for the tests of lifecycle/ */
#include "tests/unit/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/check_rules.h"

int
life_setup(void **state)
{
	struct life *life = calloc(1, sizeof(*life));
	void *fixture = NULL;

	if (life == NULL || fixture_setup(&fixture) != 0) {
		free(life);
		return -1;
	}
	life->fixture = fixture;
	life->env = life->fixture->env;
	life->ctx = (struct act_ctx){
		.env = life->env,
		.door = RST_DOOR_CLI,
		.actor = RST_VIEW("cn=tests"),
		.now_s = LIFE_NOW,
		.now_us = 7,
		.server_id = 15,
	};
	life_ok(life, act_init(&life->ctx, RST_VIEW("dc=example,dc=org"),
	                       RST_VIEW("Example"), &life->refusal));
	*state = life;
	return 0;
}

static void
print_finding(void *arg, const struct rst_check_finding *finding)
{
	(void)arg;
	print_error("check: %s: %s\n", finding->invariant, finding->text);
}

static void
check_store(struct life *life)
{
	const struct rst_check_options options = {
		.rules = lifecycle_check_rules,
		.max_findings = 20,
		.finding = print_finding,
	};
	uint64_t n = 1;

	assert_int_equal(rst_check(life->env, &options, &n), RST_OK);
	assert_int_equal(n, 0);
}

/* The last record of entry id is what is stored now. */
static void
check_image(const struct rst_rtxn *txn, uint64_t sequence)
{
	struct rst_journal_images images = { 0 };
	struct rst_journal_public public;
	struct rst_record record;

	assert_int_equal(rst_journal_get(txn, sequence, &public), RST_OK);
	if (public.op == RST_J_EVENT || public.op == RST_J_LOAD)
		return;
	assert_int_equal(rst_journal_images(txn, sequence, &images), RST_OK);
	assert_int_equal(images.has_before, public.op != RST_J_ADD);
	assert_int_equal(images.has_after, public.op != RST_J_DELETE);
	assert_true(public.csn.len > 0);
	if (rst_record_get(txn, public.id, &record) == RST_OK &&
	    images.has_after &&
	    rst_view_equal(rst_record_first(&record, RST_A_ENTRYCSN),
	                   public.csn) &&
	    !rst_view_equal(record.bytes, images.after.bytes))
		fail_msg("record %llu: the after-image is not what is stored",
		         (unsigned long long)sequence);
	rst_journal_images_release(&images);
}

/* One CSN a record, rising; and images that agree. */
static void
check_journal(struct life *life)
{
	char last[RST_CSN_MAX] = "", csn[RST_CSN_MAX];
	struct rst_journal_public public;
	struct rst_rtxn txn;

	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	for (uint64_t s = 1; s <= rst_journal_last(&txn); s++) {
		check_image(&txn, s);
		assert_int_equal(rst_journal_get(&txn, s, &public), RST_OK);
		if (public.csn.len == 0)
			continue;
		assert_true(rst_view_copy(public.csn, csn, sizeof(csn)));
		assert_true(strcmp(csn, last) > 0);
		memcpy(last, csn, sizeof(last));
	}
	rst_read_end(&txn);
}

int
life_teardown(void **state)
{
	struct life *life = *state;
	void *fixture = life->fixture;

	check_store(life);
	check_journal(life);
	(void)fixture_teardown(&fixture);
	free(life);
	return 0;
}

void
life_refused(const struct life *life, enum rst_err err,
             enum rule_verdict verdict, const char *field)
{
	if (err != RST_EDENIED || life->refusal.verdict != verdict)
		fail_msg("expected %s, got %s, %s (%s)",
		         rule_verdict_code(verdict), rst_strerror(err),
		         rule_verdict_code(life->refusal.verdict),
		         life->refusal.detail.text);
	if (field == NULL)
		assert_null(life->refusal.field);
	else
		assert_string_equal(life->refusal.field, field);
}

void
life_ok(const struct life *life, enum rst_err err)
{
	if (err != RST_OK)
		fail_msg("%s, %s %s (%s)", rst_strerror(err),
		         rule_verdict_code(life->refusal.verdict),
		         life->refusal.field != NULL ? life->refusal.field : "",
		         life->refusal.detail.text);
}

static uint64_t
create(struct life *life, const char *name, struct rst_view password)
{
	char mail[64];
	const struct act_person person = {
		.username = rst_view_of(name),
		.given_name = RST_VIEW("Test"),
		.surname = rst_view_of(name),
		.mail = { mail, (size_t)snprintf(mail, sizeof(mail),
		                                 "%s@example.org", name) },
		.password = password,
	};
	uint64_t id;

	life_ok(life, act_create_person(&life->ctx, &person, RST_STATUS_ACTIVE,
	                                &id, &life->refusal));
	return id;
}

uint64_t
life_person(struct life *life, const char *name)
{
	return create(life, name, rst_view(NULL, 0));
}

uint64_t
life_person_with_password(struct life *life, const char *name)
{
	return create(life, name, RST_VIEW(LIFE_PASSWORD));
}

uint64_t
life_group(struct life *life, const char *name, bool administrator)
{
	uint64_t id;

	life_ok(life, act_create_group(&life->ctx, rst_view_of(name), 0,
	                               administrator, rst_view(NULL, 0), &id,
	                               &life->refusal));
	return id;
}

uint64_t
life_find(struct life *life, const char *name)
{
	struct rst_rtxn txn;
	uint64_t id = 0;

	fixture_read(life->fixture, &txn);
	(void)!act_find_person(&txn, rst_view_of(name), &id);
	rst_read_end(&txn);
	return id;
}

uint64_t
life_find_group(struct life *life, const char *name)
{
	struct rst_rtxn txn;
	uint64_t id = 0;

	fixture_read(life->fixture, &txn);
	(void)!act_find_group(&txn, rst_view_of(name), &id);
	rst_read_end(&txn);
	return id;
}

const char *
life_value(struct life *life, uint64_t id, uint16_t attr)
{
	static char value[4096];
	struct rst_record record;
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn, id, &record), RST_OK);
	assert_true(rst_view_copy(rst_record_first(&record, attr), value,
	                          sizeof(value)));
	rst_read_end(&txn);
	return value;
}

uint64_t
life_generation(struct life *life, uint64_t id)
{
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t generation;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn, id, &record), RST_OK);
	generation = record.generation;
	rst_read_end(&txn);
	return generation;
}

bool
life_exists(struct life *life, uint64_t id)
{
	struct rst_record record;
	struct rst_rtxn txn;
	bool exists;

	fixture_read(life->fixture, &txn);
	exists = rst_record_get(&txn, id, &record) == RST_OK;
	rst_read_end(&txn);
	return exists;
}

bool
life_is_member(struct life *life, uint64_t group, uint64_t member)
{
	struct rst_rtxn txn;
	bool is;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_member_is(&txn, group, member, &is), RST_OK);
	rst_read_end(&txn);
	return is;
}

uint64_t
life_sequence(struct life *life)
{
	struct rst_rtxn txn;
	uint64_t sequence;

	fixture_read(life->fixture, &txn);
	sequence = rst_journal_last(&txn);
	rst_read_end(&txn);
	return sequence;
}

size_t
life_sessions(struct life *life, uint64_t user)
{
	struct rst_session sessions[RST_SESSIONS_PER_USER];
	struct rst_rtxn txn;
	size_t n;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_session_list(&txn, user, sessions,
	                                  RST_SESSIONS_PER_USER, &n),
	                 RST_OK);
	rst_read_end(&txn);
	return n;
}

static enum rst_err
apply(struct life *life, struct rst_wtxn *txn, struct gate_change *change)
{
	enum rst_err err;

	err = gate_apply(txn, &life->ctx, change, &life->refusal, NULL);
	if (err == RST_OK)
		err = rst_write_commit(txn);
	rst_write_abort(txn);
	return err;
}

enum rst_err
life_set(struct life *life, uint64_t id, uint16_t attr, const char *value)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = id,
	};
	struct rst_record record;
	struct rst_wtxn txn;
	enum rst_err err;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	if (value != NULL)
		assert_int_equal(rst_entry_set_one(change.after, attr,
		                                   rst_view_of(value)),
		                 RST_OK);
	else
		assert_int_equal(rst_entry_set(change.after, attr, NULL, 0),
		                 RST_OK);
	err = apply(life, &txn, &change);
	rst_entry_free(change.after);
	return err;
}

enum rst_err
life_delete(struct life *life, uint64_t id)
{
	struct gate_change change = {
		.verb = GATE_DELETE,
		.act = RST_VIEW("test"),
		.id = id,
	};
	struct rst_wtxn txn;

	fixture_write(life->fixture, &txn);
	return apply(life, &txn, &change);
}

void
life_act(struct life *life, uint64_t sequence, char *buf)
{
	struct rst_journal_public public;
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_journal_get(&txn, sequence, &public), RST_OK);
	assert_true(rst_view_copy(public.act, buf, 64));
	rst_read_end(&txn);
}

void
life_mail_works(struct life *life)
{
	struct rst_wtxn txn;

	assert_int_equal(rst_write_begin(life->env, RST_WRITE_ORDINARY, &txn),
	                 RST_OK);
	assert_int_equal(rst_setting_put(&txn, "mail-url",
	                                 RST_VIEW("https://roster.test")),
	                 RST_OK);
	assert_int_equal(rst_write_commit(&txn), RST_OK);
}
