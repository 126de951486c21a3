/* SPDX-License-Identifier: OLDAP-2.8 */
/* place.c - where things stand */
#include "lifecycle/place.h"
#include "lifecycle/acts.h"
#include "store/ident.h"

const char *const lifecycle_skeleton[] = {
	"ou=people",     "ou=groups",   "ou=invitations", "ou=policies",
	"ou=tombstones", "ou=services", "ou=tokens",      "ou=hosts",
	"ou=agreements", "ou=presets",  "cn=settings",    NULL,
};

enum rst_err
lifecycle_suffix(const struct rst_rtxn *txn, uint64_t *ret_id)
{
	struct rst_view suffix;
	enum rst_err err;

	err = rst_setting_get(txn, "suffix", &suffix);
	if (err != RST_OK)
		return err;
	/* The suffix entry is the child of 0 whose RDN is the whole suffix. */
	return rst_tree_child(txn, 0, suffix, ret_id);
}

enum rst_err
lifecycle_place(const struct rst_rtxn *txn, const char *nrdn, uint64_t *ret_id)
{
	uint64_t suffix;
	enum rst_err err;

	err = lifecycle_suffix(txn, &suffix);
	if (err != RST_OK)
		return err;
	return rst_tree_child(txn, suffix, rst_view_of(nrdn), ret_id);
}

bool
lifecycle_rdn_value(struct rst_view dn, char *buf, size_t size)
{
	const char *equals = dn.len > 0 ? memchr(dn.ptr, '=', dn.len) : NULL;
	const char *comma = dn.len > 0 ? memchr(dn.ptr, ',', dn.len) : NULL;

	return equals != NULL && comma != NULL && equals < comma &&
	       rst_view_copy(rst_view(equals + 1, (size_t)(comma - equals) - 1),
	                     buf, size);
}

/* The child of place (such as "ou=people") called type name, lower case. */
static enum rst_err
find_child(const struct rst_rtxn *txn, const char *place, const char *type,
           struct rst_view name, uint64_t *ret_id)
{
	char nrdn[128];
	uint64_t parent;
	size_t n = strlen(type);
	enum rst_err err;

	if (name.len == 0 || name.len > sizeof(nrdn) - n)
		return RST_ENOTFOUND;
	memcpy(nrdn, type, n);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		/* What a DN would have to escape is in no name of ours. */
		if (c <= ' ' || c > '~' || strchr(",+\"\\<>;=#", c) != NULL)
			return RST_ENOTFOUND;
		nrdn[n++] = rst_lower(c);
	}
	err = lifecycle_place(txn, place, &parent);
	if (err != RST_OK)
		return err;
	return rst_tree_child(txn, parent, rst_view(nrdn, n), ret_id);
}

/* The name is one of its own, but for case, and not another that Unicode folds
 * on it, as sharp s on "ss": who says that one means somebody else. */
static bool
is_called(const struct rst_record *record, struct rst_view name)
{
	struct rst_attr names;
	struct rst_view own;

	if (!rst_record_attr(record,
	                     record->kind == RST_KIND_GROUP ? RST_A_CN
	                                                    : RST_A_UID,
	                     &names))
		return false;
	while (rst_attr_next(&names, &own))
		if (rst_view_equal_nocase(own, name))
			return true;
	return false;
}

/* Somebody of that name and kind, wherever it stands (imports, sub-units). */
static enum rst_err
find_owner(const struct rst_rtxn *txn, enum rst_ident ident, enum rst_kind kind,
           struct rst_view name, uint64_t *ret_id)
{
	struct rst_ident_owner owner = { 0 };
	char lower[128];
	struct rst_record record;
	enum rst_err err;

	if (name.len == 0 || name.len > sizeof(lower))
		return RST_ENOTFOUND;
	for (size_t i = 0; i < name.len; i++)
		lower[i] = rst_lower(name.ptr[i]);
	err = rst_ident_owner(txn, ident, rst_view(lower, name.len), 0, &owner);
	if (err != RST_OK)
		return err;
	if (owner.tombstone)
		return RST_ENOTFOUND;
	err = rst_record_get(txn, owner.id, &record);
	if (err != RST_OK)
		return err;
	if (record.kind != kind || !is_called(&record, name))
		return RST_ENOTFOUND;
	*ret_id = owner.id;
	return RST_OK;
}

static enum rst_err
find(const struct rst_rtxn *txn, const char *place, const char *type,
     enum rst_ident ident, enum rst_kind kind, struct rst_view name,
     uint64_t *ret_id)
{
	struct rst_record record;
	uint64_t id;
	enum rst_err err;

	err = find_child(txn, place, type, name, &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err == RST_OK && record.kind != kind)
		err = RST_ENOTFOUND;
	if (err == RST_ENOTFOUND)
		return find_owner(txn, ident, kind, name, ret_id);
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

enum rst_err
act_find_person(const struct rst_rtxn *txn, struct rst_view name,
                uint64_t *ret_id)
{
	return find(txn, "ou=people", "uid=", RST_IDENT_USERNAME,
	            RST_KIND_PERSON, name, ret_id);
}

enum rst_err
act_find_group(const struct rst_rtxn *txn, struct rst_view name,
               uint64_t *ret_id)
{
	return find(txn, "ou=groups", "cn=", RST_IDENT_GROUPNAME,
	            RST_KIND_GROUP, name, ret_id);
}
