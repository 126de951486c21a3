/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal.c - the append-only table of changes
 *
 * The public part; lengths in bytes before each text:
 *
 *	format(1) = 1, op(1), door(1), flags(1): 1 = replicated
 *	time_s(8) time_us(4) id(8) count(8) omitted(4)
 *	act(1+) actor(2+) address(1+) reason(2+) csn(1+) dn(2+) old_dn(2+)
 *	digest(1+) values(4+)
 *	chain(32)
 *
 * values is a row of: flags(1): 1 = added, 2 = cut; attribute(2+) value(4+).
 * chain is BLAKE2b-256 of the chain before (32 zero bytes for the first) and
 * all that stands before it.
 *
 * The private part, before it is sealed:
 *
 *	format(1) = 2, flags(1): 1 = has before, 2 = has after
 *	[before id(8) bytes(4+)] [after id(8) bytes(4+)]
 *	n(4), then each: added(1) via(1) key(2+) text(4+)
 *	n(4), then each: added(1) attribute(2) text(4+)
 *
 * Format 1, which earlier builds wrote, ends before the last line.
 *
 * digest is BLAKE2b-256 of the sealed bytes, so that it neither tells of the
 * secrets nor needs the key.
 */
#include "store/journal.h"

#include <stdlib.h>

#include "store/journal_priv.h"
#include "store/member_priv.h"
#include "store/record_priv.h"
#include "store/tree.h"
#include "store/wire.h"

#define FORMAT      1
#define PRIVATE     2 /* format of a private part */
#define HASH        RST_JOURNAL_HASH
#define PRIVATE_MAX (UINT32_C(512) << 20) /* bytes of a private part */

const char *
rst_door_word(enum rst_door door)
{
	switch (door) {
	case RST_DOOR_LDAP:
		return "ldap";
	case RST_DOOR_HTTP:
		return "http";
	case RST_DOOR_CLI:
		return "cli";
	case RST_DOOR_SYSTEM:
		return "system";
	}
	return "";
}

enum rst_err
rst_journal_end(const struct rst_rtxn *txn, uint64_t *ret_last)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	uint64_t last = 0;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_JOURNAL, &cursor);
	if (err == RST_OK)
		err = rst_cursor_last(&cursor, &key, &value);
	if (err == RST_OK && key.len != 8)
		err = RST_ECORRUPT;
	if (err == RST_OK)
		last = rst_get_be64(key.ptr);
	rst_cursor_close(&cursor);
	*ret_last = last;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

uint64_t
rst_journal_last(const struct rst_rtxn *txn)
{
	uint64_t last;

	(void)!rst_journal_end(txn, &last);
	return last;
}

void
rst_journal_ad(uint64_t sequence, char ad[RST_JOURNAL_AD])
{
	ad[0] = 'j';
	rst_put_be64(ad + 1, sequence);
}

void
rst_journal_chain(const unsigned char before[HASH], struct rst_view part,
                  unsigned char chain[HASH])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH);
	crypto_generichash_update(&state, before, HASH);
	crypto_generichash_update(&state, (const unsigned char *)part.ptr,
	                          part.len);
	crypto_generichash_final(&state, chain, HASH);
}

static void
put_image(struct rst_out *out, const struct rst_record *record)
{
	if (record == NULL)
		return;
	rst_out_number(out, record->id, 8);
	rst_out_text(out, record->bytes, 4);
}

/* Write the private part; *ret_none when there is nothing to write. */
static enum rst_err
put_private(struct rst_out *out, const struct rst_journal_entry *entry,
            const struct rst_journal_rows *rows)
{
	const struct rst_member_deltas *deltas = entry->deltas;
	size_t n = deltas != NULL ? deltas->n : 0;
	const struct rst_member_delta *delta;

	rst_out_number(out, PRIVATE, 1);
	rst_out_number(out,
	               (entry->before != NULL ? 1 : 0) |
	                       (entry->after != NULL ? 2 : 0),
	               1);
	put_image(out, entry->before);
	put_image(out, entry->after);
	rst_out_number(out, n, 4);
	for (size_t i = 0; i < n; i++) {
		delta = &deltas->items[i];
		rst_out_number(out, delta->added ? 1 : 0, 1);
		rst_out_number(out, delta->via, 1);
		rst_out_text(out, rst_view(delta->key, delta->key_len), 2);
		rst_out_text(out, rst_view(delta->text, delta->text_len), 4);
	}
	rst_journal_rows_put(out, rows);
	if (out->len > PRIVATE_MAX)
		return RST_EINVALID;
	return rst_out_error(out);
}

