/* SPDX-License-Identifier: OLDAP-2.8 */
/* limits.c - how much one request may ask for
 *
 * slapd bounds the bytes of a request and the depth of a filter, but a filter
 * of a megabyte has a hundred thousand terms, each to be tested on each entry,
 * and as many attributes can be asked for.  No client of a directory of people
 * comes near these:
 *
 *	sssd asks 33 attributes of a person; its filters have about ten terms,
 *	that for sudo rules a few dozen
 *
 * The rootdn, replication and slapd's own operations are exempt.
 */
#include "portable.h"

#include "slap.h"

#include "overlay/over_priv.h"

#define FILTER_TERMS_MAX  256
#define ATTRS_ASKED_MAX   256
#define MODIFICATIONS_MAX 1000

/* Terms of f and of all in it, no more than most + 1; slapd bounds the depth.
 */
static unsigned int
terms(const Filter *f, unsigned int most)
{
	unsigned int n = 0;

	for (; f != NULL && n <= most; f = f->f_next) {
		n++;
		switch (f->f_choice & SLAPD_FILTER_MASK) {
		case LDAP_FILTER_AND:
		case LDAP_FILTER_OR:
		case LDAP_FILTER_NOT:
			n += terms(f->f_list, most);
			break;
		case LDAP_FILTER_SUBSTRINGS:
			for (const struct berval *any = f->f_sub_any;
			     any != NULL && !BER_BVISNULL(any); any++)
				n++;
			break;
		}
	}
	return n;
}

static bool
is_exempt(Operation *op)
{
	return op->o_conn == NULL || op->o_connid == (unsigned long)-1 ||
	       SLAPD_SYNC_IS_SYNCCONN(op->o_connid) || be_isroot(op);
}

static int
too_much(Operation *op, SlapReply *rs, const char *what)
{
	send_ldap_error(op, rs, LDAP_ADMINLIMIT_EXCEEDED, what);
	return rs->sr_err;
}

int
over_search(Operation *op, SlapReply *rs)
{
	unsigned int asked = 0;

	if (over_db_of(op->o_bd) == NULL || is_exempt(op))
		return SLAP_CB_CONTINUE;
	if (terms(op->ors_filter, FILTER_TERMS_MAX) > FILTER_TERMS_MAX)
		return too_much(op, rs, "the filter has more than 256 terms");
	for (const AttributeName *an = op->ors_attrs;
	     an != NULL && !BER_BVISNULL(&an->an_name); an++)
		if (++asked > ATTRS_ASKED_MAX)
			return too_much(op, rs,
			                "more than 256 attributes are asked");
	return SLAP_CB_CONTINUE;
}

bool
over_mods_are_few(Operation *op)
{
	unsigned int n = 0;

	for (const Modifications *mod = op->orm_modlist;
	     mod != NULL && n <= MODIFICATIONS_MAX; mod = mod->sml_next)
		n++;
	return n <= MODIFICATIONS_MAX || is_exempt(op);
}

int
over_mods_refuse(Operation *op, SlapReply *rs)
{
	return too_much(op, rs, "more than 1000 modifications");
}
