/* SPDX-License-Identifier: OLDAP-2.8 */
/* ad.c - attribute numbers and slapd's attribute descriptions
 *
 * A record names its attributes by number, slapd by a pointer to an
 * AttributeDescription, which lives as long as the process.  The table below
 * remembers the pointer for each number that a read transaction has shown.
 */
#include "back-roster.h"

#include <stdatomic.h>

#define FAMILIES     256  /* kept at a time; a power of two */
#define FAMILY_KEPT  8    /* numbers of one that is kept */
#define FAMILY_TRIES 8    /* places where one may be */
#define FAMILIES_MAX 4096 /* ever made, while the database is open */

/* An attribute with its subtypes, of the numbers below end. */
struct family {
	struct family *older; /* all that were ever made */
	const AttributeDescription *ad;
	uint32_t end;
	size_t n;
	uint16_t ids[FAMILY_KEPT];
};

struct back_ads {
	_Atomic(AttributeDescription *) ad[BACK_ATTR_MAX];
	_Atomic(struct family *) family[FAMILIES];
	_Atomic(struct family *) newest;
	atomic_uint n_families;
};

struct back_names back_names;

struct back_ads *
back_ads_new(void)
{
	return ch_calloc(1, sizeof(struct back_ads));
}

void
back_ads_free(struct back_ads *ads)
{
	struct family *family, *older;

	if (ads == NULL)
		return;
	for (family = ads->newest; family != NULL; family = older) {
		older = family->older;
		ch_free(family);
	}
	ch_free(ads);
}

/* An attribute that is not in the schema (any more) is shown as it is. */
static AttributeDescription *
ad_named(const char *name)
{
	AttributeDescription *ad = NULL;
	const char *text;
	struct berval bv;

	ber_str2bv(name, 0, 0, &bv);
	if (slap_bv2ad(&bv, &ad, &text) != LDAP_SUCCESS &&
	    slap_bv2undef_ad(&bv, &ad, &text, 0) != LDAP_SUCCESS)
		return NULL;
	return ad;
}

AttributeDescription *
back_ad(struct back_db *db, const struct rst_rtxn *txn, bool committed,
        uint16_t id)
{
	AttributeDescription *ad;
	enum rst_match match;
	const char *name;

	ad = atomic_load_explicit(&db->ads->ad[id], memory_order_acquire);
	if (ad != NULL)
		return ad;
	if (rst_attr_name(txn, id, &name, &match) != RST_OK)
		return NULL;
	ad = ad_named(name);
	if (ad != NULL && (committed || id < RST_A_BUILTIN_END))
		atomic_store_explicit(&db->ads->ad[id], ad,
		                      memory_order_release);
	return ad;
}

bool
back_ad_find(const struct rst_rtxn *txn, AttributeDescription *ad,
             uint16_t *ret_id)
{
	return rst_attr_find(txn, back_view_of(&ad->ad_cname), ret_id) ==
	       RST_OK;
}

/* How the store compares values for which slapd has this equality rule, and
 * whether the two mean the same. */
static enum rst_match
ad_match(const AttributeDescription *ad, bool *ret_faithful)
{
	static const struct {
		const char *oid;
		enum rst_match match;
	} rule[] = {
		{ "2.5.13.0", RST_MATCH_IGNORE },  /* objectIdentifier */
		{ "2.5.13.1", RST_MATCH_DN },      /* distinguishedName */
		{ "2.5.13.2", RST_MATCH_IGNORE },  /* caseIgnore */
		{ "2.5.13.13", RST_MATCH_IGNORE }, /* boolean */
		{ "2.5.13.14", RST_MATCH_INTEGER },
		{ "2.5.13.17", RST_MATCH_EXACT }, /* octetString */
		{ "2.5.13.23", RST_MATCH_DN },    /* uniqueMember */
		{ "2.5.13.27", RST_MATCH_TIME },  /* generalizedTime */
		{ "1.3.6.1.1.16.2", RST_MATCH_UUID },
		{ "1.3.6.1.4.1.4203.666.11.2.2", RST_MATCH_CSN },
		{ "1.3.6.1.4.1.1466.109.114.2", RST_MATCH_IGNORE }, /* IA5 */
	};
	const MatchingRule *equality = ad->ad_type->sat_equality;

	*ret_faithful = false;
	if (equality == NULL)
		return RST_MATCH_EXACT;
	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++) {
		if (strcmp(equality->smr_oid, rule[i].oid) != 0)
			continue;
		*ret_faithful = true;
		return rule[i].match;
	}
	return RST_MATCH_EXACT;
}

