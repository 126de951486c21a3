/* SPDX-License-Identifier: OLDAP-2.8 */
/* newer-format.c - make an environment one of a version to come */
#include <stdio.h>

#include "store/env_priv.h"

int
main(int argc, char **argv)
{
	struct rst_wtxn txn = { .locked = false };
	struct rst_detail detail = { "" };
	struct rst_env *env = NULL;
	enum rst_err err = RST_EINVALID;

	if (argc == 2)
		err = rst_env_open(argv[1], NULL, &env, &detail);
	if (err == RST_OK)
		err = rst_write_begin(env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_meta_set_number(&txn, "format", RST_FORMAT + 1);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	rst_env_close(env);
	if (err != RST_OK)
		fprintf(stderr, "%s %s\n", rst_strerror(err), detail.text);
	return err == RST_OK ? 0 : 1;
}
