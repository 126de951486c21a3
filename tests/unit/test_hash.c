/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_hash.c - lifecycle/password.h */
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lifecycle/password.h"
#include "lifecycle/slot.h"

#define PASSWORD "a fine long passphrase"

/* What libsodium's argon2i makes of PASSWORD, as a stock slapd keeps it:
 * made in the test that needs it. */
#include <sodium.h>

static enum rst_err
check(struct fixture *fixture, const char *stored, struct rst_view password)
{
	return lifecycle_password_check(fixture->env, RST_VIEW("nobody"), false,
	                                rst_view_of(stored), password, NULL,
	                                NULL);
}

static void
a_hash_is_right_for_its_password_alone(void **state)
{
	struct fixture *fixture = *state;
	char hash[LIFECYCLE_HASH_MAX], again[LIFECYCLE_HASH_MAX];

	assert_int_equal(
		lifecycle_password_hash(fixture->env, RST_VIEW(PASSWORD), hash),
		RST_OK);
	assert_int_equal(
		strncmp(hash, "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$", 39),
		0);
	assert_int_equal(check(fixture, hash, RST_VIEW(PASSWORD)), RST_OK);
	assert_int_equal(check(fixture, hash, RST_VIEW(PASSWORD " ")),
	                 RST_EDENIED);
	assert_int_equal(check(fixture, hash, RST_VIEW("")), RST_EDENIED);
	assert_int_equal(check(fixture, hash, rst_view(NULL, 0)), RST_EDENIED);
	assert_int_equal(lifecycle_password_hash(fixture->env,
	                                         RST_VIEW(PASSWORD), again),
	                 RST_OK);
	assert_string_not_equal(hash, again); /* salted */
}

static void
one_text_typed_two_ways_is_one_password(void **state)
{
	struct fixture *fixture = *state;
	char hash[LIFECYCLE_HASH_MAX];

	/* e with acute: one character, or two */
	assert_int_equal(
		lifecycle_password_hash(fixture->env,
	                                RST_VIEW("caf\xc3\xa9 au lait"), hash),
		RST_OK);
	assert_int_equal(check(fixture, hash, RST_VIEW("cafe\xcc\x81 au lait")),
	                 RST_OK);
	/* no-break space is a space; case is not folded */
	assert_int_equal(check(fixture, hash,
	                       RST_VIEW("caf\xc3\xa9\xc2\xa0"
	                                "au lait")),
	                 RST_OK);
	assert_int_equal(check(fixture, hash, RST_VIEW("Caf\xc3\xa9 au lait")),
	                 RST_EDENIED);
}

static void
what_is_no_password_is_refused_and_never_right(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *text;
		size_t len;
	} row[] = {
		{ "", 0 },          { "nul\0byte", 8 }, { "\xff\xfe", 2 },
		{ "tab\there", 8 }, { "cut\xc3", 4 },
	};
	char hash[LIFECYCLE_HASH_MAX] = "untouched", stored[LIFECYCLE_HASH_MAX];
	char longest[1025];

	assert_int_equal(lifecycle_password_hash(fixture->env,
	                                         RST_VIEW(PASSWORD), stored),
	                 RST_OK);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rst_view text = rst_view(row[i].text, row[i].len);

		if (lifecycle_password_hash(fixture->env, text, hash) !=
		            RST_EINVALID ||
		    check(fixture, stored, text) != RST_EDENIED)
			fail_msg("row %zu", i);
	}
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(lifecycle_password_hash(fixture->env,
	                                         rst_view(longest, 1025), hash),
	                 RST_EINVALID);
	assert_int_equal(check(fixture, stored, rst_view(longest, 1025)),
	                 RST_EDENIED);
	assert_string_equal(hash, "untouched");
	assert_int_equal(lifecycle_password_hash(fixture->env,
	                                         rst_view(longest, 1024), hash),
	                 RST_OK);
}

