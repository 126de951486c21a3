/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica.c - who decides: this server or another one */
#include "lifecycle/replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/place.h"

#define PROVIDER        "provider"
#define PROMOTED        "promoted"
#define SEEN            "provider-seen"
#define OWN_IDS         "own-ids" /* its server ids are nobody else's */
#define SID_MAX         4095
#define FOREIGN_DEFAULT 15 /* server id of what is not slapd */

static bool
is_ldap_url(struct rst_view url)
{
	static const char *const schemes[] = { "ldap://", "ldaps://",
		                               "ldapi://" };

	if (url.len == 0 || url.len > REPLICA_URL_MAX ||
	    memchr(url.ptr, '\0', url.len) != NULL)
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (rst_view_starts(url, rst_view_of(schemes[i])) &&
		    url.len > strlen(schemes[i]))
			return true;
	return false;
}

/* Empty when there is none. */
static enum rst_err
setting_or_none(const struct rst_rtxn *txn, const char *name,
                struct rst_view *ret_value)
{
	enum rst_err err = rst_setting_get(txn, name, ret_value);

	if (err == RST_ENOTFOUND) {
		*ret_value = rst_view(NULL, 0);
		err = RST_OK;
	}
	return err;
}

enum rst_err
replica_is(const struct rst_rtxn *txn, bool *ret_is)
{
	struct rst_view value;
	enum rst_err err = setting_or_none(txn, PROVIDER, &value);

	*ret_is = err == RST_OK && value.len > 0;
	return err;
}

enum rst_err
replica_provider(const struct rst_rtxn *txn, char url[REPLICA_URL_MAX + 1])
{
	struct rst_view value;
	enum rst_err err = setting_or_none(txn, PROVIDER, &value);

	url[0] = '\0';
	if (err == RST_OK && !rst_view_copy(value, url, REPLICA_URL_MAX + 1))
		err = RST_ECORRUPT;
	return err;
}

enum rst_err
replica_begin(struct rst_wtxn *txn, struct rst_view url)
{
	enum rst_err err;

	if (url.len == 0 || url.len > REPLICA_URL_MAX)
		return RST_EINVALID;
	err = rst_setting_put(txn, PROVIDER, url);
	if (err == RST_OK)
		err = rst_setting_put(txn, PROMOTED, RST_VIEW(""));
	return err;
}

enum rst_err
replica_was(const struct rst_rtxn *txn, struct replica_past *ret_past)
{
	struct rst_view value;
	const char *space;
	size_t len;
	enum rst_err err = setting_or_none(txn, PROMOTED, &value);

	if (err != RST_OK)
		return err;
	if (value.len == 0)
		return RST_ENOTFOUND;
	space = memchr(value.ptr, ' ', value.len);
	if (space == NULL)
		return RST_ECORRUPT;
	len = (size_t)(space - value.ptr);
	if (!lifecycle_time_parse(rst_view(value.ptr, len),
	                          &ret_past->since_s) ||
	    !rst_view_copy(rst_view(space + 1, value.len - len - 1),
	                   ret_past->provider, sizeof(ret_past->provider)))
		return RST_ECORRUPT;
	return RST_OK;
}

enum rst_err
replica_seen(const struct rst_rtxn *txn, struct replica_seen *ret_seen)
{
	int64_t *const into[] = { &ret_seen->current_s, &ret_seen->answered_s,
		                  &ret_seen->asked_s };
	struct rst_view value, word;
	const char *space;
	uint64_t number;
	enum rst_err err;

	*ret_seen = (struct replica_seen){ 0 };
	err = setting_or_none(txn, SEEN, &value);
	if (err != RST_OK)
		return err;
	for (size_t i = 0; value.len > 0 && i < 3; i++) {
		space = memchr(value.ptr, ' ', value.len);
		word = value;
		if (space != NULL)
			word.len = (size_t)(space - value.ptr);
		if (rst_view_number(word, INT64_MAX, &number))
			*into[i] = (int64_t)number;
		value = space != NULL
		                ? rst_view(space + 1, value.len - word.len - 1)
		                : rst_view(NULL, 0);
	}
	return RST_OK;
}

int64_t
replica_lag_s(const struct replica_seen *seen, int64_t now_s)
{
	return now_s > seen->current_s ? now_s - seen->current_s : 0;
}

enum rst_err
replica_see(struct rst_wtxn *txn, const struct replica_seen *seen)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "%lld %lld %lld",
	               (long long)seen->current_s, (long long)seen->answered_s,
	               (long long)seen->asked_s);
	return rst_setting_put(txn, SEEN, rst_view_of(text));
}

