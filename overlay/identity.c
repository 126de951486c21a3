/* SPDX-License-Identifier: OLDAP-2.8 */
/* identity.c - who is bound on which connection
 *
 *	connection 17	uid=alice,ou=people,...	entry 42, generation 3
 *	connection 18	cn=admin,cn=config	nobody of ours
 *
 * A connection's row is written as it binds to a database of ours, or else by
 * its first operation, and goes when it binds anew or ends.
 */
#include "portable.h"

#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

#define BUCKETS 1024 /* a power of two */

struct row {
	struct row *next;
	unsigned long connid;
	struct over_who who;
	size_t ndn_len;
	char ndn[];
};

static struct row *buckets[BUCKETS];
static pthread_mutex_t rows_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Where the row of connid is, or would be.  The mutex is held. */
static struct row **
row_at(unsigned long connid)
{
	struct row **at = &buckets[connid & (BUCKETS - 1)];

	while (*at != NULL && (*at)->connid != connid)
		at = &(*at)->next;
	return at;
}

static void
row_take_out(struct row **at)
{
	struct row *row = *at;

	if (row != NULL) {
		*at = row->next;
		ch_free(row);
	}
}

static bool
is_known(unsigned long connid)
{
	bool known;

	pthread_mutex_lock(&rows_mutex);
	known = *row_at(connid) != NULL;
	pthread_mutex_unlock(&rows_mutex);
	return known;
}

/* The same identity, proved again; not one that was bound meanwhile. */
static void
raise_generation(unsigned long connid, const struct over_who *was,
                 uint64_t generation)
{
	struct row *row;

	pthread_mutex_lock(&rows_mutex);
	row = *row_at(connid);
	if (row != NULL && row->who.db == was->db && row->who.id == was->id &&
	    row->who.generation == was->generation) {
		row->who.generation = generation;
		row->who.must_change = false;
		row->who.changing = false;
	}
	pthread_mutex_unlock(&rows_mutex);
}

static void
set_changing(unsigned long connid, bool changing)
{
	struct row *row;

	pthread_mutex_lock(&rows_mutex);
	row = *row_at(connid);
	if (row != NULL)
		row->who.changing = changing;
	pthread_mutex_unlock(&rows_mutex);
}

bool
over_identity_moved(unsigned long connid, struct over_who *who)
{
	struct over_who was = *who;
	const struct row *row;

	pthread_mutex_lock(&rows_mutex);
	row = *row_at(connid);
	if (row != NULL)
		*who = row->who;
	pthread_mutex_unlock(&rows_mutex);
	return who->db != was.db || who->id != was.id ||
	       who->generation != was.generation || who->token != was.token ||
	       who->changing != was.changing;
}

void
over_identity_put(unsigned long connid, const struct berval *ndn,
                  const struct over_who *who)
{
	struct row *row = ch_malloc(sizeof(*row) + ndn->bv_len);

	row->connid = connid;
	row->who = *who;
	row->ndn_len = ndn->bv_len;
	if (ndn->bv_len > 0)
		memcpy(row->ndn, ndn->bv_val, ndn->bv_len);

	pthread_mutex_lock(&rows_mutex);
	row_take_out(row_at(connid));
	row->next = buckets[connid & (BUCKETS - 1)];
	buckets[connid & (BUCKETS - 1)] = row;
	pthread_mutex_unlock(&rows_mutex);
}

void
over_identity_meet(Connection *conn, const struct berval *ndn,
                   const struct over_who *who)
{
	ldap_pvt_thread_mutex_lock(&conn->c_mutex);
	if (!BER_BVISEMPTY(ndn) && bvmatch(&conn->c_ndn, ndn) &&
	    !is_known(conn->c_connid))
		over_identity_put(conn->c_connid, ndn, who);
	ldap_pvt_thread_mutex_unlock(&conn->c_mutex);
}

bool
over_identity_get(unsigned long connid, const struct berval *ndn,
                  struct over_who *ret_who, bool *ret_same)
{
	const struct row *row;
	bool found;

	pthread_mutex_lock(&rows_mutex);
	row = *row_at(connid);
	found = row != NULL;
	if (found) {
		*ret_who = row->who;
		*ret_same = rst_view_equal(rst_view(row->ndn, row->ndn_len),
		                           back_view_of(ndn));
	}
	pthread_mutex_unlock(&rows_mutex);
	return found;
}