enum rst_err
back_ad_intern(struct rst_wtxn *txn, AttributeDescription *ad, uint16_t *ret_id)
{
	bool faithful;

	return rst_attr_intern(txn, back_view_of(&ad->ad_cname),
	                       ad_match(ad, &faithful), ret_id);
}

bool
back_ad_indexable(AttributeDescription *ad)
{
	bool faithful;

	ad_match(ad, &faithful);
	return faithful && !(ad->ad_type->sat_flags & SLAP_AT_ORDERED_VAL);
}

/* The first number that is not given out in this snapshot. */
static uint32_t
numbers_end(struct back_db *db, const struct rst_rtxn *txn)
{
	uint32_t id = RST_A_DYNAMIC;
	uint64_t end;

	if (rst_fact_get(txn, RST_FACT_ATTRS_END, &end))
		return (uint32_t)end;
	while (id < BACK_ATTR_MAX &&
	       back_ad(db, txn, true, (uint16_t)id) != NULL)
		id++;
	rst_fact_put(txn, RST_FACT_ATTRS_END, id);
	return id;
}

static bool
find_family(struct back_db *db, const struct rst_rtxn *txn,
            AttributeDescription *ad, uint32_t end, uint16_t *ids, size_t max,
            size_t *ret_n)
{
	AttributeDescription *other;
	uint32_t id;
	size_t n = 0;

	for (id = 1; id < end; id++) {
		if (id == RST_A_BUILTIN_END)
			id = RST_A_DYNAMIC;
		if (id == end)
			break;
		other = back_ad(db, txn, true, (uint16_t)id);
		if (other == NULL)
			break;
		if (other != ad && !is_ad_subtype(other, ad))
			continue;
		if (n == max)
			return false;
		ids[n++] = (uint16_t)id;
	}
	*ret_n = n;
	return true;
}

/*
 * By number, not by address: that is another at each start, and two attributes
 * that want one place would cost one of them a look at all attributes, each
 * time, until slapd ends.
 */
static _Atomic(struct family *) *
place_of(struct back_db *db, const AttributeDescription *ad, unsigned int try)
{
	return &db->ads->family[((unsigned int)ad->ad_index + try) % FAMILIES];
}

/* NULL: not kept.  *ret_place is for a new one, NULL when all are taken. */
static const struct family *
kept_family(struct back_db *db, const AttributeDescription *ad, uint32_t end,
            _Atomic(struct family *) **ret_place)
{
	const struct family *family;
	_Atomic(struct family *) *place;

	*ret_place = NULL;
	for (unsigned int try = 0; try < FAMILY_TRIES; try++) {
		place = place_of(db, ad, try);
		family = atomic_load_explicit(place, memory_order_acquire);
		if (family != NULL && family->ad == ad && family->end == end)
			return family;
		if (*ret_place == NULL && (family == NULL || family->end < end))
			*ret_place = place;
		if (family == NULL)
			break;
	}
	return NULL;
}

/* Nobody frees one while the database is open: others may be reading it.  A
 * place gets a new one only when attributes were added. */
static void
keep_family(struct back_db *db, _Atomic(struct family *) *place,
            const AttributeDescription *ad, uint32_t end, const uint16_t *ids,
            size_t n)
{
	struct family *family;

	if (n > FAMILY_KEPT ||
	    atomic_fetch_add(&db->ads->n_families, 1) >= FAMILIES_MAX)
		return;
	family = ch_calloc(1, sizeof(*family));
	family->ad = ad;
	family->end = end;
	family->n = n;
	memcpy(family->ids, ids, n * sizeof(*ids));
	family->older = atomic_load(&db->ads->newest);
	while (!atomic_compare_exchange_weak(&db->ads->newest, &family->older,
	                                     family))
		continue;
	atomic_store_explicit(place, family, memory_order_release);
}

