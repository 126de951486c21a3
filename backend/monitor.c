/* SPDX-License-Identifier: OLDAP-2.8 */
/* monitor.c - the counters of a database in cn=monitor
 *
 * slapd's monitor backend has an entry for each database.  To ours we add an
 * auxiliary class with counters, which are read when somebody asks:
 *
 *	objectClass: rosterDatabase
 *	rosterDirectory: /var/lib/roster
 *	rosterPagesMax: 4194304
 *	rosterPagesUsed: 1021	ever used, free ones among them
 *	rosterPagesFree: 12
 *	rosterReadersMax: 1024
 *	rosterReadersUsed: 3
 *	rosterEntries: 10250
 *	rosterVerifiedHits: 812	passwords that were remembered
 *	rosterIndex: description eq building 4000/10250
 *
 * Directive "monitoring off" leaves them out.  The monitor backend is a module
 * that may come before or after us, and its database too; while it is not
 * there (any more), nothing is shown.
 */
#include "back-roster.h"

#include "back-monitor/back-monitor.h"
#include "lifecycle/throttle.h"

#define MONITOR_AT "2.25.159176679776293129422703630532299253314.6.1."
#define MONITOR_OC "2.25.159176679776293129422703630532299253314.6.2."

#define COUNTER(number, name, desc)                                            \
	"( " MONITOR_AT number " NAME '" name "' DESC '" desc                  \
	"' SUP monitorCounter NO-USER-MODIFICATION USAGE dSAOperation )"
#define INFO(number, name, desc)                                               \
	"( " MONITOR_AT number " NAME '" name "' DESC '" desc                  \
	"' SUP monitoredInfo NO-USER-MODIFICATION USAGE dSAOperation )"

enum shown {
	SHOWN_PAGES_MAX,
	SHOWN_PAGES_USED,
	SHOWN_PAGES_FREE,
	SHOWN_READERS_MAX,
	SHOWN_READERS_USED,
	SHOWN_ENTRIES,
	SHOWN_VERIFIED,
	SHOWN_COUNTERS, /* how many counters there are */
	SHOWN_DIRECTORY = SHOWN_COUNTERS,
	SHOWN_INDEX,
	SHOWN_COUNT
};

static const char *const definition[SHOWN_COUNT] = {
	[SHOWN_PAGES_MAX] =
		COUNTER("1", "rosterPagesMax", "Pages that the map can hold"),
	[SHOWN_PAGES_USED] = COUNTER("2", "rosterPagesUsed", "Pages ever used"),
	[SHOWN_PAGES_FREE] = COUNTER("3", "rosterPagesFree",
	                             "Pages of these that are free again"),
	[SHOWN_READERS_MAX] = COUNTER("4", "rosterReadersMax",
	                              "Readers there may be, in all processes"),
	[SHOWN_READERS_USED] =
		COUNTER("5", "rosterReadersUsed", "Readers there are"),
	[SHOWN_ENTRIES] = COUNTER("6", "rosterEntries", "Entries"),
	[SHOWN_VERIFIED] =
		COUNTER("9", "rosterVerifiedHits",
	                "Right passwords that were remembered, not hashed"),
	[SHOWN_DIRECTORY] =
		INFO("7", "rosterDirectory", "Directory of the environment"),
	[SHOWN_INDEX] = INFO("8", "rosterIndex",
	                     "An index that was configured, and its state"),
};

static const char class_definition[] =
	"( " MONITOR_OC "1 NAME 'rosterDatabase' "
	"DESC 'Counters of a roster database' SUP top AUXILIARY "
	"MAY ( rosterPagesMax $ rosterPagesUsed $ rosterPagesFree $ "
	"rosterReadersMax $ rosterReadersUsed $ rosterEntries $ "
	"rosterVerifiedHits $ rosterDirectory $ rosterIndex ) )";

static AttributeDescription *ad[SHOWN_COUNT];
static ObjectClass *oc;

/* Define what we show, once; it derives from the monitor's own schema. */
static bool
define(void)
{
	if (oc != NULL)
		return true;
	for (int i = 0; i < SHOWN_COUNT; i++) {
		if (ad[i] != NULL)
			continue;
		if (register_at(definition[i], &ad[i], 1) != 0)
			return false;
		ad[i]->ad_type->sat_flags |= SLAP_AT_HIDE;
	}
	if (register_oc(class_definition, &oc, 1) != 0)
		return false;
	oc->soc_flags |= SLAP_OC_HIDE;
	return true;
}

static void
show_counters(Entry *entry, struct rst_env *env,
              const struct rst_env_info *info)
{
	const struct throttle *throttle = throttle_of(env);
	const uint64_t values[SHOWN_COUNTERS] = {
		[SHOWN_PAGES_MAX] = info->map_bytes / info->page_bytes,
		[SHOWN_PAGES_USED] = (info->used_bytes + info->free_bytes) /
		                     info->page_bytes,
		[SHOWN_PAGES_FREE] = info->free_bytes / info->page_bytes,
		[SHOWN_READERS_MAX] = info->readers_max,
		[SHOWN_READERS_USED] = info->readers_used,
		[SHOWN_ENTRIES] = info->entries,
		[SHOWN_VERIFIED] =
			throttle != NULL ? throttle_verified_hits(throttle) : 0,
	};
	char text[32];
	struct berval bv = { 0, text };
	Attribute *attr;

	for (int i = 0; i < SHOWN_COUNTERS; i++) {
		attr = attr_find(entry->e_attrs, ad[i]);
		if (attr == NULL)
			continue;
		bv.bv_len = (ber_len_t)snprintf(text, sizeof(text), "%llu",
		                                (unsigned long long)values[i]);
		ber_bvreplace(&attr->a_vals[0], &bv);
	}
}

