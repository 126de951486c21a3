# SPDX-License-Identifier: OLDAP-2.8
"""servers.py - the directories that are measured side by side

Each is set up by load(), which answers how long loading took, then started
and stopped; start() answers how long it took until the first search was
answered.  They all get the same entries, the same indexes, access rules that
let everybody read, and one connection account that is bound by password.
"""
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "both"))
import ldap  # noqa: E402
from data import (ROOT, ROOT_PASSWORD, SERVICE,  # noqa: E402
                  SERVICE_PASSWORD, SUFFIX, size_of, uid,
                  write_foreign_ldif)
from harness import (TOP_BUILD, TOP_SRC, Daemon, Failure,  # noqa: E402
                     free_port, wait_until)

ANSWER_S = 1800  # a million entries, read from a cold disk
STOP_S = 300
MAP_BYTES_A_PERSON = 24 * 1024
MAP_BYTES = 256 * 1024 * 1024
CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED, see clock_getcpuclockid(3)

CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include %(schema)s/rfc2307bis.schema
include %(schema)s/openssh-lpk.schema
include %(schema)s/roster.schema
modulepath /usr/lib/ldap
moduleload argon2
moduleload syncprov
%(load)s
pidfile %(dir)s/pid
threads 16
loglevel none
sizelimit unlimited
localSSF 256

database config
rootpw %(password)s

database %(backend)s
suffix "%(suffix)s"
rootdn "%(root)s"
rootpw %(password)s
limits * size=unlimited time=unlimited
access to attrs=userPassword by self =w by anonymous auth by * none
access to * by * read
%(directives)s
"""

MDB = """
directory %(dir)s/db
maxsize %(map)d
index objectClass,uidNumber,gidNumber,memberUid,member,entryUUID eq
index uid,cn,sn,givenName,mail eq,sub
index displayName sub
index entryCSN,modifyTimestamp eq
"""


def cpu_of(pid):
    """Seconds that all threads of a process ran, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | CLOCK_OF_PROCESS)


def resident_of(pid):
    """Bytes of memory that are its own, and of the files it has mapped."""
    found = {}
    with open("/proc/%d/status" % pid) as status:
        for line in status:
            if line.startswith(("RssAnon:", "RssFile:", "RssShmem:")):
                found[line.split(":")[0]] = int(line.split()[1]) * 1024
    return found["RssAnon"], found["RssFile"] + found["RssShmem"]


class Server:
    name = "?"
    what = "?"          # for the table's notes
    database = None     # directory whose size is told
    writes = True

    def __init__(self, directory, people):
        self.dir = os.path.join(directory, self.name)
        self.people = people
        os.makedirs(self.dir)
        self.port = free_port()
        self.url = "ldap://127.0.0.1:%d" % self.port
        self.daemon = Daemon(self.name, os.path.join(self.dir, "log"))

    @property
    def pid(self):
        return self.daemon.process.pid

    def answers(self):
        if not self.daemon.alive():
            raise Failure("%s does not start: %s" % (
                self.name, self.daemon.text()[-2000:]))
        try:
            link = self.connection("", "")  # a password is not free
            return link.search_s(SUFFIX, ldap.SCOPE_SUBTREE,
                                 "(uid=%s)" % uid(1), ["uid"]) != []
        except (ldap.SERVER_DOWN, ldap.BUSY, ldap.UNAVAILABLE,
                ldap.NO_SUCH_OBJECT):
            return False

    def connection(self, dn=SERVICE, password=SERVICE_PASSWORD):
        link = ldap.initialize(self.url)
        link.protocol_version = 3
        link.set_option(ldap.OPT_REFERRALS, 0)
        link.simple_bind_s(dn, password)
        return link

    def root(self):
        link = ldap.initialize(self.url)
        link.protocol_version = 3
        link.simple_bind_s(ROOT, ROOT_PASSWORD)
        return link

    def await_answer(self, began):
        wait_until(self.answers, ANSWER_S, self.name + " to answer", 0.002)
        return time.monotonic() - began

    def stop(self):
        if self.daemon.alive() and self.daemon.stop(STOP_S) is None:
            raise Failure(self.name + " did not stop")

    def size(self):
        return size_of(self.database)

    def primary(self, how):
        """Roster's primary-members; the others always list."""


