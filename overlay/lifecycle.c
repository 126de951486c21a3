/* SPDX-License-Identifier: OLDAP-2.8 */
/* lifecycle.c - overlay lifecycle: registration, opening and closing
 *
 *	database roster
 *	suffix "dc=example,dc=org"
 *	directory /var/lib/roster
 *	overlay lifecycle
 *
 * It has no directives: policy is in the directory, where every process reads
 * it.  What it says to the others is setting "lifecycle" of the environment.
 */
#include "portable.h"

#include <stdio.h>
#include <string.h>

#include "slap.h"

#include "slap-config.h"

#include "overlay/over_priv.h"
#include "store/journal.h"

#define ROSTER_OC "2.25.159176679776293129422703630532299253314.4."

/*
 * When cn=config takes the overlay away, slapd closes it after the pause of all
 * other operations: somebody may stand at it in the list.  So the list is of
 * atomic pointers, and what was in it is kept to the end.
 */
static _Atomic(struct over_db *) databases;
static struct over_db *retired;

static ConfigTable over_table[] = {
	{ NULL, NULL, 0, 0, 0, ARG_IGNORED },
};

static ConfigOCs over_classes[] = {
	{ "( " ROSTER_OC "2 "
	  "NAME 'olcLifecycleConfig' "
	  "DESC 'The lifecycle of the accounts of a Roster database' "
	  "SUP olcOverlayConfig )",
	  Cft_Overlay, over_table },
	{ NULL, 0, NULL },
};

struct over_db *
over_db_first(void)
{
	return databases;
}

struct over_db *
over_db_for(const struct berval *ndn)
{
	struct over_db *db;

	for (db = databases; db != NULL; db = db->next)
		for (struct berval *suffix = db->be->be_nsuffix;
		     suffix != NULL && !BER_BVISNULL(suffix); suffix++)
			if (dnIsSuffix(ndn, suffix))
				goto out;
out:
	return db;
}

struct over_db *
over_db_of(const BackendDB *be)
{
	struct over_db *db;

	for (db = databases; db != NULL; db = db->next)
		if (be != NULL && db->be == be->bd_self)
			break;
	return db;
}

bool
over_configured(const BackendDB *be)
{
	return overlay_is_inst(be->bd_self, OVER_NAME) != 0;
}

/* An overlay that would do a second time, or undo, what the lifecycle does. */
static const char *
over_rival(BackendDB *be)
{
	static const char *const rivals[] = { "ppolicy", "memberof", "refint",
		                              NULL };
	const char *const *rival;

	for (rival = rivals; *rival != NULL; rival++)
		if (overlay_is_inst(be, *rival) ||
		    overlay_is_inst(frontendDB, *rival))
			break;
	return *rival;
}

/* Says why in the log and to whoever changed cn=config. */
static int
over_fail(ConfigReply *cr, const char *what, const char *word)
{
	char text[sizeof(cr->msg)];

	(void)snprintf(text, sizeof(text), "overlay " OVER_NAME ": %s: %s",
	               what, word);
	if (cr != NULL)
		(void)snprintf(cr->msg, sizeof(cr->msg), "%s", text);
	Debug(LDAP_DEBUG_ANY, "%s\n", text);
	return 1;
}

/* Fit to stand on this database?  cr says why not. */
static int
over_check_place(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;
	const char *type = on->on_info->oi_orig->bi_type;
	const char *rival;

	if (strcmp(type, "roster") != 0)
		return over_fail(cr, "belongs on a database roster, not on",
		                 type);
	rival = over_rival(be->bd_self);
	if (rival != NULL)
		return over_fail(cr,
		                 "does itself what this overlay does, so "
		                 "take it away",
		                 rival);
	return 0;
}

static int
over_db_init(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;
	int rc;

	rc = over_check_place(be, cr);
	if (rc == 0)
		on->on_bi.bi_private = ch_calloc(1, sizeof(struct over_db));
	return rc;
}

static int
over_db_destroy(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;

	struct over_db *db = on->on_bi.bi_private;

	/* at the end nobody is left to stand at it */
	if (db != NULL && (slapMode & SLAP_SERVER_MODE) && !slapd_shutdown) {
		db->retired = retired;
		retired = db;
	} else {
		ch_free(db);
	}
	on->on_bi.bi_private = NULL;
	return 0;
}

/* Write setting "lifecycle" unless it says so already. */
static enum rst_err
over_say(struct rst_env *env, bool on)
{
	struct rst_view want = rst_view_of(on ? "on" : "off"), is;
	struct rst_wtxn write = { 0 };
	struct rst_rtxn read;
	enum rst_err err;
	bool same;

	err = rst_read_begin(env, &read);
	if (err != RST_OK)
		goto out;
	same = rst_setting_get(&read, "lifecycle", &is) == RST_OK &&
	       rst_view_equal(is, want);
	rst_read_end(&read);
	if (same)
		goto out;

	err = rst_write_begin(env, RST_WRITE_FREEING, &write);
	if (err != RST_OK)
		goto out;
	err = rst_setting_put(&write, "lifecycle", want);
	if (err == RST_OK)
		err = rst_write_commit(&write);
	rst_write_abort(&write);
out:
	return err;
}

