/* SPDX-License-Identifier: OLDAP-2.8 */
/* tools.c - what slapcat, slapadd, slapmodify, slapschema and slapindex use
 *
 * Tools are single-threaded.  Reading is one walk over the records in id
 * order, in one snapshot.  slapadd writes about 1,000 entries in a
 * transaction, so that slapd and rosterd, if they run, are not kept waiting.
 *
 * An entry may come before its parent: slapcat prints in the order of ids, and
 * an entry may have been moved below a younger one.  Such orphans wait until
 * the parent comes; those that wait at the end are an error.
 *
 * A refused entry ends its transaction, and with it up to 999 good ones that
 * came before.  So these are kept until the commit, and put in again.
 */
#include "back-roster.h"

#include "backend/follow.h"

#include <stdlib.h>
#include <time.h>

#include "store/check.h"

#define ORPHANS_MAX  100000
#define CHUNK_QUICK  10000   /* entries of a transaction with -q */
#define CHUNK_VALUES 500000  /* values of a transaction */
#define INDEX_BUDGET 40000   /* 50 ms or so of writing */
#define NAP_NS       5000000 /* others poll every millisecond */

/* Entries of slapd's, owned. */
struct entries {
	Entry **at;
	size_t n, room;
};

static struct {
	struct back_db *db;
	/* reading */
	bool reading;
	struct rst_rtxn read;
	uint64_t at; /* the id seen last */
	struct berval *base;
	int scope;
	Filter *filter;
	/* writing */
	bool writing;
	struct rst_wtxn write;
	struct entries chunk;   /* put since the last commit */
	size_t chunk_values;    /* of all attributes of these */
	struct entries orphans; /* without a parent yet */
	bool reindexing;        /* the first call was made */
	uint64_t looked_at, rows_put;
} tool;

static void
entries_add(struct entries *entries, const Entry *entry)
{
	if (entries->n == entries->room) {
		entries->room = entries->room == 0 ? 64 : entries->room * 2;
		entries->at = ch_realloc(entries->at,
		                         entries->room * sizeof(Entry *));
	}
	entries->at[entries->n++] = entry_dup((Entry *)entry);
}

static void
entries_clear(struct entries *entries)
{
	while (entries->n > 0)
		entry_free(entries->at[--entries->n]);
	ch_free(entries->at);
	memset(entries, 0, sizeof(*entries));
}

int
back_tool_entry_open(BackendDB *be, int mode)
{
	tool.db = be->be_private;
	return tool.db->env != NULL ? 0 : -1;
}

/* What is read: the transaction that writes, if there is one. */
static const struct rst_rtxn *
reader(void)
{
	if (tool.writing)
		return &tool.write.r;
	if (!tool.reading && rst_read_begin(tool.db->env, &tool.read) == RST_OK)
		tool.reading = true;
	if (tool.reading)
		(void)rst_read_remember(&tool.read); /* or it takes longer */
	return tool.reading ? &tool.read : NULL;
}

static void
end_reading(void)
{
	if (tool.reading)
		rst_read_end(&tool.read);
	tool.reading = false;
}

/* Everything that is stored, as it is stored. */
static void
set_view(struct back_view *view, const struct rst_rtxn *txn)
{
	memset(view, 0, sizeof(*view));
	view->db = tool.db;
	view->txn = txn;
	view->committed = !tool.writing;
	view->list_all = true;
	view->secrets = true;
}

static bool
is_wanted(const struct back_view *view, const struct rst_record *record)
{
	struct back_arena *arena;
	Entry *entry;
	bool wanted = false;

	if (tool.base == NULL && tool.filter == NULL)
		return true;
	arena = back_arena_new(NULL);
	if (back_entry_build(view, record, NULL, arena, &entry) == RST_OK)
		wanted = (tool.base == NULL ||
		          dnIsSuffixScope(&entry->e_nname, tool.base,
		                          tool.scope)) &&
		         (tool.filter == NULL ||
		          back_filter_test(view, record, entry, arena,
		                           tool.filter) == LDAP_COMPARE_TRUE);
	back_arena_free(arena);
	return wanted;
}

ID
back_tool_entry_first_x(BackendDB *be, struct berval *base, int scope,
                        Filter *filter)
{
	tool.base = base;
	tool.scope = scope;
	tool.filter = filter;
	tool.at = 0;
	return back_tool_entry_next(be);
}

