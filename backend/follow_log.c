/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_log.c - what the database of accesslog says of itself
 *
 * Who follows by delta-syncrepl asks the log, with a cookie that may come from
 * the directory itself.  Two values of the log's suffix entry say whom it can
 * serve:
 *
 *	contextCSN	up to where it tells; who is further is refused
 *	minCSN		from where it tells everything; who is behind that
 *			compares all entries instead
 *
 * accesslog makes that entry in a task of its own, and for a directory with
 * two server ids so that each server id stands twice in minCSN later: from
 * then on all are sent to compare everything.  And it believes a log that was
 * made, emptied or switched off for a while.  So before it opens, the entry is
 * made here, or brought to what the directory says: where the log says less,
 * what is between may not be in it.  Until that task has run nothing is to be
 * logged.
 *
 * One that cn=config adds has read that entry, or made it, before anybody here
 * knows of it: the entry is put right all the same, and accesslog closed and
 * opened, upon which it reads it.
 */
#include "backend/follow_priv.h"

#include "ldap_rq.h"

#define CSNS_MAX 16                  /* server ids of a topology */
#define LOG_TASK "accesslog_db_root" /* in which accesslog opens */
#define PURGE    "accesslog_purge"   /* in which it deletes what is old */

struct csns {
	char text[CSNS_MAX][RST_CSN_MAX]; /* of each server id one */
	size_t n;
	bool twice; /* a server id came twice */
};

struct log_root {
	bool there;
	struct csns context, min;
};

static AttributeDescription *ad_min;

static int
sid_of(char *csn)
{
	struct berval bv = { strlen(csn), csn };

	return slap_parse_csn_sid(&bv);
}

static char *
find(struct csns *csns, int sid)
{
	for (size_t i = 0; i < csns->n; i++)
		if (sid_of(csns->text[i]) == sid)
			return csns->text[i];
	return NULL;
}

/* The newer of two of one server id stays. */
static void
take(struct csns *csns, const struct berval *csn)
{
	char text[RST_CSN_MAX], *had;

	if (!rst_view_copy(back_view_of(csn), text, sizeof(text)))
		return;
	had = find(csns, sid_of(text));
	if (had != NULL) {
		csns->twice = true;
	} else if (csns->n < CSNS_MAX) {
		had = csns->text[csns->n++];
		had[0] = '\0';
	}
	if (had != NULL && strcmp(had, text) < 0)
		memcpy(had, text, sizeof(text));
}

static void
take_all(struct csns *csns, Attribute *attr)
{
	for (unsigned int i = 0; attr != NULL && i < attr->a_numvals; i++)
		take(csns, &attr->a_vals[i]);
}

static int
note_root(Operation *op, SlapReply *rs)
{
	struct log_root *root = op->o_callback->sc_private;
	AttributeDescription *context = slap_schema.si_ad_contextCSN;

	if (rs->sr_type != REP_SEARCH)
		return 0;
	root->there = true;
	take_all(&root->context, attr_find(rs->sr_entry->e_attrs, context));
	take_all(&root->context, attr_find(rs->sr_operational_attrs, context));
	take_all(&root->min, attr_find(rs->sr_entry->e_attrs, ad_min));
	root->context.twice = false;
	return 0;
}

/* An operation of slapd's own on the suffix entry of a database. */
static Operation *
operation(Connection *conn, OperationBuffer *opbuf, BackendDB *be,
          ber_tag_t tag, slap_callback *callback)
{
	Operation *op;

	connection_fake_init2(conn, opbuf, ldap_pvt_thread_pool_context(), 0);
	op = &opbuf->ob_op;
	op->o_tag = tag;
	op->o_bd = be;
	op->o_dn = be->be_rootdn;
	op->o_ndn = be->be_rootndn;
	op->o_req_dn = be->be_suffix[0];
	op->o_req_ndn = be->be_nsuffix[0];
	op->o_managedsait = SLAP_CONTROL_NONCRITICAL;
	op->o_no_schema_check = 1;
	op->o_callback = callback;
	slap_op_time(&op->o_time, &op->o_tincr);
	return op;
}

/* As its syncprov knows it, which counts what was logged. */
static void
read_root(BackendDB *log, struct log_root *root)
{
	slap_callback callback = { .sc_response = note_root,
		                   .sc_private = root };
	AttributeName names[3] = { { .an_desc = slap_schema.si_ad_contextCSN },
		                   { .an_desc = ad_min } };
	SlapReply rs = { REP_RESULT };
	Connection conn = { 0 };
	OperationBuffer opbuf;
	Operation *op;

	op = operation(&conn, &opbuf, log, LDAP_REQ_SEARCH, &callback);
	names[0].an_name = names[0].an_desc->ad_cname;
	names[1].an_name = ad_min->ad_cname;
	op->ors_scope = LDAP_SCOPE_BASE;
	op->ors_deref = LDAP_DEREF_NEVER;
	op->ors_slimit = SLAP_NO_LIMIT;
	op->ors_tlimit = SLAP_NO_LIMIT;
	op->ors_attrs = names;
	op->ors_filter = (Filter *)slap_filter_objectClass_pres;
	op->ors_filterstr = *slap_filterstr_objectClass_pres;
	(void)op->o_bd->be_search(op, &rs);
}

