/* SPDX-License-Identifier: OLDAP-2.8 */
/* verdict.h - what a rule answers: yes, or why not
 *
 * A verdict is a stable code that every door translates (HTTP: its name is
 * the problem's "code"; LDAP: a result code and the text; CLI: exit status and
 * text), so that the same act is refused alike everywhere.
 */
#ifndef RULE_VERDICT_H
#define RULE_VERDICT_H

/* X(ID, code, text for people) */
#define RULE_VERDICTS(X)                                                       \
	X(OK, "ok", "allowed")                                                 \
	X(INVALID_USERNAME, "invalid_username",                                \
	  "a username is a lower-case letter or underscore followed by "       \
	  "at most 31 lower-case letters, digits, hyphens or underscores")     \
	X(RESERVED_USERNAME, "reserved_username",                              \
	  "this username is reserved for the system")                          \
	X(USERNAME_TAKEN, "username_taken",                                    \
	  "this username is in use or was used before")                        \
	X(INVALID_GROUPNAME, "invalid_groupname",                              \
	  "a group name is a lower-case letter or underscore followed by "     \
	  "at most 31 lower-case letters, digits, hyphens or underscores")     \
	X(RESERVED_GROUP, "reserved_group",                                    \
	  "this group name is reserved for the system")                        \
	X(GROUP_TAKEN, "group_taken", "this group name is in use")             \
	X(INVALID_UIDNUMBER, "invalid_uidnumber",                              \
	  "this uidNumber is outside the ranges that may be given out")        \
	X(UIDNUMBER_TAKEN, "uidnumber_taken",                                  \
	  "this uidNumber is in use or was used before")                       \
	X(INVALID_GIDNUMBER, "invalid_gidnumber",                              \
	  "this gidNumber is outside the ranges that may be given out")        \
	X(GID_TAKEN, "gid_taken",                                              \
	  "this gidNumber is in use or was used before")                       \
	X(NUMBERS_EXHAUSTED, "numbers_exhausted",                              \
	  "the configured number ranges are used up")                          \
	X(INVALID_EMAIL, "invalid_email", "this is not a mail address")        \
	X(EMAIL_TAKEN, "email_taken",                                          \
	  "this mail address belongs to another account")                      \
	X(EMAIL_MISMATCH, "email_mismatch",                                    \
	  "the invitation was sent to another mail address")                   \
	X(DUPLICATE_EMAIL, "duplicate_email",                                  \
	  "somebody with this mail address is registered already")             \
	X(INVALID_NAME, "invalid_name",                                        \
	  "this name is empty, too long or has characters that a name "        \
	  "cannot have")                                                       \
	X(INVALID_SHELL, "invalid_shell",                                      \
	  "a shell is an absolute path, of those that may be chosen")          \
	X(INVALID_HOME, "invalid_home", "this is not an absolute path")        \
	X(INVALID_REASON, "invalid_reason",                                    \
	  "a reason is text of at most 1024 bytes")                            \
	X(INVALID_CLASSES, "invalid_classes",                                  \
	  "an entry is a person or a group, not both, and its attributes "     \
	  "have no options such as ;lang-en")                                  \
	X(INVALID_KEY, "invalid_key",                                          \
	  "this is not an SSH public key that may be used here")               \
	X(KEY_TAKEN, "key_taken",                                              \
	  "this SSH key belongs to an account already")                        \
	X(WEAK_PASSWORD, "weak_password", "this password is not good enough")  \
	X(INVALID_PASSWORD, "invalid_password",                                \
	  "a password is text of at most 1024 bytes")                          \
	X(PASSWORD_TOO_YOUNG, "password_too_young",                            \
	  "the password was changed too short a time ago")                     \
	X(PASSWORD_EXPIRED, "password_expired",                                \
	  "the password has expired; an administrator can set another")        \
	X(PASSWORD_CHANGE_REQUIRED, "password_change_required",                \
	  "change your password first")                                        \
	X(HASH_REFUSED, "hash_refused",                                        \
	  "hashed passwords are accepted from the import tools only")          \
	X(WRONG_PASSWORD, "wrong_password", "this password is wrong")          \
	X(INVALID_CREDENTIALS, "invalid_credentials",                          \
	  "the name or the password is wrong")                                 \
	X(ACCOUNT_INACTIVE, "account_inactive", "this account is not active")  \
	X(INVALID_INVITE, "invalid_invite",                                    \
	  "this invitation is unknown, expired, used or revoked")              \
	X(REGISTRATION_CLOSED, "registration_closed",                          \
	  "registration needs an invitation")                                  \
	X(INVALID_STATUS, "invalid_status",                                    \
	  "the status must be pending, active, suspended or deleted")          \
	X(STATUS_MOVE, "status_move",                                          \
	  "an account in this status cannot move to that status")              \
	X(LAST_ADMIN, "last_admin", "this is the last active administrator")   \
	X(OWN_RIGHTS, "own_rights",                                            \
	  "administrators cannot take their own access or rights away")        \
	X(GROUP_CYCLE, "group_cycle",                                          \
	  "a group cannot be in itself, nor in a group that is in it")         \
	X(NESTING_LIMIT, "nesting_limit",                                      \
	  "more groups would be in one another, or in one, than may be")       \
	X(PROTECTED_GROUP, "protected_group",                                  \
	  "the groups ldapusers and sysadmins cannot be removed or renamed")   \
	X(IDENTITY_IMMUTABLE, "identity_immutable",                            \
	  "the identity of an account (uid, uidNumber, gidNumber of a "        \
	  "group) cannot change")                                              \
	X(TOMBSTONE_IMMUTABLE, "tombstone_immutable",                          \
	  "a tombstone cannot be changed or removed")                          \
	X(JOURNAL_IMMUTABLE, "journal_immutable",                              \
	  "the journal cannot be changed")                                     \
	X(INVALID_TOKEN, "invalid_token",                                      \
	  "this token is unknown, expired or revoked")                         \
	X(INSUFFICIENT_SCOPE, "insufficient_scope",                            \
	  "the scope of this token does not cover this")                       \
	X(INVALID_SCOPE, "invalid_scope",                                      \
	  "a scope is inherit, read, ldap, or a method and a path such as "    \
	  "GET /users")                                                        \
	X(INVALID_ADDRESS, "invalid_address",                                  \
	  "this is not a network address, a network such as 192.0.2.0/24, or " \
	  "local")                                                             \
	X(TOO_MANY_TOKENS, "too_many_tokens",                                  \
	  "this account has as many tokens as it may have")                    \
	X(USERNAME_MISMATCH, "username_mismatch",                              \
	  "the link is for another username")                                  \
	X(REAUTHENTICATION_REQUIRED, "reauthentication_required",              \
	  "give your password again to do this")                               \
	X(ALREADY_BOOTSTRAPPED, "already_bootstrapped",                        \
	  "there is an administrator already")                                 \
	X(UNKNOWN_GROUP, "unknown_group", "there is no such group")            \
	X(UNKNOWN_USER, "unknown_user", "nobody has this username")            \
	X(INVALID_EXPIRY, "invalid_expiry",                                    \
	  "this is not a time, or one outside what is allowed")                \
	X(INVALID_SETTING, "invalid_setting",                                  \
	  "there is no such setting, or it does not take this value")          \
	X(TOO_MANY_ATTEMPTS, "too_many_attempts",                              \
	  "too many wrong passwords came from your address; try again later")  \
	X(CHANGED, "changed",                                                  \
	  "somebody changed this meanwhile; load it again")                    \
	X(INVALID_LINK, "invalid_link",                                        \
	  "this link is unknown, expired, used or revoked")                    \
	X(EMAIL_DOMAIN, "email_domain",                                        \
	  "nobody can register here with a mail address of this domain")       \
	X(QUEUE_FULL, "queue_full",                                            \
	  "too many registrations wait for approval; try again later")         \
	X(TOO_OFTEN, "too_often",                                              \
	  "this was asked for too often; try again later")                     \
	X(APPROVAL_NEEDED, "approval_needed",                                  \
	  "another administrator has to approve this account, too")            \
	X(AGREEMENT_REQUIRED, "agreement_required",                            \
	  "the agreements of this site have to be signed first")               \
	X(INVALID_AGREEMENT, "invalid_agreement",                              \
	  "this is no agreement, or not its present version")                  \
	X(SIGNATURE_IMMUTABLE, "signature_immutable",                          \
	  "a signature cannot be changed or removed")                          \
	X(TOKEN_IMMUTABLE, "token_immutable",                                  \
	  "the secret of a token or an invitation stays, and so does that "    \
	  "it was used or revoked")                                            \
	X(UNKNOWN_PRESET, "unknown_preset", "there is no such preset")         \
	X(INVALID_HOST, "invalid_host",                                        \
	  "a host is a name such as web01 or web01.example.org; in a list of " \
	  "hosts * is any, and ! before a name denies it")                     \
	X(INVALID_SERVICE, "invalid_service",                                  \
	  "a service is a name such as sshd; * is any, and ! before a name "   \
	  "denies it")                                                         \
	X(HOST_TAKEN, "host_taken", "there is a host of this name already")    \
	X(HOST_IN_USE, "host_in_use",                                          \
	  "people have this host in their list; take it out first")            \
	X(READ_ONLY_REPLICA, "read_only_replica",                              \
	  "this server is a replica; its provider takes changes")              \
	X(SMTP_NOT_CONFIGURED, "smtp_not_configured",                          \
	  "mail cannot be sent: set smtp_url and from in section [mail] of "   \
	  "rosterd.conf and start rosterd, or hand the link over")             \
	X(INVALID_LANGUAGE, "invalid_language",                                \
	  "a language is a tag such as de or en-GB, or a list of them")        \
	X(FORBIDDEN, "forbidden", "this needs administrator rights")

enum rule_verdict {
#define RULE_VERDICT_ENUM(id, code, text) RULE_##id,
	RULE_VERDICTS(RULE_VERDICT_ENUM)
#undef RULE_VERDICT_ENUM
};

/* The stable code, such as "username_taken".  Never NULL. */
const char *rule_verdict_code(enum rule_verdict verdict);
/* One English sentence without a full stop.  Never NULL. */
const char *rule_verdict_text(enum rule_verdict verdict);

#endif
