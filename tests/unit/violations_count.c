/* SPDX-License-Identifier: OLDAP-2.8 */
/* violations_count.c - what is kept of how many members a group has */
#include <stdio.h>

#include "store/member_priv.h"
#include "tests/unit/violations.h"

/* What table meta has of the group's members. */
static void
keep(struct world *w, uint64_t rows, const char *end, uint64_t ends)
{
	char name[64];

	/* of what the transaction has done so far */
	assert_int_equal(rst_mcount_settle(w->txn), RST_OK);
	(void)snprintf(name, sizeof(name), RST_MCOUNT_MEMBERS "%016jx",
	               (uintmax_t)w->group);
	if (rows > 0)
		assert_int_equal(rst_meta_set_number(w->txn, name, rows),
		                 RST_OK);
	(void)snprintf(name, sizeof(name), RST_MCOUNT_ENDS "%016jx-%s",
	               (uintmax_t)w->group, end);
	if (ends > 0)
		assert_int_equal(rst_meta_set_number(w->txn, name, ends),
		                 RST_OK);
}

void
a_wrong_number_of_members(struct world *w)
{
	keep(w, 4711, "", 0);
}

void
an_end_of_nobodys_membership(struct world *w)
{
	keep(w, 3, "000000006b36ec80", 1); /* who are there */
}

void
ends_of_a_group_without_its_number(struct world *w)
{
	keep(w, 0, "000000006b36ec80", 2);
}
