/* SPDX-License-Identifier: OLDAP-2.8 */
/* strength.c - is a password good enough?
 *
 * The rule counts characters and looks for the person's own names; zxcvbn
 * estimates how many guesses the rest would take, from words, dates, keyboard
 * rows and repetitions.  What it finds on the first 256 bytes is enough: more
 * can only be harder to guess.
 */
#include <sodium.h>
#include <zxcvbn.h>

#include "lifecycle/password.h"
#include "lifecycle/password_age.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "store/member.h"
#include "store/tree.h"

#define ESTIMATED_MAX 256  /* bytes; bounds the work of an estimate */
#define BITS_MIN      26.6 /* 10^8 guesses, where zxcvbn begins its "fair" */
#define GROUPS_MAX    8    /* whose names are words */

/* One that is too long is cut; too many are passed over. */
static void
add_word(char words[][LIFECYCLE_WORD_BYTES], size_t *n, struct rst_view word)
{
	if (word.len == 0 || *n == LIFECYCLE_WORDS_MAX)
		return;
	if (word.len >= LIFECYCLE_WORD_BYTES)
		word.len = LIFECYCLE_WORD_BYTES - 1;
	if (rst_view_copy(word, words[*n], LIFECYCLE_WORD_BYTES))
		(*n)++;
}

static void
add_own(struct lifecycle_terms *terms, struct rst_view word)
{
	add_word(terms->own, &terms->n_own, word);
}

void
lifecycle_terms_add(struct lifecycle_terms *terms, struct rst_view name)
{
	size_t start = 0;

	for (size_t i = 0; i <= name.len; i++)
		if (i == name.len || strchr(" -._'", name.ptr[i]) != NULL) {
			add_own(terms, rst_view(name.ptr + start, i - start));
			start = i + 1;
		}
}

void
lifecycle_terms_add_mail(struct lifecycle_terms *terms, struct rst_view mail)
{
	const char *at = mail.len > 0 ? memchr(mail.ptr, '@', mail.len) : NULL;

	if (at != NULL)
		mail.len = (size_t)(at - mail.ptr);
	add_own(terms, mail);
	lifecycle_terms_add(terms, mail);
}

/* "Example Organisation" and the "example" of dc=example,dc=org. */
static enum rst_err
add_site(const struct rst_rtxn *txn, struct lifecycle_terms *terms)
{
	struct rst_record record;
	uint64_t id;
	enum rst_err err = lifecycle_suffix(txn, &id);

	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err == RST_ENOTFOUND)
		return RST_OK; /* the suffix entry is about to be made */
	if (err != RST_OK)
		return err;
	add_word(terms->site, &terms->n_site, rst_view_of("roster"));
	add_word(terms->site, &terms->n_site,
	         rst_record_first(&record, RST_A_O));
	add_word(terms->site, &terms->n_site,
	         rst_record_first(&record, RST_A_DC));
	return RST_OK;
}

/* The groups of person, but for the one of everybody. */
static enum rst_err
add_groups(const struct rst_rtxn *txn, uint64_t person,
           struct lifecycle_terms *terms)
{
	struct rst_record record;
	uint64_t groups[GROUPS_MAX];
	size_t n = 0;
	enum rst_err err;

	err = rst_member_of_all(txn, person, 0, groups, GROUPS_MAX, &n);
	for (size_t i = 0; err == RST_OK && i < n; i++) {
		err = rst_record_get(txn, groups[i], &record);
		if (err == RST_OK)
			add_word(terms->site, &terms->n_site,
			         rst_record_first(&record, RST_A_CN));
	}
	return err;
}

static void
add_used(struct lifecycle_terms *terms, struct rst_view hash)
{
	if (hash.len > 0 && terms->n_used < LIFECYCLE_USED_MAX &&
	    rst_view_copy(hash, terms->used[terms->n_used],
	                  LIFECYCLE_USED_BYTES))
		terms->n_used++;
}

/* The present password and the former ones, where they stay taken; more than
 * the policy says are the gate's to drop. */
