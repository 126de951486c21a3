/* SPDX-License-Identifier: OLDAP-2.8 */
/* init.c - a database's life: init, open, close, destroy
 *
 * slapd forks into the background after it has read its configuration, so the
 * environment is opened in db_open.  It may close and open a database again at
 * run time, so configuration is freed in destroy, never in close.
 */
#include "back-roster.h"

#include "backend/follow.h"
#include "backend/replica.h"

#include <limits.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "overlay/lifecycle.h"
#include "slap-config.h"
#include "store/memory.h"
#include "store/presence.h"

static struct back_db *databases; /* changed under a paused pool only */
static atomic_uint epoch;

unsigned int
back_epoch(void)
{
	return atomic_load(&epoch);
}

bool
back_directory_taken(const struct back_db *db, const char *directory)
{
	char mine[PATH_MAX], theirs[PATH_MAX];
	const struct back_db *other;
	bool same;

	for (other = databases; other != NULL; other = other->next) {
		if (other == db || other->directory == NULL)
			continue;
		same = strcmp(other->directory, directory) == 0;
		if (!same && realpath(directory, mine) != NULL &&
		    realpath(other->directory, theirs) != NULL)
			same = strcmp(mine, theirs) == 0;
		if (same)
			return true;
	}
	return false;
}

static int
db_init(BackendDB *be, ConfigReply *cr)
{
	struct back_db *db = ch_calloc(1, sizeof(*db));

	if (sodium_init() < 0) {
		Debug(LDAP_DEBUG_ANY, "roster: no random numbers\n");
		ch_free(db);
		return -1;
	}
	randombytes_buf(db->page_key, sizeof(db->page_key));
	db->search_stack = BACK_SEARCHSTACK_DEF;
	db->ads = back_ads_new();
	db->next = databases;
	databases = db;
	be->be_private = db;
	be->be_cf_ocs = be->bd_info->bi_cf_ocs;
	SLAP_DBFLAGS(be) |= SLAP_DBFLAG_ONE_SUFFIX | SLAP_DBFLAG_MONITORING;
	return 0;
}

/* Make setting name say value; a change is written, unless we only read. */
static enum rst_err
ensure_setting(struct back_db *db, const char *name, struct rst_view value)
{
	struct rst_rtxn read;
	struct rst_wtxn txn;
	struct rst_view is;
	enum rst_err err;
	bool same;

	err = rst_read_begin(db->env, &read);
	if (err != RST_OK)
		return err;
	err = rst_setting_get(&read, name, &is);
	same = err == RST_OK ? rst_view_equal(is, value) : value.len == 0;
	rst_read_end(&read);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (same || (slapMode & SLAP_TOOL_READONLY))
		return RST_OK;
	err = rst_write_begin(db->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = rst_setting_put(&txn, name, value);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

/* The environment belongs to one suffix. */
static enum rst_err
check_settings(BackendDB *be, struct back_db *db, struct rst_detail *why)
{
	struct rst_rtxn read;
	struct rst_view is;
	enum rst_err err;

	err = rst_read_begin(db->env, &read);
	if (err != RST_OK)
		return err;
	err = rst_setting_get(&read, "suffix", &is);
	if (err == RST_OK &&
	    !rst_view_equal(is, back_view_of(&be->be_nsuffix[0]))) {
		rst_detail_set(why, "it holds \"%.*s\"", (int)is.len, is.ptr);
		err = RST_EINVALID;
	} else if (err == RST_ENOTFOUND) {
		err = RST_OK; /* it holds nothing yet */
	}
	rst_read_end(&read);
	return err;
}

/* Nobody else makes CSNs with the id of the other processes. */
static enum rst_err
check_ids(const struct back_db *db, struct rst_detail *why)
{
	struct rst_rtxn read;
	enum rst_err err;

	err = rst_read_begin(db->env, &read);
	if (err != RST_OK)
		return err;
	err = back_follow_ids(&read, why);
	rst_read_end(&read);
	return err;
}

static enum rst_err
put_settings(BackendDB *be, struct back_db *db)
{
	char id[16];
	enum rst_err err;

	err = ensure_setting(db, "suffix", back_view_of(&be->be_nsuffix[0]));
	if (err == RST_OK)
		err = ensure_setting(db, "lifecycle",
		                     over_configured(be) ? RST_VIEW("on")
		                                         : RST_VIEW("off"));
	if (err == RST_OK && db->primary != BACK_PRIMARY_UNSET)
		err = ensure_setting(db, "primary-members",
		                     db->primary == BACK_PRIMARY_HIDE
		                             ? RST_VIEW("hide")
		                             : RST_VIEW("list"));
	if (err == RST_OK && db->foreign_id != 0) {
		snprintf(id, sizeof(id), "%u", db->foreign_id);
		err = ensure_setting(db, "foreign-id", rst_view_of(id));
	}
	if (err == RST_OK && (slapMode & SLAP_SERVER_MODE)) {
		snprintf(id, sizeof(id), "%d", slap_serverID);
		err = ensure_setting(db, "server-id", rst_view_of(id));
	}
	return err;
}

static void
warn_of_size(const struct back_db *db)
{
	struct rst_env_info info;

	if (rst_env_info(db->env, &info) != RST_OK)
		return;
	if (db->map_bytes != 0 && db->map_bytes != info.map_bytes)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\" was made with maxsize %llu: the "
		      "directive's %lu has no effect (see \"rosterctl "
		      "resize\")\n",
		      db->directory, (unsigned long long)info.map_bytes,
		      db->map_bytes);
	if (db->readers != 0 && db->readers != info.readers_max)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\" was opened with maxreaders %u: the "
		      "directive's %u has no effect\n",
		      db->directory, info.readers_max, db->readers);
}