/* The private part, sealed, into *ret_sealed (to be freed); of no length when
 * the record has no images. */
static enum rst_err
seal_private(const struct rst_rtxn *txn, uint64_t sequence,
             const struct rst_journal_entry *entry, struct rst_view *ret_sealed)
{
	struct rst_journal_rows rows = { 0 };
	struct rst_out out = { 0 };
	char ad[RST_JOURNAL_AD], *sealed = NULL;
	enum rst_err err = RST_OK;

	*ret_sealed = RST_VIEW("");
	if (entry->before == NULL && entry->after == NULL &&
	    (entry->deltas == NULL || entry->deltas->n == 0))
		return RST_OK;
	err = rst_journal_rows_of(txn, entry, &rows);
	if (err == RST_OK)
		err = put_private(&out, entry, &rows);
	if (err != RST_OK)
		goto out;
	sealed = malloc(out.len + RST_SEAL_BYTES);
	err = RST_ENOMEM;
	if (sealed == NULL)
		goto out;
	rst_journal_ad(sequence, ad);
	err = rst_seal(txn->env, rst_out_view(&out), rst_view(ad, sizeof(ad)),
	               sealed);
	if (err != RST_OK)
		goto out;
	*ret_sealed = rst_view(sealed, out.len + RST_SEAL_BYTES);
	sealed = NULL;
out:
	rst_journal_rows_release(&rows);
	rst_out_release(&out);
	free(sealed);
	return err;
}

/* The chain hash of the last record; zeros for an empty journal. */
static enum rst_err
head(const struct rst_rtxn *txn, uint64_t sequence, unsigned char chain[HASH])
{
	struct rst_journal_public last;
	enum rst_err err;

	memset(chain, 0, HASH);
	if (sequence == 0)
		return RST_OK;
	err = rst_journal_get(txn, sequence, &last);
	if (err == RST_OK)
		memcpy(chain, last.chain.ptr, HASH);
	return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
}

static enum rst_err
put_public(struct rst_out *out, const struct rst_rtxn *txn,
           const struct rst_journal_entry *entry, struct rst_view digest)
{
	struct rst_out values = { 0 };
	uint32_t omitted = 0;
	enum rst_err err;

	err = rst_journal_values(txn, entry, &values, &omitted);
	if (err == RST_OK)
		err = rst_out_error(&values);
	rst_out_number(out, FORMAT, 1);
	rst_out_number(out, entry->op, 1);
	rst_out_number(out, entry->door, 1);
	rst_out_number(out, entry->replicated ? 1 : 0, 1);
	rst_out_number(out, (uint64_t)entry->time_s, 8);
	rst_out_number(out, entry->time_us, 4);
	rst_out_number(out, entry->id, 8);
	rst_out_number(out, entry->count, 8);
	rst_out_number(out, omitted, 4);
	rst_out_text(out, entry->act, 1);
	rst_out_text(out, entry->actor, 2);
	rst_out_text(out, entry->address, 1);
	rst_out_text(out, entry->reason, 2);
	rst_out_text(out, entry->csn, 1);
	rst_out_text(out, entry->dn, 2);
	rst_out_text(out, entry->old_dn, 2);
	rst_out_text(out, digest, 1);
	rst_out_text(out, rst_out_view(&values), 4);
	rst_out_release(&values);
	return err != RST_OK ? err : rst_out_error(out);
}

