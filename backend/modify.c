/* SPDX-License-Identifier: OLDAP-2.8 */
/* modify.c - the modify operation
 *
 * The after-image is made by slapd's own functions on the whole entry without
 * its membership; what the gate adds to it afterwards is appended to the
 * request's modlist, so that overlays log and replicate the whole change.
 */
#include "modify_priv.h"

#include "backend/follow.h"
#include "lber_pvt.h"

/*
 * syncprov and syncrepl keep contextCSN in the suffix entry.  That is their
 * bookkeeping, not a change: no CSN, no rules, no journal.
 */
static bool
is_bookkeeping(const Operation *op)
{
	const Modifications *mods = op->orm_modlist;

	if (mods == NULL || !op->orm_no_opattrs)
		return false;
	for (; mods != NULL; mods = mods->sml_next)
		if (mods->sml_desc != slap_schema.si_ad_contextCSN)
			return false;
	return true;
}

static int
sid_of_text(char *csn)
{
	struct berval bv = { strlen(csn), csn };

	return bv.bv_len > 0 ? slap_parse_csn_sid(&bv) : -1;
}

/*
 * A checkpoint of what the environment knows by itself, or one that comes in
 * the course of a replay, which must not write.
 */
static bool
is_known(const Operation *op)
{
	struct back_db *db = op->o_bd->be_private;
	const struct berval *csn = op->orm_modlist->sml_values;
	struct back_read *read = NULL;
	struct back_context context;
	int sid, local, foreign;

	if (db->follow == NULL || !op->o_dont_replicate || csn == NULL)
		return false;
	if (back_follow_busy(db))
		return true;
	if (back_read_begin((Operation *)op, db, &read) != RST_OK)
		return false;
	back_follow_context(db, &read->txn, &context);
	back_read_end(read);
	local = sid_of_text(context.local);
	foreign = sid_of_text(context.foreign);
	for (; !BER_BVISNULL(csn); csn++) {
		sid = slap_parse_csn_sid((struct berval *)csn);
		if (sid != local && sid != foreign)
			return false;
	}
	return true;
}

const struct berval *
back_mods_csn(const Modifications *mods)
{
	for (; mods != NULL; mods = mods->sml_next)
		if (mods->sml_desc == slap_schema.si_ad_entryCSN &&
		    mods->sml_values != NULL &&
		    (mods->sml_op == LDAP_MOD_ADD ||
		     mods->sml_op == LDAP_MOD_REPLACE))
			return &mods->sml_values[0];
	return NULL;
}

/* Whether it leaves no value, or shuts somebody out: that must not wait for
 * room, any more than through the other doors. */
static bool
is_freeing(const Modifications *mod)
{
	enum rst_status to;

	if (mod->sml_op == LDAP_MOD_DELETE)
		return true;
	if (mod->sml_values == NULL || BER_BVISNULL(&mod->sml_values[0]))
		return mod->sml_op == LDAP_MOD_REPLACE;
	if (mod->sml_desc != back_names.status)
		return false;
	to = rst_status_parse(back_view_of(&mod->sml_values[0]));
	return to == RST_STATUS_SUSPENDED || to == RST_STATUS_DELETED;
}

/* What only takes away, or shuts out and says why, may use the reserve. */
static enum rst_write_purpose
purpose_of(const Modifications *mods)
{
	bool frees = false;

	for (; mods != NULL; mods = mods->sml_next) {
		if (is_freeing(mods))
			frees = true;
		else if (mods->sml_desc != back_names.reason)
			return RST_WRITE_ORDINARY;
	}
	return frees ? RST_WRITE_FREEING : RST_WRITE_ORDINARY;
}

/* What is checked and followed once the change is stored. */
struct verify {
	struct back_write *write;
	Entry *entry;         /* after the modlist, without membership */
	Attribute *before;    /* attributes it had */
	Modifications **tail; /* where to append what the gate did */
	char *buf;
	size_t size;
};

