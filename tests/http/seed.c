/* SPDX-License-Identifier: OLDAP-2.8 */
/* seed.c - make a new environment and print the first administrator's token
 *
 * usage: seed DIRECTORY SUFFIX [PEOPLE]
 *
 * PEOPLE are as many active ones, person0000001 and so on.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lifecycle/acts.h"

#define PERSON_BYTES 32768 /* of the map, with index and journal */

static enum rst_err
set_up(const struct act_ctx *ctx, const char *suffix,
       char token[RST_TOKEN_TEXT], struct act_refusal *refusal)
{
	struct rst_wtxn txn;
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_setting_put(&txn, "lifecycle", RST_VIEW("on"));
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err == RST_OK)
		err = act_init(ctx, rst_view_of(suffix), RST_VIEW("Example"),
		               refusal);
	if (err == RST_OK)
		err = act_bootstrap_token(ctx, token, refusal);
	return err;
}

static enum rst_err
add_people(const struct act_ctx *ctx, unsigned long people,
           struct act_refusal *refusal)
{
	char name[32], surname[32], mail[64];
	struct act_person person = { .given_name = RST_VIEW("Number") };
	enum rst_err err = RST_OK;
	uint64_t id;

	for (unsigned long n = 1; n <= people && err == RST_OK; n++) {
		snprintf(name, sizeof(name), "person%07lu", n);
		snprintf(surname, sizeof(surname), "Family%07lu", n);
		snprintf(mail, sizeof(mail), "%s@example.org", name);
		person.username = rst_view_of(name);
		person.surname = rst_view_of(surname);
		person.mail = rst_view_of(mail);
		err = act_create_person(ctx, &person, RST_STATUS_ACTIVE, &id,
		                        refusal);
	}
	return err;
}

int
main(int argc, char *argv[])
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_env_options options = { .create = true,
		                           .map_bytes = 64 << 20 };
	struct act_ctx ctx = { .door = RST_DOOR_CLI, .server_id = 15 };
	struct rst_detail why = { "" };
	char token[RST_TOKEN_TEXT];
	struct timespec now;
	enum rst_err err;

	unsigned long people;

	if (argc < 3 || argc > 4 || sodium_init() < 0)
		return 2;
	people = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	options.map_bytes += (size_t)people * PERSON_BYTES;
	clock_gettime(CLOCK_REALTIME, &now);
	ctx.now_s = now.tv_sec;
	ctx.now_us = (uint32_t)(now.tv_nsec / 1000);
	err = rst_env_open(argv[1], &options, &ctx.env, &why);
	if (err == RST_OK)
		err = set_up(&ctx, argv[2], token, &refusal);
	if (err == RST_OK)
		err = add_people(&ctx, people, &refusal);
	rst_env_close(ctx.env);
	if (err != RST_OK) {
		fprintf(stderr, "seed: %s: %s %s\n", rst_strerror(err),
		        why.text, refusal.detail.text);
		return 1;
	}
	puts(token);
	return 0;
}