ID
back_tool_entry_next(BackendDB *be)
{
	const struct rst_rtxn *txn = reader();
	struct rst_record record;
	struct back_view view;
	enum rst_err err;

	if (txn == NULL)
		return NOID;
	set_view(&view, txn);
	while ((err = rst_record_next(txn, &tool.at, &record)) == RST_OK)
		if (is_wanted(&view, &record))
			return record.id;
	if (err != RST_ENOTFOUND)
		fprintf(stderr, "roster: after entry %llu: %s\n",
		        (unsigned long long)tool.at, rst_strerror(err));
	return NOID;
}

Entry *
back_tool_entry_get(BackendDB *be, ID id)
{
	const struct rst_rtxn *txn = reader();
	struct rst_record record;
	struct back_view view;
	Entry *entry = NULL;

	if (txn == NULL || rst_record_get(txn, id, &record) != RST_OK)
		return NULL;
	set_view(&view, txn);
	/* the other tools compare and check, slapcat prints */
	if (back_entry_new(&view, &record,
	                   slapTool == SLAPCAT ? back_needs_written() : NULL,
	                   &entry) != RST_OK)
		return NULL;
	return entry;
}

ID
back_tool_dn2id_get(BackendDB *be, struct berval *ndn)
{
	const struct rst_rtxn *txn = reader();
	struct rst_record record;
	uint64_t matched;

	if (BER_BVISEMPTY(ndn))
		return 0;
	if (txn == NULL || back_find(txn, ndn, &record, &matched) != RST_OK)
		return NOID;
	return record.id;
}

static enum rst_err
set_context(struct act_ctx *ctx)
{
	struct timespec now;

	memset(ctx, 0, sizeof(*ctx));
	clock_gettime(CLOCK_REALTIME, &now);
	ctx->env = tool.db->env;
	ctx->door = RST_DOOR_CLI;
	ctx->actor = RST_VIEW("");
	ctx->address = RST_VIEW("");
	ctx->now_s = now.tv_sec;
	ctx->now_us = (uint32_t)(now.tv_nsec / 1000);
	return back_foreign_id(&tool.write.r, &ctx->server_id);
}

static void
say(struct berval *text, enum rst_err err, const struct act_refusal *refusal)
{
	struct back_reply reply;

	back_map_refusal(err, refusal, &reply);
	if (reply.text[0] == '\0')
		snprintf(reply.text, sizeof(reply.text), "%s",
		         rst_strerror(err));
	snprintf(text->bv_val, text->bv_len, "%s", reply.text);
	Debug(LDAP_DEBUG_TRACE, "roster: %s\n", text->bv_val);
}

static enum rst_err
begin_writing(void)
{
	enum rst_err err;

	if (tool.writing)
		return RST_OK;
	end_reading();
	err = rst_write_begin(tool.db->env, RST_WRITE_ORDINARY, &tool.write);
	tool.writing = err == RST_OK;
	if (err == RST_OK && slapTool == SLAPADD)
		err = rst_index_gather(&tool.write);
	return err;
}

static void
abort_writing(void)
{
	rst_write_abort(&tool.write);
	tool.writing = false;
}

/* One journal record for the whole chunk. */
static enum rst_err
journal_chunk(void)
{
	struct rst_journal_entry load = { .op = RST_J_LOAD,
		                          .door = RST_DOOR_CLI,
		                          .replicated = true,
		                          .act = RST_VIEW("slapadd"),
		                          .actor = RST_VIEW(""),
		                          .address = RST_VIEW(""),
		                          .reason = RST_VIEW(""),
		                          .count = tool.chunk.n };
	struct act_ctx ctx;
	char csn[RST_CSN_MAX];
	enum rst_err err;

	err = set_context(&ctx);
	if (err != RST_OK)
		return err;
	err = rst_csn_next(&tool.write, ctx.now_s, ctx.now_us,
	                   (unsigned int)slap_serverID, csn);
	if (err != RST_OK)
		return err;
	load.csn = rst_view_of(csn);
	load.time_s = ctx.now_s;
	load.time_us = ctx.now_us;
	load.dn = load.old_dn = RST_VIEW("");
	return rst_journal_append(&tool.write, &load, NULL);
}

static enum rst_err
commit_chunk(void)
{
	bool since = true;
	enum rst_err err = RST_OK;

	if (!tool.writing)
		return RST_OK;
	if (tool.chunk.n > 0)
		err = back_follow_since(&tool.write.r, &since);
	if (err == RST_OK && !since)
		err = journal_chunk();
	if (err == RST_OK)
		err = rst_write_commit(&tool.write);
	abort_writing();
	entries_clear(&tool.chunk);
	tool.chunk_values = 0;
	return err;
}

