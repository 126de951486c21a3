/* SPDX-License-Identifier: OLDAP-2.8 */
/* indexes.c - the directive "index attr[,attr] [pres,eq,approx,sub]"
 *
 * Syntax and meaning are slapd-mdb(5)'s, and what Roster has built in needs
 * no line.  pres and approx are accepted and make nothing: presence is rarely
 * selective, and an approximate filter is answered by looking.  An index that
 * is configured is made, over what is there, when the database opens; one
 * whose line went away is kept, it costs little and misleads nobody.
 */
#include "back-roster.h"

enum index_kinds {
	KIND_EQUAL = 1 << 0,
	KIND_SUBSTRING = 1 << 1,
	KIND_NOTHING = 1 << 2,
};

static unsigned int
kind_of(const char *word, size_t len)
{
	static const struct {
		const char *word;
		unsigned int kind;
	} known[] = {
		{ "eq", KIND_EQUAL },
		{ "sub", KIND_SUBSTRING },
		{ "subinitial", KIND_SUBSTRING },
		{ "subany", KIND_SUBSTRING },
		{ "subfinal", KIND_SUBSTRING },
		{ "pres", KIND_NOTHING },
		{ "approx", KIND_NOTHING },
		{ "notags", KIND_NOTHING },
		{ "nolang", KIND_NOTHING },
		{ "nosubtypes", KIND_NOTHING },
		{ "none", KIND_NOTHING },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].word) == len &&
		    strncasecmp(known[i].word, word, len) == 0)
			return known[i].kind;
	return 0;
}

/* The kinds of a list such as "pres,eq"; 0 and words in err for a bad one. */
static unsigned int
parse_kinds(const char *list, char *err, size_t size)
{
	unsigned int kinds = 0, kind;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		kind = kind_of(list, len);
		if (kind == 0) {
			snprintf(err, size, "index type \"%.*s\" undefined",
			         (int)(len < 64 ? len : 64), list);
			return 0;
		}
		kinds |= kind;
		if (list[len] == '\0')
			return kinds;
	}
}

/* Call each(arg, ad) for every attribute of a list such as "cn,sn". */
static bool
parse_attrs(const char *list, bool (*each)(void *arg, AttributeDescription *ad),
            void *arg, char *err, size_t size)
{
	AttributeDescription *ad;
	struct berval bv;
	const char *text;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		bv.bv_val = (char *)list;
		bv.bv_len = len;
		ad = NULL;
		if (slap_bv2ad(&bv, &ad, &text) != LDAP_SUCCESS) {
			snprintf(err, size,
			         "index attribute \"%.*s\" undefined",
			         (int)(len < 128 ? len : 128), list);
			return false;
		}
		if (each != NULL && !each(arg, ad))
			return false;
		if (list[len] == '\0')
			return true;
	}
}

struct kind_check {
	unsigned int kinds;
	char *err;
	size_t size;
};

/* slapd has no rule for this kind of match on this attribute? */
static bool
check_kinds(void *arg, AttributeDescription *ad)
{
	struct kind_check *check = arg;
	const char *kind = NULL;

	if ((check->kinds & KIND_EQUAL) && ad->ad_type->sat_equality == NULL)
		kind = "eq";
	if ((check->kinds & KIND_SUBSTRING) && ad->ad_type->sat_substr == NULL)
		kind = "sub";
	if (kind == NULL)
		return true;
	snprintf(check->err, check->size,
	         "\"%s\" index of attribute \"%s\" disallowed", kind,
	         ad->ad_cname.bv_val);
	return false;
}

bool
back_index_check(int argc, char **argv, char *err, size_t size)
{
	struct kind_check check = { KIND_EQUAL, err, size };

	if (argc > 2) {
		check.kinds = parse_kinds(argv[2], err, size);
		if (check.kinds == 0)
			return false;
	}
	/* "index default pres,eq" sets what a line without kinds means. */
	if (strcasecmp(argv[1], "default") == 0)
		return true;
	return parse_attrs(argv[1], check_kinds, &check, err, size);
}

struct index_open {
	struct rst_wtxn *txn;
	unsigned int kinds;
	enum rst_err err;
	bool made;
};

static enum rst_err
ensure(struct rst_wtxn *txn, uint16_t id, enum rst_index_kind kind, bool *made)
{
	if (rst_index_exists(&txn->r, id, kind))
		return RST_OK;
	*made = true;
	return rst_index_add(txn, id, kind);
}

static bool
open_one(void *arg, AttributeDescription *ad)
{
	struct index_open *open = arg;
	uint16_t id;

	/* membership has its own tables; others' rules are not the store's */
	if (back_member_id(ad) != RST_A_NONE || ad == back_names.member_of ||
	    !back_ad_indexable(ad))
		return true;
	open->err = back_ad_intern(open->txn, ad, &id);
	if (open->err == RST_OK && (open->kinds & KIND_EQUAL)) {
		open->err = ensure(open->txn, id, RST_INDEX_EQUAL, &open->made);
		if (open->err == RST_OK && ad->ad_type->sat_ordering != NULL)
			open->err = ensure(open->txn, id, RST_INDEX_ORDER,
			                   &open->made);
	}
	if (open->err == RST_OK && (open->kinds & KIND_SUBSTRING))
		open->err =
			ensure(open->txn, id, RST_INDEX_SUBSTRING, &open->made);
	return open->err == RST_OK;
}

static enum rst_err
open_line(struct rst_wtxn *txn, const char *line, unsigned int *kinds,
          bool *made, struct rst_detail *reterr)
{
	struct index_open open = { txn, *kinds, RST_OK, false };
	char attrs[RST_ATTR_NAME_MAX * 2];
	size_t len = strcspn(line, " \t");
	const char *list = line + len + strspn(line + len, " \t");

	if (len >= sizeof(attrs))
		return RST_EINVALID;
	memcpy(attrs, line, len);
	attrs[len] = '\0';
	if (*list != '\0')
		open.kinds =
			parse_kinds(list, reterr->text, sizeof(reterr->text));
	if (strcasecmp(attrs, "default") == 0) {
		*kinds = open.kinds;
		return RST_OK;
	}
	if (!parse_attrs(attrs, open_one, &open, reterr->text,
	                 sizeof(reterr->text)) &&
	    open.err == RST_OK)
		open.err = RST_EINVALID;
	*made |= open.made;
	return open.err;
}

enum rst_err
back_index_open(BackendDB *be, struct rst_detail *reterr)
{
	struct back_db *db = be->be_private;
	unsigned int kinds = KIND_EQUAL;
	struct rst_wtxn txn;
	bool made = false;
	enum rst_err err;

	if (db->n_index == 0)
		return RST_OK;
	err = rst_write_begin(db->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	for (unsigned int i = 0; i < db->n_index && err == RST_OK; i++)
		err = open_line(&txn, db->index[i].text, &kinds, &made, reterr);
	if (err == RST_OK && made)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}