static int64_t
clock_s(void)
{
	return (int64_t)slap_get_time();
}

static enum rst_err
open_environment(BackendDB *be, struct back_db *db, struct rst_detail *why)
{
	struct rst_env_options options = {
		.map_bytes = db->map_bytes,
		.readers = db->readers,
		.create = !(slapMode & SLAP_TOOL_READONLY),
	};
	const struct back_db *other;
	enum rst_err err;

	err = rst_env_open(db->directory, &options, &db->env, why);
	if (err != RST_OK)
		return err;
	/* slapcat prints what is kept, also of memberships that have ended */
	if (!(slapMode & SLAP_TOOL_MODE)) {
		rst_env_set_clock(db->env, clock_s);
		rst_env_on_lost(db->env, back_env_lost, NULL);
	}
	for (other = databases; other != NULL; other = other->next) {
		if (other == db || other->env != db->env)
			continue;
		rst_detail_set(why, "another database roster has it open");
		return RST_EINVALID;
	}
	err = check_settings(be, db, why);
	if (err == RST_OK)
		err = put_settings(be, db);
	if (err == RST_OK)
		err = back_replica_open(be, why);
	if (err == RST_OK)
		err = check_ids(db, why);
	if (err == RST_OK && !(slapMode & SLAP_TOOL_READONLY))
		err = back_index_open(be, why);
	return err;
}

static int
db_open(BackendDB *be, ConfigReply *cr)
{
	struct back_db *db = be->be_private;
	struct rst_detail why = { "" };
	enum rst_err err;

	if (be->be_suffix == NULL || db->directory == NULL) {
		snprintf(cr->msg, sizeof(cr->msg),
		         "roster: a database needs a suffix and a directory");
		Debug(LDAP_DEBUG_ANY, "%s\n", cr->msg);
		return -1;
	}
	if (over_define_attributes() != 0 || back_names_open() != 0) {
		snprintf(cr->msg, sizeof(cr->msg),
		         "roster: the attributes that it computes cannot be "
		         "defined");
		Debug(LDAP_DEBUG_ANY, "%s\n", cr->msg);
		return -1;
	}
	db->be = be->bd_self;
	err = open_environment(be, db, &why);
	if (err == RST_OK)
		err = back_follow_open(be->bd_self, &why);
	/* contextCSN is exact.  Else syncprov, which gets this copy of the
	 * database, would take the highest of all entries, of which some were
	 * not replayed: replicas would think what comes then too old. */
	if (err == RST_OK && db->follow != NULL && !SLAP_SINGLE_SHADOW(be))
		SLAP_DBFLAGS(be) |= SLAP_DBFLAG_CLEAN;
	/* and one that cn=config adds later gets the database itself */
	if (err == RST_OK)
		SLAP_DBFLAGS(be->bd_self) |= SLAP_DBFLAG_CLEAN;
	if (err == RST_OK) {
		if (slapMode & SLAP_SERVER_MODE)
			rst_memory_private();
		warn_of_size(db);
		back_tasks_start(be);
		back_replica_publish(db, true);
		back_monitor_open(be);
		db->presence = (slapMode & SLAP_SERVER_MODE)
		                       ? rst_presence_hold(db->directory)
		                       : -1;
		return 0;
	}
	rst_env_close(db->env);
	db->env = NULL;
	/* cr->msg is short, and what to do stands at the end of why */
	Debug(LDAP_DEBUG_ANY, "roster: cannot open \"%s\" for \"%s\": %s%s%s\n",
	      db->directory, be->be_suffix[0].bv_val, rst_strerror(err),
	      why.text[0] != '\0' ? ": " : "", why.text);
	snprintf(cr->msg, sizeof(cr->msg), "roster: %.200s",
	         why.text[0] != '\0' ? why.text : rst_strerror(err));
	return -1;
}

