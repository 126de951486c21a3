/* SPDX-License-Identifier: OLDAP-2.8 */
/* ceiling.c - a slapd backend that answers from memory: what slapd itself costs
 *
 * "answers FILE" is read when the database opens.  Each entry is kept as slapd
 * would send it, a group also without what of its members is not asked for
 * (slapd looks at every value of what it is given), and a table leads from a
 * value that clients ask for straight to the entries that carry it.  A search
 * takes the first equality of its filter that the table knows and sends what is
 * there: nothing is planned, tested, copied or locked, and nothing can be
 * written.  No backend answers the same entries with less, so its cost is the
 * front end's, and the ratio of another's to it is what that backend adds.
 */
#include "portable.h"

#include "slap.h"

#include "ldif.h"

#include <stdbool.h>

#define LDIF_LINES_MAX 100000000UL

int init_module(int argc, char *argv[]);

/* The entries of one value. */
struct answer {
	struct answer *next; /* of the same hash */
	const AttributeDescription *ad;
	struct berval value;
	Entry **entries;
	size_t n;
};

/* A group, by which of its members are asked for; e_private of the whole. */
enum {
	WITH_UIDS = 1, /* memberUid */
	WITH_DNS = 2,  /* member */
	VARIANTS = 4
};
struct variants {
	Entry *entry[VARIANTS];
};

struct ceiling {
	char *file;
	struct answer **table;
	size_t n_table, n_answers;
	Entry **entries;
	size_t n_entries, room;
};

/* What clients of a directory of people ask for. */
static struct {
	AttributeDescription *uid, *uid_number, *gid_number, *cn, *member_uid,
		*member, *object_class, *dn;
} ads;

static size_t
hash(const AttributeDescription *ad, const struct berval *value)
{
	size_t sum = (size_t)(uintptr_t)ad >> 4;

	for (ber_len_t i = 0; i < value->bv_len; i++)
		sum = sum * 31 + (unsigned char)value->bv_val[i];
	return sum;
}

static struct answer *
find(const struct ceiling *ceiling, const AttributeDescription *ad,
     const struct berval *value)
{
	struct answer *answer;

	if (ceiling->n_table == 0)
		return NULL;
	answer = ceiling->table[hash(ad, value) % ceiling->n_table];
	while (answer != NULL &&
	       (answer->ad != ad || ber_bvcmp(&answer->value, value) != 0))
		answer = answer->next;
	return answer;
}

static void
grow(struct ceiling *ceiling)
{
	size_t n = ceiling->n_table == 0 ? 1024 : ceiling->n_table * 4;
	struct answer **table = ch_calloc(n, sizeof(*table));

	for (size_t i = 0; i < ceiling->n_table; i++) {
		struct answer *answer = ceiling->table[i], *next;

		for (; answer != NULL; answer = next) {
			size_t at = hash(answer->ad, &answer->value) % n;

			next = answer->next;
			answer->next = table[at];
			table[at] = answer;
		}
	}
	ch_free(ceiling->table);
	ceiling->table = table;
	ceiling->n_table = n;
}

static void
keep(struct ceiling *ceiling, const AttributeDescription *ad,
     const struct berval *value, Entry *entry)
{
	struct answer *answer = find(ceiling, ad, value);
	size_t at;

	if (answer == NULL) {
		if (ceiling->n_answers >= ceiling->n_table)
			grow(ceiling);
		answer = ch_calloc(1, sizeof(*answer));
		answer->ad = ad;
		answer->value = *value;
		at = hash(ad, value) % ceiling->n_table;
		answer->next = ceiling->table[at];
		ceiling->table[at] = answer;
		ceiling->n_answers++;
	}
	answer->entries =
		ch_realloc(answer->entries, (answer->n + 1) * sizeof(Entry *));
	answer->entries[answer->n++] = entry;
}

static void
keep_values(struct ceiling *ceiling, AttributeDescription *ad, Entry *entry)
{
	const Attribute *a = attr_find(entry->e_attrs, ad);

	for (unsigned i = 0; a != NULL && i < a->a_numvals; i++)
		keep(ceiling, ad, &a->a_nvals[i], entry);
}

