/* SPDX-License-Identifier: OLDAP-2.8 */
/* ident.c - identifiers follow the records
 *
 * For alice (entry 7, uidNumber 10001) and the tombstone 9 of bob:
 *
 *	1 | 4 | 00002711 | 7	-> 0
 *	3 | 5 | "alice"  | 7	-> 0
 *	3 | 3 | "bob"    | 9	-> 1
 *
 * A value of more than IDENT_VALUE_MAX bytes is replaced by the byte 1 and
 * its BLAKE2b-256.
 */
#include "store/ident.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/env_priv.h"
#include "store/ident_priv.h"
#include "store/record_priv.h"

#define IDENT_VALUE_MAX 254
#define IDENT_KEY_MAX   (2 + IDENT_VALUE_MAX + 8)

struct ident_key {
	size_t len;
	char bytes[IDENT_KEY_MAX];
	bool tombstone;
};

/* kind, length and value, without the entry id.  An empty value is one of an
 * array, too: its ptr is not NULL. */
static void
key_prefix(enum rst_ident kind, struct rst_view value, struct ident_key *key)
{
	unsigned char digest[33] = { 1 };

	if (value.len > IDENT_VALUE_MAX) {
		crypto_generichash(digest + 1, 32,
		                   (const unsigned char *)value.ptr, value.len,
		                   NULL, 0);
		value = rst_view(digest, sizeof(digest));
	}
	key->bytes[0] = (char)kind;
	key->bytes[1] = (char)value.len;
	memcpy(key->bytes + 2, value.ptr, value.len);
	key->len = 2 + value.len;
}

static void
key_finish(struct ident_key *key, uint64_t id, bool tombstone)
{
	rst_put_be64(key->bytes + key->len, id);
	key->len += 8;
	key->tombstone = tombstone;
}

/* Rows of one record, handed to each(). */
struct rows {
	uint64_t id;
	bool tombstone;
	rst_row_each *each;
	void *arg;
};

static enum rst_err
row_of(const struct rows *rows, enum rst_ident kind, struct rst_view value)
{
	struct ident_key key;
	char flag = rows->tombstone ? 1 : 0;

	key_prefix(kind, value, &key);
	key_finish(&key, rows->id, rows->tombstone);
	return rows->each(rows->arg, rst_view(key.bytes, key.len),
	                  rst_view(&flag, 1));
}

static enum rst_err
number_row(const struct rows *rows, enum rst_ident kind, uint32_t number)
{
	char be[4];

	if (number == RST_NO_NUMBER)
		return RST_OK;
	rst_put_be32(be, number);
	return row_of(rows, kind, rst_view(be, sizeof(be)));
}

static enum rst_err
name_rows(const struct rows *rows, const struct rst_record *record,
          enum rst_ident kind, uint16_t attr_id)
{
	struct rst_attr attr;
	struct rst_view value;
	char buf[RST_NORMAL_MAX];
	size_t len;
	enum rst_err err = RST_OK;

	if (!rst_record_attr(record, attr_id, &attr))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&attr, &value)) {
		err = rst_normalise(RST_MATCH_IGNORE, value, buf, &len);
		if (err == RST_OK)
			err = row_of(rows, kind, rst_view(buf, len));
	}
	return err;
}

static enum rst_err
mail_rows(const struct rows *rows, const struct rst_record *record)
{
	struct rst_attr attr;
	struct rst_view value;
	char buf[RST_MAIL_MAX + 1];
	enum rst_err err = RST_OK;

	if (!rst_record_attr(record, RST_A_MAIL, &attr))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&attr, &value)) {
		err = rst_mail_canonical(value, buf);
		if (err == RST_OK)
			err = row_of(rows, RST_IDENT_MAIL, rst_view_of(buf));
		if (err == RST_EINVALID)
			err = RST_OK; /* an import's: nobody can collide */
	}
	return err;
}

