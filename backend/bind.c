/* SPDX-License-Identifier: OLDAP-2.8 */
/* bind.c - simple bind
 *
 * slapd's contract: on success set orb_edn and return LDAP_SUCCESS without
 * replying, the front end replies; on failure reply here.
 *
 * Unknown name, no password, wrong password and an account that may not sign
 * in cost the same (one hash) and get the same answer, 49 with an empty text.
 * The hash is computed outside of any transaction.
 */
#include "back-roster.h"

#include <sodium.h>
#include <stdlib.h>

#include "lifecycle/acts.h"
#include "lifecycle/password_age.h"
#include "lutil.h"
#include "overlay/lifecycle.h"
#include "rules/password.h"

#define PASSWORD_MAX  8192 /* bytes that slapd's own schemes compare */
#define PASSWORDS_MAX 16   /* values of one entry that are tried */

/* What is copied out of the snapshot. */
struct proof {
	uint64_t id, generation;
	enum rule_state state;
	bool lifecycle;
	bool may_prove; /* the ACLs grant "auth" access to its password */
	bool no_guess;  /* what was given is an API token */
	char since[24]; /* pwdAccountLockedTime, or "" */
	struct attempt_policy policy;
	struct rule_password_facts facts;
	struct attempt_renewal renewal; /* of the one that was right */
	struct berval name;             /* owned */
	char *stored[PASSWORDS_MAX];    /* owned, wiped */
	size_t n_stored;
};

static void
proof_release(struct proof *proof)
{
	for (size_t i = 0; i < proof->n_stored; i++) {
		sodium_memzero(proof->stored[i], strlen(proof->stored[i]));
		free(proof->stored[i]);
	}
	proof->n_stored = 0;
	sodium_memzero(&proof->renewal, sizeof(proof->renewal));
	ch_free(proof->name.bv_val);
	BER_BVZERO(&proof->name);
}

/* Values that "auth" access is granted to. */
static enum rst_err
take_passwords(Operation *op, Entry *entry, struct proof *proof)
{
	AccessControlState state = ACL_STATE_INIT;
	AttributeDescription *ad = slap_schema.si_ad_userPassword;
	Attribute *attr = attr_find(entry->e_attrs, ad);
	char *copy;

	proof->may_prove = access_allowed(op, entry, ad, NULL, ACL_AUTH, NULL);
	if (attr == NULL)
		return RST_OK;
	for (unsigned int i = 0; i < attr->a_numvals; i++) {
		if (proof->n_stored == PASSWORDS_MAX)
			return RST_OK;
		if (!access_allowed(op, entry, ad, &attr->a_nvals[i], ACL_AUTH,
		                    &state))
			continue;
		copy = rst_view_dup(back_view_of(&attr->a_vals[i]));
		if (copy == NULL)
			return RST_ENOMEM; /* no wrong password */
		proof->stored[proof->n_stored++] = copy;
	}
	return RST_OK;
}

static enum rst_err
read_proof(Operation *op, struct back_db *db, struct proof *proof)
{
	struct back_read *read = NULL;
	struct back_needs *needs;
	struct back_view view;
	struct rst_record record;
	Entry *entry = NULL;
	uint64_t matched;
	enum rst_err err;

	err = back_read_begin(op, db, &read);
	if (err != RST_OK)
		return err;
	back_view_init(&view, op, db, &read->txn, true);
	proof->lifecycle = view.lifecycle;
	err = back_find(&read->txn, &op->o_req_ndn, &record, &matched);
	if (err == RST_OK && (record.flags & (RST_REC_SUBENTRY | RST_REC_ALIAS |
	                                      RST_REC_REFERRAL)))
		err = RST_ENOTFOUND;
	if (err != RST_OK)
		goto out;
	needs = back_needs_acl(op);
	back_needs_add(needs, slap_schema.si_ad_userPassword);
	view.secrets = true;
	err = back_entry_new(&view, &record, needs, &entry);
	if (err != RST_OK)
		goto out;
	proof->id = record.id;
	(void)rst_view_copy(
		rst_record_first(&record, RST_A_PWDACCOUNTLOCKEDTIME),
		proof->since, sizeof(proof->since));
	proof->generation = record.generation;
	proof->state = act_state(&record, slap_get_time());
	proof->facts = lifecycle_password_facts(&record);
	ber_dupbv(&proof->name, &entry->e_name);
	err = take_passwords(op, entry, proof);
	back_entry_free(entry);
out:
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	if (err == RST_OK)
		err = attempt_policy(&read->txn, proof->id, &proof->policy);
	back_read_end(read);
	return err;
}

