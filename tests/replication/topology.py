# SPDX-License-Identifier: OLDAP-2.8
"""topology.py - several slapds on one machine that replicate

Each has its directory, its socket and its log.  A Provider is a database
roster with overlays on top, which rosterctl writes into as well; a Consumer
is stock back_mdb, or Roster.  What they hold is compared as slapcat prints it,
operational attributes included.
"""
import calendar
import mmap
import os
import re
import struct
import subprocess
import sys
import threading
import time

import ldap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "both"))
from harness import (TOP_BUILD, TOP_SRC, Daemon, Failure,  # noqa: E402,F401
                     Soak, run_story, sanitizer_environment, skip,
                     temporary_directory, wait_until)

SUFFIX = "dc=example,dc=org"
PEOPLE = "ou=people," + SUFFIX
GROUPS = "ou=groups," + SUFFIX
LOG = "cn=accesslog"
ROOT = "cn=root," + SUFFIX
ROOT_PASSWORD = "the-root-of-the-test"
PASSWORD = "Correct-horse-77-battery"
TREE_DELETE = "1.2.840.113556.1.4.805"
ANSWER_S = 30   # how long a slapd may take to answer after its start
EQUAL_S = int(os.environ.get("ROSTER_TEST_EQUAL_S", "60"))    # how long replicas may take to be equal, on a loaded machine
MODULE = os.path.join(TOP_BUILD, ".libs", "roster.so")
OBSTACLE = os.path.join(TOP_BUILD, "tests/replication/.libs/obstacle.so")

CONF = """
%(schema)s
modulepath /usr/lib/ldap
%(modules)s
pidfile %(dir)s/slapd.pid
threads 8
sizelimit unlimited
%(head)s

database config
rootpw %(password)s

%(before)s

database %(kind)s
suffix "%(suffix)s"
directory %(environment)s
rootdn "%(root)s"
rootpw %(password)s
%(index)s
%(options)s
access to * by * read

%(after)s
"""

SKELETON = "".join("""
dn: %s
objectClass: top
%s
""" % entry for entry in (
    (SUFFIX, "objectClass: organization\nobjectClass: dcObject\n"
             "dc: example\no: Example"),
    *(("ou=%s,%s" % (place, SUFFIX),
       "objectClass: organizationalUnit\nou: " + place) for place in (
        "people", "groups", "invitations", "policies", "tombstones",
        "services"))))


def person_dn(name):
    return "uid=%s,%s" % (name, PEOPLE)


def group_dn(name):
    return "cn=%s,%s" % (name, GROUPS)


def values(text):
    return [text.encode()] if isinstance(text, str) else [
        one.encode() for one in text]


def person(name, **more):
    attrs = {"objectClass": ["top", "person", "organizationalPerson",
                             "inetOrgPerson", "posixAccount", "shadowAccount",
                             "ldapPublicKey", "rosterAccount"],
             "uid": name, "cn": "Given " + name, "sn": name,
             "mail": name + "@example.org", "homeDirectory": "/home/" + name,
             "rosterStatus": "active"}
    attrs.update(more)
    return [(key, values(value)) for key, value in attrs.items()]


def group(name, **more):
    attrs = {"objectClass": ["top", "groupOfMembers", "posixGroup",
                             "rosterGroup"], "cn": name}
    attrs.update(more)
    return [(key, values(value)) for key, value in attrs.items()]


def fold(ldif, skip=()):
    """LDIF as a dictionary: dn to sorted lines."""
    entries = {}
    for block in ldif.strip().split("\n\n"):
        lines = [line for line in block.split("\n")
                 if not line.startswith(tuple(one + ":" for one in skip))]
        if lines and lines[0]:
            entries[lines[0]] = sorted(lines[1:])
    return entries