/* Enough for one transaction?  With -q nobody else is thought to write, and
 * pages that are written once instead of many times make it faster. */
static bool
is_chunk_full(void)
{
	bool quick = (slapMode & SLAP_TOOL_QUICK) != 0;

	return tool.chunk.n >= (quick ? CHUNK_QUICK : BACK_TOOL_CHUNK) ||
	       tool.chunk_values >= CHUNK_VALUES;
}

static size_t
count_values(const Entry *entry)
{
	const Attribute *attr;
	size_t n = 0;

	for (attr = entry->e_attrs; attr != NULL; attr = attr->a_next)
		n += attr->a_numvals;
	return n;
}

static enum rst_err
make_after(const Entry *entry, uint64_t parent, struct back_members *members,
           struct rst_entry **ret_after)
{
	struct rst_entry *after = NULL;
	enum rst_err err;

	err = rst_entry_new(&after);
	if (err == RST_OK)
		err = back_place(after, parent, &entry->e_name, &entry->e_nname,
		                 parent == 0);
	if (err == RST_OK)
		err = back_convert(&tool.write, entry, after, members);
	if (err != RST_OK) {
		rst_entry_free(after);
		return err;
	}
	*ret_after = after;
	return RST_OK;
}

/* RST_ENOTFOUND: its parent is not there. */
static enum rst_err
add_one(BackendDB *be, Entry *entry, struct act_refusal *refusal)
{
	struct gate_change change = { .verb = GATE_ADD,
		                      .flags = GATE_STAMPED | GATE_IMPORT,
		                      .act = RST_VIEW("slapadd") };
	struct back_members members = { NULL, 0, 0 };
	struct rst_entry *after = NULL;
	struct berval parent_ndn;
	struct rst_record parent = { .id = 0 };
	struct act_ctx ctx;
	uint64_t matched;
	bool since;
	enum rst_err err;

	if (!back_is_top(be, &entry->e_nname)) {
		dnParent(&entry->e_nname, &parent_ndn);
		err = back_find(&tool.write.r, &parent_ndn, &parent, &matched);
		if (err != RST_OK)
			return err;
	}
	err = make_after(entry, parent.id, &members, &after);
	if (err == RST_OK)
		err = set_context(&ctx);
	if (err == RST_OK)
		err = back_follow_since(&tool.write.r, &since);
	if (err == RST_OK) {
		change.flags |= since ? GATE_UNSEEN : GATE_BULK;
		change.after = after;
		change.members = members.ops;
		change.n_members = members.n;
		err = gate_apply(&tool.write, &ctx, &change, refusal, NULL);
	}
	if (err == RST_OK)
		entry->e_id = rst_entry_id(after);
	else if (err == RST_ENOTFOUND)
		err = RST_EINVALID; /* not what the caller asks about */
	rst_entry_free(after);
	back_members_release(&members);
	return err;
}

/* After a refusal: put the good entries of the chunk in again. */
static enum rst_err
replay_chunk(BackendDB *be)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;

	abort_writing();
	if (tool.chunk.n == 0)
		return RST_OK;
	err = begin_writing();
	for (size_t i = 0; i < tool.chunk.n && err == RST_OK; i++)
		err = add_one(be, tool.chunk.at[i], &refusal);
	if (err == RST_OK)
		return commit_chunk();
	abort_writing();
	entries_clear(&tool.chunk);
	return err;
}

static enum rst_err put(BackendDB *be, Entry *entry,
                        struct act_refusal *refusal);

/* The parent of some orphans has come. */
static enum rst_err
adopt(BackendDB *be, const struct berval *parent_ndn,
      struct act_refusal *refusal)
{
	struct berval ndn;
	Entry *orphan;
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < tool.orphans.n && err == RST_OK;) {
		dnParent(&tool.orphans.at[i]->e_nname, &ndn);
		if (!bvmatch(&ndn, parent_ndn)) {
			i++;
			continue;
		}
		orphan = tool.orphans.at[i];
		tool.orphans.at[i] = tool.orphans.at[--tool.orphans.n];
		err = put(be, orphan, refusal);
		entry_free(orphan);
		i = 0; /* the list has changed below us */
	}
	return err;
}

