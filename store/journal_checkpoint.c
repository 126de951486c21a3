/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal_checkpoint.c - what the chain was, vouched for by the key
 *
 * Who can write the file but has not secret.key can make a new chain from any
 * record on, or cut off its end.  So with every 256th record a row of meta is
 * written:
 *
 *	checkpoint/ sequence(8) -> BLAKE2b-256(sequence(8) chain(32))
 *
 * keyed with a key of the environment.  A head that was told to a log on
 * another machine says the same of him who has the key, too.
 */
#include <sodium.h>

#include "store/env_priv.h"
#include "store/journal_priv.h"

#define PREFIX_LEN (sizeof(RST_CHECKPOINT_PREFIX) - 1)
#define KEY_BYTES  (PREFIX_LEN + 8)

static struct rst_view
key_of(uint64_t sequence, char key[KEY_BYTES])
{
	memcpy(key, RST_CHECKPOINT_PREFIX, PREFIX_LEN);
	rst_put_be64(key + PREFIX_LEN, sequence);
	return rst_view(key, KEY_BYTES);
}

void
rst_checkpoint_of(const struct rst_env *env,
                  const struct rst_journal_head *head,
                  unsigned char mac[RST_JOURNAL_HASH])
{
	unsigned char key[RST_KEY_BYTES], text[8 + RST_JOURNAL_HASH];

	_Static_assert(RST_KEY_BYTES >= crypto_generichash_KEYBYTES_MIN,
	               "libsodium takes no shorter keys");
	rst_env_key(env, "journal checkpoint", key);
	rst_put_be64((char *)text, head->sequence);
	memcpy(text + 8, head->chain, RST_JOURNAL_HASH);
	(void)crypto_generichash(mac, RST_JOURNAL_HASH, text, sizeof(text), key,
	                         sizeof(key));
	sodium_memzero(key, sizeof(key));
}

enum rst_err
rst_checkpoint_put(struct rst_wtxn *txn, const struct rst_journal_head *head)
{
	unsigned char mac[RST_JOURNAL_HASH];
	char key[KEY_BYTES];

	if (head->sequence % RST_CHECKPOINT_EVERY != 0)
		return RST_OK;
	rst_checkpoint_of(txn->r.env, head, mac);
	return rst_meta_put(txn, key_of(head->sequence, key),
	                    rst_view((const char *)mac, sizeof(mac)));
}

enum rst_err
rst_checkpoint_drop(struct rst_wtxn *txn, uint64_t sequence)
{
	char key[KEY_BYTES];
	enum rst_err err;

	if (sequence % RST_CHECKPOINT_EVERY != 0)
		return RST_OK;
	err = rst_db_drop(txn, RST_T_META, key_of(sequence, key));
	return err == RST_ENOTFOUND ? RST_OK : err;
}
