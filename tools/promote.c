/* SPDX-License-Identifier: OLDAP-2.8 */
/* promote.c - rosterctl promote: a replica becomes the provider */
#include <inttypes.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "lifecycle/replica.h"
#include "store/presence.h"
#include "tools/rosterctl.h"

#define ALIVE_S 15 /* slapd asks the provider every five seconds */

static const struct argp_option option_list[] = {
	{ "force", 'f', NULL, 0,
	  "Although the provider answers, or has what is not here", 0 },
	{ "dry-run", 'n', NULL, 0, "Say what would be done, and whether", 0 },
	{ "json", 'j', NULL, 0, "Print it for programs", 0 },
	{ 0 },
};

/* What speaks against it, whether --force overrides it or not. */
enum obstacle {
	OBSTACLE_ALIVE,
	OBSTACLE_BEHIND,
	OBSTACLE_UNKNOWN,
	OBSTACLE_SERVER_ID,
	N_OBSTACLES
};
static const char *const codes[N_OBSTACLES] = {
	[OBSTACLE_ALIVE] = "provider_answers",
	[OBSTACLE_BEHIND] = "behind",
	[OBSTACLE_UNKNOWN] = "unknown_state",
	[OBSTACLE_SERVER_ID] = "server_id_used",
};

struct findings {
	struct replica_outlook outlook;
	int64_t now_s;
	bool slapd, promoted;
	bool is[N_OBSTACLES];
};

static bool
any(const struct findings *f)
{
	for (int i = 0; i < N_OBSTACLES; i++)
		if (f->is[i])
			return true;
	return false;
}

static void
judge(struct findings *f)
{
	const struct replica_seen *seen = &f->outlook.seen;

	f->is[OBSTACLE_ALIVE] = seen->answered_s != 0 &&
	                        seen->answered_s == seen->asked_s &&
	                        f->now_s - seen->answered_s < ALIVE_S;
	f->is[OBSTACLE_UNKNOWN] = seen->current_s == 0;
	f->is[OBSTACLE_BEHIND] =
		seen->current_s != 0 && seen->current_s < seen->answered_s;
	f->is[OBSTACLE_SERVER_ID] = f->outlook.server_id_used;
}

static void
explain(const struct findings *f)
{
	const struct replica_outlook *o = &f->outlook;

	if (f->is[OBSTACLE_ALIVE])
		ctl_say("%s answered %" PRId64 " s ago: two servers must not "
		        "take changes; stop it first",
		        o->provider, f->now_s - o->seen.answered_s);
	if (f->is[OBSTACLE_BEHIND])
		ctl_say("when %s answered last it had changes that are not "
		        "here: those of %" PRId64 " s at most; they would be "
		        "lost",
		        o->provider, o->seen.answered_s - o->seen.current_s);
	if (f->is[OBSTACLE_UNKNOWN])
		ctl_say("whether all that %s has is here is not known: slapd "
		        "here never had everything, or %s is not Roster's",
		        o->provider, o->provider);
	if (f->is[OBSTACLE_SERVER_ID])
		ctl_say("changes came with serverID %u, which is slapd's here: "
		        "give it another, unless they are of this server "
		        "before it was made anew",
		        o->server_id);
}

static enum ctl_status
print_json(const struct findings *f)
{
	const struct replica_outlook *o = &f->outlook;
	cJSON *root = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(root, "obstacles");
	bool good = list != NULL;

	for (int i = 0; good && i < N_OBSTACLES; i++)
		if (f->is[i])
			good = cJSON_AddItemToArray(
				list, cJSON_CreateString(codes[i]));
	good = good && cJSON_AddStringToObject(root, "provider", o->provider) &&
	       cJSON_AddBoolToObject(root, "promoted", f->promoted) &&
	       cJSON_AddBoolToObject(root, "slapd", f->slapd) &&
	       cJSON_AddNumberToObject(root, "answered_at",
	                               (double)o->seen.answered_s) &&
	       cJSON_AddNumberToObject(root, "current_at",
	                               (double)o->seen.current_s) &&
	       cJSON_AddNumberToObject(root, "server_id", o->server_id) &&
	       cJSON_AddNumberToObject(root, "foreign_id", o->foreign_id);
	if (!good) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

static void
print_text(const struct findings *f, bool dry_run)
{
	const struct replica_outlook *o = &f->outlook;

	printf("provider   %s\n", o->provider);
	if (o->seen.current_s != 0)
		printf("current    %" PRId64 " s ago\n",
		       f->now_s - o->seen.current_s);
	printf("server id  %u, and %u for rosterd and rosterctl\n",
	       o->server_id, o->foreign_id);
	if (dry_run) {
		printf("It would be the provider.\n");
		return;
	}
	printf("This server is the provider.  %s\n"
	       "If its configuration is slapd.conf, take syncrepl and "
	       "updateref out of it: slapd does not start with them.\n"
	       "%s must not come back as it was: make it a replica with "
	       "rosterctl demote.\n",
	       f->slapd ? "slapd leaves the former one within a second."
	                : "slapd does not run.",
	       o->provider);
}

static enum ctl_status
look(struct rst_env *env, struct findings *f)
{
	struct act_refusal none = { 0 };
	struct rst_rtxn txn = { 0 };
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err == RST_OK)
		err = replica_look_ahead(&txn, &f->outlook);
	rst_read_end(&txn);
	if (err == RST_OK && f->outlook.provider[0] == '\0') {
		ctl_say("this server is no replica: it is the provider");
		return CTL_REFUSED;
	}
	if (err == RST_OK)
		judge(f);
	return ctl_failed(err, &none);
}

static enum ctl_status
promote(const struct ctl_options *options, struct rst_env *env,
        struct findings *f)
{
	struct act_refusal none = { 0 };
	struct act_ctx ctx;
	enum ctl_status status = ctl_context(env, &ctx);

	if (status != CTL_OK)
		return status;
	ctx.dry_run = options->dry_run;
	f->now_s = ctx.now_s;
	status = look(env, f);
	if (status != CTL_OK)
		return status;
	explain(f);
	if (any(f) && !options->force) {
		ctl_say("nothing was done; --force does it all the same");
		return CTL_REFUSED;
	}
	status = ctl_failed(act_promote(&ctx, &f->outlook), &none);
	f->promoted = status == CTL_OK && !options->dry_run;
	return status;
}

enum ctl_status
ctl_promote(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = ctl_parse_option,
		.doc = "Make this replica the provider, when the one it "
		       "follows is gone: it takes changes from then on, and "
		       "follows nobody.",
		.children = children,
	};
	struct ctl_options options = { .ctl = ctl };
	const struct act_refusal none = { 0 };
	struct findings found = { .slapd = false };
	struct rst_env *env = NULL;
	enum ctl_status status, printed = CTL_OK;
	enum rst_err err = RST_OK;

	ctl_parse(&argp, argc, argv, &options);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		err = rst_presence(ctl->directory, &found.slapd);
	if (err != RST_OK)
		status = ctl_failed(err, &none);
	if (status == CTL_OK)
		status = promote(&options, env, &found);
	rst_env_close(env);
	if (options.json && found.outlook.provider[0] != '\0')
		printed = print_json(&found);
	else if (status == CTL_OK)
		print_text(&found, options.dry_run);
	return status != CTL_OK ? status : printed;
}