static void
keep_variants(Entry *group)
{
	struct variants *variants = ch_calloc(1, sizeof(*variants));

	for (int with = 0; with < VARIANTS; with++) {
		Entry *entry = entry_dup(group);

		if (!(with & WITH_UIDS))
			attr_delete(&entry->e_attrs, ads.member_uid);
		if (!(with & WITH_DNS))
			attr_delete(&entry->e_attrs, ads.member);
		variants->entry[with] = entry;
	}
	group->e_private = variants;
}

static void
keep_entry(struct ceiling *ceiling, Entry *entry)
{
	static const struct berval group = BER_BVC("posixGroup");

	if (ceiling->n_entries == ceiling->room) {
		ceiling->room = ceiling->room == 0 ? 1024 : ceiling->room * 2;
		ceiling->entries = ch_realloc(ceiling->entries,
		                              ceiling->room * sizeof(Entry *));
	}
	entry->e_id = ++ceiling->n_entries;
	ceiling->entries[ceiling->n_entries - 1] = entry;
	keep(ceiling, ads.dn, &entry->e_nname, entry);
	if (is_entry_objectclass(entry, oc_bvfind((struct berval *)&group),
	                         SLAP_OCF_CHECK_SUP)) {
		keep_values(ceiling, ads.gid_number, entry);
		keep_values(ceiling, ads.cn, entry);
		keep_values(ceiling, ads.member_uid, entry);
		keep_values(ceiling, ads.member, entry);
		keep_variants(entry);
	} else {
		keep_values(ceiling, ads.uid, entry);
		keep_values(ceiling, ads.uid_number, entry);
	}
}

static int
read_answers(struct ceiling *ceiling)
{
	LDIFFP *in = ldif_open(ceiling->file, "r");
	unsigned long line = 0;
	char *text = NULL;
	int room = 0, more = 0;
	Entry *entry;

	if (in == NULL) {
		fprintf(stderr, "ceiling: cannot read %s\n", ceiling->file);
		return -1;
	}
	while (line < LDIF_LINES_MAX &&
	       (more = ldif_read_record(in, &line, &text, &room)) > 0) {
		entry = str2entry(text);
		if (entry == NULL)
			break;
		keep_entry(ceiling, entry);
	}
	ch_free(text);
	ldif_close(in);
	if (more != 0)
		fprintf(stderr, "ceiling: bad entry before line %lu of %s\n",
		        line, ceiling->file);
	return more;
}

/* The entries of the first equality that the table knows; NULL: none. */
static const struct answer *
answer_of(const struct ceiling *ceiling, const Filter *f, bool *ret_asked)
{
	const struct answer *answer;

	for (; f != NULL; f = f->f_next) {
		if (f->f_choice == LDAP_FILTER_AND ||
		    f->f_choice == LDAP_FILTER_OR) {
			answer = answer_of(ceiling, f->f_list, ret_asked);
		} else if (f->f_choice == LDAP_FILTER_EQUALITY &&
		           f->f_av_desc != ads.object_class) {
			answer = find(ceiling, f->f_av_desc, &f->f_av_value);
			*ret_asked = true;
		} else {
			answer = NULL;
		}
		if (answer != NULL)
			return answer;
	}
	return NULL;
}

/* Which variant of a group op asks for. */
static int
variant_of(const Operation *op)
{
	if (op->ors_attrs == NULL ||
	    an_find(op->ors_attrs, slap_bv_all_user_attrs))
		return WITH_UIDS | WITH_DNS;
	return (ad_inlist(ads.member_uid, op->ors_attrs) ? WITH_UIDS : 0) |
	       (ad_inlist(ads.member, op->ors_attrs) ? WITH_DNS : 0);
}

static int
send_all(Operation *op, SlapReply *rs, Entry **entries, size_t n)
{
	const struct variants *variants;
	int code = LDAP_SUCCESS, variant = variant_of(op);

	for (size_t i = 0; i < n && code == LDAP_SUCCESS; i++) {
		rs->sr_attrs = op->ors_attrs;
		rs->sr_operational_attrs = NULL;
		variants = entries[i]->e_private;
		rs->sr_entry = variants != NULL ? variants->entry[variant]
		                                : entries[i];
		rs->sr_flags = 0;
		rs->sr_err = LDAP_SUCCESS;
		code = send_search_entry(op, rs);
		rs->sr_attrs = NULL;
		rs->sr_entry = NULL;
	}
	return code;
}

