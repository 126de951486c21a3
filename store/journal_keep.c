/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal_keep.c - how long records stay, and the heads of the chain
 *
 * Old records go from the front.  What is left begins with a record whose
 * chain hash was made over one that is gone, so its number and hash stay
 * behind, in meta:
 *
 *	journal-anchor -> sequence(8) chain(32)
 *
 *	gone 1 2 3 | anchor 3:chain(3) | kept 4 5 6 ...
 *
 * The last record is never removed: numbers go on where they were.
 */
#include <inttypes.h>
#include <stdio.h>

#include <sodium.h>

#include "store/journal_priv.h"

#define ANCHOR       RST_VIEW("journal-anchor")
#define ANCHOR_BYTES (8 + RST_JOURNAL_HASH)

enum rst_err
rst_journal_anchor(const struct rst_rtxn *txn,
                   struct rst_journal_head *ret_anchor)
{
	struct rst_view value;
	enum rst_err err;

	memset(ret_anchor, 0, sizeof(*ret_anchor));
	err = rst_meta_get(txn, ANCHOR, &value);
	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err != RST_OK)
		return err;
	if (value.len != ANCHOR_BYTES)
		return RST_ECORRUPT;
	ret_anchor->sequence = rst_get_be64(value.ptr);
	memcpy(ret_anchor->chain, value.ptr + 8, RST_JOURNAL_HASH);
	return RST_OK;
}

static enum rst_err
set_anchor(struct rst_wtxn *txn, const struct rst_journal_head *anchor)
{
	char value[ANCHOR_BYTES];

	rst_put_be64(value, anchor->sequence);
	memcpy(value + 8, anchor->chain, RST_JOURNAL_HASH);
	return rst_meta_put(txn, ANCHOR, rst_view(value, sizeof(value)));
}

enum rst_err
rst_journal_head(const struct rst_rtxn *txn, struct rst_journal_head *ret_head)
{
	struct rst_journal_public last;
	uint64_t sequence;
	enum rst_err err = rst_journal_end(txn, &sequence);

	if (err != RST_OK)
		return err;
	if (sequence == 0)
		return rst_journal_anchor(txn, ret_head);
	err = rst_journal_get(txn, sequence, &last);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
	ret_head->sequence = sequence;
	memcpy(ret_head->chain, last.chain.ptr, RST_JOURNAL_HASH);
	return RST_OK;
}

void
rst_journal_head_print(const struct rst_journal_head *head,
                       char buf[RST_JOURNAL_HEAD_TEXT])
{
	char hex[2 * RST_JOURNAL_HASH + 1];

	(void)sodium_bin2hex(hex, sizeof(hex), head->chain, RST_JOURNAL_HASH);
	(void)snprintf(buf, RST_JOURNAL_HEAD_TEXT, "%" PRIu64 ":%s",
	               head->sequence, hex);
}

bool
rst_journal_head_parse(struct rst_view text, struct rst_journal_head *ret_head)
{
	struct rst_journal_head head;
	const char *colon, *end = NULL;
	struct rst_view hex;
	size_t len = 0;

	colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
	if (colon == NULL ||
	    !rst_view_number(rst_view(text.ptr, (size_t)(colon - text.ptr)),
	                     UINT64_MAX, &head.sequence))
		return false;
	hex = rst_view(colon + 1, text.len - (size_t)(colon + 1 - text.ptr));
	if (hex.len != 2 * sizeof(head.chain) ||
	    sodium_hex2bin(head.chain, sizeof(head.chain), hex.ptr, hex.len,
	                   NULL, &len, &end) != 0 ||
	    len != sizeof(head.chain) || end != hex.ptr + hex.len)
		return false;
	*ret_head = head;
	return true;
}

/*
 * The last record that slapd's overlays have seen; UINT64_MAX where none asks.
 * What comes behind is kept for them, but not for ever: they may never ask
 * again.
 */
static enum rst_err
seen_until(const struct rst_rtxn *txn, uint64_t *ret_sequence)
{
	struct rst_view cursor;
	const char *space;
	enum rst_err err;

	*ret_sequence = UINT64_MAX;
	err = rst_setting_get(txn, "follow-cursor", &cursor);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	space = memchr(cursor.ptr, ' ', cursor.len);
	if (space == NULL ||
	    !rst_view_number(rst_view(cursor.ptr, (size_t)(space - cursor.ptr)),
	                     UINT64_MAX, ret_sequence))
		*ret_sequence = UINT64_MAX;
	return RST_OK;
}

static bool
is_awaited(uint64_t seen, const struct rst_journal_public *public,
           int64_t before_s)
{
	return public->sequence > seen &&
	       public->time_s >= before_s - RST_JOURNAL_AWAITED_S;
}

