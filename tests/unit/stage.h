/* SPDX-License-Identifier: OLDAP-2.8 */
/* stage.h - an environment with something of everything, and acts upon it
 *
 * An act is one call of the store, or a few, that is run again and again with
 * another fault each time: test_store_faults.c.  What it found out it tells,
 * so that two runs can be compared.
 */
#ifndef STAGE_H
#define STAGE_H

#include <sodium.h>

#include "store/env_priv.h"
#include "store/session.h"
#include "tests/unit/fixture.h"

#define STAGE_NOW_S INT64_C(1795315053) /* 2026-11-22 02:37:33 UTC */

struct stage {
	struct fixture fixture;
	struct rst_env *env;
	/* of the act: */
	struct rst_wtxn w;
	struct rst_rtxn r;
	const struct rst_rtxn *txn; /* the one that is open */
	crypto_generichash_state told;
	uint64_t findings; /* which an act may answer instead of an error */

	struct fixture_ids ids;
	uint64_t alice, bob, carol, twin, mute, deep;
	uint64_t group, nested, other, unique, names, timed;
	uint64_t first, last; /* of the journal */
	uint64_t mail;
	uint16_t ours; /* attribute "x-ours" */
	unsigned char digest[RST_DIGEST_BYTES];
	char spare[128], file[160]; /* a directory, and a file in it */
	int fd;
};

enum act_kind {
	ACT_READ,  /* in a read that the runner begins */
	ACT_FRESH, /* the same, nothing of the environment being in memory */
	ACT_WRITE, /* in a write that it begins, and aborts */
	ACT_ALONE, /* it does all that itself */
};

struct act {
	const char *name;
	enum act_kind kind;
	enum rst_err (*run)(struct stage *stage);
	/* Answers a bool or less: a fault may change what it says. */
	bool mild;
	void (*before)(struct stage *stage); /* each run; may be NULL */
	enum rst_err wanted;                 /* without a fault */
	bool leaves_damage;                  /* goes on behind it */
};

/* Bytes that say how the act went. */
void tell(struct stage *stage, const void *bytes, size_t len);
void tell_number(struct stage *stage, uint64_t number);
void tell_view(struct stage *stage, struct rst_view view);

void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
/* Let go of everything that is in memory, and come back. */
void stage_reopen(struct stage *stage);
/* Everything that is in the tables. */
struct stage_sum {
	unsigned char bytes[32];
};
struct stage_sum stage_sum_of(const struct rst_rtxn *txn);
/* A progress() of checks, which need not be told. */
void stage_progress(void *arg, const char *what, uint64_t done, uint64_t total);
/* Remove all that is in a directory. */
void stage_empty(const char *dir);

/* Each ends with a NULL name. */
extern const struct act entry_acts[], member_acts[], change_acts[],
	journal_acts[], other_acts[], place_acts[], file_acts[];

/* clang-format off */
#define ACT(act, of_kind, ...) \
	{ .name = #act, .run = act, .kind = of_kind, __VA_ARGS__ }
#define LAST_ACT { .name = NULL }
/* clang-format on */

#endif