static int
ceiling_search(Operation *op, SlapReply *rs)
{
	const struct ceiling *ceiling = op->o_bd->be_private;
	const struct answer *answer = NULL;
	bool asked = false;

	if (op->ors_scope == LDAP_SCOPE_BASE)
		answer = find(ceiling, ads.dn, &op->o_req_ndn);
	else
		answer = answer_of(ceiling, op->ors_filter, &asked);
	rs->sr_err = LDAP_SUCCESS;
	if (answer != NULL)
		rs->sr_err = send_all(op, rs, answer->entries, answer->n);
	else if (!asked && op->ors_scope != LDAP_SCOPE_BASE)
		rs->sr_err =
			send_all(op, rs, ceiling->entries, ceiling->n_entries);
	send_ldap_result(op, rs);
	return rs->sr_err;
}

static int
ceiling_compare(Operation *op, SlapReply *rs)
{
	const struct answer *answer =
		find(op->o_bd->be_private, op->orc_ava->aa_desc,
	             &op->orc_ava->aa_value);

	rs->sr_err = LDAP_COMPARE_FALSE;
	for (size_t i = 0; answer != NULL && i < answer->n; i++)
		if (dn_match(&answer->entries[i]->e_nname, &op->o_req_ndn))
			rs->sr_err = LDAP_COMPARE_TRUE;
	send_ldap_result(op, rs);
	return rs->sr_err;
}

/* Everybody is who he says: a bind that costs nothing. */
static int
ceiling_bind(Operation *op, SlapReply *rs)
{
	ber_dupbv(&op->orb_edn, &op->o_req_dn);
	rs->sr_err = LDAP_SUCCESS;
	return LDAP_SUCCESS;
}

static int
ceiling_init(BackendDB *be, ConfigReply *reply)
{
	(void)reply;
	be->be_private = ch_calloc(1, sizeof(struct ceiling));
	return 0;
}

static int
ceiling_config(BackendDB *be, const char *file, int line, int argc, char **argv)
{
	struct ceiling *ceiling = be->be_private;

	(void)file;
	(void)line;
	if (argc != 2 || strcasecmp(argv[0], "answers") != 0)
		return SLAP_CONF_UNKNOWN;
	ch_free(ceiling->file);
	ceiling->file = ch_strdup(argv[1]);
	return 0;
}

static int
ceiling_open(BackendDB *be, ConfigReply *reply)
{
	struct ceiling *ceiling = be->be_private;
	const char *why;

	(void)reply;
	if (ceiling->file == NULL || (slapMode & SLAP_TOOL_MODE))
		return 0;
	if (slap_str2ad("uid", &ads.uid, &why) != LDAP_SUCCESS ||
	    slap_str2ad("uidNumber", &ads.uid_number, &why) != LDAP_SUCCESS ||
	    slap_str2ad("gidNumber", &ads.gid_number, &why) != LDAP_SUCCESS ||
	    slap_str2ad("cn", &ads.cn, &why) != LDAP_SUCCESS ||
	    slap_str2ad("memberUid", &ads.member_uid, &why) != LDAP_SUCCESS ||
	    slap_str2ad("member", &ads.member, &why) != LDAP_SUCCESS)
		return -1;
	ads.object_class = slap_schema.si_ad_objectClass;
	ads.dn = slap_schema.si_ad_entryDN;
	return read_answers(ceiling);
}

/* Nothing is freed: the process ends, and takes millions of entries along. */
static int
ceiling_close(BackendDB *be, ConfigReply *reply)
{
	(void)be;
	(void)reply;
	return 0;
}

static int
ceiling_start(BackendInfo *bi)
{
	static char manage[] = LDAP_CONTROL_MANAGEDSAIT;
	static char *controls[] = { manage, NULL };

	bi->bi_controls = controls;
	bi->bi_db_init = ceiling_init;
	bi->bi_db_config = ceiling_config;
	bi->bi_db_open = ceiling_open;
	bi->bi_db_close = ceiling_close;
	bi->bi_op_bind = ceiling_bind;
	bi->bi_op_search = ceiling_search;
	bi->bi_op_compare = ceiling_compare;
	return 0;
}

__attribute__((visibility("default"))) int
init_module(int argc, char *argv[])
{
	static char type[] = "ceiling";
	static BackendInfo bi = { .bi_type = type, .bi_init = ceiling_start };

	(void)argc;
	(void)argv;
	return backend_add(&bi);
}
