/* SPDX-License-Identifier: OLDAP-2.8 */
/* secret.c - clear passwords become hashes on their way to the database
 *
 *	replace: userPassword
 *	userPassword: correct horse battery
 *
 * becomes "{ARGON2}$argon2id$..." before the backend, the journal or another
 * overlay's log sees it.  Hashed outside any transaction, behind the gate of
 * lifecycle/password.h.
 *
 * Values that are hashed already are refused: nobody could judge them, and
 * their parameters decide what each bind attempt costs (hazard F10).  The
 * tools do not come this way; what replication brings is let through.
 */
#include "portable.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "slap.h"

#include "lifecycle/password.h"
#include "lutil.h"
#include "overlay/over_priv.h"
#include "rules/password.h"

static const char hashed_key[] = "";

void
over_hashed_begin(Operation *op, OpExtra *mark)
{
	mark->oe_key = (void *)hashed_key;
	LDAP_SLIST_INSERT_HEAD(&op->o_extra, mark, oe_next);
}

void
over_hashed_end(Operation *op, OpExtra *mark)
{
	LDAP_SLIST_REMOVE(&op->o_extra, mark, OpExtra, oe_next);
}

/* Not for us to judge: replicated, replayed, or judged already. */
static bool
is_exempt(Operation *op)
{
	OpExtra *mark;

	LDAP_SLIST_FOREACH(mark, &op->o_extra, oe_next)
	if (mark->oe_key == (void *)hashed_key)
		break;
	return mark != NULL || SLAPD_SYNC_IS_SYNCCONN(op->o_connid) ||
	       be_shadow_update(op);
}

static char *
copy(struct rst_view view)
{
	return view.ptr != NULL ? rst_view_dup(view) : NULL;
}

enum rst_err
over_owner_read(Operation *op, struct over_db *db, const struct berval *ndn,
                struct over_owner *ret_owner)
{
	struct back_read *read = NULL;
	struct rst_record record;
	enum rst_err err;
	uint64_t id;

	*ret_owner = (struct over_owner){ 0 };
	err = back_read_begin(op, db->back, &read);
	if (err == RST_OK)
		err = rst_tree_find(&read->txn, back_view_of(ndn), &id, NULL);
	if (err == RST_OK)
		err = rst_record_get(&read->txn, id, &record);
	if (err == RST_OK)
		err = attempt_policy(&read->txn, id, &ret_owner->policy);
	if (err == RST_OK)
		err = lifecycle_terms(&read->txn, id, &ret_owner->terms);
	if (err == RST_OK) {
		ret_owner->id = id;
		(void)rst_view_copy(
			rst_record_first(&record, RST_A_PWDACCOUNTLOCKEDTIME),
			ret_owner->since, sizeof(ret_owner->since));
		ret_owner->stored =
			copy(rst_record_first(&record, RST_A_USERPASSWORD));
	}
	back_read_end(read);
	return err;
}

void
over_owner_release(struct over_owner *owner)
{
	free(owner->stored);
	sodium_memzero(owner->terms.used, sizeof(owner->terms.used));
	*owner = (struct over_owner){ 0 };
}

static bool
judge(const struct over_owner *owner, const struct berval *password,
      struct over_refusal *ret_refusal)
{
	struct over_refusal refusal = { LDAP_CONSTRAINT_VIOLATION, RULE_OK,
		                        OVER_PP_QUALITY, "" };
	enum rule_password_fault fault;

	fault = lifecycle_password_judge(&owner->terms, back_view_of(password));
	refusal.verdict = rule_password_verdict(fault);
	rule_password_say(fault, &owner->terms.policy, refusal.detail);
	if (fault == RULE_PASSWORD_SHORT)
		refusal.reason = OVER_PP_SHORT;
	if (refusal.verdict == RULE_OK &&
	    rule_hash_scheme(password->bv_val, password->bv_len) !=
	            RULE_SCHEME_NONE) {
		refusal.verdict = RULE_HASH_REFUSED;
		refusal.reason = OVER_PP_NOT_ALLOWED;
	}
	*ret_refusal = refusal;
	return refusal.verdict == RULE_OK;
}