enum rst_err
rst_ssh_digest(struct rst_view line, unsigned char digest[RST_SSH_DIGEST])
{
	unsigned char blob[RST_SSH_BLOB_MAX];
	const char *blank = NULL;
	struct rst_view word;
	size_t len;

	if (line.len > 0)
		blank = memchr(line.ptr, ' ', line.len);
	if (blank == NULL)
		return RST_EINVALID;
	word = rst_view(blank + 1, line.len - (size_t)(blank + 1 - line.ptr));
	if (word.len > 0) {
		blank = memchr(word.ptr, ' ', word.len);
		if (blank != NULL)
			word.len = (size_t)(blank - word.ptr);
	}
	if (word.len == 0 ||
	    sodium_base642bin(blob, sizeof(blob), word.ptr, word.len, NULL,
	                      &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return RST_EINVALID;
	crypto_hash_sha256(digest, blob, len);
	return RST_OK;
}

static enum rst_err
key_rows(const struct rows *rows, const struct rst_record *record)
{
	unsigned char digest[RST_SSH_DIGEST];
	struct rst_attr attr;
	struct rst_view value;
	enum rst_err err = RST_OK;

	if (!rst_record_attr(record, RST_A_SSHPUBLICKEY, &attr))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&attr, &value)) {
		err = rst_ssh_digest(value, digest);
		if (err == RST_OK)
			err = row_of(rows, RST_IDENT_SSHKEY,
			             rst_view(digest, sizeof(digest)));
		if (err == RST_EINVALID)
			err = RST_OK; /* an import's: no key at all */
	}
	return err;
}

static enum rst_err
tombstone_rows(const struct rows *rows, const struct rst_record *record)
{
	struct rst_view kind = rst_record_first(record, RST_A_ROSTERFORMERKIND);
	struct rst_view number =
		rst_record_first(record, RST_A_ROSTERFORMERNUMBER);
	bool group = rst_view_equal_nocase(kind, RST_VIEW("group"));
	uint64_t n;
	enum rst_err err = RST_OK;

	if (rst_view_number(number, RST_NO_NUMBER - 1, &n))
		err = number_row(
			rows, group ? RST_IDENT_GIDNUMBER : RST_IDENT_UIDNUMBER,
			(uint32_t)n);
	if (err == RST_OK)
		err = name_rows(rows, record,
		                group ? RST_IDENT_GROUPNAME
		                      : RST_IDENT_USERNAME,
		                RST_A_ROSTERFORMERNAME);
	return err;
}

enum rst_err
rst_ident_rows(const struct rst_rtxn *txn, const struct rst_record *record,
               rst_row_each *each, void *arg)
{
	struct rows rows = { .id = record->id,
		             .tombstone = record->kind == RST_KIND_TOMBSTONE,
		             .each = each,
		             .arg = arg };
	enum rst_err err = RST_OK;

	(void)txn; /* the same shape as rst_index_rows() */
	if (rows.tombstone)
		return tombstone_rows(&rows, record);
	if (record->kind == RST_KIND_PERSON ||
	    (record->flags & RST_REC_POSIX_ACCOUNT) != 0) {
		err = number_row(&rows, RST_IDENT_UIDNUMBER,
		                 record->uid_number);
		if (err == RST_OK)
			err = name_rows(&rows, record, RST_IDENT_USERNAME,
			                RST_A_UID);
		/* that of another account admits nobody, so it is no name */
		if (err == RST_OK && record->kind == RST_KIND_PERSON)
			err = mail_rows(&rows, record);
		if (err == RST_OK)
			err = key_rows(&rows, record);
	}
	if (err == RST_OK && (record->kind == RST_KIND_GROUP ||
	                      (record->flags & RST_REC_POSIX_GROUP) != 0)) {
		err = number_row(&rows, RST_IDENT_GIDNUMBER,
		                 record->gid_number);
		if (err == RST_OK)
			err = name_rows(&rows, record, RST_IDENT_GROUPNAME,
			                RST_A_CN);
	}
	return err;
}

/* The rows of a record, collected. */
struct ident_keys {
	struct ident_key *items;
	size_t n, room;
};

