/* SPDX-License-Identifier: OLDAP-2.8 */
/* other.h - another process on the fixture's environment
 *
 * It is the test program again, with an argument that says what to do: the
 * names in other_main() of other.c.  It writes a byte when it has done it and
 * then waits to be told, by the end of its input, or to be killed.  A test's
 * main() begins with
 *
 *	if (argc == 3)
 *		return other_main(argv[1], argv[2]);
 */
#ifndef OTHER_H
#define OTHER_H

#include <sys/types.h>

#include "tests/unit/fixture.h"

#define OTHER_MAP       (UINT64_C(1) << 20) /* a map that fills soon */
#define OTHER_ROW_BYTES 1000
#define OTHER_READERS   64 /* how many "read-all" takes */
#define OTHER_SKIPS     77 /* exit status: it lacks what it needs */

struct other {
	pid_t pid;
	int in, out; /* its standard input and output, our ends */
};

int other_main(const char *what, const char *dir);

void other_start(struct other *other, const char *what, const char *dir);
/* Wait until it says that it is ready. */
void other_await(struct other *other);
/* End its input and wait for it; its exit status, 200 when it was killed. */
int other_finish(struct other *other);
void other_kill(struct other *other);
/* Start and finish. */
int other_run(const char *what, const char *dir);

/* Write a row of OTHER_ROW_BYTES under number n, in a transaction. */
enum rst_err other_put_row(struct rst_env *env, uint32_t n) RST_MUST_USE;

#endif