void
over_identity_drop(unsigned long connid)
{
	pthread_mutex_lock(&rows_mutex);
	row_take_out(row_at(connid));
	pthread_mutex_unlock(&rows_mutex);
}

void
over_identity_drop_db(const struct over_db *db)
{
	struct row **at;

	pthread_mutex_lock(&rows_mutex);
	for (size_t i = 0; i < BUCKETS; i++)
		for (at = &buckets[i]; *at != NULL;) {
			if ((*at)->who.db == db || over_db_first() == NULL)
				row_take_out(at);
			else
				at = &(*at)->next;
		}
	pthread_mutex_unlock(&rows_mutex);
}

bool
over_identity_has(const struct over_db *db, uint64_t id)
{
	const struct row *row = NULL;

	pthread_mutex_lock(&rows_mutex);
	for (size_t i = 0; i < BUCKETS && row == NULL; i++)
		for (row = buckets[i]; row != NULL; row = row->next)
			if (row->who.db == db &&
			    (row->who.id == id || row->who.token == id))
				break;
	pthread_mutex_unlock(&rows_mutex);
	return row != NULL;
}

/* ndn is the rootdn of some database of this server. */
static bool
is_some_rootdn(const struct berval *ndn)
{
	BackendDB *be;

	LDAP_STAILQ_FOREACH(be, &backendDB, be_next)
	if (!BER_BVISEMPTY(&be->be_rootndn) && dn_match(&be->be_rootndn, ndn))
		break;
	return be != NULL;
}

/*
 * The rootdn of the directory is above its rules.  The rootdn of another
 * database (cn=config) is, too, unless it is somebody of this directory.
 */
enum rst_err
over_identity_find(const struct rst_rtxn *txn, struct over_db *db,
                   const struct berval *ndn, struct over_who *ret_who)
{
	struct over_who who = { 0 };
	struct rst_record record;
	enum rst_err err = RST_OK;

	if (!BER_BVISEMPTY(&db->be->be_rootndn) &&
	    dn_match(&db->be->be_rootndn, ndn))
		goto out;
	err = rst_tree_find(txn, back_view_of(ndn), &who.id, NULL);
	if (err == RST_ENOTFOUND && is_some_rootdn(ndn))
		err = RST_OK;
	else if (err == RST_OK) {
		err = rst_record_get(txn, who.id, &record);
		if (err == RST_OK) {
			who.db = db;
			who.generation = record.generation;
		}
	}
out:
	if (err == RST_OK)
		*ret_who = who;
	return err;
}

static bool
changes_password(const Operation *op)
{
	const Modifications *mod;

	for (mod = op->orm_modlist; mod != NULL; mod = mod->sml_next)
		if (mod->sml_desc == slap_schema.si_ad_userPassword)
			break;
	return mod != NULL;
}

/* op changes the password of who is bound on its connection. */
static bool
changes_own(const Operation *op, struct over_who *ret_who)
{
	bool same = false;

	return over_identity_get(op->o_connid, &op->o_req_ndn, ret_who,
	                         &same) &&
	       same && ret_who->db != NULL && changes_password(op);
}

void
over_identity_expect(Operation *op)
{
	struct over_who who;

	if (changes_own(op, &who))
		set_changing(op->o_connid, true);
}

/*
 * Only by one: had anything else happened to the account in between, such as
 * a suspension and its end, the connection would go as any other.
 */
void
over_identity_renew(Operation *op, bool done)
{
	struct over_who who, now = { .id = 0 };
	struct back_read *read;
	enum rst_err err;

	if (!changes_own(op, &who))
		return;
	if (done && back_read_begin(op, who.db->back, &read) == RST_OK) {
		err = over_identity_find(&read->txn, who.db, &op->o_req_ndn,
		                         &now);
		back_read_end(read);
		if (err == RST_OK && now.id == who.id &&
		    now.generation == who.generation + 1)
			raise_generation(op->o_connid, &who, now.generation);
	}
	set_changing(op->o_connid, false);
}

enum rst_err
over_identity_check(const struct rst_rtxn *txn, const struct over_who *who)
{
	int64_t now_s = slap_get_time();
	enum rst_err err;

	err = act_still_allowed(txn, who->id, who->generation, now_s);
	if (err == RST_EDENIED && who->changing)
		err = act_still_allowed(txn, who->id, who->generation + 1,
		                        now_s);
	if (err == RST_OK && who->token != 0)
		err = act_token_still(txn, who->token, who->token_generation,
		                      now_s);
	return err;
}
