/* SPDX-License-Identifier: OLDAP-2.8 */
/* memo.c - what a renewed read found out about its snapshot
 *
 * A thread that reads again and again meets mostly the same snapshot: nobody
 * wrote in between.  What it found out then is still so, and need not be looked
 * up, summed and compared for each operation: whether the lifecycle is on,
 * whether there is a referral anywhere, the DN of ou=people, that the bytes of
 * a record are sound.  The first read of a new snapshot forgets all of it.
 *
 * Write transactions and reads that were not asked to remember have none.
 */
#include <stdlib.h>

#include "store/env_priv.h"
#include "store/member_priv.h"

#define SOUND_MAX  256 /* records remembered; a power of two */
#define NAMES_MAX  8   /* DNs remembered */
#define NAME_BYTES 256 /* longer ones are not */
#define FACES_MAX  4   /* who has a uid */

struct name {
	uint64_t id;
	bool normalised;
	size_t len; /* 0: none */
	char text[NAME_BYTES];
};

/* One step of rst_mface_named(). */
struct face {
	size_t len; /* of the name, 0: none */
	uint64_t after, next;
	bool found;
	struct rst_mface face;
	char text[NAME_BYTES];
};

struct rst_memo {
	uint64_t snapshot;
	bool known[RST_FACTS];
	uint64_t fact[RST_FACTS];
	uint64_t sound[SOUND_MAX];
	struct name names[NAMES_MAX];
	struct name found; /* what was looked for last, normalised */
	struct face faces[FACES_MAX];
	unsigned int next_name, next_face;
};

enum rst_err
rst_read_remember(struct rst_rtxn *txn)
{
	if (txn->mdb == NULL || txn->lent)
		return RST_EINVALID;
	if (txn->memo == NULL)
		txn->memo = calloc(1, sizeof(*txn->memo));
	return txn->memo != NULL ? RST_OK : RST_ENOMEM;
}

void
rst_memo_free(struct rst_memo *memo)
{
	free(memo);
}

/* The memo of this very snapshot, or NULL. */
static struct rst_memo *
memo_of(const struct rst_rtxn *txn)
{
	struct rst_memo *memo = txn->memo;
	uint64_t snapshot;

	if (memo == NULL)
		return NULL;
	snapshot = rst_txn_number(txn);
	if (memo->snapshot != snapshot) {
		memset(memo, 0, sizeof(*memo));
		memo->snapshot = snapshot;
	}
	return memo;
}

bool
rst_fact_get(const struct rst_rtxn *txn, enum rst_fact fact, uint64_t *ret)
{
	const struct rst_memo *memo = memo_of(txn);

	if (memo == NULL || !memo->known[fact])
		return false;
	*ret = memo->fact[fact];
	return true;
}

void
rst_fact_put(const struct rst_rtxn *txn, enum rst_fact fact, uint64_t value)
{
	struct rst_memo *memo = memo_of(txn);

	if (memo == NULL)
		return;
	memo->known[fact] = true;
	memo->fact[fact] = value;
}

bool
rst_memo_sound(const struct rst_rtxn *txn, uint64_t id)
{
	const struct rst_memo *memo = memo_of(txn);

	return memo != NULL && id != 0 && memo->sound[id % SOUND_MAX] == id;
}

void
rst_memo_found_sound(const struct rst_rtxn *txn, uint64_t id)
{
	struct rst_memo *memo = memo_of(txn);

	if (memo != NULL)
		memo->sound[id % SOUND_MAX] = id;
}

bool
rst_memo_name(const struct rst_rtxn *txn, uint64_t id, bool normalised,
              struct rst_view *ret_dn)
{
	const struct rst_memo *memo = memo_of(txn);

	for (size_t i = 0; memo != NULL && i < NAMES_MAX; i++) {
		const struct name *name = &memo->names[i];

		if (name->len == 0 || name->id != id ||
		    name->normalised != normalised)
			continue;
		*ret_dn = rst_view(name->text, name->len);
		return true;
	}
	return false;
}

void
rst_memo_named(const struct rst_rtxn *txn, uint64_t id, bool normalised,
               struct rst_view dn)
{
	struct rst_memo *memo = memo_of(txn);
	struct name *name;

	if (memo == NULL || dn.len == 0 || dn.len > NAME_BYTES)
		return;
	name = &memo->names[memo->next_name++ % NAMES_MAX];
	name->id = id;
	name->normalised = normalised;
	name->len = dn.len;
	memcpy(name->text, dn.ptr, dn.len);
}

bool
rst_memo_id(const struct rst_rtxn *txn, struct rst_view ndn, uint64_t *ret_id)
{
	const struct rst_memo *memo = memo_of(txn);

	if (memo == NULL || memo->found.len == 0 ||
	    !rst_view_equal(ndn, rst_view(memo->found.text, memo->found.len)))
		return false;
	*ret_id = memo->found.id;
	return true;
}

void
rst_memo_found(const struct rst_rtxn *txn, struct rst_view ndn, uint64_t id)
{
	struct rst_memo *memo = memo_of(txn);

	if (memo == NULL || ndn.len > NAME_BYTES)
		return;
	memo->found.id = id;
	memo->found.len = ndn.len;
	memcpy(memo->found.text, ndn.ptr, ndn.len);
}

bool
rst_memo_face(const struct rst_rtxn *txn, struct rst_view name, uint64_t *after,
              enum rst_err *ret_err, struct rst_mface *ret_face)
{
	const struct rst_memo *memo = memo_of(txn);

	for (size_t i = 0; memo != NULL && i < FACES_MAX; i++) {
		const struct face *face = &memo->faces[i];

		if (face->len == 0 || face->after != *after ||
		    !rst_view_equal(name, rst_view(face->text, face->len)))
			continue;
		*after = face->next;
		*ret_err = face->found ? RST_OK : RST_ENOTFOUND;
		if (face->found)
			*ret_face = face->face;
		return true;
	}
	return false;
}

void
rst_memo_faced(const struct rst_rtxn *txn, struct rst_view name, uint64_t after,
               uint64_t next, const struct rst_mface *found)
{
	struct rst_memo *memo = memo_of(txn);
	struct face *face;

	if (memo == NULL || name.len == 0 || name.len > NAME_BYTES)
		return;
	face = &memo->faces[memo->next_face++ % FACES_MAX];
	face->len = name.len;
	face->after = after;
	face->next = next;
	face->found = found != NULL;
	if (found != NULL)
		face->face = *found;
	memcpy(face->text, name.ptr, name.len);
}
