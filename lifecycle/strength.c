/* SPDX-License-Identifier: OLDAP-2.8 */
/* strength.c - is a password good enough?
 *
 * The rule counts characters and looks for the person's own name; zxcvbn
 * estimates how many guesses the rest would take, from words, dates, keyboard
 * rows and repetitions.  What it finds on the first 256 bytes is enough: more
 * can only be harder to guess.
 */
#include <sodium.h>
#include <zxcvbn.h>

#include "lifecycle/password.h"
#include "rules/password.h"
#include "store/ident.h"

#define ESTIMATED_MAX 256  /* bytes; bounds the work of an estimate */
#define BITS_MIN      26.6 /* 10^8 guesses, where zxcvbn begins its "fair" */

static bool
is_guessable(struct rst_view password, const char *username, const char *mail)
{
	const char *own[4] = { "roster", NULL, NULL, NULL };
	char text[ESTIMATED_MAX + 1], local[RST_MAIL_MAX + 1];
	size_t n = 1;
	double bits;

	if (password.len > ESTIMATED_MAX)
		password.len = ESTIMATED_MAX;
	/* Without a NUL: the rule was asked first. */
	(void)rst_view_copy(password, text, sizeof(text));
	if (username != NULL && username[0] != '\0')
		own[n++] = username;
	if (mail != NULL && mail[0] != '\0' &&
	    rst_view_copy(rst_view(mail, strcspn(mail, "@")), local,
	                  sizeof(local)))
		own[n++] = local;
	bits = ZxcvbnMatch(text, own, NULL);
	sodium_memzero(text, sizeof(text));
	return bits < BITS_MIN;
}

enum rule_verdict
lifecycle_password_rule(struct rst_view password, const char *username,
                        const char *mail)
{
	enum rule_verdict verdict;

	verdict = rule_password(&rule_password_default, password.ptr,
	                        password.len, username, mail);
	if (verdict == RULE_OK && is_guessable(password, username, mail))
		verdict = RULE_WEAK_PASSWORD;
	return verdict;
}