static enum rst_err
put(BackendDB *be, Entry *entry, struct act_refusal *refusal)
{
	enum rst_err err, lost;

	err = begin_writing();
	if (err != RST_OK)
		return err;
	err = add_one(be, entry, refusal);
	if (err == RST_ENOTFOUND) {
		if (tool.orphans.n == ORPHANS_MAX)
			return RST_EINVALID;
		entries_add(&tool.orphans, entry);
		entry->e_id = 0;
		return RST_OK;
	}
	if (err != RST_OK) {
		lost = replay_chunk(be);
		return lost != RST_OK ? lost : err;
	}
	entries_add(&tool.chunk, entry);
	tool.chunk_values += count_values(entry);
	if (tool.orphans.n > 0)
		err = adopt(be, &entry->e_nname, refusal);
	if (err == RST_OK && is_chunk_full())
		err = commit_chunk();
	return err;
}

ID
back_tool_entry_put(BackendDB *be, Entry *entry, struct berval *text)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err = put(be, entry, &refusal);

	if (err == RST_OK)
		return entry->e_id;
	say(text, err, &refusal);
	return NOID;
}

/* Membership becomes exactly what the entry lists. */
static enum rst_err
replace_members(const Entry *entry, const struct rst_record *record,
                struct back_members *members)
{
	AttributeDescription *const ads[] = { back_names.member_uid,
		                              back_names.member,
		                              back_names.unique_member };
	const Attribute *attr;
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < 3 && err == RST_OK; i++)
		if (ads[i] != NULL && rst_member_any(&tool.write.r, record,
		                                     back_member_id(ads[i])))
			err = back_members_add(members, RST_MEMBER_CLEAR,
			                       back_member_id(ads[i]), NULL,
			                       NULL);
	for (attr = entry->e_attrs; attr != NULL; attr = attr->a_next) {
		uint16_t id = back_member_id(attr->a_desc);

		for (unsigned int i = 0;
		     id != RST_A_NONE && i < attr->a_numvals && err == RST_OK;
		     i++)
			err = back_members_add(members, RST_MEMBER_ENSURE, id,
			                       &attr->a_vals[i],
			                       &attr->a_nvals[i]);
	}
	return err;
}

/* after is record with the attributes of entry, in their order. */
static enum rst_err
replace_attrs(const Entry *entry, const struct rst_record *record,
              struct rst_entry *after)
{
	struct rst_attr stored;
	enum rst_err err = RST_OK;

	for (unsigned int i = 0; i < record->n_attrs && err == RST_OK; i++) {
		rst_record_nth(record, i, &stored);
		err = rst_entry_set(after, stored.id, NULL, 0);
	}
	return err == RST_OK ? back_convert(&tool.write, entry, after, NULL)
	                     : err;
}

static enum rst_err
modify_one(const Entry *entry, struct act_refusal *refusal)
{
	struct gate_change change = { .verb = GATE_MODIFY,
		                      .flags = GATE_STAMPED | GATE_IMPORT |
		                               GATE_FOLLOW,
		                      .act = RST_VIEW("slapmodify") };
	struct back_members members = { NULL, 0, 0 };
	struct rst_entry *after = NULL;
	struct rst_record record;
	struct act_ctx ctx;
	uint64_t matched;
	bool since;
	enum rst_err err;

	err = back_follow_since(&tool.write.r, &since);
	/* slapadd -w keeps contextCSN in the suffix entry: bookkeeping, which
	 * the follower does better */
	if (err != RST_OK || (slapTool == SLAPADD && since))
		return err;
	if (slapTool == SLAPADD)
		change.flags = GATE_INTERNAL;
	else if (since)
		change.flags |= GATE_UNSEEN;
	err = back_find(&tool.write.r, &entry->e_nname, &record, &matched);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &after);
	if (err == RST_OK)
		err = replace_attrs(entry, &record, after);
	if (err == RST_OK && slapTool != SLAPADD)
		err = replace_members(entry, &record, &members);
	if (err == RST_OK)
		err = set_context(&ctx);
	if (err == RST_OK) {
		change.id = record.id;
		change.after = after;
		change.members = members.ops;
		change.n_members = members.n;
		err = gate_apply(&tool.write, &ctx, &change, refusal, NULL);
	}
	rst_entry_free(after);
	back_members_release(&members);
	return err;
}

ID
back_tool_entry_modify(BackendDB *be, Entry *entry, struct berval *text)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;

	err = commit_chunk();
	if (err == RST_OK)
		err = begin_writing();
	if (err == RST_OK)
		err = modify_one(entry, &refusal);
	if (err == RST_OK)
		err = commit_chunk();
	if (err == RST_OK)
		return entry->e_id;
	abort_writing();
	say(text, err, &refusal);
	return NOID;
}

