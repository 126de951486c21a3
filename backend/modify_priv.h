/* SPDX-License-Identifier: OLDAP-2.8 */
/* modify_priv.h - what add, modify, modrdn and delete share */
#ifndef BACK_MODIFY_PRIV_H
#define BACK_MODIFY_PRIV_H

#include "back-roster.h"

/* Where a renamed entry goes. */
struct back_destination {
	uint64_t parent;
	struct berval dn, ndn;
};

/* The entry of a request, as it stands. */
struct back_target {
	struct rst_record record;
	Entry *entry; /* owned: as ACLs and controls see it */
};

/*
 * Find op's entry.  False: rs says why not.  The entry is to be freed with
 * back_entry_free() in either case.
 */
bool back_target_find(struct back_write *write, struct back_target *target);
/* It is not a referral to be followed; rs is filled when it is. */
bool back_target_here(struct back_write *write,
                      const struct back_target *target);
/* The assertion control holds; rs is filled when it does not. */
bool back_target_asserted(struct back_write *write,
                          const struct back_target *target);
/* The pre-read control, if it was asked for. */
bool back_target_read(struct back_write *write,
                      const struct back_target *target);

/*
 * Apply *mods (and the rename, when to is not NULL) to the target and pass the
 * gate; what the gate changed beside them is appended to *mods.  False: rs
 * says why not.  buf is where slapd's texts go.
 */
bool back_modify(struct back_write *write, const struct back_target *target,
                 Modifications **mods, const struct back_destination *to,
                 struct gate_change *change, char *buf, size_t size);

/*
 * treedelete.c: delete all that is below op's entry.  False: rs says why not,
 * and nothing was sent.  What is wrong with the entry itself is left for its
 * own delete to say.
 */
bool back_tree_delete(Operation *op, SlapReply *rs);

/* The CSN that mods themselves bring, or NULL. */
const struct berval *back_mods_csn(const Modifications *mods);
/* The post-read control, if it was asked for, of what is stored. */
void back_post_read(struct back_write *write, uint64_t id);

#endif
