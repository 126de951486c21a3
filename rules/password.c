/* SPDX-License-Identifier: OLDAP-2.8 */
/* password.c - which passwords are good enough, which hashes are lawful */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rules/password.h"
#include "rules/setting.h"
#include "rules/utf8.h"

/* A shorter name is in too many good passwords by chance. */
#define NAME_MIN 4

#define HASH_BYTES_MAX  128   /* of the part after {ARGON2} */
#define HASH_KIB_MIN    8     /* of memory: argon2's own minimum with p = 1 */
#define HASH_KIB_MAX    65536 /* hazard F10: what one bind may cost */
#define HASH_PASSES_MAX 8

const struct rule_password_policy rule_password_default = {
	.min_length = 12,
	.blocklist = true,
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Is piece in text, but for the case of ASCII letters? */
static bool
contains(const char *text, size_t len, const char *piece, size_t piece_len)
{
	if (piece_len < NAME_MIN || piece_len > len)
		return false;
	for (size_t i = 0; i + piece_len <= len; i++) {
		size_t n = 0;

		while (n < piece_len && lower(text[i + n]) == lower(piece[n]))
			n++;
		if (n == piece_len)
			return true;
	}
	return false;
}

/* The kinds of characters that are in text, as bits. */
static unsigned int
classes_of(const char *text, size_t len)
{
	unsigned int classes = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			classes |= RULE_CLASS_UPPER;
		else if (text[i] >= 'a' && text[i] <= 'z')
			classes |= RULE_CLASS_LOWER;
		else if (text[i] >= '0' && text[i] <= '9')
			classes |= RULE_CLASS_DIGIT;
		else
			classes |= RULE_CLASS_OTHER;
	return classes;
}

static enum rule_password_fault
missing(unsigned int require, unsigned int classes)
{
	unsigned int without = require & ~classes;

	if (without & RULE_CLASS_UPPER)
		return RULE_PASSWORD_NO_UPPER;
	if (without & RULE_CLASS_LOWER)
		return RULE_PASSWORD_NO_LOWER;
	if (without & RULE_CLASS_DIGIT)
		return RULE_PASSWORD_NO_DIGIT;
	if (without & RULE_CLASS_OTHER)
		return RULE_PASSWORD_NO_OTHER;
	return RULE_PASSWORD_FINE;
}

enum rule_password_fault
rule_password(const struct rule_password_policy *policy, const char *text,
              size_t len, const char *const *words, size_t n_words)
{
	const char *at = text;
	size_t left = len, characters = 0;
	unsigned int classes;
	enum rule_password_fault fault;
	uint32_t c;

	if (len == 0 || len > RULE_PASSWORD_MAX)
		return RULE_PASSWORD_NO_TEXT;
	for (; left > 0; characters++)
		if (!rule_utf8_next(&at, &left, &c) || c == 0)
			return RULE_PASSWORD_NO_TEXT;
	if (characters < policy->min_length)
		return RULE_PASSWORD_SHORT;
	classes = classes_of(text, len);
	fault = missing(policy->require, classes);
	if (fault != RULE_PASSWORD_FINE || !policy->blocklist)
		return fault;
	for (size_t i = 0; i < n_words; i++)
		if (words[i] != NULL &&
		    contains(text, len, words[i], strlen(words[i])))
			return RULE_PASSWORD_OWN_WORD;
	if (classes == RULE_CLASS_DIGIT)
		return RULE_PASSWORD_ALL_DIGITS;
	return RULE_PASSWORD_FINE;
}

enum rule_verdict
rule_password_verdict(enum rule_password_fault fault)
{
	switch (fault) {
	case RULE_PASSWORD_FINE:
		return RULE_OK;
	case RULE_PASSWORD_NO_TEXT:
		return RULE_INVALID_PASSWORD;
	case RULE_PASSWORD_SHORT:
	case RULE_PASSWORD_NO_UPPER:
	case RULE_PASSWORD_NO_LOWER:
	case RULE_PASSWORD_NO_DIGIT:
	case RULE_PASSWORD_NO_OTHER:
	case RULE_PASSWORD_OWN_WORD:
	case RULE_PASSWORD_ALL_DIGITS:
	case RULE_PASSWORD_GUESSABLE:
	case RULE_PASSWORD_USED:
		break;
	}
	return RULE_WEAK_PASSWORD;
}

static const char *
text_of(enum rule_password_fault fault)
{
	switch (fault) {
	case RULE_PASSWORD_FINE:
	case RULE_PASSWORD_NO_TEXT:
	case RULE_PASSWORD_SHORT:
		break;
	case RULE_PASSWORD_NO_UPPER:
		return "it needs an upper-case letter, A to Z";
	case RULE_PASSWORD_NO_LOWER:
		return "it needs a lower-case letter, a to z";
	case RULE_PASSWORD_NO_DIGIT:
		return "it needs a digit";
	case RULE_PASSWORD_NO_OTHER:
		return "it needs a character that is neither letter nor digit";
	case RULE_PASSWORD_OWN_WORD:
		return "it contains a name of the person";
	case RULE_PASSWORD_ALL_DIGITS:
		return "it has digits only";
	case RULE_PASSWORD_GUESSABLE:
		return "it is too easy to guess";
	case RULE_PASSWORD_USED:
		return "it was used before";
	}
	return "";
}

void
rule_password_say(enum rule_password_fault fault,
                  const struct rule_password_policy *policy,
                  char buf[RULE_PASSWORD_SAY_BYTES])
{
	if (fault == RULE_PASSWORD_SHORT)
		(void)snprintf(buf, RULE_PASSWORD_SAY_BYTES,
		               "it needs at least %u characters",
		               policy->min_length);
	else
		(void)snprintf(buf, RULE_PASSWORD_SAY_BYTES, "%s",
		               text_of(fault));
}

/* What is left of a hash while it is read. */
struct reader {
	const char *at;
	size_t len;
};

static bool
take(struct reader *in, const char *word)
{
	size_t len = strlen(word);

	if (in->len < len || memcmp(in->at, word, len) != 0)
		return false;
	in->at += len;
	in->len -= len;
	return true;
}

/* A decimal number of at most seven digits without leading zeros. */
static bool
take_number(struct reader *in, uint32_t *ret_number)
{
	uint32_t number = 0;
	size_t n = 0;

	while (n < in->len && n < 7 && in->at[n] >= '0' && in->at[n] <= '9')
		number = number * 10 + (uint32_t)(in->at[n++] - '0');
	if (n == 0 || (n > 1 && in->at[0] == '0'))
		return false;
	in->at += n;
	in->len -= n;
	*ret_number = number;
	return true;
}

/* Unpadded base64 of at least min characters. */
static bool
take_base64(struct reader *in, size_t min)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	size_t n = 0;

	while (n < in->len && in->at[n] != '\0' &&
	       strchr(alphabet, in->at[n]) != NULL)
		n++;
	in->at += n;
	in->len -= n;
	return n >= min;
}

