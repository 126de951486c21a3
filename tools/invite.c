/* SPDX-License-Identifier: OLDAP-2.8 */
/* invite.c - rosterctl invite: links that admit people */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/audit.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "rules/invitation.h"
#include "rules/invite_list.h"
#include "rules/setting.h"
#include "tools/noun.h"

/* What holds for one, or for all of a list. */
static enum ctl_status
read_terms(struct noun *noun, struct act_post *post, struct act_invite *invite)
{
	enum ctl_status status;
	uint64_t uses = 0;

	*invite = (struct act_invite){
		.groups = noun->groups,
		.n_groups = noun->n_groups,
		.needs_approval = noun->option[NOUN_APPROVAL] != NULL,
		.set_needs_approval = noun->option[NOUN_APPROVAL] != NULL ||
		                      noun->option[NOUN_NO_APPROVAL] != NULL,
		.preset = noun_text(noun, NOUN_PRESET),
		.post = noun_post(noun, post),
	};
	status =
		noun_span(noun, NOUN_LIFETIME, RULE_SETTING_INVITATION_LIFETIME,
	                  &invite->lifetime_s);
	if (status == CTL_OK)
		status = noun_number(noun, NOUN_USES, UINT32_MAX, &uses);
	invite->uses = (uint32_t)uses;
	return status;
}

static enum ctl_status
add(struct noun *noun)
{
	struct act_post post;
	struct act_invite invite = { .uses = 0 };
	char token[RST_TOKEN_TEXT] = "";
	enum ctl_status status = read_terms(noun, &post, &invite);
	enum rst_err err;
	uint64_t id = 0;

	if (status != CTL_OK)
		return status;
	if (noun->n_args > 0)
		invite.mail = rst_view_of(noun->args[0]);
	err = act_invite(&noun->ctx, &invite, token, &id, &noun->refusal);
	status = noun_tell_link(noun, err, "register", token, "an invitation");
	sodium_memzero(token, sizeof(token));
	return status;
}

/* How the lines are told, and how they went. */
struct telling {
	struct noun *noun;
	bool refused;
};

/* What became of a line, in a word. */
static const char *
word_of(const struct noun *noun, const struct act_invited *one)
{
	if (one->err == RST_EDENIED)
		return rule_verdict_code(one->refusal.verdict);
	if (one->err != RST_OK)
		return rst_strerror(one->err);
	if (noun->dry_run)
		return "good";
	return noun->option[NOUN_SEND] != NULL ? "sent" : "made";
}

static void
print_sheet(const struct act_invited *one, const char *word, const char *link)
{
	printf("%u,", one->line);
	audit_csv_field(stdout, one->mail, ',');
	audit_csv_field(stdout, rst_view_of(word), ',');
	audit_csv_field(stdout, rst_view_of(link), '\r');
	putchar('\n');
}

static bool
print_line_json(const struct act_invited *one, const char *word,
                const char *link)
{
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;

	if (cJSON_AddNumberToObject(root, "line", one->line) != NULL &&
	    noun_add(root, "mail", one->mail) &&
	    cJSON_AddBoolToObject(root, "good", one->err == RST_OK) &&
	    cJSON_AddStringToObject(root, "result", word) != NULL &&
	    noun_add(root, "detail", rst_view_of(one->refusal.detail.text)) &&
	    noun_add(root, "link", rst_view_of(link)))
		text = cJSON_PrintUnformatted(root);
	if (text != NULL)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(root);
	return text != NULL;
}

static enum rst_err
tell_line(void *arg, const struct act_invited *one)
{
	struct telling *telling = arg;
	struct noun *noun = telling->noun;
	const char *word = word_of(noun, one);
	char link[NOUN_LINK_BYTES] = "";
	bool good = true;

	telling->refused |= one->err != RST_OK;
	if (one->err == RST_OK && !noun->dry_run)
		good = noun_link(noun, "register", one->token, link);
	if (good && noun->json)
		good = print_line_json(one, word, link);
	else if (good && noun->option[NOUN_CSV] != NULL)
		print_sheet(one, word, link);
	else if (good)
		printf("%-5u %-18s %.*s%s%s\n", one->line, word,
		       (int)one->mail.len, one->mail.ptr,
		       link[0] != '\0' ? " " : "", link);
	sodium_memzero(link, sizeof(link));
	return good ? RST_OK : RST_ENOMEM;
}

/* Each line for itself: what is refused holds nobody else. */
static enum ctl_status
import(struct noun *noun)
{
	struct act_post post;
	struct act_invite invite = { .uses = 0 };
	struct telling telling = { .noun = noun };
	enum ctl_status status = read_terms(noun, &post, &invite);
	char *text = NULL;
	size_t len = 0;
	enum rst_err err;

	if (status == CTL_OK)
		status = noun_read_file(noun->args[0], RULE_INVITEES_BYTES,
		                        &text, &len);
	if (status != CTL_OK)
		return status;
	if (noun->option[NOUN_CSV] != NULL && !noun->json)
		puts("line,mail,result,link\r");
	err = act_invite_many(&noun->ctx, rst_view(text, len), &invite,
	                      tell_line, &telling, &noun->refusal);
	free(text);
	if (err == RST_EINVALID) {
		ctl_say("%s: %s", noun->args[0], noun->refusal.detail.text);
		return CTL_INVALID;
	}
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	return telling.refused ? CTL_REFUSED : CTL_OK;
}

