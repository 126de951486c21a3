/* SPDX-License-Identifier: OLDAP-2.8 */
/* attr.h - attribute numbers and how values compare
 *
 * A record names its attributes by number.  Numbers below RST_A_DYNAMIC are
 * compiled in, so that code can say RST_A_UID; others are given out as they
 * are first stored and kept in table "attribute".  A description with options
 * ("cn;lang-de") is an attribute of its own with a number of its own.
 */
#ifndef RST_ATTR_H
#define RST_ATTR_H

#include "store/env.h"

#define RST_ATTR_NAME_MAX 512  /* bytes of a description with its options */
#define RST_A_DYNAMIC     1024 /* first number given out at run time */

/* How two values compare; what slapd's equality rule of the type is. */
enum rst_match {
	RST_MATCH_EXACT,   /* byte for byte */
	RST_MATCH_IGNORE,  /* caseIgnore: NFKC, case folded, blanks squeezed */
	RST_MATCH_INTEGER, /* signed decimal of any length */
	RST_MATCH_DN,
	RST_MATCH_TIME, /* generalizedTime */
	RST_MATCH_UUID,
	RST_MATCH_CSN,
};

/* X(ID, name, match): the attributes that code of ours knows by number. */
#define RST_ATTRS(X)                                                           \
	X(OBJECTCLASS, "objectClass", RST_MATCH_IGNORE)                        \
	X(STRUCTURALOBJECTCLASS, "structuralObjectClass", RST_MATCH_IGNORE)    \
	X(ENTRYUUID, "entryUUID", RST_MATCH_UUID)                              \
	X(ENTRYCSN, "entryCSN", RST_MATCH_CSN)                                 \
	X(CREATETIMESTAMP, "createTimestamp", RST_MATCH_TIME)                  \
	X(CREATORSNAME, "creatorsName", RST_MATCH_DN)                          \
	X(MODIFYTIMESTAMP, "modifyTimestamp", RST_MATCH_TIME)                  \
	X(MODIFIERSNAME, "modifiersName", RST_MATCH_DN)                        \
	X(CONTEXTCSN, "contextCSN", RST_MATCH_CSN)                             \
	X(UID, "uid", RST_MATCH_IGNORE)                                        \
	X(CN, "cn", RST_MATCH_IGNORE)                                          \
	X(SN, "sn", RST_MATCH_IGNORE)                                          \
	X(GIVENNAME, "givenName", RST_MATCH_IGNORE)                            \
	X(DISPLAYNAME, "displayName", RST_MATCH_IGNORE)                        \
	X(MAIL, "mail", RST_MATCH_IGNORE)                                      \
	X(OU, "ou", RST_MATCH_IGNORE)                                          \
	X(O, "o", RST_MATCH_IGNORE)                                            \
	X(DC, "dc", RST_MATCH_IGNORE)                                          \
	X(DESCRIPTION, "description", RST_MATCH_IGNORE)                        \
	X(UIDNUMBER, "uidNumber", RST_MATCH_INTEGER)                           \
	X(GIDNUMBER, "gidNumber", RST_MATCH_INTEGER)                           \
	X(HOMEDIRECTORY, "homeDirectory", RST_MATCH_EXACT)                     \
	X(LOGINSHELL, "loginShell", RST_MATCH_EXACT)                           \
	X(GECOS, "gecos", RST_MATCH_IGNORE)                                    \
	X(USERPASSWORD, "userPassword", RST_MATCH_EXACT)                       \
	X(SHADOWLASTCHANGE, "shadowLastChange", RST_MATCH_INTEGER)             \
	X(SHADOWEXPIRE, "shadowExpire", RST_MATCH_INTEGER)                     \
	X(SSHPUBLICKEY, "sshPublicKey", RST_MATCH_EXACT)                       \
	X(MEMBER, "member", RST_MATCH_DN)                                      \
	X(MEMBERUID, "memberUid", RST_MATCH_EXACT)                             \
	X(UNIQUEMEMBER, "uniqueMember", RST_MATCH_DN)                          \
	X(MEMBEROF, "memberOf", RST_MATCH_DN)                                  \
	X(PWDCHANGEDTIME, "pwdChangedTime", RST_MATCH_TIME)                    \
	X(PWDACCOUNTLOCKEDTIME, "pwdAccountLockedTime", RST_MATCH_TIME)        \
	X(NSACCOUNTLOCK, "nsAccountLock", RST_MATCH_IGNORE)                    \
	X(ROSTERSTATUS, "rosterStatus", RST_MATCH_IGNORE)                      \
	X(ROSTERREASON, "rosterReason", RST_MATCH_IGNORE)                      \
	X(ROSTERGENERATION, "rosterGeneration", RST_MATCH_INTEGER)             \
	X(ROSTERADMINISTRATOR, "rosterAdministrator", RST_MATCH_IGNORE)        \
	X(ROSTERTOKENDIGEST, "rosterTokenDigest", RST_MATCH_EXACT)             \
	X(ROSTEREXPIRES, "rosterExpires", RST_MATCH_TIME)                      \
	X(ROSTERUSES, "rosterUses", RST_MATCH_INTEGER)                         \
	X(ROSTERUSED, "rosterUsed", RST_MATCH_INTEGER)                         \
	X(ROSTERREVOKED, "rosterRevoked", RST_MATCH_TIME)                      \
	X(ROSTERNEEDSAPPROVAL, "rosterNeedsApproval", RST_MATCH_IGNORE)        \
	X(ROSTERJOINS, "rosterJoins", RST_MATCH_DN)                            \
	X(ROSTERFORMERNAME, "rosterFormerName", RST_MATCH_IGNORE)              \
	X(ROSTERFORMERNUMBER, "rosterFormerNumber", RST_MATCH_INTEGER)         \
	X(ROSTERFORMERKIND, "rosterFormerKind", RST_MATCH_IGNORE)              \
	X(ROSTERNAMEFREEAT, "rosterNameFreeAt", RST_MATCH_TIME)                \
	X(ROSTERREGISTEREDFROM, "rosterRegisteredFrom", RST_MATCH_EXACT)       \
	X(ROSTERVALUE, "rosterValue", RST_MATCH_EXACT)                         \
	X(ROSTERAPPLIESTO, "rosterAppliesTo", RST_MATCH_DN)                    \
	X(ROSTERPRIORITY, "rosterPriority", RST_MATCH_INTEGER)                 \
	X(ROSTERSTARTS, "rosterStarts", RST_MATCH_TIME)                        \
	X(ROSTERSTATUSSINCE, "rosterStatusSince", RST_MATCH_TIME)              \
	X(ROSTERSTATUSBY, "rosterStatusBy", RST_MATCH_DN)                      \
	X(ROSTERFORMERSTATUS, "rosterFormerStatus", RST_MATCH_IGNORE)          \
	X(ROSTERLASTLOGIN, "rosterLastLogin", RST_MATCH_TIME)                  \
	X(ROSTERMANAGER, "rosterManager", RST_MATCH_DN)                        \
	X(ROSTERMEMBERUNTIL, "rosterMemberUntil", RST_MATCH_IGNORE)            \
	X(ROSTERKEYUNTIL, "rosterKeyUntil", RST_MATCH_EXACT)                   \
	X(ROSTERPURPOSE, "rosterPurpose", RST_MATCH_IGNORE)                    \
	X(ROSTEROWNER, "rosterOwner", RST_MATCH_DN)                            \
	X(ROSTERSCOPE, "rosterScope", RST_MATCH_EXACT)                         \
	X(ROSTERALLOWEDADDRESS, "rosterAllowedAddress", RST_MATCH_EXACT)       \
	X(ROSTERTOKENPREFIX, "rosterTokenPrefix", RST_MATCH_EXACT)             \
	X(ROSTERMADEFROM, "rosterMadeFrom", RST_MATCH_EXACT)                   \
	X(ROSTERUSERNAME, "rosterUsername", RST_MATCH_IGNORE)                  \
	X(ROSTERNOTICED, "rosterNoticed", RST_MATCH_EXACT)                     \
	X(ROSTERMAILVERIFIED, "rosterMailVerified", RST_MATCH_TIME)            \
	X(ROSTERAPPROVEDBY, "rosterApprovedBy", RST_MATCH_DN)                  \
	X(ROSTERVERSION, "rosterVersion", RST_MATCH_INTEGER)                   \
	X(ROSTERTEXT, "rosterText", RST_MATCH_EXACT)                           \
	X(ROSTERREQUIRED, "rosterRequired", RST_MATCH_IGNORE)                  \
	X(ROSTERLIFETIME, "rosterLifetime", RST_MATCH_IGNORE)                  \
	X(PWDRESET, "pwdReset", RST_MATCH_IGNORE)                              \
	X(PWDHISTORY, "pwdHistory", RST_MATCH_EXACT)                           \
	X(PWDGRACEUSETIME, "pwdGraceUseTime", RST_MATCH_TIME)                  \
	X(ROSTERPASSWORDWARNED, "rosterPasswordWarned", RST_MATCH_TIME)        \
	X(ROSTERHOSTGROUP, "rosterHostGroup", RST_MATCH_DN)                    \
	X(HOST, "host", RST_MATCH_IGNORE)                                      \
	X(AUTHORIZEDSERVICE, "authorizedService", RST_MATCH_IGNORE)            \
	X(ROSTERINVITED, "rosterInvited", RST_MATCH_TIME)                      \
	X(PREFERREDLANGUAGE, "preferredLanguage", RST_MATCH_IGNORE)