int
back_tool_entry_delete(BackendDB *be, struct berval *ndn, struct berval *text)
{
	/* no import: the dead leave their tombstones, whoever buries them */
	struct gate_change change = { .verb = GATE_DELETE,
		                      .act = RST_VIEW("slapmodify") };
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_record record;
	struct act_ctx ctx;
	uint64_t matched;
	enum rst_err err;

	err = commit_chunk();
	if (err == RST_OK)
		err = begin_writing();
	if (err == RST_OK)
		err = back_find(&tool.write.r, ndn, &record, &matched);
	if (err == RST_OK)
		err = set_context(&ctx);
	if (err == RST_OK) {
		change.id = record.id;
		err = gate_apply(&tool.write, &ctx, &change, &refusal, NULL);
	}
	if (err == RST_OK)
		err = commit_chunk();
	if (err == RST_OK)
		return LDAP_SUCCESS;
	abort_writing();
	say(text, err, &refusal);
	return LDAP_OTHER;
}

/* slapindex begins: what was newly configured is built, what went is dropped.
 * Piece by piece, so a run that is killed has done what it has done. */
static enum rst_err
finish_indexes(void)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	enum rst_err err = RST_OK;
	bool more = true;

	while (err == RST_OK && more) {
		err = begin_writing();
		if (err == RST_OK)
			err = rst_index_work(&tool.write, INDEX_BUDGET, &more);
		if (err == RST_OK)
			err = commit_chunk();
		abort_writing();
		if (!(slapMode & SLAP_TOOL_QUICK))
			nanosleep(&nap, NULL);
	}
	return err;
}

/* -t: what follows from nothing goes, too. */
static enum rst_err
repair(void)
{
	const struct rst_check_options options = { .max_findings = 0 };
	uint64_t n;
	enum rst_err err;

	end_reading();
	err = rst_check_repair(tool.db->env, &options, &n);
	if (err == RST_OK && n > 0)
		fprintf(stderr, "roster: %llu rows written or dropped\n",
		        (unsigned long long)n);
	return err;
}

static enum rst_err
begin_reindexing(void)
{
	enum rst_err err;

	if (tool.reindexing)
		return RST_OK;
	err = finish_indexes();
	if (err == RST_OK && (slapMode & SLAP_TRUNCATE_MODE))
		err = repair();
	tool.reindexing = err == RST_OK;
	return err;
}

static enum rst_err
reindex_one(ID id)
{
	unsigned int put;
	enum rst_err err = begin_writing();

	if (err == RST_OK)
		err = rst_index_refresh(&tool.write, id, &put);
	if (err != RST_OK)
		return err;
	tool.rows_put += put;
	return ++tool.looked_at % BACK_TOOL_CHUNK == 0 ? commit_chunk()
	                                               : RST_OK;
}

/*
 * Indexes change in the transaction of their entries and cannot lag behind,
 * and the first call builds what was newly configured.  So this finds rows
 * that are missing only where something went wrong.  All attributes are looked
 * at, whichever are named: it costs the same.
 */
int
back_tool_entry_reindex(BackendDB *be, ID id, AttributeDescription **ads)
{
	enum rst_err err = begin_reindexing();

	if (err == RST_OK)
		err = reindex_one(id);
	if (err == RST_OK)
		return 0;
	abort_writing();
	fprintf(stderr, "roster: entry %llu: %s\n", (unsigned long long)id,
	        rst_strerror(err));
	return -1;
}

int
back_tool_sync(BackendDB *be)
{
	return 0;
}

int
back_tool_entry_close(BackendDB *be)
{
	enum rst_err err = commit_chunk();
	int code = 0;

	/* nothing to walk, and yet an index may be gone */
	if (err == RST_OK && slapTool == SLAPINDEX)
		err = begin_reindexing();
	if (tool.rows_put > 0)
		fprintf(stderr, "roster: %llu rows were missing\n",
		        (unsigned long long)tool.rows_put);

	end_reading();
	if (err != RST_OK) {
		fprintf(stderr,
		        "roster: the last entries were not stored: "
		        "%s\n",
		        rst_strerror(err));
		code = -1;
	}
	for (size_t i = 0; i < tool.orphans.n; i++) {
		fprintf(stderr, "roster: parent missing, not stored: %s\n",
		        tool.orphans.at[i]->e_name.bv_val);
		code = -1;
	}
	entries_clear(&tool.orphans);
	return code;
}
