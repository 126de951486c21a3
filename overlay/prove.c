/* SPDX-License-Identifier: OLDAP-2.8 */
/* prove.c - one attempt to prove a password by LDAP, from begin to end */
#include "portable.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "slap.h"

#include "overlay/over_priv.h"

/* "IP=127.0.0.1:4711" is "127.0.0.1:4711", "PATH=..." "ldapi". */
static void
set_address(const Operation *op, char address[OVER_ADDRESS_BYTES])
{
	const char *peer = NULL;

	if (op->o_conn != NULL)
		peer = op->o_conn->c_peer_name.bv_val;
	if (peer == NULL)
		peer = "";
	else if (strncmp(peer, "PATH=", 5) == 0)
		peer = "ldapi";
	else if (strncmp(peer, "IP=", 3) == 0)
		peer += 3;
	(void)snprintf(address, OVER_ADDRESS_BYTES, "%s", peer);
}

struct act_ctx
over_ctx(const Operation *op, struct rst_env *env,
         char address[OVER_ADDRESS_BYTES])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	set_address(op, address);
	return (struct act_ctx){
		.env = env,
		.door = RST_DOOR_LDAP,
		.address = rst_view_of(address),
		.now_s = now.tv_sec,
		.now_us = (uint32_t)(now.tv_nsec / 1000),
		.server_id = (unsigned int)slap_serverID,
	};
}

static enum rst_err
look_in_turn(Operation *op, over_resume *resume, bool suspect,
             enum rst_err (*look)(void *arg, bool suspect), void *arg)
{
	enum rst_err err = RST_EBUSY;

	switch (over_bind_enter(op, suspect, resume)) {
	case OVER_NOW:
		err = look(arg, suspect);
		over_bind_leave(op);
		break;
	case OVER_LATER:
		err = RST_ESTATE;
		break;
	case OVER_BUSY:
		break;
	}
	return err;
}

static enum rst_err
look_at(Operation *op, const struct attempt *attempt,
        const struct over_claim *claim,
        enum rst_err (*look)(void *arg, bool suspect), void *arg)
{
	bool suspect = attempt->standing == ATTEMPT_SUSPECT;
	enum rst_err err;

	switch (attempt->standing) {
	case ATTEMPT_LOCKED:
		return RST_EDENIED;
	case ATTEMPT_THROTTLED:
		return RST_EBUSY;
	case ATTEMPT_FREE:
	case ATTEMPT_SUSPECT:
		break;
	}
	if (claim->known != NULL && claim->known(arg))
		return RST_OK;
	if (claim->resume != NULL)
		return look_in_turn(op, claim->resume, suspect, look, arg);
	if (!over_hash_enter())
		return RST_EBUSY;
	err = look(arg, suspect);
	over_hash_leave();
	return err;
}

enum rst_err
over_prove(Operation *op, const struct over_claim *claim,
           enum rst_err (*look)(void *arg, bool suspect), void *arg)
{
	unsigned int epoch = back_epoch();
	char address[OVER_ADDRESS_BYTES];
	struct act_ctx ctx = over_ctx(op, claim->env, address);
	struct attempt attempt;
	enum rst_err err;

	err = attempt_begin(claim->env, &claim->policy,
	                    &(struct attempt_claim){
				    .id = claim->id,
				    .name = back_view_of(claim->ndn),
				    .since = claim->since,
				    .address = ctx.address,
				    .password = claim->password,
				    .now_s = ctx.now_s,
				    .renewal = claim->renewal,
			    },
	                    &attempt);
	if (err != RST_OK)
		return err;
	err = look_at(op, &attempt, claim, look, arg);
	if (err == RST_ESTATE)
		return err; /* op is not ours any more */
	err = attempt_outcome(&attempt, err);
	/* a pause while it waited may have closed the environment */
	if (back_epoch() != epoch)
		return RST_EBUSY;
	if (err != RST_EDENIED || !claim->no_guess)
		attempt_end(&ctx, &attempt, err);
	return err;
}
