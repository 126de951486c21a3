/* SPDX-License-Identifier: OLDAP-2.8 */
/* record.c - records: entries as they are stored
 *
 *	offset	size	field
 *	0	1	format, always 1
 *	1	1	kind (enum rst_kind)
 *	2	1	status (enum rst_status)
 *	3	1	0
 *	4	4	flags (enum rst_record_flag)
 *	8	8	id
 *	16	8	parent id
 *	24	8	generation
 *	32	4	uidNumber, ffffffff if none
 *	36	4	gidNumber, ffffffff if none
 *	40	2	length of the RDN as written
 *	42	2	length of the normalised RDN
 *	44	2	number of attributes
 *	46	2	0
 *	48	..	the RDN, the normalised RDN
 *	..	10 each	the directory: attribute(2) count(4) end(4)
 *	..	..	the values: length(4) bytes
 *	-8	8	the first 8 bytes of the BLAKE2b-128 of all before
 *
 * Numbers are big endian.  "end" is where the attribute's values end, counted
 * from where the first one begins: an attribute's values begin where the one
 * before it ends.  So to find one attribute is a walk of the directory and
 * touches no value.  For example uid: alice and cn: Alice, Ada:
 *
 *	directory	000a 00000001 00000009	000b 00000002 00000019
 *	values		00000005 "alice"  00000005 "Alice" 00000003 "Ada"
 *
 * kind, status, numbers and flags are computed from the attributes here, when
 * the record is made, and nowhere else.
 */
#include "store/entry.h"

#include <stdlib.h>

#include "store/env_priv.h"
#include "store/record_priv.h"

#define FORMAT         1
#define OFF_KIND       1
#define OFF_STATUS     2
#define OFF_FLAGS      4
#define OFF_ID         8
#define OFF_PARENT     16
#define OFF_GENERATION 24
#define OFF_UIDNUMBER  32
#define OFF_GIDNUMBER  36
#define OFF_RDN_LEN    40
#define OFF_NRDN_LEN   42
#define OFF_N_ATTRS    44
#define HEADER_BYTES   48
#define ROW_BYTES      10
#define LENGTH_BYTES   4
#define SUM_BYTES      RST_SUM_BYTES
#define ATTRS_MAX      UINT16_MAX

static const char *const status_words[] = {
	[RST_STATUS_NONE] = "",           [RST_STATUS_PENDING] = "pending",
	[RST_STATUS_ACTIVE] = "active",   [RST_STATUS_SUSPENDED] = "suspended",
	[RST_STATUS_DELETED] = "deleted",
};

const char *
rst_status_word(enum rst_status status)
{
	return status_words[status];
}

enum rst_status
rst_status_parse(struct rst_view word)
{
	for (int i = RST_STATUS_PENDING; i <= RST_STATUS_DELETED; i++)
		if (rst_view_equal_nocase(word, rst_view_of(status_words[i])))
			return (enum rst_status)i;
	return RST_STATUS_NONE;
}

/* What the object classes and a few others say of the entry. */
struct derived {
	enum rst_kind kind;
	enum rst_status status;
	uint32_t flags, uid_number, gid_number;
	bool administrator;
	size_t class_row; /* of classes, where kind is from */
};

static const struct {
	struct rst_view name;
	enum rst_kind kind; /* a later row wins */
	uint32_t flag;
} classes[] = {
	{ { "rosterSetting", 13 }, RST_KIND_SETTING, 0 },
	{ { "rosterToken", 11 }, RST_KIND_TOKEN, 0 },
	{ { "rosterInvitation", 16 }, RST_KIND_INVITATION, 0 },
	{ { "rosterGroup", 11 }, RST_KIND_GROUP, 0 },
	{ { "rosterAccount", 13 }, RST_KIND_PERSON, 0 },
	{ { "rosterTombstone", 15 }, RST_KIND_TOMBSTONE, 0 },
	{ { "posixAccount", 12 }, RST_KIND_OTHER, RST_REC_POSIX_ACCOUNT },
	{ { "posixGroup", 10 }, RST_KIND_OTHER, RST_REC_POSIX_GROUP },
	{ { "referral", 8 }, RST_KIND_OTHER, RST_REC_REFERRAL },
	{ { "alias", 5 }, RST_KIND_OTHER, RST_REC_ALIAS },
	{ { "subentry", 8 }, RST_KIND_OTHER, RST_REC_SUBENTRY },
};

