/* SPDX-License-Identifier: OLDAP-2.8 */
/* violations_page.c - a page that is lost can only be planted in the file */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/violations.h"

/* LMDB's two meta pages say one page more was used than was. */
static void
lose_page(struct fixture *fixture)
{
	const off_t last_page = 136; /* in a meta page */
	char path[192];
	uint64_t number;
	int fd;

	rst_env_close(fixture->env);
	snprintf(path, sizeof(path), "%s/data.mdb", fixture->dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	for (off_t page = 0; page < 2; page++) {
		off_t at = page * sysconf(_SC_PAGESIZE) + last_page;

		assert_int_equal(pread(fd, &number, sizeof(number), at), 8);
		number++;
		assert_int_equal(pwrite(fd, &number, sizeof(number), at), 8);
	}
	close(fd);
	fixture_open(fixture, FIXTURE_MAP_BYTES);
}

void
violations_commit(struct fixture *fixture, struct world *w)
{
	fixture_commit(w->txn);
	if (w->lose_page)
		lose_page(fixture);
}
