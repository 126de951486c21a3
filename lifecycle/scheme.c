/* SPDX-License-Identifier: OLDAP-2.8 */
/* scheme.c - passwords as other servers hashed them
 *
 *	{SSHA}	base64(sha1(password salt) salt)
 *	{SHA}	base64(sha1(password))
 *	{CRYPT}	what crypt(3) makes of it: "$6$salt$..."
 *
 * likewise {SMD5} {MD5} and the SHA-2 ones of slapd's contrib module.  They
 * come with imports only; none of them is ever written.
 */
#include <crypt.h>
#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdlib.h>

#include "lifecycle/scheme.h"

#define HASH_MAX 64  /* bytes of SHA-512 */
#define SALT_MAX 128 /* bytes; slapd makes 8 */

static const struct {
	const char *name;
	gnutls_digest_algorithm_t digest;
	bool salted;
} schemes[] = {
	{ "{SSHA}", GNUTLS_DIG_SHA1, true },
	{ "{SHA}", GNUTLS_DIG_SHA1, false },
	{ "{SMD5}", GNUTLS_DIG_MD5, true },
	{ "{MD5}", GNUTLS_DIG_MD5, false },
	{ "{SSHA256}", GNUTLS_DIG_SHA256, true },
	{ "{SHA256}", GNUTLS_DIG_SHA256, false },
	{ "{SSHA384}", GNUTLS_DIG_SHA384, true },
	{ "{SHA384}", GNUTLS_DIG_SHA384, false },
	{ "{SSHA512}", GNUTLS_DIG_SHA512, true },
	{ "{SHA512}", GNUTLS_DIG_SHA512, false },
};

/* The digest of password and salt.  False when it cannot be computed. */
static bool
digest(gnutls_digest_algorithm_t algorithm, struct rst_view password,
       struct rst_view salt, unsigned char buf[HASH_MAX])
{
	gnutls_hash_hd_t hash;
	bool good;

	if (gnutls_hash_init(&hash, algorithm) != 0)
		return false;
	good = gnutls_hash(hash, password.ptr, password.len) == 0 &&
	       (salt.len == 0 || gnutls_hash(hash, salt.ptr, salt.len) == 0);
	gnutls_hash_deinit(hash, buf);
	return good;
}

static enum lifecycle_match
match_digest(gnutls_digest_algorithm_t algorithm, bool salted,
             struct rst_view text, struct rst_view password)
{
	unsigned char stored[HASH_MAX + SALT_MAX], made[HASH_MAX];
	size_t len, size = gnutls_hash_get_len(algorithm);
	enum lifecycle_match match = LIFECYCLE_MATCH_NOT;

	if (sodium_base642bin(stored, sizeof(stored), text.ptr, text.len, NULL,
	                      &len, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len < size || (len > size) != salted)
		return LIFECYCLE_MATCH_UNKNOWN;
	if (digest(algorithm, password,
	           rst_view((const char *)stored + size, len - size), made) &&
	    sodium_memcmp(made, stored, size) == 0)
		match = LIFECYCLE_MATCH;
	sodium_memzero(made, sizeof(made));
	return match;
}

/* Its costs were looked at by rule_hash_scheme(). */
static enum lifecycle_match
match_crypt(struct rst_view text, struct rst_view password)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char *stored = rst_view_dup(text), *typed = rst_view_dup(password);
	const char *made = NULL;
	enum lifecycle_match match = LIFECYCLE_MATCH_NOT;

	if (data != NULL && stored != NULL && typed != NULL)
		made = crypt_r(typed, stored, data);
	/* a failure is "*0" or "*1", which is never what is stored */
	if (made != NULL && made[0] != '*' && strlen(made) == text.len &&
	    sodium_memcmp(made, stored, text.len) == 0)
		match = LIFECYCLE_MATCH;
	if (typed != NULL)
		sodium_memzero(typed, password.len);
	if (data != NULL)
		sodium_memzero(data, sizeof(*data));
	free(typed);
	free(stored);
	free(data);
	return match;
}

static bool
starts(struct rst_view stored, const char *name, struct rst_view *ret_rest)
{
	size_t len = strlen(name);

	if (stored.len <= len ||
	    !rst_view_equal_nocase(rst_view(stored.ptr, len),
	                           rst_view_of(name)))
		return false;
	*ret_rest = rst_view(stored.ptr + len, stored.len - len);
	return true;
}

enum lifecycle_match
lifecycle_scheme_match(struct rst_view stored, struct rst_view password)
{
	struct rst_view rest;

	if (password.len == 0)
		return LIFECYCLE_MATCH_NOT;
	if (starts(stored, "{CRYPT}", &rest)) {
		/* to crypt(3) a NUL would be the end */
		if (memchr(password.ptr, '\0', password.len) != NULL)
			return LIFECYCLE_MATCH_NOT;
		return match_crypt(rest, password);
	}
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (starts(stored, schemes[i].name, &rest))
			return match_digest(schemes[i].digest,
			                    schemes[i].salted, rest, password);
	return LIFECYCLE_MATCH_UNKNOWN;
}
