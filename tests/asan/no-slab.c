/* SPDX-License-Identifier: OLDAP-2.8 */
/* no-slab.c - each of slapd's allocations is malloc()'s
 *
 * slapd gives an operation memory out of a slab, where a sanitizer sees no
 * bounds.  Preloaded, this has its modules get what a slapd that is built with
 * SLAP_NO_SL_MALLOC gives them: slapd frees whatever is in no slab as
 * malloc()'s. It counts on the slab to go at once, so some is never freed.
 */
#include <lber.h>
#include <stdlib.h>

/* slapd's, and of no other program. */
extern BerMemoryFunctions slap_sl_mfuncs __attribute__((weak));

static void *
no_slab_malloc(ber_len_t size, void *slab)
{
	(void)slab;
	return malloc(size);
}

static void *
no_slab_calloc(ber_len_t n, ber_len_t size, void *slab)
{
	(void)slab;
	return calloc(n, size);
}

__attribute__((constructor)) static void
start(void)
{
	if (&slap_sl_mfuncs == NULL)
		return;
	slap_sl_mfuncs.bmf_malloc = no_slab_malloc;
	slap_sl_mfuncs.bmf_calloc = no_slab_calloc;
}