def difference(one, other):
    """The first entries in which two dictionaries differ, for people."""
    said = []
    for dn in sorted(set(one) | set(other)):
        a, b = one.get(dn), other.get(dn)
        if a != b:
            said.append("%s: only here %s, only there %s" % (
                dn, sorted(set(a or ["-"]) - set(b or [])),
                sorted(set(b or ["-"]) - set(a or []))))
    return "; ".join(said[:5]) + (" and %d more" % (len(said) - 5)
                                  if len(said) > 5 else "")


class Slapd:
    kind = "mdb"
    modules = ("back_mdb",)

    def __init__(self, name, top, options="", modules=(), before="", head="",
                 clock=None):
        self.name = name
        self.clock = clock      # or what else its processes live with
        self.dir = os.path.join(top, name)
        self.environment = os.path.join(self.dir, "environment")
        os.makedirs(self.environment)
        self.conf = os.path.join(self.dir, "slapd.conf")
        self.url = "ldapi://" + (self.dir + "/ldapi").replace("/", "%2F")
        self.also = ""  # where else it listens
        self.daemon = Daemon(name, self.dir + "/slapd.log")
        self.level = os.environ.get("ROSTER_TEST_LEVEL", "none")
        self.options = {"options": options, "before": before, "head": head,
                        "more": modules, "after": ""}
        self.write_conf()

    def write_conf(self, **options):
        self.options.update(options)
        schema = ["include /etc/ldap/schema/%s.schema" % name
                  for name in ("core", "cosine", "inetorgperson")]
        schema += ["include %s/schema/%s.schema" % (TOP_SRC, name)
                   for name in ("rfc2307bis", "openssh-lpk", "roster")]
        modules = dict.fromkeys(self.modules + tuple(self.options["more"]))
        index = "index entryUUID,entryCSN eq" if self.kind == "mdb" else ""
        with open(self.conf, "w") as out:
            out.write(CONF % {
                "schema": "\n".join(schema), "dir": self.dir,
                "modules": "\n".join("moduleload " + name
                                     for name in modules),
                "head": self.options["head"], "kind": self.kind,
                "before": self.options["before"], "suffix": SUFFIX,
                "environment": self.environment, "root": ROOT,
                "password": ROOT_PASSWORD, "index": index,
                "options": self.options["options"],
                "after": self.options["after"]})

    def start(self):
        self.daemon.start(["slapd", "-f", self.conf, "-d", self.level,
                           "-h", self.url + self.also], env=self.environ())
        wait_until(self.answers, ANSWER_S, self.name + " to answer")

    def environ(self):
        ours = sanitizer_environment()
        if self.clock:
            ours.pop("LD_PRELOAD", None)
            return dict(self.clock.environment(), **ours)
        return dict(os.environ, **ours)

    def answers(self):
        if not self.daemon.alive():
            raise Failure(self.name + " did not start")
        try:
            self.connection().search_s("", ldap.SCOPE_BASE)
            return True
        except ldap.SERVER_DOWN:
            return False

    def refuses_to_start(self):
        """What it says when it ends by itself; None when it runs on."""
        self.daemon.start(["slapd", "-f", self.conf, "-d", "none",
                           "-h", self.url], env=self.environ())
        try:
            self.daemon.process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            return None
        return self.daemon.text()

    def stop(self):
        return self.daemon.stop()

    def kill(self):
        self.daemon.kill()

    def connection(self):
        conn = ldap.initialize(self.url)
        conn.protocol_version = 3
        conn.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
        conn.set_option(ldap.OPT_TIMEOUT, 60)
        conn.set_option(ldap.OPT_RESTART, ldap.OPT_ON)
        return conn

    def root(self):
        conn = self.connection()
        conn.simple_bind_s(ROOT, ROOT_PASSWORD)
        return conn

    def tool(self, name, *arguments, stdin=""):
        done = subprocess.run(
            ["slapd", "-T" + name[4:], "-f", self.conf, *arguments],
            input=stdin, text=True, capture_output=True, timeout=300,
            env=self.environ())
        if done.returncode:
            raise Failure("%s of %s: %s" % (name, self.name,
                                            done.stdout + done.stderr))
        return done.stdout

    def holds(self, skip=("contextCSN",)):
        """Everything, by slapcat."""
        return fold(self.tool("slapcat", "-b", SUFFIX, "-o", "ldif-wrap=no"),
                    skip)

    def context(self):
        """contextCSN, as a client reads it."""
        found = self.root().search_s(SUFFIX, ldap.SCOPE_BASE,
                                     attrlist=["contextCSN"])
        return sorted(value.decode() for value in
                      found[0][1].get("contextCSN", []))


