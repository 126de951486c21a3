/* SPDX-License-Identifier: OLDAP-2.8 */
/* passwd.c - the password modify extended operation (RFC 3062)
 *
 * slapd has parsed the request, chosen the database and checked what it may
 * be asked; then it asks the overlays, and does it itself when they answer
 * "unwilling" or nothing.  It would store {SSHA}, so every other answer is
 * given here:
 *
 *	id, new			the ACL of userPassword decides
 *	id, old, new		old must be right, too
 *	no id			one's own
 *	no new			one is made and returned
 */
#include "portable.h"

#include <sodium.h>
#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

/* What slapd is about to return is a password of its own making. */
struct made {
	slap_callback callback;
	struct berval *response; /* owned; NULL when it was not set */
};

static int
made_response(Operation *op, SlapReply *rs)
{
	struct made *made = op->o_callback->sc_private;

	if (rs->sr_type == REP_EXTENDED && rs->sr_rspdata != NULL) {
		ber_bvfree(rs->sr_rspdata);
		rs->sr_rspdata = NULL;
		if (rs->sr_err == LDAP_SUCCESS) {
			rs->sr_rspdata = made->response;
			made->response = NULL;
		}
	}
	return SLAP_CB_CONTINUE;
}

static int
made_cleanup(Operation *op, SlapReply *rs)
{
	slap_callback *callback = op->o_callback;
	struct made *made = callback->sc_private;

	if (made->response != NULL) {
		sodium_memzero(made->response->bv_val, made->response->bv_len);
		ber_bvfree(made->response);
	}
	op->o_callback = callback->sc_next;
	op->o_tmpfree(made, op->o_tmpmemctx);
	return SLAP_CB_CONTINUE;
}

/* The request has no new password. */
static bool
must_make(Operation *op)
{
	struct berval id = BER_BVNULL, old = BER_BVNULL, new = BER_BVNULL;
	const char *text = NULL;

	/* slapd has taken it apart before: it parses */
	(void)slap_passwd_parse(op->ore_reqdata, &id, &old, &new, &text);
	return BER_BVISEMPTY(&new);
}

/*
 * Have none returned in place of slapd's; the response is to be set when ours
 * is made.
 */
static struct made *
return_made(Operation *op)
{
	struct made *made = op->o_tmpcalloc(1, sizeof(*made), op->o_tmpmemctx);

	made->callback.sc_response = made_response;
	made->callback.sc_cleanup = made_cleanup;
	made->callback.sc_private = made;
	overlay_callback_after_backover(op, &made->callback, 1);
	return made;
}

/*
 * May the asker have a password of this entry verified?  He himself may;
 * others need "auth" access, as for slapd.
 */
static bool
may_ask_old(Operation *op)
{
	slap_overinst *on = (slap_overinst *)op->o_bd->bd_info;
	Entry *entry = NULL;
	bool may = dn_match(&op->o_ndn, &op->o_req_ndn);

	if (may)
		goto out;
	op->o_bd->bd_info = (BackendInfo *)on->on_info;
	if (be_entry_get_rw(op, &op->o_req_ndn, NULL, NULL, 0, &entry) ==
	            LDAP_SUCCESS &&
	    entry != NULL) {
		may = access_allowed(op, entry, slap_schema.si_ad_userPassword,
		                     NULL, ACL_AUTH, NULL) != 0;
		be_entry_release_r(op, entry);
	}
	op->o_bd->bd_info = (BackendInfo *)on;
out:
	return may;
}

/* The list that slap_mods_free() takes; hash moves into it. */
static Modifications *
replace_password(struct berval *hash)
{
	Modifications *mod = ch_calloc(1, sizeof(*mod));

	mod->sml_op = LDAP_MOD_REPLACE;
	mod->sml_desc = slap_schema.si_ad_userPassword;
	mod->sml_type = mod->sml_desc->ad_cname;
	mod->sml_numvals = 1;
	mod->sml_values = ch_calloc(2, sizeof(*mod->sml_values));
	mod->sml_values[0] = *hash;
	BER_BVZERO(hash);
	return mod;
}

/*
 * May the asker write this password in the end?  Asked with a value of the
 * kind that will be stored, before anything is verified or hashed for him.
 */
static int
may_write(Operation *op)
{
	static const char shape[] = "{ARGON2}$argon2id$";
	struct berval value;
	Modifications *mod;
	int code;

	ber_str2bv(shape, 0, 1, &value);
	mod = replace_password(&value);
	code = over_may_modify(op, mod, true);
	slap_mods_free(mod, 1);
	return code;
}

