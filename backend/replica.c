/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica.c - configuration and environment agree who decides
 *
 *	configuration	environment	slapd
 *	syncrepl	-		writes down that it is a replica
 *	syncrepl	replica		follows
 *	syncrepl	promoted	does not start
 *	-		replica		does not start
 *	-		-, promoted	is the provider
 *
 * While slapd runs cn=config may change the first column; then nothing is
 * written in the last three cases that was refused at a start.
 */
#include "backend/replica.h"

#include <time.h>

#include "lifecycle/replica.h"
#include "overlay/lifecycle.h"

#define URL_UNKNOWN   "ldap:///" /* there is no updateref */
#define PROBE_EVERY_S 5

static struct rst_view
url_of(BackendDB *be)
{
	if (be->be_update_refs == NULL || BER_BVISEMPTY(be->be_update_refs))
		return RST_VIEW(URL_UNKNOWN);
	return back_view_of(&be->be_update_refs[0]);
}

enum rst_err
back_replica_note(BackendDB *be, struct rst_wtxn *txn)
{
	struct replica_past past;
	char url[REPLICA_URL_MAX + 1];
	enum rst_err err = replica_was(&txn->r, &past);

	if (err != RST_ENOTFOUND)
		return err; /* if it was, the gate will not take it */
	err = replica_provider(&txn->r, url);
	if (err == RST_OK && !rst_view_equal(rst_view_of(url), url_of(be)))
		err = replica_begin(txn, url_of(be));
	return err;
}

static enum rst_err
note(BackendDB *be, struct back_db *db)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	err = rst_write_begin(db->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = back_replica_note(be, &txn);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

/* What the environment says. */
struct role {
	bool is, was;
	char url[REPLICA_URL_MAX + 1]; /* of the provider, or the former one */
};

static enum rst_err
read_role(struct back_db *db, struct role *role)
{
	struct replica_past past;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(db->env, &txn);
	if (err != RST_OK)
		return err;
	err = replica_provider(&txn, role->url);
	role->is = err == RST_OK && role->url[0] != '\0';
	role->was = false;
	if (err != RST_OK || role->is)
		goto out;
	err = replica_was(&txn, &past);
	role->was = err == RST_OK;
	if (role->was)
		memcpy(role->url, past.provider, sizeof(role->url));
	else if (err == RST_ENOTFOUND)
		err = RST_OK;
out:
	rst_read_end(&txn);
	return err;
}

enum rst_err
back_replica_open(BackendDB *be, struct rst_detail *why)
{
	struct back_db *db = be->be_private;
	bool shadow = SLAP_SINGLE_SHADOW(be);
	struct role role;
	enum rst_err err;

	if (!(slapMode & SLAP_SERVER_MODE))
		return RST_OK;
	if (over_configured(be) && SLAP_MULTIPROVIDER(be)) {
		rst_detail_set(why, "with overlay lifecycle one server "
		                    "decides: multiprovider is refused");
		return RST_EINVALID;
	}
	err = read_role(db, &role);
	if (err != RST_OK)
		return err;
	if (shadow && role.was) {
		rst_detail_set(why,
		               "it was promoted to provider in the place of "
		               "%s: take syncrepl and updateref out of the "
		               "configuration, or see rosterctl demote",
		               role.url);
		return RST_EINVALID;
	}
	if (!shadow && role.is) {
		rst_detail_set(why,
		               "it is a replica of %s, and the configuration "
		               "has no syncrepl: see rosterctl promote",
		               role.url);
		return RST_EINVALID;
	}
	if (shadow &&
	    (!role.is || !rst_view_equal(rst_view_of(role.url), url_of(be))))
		err = note(be, db);
	return err;
}

static enum rst_err
read_seen(struct back_db *db, struct replica_seen *seen)
{
	struct rst_rtxn txn;
	enum rst_err err = rst_read_begin(db->env, &txn);

	if (err != RST_OK)
		return err;
	err = replica_seen(&txn, seen);
	rst_read_end(&txn);
	return err;
}

/* How far behind, for rosterd and rosterctl. */
static void
see_provider(struct back_db *db, int64_t now_s)
{
	struct back_upstream upstream;
	struct rst_wtxn txn = { 0 };
	struct back_probe probe;
	struct replica_seen seen;
	enum rst_err err;

	if (!back_replica_upstream(db, &upstream))
		return;
	back_replica_probe(db, upstream.url, &upstream.tls, &probe);
	bindconf_free(&upstream.tls);
	db->probe_current = probe.current;
	if (read_seen(db, &seen) != RST_OK ||
	    (!probe.answers && seen.asked_s > seen.answered_s))
		return; /* it is known that nobody answers */
	seen.asked_s = now_s;
	if (probe.answers)
		seen.answered_s = now_s;
	if (probe.current)
		seen.current_s = now_s;
	err = rst_write_begin(db->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = replica_see(&txn, &seen);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err != RST_OK && err != RST_EBUSY)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": replica: %s\n",
		      db->directory, rst_strerror(err));
}

/* The server in whose place this one was promoted must not come back as it
 * was: it would take changes that nobody else hears of. */
static void
see_former(struct back_db *db, const struct role *role)
{
	struct back_probe probe;

	if (strcmp(role->url, URL_UNKNOWN) == 0)
		return;
	back_replica_probe(db, role->url, NULL, &probe);
	if (probe.provides && !db->two_providers)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": %s is a provider, too, since it came "
		      "back: stop it, and see rosterctl demote\n",
		      db->directory, role->url);
	else if (!probe.provides && db->two_providers)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": %s is none any more\n",
		      db->directory, role->url);
	db->two_providers = probe.provides;
}

/* False: meanwhile the database was removed. */
static bool
follow_role(struct back_db *db, const struct role *role)
{
	bool shadow = SLAP_SINGLE_SHADOW(db->be);
	unsigned int epoch = back_epoch();
	enum rst_err err = RST_OK;
	int code;

	if (shadow && role->was) {
		code = back_replica_unfollow(db);
		/* it waited for a pause of the pool */
		if (back_epoch() != epoch)
			return false;
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": promoted to provider%s%s\n",
		      db->directory,
		      code == LDAP_SUCCESS ? "" : ", but cn=config: ",
		      code == LDAP_SUCCESS ? "" : ldap_err2string(code));
	} else if (shadow &&
	           (!role->is ||
	            !rst_view_equal(rst_view_of(role->url), url_of(db->be)))) {
		err = note(db->be, db);
	}
	if (err != RST_OK && err != RST_EBUSY)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": replica: %s\n",
		      db->directory, rst_strerror(err));
	return true;
}

void
back_replica_look(struct back_db *db)
{
	struct timespec now;
	struct role role;

	if (db->be == NULL || read_role(db, &role) != RST_OK)
		return;
	if (!follow_role(db, &role) || (!role.is && !role.was))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec < db->probed_s + PROBE_EVERY_S &&
	    now.tv_sec >= db->probed_s && (!role.is || db->probe_current))
		return;
	db->probed_s = now.tv_sec;
	if (role.is)
		see_provider(db, now.tv_sec);
	else
		see_former(db, &role);
}
