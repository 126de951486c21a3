/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_row.c - keys and rows of the membership relation
 *
 * Entry 7 is in the rosterGroup 5, whose raw member "bob" nobody is yet; group
 * 6 is an ordinary groupOfNames that lists entry 7 in an unusual spelling:
 *
 *	member		5 ROSTER e 7
 *			5 ROSTER n "bob"
 *			6 MEMBER e 7		-> 't' "UID=Alice, dc=example"
 *	memberof	e 7 5 ROSTER
 *			e 7 6 MEMBER
 *			n "bob" 5 ROSTER
 *
 * Entry 8 is in group 5 until 1798761600:
 *
 *	member		5 ROSTER e 8		-> 'u' 000000006b36ec80
 *	memberof	e 8 5 ROSTER		-> 000000006b36ec80
 *
 * Nothing else writes these tables, so they stay transposes.
 */
#include "store/member_priv.h"

#include <stdlib.h>

#define UNTIL_VALUE 9 /* the flag and a moment */

static void
put_raw(char kind, struct rst_view raw, struct rst_mkey *ret_key)
{
	size_t n = raw.len <= RST_RAW_WHOLE ? raw.len : RST_RAW_HEAD;

	ret_key->bytes[0] = kind;
	if (n > 0)
		memcpy(ret_key->bytes + 3, raw.ptr, n);
	if (n < raw.len) {
		crypto_generichash((unsigned char *)ret_key->bytes + 3 + n, 32,
		                   (const unsigned char *)raw.ptr, raw.len,
		                   NULL, 0);
		n = RST_RAW_CUT;
	}
	rst_put_be16(ret_key->bytes + 1, (uint16_t)n);
	ret_key->len = 3 + n;
}

void
rst_mkey_entry(uint64_t id, struct rst_mkey *ret_key)
{
	ret_key->bytes[0] = 'e';
	rst_put_be64(ret_key->bytes + 1, id);
	ret_key->len = 9;
}

void
rst_mkey_name(struct rst_view name, struct rst_mkey *ret_key)
{
	put_raw('n', name, ret_key);
}

void
rst_mkey_dn(struct rst_view ndn, struct rst_mkey *ret_key)
{
	put_raw('d', ndn, ret_key);
}

void
rst_mkey_value(struct rst_view ndn, struct rst_mkey *ret_key)
{
	put_raw('v', ndn, ret_key);
}

uint64_t
rst_mkey_id(const struct rst_mkey *key)
{
	return key->bytes[0] == 'e' ? rst_get_be64(key->bytes + 1) : 0;
}

