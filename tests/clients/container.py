# SPDX-License-Identifier: OLDAP-2.8
"""container.py - stock clients in a private mount and PID namespace

What a container is to its users: an /etc, /run and /var of its own, and
nslcd or sssd, PAM, NSS and sshd as Debian ships them.  The host's files are
copied or covered, never changed.
"""
import os
import pty
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "both"))
from harness import NAME, Daemon, Failure, free_port, wait_until  # noqa: E402

CA = "/etc/ssl/roster-ca.pem"

# common-* as pam-auth-update writes them with one client package installed.
PAM = {
    "nslcd": {
        "common-auth": """
auth	[success=2 default=ignore]	pam_unix.so nullok
auth	[success=1 default=ignore]	pam_ldap.so minimum_uid=1000 use_first_pass
auth	requisite			pam_deny.so
auth	required			pam_permit.so
""",
        "common-account": """
account	[success=1 new_authtok_reqd=done default=ignore]	pam_unix.so
account	requisite			pam_deny.so
account	required			pam_permit.so
account	[success=ok new_authtok_reqd=done ignore=ignore user_unknown=ignore authinfo_unavail=ignore default=bad]	pam_ldap.so minimum_uid=1000
""",
        "common-password": """
password	[success=2 default=ignore]	pam_unix.so obscure yescrypt
password	[success=1 default=ignore]	pam_ldap.so minimum_uid=1000 try_first_pass
password	requisite			pam_deny.so
password	required			pam_permit.so
""",
        "common-session": """
session	required	pam_unix.so
session	required	pam_mkhomedir.so
session	[success=ok default=ignore]	pam_ldap.so minimum_uid=1000
""",
    },
    "sssd": {
        "common-auth": """
auth	[success=2 default=ignore]	pam_unix.so nullok
auth	[success=1 default=ignore]	pam_sss.so use_first_pass
auth	requisite			pam_deny.so
auth	required			pam_permit.so
""",
        "common-account": """
account	[success=1 new_authtok_reqd=done default=ignore]	pam_unix.so
account	requisite			pam_deny.so
account	required			pam_permit.so
account	sufficient			pam_localuser.so
account	[default=bad success=ok user_unknown=ignore]	pam_sss.so
""",
        "common-password": """
password	[success=2 default=ignore]	pam_unix.so obscure yescrypt
password	sufficient			pam_sss.so
password	requisite			pam_deny.so
password	required			pam_permit.so
""",
        "common-session": """
session	required	pam_unix.so
session	required	pam_mkhomedir.so
session	optional	pam_sss.so
""",
    },
}

PAM_SSHD = """
@include common-auth
account	required	pam_nologin.so
@include common-account
@include common-session
"""
PAM_LOGIN = """
@include common-auth
@include common-account
@include common-session
@include common-password
"""
# The client's own module alone, where a refusal can come from nobody else.
PAM_ALONE = """
auth	required	%(module)s
account	required	%(module)s
password	required	%(module)s
session	required	%(module)s
"""

NSSWITCH = """
passwd: files %(nss)s
group: files %(nss)s
shadow: files %(nss)s
hosts: files
"""

NSLCD_CONF = """
uid nslcd
gid nslcd
uri %(uri)s
base %(base)s
binddn %(binddn)s
bindpw %(bindpw)s
ssl start_tls
tls_reqcert demand
tls_cacertfile %(ca)s
pam_authz_search (&(uid=$username)(memberOf=cn=ldapusers,ou=groups,%(base)s))
"""

# Nothing is cached longer than a second, so that what the server says counts.
SSSD_CONF = """
[sssd]
config_file_version = 2
services = nss, pam, ssh
domains = roster
[nss]
memcache_timeout = 0
enum_cache_timeout = 1
entry_negative_timeout = 0
[pam]
pam_id_timeout = 1
[ssh]
[domain/roster]
id_provider = ldap
auth_provider = ldap
chpass_provider = ldap
access_provider = ldap
sudo_provider = none
autofs_provider = none
lookup_family_order = ipv4_only
ldap_schema = %(schema)s
ldap_group_member = %(group_member)s
ldap_uri = %(uri)s
ldap_search_base = %(base)s
ldap_default_bind_dn = %(binddn)s
ldap_default_authtok = %(bindpw)s
ldap_id_use_start_tls = true
ldap_tls_reqcert = demand
ldap_tls_cacert = %(ca)s
ldap_user_ssh_public_key = sshPublicKey
ldap_access_order = filter, expire
ldap_account_expire_policy = shadow
ldap_access_filter = (memberOf=cn=ldapusers,ou=groups,%(base)s)
cache_credentials = false
entry_cache_timeout = 1
refresh_expired_interval = 0
"""