static void
a_password_takes_many_guesses(void **state)
{
	static const struct {
		const char *text, *username;
		enum rule_password_fault expect;
	} row[] = {
		{ PASSWORD, "ada", RULE_PASSWORD_FINE },
		{ PASSWORD, "", RULE_PASSWORD_FINE },
		{ "passwordpassword", "", RULE_PASSWORD_GUESSABLE },
		{ "123456789012", "", RULE_PASSWORD_ALL_DIGITS },
		{ "aaaaaaaaaaaaaaaa", "", RULE_PASSWORD_GUESSABLE },
		{ "qwertyuiop12", "", RULE_PASSWORD_GUESSABLE },
		/* too short a name for the rule, not for the estimate */
		{ "bobbobbobbob", "bob", RULE_PASSWORD_GUESSABLE },
		{ "rosterroster", "", RULE_PASSWORD_GUESSABLE },
		{ "short", "", RULE_PASSWORD_SHORT },
		{ "", "", RULE_PASSWORD_NO_TEXT },
	};
	char longest[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct lifecycle_terms terms = {
			.policy = rule_password_default,
			.n_site = 1,
			.site = { "roster" },
		};

		lifecycle_terms_add(&terms, rst_view_of(row[i].username));
		if (lifecycle_password_judge(
			    &terms, rst_view_of(row[i].text)) != row[i].expect)
			fail_msg("\"%s\"", row[i].text);
	}
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = (char)('!' + (i * i * 31 + i * 7) % 90);
	assert_int_equal(lifecycle_password_judge(
				 &(struct lifecycle_terms){
					 .policy = rule_password_default },
				 rst_view(longest, 1024)),
	                 RULE_PASSWORD_FINE);
}

static void
each_part_of_a_name_is_a_word(void **state)
{
	struct lifecycle_terms terms = { .n_own = 0 };
	char longer[100];

	(void)state;
	lifecycle_terms_add(&terms, RST_VIEW("Anna-Lena van  Dyk"));
	lifecycle_terms_add_mail(&terms, RST_VIEW("a.dyk@example.org"));
	assert_int_equal(terms.n_own, 7);
	assert_string_equal(terms.own[0], "Anna");
	assert_string_equal(terms.own[3], "Dyk");
	assert_string_equal(terms.own[4], "a.dyk");
	assert_string_equal(terms.own[6], "dyk");
	memset(longer, 'x', sizeof(longer));
	for (size_t i = 0; i < 2 * LIFECYCLE_WORDS_MAX; i++)
		lifecycle_terms_add(&terms, rst_view(longer, sizeof(longer)));
	assert_int_equal(terms.n_own, LIFECYCLE_WORDS_MAX);
	assert_int_equal(strlen(terms.own[7]), LIFECYCLE_WORD_BYTES - 1);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
a_hash_bomb_is_not_computed(void **state)
{
	struct fixture *fixture = *state;
	static const char *const bombs[] = {
		"{ARGON2}$argon2id$v=19$m=2097152,t=3,p=1$"
		"c29tZXNhbHRzb21lc2FsdA$"
		"Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBvZiBiYXNlNjQ",
		"{ARGON2}$argon2id$v=19$m=19456,t=4000,p=1$"
		"c29tZXNhbHRzb21lc2FsdA$"
		"Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBvZiBiYXNlNjQ",
		"{ARGON2}$argon2i$v=19$m=1048576,t=3,p=1$"
		"c29tZXNhbHRzb21lc2FsdA$"
		"Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBvZiBiYXNlNjQ",
	};
	char hash[LIFECYCLE_HASH_MAX];
	double start = seconds(), usual;

	assert_int_equal(
		lifecycle_password_hash(fixture->env, RST_VIEW(PASSWORD), hash),
		RST_OK);
	assert_int_equal(check(fixture, hash, RST_VIEW("x")), RST_EDENIED);
	usual = seconds() - start;
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		start = seconds();
		assert_int_equal(check(fixture, bombs[i], RST_VIEW(PASSWORD)),
		                 RST_EDENIED);
		assert_true(seconds() - start < 4 * usual + 0.05);
	}
}

static void
what_is_not_there_costs_a_hash_too(void **state)
{
	struct fixture *fixture = *state;
	static const char *const absent[] = { "", "clear text", "{SSHA}x",
		                              "{ARGON2}broken" };
	char hash[LIFECYCLE_HASH_MAX];
	double start, usual = 1e9, took;

	assert_int_equal(
		lifecycle_password_hash(fixture->env, RST_VIEW(PASSWORD), hash),
		RST_OK);
	for (int i = 0; i < 3; i++) {
		start = seconds();
		assert_int_equal(check(fixture, hash, RST_VIEW("x")),
		                 RST_EDENIED);
		took = seconds() - start;
		usual = took < usual ? took : usual;
	}
	assert_true(usual > 0.001);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		start = seconds();
		assert_int_equal(check(fixture, absent[i], RST_VIEW("x")),
		                 RST_EDENIED);
		assert_true(seconds() - start > usual * 0.6);
	}
	/* clear text is nobody's password, itself included */
	assert_int_equal(check(fixture, "clear text", RST_VIEW("clear text")),
	                 RST_EDENIED);
	assert_int_equal(check(fixture, "", RST_VIEW("decoy")), RST_EDENIED);
}

