/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_life.c - when the journal is followed, and from where
 *
 * A follower begins before the overlays open, so that contextCSN is told when
 * syncprov asks for it, and ends after them.  cn=config may add an overlay
 * while slapd runs: syncprov is noticed when it opens and asks for contextCSN,
 * others a second later.  With the last overlay that cn=config takes away slapd
 * frees its list of them, and the gate with it; one that comes again has a new
 * list, and replicas must hear that they missed something.
 */
#include "backend/follow_priv.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "backend/ticker.h"
#include "store/poke.h"

#define CURSOR       BACK_FOLLOW_CURSOR
#define LOCAL        BACK_FOLLOW_LOCAL
#define TASK_EVERY_S 1
#define LATE_S       3 /* an overlay may have come so long before */

static struct follow *follows; /* nobody leaves it until slapd ends */
static pthread_mutex_t follows_mutex = PTHREAD_MUTEX_INITIALIZER;

/*
 * Was something removed from the journal before it was replayed?  Images go
 * from the front, so the first that is wanted tells.
 */
static enum rst_err
is_cut(const struct follow *follow, const struct rst_rtxn *txn, uint64_t cursor,
       bool *ret_is)
{
	struct rst_journal_images images = { 0 };
	struct rst_journal_public public;
	struct rst_journal_head anchor;
	enum rst_err err;

	*ret_is = false;
	err = rst_journal_anchor(txn, &anchor);
	if (err == RST_OK && anchor.sequence > cursor) {
		*ret_is = true;
		return RST_OK;
	}
	while (err == RST_OK) {
		err = rst_journal_get(txn, ++cursor, &public);
		if (err == RST_OK && back_follow_foreign(follow, &public))
			break;
	}
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	err = rst_journal_images(txn, cursor, &images);
	rst_journal_images_release(&images);
	*ret_is = err == RST_ENOTFOUND;
	return *ret_is ? RST_OK : err;
}

/*
 * The last local change behind the cursor.  The cursor is written with each, so
 * there is one at most, and none after an end in order.
 */
static enum rst_err
look_for_doubt(struct follow *follow, const struct rst_rtxn *txn)
{
	uint64_t last = rst_journal_last(txn);
	struct rst_journal_public public;
	char csn[RST_CSN_MAX];
	struct berval bv = { 0, csn };
	enum rst_err err;

	follow->doubt = 0;
	for (uint64_t at = last; at > follow->cursor && follow->doubt == 0;
	     at--) {
		err = rst_journal_get(txn, at, &public);
		if (err == RST_ENOTFOUND)
			continue;
		if (err != RST_OK)
			return err;
		if (!public.replicated || public.op == RST_J_LOAD ||
		    public.op == RST_J_EVENT ||
		    !rst_view_copy(public.csn, csn, sizeof(csn)))
			continue;
		bv.bv_len = strlen(csn);
		if (slap_parse_csn_sid(&bv) == slap_serverID)
			follow->doubt = at;
	}
	err = back_follow_stored_local(txn, csn, follow->doubt_csn);
	if (follow->doubt_csn[0] == '\0')
		follow->doubt = 0;
	atomic_store(&follow->doubting, follow->doubt != 0);
	return err;
}

/* Where the last one ended; if not known: begin here and now.  Replicas that
 * have an older CSN then compare all they have. */
static enum rst_err
find_cursor(struct follow *follow, const struct rst_rtxn *txn, bool *ret_known)
{
	char csn[RST_CSN_MAX];
	uint64_t cursor;
	bool cut = false;
	enum rst_err err;

	*ret_known = false;
	err = back_follow_stored(txn, &cursor, csn);
	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err == RST_OK)
		err = is_cut(follow, txn, cursor, &cut);
	if (err != RST_OK)
		return err;
	follow->cursor = cursor;
	memcpy(follow->csn, csn, sizeof(follow->csn));
	*ret_known = !cut;
	if (!cut)
		return RST_OK;
	Debug(LDAP_DEBUG_ANY,
	      "roster: \"%s\": the journal was cut behind record %" PRIu64
	      ", which was the last that the overlays saw: replicas compare "
	      "all entries; a log of accesslog lacks changes, reload what "
	      "follows it\n",
	      follow->db->directory, follow->cursor);
	return RST_OK;
}

/* A CSN of slapd's own, unless there is one. */
static enum rst_err
have_local(struct rst_wtxn *txn, const struct timespec *now, bool *ret_changed)
{
	char csn[RST_CSN_MAX];
	struct rst_view local;
	enum rst_err err;

	err = rst_setting_get(&txn->r, LOCAL, &local);
	if (err == RST_OK && local.len > 0)
		return RST_OK;
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_changed = true;
	err = rst_csn_next(txn, now->tv_sec, (uint32_t)(now->tv_nsec / 1000),
	                   (unsigned int)slap_serverID, csn);
	if (err == RST_OK)
		err = rst_setting_put(txn, LOCAL, rst_view_of(csn));
	return err;
}

