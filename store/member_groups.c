/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_groups.c - which groups somebody is in
 *
 * "Which groups have this value" is a merge of ascending streams, one for each
 * member key that the value can mean:
 *
 *	memberUid=alice		e 7 (whose uid is alice)	5 9 12
 *				n "alice"			6 12
 *							->	5 6 9 12
 *
 * and where groups are in groups, all of it with the groups above.
 */
#include "store/member_priv.h"

#include <stdlib.h>

#define GATHERED_AT_ONCE 64 /* ids taken from the tables at a time */

/* An ascending stream of groups: those that key is in by one of vias. */
struct stream {
	struct rst_mkey key;
	unsigned int vias;
	uint64_t group; /* the next it has to give; UINT64_MAX at the end */
};

/* Move on to the first group above after. */
static enum rst_err
stream_move(const struct rst_rtxn *txn, struct stream *stream, uint64_t after)
{
	enum rst_via via = 0;
	enum rst_err err;

	if (after == UINT64_MAX)
		goto end;
	stream->group = after + 1;
	do
		err = rst_mrow_of_after(txn, &stream->key, &stream->group,
		                        &via);
	while (err == RST_OK && (VIA_BIT(via) & stream->vias) == 0);
	if (err != RST_ENOTFOUND)
		return err;
end:
	stream->group = UINT64_MAX;
	return RST_OK;
}

/* Fill ids from the union of the streams, ascending, each once. */
static enum rst_err
merge(const struct rst_rtxn *txn, struct stream *streams, size_t n_streams,
      uint64_t after, uint64_t *ids, size_t max, size_t *ret_n)
{
	uint64_t least;
	size_t n = 0;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < n_streams; i++)
		err = stream_move(txn, &streams[i], after);
	while (err == RST_OK && n < max) {
		least = UINT64_MAX;
		for (size_t i = 0; i < n_streams; i++)
			if (streams[i].group < least)
				least = streams[i].group;
		if (least == UINT64_MAX)
			break;
		ids[n++] = least;
		for (size_t i = 0; err == RST_OK && i < n_streams; i++)
			if (streams[i].group == least)
				err = stream_move(txn, &streams[i], least);
	}
	if (err == RST_OK)
		*ret_n = n;
	return err;
}

/* The streams of every entry that name names. */
static enum rst_err
streams_of_name(const struct rst_rtxn *txn, struct rst_view name,
                struct stream **streams, size_t *n_streams)
{
	struct stream *grown;
	struct rst_mface face;
	uint64_t after = 0;
	enum rst_err err;

	for (;;) {
		err = rst_mface_named(txn, name, &after, &face);
		if (err != RST_OK)
			return err == RST_ENOTFOUND ? RST_OK : err;
		grown = realloc(*streams, (*n_streams + 1) * sizeof(*grown));
		if (grown == NULL)
			return RST_ENOMEM;
		*streams = grown;
		rst_mkey_entry(face.id, &grown[*n_streams].key);
		grown[*n_streams].vias = VIAS_RELATION;
		(*n_streams)++;
	}
}

static enum rst_err
groups_with_name(const struct rst_rtxn *txn, struct rst_view name,
                 uint64_t after, uint64_t *ids, size_t max, size_t *ret_n)
{
	struct stream *streams = NULL;
	size_t n = 1;
	enum rst_err err = RST_ENOMEM;

	streams = malloc(sizeof(*streams));
	if (streams == NULL)
		goto out;
	rst_mkey_name(name, &streams[0].key);
	streams[0].vias = VIA_BIT(RST_VIA_ROSTER) | VIA_BIT(RST_VIA_MEMBERUID);
	err = streams_of_name(txn, name, &streams, &n);
	if (err == RST_OK)
		err = merge(txn, streams, n, after, ids, max, ret_n);
out:
	free(streams);
	return err;
}

/* The next groups that something is in itself, as groups_with_name(). */
typedef enum rst_err next_groups(const struct rst_rtxn *txn, const void *of,
                                 uint64_t after, uint64_t *ids, size_t max,
                                 size_t *ret_n);