static void
argon2i_of_stock_slapd_is_verified(void **state)
{
	struct fixture *fixture = *state;
	char text[crypto_pwhash_STRBYTES], stored[LIFECYCLE_HASH_MAX];

	assert_int_equal(crypto_pwhash_argon2i_str(text, PASSWORD,
	                                           strlen(PASSWORD), 3,
	                                           4096 * 1024),
	                 0);
	snprintf(stored, sizeof(stored), "{ARGON2}%s", text);
	assert_int_equal(check(fixture, stored, RST_VIEW(PASSWORD)), RST_OK);
	assert_int_equal(check(fixture, stored, RST_VIEW("x")), RST_EDENIED);
}

/* No door needs slapd to know these. */
static void
what_imports_bring_is_verified(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *stored, *password;
	} row[] = {
		{ "{SSHA}qslxNhMfmrfLdQT0y9W0c6ZJNcBzYWx0MTIzNA==",
		  "secret of an import" },
		{ "{ssha}qslxNhMfmrfLdQT0y9W0c6ZJNcBzYWx0MTIzNA==",
		  "secret of an import" },
		{ "{MD5}103VyYfcj+v60xm9RGiJeg==", "secret of an import" },
		{ "{SMD5}44bCXZ/yU4LGNXNOkQ7RPnNhbHQxMjM0",
		  "secret of an import" },
		{ "{SSHA256}a/kAOIRjHiu5mMw31EL8KijaarZ3weMKqEnvNZijTBxzYWx0MT"
		  "IzNA==",
		  "secret of an import" },
		{ "{SSHA512}Pg0SZ0pr0t4wc5piBXZ0MIustWHIpVhdfcd9V1WaG5X2dD/0ik"
		  "4pFmOrOipkxGBagxv6ALje1Qt3pn2MHA/7InNhbHQxMjM0",
		  "secret of an import" },
		{ "{CRYPT}abNANd1rDfiNc", "secret" },
		{ "{CRYPT}$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1", "secret" },
		{ "{CRYPT}$6$rounds=1000$abc$MqEcPZUYRGGcOeq7PhMpfjfu/F0HrVEI0O"
		  "lZBijWvO8mSG77iNUDP5MqFceKpJTBc8iITVtNyLiNTRNCxv6oh0",
		  "secret" },
		{ "{CRYPT}$y$j75$k2XAnEHBqQ1Ct2aMXFKN..$J8.a7QeprTcp1jVwPPaats"
		  "9gjKrbWrhiFRUEq6X6Nn.",
		  "secret" },
		{ "{CRYPT}$2b$04$KBCwKxOzLha2MUDgW0Pj..2bT7tPX5BK4C3aErCQyML8j"
		  "vWxqMa0a",
		  "secret" },
	};
	static const char *const never[] = {
		"{SSHA}",
		"{SSHA}kg85xTkAZebUgFDANNioIXeCmAo=", /* no salt */
		"{SHA}qslxNhMfmrfLdQT0y9W0c6ZJNcBzYWx0MTIzNA==",
		"{SHA}kg85xTkA", /* cut */
		"{SHA}not base64 at all",
		"{CRYPT}*0",
		"{CRYPT}$6$rounds=999999999$s$h",
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (check(fixture, row[i].stored,
		          rst_view_of(row[i].password)) != RST_OK)
			fail_msg("%s is refused", row[i].stored);
		assert_int_equal(check(fixture, row[i].stored, RST_VIEW("x")),
		                 RST_EDENIED);
		assert_int_equal(check(fixture, row[i].stored,
		                       rst_view(row[i].password,
		                                strlen(row[i].password) + 1)),
		                 RST_EDENIED); /* with the NUL */
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(check(fixture, never[i], RST_VIEW("secret")),
		                 RST_EDENIED);
}

struct asked {
	int times;
	bool answer;
	char stored[64];
	char password[64];
};

static bool
other(void *arg, const char *stored, struct rst_view password)
{
	struct asked *asked = arg;

	asked->times++;
	snprintf(asked->stored, sizeof(asked->stored), "%s", stored);
	rst_view_copy(password, asked->password, sizeof(asked->password));
	return asked->answer;
}

