/* SPDX-License-Identifier: OLDAP-2.8 */
/* seeds.c - rows of an environment as inputs of fuzz_record and fuzz_row
 *
 *	seeds ENVIRONMENT CORPUS
 *
 * writes CORPUS/record/entry-ID, CORPUS/row/journal-SEQUENCE and so on, each
 * as its target expects it: what is mutated then begins as something that
 * decodes.  Give it an environment that was made for it: hashes of passwords
 * are written as they are.  Private parts of the journal are written without
 * their seal, as they are read.  A session is added for the while.
 */
#include <inttypes.h>

#include "store/journal_priv.h"
#include "store/record_priv.h"
#include "store/session.h"
#include "tests/fuzz/fuzz.h"

#define PATH_BYTES 512

static unsigned int written;

static void
save(const char *corpus, const char *name, uint64_t number,
     const struct rst_out *out)
{
	char path[PATH_BYTES];
	FILE *file;

	FUZZ_MUST(rst_out_error(out) == RST_OK);
	snprintf(path, sizeof(path), "%s/%s-%" PRIu64, corpus, name, number);
	file = fopen(path, "wb");
	FUZZ_MUST(file != NULL);
	FUZZ_MUST(fwrite(out->bytes, 1, out->len, file) == out->len);
	FUZZ_MUST(fclose(file) == 0);
	written++;
}

/* What of a private part is sealed. */
static void
open_seal(const struct rst_rtxn *txn, struct rst_view key,
          struct rst_view sealed, struct rst_out *out)
{
	char ad[RST_JOURNAL_AD], *plain = malloc(sealed.len);

	FUZZ_MUST(plain != NULL && sealed.len > RST_SEAL_BYTES);
	rst_journal_ad(rst_get_be64(key.ptr), ad);
	FUZZ_MUST(rst_unseal(txn->env, sealed, rst_view(ad, sizeof(ad)),
	                     plain) == RST_OK);
	rst_out_bytes(out, rst_view(plain, sealed.len - RST_SEAL_BYTES));
	free(plain);
}

/* The rows of a table; which is the first byte that fuzz_row.c goes by. */
static void
rows(const struct rst_rtxn *txn, enum rst_table table, unsigned int which,
     const char *corpus, const char *name)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	uint64_t n = 0;
	enum rst_err err;

	FUZZ_MUST(rst_cursor_open(txn, table, &cursor) == RST_OK);
	err = rst_cursor_seek(&cursor, rst_view("", 1), &key, &value);
	for (; err == RST_OK; err = rst_cursor_next(&cursor, &key, &value)) {
		struct rst_out out = { 0 };

		if (table != RST_T_ENTRY)
			rst_out_number(&out, which, 1);
		if (table == RST_T_MEMBER)
			rst_out_text(&out, key, 1);
		if (table == RST_T_MEMBEROF) {
			rst_out_number(&out, 0, 1);
			rst_out_bytes(&out, key);
		}
		if (table == RST_T_JOURNAL_PRIVATE)
			open_seal(txn, key, value, &out);
		else if (table != RST_T_MEMBEROF)
			rst_out_bytes(&out, value);
		save(corpus, name, ++n, &out);
		rst_out_release(&out);
	}
	FUZZ_MUST(err == RST_ENOTFOUND);
	rst_cursor_close(&cursor);
}

/* Which no tool makes; the transaction is not committed. */
static void
add_session(struct rst_wtxn *txn)
{
	static const struct rst_session session = {
		.user = 100,
		.generation = 7,
		.made_s = 1800000000,
		.seen_s = 1800000060,
		.expires_s = 1800003600,
		.proved_s = 1800000000,
		.address = "2001:db8::1",
		.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)",
	};
	static const unsigned char digest[RST_DIGEST_BYTES] = { 1 };

	FUZZ_MUST(rst_session_add(txn, digest, &session) == RST_OK);
}

int
main(int argc, char **argv)
{
	struct rst_env_options options = { .create = false };
	struct rst_detail why = { 0 };
	struct rst_env *env;
	struct rst_wtxn txn;

	if (argc != 3)
		return 77;
	if (rst_env_open(argv[1], &options, &env, &why) != RST_OK) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	FUZZ_MUST(rst_write_begin(env, RST_WRITE_ORDINARY, &txn) == RST_OK);
	add_session(&txn);
	rows(&txn.r, RST_T_ENTRY, 0, argv[2], "record/entry");
	rows(&txn.r, RST_T_JOURNAL, 0, argv[2], "row/journal");
	rows(&txn.r, RST_T_MEMBER, 1, argv[2], "row/member");
	rows(&txn.r, RST_T_MEMBEROF, 1, argv[2], "row/memberof");
	rows(&txn.r, RST_T_SESSION, 2, argv[2], "row/session");
	rows(&txn.r, RST_T_NAME, 3, argv[2], "row/name");
	rows(&txn.r, RST_T_JOURNAL_PRIVATE, 4, argv[2], "row/private");
	rst_write_abort(&txn);
	rst_env_close(env);
	printf("%u inputs\n", written);
	return 0;
}
