/* SPDX-License-Identifier: OLDAP-2.8 */
/* nth.h - the k-th call that the store makes fails, or lies
 *
 * A program linked with $(nth_ldflags) comes by here with each call that
 * store/ makes of LMDB, of the allocator and of the system: the linker's
 * --wrap.  What LMDB itself calls is not counted.  Nothing fails until
 * nth_arm(); sync calls never reach the disk, and random bytes are the same in
 * each run.
 */
#ifndef NTH_H
#define NTH_H

#include <stdbool.h>
#include <stdint.h>

enum nth_kind {
	NTH_LMDB,   /* a call of LMDB returns code */
	NTH_MEMORY, /* an allocation is NULL */
	NTH_SYSTEM, /* a system call fails with errno code */
	NTH_ROW,    /* a row that was read is another: see below */
	NTH_PLAIN,  /* so is what was unsealed */
	NTH_BYTES,  /* so is what was read from a file */
};

/*
 * For the kinds that lie, code says how.  Of NTH_ROW: below NTH_VALUE those
 * named here, from there on one byte of the value is changed in one of two
 * ways: the first NTH_SPOILT of them, then the last, from the end on.  Where
 * the row ended in a sum it is made right again.
 */
enum nth_lie {
	NTH_GONE,  /* it is not there */
	NTH_EMPTY, /* its value is empty */
	NTH_CUT,   /* its value, or what was read, lacks the last byte */
	NTH_LONG,  /* its value has a byte more */
	NTH_KEY_CUT,
	NTH_KEY_LONG, /* longer than LMDB takes */
	NTH_KEY_OTHER,
	NTH_TORN, /* the sum is left wrong */
	NTH_VALUE,
};
#define NTH_SPOILT 160
#define NTH_LIES   (NTH_VALUE + 4 * NTH_SPOILT) /* codes below it */

/* LMDB's code for "the commit failed, and nobody knows what is on disk". */
#define NTH_LOST (-1)

/*
 * From now on the k-th call, from 1, that can fail so does.  NTH_NEW_WAY: the
 * first that is come to by a way, through functions, by which none has failed
 * since nth_forget_ways().
 */
#define NTH_NEW_WAY UINT64_MAX
void nth_arm(enum nth_kind kind, int code, uint64_t k);
void nth_forget_ways(void);
/* No more.  The name of what failed, or NULL: there were fewer than k. */
const char *nth_disarm(void);
/* Random bytes begin anew. */
void nth_same_random(void);

#endif
