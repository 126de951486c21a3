/* SPDX-License-Identifier: OLDAP-2.8 */
/* reserved.c - names that nobody may take, and why
 *
 * Through nss a user or group of the directory stands beside those of
 * /etc/passwd and /etc/group: a group "docker" or "sudo" is root on a host
 * that grants by name.  Both tables are in byte order; a unit test says so.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rules/reserved.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The reasons. */
#define HOST    "an account of the base system"
#define ROOT    "a group that gives rights on a Unix host"
#define SERVICE "an account of a common service"
#define ADMIN   "it passes for an administrator"
#define MAIL    "a mailbox with a fixed meaning"
#define WORD    "a word with a meaning of its own"
#define SYSTEMD "systemd's names"

struct reserved {
	const char *name, *reason;
};

/* clang-format off */
static const struct reserved users[] = {
	{ "_apt", HOST },
	{ "_chrony", SERVICE },
	{ "_flatpak", SERVICE },
	{ "_rpc", SERVICE },
	{ "_ssh", SERVICE },
	{ "abuse", MAIL },
	{ "adm", HOST },
	{ "admin", ADMIN },
	{ "administrator", ADMIN },
	{ "administrators", ADMIN },
	{ "all", WORD },
	{ "anonymous", WORD },
	{ "apache", SERVICE },
	{ "api", WORD },
	{ "arvados", SERVICE },
	{ "assets", WORD },
	{ "audit", WORD },
	{ "authenticated", WORD },
	{ "avahi", SERVICE },
	{ "backup", HOST },
	{ "billing", MAIL },
	{ "bin", HOST },
	{ "bind", SERVICE },
	{ "bitwarden", SERVICE },
	{ "bootstrap", WORD },
	{ "chrony", SERVICE },
	{ "clamav", SERVICE },
	{ "colord", SERVICE },
	{ "consul", SERVICE },
	{ "contact", MAIL },
	{ "cups", SERVICE },
	{ "daemon", HOST },
	{ "debian-exim", SERVICE },
	{ "default", WORD },
	{ "dnsmasq", SERVICE },
	{ "docker", SERVICE },
	{ "dovecot", SERVICE },
	{ "etcd", SERVICE },
	{ "everyone", WORD },
	{ "exim", SERVICE },
	{ "false", WORD },
	{ "ftp", SERVICE },
	{ "games", HOST },
	{ "gdm", SERVICE },
	{ "geoclue", SERVICE },
	{ "git", SERVICE },
	{ "gitlab", SERVICE },
	{ "gitolite", SERVICE },
	{ "gnats", HOST },
	{ "grafana", SERVICE },
	{ "group", WORD },
	{ "groups", WORD },
	{ "guest", WORD },
	{ "halt", HOST },
	{ "help", MAIL },
	{ "hostmaster", MAIL },
	{ "httpd", SERVICE },
	{ "info", MAIL },
	{ "invitations", WORD },
	{ "invite", WORD },
	{ "irc", HOST },
	{ "jenkins", SERVICE },
	{ "kubernetes", SERVICE },
	{ "kvm", SERVICE },
	{ "ldapadmin", ADMIN },
	{ "ldapusers", ADMIN },
	{ "libvirt", SERVICE },
	{ "libvirt-qemu", SERVICE },
	{ "lightdm", SERVICE },
	{ "list", HOST },
	{ "localhost", WORD },
	{ "login", WORD },
	{ "logout", WORD },
	{ "lp", HOST },
	{ "lxd", SERVICE },
	{ "mail", HOST },
	{ "mailer-daemon", MAIL },
	{ "man", HOST },
	{ "manager", ADMIN },
	{ "mariadb", SERVICE },
	{ "me", WORD },
	{ "memcached", SERVICE },
	{ "messagebus", SERVICE },
	{ "moderator", ADMIN },
	{ "mongodb", SERVICE },
	{ "mysql", SERVICE },
	{ "named", SERVICE },
	{ "new", WORD },
	{ "news", HOST },
	{ "nginx", SERVICE },
	{ "nil", WORD },
	{ "no-reply", MAIL },
	{ "nobody", HOST },
	{ "nobody-reply", MAIL },
	{ "noc", MAIL },
	{ "nogroup", HOST },
	{ "none", WORD },
	{ "noreply", MAIL },
	{ "nslcd", SERVICE },
	{ "ntp", SERVICE },
	{ "null", WORD },
	{ "openldap", SERVICE },
	{ "operator", ADMIN },
	{ "owner", ADMIN },
	{ "polkitd", SERVICE },
	{ "postfix", SERVICE },
	{ "postgres", SERVICE },
	{ "postmaster", MAIL },
	{ "prometheus", SERVICE },
	{ "proxy", HOST },
	{ "pulse", SERVICE },
	{ "radvd", SERVICE },
	{ "redis", SERVICE },
	{ "register", WORD },
	{ "replicator", ADMIN },
	{ "requests", WORD },
	{ "reset", WORD },
	{ "root", HOST },
	{ "roster", SERVICE },
	{ "rosterd", SERVICE },
	{ "rpc", SERVICE },
	{ "rtkit", SERVICE },
	{ "sales", MAIL },
	{ "saned", SERVICE },
	{ "sddm", SERVICE },
	{ "security", ADMIN },
	{ "self", WORD },
	{ "settings", WORD },
	{ "sgx", SERVICE },
	{ "shutdown", HOST },
	{ "slapd", SERVICE },
	{ "snapd_daemon", SERVICE },
	{ "sshd", SERVICE },
	{ "sssd", SERVICE },
	{ "staff", ADMIN },
	{ "statd", SERVICE },
	{ "static", WORD },
	{ "sudo", ADMIN },
	{ "superuser", ADMIN },
	{ "support", ADMIN },
	{ "sync", HOST },
	{ "sys", HOST },
	{ "sysadmin", ADMIN },
	{ "sysadmins", ADMIN },
	{ "syslog", SERVICE },
	{ "system", WORD },
	{ "systemd", HOST },
	{ "test", WORD },
	{ "tomcat", SERVICE },
	{ "toor", HOST },
	{ "true", WORD },
	{ "tss", SERVICE },
	{ "undefined", WORD },
	{ "unknown", WORD },
	{ "usbmux", SERVICE },
	{ "usenet", MAIL },
	{ "user", WORD },
	{ "users", WORD },
	{ "uucp", HOST },
	{ "uuidd", SERVICE },
	{ "vault", SERVICE },
	{ "verify", WORD },
	{ "webmaster", MAIL },
	{ "wheel", ADMIN },
	{ "www-data", HOST },
};