static enum rst_err
collect(void *arg, struct rst_view key, struct rst_view value)
{
	struct ident_keys *keys = arg;
	struct ident_key *grown;
	size_t room;

	if (keys->n == keys->room) {
		room = keys->room == 0 ? 8 : keys->room * 2;
		grown = realloc(keys->items, room * sizeof(*grown));
		if (grown == NULL)
			return RST_ENOMEM;
		keys->items = grown;
		keys->room = room;
	}
	grown = &keys->items[keys->n++];
	memcpy(grown->bytes, key.ptr, key.len);
	grown->len = key.len;
	grown->tombstone = value.ptr[0] != 0;
	return RST_OK;
}

static int
compare(const void *a, const void *b)
{
	const struct ident_key *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->bytes, y->bytes, len);

	if (order != 0) /* a key says in front how long it is */
		return order;
	return (int)x->tombstone - (int)y->tombstone;
}

static bool
contains(const struct ident_keys *keys, const struct ident_key *key)
{
	return keys->n > 0 && bsearch(key, keys->items, keys->n,
	                              sizeof(*keys->items), compare) != NULL;
}

enum rst_err
rst_ident_update(struct rst_wtxn *txn, const struct rst_record *before,
                 const struct rst_record *after)
{
	struct ident_keys old = { 0 }, now = { 0 };
	const struct ident_key *key;
	char flag;
	enum rst_err err = RST_OK;

	if (before != NULL)
		err = rst_ident_rows(&txn->r, before, collect, &old);
	if (err == RST_OK && after != NULL)
		err = rst_ident_rows(&txn->r, after, collect, &now);
	if (old.n > 0)
		qsort(old.items, old.n, sizeof(*old.items), compare);
	if (now.n > 0)
		qsort(now.items, now.n, sizeof(*now.items), compare);
	for (size_t i = 0; err == RST_OK && i < old.n; i++) {
		key = &old.items[i];
		if (contains(&now, key))
			continue;
		err = rst_db_drop(txn, RST_T_IDENT,
		                  rst_view(key->bytes, key->len));
		if (err == RST_OK)
			err = rst_number_row_went(
				txn, rst_view(key->bytes, key->len));
		/* Two values of one normal form had one row */
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	for (size_t i = 0; err == RST_OK && i < now.n; i++) {
		key = &now.items[i];
		flag = key->tombstone ? 1 : 0;
		if (!contains(&old, key))
			err = rst_db_put(txn, RST_T_IDENT,
			                 rst_view(key->bytes, key->len),
			                 rst_view(&flag, 1), true);
		if (err == RST_OK && !contains(&old, key))
			err = rst_number_row_came(
				txn, rst_view(key->bytes, key->len));
	}
	free(old.items);
	free(now.items);
	return err;
}

static enum rst_err
owner_of(const struct rst_rtxn *txn, const struct ident_key *prefix,
         uint64_t except, struct rst_ident_owner *ret_owner)
{
	struct rst_view want = rst_view(prefix->bytes, prefix->len);
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	struct rst_ident_owner owner;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_IDENT, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, want, &key, &value);
	for (; err == RST_OK; err = rst_cursor_next(&cursor, &key, &value)) {
		if (!rst_view_starts(key, want)) {
			err = RST_ENOTFOUND;
			break;
		}
		if (key.len != want.len + 8 || value.len != 1) {
			err = RST_ECORRUPT;
			break;
		}
		owner.id = rst_get_be64(key.ptr + want.len);
		owner.tombstone = value.ptr[0] != 0;
		if (owner.id != except) {
			*ret_owner = owner;
			break;
		}
	}
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_ident_owner(const struct rst_rtxn *txn, enum rst_ident kind,
                struct rst_view value, uint64_t except,
                struct rst_ident_owner *ret_owner)
{
	char mail[RST_MAIL_MAX + 1], normal[RST_NORMAL_MAX];
	unsigned char digest[RST_SSH_DIGEST];
	struct ident_key key;
	size_t len;
	enum rst_err err;

	if (kind == RST_IDENT_SSHKEY) {
		err = rst_ssh_digest(value, digest);
		if (err != RST_OK)
			return err;
		value = rst_view(digest, sizeof(digest));
	} else if (kind == RST_IDENT_MAIL) {
		err = rst_mail_canonical(value, mail);
		if (err != RST_OK)
			return err;
		value = rst_view_of(mail);
	} else {
		err = rst_normalise(RST_MATCH_IGNORE, value, normal, &len);
		if (err != RST_OK)
			return err;
		value = rst_view(normal, len);
	}
	key_prefix(kind, value, &key);
	return owner_of(txn, &key, except, ret_owner);
}

enum rst_err
rst_ident_number_owner(const struct rst_rtxn *txn, enum rst_ident kind,
                       uint32_t number, uint64_t except,
                       struct rst_ident_owner *ret_owner)
{
	struct ident_key key;
	char be[4];

	rst_put_be32(be, number);
	key_prefix(kind, rst_view(be, sizeof(be)), &key);
	return owner_of(txn, &key, except, ret_owner);
}

/* Characters of a local part: RFC 5322's atoms and dots between them.  No
 * "=?": there are mail programs that decode words in addresses, and then send
 * to another one. */
static bool
local_part(struct rst_view local)
{
	static const char special[] = "!#$%&'*+-/=?^_`{|}~.";
	unsigned char c;

	if (local.len == 0 || local.len > 64 || local.ptr[0] == '.' ||
	    local.ptr[local.len - 1] == '.')
		return false;
	for (size_t i = 0; i < local.len; i++) {
		c = (unsigned char)local.ptr[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') &&
		    (c == '\0' || strchr(special, c) == NULL))
			return false;
		if (c == '.' && local.ptr[i + 1] == '.')
			return false;
		if (c == '=' && local.ptr[i + 1] == '?')
			return false;
	}
	return true;
}

/* Labels of letters, digits and inner hyphens, 1 to 63 bytes each. */
static bool
domain_name(const char *domain)
{
	size_t label = 0;
	char before = '.';

	for (const char *at = domain;; at++) {
		if (*at == '.' || *at == '\0') {
			if (label == 0 || label > 63 || before == '-')
				return false;
			label = 0;
		} else if ((*at >= '0' && *at <= '9') ||
		           (*at >= 'a' && *at <= 'z') ||
		           (*at == '-' && label > 0)) {
			label++;
		} else {
			return false;
		}
		if (*at == '\0')
			return true;
		before = *at;
	}
}

/* What a domain may be written with, before it is mapped to A-labels: the
 * mapping drops other ASCII silently, line ends among it. */
static bool
domain_as_written(struct rst_view host)
{
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.ptr[i];

		if (c < 0x80 && !(c >= '0' && c <= '9') &&
		    !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    c != '-' && c != '.')
			return false;
	}
	return host.len > 0;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = rst_lower(*text);
}

