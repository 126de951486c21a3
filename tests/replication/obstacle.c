/* SPDX-License-Identifier: OLDAP-2.8 */
/* obstacle.c - an overlay that stands in the way of what is replayed
 *
 * The file OBSTACLE is a struct control, which the test and slapd map.  Of
 * replays, and of what an overlay writes elsewhere in their course, the
 * obstacle refuses so many, or holds the one that comes until it is let go.
 */
#include "portable.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "slap.h"

#define NAP_NS 1000000

struct control {
	_Atomic int32_t refuse; /* so many */
	_Atomic int32_t code;   /* with this */
	_Atomic int32_t hold;   /* not 0: do not go on */
	_Atomic int32_t met;    /* how many came */
};

static struct control *control;
static slap_overinst obstacle;
static char name[] = "obstacle";

static int
meet(Operation *op, SlapReply *rs)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };

	if (op->o_connid != SLAP_SYNC_RID_MAX || op->o_dont_replicate)
		return SLAP_CB_CONTINUE;
	atomic_fetch_add(&control->met, 1);
	while (atomic_load(&control->hold) != 0 && !slapd_shutdown)
		nanosleep(&nap, NULL);
	if (atomic_load(&control->refuse) <= 0)
		return SLAP_CB_CONTINUE;
	atomic_fetch_sub(&control->refuse, 1);
	op->o_bd->bd_info =
		(BackendInfo *)((slap_overinst *)op->o_bd->bd_info)->on_info;
	send_ldap_error(op, rs, atomic_load(&control->code), "an obstacle");
	return rs->sr_err;
}

int init_module(int argc, char *argv[]);

int
init_module(int argc, char *argv[])
{
	const char *path = getenv("OBSTACLE");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *map = MAP_FAILED;

	(void)argc;
	(void)argv;
	if (fd >= 0) {
		map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
		           MAP_SHARED, fd, 0);
		close(fd);
	}
	if (map == MAP_FAILED)
		return -1;
	control = map;
	obstacle.on_bi.bi_type = name;
	obstacle.on_bi.bi_op_add = meet;
	obstacle.on_bi.bi_op_modify = meet;
	obstacle.on_bi.bi_op_modrdn = meet;
	obstacle.on_bi.bi_op_delete = meet;
	return overlay_register(&obstacle);
}
