/* SPDX-License-Identifier: OLDAP-2.8 */
/* lmdb_midl.c - LMDB's id lists, from the tree given by --with-lmdb-src */
#include "midl.c"
