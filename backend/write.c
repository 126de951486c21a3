/* SPDX-License-Identifier: OLDAP-2.8 */
/* write.c - what add, modify, modrdn and delete have in common
 *
 *	begin	wait for the writer lock (two seconds at most, letting a pause
 *		of slapd's threads through), fill in who acts
 *	csn	one CSN, made inside the transaction and above every other:
 *		made earlier, a commit of the other process could overtake it,
 *		and a replica would take the later change for the older one
 *	gate	lifecycle/gate.h: rules, consequences, records, journal
 *	end	commit, and only then answer
 */
#include "back-roster.h"

#include "backend/follow.h"
#include "backend/replica.h"

#include <time.h>
#include <unistd.h>

#define EXIT_SUSPECT 70 /* EX_SOFTWARE: the supervisor starts us anew */

int64_t
back_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* While the lock is taken: go on waiting? */
static bool
wait_hook(void *arg)
{
	struct back_write *write = arg;

	if (write->op->o_abandon || slapd_shutdown ||
	    back_monotonic_ms() >= write->deadline_ms)
		return false;
	back_pause_let();
	return back_epoch() == write->epoch;
}

/* "IP=127.0.0.1:4711" becomes "127.0.0.1:4711", "PATH=..." "ldapi". */
static void
set_address(struct back_write *write)
{
	const char *peer = NULL;
	Operation *op = write->op;

	if (op->o_conn != NULL)
		peer = op->o_conn->c_peer_name.bv_val;
	if (peer == NULL)
		peer = "";
	else if (strncmp(peer, "PATH=", 5) == 0)
		peer = "ldapi";
	else if (strncmp(peer, "IP=", 3) == 0)
		peer += 3;
	snprintf(write->address, sizeof(write->address), "%s", peer);
}

/* What expires early or late because the clock was set finds its reason in
 * the log.  Called with the writer lock. */
static void
look_at_clock(struct back_db *db, int64_t now_s)
{
	struct timespec since_start;
	int64_t by_s;

	clock_gettime(CLOCK_BOOTTIME, &since_start);
	by_s = rule_clock_set(&db->clock, now_s, since_start.tv_sec);
	if (by_s != 0)
		Debug(LDAP_DEBUG_ANY,
		      "roster: the clock was set by %+lld seconds\n",
		      (long long)by_s);
}

