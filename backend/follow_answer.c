/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_answer.c - the answer to a change waits until the gate is left
 *
 * slapd runs what the overlays do after a change, their responses, while it
 * sends the answer, and some wait with their clean-up until it is sent.  The
 * gate must be kept for both, but not for a client that does not read.  So the
 * answer stops behind the last response of the database's overlays:
 *
 *	change, commit, responses | clean-up, gate left | callers' responses,
 *	                          | kept                | answer
 *
 * What slapd put into the list of callbacks before the gate was entered (the
 * responses of global overlays, a caller who wants no answer) has its turn when
 * the answer goes out.
 */
#include "backend/follow_priv.h"

/* What a caller frees when the answer is out is ours from here on. */
static void
keep(struct held_answer *held, const SlapReply *rs)
{
	SlapReply *kept = &held->reply;

	kept->sr_type = REP_RESULT;
	kept->sr_err = rs->sr_err;
	if (rs->sr_text != NULL)
		kept->sr_text = held->text = ch_strdup(rs->sr_text);
	if (rs->sr_matched != NULL)
		kept->sr_matched = held->matched = ch_strdup(rs->sr_matched);
	if (rs->sr_ref != NULL)
		ber_bvarray_dup_x(&kept->sr_ref, rs->sr_ref, NULL);
	held->refs = kept->sr_ref;
	if (rs->sr_ctrls != NULL)
		kept->sr_ctrls = ldap_controls_dup(rs->sr_ctrls);
	held->controls = kept->sr_ctrls;
}

static int
stop(Operation *op, SlapReply *rs)
{
	struct held_answer *held = op->o_callback->sc_private;

	if (rs->sr_type != REP_RESULT || held->at_once)
		return SLAP_CB_CONTINUE;
	if (held->answered)
		return LDAP_SUCCESS; /* there is one answer to a request */
	held->answered = true;
	held->outer = held->callback.sc_next;
	/* whose clean-up has not come yet */
	held->callback.sc_next = NULL;
	keep(held, rs);
	return LDAP_SUCCESS;
}

void
back_answer_hold(struct held_answer *held, Operation *op)
{
	memset(held, 0, sizeof(*held));
	held->callback.sc_response = stop;
	held->callback.sc_private = held;
	held->callback.sc_next = op->o_callback;
	op->o_callback = &held->callback;
	/* what LDAPv2 makes of a referral is made when it goes out */
	held->protocol = op->o_protocol;
	op->o_protocol = LDAP_VERSION3;
}

static struct held_answer *
answer_of(Operation *op)
{
	slap_callback *at = op->o_callback;

	while (at != NULL && at->sc_response != stop)
		at = at->sc_next;
	return at == NULL ? NULL : at->sc_private;
}

bool
back_follow_holds(Operation *op)
{
	return answer_of(op) != NULL;
}

void
back_follow_answer_now(Operation *op)
{
	struct held_answer *held = answer_of(op);

	if (held == NULL)
		return;
	held->at_once = true;
	op->o_protocol = held->protocol;
}

void
back_answer_give(struct held_answer *held, Operation *op, SlapReply *rs)
{
	const SlapReply left = *rs;
	int code;

	op->o_protocol = held->protocol;
	op->o_callback = held->answered ? held->outer : held->callback.sc_next;
	if (held->answered) {
		*rs = held->reply;
		send_ldap_result(op, rs);
		code = rs->sr_err;
		*rs = left;
		rs->sr_err = code;
	}
	slap_graduate_commit_csn(op);
	ch_free(held->text);
	ch_free(held->matched);
	ber_bvarray_free(held->refs);
	ldap_controls_free(held->controls);
}