static uint32_t
number_of(struct rst_view value)
{
	uint64_t number;

	if (!rst_view_number(value, RST_NO_NUMBER - 1, &number))
		return RST_NO_NUMBER;
	return (uint32_t)number;
}

static void
derive_class(struct rst_view name, struct derived *ret)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!rst_view_equal_nocase(name, classes[i].name))
			continue;
		if (classes[i].kind != RST_KIND_OTHER && i >= ret->class_row) {
			ret->kind = classes[i].kind;
			ret->class_row = i;
		}
		ret->flags |= classes[i].flag;
	}
}

/* What one value says; first: of its attribute. */
static void
derive_value(uint16_t id, struct rst_view value, bool first,
             struct derived *ret)
{
	if (id == RST_A_OBJECTCLASS)
		derive_class(value, ret);
	else if (!first)
		return;
	else if (id == RST_A_UIDNUMBER)
		ret->uid_number = number_of(value);
	else if (id == RST_A_GIDNUMBER)
		ret->gid_number = number_of(value);
	else if (id == RST_A_ROSTERSTATUS)
		ret->status = rst_status_parse(value);
	else if (id == RST_A_ROSTERADMINISTRATOR)
		ret->administrator =
			rst_view_equal_nocase(value, RST_VIEW("TRUE"));
}

static const struct derived derived_none = { .kind = RST_KIND_OTHER,
	                                     .uid_number = RST_NO_NUMBER,
	                                     .gid_number = RST_NO_NUMBER };

/* What all values together say. */
static void
derive_end(struct derived *ret)
{
	if (ret->kind != RST_KIND_PERSON)
		ret->status = RST_STATUS_NONE;
	if (ret->administrator && ret->kind == RST_KIND_GROUP)
		ret->flags |= RST_REC_ADMIN_GROUP;
}

static struct derived
derive(const struct rst_record_parts *parts)
{
	struct derived result = derived_none;

	for (size_t i = 0; i < parts->n_attrs; i++)
		for (uint32_t k = 0; k < parts->attrs[i].n; k++)
			derive_value(parts->attrs[i].id,
			             parts->attrs[i].values[k], k == 0,
			             &result);
	derive_end(&result);
	return result;
}

/* The size of the values area; RST_EINVALID past a limit. */
static enum rst_err
measure(const struct rst_record_parts *parts, size_t *ret_values,
        size_t *ret_attrs)
{
	size_t bytes = 0, count = 0, attrs = 0;

	if (parts->rdn.len == 0 || parts->rdn.len > RST_RDN_MAX ||
	    parts->nrdn.len == 0 || parts->nrdn.len > RST_RDN_MAX)
		return RST_EINVALID;
	for (size_t i = 0; i < parts->n_attrs; i++) {
		const struct rst_record_attr *attr = &parts->attrs[i];

		attrs += attr->n > 0;
		count += attr->n;
		for (uint32_t k = 0; k < attr->n; k++) {
			if (attr->values[k].len > RST_VALUE_MAX)
				return RST_EINVALID;
			bytes += LENGTH_BYTES + attr->values[k].len;
			if (bytes > RST_RECORD_MAX)
				return RST_EINVALID;
		}
	}
	if (count > RST_VALUES_MAX || attrs > ATTRS_MAX)
		return RST_EINVALID;
	*ret_values = bytes;
	*ret_attrs = attrs;
	return RST_OK;
}

