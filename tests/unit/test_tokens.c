/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_tokens.c - API tokens: lifecycle/act_token.c, gate_token.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/life.h"

struct made {
	uint64_t id;
	char text[RULE_TOKEN_TEXT];
};

static struct made
make(struct life *life, uint64_t owner, const char *scope, const char *address,
     int64_t lifetime_s)
{
	struct rst_view scopes[] = { rst_view_of(scope) };
	struct rst_view addresses[] = { rst_view_of(address) };
	struct act_token token = {
		.name = RST_VIEW("of a test"),
		.scopes = scopes,
		.n_scopes = scope != NULL ? 1 : 0,
		.addresses = addresses,
		.n_addresses = address != NULL ? 1 : 0,
		.lifetime_s = lifetime_s,
	};
	struct made made;

	life_ok(life, act_token_create(&life->ctx, owner, &token, made.text,
	                               &made.id, &life->refusal));
	return made;
}

static enum rst_err
use(struct life *life, const struct made *made, const char *method,
    const char *path, struct act_bearer *bearer)
{
	return act_token_use(&life->ctx, rst_view_of(made->text), method, path,
	                     bearer, &life->refusal);
}

static enum rst_err
bind(struct life *life, uint64_t owner, const struct made *made,
     struct act_bearer *bearer)
{
	return act_token_bind(&life->ctx, owner, rst_view_of(made->text),
	                      bearer);
}

static void
refused(struct life *life, const struct made *made, const char *method,
        const char *path, enum rule_verdict verdict)
{
	struct act_bearer bearer;

	life_refused(life, use(life, made, method, path, &bearer), verdict,
	             NULL);
}

static void
the_last_event_says(struct life *life, const char *reason)
{
	struct rst_journal_public record;
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_journal_get(&txn, rst_journal_last(&txn), &record),
	                 RST_OK);
	assert_true(rst_view_equal(record.act, RST_VIEW("token-refused")));
	if (!rst_view_equal(record.reason, rst_view_of(reason)))
		fail_msg("the reason is %.*s, not %s", (int)record.reason.len,
		         record.reason.ptr, reason);
	rst_read_end(&txn);
}

static void
a_token_is_its_owner_within_its_scope(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	struct made all = make(life, alice, NULL, NULL, 0);
	struct made read = make(life, alice, "read", NULL, 0);
	struct made ldap = make(life, alice, "ldap", NULL, RULE_NEVER);
	struct act_bearer bearer;

	life_ok(life, use(life, &all, "DELETE", "/users/bob", &bearer));
	assert_int_equal(bearer.owner, alice);
	assert_int_equal(bearer.token, all.id);
	assert_true(bearer.inherits);
	assert_int_equal(bearer.expires_s, LIFE_NOW + 90 * 86400);
	assert_int_equal(bind(life, alice, &all, &bearer), RST_EDENIED);
	life_ok(life, use(life, &read, "GET", "/users", &bearer));
	assert_false(bearer.inherits);
	refused(life, &read, "POST", "/users", RULE_INSUFFICIENT_SCOPE);
	the_last_event_says(life, "outside its scope");
	life_ok(life, bind(life, alice, &ldap, &bearer));
	assert_int_equal(bearer.expires_s, RULE_NEVER);
	assert_false(bearer.inherits);
	refused(life, &ldap, "GET", "/me", RULE_INSUFFICIENT_SCOPE);
}

static void
only_a_digest_and_its_beginning_are_kept(void **state)
{
	struct life *life = *state;
	struct made made =
		make(life, life_person(life, "alice"), NULL, NULL, 0);
	const char *digest;

	assert_memory_equal(life_value(life, made.id, RST_A_ROSTERTOKENPREFIX),
	                    made.text, RULE_TOKEN_PREFIX);
	digest = life_value(life, made.id, RST_A_ROSTERTOKENDIGEST);
	assert_int_equal(strlen(digest), 64);
	assert_null(strstr(digest, made.text + 8));
}

static void
every_reason_is_told_to_the_journal_alone(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	struct made made;

	made = make(life, alice, NULL, "192.0.2.0/24", 0);
	life->ctx.address = RST_VIEW("198.51.100.1:80");
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	the_last_event_says(life, "not from this address");
	life->ctx.address = RST_VIEW("192.0.2.9:80");
	made = make(life, alice, NULL, NULL, 1);
	life->ctx.now_s = LIFE_NOW + 1;
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	the_last_event_says(life, "expired");
	made = make(life, alice, NULL, NULL, 0);
	life_ok(life, act_token_revoke(&life->ctx, made.id, &life->refusal));
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	the_last_event_says(life, "revoked");
	made = make(life, alice, NULL, NULL, 0);
	life_ok(life,
	        life_set(life, alice, RST_A_ROSTEREXPIRES, "20200101000000Z"));
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
}