class Slapd(Server):
    backend = "?"
    load_lines = ""
    directives = ""
    rootdn = ROOT

    def __init__(self, directory, people):
        super().__init__(directory, people)
        self.conf = os.path.join(self.dir, "slapd.conf")
        self.database = os.path.join(self.dir, "db")
        os.mkdir(self.database)
        os.chmod(self.database, 0o2770)

    def write_conf(self, more=""):
        values = {
            "schema": os.path.join(TOP_SRC, "schema"), "dir": self.dir,
            "password": ROOT_PASSWORD, "backend": self.backend,
            "suffix": SUFFIX, "root": ROOT, "build": TOP_BUILD,
            "map": MAP_BYTES + self.people * MAP_BYTES_A_PERSON,
            "ldif": os.path.join(self.dir, "..", "data.ldif")}
        values["load"] = self.load_lines % values
        values["directives"] = self.directives % values + more
        with open(self.conf, "w") as out:
            out.write(CONF % values)

    def load(self, ldif):
        """slapadd -q, and the seconds and processor seconds that it took."""
        self.write_conf()
        began, used = time.monotonic(), os.times()
        with open(ldif) as entries:
            done = subprocess.run(
                ["slapd", "-Tadd", "-q", "-f", self.conf, "-b", SUFFIX],
                stdin=entries, text=True, capture_output=True)
        if done.returncode:
            raise Failure("%s: slapadd: %s" % (self.name,
                                               done.stderr[-2000:]))
        now = os.times()
        return (time.monotonic() - began,
                now.children_user + now.children_system -
                used.children_user - used.children_system)

    def dump(self):
        """slapcat, and the seconds that it took."""
        began = time.monotonic()
        subprocess.run(["slapd", "-Tcat", "-f", self.conf, "-b", SUFFIX],
                       stdout=subprocess.DEVNULL, check=True,
                       stderr=subprocess.DEVNULL)
        return time.monotonic() - began

    def start(self, syncprov=False):
        self.write_conf("overlay syncprov\n" if syncprov else "")
        began = time.monotonic()
        self.daemon.start(["slapd", "-d", "none", "-f", self.conf,
                           "-h", self.url])
        return self.await_answer(began)


class Mdb(Slapd):
    name = "mdb"
    what = "Debian's slapd, back-mdb"
    backend = "mdb"
    load_lines = "moduleload back_mdb"
    directives = MDB


class Multival(Mdb):
    name = "multival"
    what = "the same with multival memberUid,member 100,10"
    directives = MDB + "multival memberUid,member 100,10\n"


class Roster(Slapd):
    name = "roster"
    what = "Debian's slapd, database roster with overlay lifecycle"
    backend = "roster"
    load_lines = "moduleload %(build)s/.libs/roster.so"
    # a start begins with hidden members, whatever the last row wanted
    directives = ("directory %(dir)s/db\nmaxsize %(map)d\n"
                  "primary-members hide\noverlay lifecycle\n")

    def start(self, syncprov=False):
        self.members = "hide"
        return super().start(syncprov)

    def primary(self, how):
        """A change closes the environment and opens it again, and nothing of
        it is mapped then."""
        if how == self.members:
            return
        link = ldap.initialize(self.url)
        link.simple_bind_s("cn=config", ROOT_PASSWORD)
        found = link.search_s("cn=config", ldap.SCOPE_SUBTREE,
                              "(objectClass=olcRosterConfig)", ["1.1"])
        link.modify_s(found[0][0], [(
            ldap.MOD_REPLACE, "olcRosterPrimaryMembers", [how.encode()])])
        link.unbind_s()
        self.members = how


class Plain(Roster):
    name = "plain"
    what = "database roster without the lifecycle"
    directives = ("directory %(dir)s/db\nmaxsize %(map)d\n"
                  "primary-members hide\n")


class Ceiling(Slapd):
    name = "ceiling"
    what = "Debian's slapd with a backend that answers from memory"
    backend = "ceiling"
    load_lines = "moduleload %(build)s/bench/.libs/ceiling.so"
    directives = "answers %(ldif)s\n"
    writes = False

    def load(self, ldif):
        self.write_conf()
        return None

    def size(self):
        return None