class Provider(Slapd):
    kind = "roster"
    modules = ("back_mdb", "syncprov", "accesslog", MODULE)

    def __init__(self, name, top, options="overlay syncprov\n"
                 "overlay lifecycle", **more):
        if not os.path.exists(MODULE):
            skip("built without the slapd module")
        super().__init__(name, top, options, **more)
        os.chmod(self.environment, 0o2770)

    def load(self, ldif=SKELETON):
        self.tool("slapadd", "-b", SUFFIX, stdin=ldif)

    def ctl(self, *arguments, stdin=None, may_fail=False):
        done = subprocess.run(
            [os.path.join(TOP_BUILD, "rosterctl"), "-d", self.environment,
             *arguments], input=stdin, text=True, capture_output=True,
            timeout=120, env=self.environ())
        if done.returncode and not may_fail:
            raise Failure("rosterctl %s: %s" % (" ".join(arguments),
                                                done.stderr))
        return done


class Obstacle:
    """The other half of obstacle.c."""

    LAYOUT = ("refuse", "code", "hold", "met", "write")

    def __init__(self, top):
        if not os.path.exists(OBSTACLE):
            skip("the obstacle is not built")
        self.path = os.path.join(top, "obstacle")
        with open(self.path, "wb") as out:
            out.write(bytes(4 * len(self.LAYOUT)))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def environment(self):
        return dict(os.environ, OBSTACLE=self.path, **sanitizer_environment())

    def set(self, **fields):
        for name, value in fields.items():
            struct.pack_into("=i", self.map, 4 * self.LAYOUT.index(name),
                             value)

    def get(self, name):
        return struct.unpack_from("=i", self.map,
                                  4 * self.LAYOUT.index(name))[0]


LOG_DATABASE = """
database %(kind)s
suffix "cn=accesslog"
directory %(dir)s
rootdn "cn=log,cn=accesslog"
rootpw %(password)s
%(index)s
overlay syncprov
syncprov-nopresent TRUE
syncprov-reloadhint TRUE
syncprov-checkpoint 1 1
access to * by * read
"""
LOG_OVERLAYS = """overlay syncprov
overlay accesslog
logdb cn=accesslog
logops writes
logsuccess TRUE
overlay auditlog
auditlog %(audit)s
"""
LOG_ROOT = """dn: cn=accesslog
objectClass: auditContainer
cn: accesslog
"""
DELTA = 'logbase="cn=accesslog" syncdata=accesslog ' \
    'logfilter="(&(objectClass=auditWriteObject)(reqResult=0))"'


class Logging(Provider):
    """With overlays accesslog and auditlog; the log's database is of kind
    mdb or roster."""

    modules = Provider.modules + ("auditlog",)

    def __init__(self, name, top, kind="mdb", more="overlay lifecycle\n",
                 clock=None, modules=()):
        log = os.path.join(top, name, "log")
        self.log_kind = kind
        os.makedirs(log)
        os.chmod(log, 0o2770)
        self.audit = os.path.join(top, name, "audit.ldif")
        # a log that is full says nothing, and lacks changes from then on
        index = "index reqStart,entryCSN,objectClass eq\n" \
            "maxsize 1073741824" if kind == "mdb" else ""
        super().__init__(
            name, top, LOG_OVERLAYS % {"audit": self.audit} + more,
            clock=clock, modules=modules,
            before=LOG_DATABASE % {"kind": kind, "dir": log,
                                   "password": ROOT_PASSWORD, "index": index})

    def load(self, ldif=SKELETON):
        # a log in back_mdb gets its root when slapd starts
        if self.log_kind != "mdb":
            self.tool("slapadd", "-b", LOG, stdin=LOG_ROOT)
        super().load(ldif)

    def log_root(self):
        conn = self.connection()
        conn.simple_bind_s("cn=log,cn=accesslog", ROOT_PASSWORD)
        return conn