static int
db_close(BackendDB *be, ConfigReply *cr)
{
	struct back_db *db = be->be_private;

	atomic_fetch_add(&epoch, 1);
	if (db->env == NULL)
		return 0;
	back_tasks_stop(db);
	back_lookup_close(&db->lookup);
	back_replica_publish(db, false);
	rst_presence_release(db->presence);
	db->presence = -1;
	back_follow_close(db);
	back_task_report(db, true);
	back_monitor_close(db);
	back_read_flush(db);
	rst_env_close(db->env);
	db->env = NULL;
	/* another directory may use the numbers for other attributes */
	back_ads_free(db->ads);
	db->ads = back_ads_new();
	return 0;
}

static int
db_destroy(BackendDB *be, ConfigReply *cr)
{
	struct back_db *db = be->be_private;
	struct back_db **at;

	for (at = &databases; *at != NULL; at = &(*at)->next) {
		if (*at == db) {
			*at = db->next;
			break;
		}
	}
	for (unsigned int i = 0; i < db->n_index; i++)
		ch_free(db->index[i].text);
	back_ads_free(db->ads);
	ch_free(db->directory);
	ch_free(db);
	be->be_private = NULL;
	return 0;
}

static void
set_operations(BackendInfo *bi)
{
	bi->bi_op_bind = roster_back_bind;
	bi->bi_op_search = roster_back_search;
	bi->bi_op_compare = roster_back_compare;
	bi->bi_op_add = roster_back_add;
	bi->bi_op_modify = roster_back_modify;
	bi->bi_op_modrdn = roster_back_modrdn;
	bi->bi_op_delete = roster_back_delete;
	bi->bi_extended = roster_back_extended;
	bi->bi_operational = roster_back_operational;
	bi->bi_has_subordinates = roster_back_has_subordinates;
	bi->bi_entry_get_rw = roster_back_entry_get;
	bi->bi_entry_release_rw = roster_back_entry_release;
}

static void
set_tools(BackendInfo *bi)
{
	bi->bi_tool_entry_open = back_tool_entry_open;
	bi->bi_tool_entry_close = back_tool_entry_close;
	bi->bi_tool_entry_first = backend_tool_entry_first;
	bi->bi_tool_entry_first_x = back_tool_entry_first_x;
	bi->bi_tool_entry_next = back_tool_entry_next;
	bi->bi_tool_entry_get = back_tool_entry_get;
	bi->bi_tool_entry_put = back_tool_entry_put;
	bi->bi_tool_entry_reindex = back_tool_entry_reindex;
	bi->bi_tool_sync = back_tool_sync;
	bi->bi_tool_dn2id_get = back_tool_dn2id_get;
	bi->bi_tool_entry_modify = back_tool_entry_modify;
	bi->bi_tool_entry_delete = back_tool_entry_delete;
}

int
roster_back_initialize(BackendInfo *bi)
{
	static const char *const controls[] = {
		LDAP_CONTROL_ASSERT,        LDAP_CONTROL_MANAGEDSAIT,
		LDAP_CONTROL_NOOP,          LDAP_CONTROL_PAGEDRESULTS,
		LDAP_CONTROL_PRE_READ,      LDAP_CONTROL_POST_READ,
		LDAP_CONTROL_SUBENTRIES,    LDAP_CONTROL_X_PERMISSIVE_MODIFY,
		LDAP_CONTROL_X_TREE_DELETE, NULL,
	};

	bi->bi_flags |= SLAP_BFLAG_INCREMENT | SLAP_BFLAG_SUBENTRIES |
	                SLAP_BFLAG_ALIASES | SLAP_BFLAG_REFERRALS;
	bi->bi_controls = (char **)controls;
	bi->bi_db_init = db_init;
	bi->bi_db_config = config_generic_wrapper;
	bi->bi_db_open = db_open;
	bi->bi_db_close = db_close;
	bi->bi_db_destroy = db_destroy;
	bi->bi_connection_init = back_handshake_watch;
	set_operations(bi);
	set_tools(bi);
	return back_init_cf(bi);
}
