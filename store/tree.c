/* SPDX-License-Identifier: OLDAP-2.8 */
/* tree.c - where entries stand
 *
 *	tree	0000000000000000 "dc=example,dc=org" -> 0000000000000001
 *		0000000000000001 "ou=people"         -> 0000000000000002
 *		0000000000000002 "uid=alice"         -> 0000000000000009
 *
 * The suffix entry stands under 0 with its whole normalised DN; where the
 * suffix is empty, every first RDN does.  LMDB's keys
 * end at 511 bytes, so an RDN of more than 502 is kept as its first 471 bytes
 * and the BLAKE2b-256 of all of it: 503 bytes, a length that no other has.
 * Who finds such a row compares with the RDN in the record.
 */
#include "store/tree.h"

#include "store/env_priv.h"
#include "store/record_priv.h"

#define KEY_MAX      511
#define SHORT_MAX    (KEY_MAX - 8 - 1)
#define HASH_BYTES   32
#define LONG_KEY_LEN (SHORT_MAX + 1)
#define PREFIX_LEN   (LONG_KEY_LEN - HASH_BYTES)

static struct rst_view
tree_key(uint64_t parent, struct rst_view nrdn, char buf[KEY_MAX])
{
	rst_put_be64(buf, parent);
	if (nrdn.len <= SHORT_MAX) {
		if (nrdn.len > 0)
			memcpy(buf + 8, nrdn.ptr, nrdn.len);
		return rst_view(buf, 8 + nrdn.len);
	}
	memcpy(buf + 8, nrdn.ptr, PREFIX_LEN);
	crypto_generichash((unsigned char *)buf + 8 + PREFIX_LEN, HASH_BYTES,
	                   (const unsigned char *)nrdn.ptr, nrdn.len, NULL, 0);
	return rst_view(buf, 8 + LONG_KEY_LEN);
}

enum rst_err
rst_tree_add(struct rst_wtxn *txn, uint64_t parent, struct rst_view nrdn,
             uint64_t id)
{
	char buf[KEY_MAX], value[8];

	rst_put_be64(value, id);
	return rst_db_put(txn, RST_T_TREE, tree_key(parent, nrdn, buf),
	                  rst_view(value, sizeof(value)), false);
}

enum rst_err
rst_tree_drop(struct rst_wtxn *txn, uint64_t parent, struct rst_view nrdn)
{
	char buf[KEY_MAX];

	return rst_db_drop(txn, RST_T_TREE, tree_key(parent, nrdn, buf));
}

enum rst_err
rst_tree_child(const struct rst_rtxn *txn, uint64_t parent,
               struct rst_view nrdn, uint64_t *ret_id)
{
	struct rst_record record;
	struct rst_view value;
	char buf[KEY_MAX];
	enum rst_err err;
	uint64_t id;

	if (nrdn.len == 0 || nrdn.len > RST_RDN_MAX)
		return RST_ENOTFOUND;
	err = rst_db_get(txn, RST_T_TREE, tree_key(parent, nrdn, buf), &value);
	if (err != RST_OK)
		return err;
	if (value.len != 8)
		return RST_ECORRUPT;
	id = rst_get_be64(value.ptr);
	if (nrdn.len > SHORT_MAX) {
		err = rst_record_read(txn, id, false, &record);
		if (err != RST_OK)
			return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
		if (!rst_view_equal(record.nrdn, nrdn))
			return RST_ENOTFOUND;
	}
	*ret_id = id;
	return RST_OK;
}