static char *
put_bytes(char *at, struct rst_view bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

static char *
put_header(char *at, const struct rst_record_parts *parts, size_t n_attrs)
{
	struct derived derived = derive(parts);

	memset(at, 0, HEADER_BYTES);
	at[0] = FORMAT;
	at[OFF_KIND] = (char)derived.kind;
	at[OFF_STATUS] = (char)derived.status;
	rst_put_be32(at + OFF_FLAGS, derived.flags);
	rst_put_be64(at + OFF_ID, parts->id);
	rst_put_be64(at + OFF_PARENT, parts->parent);
	rst_put_be64(at + OFF_GENERATION, parts->generation);
	rst_put_be32(at + OFF_UIDNUMBER, derived.uid_number);
	rst_put_be32(at + OFF_GIDNUMBER, derived.gid_number);
	rst_put_be16(at + OFF_RDN_LEN, (uint16_t)parts->rdn.len);
	rst_put_be16(at + OFF_NRDN_LEN, (uint16_t)parts->nrdn.len);
	rst_put_be16(at + OFF_N_ATTRS, (uint16_t)n_attrs);
	return put_bytes(put_bytes(at + HEADER_BYTES, parts->rdn), parts->nrdn);
}

enum rst_err
rst_record_encode(const struct rst_record_parts *parts, char **ret_bytes,
                  size_t *ret_len)
{
	size_t values_len, n_attrs, len;
	char *bytes, *row, *values, *at;
	enum rst_err err;

	err = measure(parts, &values_len, &n_attrs);
	if (err != RST_OK)
		return err;
	len = HEADER_BYTES + parts->rdn.len + parts->nrdn.len +
	      n_attrs * ROW_BYTES + values_len + SUM_BYTES;
	bytes = malloc(len);
	if (bytes == NULL)
		return RST_ENOMEM;
	row = put_header(bytes, parts, n_attrs);
	at = values = row + n_attrs * ROW_BYTES;
	for (size_t i = 0; i < parts->n_attrs; i++) {
		const struct rst_record_attr *attr = &parts->attrs[i];

		if (attr->n == 0)
			continue;
		for (uint32_t k = 0; k < attr->n; k++) {
			rst_put_be32(at, (uint32_t)attr->values[k].len);
			at = put_bytes(at + LENGTH_BYTES, attr->values[k]);
		}
		rst_put_be16(row, attr->id);
		rst_put_be32(row + 2, attr->n);
		rst_put_be32(row + 6, (uint32_t)(at - values));
		row += ROW_BYTES;
	}
	rst_sum(rst_view(bytes, len - SUM_BYTES), bytes + len - SUM_BYTES);
	*ret_bytes = bytes;
	*ret_len = len;
	return RST_OK;
}

/* Where the directory begins. */
static const char *
directory(const struct rst_record *record)
{
	return record->nrdn.ptr + record->nrdn.len;
}

/* The directory's n-th row, whose values begin at begin. */
static struct rst_attr
attr_at(const struct rst_record *record, unsigned int n, uint32_t begin)
{
	const char *dir = directory(record), *row = dir + n * ROW_BYTES;
	const char *values = dir + record->n_attrs * ROW_BYTES;

	return (struct rst_attr){ .id = rst_get_be16(row),
		                  .count = rst_get_be32(row + 2),
		                  .left = rst_get_be32(row + 2),
		                  .at = values + begin };
}

/* The values of one directory row fill begin to end exactly. */
static bool
values_fit(const char *at, const char *end, uint32_t count)
{
	uint32_t len;

	if (count == 1) /* as mostly */
		return end - at >= LENGTH_BYTES &&
		       rst_get_be32(at) == (size_t)(end - at) - LENGTH_BYTES;
	for (; count > 0; count--) {
		if (end - at < LENGTH_BYTES)
			return false;
		len = rst_get_be32(at);
		at += LENGTH_BYTES;
		if (len > (size_t)(end - at))
			return false;
		at += len;
	}
	return at == end;
}

/* Every row and every length of the directory and of the values. */
static bool
directory_fits(const struct rst_record *record)
{
	const char *dir = directory(record);
	const char *end = record->bytes.ptr + record->bytes.len - SUM_BYTES;
	const char *values;
	uint32_t at = 0, next;

	if ((size_t)(end - dir) < (size_t)record->n_attrs * ROW_BYTES)
		return false;
	values = dir + (size_t)record->n_attrs * ROW_BYTES;
	for (unsigned int i = 0; i < record->n_attrs; i++) {
		const char *row = dir + i * ROW_BYTES;

		next = rst_get_be32(row + 6);
		if (next < at || next > (size_t)(end - values) ||
		    rst_get_be16(row) == RST_A_NONE ||
		    rst_get_be32(row + 2) == 0 ||
		    !values_fit(values + at, values + next,
		                rst_get_be32(row + 2)))
			return false;
		at = next;
	}
	return values + at == end;
}

static bool
decode_header(struct rst_view bytes, struct rst_record *ret)
{
	const char *at = bytes.ptr;
	unsigned char kind, status;

	if (bytes.len < HEADER_BYTES + SUM_BYTES || at[0] != FORMAT)
		return false;
	kind = (unsigned char)at[OFF_KIND];
	status = (unsigned char)at[OFF_STATUS];
	if (kind > RST_KIND_TOKEN || status > RST_STATUS_DELETED)
		return false;
	*ret = (struct rst_record){
		.id = rst_get_be64(at + OFF_ID),
		.parent = rst_get_be64(at + OFF_PARENT),
		.kind = (enum rst_kind)kind,
		.status = (enum rst_status)status,
		.flags = rst_get_be32(at + OFF_FLAGS),
		.uid_number = rst_get_be32(at + OFF_UIDNUMBER),
		.gid_number = rst_get_be32(at + OFF_GIDNUMBER),
		.generation = rst_get_be64(at + OFF_GENERATION),
		.bytes = bytes,
		.n_attrs = rst_get_be16(at + OFF_N_ATTRS),
	};
	ret->rdn = rst_view(at + HEADER_BYTES, rst_get_be16(at + OFF_RDN_LEN));
	ret->nrdn = rst_view(ret->rdn.ptr + ret->rdn.len,
	                     rst_get_be16(at + OFF_NRDN_LEN));
	return ret->rdn.len > 0 && ret->nrdn.len > 0 &&
	       bytes.len - HEADER_BYTES - SUM_BYTES >=
	               ret->rdn.len + ret->nrdn.len;
}

enum rst_err
rst_record_decode(struct rst_view bytes, bool verify,
                  struct rst_record *ret_record)
{
	struct rst_record record;
	char sum[SUM_BYTES];

	if (!decode_header(bytes, &record) || !directory_fits(&record))
		return RST_ECORRUPT;
	if (verify) {
		rst_sum(rst_view(bytes.ptr, bytes.len - SUM_BYTES), sum);
		if (memcmp(sum, bytes.ptr + bytes.len - SUM_BYTES, SUM_BYTES) !=
		    0)
			return RST_ECORRUPT;
	}
	*ret_record = record;
	return RST_OK;
}

bool
rst_record_view(struct rst_view bytes, struct rst_record *ret_record)
{
	return decode_header(bytes, ret_record);
}

bool
rst_record_is_derived(const struct rst_record *record)
{
	struct derived due = derived_none;
	struct rst_attr attr;
	struct rst_view value;

	for (unsigned int i = 0; i < record->n_attrs; i++) {
		rst_record_nth(record, i, &attr);
		for (bool first = true; rst_attr_next(&attr, &value);
		     first = false)
			derive_value(attr.id, value, first, &due);
	}
	derive_end(&due);
	return record->kind == due.kind && record->status == due.status &&
	       record->flags == due.flags &&
	       record->uid_number == due.uid_number &&
	       record->gid_number == due.gid_number;
}

enum rst_err
rst_record_read(const struct rst_rtxn *txn, uint64_t id, bool verify,
                struct rst_record *ret_record)
{
	struct rst_record record;
	struct rst_view bytes;
	enum rst_err err;
	char key[8];

	rst_put_be64(key, id);
	err = rst_db_get(txn, RST_T_ENTRY, rst_view(key, sizeof(key)), &bytes);
	if (err == RST_OK && rst_memo_sound(txn, id))
		err = decode_header(bytes, &record) ? RST_OK : RST_ECORRUPT;
	else if (err == RST_OK)
		err = rst_record_decode(bytes, verify, &record);
	/* the right bytes in the wrong place */
	if (err == RST_OK && record.id != id)
		err = RST_ECORRUPT;
	if (err == RST_OK && verify)
		rst_memo_found_sound(txn, id);
	if (err == RST_OK)
		*ret_record = record;
	return err;
}

enum rst_err
rst_record_get(const struct rst_rtxn *txn, uint64_t id,
               struct rst_record *ret_record)
{
	return rst_record_read(txn, id, true, ret_record);
}

enum rst_err
rst_record_next(const struct rst_rtxn *txn, uint64_t *id,
                struct rst_record *ret_record)
{
	struct rst_cursor cursor = { 0 };
	struct rst_record record;
	struct rst_view key, bytes;
	enum rst_err err;
	char seek[8];

	if (*id == UINT64_MAX)
		return RST_ENOTFOUND;
	rst_put_be64(seek, *id + 1);
	err = rst_cursor_open(txn, RST_T_ENTRY, &cursor);
	if (err != RST_OK)
		return err;
	err = rst_cursor_seek(&cursor, rst_view(seek, sizeof(seek)), &key,
	                      &bytes);
	if (err != RST_OK)
		goto out;
	err = RST_ECORRUPT;
	if (key.len != 8)
		goto out;
	/* Tell how far we got even when the record is bad: a walk of all
	 * can step over it. */
	*id = rst_get_be64(key.ptr);
	err = rst_record_decode(bytes, true, &record);
	if (err == RST_OK && record.id != *id)
		err = RST_ECORRUPT;
	if (err == RST_OK)
		rst_memo_found_sound(txn, *id);
	if (err == RST_OK)
		*ret_record = record;
out:
	rst_cursor_close(&cursor);
	return err;
}

bool
rst_record_attr(const struct rst_record *record, uint16_t id,
                struct rst_attr *ret_attr)
{
	const char *row = directory(record);
	uint32_t begin = 0;

	for (unsigned int i = 0; i < record->n_attrs; i++, row += ROW_BYTES) {
		if (rst_get_be16(row) == id) {
			*ret_attr = attr_at(record, i, begin);
			return true;
		}
		begin = rst_get_be32(row + 6);
	}
	return false;
}

void
rst_record_nth(const struct rst_record *record, unsigned int n,
               struct rst_attr *ret_attr)
{
	const char *row = directory(record) + n * ROW_BYTES;

	*ret_attr = attr_at(record, n,
	                    n > 0 ? rst_get_be32(row - ROW_BYTES + 6) : 0);
}

bool
rst_attr_next(struct rst_attr *attr, struct rst_view *ret_value)
{
	if (attr->left == 0)
		return false;
	*ret_value = rst_view(attr->at + LENGTH_BYTES, rst_get_be32(attr->at));
	attr->at += LENGTH_BYTES + ret_value->len;
	attr->left--;
	return true;
}

struct rst_view
rst_record_first(const struct rst_record *record, uint16_t id)
{
	struct rst_view value = { NULL, 0 };
	struct rst_attr attr;

	if (rst_record_attr(record, id, &attr))
		(void)rst_attr_next(&attr, &value);
	return value;
}

bool
rst_record_has(const struct rst_rtxn *txn, const struct rst_record *record,
               uint16_t id, struct rst_view value)
{
	char wanted[RST_NORMAL_MAX], found[RST_NORMAL_MAX];
	size_t wanted_len, found_len;
	struct rst_attr attr;
	struct rst_view each;
	enum rst_match match;
	const char *name;

	if (!rst_record_attr(record, id, &attr) ||
	    rst_attr_name(txn, id, &name, &match) != RST_OK ||
	    rst_normalise(match, value, wanted, &wanted_len) != RST_OK)
		return false;
	while (rst_attr_next(&attr, &each))
		if (rst_normalise(match, each, found, &found_len) == RST_OK &&
		    rst_view_equal(rst_view(found, found_len),
		                   rst_view(wanted, wanted_len)))
			return true;
	return false;
}
