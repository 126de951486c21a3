/* SPDX-License-Identifier: OLDAP-2.8 */
/* config.c - the directives of "database roster", in slapd.conf and cn=config
 *
 * slapd-roster(5) lists the same directives in the same order.  Those of
 * slapd-mdb(5) keep their names, attributes and syntax; their definitions are
 * OpenLDAP's own, so that both backends may be loaded in either order.
 */
#include "back-roster.h"

#include "slap-config.h"

#define ROSTER_AT "2.25.159176679776293129422703630532299253314.3."
#define ROSTER_OC "2.25.159176679776293129422703630532299253314.4."

#define READERS_MAX 65536

static int
reject(ConfigArgs *c, const char *why)
{
	snprintf(c->cr_msg, sizeof(c->cr_msg), "%s", why);
	Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
	return (int)ARG_BAD_CONF;
}

/* Runs when a change of cn=config is complete, the pool still paused. */
static int
reopen_cleanup(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;
	int rc;

	if (!db->reopen)
		return 0;
	db->reopen = false;
	rc = c->be->bd_info->bi_db_close(c->be, &c->reply);
	if (rc == 0)
		rc = c->be->bd_info->bi_db_open(c->be, &c->reply);
	if (rc == 0)
		return 0;
	/* nothing serves the suffix any more: the administrator must act */
	slapd_shutdown = 2;
	snprintf(c->cr_msg, sizeof(c->cr_msg),
	         "the database does not open again, slapd ends");
	Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
	return LDAP_OTHER;
}

static void
reopen_later(ConfigArgs *c, struct back_db *db)
{
	if (db->env == NULL || !CONFIG_ONLINE_ADD(c))
		return;
	db->reopen = true;
	config_push_cleanup(c, reopen_cleanup);
}

static int
directory_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (db->directory == NULL)
			return 1;
		c->value_string = ch_strdup(db->directory);
		return 0;
	case LDAP_MOD_DELETE:
		/* the attribute is mandatory: its new value follows */
		ch_free(db->directory);
		db->directory = NULL;
		return 0;
	}
	if (back_directory_taken(db, c->value_string)) {
		ch_free(c->value_string);
		return reject(c, "another database roster has this directory: "
		                 "one directory is one database");
	}
	ch_free(db->directory);
	db->directory = c->value_string;
	reopen_later(c, db);
	return 0;
}

static int
index_emit(ConfigArgs *c, const struct back_db *db)
{
	struct berval bv;

	for (unsigned int i = 0; i < db->n_index; i++) {
		ber_str2bv(db->index[i].text, 0, 0, &bv);
		value_add_one(&c->rvalue_vals, &bv);
	}
	return c->rvalue_vals == NULL;
}

static void
index_drop(struct back_db *db, unsigned int at)
{
	ch_free(db->index[at].text);
	for (unsigned int i = at + 1; i < db->n_index; i++)
		db->index[i - 1] = db->index[i];
	db->n_index--;
}

static int
index_delete(ConfigArgs *c, struct back_db *db)
{
	if (c->valx < 0) {
		while (db->n_index > 0)
			index_drop(db, db->n_index - 1);
		return 0;
	}
	for (unsigned int i = 0; i < db->n_index; i++) {
		if (strcasecmp(db->index[i].text, c->line) == 0) {
			index_drop(db, i);
			return 0;
		}
	}
	if ((unsigned int)c->valx < db->n_index)
		index_drop(db, (unsigned int)c->valx);
	return 0;
}

/* A running server begins at once. */
static int
index_cleanup(ConfigArgs *c)
{
	struct rst_detail detail = { "" };
	enum rst_err err = back_index_open(c->be, &detail);

	if (err == RST_OK)
		return 0;
	snprintf(c->cr_msg, sizeof(c->cr_msg), "index: %s %.180s",
	         rst_strerror(err), detail.text);
	Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
	return LDAP_OTHER;
}

static void
index_later(ConfigArgs *c, const struct back_db *db)
{
	if (db->env != NULL && CONFIG_ONLINE_ADD(c))
		config_push_cleanup(c, index_cleanup);
}