bool
over_hash(struct over_db *db, const struct over_owner *owner,
          const struct berval *password, struct berval *ret_hash,
          struct over_refusal *ret_refusal)
{
	char hash[LIFECYCLE_HASH_MAX];
	enum rst_err err = RST_EBUSY;
	bool done = false;

	if (!judge(owner, password, ret_refusal))
		goto out;
	if (over_hash_enter()) {
		err = lifecycle_password_unused(db->back->env, &owner->terms,
		                                back_view_of(password));
		if (err == RST_OK)
			err = lifecycle_password_hash(
				db->back->env, back_view_of(password), hash);
		over_hash_leave();
	}
	if (err == RST_OK) {
		ber_str2bv(hash, 0, 1, ret_hash);
		done = true;
	} else if (err == RST_EINVALID) {
		ret_refusal->verdict = RULE_INVALID_PASSWORD;
	} else if (err == RST_EDENIED) {
		ret_refusal->verdict =
			rule_password_verdict(RULE_PASSWORD_USED);
		ret_refusal->reason = OVER_PP_IN_HISTORY;
		rule_password_say(RULE_PASSWORD_USED, &owner->terms.policy,
		                  ret_refusal->detail);
	} else {
		ret_refusal->code = err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER;
	}
out:
	return done;
}

bool
over_may_change(Operation *op, const struct over_owner *owner, bool old_given,
                struct over_refusal *ret_refusal)
{
	enum rule_verdict verdict;
	enum over_ppolicy reason = OVER_PP_NOT_ALLOWED;

	if (!dn_match(&op->o_ndn, &op->o_req_ndn))
		return true;
	verdict = rule_password_may_change(&owner->terms.life,
	                                   &owner->terms.facts, old_given,
	                                   slap_get_time());
	if (verdict == RULE_OK)
		return true;
	if (verdict == RULE_PASSWORD_TOO_YOUNG)
		reason = OVER_PP_YOUNG;
	else if (verdict == RULE_REAUTHENTICATION_REQUIRED)
		reason = OVER_PP_MUST_SUPPLY_OLD;
	*ret_refusal = (struct over_refusal){ LDAP_CONSTRAINT_VIOLATION,
		                              verdict, reason, "" };
	return false;
}

/* {SSHA}, {CRYPT} and whatever else slapd knows; they want C strings. */
static bool
verify_other(void *arg, const char *stored, struct rst_view password)
{
	struct berval hash, cred = { password.len, rst_view_dup(password) };
	const char *text = NULL;
	bool right;

	if (cred.bv_val == NULL)
		return false;
	ber_str2bv(stored, 0, 0, &hash);
	right = lutil_passwd(&hash, &cred, NULL, &text) == 0;
	sodium_memzero(cred.bv_val, cred.bv_len);
	free(cred.bv_val);
	return right;
}

struct look {
	struct rst_env *env;
	struct rst_view name;
	const char *stored;
	struct rst_view password;
};

static enum rst_err
look(void *arg, bool suspect)
{
	const struct look *at = arg;

	return lifecycle_password_check(at->env, at->name, suspect,
	                                rst_view_of(at->stored), at->password,
	                                verify_other, NULL);
}

enum rst_err
over_verify(Operation *op, struct over_db *db, const struct over_owner *owner,
            const struct berval *password)
{
	const struct over_claim claim = {
		.env = db->back->env,
		.id = owner->id,
		.ndn = &op->o_req_ndn,
		.since = rst_view_of(owner->since),
		.policy = owner->policy,
		.password = back_view_of(password),
	};
	struct look at = { claim.env, back_view_of(claim.ndn), owner->stored,
		           claim.password };

	return over_prove(op, &claim, look, &at);
}

