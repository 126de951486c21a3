/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_token.c - tokens end with what they stood for
 *
 *	the owner loses access, or goes	all of his tokens
 *	he gets a password		links that would set another one
 *	a name was given to somebody	links that register that name
 *
 * A token that ended stays for a while, to tell why: rosterRevoked is set, and
 * an end where it had none, by which the sweep finds it.
 */
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

enum rst_err
gate_end_token(struct rst_entry *entry, int64_t now_s)
{
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_record record;
	enum rst_err err;

	lifecycle_time_print(now_s, now);
	err = rst_entry_set_one(entry, RST_A_ROSTERREVOKED, rst_view_of(now));
	if (err == RST_OK)
		err = rst_entry_record(entry, &record);
	if (err == RST_OK &&
	    rst_record_first(&record, RST_A_ROSTEREXPIRES).len == 0)
		err = rst_entry_set_one(entry, RST_A_ROSTEREXPIRES,
		                        rst_view_of(now));
	return err;
}

static enum rst_err
revoke(struct gate *g, uint64_t token)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("revoke-token"),
		.id = token,
		.raise = true,
	};
	enum rst_err err;

	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = gate_end_token(w.after, g->ctx->now_s);
	return gate_write_sides(g, &w, err);
}

static bool
is_live(const struct rst_record *record, const char *purpose)
{
	return record->kind == RST_KIND_TOKEN &&
	       rst_record_first(record, RST_A_ROSTERREVOKED).len == 0 &&
	       rst_record_first(record, RST_A_ROSTERUSED).len == 0 &&
	       (purpose == NULL ||
	        rst_view_equal_nocase(
			rst_record_first(record, RST_A_ROSTERPURPOSE),
			rst_view_of(purpose)));
}

static enum rst_err
revoke_where(struct gate *g, uint16_t attr, struct rst_view value,
             const char *purpose)
{
	struct rst_record record;
	uint64_t ids[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_index_equal(&g->txn->r, attr, value, after, ids,
		                      BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = rst_record_get(&g->txn->r, after, &record);
			if (err == RST_OK && is_live(&record, purpose))
				err = revoke(g, after);
		}
	}
	return err;
}

enum rst_err
gate_revoke_tokens(struct gate *g, struct rst_view owner, const char *purpose)
{
	return revoke_where(g, RST_A_ROSTEROWNER, owner, purpose);
}

enum rst_err
gate_revoke_name(struct gate *g, const struct rst_record *person)
{
	struct rst_view name = rst_record_first(person, RST_A_UID);

	if (name.len == 0)
		return RST_OK;
	return revoke_where(g, RST_A_ROSTERUSERNAME, name, "registration");
}