bool
back_ad_family(struct back_db *db, const struct rst_rtxn *txn,
               AttributeDescription *ad, uint16_t *ids, size_t max,
               size_t *ret_n)
{
	uint32_t end = numbers_end(db, txn);
	_Atomic(struct family *) *place;
	const struct family *family = kept_family(db, ad, end, &place);

	if (family != NULL) {
		if (family->n > max)
			return false;
		memcpy(ids, family->ids, family->n * sizeof(*ids));
		*ret_n = family->n;
		return true;
	}
	if (!find_family(db, txn, ad, end, ids, max, ret_n))
		return false;
	if (place != NULL)
		keep_family(db, place, ad, end, ids, *ret_n);
	return true;
}

uint16_t
back_member_id(const AttributeDescription *ad)
{
	if (ad == NULL)
		return RST_A_NONE;
	if (ad == back_names.member)
		return RST_A_MEMBER;
	if (ad == back_names.member_uid)
		return RST_A_MEMBERUID;
	if (ad == back_names.unique_member)
		return RST_A_UNIQUEMEMBER;
	return RST_A_NONE;
}

bool
back_is_password(const AttributeDescription *ad)
{
	return is_ad_subtype((AttributeDescription *)ad,
	                     slap_schema.si_ad_userPassword) ||
	       (back_names.pwd_history != NULL &&
	        is_ad_subtype((AttributeDescription *)ad,
	                      back_names.pwd_history));
}

/*
 * Names are as other modules define them, so that theirs and ours may come in
 * any order.  At db_open every moduleload line has been read.
 */
static int
define(const char *name, const char *definition, AttributeDescription **ret_ad)
{
	const char *text;

	*ret_ad = NULL;
	if (slap_str2ad(name, ret_ad, &text) == LDAP_SUCCESS)
		return 0;
	*ret_ad = NULL;
	return register_at(definition, ret_ad, 1) == 0 ? 0 : -1;
}

static void
look_up(const char *name, AttributeDescription **ret_ad)
{
	const char *text;

	*ret_ad = NULL;
	if (slap_str2ad(name, ret_ad, &text) != LDAP_SUCCESS)
		*ret_ad = NULL;
}

int
back_names_open(void)
{
	AttributeDescription *generation = NULL;

	back_audit_open();
	look_up("member", &back_names.member);
	look_up("memberUid", &back_names.member_uid);
	look_up("uniqueMember", &back_names.unique_member);
	look_up("shadowExpire", &back_names.shadow_expire);
	look_up("shadowLastChange", &back_names.shadow_last_change);
	look_up("shadowMin", &back_names.shadow_min);
	look_up("shadowMax", &back_names.shadow_max);
	look_up("shadowWarning", &back_names.shadow_warning);
	look_up("pwdHistory", &back_names.pwd_history);
	look_up("rosterStatus", &back_names.status);
	look_up("rosterReason", &back_names.reason);
	look_up("mail", &back_names.mail);
	look_up("givenName", &back_names.given_name);
	look_up("sn", &back_names.sn);
	look_up("sshPublicKey", &back_names.ssh_key);
	look_up("gidNumber", &back_names.gid_number);
	look_up("pwdAccountLockedTime", &back_names.locked_time);
	if (define("memberOf",
	           "( 1.2.840.113556.1.2.102 NAME 'memberOf' "
	           "DESC 'Group that the entry belongs to' "
	           "EQUALITY distinguishedNameMatch "
	           "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 "
	           "NO-USER-MODIFICATION USAGE dSAOperation )",
	           &back_names.member_of) != 0 ||
	    define("nsAccountLock",
	           "( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' "
	           "DESC 'TRUE: the account may not be used' "
	           "EQUALITY caseIgnoreMatch "
	           "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 "
	           "SINGLE-VALUE USAGE directoryOperation )",
	           &back_names.account_lock) != 0 ||
	    define("numSubordinates",
	           "( 1.3.1.1.4.1.453.16.2.103 NAME 'numSubordinates' "
	           "DESC 'How many entries are right below' "
	           "EQUALITY integerMatch "
	           "ORDERING integerOrderingMatch "
	           "SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
	           "SINGLE-VALUE NO-USER-MODIFICATION "
	           "USAGE directoryOperation )",
	           &back_names.num_subordinates) != 0)
		return -1;
	return define("rosterGeneration",
	              "( 2.25.159176679776293129422703630532299253314.1.3 "
	              "NAME 'rosterGeneration' "
	              "DESC 'Raised when what was proved must be proved again' "
	              "EQUALITY integerMatch "
	              "SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
	              "SINGLE-VALUE NO-USER-MODIFICATION "
	              "USAGE dSAOperation )",
	              &generation);
}