int
over_refuse(Operation *op, SlapReply *rs, const struct over_refusal *refusal)
{
	struct act_refusal why = { .verdict = refusal->verdict,
		                   .field = "userPassword" };
	struct back_reply reply = { .code = refusal->code };
	struct berval text;

	(void)snprintf(why.detail.text, sizeof(why.detail.text), "%s",
	               refusal->detail);
	if (refusal->verdict != RULE_OK) {
		back_map_refusal(RST_EDENIED, &why, &reply);
		over_ppolicy_answer(op, rs, refusal->reason);
	}
	ber_str2bv(reply.text, 0, 0, &text);
	/* lives as long as the operation */
	rs->sr_text = text.bv_len > 0
	                      ? ber_strdup_x(text.bv_val, op->o_tmpmemctx)
	                      : NULL;
	rs->sr_err = reply.code;
	return rs->sr_err;
}

/* Values of passwords, which slapd has copied from the message. */
static void
forget_values(const Operation *op, const struct berval *values)
{
	for (; values != NULL && !BER_BVISNULL(values); values++)
		over_forget(op, values);
}

/* Those that are refused go no further. */
static void
wipe_values(struct berval *values)
{
	for (; values != NULL && !BER_BVISNULL(values); values++)
		sodium_memzero(values->bv_val, values->bv_len);
}

/* Hash value in place, one of a list that slapd frees. */
static bool
hash_value(struct over_db *db, const struct over_owner *owner,
           struct berval *value, struct over_refusal *ret_refusal)
{
	struct berval hash;
	bool done = over_hash(db, owner, value, &hash, ret_refusal);

	if (done) {
		sodium_memzero(value->bv_val, value->bv_len);
		ch_free(value->bv_val);
		*value = hash;
	}
	return done;
}

static bool
refuse_more(struct over_refusal *ret_refusal)
{
	*ret_refusal = (struct over_refusal){ LDAP_CONSTRAINT_VIOLATION,
		                              RULE_INVALID_PASSWORD,
		                              OVER_PP_NOT_ALLOWED, "" };
	return false;
}

/*
 * An entry has one password: binds try every value, and each costs a hash.
 */
static bool
is_one(const struct berval *values, struct over_refusal *ret_refusal)
{
	return BER_BVISNULL(&values[0]) || BER_BVISNULL(&values[1]) ||
	       refuse_more(ret_refusal);
}

static bool
is_password(const AttributeDescription *ad)
{
	return ad->ad_type == slap_schema.si_ad_userPassword->ad_type;
}

/* The first value of an attribute of a new entry; empty. */
static struct rst_view
first_of(const Entry *entry, AttributeDescription *ad)
{
	Attribute *attr = ad != NULL ? attr_find(entry->e_attrs, ad) : NULL;

	return attr != NULL ? back_view_of(&attr->a_vals[0])
	                    : rst_view(NULL, 0);
}

/* Of an entry that is yet to be: somebody in no group. */
static enum rst_err
read_newcomer(Operation *op, struct over_db *db, const Entry *entry,
              struct over_owner *owner)
{
	struct back_read *read = NULL;
	enum rst_err err;

	err = back_read_begin(op, db->back, &read);
	if (err != RST_OK)
		return err;
	err = lifecycle_terms(&read->txn, 0, &owner->terms);
	back_read_end(read);
	if (err != RST_OK)
		return err;
	lifecycle_terms_add(&owner->terms,
	                    first_of(entry, slap_schema.si_ad_uid));
	lifecycle_terms_add(&owner->terms,
	                    first_of(entry, back_names.given_name));
	lifecycle_terms_add(&owner->terms, first_of(entry, back_names.sn));
	lifecycle_terms_add_mail(&owner->terms,
	                         first_of(entry, back_names.mail));
	return RST_OK;
}

static bool
add_one(struct over_db *db, const struct over_owner *owner, Attribute *attr,
        struct over_refusal *ret_refusal)
{
	bool fine = is_one(attr->a_vals, ret_refusal) &&
	            hash_value(db, owner, &attr->a_vals[0], ret_refusal);

	/* no rule of userPassword normalises: mostly they are one list */
	if (fine && attr->a_nvals != attr->a_vals) {
		wipe_values(attr->a_nvals);
		ber_bvreplace(&attr->a_nvals[0], &attr->a_vals[0]);
	}
	return fine;
}

/* Each of an entry's attributes of passwords. */
static Attribute *
next_password(Attribute *attr)
{
	while (attr != NULL && !is_password(attr->a_desc))
		attr = attr->a_next;
	return attr;
}

