# SPDX-License-Identifier: OLDAP-2.8
"""overlay.py - one slapd with overlay lifecycle, and clients of it

It listens on a socket in a temporary directory only.  The directory is loaded
with slapadd, so nothing but the module is needed.
"""
import os
import subprocess
import sys

import ldap
import ldap.controls.ppolicy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "both"))
from harness import (SLOW, TOP_BUILD, TOP_SRC, Daemon, Failure,  # noqa: E402
                     run_story, skip, temporary_directory, wait_until,
                     within)

SUFFIX = "dc=example,dc=org"
OTHER = "dc=other,dc=example"
PEOPLE = "ou=people," + SUFFIX
GROUPS = "ou=groups," + SUFFIX
ROOT = "cn=root," + SUFFIX
ROOT_PASSWORD = "the-root-of-the-test"
PASSWORD = "Correct-horse-77-battery"
NEW_PASSWORD = "Another-horse-78-battery"
SERVICE = "cn=web,ou=services," + SUFFIX
ANSWER_S = 20  # how long slapd may take to answer after its start

CONF = """
%(schema)s
modulepath /usr/lib/ldap
%(modules)s
pidfile %(dir)s/slapd.pid
threads 16
sizelimit unlimited
%(head)s

database config
rootpw %(root_password)s
access to * by dn.subtree="%(people)s" read by * none

database roster
suffix "%(suffix)s"
directory %(environment)s
rootdn "%(root)s"
rootpw %(root_password)s
%(access)s
%(overlays)s

database mdb
suffix "%(other)s"
directory %(dir)s/other
rootdn "cn=root,%(other)s"
rootpw %(root_password)s
access to * by dn.subtree="%(people)s" read by anonymous auth by * none
%(other_overlays)s
"""

ACCESS = """
access to attrs=userPassword
	by group/groupOfMembers/member="cn=sysadmins,%(groups)s" write
	by self =w
	by anonymous auth
	by * none
access to *
	by group/groupOfMembers/member="cn=sysadmins,%(groups)s" write
	by users read
	by * none
""" % {"groups": GROUPS}

SKELETON = """
dn: %(suffix)s
objectClass: top
objectClass: organization
objectClass: dcObject
dc: example
o: Example
""" % {"suffix": SUFFIX} + "".join("""
dn: ou=%s,%s
objectClass: top
objectClass: organizationalUnit
ou: %s
""" % (place, SUFFIX, place) for place in (
    "people", "groups", "invitations", "policies", "tombstones", "services"))


def person_dn(name):
    return "uid=%s,%s" % (name, PEOPLE)


def group_dn(name):
    return "cn=%s,%s" % (name, GROUPS)


def person(name, number, **more):
    """LDIF of somebody, with the password in clear if it is among more."""
    attrs = {"cn": "Given " + name, "sn": name, "uidNumber": number,
             "mail": name + "@example.org", "gidNumber": 2001,
             "homeDirectory": "/home/" + name, "rosterStatus": "active"}
    attrs.update(more)
    lines = ["dn: " + person_dn(name), "uid: " + name]
    lines += ["objectClass: " + name for name in (
        "top", "person", "organizationalPerson", "inetOrgPerson",
        "posixAccount", "shadowAccount", "ldapPublicKey", "rosterAccount")]
    lines += ["%s: %s" % pair for pair in attrs.items()]
    return "\n" + "\n".join(lines) + "\n"


def group(name, number, members, classes=("groupOfMembers", "posixGroup",
                                          "rosterGroup")):
    lines = ["dn: " + group_dn(name), "cn: " + name]
    lines += ["objectClass: " + name for name in ("top",) + tuple(classes)]
    if number:
        lines.append("gidNumber: %d" % number)
    lines += ["member: " + person_dn(member) for member in members]
    return "\n" + "\n".join(lines) + "\n"