static uint32_t
number(const struct rst_record *record, uint16_t attr, uint32_t otherwise)
{
	uint64_t n;

	return rst_view_number(rst_record_first(record, attr), UINT32_MAX, &n)
	               ? (uint32_t)n
	               : otherwise;
}

static const char *
state_of(const struct noun *noun, const struct rst_record *record)
{
	struct rule_invitation facts = {
		.uses = number(record, RST_A_ROSTERUSES, 1),
		.used = number(record, RST_A_ROSTERUSED, 0),
		.revoked =
			rst_record_first(record, RST_A_ROSTERREVOKED).len > 0,
	};

	(void)lifecycle_time_parse(
		rst_record_first(record, RST_A_ROSTEREXPIRES),
		&facts.expires_s);
	(void)lifecycle_time_parse(
		rst_record_first(record, RST_A_CREATETIMESTAMP), &facts.made_s);
	return rule_invitation_word(
		rule_invitation_state(&facts, noun->ctx.now_s));
}

static enum ctl_status
print_one(struct noun *noun, const struct rst_rtxn *txn,
          const struct rst_record *record, const void *arg)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	struct rst_view mail = rst_record_first(record, RST_A_MAIL);
	cJSON *root = cJSON_CreateObject();
	const cJSON *expires;
	bool good;

	(void)txn, (void)arg;
	if (record->kind != RST_KIND_INVITATION) {
		cJSON_Delete(root);
		return CTL_OK;
	}
	good = noun_add(root, "id", cn) && noun_add(root, "mail", mail) &&
	       cJSON_AddStringToObject(root, "state", state_of(noun, record)) &&
	       noun_add_time(root, "expires",
	                     rst_record_first(record, RST_A_ROSTEREXPIRES)) &&
	       cJSON_AddNumberToObject(root, "uses",
	                               number(record, RST_A_ROSTERUSES, 1)) &&
	       cJSON_AddNumberToObject(root, "used",
	                               number(record, RST_A_ROSTERUSED, 0));
	expires = cJSON_GetObjectItemCaseSensitive(root, "expires");
	if (good && noun->json)
		return noun_print_line(root);
	if (good)
		printf("%.*s  %-8s %-20s %.*s\n", (int)cn.len, cn.ptr,
		       state_of(noun, record),
		       expires != NULL ? expires->valuestring : "",
		       (int)mail.len, mail.len > 0 ? mail.ptr : "");
	cJSON_Delete(root);
	return good ? CTL_OK : ctl_no_memory();
}

static enum ctl_status
list(struct noun *noun)
{
	return noun_walk(noun, "ou=invitations", print_one, NULL);
}

static enum ctl_status
find(struct noun *noun, uint64_t *ret_id)
{
	char rdn[64];
	struct rst_rtxn txn;
	uint64_t place;
	enum rst_err err;

	if (snprintf(rdn, sizeof(rdn), "cn=%s", noun->args[0]) >=
	    (int)sizeof(rdn))
		rdn[0] = '\0';
	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = lifecycle_place(&txn, "ou=invitations", &place);
		if (err == RST_OK)
			err = rst_tree_child(&txn, place, rst_view_of(rdn),
			                     ret_id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no invitation \"%s\"", noun->args[0]);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

static enum ctl_status
revoke(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id = 0;

	status = find(noun, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_invitation_revoke(&noun->ctx, id, &noun->refusal),
	                 noun->args[0], "revoked");
}

static enum ctl_status
resend(struct noun *noun)
{
	struct act_post post;
	char token[RST_TOKEN_TEXT] = "";
	enum ctl_status status;
	uint64_t id = 0;
	enum rst_err err;

	status = find(noun, &id);
	if (status != CTL_OK)
		return status;
	err = act_invitation_resend(&noun->ctx, id, noun_post(noun, &post),
	                            token, &noun->refusal);
	status = noun_tell_link(noun, err, "register", token, "an invitation");
	sodium_memzero(token, sizeof(token));
	return status;
}

static const struct noun_verb verbs[] = {
	{ "list", "", "Every invitation: id, state, end, address", 0, 0, 0,
	  false, list },
	{ "add", "[ADDRESS]",
	  "Print a link that admits people, bound to the address if one is "
	  "given",
	  0, 1,
	  NOUN_BIT(GROUP) | NOUN_BIT(LIFETIME) | NOUN_BIT(USES) |
	          NOUN_BIT(APPROVAL) | NOUN_BIT(NO_APPROVAL) |
	          NOUN_BIT(PRESET) | NOUN_BIT(SEND) | NOUN_BIT(PUBLIC_URL),
	  true, add },
	{ "import", "FILE",
	  "Invite who is in FILE, a line each: ADDRESS,GROUP GROUP...; - is "
	  "standard input",
	  1, 1,
	  NOUN_BIT(GROUP) | NOUN_BIT(LIFETIME) | NOUN_BIT(APPROVAL) |
	          NOUN_BIT(NO_APPROVAL) | NOUN_BIT(PRESET) | NOUN_BIT(SEND) |
	          NOUN_BIT(PUBLIC_URL) | NOUN_BIT(CSV),
	  true, import },
	{ "resend", "ID", "Print a new link; the old one ends", 1, 1,
	  NOUN_BIT(SEND) | NOUN_BIT(PUBLIC_URL), true, resend },
	{ "revoke", "ID", "It admits nobody any more", 1, 1, 0, true, revoke },
};

enum ctl_status
ctl_invite(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Invitations: links that admit people.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