/* slapd's own schemes: {SSHA}, {CRYPT}... */
static bool
check_scheme(void *arg, const char *stored, struct rst_view password)
{
	struct berval hash, cred;
	const char *text = NULL;
	char copy[PASSWORD_MAX + 1];
	bool good;

	if (!rst_view_copy(password, copy, sizeof(copy)))
		return false;
	ber_str2bv(stored, 0, 0, &hash);
	cred.bv_val = copy;
	cred.bv_len = password.len;
	good = lutil_passwd(&hash, &cred, NULL, &text) == 0;
	sodium_memzero(copy, password.len);
	return good;
}

/* Clear text is slapd's own way where no lifecycle forbids it. */
static bool
is_clear_text(const struct proof *proof, const char *stored)
{
	return !proof->lifecycle &&
	       rule_hash_scheme(stored, strlen(stored)) == RULE_SCHEME_NONE;
}

/* What look() works on. */
struct look {
	struct back_db *db;
	struct proof *proof;
	struct rst_view name;
	struct rst_view password;
};

static struct verified_proof
proof_of(const struct look *at, const char *stored)
{
	return (struct verified_proof){ at->proof->id, at->proof->generation,
		                        rst_view_of(stored), at->password };
}

/* Without a hash. */
static bool
is_known(void *arg)
{
	const struct look *at = arg;
	struct verified_proof proof;

	for (size_t i = 0; i < at->proof->n_stored; i++) {
		proof = proof_of(at, at->proof->stored[i]);
		if (attempt_remembers(at->db->env, &at->proof->policy, &proof,
		                      slap_get_time()))
			return true;
	}
	return false;
}

/* With the turn to hash still held. */
static void
renew(const struct look *at, const char *stored)
{
	struct proof *proof = at->proof;

	if (!proof->lifecycle || proof->state == RULE_STATE_NONE)
		return;
	proof->renewal.stored = stored;
	lifecycle_password_renew(at->db->env, rst_view_of(stored), at->password,
	                         proof->renewal.hash);
}

static enum rst_err
check_one(const struct look *at, const char *stored, bool suspect)
{
	if (is_clear_text(at->proof, stored))
		return check_scheme(NULL, stored, at->password) ? RST_OK
		                                                : RST_EDENIED;
	return lifecycle_password_check(at->db->env, at->name, suspect,
	                                rst_view_of(stored), at->password,
	                                check_scheme, NULL);
}

static enum rst_err
look(void *arg, bool suspect)
{
	const struct look *at = arg;
	struct verified_proof proof;
	enum rst_err err;

	if (at->proof->n_stored == 0) {
		err = check_one(at, "", suspect);
		return err == RST_OK ? RST_EDENIED : err;
	}
	for (size_t i = 0; i < at->proof->n_stored; i++) {
		err = check_one(at, at->proof->stored[i], suspect);
		proof = proof_of(at, at->proof->stored[i]);
		if (err == RST_OK)
			attempt_remember(at->db->env, &at->proof->policy,
			                 &proof, slap_get_time());
		if (err == RST_OK)
			renew(at, at->proof->stored[i]);
		if (err != RST_EDENIED)
			return err;
	}
	return RST_EDENIED;
}

