/* SPDX-License-Identifier: OLDAP-2.8 */
/* module.c - roster.la: the backend and the overlay in one loadable module
 *
 * One module because both share one LMDB environment, which a process may
 * open only once.
 *
 * The module reads slapd's structures, whose layout moves between minor
 * versions and which carry no version of their own, so it loads only into the
 * slapd that it was built for.
 */
#include "back-roster.h"

#include <ldap.h>
#include <sodium.h>

#include "backend/follow.h"
#include "lifecycle/password.h"
#include "overlay/lifecycle.h"

#define MODULE_EXPORT __attribute__((visibility("default")))

int init_module(int argc, char *argv[]);
int term_module(void);

/* The version of the libldap that this slapd runs with, or -1. */
static int
running_version(void)
{
	LDAPAPIInfo info = { .ldapai_info_version = LDAP_API_INFO_VERSION };
	int version;

	if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) != LDAP_OPT_SUCCESS)
		return -1;
	version = info.ldapai_vendor_version;
	ldap_memfree(info.ldapai_vendor_name);
	ber_memvfree((void **)info.ldapai_extensions);
	return version;
}

/* Threads that wait for their turn to hash let a pause of the pool through:
 * cn=config must not wait for a flood of binds. */
static bool
hash_pause(void *arg)
{
	if (ldap_pvt_thread_pool_pausing(&connection_pool) > 0)
		ldap_pvt_thread_pool_pausecheck(&connection_pool);
	return !slapd_shutdown;
}

MODULE_EXPORT int
init_module(int argc, char *argv[])
{
	static char type[] = "roster";
	static BackendInfo bi;
	int version = running_version();

	if (version != LDAP_VENDOR_VERSION) {
		Debug(LDAP_DEBUG_ANY,
		      "roster: this module was built for OpenLDAP %d.%d.%d, "
		      "slapd runs %d.%d.%d: build it against the headers of "
		      "this slapd\n",
		      LDAP_VENDOR_VERSION / 10000,
		      LDAP_VENDOR_VERSION / 100 % 100,
		      LDAP_VENDOR_VERSION % 100, version / 10000,
		      version / 100 % 100, version % 100);
		return -1;
	}
	if (sodium_init() < 0) {
		Debug(LDAP_DEBUG_ANY, "roster: libsodium does not start\n");
		return -1;
	}
	lifecycle_password_set_pause(hash_pause, NULL);
	bi.bi_type = type;
	bi.bi_init = roster_back_initialize;
	if (backend_add(&bi) != 0)
		return -1;
	return lifecycle_initialize();
}

/* slapd cannot forget a backend, so it must not unload us: it calls this only
 * when it ends. */
MODULE_EXPORT int
term_module(void)
{
	back_follow_end();
	lifecycle_end();
	return 0;
}
