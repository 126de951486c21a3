/* SPDX-License-Identifier: OLDAP-2.8 */
/* record_priv.h - encoding and decoding records, for store/ alone */
#ifndef RST_RECORD_PRIV_H
#define RST_RECORD_PRIV_H

#include "store/entry.h"
#include "store/wire.h"

/*
 * Decode bytes into *ret_record, which borrows them.  Every length is
 * checked; verify also checks the checksum.  RST_ECORRUPT.
 */
enum rst_err rst_record_decode(struct rst_view bytes, bool verify,
                               struct rst_record *ret_record) RST_MUST_USE;

/* The same for bytes that were decoded before in this transaction: of them the
 * header alone is looked at. */
bool rst_record_view(struct rst_view bytes, struct rst_record *ret_record)
	RST_MUST_USE;

/* kind, status, flags and numbers are what the attributes say. */
bool rst_record_is_derived(const struct rst_record *record);

/* As rst_record_get(), but the checksum is verified only when asked for. */
enum rst_err rst_record_read(const struct rst_rtxn *txn, uint64_t id,
                             bool verify, struct rst_record *ret_record)
	RST_MUST_USE;

/*
 * What the encoder is given: an attribute's values are values[0..n-1].  The
 * derived fields are computed here.  bytes is malloc'ed, to be freed by the
 * caller.  RST_ENOMEM, RST_EINVALID past a limit of entry.h.
 */
struct rst_record_attr {
	uint16_t id;
	uint32_t n, room;
	struct rst_view *values;
};
struct rst_record_parts {
	uint64_t id, parent, generation;
	struct rst_view rdn, nrdn;
	const struct rst_record_attr *attrs;
	size_t n_attrs;
};
enum rst_err rst_record_encode(const struct rst_record_parts *parts,
                               char **ret_bytes, size_t *ret_len) RST_MUST_USE;

/* tree.c: the row of a place.  add: RST_EEXISTS. */
enum rst_err rst_tree_add(struct rst_wtxn *txn, uint64_t parent,
                          struct rst_view nrdn, uint64_t id) RST_MUST_USE;
enum rst_err rst_tree_drop(struct rst_wtxn *txn, uint64_t parent,
                           struct rst_view nrdn) RST_MUST_USE;

/*
 * normalise.c: the whole normal form, however long; release it.  Indexes of
 * substrings and order need more than rst_normalise() gives.  What is no DN,
 * no number... has a normal form too: RST_ENOMEM is its only error.
 */
struct rst_normal {
	struct rst_view text;
	char *heap;
	char small[256];
};
enum rst_err rst_normal_make(enum rst_match match, struct rst_view value,
                             struct rst_normal *ret_normal) RST_MUST_USE;
void rst_normal_release(struct rst_normal *normal);

/*
 * name.c: what a list of members says of an entry, in a row that follows the
 * record; either side of update may be NULL.  Borrows from the row.
 */
struct rst_name {
	uint64_t parent;
	struct rst_view rdn, nrdn;
	struct rst_view uid; /* rst_member_name(); a NULL ptr for none */
};
/* RST_ECORRUPT; the others RST_ENOMEM and what writing a row tells. */
enum rst_err rst_name_decode(struct rst_view value, struct rst_name *ret_name)
	RST_MUST_USE;
enum rst_err rst_name_update(struct rst_wtxn *txn,
                             const struct rst_record *before,
                             const struct rst_record *after) RST_MUST_USE;

/* ident.c: identifier rows follow the record; either side may be NULL. */
enum rst_err rst_ident_update(struct rst_wtxn *txn,
                              const struct rst_record *before,
                              const struct rst_record *after) RST_MUST_USE;
/* index.c: the same for index rows. */
enum rst_err rst_index_update(struct rst_wtxn *txn,
                              const struct rst_record *before,
                              const struct rst_record *after) RST_MUST_USE;

/* Call each(arg, key) for every row that record must have in table ident or
 * index: what update writes and what check compares. */
typedef enum rst_err rst_row_each(void *arg, struct rst_view key,
                                  struct rst_view value);
enum rst_err rst_ident_rows(const struct rst_rtxn *txn,
                            const struct rst_record *record, rst_row_each *each,
                            void *arg) RST_MUST_USE;
enum rst_err rst_index_rows(const struct rst_rtxn *txn,
                            const struct rst_record *record, rst_row_each *each,
                            void *arg) RST_MUST_USE;
/* The same of table name, where it is one. */
enum rst_err rst_name_row(const struct rst_record *record, rst_row_each *each,
                          void *arg) RST_MUST_USE;

/* Seal and open with the environment's key; sealed is RST_SEAL_BYTES longer.
 * ad binds it to its place.  RST_ECORRUPT when it does not open. */
#define RST_SEAL_BYTES 40 /* nonce and tag */
enum rst_err rst_seal(const struct rst_env *env, struct rst_view plain,
                      struct rst_view ad, char *sealed) RST_MUST_USE;
/* Seal what is in plain and write it to out, its length in 4 bytes before it.
 * RST_ENOMEM, what was wrong with plain. */
enum rst_err rst_seal_out(const struct rst_env *env,
                          const struct rst_out *plain, struct rst_view ad,
                          struct rst_out *out) RST_MUST_USE;
enum rst_err rst_unseal(const struct rst_env *env, struct rst_view sealed,
                        struct rst_view ad, char *plain) RST_MUST_USE;

#endif
