/* SPDX-License-Identifier: OLDAP-2.8 */
/* indexes.c - the directive "index attr[,attr] [pres,eq,approx,sub]"
 *
 * Syntax and meaning are slapd-mdb(5)'s, and what Roster has built in needs
 * no line.  pres and approx are accepted and make nothing: presence is rarely
 * selective, and an approximate filter is answered by looking.
 *
 * What the lines say is told to the environment when the database opens and
 * when cn=config changes.  A new index is followed from then on, but answers
 * only when the entries that were there before are in it; tasks.c does that
 * beside clients, or slapindex.  Rows of an index whose line is gone are
 * dropped the same way, but by a server or slapindex alone: another tool may
 * have been given another configuration.
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

/* One index that a line asks for; false ends the walk. */
typedef bool wanted_each(void *arg, AttributeDescription *ad,
                         enum rst_index_kind kind);

struct line_walk {
	wanted_each *each;
	void *arg;
	unsigned int kinds;
};

static bool
walk_attr(void *arg, AttributeDescription *ad)
{
	const struct line_walk *walk = arg;

	/* membership has its own tables; others' rules are not the store's */
	if (back_member_id(ad) != RST_A_NONE || ad == back_names.member_of ||
	    !back_ad_indexable(ad))
		return true;
	if ((walk->kinds & KIND_EQUAL) &&
	    !walk->each(walk->arg, ad, RST_INDEX_EQUAL))
		return false;
	if ((walk->kinds & KIND_EQUAL) && ad->ad_type->sat_ordering != NULL &&
	    !walk->each(walk->arg, ad, RST_INDEX_ORDER))
		return false;
	return !(walk->kinds & KIND_SUBSTRING) ||
	       walk->each(walk->arg, ad, RST_INDEX_SUBSTRING);
}

/* The same for one line; false when it does not parse (words in reterr), or
 * each said so. */
static bool
walk_line(const char *line, struct line_walk walk, unsigned int *kinds,
          struct rst_detail *reterr)
{
	char attrs[RST_ATTR_NAME_MAX * 2];
	size_t len = strcspn(line, " \t");
	const char *list = line + len + strspn(line + len, " \t");

	if (len >= sizeof(attrs))
		return false;
	memcpy(attrs, line, len);
	attrs[len] = '\0';
	walk.kinds = *kinds;
	if (*list != '\0')
		walk.kinds =
			parse_kinds(list, reterr->text, sizeof(reterr->text));
	if (strcasecmp(attrs, "default") == 0) {
		*kinds = walk.kinds;
		return true;
	}
	return parse_attrs(attrs, walk_attr, &walk, reterr->text,
	                   sizeof(reterr->text));
}

/* Call each for all that the lines ask for. */
static bool
walk_lines(const struct back_db *db, wanted_each *each, void *arg,
           struct rst_detail *reterr)
{
	const struct line_walk walk = { each, arg, 0 };
	unsigned int kinds = KIND_EQUAL;

	for (unsigned int i = 0; i < db->n_index; i++)
		if (!walk_line(db->index[i].text, walk, &kinds, reterr))
			return false;
	return true;
}

struct same_index {
	const struct rst_index_info *info;
	bool found;
};

static bool
is_same(void *arg, AttributeDescription *ad, enum rst_index_kind kind)
{
	struct same_index *same = arg;

	same->found = kind == same->info->kind &&
	              rst_view_equal_nocase(same->info->name,
	                                    back_view_of(&ad->ad_cname));
	return !same->found;
}

/* The next index of the environment that no line asks for. */
static bool
find_unwanted(const struct back_db *db, const struct rst_rtxn *txn,
              struct rst_index_info *ret_info)
{
	struct same_index same = { ret_info, false };
	struct rst_detail ignored;
	size_t at = 0;

	while (rst_index_next(txn, &at, ret_info)) {
		if (ret_info->state == RST_INDEX_DROPPING)
			continue;
		same.found = false;
		(void)walk_lines(db, is_same, &same, &ignored);
		if (!same.found)
			return true;
	}
	return false;
}

static bool
is_asked(void *arg, AttributeDescription *ad, enum rst_index_kind kind)
{
	const struct rst_rtxn *txn = arg;
	uint16_t id;

	return back_ad_find(txn, ad, &id) && rst_index_asked(txn, id, kind);
}

static bool
may_remove(void)
{
	return (slapMode & SLAP_SERVER_MODE) || slapTool == SLAPINDEX;
}

/* The environment knows what the lines say: nothing is to be written. */
static bool
agrees(const struct back_db *db, struct rst_rtxn *txn)
{
	struct rst_index_info info;
	struct rst_detail ignored;

	return walk_lines(db, is_asked, txn, &ignored) &&
	       (!may_remove() || !find_unwanted(db, txn, &info));
}

struct asking {
	struct rst_wtxn *txn;
	enum rst_err err;
};

static bool
ask(void *arg, AttributeDescription *ad, enum rst_index_kind kind)
{
	struct asking *asking = arg;
	uint16_t id;

	asking->err = back_ad_intern(asking->txn, ad, &id);
	if (asking->err == RST_OK)
		asking->err = rst_index_add(asking->txn, id, kind);
	return asking->err == RST_OK;
}

static enum rst_err
tell(const struct back_db *db, struct rst_wtxn *txn, struct rst_detail *reterr)
{
	struct asking asking = { txn, RST_OK };
	struct rst_index_info info;

	if (!walk_lines(db, ask, &asking, reterr) && asking.err == RST_OK)
		asking.err = RST_EINVALID;
	if (asking.err == RST_EFULL)
		rst_detail_set(reterr, "the names of all indexes are longer "
		                       "than the environment can keep");
	while (asking.err == RST_OK && may_remove() &&
	       find_unwanted(db, &txn->r, &info))
		asking.err = rst_index_remove(txn, info.name, info.kind);
	return asking.err;
}

enum rst_err
back_index_open(BackendDB *be, struct rst_detail *reterr)
{
	struct back_db *db = be->be_private;
	struct rst_rtxn read;
	struct rst_wtxn txn;
	bool same, pending;
	enum rst_err err;

	err = rst_read_begin(db->env, &read);
	if (err != RST_OK)
		return err;
	same = agrees(db, &read);
	pending = rst_index_pending(&read);
	rst_read_end(&read);
	if (!same) {
		err = rst_write_begin(db->env, RST_WRITE_ORDINARY, &txn);
		if (err != RST_OK)
			return err;
		err = tell(db, &txn, reterr);
		pending = rst_index_pending(&txn.r);
		if (err == RST_OK)
			err = rst_write_commit(&txn);
		rst_write_abort(&txn);
	}
	if (err == RST_OK && pending)
		back_task_index(be);
	return err;
}

void
back_index_print(const struct rst_index_info *info, char *text, size_t size)
{
	static const char *const states[] = {
		[RST_INDEX_COMPLETE] = "complete",
		[RST_INDEX_QUEUED] = "waiting",
		[RST_INDEX_BUILDING] = "building",
		[RST_INDEX_DROPPING] = "dropping",
	};
	int len;

	len = snprintf(text, size, "%.*s %s %s", (int)info->name.len,
	               info->name.ptr, rst_index_kind_word(info->kind),
	               states[info->state]);
	if (info->state == RST_INDEX_BUILDING && len > 0 && (size_t)len < size)
		snprintf(text + len, size - (size_t)len, " %llu/%llu",
		         (unsigned long long)info->done,
		         (unsigned long long)info->total);
}
