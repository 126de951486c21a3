/* SPDX-License-Identifier: OLDAP-2.8 */
/* session.c - rosterctl session: who is signed in at the web, and the end */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/audit.h"
#include "lifecycle/moment.h"
#include "rules/names.h"
#include "store/session.h"
#include "tools/noun.h"

static enum ctl_status
print_one(const struct noun *noun, const struct rst_session *session,
          struct rst_view user, bool named)
{
	char made[LIFECYCLE_TIME_BYTES], seen[LIFECYCLE_TIME_BYTES];
	char expires[LIFECYCLE_TIME_BYTES];
	char *agent = audit_readable(rst_view_of(session->agent));
	cJSON *root = cJSON_CreateObject();
	char name[RULE_NAME_MAX + 1];
	bool good;

	(void)rst_view_copy(user, name, sizeof(name));
	lifecycle_time_print_3339(session->made_s, made);
	lifecycle_time_print_3339(session->seen_s, seen);
	lifecycle_time_print_3339(session->expires_s, expires);
	good = agent != NULL &&
	       cJSON_AddStringToObject(root, "username", name) &&
	       cJSON_AddStringToObject(root, "began", made) &&
	       cJSON_AddStringToObject(root, "seen", seen) &&
	       cJSON_AddStringToObject(root, "expires", expires) &&
	       cJSON_AddStringToObject(root, "address", session->address) &&
	       cJSON_AddStringToObject(root, "agent", agent);
	if (good && noun->json) {
		free(agent);
		return noun_print_line(root);
	}
	if (good)
		printf("%-*s%s  %s  %-24s %s\n", named ? RULE_NAME_MAX + 1 : 0,
		       named ? name : "", made, seen, session->address, agent);
	cJSON_Delete(root);
	free(agent);
	return good ? CTL_OK : ctl_no_memory();
}

/* Of one person or, with 0, of everybody. */
static enum ctl_status
print_all(struct noun *noun, const struct rst_rtxn *txn, uint64_t person)
{
	unsigned char digest[RST_DIGEST_BYTES] = { 0 };
	enum ctl_status status = CTL_OK;
	struct rst_session session;
	struct rst_record record;
	bool started = false;
	enum rst_err err = RST_OK;

	while (status == CTL_OK &&
	       (err = rst_session_next(txn, person, &started, digest,
	                               &session)) == RST_OK) {
		if (session.expires_s <= noun->ctx.now_s)
			continue;
		err = rst_record_get(txn, session.user, &record);
		if (err == RST_ENOTFOUND)
			continue;
		if (err != RST_OK)
			break;
		status = print_one(noun, &session,
		                   rst_record_first(&record, RST_A_UID),
		                   person == 0);
	}
	return err == RST_OK || err == RST_ENOTFOUND
	               ? status
	               : ctl_failed(err, &noun->refusal);
}

static enum ctl_status
list(struct noun *noun)
{
	enum ctl_status status = CTL_OK;
	struct rst_rtxn txn;
	uint64_t person = 0;
	enum rst_err err;

	if (noun->n_args > 0)
		status = noun_person(noun, 0, &person);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	status = print_all(noun, &txn, person);
	rst_read_end(&txn);
	return status;
}

static enum ctl_status
end(struct noun *noun)
{
	enum ctl_status status;
	uint64_t person;

	status = noun_person(noun, 0, &person);
	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_end_sessions(&noun->ctx, person,
	                                  noun_text(noun, NOUN_REASON), NULL,
	                                  NULL, &noun->refusal),
	                 noun->args[0], "signed out everywhere");
}

static const struct noun_verb verbs[] = {
	{ "list", "[NAME]",
	  "Where somebody, or everybody, is signed in: since when, last seen, "
	  "from where, with what",
	  0, 1, 0, false, list },
	{ "end", "NAME", "All of them end", 1, 1, NOUN_BIT(REASON), true, end },
};

enum ctl_status
ctl_session(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = { "Web sessions of people.\v",
		                                 verbs,
		                                 sizeof(verbs) /
		                                         sizeof(verbs[0]) };

	return noun_run(&table, ctl, argc, argv);
}
