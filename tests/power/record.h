/* SPDX-License-Identifier: OLDAP-2.8 */
/* record.h - what the recorder writes and the replayer reads
 *
 * One file, appended to by every recorded process and by the one that plays
 * the clients, each record with one write(2): a head, then its bytes.  A
 * process notes a write before it is made and a sync after it is done, the
 * client an attempt before the request and an acknowledgement after the
 * answer.  So the file's order never claims more than the disk promised.
 */
#ifndef POWER_RECORD_H
#define POWER_RECORD_H

#include <stdint.h>

enum record_kind {
	RECORD_WRITE = 'W',   /* bytes at offset, in the page cache */
	RECORD_DURABLE = 'D', /* that range, written with O_DSYNC, is on disk */
	RECORD_SYNC = 'S',    /* everything written before is on disk */
	RECORD_BORN = 'B',    /* the file is about to get its name */
	RECORD_NAMED = 'N',   /* the name is on disk */
	RECORD_TRIED = 'T',   /* "key\tvalue": asked for */
	RECORD_ACKNOWLEDGED = 'A', /* "key\tvalue": answered */
	RECORD_STRANGE = '!',      /* a call the replayer could not play */
};

struct record_head {
	uint64_t kind; /* enum record_kind */
	uint64_t offset;
	uint64_t len; /* bytes that follow, for 'D' only a length */
};

#endif