SSHD_CONFIG = """
Port %(port)d
ListenAddress 127.0.0.1
HostKey /etc/ssh/roster_test_key
PidFile none
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PubkeyAuthentication yes
StrictModes yes
PrintMotd no
X11Forwarding no
LogLevel VERBOSE
%(more)s
"""

# $1 the private /etc; then everything a client writes is covered.
SET_UP = r"""
set -e
mount --bind "$1" /etc
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /home
mount -t tmpfs -o mode=755 tmpfs /var/log
mkdir -p /run/sshd /run/lock /var/log/sssd
chmod 0755 /run/sshd
touch /var/log/lastlog /var/log/wtmp /var/log/btmp
if [ -d /var/lib/sss ]; then
	mount -t tmpfs -o mode=755 tmpfs /var/lib/sss
	cd /var/lib/sss
	mkdir -p db mc pipes/private pubconf/krb5.include.d secrets gpo_cache \
		deskprofile keytabs
	chmod 0700 db pipes/private secrets gpo_cache deskprofile keytabs
fi
if id nslcd >/dev/null 2>&1; then
	install -d -o nslcd -g nslcd -m 0755 /run/nslcd
fi
hostname "$2"
echo ready
exec sleep 1000000
"""


def with_settings(text, settings, sign):
    """text with these keys otherwise, None: without; a key that it does not
    have comes at its end, which is where sssd's domain is."""
    left = dict(settings)
    lines = []
    for line in text.splitlines():
        key = line.split(sign)[0].strip()
        if key not in settings:
            lines.append(line)
        elif left.get(key) is not None:
            lines.append(key + sign + left.pop(key))
    lines += [key + sign + value for key, value in left.items()
              if value is not None]
    return "\n".join(lines) + "\n"