/* The server id of "20270131000000.000000Z#000000#00f#000000"; -1: none. */
static int
sid_of(struct rst_view csn)
{
	char text[RST_CSN_MAX], *at, *end;
	unsigned long sid;

	if (!rst_view_copy(csn, text, sizeof(text)))
		return -1;
	at = strchr(text, '#');
	at = at != NULL ? strchr(at + 1, '#') : NULL;
	if (at == NULL)
		return -1;
	sid = strtoul(at + 1, &end, 16);
	return *end == '#' && end > at + 1 && sid <= SID_MAX ? (int)sid : -1;
}

static enum rst_err
id_setting(const struct rst_rtxn *txn, const char *name, unsigned int otherwise,
           unsigned int *ret_id)
{
	struct rst_view value;
	uint64_t id;
	enum rst_err err = setting_or_none(txn, name, &value);

	*ret_id = err == RST_OK && rst_view_number(value, SID_MAX, &id)
	                  ? (unsigned int)id
	                  : otherwise;
	return err;
}

/* Changes with this server id have come from elsewhere. */
static bool
has_sid(const struct rst_record *suffix, unsigned int sid)
{
	struct rst_attr values;
	struct rst_view csn;

	if (!rst_record_attr(suffix, RST_A_CONTEXTCSN, &values))
		return false;
	while (rst_attr_next(&values, &csn))
		if (sid_of(csn) == (int)sid)
			return true;
	return false;
}

enum rst_err
replica_look_ahead(const struct rst_rtxn *txn,
                   struct replica_outlook *ret_outlook)
{
	struct replica_outlook outlook;
	struct rst_record suffix;
	struct rst_view value;
	uint64_t id;
	bool ours;
	enum rst_err err;

	err = replica_seen(txn, &outlook.seen);
	if (err == RST_OK)
		err = replica_provider(txn, outlook.provider);
	if (err == RST_OK)
		err = id_setting(txn, "server-id", 0, &outlook.server_id);
	if (err == RST_OK)
		err = id_setting(txn, "foreign-id", FOREIGN_DEFAULT,
		                 &outlook.foreign_id);
	if (err == RST_OK)
		err = lifecycle_suffix(txn, &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &suffix);
	if (err == RST_OK)
		err = setting_or_none(txn, OWN_IDS, &value);
	if (err != RST_OK)
		return err;
	ours = value.len > 0;
	outlook.server_id_used = !ours && has_sid(&suffix, outlook.server_id);
	while (!ours && outlook.foreign_id < SID_MAX &&
	       (outlook.foreign_id == outlook.server_id ||
	        has_sid(&suffix, outlook.foreign_id)))
		outlook.foreign_id++;
	*ret_outlook = outlook;
	return RST_OK;
}

/* Whatever has these ids from here on is this server's. */
static enum rst_err
own_ids(struct rst_wtxn *txn, unsigned int foreign_id)
{
	char text[16];
	enum rst_err err;

	(void)snprintf(text, sizeof(text), "%u", foreign_id);
	err = rst_setting_put(txn, "foreign-id", rst_view_of(text));
	if (err == RST_OK)
		err = rst_setting_put(txn, OWN_IDS, RST_VIEW("1"));
	return err;
}

enum rst_err
act_promote(const struct act_ctx *ctx, struct replica_outlook *ret_outlook)
{
	char text[LIFECYCLE_TIME_BYTES + REPLICA_URL_MAX + 1];
	struct rst_wtxn txn = { 0 };
	struct rst_view url;
	size_t len;
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = replica_look_ahead(&txn.r, ret_outlook);
	if (err == RST_OK && ret_outlook->provider[0] == '\0')
		err = RST_ESTATE;
	if (err != RST_OK)
		goto out;
	url = rst_view_of(ret_outlook->provider);
	lifecycle_time_print(ctx->now_s, text);
	len = strlen(text);
	(void)snprintf(text + len, sizeof(text) - len, " %s",
	               ret_outlook->provider);
	err = rst_setting_put(&txn, PROMOTED, rst_view_of(text));
	if (err == RST_OK)
		err = rst_setting_put(&txn, PROVIDER, RST_VIEW(""));
	if (err == RST_OK)
		err = own_ids(&txn, ret_outlook->foreign_id);
	if (err == RST_OK)
		err = act_event_of(&txn, ctx, "promote", ctx->actor, url);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	return err;
}

enum rst_err
act_demote(const struct act_ctx *ctx, struct rst_view url)
{
	struct rst_wtxn txn = { 0 };
	unsigned int foreign_id;
	bool is;
	enum rst_err err;

	if (!is_ldap_url(url))
		return RST_EINVALID;
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = replica_is(&txn.r, &is);
	if (err == RST_OK && !is)
		err = id_setting(&txn.r, "foreign-id", FOREIGN_DEFAULT,
		                 &foreign_id);
	if (err == RST_OK && !is)
		err = own_ids(&txn, foreign_id);
	if (err == RST_OK)
		err = replica_begin(&txn, url);
	if (err == RST_OK)
		err = act_event_of(&txn, ctx, "demote", ctx->actor, url);
	return act_end(&txn, ctx, err);
}
