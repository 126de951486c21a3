# SPDX-License-Identifier: OLDAP-2.8
"""servers.py - Roster and back-mdb side by side, and what they answer

Both databases have a suffix of five letters, so that nothing but the letters
differs; they are put back into one form before two answers are compared.
"""
import base64
import os
import re
import sys

import ber

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "slapd"))
from overlay import (ANSWER_S, TOP_SRC, Failure, Server,  # noqa: E402
                     skip, wait_until)
from harness import Daemon, TOP_BUILD, temporary_directory  # noqa: E402
import subprocess  # noqa: E402

PASSWORD = b"secret"
USER = b"cn=user,o=who"
# Letters that no value and no filter of operations.py has.
NAMES = {"roster": b"jjjjj", "mdb": b"kkkkk"}
LETTERS = re.compile(rb"(?i)jjjjj|kkkkk")
# Which of several comes first is as they lie in the record.
NOT_ALLOWED = re.compile(rb"attribute '[^']*' not allowed")
# Made anew by each database for each entry.
OWN = {b"entryUUID", b"entryCSN", b"createTimestamp", b"modifyTimestamp",
       b"contextCSN"}
# Roster computes them for every entry; for memberOf back-mdb has an overlay.
MORE = {b"memberOf", b"numSubordinates"}

CONF = """
%(schemas)s
modulepath /usr/lib/ldap
moduleload %(module)s
moduleload back_mdb
moduleload back_null
%(modules)s
pidfile %(dir)s/%(name)s.pid
threads 4
sizelimit unlimited
%(referral)s

database null
suffix "o=who"
bind on
"""

DATABASE = """
database %(kind)s
suffix "%(suffix)s"
directory %(dir)s
rootdn "cn=root,%(root)s"
%(password)s
maxsize 1073741824
%(own)s
index objectClass eq
index cn,sn,uid,ou,mail,description eq,sub
index member,memberUid,uniqueMember,seeAlso eq
%(index)s
access to dn.base="cn=y,%(root)s" by dn.exact="cn=user,o=who" none
	by * read
access to dn.subtree="ou=b,ou=a,%(root)s" by dn.exact="cn=user,o=who" disclose
	by * none
access to attrs=mail by dn.exact="cn=user,o=who" search by * none
access to attrs=userPassword by dn.exact="cn=user,o=who" compare by * auth
access to attrs=description val.regex="^x" by dn.exact="cn=user,o=who" none
	by * read
access to dn.subtree="ou=b,%(root)s" by dn.exact="cn=user,o=who" write
	by * read
access to * by dn.exact="cn=user,o=who" write by * read
%(more)s
"""

SUDO = """
attributetype ( 1.3.6.1.4.1.15953.9.1.1 NAME 'sudoUser'
	EQUALITY caseExactIA5Match SUBSTR caseExactIA5SubstringsMatch
	SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.3.6.1.4.1.15953.9.1.8 NAME 'sudoNotBefore'
	EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch
	SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 )
objectclass ( 1.3.6.1.4.1.15953.9.2.1 NAME 'sudoRole' SUP top STRUCTURAL
	MUST cn MAY ( sudoUser $ sudoNotBefore $ description ) )
"""


class Side:
    """One of the two databases: its connections, and its words."""

    def __init__(self, kind, url, root=None):
        self.kind = kind
        self.letters = NAMES[kind]
        self.path = url
        self.suffix = b"o=" + self.letters
        self.connections = {}

    def words(self, value):
        """value with our suffix in it."""
        if isinstance(value, bytes):
            return value.replace(b"{S}", self.suffix).replace(
                b"{O}", self.letters)
        if isinstance(value, (tuple, list)):
            return type(value)(self.words(one) for one in value)
        return value

    def connect(self):
        for identity, dn, password in (
                ("root", b"cn=root," + self.suffix, PASSWORD),
                ("user", USER, PASSWORD), ("nobody", b"", b"")):
            connection = ber.Connection(self.path)
            code = connection.ask(ber.request_bytes(
                ("bind", dn, password)))[0][1]
            if code[:3] != b"\x0a\1\0":
                raise Failure("%s cannot bind: %r" % (identity, code))
            self.connections[identity] = connection

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}

    def send(self, operation, cookie=b""):
        identity, controls, request = operation
        controls = [(oid, critical, ("page", value[1], cookie)
                     if oid == PAGED else self.words(value))
                    for oid, critical, value in controls]
        self.connections[identity].send(
            ber.request_bytes(self.words(request)), controls)

    def answer(self, operation):
        return self.connections[operation[0]].answer()

    def ask(self, operation, cookie=b""):
        self.send(operation, cookie)
        return self.answer(operation)