static void
forget_entry(const Operation *op, bool refused)
{
	Attribute *attr = next_password(op->ora_e->e_attrs);

	for (; attr != NULL; attr = next_password(attr->a_next)) {
		if (!refused) {
			forget_values(op, attr->a_vals);
			continue;
		}
		wipe_values(attr->a_vals);
		wipe_values(attr->a_nvals);
	}
}

int
over_add(Operation *op, SlapReply *rs)
{
	struct over_db *db = over_db_of(op->o_bd);
	struct over_owner owner = { 0 };
	struct over_refusal refusal;
	Attribute *attr;
	bool fine = true, any = false;
	int rc = SLAP_CB_CONTINUE;

	if (db == NULL || is_exempt(op) ||
	    next_password(op->ora_e->e_attrs) == NULL)
		goto out;
	forget_entry(op, false);
	rc = over_may_add(op, &op->ora_e->e_nname);
	if (rc != LDAP_SUCCESS) {
		forget_entry(op, true);
		send_ldap_error(op, rs, rc,
		                rc == LDAP_INSUFFICIENT_ACCESS
		                        ? "no write access to parent"
		                        : NULL);
		goto out;
	}
	rc = SLAP_CB_CONTINUE;
	if (read_newcomer(op, db, op->ora_e, &owner) != RST_OK) {
		forget_entry(op, true);
		send_ldap_error(op, rs, LDAP_OTHER, "cannot look up policies");
		rc = rs->sr_err;
		goto out;
	}
	for (attr = next_password(op->ora_e->e_attrs); attr != NULL && fine;
	     attr = next_password(attr->a_next)) {
		/* userPassword;lang-en and its like are more of them */
		fine = !any ? add_one(db, &owner, attr, &refusal)
		            : refuse_more(&refusal);
		any = true;
	}
	if (!fine) {
		forget_entry(op, true);
		over_refuse(op, rs, &refusal);
		send_ldap_result(op, rs);
		rc = rs->sr_err;
	}
out:
	over_owner_release(&owner);
	return rc;
}

/*
 * "delete: userPassword" with the old password in clear, as some clients
 * change it: name the stored value instead, if it is the right one.
 */
static bool
name_stored(Operation *op, struct over_db *db, const struct over_owner *owner,
            struct berval *value, struct over_refusal *ret_refusal)
{
	enum rst_err err;

	if (owner->stored == NULL || strcmp(owner->stored, value->bv_val) == 0)
		return true;
	err = over_verify(op, db, owner, value);
	/* a wrong one is left to find no value of its like: nor do zeros */
	sodium_memzero(value->bv_val, value->bv_len);
	if (err == RST_OK) {
		ch_free(value->bv_val);
		ber_str2bv(owner->stored, 0, 1, value);
	} else if (err != RST_EDENIED) {
		*ret_refusal = (struct over_refusal){
			err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER, RULE_OK,
			OVER_PP_NOT_ALLOWED, ""
		};
	}
	return err == RST_OK || err == RST_EDENIED;
}

/*
 * One old password and one new: each further one is a hash that somebody
 * without access to the entry could have us compute, too.
 */
