/* SPDX-License-Identifier: OLDAP-2.8 */
/* setting.h - the settings and policies there are, and what they may be
 *
 * One table for every door: what it takes, what it is when nobody set it, and
 * what to tell people of it.  A setting is a line "name=value" of rosterValue
 * in cn=settings; those of a policy may stand in an entry below ou=policies
 * too, which holds for the members of the groups it names.
 *
 * Values as people write them: a count "12"; a span of time "30m" (s, m, h, d,
 * or plain seconds), "0" for never; a switch "on" or "off"; one of some words;
 * some of some words, "upper,digit"; a range of numbers "70000-79999"; text.
 */
#ifndef RULE_SETTING_H
#define RULE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/numbers.h"

#define RULE_SETTING_NAME_MAX  32  /* bytes */
#define RULE_SETTING_VALUE_MAX 255 /* bytes */

enum rule_setting_type {
	RULE_TYPE_COUNT,   /* a number from min to max */
	RULE_TYPE_SPAN,    /* seconds from min to max; 0 if zero is lawful */
	RULE_TYPE_SWITCH,  /* 0 or 1 */
	RULE_TYPE_WORD,    /* the number of the word in choices */
	RULE_TYPE_WORDS,   /* the bits 1 << number of those named */
	RULE_TYPE_RANGE,   /* FIRST-LAST, both from min to max */
	RULE_TYPE_RANGES,  /* ranges with commas between them */
	RULE_TYPE_PATH,    /* an absolute path; templates know %u, %g, %% */
	RULE_TYPE_PATHS,   /* paths with commas between them */
	RULE_TYPE_DOMAINS, /* domains with commas between; .a.b: below a.b */
	RULE_TYPE_TAG,     /* a language: "en", "pt-br" */
};

enum rule_setting_scope {
	RULE_SCOPE_SITE,   /* cn=settings alone */
	RULE_SCOPE_POLICY, /* policies too */
};

/* Which of them people see together, in this order. */
enum rule_setting_group {
	RULE_GROUP_ACCOUNTS,
	RULE_GROUP_NUMBERS,
	RULE_GROUP_LINKS,
	RULE_GROUP_KEEPING,
	RULE_GROUP_PASSWORDS,
	RULE_GROUP_LOCKOUT,
	RULE_GROUPS_END
};

#define RULE_MINUTE INT64_C(60)
#define RULE_HOUR   (60 * RULE_MINUTE)
#define RULE_DAY    (24 * RULE_HOUR)

/* Words of RULE_TYPE_WORD, by number. */
enum rule_registration {
	RULE_REGISTRATION_OFF,
	RULE_REGISTRATION_INVITE,
	RULE_REGISTRATION_OPEN,
};
enum rule_agreements_ask {
	RULE_ASK_SIGN_IN,
	RULE_ASK_NEVER
};
enum rule_client_view {
	RULE_VIEW_LOCK,
	RULE_VIEW_HIDE
};
enum rule_host_default {
	RULE_HOST_ALLOW,
	RULE_HOST_DENY
};
enum rule_mail_change {
	RULE_MAIL_CHANGE_OFF,
	RULE_MAIL_CHANGE_CONFIRM,
	RULE_MAIL_CHANGE_DIRECT
};
/* Bits of RULE_TYPE_WORDS. */
enum rule_character_class {
	RULE_CLASS_UPPER = 1 << 0,
	RULE_CLASS_LOWER = 1 << 1,
	RULE_CLASS_DIGIT = 1 << 2,
	RULE_CLASS_OTHER = 1 << 3,
};

/* X(ID, name, TYPE, SCOPE, GROUP, min, max, value when not set, choices, text)
 */