PAGED = b"1.2.840.113556.1.4.319"


def plain(value):
    return LETTERS.sub(b"{O}", value)


def readable(line):
    """A line of LDIF without base64."""
    name, mark, value = line.partition(b":: ")
    if mark:
        return plain(name + b": " + base64.b64decode(value))
    return plain(line)


def cookie_of(answer):
    """The cookie of a page, and whether there was one."""
    controls = answer[-1][2]
    for _, control in ber.split(controls):
        parts = ber.split(control)
        if parts[0][1] == PAGED:
            inner = ber.split(ber.split(parts[-1][1])[0][1])
            return inner[1][1]
    return b""


def entry_form(content):
    """(dn, [(type, values)...]) without what is made anew."""
    (_, dn), (_, attrs) = ber.split(content)
    found = []
    for name, values in ber.attributes_of(attrs):
        if name in MORE:
            continue
        if name in OWN:
            values = [b"?"] * len(values)
        found.append((name, sorted(map(plain, values))))
    return plain(dn), sorted(found)


def read_controls_form(controls):
    """Response controls: the read entry of RFC 4527, and the rest by name."""
    found = []
    for _, control in ber.split(controls):
        parts = ber.split(control)
        oid, value = parts[0][1], parts[-1][1] if len(parts) > 1 else b""
        if oid.startswith(b"1.3.6.1.1.13."):
            dn, attrs = entry_form(ber.split(value)[0][1])
            # after a rename back-mdb spells the parent as the request did
            found.append((oid, dn.lower(), [
                (name, values) for name, values in attrs
                if name != b"entryDN"]))
        elif oid == PAGED:
            found.append((oid,))
        else:
            found.append((oid, plain(value)))
    return sorted(found)


def result_form(tag, content, controls):
    """(tag, code, matched, text, referrals, controls)."""
    parts = ber.split(content)
    referrals = []
    for kind, inner in parts[3:]:
        if kind == 0xa3:
            referrals = sorted(plain(one) for _, one in ber.split(inner))
    text = NOT_ALLOWED.sub(b"attribute '?' not allowed", plain(parts[2][1]))
    if tag == 0x65 and parts[0][1] in (b"\0", b"\4", b"\n"):
        text = b""  # left over from a control, and no diagnosis
    return (tag, parts[0][1][0], plain(parts[1][1]), text,
            referrals, read_controls_form(controls))


def answer_form(answer):
    """An answer in a form that two databases can share."""
    entries, references = [], []
    for tag, content, controls in answer[:-1]:
        if tag == 0x64:
            entries.append(entry_form(content) +
                           (read_controls_form(controls),))
        elif tag == 0x73:
            references.append(sorted(plain(one) for _, one in
                                     ber.split(content)))
        else:
            entries.append((tag, plain(content)))
    return (sorted(entries, key=repr), sorted(references),
            result_form(*answer[-1]))