DS_INF = """
[general]
config_version = 2
full_machine_name = localhost.localdomain
start = False
strict_host_checking = False
systemd = False
selinux = False

[slapd]
instance_name = bench
port = %(port)d
secure_port = %(secure)d
root_dn = %(root)s
root_password = %(password)s
self_sign_cert = False

[backend-userroot]
suffix = %(suffix)s
create_suffix_entry = False
sample_entries = no
"""

DS_INDEXES = (("uidNumber", "eq"), ("gidNumber", "eq"), ("memberUid", "eq"),
              ("member", "eq"), ("cn", "eq,sub"), ("mail", "eq,sub"),
              ("sn", "eq,sub"), ("uid", "eq,sub"), ("givenName", "eq,sub"),
              ("displayName", "sub"))
# All that is otherwise than dscreate leaves it (beside indexes, schema and an
# ACI): without the two limits, 2,000 and 5,000, nobody gets all people; the
# logs are off as they are on all servers.  nsslapd-idlistscanlimit stays at
# its 4,000.
DS_SETTINGS = (
    ("cn=config", "nsslapd-sizelimit", b"-1"),
    ("cn=config,cn=ldbm database,cn=plugins,cn=config",
     "nsslapd-lookthroughlimit", b"-1"),
    ("cn=config", "nsslapd-accesslog-logging-enabled", b"off"),
    ("cn=config", "nsslapd-securitylog-logging-enabled", b"off"))
DS_SCHEMA = """dn: cn=schema
objectClasses: ( 1.3.6.1.1.1.2.18 NAME 'groupOfMembers'
  DESC 'A group with members (DNs)' SUP top STRUCTURAL MUST cn
  MAY ( businessCategory $ seeAlso $ owner $ ou $ o $ description $ member ) )
"""
DS_ACI = ('(targetattr != "userPassword")(version 3.0; acl "all may read"; '
          'allow (read, search, compare) userdn = "ldap:///anyone";)')