/* Where to begin: where the last one ended, else here and now. */
static enum rst_err
begin_at(struct follow *follow, struct rst_wtxn *txn, int64_t since_s,
         bool *ret_changed)
{
	const uint64_t doubt = follow->doubt;
	struct timespec now;
	uint64_t sequence;
	unsigned int id;
	bool known;
	enum rst_err err;

	clock_gettime(CLOCK_REALTIME, &now);
	*ret_changed = false;
	follow->doubt = 0;
	err = find_cursor(follow, &txn->r, &known);
	if (err != RST_OK) {
		follow->doubt = doubt; /* it goes on as it is */
		return err;
	}
	follow_retry_end(&follow->retry);
	follow->as_replica = back_follow_shadow(follow);
	atomic_store(&follow->doubting, false);
	if (!known)
		follow->cursor = rst_journal_last(&txn->r);
	if (follow->as_replica) {
		/* nothing was replayed: who is promoted has a CSN made */
		follow->saved = follow->cursor + 1;
		follow->csn[0] = '\0';
		return RST_OK;
	}
	if (!known || follow->csn[0] == '\0') {
		*ret_changed = true;
		if (!known && since_s != 0)
			err = rst_journal_find(&txn->r, since_s, &sequence);
		if (err == RST_OK && !known && since_s != 0)
			follow->cursor = sequence - 1;
		if (err == RST_OK)
			err = back_foreign_id(&txn->r, &id);
		if (err == RST_OK)
			err = rst_csn_next(txn, now.tv_sec,
			                   (uint32_t)(now.tv_nsec / 1000), id,
			                   follow->csn);
		follow->saved = follow->cursor + 1;
		if (err == RST_OK)
			err = back_follow_save(follow, txn);
	}
	follow->saved = follow->cursor;
	if (err == RST_OK)
		err = look_for_doubt(follow, &txn->r);
	if (err == RST_OK)
		err = have_local(txn, &now, ret_changed);
	return err;
}

