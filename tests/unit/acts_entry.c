/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts_entry.c - reading: records, tree, attributes, indexes, identifiers */
#include <stdio.h>
#include <stdlib.h>

#include "store/ident.h"
#include "store/index_priv.h"
#include "store/journal.h"
#include "store/record_priv.h"
#include "store/tree.h"
#include "tests/unit/stage.h"

static enum rst_err
gets_a_record(struct stage *stage)
{
	struct rst_record record;
	struct rst_attr attr;
	struct rst_view value;
	enum rst_err err;

	err = rst_record_get(stage->txn, stage->alice, &record);
	if (err != RST_OK)
		return err;
	tell_view(stage, record.rdn);
	tell_number(stage, record.kind + record.flags + record.generation);
	for (unsigned int i = 0; i < record.n_attrs; i++) {
		rst_record_nth(&record, i, &attr);
		while (rst_attr_next(&attr, &value))
			tell_view(stage, value);
	}
	tell_view(stage, rst_record_first(&record, RST_A_MAIL));
	return RST_OK;
}

static enum rst_err
copies_a_record(struct stage *stage)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(stage->txn, stage->alice, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &entry);
	if (err == RST_OK)
		err = rst_entry_add(entry, RST_A_CN, RST_VIEW("Alice"));
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_SN, RST_VIEW("A"));
	if (err == RST_OK)
		err = rst_entry_record(entry, &record);
	if (err == RST_OK)
		tell_view(stage, record.bytes);
	rst_entry_free(entry);
	return err;
}

static enum rst_err
walks_all_records(struct stage *stage)
{
	struct rst_record record;
	uint64_t id = 0, last = 0;
	enum rst_err err;

	while ((err = rst_record_next(stage->txn, &id, &record)) == RST_OK) {
		tell_view(stage, record.bytes);
		if (id <= last)
			break; /* a lie would have it go round */
		last = id;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
has_a_value(struct stage *stage)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(stage->txn, stage->alice, &record);
	if (err == RST_OK)
		tell_number(stage,
		            rst_record_has(stage->txn, &record, stage->ours,
		                           RST_VIEW("VALUE")));
	return err;
}

static enum rst_err
reads_what_was_read(struct stage *stage)
{
	struct rst_record record;
	enum rst_err err = RST_OK;

	/* without memory for it the transaction goes on */
	(void)!rst_read_remember(&stage->r);
	for (int i = 0; i < 2 && err == RST_OK; i++) {
		err = rst_record_get(stage->txn, stage->bob, &record);
		if (err == RST_OK)
			tell_view(stage, record.bytes);
	}
	return err;
}

static enum rst_err
names_itself(struct stage *stage)
{
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_tree_dn(stage->txn, stage->twin, dn, sizeof(dn), &len);
	if (err == RST_OK) {
		tell(stage, dn, len);
		err = rst_tree_ndn(stage->txn, stage->alice, dn, sizeof(dn),
		                   &len);
	}
	if (err == RST_OK)
		tell(stage, dn, len);
	return err;
}

static enum rst_err
finds_by_name(struct stage *stage)
{
	uint64_t id = 0, matched = 0;
	enum rst_err err;

	err = rst_tree_find(
		stage->txn,
		RST_VIEW("uid=alice,ou=deep,ou=people," FIXTURE_SUFFIX), &id,
		&matched);
	tell_number(stage, id);
	return err;
}

static enum rst_err
finds_who_is_above(struct stage *stage)
{
	uint64_t id = 0, matched = 0;
	enum rst_err err;

	err = rst_tree_find(
		stage->txn,
		RST_VIEW("uid=x,ou=nowhere,ou=people," FIXTURE_SUFFIX), &id,
		&matched);
	tell_number(stage, matched);
	return err;
}

static enum rst_err
walks_children(struct stage *stage)
{
	struct rst_tree_cursor cursor = { 0 };
	uint64_t ids[2];
	size_t n = 1;
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && n > 0 && i < 9; i++) {
		err = rst_tree_children(stage->txn, stage->ids.people, &cursor,
		                        ids, 2, &n);
		if (err == RST_OK)
			tell(stage, ids, n * sizeof(*ids));
	}
	return err;
}

static enum rst_err
stands_in_the_tree(struct stage *stage)
{
	bool below, children;
	enum rst_err err;

	err = rst_tree_below(stage->txn, stage->twin, stage->ids.suffix,
	                     &below);
	if (err == RST_OK)
		err = rst_tree_has_children(stage->txn, stage->deep, &children);
	if (err != RST_OK)
		return err;
	tell_number(stage, below);
	tell_number(stage, children);
	return RST_OK;
}

static enum rst_err
knows_attributes(struct stage *stage)
{
	enum rst_match match;
	const char *name;
	uint16_t id = 0;
	enum rst_err err;

	err = rst_attr_find(stage->txn, RST_VIEW("X-Ours"), &id);
	tell_number(stage, id);
	if (err == RST_OK)
		err = rst_attr_name(stage->txn, id, &name, &match);
	if (err == RST_OK)
		tell_view(stage, rst_view_of(name));
	return err;
}

