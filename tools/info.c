/* SPDX-License-Identifier: OLDAP-2.8 */
/* info.c - rosterctl info: what the environment is and holds */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "tools/rosterctl.h"

static const struct argp_option option_list[] = {
	{ "json", 'j', NULL, 0, "Print it for programs", 0 },
	{ 0 },
};

struct facts {
	struct rst_env_info env;
	char suffix[RST_DN_MAX]; /* "" for an environment without one */
	char lifecycle[8];
	uint64_t journal;
};

static enum rst_err
read_facts(struct rst_env *env, struct facts *facts)
{
	struct rst_rtxn txn = { 0 };
	struct rst_view value;
	enum rst_err err;

	err = rst_env_info(env, &facts->env);
	if (err == RST_OK)
		err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_setting_get(&txn, "suffix", &value);
	if (err != RST_OK ||
	    !rst_view_copy(value, facts->suffix, sizeof(facts->suffix)))
		facts->suffix[0] = '\0';
	if (err == RST_OK || err == RST_ENOTFOUND)
		err = rst_setting_get(&txn, "lifecycle", &value);
	if (err != RST_OK ||
	    !rst_view_copy(value, facts->lifecycle, sizeof(facts->lifecycle)))
		snprintf(facts->lifecycle, sizeof(facts->lifecycle), "off");
	if (err == RST_OK || err == RST_ENOTFOUND)
		err = rst_journal_end(&txn, &facts->journal);
	rst_read_end(&txn);
	return err;
}

static enum ctl_status
print_json(const struct ctl *ctl, const struct facts *facts)
{
	const struct {
		const char *name;
		uint64_t number;
	} numbers[] = {
		{ "entries", facts->env.entries },
		{ "journal", facts->journal },
		{ "map_bytes", facts->env.map_bytes },
		{ "used_bytes", facts->env.used_bytes },
		{ "ordinary_bytes", facts->env.ordinary_bytes },
		{ "disk_bytes", facts->env.disk_bytes },
		{ "reserve_bytes", facts->env.reserve_bytes },
		{ "readers_max", facts->env.readers_max },
		{ "readers_used", facts->env.readers_used },
		{ "last_txn", facts->env.last_txn },
	};
	cJSON *root = cJSON_CreateObject();
	bool good;

	good = cJSON_AddStringToObject(root, "directory", ctl->directory) &&
	       cJSON_AddStringToObject(root, "suffix", facts->suffix) &&
	       cJSON_AddStringToObject(root, "lifecycle", facts->lifecycle) &&
	       cJSON_AddStringToObject(root, "lmdb", rst_lmdb_version()) &&
	       cJSON_AddBoolToObject(root, "full", facts->env.full);
	for (size_t i = 0; good && i < sizeof(numbers) / sizeof(*numbers); i++)
		good = cJSON_AddNumberToObject(root, numbers[i].name,
		                               (double)numbers[i].number);
	if (!good) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

static void
print_text(const struct ctl *ctl, const struct facts *facts)
{
	printf("directory  %s\n", ctl->directory);
	printf("suffix     %s\n",
	       facts->suffix[0] != '\0' ? facts->suffix : "(none)");
	printf("lifecycle  %s\n", facts->lifecycle);
	printf("entries    %" PRIu64 "\n", facts->env.entries);
	printf("journal    %" PRIu64 " records\n", facts->journal);
	printf("map        %" PRIu64 " of %" PRIu64 " MiB used (%.1f %%)\n",
	       facts->env.used_bytes >> 20, facts->env.map_bytes >> 20,
	       facts->env.map_bytes == 0
	               ? 0.0
	               : 100.0 * (double)facts->env.used_bytes /
	                         (double)facts->env.map_bytes);
	printf("disk       %" PRIu64 " MiB left, of which %" PRIu64
	       " are for deletes\n",
	       facts->env.disk_bytes >> 20, facts->env.reserve_bytes >> 20);
	if (facts->env.full)
		printf("full       all but deletes are refused: %s\n",
		       facts->env.used_bytes >= facts->env.ordinary_bytes
		               ? "see rosterctl resize"
		               : "make room on the disk");
	printf("readers    %u of %u\n", facts->env.readers_used,
	       facts->env.readers_max);
	printf("commits    %" PRIu64 "\n", facts->env.last_txn);
	printf("LMDB       %s\n", rst_lmdb_version());
}

enum ctl_status
ctl_info(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = ctl_parse_option,
		.doc = "Say what the environment is and holds.",
		.children = children,
	};
	struct ctl_options options = { .ctl = ctl };
	struct act_refusal none = { 0 };
	struct rst_env *env = NULL;
	static struct facts facts;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_failed(read_facts(env, &facts), &none);
	if (status == CTL_OK && options.json)
		status = print_json(ctl, &facts);
	else if (status == CTL_OK)
		print_text(ctl, &facts);
	rst_env_close(env);
	return status;
}
