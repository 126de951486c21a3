/* SPDX-License-Identifier: OLDAP-2.8 */
/* readattrs.c - the names that pre-read and post-read ask for
 *
 * slapd 2.5 reads them out of a copy of the control's value, and frees the
 * copy: of what is no attribute ("@inetOrgPerson", a name that nobody knows)
 * the name points to memory that is somebody else's by the time it is looked
 * at.  What was asked is still in the request, so it is read again there.
 */
#include "back-roster.h"

/* Point the names of attrs without a description into value. */
static void
repair(AttributeName *attrs, struct berval *value)
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	struct berval name;
	ber_len_t len;
	char *last;
	ber_tag_t tag;

	ber_init2(ber, value, 0);
	for (tag = ber_first_element(ber, &len, &last);
	     tag != LBER_DEFAULT && !BER_BVISNULL(&attrs->an_name); attrs++) {
		/* slapd has read the same before: it parses */
		if (ber_scanf(ber, "m", &name) == LBER_ERROR)
			return;
		if (attrs->an_desc == NULL)
			attrs->an_name = name;
		tag = ber_next_element(ber, &len, last);
	}
}

/* From a copy again, for reading writes into it; this one is kept. */
static void
repair_from(struct back_write *write, AttributeName *attrs, LDAPControl *ctrl,
            struct berval *kept)
{
	void *memctx = write->op->o_tmpmemctx;

	if (!BER_BVISNULL(kept))
		return; /* once */
	ber_dupbv_x(kept, &ctrl->ldctl_value, memctx);
	repair(attrs, kept);
}

void
back_read_attrs_begin(struct back_write *write)
{
	Operation *op = write->op;
	LDAPControl **at;

	for (at = op->o_ctrls; at != NULL && *at != NULL; at++) {
		if (op->o_preread &&
		    strcmp((*at)->ldctl_oid, LDAP_CONTROL_PRE_READ) == 0)
			repair_from(write, op->o_preread_attrs, *at,
			            &write->names[0]);
		if (op->o_postread &&
		    strcmp((*at)->ldctl_oid, LDAP_CONTROL_POST_READ) == 0)
			repair_from(write, op->o_postread_attrs, *at,
			            &write->names[1]);
	}
}

void
back_read_attrs_end(struct back_write *write)
{
	for (size_t i = 0; i < 2; i++)
		if (!BER_BVISNULL(&write->names[i]))
			write->op->o_tmpfree(write->names[i].bv_val,
			                     write->op->o_tmpmemctx);
}
