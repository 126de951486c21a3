/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_groups.c - groups in groups, and memberships that end */
#include <inttypes.h>

#include "lifecycle/check_priv.h"
#include "store/entry.h"
#include "store/member.h"
#include "store/tree.h"

enum rst_err
check_nesting(struct rst_check *check, const struct rst_record *record,
              uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rst_ids below = { 0 };
	unsigned int depth = 0;
	enum rst_err err;

	(void)scratch;
	if (record->kind != RST_KIND_GROUP)
		return RST_OK;
	err = rst_member_below(rst_check_txn(check), record->id, &below,
	                       &depth);
	if (err == RST_OK && rst_ids_has(&below, record->id))
		rst_check_found(check, "group %" PRIu64 " is in itself",
		                record->id);
	else if (err == RST_OK && depth >= RST_NEST_DEPTH)
		rst_check_found(check,
		                "more than %d groups are in one another from "
		                "%" PRIu64 " on",
		                RST_NEST_DEPTH, record->id);
	rst_ids_release(&below);
	return err;
}

/* The row says what the value of rosterMemberUntil does. */
static enum rst_err
check_value(struct rst_check *check, uint64_t group, struct rst_view value)
{
	const struct rst_rtxn *txn = rst_check_txn(check);
	char ndn[RST_NORMAL_MAX];
	struct rst_view dn;
	int64_t until_s, row_s = 0;
	uint64_t member;
	size_t len;
	bool is = false;
	enum rst_err err;

	if (!rst_until_parse(value, &until_s, &dn) ||
	    rst_normalise(RST_MATCH_DN, dn, ndn, &len) != RST_OK) {
		rst_check_found(check,
		                "group %" PRIu64
		                " has an end of membership that nobody reads",
		                group);
		return RST_OK;
	}
	err = rst_tree_find(txn, rst_view(ndn, len), &member, NULL);
	if (err == RST_OK)
		err = rst_member_is(txn, group, member, &is);
	if (err == RST_OK && is)
		err = rst_member_until(txn, group, member, &row_s);
	if (err != RST_OK || !is)
		return err == RST_ENOTFOUND ? RST_OK : err;
	if (row_s != until_s)
		rst_check_found(check,
		                "member %" PRIu64 " of group %" PRIu64
		                " leaves at another time than the group says",
		                member, group);
	return RST_OK;
}

enum rst_err
check_ends(struct rst_check *check, const struct rst_record *record,
           uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rst_attr untils;
	struct rst_view value;
	enum rst_err err = RST_OK;

	(void)scratch;
	if (record->kind != RST_KIND_GROUP ||
	    !rst_record_attr(record, RST_A_ROSTERMEMBERUNTIL, &untils))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&untils, &value))
		err = check_value(check, record->id, value);
	return err;
}