/* Within what journal.h says of each field. */
static bool
within_limits(const struct rst_journal_entry *entry)
{
	return entry->op >= RST_J_ADD && entry->op <= RST_J_EVENT &&
	       entry->door >= RST_DOOR_LDAP && entry->door <= RST_DOOR_SYSTEM &&
	       entry->act.len <= 32 && entry->actor.len < RST_DN_MAX &&
	       entry->address.len <= 64 && entry->reason.len <= 1024 &&
	       entry->csn.len < RST_CSN_MAX && entry->dn.len < RST_DN_MAX &&
	       entry->old_dn.len < RST_DN_MAX;
}

/* Write both parts; from here on nothing borrowed from the map is used. */
static enum rst_err
store(struct rst_wtxn *txn, uint64_t sequence, struct rst_view part,
      struct rst_view sealed)
{
	char key[8];
	enum rst_err err;

	rst_put_be64(key, sequence);
	err = rst_db_put(txn, RST_T_JOURNAL, rst_view(key, 8), part, false);
	if (err == RST_OK && sealed.len > 0)
		err = rst_db_put(txn, RST_T_JOURNAL_PRIVATE, rst_view(key, 8),
		                 sealed, false);
	/* Two of one number: the table and its last key disagree */
	return err == RST_EEXISTS ? RST_ECORRUPT : err;
}

enum rst_err
rst_journal_append(struct rst_wtxn *txn, const struct rst_journal_entry *entry,
                   uint64_t *ret_sequence)
{
	struct rst_out out = { 0 };
	struct rst_view sealed = RST_VIEW("");
	struct rst_journal_head at = { 0 };
	unsigned char digest[HASH], before[HASH];
	uint64_t sequence;
	char *owned = NULL;
	enum rst_err err = RST_EINVALID;

	if (!within_limits(entry))
		goto out;
	err = rst_journal_end(&txn->r, &sequence);
	sequence++;
	if (err == RST_OK)
		err = seal_private(&txn->r, sequence, entry, &sealed);
	if (err != RST_OK)
		goto out;
	if (sealed.len > 0) {
		owned = (char *)(uintptr_t)sealed.ptr;
		crypto_generichash(digest, HASH,
		                   (const unsigned char *)sealed.ptr,
		                   sealed.len, NULL, 0);
	}
	err = put_public(&out, &txn->r, entry,
	                 rst_view(digest, sealed.len > 0 ? HASH : 0));
	if (err == RST_OK)
		err = head(&txn->r, sequence - 1, before);
	if (err != RST_OK)
		goto out;
	at.sequence = sequence;
	rst_journal_chain(before, rst_out_view(&out), at.chain);
	rst_out_bytes(&out, rst_view(at.chain, HASH));
	err = rst_out_error(&out);
	if (err == RST_OK)
		err = store(txn, sequence, rst_out_view(&out), sealed);
	if (err == RST_OK)
		err = rst_checkpoint_put(txn, &at);
	if (err == RST_OK && ret_sequence != NULL)
		*ret_sequence = sequence;
out:
	rst_out_release(&out);
	free(owned);
	return err;
}

/* The fields between the numbers and the chain. */
static void
get_texts(struct rst_in *in, struct rst_journal_public *public)
{
	public->act = rst_in_text(in, 1);
	public->actor = rst_in_text(in, 2);
	public->address = rst_in_text(in, 1);
	public->reason = rst_in_text(in, 2);
	public->csn = rst_in_text(in, 1);
	public->dn = rst_in_text(in, 2);
	public->old_dn = rst_in_text(in, 2);
	public->digest = rst_in_text(in, 1);
	public->values = rst_in_text(in, 4);
}

enum rst_err
rst_journal_decode(uint64_t sequence, struct rst_view bytes,
                   struct rst_journal_public *ret_public)
{
	struct rst_journal_public public = { .sequence = sequence };
	struct rst_in in = { bytes, false };
	uint64_t format, op, door, flags;