static void
a_password_of_ldap_is_its_owners_alone(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	uint64_t bob = life_person(life, "bob"), before;
	struct act_bearer bearer;
	struct made made;

	made = make(life, alice, "ldap", NULL, 0);
	assert_int_equal(bind(life, bob, &made, &bearer), RST_EDENIED);
	the_last_event_says(life, "with the name of somebody else");
	made = make(life, alice, "ldap", NULL, 0);
	assert_int_equal(bind(life, 0, &made, &bearer), RST_EDENIED);
	the_last_event_says(life, "with the name of somebody else");
	made = make(life, alice, NULL, NULL, 0);
	assert_int_equal(bind(life, alice, &made, &bearer), RST_EDENIED);
	the_last_event_says(life, "outside its scope");
	made = make(life, alice, "ldap", "192.0.2.0/24", 0);
	life->ctx.address = RST_VIEW("ldapi");
	assert_int_equal(bind(life, alice, &made, &bearer), RST_EDENIED);
	the_last_event_says(life, "not from this address");
	/* nothing is counted, and nothing journaled, of what is no token */
	before = life_sequence(life);
	made.text[20] = made.text[20] == 'a' ? 'b' : 'a';
	assert_int_equal(bind(life, alice, &made, &bearer), RST_ENOTFOUND);
	assert_int_equal(life_sequence(life), before);
	/* a lock without end, which a person wrote, holds here too */
	made = make(life, alice, "ldap", NULL, 0);
	life_ok(life, bind(life, alice, &made, &bearer));
	life_ok(life, life_set(life, alice, RST_A_PWDACCOUNTLOCKEDTIME,
	                       "000001010000Z"));
	assert_int_equal(bind(life, alice, &made, &bearer), RST_EDENIED);
	the_last_event_says(life, "the owner is locked");
}

static void
ldap_is_for_reading_without_inherit(void **state)
{
	static const struct {
		const char *scope[3];
		bool reads_only;
	} row[] = {
		{ { "ldap" }, true },
		{ { "ldap", "read" }, true },
		{ { "read", "ldap", "POST /users" }, true },
		{ { "ldap", "read", "inherit" }, false },
		{ { "ldap", "GET /users" }, true },
	};
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	struct act_bearer bearer;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rst_view scopes[3];
		struct act_token token = { .name = RST_VIEW("x"),
			                   .scopes = scopes };
		struct made made;

		for (size_t k = 0; k < 3 && row[i].scope[k] != NULL; k++)
			scopes[token.n_scopes++] = rst_view_of(row[i].scope[k]);
		life_ok(life,
		        act_token_create(&life->ctx, alice, &token, made.text,
		                         &made.id, &life->refusal));
		life_ok(life, bind(life, alice, &made, &bearer));
		if (bearer.inherits == row[i].reads_only)
			fail_msg("row %zu", i);
	}
}

static void
a_refusal_is_journaled_once_a_minute(void **state)
{
	struct life *life = *state;
	struct made made =
		make(life, life_person(life, "alice"), NULL, "192.0.2.0/24", 0);
	uint64_t before;

	life->ctx.address = RST_VIEW("198.51.100.1:80");
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	before = life_sequence(life);
	for (int i = 0; i < 5; i++)
		refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	assert_int_equal(life_sequence(life), before);
	life->ctx.now_s += 60;
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	assert_int_equal(life_sequence(life), before + 1);
}

static void
tokens_die_with_the_access_and_stay_dead(void **state)
{
	static const char *const words[] = { "suspended", "deleted" };
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	uint64_t bob = life_person(life, "bob");
	struct made his = make(life, bob, NULL, NULL, 0), made;
	struct act_bearer bearer;

	for (size_t i = 0; i < 2; i++) {
		made = make(life, alice, NULL, NULL, RULE_NEVER);
		life_ok(life,
		        life_set(life, alice, RST_A_ROSTERSTATUS, words[i]));
		assert_string_not_equal(
			life_value(life, made.id, RST_A_ROSTERREVOKED), "");
		life_ok(life,
		        life_set(life, alice, RST_A_ROSTERSTATUS, "active"));
		refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	}
	made = make(life, alice, NULL, NULL, 0);
	life_ok(life, life_delete(life, alice));
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	life_ok(life, use(life, &his, "GET", "/me", &bearer));
}

static void
an_account_has_fifty_that_live(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), id;
	struct act_token token = { .name = RST_VIEW("one more") };
	char text[RULE_TOKEN_TEXT];
	struct made made = make(life, alice, NULL, NULL, 0);

	for (int i = 1; i < RULE_TOKENS_MAX; i++)
		(void)make(life, alice, NULL, NULL, 0);
	life_refused(life,
	             act_token_create(&life->ctx, alice, &token, text, &id,
	                              &life->refusal),
	             RULE_TOO_MANY_TOKENS, NULL);
	life_ok(life, act_token_revoke(&life->ctx, made.id, &life->refusal));
	life_ok(life, act_token_create(&life->ctx, alice, &token, text, &id,
	                               &life->refusal));
}

