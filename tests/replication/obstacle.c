/* SPDX-License-Identifier: OLDAP-2.8 */
/* obstacle.c - an overlay that stands in the way of what is replayed
 *
 * The file OBSTACLE is a struct control, which the test and slapd map.  Of
 * replays, and of what an overlay writes elsewhere in their course, the
 * obstacle refuses so many, or holds the one that comes until it is let go.
 * Before a change by a client it writes something of its own, if it is told to.
 */
#include "portable.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
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
	_Atomic int32_t write;  /* so many */
};

static struct control *control;
static slap_overinst obstacle;
static char name[] = "obstacle";

/* A change of the suffix's entry in the course of op. */
static void
write_own(Operation *op)
{
	struct berval value = BER_BVC("the obstacle's");
	slap_callback silent = { NULL, slap_null_cb, NULL, NULL };
	Modifications *mod = ch_calloc(1, sizeof(*mod));
	SlapReply rs = { REP_RESULT };
	Operation own = *op;
	const char *text;

	mod->sml_op = LDAP_MOD_REPLACE;
	(void)slap_str2ad("description", &mod->sml_desc, &text);
	mod->sml_type = mod->sml_desc->ad_cname;
	mod->sml_numvals = 1;
	value_add_one(&mod->sml_values, &value);
	own.o_tag = LDAP_REQ_MODIFY;
	own.o_bd = op->o_bd->bd_self;
	own.o_req_dn = op->o_bd->be_suffix[0];
	own.o_req_ndn = op->o_bd->be_nsuffix[0];
	own.o_callback = &silent;
	BER_BVZERO(&own.o_csn);
	memset(own.o_ctrlflag, 0, sizeof(own.o_ctrlflag));
	slap_op_time(&own.o_time, &own.o_tincr);
	memset(&own.o_request, 0, sizeof(own.o_request));
	own.orm_modlist = mod;
	(void)own.o_bd->be_modify(&own, &rs);
	slap_mods_free(own.orm_modlist, 1);
}

static bool
is_to_write(const Operation *op)
{
	return op->o_connid != SLAP_SYNC_RID_MAX &&
	       atomic_load(&control->write) > 0 &&
	       atomic_fetch_sub(&control->write, 1) > 0;
}

static int
meet(Operation *op, SlapReply *rs)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };

	if (op->o_dont_replicate)
		return SLAP_CB_CONTINUE;
	if (is_to_write(op))
		write_own(op);
	else if (op->o_connid != SLAP_SYNC_RID_MAX)
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
