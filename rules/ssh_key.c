/* SPDX-License-Identifier: OLDAP-2.8 */
/* ssh_key.c - one line, two layers
 *
 *	ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... ada@laptop
 *	type        base64                       comment
 *
 * The base64 holds strings, each after its length in four bytes:
 *
 *	ssh-ed25519	type, 32 bytes
 *	ecdsa-...	type, curve, point (04 and two coordinates)
 *	ssh-rsa		type, exponent, modulus
 *	sk-...		as without sk-, and the application
 *
 * Options before the type (command="..." and their like) would let people
 * write what sshd does, so the first word must be a type.
 */
#include "rules/ssh_key.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rules/utf8.h"

enum family {
	FAMILY_ED25519,
	FAMILY_ECDSA,
	FAMILY_RSA,
};

struct type {
	const char *name;
	enum family family;
	bool sk;
	const char *curve;
	size_t point; /* bytes */
};

static const struct type types[] = {
	{ "ssh-ed25519", FAMILY_ED25519, false, NULL, 32 },
	{ "sk-ssh-ed25519@openssh.com", FAMILY_ED25519, true, NULL, 32 },
	{ "ecdsa-sha2-nistp256", FAMILY_ECDSA, false, "nistp256", 65 },
	{ "ecdsa-sha2-nistp384", FAMILY_ECDSA, false, "nistp384", 97 },
	{ "ecdsa-sha2-nistp521", FAMILY_ECDSA, false, "nistp521", 133 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", FAMILY_ECDSA, true, "nistp256",
	  65 },
	{ "ssh-rsa", FAMILY_RSA, false, NULL, 0 },
};

/* The bytes of the key, decoded; what was read of them is behind at. */
struct blob {
	unsigned char bytes[RULE_SSH_KEY_MAX / 4 * 3];
	size_t len, at;
};

struct piece {
	const unsigned char *bytes;
	size_t len;
};

static int
digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whole groups of four, "=" only at the end, no bits left over. */
static bool
decode(const char *text, size_t len, struct blob *blob)
{
	size_t digits = len;
	uint32_t bits = 0;
	int digit;

	if (len == 0 || len % 4 != 0)
		return false;
	while (digits > len - 2 && text[digits - 1] == '=')
		digits--;
	blob->len = blob->at = 0;
	for (size_t i = 0; i < digits; i++) {
		digit = digit_of(text[i]);
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0) {
			unsigned int rest = 6 - 2 * (i % 4);

			blob->bytes[blob->len++] =
				(unsigned char)(bits >> rest);
			bits &= (UINT32_C(1) << rest) - 1;
		}
	}
	return bits == 0;
}

static bool
take(struct blob *blob, struct piece *ret_piece)
{
	const unsigned char *at = blob->bytes + blob->at;
	size_t left = blob->len - blob->at, len;

	if (left < 4)
		return false;
	len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
	      at[3];
	if (len > left - 4)
		return false;
	*ret_piece = (struct piece){ at + 4, len };
	blob->at += 4 + len;
	return true;
}

static bool
take_word(struct blob *blob, const char *word)
{
	struct piece piece;

	return take(blob, &piece) && piece.len == strlen(word) &&
	       memcmp(piece.bytes, word, piece.len) == 0;
}

/* A positive number without needless zeros in front; its bits. */
static bool
take_number(struct blob *blob, size_t *ret_bits)
{
	struct piece n;
	size_t bits;

	if (!take(blob, &n) || n.len == 0 || (n.bytes[0] & 0x80))
		return false;
	if (n.bytes[0] == 0) {
		if (n.len == 1 || !(n.bytes[1] & 0x80))
			return false;
		n.bytes++;
		n.len--;
	}
	bits = n.len * 8;
	for (unsigned int top = n.bytes[0]; !(top & 0x80); top <<= 1)
		bits--;
	*ret_bits = bits;
	return true;
}

static const char *
check_rsa(struct blob *blob)
{
	size_t exponent, modulus;

	if (!take_number(blob, &exponent) || exponent < 2 || exponent > 64 ||
	    !take_number(blob, &modulus))
		return "the key is damaged";
	if (modulus < RULE_SSH_RSA_MIN)
		return "an RSA key has at least 2048 bits";
	if (modulus > RULE_SSH_RSA_MAX)
		return "an RSA key has at most 16384 bits";
	return NULL;
}

static const char *
check_point(const struct type *type, struct blob *blob)
{
	struct piece point;

	if (type->curve != NULL && !take_word(blob, type->curve))
		return "the curve is not that of the type";
	if (!take(blob, &point) || point.len != type->point ||
	    (type->curve != NULL && point.bytes[0] != 4))
		return "the key is damaged";
	return NULL;
}

/* NULL, or what is wrong with what the base64 holds. */
static const char *
check_blob(const struct type *type, struct blob *blob)
{
	struct piece application;
	const char *why;

	if (!take_word(blob, type->name))
		return "the key is of another type than it says";
	why = type->family == FAMILY_RSA ? check_rsa(blob)
	                                 : check_point(type, blob);
	if (why == NULL && type->sk &&
	    (!take(blob, &application) || application.len == 0))
		why = "the key is damaged";
	if (why == NULL && blob->at != blob->len)
		why = "there is more than a key in it";
	return why;
}

static const struct type *
type_of(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == len &&
		    memcmp(types[i].name, word, len) == 0)
			return &types[i];
	return NULL;
}

static bool
is_comment(const char *text, size_t len)
{
	uint32_t c;

	while (len > 0)
		if (!rule_utf8_next(&text, &len, &c) || c < 0x20 ||
		    (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			return false;
	return true;
}

static size_t
word_len(const char *text, size_t len)
{
	const char *blank = len > 0 ? memchr(text, ' ', len) : NULL;

	return blank != NULL ? (size_t)(blank - text) : len;
}

/* NULL, or what is wrong with the line. */
static const char *
check(const char *line, size_t len)
{
	const struct type *type;
	struct blob blob;
	size_t n;

	if (len == 0 || len > RULE_SSH_KEY_MAX)
		return "a key is one line of at most 16384 bytes";
	n = word_len(line, len);
	type = type_of(line, n);
	if (type == NULL)
		return "it begins, without options, with one of " RULE_SSH_TYPES;
	line += n + (n < len ? 1 : 0);
	len -= n + (n < len ? 1 : 0);
	n = word_len(line, len);
	if (!decode(line, n, &blob))
		return "after the type comes base64";
	if (!is_comment(line + n, len - n))
		return "a comment is printable text on the same line";
	return check_blob(type, &blob);
}

enum rule_verdict
rule_ssh_key(const char *line, size_t len, const char **ret_why)
{
	const char *why = check(line, len);

	if (why == NULL)
		return RULE_OK;
	*ret_why = why;
	return RULE_INVALID_KEY;
}