/* contextCSN of the directory. */
static void
read_context(BackendDB *be, struct csns *csns)
{
	AttributeDescription *context = slap_schema.si_ad_contextCSN;
	Connection conn = { 0 };
	OperationBuffer opbuf;
	Entry *entry = NULL;
	Operation *op;

	op = operation(&conn, &opbuf, be, LDAP_REQ_SEARCH, NULL);
	if (be_entry_get_rw(op, &op->o_req_ndn, NULL, context, 0, &entry) !=
	    LDAP_SUCCESS)
		return;
	take_all(csns, attr_find(entry->e_attrs, context));
	be_entry_release_r(op, entry);
}

static BerVarray
values_of(const struct csns *csns)
{
	BerVarray values = NULL;
	struct berval bv;

	for (size_t i = 0; i < csns->n; i++) {
		ber_str2bv(csns->text[i], 0, 0, &bv);
		value_add_one(&values, &bv);
	}
	return values;
}

static int
add_root(BackendDB *log, const struct csns *context)
{
	static struct berval class = BER_BVC("auditContainer");
	slap_callback callback = { .sc_response = slap_null_cb };
	BerVarray values = values_of(context);
	SlapReply rs = { REP_RESULT };
	Connection conn = { 0 };
	OperationBuffer opbuf;
	AttributeDescription *ad = NULL;
	BackendDB own = *log;
	struct berval rdn, type, value;
	const char *text;
	Entry *entry;
	Operation *op;

	op = operation(&conn, &opbuf, &own, LDAP_REQ_ADD, &callback);
	SLAP_DBFLAGS(&own) |= SLAP_DBFLAG_NOLASTMOD;
	dnRdn(&log->be_suffix[0], &rdn);
	value.bv_val = ber_bvchr(&rdn, '=') + 1;
	value.bv_len = rdn.bv_len - (size_t)(value.bv_val - rdn.bv_val);
	type.bv_val = rdn.bv_val;
	type.bv_len = rdn.bv_len - value.bv_len - 1;
	if (slap_bv2ad(&type, &ad, &text) != LDAP_SUCCESS) {
		ber_bvarray_free(values);
		return LDAP_UNDEFINED_TYPE;
	}
	entry = entry_alloc();
	ber_dupbv(&entry->e_name, &log->be_suffix[0]);
	ber_dupbv(&entry->e_nname, &log->be_nsuffix[0]);
	attr_merge_one(entry, slap_schema.si_ad_objectClass, &class, NULL);
	attr_merge_one(entry, slap_schema.si_ad_structuralObjectClass, &class,
	               NULL);
	attr_merge_normalize_one(entry, ad, &value, NULL);
	/* with normal forms, as accesslog gives them to what it adds later */
	attr_merge_one(entry, slap_schema.si_ad_entryCSN, &values[0],
	               &values[0]);
	attr_merge(entry, slap_schema.si_ad_contextCSN, values, values);
	attr_merge(entry, ad_min, values, values);
	ber_bvarray_free(values);
	op->ora_e = entry;
	(void)op->o_bd->be_add(op, &rs);
	if (op->ora_e == entry)
		entry_free(entry);
	return rs.sr_err;
}

static Modifications *
replace(AttributeDescription *ad, const struct csns *csns, Modifications *next)
{
	Modifications *mod = ch_calloc(1, sizeof(*mod));

	mod->sml_op = LDAP_MOD_REPLACE;
	mod->sml_flags = SLAP_MOD_INTERNAL;
	mod->sml_desc = ad;
	mod->sml_type = ad->ad_cname;
	mod->sml_values = values_of(csns);
	mod->sml_nvalues = values_of(csns);
	mod->sml_numvals = (unsigned int)csns->n;
	mod->sml_next = next;
	return mod;
}

/* As syncrepl writes contextCSN, so that syncprov takes it, too. */
static int
change_root(BackendDB *log, const struct log_root *root)
{
	slap_callback callback = { .sc_response = slap_null_cb };
	SlapReply rs = { REP_RESULT };
	Connection conn = { 0 };
	OperationBuffer opbuf;
	Operation *op;

	op = operation(&conn, &opbuf, log, LDAP_REQ_MODIFY, &callback);
	op->o_connid = SLAP_SYNC_RID_MAX;
	op->orm_no_opattrs = 1;
	op->orm_modlist = replace(slap_schema.si_ad_contextCSN, &root->context,
	                          replace(ad_min, &root->min, NULL));
	(void)op->o_bd->be_modify(op, &rs);
	slap_mods_free(op->orm_modlist, 1);
	return rs.sr_err;
}

