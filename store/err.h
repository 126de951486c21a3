/* SPDX-License-Identifier: OLDAP-2.8 */
/* err.h - the error vocabulary of the store */
#ifndef RST_ERR_H
#define RST_ERR_H

#define RST_MUST_USE __attribute__((warn_unused_result))

/*
 * Every call in store/ that can fail returns one of these and nothing else:
 * no errno, no LMDB code, no LDAP code.  Each edge translates once, in a
 * switch without a default: backend/errmap.c to LDAP result codes,
 * httpd/errmap.c to HTTP status.
 */
enum rst_err {
	RST_OK = 0,
	RST_ENOTFOUND, /* no such record, value or row */
	RST_EEXISTS,   /* the key is taken */
	RST_EINVALID,  /* an argument is outside its documented range */
	RST_ESTATE,    /* not allowed in the record's present state */
	RST_EDENIED,   /* a rule or a credential check refused it */
	RST_EBUSY,     /* worth retrying: writer lock or readers taken */
	RST_EFULL,     /* the map or the disk has no room for this write */
	RST_ECORRUPT,  /* stored bytes that do not decode or fail their sum */
	RST_ENOMEM,
	RST_EIO, /* disk or LMDB failure; the environment is suspect */
};

/* A short English phrase, never NULL, never to be freed. */
const char *rst_strerror(enum rst_err err);

/*
 * What an errno of open(2) or opendir(3) means: RST_ENOTFOUND (nothing is
 * there), RST_EINVALID (what is there is not for this process, or of another
 * kind: the same until somebody changes it), RST_EFULL, RST_ENOMEM (no memory
 * or no descriptor), or RST_EIO.
 */
enum rst_err rst_open_err(int code);

/*
 * Why something failed, in words for an administrator: always a C string,
 * cut to fit.  Passed as an optional (may be NULL) last argument and filled
 * only on failure.
 */
#define RST_DETAIL_MAX 256 /* bytes with the NUL */
struct rst_detail {
	char text[RST_DETAIL_MAX];
};

/* printf into detail; does nothing when detail is NULL. */
void rst_detail_set(struct rst_detail *detail, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