static int
index_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;
	char text[RST_ATTR_NAME_MAX * 2];
	char err[BACK_TEXT_MAX];
	int len;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		return index_emit(c, db);
	case LDAP_MOD_DELETE:
		index_later(c, db);
		return index_delete(c, db);
	}
	if (!back_index_check(c->argc, c->argv, err, sizeof(err)))
		return reject(c, err);
	if (db->n_index == BACK_INDEX_MAX)
		return reject(c, "too many index lines");
	len = snprintf(text, sizeof(text), "%s%s%s", c->argv[1],
	               c->argc > 2 ? " " : "", c->argc > 2 ? c->argv[2] : "");
	if (len < 0 || (size_t)len >= sizeof(text))
		return reject(c, "index line too long");
	db->index[db->n_index++].text = ch_strdup(text);
	index_later(c, db);
	return 0;
}

static int
maxreaders_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		c->value_uint = db->readers;
		return db->readers == 0;
	case LDAP_MOD_DELETE:
		db->readers = 0;
		return 0;
	}
	if (c->value_uint == 0 || c->value_uint > READERS_MAX)
		return reject(c, "maxreaders must be 1 to 65536");
	db->readers = c->value_uint;
	return 0;
}

static int
maxsize_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		c->value_ulong = db->map_bytes;
		return db->map_bytes == 0;
	case LDAP_MOD_DELETE:
		db->map_bytes = 0;
		return 0;
	}
	if (c->value_ulong < RST_MAP_BYTES_MIN)
		return reject(c, "maxsize must be at least 1048576 bytes");
	if (db->env != NULL && c->value_ulong != db->map_bytes)
		Debug(LDAP_DEBUG_ANY,
		      "%s: an environment keeps the size it was made with: "
		      "see \"rosterctl resize\"\n",
		      c->log);
	db->map_bytes = c->value_ulong;
	return 0;
}

static int
mode_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;
	char text[16];
	struct berval bv = { 0, text };
	char *end;
	long mode;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (db->mode == 0)
			return 1;
		bv.bv_len = (ber_len_t)snprintf(text, sizeof(text), "0%o",
		                                (unsigned int)db->mode);
		value_add_one(&c->rvalue_vals, &bv);
		return 0;
	case LDAP_MOD_DELETE:
		db->mode = 0;
		return 0;
	}
	mode = strtol(c->argv[1], &end, 8);
	if (*c->argv[1] == '\0' || *end != '\0' || mode < 0600 || mode > 0777)
		return reject(c, "mode must be an octal number, 0600 to 0777");
	db->mode = (int)mode;
	return 0;
}

static int
primary_cf(ConfigArgs *c)
{
	static struct berval word[] = {
		[BACK_PRIMARY_HIDE] = BER_BVC("hide"),
		[BACK_PRIMARY_LIST] = BER_BVC("list"),
	};
	struct back_db *db = c->be->be_private;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (db->primary == BACK_PRIMARY_UNSET)
			return 1;
		value_add_one(&c->rvalue_vals, &word[db->primary]);
		return 0;
	case LDAP_MOD_DELETE:
		db->primary = BACK_PRIMARY_UNSET;
		reopen_later(c, db);
		return 0;
	}
	if (strcasecmp(c->argv[1], "hide") == 0)
		db->primary = BACK_PRIMARY_HIDE;
	else if (strcasecmp(c->argv[1], "list") == 0)
		db->primary = BACK_PRIMARY_LIST;
	else
		return reject(c, "primary-members must be hide or list");
	reopen_later(c, db);
	return 0;
}

static int
foreign_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		c->value_int = (int)db->foreign_id;
		return db->foreign_id == 0;
	case LDAP_MOD_DELETE:
		db->foreign_id = 0;
		reopen_later(c, db);
		return 0;
	}
	if (c->value_int < 1 || c->value_int > SLAP_SYNC_SID_MAX)
		return reject(c, "foreign-id must be 1 to 4095");
	db->foreign_id = (unsigned int)c->value_int;
	reopen_later(c, db);
	return 0;
}

static int
searchstack_cf(ConfigArgs *c)
{
	struct back_db *db = c->be->be_private;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		c->value_int = db->search_stack;
		return db->search_stack == BACK_SEARCHSTACK_DEF;
	case LDAP_MOD_DELETE:
		db->search_stack = BACK_SEARCHSTACK_DEF;
		return 0;
	}
	if (c->value_int < 1)
		return reject(c, "searchstack must be positive");
	db->search_stack = c->value_int;
	return 0;
}