/* Keeps the answer from the client, but its words for ours. */
static int
keep_text(Operation *op, SlapReply *rs)
{
	char **text = op->o_callback->sc_private;

	if (rs->sr_type == REP_RESULT && rs->sr_text != NULL && *text == NULL)
		*text = ber_strdup_x(rs->sr_text, op->o_tmpmemctx);
	return LDAP_SUCCESS;
}

/*
 * Through all overlays of the database and its ACLs, as an ordinary modify
 * of the asker, but with no answer of its own.
 */
static int
store(Operation *op, SlapReply *rs, struct berval *hash)
{
	slap_overinst *on = (slap_overinst *)op->o_bd->bd_info;
	slap_callback *callbacks = op->o_callback;
	char *text = NULL;
	slap_callback silent = { NULL, keep_text, NULL, &text };
	OpRequest request = op->o_request;
	OpExtra mark;

	op->o_bd->bd_info = (BackendInfo *)on->on_info;
	op->o_tag = LDAP_REQ_MODIFY;
	op->o_callback = &silent;
	op->orm_modlist = replace_password(hash);
	op->orm_no_opattrs = 0;
	over_hashed_begin(op, &mark);

	rs->sr_err = op->o_bd->be_modify(op, rs);

	over_hashed_end(op, &mark);
	slap_mods_free(op->orm_modlist, 1);
	op->o_request = request;
	op->o_callback = callbacks;
	op->o_tag = LDAP_REQ_EXTENDED;
	op->o_bd->bd_info = (BackendInfo *)on;

	rs->sr_text = text; /* lives as long as the operation */
	/* To slapd this one means "not done, do it yourself"; and to a client
	 * a constraint that its password is no good. */
	if (rs->sr_err == LDAP_UNWILLING_TO_PERFORM)
		rs->sr_err = LDAP_OTHER;
	return rs->sr_err;
}

/* LDAP_SUCCESS if old is right or there is none. */
static int
check_old(Operation *op, SlapReply *rs, struct over_db *db,
          const struct over_owner *owner)
{
	const struct berval *old = &op->oq_pwdexop.rs_old;
	enum rst_err err = RST_OK;

	rs->sr_err = LDAP_SUCCESS;
	if (BER_BVISNULL(old))
		goto out;
	err = RST_EDENIED;
	if (may_ask_old(op))
		err = over_verify(op, db, owner, old);
	if (err == RST_EDENIED) {
		/* slapd's own words: clients know them */
		rs->sr_text = "unwilling to verify old password";
		rs->sr_err = LDAP_UNWILLING_TO_PERFORM;
	} else if (err != RST_OK) {
		rs->sr_err = err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER;
	}
out:
	return rs->sr_err;
}

static int
change(Operation *op, SlapReply *rs, struct over_db *db,
       const struct over_owner *owner, struct made *made)
{
	char text[LIFECYCLE_MADE_BYTES] = "";
	struct berval password = op->oq_pwdexop.rs_new, hash = BER_BVNULL;
	struct over_refusal refusal;

	if (!over_may_change(op, owner, !BER_BVISNULL(&op->oq_pwdexop.rs_old),
	                     &refusal))
		return over_refuse(op, rs, &refusal);
	if (made != NULL) {
		lifecycle_password_make(&owner->terms.policy, text);
		ber_str2bv(text, 0, 0, &password);
		made->response = slap_passwd_return(&password);
	}
	if (over_hash(db, owner, &password, &hash, &refusal))
		store(op, rs, &hash);
	else
		over_refuse(op, rs, &refusal);
	sodium_memzero(text, sizeof(text));
	return rs->sr_err;
}

int
over_extended(Operation *op, SlapReply *rs)
{
	struct over_db *db = over_db_of(op->o_bd);
	struct over_owner owner = { 0 };
	struct made *made = NULL;
	enum rst_err err;
	int rc = SLAP_CB_CONTINUE;

	if (db == NULL ||
	    ber_bvcmp(&slap_EXOP_MODIFY_PASSWD, &op->ore_reqoid) != 0)
		goto out;
	if (must_make(op))
		made = return_made(op);
	err = over_owner_read(op, db, &op->o_req_ndn, &owner);
	if (!over_token_may_set_password(op)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	} else if (err == RST_OK) {
		rs->sr_err = may_write(op);
		if (rs->sr_err == LDAP_SUCCESS &&
		    check_old(op, rs, db, &owner) == LDAP_SUCCESS)
			change(op, rs, db, &owner, made);
	} else {
		/* the same for who may not see that it is not there */
		rs->sr_err =
			err == RST_ENOTFOUND ? LDAP_NO_SUCH_OBJECT : LDAP_OTHER;
	}
	rc = rs->sr_err;
	over_forget(op, &op->oq_pwdexop.rs_old);
	over_forget(op, &op->oq_pwdexop.rs_new);
out:
	over_owner_release(&owner);
	return rc;
}