def directory(*people):
    """LDIF of the skeleton, its two groups and these people, from 20001 on."""
    ldif = SKELETON
    ldif += "\n".join([group("sysadmins", 2000, ["boss"]).rstrip(),
                       "rosterAdministrator: TRUE", ""])
    ldif += group("ldapusers", 2001, ("boss",) + people)
    for number, name in enumerate(("boss",) + tuple(people), 20001):
        ldif += person(name, number)
    return ldif


def values(text):
    return [text.encode()] if isinstance(text, str) else [
        one.encode() for one in text]


class Server:
    def __init__(self, modules=("roster", "back_mdb", "syncprov"),
                 overlays=("syncprov", "lifecycle"), other_overlays=(),
                 access=ACCESS, head="", name="slapd"):
        self.dir = os.path.join(temporary_directory(), name)
        self.environment = os.path.join(self.dir, "environment")
        self.module = os.path.join(TOP_BUILD, ".libs", "roster.so")
        if not os.path.exists(self.module):
            skip("built without the slapd module")
        os.makedirs(os.path.join(self.dir, "other"))
        os.makedirs(self.environment)
        self.conf = os.path.join(self.dir, "slapd.conf")
        self.url = "ldapi://" + (self.dir + "/ldapi").replace("/", "%2F")
        self.daemon = Daemon(name, self.dir + "/slapd.log")
        self.options = {}
        self.write_conf(modules=modules, overlays=overlays,
                        other_overlays=other_overlays, access=access,
                        head=head)

    def write_conf(self, **options):
        """Write slapd.conf; what is not named is as it was."""
        self.options.update(options)
        o = self.options
        schema = ["include /etc/ldap/schema/%s.schema" % name
                  for name in ("core", "cosine", "inetorgperson")]
        schema += ["include %s/schema/%s.schema" % (TOP_SRC, name)
                   for name in ("rfc2307bis", "openssh-lpk", "roster")]
        modules = [self.module if name == "roster" else name
                   for name in o["modules"]]
        with open(self.conf, "w") as out:
            out.write(CONF % {
                "schema": "\n".join(schema),
                "modules": "\n".join("moduleload " + name
                                     for name in modules),
                "dir": self.dir, "environment": self.environment,
                "suffix": SUFFIX, "other": OTHER, "root": ROOT,
                "people": PEOPLE, "root_password": ROOT_PASSWORD,
                "head": o["head"], "access": o["access"],
                "overlays": "\n".join("overlay " + name
                                      for name in o["overlays"]),
                "other_overlays": "\n".join("overlay " + name for name in
                                            o["other_overlays"])})

    def tool(self, name, *arguments, stdin=""):
        """slapadd, slapcat...: (exit status, stdout, stderr)."""
        done = subprocess.run(
            ["slapd", "-T" + name[4:], "-f", self.conf, *arguments],
            input=stdin, text=True, capture_output=True, timeout=300,
            env=self.surroundings())
        return done.returncode, done.stdout, done.stderr

    @staticmethod
    def surroundings():
        """A module built with sanitizers needs their runtime first; what
        slapd itself leaks is not ours."""
        preload = os.environ.get("ROSTER_TEST_SLAPD_PRELOAD")
        if not preload:
            return dict(os.environ)
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        return dict(os.environ, LD_PRELOAD=preload, ASAN_OPTIONS=options)

    def load(self, ldif):
        status, out, err = self.tool("slapadd", "-b", SUFFIX, stdin=ldif)
        if status:
            raise Failure("slapadd: " + out + err)

    def load_other(self, more=""):
        status, out, err = self.tool(
            "slapadd", "-b", OTHER, stdin="dn: %s\nobjectClass: organization\n"
            "objectClass: dcObject\ndc: other\no: Other\n%s" % (OTHER, more))
        if status:
            raise Failure("slapadd: " + out + err)

    def start(self, level="stats"):
        self.start_with(["-f", self.conf, "-d", level])

    def start_with(self, arguments):
        self.daemon.start(["slapd", "-h", self.url, *arguments],
                          env=self.surroundings())
        wait_until(self.answers, ANSWER_S, "slapd to answer")

    def answers(self):
        if not self.daemon.alive():
            raise Failure("slapd did not start")
        try:
            self.connection().search_s("", ldap.SCOPE_BASE)
            return True
        except ldap.SERVER_DOWN:
            return False

    def refuses_to_start(self, level="stats"):
        """What it says when it ends by itself; None when it runs on."""
        self.daemon.start(["slapd", "-f", self.conf, "-d", level,
                           "-h", self.url], env=self.surroundings())
        try:
            self.daemon.process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            return None
        return self.daemon.text()

    def stop(self):
        return self.daemon.stop()

    def connection(self):
        conn = ldap.initialize(self.url)
        conn.protocol_version = 3
        conn.set_option(ldap.OPT_NETWORK_TIMEOUT, 10 * SLOW)
        conn.set_option(ldap.OPT_TIMEOUT, 20 * SLOW)
        conn.set_option(ldap.OPT_RESTART, ldap.OPT_ON)
        return conn

    def bound(self, dn, password=PASSWORD):
        conn = self.connection()
        conn.simple_bind_s(dn, password)
        return conn

    def root(self):
        return self.bound(ROOT, ROOT_PASSWORD)

    def bind_outcome(self, dn, password, ask_why=False):
        """(result code, its text, the policy control's error or None)."""
        control = ldap.controls.ppolicy.PasswordPolicyControl()
        conn = self.connection()
        message = conn.simple_bind(dn, password,
                                   serverctrls=[control] if ask_why else None)
        return self.outcome(conn, message)

    @staticmethod
    def outcome(conn, message):
        """(result code, text, the policy control's error or None)."""
        try:
            _, _, _, controls = conn.result3(message)
            return 0, "", policy_error(controls)
        except ldap.LDAPError as error:
            info = error.args[0]
            return (info["result"], info.get("info", ""),
                    policy_error(decoded(info.get("ctrls", ()))))

    def set_passwords(self, *names):
        root = self.root()
        for name in names:
            root.modify_s(person_dn(name), [
                (ldap.MOD_REPLACE, "userPassword", values(PASSWORD))])

    def set_status(self, name, status):
        self.root().modify_s(person_dn(name), [
            (ldap.MOD_REPLACE, "rosterStatus", values(status))])

    def stored_password(self, name):
        """As slapcat prints it."""
        status, out, err = self.tool("slapcat", "-b", SUFFIX, "-o",
                                     "ldif-wrap=no", "-H",
                                     "ldap:///%s??base" % person_dn(name))
        if status:
            raise Failure("slapcat: " + err)
        for line in out.splitlines():
            if line.startswith("userPassword:: "):
                import base64
                return base64.b64decode(line.split()[1]).decode()
            if line.startswith("userPassword: "):
                return line.split()[1]
        return None


def decoded(controls):
    """What python-ldap leaves raw in an exception."""
    result = []
    for oid, critical, value in controls:
        if oid == ldap.controls.ppolicy.PasswordPolicyControl.controlType:
            control = ldap.controls.ppolicy.PasswordPolicyControl()
            control.decodeControlValue(value)
            result.append(control)
    return result


def policy_error(controls):
    for control in controls or ():
        if control.controlType == "1.3.6.1.4.1.42.2.27.8.5.1":
            return None if control.error is None else int(control.error)
    return None


def code_of(call, *arguments, **more):
    """The result code that a synchronous call ends with; "closed" when the
    connection is gone."""
    try:
        call(*arguments, **more)
        return 0
    except ldap.SERVER_DOWN:
        return "closed"
    except ldap.LDAPError as error:
        return error.args[0].get("result", str(error))


def gone(code):
    """What an operation of somebody without access ends with."""
    return code in (49, "closed")
