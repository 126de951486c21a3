/* SPDX-License-Identifier: OLDAP-2.8 */
/* fault.h - what a test and the library preloaded into a daemon agree on
 *
 * A file of these numbers, native and mapped by both.  The test writes kinds
 * and countdown; the library counts down at each call of these kinds that our
 * own code makes, and fails the one at which it reaches 0.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stdint.h>

#define FAULT_MEMORY 1 /* malloc and what is made of it */
#define FAULT_OPEN   2
#define FAULT_WRITE  4 /* to a file; sockets and pipes go on */
#define FAULT_SYNC   8
#define FAULT_MAP    16

struct fault_control {
	int32_t kinds;     /* 0: nothing is counted */
	int32_t countdown; /* 1: the next call fails */
	int32_t error;     /* errno of a call that is not about memory */
	int32_t fired;     /* calls that failed */
};

#endif
