/* SPDX-License-Identifier: OLDAP-2.8 */
/* lmdb_mdb.c - LMDB itself, from the tree given by --with-lmdb-src */
#include "mdb.c"