enum rst_err
rst_mail_canonical(struct rst_view mail, char buf[RST_MAIL_MAX + 1])
{
	gnutls_datum_t domain = { NULL, 0 };
	struct rst_view local, host;
	const char *at;
	int n;
	enum rst_err err = RST_EINVALID;

	if (mail.len == 0 || mail.len > RST_MAIL_MAX)
		goto out;
	at = memchr(mail.ptr, '@', mail.len);
	if (at == NULL)
		goto out;
	local = rst_view(mail.ptr, (size_t)(at - mail.ptr));
	host = rst_view(at + 1, mail.len - local.len - 1);
	if (!local_part(local) || !domain_as_written(host))
		goto out;
	n = gnutls_idna_map(host.ptr, (unsigned int)host.len, &domain, 0);
	if (n == GNUTLS_E_MEMORY_ERROR)
		err = RST_ENOMEM;
	if (n < 0)
		goto out;
	lower((char *)domain.data);
	if (!domain_name((char *)domain.data) ||
	    local.len + 1 + strlen((char *)domain.data) > RST_MAIL_MAX)
		goto out;
	snprintf(buf, RST_MAIL_MAX + 1, "%.*s@%s", (int)local.len, local.ptr,
	         (char *)domain.data);
	lower(buf);
	err = RST_OK;
out:
	gnutls_free(domain.data);
	return err;
}