class StockProvider(Slapd):
    """back_mdb and syncprov."""

    modules = ("back_mdb", "syncprov", "accesslog")

    def __init__(self, name, top, options="overlay syncprov\n", **more):
        super().__init__(name, top, options, **more)

    load = Provider.load


class Consumer(Slapd):
    """Stock: back_mdb and syncrepl; ppolicy, which is not used, brings the
    schema of its attributes."""

    modules = ("back_mdb", "ppolicy")

    def __init__(self, name, top, provider, how="refreshAndPersist", more="",
                 who=None, clock=None):
        super().__init__(name, top, syncrepl(provider, how, more, who=who),
                         clock=clock)


class Replica(Provider):
    """Roster as consumer."""

    def __init__(self, name, top, provider, how="refreshAndPersist", more=""):
        super().__init__(name, top, "overlay lifecycle\n" +
                         syncrepl(provider, how, more))


def syncrepl(provider, how="refreshAndPersist", more="", rid=1, who=None):
    interval = "interval=00:00:00:01" if how == "refreshOnly" else ""
    return ('syncrepl rid=%03d provider=%s type=%s %s retry="1 +"\n'
            '  searchbase="%s" schemachecking=off bindmethod=simple\n'
            '  binddn="%s" credentials=%s\n  %s\n'
            'updateref %s\n' %
            (rid, provider.url, how, interval, SUFFIX, *(who or (
                ROOT, ROOT_PASSWORD)), more, provider.url))


class Disturbance(threading.Thread):
    """A client of a provider that changes something now and then."""

    PACE_S = 0.05

    def __init__(self, provider, change):
        super().__init__(daemon=True)
        self.link, self.change, self.over = provider.root(), change, False

    def __enter__(self):
        self.start()

    def __exit__(self, *error):
        self.over = True
        self.join(60)

    def run(self):
        while not self.over:
            try:
                self.change(self.link)
            except ldap.BUSY:
                pass    # it is told so, as clients are
            time.sleep(self.PACE_S)


def moment_of(csn):
    """Seconds since 1970 of a CSN: when the change was made."""
    whole, part = re.match(r"(\d{14})\.(\d{6})Z", csn).groups()
    return calendar.timegm(time.strptime(whole, "%Y%m%d%H%M%S")) + \
        int(part) / 1e6


def age_when_there(link, dn, attribute, text, seconds):
    """Wait for a value on a replica; how old its change was then, by its
    entryCSN, which is made in the transaction."""
    def age():
        entry = link.search_s(dn, ldap.SCOPE_BASE,
                              attrlist=[attribute, "entryCSN"])[0][1]
        now = time.time()
        return entry.get(attribute) == values(text) and \
            now - moment_of(entry["entryCSN"][0].decode())
    return wait_until(age, seconds, "%s on the replica" % text, every=0.0005)


def until_equal(story, provider, consumers, sentence, seconds=EQUAL_S,
                select=None):
    """Each consumer holds what the provider holds (of it what select lets
    through) in the end; the claim tells the differences."""
    for consumer in consumers:
        seen = [""]

        def equal():
            wanted = provider.holds()
            # a consumer that lost its place in a log begins its refresh when
            # its listener next wakes up
            consumer.answers()
            held = consumer.holds()
            if select is not None:
                wanted, held = select(wanted), select(held)
            seen[0] = difference(wanted, held)
            return wanted == held
        try:
            wait_until(equal, seconds, consumer.name + " to be equal",
                       every=0.2)
        except Failure:
            pass
        story.claim(not seen[0], "%s: %s" % (consumer.name, sentence),
                    seen[0])