class Container:
    """server: uri, base, binddn, bindpw, ca (a file); settings: keys of
    nslcd.conf or sssd.conf that are to be otherwise."""

    def __init__(self, directory, kind, server, name=None, settings=None):
        self.kind = kind
        self.directory = os.path.join(directory, name or kind)
        self.server = dict(server)
        self.settings = settings or {}
        self.server["ca"] = CA
        self.server.setdefault("schema", "rfc2307bis")
        self.server["group_member"] = (
            "member" if self.server["schema"] == "rfc2307bis" else "memberUid")
        self.sshd_port = free_port()
        os.mkdir(self.directory, 0o755)
        self._copy_etc(server["ca"])
        self._enter()
        self.client = Daemon(kind, os.path.join(self.directory, "client.log"))
        self.sshd = Daemon("sshd of " + kind,
                           os.path.join(self.directory, "sshd.log"))

    def _write(self, path, text, mode=0o644):
        path = os.path.join(self.directory, "etc", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w") as out:
            out.write(text)
        os.chmod(path, mode)

    def _copy_etc(self, ca):
        etc = os.path.join(self.directory, "etc")
        subprocess.run(["cp", "-a", "/etc", etc], check=True)
        with open(ca) as source:
            self._write("ssl/roster-ca.pem", source.read())
        nss = {"nslcd": "ldap", "sssd": "sss"}[self.kind]
        module = {"nslcd": "pam_ldap.so", "sssd": "pam_sss.so"}[self.kind]
        self._write("hosts", "127.0.0.1 localhost %s %s\n" % (NAME, self.kind))
        self._write("nsswitch.conf", NSSWITCH % {"nss": nss} + (
            "sudoers: files sss\n" if self.kind == "sssd" else ""))
        self._write("resolv.conf", "")
        for name, text in PAM[self.kind].items():
            self._write("pam.d/" + name, text)
        self._write("pam.d/sshd", PAM_SSHD)
        self._write("pam.d/roster-login", PAM_LOGIN)
        self._write("pam.d/roster-alone", PAM_ALONE % {"module": module})
        self._write("pam.d/passwd", "@include common-password\n")
        if os.path.exists(os.path.join(etc, "nologin")):
            os.unlink(os.path.join(etc, "nologin"))
        if self.kind == "nslcd":
            self._write("nslcd.conf", with_settings(
                NSLCD_CONF % self.server, self.settings, " "), 0o600)
        else:
            self._write("sssd/sssd.conf", with_settings(
                SSSD_CONF % self.server, self.settings, " = "), 0o600)

    def _enter(self):
        self.init = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child",
             "--mount-proc", "sh", "-c", SET_UP, "sh",
             os.path.join(self.directory, "etc"), self.kind],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.init.stdout.readline()
        if line != "ready\n":
            raise Failure("the namespace of %s was not made" % self.kind)
        space = "/proc/%d/ns/" % self.init.pid
        self.inside = ["nsenter", "--mount=" + space + "mnt",
                       "--uts=" + space + "uts",
                       "--pid=" + space + "pid_for_children", "--"]

    def run(self, *command, stdin="", seconds=60, environment=None):
        """Run command inside; (exit status, output)."""
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                     "HOME": "/root"}
        variables.update(environment or {})
        try:
            done = subprocess.run(
                self.inside + list(command), input=stdin, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=variables, timeout=seconds, errors="replace")
        except subprocess.TimeoutExpired:
            return (None, "no answer in %d s" % seconds)
        return (done.returncode, done.stdout.strip())

    def start(self):
        """Start nslcd or sssd and wait until it serves."""
        if self.kind == "nslcd":
            self.client.start(self.inside + ["/usr/sbin/nslcd", "-d"])
            ready = "/run/nslcd/socket"
        else:
            self.client.start(self.inside + ["/usr/sbin/sssd", "-i",
                                             "--logger=stderr"])
            ready = "/var/lib/sss/pipes/ssh"
        wait_until(lambda: self.run("test", "-S", ready)[0] == 0, 30,
                   self.kind + "'s socket", 0.1)

    def start_sshd(self, more=""):
        if self.kind == "sssd" and not more:
            more = ("AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\n"
                    "AuthorizedKeysCommandUser nobody\n")
        self._write("ssh/sshd_config",
                    SSHD_CONFIG % {"port": self.sshd_port, "more": more})
        key = os.path.join(self.directory, "etc/ssh/roster_test_key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                        "-f", key], check=True)
        self.sshd.start(self.inside + ["/usr/sbin/sshd", "-D", "-e"])
        wait_until(lambda: "Server listening" in self.sshd.text(), 20, "sshd")

    # What a person or a program does in the container.

    def getent(self, *arguments):
        return self.run("getent", *arguments)

    def groups(self, name):
        """Names of the groups of name, sorted; None if there is no name."""
        status, text = self.run("id", "-Gn", name)
        return sorted(text.split()) if status == 0 else None

    def group_members(self, group):
        status, text = self.getent("group", group)
        if status:
            return None
        return sorted(filter(None, text.split(":")[3].split(",")))

    def pam(self, name, password, service="roster-login",
            operations=("authenticate", "acct_mgmt")):
        return self.run("pamtester", service, name, *operations,
                        stdin=password + "\n")

    def pam_accepts(self, name, password, **more):
        return self.pam(name, password, **more)[0] == 0

    def ssh(self, name, password=None, key=None, command="id -un"):
        """ssh from inside to the container's sshd; (exit status, output)."""
        ask = os.path.join(self.directory, "askpass")
        if not os.path.exists(ask):
            with open(ask, "w") as out:
                out.write('#!/bin/sh\necho "$ROSTER_TEST_PASSWORD"\n')
            os.chmod(ask, 0o755)
        options = ["-F", "/dev/null", "-T", "-p", str(self.sshd_port),
                   "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "GlobalKnownHostsFile=/dev/null",
                   "-o", "StrictHostKeyChecking=no",
                   "-o", "LogLevel=ERROR",
                   "-o", "NumberOfPasswordPrompts=1"]
        if key:
            options += ["-i", key, "-o", "IdentitiesOnly=yes",
                        "-o", "BatchMode=yes",
                        "-o", "PreferredAuthentications=publickey"]
        else:
            options += ["-o", "PubkeyAuthentication=no",
                        "-o", "PreferredAuthentications=password"]
        return self.run(
            "setsid", "-w", "ssh", *options, name + "@127.0.0.1", command,
            environment={"SSH_ASKPASS": ask, "SSH_ASKPASS_REQUIRE": "force",
                         "DISPLAY": ":0",
                         "ROSTER_TEST_PASSWORD": password or ""})

    def passwd(self, name, old, new, seconds=60):
        """passwd(1) as the person, on a terminal; (exit status, dialogue)."""
        return self.dialogue(["runuser", "-u", name, "--", "passwd"],
                              [old, new, new], seconds)

    def dialogue(self, command, answers, seconds=60):
        """Answer each prompt ("...: ") of command with the next answer."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["LC_ALL"] = "C"
            os.execvp(self.inside[0], self.inside + command)
        text, asked, end = "", "", time.monotonic() + seconds
        answers = list(answers)
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(terminal, 4096).decode(errors="replace")
            except OSError:  # EIO: everybody on the other side is gone
                break
            if not more:
                break
            text += more
            asked += more
            if asked.endswith(": ") and answers:
                os.write(terminal, (answers.pop(0) + "\n").encode())
                asked = ""
        else:
            os.kill(pid, 9)
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return (status, text.replace("\r", "").strip())

    def stop(self):
        for daemon in (self.sshd, self.client):
            daemon.kill()
        self.init.kill()
        self.init.wait()
        shutil.rmtree(self.directory, True)