static ConfigTable roster_cfg[] = {
	{
		.name = "directory",
		.what = "dir",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_STRING | ARG_MAGIC,
		.arg_item = (void *)directory_cf,
		.attribute = "( OLcfgDbAt:0.1 NAME 'olcDbDirectory' "
			     "DESC 'Directory for database content' "
			     "EQUALITY caseExactMatch "
			     "SYNTAX OMsDirectoryString SINGLE-VALUE )",
	},
	{
		.name = "index",
		.what = "attr> <[pres,eq,approx,sub]",
		.min_args = 2,
		.max_args = 3,
		.arg_type = ARG_MAGIC,
		.arg_item = (void *)index_cf,
		.attribute = "( OLcfgDbAt:0.2 NAME 'olcDbIndex' "
			     "DESC 'Attribute index parameters' "
			     "EQUALITY caseIgnoreMatch "
			     "SYNTAX OMsDirectoryString )",
	},
	{
		.name = "maxreaders",
		.what = "num",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_UINT | ARG_MAGIC,
		.arg_item = (void *)maxreaders_cf,
		.attribute = "( OLcfgDbAt:12.1 NAME 'olcDbMaxReaders' "
			     "DESC 'Maximum number of threads that may access "
			     "the DB concurrently' "
			     "EQUALITY integerMatch "
			     "SYNTAX OMsInteger SINGLE-VALUE )",
	},
	{
		.name = "maxsize",
		.what = "size",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_ULONG | ARG_MAGIC,
		.arg_item = (void *)maxsize_cf,
		.attribute = "( OLcfgDbAt:12.2 NAME 'olcDbMaxSize' "
			     "DESC 'Maximum size of DB in bytes' "
			     "EQUALITY integerMatch "
			     "SYNTAX OMsInteger SINGLE-VALUE )",
	},
	{
		.name = "mode",
		.what = "mode",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_MAGIC,
		.arg_item = (void *)mode_cf,
		.attribute = "( OLcfgDbAt:0.3 NAME 'olcDbMode' "
			     "DESC 'Unix permissions of database files' "
			     "EQUALITY caseIgnoreMatch "
			     "SYNTAX OMsDirectoryString SINGLE-VALUE )",
	},
	{
		.name = "primary-members",
		.what = "hide|list",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_MAGIC,
		.arg_item = (void *)primary_cf,
		.attribute = "( " ROSTER_AT "1 NAME 'olcRosterPrimaryMembers' "
			     "DESC 'Whether a group lists the members whose "
			     "primary group it is' "
			     "EQUALITY caseIgnoreMatch "
			     "SYNTAX OMsDirectoryString SINGLE-VALUE )",
	},
	{
		.name = "foreign-id",
		.what = "number",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_INT | ARG_MAGIC,
		.arg_item = (void *)foreign_cf,
		.attribute = "( " ROSTER_AT "2 NAME 'olcRosterForeignId' "
			     "DESC 'Server id of changes by other processes' "
			     "EQUALITY integerMatch "
			     "SYNTAX OMsInteger SINGLE-VALUE )",
	},
	{
		.name = "searchstack",
		.what = "depth",
		.min_args = 2,
		.max_args = 2,
		.arg_type = ARG_INT | ARG_MAGIC,
		.arg_item = (void *)searchstack_cf,
		.attribute = "( OLcfgDbAt:1.9 NAME 'olcDbSearchStack' "
			     "DESC 'Depth of search stack in IDLs' "
			     "EQUALITY integerMatch "
			     "SYNTAX OMsInteger SINGLE-VALUE )",
	},
	{ .arg_type = ARG_IGNORED },
};

static ConfigOCs roster_ocs[] = {
	{
		.co_def = "( " ROSTER_OC "1 NAME 'olcRosterConfig' "
			  "DESC 'Roster database configuration' "
			  "SUP olcDatabaseConfig "
			  "MUST olcDbDirectory "
			  "MAY ( olcDbIndex $ olcDbMaxReaders $ olcDbMaxSize $ "
			  "olcDbMode $ olcRosterPrimaryMembers $ "
			  "olcRosterForeignId $ "
			  "olcDbSearchStack ) )",
		.co_type = Cft_Database,
		.co_table = roster_cfg,
	},
	{ .co_def = NULL },
};

int
back_init_cf(BackendInfo *bi)
{
	bi->bi_cf_ocs = roster_ocs;
	return config_register_schema(roster_cfg, roster_ocs);
}
