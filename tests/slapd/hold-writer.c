/* SPDX-License-Identifier: OLDAP-2.8 */
/* hold-writer.c - another process that writes, and takes its time
 *
 * usage: hold-writer DIRECTORY [read]
 *
 * Says "held" once it has the writer lock, or with "read" a snapshot; lets go
 * when its input ends.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "store/env.h"

int
main(int argc, char *argv[])
{
	struct rst_detail why = { "" };
	struct rst_env *env = NULL;
	struct rst_wtxn txn = { .locked = false };
	struct rst_rtxn read = { .mdb = NULL };
	enum rst_err err;

	if ((argc != 2 && (argc != 3 || strcmp(argv[2], "read") != 0)) ||
	    sodium_init() < 0) {
		fprintf(stderr, "usage: hold-writer directory [read]\n");
		return 2;
	}
	err = rst_env_open(argv[1], NULL, &env, &why);
	if (err == RST_OK && argc == 3)
		err = rst_read_begin(env, &read);
	else if (err == RST_OK)
		err = rst_write_begin(env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK) {
		fprintf(stderr, "hold-writer: %s %s\n", rst_strerror(err),
		        why.text);
		rst_env_close(env);
		return 1;
	}
	printf("held\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	rst_read_end(&read);
	rst_write_abort(&txn);
	rst_env_close(env);
	return 0;
}