bool
rst_mkey_equal(const struct rst_mkey *a, const struct rst_mkey *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool
rst_mkey_raw(const struct rst_mkey *key, struct rst_view *ret_raw)
{
	if (key->bytes[0] == 'e' || key->len - 3 == RST_RAW_CUT)
		return false;
	*ret_raw = rst_view(key->bytes + 3, key->len - 3);
	return true;
}

/* The length of the member key that bytes begin with; 0 for none. */
static size_t
key_length(struct rst_view bytes)
{
	size_t len;

	if (bytes.len < 3)
		return 0;
	switch (bytes.ptr[0]) {
	case 'e':
		len = 9;
		break;
	case 'n':
	case 'd':
	case 'v':
		len = 3 + (size_t)rst_get_be16(bytes.ptr + 1);
		break;
	default:
		return 0;
	}
	return len <= bytes.len && len <= RST_MKEY_MAX ? len : 0;
}

bool
rst_mkey_parse(struct rst_view bytes, struct rst_mkey *ret_key)
{
	size_t len = key_length(bytes);

	if (len == 0 || len != bytes.len)
		return false;
	memcpy(ret_key->bytes, bytes.ptr, len);
	ret_key->len = len;
	return true;
}

void
rst_mrow_release(struct rst_mrow *row)
{
	free(row->text);
	row->text = NULL;
	row->text_len = 0;
}

size_t
rst_mrow_key(uint64_t group, enum rst_via via, const struct rst_mkey *key,
             char buf[RST_MROW_MAX])
{
	rst_put_be64(buf, group);
	buf[8] = (char)via;
	memcpy(buf + 9, key->bytes, key->len);
	return 9 + key->len;
}

size_t
rst_mrow_of_key(uint64_t group, enum rst_via via, const struct rst_mkey *key,
                char buf[RST_MROW_MAX])
{
	memcpy(buf, key->bytes, key->len);
	rst_put_be64(buf + key->len, group);
	buf[key->len + 8] = (char)via;
	return key->len + 9;
}

static bool
via_known(unsigned char via)
{
	return via >= RST_VIA_ROSTER && via <= RST_VIA_LAST;
}

enum rst_err
rst_mrow_decode(struct rst_view key, struct rst_view value,
                struct rst_mrow *ret_row)
{
	struct rst_mrow row = { 0 };

	if (key.len < 9 || !via_known((unsigned char)key.ptr[8]) ||
	    !rst_mkey_parse(rst_view(key.ptr + 9, key.len - 9), &row.key))
		return RST_ECORRUPT;
	row.group = rst_get_be64(key.ptr);
	row.via = (enum rst_via)key.ptr[8];
	if (value.len > 0) {
		row.flag = (enum rst_mrow_flag)value.ptr[0];
		if (row.flag == RST_MROW_UNTIL) {
			if (value.len != UNTIL_VALUE || row.key.bytes[0] != 'e')
				return RST_ECORRUPT;
			row.until_s = (int64_t)rst_get_be64(value.ptr + 1);
		} else if (row.flag != RST_MROW_TEXT &&
		           row.flag != RST_MROW_PAIRED) {
			return RST_ECORRUPT;
		}
	}
	if (value.len > 1 && row.flag != RST_MROW_UNTIL) {
		row.text = (char *)(uintptr_t)(value.ptr + 1);
		row.text_len = value.len - 1;
	}
	*ret_row = row;
	return RST_OK;
}

enum rst_err
rst_mrow_of_decode(struct rst_view bytes, struct rst_mkey *ret_key,
                   uint64_t *ret_group, enum rst_via *ret_via)
{
	size_t len = key_length(bytes);

	if (len == 0 || bytes.len != len + 9 ||
	    !via_known((unsigned char)bytes.ptr[len + 8]))
		return RST_ECORRUPT;
	memcpy(ret_key->bytes, bytes.ptr, len);
	ret_key->len = len;
	*ret_group = rst_get_be64(bytes.ptr + len);
	*ret_via = (enum rst_via)bytes.ptr[len + 8];
	return RST_OK;
}

/* The row has ended by the transaction's time. */
static bool
has_ended(const struct rst_rtxn *txn, int64_t until_s)
{
	return until_s != 0 && txn->now_s != 0 && until_s <= txn->now_s;
}

int64_t
rst_mrow_until(struct rst_view value)
{
	return value.len == UNTIL_VALUE && value.ptr[0] == RST_MROW_UNTIL
	               ? (int64_t)rst_get_be64(value.ptr + 1)
	               : 0;
}

struct rst_view
rst_mrow_of_value(const struct rst_mrow *row, char buf[8])
{
	rst_put_be64(buf, (uint64_t)row->until_s);
	return rst_view(buf, row->until_s != 0 ? 8 : 0);
}

bool
rst_mrow_lives(const struct rst_rtxn *txn, struct rst_view value)
{
	return !has_ended(txn, rst_mrow_until(value));
}

/* Turn the borrowed text of a decoded row into its own. */
static enum rst_err
own_text(struct rst_mrow *row)
{
	char *copy = NULL;

	if (row->text == NULL)
		return RST_OK;
	copy = malloc(row->text_len);
	if (copy == NULL)
		return RST_ENOMEM;
	memcpy(copy, row->text, row->text_len);
	row->text = copy;
	return RST_OK;
}

enum rst_err
rst_mrow_find(const struct rst_rtxn *txn, uint64_t group, enum rst_via via,
              const struct rst_mkey *key)
{
	char buf[RST_MROW_MAX];
	size_t len = rst_mrow_key(group, via, key, buf);
	struct rst_view value;
	enum rst_err err;

	err = rst_db_get(txn, RST_T_MEMBER, rst_view(buf, len), &value);
	if (err == RST_OK && has_ended(txn, rst_mrow_until(value)))
		err = RST_ENOTFOUND;
	return err;
}

enum rst_err
rst_mrow_get(const struct rst_rtxn *txn, uint64_t group, enum rst_via via,
             const struct rst_mkey *key, struct rst_mrow *ret_row)
{
	char buf[RST_MROW_MAX];
	size_t len = rst_mrow_key(group, via, key, buf);
	struct rst_mrow row;
	struct rst_view value;
	enum rst_err err;

	err = rst_db_get(txn, RST_T_MEMBER, rst_view(buf, len), &value);
	if (err == RST_OK)
		err = rst_mrow_decode(rst_view(buf, len), value, &row);
	if (err == RST_OK && has_ended(txn, row.until_s))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = own_text(&row);
	if (err == RST_OK)
		*ret_row = row;
	return err;
}

/* Append to deltas, which may be NULL. */
static enum rst_err
note(struct rst_member_deltas *deltas, bool added, uint64_t group,
     enum rst_via via, const struct rst_mkey *key, struct rst_view text)
{
	struct rst_member_delta delta = { .group = group,
		                          .added = added,
		                          .via = via };
	struct rst_member_delta *items;
	size_t room;

	if (deltas == NULL)
		return RST_OK;
	if (deltas->n == deltas->room) {
		room = deltas->room == 0 ? 4 : deltas->room * 2;
		items = realloc(deltas->items, room * sizeof(*items));
		if (items == NULL)
			return RST_ENOMEM;
		deltas->items = items;
		deltas->room = room;
	}
	delta.key = malloc(key->len);
	if (text.len > 0)
		delta.text = malloc(text.len);
	if (delta.key == NULL || (text.len > 0 && delta.text == NULL)) {
		free(delta.key);
		free(delta.text);
		return RST_ENOMEM;
	}
	memcpy(delta.key, key->bytes, key->len);
	delta.key_len = key->len;
	if (text.len > 0)
		memcpy(delta.text, text.ptr, text.len);
	delta.text_len = text.len;
	deltas->items[deltas->n++] = delta;
	return RST_OK;
}

/* The row of table member, and what is kept of how many there are.  Most are
 * new: who replaces one pays for a look at it. */
static enum rst_err
put_counted(struct rst_wtxn *txn, uint64_t group, struct rst_view key,
            struct rst_view value)
{
	const int64_t is_s = rst_mrow_until(value);
	struct rst_view old;
	int64_t was_s = 0;
	int by = 1;
	enum rst_err err;

	err = rst_db_put(txn, RST_T_MEMBER, key, value, false);
	if (err == RST_EEXISTS) {
		by = 0;
		err = rst_db_get(&txn->r, RST_T_MEMBER, key, &old);
		if (err == RST_OK) {
			was_s = rst_mrow_until(old);
			err = rst_db_put(txn, RST_T_MEMBER, key, value, true);
		}
	}
	return err == RST_OK ? rst_mcount_change(txn, group, by, was_s, is_s)
	                     : err;
}

enum rst_err
rst_mrow_put(struct rst_wtxn *txn, uint64_t group, enum rst_via via,
             const struct rst_mkey *key, enum rst_mrow_flag flag,
             struct rst_view text, struct rst_member_deltas *deltas)
{
	char buf[RST_MROW_MAX], of_buf[RST_MROW_MAX], small[256];
	size_t len = rst_mrow_key(group, via, key, buf);
	size_t of_len = rst_mrow_of_key(group, via, key, of_buf);
	size_t value_len = flag == RST_MROW_PLAIN ? 0 : 1 + text.len;
	bool is_text = value_len > 1 && flag != RST_MROW_UNTIL;
	struct rst_view of_value =
		flag == RST_MROW_UNTIL ? text : rst_view("", 0);
	char *value = small, *big = NULL;
	enum rst_err err = RST_ENOMEM;

	if (value_len > sizeof(small)) {
		big = value = malloc(value_len);
		if (big == NULL)
			goto out;
	}
	if (value_len > 0)
		value[0] = (char)flag;
	if (value_len > 1)
		memcpy(value + 1, text.ptr, text.len);
	err = put_counted(txn, group, rst_view(buf, len),
	                  rst_view(value, value_len));
	if (err == RST_OK)
		err = rst_db_put(txn, RST_T_MEMBEROF, rst_view(of_buf, of_len),
		                 of_value, true);
	if (err == RST_OK && via == RST_VIA_GROUP)
		err = rst_meta_set_number(txn, RST_NESTED, 1);
	if (err == RST_OK)
		err = note(deltas, true, group, via, key,
		           rst_view(text.ptr, is_text ? text.len : 0));
out:
	free(big);
	return err;
}

enum rst_err
rst_mrow_drop(struct rst_wtxn *txn, uint64_t group, enum rst_via via,
              const struct rst_mkey *key, struct rst_member_deltas *deltas)
{
	char buf[RST_MROW_MAX], of_buf[RST_MROW_MAX];
	size_t len = rst_mrow_key(group, via, key, buf);
	size_t of_len = rst_mrow_of_key(group, via, key, of_buf);
	struct rst_mrow row = { 0 };
	enum rst_err err;

	err = rst_mrow_get(&txn->r, group, via, key, &row);
	if (err == RST_OK)
		err = note(deltas, false, group, via, key,
		           rst_view(row.text, row.text_len));
	if (err == RST_OK)
		err = rst_db_drop(txn, RST_T_MEMBER, rst_view(buf, len));
	if (err == RST_OK)
		err = rst_mcount_change(txn, group, -1, row.until_s, 0);
	if (err == RST_OK) {
		err = rst_db_drop(txn, RST_T_MEMBEROF,
		                  rst_view(of_buf, of_len));
		if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT;
	}
	rst_mrow_release(&row);
	return err;
}

enum rst_err
rst_mrow_after(const struct rst_rtxn *txn, uint64_t group, enum rst_via via,
               const struct rst_mkey *key, struct rst_mrow *ret_row)
{
	static const struct rst_mkey nothing = { 0 };
	struct rst_cursor cursor = { 0 };
	struct rst_view found, value;
	struct rst_mrow row;
	char buf[RST_MROW_MAX];
	size_t len;
	enum rst_err err;

	len = rst_mrow_key(group, via, key != NULL ? key : &nothing, buf);
	err = rst_cursor_open(txn, RST_T_MEMBER, &cursor);
	if (err != RST_OK)
		goto out;
	err = key != NULL ? rst_cursor_after(&cursor, rst_view(buf, len),
	                                     &found, &value)
	                  : rst_cursor_seek(&cursor, rst_view(buf, len), &found,
	                                    &value);
	while (err == RST_OK && has_ended(txn, rst_mrow_until(value)))
		err = rst_cursor_next(&cursor, &found, &value);
	if (err == RST_OK && !rst_view_starts(found, rst_view(buf, 9)))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_mrow_decode(found, value, &row);
	if (err == RST_OK)
		err = own_text(&row);
	if (err == RST_OK)
		*ret_row = row;
out:
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_mrow_of_after(const struct rst_rtxn *txn, const struct rst_mkey *key,
                  uint64_t *group, enum rst_via *via)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view found, value;
	struct rst_mkey found_key;
	char buf[RST_MROW_MAX];
	size_t len = rst_mrow_of_key(*group, *via, key, buf);
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_MEMBEROF, &cursor);
	if (err != RST_OK)
		goto out;
	err = rst_cursor_after(&cursor, rst_view(buf, len), &found, &value);
	while (err == RST_OK && value.len == 8 &&
	       has_ended(txn, (int64_t)rst_get_be64(value.ptr)))
		err = rst_cursor_next(&cursor, &found, &value);
	if (err == RST_OK &&
	    !rst_view_starts(found, rst_view(key->bytes, key->len)))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_mrow_of_decode(found, &found_key, group, via);
out:
	rst_cursor_close(&cursor);
	return err;
}