static enum rst_err
drop_row(struct rst_wtxn *txn, enum rst_table table, uint64_t sequence)
{
	char key[8];
	enum rst_err err;

	rst_put_be64(key, sequence);
	err = rst_db_drop(txn, table, rst_view(key, sizeof(key)));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_journal_expire(struct rst_wtxn *txn, int64_t before_s, size_t max,
                   size_t *ret_n)
{
	struct rst_journal_public public;
	struct rst_journal_head anchor;
	uint64_t last = 0, seen = UINT64_MAX;
	size_t n = 0;
	enum rst_err err;

	err = seen_until(&txn->r, &seen);
	if (err == RST_OK)
		err = rst_journal_end(&txn->r, &last);
	if (err == RST_OK)
		err = rst_journal_anchor(&txn->r, &anchor);
	while (err == RST_OK && n < max && anchor.sequence + 1 < last) {
		err = rst_journal_get(&txn->r, anchor.sequence + 1, &public);
		if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT; /* a gap: nothing is hidden */
		if (err != RST_OK || public.time_s >= before_s ||
		    is_awaited(seen, &public, before_s))
			break;
		anchor.sequence++;
		memcpy(anchor.chain, public.chain.ptr, RST_JOURNAL_HASH);
		err = drop_row(txn, RST_T_JOURNAL, anchor.sequence);
		if (err == RST_OK)
			err = drop_row(txn, RST_T_JOURNAL_PRIVATE,
			               anchor.sequence);
		if (err == RST_OK)
			err = rst_checkpoint_drop(txn, anchor.sequence);
		n++;
	}
	if (err == RST_OK && n > 0)
		err = set_anchor(txn, &anchor);
	*ret_n = err == RST_OK ? n : 0;
	return err;
}

/* The number of the first private part; RST_ENOTFOUND. */
static enum rst_err
first_images(const struct rst_rtxn *txn, uint64_t *ret_sequence)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char bytes[8] = { 0 };
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_JOURNAL_PRIVATE, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, rst_view(bytes, 8), &key,
		                      &value);
	if (err == RST_OK && key.len != 8)
		err = RST_ECORRUPT;
	if (err == RST_OK)
		*ret_sequence = rst_get_be64(key.ptr);
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_journal_expire_images(struct rst_wtxn *txn, int64_t before_s, size_t max,
                          size_t *ret_n)
{
	struct rst_journal_public public;
	uint64_t sequence, seen = UINT64_MAX;
	size_t n = 0;
	enum rst_err err;

	err = seen_until(&txn->r, &seen);
	for (; err == RST_OK && n < max; n++) {
		err = first_images(&txn->r, &sequence);
		if (err != RST_OK)
			break;
		err = rst_journal_get(&txn->r, sequence, &public);
		if (err == RST_OK && (public.time_s >= before_s ||
		                      is_awaited(seen, &public, before_s)))
			break;
		/* one without a record is check's to tell of */
		if (err == RST_OK)
			err = drop_row(txn, RST_T_JOURNAL_PRIVATE, sequence);
		if (err != RST_OK)
			break;
	}
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	*ret_n = err == RST_OK ? n : 0;
	return err;
}

enum rst_err
rst_journal_oldest(const struct rst_rtxn *txn, int64_t *ret_record_s,
                   int64_t *ret_images_s)
{
	struct rst_journal_public public;
	struct rst_journal_head anchor;
	uint64_t sequence, last = 0;
	enum rst_err err;

	*ret_record_s = *ret_images_s = INT64_MAX;
	err = rst_journal_anchor(txn, &anchor);
	if (err == RST_OK)
		err = rst_journal_end(txn, &last);
	if (err == RST_OK && anchor.sequence + 1 < last) {
		err = rst_journal_get(txn, anchor.sequence + 1, &public);
		if (err == RST_OK)
			*ret_record_s = public.time_s;
	}
	if (err == RST_OK)
		err = first_images(txn, &sequence);
	if (err == RST_OK)
		err = rst_journal_get(txn, sequence, &public);
	if (err == RST_OK)
		*ret_images_s = public.time_s;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_journal_find(const struct rst_rtxn *txn, int64_t time_s,
                 uint64_t *ret_sequence)
{
	struct rst_journal_public public;
	struct rst_journal_head anchor;
	uint64_t low, high = 0, middle;
	enum rst_err err;

	err = rst_journal_anchor(txn, &anchor);
	if (err == RST_OK)
		err = rst_journal_end(txn, &high);
	low = anchor.sequence + 1;
	high++;
	while (err == RST_OK && low < high) {
		middle = low + (high - low) / 2;
		err = rst_journal_get(txn, middle, &public);
		if (err == RST_OK && public.time_s < time_s)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_sequence = low;
	return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
}