static void
note_change(void *arg, Attribute *attr, AttributeDescription *ad)
{
	struct verify *verify = arg;
	Modifications *mod = ch_calloc(1, sizeof(*mod));

	mod->sml_op = LDAP_MOD_REPLACE;
	mod->sml_flags = SLAP_MOD_INTERNAL;
	mod->sml_desc = ad;
	if (attr != NULL) {
		mod->sml_numvals = attr->a_numvals;
		ber_bvarray_dup_x(&mod->sml_values, attr->a_vals, NULL);
		if (attr->a_nvals != attr->a_vals)
			ber_bvarray_dup_x(&mod->sml_nvalues, attr->a_nvals,
			                  NULL);
	}
	*verify->tail = mod;
	verify->tail = &mod->sml_next;
}

static enum rst_err
add_representative(struct rst_wtxn *txn, const struct rst_record *record,
                   AttributeDescription *ad, struct rst_member_cursor *cursor,
                   Entry *entry)
{
	uint16_t id = back_member_id(ad);
	char text[RST_DN_MAX];
	struct berval value = { 0, text };
	size_t len;
	enum rst_err err;

	if (id == RST_A_NONE || !rst_member_any(&txn->r, record, id))
		return RST_OK;
	memset(cursor, 0, sizeof(*cursor));
	cursor->direct = true;
	err = rst_member_next(&txn->r, record, id, true, cursor, text, &len);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	value.bv_len = len;
	return attr_merge_normalize_one(entry, ad, &value, NULL) == LDAP_SUCCESS
	               ? RST_OK
	               : RST_EINVALID;
}

/* One value of each membership attribute stands for all: the schema asks only
 * whether there is one. */
static enum rst_err
add_representatives(struct back_write *write, struct rst_wtxn *txn,
                    const struct rst_record *record, Entry *entry)
{
	AttributeDescription *const ads[] = { back_names.member_uid,
		                              back_names.member,
		                              back_names.unique_member };
	Operation *op = write->op;
	struct rst_member_cursor *cursor;
	enum rst_err err = RST_OK;

	cursor = op->o_tmpalloc(sizeof(*cursor), op->o_tmpmemctx);
	for (size_t i = 0; i < 3 && err == RST_OK; i++)
		err = add_representative(txn, record, ads[i], cursor, entry);
	op->o_tmpfree(cursor, op->o_tmpmemctx);
	return err;
}

static enum rst_err
verify_stored(void *arg, struct rst_wtxn *txn, uint64_t id)
{
	struct verify *verify = arg;
	struct back_write *write = verify->write;
	SlapReply *rs = write->rs;
	struct rst_record record;
	Attribute *structural = NULL;
	enum rst_err err;

	err = rst_record_get(&txn->r, id, &record);
	if (err == RST_OK)
		err = back_convert_back(&write->view, &record, verify->entry,
		                        note_change, verify);
	if (err == RST_OK)
		err = add_representatives(write, txn, &record, verify->entry);
	if (err != RST_OK)
		return err;
	rs->sr_err = entry_schema_check(
		write->op, verify->entry, verify->before, get_relax(write->op),
		0, &structural, &rs->sr_text, verify->buf, verify->size);
	if (rs->sr_err == LDAP_SUCCESS && structural != NULL) {
		rs->sr_err = LDAP_UNWILLING_TO_PERFORM;
		rs->sr_text = "the structural class of an entry cannot change";
	}
	return rs->sr_err == LDAP_SUCCESS ? RST_OK : RST_EINVALID;
}

/* The stored entry as one of slapd's, without its membership. */
static enum rst_err
copy_of(struct back_write *write, const struct rst_record *record,
        Entry **ret_entry)
{
	struct back_view view = write->view;
	Entry *ours = NULL;
	enum rst_err err;

	view.secrets = true;
	view.computed = false;
	view.no_members = true;
	err = back_entry_new(&view, record, NULL, &ours);
	if (err != RST_OK)
		return err;
	*ret_entry = entry_dup(ours);
	back_entry_free(ours);
	return RST_OK;
}

static enum rst_err
convert_result(struct back_write *write, const struct rst_record *record,
               const Entry *entry, struct rst_entry *after,
               const struct back_destination *to)
{
	AttributeDescription *ad;
	struct rst_attr stored;
	enum rst_err err;

	for (unsigned int i = 0; i < record->n_attrs; i++) {
		rst_record_nth(record, i, &stored);
		ad = back_ad(write->db, &write->txn.r, false, stored.id);
		if (ad != NULL && attr_find(entry->e_attrs, ad) != NULL)
			continue;
		err = rst_entry_set(after, stored.id, NULL, 0);
		if (err != RST_OK)
			return err;
	}
	err = back_convert(&write->txn, entry, after, NULL);
	if (err == RST_OK && to != NULL)
		err = back_place(after, to->parent, &to->dn, &to->ndn, false);
	return err;
}

