/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow.c - following the journal
 *
 * Settings of the environment hold where it stands:
 *
 *	follow-cursor	"SEQUENCE CSN": the last record that is done with, and
 *			the CSN of the last that was replayed.  That CSN is
 *			contextCSN of the foreign server id: what was not
 *			replayed yet is not there for a replica that comes
 *	follow-local	"CSN CSN": of the last change of slapd's own, written
 *			in its transaction, and of the one before it
 *
 * The cursor is stored with the next local change, by the task every second,
 * and at the end.  After a crash the records since then are replayed once more,
 * which replicas take for what they have.  One of them may be slapd's own: its
 * overlays heard of it after the commit, or did not any more.
 *
 * Work is done in slapd's pool: by operations (follow_gate.c); when a datagram
 * comes from who committed; and every second, lest one was lost.
 */
#include "backend/follow_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "store/poke.h"

#define CURSOR      BACK_FOLLOW_CURSOR
#define LOCAL       BACK_FOLLOW_LOCAL
#define CURSOR_TEXT (24 + RST_CSN_MAX)

enum rst_err
back_follow_stored(const struct rst_rtxn *txn, uint64_t *ret_sequence,
                   char csn[RST_CSN_MAX])
{
	struct rst_view text, number, rest;
	const char *space;
	enum rst_err err;

	err = rst_setting_get(txn, CURSOR, &text);
	if (err != RST_OK)
		return err;
	space = text.len > 0 ? memchr(text.ptr, ' ', text.len) : NULL;
	if (space == NULL)
		return RST_ENOTFOUND;
	number = rst_view(text.ptr, (size_t)(space - text.ptr));
	rest = rst_view(space + 1, text.len - number.len - 1);
	return rst_view_number(number, UINT64_MAX, ret_sequence) &&
	                       rst_view_copy(rest, csn, RST_CSN_MAX)
	               ? RST_OK
	               : RST_ENOTFOUND;
}

bool
back_follow_shadow(const struct follow *follow)
{
	return SLAP_SINGLE_SHADOW(follow->be);
}

enum rst_err
back_follow_stored_local(const struct rst_rtxn *txn, char last[RST_CSN_MAX],
                         char before[RST_CSN_MAX])
{
	struct rst_view text;
	const char *space;
	size_t len;
	enum rst_err err;

	last[0] = before[0] = '\0';
	err = rst_setting_get(txn, LOCAL, &text);
	if (err == RST_ENOTFOUND || (err == RST_OK && text.len == 0))
		return RST_OK;
	if (err != RST_OK)
		return err;
	space = memchr(text.ptr, ' ', text.len);
	len = space == NULL ? text.len : (size_t)(space - text.ptr);
	if (!rst_view_copy(rst_view(text.ptr, len), last, RST_CSN_MAX))
		last[0] = '\0';
	if (space != NULL &&
	    !rst_view_copy(rst_view(space + 1, text.len - len - 1), before,
	                   RST_CSN_MAX))
		before[0] = '\0';
	return RST_OK;
}

void
back_follow_context(const struct back_db *db, const struct rst_rtxn *txn,
                    struct back_context *ret_context)
{
	const struct follow *follow = db->follow;
	char before[RST_CSN_MAX];
	uint64_t sequence;

	memset(ret_context, 0, sizeof(*ret_context));
	if (follow == NULL || !follow->context || back_follow_shadow(follow))
		return;
	if (back_follow_stored(txn, &sequence, ret_context->foreign) != RST_OK)
		ret_context->foreign[0] = '\0';
	(void)!back_follow_stored_local(txn, ret_context->local, before);
	if (atomic_load(&follow->doubting))
		memcpy(ret_context->local, follow->doubt_csn, RST_CSN_MAX);
}

enum rst_err
back_follow_save(struct follow *follow, struct rst_wtxn *txn)
{
	char text[CURSOR_TEXT];

	if (follow->saved == follow->cursor)
		return RST_OK;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " %s", follow->cursor,
	               follow->csn);
	return rst_setting_put(txn, CURSOR, rst_view_of(text));
}

enum rst_err
back_follow_stamp(struct back_db *db, struct rst_wtxn *txn,
                  const struct berval *csn)
{
	struct follow *follow = db->follow;
	char last[RST_CSN_MAX], before[RST_CSN_MAX], text[2 * RST_CSN_MAX];
	enum rst_err err = RST_OK;

	if (follow == NULL || !follow->open || back_follow_shadow(follow))
		return RST_OK;
	if (slap_parse_csn_sid((struct berval *)csn) == slap_serverID) {
		err = back_follow_stored_local(&txn->r, last, before);
		if (err != RST_OK)
			return err;
		(void)snprintf(text, sizeof(text), "%s %s", csn->bv_val, last);
		if (strcmp(last, csn->bv_val) < 0)
			err = rst_setting_put(txn, LOCAL, rst_view_of(text));
	}
	if (back_gate_is_mine(follow)) {
		follow->own = rst_journal_last(&txn->r);
		if (err == RST_OK)
			err = back_follow_save(follow, txn);
	}
	return err;
}

