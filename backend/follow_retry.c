/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_retry.c - a record of the journal that cannot be replayed now */
#include "backend/follow_retry.h"

#include <ldap.h>
#include <string.h>

enum follow_trouble
follow_trouble_of(enum rst_err err)
{
	switch (err) {
	case RST_OK:
		return FOLLOW_FINE;
	case RST_EBUSY:
	case RST_EFULL:
	case RST_ENOMEM:
	case RST_EIO:
		return FOLLOW_PASSING;
	case RST_ENOTFOUND:
	case RST_EEXISTS:
	case RST_EINVALID:
	case RST_ESTATE:
	case RST_EDENIED:
	case RST_ECORRUPT:
		break;
	}
	return FOLLOW_BROKEN;
}

enum follow_trouble
follow_trouble_of_code(int code)
{
	static const int passing[] = { LDAP_BUSY,
		                       LDAP_OTHER,
		                       LDAP_UNAVAILABLE,
		                       LDAP_OPERATIONS_ERROR,
		                       LDAP_TIMELIMIT_EXCEEDED,
		                       LDAP_ADMINLIMIT_EXCEEDED };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (code == passing[i])
			return FOLLOW_PASSING;
	return FOLLOW_REFUSED;
}

bool
follow_retry_again(struct follow_retry *retry, uint64_t sequence,
                   enum follow_trouble trouble, int64_t now_ms)
{
	if (retry->sequence != sequence) {
		memset(retry, 0, sizeof(*retry));
		retry->sequence = sequence;
		retry->since_ms = now_ms;
	}
	retry->tries++;
	retry->blind = 0;
	retry->next_ms = now_ms + FOLLOW_RETRY_MS;
	switch (trouble) {
	case FOLLOW_PASSING:
		return now_ms - retry->since_ms < FOLLOW_PATIENCE_MS;
	case FOLLOW_REFUSED:
		return retry->tries < FOLLOW_REFUSALS_MAX;
	case FOLLOW_FINE:
	case FOLLOW_BROKEN:
		break;
	}
	return false;
}

bool
follow_retry_blind(struct follow_retry *retry, int64_t now_ms)
{
	retry->next_ms = now_ms + FOLLOW_RETRY_MS;
	return ++retry->blind == FOLLOW_BLIND_MAX;
}

bool
follow_retry_waits(const struct follow_retry *retry, int64_t now_ms)
{
	return now_ms < retry->next_ms;
}

void
follow_retry_end(struct follow_retry *retry)
{
	memset(retry, 0, sizeof(*retry));
}