static enum rst_err
names_an_attribute(struct stage *stage)
{
	enum rst_match match;
	const char *name;
	enum rst_err err;

	err = rst_attr_name(stage->txn, stage->ours, &name, &match);
	if (err == RST_OK)
		tell_view(stage, rst_view_of(name));
	return err;
}

static enum rst_err
knows_no_such_attribute(struct stage *stage)
{
	enum rst_match match;
	const char *name;
	uint16_t id;

	tell_number(stage, rst_attr_name(stage->txn, 1999, &name, &match) ==
	                           RST_ECORRUPT);
	return rst_attr_find(stage->txn, RST_VIEW("x-not-there"), &id);
}

static enum rst_err
normalises(struct stage *stage)
{
	static const struct {
		enum rst_match match;
		const char *value;
	} rows[] = {
		{ RST_MATCH_IGNORE, "  Stra\xc3\x9f"
		                    "e   \xce\xa3  x  " },
		{ RST_MATCH_IGNORE, "\xff not utf-8" },
		{ RST_MATCH_INTEGER, "-0012" },
		{ RST_MATCH_DN, "CN = \\C3\\84\\, x + sn=\"b\" , o=#0404" },
		{ RST_MATCH_DN, "uid=a+cn=b,ou= p \\20,dc=x" },
		{ RST_MATCH_DN, "no dn" },
		{ RST_MATCH_TIME, "202611220237.5+0130" },
		{ RST_MATCH_UUID, "0B8D4D6E-12f0-4b7e-9d8e-6f0d7ae4a7f1" },
		{ RST_MATCH_CSN, "20261122023733Z#000000#00#000000" },
	};
	char buf[RST_NORMAL_MAX], big[3000];
	size_t len;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < sizeof(rows) / sizeof(*rows);
	     i++) {
		err = rst_normalise(rows[i].match, rst_view_of(rows[i].value),
		                    buf, &len);
		if (err == RST_OK)
			tell(stage, buf, len);
	}
	memset(big, 'A', sizeof(big));
	for (int i = 0; err == RST_OK && i <= RST_MATCH_CSN; i++) {
		memcpy(big, "dc=", 3);
		err = rst_normalise((enum rst_match)i,
		                    rst_view(big, sizeof(big)), buf, &len);
		if (err == RST_OK)
			tell(stage, buf, len);
	}
	return err;
}

static enum rst_err
asks_indexes(struct stage *stage)
{
	uint64_t ids[8];
	size_t n = 0;
	enum rst_err err;

	err = rst_index_equal(stage->txn, RST_A_UID, RST_VIEW("ALICE"), 0, ids,
	                      8, &n);
	tell(stage, ids, n * sizeof(*ids));
	if (err == RST_OK)
		err = rst_index_equal(stage->txn, RST_A_UID,
		                      RST_VIEW("\xc3\x84LLY"), 0, ids, 8, &n);
	if (err == RST_OK)
		err = rst_index_equal(stage->txn, stage->ours,
		                      RST_VIEW("valued \xc3\x84"), 0, ids, 8,
		                      &n);
	if (err == RST_OK)
		err = rst_index_substring(stage->txn, stage->ours,
		                          RST_VIEW("value"), 0, ids, 8, &n);
	if (err == RST_OK)
		err = rst_index_substring(stage->txn, stage->ours,
		                          RST_VIEW("lued \xc3\x84"), 0, ids, 8,
		                          &n);
	if (err == RST_OK)
		tell(stage, ids, n * sizeof(*ids));
	return err;
}

static enum rst_err
asks_a_range(struct stage *stage)
{
	struct rst_index_cursor cursor = { .len = 0 };
	uint64_t ids[8];
	size_t n = 0;
	enum rst_err err;

	err = rst_index_range(stage->txn, RST_A_ENTRYCSN,
	                      RST_VIEW("20200101000000.0Z#000000#000#000000"),
	                      rst_view(NULL, 0), &cursor, ids, 8, &n);
	tell(stage, ids, n * sizeof(*ids));
	cursor.len = 0;
	if (err == RST_OK)
		err = rst_index_range(
			stage->txn, RST_A_ENTRYCSN, RST_VIEW("\xc3\x84"),
			RST_VIEW("\xc3\x96"), &cursor, ids, 8, &n);
	return err;
}

static enum rst_err
says_what_is_indexed(struct stage *stage)
{
	struct rst_index_info info;
	size_t at = 0;

	tell_number(stage,
	            rst_index_exists(stage->txn, stage->ours, RST_INDEX_EQUAL));
	tell_number(stage,
	            rst_index_exists(stage->txn, stage->ours, RST_INDEX_ORDER));
	tell_number(stage,
	            rst_index_asked(stage->txn, stage->ours, RST_INDEX_ORDER));
	tell_number(stage, rst_index_pending(stage->txn));
	while (rst_index_next(stage->txn, &at, &info)) {
		tell_view(stage, info.name);
		tell_number(stage, info.state + info.done + info.total);
	}
	return RST_OK;
}

