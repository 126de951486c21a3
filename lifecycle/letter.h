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

#include "lifecycle/acts.h"

#define LETTER_URL_MAX     255  /* bytes of what links begin with */
#define LETTER_LINK_MAX    512  /* of a link, with the NUL */
#define LETTER_PARTS_MAX   8    /* values of one mail */
#define LETTER_VALUE_MAX   1024 /* bytes of a value; longer ones are cut */
#define LETTER_READERS_MAX 20   /* administrators told of one thing */
#define LETTER_LANGUAGE    "language" /* the part that is no {{key}} */

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

/*
 * The link that is asked to be sent, below post's address or rosterd's own.
 * RULE_SMTP_NOT_CONFIGURED when no mail can be sent; RST_EINVALID when it does
 * not fit.
 */
enum rst_err letter_post_link(const struct rst_rtxn *txn,
                              const struct act_post *post, const char *page,
                              const char *token, char buf[LETTER_LINK_MAX],
                              struct act_refusal *refusal) RST_MUST_USE;

struct letter {
	struct rst_view to;
	const char *template;
	/* preferredLanguage of who reads it; empty: setting "language" */
	struct rst_view language;
	const struct letter_part *parts;
	size_t n_parts;
};
/* Queue the mail, whether or not it can be sent now.  ret_id may be NULL. */
enum rst_err letter_queue(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          const struct letter *letter, uint64_t *ret_id)
	RST_MUST_USE;

/* What somebody is told of a person. */
struct letter_news {
	const char *template;
	const char *page;       /* where its link leads; NULL: to the site */
	struct rst_view reason; /* may be empty */
	int64_t when_s;         /* 0: no moment is meant */
};
/*
 * Tell person at his address, with his name and username and a link.  RST_OK
 * without doing anything when no mail can be sent or he has no address.
 */
enum rst_err letter_tell(struct rst_wtxn *txn, const struct act_ctx *ctx,
                         const struct rst_record *person,
                         const struct letter_news *news) RST_MUST_USE;
/* Administrators who can act and can be written to, each once, by whatever
 * group of groups he is one. */
struct letter_readers {
	uint64_t ids[LETTER_READERS_MAX];
	size_t n;
};
enum rst_err letter_administrators(const struct rst_rtxn *txn, int64_t now_s,
                                   struct letter_readers *ret_readers)
	RST_MUST_USE;
/* Tell them of person, a record of an entry in memory. */
enum rst_err letter_tell_administrators(struct rst_wtxn *txn,
                                        const struct act_ctx *ctx,
                                        const struct rst_record *person,
                                        const struct letter_news *news)
	RST_MUST_USE;
/* Tell them that person waits, unless there were many such mails this hour. */
enum rst_err letter_tell_approvers(struct rst_wtxn *txn,
                                   const struct act_ctx *ctx,
                                   const struct rst_record *person)
	RST_MUST_USE;

#endif
