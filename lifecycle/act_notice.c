/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_notice.c - mail about what time does to an account
 *
 * Queued in the transaction of its cause.  rosterd leaves in the environment
 * where its pages are (setting "mail-url") while it has a relay to send by;
 * without it, and with setting notices=off, nobody is told.
 */
#include <cjson/cJSON.h>
#include <string.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/index.h"
#include "store/member.h"
#include "store/outbox.h"

#define BATCH    64 /* ids taken from the store at a time */
#define TOLD_MAX 16 /* administrators who are told */

/* {"name": ..., "username": ..., "link": ..., "when": ...}, for the caller to
 * free with cJSON_free(). */
static char *
params_of(const struct rst_record *person, struct rst_view link, int64_t when_s)
{
	char when[LIFECYCLE_TIME_BYTES], name[2 * RULE_PERSON_MAX + 2] = "";
	char username[RULE_NAME_MAX + 1] = "", url[RST_MAIL_PARAMS_MAX / 2];
	cJSON *params = cJSON_CreateObject();
	char *text = NULL;

	(void)rst_view_copy(rst_record_first(person, RST_A_CN), name,
	                    sizeof(name));
	(void)rst_view_copy(rst_record_first(person, RST_A_UID), username,
	                    sizeof(username));
	lifecycle_time_print_3339(when_s, when);
	if (rst_view_copy(link, url, sizeof(url)) &&
	    cJSON_AddStringToObject(params, "name", name) != NULL &&
	    cJSON_AddStringToObject(params, "username", username) != NULL &&
	    cJSON_AddStringToObject(params, "link", url) != NULL &&
	    cJSON_AddStringToObject(params, "when", when) != NULL)
		text = cJSON_PrintUnformatted(params);
	cJSON_Delete(params);
	return text;
}

/* Where the pages are, if there is somebody to send mail. */
static bool
mail_url(const struct rst_rtxn *txn, struct rst_view *ret_url)
{
	return lifecycle_setting_number(txn, RULE_SETTING_NOTICES) != 0 &&
	       rst_setting_get(txn, "mail-url", ret_url) == RST_OK;
}

bool
act_can_mail(const struct rst_rtxn *txn)
{
	struct rst_view url;

	return mail_url(txn, &url);
}

bool
act_can_tell(const struct rst_rtxn *txn, const struct rst_record *person)
{
	return rst_record_first(person, RST_A_MAIL).len > 0 &&
	       act_can_mail(txn);
}

enum rst_err
act_tell(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
         const char *template, int64_t when_s)
{
	char mail[RST_MAIL_MAX + 1];
	struct rst_record record;
	struct rst_view url;
	char *params;
	enum rst_err err;

	err = rst_record_get(&txn->r, person, &record);
	if (err != RST_OK || !act_can_tell(&txn->r, &record) ||
	    !mail_url(&txn->r, &url) ||
	    !rst_view_copy(rst_record_first(&record, RST_A_MAIL), mail,
	                   sizeof(mail)))
		return err;
	params = params_of(&record, url, when_s);
	if (params == NULL)
		return RST_ENOMEM;
	err = rst_outbox_add(txn, rst_view_of(mail), rst_view_of(template),
	                     rst_view_of(params), ctx->now_s, NULL);
	cJSON_free(params);
	return err;
}

/* Their addresses, of those who can act. */
struct told {
	char mail[TOLD_MAX][RST_MAIL_MAX + 1];
	size_t n;
};

static void
add_members(const struct rst_rtxn *txn, uint64_t group, int64_t now_s,
            struct told *told)
{
	struct rst_member_cursor cursor = { 0 };
	struct rst_record record;
	struct rst_view mail;
	uint64_t member;
	size_t i;

	while (told->n < TOLD_MAX &&
	       rst_member_next_id(txn, group, &cursor, &member) == RST_OK) {
		if (rst_record_get(txn, member, &record) != RST_OK ||
		    !rule_state_may_sign_in(act_state(&record, now_s)))
			continue;
		mail = rst_record_first(&record, RST_A_MAIL);
		for (i = 0; i < told->n; i++)
			if (rst_view_equal(mail, rst_view_of(told->mail[i])))
				break;
		if (i == told->n && mail.len > 0 &&
		    rst_view_copy(mail, told->mail[i], sizeof(told->mail[i])))
			told->n++;
	}
}

static enum rst_err
find_administrators(const struct rst_rtxn *txn, int64_t now_s,
                    struct told *told)
{
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH && told->n < TOLD_MAX) {
		err = rst_index_equal(txn, RST_A_OBJECTCLASS,
		                      RST_VIEW("rosterGroup"), after, groups,
		                      BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			err = rst_record_get(txn, after, &record);
			if (err == RST_OK &&
			    (record.flags & RST_REC_ADMIN_GROUP))
				add_members(txn, after, now_s, told);
		}
	}
	return err;
}

enum rst_err
act_tell_administrators(struct rst_wtxn *txn, const struct act_ctx *ctx,
                        uint64_t about, const char *template, int64_t when_s)
{
	struct told told = { .n = 0 };
	struct rst_record record;
	struct rst_view url;
	char *params = NULL;
	enum rst_err err;

	if (!mail_url(&txn->r, &url))
		return RST_OK;
	err = find_administrators(&txn->r, ctx->now_s, &told);
	if (err == RST_OK)
		err = rst_record_get(&txn->r, about, &record);
	if (err == RST_OK) {
		params = params_of(&record, url, when_s);
		err = params == NULL ? RST_ENOMEM : RST_OK;
	}
	for (size_t i = 0; err == RST_OK && i < told.n; i++)
		err = rst_outbox_add(txn, rst_view_of(told.mail[i]),
		                     rst_view_of(template), rst_view_of(params),
		                     ctx->now_s, NULL);
	cJSON_free(params);
	return err;
}
