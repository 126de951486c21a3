/* SPDX-License-Identifier: OLDAP-2.8 */
/* keep-locale.c - lets slapd end when a sanitizer's runtime is preloaded
 *
 * With AddressSanitizer before them, libp11-kit's destructor waits for ever
 * for the lock that glibc's freelocale() takes at exit, after all work is
 * done.  A locale that is not freed then is missed by nobody.
 */
#include <locale.h>

void
freelocale(locale_t locale)
{
	(void)locale;
}
