/* SPDX-License-Identifier: OLDAP-2.8 */
/* memory.c - no core, no debugger */
#include "store/memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void
rst_memory_private(void)
{
	const struct rlimit none = { 0, 0 };

#ifndef __SANITIZE_ADDRESS__ /* its leak check must look at us */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	(void)setrlimit(RLIMIT_CORE, &none);
}