/* "v=19$m=..,t=..,p=1$salt$hash", within the caps of hazard F10. */
static bool
within_caps(struct reader in)
{
	uint32_t kib, passes, lanes;

	return take(&in, "v=19$m=") && take_number(&in, &kib) &&
	       take(&in, ",t=") && take_number(&in, &passes) &&
	       take(&in, ",p=") && take_number(&in, &lanes) && take(&in, "$") &&
	       take_base64(&in, 11) && take(&in, "$") && take_base64(&in, 16) &&
	       in.len == 0 && kib >= HASH_KIB_MIN && kib <= HASH_KIB_MAX &&
	       passes >= 1 && passes <= HASH_PASSES_MAX && lanes == 1;
}

static enum rule_hash_scheme
argon2_scheme(struct reader in)
{
	if (in.len > HASH_BYTES_MAX)
		return RULE_SCHEME_REFUSED;
	if (take(&in, "$argon2id$"))
		return within_caps(in) ? RULE_SCHEME_ARGON2ID
		                       : RULE_SCHEME_REFUSED;
	if (take(&in, "$argon2i$") || take(&in, "$argon2d$"))
		return within_caps(in) ? RULE_SCHEME_OTHER
		                       : RULE_SCHEME_REFUSED;
	return RULE_SCHEME_REFUSED;
}

#define ROUNDS_MAX      1000000 /* of SHA-2 crypt: half a second */
#define BCRYPT_COST_MAX 13

/* "$y$j9T$": cost 1 to 7, at most 64 MiB, as crypt(5) makes them. */
static bool
is_yescrypt(struct reader in)
{
	static const char *const costs[] = { "j75$", "j85$", "j7T$", "j8T$",
		                             "j9T$", "jAT$", "jBT$" };

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		if (take(&in, costs[i]))
			return true;
	return false;
}

/* What crypt(3) would do for one attempt is bounded: DES, $1$, $5$, $6$, $2$,
 * $y$ within their caps.  Others ($7$, $gy$, $md5$...) are not taken. */
static bool
is_lawful_crypt(struct reader in)
{
	uint32_t cost;

	if (take(&in, "$1$"))
		return true;
	if (take(&in, "$5$") || take(&in, "$6$"))
		return !take(&in, "rounds=") ||
		       (take_number(&in, &cost) && take(&in, "$") &&
		        cost <= ROUNDS_MAX);
	if (take(&in, "$2a$") || take(&in, "$2b$") || take(&in, "$2y$")) {
		if (in.len < 3 || in.at[2] != '$' || in.at[0] < '0' ||
		    in.at[0] > '1' || in.at[1] < '0' || in.at[1] > '9')
			return false;
		return (in.at[0] - '0') * 10 + in.at[1] - '0' <=
		       BCRYPT_COST_MAX;
	}
	if (take(&in, "$y$"))
		return is_yescrypt(in);
	return in.len == 13 && in.at[0] != '$' && in.at[0] != '_';
}

/* Bytes of "{NAME}" at the start of text, 0 if there is none. */
static size_t
scheme_len(const char *text, size_t len)
{
	size_t n = 1;

	if (len < 3 || text[0] != '{')
		return 0;
	for (; n < len && text[n] != '}'; n++) {
		char c = lower(text[n]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '/' && c != '_' && c != '.')
			return 0;
	}
	return n < len && n > 1 ? n + 1 : 0;
}

enum rule_hash_scheme
rule_hash_scheme(const char *text, size_t len)
{
	static const char argon2[] = "{argon2}";
	size_t n = scheme_len(text, len);
	size_t i = 0;

	if (n == 0)
		return RULE_SCHEME_NONE;
	while (i < n && i < sizeof(argon2) - 1 && lower(text[i]) == argon2[i])
		i++;
	if (i == sizeof(argon2) - 1)
		return argon2_scheme((struct reader){ text + n, len - n });
	/* {CLEARTEXT} is what its name says. */
	if (n == 11 && contains(text, n, "{cleartext}", 11))
		return RULE_SCHEME_NONE;
	if (n == 7 && contains(text, n, "{crypt}", 7) &&
	    !is_lawful_crypt((struct reader){ text + n, len - n }))
		return RULE_SCHEME_REFUSED;
	return len <= RULE_PASSWORD_MAX ? RULE_SCHEME_OTHER
	                                : RULE_SCHEME_REFUSED;
}