static enum rst_err
name_groups(const struct rst_rtxn *txn, const void *of, uint64_t after,
            uint64_t *ids, size_t max, size_t *ret_n)
{
	const struct rst_view *name = of;

	return groups_with_name(txn, *name, after, ids, max, ret_n);
}

/* All that next gives, and the groups that those are in. */
static enum rst_err
gather(const struct rst_rtxn *txn, next_groups *next, const void *of,
       struct rst_ids *ret_all)
{
	uint64_t direct[GATHERED_AT_ONCE], after = 0;
	size_t n = GATHERED_AT_ONCE;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == GATHERED_AT_ONCE) {
		err = next(txn, of, after, direct, GATHERED_AT_ONCE, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = direct[i];
			err = rst_ids_add(ret_all, after);
			if (err == RST_OK)
				err = rst_member_above(txn, after, ret_all,
				                       NULL);
		}
	}
	return err;
}

/* Costs all of them at each call: nobody is in many. */
static enum rst_err
nested_groups(const struct rst_rtxn *txn, next_groups *next, const void *of,
              uint64_t after, uint64_t *ids, size_t max, size_t *ret_n)
{
	struct rst_ids all = { 0 };
	size_t n = 0;
	enum rst_err err;

	err = gather(txn, next, of, &all);
	for (size_t i = 0; err == RST_OK && i < all.n && n < max; i++)
		if (all.items[i] > after)
			ids[n++] = all.items[i];
	if (err == RST_OK)
		*ret_n = n;
	rst_ids_release(&all);
	return err;
}

enum rst_err
rst_member_groups_with(const struct rst_rtxn *txn, uint16_t attr,
                       struct rst_view nvalue, uint64_t after, uint64_t *ids,
                       size_t max, size_t *ret_n)
{
	struct stream streams[2] = { { .vias = VIAS_RELATION }, { .vias = 0 } };
	enum rst_via via = rst_member_via_of(attr);
	bool nests;
	enum rst_err err;

	if (via == 0)
		return RST_EINVALID;
	if (via == RST_VIA_MEMBERUID) {
		err = rst_member_nests(txn, &nests);
		if (err != RST_OK)
			return err;
		return (nests ? nested_groups(txn, name_groups, &nvalue, after,
		                              ids, max, ret_n)
		              : groups_with_name(txn, nvalue, after, ids, max,
		                                 ret_n));
	}
	rst_mkey_value(nvalue, &streams[1].key);
	streams[1].vias = VIA_BIT(via);
	if (via == RST_VIA_UNIQUEMEMBER)
		return merge(txn, &streams[1], 1, after, ids, max, ret_n);
	err = rst_mkey_of_dn(txn, nvalue, &streams[0].key);
	if (err != RST_OK)
		return err;
	return merge(txn, streams, 2, after, ids, max, ret_n);
}

enum rst_err
rst_member_of(const struct rst_rtxn *txn, uint64_t member, uint64_t after,
              uint64_t *ids, size_t max, size_t *ret_n)
{
	struct stream streams[] = { { .vias = VIAS_RELATION },
		                    { .vias = VIA_BIT(RST_VIA_MEMBER) |
		                              VIA_BIT(RST_VIA_UNIQUEMEMBER) } };
	enum rst_err err;

	rst_mkey_entry(member, &streams[0].key);
	err = rst_mkey_of_entry(txn, member, &streams[1].key);
	return err != RST_OK ? err
	                     : merge(txn, streams, 2, after, ids, max, ret_n);
}

static enum rst_err
entry_groups(const struct rst_rtxn *txn, const void *of, uint64_t after,
             uint64_t *ids, size_t max, size_t *ret_n)
{
	const uint64_t *member = of;

	return rst_member_of(txn, *member, after, ids, max, ret_n);
}

enum rst_err
rst_member_of_all(const struct rst_rtxn *txn, uint64_t member, uint64_t after,
                  uint64_t *ids, size_t max, size_t *ret_n)
{
	bool nests;
	enum rst_err err = rst_member_nests(txn, &nests);

	if (err != RST_OK)
		return err;
	if (!nests)
		return rst_member_of(txn, member, after, ids, max, ret_n);
	return nested_groups(txn, entry_groups, &member, after, ids, max,
	                     ret_n);
}
