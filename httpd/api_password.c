/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_password.c - a temporary password for somebody, by administrators */
#include <sodium.h>

#include "httpd/api.h"
#include "httpd/input.h"

/* { user, password }: the one that was made is in this answer only. */
static enum rst_err
reset_model(struct http_req *req, uint64_t id, const char *made,
            cJSON **ret_body)
{
	struct rst_record record;
	struct rst_rtxn txn;
	cJSON *user = NULL;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		user = model_user(&txn, &record, true, req->ctx.now_s);
	rst_read_end(&txn);
	if (err == RST_OK &&
	    (user == NULL ||
	     (made[0] != '\0' && !json_add_text(user, "madePassword", made)))) {
		cJSON_Delete(user);
		return RST_ENOMEM;
	}
	if (err == RST_OK)
		*ret_body = user;
	return err;
}

/*
 * POST /users/{}/reset-password with a password, or (temporary) one that is
 * made and told in the answer.  Either signs in to be changed.
 */
void
api_temporary_password(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	char made[LIFECYCLE_MADE_BYTES] = "";
	struct rst_rtxn txn;
	uint64_t id = 0;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK) {
		err = act_find_person(&txn, req->arg[0], &id);
		rst_read_end(&txn);
	}
	if (err == RST_OK)
		err = act_reset_password(&req->ctx, id,
		                         input_text(req, "password"), made,
		                         &refusal);
	if (err == RST_OK)
		err = reset_model(req, id, made, &reply->body);
	sodium_memzero(made, sizeof(made));
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
}