static enum rst_err
begin(struct follow *follow, int64_t since_s)
{
	struct rst_wtxn txn;
	bool changed = false;
	enum rst_err err;

	err = rst_write_begin(follow->db->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = begin_at(follow, &txn, since_s, &changed);
	if (err == RST_OK && changed)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

void
back_follow_change_role(struct follow *follow)
{
	const bool was = follow->as_replica;
	enum rst_err err = RST_EBUSY;

	if (back_gate_try(follow)) {
		err = begin(follow, 0);
		back_gate_leave(follow);
	}
	if (err != RST_OK) {
		follow->as_replica = was; /* a second later */
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": the journal is not "
		      "followed yet: %s\n",
		      follow->db->directory, rst_strerror(err));
	}
}

static struct follow *
follow_of(BackendDB *be)
{
	struct back_db *db = be->be_private;
	struct follow *follow;

	/* tasks of two databases may find an overlay at once */
	pthread_mutex_lock(&follows_mutex);
	for (follow = follows; follow != NULL; follow = follow->next)
		if (follow->be == be)
			break;
	if (follow == NULL) {
		follow = ch_calloc(1, sizeof(*follow));
		ldap_pvt_thread_mutex_init(&follow->mutex);
		follow->be = be;
		follow->next = follows;
		follows = follow;
	}
	pthread_mutex_unlock(&follows_mutex);
	follow->db = db;
	follow->fd = -1;
	follow->conn = NULL;
	return follow;
}

struct follow *
back_follow_of(const struct back_db *db)
{
	struct follow *follow = db->follow;

	if (follow != NULL)
		return follow;
	pthread_mutex_lock(&follows_mutex);
	for (follow = follows; follow->db != db; follow = follow->next)
		continue;
	pthread_mutex_unlock(&follows_mutex);
	return follow;
}

static enum rst_err
start(BackendDB *be, int64_t since_s)
{
	struct back_db *db = be->be_private;
	struct follow *follow = follow_of(be);
	enum rst_err err;

	err = begin(follow, since_s);
	if (err != RST_OK)
		return err;
	follow->open = true;
	/* one that comes while slapd runs is on its own.  Records of a log are
	 * named by a second and a count from 0 of this process: in a second
	 * that another slapd began, names would come twice */
	follow->began_s = back_follow_seconds();
	follow->waits_for_log = overlay_is_inst(be, "accesslog");
	follow->logs = false;
	follow->context = overlay_is_inst(be, "syncprov");
	/* who follows already was not looked at */
	atomic_store(&follow->by_members, since_s != 0);
	/* operations that come now find the gate only with its follower */
	db->follow = follow;
	back_gate_install(follow);
	return back_tick_start(&follow->task, TASK_EVERY_S, back_follow_tick,
	                       follow);
}

/*
 * No overlay follows any more, so nobody notes which of slapd's changes was the
 * last: an overlay that comes back begins anew, and its replicas with it.
 */
static enum rst_err
forget(const struct back_db *db)
{
	struct rst_rtxn read;
	struct rst_wtxn txn;
	bool since = false;
	enum rst_err err;

	err = rst_read_begin(db->env, &read);
	if (err != RST_OK)
		return err;
	err = back_follow_since(&read, &since);
	rst_read_end(&read);
	if (err != RST_OK || !since)
		return err;
	err = rst_write_begin(db->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_setting_put(&txn, CURSOR, RST_VIEW(""));
	if (err == RST_OK)
		err = rst_setting_put(&txn, LOCAL, RST_VIEW(""));
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

enum rst_err
back_follow_open(BackendDB *be, struct rst_detail *why)
{
	struct back_db *db = be->be_private;
	enum rst_err err;

	if (!(slapMode & SLAP_SERVER_MODE))
		return RST_OK;
	err = back_follow_place(be, why);
	if (err != RST_OK)
		return err;
	if (!back_follow_needed(be))
		return forget(db);
	err = start(be, 0);
	if (err != RST_OK) {
		rst_detail_set(why, "the journal cannot be followed");
	} else if (overlay_is_inst(be, "accesslog")) {
		back_log_prepare(be);
		db->follow->logs = true;
	}
	return err;
}

/* Overlays want to hear of everything, and can. */
static bool
is_wanted(const struct back_db *db)
{
	struct rst_detail why;

	return back_follow_needed(db->be) &&
	       back_follow_place(db->be, &why) == RST_OK;
}

/* There is a follower if one is wanted, and the overlays are behind its gate.
 */
static bool
is_right(const struct back_db *db)
{
	bool wanted = is_wanted(db);

	if (db->follow == NULL || !wanted)
		return db->follow == NULL && !wanted;
	return back_gate_stands(db->follow);
}

/* The pool is paused, and is_right() is not. */
static void
put_right(struct back_db *db, int64_t since_s)
{
	struct follow *follow = db->follow;
	enum rst_err err = RST_OK;

	if (follow != NULL) {
		err = forget(db);
		if (err == RST_OK) {
			follow->saved = follow->cursor;
			back_follow_close(db);
		}
	}
	if (err == RST_OK && is_wanted(db))
		err = start(db->be, since_s);
	if (err != RST_OK && err != RST_EBUSY)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": the journal cannot be "
		      "followed: %s\n",
		      db->directory, rst_strerror(err));
}

/* With what slapd would not have started. */
static void
look_at_place(struct back_db *db)
{
	struct rst_detail why = { "" };
	bool misplaced = back_follow_place(db->be, &why) != RST_OK;

	if (misplaced && !db->misplaced)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": %s\n", db->directory,
		      why.text);
	db->misplaced = misplaced;
}

void
back_follow_look(struct back_db *db)
{
	unsigned int epoch = back_epoch();

	if (back_follow_must_leave())
		return;
	look_at_place(db);
	if (is_right(db)) {
		db->unfollowed_s = 0;
		return;
	}
	if (db->unfollowed_s == 0)
		db->unfollowed_s = back_follow_seconds();
	if (slap_pause_server() < 0)
		return;
	/* while we waited for that the database may have been removed */
	if (back_epoch() == epoch && !is_right(db))
		put_right(db, db->unfollowed_s - LATE_S);
	slap_unpause_server();
}

void
back_follow_opening(struct back_db *db)
{
	BackendDB *be = db->be;
	BackendInfo *info;

	if (db->env == NULL || !(slapMode & SLAP_SERVER_MODE))
		return;
	info = be->bd_info;
	if (overlay_is_over(be) || info->bi_op_search == roster_back_search)
		return;
	be->bd_info = (BackendInfo *)((slap_overinst *)info)->on_info;
	if (!is_right(db))
		put_right(db, 0);
	if (db->follow != NULL) {
		/* contextCSN is read from what is stored: what was replayed
		 * while nobody listened is not replayed again */
		back_follow_save_now(db->follow);
		db->follow->context = overlay_is_inst(be, "syncprov");
	}
	be->bd_info = info;
	/* slapd's pool does not see to it that what was done in a pause is seen
	 * after it */
	back_tick_fence();
	if (db->follow != NULL && back_gate_try(db->follow))
		back_gate_leave(db->follow);
}

void
back_follow_close(struct back_db *db)
{
	struct follow *follow = db->follow;

	if (follow == NULL)
		return;
	follow->open = false;
	db->follow = NULL;
	back_tick_stop(&follow->task);
	back_gate_remove(follow);
	back_follow_save_now(follow);
	if (follow->fd >= 0) {
		rst_poke_unlisten(db->env);
		/* at its end slapd has closed all connections already */
		if (follow->conn != NULL && !slapd_shutdown)
			connection_client_stop(follow->conn);
		close(follow->fd);
	}
	follow->fd = -1;
	follow->conn = NULL;
}

void
back_follow_end(void)
{
	while (follows != NULL) {
		struct follow *follow = follows;

		follows = follow->next;
		ldap_pvt_thread_mutex_destroy(&follow->mutex);
		ch_free(follow);
	}
}