static enum rst_err
set_context(struct back_write *write)
{
	Operation *op = write->op;
	struct act_ctx *ctx = &write->ctx;
	struct rst_record actor;
	struct timespec now;
	uint64_t matched;
	enum rst_err err = RST_OK;

	clock_gettime(CLOCK_REALTIME, &now);
	look_at_clock(write->db, now.tv_sec);
	set_address(write);
	ctx->env = write->db->env;
	ctx->door = RST_DOOR_LDAP;
	ctx->actor = back_view_of(&op->o_dn);
	ctx->address = rst_view_of(write->address);
	ctx->now_s = now.tv_sec;
	ctx->now_us = (uint32_t)(now.tv_nsec / 1000);
	ctx->server_id = (unsigned int)slap_serverID;
	/* who is no entry here is trusted: that must be known, not thought */
	if (!BER_BVISEMPTY(&op->o_ndn)) {
		err = back_find(&write->txn.r, &op->o_ndn, &actor, &matched);
		if (err == RST_OK)
			ctx->actor_id = actor.id;
	}
	write->flags = GATE_STAMPED;
	/* what a provider sends was decided there */
	if (be_shadow_update(op))
		write->flags |= GATE_IMPORT | GATE_REPLICA;
	else if (SLAPD_SYNC_IS_SYNCCONN(op->o_connid))
		write->flags |= GATE_IMPORT;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

void
back_write_fail(struct back_write *write, enum rst_err err)
{
	if (err == RST_ECORRUPT || err == RST_EIO || err == RST_ENOMEM)
		Debug(LDAP_DEBUG_ANY, "%s roster: \"%s\": %s\n",
		      write->op->o_log_prefix, write->op->o_req_dn.bv_val,
		      rst_strerror(err));
	back_map_error(err, &write->reply);
	write->rs->sr_err = write->reply.code;
	write->rs->sr_text =
		write->reply.text[0] != '\0' ? write->reply.text : NULL;
}

/* The journal's place itself, or a name that would move there. */
static bool
names_the_journal(const struct back_write *write)
{
	Operation *op = write->op;
	struct berval parent, ndn;
	bool there;

	if (back_audit_holds(&write->view, &op->o_req_ndn))
		return true;
	if (op->o_tag != LDAP_REQ_MODRDN)
		return false;
	dnParent(&op->o_req_ndn, &parent);
	if (op->orr_nnewSup != NULL)
		parent = *op->orr_nnewSup;
	build_new_dn(&ndn, &parent, &op->orr_nnewrdn, op->o_tmpmemctx);
	there = back_audit_holds(&write->view, &ndn);
	op->o_tmpfree(ndn.bv_val, op->o_tmpmemctx);
	return there;
}

/* The gate's transaction, or one of our own. */
static enum rst_err
begin(struct back_write *write, enum rst_write_purpose purpose)
{
	struct back_db *db = write->db;
	enum rst_err err;

	err = back_follow_take(db, write->op, &write->txn);
	if (err == RST_ENOTFOUND)
		return rst_write_begin_polled(db->env, purpose, wait_hook,
		                              write, &write->txn);
	if (err != RST_OK)
		return err;
	err = rst_write_room(db->env, purpose);
	if (err != RST_OK)
		rst_write_abort(&write->txn);
	return err;
}

bool
back_write_begin(struct back_write *write, Operation *op, SlapReply *rs,
                 enum rst_write_purpose purpose)
{
	static const struct act_refusal immutable = { RULE_JOURNAL_IMMUTABLE,
		                                      NULL,
		                                      { "" } };
	enum rst_err err;

	memset(write, 0, sizeof(*write));
	write->op = op;
	write->rs = rs;
	write->db = op->o_bd->be_private;
	write->epoch = back_epoch();
	write->deadline_ms = back_wait_until_ms();
	rs->sr_err = LDAP_SUCCESS;
	rs->sr_text = NULL;
	if (write->db->env == NULL) {
		back_write_fail(write, RST_EIO);
		return false;
	}
	err = begin(write, purpose);
	if (err != RST_OK) {
		back_write_fail(write, err);
		if (op->o_abandon)
			rs->sr_err = SLAPD_ABANDON;
		return false;
	}
	err = set_context(write);
	if (err == RST_OK && write->flags & GATE_REPLICA)
		err = back_replica_note(op->o_bd, &write->txn);
	if (err != RST_OK) {
		back_write_fail(write, err);
		return false;
	}
	back_read_attrs_begin(write);
	back_view_init(&write->view, op, write->db, &write->txn.r, false);
	if (names_the_journal(write)) {
		back_map_refusal(RST_EDENIED, &immutable, &write->reply);
		rs->sr_err = write->reply.code;
		rs->sr_text = write->reply.text;
		return false;
	}
	if (write->view.lifecycle && get_relax(op)) {
		rs->sr_err = LDAP_UNWILLING_TO_PERFORM;
		rs->sr_text = "the relax control is not accepted here";
		return false;
	}
	return true;
}

bool
back_write_csn(struct back_write *write, const struct berval *mods_csn)
{
	Operation *op = write->op;
	const struct berval *csn = &op->o_csn;
	char text[RST_CSN_MAX];
	struct berval made = { 0, text };
	enum rst_err err;

	if (BER_BVISEMPTY(csn))
		csn = mods_csn;
	if (csn != NULL && !BER_BVISEMPTY(csn)) {
		err = rst_csn_seen(&write->txn, back_view_of(csn));
		if (err == RST_OK)
			return true;
	} else if (write->flags & GATE_REPLICA) {
		return true; /* the gate makes one, and nobody hears of it */
	} else {
		err = rst_csn_next(&write->txn, write->ctx.now_s,
		                   write->ctx.now_us, write->ctx.server_id,
		                   text);
		if (err == RST_OK) {
			made.bv_len = strlen(text);
			slap_queue_csn(op, &made);
			return true;
		}
	}
	back_write_fail(write, err);
	return false;
}

bool
back_write_gate(struct back_write *write, struct gate_change *change)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	size_t member_at = SIZE_MAX;
	SlapReply *rs = write->rs;
	enum rst_err err;

	change->flags |= write->flags;
	err = gate_apply(&write->txn, &write->ctx, change, &refusal,
	                 &member_at);
	if (err == RST_OK)
		return true;
	if (rs->sr_err != LDAP_SUCCESS)
		return false; /* our own check of the result said why */
	back_write_fail(write, err);
	back_map_refusal(err, &refusal, &write->reply);
	if (member_at != SIZE_MAX)
		back_map_member(err, &write->reply);
	if (err == RST_ESTATE && change->verb == GATE_DELETE)
		write->reply.code = LDAP_NOT_ALLOWED_ON_NONLEAF;
	rs->sr_err = write->reply.code;
	rs->sr_text = write->reply.text[0] != '\0' ? write->reply.text : NULL;
	return false;
}