bool
back_follow_must_leave(void)
{
	return slapd_shutdown ||
	       ldap_pvt_thread_pool_pausing(&connection_pool) > 0;
}

/* The names of a record, normalised. */
static enum rst_err
take_names(const struct rst_journal_public *public,
           struct follow_record *record)
{
	struct berval dn = { public->dn.len,
		             (char *)(uintptr_t) public->dn.ptr };
	struct berval old = { public->old_dn.len,
		              (char *)(uintptr_t) public->old_dn.ptr };

	if (public->op != RST_J_RENAME)
		old = dn;
	ber_dupbv(&record->dn, &dn);
	ber_dupbv(&record->old_dn, &old);
	if (dnNormalize(0, NULL, NULL, &record->dn, &record->ndn, NULL) !=
	            LDAP_SUCCESS ||
	    dnNormalize(0, NULL, NULL, &record->old_dn, &record->old_ndn,
	                NULL) != LDAP_SUCCESS)
		return RST_ECORRUPT;
	return RST_OK;
}

void
back_replay_release(struct follow_record *record)
{
	ch_free(record->dn.bv_val);
	ch_free(record->ndn.bv_val);
	ch_free(record->old_dn.bv_val);
	ch_free(record->old_ndn.bv_val);
	rst_journal_images_release(&record->images);
	memset(record, 0, sizeof(*record));
}

bool
back_follow_foreign(const struct follow *follow,
                    const struct rst_journal_public *public)
{
	return (!public->replicated || public->sequence == follow->doubt) &&
	       public->op != RST_J_LOAD && public->op != RST_J_EVENT;
}

/*
 * Move the cursor to the next record that is to be replayed, and fetch it.
 * RST_ENOTFOUND: there is none up to last, and where that is not before the end
 * the cursor stands there.  Another error: record->sequence says whether it is
 * the record's; 0: nobody can tell whether there is one.
 */
static enum rst_err
fetch(struct follow *follow, uint64_t last, struct follow_record *record)
{
	struct rst_journal_public public;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(follow->db->env, &txn);
	if (err != RST_OK)
		return err;
	for (;;) {
		err = rst_journal_get(&txn, follow->cursor + 1, &public);
		if (err != RST_OK || back_follow_foreign(follow, &public))
			break;
		follow->cursor++;
	}
	follow->end = rst_journal_last(&txn);
	if (follow->cursor >= last)
		err = RST_ENOTFOUND;
	if (err != RST_ENOTFOUND && follow->cursor < follow->end)
		record->sequence = follow->cursor + 1;
	if (err != RST_OK)
		goto out;
	record->id = public.id;
	record->op = public.op;
	if (!rst_view_copy(public.csn, record->csn_text, RST_CSN_MAX))
		err = RST_ECORRUPT;
	record->csn.bv_val = record->csn_text;
	record->csn.bv_len = strlen(record->csn_text);
	if (err == RST_OK)
		err = take_names(&public, record);
	if (err == RST_OK)
		err = rst_journal_images(&txn, public.sequence,
		                         &record->images);
	/* a journal that lost this record cannot be followed any better */
	if (err == RST_ENOTFOUND)
		err = RST_ECORRUPT;
out:
	rst_read_end(&txn);
	return err;
}

/* The cursor goes beyond the record. */
static void
pass_by(struct follow *follow, const struct follow_record *record)
{
	follow_retry_end(&follow->retry);
	if (++follow->cursor == follow->doubt)
		atomic_store(&follow->doubting, false);
	else if (record->csn_text[0] != '\0')
		(void)rst_view_copy(rst_view_of(record->csn_text), follow->csn,
		                    RST_CSN_MAX);
}

/* It was not replayed.  Does it wait, and all others with it? */
static bool
postpone(struct follow *follow, const struct follow_record *record,
         enum follow_trouble trouble, const char *why)
{
	const uint64_t sequence = follow->cursor + 1;
	const char *dn = record->dn.bv_val != NULL ? record->dn.bv_val : "";
	bool again;

	again = follow_retry_again(&follow->retry, sequence, trouble,
	                           back_monotonic_ms());
	if (!again)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": replicas do not learn of a change of "
		      "\"%s\", record %" PRIu64 " of the journal: %s: "
		      "reload them\n",
		      follow->db->directory, dn, sequence, why);
	else if (follow->retry.tries == 1)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": replicas do not learn of a change of "
		      "\"%s\" yet, record %" PRIu64 " of the journal, nor of "
		      "later ones: %s\n",
		      follow->db->directory, dn, sequence, why);
	return again;
}

/* A record that was fetched, or could not be: err.  RST_EBUSY: it waits. */
static enum rst_err
replay(struct follow *follow, struct follow_record *record, enum rst_err err,
       bool inline_op)
{
	enum follow_trouble trouble = follow_trouble_of(err);
	const char *why = rst_strerror(err);

	if (err == RST_OK) {
		follow->replaying = true;
		back_pause_hold();
		trouble = back_replay(follow, record, inline_op, &why);
		back_pause_release();
		follow->replaying = false;
	}
	if (trouble != FOLLOW_FINE && postpone(follow, record, trouble, why))
		return RST_EBUSY;
	pass_by(follow, record);
	return RST_OK;
}