static enum rst_err
knows_owners(struct stage *stage)
{
	struct rst_ident_owner owner = { .id = 0 };
	uint64_t n = 0;
	enum rst_err err;

	err = rst_ident_number_owner(stage->txn, RST_IDENT_UIDNUMBER, 10001, 0,
	                             &owner);
	tell_number(stage, owner.id);
	if (err == RST_OK)
		err = rst_ident_owner(stage->txn, RST_IDENT_USERNAME,
		                      RST_VIEW("alice"), 0, &owner);
	if (err == RST_OK)
		err = rst_ident_owner(stage->txn, RST_IDENT_USERNAME,
		                      RST_VIEW("\xc3\xa4lly"), 0, &owner);
	if (err == RST_OK)
		err = rst_ident_owner(stage->txn, RST_IDENT_MAIL,
		                      RST_VIEW("ALICE@example.org"), 0, &owner);
	if (err == RST_OK)
		err = rst_ident_owner(
			stage->txn, RST_IDENT_SSHKEY,
			RST_VIEW("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="), 0,
			&owner);
	if (err == RST_OK) {
		tell_number(stage, owner.id);
		err = rst_ident_used(stage->txn, RST_IDENT_UIDNUMBER, 9999,
		                     10005, &n);
	}
	tell_number(stage, n);
	return err;
}

static enum rst_err
owns_what_nobody_has(struct stage *stage)
{
	struct rst_ident_owner owner;

	return rst_ident_owner(stage->txn, RST_IDENT_USERNAME,
	                       RST_VIEW("alice"), stage->alice, &owner);
}

static enum rst_err
reads_mail_and_keys(struct stage *stage)
{
	unsigned char digest[RST_SSH_DIGEST];
	char buf[RST_MAIL_MAX + 1];
	enum rst_err err;

	err = rst_mail_canonical(RST_VIEW("Alice@B\xc3\xbc"
	                                  "cher.example"),
	                         buf);
	if (err == RST_OK)
		tell_view(stage, rst_view_of(buf));
	if (err == RST_OK)
		err = rst_ssh_digest(RST_VIEW("ssh-ed25519 AAAAC3NzaC1lZDI1 a"),
		                     digest);
	if (err == RST_OK)
		tell(stage, digest, sizeof(digest));
	return err;
}

static enum rst_err
reads_settings(struct stage *stage)
{
	struct rst_view value;
	enum rst_err err;

	err = rst_setting_get(stage->txn, "suffix", &value);
	if (err == RST_OK) {
		tell_view(stage, value);
		err = rst_setting_get(stage->txn, "none-such", &value);
	}
	return err;
}

static enum rst_err
counts_pages(struct stage *stage)
{
	struct rst_env_info info;
	uint64_t used = 0, spare = 0;
	enum rst_err err;

	err = rst_env_info(stage->env, &info);
	if (err == RST_OK)
		err = rst_pages(stage->env, &used, &spare);
	tell_number(stage, used);
	return err;
}

static enum rst_err
renews_a_read(struct stage *stage)
{
	struct rst_record record;
	enum rst_err err;

	rst_read_reset(&stage->r);
	rst_read_reset(&stage->r);
	err = rst_read_renew(&stage->r);
	if (err == RST_OK)
		err = rst_read_renew(&stage->r);
	if (err == RST_OK)
		err = rst_record_get(&stage->r, stage->bob, &record);
	if (err == RST_OK)
		tell_view(stage, record.bytes);
	return err;
}

const struct act entry_acts[] = {
	ACT(gets_a_record, ACT_READ),
	ACT(copies_a_record, ACT_READ),
	ACT(walks_all_records, ACT_READ),
	ACT(has_a_value, ACT_READ, .mild = true),
	ACT(reads_what_was_read, ACT_READ),
	ACT(names_itself, ACT_READ),
	ACT(finds_by_name, ACT_READ),
	ACT(finds_who_is_above, ACT_READ, .wanted = RST_ENOTFOUND),
	ACT(walks_children, ACT_READ),
	ACT(stands_in_the_tree, ACT_READ, .mild = true),
	ACT(knows_attributes, ACT_READ),
	ACT(knows_attributes, ACT_FRESH),
	ACT(names_an_attribute, ACT_FRESH),
	ACT(knows_no_such_attribute, ACT_FRESH, .mild = true,
	    .wanted = RST_ENOTFOUND),
	ACT(normalises, ACT_READ),
	ACT(asks_indexes, ACT_READ),
	ACT(asks_indexes, ACT_FRESH),
	ACT(asks_a_range, ACT_READ),
	ACT(says_what_is_indexed, ACT_READ, .mild = true),
	ACT(knows_owners, ACT_READ),
	ACT(owns_what_nobody_has, ACT_READ, .wanted = RST_ENOTFOUND),
	ACT(reads_mail_and_keys, ACT_READ),
	ACT(reads_settings, ACT_READ, .wanted = RST_ENOTFOUND),
	ACT(counts_pages, ACT_READ),
	ACT(renews_a_read, ACT_READ),
	LAST_ACT,
};
