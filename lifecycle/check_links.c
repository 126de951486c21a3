/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_links.c - mail that waits, and the links in it
 *
 *	outbox	{"link": "https://roster.example.org/reset/TOKEN", ...}
 *	entry	rosterTokenDigest: of TOKEN
 *
 * Who asks for a second link ends the first, whose mail may be waiting still:
 *so this is worth a look, and no violation.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/check_priv.h"
#include "store/index.h"
#include "store/outbox.h"

/* The token at the end of a link, or what is none. */
static struct rst_view
token_of(const cJSON *params)
{
	const cJSON *link = cJSON_GetObjectItemCaseSensitive(params, "link");
	const char *slash = NULL;

	if (cJSON_IsString(link))
		slash = strrchr(link->valuestring, '/');
	return slash == NULL ? RST_VIEW("") : rst_view_of(slash + 1);
}

/* Why the token of hex lets nobody in; NULL: it does, as long as its time. */
static enum rst_err
why_dead(const struct rst_rtxn *txn, const char *hex, const char **ret_why)
{
	struct rst_record record;
	uint64_t id;
	size_t n = 0;
	enum rst_err err;

	*ret_why = "is known to no entry";
	err = rst_index_equal(txn, RST_A_ROSTERTOKENDIGEST, rst_view_of(hex), 0,
	                      &id, 1, &n);
	if (err != RST_OK || n == 0)
		return err;
	err = rst_record_get(txn, id, &record);
	if (err == RST_OK)
		*ret_why =
			rst_record_first(&record, RST_A_ROSTERREVOKED).len > 0
				? "was ended"
				: NULL;
	return err;
}

static enum rst_err
check_mail(struct rst_check *check, const struct rst_mail *mail)
{
	cJSON *params =
		cJSON_ParseWithLength(mail->params.ptr, mail->params.len);
	char hex[ACT_HEX_BYTES];
	const char *why = NULL;
	enum rst_err err = RST_OK;

	if (act_token_hex(token_of(params), hex))
		err = why_dead(rst_check_txn(check), hex, &why);
	cJSON_Delete(params);
	if (err == RST_OK && why != NULL)
		rst_check_warn(check,
		               "mail %" PRIu64 " (%.*s) waits with a link that "
		               "%s",
		               mail->id, (int)mail->template.len,
		               mail->template.ptr, why);
	return err;
}

enum rst_err
check_outbox_links(struct rst_check *check)
{
	struct rst_mail mail = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	for (;;) {
		err = rst_outbox_next(rst_check_txn(check), id, &mail);
		if (err != RST_OK)
			break;
		id = mail.id;
		err = check_mail(check, &mail);
		rst_mail_release(&mail);
		if (err != RST_OK)
			break;
	}
	/* one that does not open is outbox-rows' to tell of */
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}
