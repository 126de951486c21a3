/* SPDX-License-Identifier: OLDAP-2.8 */
/* token.c - API tokens as passwords of LDAP
 *
 *	right		in, after one hash of 54 bytes and some gets
 *	anything else	goes on as a wrong password: one argon2
 *
 * so that what costs less is only what lets in, and nobody learns from the
 * time whether a name or a token exists.  256 random bits need no slow hash,
 * nor a lock against guessing: who locks an account with wrong passwords does
 * not stop its programs, and programs whose tokens have ended do not lock it.
 *
 * The connection remembers its token.  It ends with it, and does less than
 * its owner: without "inherit" it reads, and none sets its owner's own
 * password, makes a token, which would outlive it, or signs an agreement, which
 * is a person's to do.
 */
#include "portable.h"

#include "slap.h"

#include "overlay/over_priv.h"

enum rst_err
over_token(Operation *op, struct rst_env *env, uint64_t id,
           struct act_bearer *ret_bearer)
{
	char address[OVER_ADDRESS_BYTES];
	struct act_ctx ctx;

	if (!rule_token_form(op->orb_cred.bv_val, op->orb_cred.bv_len))
		return RST_ENOTFOUND;
	ctx = over_ctx(op, env, address);
	return act_token_bind(&ctx, id, back_view_of(&op->orb_cred),
	                      ret_bearer);
}

/* False when the connection was not bound by one. */
static bool
token_of(const Operation *op, struct over_who *ret_who)
{
	bool same;

	return op->o_conn != NULL &&
	       over_identity_get(op->o_connid, &op->o_ndn, ret_who, &same) &&
	       ret_who->token != 0;
}

static int
forbid(Operation *op, SlapReply *rs)
{
	const struct act_refusal why = { .verdict = RULE_INSUFFICIENT_SCOPE };
	struct back_reply reply = { .code = LDAP_INSUFFICIENT_ACCESS };

	back_map_refusal(RST_EDENIED, &why, &reply);
	send_ldap_error(op, rs, reply.code, reply.text);
	return rs->sr_err;
}

static bool
sets_password(const Operation *op)
{
	const Modifications *mod;

	if (op->o_tag != LDAP_REQ_MODIFY)
		return false;
	for (mod = op->orm_modlist; mod != NULL; mod = mod->sml_next)
		if (mod->sml_desc->ad_type ==
		    slap_schema.si_ad_userPassword->ad_type)
			break;
	return mod != NULL;
}

/* The connection's own entry, whoever it is authorised as. */
static bool
is_own(const Operation *op)
{
	bool own;

	ldap_pvt_thread_mutex_lock(&op->o_conn->c_mutex);
	own = dn_match(&op->o_conn->c_ndn, &op->o_req_ndn);
	ldap_pvt_thread_mutex_unlock(&op->o_conn->c_mutex);
	return own;
}

bool
over_token_may_set_password(Operation *op)
{
	struct over_who who;

	return !token_of(op, &who) || !is_own(op);
}

static bool
adds(Operation *op, const char *name)
{
	ObjectClass *class = oc_find(name);

	return op->o_tag == LDAP_REQ_ADD && class != NULL &&
	       is_entry_objectclass(op->ora_e, class, 0);
}

/* One that it made would outlive it, and so would one that it gave time. */
static bool
makes_token(Operation *op)
{
	static const struct berval place = BER_BVC("ou=tokens,");
	struct berval parent;

	if (adds(op, "rosterToken"))
		return true;
	dnParent(&op->o_req_ndn, &parent);
	return op->o_tag == LDAP_REQ_MODIFY && parent.bv_len > place.bv_len &&
	       memcmp(parent.bv_val, place.bv_val, place.bv_len) == 0;
}

int
over_token_may_change(Operation *op, SlapReply *rs)
{
	struct over_who who;

	if (!token_of(op, &who) || (!who.reads_only && !makes_token(op) &&
	                            !adds(op, "rosterSignature") &&
	                            !(sets_password(op) && is_own(op))))
		return SLAP_CB_CONTINUE;
	return forbid(op, rs);
}

/* slapd itself looks up what an extended operation does after us. */
static bool
reads(const Operation *op)
{
	static const struct berval harmless[] = {
		BER_BVC(LDAP_EXOP_START_TLS),
		BER_BVC(LDAP_EXOP_WHO_AM_I),
		BER_BVC(LDAP_EXOP_CANCEL),
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (bvmatch(&op->ore_reqoid, &harmless[i]))
			return true;
	return false;
}

int
over_token_may_extend(Operation *op, SlapReply *rs)
{
	struct over_who who;

	if (reads(op) || !token_of(op, &who) || !who.reads_only)
		return SLAP_CB_CONTINUE;
	return forbid(op, rs);
}