/* Where the directory is ahead, the log begins there.  False: all is well. */
static bool
catch_up(struct log_root *root, struct csns *context)
{
	bool wrong = root->min.twice;
	struct berval bv;
	char *known;

	for (size_t i = 0; i < context->n; i++) {
		known = find(&root->context, sid_of(context->text[i]));
		if (known != NULL && strcmp(known, context->text[i]) >= 0)
			continue;
		ber_str2bv(context->text[i], 0, 0, &bv);
		take(&root->context, &bv);
		take(&root->min, &bv);
		wrong = true;
	}
	return wrong;
}

static void
prepare(BackendDB *be, BackendDB *log)
{
	struct csns context = { .n = 0 };
	struct log_root root = { .there = false };
	int code = LDAP_SUCCESS;

	read_context(be, &context);
	if (context.n == 0)
		return; /* nothing was written yet */
	read_root(log, &root);
	if (!root.there)
		code = add_root(log, &context);
	else if (catch_up(&root, &context))
		code = change_root(log, &root);
	if (code != LDAP_SUCCESS)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": replicas that follow by its log "
		      "\"%s\" compare all entries: %s\n",
		      be->be_suffix[0].bv_val, log->be_suffix[0].bv_val,
		      ldap_err2string(code));
}

/* The database of accesslog; NULL if it is not open. */
static BackendDB *
log_of(BackendDB *be, slap_overinst *on)
{
	BackendDB *log = NULL;
	ConfigArgs *args;

	args = back_overlay_values(be, on, "logdb");
	if (args != NULL && args->rvalue_nvals != NULL)
		log = select_backend(&args->rvalue_nvals[0], 0);
	back_overlay_values_free(args);
	/* a log in a database roster has a contextCSN of its own making */
	if (log == NULL || !SLAP_DBOPEN(log) || log->be_cf_ocs == be->be_cf_ocs)
		return NULL;
	return log;
}

/* Of slapd's run queue; NULL: there is none.  arg: NULL for any. */
static struct re_s *
find_task(const char *name, const void *arg)
{
	struct re_s *task;

	LDAP_STAILQ_FOREACH(task, &slapd_rq.task_list, tnext)
	if (task->tname != NULL && strcmp(task->tname, name) == 0 &&
	    (arg == NULL || task->arg == arg))
		break;
	return task;
}

/* An accesslog has not opened yet. */
static bool
opens(void)
{
	bool found;

	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	found = find_task(LOG_TASK, NULL) != NULL;
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	return found;
}

/* It runs, or is about to: it would not outlive that accesslog is closed, and
 * writes minCSN as accesslog knows it. */
static bool
purges(slap_overinst *on)
{
	struct re_s *task;
	bool now = false;

	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	task = find_task(PURGE, on->on_bi.bi_private);
	if (task != NULL)
		now = ldap_pvt_runqueue_isrunning(&slapd_rq, task) ||
		      task->next_sched.tv_sec <= back_follow_seconds();
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	return now;
}

/* Before accesslog reads its log, or so that it does again.  False: not now. */
static bool
prepare_all(BackendDB *be, bool anew)
{
	slap_overinfo *info = (slap_overinfo *)be->bd_info->bi_private;
	BackendDB own = *be;
	const char *text;

	if (ad_min == NULL &&
	    slap_str2ad("minCSN", &ad_min, &text) != LDAP_SUCCESS)
		return true;
	for (slap_overinst *on = info->oi_list; on != NULL; on = on->on_next) {
		BackendDB *log = NULL;

		if (strcmp(on->on_bi.bi_type, "accesslog") == 0)
			log = log_of(be, on);
		if (log == NULL)
			continue;
		if (anew && purges(on))
			return false;
		prepare(be, log);
		if (!anew)
			continue;
		own.bd_info = &on->on_bi;
		(void)on->on_bi.bi_db_close(&own, NULL);
		(void)on->on_bi.bi_db_open(&own, NULL);
	}
	return true;
}

void
back_log_prepare(BackendDB *be)
{
	(void)prepare_all(be, false);
}

/* What was replayed before accesslog came is not in its log: contextCSN must
 * tell it. */
static bool
begin_anew(struct follow *follow)
{
	bool done;

	if (follow->ready || slapd_shutdown || opens())
		return false;
	back_follow_save_now(follow);
	if (!follow->as_replica && follow->saved != follow->cursor)
		return false;
	back_pause_hold();
	done = prepare_all(follow->be, true);
	back_pause_release();
	/* for tasks that are due */
	slap_wake_listener();
	return done;
}

bool
back_log_is_away(struct follow *follow)
{
	if (!overlay_is_inst(follow->be, "accesslog")) {
		follow->logs = false;
	} else if (!follow->logs) {
		follow->waits_for_log = true;
		follow->logs = begin_anew(follow);
	}
	follow->waits_for_log = follow->waits_for_log &&
	                        (!follow->logs || opens() ||
	                         back_follow_seconds() == follow->began_s);
	return follow->waits_for_log;
}