/* What only a server does: slapcat guards nobody. */
static int
over_serve(struct over_db *db, ConfigReply *cr)
{
	int rc;

	db->journal = 0;
	rc = over_guard_install(cr);
	if (rc == 0)
		rc = over_ppolicy_open(db->be);
	if (rc == 0) {
		over_close_stop();
		atomic_store(&db->next, atomic_load(&databases));
		atomic_store(&databases, db);
		rc = over_close_start();
		if (rc != 0) {
			atomic_store(&databases, atomic_load(&db->next));
			(void)over_fail(cr, "cannot start a thread",
			                strerror(rc));
		}
	}
	return rc;
}

static int
over_db_open(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;
	struct over_db *db = on->on_bi.bi_private;
	enum rst_err err;
	int rc;

	rc = over_check_place(be, cr);
	if (rc != 0)
		goto out;
	db->be = be->bd_self;
	db->back = be->be_private;

	if (!(slapMode & SLAP_TOOL_READONLY)) {
		err = over_say(db->back->env, true);
		if (err != RST_OK) {
			rc = over_fail(cr, "cannot write the environment",
			               rst_strerror(err));
			goto out;
		}
	}
	rc = over_define_attributes();
	if (rc == 0 && (slapMode & SLAP_SERVER_MODE))
		rc = over_serve(db, cr);
out:
	return rc;
}

static int
over_db_close(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;
	struct over_db *db = on->on_bi.bi_private;
	_Atomic(struct over_db *) *at;

	for (at = &databases; *at != NULL && *at != db; at = &(*at)->next)
		;
	if (*at == NULL)
		goto out;
	over_close_stop();
	atomic_store(at, atomic_load(&db->next));
	over_identity_drop_db(db);
	over_ppolicy_close(db->be);
	if (databases != NULL && over_close_start() != 0)
		Debug(LDAP_DEBUG_ANY, "overlay lifecycle: cannot watch the "
		                      "journal any more\n");
	/*
	 * Taken away by cn=config the overlay is off the list by now, and the
	 * directory is a plain one from here on.
	 */
	if (!slapd_shutdown && !over_configured(be) &&
	    over_say(db->back->env, false) != RST_OK)
		Debug(LDAP_DEBUG_ANY, "overlay lifecycle: cannot tell the "
		                      "environment that it is gone\n");
out:
	return 0;
}

static int
over_connection_destroy(BackendDB *be, Connection *conn)
{
	over_identity_drop(conn->c_connid);
	return SLAP_CB_CONTINUE;
}

/* A change went through: somebody may have lost his access by it. */
static int
over_response(Operation *op, SlapReply *rs)
{
	if (rs->sr_type != REP_RESULT)
		goto out;
	if (op->o_tag == LDAP_REQ_MODIFY)
		over_identity_renew(op, rs->sr_err == LDAP_SUCCESS);
	if (rs->sr_err != LDAP_SUCCESS)
		goto out;
	if (op->o_tag == LDAP_REQ_MODIFY || op->o_tag == LDAP_REQ_DELETE ||
	    op->o_tag == LDAP_REQ_MODRDN)
		over_close_poke();
out:
	return SLAP_CB_CONTINUE;
}

int
lifecycle_initialize(void)
{
	static slap_overinst over;
	static char name[] = OVER_NAME;
	int rc;

	over.on_bi.bi_type = name;
	over.on_bi.bi_flags = SLAPO_BFLAG_SINGLE;
	over.on_bi.bi_db_init = over_db_init;
	over.on_bi.bi_db_open = over_db_open;
	over.on_bi.bi_db_close = over_db_close;
	over.on_bi.bi_db_destroy = over_db_destroy;
	over.on_bi.bi_op_add = over_add;
	over.on_bi.bi_op_search = over_search;
	over.on_bi.bi_op_modify = over_modify;
	over.on_bi.bi_extended = over_extended;
	over.on_bi.bi_connection_destroy = over_connection_destroy;
	over.on_response = over_response;
	over.on_bi.bi_cf_ocs = over_classes;

	over_crowd_init();
	rc = config_register_schema(over_table, over_classes);
	if (rc == 0)
		rc = overlay_register(&over);
	if (rc == 0)
		rc = over_guard_register();
	return rc;
}

void
lifecycle_end(void)
{
	while (retired != NULL) {
		struct over_db *db = retired;

		retired = db->retired;
		ch_free(db);
	}
}
