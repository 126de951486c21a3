/* SPDX-License-Identifier: OLDAP-2.8 */
/* violations.h - what may be wrong with an environment, planted by hand */
#ifndef VIOLATIONS_H
#define VIOLATIONS_H

#include "store/session.h"
#include "tests/unit/fixture.h"

struct world {
	struct rst_wtxn *txn;
	struct fixture_ids ids;
	uint64_t alice, bob, mute, group, other, mail;
	unsigned char digest[RST_DIGEST_BYTES];
	bool lose_page; /* when it is committed */
};

#define VIOLATIONS_NOW_S 1795315053

/* A record of entry id in the journal. */
void violations_journal(struct rst_wtxn *txn, uint64_t id);
void a_checkpoint_made_without_the_key(struct world *w);
void a_journal_cut_off_before_a_checkpoint(struct world *w);
void a_checkpoint_taken_away(struct world *w);
void a_wrong_number_of_members(struct world *w);
void an_end_of_nobodys_membership(struct world *w);
void ends_of_a_group_without_its_number(struct world *w);

/* Something in every table. */
void violations_world(struct rst_wtxn *txn, struct world *w);

#define N_VIOLATIONS 69
extern const struct violation {
	const char *invariant;
	void (*plant)(struct world *w);
	const char *what;
	bool others; /* others see it too, and must */
	bool repairable;
	bool warning; /* it is told of, but not counted */
} violations[N_VIOLATIONS];

/* Commit, and do what can only be done to the file. */
void violations_commit(struct fixture *fixture, struct world *w);

/* Plant the one called what. */
void violations_plant(struct world *w, const char *what);

#endif