bool
back_write_read_control(struct back_write *write, Entry *entry, bool before)
{
	Operation *op = write->op;
	int asked = before ? op->o_preread : op->o_postread;
	LDAPControl **ctrl = before ? &write->pre : &write->post;

	if (!asked)
		return true;
	if (slap_read_controls(op, write->rs, entry,
	                       before ? &slap_pre_read_bv : &slap_post_read_bv,
	                       ctrl) != LDAP_SUCCESS)
		return asked != SLAP_CONTROL_CRITICAL;
	write->controls[write->n_controls++] = *ctrl;
	return true;
}

/* Whoever's commit this thread makes gets an answer before slapd ends. */
static _Thread_local bool answers;

void
back_env_lost(void *arg)
{
	(void)arg;
	if (answers)
		return;
	Debug(LDAP_DEBUG_ANY,
	      "roster: a commit of slapd's own failed, its outcome is unknown: "
	      "slapd ends\n");
	_exit(EXIT_SUSPECT);
}

/*
 * The outcome of a commit that failed with an input/output error is unknown:
 * what was written may or may not be on disk.  Only a process that opens the
 * environment anew can tell, so this one ends.
 */
static enum rst_err
commit(struct back_write *write)
{
	enum rst_err err;

	answers = true;
	err = rst_write_commit(&write->txn);
	answers = false;
	if (err != RST_EIO)
		return err;
	back_write_fail(write, err);
	Debug(LDAP_DEBUG_ANY,
	      "roster: a commit failed, its outcome is unknown: slapd ends\n");
	back_follow_answer_now(write->op);
	send_ldap_result(write->op, write->rs);
	_exit(EXIT_SUSPECT);
}

static void
free_control(Operation *op, LDAPControl *ctrl)
{
	if (ctrl == NULL)
		return;
	slap_sl_free(ctrl->ldctl_value.bv_val, op->o_tmpmemctx);
	slap_sl_free(ctrl, op->o_tmpmemctx);
}

int
back_write_end(struct back_write *write)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;
	enum rst_err err;

	if (rs->sr_err == LDAP_SUCCESS && op->o_noop) {
		rs->sr_err = LDAP_X_NO_OPERATION;
	} else if (rs->sr_err == LDAP_SUCCESS) {
		err = RST_OK;
		if (!BER_BVISEMPTY(&op->o_csn) && !op->o_dont_replicate)
			err = back_follow_stamp(write->db, &write->txn,
			                        &op->o_csn);
		if (err == RST_OK)
			err = commit(write);
		if (err != RST_OK)
			back_write_fail(write, err);
		else if (write->n_controls > 0)
			rs->sr_ctrls = write->controls;
	}
	rst_write_abort(&write->txn);
	send_ldap_result(op, rs);
	/* one that came to nothing would keep contextCSN where it is */
	if (rs->sr_err != LDAP_SUCCESS || !back_follow_holds(op))
		slap_graduate_commit_csn(op);
	rs->sr_ctrls = NULL;
	rs->sr_text = NULL;
	back_entry_free(write->kept[0]);
	back_entry_free(write->kept[1]);
	free_control(op, write->pre);
	free_control(op, write->post);
	back_read_attrs_end(write);
	return rs->sr_err;
}
