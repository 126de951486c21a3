/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_notice.c - mail about what time does to an account
 *
 * Queued in the transaction of its cause.  rosterd leaves in the environment
 * where its pages are (setting "mail-url") while it has a relay to send by;
 * without it, and with setting notices=off, nobody is told.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/setting.h"

enum rst_err
act_can_mail(const struct rst_rtxn *txn, bool *ret_can)
{
	char url[LETTER_URL_MAX + 1];
	bool on;
	enum rst_err err = lifecycle_setting_on(txn, RULE_SETTING_NOTICES, &on);

	if (err == RST_OK)
		*ret_can = on && letter_url(txn, url);
	return err;
}

enum rst_err
act_can_tell(const struct rst_rtxn *txn, const struct rst_record *person,
             bool *ret_can)
{
	*ret_can = false;
	return rst_record_first(person, RST_A_MAIL).len > 0
	               ? act_can_mail(txn, ret_can)
	               : RST_OK;
}

enum rst_err
act_tell(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
         const char *template, int64_t when_s)
{
	const struct letter_news news = { .template = template,
		                          .when_s = when_s };
	struct rst_record record;
	bool can = false;
	enum rst_err err;

	err = rst_record_get(&txn->r, person, &record);
	if (err == RST_OK)
		err = act_can_tell(&txn->r, &record, &can);
	if (err != RST_OK || !can)
		return err;
	return letter_tell(txn, ctx, &record, &news);
}

enum rst_err
act_tell_administrators(struct rst_wtxn *txn, const struct act_ctx *ctx,
                        uint64_t about, const char *template, int64_t when_s)
{
	const struct letter_news news = { .template = template,
		                          .page = "requests",
		                          .when_s = when_s };
	struct rst_entry *entry = NULL;
	struct rst_record person;
	bool can;
	enum rst_err err = act_can_mail(&txn->r, &can);

	if (err != RST_OK || !can)
		return err;
	err = act_load(&txn->r, about, RST_KIND_PERSON, &entry, &person);
	if (err == RST_OK)
		err = letter_tell_administrators(txn, ctx, &person, &news);
	rst_entry_free(entry);
	return err;
}