static void
rename_copy(Entry *entry, const struct back_destination *to)
{
	ber_memfree(entry->e_name.bv_val);
	ber_memfree(entry->e_nname.bv_val);
	ber_dupbv(&entry->e_name, (struct berval *)&to->dn);
	ber_dupbv(&entry->e_nname, (struct berval *)&to->ndn);
}

/* With the relax control an entry may become one of another structural
 * class; slapd's schema check then finds it so already. */
static void
follow_structural(struct back_write *write, Entry *entry, char *buf,
                  size_t size)
{
	Attribute *classes, *attr;
	ObjectClass *class = NULL;
	const char *text;

	classes = attr_find(entry->e_attrs, slap_schema.si_ad_objectClass);
	attr = attr_find(entry->e_attrs,
	                 slap_schema.si_ad_structuralObjectClass);
	if (!get_relax(write->op) || write->view.lifecycle || classes == NULL ||
	    attr == NULL ||
	    structural_class(classes->a_vals, &class, NULL, &text, buf, size,
	                     write->op->o_tmpmemctx) != LDAP_SUCCESS ||
	    class == NULL)
		return;
	attr_delete(&entry->e_attrs, slap_schema.si_ad_structuralObjectClass);
	attr_merge_one(entry, slap_schema.si_ad_structuralObjectClass,
	               &class->soc_cname, NULL);
}

/* The after-image, into change.  False: rs says why not. */
static bool
make_change(struct verify *verify, const struct rst_record *record,
            Modifications *mods, const struct back_destination *to,
            struct rst_entry *after, struct back_members *members)
{
	struct back_write *write = verify->write;
	SlapReply *rs = write->rs;
	enum rst_err err;

	verify->before = attrs_dup(verify->entry->e_attrs);
	if (to != NULL)
		rename_copy(verify->entry, to);
	rs->sr_err = back_mods_apply(write, mods, verify->entry, record,
	                             members, verify->buf, verify->size);
	if (rs->sr_err != LDAP_SUCCESS)
		return false;
	follow_structural(write, verify->entry, verify->buf, verify->size);
	err = convert_result(write, record, verify->entry, after, to);
	if (err != RST_OK)
		back_write_fail(write, err);
	return err == RST_OK;
}

/* The attributes of a renamed entry are those of its new name. */
static bool
may_modify(struct back_write *write, const struct back_target *target,
           Modifications *mods, const struct back_destination *to)
{
	Entry entry = *target->entry;

	if (to != NULL) {
		entry.e_name = to->dn;
		entry.e_nname = to->ndn;
	}
	if (acl_check_modlist(write->op, &entry, mods))
		return true;
	write->rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	return false;
}

bool
back_modify(struct back_write *write, const struct back_target *target,
            Modifications **mods, const struct back_destination *to,
            struct gate_change *change, char *buf, size_t size)
{
	struct verify verify = { write, NULL, NULL, mods, buf, size };
	struct back_members members = { NULL, 0, 0 };
	struct rst_entry *after = NULL;
	bool done = false;
	enum rst_err err;

	if (!may_modify(write, target, *mods, to))
		return false;
	while (*verify.tail != NULL)
		verify.tail = &(*verify.tail)->sml_next;
	err = copy_of(write, &target->record, &verify.entry);
	if (err == RST_OK)
		err = rst_entry_from_record(&target->record, &after);
	if (err != RST_OK) {
		back_write_fail(write, err);
		goto out;
	}
	if (!make_change(&verify, &target->record, *mods, to, after, &members))
		goto out;
	change->verb = GATE_MODIFY;
	change->id = target->record.id;
	change->after = after;
	change->members = members.ops;
	change->n_members = members.n;
	change->verify = verify_stored;
	change->verify_arg = &verify;
	done = back_write_gate(write, change);
out:
	attrs_free(verify.before);
	if (verify.entry != NULL)
		entry_free(verify.entry);
	rst_entry_free(after);
	back_members_release(&members);
	return done;
}

