/* SPDX-License-Identifier: OLDAP-2.8 */
/* password.c - which passwords are good enough, which hashes are lawful */
#include <stdint.h>
#include <string.h>

#include "rules/password.h"
#include "rules/utf8.h"

/* A shorter name is in too many good passwords by chance. */
#define NAME_MIN 4

#define HASH_BYTES_MAX  128   /* of the part after {ARGON2} */
#define HASH_KIB_MIN    8     /* of memory: argon2's own minimum with p = 1 */
#define HASH_KIB_MAX    65536 /* hazard F10: what one bind may cost */
#define HASH_PASSES_MAX 8

const struct rule_password_policy rule_password_default = {
	.min_length = 12,
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

enum rule_verdict
rule_password(const struct rule_password_policy *policy, const char *text,
              size_t len, const char *username, const char *mail)
{
	const char *at = text;
	size_t left = len, characters = 0;
	uint32_t c;

	if (len == 0 || len > RULE_PASSWORD_MAX)
		return RULE_INVALID_PASSWORD;
	for (; left > 0; characters++)
		if (!rule_utf8_next(&at, &left, &c) || c == 0)
			return RULE_INVALID_PASSWORD;
	if (characters < policy->min_length)
		return RULE_WEAK_PASSWORD;
	if (username != NULL && contains(text, len, username, strlen(username)))
		return RULE_WEAK_PASSWORD;
	if (mail != NULL && contains(text, len, mail, strcspn(mail, "@")))
		return RULE_WEAK_PASSWORD;
	return RULE_OK;
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
	return len <= RULE_PASSWORD_MAX ? RULE_SCHEME_OTHER
	                                : RULE_SCHEME_REFUSED;
}
