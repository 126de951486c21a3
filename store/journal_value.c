/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal_value.c - what a change changed, for people to read
 *
 * Of every attribute that either image has, the values that only one of them
 * has; secrets masked; rows of the membership relation as values.
 */
#include <stdlib.h>

#include "store/journal_priv.h"
#include "store/member_priv.h"

/*
 * Attributes whose values are or open something.  One table for everything
 * that prints records.
 */
static const char *const secrets[] = {
	"userPassword",
	"rosterTokenDigest",
	"authPassword",
	"pwdHistory",
	"sambaNTPassword",
	"sambaLMPassword",
	"krbPrincipalKey",
	"krb5Key",
	"oathSecret",
	"olcRootPW",
	"userPKCS12",
	"ipaNTHash",
	"nsDS5ReplicaCredentials",
};

bool
rst_journal_masks(struct rst_view attr_name)
{
	const char *options;

	if (attr_name.len > 0) {
		options = memchr(attr_name.ptr, ';', attr_name.len);
		if (options != NULL)
			attr_name.len = (size_t)(options - attr_name.ptr);
	}
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (rst_view_equal_nocase(attr_name, rst_view_of(secrets[i])))
			return true;
	return false;
}

struct writer {
	struct rst_out *out;
	size_t n;
	uint32_t omitted;
};

static void
write_value(struct writer *writer, struct rst_view attr, bool added,
            struct rst_view value)
{
	bool cut = value.len > RST_JOURNAL_VALUE;

	if (writer->n == RST_JOURNAL_VALUES) {
		writer->omitted += writer->omitted < UINT32_MAX ? 1 : 0;
		return;
	}
	writer->n++;
	if (cut)
		value.len = RST_JOURNAL_VALUE;
	rst_out_number(writer->out, (added ? 1 : 0) | (cut ? 2 : 0), 1);
	rst_out_text(writer->out, attr, 2);
	rst_out_text(writer->out, value, 4);
}

/* The values of one attribute of one image, sorted. */
struct values {
	struct rst_view *items;
	size_t n;
};

