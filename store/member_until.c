/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_until.c - memberships that end
 *
 * What was asked for stands in the group's record, as text that replicas,
 * slapcat and ldapmodify know; what questions need stands in the rows:
 *
 *	rosterMemberUntil: 20270101000000Z uid=alice,ou=people,dc=example
 *
 *	member		5 ROSTER e 7	-> 'u' 000000006b36ec80
 *	memberof	e 7 5 ROSTER	-> 000000006b36ec80
 *
 * The rows follow the record here and nowhere else.  A membership without an
 * end has nothing of it, and pays nothing.
 */
#include "store/member_priv.h"

#include <stdlib.h>
#include <time.h>

#include "store/record_priv.h"
#include "store/tree.h"

#define MOMENT_BYTES 15 /* of "20270101000000Z" */

static int
digits(const char *text, size_t n)
{
	int number = 0;

	for (size_t i = 0; i < n; i++)
		number = number * 10 + (text[i] - '0');
	return number;
}

bool
rst_until_parse(struct rst_view value, int64_t *ret_until_s,
                struct rst_view *ret_dn)
{
	struct tm tm = { 0 }, made;
	const char *text = value.ptr;
	int64_t until_s;

	if (value.len < MOMENT_BYTES + 2 || text[MOMENT_BYTES - 1] != 'Z' ||
	    text[MOMENT_BYTES] != ' ')
		return false;
	for (size_t i = 0; i < MOMENT_BYTES - 1; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	tm.tm_year = digits(text, 4) - 1900;
	tm.tm_mon = digits(text + 4, 2) - 1;
	tm.tm_mday = digits(text + 6, 2);
	tm.tm_hour = digits(text + 8, 2);
	tm.tm_min = digits(text + 10, 2);
	tm.tm_sec = digits(text + 12, 2);
	made = tm;
	until_s = (int64_t)timegm(&made);
	/* 30 February and the hour 24 are made into something else */
	if (made.tm_mon != tm.tm_mon || made.tm_mday != tm.tm_mday ||
	    made.tm_hour != tm.tm_hour || made.tm_min != tm.tm_min ||
	    made.tm_sec != tm.tm_sec || until_s <= 0)
		return false;
	*ret_until_s = until_s;
	*ret_dn =
		rst_view(text + MOMENT_BYTES + 1, value.len - MOMENT_BYTES - 1);
	return true;
}

/* The entry of dn, as written; 0 for nobody. */
static enum rst_err
entry_of(const struct rst_rtxn *txn, struct rst_view dn, uint64_t *ret_id)
{
	struct rst_normal normal = { 0 };
	enum rst_err err;

	*ret_id = 0;
	err = rst_normal_make(RST_MATCH_DN, dn, &normal);
	if (err == RST_OK)
		err = rst_tree_find(txn, normal.text, ret_id, NULL);
	rst_normal_release(&normal);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The end of member that the record says; 0 for none. */
static enum rst_err
said(const struct rst_rtxn *txn, const struct rst_record *group,
     uint64_t member, int64_t *ret_until_s)
{
	struct rst_attr untils;
	struct rst_view value, dn;
	uint64_t id;
	int64_t until_s;
	enum rst_err err = RST_OK;

	*ret_until_s = 0;
	if (!rst_record_attr(group, RST_A_ROSTERMEMBERUNTIL, &untils))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&untils, &value)) {
		if (!rst_until_parse(value, &until_s, &dn))
			continue; /* the gate refuses it */
		err = entry_of(txn, dn, &id);
		if (err == RST_OK && id == member) {
			*ret_until_s = until_s;
			break;
		}
	}
	return err;
}

/* The row of an entry, plain or with its end. */
static enum rst_err
put(struct rst_wtxn *txn, uint64_t group, enum rst_via via, uint64_t member,
    int64_t until_s, struct rst_member_deltas *deltas)
{
	struct rst_mkey key;
	char moment[8];

	rst_mkey_entry(member, &key);
	if (until_s == 0)
		return rst_mrow_put(txn, group, via, &key, RST_MROW_PLAIN,
		                    RST_VIEW(""), deltas);
	rst_put_be64(moment, (uint64_t)until_s);
	return rst_mrow_put(txn, group, via, &key, RST_MROW_UNTIL,
	                    rst_view(moment, sizeof(moment)), deltas);
}

enum rst_err
rst_member_put_row(struct rst_wtxn *txn, const struct rst_mgroup *group,
                   enum rst_via via, uint64_t id,
                   struct rst_member_deltas *deltas)
{
	struct rst_record record;
	int64_t until_s = 0;
	enum rst_err err = RST_OK;

	if (group->timed) {
		err = rst_record_get(&txn->r, group->id, &record);
		if (err == RST_OK)
			err = said(&txn->r, &record, id, &until_s);
	}
	return err == RST_OK ? put(txn, group->id, via, id, until_s, deltas)
	                     : err;
}