class DirectoryServer(Server):
    """389-ds-base, set up by its own dscreate in places of our own: this is a
    mount namespace, so the machine's stay as they were."""
    name = "389"
    what = ("389-ds-base, as dscreate sets it up but for "
            "nsslapd-sizelimit -1, nsslapd-lookthroughlimit -1, "
            "access log and security log off; nsslapd-idlistscanlimit is its "
            "own 4000; it has no overlay syncprov: no such rows")
    PLACES = ("/etc/dirsrv", "/etc/default", "/etc/tmpfiles.d",
              "/var/lib/dirsrv", "/var/log/dirsrv", "/run/dirsrv",
              "/run/lock/dirsrv", "/usr/share/dirsrv",
              "/usr/lib/x86_64-linux-gnu/dirsrv")

    def cover(self):
        for place in self.PLACES:
            copy = os.path.join(self.dir, place.strip("/").replace("/", "-"))
            if os.path.isdir(place):
                shutil.copytree(place, copy, symlinks=True)
            else:
                os.mkdir(copy)
                os.makedirs(place, exist_ok=True)
            shutil.chown(copy, "dirsrv", "dirsrv")
            subprocess.run(["mount", "--bind", copy, place], check=True)
        defaults = "/usr/share/dirsrv/inf/defaults.inf"
        with open(defaults) as old:
            text = old.read()
        with open(defaults, "w") as new:
            new.write(text.replace("with_systemd = 1", "with_systemd = 0"))

    def tool(self, *command):
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise Failure("%s: %s" % (command[0], done.stdout[-2000:]))
        return done.stdout

    def load(self, ldif):
        os.chmod(self.dir, 0o755)
        self.cover()
        self.database = "/var/lib/dirsrv/slapd-bench/db"
        inf = os.path.join(self.dir, "bench.inf")
        with open(inf, "w") as out:
            out.write(DS_INF % {"port": self.port, "secure": free_port(),
                                "root": ROOT, "password": ROOT_PASSWORD,
                                "suffix": SUFFIX})
        self.create(inf)
        self.add_schema_and_indexes()
        foreign = "/var/lib/dirsrv/slapd-bench/ldif/bench.ldif"
        os.makedirs(os.path.dirname(foreign), exist_ok=True)
        write_foreign_ldif(foreign, ldif, self.hashed(SERVICE_PASSWORD))
        shutil.chown(foreign, "dirsrv", "dirsrv")
        began, used = time.monotonic(), os.times()
        self.tool("ns-slapd", "ldif2db", "-D", "/etc/dirsrv/slapd-bench",
                  "-i", foreign, "-n", "userroot")
        now = os.times()
        return (time.monotonic() - began,
                now.children_user + now.children_system -
                used.children_user - used.children_system)

    @staticmethod
    def create(inf):
        """dscreate starts a server and waits for its end, which nobody but
        the first process of the namespace, this one, can acknowledge."""
        done = subprocess.Popen(["dscreate", "from-file", inf], text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        while done.poll() is None:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open("/proc/%s/stat" % pid) as stat:
                        fields = stat.read().rsplit(")", 1)[1].split()
                    if (fields[0] == "Z" and int(pid) != done.pid and
                            int(fields[1]) == os.getpid()):
                        os.waitpid(int(pid), os.WNOHANG)
                except OSError:
                    pass  # it is gone
            time.sleep(0.2)
        if done.returncode:
            raise Failure("dscreate: " + done.stdout.read()[-2000:])

    def hashed(self, password):
        return self.tool("/usr/bin/pwdhash", "-D", "/etc/dirsrv/slapd-bench",
                         "-s", "SSHA", password).strip()

    def add_schema_and_indexes(self):
        schema = "/usr/share/dirsrv/schema"  # covered by our copy
        for other in os.listdir(schema):
            if other.startswith("10rfc2307"):
                os.unlink(os.path.join(schema, other))
        shutil.copy("/usr/share/dirsrv/data/10rfc2307bis.ldif", schema)
        with open(os.path.join(schema, "60bench.ldif"), "w") as out:
            out.write(DS_SCHEMA)
        self.start_empty()
        link = self.root()
        base = ("cn=index,cn=userroot,cn=ldbm database,cn=plugins,cn=config")
        for name, kinds in DS_INDEXES:
            dn = "cn=%s,%s" % (name, base)
            kinds = [kind.encode() for kind in kinds.split(",")]
            try:
                link.add_s(dn, [
                    ("objectClass", [b"top", b"nsIndex"]),
                    ("cn", [name.encode()]), ("nsSystemIndex", [b"false"]),
                    ("nsIndexType", kinds)])
            except ldap.ALREADY_EXISTS:
                link.modify_s(dn, [(ldap.MOD_REPLACE, "nsIndexType", kinds)])
        for dn, name, value in DS_SETTINGS:
            link.modify_s(dn, [(ldap.MOD_REPLACE, name, [value])])
        link.unbind_s()
        self.stop()

    def run(self):
        self.daemon.start(["ns-slapd", "-D", "/etc/dirsrv/slapd-bench",
                           "-i", "/run/dirsrv/slapd-bench.pid", "-d", "0"])

    def start_empty(self):
        self.run()

        def up():
            if not self.daemon.alive():
                raise Failure("ns-slapd: " + self.daemon.text()[-2000:])
            try:
                self.root().unbind_s()
                return True
            except ldap.SERVER_DOWN:
                return False
        wait_until(up, ANSWER_S, "389-ds to answer", 0.05)

    def start(self, syncprov=False):
        began = time.monotonic()
        self.run()
        return self.await_answer(began)

    def answers(self):
        if not self.daemon.alive():
            raise Failure("ns-slapd: " + self.daemon.text()[-2000:])
        try:
            link = self.root()
        except (ldap.SERVER_DOWN, ldap.BUSY, ldap.UNAVAILABLE):
            return False
        found = link.search_s(SUFFIX, ldap.SCOPE_BASE, attrlist=["aci"])
        if DS_ACI.encode() not in found[0][1].get("aci", []):
            link.modify_s(SUFFIX, [(ldap.MOD_REPLACE, "aci",
                                    [DS_ACI.encode()])])
        return super().answers()

    def dump(self):
        out = "/var/lib/dirsrv/slapd-bench/ldif/dump.ldif"
        began = time.monotonic()
        self.tool("ns-slapd", "db2ldif", "-D", "/etc/dirsrv/slapd-bench",
                  "-a", out, "-n", "userroot")
        took = time.monotonic() - began
        os.unlink(out)
        return took


ALL = {one.name: one for one in (Mdb, Multival, DirectoryServer, Roster,
                                 Plain, Ceiling)}

__all__ = ["ALL", "cpu_of", "resident_of"]