#define RULE_SETTINGS(X)                                                        \
	X(REGISTRATION, "registration", WORD, SITE, ACCOUNTS, 0, 2, "invite",   \
	  "off invite open",                                                    \
	  "Who may register: nobody, whoever holds an invitation, or anybody "  \
	  "(who then waits for approval)")                                      \
	X(VERIFY_MAIL, "verify-mail", SWITCH, SITE, ACCOUNTS, 0, 1, "on",       \
	  NULL,                                                                 \
	  "Whoever registers without an invitation proves the mail address "    \
	  "first, where mail can be sent")                                      \
	X(REGISTRATION_DOMAINS, "registration-domains", DOMAINS, SITE,          \
	  ACCOUNTS, 0, 0, "", NULL,                                             \
	  "Domains whose mail addresses may register without an invitation; "   \
	  "any when empty")                                                     \
	X(BLOCKED_DOMAINS, "blocked-domains", DOMAINS, SITE, ACCOUNTS, 0, 0,    \
	  "", NULL,                                                             \
	  "Domains whose mail addresses may not register without an "           \
	  "invitation, nor be taken by people for their own")                   \
	X(AUTO_APPROVE_DOMAINS, "auto-approve-domains", DOMAINS, SITE,          \
	  ACCOUNTS, 0, 0, "", NULL,                                             \
	  "Domains whose mail addresses, once proved, need nobody's approval")  \
	X(APPROVALS, "approvals", COUNT, SITE, ACCOUNTS, 1, 5, "1", NULL,       \
	  "How many administrators have to approve a registration")             \
	X(PENDING_MAX, "pending-max", COUNT, SITE, ACCOUNTS, 0, 100000,         \
	  "1000", NULL,                                                         \
	  "Registrations without an invitation are refused while so many "      \
	  "wait; 0: no limit")                                                  \
	X(REGISTRATION_LIMIT, "registration-limit", COUNT, SITE, ACCOUNTS, 0,   \
	  12, "10", NULL,                                                       \
	  "Registrations without an invitation that one network address may "   \
	  "make in an hour; 0: no limit")                                       \
	X(NOTIFY_APPROVERS, "notify-approvers", SWITCH, SITE, ACCOUNTS, 0, 1,   \
	  "on", NULL,                                                           \
	  "Administrators get a mail when somebody waits for approval")         \
	X(PASSWORD_RESET, "password-reset", SWITCH, SITE, ACCOUNTS, 0, 1,       \
	  "on", NULL, "People may have a link sent that sets a new password")   \
	X(RESET_ENDS_TOKENS, "reset-ends-tokens", SWITCH, SITE, ACCOUNTS, 0,    \
	  1, "off", NULL,                                                       \
	  "A password reset ends the person's API tokens, too")                 \
	X(MAIL_CHANGE, "mail-change", WORD, POLICY, ACCOUNTS, 0, 2, "confirm",  \
	  "off confirm direct",                                                 \
	  "Whether people may change their own mail address: not, by links to " \
	  "both addresses, or at once")                                         \
	X(AGREEMENTS_ASK, "agreements-ask", WORD, SITE, ACCOUNTS, 0, 1,         \
	  "sign-in", "sign-in never",                                           \
	  "Who is active already is asked to sign a new agreement or version: " \
	  "at the next sign-in to the pages, or never")                         \
	X(CLIENT_VIEW, "client-view", WORD, SITE, ACCOUNTS, 0, 1, "lock",       \
	  "lock hide",                                                          \
	  "How accounts that may not sign in look to clients: locked, or not "  \
	  "there at all")                                                       \
	X(HOST_DEFAULT, "host-default", WORD, SITE, ACCOUNTS, 0, 1, "allow",    \
	  "allow deny",                                                         \
	  "Whom a host admits that names no group, among those whose list of "  \
	  "hosts is empty: everybody, or nobody")                               \
	X(THIRD_RANGE, "third-range", RANGE, SITE, NUMBERS, 65536, 2147483647,  \
	  "", NULL, "Numbers to give out after the built-in ranges")            \
	X(UID_RANGE, "uid-range", RANGES, SITE, NUMBERS, 1000, 60000, "",       \
	  NULL,                                                                 \
	  "uidNumbers to give out before the built-in ranges, as "              \
	  "20000-29999,ou=guests:30000-39999,cn=crew:40000-40999: below such "  \
	  "an OU, or with such a primary group, no others")                     \
	X(GID_RANGE, "gid-range", RANGES, SITE, NUMBERS, 1000, 60000, "",       \
	  NULL, "gidNumbers to give out before the built-in range")             \
	X(PRIVATE_GROUPS, "private-groups", SWITCH, SITE, NUMBERS, 0, 1,        \
	  "off", NULL,                                                          \
	  "A new person gets a group of his own, of the same name and number, " \
	  "as primary group")                                                   \
	X(NESTED_GROUPS, "nested-groups", SWITCH, SITE, NUMBERS, 0, 1, "on",    \
	  NULL, "Who is in a group is in the groups that it is in, too")        \
	X(DOTS_IN_NAMES, "dots-in-names", SWITCH, SITE, NUMBERS, 0, 1, "off",   \
	  NULL, "Usernames may have dots inside")                               \
	X(HOME, "home", PATH, SITE, NUMBERS, 0, 0, "/home/%u", NULL,            \
	  "homeDirectory of a new person; %u is the username, %g its first "    \
	  "letter")                                                             \
	X(SHELL, "shell", PATH, SITE, NUMBERS, 0, 0, "/bin/bash", NULL,         \
	  "loginShell of a new person")                                         \
	X(SHELLS, "shells", PATHS, SITE, NUMBERS, 0, 0, "", NULL,               \
	  "Shells that people may choose for themselves; any when empty")       \
	X(LANGUAGE, "language", TAG, SITE, NUMBERS, 0, 0, "en", NULL,           \
	  "The language of mail to whoever has not said which one he reads")    \
	X(INVITATION_LIFETIME, "invitation-lifetime", SPAN, SITE, LINKS,        \
	  5 * RULE_MINUTE, 7 * RULE_DAY, "24h", NULL,                           \
	  "How long an invitation admits people unless it says otherwise")      \
	X(REGISTRATION_TOKEN_LIFETIME, "registration-token-lifetime", SPAN,     \
	  SITE, LINKS, 1, 7 * RULE_DAY, "7d", NULL,                             \
	  "How long a registration token for one username is good")             \
	X(VERIFICATION_LIFETIME, "verification-lifetime", SPAN, SITE, LINKS,    \
	  10 * RULE_MINUTE, RULE_DAY, "24h", NULL,                              \
	  "How long the link that proves a mail address is good")               \
	X(RESET_LIFETIME, "reset-lifetime", SPAN, SITE, LINKS,                  \
	  5 * RULE_MINUTE, RULE_DAY, "30m", NULL,                               \
	  "How long a password reset link is good")                             \
	X(TOKEN_LIFETIME, "token-lifetime", SPAN, SITE, LINKS, 0,               \
	  3650 * RULE_DAY, "0", NULL,                                           \
	  "API tokens are good for this long at most; 0: for as long as asked") \
	X(SESSION_IDLE, "session-idle", SPAN, SITE, LINKS, 5 * RULE_MINUTE,     \
	  12 * RULE_HOUR, "1h", NULL,                                           \
	  "A web session ends after this long without a request")               \
	X(SESSION_LIFETIME, "session-lifetime", SPAN, SITE, LINKS,              \
	  10 * RULE_MINUTE, 7 * RULE_DAY, "24h", NULL,                          \
	  "A web session ends after this long")                                 \
	X(REAUTHENTICATION, "reauthentication", SPAN, SITE, LINKS,              \
	  RULE_MINUTE, RULE_HOUR, "10m", NULL,                                  \
	  "Administrators give their password again for what is dangerous, "    \
	  "when they last did so longer ago")                                   \
	X(PENDING_LIFETIME, "pending-lifetime", SPAN, SITE, KEEPING, 0,         \
	  3650 * RULE_DAY, "30d", NULL,                                         \
	  "Registrations that nobody decided are dropped after this long; 0: "  \
	  "never")                                                              \
	X(BIN_RETENTION, "bin-retention", SPAN, SITE, KEEPING, 0,               \
	  3650 * RULE_DAY, "30d", NULL,                                         \
	  "A deleted account can be restored for this long; 0: not at all")     \
	X(NAME_RETENTION, "name-retention", SPAN, SITE, KEEPING, 0,             \
	  36500 * RULE_DAY, "365d", NULL,                                       \
	  "The name of a deleted account can be given out again after this "    \
	  "long")                                                               \
	X(AUDIT_RETENTION, "audit-retention", SPAN, SITE, KEEPING, 0,           \
	  36500 * RULE_DAY, "365d", NULL,                                       \
	  "Journal records are kept for this long; 0: for ever")                \
	X(AUDIT_SIGN_INS, "audit-sign-ins", SWITCH, POLICY, KEEPING, 0, 1,      \
	  "on", NULL,                                                           \
	  "The journal tells who signed in over LDAP, and from where; "         \
	  "failures it tells of in any case")                                   \
	X(IMAGE_RETENTION, "image-retention", SPAN, SITE, KEEPING, RULE_DAY,    \
	  36500 * RULE_DAY, "30d", NULL,                                        \
	  "The journal keeps, sealed, what an entry was before and after a "    \
	  "change for this long")                                               \
	X(PERSON_REQUIRES, "person-requires", WORDS, SITE, ACCOUNTS, 0, 15,     \
	  "", "givenName mail displayName language",                            \
	  "What an account must say of its person, beside the username and "    \
	  "the family name: from then on no door makes one without, nor takes " \
	  "it away")                                                            \
	X(PASSWORD_MIN_LENGTH, "password-min-length", COUNT, POLICY,            \
	  PASSWORDS, 8, 128, "12", NULL,                                        \
	  "Characters that a new password must have at least")                  \
	X(PASSWORD_REQUIRE, "password-require", WORDS, POLICY, PASSWORDS, 0,    \
	  15, "", "upper lower digit other",                                    \
	  "Kinds of characters that a new password must have")                  \
	X(PASSWORD_BLOCKLIST, "password-blocklist", SWITCH, POLICY, PASSWORDS,  \
	  0, 1, "on", NULL,                                                     \
	  "Passwords that are easy to guess are refused: common ones, and "     \
	  "those made of the person's own names")                               \
	X(PASSWORD_HISTORY, "password-history", COUNT, POLICY, PASSWORDS, 0,    \
	  24, "0", NULL,                                                        \
	  "Former passwords that cannot be taken again, nor the present "       \
	  "one; 0: all can")                                                    \
	X(PASSWORD_MIN_AGE, "password-min-age", SPAN, POLICY, PASSWORDS, 0,     \
	  30 * RULE_DAY, "0", NULL,                                             \
	  "People change their own password only after this long; 0: at any "   \
	  "time")                                                               \
	X(PASSWORD_MAX_AGE, "password-max-age", SPAN, POLICY, PASSWORDS, 0,     \
	  3650 * RULE_DAY, "0", NULL,                                           \
	  "A password expires after this long; 0: never")                       \
	X(PASSWORD_WARNING, "password-warning", SPAN, POLICY, PASSWORDS, 0,     \
	  90 * RULE_DAY, "7d", NULL,                                            \
	  "People are warned this long before their password expires; 0: not")  \
	X(PASSWORD_GRACE, "password-grace", COUNT, POLICY, PASSWORDS, 0, 100,   \
	  "3", NULL,                                                            \
	  "How often an expired password still signs in, to be changed")        \
	X(PASSWORD_CHANGE, "password-change", SWITCH, POLICY, PASSWORDS, 0, 1,  \
	  "on", NULL, "People may change their own password")                   \
	X(PASSWORD_OLD_REQUIRED, "password-old-required", SWITCH, POLICY,       \
	  PASSWORDS, 0, 1, "off", NULL,                                         \
	  "Who changes his own password by LDAP gives the old one with it, as " \
	  "at the other doors")                                                 \
	X(PASSWORD_MUST_CHANGE, "password-must-change", SWITCH, POLICY,         \
	  PASSWORDS, 0, 1, "off", NULL,                                         \
	  "A password that somebody else set is good for one thing: to be "     \
	  "changed")                                                            \
	X(PASSWORD_CHANGED_MAIL, "password-changed-mail", SWITCH, POLICY,       \
	  PASSWORDS, 0, 1, "on", NULL,                                          \
	  "A mail tells people that their password was changed")                \
	X(PASSWORD_EXPIRY_MAIL, "password-expiry-mail", SWITCH, POLICY,         \
	  PASSWORDS, 0, 1, "off", NULL,                                         \
	  "A mail warns people of the end of their password, as "               \
	  "password-warning says")                                              \
	X(HASH_MEMORY, "hash-memory", COUNT, SITE, PASSWORDS, 19456, 65536,     \
	  "19456", NULL,                                                        \
	  "KiB of memory that hashing a password takes; rosterctl calibrate "   \
	  "finds what this machine can afford")                                 \
	X(HASH_PASSES, "hash-passes", COUNT, SITE, PASSWORDS, 2, 8, "2", NULL,  \
	  "Passes over that memory")                                            \
	X(THROTTLE_FAILURES, "throttle-failures", COUNT, SITE, LOCKOUT, 0, 12,  \
	  "10", NULL,                                                           \
	  "Wrong passwords after which an address has to wait; 0: never")       \
	X(THROTTLE_WINDOW, "throttle-window", SPAN, SITE, LOCKOUT,              \
	  RULE_MINUTE, RULE_DAY, "5m", NULL,                                    \
	  "Within which wrong passwords of an address are counted")             \
	X(REQUEST_LIMIT_ADDRESS, "request-limit-address", COUNT, SITE,          \
	  LOCKOUT, 0, 1000000, "6000", NULL,                                    \
	  "Requests a minute that rosterd answers one network address; 0: any " \
	  "number")                                                             \
	X(REQUEST_LIMIT_USER, "request-limit-user", COUNT, SITE, LOCKOUT, 0,    \
	  1000000, "6000", NULL,                                                \
	  "Requests a minute that rosterd answers one person, with all his "    \
	  "sessions and tokens; 0: any number")                                 \
	X(LOCKOUT_FAILURES, "lockout-failures", COUNT, POLICY, LOCKOUT, 0, 12,  \
	  "5", NULL,                                                            \
	  "Wrong passwords after which the account is locked; 0: not before "   \
	  "100 in a row")                                                       \
	X(LOCKOUT_WINDOW, "lockout-window", SPAN, POLICY, LOCKOUT,              \
	  RULE_MINUTE, RULE_DAY, "15m", NULL,                                   \
	  "Within which wrong passwords are counted")                           \
	X(LOCKOUT_DURATION, "lockout-duration", SPAN, POLICY, LOCKOUT,          \
	  RULE_MINUTE, 30 * RULE_DAY, "30m", NULL,                              \
	  "For how long the account is locked")                                 \
	X(VERIFIED_CACHE, "verified-cache", SPAN, POLICY, LOCKOUT, 0,           \
	  RULE_HOUR, "0", NULL,                                                 \
	  "A right password is remembered in memory for this long, as a keyed " \
	  "digest, so that signing in again costs no hash; 0: not")             \
	X(INACTIVE_AFTER, "inactive-after", SPAN, POLICY, LOCKOUT, 0,           \
	  3650 * RULE_DAY, "0", NULL,                                           \
	  "Accounts that nobody used for this long are suspended; 0: never")    \
	X(INACTIVE_NOTICE, "inactive-notice", SPAN, POLICY, LOCKOUT, 0,         \
	  90 * RULE_DAY, "7d", NULL,                                            \
	  "People are told by mail this long before inactive-after suspends "   \
	  "them; 0: not before")                                                \
	X(EXPIRY_NOTICE, "expiry-notice", SPAN, SITE, LOCKOUT, 0,               \
	  90 * RULE_DAY, "14d", NULL,                                           \
	  "People are told by mail this long before their account ends; 0: "    \
	  "not")                                                                \
	X(EXPIRY_LAST_NOTICE, "expiry-last-notice", SPAN, SITE, LOCKOUT, 0,     \
	  30 * RULE_DAY, "1d", NULL, "And once more this long before; 0: not")  \
	X(PENDING_NOTICE, "pending-notice", SPAN, SITE, LOCKOUT, 0,             \
	  365 * RULE_DAY, "7d", NULL,                                           \
	  "Administrators are told by mail this long before pending-lifetime "  \
	  "drops a registration; 0: not")                                       \
	X(NOTICES, "notices", SWITCH, SITE, LOCKOUT, 0, 1, "on", NULL,          \
	  "Mail to people about what time does or is about to do to their "     \
	  "account")