bool
back_target_asserted(struct back_write *write, const struct back_target *target)
{
	Operation *op = write->op;
	struct back_arena *arena;
	int result;

	if (!get_assert(op))
		return true;
	arena = back_arena_new(op);
	result = back_filter_test(&write->view, &target->record, target->entry,
	                          arena, get_assertion(op));
	back_arena_free(arena);
	if (result == LDAP_COMPARE_TRUE)
		return true;
	write->rs->sr_err = LDAP_ASSERTION_FAILED;
	return false;
}

bool
back_target_here(struct back_write *write, const struct back_target *target)
{
	if (get_manageDSAit(write->op) ||
	    !(target->record.flags & RST_REC_REFERRAL))
		return true;
	back_reply_referral(&write->view, write->rs, &target->record);
	return false;
}

bool
back_target_read(struct back_write *write, const struct back_target *target)
{
	if (back_write_read_control(write, target->entry, true))
		return true;
	write->rs->sr_err = LDAP_OTHER;
	return false;
}

bool
back_target_find(struct back_write *write, struct back_target *target)
{
	Operation *op = write->op;
	struct back_needs *needs;
	uint64_t matched;
	enum rst_err err;

	target->entry = NULL;
	err = back_find(&write->txn.r, &op->o_req_ndn, &target->record,
	                &matched);
	if (err == RST_ENOTFOUND) {
		back_reply_missing(&write->view, write->rs, matched);
		return false;
	}
	needs = op->o_preread ? back_needs_search(op, NULL, op->o_preread_attrs)
	                      : back_needs_acl(op);
	if (get_assert(op))
		back_needs_filter(needs, get_assertion(op));
	if (err == RST_OK)
		err = back_entry_new(&write->view, &target->record, needs,
		                     &target->entry);
	if (err != RST_OK) {
		back_write_fail(write, err);
		return false;
	}
	if (!get_manageDSAit(op) && is_entry_glue(target->entry)) {
		back_reply_missing(&write->view, write->rs, target->record.id);
		return false;
	}
	return true;
}

void
back_post_read(struct back_write *write, uint64_t id)
{
	Operation *op = write->op;
	struct rst_record record;
	Entry *entry = NULL;
	enum rst_err err;

	if (!op->o_postread)
		return;
	err = rst_record_get(&write->txn.r, id, &record);
	if (err == RST_OK)
		err = back_entry_new(
			&write->view, &record,
			back_needs_search(op, NULL, op->o_postread_attrs),
			&entry);
	if (err != RST_OK)
		back_write_fail(write, err);
	else if (!back_write_read_control(write, entry, false))
		write->rs->sr_err = LDAP_OTHER;
	write->kept[1] = entry;
}

static void
modify(struct back_write *write, char *buf, size_t size)
{
	Operation *op = write->op;
	struct gate_change change = { .act = RST_VIEW("ldap-modify") };
	struct back_target target;

	if (is_bookkeeping(op)) {
		change.flags = GATE_INTERNAL;
	} else {
		if (!back_write_csn(write, back_mods_csn(op->orm_modlist)))
			return;
		slap_mods_opattrs(op, &op->orm_modlist, 1);
	}
	if (back_target_find(write, &target) &&
	    back_target_here(write, &target) &&
	    back_target_asserted(write, &target) &&
	    back_target_read(write, &target) &&
	    back_modify(write, &target, &op->orm_modlist, NULL, &change, buf,
	                size)) {
		back_follow_modify(write, target.record.id, &op->orm_modlist);
		back_post_read(write, target.record.id);
	}
	write->kept[0] = target.entry;
}

int
roster_back_modify(Operation *op, SlapReply *rs)
{
	char buf[SLAP_TEXT_BUFLEN];
	struct back_write write;

	if (back_follow_replayed(op, rs))
		return rs->sr_err;
	if (is_bookkeeping(op) && is_known(op)) {
		rs->sr_err = LDAP_SUCCESS;
		send_ldap_result(op, rs);
		return rs->sr_err;
	}
	buf[0] = '\0';
	if (back_write_begin(&write, op, rs, purpose_of(op->orm_modlist)))
		modify(&write, buf, sizeof(buf));
	return back_write_end(&write);
}
