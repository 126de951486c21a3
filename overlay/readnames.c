/* SPDX-License-Identifier: OLDAP-2.8 */
/* readnames.c - the names that a pre-read or post-read control asks for
 *
 * slapd 2.5.13 decodes them in a buffer that it frees at once.  Known names are
 * replaced by the schema's own before that, but an unknown one of a control
 * that is not critical, such as "@nosuch", stays where it was, and is read
 * again when the answer is made.  So it is decoded once more, from the
 * operation's own copy of the control, and kept as long as the operation.
 */
#include "portable.h"

#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

/* names: an array that ends with a name of NULL, in the control's order. */
static void
decode_again(Operation *op, const struct berval *value, AttributeName *names)
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	struct berval copy = { value->bv_len, value->bv_val }, name;
	ber_len_t len;
	char *last;

	if (names == NULL)
		return;
	ber_init2(ber, &copy, 0);
	for (ber_tag_t tag = ber_first_element(ber, &len, &last);
	     tag != LBER_DEFAULT && !BER_BVISNULL(&names->an_name);
	     tag = ber_next_element(ber, &len, last)) {
		if (ber_get_stringbv(ber, &name, LBER_BV_NOTERM) == LBER_ERROR)
			break;
		if (names->an_desc == NULL)
			ber_dupbv_x(&names->an_name, &name, op->o_tmpmemctx);
		names++;
	}
}

void
over_read_names(Operation *op)
{
	LDAPControl **ctrl;

	if (op->o_preread == SLAP_CONTROL_NONE &&
	    op->o_postread == SLAP_CONTROL_NONE)
		return;
	for (ctrl = op->o_ctrls; ctrl != NULL && *ctrl != NULL; ctrl++) {
		if (strcmp((*ctrl)->ldctl_oid, LDAP_CONTROL_PRE_READ) == 0 &&
		    op->o_preread != SLAP_CONTROL_NONE)
			decode_again(op, &(*ctrl)->ldctl_value,
			             op->o_preread_attrs);
		if (strcmp((*ctrl)->ldctl_oid, LDAP_CONTROL_POST_READ) == 0 &&
		    op->o_postread != SLAP_CONTROL_NONE)
			decode_again(op, &(*ctrl)->ldctl_value,
			             op->o_postread_attrs);
	}
}