static int
compare(const void *a, const void *b)
{
	const struct rst_view *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = len > 0 ? memcmp(x->ptr, y->ptr, len) : 0;

	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

static enum rst_err
values_of(const struct rst_record *record, uint16_t id,
          struct values *ret_values)
{
	struct rst_attr attr;
	struct rst_view value;

	*ret_values = (struct values){ NULL, 0 };
	if (record == NULL || !rst_record_attr(record, id, &attr) ||
	    attr.count == 0)
		return RST_OK;
	ret_values->items = calloc(attr.count, sizeof(*ret_values->items));
	if (ret_values->items == NULL)
		return RST_ENOMEM;
	while (ret_values->n < attr.count && rst_attr_next(&attr, &value))
		ret_values->items[ret_values->n++] = value;
	qsort(ret_values->items, ret_values->n, sizeof(*ret_values->items),
	      compare);
	return RST_OK;
}

static enum rst_err
write_attr(struct writer *writer, const struct rst_rtxn *txn,
           const struct rst_journal_entry *entry, uint16_t id)
{
	static const struct rst_view mask = { "********", 8 };
	struct values before = { 0 }, after = { 0 };
	enum rst_match match;
	const char *name;
	size_t b = 0, a = 0;
	bool secret;
	int order;
	enum rst_err err;

	err = rst_attr_name(txn, id, &name, &match);
	if (err == RST_OK)
		err = values_of(entry->before, id, &before);
	if (err == RST_OK)
		err = values_of(entry->after, id, &after);
	if (err != RST_OK)
		goto out;
	secret = rst_journal_masks(rst_view_of(name));
	while (b < before.n || a < after.n) {
		order = b == before.n ? 1
		        : a == after.n
		                ? -1
		                : compare(&before.items[b], &after.items[a]);
		if (order < 0)
			write_value(writer, rst_view_of(name), false,
			            secret ? mask : before.items[b]);
		if (order > 0)
			write_value(writer, rst_view_of(name), true,
			            secret ? mask : after.items[a]);
		b += order <= 0 ? 1 : 0;
		a += order >= 0 ? 1 : 0;
	}
out:
	free(before.items);
	free(after.items);
	return err;
}

/* Every change has these, and the record's own fields say them. */
static bool
is_stamp(uint16_t id)
{
	return id == RST_A_ENTRYCSN || id == RST_A_MODIFYTIMESTAMP ||
	       id == RST_A_MODIFIERSNAME;
}

/* The attributes of record, but those that other has too. */
static enum rst_err
write_attrs(struct writer *writer, const struct rst_rtxn *txn,
            const struct rst_journal_entry *entry,
            const struct rst_record *record, const struct rst_record *other)
{
	struct rst_attr attr, unused;
	enum rst_err err = RST_OK;

	if (record == NULL)
		return RST_OK;
	for (unsigned int i = 0; err == RST_OK && i < record->n_attrs; i++) {
		rst_record_nth(record, i, &attr);
		if (!is_stamp(attr.id) &&
		    (other == NULL ||
		     !rst_record_attr(other, attr.id, &unused)))
			err = write_attr(writer, txn, entry, attr.id);
	}
	return err;
}

/* A row of the relation as a value of memberUid, member or uniqueMember. */
static enum rst_err
write_delta(struct writer *writer, const struct rst_rtxn *txn,
            const struct rst_member_delta *delta)
{
	struct rst_view key = rst_view(delta->key, delta->key_len);
	struct rst_view attr = RST_VIEW("member"), value = RST_VIEW("");
	struct rst_record record;
	struct rst_mkey parsed;
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err = RST_OK;

	if (!rst_mkey_parse(key, &parsed))
		return RST_EINVALID;
	if (delta->via == RST_VIA_UNIQUEMEMBER)
		attr = RST_VIEW("uniqueMember");
	if (parsed.bytes[0] == 'n')
		attr = RST_VIEW("memberUid");
	if (delta->text_len > 0) {
		value = rst_view(delta->text, delta->text_len);
	} else if (parsed.bytes[0] != 'e') {
		if (!rst_mkey_raw(&parsed, &value))
			return RST_EINVALID;
	} else {
		err = rst_record_get(txn, rst_mkey_id(&parsed), &record);
		if (err == RST_OK)
			err = rst_member_dn(txn, &record, false, dn, &len);
		if (err == RST_OK)
			value = rst_view(dn, len);
	}
	/* The member itself may have gone in the same transaction */
	if (err == RST_OK)
		write_value(writer, attr, delta->added, value);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_journal_values(const struct rst_rtxn *txn,
                   const struct rst_journal_entry *entry, struct rst_out *out,
                   uint32_t *ret_omitted)
{
	struct writer writer = { .out = out };
	enum rst_err err;

	err = write_attrs(&writer, txn, entry, entry->after, NULL);
	if (err == RST_OK)
		err = write_attrs(&writer, txn, entry, entry->before,
		                  entry->after);
	for (size_t i = 0;
	     err == RST_OK && entry->deltas != NULL && i < entry->deltas->n;
	     i++)
		err = write_delta(&writer, txn, &entry->deltas->items[i]);
	if (err == RST_OK)
		*ret_omitted = writer.omitted;
	return err;
}

bool
rst_journal_next_value(struct rst_view *values,
                       struct rst_journal_value *ret_value)
{
	struct rst_in in = { *values, false };
	struct rst_journal_value value;
	uint64_t flags;

	if (values->len == 0)
		return false;
	flags = rst_in_number(&in, 1);
	value.added = (flags & 1) != 0;
	value.cut = (flags & 2) != 0;
	value.attr = rst_in_text(&in, 2);
	value.value = rst_in_text(&in, 4);
	if (in.failed)
		return false;
	*values = in.left;
	*ret_value = value;
	return true;
}
