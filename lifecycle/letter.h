/* SPDX-License-Identifier: OLDAP-2.8 */
/* letter.h - mails that acts and consequences queue
 *
 * A mail is queued in the transaction of its cause: both are, or neither.
 * rosterd says in the environment whether mail can be sent and what links
 * begin with, so that an approval by ldapmodify or rosterctl tells its person
 * like one on a page.
 */
#ifndef LIFECYCLE_LETTER_H
#define LIFECYCLE_LETTER_H

#include "lifecycle/gate.h"

#define LETTER_URL_MAX     255  /* bytes of what links begin with */
#define LETTER_LINK_MAX    512  /* of a link, with the NUL */
#define LETTER_PARTS_MAX   8    /* values of one mail */
#define LETTER_VALUE_MAX   1024 /* bytes of a value; longer ones are cut */
#define LETTER_READERS_MAX 20   /* administrators told of one thing */

/* What {{key}} of the template stands for. */
struct letter_part {
	const char *key;
	struct rst_view value;
};

/* What links begin with; false, and "", when no mail can be sent. */
bool letter_url(const struct rst_rtxn *txn, char url[LETTER_URL_MAX + 1]);

/* "URL/page/token"; page may be NULL.  False when it does not fit. */
bool letter_link(struct rst_view url, const char *page, const char *token,
                 char buf[LETTER_LINK_MAX]);

/* Queue the mail, whether or not it can be sent now. */
enum rst_err letter_queue(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          struct rst_view to, const char *template,
                          const struct letter_part *parts, size_t n_parts)
	RST_MUST_USE;

/*
 * Tell person (a record of an entry in memory), at his address, with his name
 * and username and a link to page (NULL: to the site).  RST_OK without doing
 * anything when no mail can be sent or he has no address.
 */
enum rst_err letter_tell(struct rst_wtxn *txn, const struct act_ctx *ctx,
                         const struct rst_record *person, const char *template,
                         const char *page, struct rst_view reason) RST_MUST_USE;
/* Administrators who can act and can be written to, each once, by whatever
 * group of groups he is one. */
struct letter_readers {
	uint64_t ids[LETTER_READERS_MAX];
	size_t n;
};
enum rst_err letter_administrators(const struct rst_rtxn *txn, int64_t now_s,
                                   struct letter_readers *ret_readers)
	RST_MUST_USE;
/* Tell the administrators that person waits, unless there were many such
 * mails this hour. */
enum rst_err letter_tell_approvers(struct rst_wtxn *txn,
                                   const struct act_ctx *ctx,
                                   const struct rst_record *person)
	RST_MUST_USE;

#endif
