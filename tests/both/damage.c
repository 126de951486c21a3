/* SPDX-License-Identifier: OLDAP-2.8 */
/* damage.c - lose and forge rows that follow from others: damage DIRECTORY
 *
 * While daemons have the environment open, too: of the index of surnames, of
 * the mail addresses and of the groups of the first members every third row
 * goes, and rows that nothing asks for come.  Prints how many of both.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/attr.h"
#include "store/env_priv.h"
#include "store/ident.h"

#define EVERY       3
#define FORGED      500
#define ROWS_MAX    1000000
#define MEMBERS_MAX 300
#define NOBODY      (UINT64_C(1) << 40) /* an entry id beyond any */

static void
die(const char *what, enum rst_err err)
{
	fprintf(stderr, "damage: %s: %s\n", what, rst_strerror(err));
	exit(1);
}

/* Drop every third row of table whose key begins with prefix, of the first
 * rows_max. */
static unsigned int
lose(struct rst_wtxn *txn, enum rst_table table, struct rst_view prefix,
     unsigned int rows_max)
{
	struct rst_cursor cursor;
	struct rst_view key, value;
	char at[512];
	size_t len = prefix.len;
	unsigned int n = 0;
	enum rst_err err = RST_OK;

	memcpy(at, prefix.ptr, len);
	for (unsigned int i = 0; i < rows_max; i++) {
		err = rst_cursor_open(&txn->r, table, &cursor);
		if (err == RST_OK)
			err = rst_cursor_seek(&cursor, rst_view(at, len), &key,
			                      &value);
		if (err == RST_OK && !rst_view_starts(key, prefix))
			err = RST_ENOTFOUND;
		if (err == RST_OK) {
			memcpy(at, key.ptr, key.len);
			len = key.len;
		}
		rst_cursor_close(&cursor);
		if (err != RST_OK)
			break;
		if (i % EVERY == 0) {
			err = rst_db_drop(txn, table, rst_view(at, len));
			n++;
		}
		if (err != RST_OK)
			break;
		at[len++] = '\0'; /* the next key */
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		die("cannot lose rows", err);
	return n;
}

/* Rows "zz" n of entries that are not there. */
static unsigned int
forge(struct rst_wtxn *txn)
{
	char key[64];
	enum rst_err err = RST_OK;

	for (unsigned int n = 0; err == RST_OK && n < FORGED; n++) {
		rst_put_be16(key, RST_A_SN);
		key[2] = 1; /* equality */
		rst_put_be16(key + 3, 2);
		memcpy(key + 5, "zz", 2);
		rst_put_be64(key + 7, NOBODY + n);
		err = rst_db_put(txn, RST_T_INDEX, rst_view(key, 15),
		                 RST_VIEW(""), true);
	}
	if (err != RST_OK)
		die("cannot forge rows", err);
	return FORGED;
}

int
main(int argc, char **argv)
{
	static const char sn[] = { 0, RST_A_SN, 1 };
	static const char mail[] = { RST_IDENT_MAIL };
	struct rst_detail detail = { "" };
	struct rst_env *env = NULL;
	struct rst_wtxn txn;
	unsigned int lost, forged;
	enum rst_err err;

	if (argc != 2) {
		fputs("usage: damage DIRECTORY\n", stderr);
		return 2;
	}
	err = rst_env_open(argv[1], NULL, &env, &detail);
	if (err == RST_OK)
		err = rst_write_begin(env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		die(detail.text, err);
	lost = lose(&txn, RST_T_INDEX, rst_view(sn, sizeof(sn)), ROWS_MAX);
	lost += lose(&txn, RST_T_IDENT, rst_view(mail, sizeof(mail)), ROWS_MAX);
	/* not those of the administrators, who came last */
	lost += lose(&txn, RST_T_MEMBEROF, RST_VIEW("e"), MEMBERS_MAX);
	forged = forge(&txn);
	err = rst_write_commit(&txn);
	if (err != RST_OK)
		die("cannot commit", err);
	rst_env_close(env);
	printf("%u %u\n", lost, forged);
	return 0;
}