/*
 * The numbers are part of the disk format: append to the list above, never
 * insert or reorder.
 */
enum rst_attr_id {
	RST_A_NONE = 0,
#define RST_ATTR_ENUM(id, name, match) RST_A_##id,
	RST_ATTRS(RST_ATTR_ENUM)
#undef RST_ATTR_ENUM
	RST_A_BUILTIN_END
};

/*
 * The number of name, compared without case.  RST_ENOTFOUND when nothing was
 * ever stored under it.  Costs a hash look-up for what this process has seen.
 */
enum rst_err rst_attr_find(const struct rst_rtxn *txn, struct rst_view name,
                           uint16_t *ret_id) RST_MUST_USE;

/*
 * The number of name, given out now if need be, with match as its rule (the
 * first to name it decides).  RST_EINVALID for a name longer than
 * RST_ATTR_NAME_MAX, RST_EFULL when the numbers are used up (64,000).
 */
enum rst_err rst_attr_intern(struct rst_wtxn *txn, struct rst_view name,
                             enum rst_match match, uint16_t *ret_id)
	RST_MUST_USE;

/*
 * Name and rule of number id; the name is NUL-terminated and lives as long as
 * the environment (one given out in this very transaction: till its end).
 * RST_ECORRUPT when there is no such number.
 */
enum rst_err rst_attr_name(const struct rst_rtxn *txn, uint16_t id,
                           const char **ret_name, enum rst_match *ret_match)
	RST_MUST_USE;

/*
 * Normalise value by match into buf (at most size bytes): two values are
 * equal when their normal forms are.  It accepts slapd's normal form of a
 * value too, with the same result.  Text that is not UTF-8 compares byte for
 * byte.  A value longer than fits is replaced by a keyed-less BLAKE2b of its
 * normal form, marked so that it cannot collide with a short one.
 * RST_ENOMEM.
 */
#define RST_NORMAL_MAX 256 /* bytes */
enum rst_err rst_normalise(enum rst_match match, struct rst_view value,
                           char buf[RST_NORMAL_MAX], size_t *ret_len)
	RST_MUST_USE;

#endif
