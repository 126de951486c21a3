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
#include "lifecycle/letter.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/ident.h"
#include "store/outbox.h"

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

enum rst_err
act_tell_administrators(struct rst_wtxn *txn, const struct act_ctx *ctx,
                        uint64_t about, const char *template, int64_t when_s)
{
	struct letter_readers readers = { .n = 0 };
	char mail[RST_MAIL_MAX + 1];
	struct rst_record record;
	struct rst_view url;
	char *params = NULL;
	enum rst_err err;

	if (!mail_url(&txn->r, &url))
		return RST_OK;
	err = letter_administrators(&txn->r, ctx->now_s, &readers);
	if (err == RST_OK)
		err = rst_record_get(&txn->r, about, &record);
	if (err == RST_OK) {
		params = params_of(&record, url, when_s);
		err = params == NULL ? RST_ENOMEM : RST_OK;
	}
	for (size_t i = 0; err == RST_OK && i < readers.n; i++) {
		err = rst_record_get(&txn->r, readers.ids[i], &record);
		if (err == RST_OK &&
		    rst_view_copy(rst_record_first(&record, RST_A_MAIL), mail,
		                  sizeof(mail)))
			err = rst_outbox_add(
				txn, rst_view_of(mail), rst_view_of(template),
				rst_view_of(params), ctx->now_s, NULL);
	}
	cJSON_free(params);
	return err;
}