/* Where the last RDN of ndn begins: after its last unescaped comma. */
static size_t
last_rdn(struct rst_view ndn)
{
	size_t at = ndn.len;

	while (at > 0) {
		size_t slashes = 0;

		if (ndn.ptr[at - 1] != ',') {
			at--;
			continue;
		}
		while (slashes + 1 < at && ndn.ptr[at - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			break;
		at--;
	}
	return at;
}

/* What stands before suffix in ndn, without the comma.  False when ndn does
 * not end in suffix. */
static bool
above_suffix(struct rst_view ndn, struct rst_view suffix,
             struct rst_view *ret_rest)
{
	size_t at;

	if (ndn.len < suffix.len || suffix.len == 0)
		return false;
	at = ndn.len - suffix.len;
	if (memcmp(ndn.ptr + at, suffix.ptr, suffix.len) != 0)
		return false;
	if (at > 0 && (at == 1 || ndn.ptr[at - 1] != ','))
		return false;
	*ret_rest = rst_view(ndn.ptr, at > 0 ? at - 1 : 0);
	return true;
}

enum rst_err
rst_tree_find(const struct rst_rtxn *txn, struct rst_view ndn, uint64_t *ret_id,
              uint64_t *ret_matched)
{
	struct rst_view suffix, rest = ndn;
	uint64_t matched = 0, id = 0;
	enum rst_err err;

	if (rst_memo_id(txn, ndn, ret_id))
		return RST_OK;
	err = rst_setting_get(txn, "suffix", &suffix);
	if (err == RST_ENOTFOUND || (err == RST_OK && suffix.len == 0))
		err = ndn.len > 0 ? RST_OK : RST_ENOTFOUND; /* all are ours */
	else if (err == RST_OK && !above_suffix(ndn, suffix, &rest))
		err = RST_ENOTFOUND;
	else if (err == RST_OK)
		err = rst_tree_child(txn, 0, suffix, &id);
	while (err == RST_OK && rest.len > 0) {
		size_t at = last_rdn(rest);

		matched = id;
		err = rst_tree_child(txn, matched,
		                     rst_view(rest.ptr + at, rest.len - at),
		                     &id);
		rest.len = at > 0 ? at - 1 : 0;
	}
	if (err == RST_OK) {
		rst_memo_found(txn, ndn, id);
		*ret_id = id;
	} else if (err == RST_ENOTFOUND && ret_matched != NULL) {
		*ret_matched = matched;
	}
	return err;
}

/* Each level adds a byte at least, so size bounds the walk even where the
 * parents of a corrupt tree form a ring. */
static enum rst_err
build_dn(const struct rst_rtxn *txn, uint64_t id, bool normalised, char *buf,
         size_t size, size_t *ret_len)
{
	struct rst_record record;
	struct rst_view rdn;
	uint64_t whose = id;
	enum rst_err err;
	size_t len = 0;

	if (rst_memo_name(txn, id, normalised, &rdn) && rdn.len < size) {
		memcpy(buf, rdn.ptr, rdn.len);
		buf[rdn.len] = '\0';
		*ret_len = rdn.len;
		return RST_OK;
	}
	do {
		err = rst_record_read(txn, id, false, &record);
		if (err != RST_OK)
			return err == RST_ENOTFOUND && len > 0 ? RST_ECORRUPT
			                                       : err;
		rdn = normalised ? record.nrdn : record.rdn;
		if (size - len <= rdn.len + (len > 0))
			return RST_EINVALID;
		if (len > 0)
			buf[len++] = ',';
		memcpy(buf + len, rdn.ptr, rdn.len);
		len += rdn.len;
		id = record.parent;
	} while (id != 0);
	buf[len] = '\0';
	rst_memo_named(txn, whose, normalised, rst_view(buf, len));
	*ret_len = len;
	return RST_OK;
}

enum rst_err
rst_tree_dn(const struct rst_rtxn *txn, uint64_t id, char *buf, size_t size,
            size_t *ret_len)
{
	return build_dn(txn, id, false, buf, size, ret_len);
}

enum rst_err
rst_tree_ndn(const struct rst_rtxn *txn, uint64_t id, char *buf, size_t size,
             size_t *ret_len)
{
	return build_dn(txn, id, true, buf, size, ret_len);
}

enum rst_err
rst_tree_below(const struct rst_rtxn *txn, uint64_t id, uint64_t ancestor,
               bool *ret_below)
{
	struct rst_record record;
	enum rst_err err = RST_OK;

	/* A DN has RST_DN_MAX levels at most. */
	for (int depth = 0; err == RST_OK && id != ancestor; depth++) {
		err = id != 0 && depth < RST_DN_MAX
		              ? rst_record_read(txn, id, false, &record)
		              : RST_ENOTFOUND;
		if (err == RST_OK)
			id = record.parent;
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_below = err == RST_OK;
	return RST_OK;
}

enum rst_err
rst_tree_has_children(const struct rst_rtxn *txn, uint64_t parent,
                      bool *ret_has)
{
	struct rst_tree_cursor cursor = { .len = 0 };
	uint64_t id;
	size_t n;
	enum rst_err err;

	err = rst_tree_children(txn, parent, &cursor, &id, 1, &n);
	if (err == RST_OK)
		*ret_has = n > 0;
	return err;
}

enum rst_err
rst_tree_children(const struct rst_rtxn *txn, uint64_t parent,
                  struct rst_tree_cursor *cursor, uint64_t *ids, size_t max,
                  size_t *ret_n)
{
	struct rst_cursor walk = { 0 };
	struct rst_view key, value, last;
	enum rst_err err;
	char prefix[8];
	size_t n = 0;

	rst_put_be64(prefix, parent);
	if (cursor->len == 0) {
		memcpy(cursor->key, prefix, sizeof(prefix));
		cursor->len = sizeof(prefix);
	}
	err = rst_cursor_open(txn, RST_T_TREE, &walk);
	if (err != RST_OK)
		return err;
	last = rst_view(cursor->key, cursor->len);
	err = rst_cursor_after(&walk, last, &key, &value);
	while (err == RST_OK && n < max) {
		if (!rst_view_starts(key, rst_view(prefix, sizeof(prefix))))
			break;
		if (value.len != 8 || key.len > sizeof(cursor->key)) {
			err = RST_ECORRUPT;
			break;
		}
		ids[n++] = rst_get_be64(value.ptr);
		memcpy(cursor->key, key.ptr, key.len);
		cursor->len = key.len;
		if (n < max)
			err = rst_cursor_next(&walk, &key, &value);
	}
	rst_cursor_close(&walk);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}

struct rst_tree_cursor
rst_tree_cursor_at(uint64_t parent, struct rst_view nrdn)
{
	struct rst_tree_cursor cursor = { .len = 8 };
	size_t room = sizeof(cursor.key) - cursor.len;
	size_t len = nrdn.len < room ? nrdn.len : room;

	rst_put_be64(cursor.key, parent);
	if (len > 0)
		memcpy(cursor.key + cursor.len, nrdn.ptr, len);
	cursor.len += len;
	return cursor;
}
