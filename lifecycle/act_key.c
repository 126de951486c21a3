/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_key.c - SSH keys: added, dropped */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/key.h"
#include "lifecycle/moment.h"

/* The line of a key that ends. */
#define LINE_BYTES (LIFECYCLE_TIME_BYTES + LIFECYCLE_FINGERPRINT_BYTES)

/* The keys of entry become those of record but the one of that fingerprint. */
static enum rst_err
without_key(const struct rst_record *record, struct rst_view fingerprint,
            struct rst_entry *entry, bool *ret_had)
{
	char own[LIFECYCLE_FINGERPRINT_BYTES];
	struct rst_attr keys;
	struct rst_view key;
	bool had = false;
	enum rst_err err;

	err = rst_entry_set(entry, RST_A_SSHPUBLICKEY, NULL, 0);
	if (err == RST_OK && rst_record_attr(record, RST_A_SSHPUBLICKEY, &keys))
		while (err == RST_OK && rst_attr_next(&keys, &key)) {
			if (!lifecycle_key_fingerprint(key, own) ||
			    !rst_view_equal(rst_view_of(own), fingerprint))
				err = rst_entry_add(entry, RST_A_SSHPUBLICKEY,
				                    key);
			else
				had = true;
		}
	*ret_had = had;
	return err;
}

/* The ends of the other keys, and until_s (0: none) for this one. */
static enum rst_err
set_end(const struct rst_record *record, struct rst_view fingerprint,
        int64_t until_s, struct rst_entry *entry)
{
	char time[LIFECYCLE_TIME_BYTES], text[LINE_BYTES];
	struct rst_view line, named;
	struct rst_attr lines;
	int64_t other_s;
	enum rst_err err;

	err = rst_entry_set(entry, RST_A_ROSTERKEYUNTIL, NULL, 0);
	if (err == RST_OK &&
	    rst_record_attr(record, RST_A_ROSTERKEYUNTIL, &lines))
		while (err == RST_OK && rst_attr_next(&lines, &line))
			if (lifecycle_key_line(line, &other_s, &named) &&
			    !rst_view_equal(named, fingerprint))
				err = rst_entry_add(entry, RST_A_ROSTERKEYUNTIL,
				                    line);
	if (err != RST_OK || until_s == 0)
		return err;
	lifecycle_time_print(until_s, time);
	(void)snprintf(text, sizeof(text), "%s %.*s", time,
	               (int)fingerprint.len, fingerprint.ptr);
	return rst_entry_add(entry, RST_A_ROSTERKEYUNTIL, rst_view_of(text));
}

/* key with a NULL ptr drops the one of that fingerprint. */
static enum rst_err
change(const struct act_ctx *ctx, uint64_t person, struct rst_view fingerprint,
       struct rst_view key, int64_t until_s, struct act_refusal *refusal)
{
	struct rst_entry *before = NULL, *after = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	bool had = false;
	enum rst_err err;

	/* Taking a key away must not wait for room. */
	err = rst_write_begin(
		ctx->env,
		key.ptr == NULL ? RST_WRITE_FREEING : RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &before, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &after);
	if (err == RST_OK && until_s != 0 && until_s <= ctx->now_s)
		err = act_refuse(refusal, RULE_INVALID_EXPIRY,
		                 "rosterKeyUntil");
	if (err == RST_OK)
		err = without_key(&record, fingerprint, after, &had);
	if (err == RST_OK && key.ptr != NULL)
		err = rst_entry_add(after, RST_A_SSHPUBLICKEY, key);
	else if (err == RST_OK && !had)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = set_end(&record, fingerprint, until_s, after);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx,
		                      key.ptr != NULL ? "add-key" : "drop-key",
		                      RST_VIEW(""), person, after, refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(before);
	rst_entry_free(after);
	return err;
}

enum rst_err
act_add_key(const struct act_ctx *ctx, uint64_t person, struct rst_view key,
            int64_t until_s, struct act_refusal *refusal)
{
	char fingerprint[LIFECYCLE_FINGERPRINT_BYTES];

	*refusal = (struct act_refusal){ 0 };
	if (!lifecycle_key_fingerprint(key, fingerprint))
		return act_refuse(refusal, RULE_INVALID_KEY, "sshPublicKey");
	return change(ctx, person, rst_view_of(fingerprint), key, until_s,
	              refusal);
}

enum rst_err
act_drop_key(const struct act_ctx *ctx, uint64_t person,
             struct rst_view fingerprint, struct act_refusal *refusal)
{
	*refusal = (struct act_refusal){ 0 };
	return change(ctx, person, fingerprint, rst_view(NULL, 0), 0, refusal);
}
