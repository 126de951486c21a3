/* SPDX-License-Identifier: OLDAP-2.8 */
/* seal.c - secrets at rest: XChaCha20-Poly1305 with the environment's key
 *
 *	nonce(24) ciphertext tag(16)
 *
 * The nonce is random; 24 bytes leave no room for one to come twice.
 */
#include <stdlib.h>

#include "store/env_priv.h"
#include "store/record_priv.h"

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(RST_SEAL_BYTES ==
                       NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "the length of a seal is part of the disk format");

enum rst_err
rst_seal(const struct rst_env *env, struct rst_view plain, struct rst_view ad,
         char *sealed)
{
	unsigned char *out = (unsigned char *)sealed;

	randombytes_buf(out, NONCE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(
		    out + NONCE, NULL, (const unsigned char *)plain.ptr,
		    plain.len, (const unsigned char *)ad.ptr, ad.len, NULL, out,
		    env->key) != 0)
		return RST_EINVALID;
	return RST_OK;
}

enum rst_err
rst_seal_out(const struct rst_env *env, const struct rst_out *plain,
             struct rst_view ad, struct rst_out *out)
{
	size_t len = plain->len + RST_SEAL_BYTES;
	enum rst_err err = rst_out_error(plain);
	char *sealed;

	if (err != RST_OK)
		return err;
	sealed = malloc(len);
	if (sealed == NULL)
		return RST_ENOMEM;
	err = rst_seal(env, rst_out_view(plain), ad, sealed);
	if (err == RST_OK)
		rst_out_text(out, rst_view(sealed, len), 4);
	free(sealed);
	return err;
}

enum rst_err
rst_unseal(const struct rst_env *env, struct rst_view sealed,
           struct rst_view ad, char *plain)
{
	const unsigned char *in = (const unsigned char *)sealed.ptr;

	if (sealed.len < RST_SEAL_BYTES)
		return RST_ECORRUPT;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (unsigned char *)plain, NULL, NULL, in + NONCE,
		    sealed.len - NONCE, (const unsigned char *)ad.ptr, ad.len,
		    in, env->key) != 0)
		return RST_ECORRUPT;
	return RST_OK;
}

void
rst_sum(struct rst_view bytes, char sum[RST_SUM_BYTES])
{
	unsigned char hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)bytes.ptr,
	                   bytes.len, NULL, 0);
	memcpy(sum, hash, RST_SUM_BYTES);
}

bool
rst_sum_take(struct rst_view *bytes)
{
	struct rst_view rest = *bytes;
	char sum[RST_SUM_BYTES];

	if (rest.len < sizeof(sum))
		return false;
	rest.len -= sizeof(sum);
	rst_sum(rest, sum);
	if (memcmp(sum, rest.ptr + rest.len, sizeof(sum)) != 0)
		return false;
	*bytes = rest;
	return true;
}

void
rst_sum_keyed(struct rst_view key, struct rst_view value,
              char sum[RST_SUM_BYTES])
{
	unsigned char hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;
	unsigned char len[8];

	rst_put_be64((char *)len, key.len);
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	(void)crypto_generichash_update(&state, len, sizeof(len));
	(void)crypto_generichash_update(&state, (const unsigned char *)key.ptr,
	                                key.len);
	(void)crypto_generichash_update(
		&state, (const unsigned char *)value.ptr, value.len);
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(sum, hash, RST_SUM_BYTES);
}

bool
rst_sum_keyed_take(struct rst_view key, struct rst_view *value)
{
	struct rst_view rest = *value;
	char sum[RST_SUM_BYTES];

	if (rest.len < sizeof(sum))
		return false;
	rest.len -= sizeof(sum);
	rst_sum_keyed(key, rest, sum);
	if (memcmp(sum, rest.ptr + rest.len, sizeof(sum)) != 0)
		return false;
	*value = rest;
	return true;
}