enum rule_setting_id {
#define RULE_SETTING_ENUM(id, name, type, scope, group, min, max, value,       \
                          choices, text)                                       \
	RULE_SETTING_##id,
	RULE_SETTINGS(RULE_SETTING_ENUM)
#undef RULE_SETTING_ENUM
	RULE_SETTING_END
};

struct rule_setting {
	const char *name;
	enum rule_setting_type type;
	enum rule_setting_scope scope;
	enum rule_setting_group group;
	int64_t min, max;
	const char *value;   /* when nobody set it; "" for none */
	const char *choices; /* words with a blank between, or NULL */
	const char *text;    /* for people; no full stop */
};

/* By number, which is below RULE_SETTING_END. */
const struct rule_setting *rule_setting(enum rule_setting_id id);
/* False if there is none of that name. */
bool rule_setting_find(const char *name, size_t len,
                       enum rule_setting_id *ret_id);

/*
 * Read text as a value of it: RULE_OK or RULE_INVALID_SETTING.  *ret_number
 * is what the type says (RANGE: first << 32 | last; RANGES, PATH, PATHS: 0).
 */
enum rule_verdict rule_setting_read(enum rule_setting_id id, const char *text,
                                    size_t len, int64_t *ret_number);
/*
 * The ranges of a value of RULE_TYPE_RANGES that are for place, in their order;
 * how many, at most RULE_RANGES_MAX.  An item is FIRST-LAST, for place "", or
 * PLACE:FIRST-LAST with the RDN of an OU or a group, as "ou=staff".  0 for a
 * value that it does not take, too.
 */
