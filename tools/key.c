/* SPDX-License-Identifier: OLDAP-2.8 */
/* key.c - rosterctl key: SSH keys of people */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/key.h"
#include "lifecycle/moment.h"
#include "tools/noun.h"

static enum ctl_status
print_key(const struct noun *noun, const struct rst_record *record,
          struct rst_view key)
{
	char fingerprint[LIFECYCLE_FINGERPRINT_BYTES] = "-";
	char until[LIFECYCLE_TIME_BYTES] = "never";
	int64_t until_s = lifecycle_key_until(record, key);
	bool over = until_s <= noun->ctx.now_s;
	cJSON *root;
	bool good;

	(void)lifecycle_key_fingerprint(key, fingerprint);
	if (until_s != INT64_MAX)
		lifecycle_time_print_3339(until_s, until);
	if (!noun->json) {
		printf("%-50s %-20s %-7s %.*s\n", fingerprint, until,
		       over ? "expired" : "good", (int)key.len, key.ptr);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	good = cJSON_AddStringToObject(root, "fingerprint", fingerprint) &&
	       noun_add(root, "key", key) &&
	       cJSON_AddBoolToObject(root, "expired", over) &&
	       (until_s == INT64_MAX ||
	        cJSON_AddStringToObject(root, "until", until));
	if (good)
		return noun_print_line(root);
	cJSON_Delete(root);
	return ctl_no_memory();
}

static enum ctl_status
list(struct noun *noun)
{
	enum ctl_status status;
	struct rst_record record;
	struct rst_attr keys;
	struct rst_view key;
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id;

	status = noun_person(noun, 0, &id);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	err = rst_record_get(&txn, id, &record);
	if (err == RST_OK &&
	    rst_record_attr(&record, RST_A_SSHPUBLICKEY, &keys))
		while (status == CTL_OK && rst_attr_next(&keys, &key))
			status = print_key(noun, &record, key);
	rst_read_end(&txn);
	return err != RST_OK ? ctl_failed(err, &noun->refusal) : status;
}

static enum ctl_status
add(struct noun *noun)
{
	int64_t until_s = 0;
	enum ctl_status status;
	uint64_t id;

	status = noun_person(noun, 0, &id);
	if (status == CTL_OK && noun->option[NOUN_EXPIRES] != NULL)
		status = noun_moment(noun, NOUN_EXPIRES, &until_s);
	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_add_key(&noun->ctx, id, rst_view_of(noun->args[1]),
	                             until_s, &noun->refusal),
	                 noun->args[0], "given the key");
}

static enum ctl_status
drop(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id;

	status = noun_person(noun, 0, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_drop_key(&noun->ctx, id,
	                              rst_view_of(noun->args[1]),
	                              &noun->refusal),
	                 noun->args[0], "without the key");
}

static const struct noun_verb verbs[] = {
	{ "list", "NAME", "The keys, with fingerprint and end", 1, 1, 0, false,
	  list },
	{ "add", "NAME KEY",
	  "One more key, as in a .pub file; one that is there gets that end", 2,
	  2, NOUN_BIT(EXPIRES), true, add },
	{ "drop", "NAME FINGERPRINT", "The key with this SHA256:... goes", 2, 2,
	  0, true, drop },
};

enum ctl_status
ctl_key(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"SSH keys of people.\v", verbs, sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
