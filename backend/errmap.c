/* SPDX-License-Identifier: OLDAP-2.8 */
/* errmap.c - errors and refusals as LDAP results.  The only place. */
#include "back-roster.h"

static int
error_code(enum rst_err err)
{
	switch (err) {
	case RST_OK:
		return LDAP_SUCCESS;
	case RST_ENOTFOUND:
		return LDAP_NO_SUCH_OBJECT;
	case RST_EEXISTS:
		return LDAP_ALREADY_EXISTS;
	case RST_EINVALID:
		return LDAP_CONSTRAINT_VIOLATION;
	case RST_ESTATE:
	case RST_EDENIED:
	case RST_EFULL:
		return LDAP_UNWILLING_TO_PERFORM;
	case RST_EBUSY:
		return LDAP_BUSY;
	case RST_ECORRUPT:
	case RST_ENOMEM:
	case RST_EIO:
		return LDAP_OTHER;
	}
	return LDAP_OTHER;
}

/* What the client is told beside the code; "" when the code says it all. */
static const char *
error_text(enum rst_err err)
{
	switch (err) {
	case RST_OK:
	case RST_ENOTFOUND:
	case RST_EEXISTS:
		return "";
	case RST_EINVALID:
		return "a value is outside its limits";
	case RST_ESTATE:
		return "not allowed in the entry's present state";
	case RST_EDENIED:
		return "refused";
	case RST_EBUSY:
		return "another writer is at work, try again";
	case RST_EFULL:
		return "no room left in the database or on its disk";
	case RST_ECORRUPT:
		return "internal error: damaged record, see the log";
	case RST_ENOMEM:
		return "out of memory";
	case RST_EIO:
		return "internal error, see the log";
	}
	return "";
}

static int
verdict_code(enum rule_verdict verdict)
{
	switch (verdict) {
	case RULE_OK:
		return LDAP_SUCCESS;
	/* clang-format off */
	case RULE_INVALID_USERNAME: case RULE_RESERVED_USERNAME:
	case RULE_USERNAME_TAKEN: case RULE_INVALID_GROUPNAME:
	case RULE_RESERVED_GROUP: case RULE_GROUP_TAKEN:
	case RULE_INVALID_UIDNUMBER: case RULE_UIDNUMBER_TAKEN:
	case RULE_INVALID_GIDNUMBER: case RULE_GID_TAKEN:
	case RULE_INVALID_EMAIL: case RULE_EMAIL_TAKEN:
	case RULE_EMAIL_MISMATCH: case RULE_DUPLICATE_EMAIL:
	case RULE_INVALID_NAME: case RULE_INVALID_SHELL:
	case RULE_INVALID_HOME: case RULE_INVALID_REASON:
	case RULE_INVALID_KEY: case RULE_KEY_TAKEN:
	case RULE_WEAK_PASSWORD: case RULE_INVALID_PASSWORD:
	case RULE_PASSWORD_TOO_YOUNG: case RULE_HASH_REFUSED:
	case RULE_INVALID_STATUS: case RULE_UNKNOWN_GROUP:
	case RULE_UNKNOWN_USER: case RULE_INVALID_EXPIRY:
	case RULE_INVALID_SETTING: case RULE_INVALID_SCOPE:
	case RULE_INVALID_ADDRESS: case RULE_USERNAME_MISMATCH:
	case RULE_EMAIL_DOMAIN: case RULE_INVALID_AGREEMENT:
	case RULE_UNKNOWN_PRESET: case RULE_INVALID_HOST:
	case RULE_INVALID_SERVICE:
		return LDAP_CONSTRAINT_VIOLATION;
	/* clang-format on */
	case RULE_INVALID_CLASSES:
		return LDAP_OBJECT_CLASS_VIOLATION;
	case RULE_WRONG_PASSWORD:
	case RULE_INVALID_CREDENTIALS:
	case RULE_ACCOUNT_INACTIVE:
	case RULE_PASSWORD_EXPIRED:
	case RULE_INVALID_TOKEN:
		return LDAP_INVALID_CREDENTIALS;
	case RULE_FORBIDDEN:
	case RULE_PASSWORD_CHANGE_REQUIRED:
	case RULE_INSUFFICIENT_SCOPE:
	case RULE_REAUTHENTICATION_REQUIRED:
	case RULE_AGREEMENT_REQUIRED:
		return LDAP_INSUFFICIENT_ACCESS;
	case RULE_CHANGED:
		return LDAP_ASSERTION_FAILED;
	case RULE_TOO_MANY_ATTEMPTS:
	case RULE_TOO_OFTEN:
	case RULE_QUEUE_FULL:
		return LDAP_BUSY;
	case RULE_NUMBERS_EXHAUSTED:
	case RULE_INVALID_INVITE:
	case RULE_REGISTRATION_CLOSED:
	case RULE_STATUS_MOVE:
	case RULE_LAST_ADMIN:
	case RULE_OWN_RIGHTS:
	case RULE_GROUP_CYCLE:
	case RULE_NESTING_LIMIT:
	case RULE_PROTECTED_GROUP:
	case RULE_IDENTITY_IMMUTABLE:
	case RULE_TOMBSTONE_IMMUTABLE:
	case RULE_JOURNAL_IMMUTABLE:
	case RULE_ALREADY_BOOTSTRAPPED:
	case RULE_TOO_MANY_TOKENS:
	case RULE_INVALID_LINK:
	case RULE_APPROVAL_NEEDED:
	case RULE_SIGNATURE_IMMUTABLE:
	case RULE_HOST_TAKEN:
	case RULE_HOST_IN_USE:
		return LDAP_UNWILLING_TO_PERFORM;
	}
	return LDAP_UNWILLING_TO_PERFORM;
}

void
back_map_error(enum rst_err err, struct back_reply *reply)
{
	reply->code = error_code(err);
	snprintf(reply->text, sizeof(reply->text), "%s", error_text(err));
}

/* A change of membership failed: the value, not the entry, is meant. */
void
back_map_member(enum rst_err err, struct back_reply *reply)
{
	if (err == RST_EEXISTS)
		reply->code = LDAP_TYPE_OR_VALUE_EXISTS;
	if (err == RST_ENOTFOUND)
		reply->code = LDAP_NO_SUCH_ATTRIBUTE;
	if (err == RST_EINVALID) {
		reply->code = LDAP_OBJECT_CLASS_VIOLATION;
		snprintf(reply->text, sizeof(reply->text),
		         "a rosterGroup has member and memberUid only");
	}
}

/* "username_taken: uid: this username is in use or was used before" */
void
back_map_refusal(enum rst_err err, const struct act_refusal *refusal,
                 struct back_reply *reply)
{
	const char *field = refusal->field;

	if (err != RST_EDENIED || refusal->verdict == RULE_OK) {
		back_map_error(err, reply);
		if (refusal->detail.text[0] != '\0')
			snprintf(reply->text, sizeof(reply->text), "%s",
			         refusal->detail.text);
		return;
	}
	reply->code = verdict_code(refusal->verdict);
	snprintf(reply->text, sizeof(reply->text), "%s: %s%s%s%s%s",
	         rule_verdict_code(refusal->verdict), field ? field : "",
	         field ? ": " : "", rule_verdict_text(refusal->verdict),
	         refusal->detail.text[0] ? ": " : "", refusal->detail.text);
}
