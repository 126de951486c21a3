/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_image.c - the journal's images, and what is stored
 *
 * journal-private: each image opens, and a generation never went back.
 * journal-last: an entry is what the last record of it says.  The journal is
 * walked from its end; a bit for each entry id remembers that its last record
 * was seen.
 *
 * Left out are the suffix entry, where slapd's overlays keep their books
 * without a record, and the header, which the attributes decide.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "store/check_priv.h"
#include "store/journal_priv.h"

#define IDS_MAX   (UINT64_C(1) << 30) /* entries above are not looked at */
#define SUM_BYTES 8                   /* at the end of a record */

/* Digest, seal and images hold. */
static enum rst_err
private_row(struct rst_check *check, struct rst_view key, struct rst_view value,
            void *arg)
{
	struct rst_journal_images images = { 0 };
	uint64_t sequence = key.len == 8 ? rst_get_be64(key.ptr) : 0;
	enum rst_err err;

	(void)arg;
	(void)value;
	err = rst_journal_images(check->txn, sequence, &images);
	if (err == RST_ENOTFOUND)
		rst_check_found(check,
		                "there are images of record %" PRIu64
		                ", but not the record",
		                sequence);
	if (err == RST_ECORRUPT)
		rst_check_found(check,
		                "the images of record %" PRIu64
		                " fail their digest or their seal",
		                sequence);
	if (err == RST_OK && images.has_before && images.has_after &&
	    images.before.generation > images.after.generation)
		rst_check_found(
			check,
			"record %" PRIu64 ": the generation of entry %" PRIu64
			" went back from %" PRIu64 " to %" PRIu64,
			sequence, images.after.id, images.before.generation,
			images.after.generation);
	rst_journal_images_release(&images);
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}

enum rst_err
rst_check_journal_private(struct rst_check *check)
{
	return rst_check_walk(check, RST_T_JOURNAL_PRIVATE, private_row, NULL);
}

/* From the RDN to the last value. */
static struct rst_view
content(const struct rst_record *record)
{
	const char *end = record->bytes.ptr + record->bytes.len - SUM_BYTES;

	return rst_view(record->rdn.ptr, (size_t)(end - record->rdn.ptr));
}

static enum rst_err
compare_image(struct rst_check *check, uint64_t sequence,
              const struct rst_record *record)
{
	struct rst_journal_images images = { 0 };
	enum rst_err err;

	err = rst_journal_images(check->txn, sequence, &images);
	if (err == RST_OK && images.has_after &&
	    (images.after.parent != record->parent ||
	     images.after.generation != record->generation ||
	     !rst_view_equal(content(&images.after), content(record))))
		rst_check_found(check,
		                "entry %" PRIu64 " is not what record %" PRIu64
		                ", the last of it, made it",
		                record->id, sequence);
	rst_journal_images_release(&images);
	/* Erased, or journal-private said so */
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}

/* The last record of an entry, and the entry. */
static enum rst_err
compare(struct rst_check *check, const struct rst_journal_public *public)
{
	struct rst_record record;
	bool gone = public->op == RST_J_DELETE;
	enum rst_err err;

	err = rst_record_read(check->txn, public->id, check->damaged, &record);
	if (err == RST_ENOTFOUND && !gone)
		rst_check_found(check,
		                "entry %" PRIu64
		                " is not there, and record %" PRIu64
		                ", the last of it, does not delete it",
		                public->id, public->sequence);
	if (err == RST_OK && gone)
		rst_check_found(check,
		                "entry %" PRIu64
		                " is there, but record %" PRIu64 " deleted it",
		                public->id, public->sequence);
	if (err == RST_OK && !gone && record.parent != 0)
		return compare_image(check, public->sequence, &record);
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}

struct seen {
	unsigned char *bits;
	uint64_t ids; /* bits there are */
};

/* Was id seen before?  Now it is. */
static bool
see(struct seen *seen, uint64_t id)
{
	unsigned char bit = (unsigned char)(1 << id % 8);
	bool before;

	if (id >= seen->ids)
		return true;
	before = (seen->bits[id / 8] & bit) != 0;
	seen->bits[id / 8] |= bit;
	return before;
}

static enum rst_err
last_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         struct seen *seen)
{
	struct rst_journal_public public;

	if (key.len != 8 ||
	    rst_journal_decode(rst_get_be64(key.ptr), value, &public) != RST_OK)
		return RST_OK; /* journal-sequence said so */
	switch (public.op) {
	case RST_J_LOAD:
	case RST_J_EVENT:
		return RST_OK;
	case RST_J_ADD:
	case RST_J_MODIFY:
	case RST_J_RENAME:
	case RST_J_DELETE:
		break;
	}
	return see(seen, public.id) ? RST_OK : compare(check, &public);
}

/* Bits for all ids that were given out, as far as the table says.  Pages of
 * them that nobody touches cost nothing. */
static enum rst_err
make_seen(const struct rst_check *check, struct seen *seen)
{
	uint64_t last;
	enum rst_err err;

	err = rst_meta_number(check->txn, "last-id", &last);
	if (err != RST_OK)
		return err;
	seen->ids = last < IDS_MAX ? last + 1 : IDS_MAX;
	seen->bits = calloc(seen->ids / 8 + 1, 1);
	return seen->bits != NULL ? RST_OK : RST_ENOMEM;
}

enum rst_err
rst_check_journal_last(struct rst_check *check)
{
	struct rst_cursor cursor = { 0 };
	struct seen seen = { NULL, 0 };
	struct rst_view key, value;
	enum rst_err err;

	err = make_seen(check, &seen);
	if (err == RST_OK)
		err = rst_check_count(check, RST_T_JOURNAL, &check->total);
	if (err == RST_OK)
		err = rst_cursor_open(check->txn, RST_T_JOURNAL, &cursor);
	if (err == RST_OK)
		err = rst_cursor_last(&cursor, &key, &value);
	while (err == RST_OK) {
		rst_check_step(check);
		err = last_row(check, key, value, &seen);
		if (err == RST_OK)
			err = rst_cursor_previous(&cursor, &key, &value);
		else if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT;
	}
	rst_cursor_close(&cursor);
	free(seen.bits);
	return err == RST_ENOTFOUND ? RST_OK : err;
}