#define RULE_RANGES_MAX 16
size_t rule_setting_ranges(enum rule_setting_id id, const char *text,
                           size_t len, const char *place,
                           struct rule_range ranges[RULE_RANGES_MAX]);
/* Of the value when nobody set it; RANGE without one: 0. */
int64_t rule_setting_default(enum rule_setting_id id);

/* The name of a policy is one word: RULE_OK or RULE_INVALID_SETTING. */
enum rule_verdict rule_setting_policy_name(const char *name, size_t len);

/*
 * What to begin with: "nist" (SP 800-63B: long, no kinds of characters, no
 * rotation), "openidcs" (8 characters of three kinds), "default" (as if nobody
 * had set them).  Lines up to one with id RULE_SETTING_END, or NULL for no
 * preset of that name; a value of NULL takes the setting back.
 */
#define RULE_PRESETS "nist, openidcs or default"
struct rule_preset_line {
	enum rule_setting_id id;
	const char *value;
};
const struct rule_preset_line *rule_preset_find(const char *name);

/* What it takes, for people: "8 to 128", "on or off", "5m to 7d". */
#define RULE_SETTING_RANGE_BYTES 112
void rule_setting_print_range(enum rule_setting_id id,
                              char buf[RULE_SETTING_RANGE_BYTES]);

#endif
