/* SPDX-License-Identifier: OLDAP-2.8 */
/* ident.h - identifiers: who has a number or a name, or had it
 *
 * Key: kind, value, entry id -> flag "tombstone".  Derived from the entries
 * (posixAccount, rosterAccount, posixGroup, rosterGroup, rosterTombstone) when
 * they are stored, so that a slapadd of a slapcat brings it back with the
 * dead numbers.  Whether two entries may share one is for rules/ to say.
 */
#ifndef RST_IDENT_H
#define RST_IDENT_H

#include "store/entry.h"

enum rst_ident {
	RST_IDENT_UIDNUMBER = 1,
	RST_IDENT_GIDNUMBER = 2, /* of groups */
	RST_IDENT_USERNAME = 3,  /* lower case */
	RST_IDENT_GROUPNAME = 4, /* lower case */
	RST_IDENT_MAIL = 5,      /* canonical form: rst_mail_canonical() */
	RST_IDENT_SSHKEY = 6,    /* rst_ssh_digest() of a person's key */
};

struct rst_ident_owner {
	uint64_t id;
	bool tombstone;
};

/*
 * The first owner other than except (0 for none).  RST_ENOTFOUND: it is free.
 * A name that a tombstone holds counts as taken; whether its retention has
 * ended is the caller's question (rosterNameFreeAt of the tombstone).
 */
enum rst_err rst_ident_owner(const struct rst_rtxn *txn, enum rst_ident kind,
                             struct rst_view value, uint64_t except,
                             struct rst_ident_owner *ret_owner) RST_MUST_USE;
enum rst_err rst_ident_number_owner(const struct rst_rtxn *txn,
                                    enum rst_ident kind, uint32_t number,
                                    uint64_t except,
                                    struct rst_ident_owner *ret_owner)
	RST_MUST_USE;

/*
 * The lowest number of [first, last] above the last one this function gave
 * out that nobody has or had; when there is none, the lowest at all.
 * RST_EFULL when the range is used up.  The high-water mark is kept in the
 * environment, and how far the range was looked at once it was used up to its
 * end (ident_number.c): a full range costs no walk.
 */
enum rst_err rst_ident_allocate(struct rst_wtxn *txn, enum rst_ident kind,
                                uint32_t first, uint32_t last,
                                uint32_t *ret_number) RST_MUST_USE;

/* How many numbers of [first, last] somebody has or had.  Costs a look at
 * each. */
enum rst_err rst_ident_used(const struct rst_rtxn *txn, enum rst_ident kind,
                            uint32_t first, uint32_t last, uint64_t *ret_n)
	RST_MUST_USE;

/*
 * The canonical form of a mail address, as a C string: local part lower case,
 * domain in A-labels lower case.  RST_EINVALID for anything that is not one
 * address of at most 254 bytes (64 before the @), or has a control character,
 * blank, quote, comma, angle bracket or a non-ASCII local part.
 */
#define RST_MAIL_MAX 254
enum rst_err rst_mail_canonical(struct rst_view mail,
                                char buf[RST_MAIL_MAX + 1]) RST_MUST_USE;

/*
 * The SHA-256 of the key in a line "type base64 comment", which is what
 * ssh-keygen -l prints as its fingerprint.  RST_EINVALID for a line without
 * base64 in its second word, or with more than RST_SSH_BLOB_MAX bytes of it.
 */
#define RST_SSH_BLOB_MAX 12288
#define RST_SSH_DIGEST   32
enum rst_err rst_ssh_digest(struct rst_view line,
                            unsigned char digest[RST_SSH_DIGEST]) RST_MUST_USE;

#endif