static void
another_scheme_is_the_doors_question(void **state)
{
	struct fixture *fixture = *state;
	struct asked asked = { .answer = true };
	const struct rst_view ssha = RST_VIEW("{SSHA}abc");

	assert_int_equal(lifecycle_password_check(
				 fixture->env, RST_VIEW(""), false, ssha,
				 RST_VIEW("e\xcc\x81"), other, &asked),
	                 RST_OK);
	assert_int_equal(asked.times, 1);
	assert_string_equal(asked.stored, "{SSHA}abc");
	assert_string_equal(asked.password, "e\xcc\x81"); /* as it came */
	asked.answer = false;
	assert_int_equal(lifecycle_password_check(fixture->env, RST_VIEW(""),
	                                          false, ssha, RST_VIEW("x"),
	                                          other, &asked),
	                 RST_EDENIED);
	/* never for nothing, clear text or a bomb */
	asked = (struct asked){ .answer = true };
	assert_int_equal(lifecycle_password_check(fixture->env, RST_VIEW(""),
	                                          false, RST_VIEW(""),
	                                          RST_VIEW("x"), other, &asked),
	                 RST_EDENIED);
	assert_int_equal(lifecycle_password_check(fixture->env, RST_VIEW(""),
	                                          false, RST_VIEW("x"),
	                                          RST_VIEW("x"), other, &asked),
	                 RST_EDENIED);
	assert_int_equal(lifecycle_password_check(fixture->env, RST_VIEW(""),
	                                          false, RST_VIEW("{ARGON2}x"),
	                                          RST_VIEW("x"), other, &asked),
	                 RST_EDENIED);
	assert_int_equal(asked.times, 0);
}

/* Lock all slots on a description of our own, as other hashes would. */
static int
take_all_slots(struct fixture *fixture)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/hash.lock", fixture->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

static bool
pause_until(void *arg)
{
	int *left = arg;

	return --*left > 0;
}

static void
without_a_slot_one_waits_and_is_told_busy(void **state)
{
	struct fixture *fixture = *state;
	char hash[LIFECYCLE_HASH_MAX];
	struct timespec before, after;
	int fd = take_all_slots(fixture), left = 10;

	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(
		lifecycle_password_hash(fixture->env, RST_VIEW(PASSWORD), hash),
		RST_EBUSY);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
	                    (after.tv_nsec - before.tv_nsec) / 1000000 >=
	            SLOT_WAIT_MS);
	/* whoever asks us to pause ends the wait */
	lifecycle_password_set_pause(pause_until, &left);
	assert_int_equal(check(fixture, "", RST_VIEW(PASSWORD)), RST_EBUSY);
	assert_int_equal(left, 0);
	lifecycle_password_set_pause(NULL, NULL);
	close(fd);
	assert_int_equal(check(fixture, "", RST_VIEW(PASSWORD)), RST_EDENIED);
}

static void
a_killed_process_gives_its_slot_back(void **state)
{
	struct fixture *fixture = *state;
	char byte;
	int ready[2];
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		take_all_slots(fixture);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(check(fixture, "", RST_VIEW(PASSWORD)), RST_EDENIED);
	close(ready[0]);
	close(ready[1]);
}

#define THREADS 8

static void *
hash_one(void *arg)
{
	char hash[LIFECYCLE_HASH_MAX];
	enum rst_err err =
		lifecycle_password_hash(arg, RST_VIEW(PASSWORD), hash);

	return (void *)(uintptr_t)err;
}

static void
many_at_once_queue_and_all_succeed(void **state)
{
	struct fixture *fixture = *state;
	pthread_t thread[THREADS];
	void *err;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hash_one,
		                                fixture->env),
		                 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &err), 0);
		assert_int_equal((uintptr_t)err, RST_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_hash_is_right_for_its_password_alone),
		FIXTURE_TEST(one_text_typed_two_ways_is_one_password),
		FIXTURE_TEST(what_is_no_password_is_refused_and_never_right),
		FIXTURE_TEST(a_password_takes_many_guesses),
		cmocka_unit_test(each_part_of_a_name_is_a_word),
		FIXTURE_TEST(a_hash_bomb_is_not_computed),
		FIXTURE_TEST(what_is_not_there_costs_a_hash_too),
		FIXTURE_TEST(argon2i_of_stock_slapd_is_verified),
		FIXTURE_TEST(what_imports_bring_is_verified),
		FIXTURE_TEST(another_scheme_is_the_doors_question),
		FIXTURE_TEST(without_a_slot_one_waits_and_is_told_busy),
		FIXTURE_TEST(a_killed_process_gives_its_slot_back),
		FIXTURE_TEST(many_at_once_queue_and_all_succeed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