class Slapd:
    """One slapd with some of the databases."""

    def __init__(self, shape, name, kinds):
        self.dir = os.path.join(temporary_directory(), name)
        self.module = os.path.join(TOP_BUILD, ".libs", "roster.so")
        if not os.path.exists(self.module):
            skip("built without the slapd module")
        self.path = self.dir + "/ldapi"
        self.conf = self.dir + "/slapd.conf"
        self.daemon = Daemon(name, self.dir + "/slapd.log")
        os.makedirs(self.dir)
        with open(self.dir + "/sudo.schema", "w") as out:
            out.write(SUDO)
        include = ["/etc/ldap/schema/%s.schema" % one for one in
                   ("core", "cosine", "inetorgperson")]
        include += ["/etc/ldap/schema/nis.schema" if shape == "nis" else
                    TOP_SRC + "/schema/rfc2307bis.schema",
                    self.dir + "/sudo.schema"]
        with open(self.conf, "w") as out:
            out.write(CONF % {
                "schemas": "\n".join("include " + one for one in include),
                "module": self.module, "name": name, "dir": self.dir,
                # with one, overlay glue of 2.5.13 asserts where a
                # subordinate suffix entry is missing
                "referral": "" if shape == "glue" else
                            "referral ldap://default.example/",
                "modules": "moduleload sssvlv" if shape == "sorted" else ""})
            for kind in kinds:
                out.write(self.databases(shape, kind))

    def databases(self, shape, kind):
        suffix = "o=" + NAMES[kind].decode()
        if shape == "glue":
            return (self.database(shape, kind, "ou=a," + suffix, suffix,
                                  "subordinate") +
                    self.database(shape, kind, suffix, suffix, ""))
        if shape == "empty":
            return self.database(shape, kind, "", suffix, "")
        return self.database(shape, kind, suffix, suffix,
                             "overlay sssvlv" if shape == "sorted" else "")

    def database(self, shape, kind, suffix, root, more):
        directory = "%s/%s%d" % (self.dir, kind, len(suffix))
        os.makedirs(directory)
        return DATABASE % {
            "kind": kind, "suffix": suffix, "root": root, "dir": directory,
            "own": "dbnosync" if kind == "mdb" else "",
            # back-mdb's finds no (gidNumber<=7) of 0
            "index": "" if kind == "mdb" else
                     "index uidNumber,gidNumber eq",
            "password": "" if more == "subordinate" else "rootpw secret",
            "more": more}

    def start(self):
        self.daemon.start(
            ["slapd", "-h", "ldapi://" + self.path.replace("/", "%2F"),
             "-f", self.conf, "-d", "none"], env=Server.surroundings())

    def slapadd(self, suffix, text):
        done = subprocess.run(
            ["slapd", "-Tadd", "-q", "-f", self.conf, "-b", suffix],
            input=text, capture_output=True, timeout=300,
            env=Server.surroundings())
        if done.returncode:
            raise Failure("slapadd: " + done.stderr.decode())

    def slapcat(self, suffix):
        done = subprocess.run(
            ["slapd", "-Tcat", "-f", self.conf, "-o", "ldif-wrap=no", "-b",
             suffix], capture_output=True, timeout=300,
            env=Server.surroundings())
        if done.returncode:
            raise Failure("slapcat: " + done.stderr.decode())
        return done.stdout


class Pair:
    """Both databases, in one slapd where their suffixes allow it.  Shapes:
    plain; nis, with the schema that has a structural posixGroup; glue, with a
    subordinate database; empty, with the empty suffix; sorted, with overlay
    sssvlv."""

    def __init__(self, shape="plain"):
        self.shape = shape
        if shape == "empty":
            self.slapds = [Slapd(shape, kind, [kind])
                           for kind in ("roster", "mdb")]
        else:
            self.slapds = [Slapd(shape, shape, ["roster", "mdb"])]
        self.sides = [Side(kind, self.slapds[-n].path)
                      for n, kind in enumerate(("roster", "mdb"))]

    def start(self):
        for slapd in self.slapds:
            slapd.start()

        def answers():
            for slapd in self.slapds:
                if not slapd.daemon.alive():
                    raise Failure("slapd did not start")
            try:
                for side in self.sides:
                    side.connect()
                return True
            except (OSError, ber.Closed):
                return False
        wait_until(answers, ANSWER_S, "slapd to answer")

    def stop(self):
        for side in self.sides:
            side.close()
        return [slapd.daemon.stop() for slapd in self.slapds]

    def restart(self):
        for side in self.sides:
            side.close()
        for slapd in self.slapds:
            slapd.daemon.kill()
        self.start()

    def slapcat(self, side):
        slapd = self.slapds[0 if side.kind == "roster" else -1]
        return slapd.slapcat("" if self.shape == "empty"
                             else side.suffix.decode())

    def imported(self, text):
        """What slapcat prints of a new Roster that was loaded with text, which
        is the reference's."""
        suffix = "o=" + NAMES["mdb"].decode()
        fresh = Slapd(self.shape, "import", [])
        with open(fresh.conf, "a") as out:
            out.write(fresh.database(self.shape, "roster", suffix, suffix,
                                     ""))
        fresh.slapadd(suffix, text)
        return fresh.slapcat(suffix)