static bool
has_value(const struct rst_record *record, struct rst_view value)
{
	struct rst_attr untils;
	struct rst_view one;

	if (!rst_record_attr(record, RST_A_ROSTERMEMBERUNTIL, &untils))
		return false;
	while (rst_attr_next(&untils, &one))
		if (rst_view_equal(one, value))
			return true;
	return false;
}

/* One value of the record came or went. */
static enum rst_err
retime_one(struct rst_wtxn *txn, const struct rst_record *after,
           struct rst_view value, bool came)
{
	struct rst_view dn;
	struct rst_mkey key;
	uint64_t id;
	int64_t until_s;
	enum rst_via via;
	enum rst_err err;

	if (!rst_until_parse(value, &until_s, &dn))
		return RST_OK;
	err = entry_of(&txn->r, dn, &id);
	if (err != RST_OK || id == 0)
		return err;
	rst_mkey_entry(id, &key);
	err = rst_member_related(&txn->r, after->id, &key, &via);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	return put(txn, after->id, via, id, came ? until_s : 0, NULL);
}

/* The values of one side that the other has not. */
static enum rst_err
retime_side(struct rst_wtxn *txn, const struct rst_record *side,
            const struct rst_record *other, const struct rst_record *after,
            bool came)
{
	struct rst_attr untils;
	struct rst_view value;
	enum rst_err err = RST_OK;

	if (!rst_record_attr(side, RST_A_ROSTERMEMBERUNTIL, &untils))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&untils, &value))
		if (!has_value(other, value))
			err = retime_one(txn, after, value, came);
	return err;
}

enum rst_err
rst_member_retime(struct rst_wtxn *txn, const struct rst_record *before,
                  const struct rst_record *after)
{
	enum rst_err err;

	err = retime_side(txn, before, after, after, false);
	return err == RST_OK ? retime_side(txn, after, before, after, true)
	                     : err;
}

/* The entry that dn, at or below the former name from, is now; RST_ENOTFOUND
 * for one that is elsewhere, or nowhere. */
static enum rst_err
renamed_entry(const struct rst_rtxn *txn, struct rst_view dn,
              struct rst_view from, struct rst_view to, uint64_t *ret_id)
{
	size_t rest = dn.len - from.len;
	char ndn[RST_DN_MAX];

	if (dn.len < from.len || rest + to.len > sizeof(ndn) ||
	    !rst_view_equal(rst_view(dn.ptr + rest, from.len), from) ||
	    (rest > 0 && dn.ptr[rest - 1] != ','))
		return RST_ENOTFOUND;
	memcpy(ndn, dn.ptr, rest);
	memcpy(ndn + rest, to.ptr, to.len);
	return rst_tree_find(txn, rst_view(ndn, rest + to.len), ret_id, NULL);
}

enum rst_err
rst_until_renamed(const struct rst_rtxn *txn, struct rst_view value,
                  struct rst_view from, struct rst_view to,
                  char buf[RST_UNTIL_VALUE], struct rst_view *ret_value)
{
	struct rst_normal nfrom = { 0 }, nto = { 0 }, ndn = { 0 };
	const size_t head = MOMENT_BYTES + 1;
	struct rst_view dn;
	int64_t until_s;
	uint64_t id = 0;
	size_t len;
	enum rst_err err;

	*ret_value = value;
	if (!rst_until_parse(value, &until_s, &dn))
		return RST_OK;
	err = rst_normal_make(RST_MATCH_DN, from, &nfrom);
	if (err == RST_OK)
		err = rst_normal_make(RST_MATCH_DN, to, &nto);
	if (err == RST_OK)
		err = rst_normal_make(RST_MATCH_DN, dn, &ndn);
	if (err == RST_OK)
		err = renamed_entry(txn, ndn.text, nfrom.text, nto.text, &id);
	if (err == RST_OK)
		err = rst_tree_dn(txn, id, buf + head, RST_DN_MAX, &len);
	if (err == RST_OK) {
		memcpy(buf, value.ptr, head);
		*ret_value = rst_view(buf, head + len);
	}
	rst_normal_release(&nfrom);
	rst_normal_release(&nto);
	rst_normal_release(&ndn);
	/* what is no DN is the gate's to refuse */
	return err == RST_ENOTFOUND || err == RST_EINVALID ? RST_OK : err;
}

enum rst_err
rst_member_until(const struct rst_rtxn *txn, uint64_t group, uint64_t member,
                 int64_t *ret_until_s)
{
	struct rst_mrow row = { 0 };
	struct rst_mkey key;
	enum rst_via via;
	enum rst_err err;

	rst_mkey_entry(member, &key);
	err = rst_member_related(txn, group, &key, &via);
	if (err == RST_OK)
		err = rst_mrow_get(txn, group, via, &key, &row);
	if (err == RST_OK || err == RST_ENOTFOUND) {
		*ret_until_s = row.until_s;
		err = RST_OK;
	}
	rst_mrow_release(&row);
	return err;
}