static int
code_of(Operation *op, enum rst_err err)
{
	switch (err) {
	case RST_OK:
		return LDAP_SUCCESS;
	case RST_EBUSY:
		return LDAP_BUSY;
	case RST_EDENIED:
	case RST_EINVALID: /* too long, or no text: nobody has that */
	case RST_ENOTFOUND:
		return LDAP_INVALID_CREDENTIALS;
	case RST_EEXISTS:
	case RST_ESTATE:
	case RST_EFULL:
	case RST_ECORRUPT:
	case RST_ENOMEM:
	case RST_EIO:
		break;
	}
	Debug(LDAP_DEBUG_ANY, "%s roster: bind: %s\n", op->o_log_prefix,
	      rst_strerror(err));
	return LDAP_OTHER;
}

static over_resume answer;

static enum rst_err
prove(Operation *op, struct back_db *db, struct proof *proof)
{
	const struct over_claim claim = {
		.env = db->env,
		.id = proof->id,
		.ndn = &op->o_req_ndn,
		.since = rst_view_of(proof->since),
		.policy = proof->policy,
		.password = back_view_of(&op->orb_cred),
		.known = is_known,
		.no_guess = proof->no_guess,
		.resume = answer,
		.renewal = &proof->renewal,
	};
	struct look at = { db, proof, back_view_of(&op->o_req_ndn),
		           claim.password };

	return over_prove(op, &claim, look, &at);
}

/* The password is an API token that lets in.  One that cannot be looked up is
 * a wrong password. */
static bool
is_token(Operation *op, const struct back_db *db, struct proof *proof)
{
	struct act_bearer bearer;
	enum rst_err err = RST_ENOTFOUND;

	if (proof->lifecycle && proof->may_prove)
		err = over_token(op, db->env, proof->id, &bearer);
	if (err == RST_OK)
		over_bound_token(op, &proof->policy, &bearer);
	proof->no_guess = err == RST_EDENIED;
	return err == RST_OK;
}

static int
try_bind(Operation *op, SlapReply *rs, struct back_db *db, struct proof *proof)
{
	struct over_login login;
	enum rst_err err;

	err = read_proof(op, db, proof);
	if (err == RST_OK && is_token(op, db, proof))
		return LDAP_SUCCESS;
	if (err == RST_OK)
		err = prove(op, db, proof);
	if (err == RST_ESTATE)
		return SLAPD_ASYNCOP;
	if (err != RST_OK)
		return code_of(op, err);
	if (!proof->lifecycle)
		return LDAP_SUCCESS;
	login = (struct over_login){
		.env = db->env,
		.id = proof->id,
		.generation = proof->generation,
		.state = proof->state,
		.policy = &proof->policy,
		.facts = proof->facts,
	};
	return over_may_bind(op, rs, &login);
}

/* At once, or when its turn has come. */
static int
answer(Operation *op, SlapReply *rs)
{
	struct proof proof = { 0 };
	int code;

	code = try_bind(op, rs, op->o_bd->be_private, &proof);
	if (code == LDAP_SUCCESS)
		ber_dupbv(&op->orb_edn, &proof.name);
	proof_release(&proof);
	rs->sr_err = code;
	if (code == SLAPD_ASYNCOP)
		return code; /* op is not ours any more */
	over_forget(op, &op->orb_cred);
	if (code != LDAP_SUCCESS)
		send_ldap_result(op, rs);
	return code;
}

int
roster_back_bind(Operation *op, SlapReply *rs)
{
	/* The rootdn needs no entry: the front end knows rootpw. */
	if (be_rootdn_bind(op, NULL) == LDAP_SUCCESS) {
		over_forget(op, &op->orb_cred);
		return rs->sr_err = LDAP_SUCCESS;
	}
	if (op->orb_method != LDAP_AUTH_SIMPLE) {
		send_ldap_error(op, rs, LDAP_STRONG_AUTH_NOT_SUPPORTED,
		                "authentication method not supported");
		return rs->sr_err;
	}
	return answer(op, rs);
}