static void
show_indexes(Entry *entry, struct rst_env *env)
{
	char text[RST_ATTR_NAME_MAX + 64];
	struct rst_index_info info;
	struct rst_rtxn txn;
	struct berval bv;
	size_t at = 0;

	attr_delete(&entry->e_attrs, ad[SHOWN_INDEX]);
	if (rst_read_begin(env, &txn) != RST_OK)
		return;
	while (rst_index_next(&txn, &at, &info)) {
		back_index_print(&info, text, sizeof(text));
		ber_str2bv(text, 0, 0, &bv);
		attr_merge_normalize_one(entry, ad[SHOWN_INDEX], &bv, NULL);
	}
	rst_read_end(&txn);
}

/* Somebody reads the entry. */
static int
update(Operation *op, SlapReply *rs, Entry *entry, void *arg)
{
	const struct back_db *db = arg;
	struct rst_env_info info;

	if (db->env == NULL || rst_env_info(db->env, &info) != RST_OK)
		return SLAP_CB_CONTINUE;
	show_counters(entry, db->env, &info);
	show_indexes(entry, db->env);
	return SLAP_CB_CONTINUE;
}

/* We are no longer shown: take from the entry what we gave it. */
static int
take_away(Entry *entry, void **arg)
{
	struct berval values[] = { oc->soc_cname, BER_BVNULL };
	Modification mod = { .sm_op = LDAP_MOD_DELETE,
		             .sm_desc = slap_schema.si_ad_objectClass,
		             .sm_values = values,
		             .sm_numvals = 1 };
	char text[SLAP_TEXT_BUFLEN];
	const char *why;

	*arg = NULL;
	(void)modify_delete_values(entry, &mod, 1, &why, text, sizeof(text));
	for (int i = 0; i < SHOWN_COUNT; i++)
		attr_delete(&entry->e_attrs, ad[i]);
	return SLAP_CB_CONTINUE;
}

static monitor_extra_t *
find_monitor(void)
{
	BackendInfo *monitor = backend_info("monitor");

	return monitor != NULL ? monitor->bi_extra : NULL;
}

/* The attributes, all zero yet. */
static Attribute *
make_attrs(const struct back_db *db)
{
	struct berval zero = BER_BVC("0"), dir;
	Attribute *attrs = attrs_alloc(1 + SHOWN_COUNTERS + 1);
	Attribute *attr = attrs;

	attr->a_desc = slap_schema.si_ad_objectClass;
	attr_valadd(attr, &oc->soc_cname, NULL, 1);
	for (int i = 0; i < SHOWN_COUNTERS; i++) {
		attr = attr->a_next;
		attr->a_desc = ad[i];
		attr_valadd(attr, &zero, NULL, 1);
	}
	attr = attr->a_next;
	attr->a_desc = ad[SHOWN_DIRECTORY];
	ber_str2bv(db->directory, 0, 0, &dir);
	attr_valadd(attr, &dir, NULL, 1);
	return attrs;
}

void
back_monitor_open(BackendDB *be)
{
	struct back_db *db = be->be_private;
	monitor_extra_t *monitor = find_monitor();
	monitor_callback_t *callback;
	Attribute *attrs;
	int rc;

	if (!(slapMode & SLAP_SERVER_MODE) || !SLAP_DBMONITORING(be) ||
	    monitor == NULL || !monitor->is_configured())
		return;
	if (!define()) {
		Debug(LDAP_DEBUG_ANY, "roster: the counters of cn=monitor "
		                      "cannot be defined\n");
		return;
	}
	attrs = make_attrs(db);
	callback = ch_calloc(1, sizeof(*callback));
	callback->mc_update = update;
	callback->mc_free = take_away;
	callback->mc_private = db;
	rc = monitor->register_database(be, &db->monitor_ndn);
	if (rc == 0)
		rc = monitor->register_entry_attrs(&db->monitor_ndn, attrs,
		                                   callback, NULL, -1, NULL);
	attrs_free(attrs);
	if (rc == 0) {
		db->monitor_callback = callback;
		return;
	}
	Debug(LDAP_DEBUG_ANY, "roster: no counters in cn=monitor for \"%s\"\n",
	      be->be_suffix[0].bv_val);
	ch_free(callback);
}

void
back_monitor_close(struct back_db *db)
{
	monitor_extra_t *monitor = find_monitor();
	struct berval none = BER_BVNULL;

	if (monitor != NULL && db->monitor_callback != NULL &&
	    !BER_BVISNULL(&db->monitor_ndn))
		monitor->unregister_entry_callback(&db->monitor_ndn,
		                                   db->monitor_callback, &none,
		                                   0, &none);
	db->monitor_callback = NULL;
	BER_BVZERO(&db->monitor_ndn);
}