static void
what_no_token_can_be_is_refused(void **state)
{
	static const struct {
		const char *name, *scope, *address;
		int64_t lifetime_s;
		enum rule_verdict verdict;
		const char *field;
	} row[] = {
		{ "", "read", "local", 1, RULE_INVALID_NAME, "name" },
		{ "a\nb", "read", "local", 1, RULE_INVALID_NAME, "name" },
		{ "a", "write", "local", 1, RULE_INVALID_SCOPE, "scope" },
		{ "a", "read", "here", 1, RULE_INVALID_ADDRESS, "addresses" },
		{ "a", "read", "local", -1, RULE_INVALID_EXPIRY, "ttl" },
		{ "a", "read", "local", RULE_TOKEN_MAX_S + 1,
		  RULE_INVALID_EXPIRY, "ttl" },
	};
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), id;
	char text[RULE_TOKEN_TEXT];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rst_view scope = rst_view_of(row[i].scope);
		struct rst_view address = rst_view_of(row[i].address);
		struct act_token token = {
			.name = rst_view_of(row[i].name),
			.scopes = &scope,
			.n_scopes = 1,
			.addresses = &address,
			.n_addresses = 1,
			.lifetime_s = row[i].lifetime_s,
		};

		life_refused(life,
		             act_token_create(&life->ctx, alice, &token, text,
		                              &id, &life->refusal),
		             row[i].verdict, row[i].field);
	}
}

static void
a_setting_caps_how_long_they_last(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), id;
	struct act_token token = { .name = RST_VIEW("long"),
		                   .lifetime_s = RULE_NEVER };
	char text[RULE_TOKEN_TEXT];
	struct made made;
	struct act_bearer bearer;

	life_ok(life,
	        act_set(&life->ctx, RST_VIEW(""), RULE_SETTING_TOKEN_LIFETIME,
	                RST_VIEW("7d"), &life->refusal));
	life_refused(life,
	             act_token_create(&life->ctx, alice, &token, text, &id,
	                              &life->refusal),
	             RULE_INVALID_EXPIRY, "ttl");
	made = make(life, alice, NULL, NULL, 0);
	life_ok(life, use(life, &made, "GET", "/me", &bearer));
	assert_int_equal(bearer.expires_s, LIFE_NOW + 7 * 86400);
}

static void
the_last_use_is_known_to_the_minute(void **state)
{
	struct life *life = *state;
	struct made made =
		make(life, life_person(life, "alice"), NULL, NULL, 0);
	struct act_bearer bearer;
	struct rst_rtxn txn;
	char address[64];
	int64_t last_s = 0;

	fixture_read(life->fixture, &txn);
	assert_int_equal(act_token_last(&txn, made.id, &last_s, address),
	                 RST_ENOTFOUND);
	rst_read_end(&txn);
	life->ctx.address = RST_VIEW("192.0.2.9:80");
	life_ok(life, use(life, &made, "GET", "/me", &bearer));
	life->ctx.now_s += 59;
	life_ok(life, use(life, &made, "GET", "/me", &bearer));
	fixture_read(life->fixture, &txn);
	assert_int_equal(act_token_last(&txn, made.id, &last_s, address),
	                 RST_OK);
	rst_read_end(&txn);
	assert_int_equal(last_s, LIFE_NOW);
	assert_string_equal(address, "192.0.2.9:80");
}

static void
nonsense_is_no_token(void **state)
{
	struct life *life = *state;
	struct made made = { .text = "" };

	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	memcpy(made.text, "rst_x", 6);
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
	rule_token_make("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
	                made.text);
	refused(life, &made, "GET", "/me", RULE_INVALID_TOKEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_token_is_its_owner_within_its_scope),
		LIFE_TEST(only_a_digest_and_its_beginning_are_kept),
		LIFE_TEST(every_reason_is_told_to_the_journal_alone),
		LIFE_TEST(a_password_of_ldap_is_its_owners_alone),
		LIFE_TEST(ldap_is_for_reading_without_inherit),
		LIFE_TEST(a_refusal_is_journaled_once_a_minute),
		LIFE_TEST(tokens_die_with_the_access_and_stay_dead),
		LIFE_TEST(an_account_has_fifty_that_live),
		LIFE_TEST(what_no_token_can_be_is_refused),
		LIFE_TEST(a_setting_caps_how_long_they_last),
		LIFE_TEST(the_last_use_is_known_to_the_minute),
		LIFE_TEST(nonsense_is_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
