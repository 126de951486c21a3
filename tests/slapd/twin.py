# SPDX-License-Identifier: OLDAP-2.8
"""twin.py - one slapd with the same directory twice: in roster and in mdb

Whatever is asked of both is told apart by the suffix only, and the suffixes
are as long and sort alike; so answers are compared after the one word that
differs was replaced, and what every change makes anew (entryUUID, CSNs,
times) was blanked.
"""
import os
import re
import subprocess
import sys

import ldap
import ldap.controls
from ldap.controls.readentry import PostReadControl, PreReadControl

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from overlay import (ANSWER_S, TOP_BUILD, TOP_SRC, Daemon,  # noqa: E402
                     Failure, Server, run_story, skip, temporary_directory,
                     values, wait_until)
from harness import free_port  # noqa: E402

OURS, THEIRS = "dc=rrtwin", "dc=mmtwin"
BOTH = (OURS, THEIRS)
WORD = re.compile(rb"rrtwin|mmtwin", re.I)
STAMPS = (  # what differs from one change to the next
    (re.compile(rb"\b\d{14}\.\d{6}Z#[0-9a-f]{6}#[0-9a-f]{3}#[0-9a-f]{6}"),
     b"CSN"),
    (re.compile(rb"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), b"UUID"),
    (re.compile(rb"\b20\d{12}Z"), b"NOW"),
)
ROOT_PASSWORD = "the-root-of-the-test"
PASSWORD = "pw"
VIEW, DEREF = "2.16.840.1.113730.3.4.10", "1.3.6.1.4.1.4203.666.5.16"
NOOP = "1.3.6.1.4.1.4203.666.5.2"
NO_OPERATION = 0x410e  # the result code of a no-op that would have worked

CONF = """
%(schema)s
modulepath /usr/lib/ldap
%(modules)s
pidfile %(dir)s/slapd.pid
threads 16
sizelimit unlimited
%(head)s

database config
rootdn cn=config
rootpw %(root_password)s

database roster
suffix "%(ours)s"
directory %(dir)s/roster
rootdn "cn=root,%(ours)s"
rootpw %(root_password)s
%(our_lines)s

database mdb
suffix "%(theirs)s"
directory %(dir)s/mdb
rootdn "cn=root,%(theirs)s"
rootpw %(root_password)s
%(their_lines)s

%(tail)s
"""


def plain(answer):
    """answer without what lawfully differs."""
    if isinstance(answer, dict):
        return {plain(key): plain(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return type(answer)(plain(one) for one in answer)
    if isinstance(answer, str):
        return plain(answer.encode()).decode()
    if isinstance(answer, bytes):
        answer = WORD.sub(b"TWIN", answer)
        for pattern, word in STAMPS:
            answer = pattern.sub(word, answer)
    return answer


def in_order(entries):
    """Entries in one order, each with its attributes' values in theirs, and
    without memberOf, which is the affair of an overlay on back-mdb.  Roster
    has a second contextCSN, that of rosterd and rosterctl."""
    return sorted((dn or "", sorted((name, values[:1]
                                     if name == "contextCSN"
                                     else sorted(values))
                                    for name, values in attrs.items()
                                    if name != "memberOf"))
                  if isinstance(attrs, dict) else ("ref", sorted(attrs))
                  for dn, attrs in entries)


class Twin:
    """lines: of each database, with SUFFIX for its own."""

    def __init__(self, lines="", head="", tail="", overlays=(),
                 modules=(), name="twin"):
        self.dir = os.path.join(temporary_directory(), name)
        module = os.path.join(TOP_BUILD, ".libs", "roster.so")
        if not os.path.exists(module):
            skip("built without the slapd module")
        for place in ("roster", "mdb"):
            os.makedirs(os.path.join(self.dir, place))
        self.conf = os.path.join(self.dir, "slapd.conf")
        self.url = "ldapi://" + (self.dir + "/ldapi").replace("/", "%2F")
        self.tcp = "ldap://127.0.0.1:%d" % free_port()
        self.daemon = Daemon(name, self.dir + "/slapd.log")
        self.modules = [module, "back_mdb"] + list(modules) + list(overlays)
        self.options = {"lines": lines, "head": head, "tail": tail,
                        "overlays": overlays, "our_lines": "",
                        "their_lines": ""}
        self.write_conf()

    def write_conf(self, **options):
        self.options.update(options)
        o = self.options
        schema = ["include /etc/ldap/schema/%s.schema" % one
                  for one in ("core", "cosine", "inetorgperson")]
        schema += ["include %s/schema/%s.schema" % (TOP_SRC, one)
                   for one in ("rfc2307bis", "openssh-lpk", "roster")]
        schema.append("include /etc/ldap/schema/dyngroup.schema")
        lines = o["lines"] + "\n" + "\n".join(
            "overlay " + one for one in o["overlays"]
            if "overlay " + one + "\n" not in o["lines"])
        modules = dict.fromkeys(self.modules)  # each once, in order
        with open(self.conf, "w") as out:
            out.write(CONF % {
                "schema": "\n".join(schema), "dir": self.dir,
                "modules": "\n".join("moduleload " + one for one in modules),
                "root_password": ROOT_PASSWORD, "head": o["head"],
                "tail": o["tail"], "ours": OURS, "theirs": THEIRS,
                "our_lines": lines.replace("SUFFIX", OURS) + o["our_lines"],
                "their_lines": lines.replace("SUFFIX", THEIRS) +
                o["their_lines"]})

    def tool(self, name, *arguments, stdin=""):
        done = subprocess.run(
            ["slapd", "-T" + name[4:], "-f", self.conf, *arguments],
            input=stdin, text=True, capture_output=True, timeout=300,
            env=Server.surroundings())
        return done.returncode, done.stdout, done.stderr

    def load(self, ldif):
        """ldif has SUFFIX for the suffix, DC for its value."""
        for suffix in BOTH:
            status, out, err = self.tool(
                "slapadd", "-q", "-b", suffix,
                stdin=ldif.replace("SUFFIX", suffix).replace("DC", suffix[3:]))
            if status:
                raise Failure("slapadd %s: %s%s" % (suffix, out, err))

    def start(self, level="stats"):
        self.daemon.start(["slapd", "-h", self.url + " " + self.tcp, "-f",
                           self.conf, "-d", level], env=Server.surroundings())
        wait_until(self.answers, ANSWER_S, "slapd to answer")

    def answers(self):
        if not self.daemon.alive():
            raise Failure("slapd did not start: " + self.daemon.text()[-2000:])
        try:
            self.connection().search_s("", ldap.SCOPE_BASE)
            return True
        except ldap.SERVER_DOWN:
            return False

    def stop(self):
        return self.daemon.stop()

    def connection(self, url=None):
        conn = ldap.initialize(url or self.url)
        conn.protocol_version = 3
        conn.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
        conn.set_option(ldap.OPT_TIMEOUT, 60)
        conn.set_option(ldap.OPT_RESTART, ldap.OPT_ON)
        conn.set_option(ldap.OPT_REFERRALS, 0)
        return conn

    def bound(self, who, suffix, url=None):
        """who: None, "root" or a DN below SUFFIX."""
        conn = self.connection(url)
        if who == "root":
            conn.simple_bind_s("cn=root," + suffix, ROOT_PASSWORD)
        elif who == "config":
            conn.simple_bind_s("cn=config", ROOT_PASSWORD)
        elif who is not None:
            conn.simple_bind_s(who.replace("SUFFIX", suffix), PASSWORD)
        return conn

    def pair(self, who, url=None):
        return [(self.bound(who, suffix, url), suffix) for suffix in BOTH]


def answer_of(conn, number):
    """(code, text, matched DN, referrals, entries, controls) of a message;
    an entry with controls of its own has them as an attribute "controls"."""
    found, controls, code, info = [], (), 0, {}
    try:
        while True:
            # not result4(): it knows how to decode some controls only
            kind, data, _, controls, *_ = conn._ldap_call(
                conn._l.result4, number, 0, 60, 1, 0, 0)
            if not data or kind not in (ldap.RES_SEARCH_ENTRY,
                                        ldap.RES_SEARCH_REFERENCE):
                break
            for dn, attrs, own in data:
                if own and isinstance(attrs, dict):
                    # members, of which these tell, come in no order
                    attrs["controls"] = [one for oid, _, value in own
                                         for one in (parts(value) if oid ==
                                                     DEREF else [value])]
                found.append((dn, attrs))
    except ldap.LDAPError as error:
        info = error.args[0]
        code = info.get("result", str(error))
        controls = info.get("ctrls", ())
    return (code, info.get("info", ""), info.get("matched", ""),
            info.get("referrals", []), in_order(found),
            sorted(told(oid, value) for oid, _, value in controls or ()))


def told(oid, value):
    """A response control: what was read before or after, in order; the state
    of a view, without slapd's name for it."""
    if oid == VIEW:
        value = value[2:-10]
    if oid in (PreReadControl.controlType, PostReadControl.controlType):
        control = PreReadControl()
        control.decodeControlValue(value)
        value = in_order([(control.dn, control.entry)])
    return oid, value


def parts(value):
    """The parts of the SEQUENCE that value, in BER, is."""
    def length(at):
        """Of what begins at at: (where its content begins, where it ends)."""
        size, begin = value[at + 1], at + 2
        if size > 127:
            begin += size - 128
            size = int.from_bytes(value[at + 2:begin], "big")
        return begin, begin + size

    at, end = length(0)
    found = []
    while at < end:
        _, after = length(at)
        found.append(value[at:after])
        at = after
    return found


class Raw(ldap.controls.RequestControl, ldap.controls.ResponseControl):
    """A control of which nothing is known but its bytes."""

    def __init__(self, oid, critical=False, value=None):
        self.controlType, self.criticality = oid, critical
        self.encodedControlValue = value

    def encodeControlValue(self):
        return self.encodedControlValue


NO_OP = Raw(NOOP, True)


def agree(story, sentence, pairs, ask):
    """ask(conn, suffix) of both; True if they answer alike.  The answer of
    ours is returned."""
    ours, theirs = (plain(ask(conn, suffix)) for conn, suffix in pairs)
    if ours != theirs:
        story.claim(False, sentence)
        print("       roster: %s\n       mdb:    %s" % (
            differing(ours, theirs), differing(theirs, ours)), flush=True)
    return ours == theirs, ours


def differing(one, other):
    """What of one is not in other, for a reader."""
    if isinstance(one, list) and isinstance(other, list):
        named = {two[0]: two for two in other if isinstance(two, tuple)}
        return [(a[0], *differing(a[1:], named[a[0]][1:]))
                if isinstance(a, tuple) and a[0] in named else a
                for a in one if a not in other]
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(differing(a, b) if a != b else "=" if isinstance(
            a, (list, tuple)) else a for a, b in zip(one, other))
    return one


__all__ = ["BOTH", "NOOP", "NO_OP", "NO_OPERATION", "OURS", "PASSWORD", "Raw",
           "ROOT_PASSWORD", "THEIRS", "TOP_BUILD", "Twin", "agree",
           "answer_of", "free_port", "in_order", "plain", "run_story",
           "temporary_directory", "values", "wait_until"]