	format = rst_in_number(&in, 1);
	op = rst_in_number(&in, 1);
	door = rst_in_number(&in, 1);
	flags = rst_in_number(&in, 1);
	public.time_s = (int64_t)rst_in_number(&in, 8);
	public.time_us = (uint32_t)rst_in_number(&in, 4);
	public.id = rst_in_number(&in, 8);
	public.count = rst_in_number(&in, 8);
	public.omitted = (uint32_t)rst_in_number(&in, 4);
	get_texts(&in, &public);
	public.chain = rst_in_bytes(&in, HASH);
	if (in.failed || in.left.len != 0 || format != FORMAT ||
	    op < RST_J_ADD || op > RST_J_EVENT || door < RST_DOOR_LDAP ||
	    door > RST_DOOR_SYSTEM || flags > 1 ||
	    (public.digest.len != 0 && public.digest.len != HASH))
		return RST_ECORRUPT;
	public.op = (enum rst_journal_op)op;
	public.door = (enum rst_door)door;
	public.replicated = flags != 0;
	*ret_public = public;
	return RST_OK;
}

enum rst_err
rst_journal_get(const struct rst_rtxn *txn, uint64_t sequence,
                struct rst_journal_public *ret_public)
{
	struct rst_view value;
	char key[8];
	enum rst_err err;

	rst_put_be64(key, sequence);
	err = rst_db_get(txn, RST_T_JOURNAL, rst_view(key, 8), &value);
	if (err != RST_OK)
		return err;
	return rst_journal_decode(sequence, value, ret_public);
}

/* The sealed bytes of a private part, after a look at their digest. */
static enum rst_err
get_sealed(const struct rst_rtxn *txn, uint64_t sequence,
           struct rst_view *ret_sealed)
{
	struct rst_journal_public public;
	unsigned char digest[HASH];
	char key[8];
	enum rst_err err;

	err = rst_journal_get(txn, sequence, &public);
	if (err != RST_OK)
		return err;
	rst_put_be64(key, sequence);
	err = rst_db_get(txn, RST_T_JOURNAL_PRIVATE, rst_view(key, 8),
	                 ret_sealed);
	if (err != RST_OK)
		return err;
	crypto_generichash(digest, HASH, (const unsigned char *)ret_sealed->ptr,
	                   ret_sealed->len, NULL, 0);
	return rst_view_equal(public.digest, rst_view(digest, HASH))
	               ? RST_OK
	               : RST_ECORRUPT;
}

static enum rst_err
get_image(struct rst_in *in, struct rst_record *ret_record)
{
	uint64_t id = rst_in_number(in, 8);
	struct rst_view bytes = rst_in_text(in, 4);
	enum rst_err err;

	if (in->failed)
		return RST_ECORRUPT;
	err = rst_record_decode(bytes, true, ret_record);
	if (err == RST_OK)
		ret_record->id = id;
	return err;
}

/* One delta, appended; its bytes are copied. */
static enum rst_err
get_delta(struct rst_in *in, struct rst_member_deltas *deltas)
{
	struct rst_member_delta *delta = &deltas->items[deltas->n];
	struct rst_mkey parsed;
	struct rst_view key, text;
	uint64_t added, via;

	added = rst_in_number(in, 1);
	via = rst_in_number(in, 1);
	key = rst_in_text(in, 2);
	text = rst_in_text(in, 4);
	if (in->failed || added > 1 || via < RST_VIA_ROSTER ||
	    via > RST_VIA_LAST || !rst_mkey_parse(key, &parsed))
		return RST_ECORRUPT;
	delta->added = added != 0;
	delta->via = (enum rst_via)via;
	deltas->n++;
	delta->key = malloc(key.len);
	if (delta->key == NULL)
		return RST_ENOMEM;
	memcpy(delta->key, key.ptr, key.len);
	delta->key_len = key.len;
	if (text.len == 0)
		return RST_OK;
	delta->text = malloc(text.len);
	if (delta->text == NULL)
		return RST_ENOMEM;
	memcpy(delta->text, text.ptr, text.len);
	delta->text_len = text.len;
	return RST_OK;
}