/* RST_ENOTFOUND: nothing left.  RST_EBUSY: what is next cannot be replayed
 * now, or whether there is anything not be told. */
static enum rst_err
replay_next(struct follow *follow, uint64_t last, bool inline_op)
{
	struct follow_record record = { 0 };
	enum rst_err err;

	if (follow_retry_waits(&follow->retry, back_monotonic_ms()))
		return RST_EBUSY;
	err = fetch(follow, last, &record);
	/* what came from the provider was seen; the first that did not waits
	 * for slapd to leave it */
	if (follow->as_replica)
		err = RST_ENOTFOUND;
	if (err == RST_ENOTFOUND) {
		if (follow->as_replica || follow->cursor >= follow->end)
			follow_retry_end(&follow->retry);
	} else if (record.sequence == 0) {
		if (follow_retry_blind(&follow->retry, back_monotonic_ms()))
			Debug(LDAP_DEBUG_ANY,
			      "roster: \"%s\": the journal cannot be read: "
			      "%s: replicas learn of nothing yet\n",
			      follow->db->directory, rst_strerror(err));
		err = RST_EBUSY;
	} else {
		err = replay(follow, &record, err, inline_op);
	}
	back_replay_release(&record);
	return err;
}

int64_t
back_follow_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* A task leaves; who is on his way to a log in the course of another change
 * cannot. */
static bool
is_paused(const struct follow_bound *bound)
{
	return bound->inline_op ? back_pause_wanted()
	                        : back_follow_must_leave();
}

enum rst_err
back_follow_drain(struct follow *follow, const struct follow_bound *bound)
{
	uint64_t last = bound->last;
	unsigned int n = 0;
	enum rst_err err = RST_OK;

	if (follow->replaying)
		return RST_OK;
	if (!back_gate_stands(follow))
		return RST_EBUSY;
	if (back_log_is_away(follow))
		return RST_EBUSY;
	while (err == RST_OK) {
		if (slapd_shutdown || (!follow->ready && is_paused(bound)))
			return RST_EBUSY;
		if (n == bound->most || (n > 0 && bound->enough != NULL &&
		                         bound->enough(bound->arg)))
			return RST_EBUSY;
		err = replay_next(follow, last, bound->inline_op);
		if (n++ == 0 && bound->now)
			last = follow->end;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

void
back_follow_save_now(struct follow *follow)
{
	struct rst_wtxn txn;
	enum rst_err err;

	if (follow->saved == follow->cursor)
		return;
	err = rst_write_begin(follow->db->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = back_follow_save(follow, &txn);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	/* here alone: other transactions that write it may come to nothing */
	if (err == RST_OK)
		follow->saved = follow->cursor;
	else if (err != RST_EBUSY)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": cursor: %s\n",
		      follow->db->directory, rst_strerror(err));
}

/* In a task of the pool. */
static void
work(struct follow *follow, bool save)
{
	const struct follow_bound slice = { .most = BACK_FOLLOW_SLICE,
		                            .last = UINT64_MAX,
		                            .enough = back_gate_is_wanted,
		                            .arg = follow };
	enum rst_err err = RST_EBUSY;
	bool waits;

	while (err == RST_EBUSY && follow->open && !back_follow_must_leave()) {
		if (!back_gate_try_or_later(follow))
			return;
		waits = !back_gate_stands(follow);
		err = back_follow_drain(follow, &slice);
		if (err == RST_OK && save)
			back_follow_save_now(follow);
		waits = waits || follow->waits_for_log ||
		        follow_retry_waits(&follow->retry, back_monotonic_ms());
		back_gate_leave(follow);
		if (waits)
			return; /* the log opens in this pool, too */
		back_gate_leave_room(follow);
	}
}

/* A datagram came. */
static void *
poked(void *ctx, void *arg)
{
	struct follow *follow = arg;
	char bytes[8];

	if (!follow->open || follow->fd < 0)
		return NULL;
	while (recv(follow->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	back_pause_hold();
	work(follow, false);
	back_pause_release();
	if (follow->open && follow->conn != NULL)
		connection_client_enable(follow->conn);
	return NULL;
}

/* connections[] is there only when slapd runs, so the first task does it. */
static void
listen_for_pokes(struct follow *follow)
{
	enum rst_err err;

	if (follow->conn != NULL || follow->fd >= 0)
		return;
	err = rst_poke_listen(follow->db->env, &follow->fd);
	if (err != RST_OK) {
		follow->fd = -1;
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": no socket for the "
		      "follower: it looks once a second\n",
		      follow->db->directory);
		return;
	}
	follow->conn = connection_client_setup(follow->fd, poked, follow);
}

bool
back_follow_tick(void *arg)
{
	struct follow *follow = arg;

	if (follow->open && !back_follow_must_leave()) {
		if (follow->as_replica != back_follow_shadow(follow))
			back_follow_change_role(follow);
		follow->context = overlay_is_inst(follow->be, "syncprov");
		listen_for_pokes(follow);
		work(follow, true);
	}
	return true;
}
