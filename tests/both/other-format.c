/* SPDX-License-Identifier: OLDAP-2.8 */
/* other-format.c - make an environment one of another version
 *
 * The format goes straight into LMDB, as this version does not open another's
 * to change it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmdb.h>

#include "store/env_priv.h"

#define TABLES 64

int
main(int argc, char **argv)
{
	static char name[] = "format";
	char number[8];
	MDB_val key = { sizeof(name) - 1, name }, value = { 8, number };
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	int rc;

	if (argc != 3)
		return 2;
	rst_put_be64(number, strtoul(argv[2], NULL, 10));
	rc = mdb_env_create(&env);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(env, TABLES);
	if (rc == 0)
		rc = mdb_env_open(env, argv[1], 0, 0660);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, rst_table_names[RST_T_META], 0, &dbi);
	if (rc == 0)
		rc = mdb_put(txn, dbi, &key, &value, 0);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	if (rc != 0)
		fprintf(stderr, "%s\n", mdb_strerror(rc));
	mdb_env_close(env);
	return rc == 0 ? 0 : 1;
}
