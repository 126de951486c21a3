/* SPDX-License-Identifier: OLDAP-2.8 */
/* name.c - what entries are called, one dense row each
 *
 *	name	0000000000000009 -> parent(8) 0009 0000 ffff "uid=alice"
 *
 * A group's list is the name of each of its members, or its DN.  Records lie
 * far apart, so to take names from them is to wait for memory, or for the disk,
 * once for each; of these rows some ninety share a page, in the order of ids.
 *
 *	offset	size	field
 *	0	8	parent id
 *	8	2	length of the RDN as written
 *	10	2	length of the normalised RDN, 0: the same bytes
 *	12	2	length of what memberUid lists, 0: nothing,
 *			ffff: what is behind "uid=" in the RDN as written
 *	14	..	the RDN, the normalised RDN, the name
 *
 * A row follows its record as an index row does: rst_check() compares, repair
 * writes it anew.  It has no sum of its own.
 */
#include "store/member_priv.h"
#include "store/record_priv.h"

#define HEAD   14
#define IN_RDN 0xffff
#define NAMING RST_VIEW("uid=")

static struct rst_view
key_of(uint64_t id, char buf[8])
{
	rst_put_be64(buf, id);
	return rst_view(buf, 8);
}

/* The bytes of record's row: release out. */
static void
encode(const struct rst_record *record, struct rst_out *out)
{
	struct rst_view name = rst_member_name(record), rdn = record->rdn;
	bool same = rst_view_equal(rdn, record->nrdn);
	bool in_rdn = name.len > 0 && rst_view_starts(rdn, NAMING) &&
	              rst_view_equal(rst_view(rdn.ptr + NAMING.len,
	                                      rdn.len - NAMING.len),
	                             name);

	rst_out_number(out, record->parent, 8);
	rst_out_number(out, rdn.len, 2);
	rst_out_number(out, same ? 0 : record->nrdn.len, 2);
	rst_out_number(out, in_rdn ? IN_RDN : name.len, 2);
	rst_out_bytes(out, rdn);
	if (!same)
		rst_out_bytes(out, record->nrdn);
	if (!in_rdn)
		rst_out_bytes(out, name);
}

enum rst_err
rst_name_decode(struct rst_view value, struct rst_name *ret_name)
{
	struct rst_name name = { .parent = 0 };
	size_t rdn, nrdn, uid;

	if (value.len <= HEAD)
		return RST_ECORRUPT;
	name.parent = rst_get_be64(value.ptr);
	rdn = rst_get_be16(value.ptr + 8);
	nrdn = rst_get_be16(value.ptr + 10);
	uid = rst_get_be16(value.ptr + 12);
	if (rdn == 0 ||
	    value.len != HEAD + rdn + nrdn + (uid == IN_RDN ? 0 : uid))
		return RST_ECORRUPT;
	name.rdn = rst_view(value.ptr + HEAD, rdn);
	name.nrdn = nrdn == 0 ? name.rdn : rst_view(name.rdn.ptr + rdn, nrdn);
	if (uid == IN_RDN && rdn <= NAMING.len)
		return RST_ECORRUPT;
	if (uid == IN_RDN)
		name.uid =
			rst_view(name.rdn.ptr + NAMING.len, rdn - NAMING.len);
	else if (uid > 0)
		name.uid = rst_view(name.rdn.ptr + rdn + nrdn, uid);
	*ret_name = name;
	return RST_OK;
}

enum rst_err
rst_name_row(const struct rst_record *record, rst_row_each *each, void *arg)
{
	struct rst_out out = { 0 };
	enum rst_err err;
	char key[8];

	encode(record, &out);
	err = rst_out_error(&out);
	if (err == RST_OK)
		err = each(arg, key_of(record->id, key), rst_out_view(&out));
	rst_out_release(&out);
	return err;
}

static enum rst_err
put_row(void *arg, struct rst_view key, struct rst_view value)
{
	return rst_db_put(arg, RST_T_NAME, key, value, true);
}

static bool
is_called_the_same(const struct rst_record *a, const struct rst_record *b)
{
	return a->parent == b->parent && rst_view_equal(a->rdn, b->rdn) &&
	       rst_view_equal(a->nrdn, b->nrdn) &&
	       rst_view_equal(rst_member_name(a), rst_member_name(b));
}

enum rst_err
rst_name_update(struct rst_wtxn *txn, const struct rst_record *before,
                const struct rst_record *after)
{
	enum rst_err err;
	char key[8];

	if (after == NULL) {
		err = rst_db_drop(txn, RST_T_NAME, key_of(before->id, key));
		/* "rosterctl check" tells of a missing row */
		return err == RST_ENOTFOUND ? RST_OK : err;
	}
	if (before != NULL && is_called_the_same(before, after))
		return RST_OK;
	return rst_name_row(after, put_row, txn);
}