enum rst_err
rst_journal_get_private(struct rst_journal_images *images)
{
	struct rst_in in = { rst_view(images->bytes, images->len), false };
	uint64_t format = rst_in_number(&in, 1), flags = rst_in_number(&in, 1);
	uint64_t n;
	enum rst_err err = RST_OK;

	if (format < FORMAT || format > PRIVATE || flags > 3)
		return RST_ECORRUPT;
	images->has_before = (flags & 1) != 0;
	images->has_after = (flags & 2) != 0;
	if (images->has_before)
		err = get_image(&in, &images->before);
	if (err == RST_OK && images->has_after)
		err = get_image(&in, &images->after);
	n = rst_in_number(&in, 4);
	/* Each has eight bytes at least: a length that lies is seen here */
	if (err == RST_OK && (in.failed || n > in.left.len / 8))
		err = RST_ECORRUPT;
	if (err == RST_OK && n > 0) {
		images->deltas.items = calloc(n, sizeof(*images->deltas.items));
		if (images->deltas.items == NULL)
			return RST_ENOMEM;
		images->deltas.room = n;
	}
	while (err == RST_OK && images->deltas.n < n)
		err = get_delta(&in, &images->deltas);
	if (err == RST_OK && format >= PRIVATE)
		err = rst_journal_rows_get(&in, &images->rows);
	if (err == RST_OK && in.left.len != 0)
		err = RST_ECORRUPT;
	return err;
}

enum rst_err
rst_journal_images(const struct rst_rtxn *txn, uint64_t sequence,
                   struct rst_journal_images *ret_images)
{
	struct rst_journal_images images = { 0 };
	struct rst_view sealed;
	char ad[RST_JOURNAL_AD];
	enum rst_err err;

	err = get_sealed(txn, sequence, &sealed);
	if (err == RST_OK && sealed.len <= RST_SEAL_BYTES)
		err = RST_ECORRUPT;
	if (err != RST_OK)
		goto out;
	images.len = sealed.len - RST_SEAL_BYTES;
	images.bytes = malloc(images.len);
	err = RST_ENOMEM;
	if (images.bytes == NULL)
		goto out;
	rst_journal_ad(sequence, ad);
	err = rst_unseal(txn->env, sealed, rst_view(ad, sizeof(ad)),
	                 images.bytes);
	if (err == RST_OK)
		err = rst_journal_get_private(&images);
	if (err != RST_OK)
		goto out;
	*ret_images = images;
	return RST_OK;
out:
	rst_journal_images_release(&images);
	return err;
}

void
rst_journal_images_release(struct rst_journal_images *images)
{
	if (images->bytes != NULL)
		sodium_memzero(images->bytes, images->len);
	free(images->bytes);
	rst_member_deltas_release(&images->deltas);
	rst_journal_rows_release(&images->rows);
	memset(images, 0, sizeof(*images));
}

enum rst_err
rst_journal_erase(struct rst_wtxn *txn, uint64_t sequence, size_t max,
                  size_t *ret_n)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char bytes[8] = { 0 };
	size_t n = 0;
	enum rst_err err = RST_OK;

	while (n < max) {
		err = rst_cursor_open(&txn->r, RST_T_JOURNAL_PRIVATE, &cursor);
		if (err == RST_OK)
			err = rst_cursor_seek(&cursor, rst_view(bytes, 8), &key,
			                      &value);
		if (err == RST_OK && key.len != 8)
			err = RST_ECORRUPT;
		if (err == RST_OK)
			memcpy(bytes, key.ptr, 8);
		rst_cursor_close(&cursor);
		if (err == RST_OK && rst_get_be64(bytes) > sequence)
			err = RST_ENOTFOUND;
		if (err == RST_OK)
			err = rst_db_drop(txn, RST_T_JOURNAL_PRIVATE,
			                  rst_view(bytes, 8));
		if (err != RST_OK)
			break;
		n++;
	}
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	if (err == RST_OK && ret_n != NULL)
		*ret_n = n;
	return err;
}