static const struct reserved groups[] = {
	{ "_chrony", SERVICE },
	{ "_ssh", HOST },
	{ "adm", ROOT },
	{ "admin", ROOT },
	{ "administrator", ADMIN },
	{ "administrators", ADMIN },
	{ "all", WORD },
	{ "anonymous", WORD },
	{ "apache", SERVICE },
	{ "audio", HOST },
	{ "authenticated", WORD },
	{ "avahi", HOST },
	{ "backup", HOST },
	{ "bin", ROOT },
	{ "bind", SERVICE },
	{ "bluetooth", ROOT },
	{ "cdrom", HOST },
	{ "clamav", SERVICE },
	{ "crontab", HOST },
	{ "cups", SERVICE },
	{ "daemon", ROOT },
	{ "debian-exim", SERVICE },
	{ "dialout", HOST },
	{ "dip", HOST },
	{ "disk", ROOT },
	{ "docker", ROOT },
	{ "dovecot", SERVICE },
	{ "everyone", WORD },
	{ "exim", SERVICE },
	{ "fax", HOST },
	{ "floppy", HOST },
	{ "games", HOST },
	{ "git", SERVICE },
	{ "gitolite", SERVICE },
	{ "gnats", HOST },
	{ "google-sudoers", ROOT },
	{ "incus", ROOT },
	{ "incus-admin", ROOT },
	{ "input", ROOT },
	{ "irc", HOST },
	{ "kmem", ROOT },
	{ "kvm", ROOT },
	{ "libvirt", ROOT },
	{ "libvirt-qemu", ROOT },
	{ "list", HOST },
	{ "lp", HOST },
	{ "lpadmin", ROOT },
	{ "lxc", ROOT },
	{ "lxd", ROOT },
	{ "mail", HOST },
	{ "man", HOST },
	{ "mariadb", SERVICE },
	{ "mem", ROOT },
	{ "messagebus", HOST },
	{ "microk8s", ROOT },
	{ "mysql", SERVICE },
	{ "netdev", ROOT },
	{ "news", HOST },
	{ "nginx", SERVICE },
	{ "nobody", HOST },
	{ "nogroup", HOST },
	{ "none", WORD },
	{ "nslcd", SERVICE },
	{ "ntp", SERVICE },
	{ "null", WORD },
	{ "openldap", SERVICE },
	{ "operator", ROOT },
	{ "plugdev", ROOT },
	{ "podman", ROOT },
	{ "polkitd", HOST },
	{ "postdrop", SERVICE },
	{ "postfix", SERVICE },
	{ "postgres", SERVICE },
	{ "proxy", HOST },
	{ "pulse", HOST },
	{ "rdma", HOST },
	{ "redis", SERVICE },
	{ "render", ROOT },
	{ "root", ROOT },
	{ "roster", SERVICE },
	{ "rosterd", SERVICE },
	{ "sasl", HOST },
	{ "scanner", HOST },
	{ "security", ADMIN },
	{ "self", WORD },
	{ "sgx", ROOT },
	{ "shadow", ROOT },
	{ "slapd", SERVICE },
	{ "src", HOST },
	{ "ssh", HOST },
	{ "sshd", HOST },
	{ "ssl-cert", HOST },
	{ "sssd", SERVICE },
	{ "staff", ROOT },
	{ "sudo", ROOT },
	{ "superuser", ADMIN },
	{ "sys", ROOT },
	{ "syslog", HOST },
	{ "systemd", ROOT },
	{ "tape", HOST },
	{ "tcpdump", HOST },
	{ "tss", SERVICE },
	{ "tty", ROOT },
	{ "undefined", WORD },
	{ "users", HOST },
	{ "utmp", HOST },
	{ "uucp", HOST },
	{ "uuidd", SERVICE },
	{ "vboxsf", ROOT },
	{ "vboxusers", ROOT },
	{ "video", ROOT },
	{ "voice", HOST },
	{ "wheel", ROOT },
	{ "wireshark", ROOT },
	{ "wtmp", HOST },
	{ "www-data", HOST },
	{ "wwwrun", HOST },
};
/* clang-format on */

struct key {
	const char *name;
	size_t len;
};

static int
compare(const void *a, const void *b)
{
	const struct key *key = a;
	const struct reserved *row = b;
	size_t len = strlen(row->name);
	int order =
		memcmp(key->name, row->name, key->len < len ? key->len : len);

	if (order != 0)
		return order;
	return (key->len > len) - (key->len < len);
}

static const char *
look_up(const struct reserved *table, size_t n, const char *name, size_t len)
{
	static const char prefix[] = "systemd-";
	const struct key key = { name, len };
	const struct reserved *row;

	if (len >= sizeof(prefix) - 1 &&
	    memcmp(name, prefix, sizeof(prefix) - 1) == 0)
		return SYSTEMD;
	row = bsearch(&key, table, n, sizeof(*table), compare);
	return row != NULL ? row->reason : NULL;
}

const char *
rule_username_reserved(const char *name, size_t len)
{
	return look_up(users, ARRAY_LEN(users), name, len);
}

const char *
rule_groupname_reserved(const char *name, size_t len)
{
	return look_up(groups, ARRAY_LEN(groups), name, len);
}
