/* SPDX-License-Identifier: OLDAP-2.8 */
/* fake-version.c - preloaded into slapd: libldap says it is another version */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ldap.h>

int
ldap_get_option(LDAP *ld, int option, void *value)
{
	static int (*real)(LDAP *, int, void *);
	int code;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "ldap_get_option");
	code = real(ld, option, value);
	if (option == LDAP_OPT_API_INFO && code == LDAP_OPT_SUCCESS)
		((LDAPAPIInfo *)value)->ldapai_vendor_version = 20699;
	return code;
}