static void
take_used(const struct rst_record *record, struct lifecycle_terms *terms)
{
	struct rst_attr history;
	struct rst_view value, hash;

	if (terms->life.history == 0)
		return;
	add_used(terms, rst_record_first(record, RST_A_USERPASSWORD));
	if (!rst_record_attr(record, RST_A_PWDHISTORY, &history))
		return;
	for (uint32_t i = 0;
	     i < terms->life.history && rst_attr_next(&history, &value); i++)
		if (lifecycle_history_hash(value, &hash))
			add_used(terms, hash);
}

static enum rst_err
add_person(const struct rst_rtxn *txn, uint64_t person,
           struct lifecycle_terms *terms)
{
	static const uint16_t names[] = { RST_A_UID, RST_A_GIVENNAME, RST_A_SN,
		                          RST_A_DISPLAYNAME };
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, person, &record);
	if (err != RST_OK)
		return err;
	terms->facts = lifecycle_password_facts(&record);
	take_used(&record, terms);
	add_own(terms, rst_record_first(&record, RST_A_UID));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		lifecycle_terms_add(terms, rst_record_first(&record, names[i]));
	lifecycle_terms_add_mail(terms, rst_record_first(&record, RST_A_MAIL));
	return add_groups(txn, person, terms);
}

enum rst_err
lifecycle_terms(const struct rst_rtxn *txn, uint64_t person,
                struct lifecycle_terms *ret_terms)
{
	struct lifecycle_policy policy;
	enum rst_err err;

	err = lifecycle_policy(txn, person, &policy);
	if (err != RST_OK)
		return err;
	ret_terms->n_own = ret_terms->n_site = ret_terms->n_used = 0;
	ret_terms->life = lifecycle_password_life(&policy);
	ret_terms->facts = (struct rule_password_facts){ .changed_s = 0 };
	ret_terms->policy = (struct rule_password_policy){
		.min_length = (unsigned int)policy
		                      .number[RULE_SETTING_PASSWORD_MIN_LENGTH],
		.require = (unsigned int)
		                   policy.number[RULE_SETTING_PASSWORD_REQUIRE],
		.blocklist =
			policy.number[RULE_SETTING_PASSWORD_BLOCKLIST] != 0,
	};
	err = add_site(txn, ret_terms);
	if (err == RST_OK && person != 0)
		err = add_person(txn, person, ret_terms);
	return err;
}

#define WORDS_MAX (2 * LIFECYCLE_WORDS_MAX + 1) /* with the NULL */

static double
bits_of(const char *const *words, struct rst_view password)
{
	char text[ESTIMATED_MAX + 1];
	double bits;

	if (password.len > ESTIMATED_MAX)
		password.len = ESTIMATED_MAX;
	if (!rst_view_copy(password, text, sizeof(text)))
		return 0; /* a NUL: no password */
	bits = ZxcvbnMatch(text, (const char **)words, NULL);
	sodium_memzero(text, sizeof(text));
	return bits;
}

static void
all_words(const struct lifecycle_terms *terms, const char *words[WORDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < terms->n_own; i++)
		words[n++] = terms->own[i];
	for (size_t i = 0; i < terms->n_site; i++)
		words[n++] = terms->site[i];
	words[n] = NULL;
}

enum rule_password_fault
lifecycle_password_judge(const struct lifecycle_terms *terms,
                         struct rst_view password)
{
	const char *words[WORDS_MAX];
	enum rule_password_fault fault;

	all_words(terms, words);
	fault = rule_password(&terms->policy, password.ptr, password.len, words,
	                      terms->n_own);
	if (fault == RULE_PASSWORD_FINE && terms->policy.blocklist &&
	    bits_of(words, password) < BITS_MIN)
		fault = RULE_PASSWORD_GUESSABLE;
	return fault;
}

unsigned int
lifecycle_password_score(const struct lifecycle_terms *terms,
                         struct rst_view password)
{
	static const double steps[] = { 10, 20, BITS_MIN, 33.2 };
	const char *words[WORDS_MAX];
	unsigned int score = 0;
	double bits;

	all_words(terms, words);
	bits = bits_of(words, password);
	while (score < sizeof(steps) / sizeof(steps[0]) && bits >= steps[score])
		score++;
	return score;
}