static bool
are_few(const Modifications *mod, struct over_refusal *ret_refusal)
{
	unsigned int old = 0, new = 0;

	for (; mod != NULL; mod = mod->sml_next) {
		if (!is_password(mod->sml_desc) || mod->sml_values == NULL)
			continue;
		if ((mod->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE)
			old++;
		else
			new ++;
	}
	return (old <= 1 && new <= 1) || refuse_more(ret_refusal);
}

static bool
modify_one(Operation *op, struct over_db *db, const struct over_owner *owner,
           Modifications *mod, struct over_refusal *ret_refusal)
{
	bool fine = true;

	if (mod->sml_values == NULL || BER_BVISNULL(&mod->sml_values[0]))
		goto out; /* delete all */
	fine = is_one(mod->sml_values, ret_refusal);
	if (!fine)
		goto out;
	if ((mod->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE)
		fine = name_stored(op, db, owner, &mod->sml_values[0],
		                   ret_refusal);
	else
		fine = hash_value(db, owner, &mod->sml_values[0], ret_refusal);
out:
	return fine;
}

/* "delete: userPassword" names the old one, beside the new one. */
static bool
gives_old(const Modifications *mod)
{
	for (; mod != NULL; mod = mod->sml_next)
		if (is_password(mod->sml_desc) &&
		    (mod->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE &&
		    mod->sml_values != NULL &&
		    !BER_BVISNULL(&mod->sml_values[0]))
			return true;
	return false;
}

static void
forget_mods(const Operation *op, bool refused)
{
	const Modifications *mod;

	for (mod = op->orm_modlist; mod != NULL; mod = mod->sml_next) {
		if (!is_password(mod->sml_desc))
			continue;
		if (!refused) {
			forget_values(op, mod->sml_values);
			continue;
		}
		wipe_values(mod->sml_values);
		wipe_values(mod->sml_nvalues);
	}
}

int
over_modify(Operation *op, SlapReply *rs)
{
	struct over_db *db = over_db_of(op->o_bd);
	struct over_owner owner = { 0 };
	struct over_refusal refusal;
	Modifications *mod;
	bool fine = true;
	int rc = SLAP_CB_CONTINUE;

	if (db == NULL || is_exempt(op))
		goto out;
	forget_mods(op, false);
	if (!over_mods_are_few(op)) {
		forget_mods(op, true);
		rc = over_mods_refuse(op, rs);
		goto out;
	}
	for (mod = op->orm_modlist; mod != NULL; mod = mod->sml_next)
		if (is_password(mod->sml_desc))
			break;
	/* who is not there is the backend's to say */
	if (mod == NULL ||
	    over_owner_read(op, db, &op->o_req_ndn, &owner) != RST_OK)
		goto out;
	rc = over_may_modify(op, op->orm_modlist, false);
	if (rc != LDAP_SUCCESS) {
		forget_mods(op, true);
		send_ldap_error(op, rs, rc, NULL);
		goto out;
	}
	rc = SLAP_CB_CONTINUE;
	fine = are_few(mod, &refusal) &&
	       over_may_change(op, &owner, gives_old(mod), &refusal);
	for (; mod != NULL && fine; mod = mod->sml_next)
		if (is_password(mod->sml_desc))
			fine = modify_one(op, db, &owner, mod, &refusal);
	if (!fine) {
		forget_mods(op, true);
		over_refuse(op, rs, &refusal);
		send_ldap_result(op, rs);
		rc = rs->sr_err;
	} else {
		over_identity_expect(op);
	}
out:
	over_owner_release(&owner);
	return rc;
}

/* Our own place in the list of overlays; NULL. */
static slap_overinst *
instance_of(BackendDB *be)
{
	slap_overinfo *over = be->bd_info->bi_private;
	slap_overinst *on;

	if (!overlay_is_over(be))
		return NULL;
	for (on = over->oi_list; on != NULL; on = on->on_next)
		if (strcmp(on->on_bi.bi_type, OVER_NAME) == 0)
			break;
	return on;
}

int
over_judge(Operation *op, SlapReply *rs, struct over_judged *judged)
{
	BackendDB *be = op->o_bd, db = *be;
	int rc = SLAP_CB_CONTINUE;

	judged->marked = false;
	db.bd_info = (BackendInfo *)instance_of(be);
	if (db.bd_info == NULL || over_db_of(be) == NULL || is_exempt(op))
		return rc;
	/* as slapd calls an overlay */
	db.be_flags |= SLAP_DBFLAG_OVERLAY;
	op->o_bd = &db;
	if (op->o_tag == LDAP_REQ_ADD)
		rc = over_add(op, rs);
	else if (op->o_tag == LDAP_REQ_MODIFY)
		rc = over_modify(op, rs);
	op->o_bd = be;
	if (rc != SLAP_CB_CONTINUE)
		return rc;
	over_hashed_begin(op, &judged->mark);
	judged->marked = true;
	return rc;
}

void
over_judge_end(Operation *op, struct over_judged *judged)
{
	if (judged->marked)
		over_hashed_end(op, &judged->mark);
	judged->marked = false;
}
