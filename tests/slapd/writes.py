#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""writes.py - the changes of test009-writes

usage: writes.py URL
"""
import sys

import ldap
import ldap.modlist
from ldap.controls import LDAPControl
from ldap.controls.readentry import PostReadControl, PreReadControl
from ldap.controls.simple import ValueLessRequestControl
from ldap.controls.libldap import AssertionControl

ADD, DEL, REP, INC = (ldap.MOD_ADD, ldap.MOD_DELETE, ldap.MOD_REPLACE,
                      ldap.MOD_INCREMENT)
PERMISSIVE = "1.2.840.113556.1.4.1413"
NOOP = "1.3.6.1.4.1.4203.666.5.2"
MANAGEDSAIT = "2.16.840.1.113730.3.4.2"
OURS, THEIRS = "dc=example,dc=org", "dc=other,dc=org"
VOLATILE = {"entryUUID", "entryCSN", "createTimestamp", "modifyTimestamp",
            "contextCSN"}

url = sys.argv[1]
failures = []


def connect(suffix, who=None):
    conn = ldap.initialize(url)
    if who:
        conn.simple_bind_s("uid=%s,ou=people,%s" % (who, suffix), "pw")
    else:
        conn.simple_bind_s("cn=admin," + suffix, "secret")
    return conn


def put(value, suffix):
    return value.replace("SUFFIX", suffix)


def bytes_of(values, suffix):
    if values is None:
        return None
    if isinstance(values, str):
        values = [values]
    return [put(v, suffix).encode() for v in values]


def read_back(controls, suffix):
    """What the pre- and post-read controls brought, without what varies."""
    seen = []
    for control in controls or []:
        if hasattr(control, "entry"):
            entry = {name: sorted(put_back(v, suffix) for v in values)
                     for name, values in control.entry.items()
                     if name not in VOLATILE}
            seen.append((control.controlType, sorted(entry.items())))
    return seen


def put_back(value, suffix):
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    return value.replace(suffix, "SUFFIX")


def controls_of(kinds, suffix):
    made = []
    for kind in kinds:
        if kind == "permissive":
            made.append(ValueLessRequestControl(PERMISSIVE, True))
        elif kind == "noop":
            made.append(LDAPControl(NOOP, True))
        elif kind == "manage":
            made.append(ValueLessRequestControl(MANAGEDSAIT, True))
        elif kind[0] == "pre":
            made.append(PreReadControl(True, kind[1]))
        elif kind[0] == "post":
            made.append(PostReadControl(True, kind[1]))
        elif kind[0] == "assert":
            made.append(AssertionControl(True, put(kind[1], suffix)))
    return made


def run(conn, suffix, verb, dn, change, kinds):
    """Result code and what the controls say."""
    controls = controls_of(kinds, suffix)
    dn = put(dn, suffix) if dn.endswith("SUFFIX") else dn + "," + suffix
    try:
        if verb == "modify":
            mods = [(op, attr, bytes_of(values, suffix))
                    for op, attr, values in change]
            number = conn.modify_ext(dn, mods, serverctrls=controls)
        elif verb == "add":
            entry = [(attr, bytes_of(values, suffix))
                     for attr, values in change]
            number = conn.add_ext(dn, entry, serverctrls=controls)
        elif verb == "delete":
            number = conn.delete_ext(dn, serverctrls=controls)
        else:
            rdn, superior, delete_old = change
            number = conn.rename(dn, rdn,
                                 put(superior, suffix) if superior else None,
                                 delete_old, serverctrls=controls)
        _, _, _, answers = conn.result3(number)
        return "ok", read_back(answers, suffix)
    except ldap.LDAPError as error:
        info = error.args[0] if error.args else {}
        matched = put_back(info.get("matched", ""), suffix)
        return type(error).__name__, matched


def both(verb, dn, change=None, *kinds, who=None):
    results = []
    for suffix in (OURS, THEIRS):
        conn = connect(suffix, who)
        results.append(run(conn, suffix, verb, dn, change, kinds))
        conn.unbind_s()
    if results[0] != results[1]:
        failures.append("%s %s %r %r: %r instead of %r" % (
            verb, dn, change, kinds, results[0], results[1]))


def contents(suffix):
    conn = connect(suffix)
    found = {}
    for dn, entry in conn.search_s(suffix, ldap.SCOPE_SUBTREE,
                                   attrlist=["*", "+"]):
        found[put_back(dn, suffix)] = {
            name: sorted(put_back(v, suffix) for v in values)
            for name, values in entry.items()
            if name not in VOLATILE | {"memberOf", "dc"}}
    return found


def compare_contents(when):
    ours, theirs = contents(OURS), contents(THEIRS)
    for dn in sorted(set(ours) | set(theirs)):
        if ours.get(dn) != theirs.get(dn):
            failures.append("%s: %s: %r instead of %r" % (
                when, dn, ours.get(dn), theirs.get(dn)))


ALICE, BOB = "uid=alice,ou=people", "uid=bob,ou=people"
PLAIN, NAMES = "cn=plain,ou=groups", "cn=names,ou=groups"
PERSON = [("objectClass", ["inetOrgPerson", "posixAccount"]), ("cn", "New"),
          ("sn", "N"), ("uidNumber", "20100"), ("gidNumber", "2001"),
          ("homeDirectory", "/home/new")]

# ordinary attributes
both("modify", ALICE, [(ADD, "description", "three")])
both("modify", ALICE, [(ADD, "description", "TWO")])
both("modify", ALICE, [(ADD, "description", "TWO")], "permissive")
both("modify", ALICE, [(DEL, "description", "four")])
both("modify", ALICE, [(DEL, "description", "four")], "permissive")
both("modify", ALICE, [(DEL, "description", "ONE")])
both("modify", ALICE, [(DEL, "title", None)])
both("modify", ALICE, [(REP, "title", None)])
both("modify", ALICE, [(REP, "title", ["a", "b"])])
both("modify", ALICE, [(DEL, "title", "a"), (ADD, "title", "c")])
both("modify", ALICE, [(ADD, "title", "d"), (DEL, "title", "zzz")])
both("modify", ALICE, [(INC, "uidNumber", "5")])
both("modify", ALICE, [(INC, "cn", "5")])
both("modify", ALICE, [(REP, "uidNumber", ["1", "2"])])
both("modify", ALICE, [(REP, "sn", None)])
both("modify", ALICE, [(DEL, "uid", "alice")])
both("modify", ALICE, [(ADD, "objectClass", "device")])
both("modify", ALICE, [(ADD, "objectClass", "extensibleObject"),
                       (ADD, "host", "h")])
both("modify", ALICE, [(REP, "entryUUID", "x")])
both("modify", ALICE, [(ADD, "cn;lang-de", "Alice")])
both("modify", ALICE, [(REP, "jpegPhoto", "\0\1\2binary")])
both("modify", "uid=nobody,ou=people", [(REP, "cn", "x")])
both("modify", "uid=x,ou=deep,ou=people", [(REP, "cn", "x")])
both("modify", "SUFFIX", [(REP, "o", ["Example", "Beispiel"])])

# controls
both("modify", ALICE, [(REP, "title", "e")], ("pre", ["title", "sn"]),
     ("post", ["title", "modifiersName"]))
both("modify", ALICE, [(REP, "title", "f")], ("assert", "(title=nothing)"))
both("modify", ALICE, [(REP, "title", "f")], ("assert", "(title=E)"))
both("modify", ALICE, [(REP, "title", "g")], "noop")
both("modify", ALICE, [(REP, "title", "h")], "manage")
both("add", "uid=new,ou=people", PERSON + [("uid", "new")],
     ("post", ["*", "structuralObjectClass"]))
both("delete", "uid=new,ou=people", None, "noop")
both("delete", "uid=new,ou=people", None, ("assert", "(cn=Old)"))
both("delete", "uid=new,ou=people", None, ("pre", ["cn"]),
     ("assert", "(cn=New)"))

# add and delete
both("add", "uid=new,ou=people", PERSON)
both("add", "uid=new,ou=people", PERSON)
both("add", "uid=two,ou=people", PERSON + [("uid", ["two", "zwei"])])
both("add", "cn=under,uid=two,ou=people",
     [("objectClass", "device"), ("cn", "under")])
both("delete", "uid=two,ou=people")
both("add", "cn=x,ou=nowhere", [("objectClass", "device"), ("cn", "x")])
both("add", "cn=bad,ou=people", [("objectClass", "person"), ("cn", "bad")])
both("delete", "uid=nobody,ou=people")
both("delete", "ou=people")
both("add", "cn=here,ou=groups", [
    ("objectClass", ["referral", "extensibleObject"]), ("cn", "here"),
    ("ref", "ldap://other.example/dc=x")])
both("modify", "cn=here,ou=groups", [(REP, "description", "x")])
both("modify", "cn=below,cn=here,ou=groups", [(REP, "description", "x")])
both("delete", "cn=here,ou=groups", None, "manage")

# rename
both("rename", "uid=two,ou=people", ("uid=zwei", None, 1))
both("rename", "uid=zwei,ou=people", ("uid=three", None, 0))
both("rename", "uid=three,ou=people", ("uid=three", "ou=groups,SUFFIX", 1))
both("rename", "ou=groups", ("ou=crowd", "ou=people,SUFFIX", 1))
both("rename", "ou=crowd,ou=people", ("ou=groups", "SUFFIX", 1))
both("rename", "ou=people", ("ou=people", "ou=groups,SUFFIX", 1))
both("rename", "ou=people,ou=groups", ("ou=people", "SUFFIX", 1))
both("rename", "ou=people", ("ou=x", "ou=people,SUFFIX", 1))
both("rename", "ou=people", ("ou=x", ALICE + ",SUFFIX", 1))
both("rename", BOB, ("uid=alice", None, 1))
both("rename", BOB, ("uid=BOB", None, 1))
both("rename", BOB, ("uid=bob+cn=Bob", None, 1))
both("rename", "cn=Bob+uid=bob,ou=people", ("uid=bob", None, 0))
both("rename", "SUFFIX", ("dc=no", None, 1))
both("rename", "uid=nobody,ou=people", ("uid=x", None, 1))
both("rename", ALICE, ("uid=alice", "ou=nowhere,SUFFIX", 1))

# groups that are not Roster's own: values as they are written
both("modify", PLAIN, [(ADD, "memberUid", "bob")])
both("modify", PLAIN, [(ADD, "memberUid", "bob")])
both("modify", PLAIN, [(ADD, "memberUid", "bob")], "permissive")
both("modify", PLAIN, [(DEL, "memberUid", "nobody")])
both("modify", PLAIN, [(DEL, "memberUid", "ghost")])
both("modify", PLAIN, [(ADD, "member", ["uid=bob,ou=people,SUFFIX",
                                        "cn=far,dc=away"])])
both("modify", PLAIN, [(ADD, "member", "UID=Bob, ou=People,SUFFIX")])
both("modify", PLAIN, [(DEL, "member", "UID=Bob, ou=People,SUFFIX")],
     ("pre", ["member"]), ("post", ["member", "memberUid"]))
both("modify", PLAIN, [(REP, "member", ["uid=carol,ou=people,SUFFIX",
                                        "uid=none,ou=people,SUFFIX"])])
both("modify", PLAIN, [(REP, "memberUid", ["x", "y"]),
                       (DEL, "memberUid", "x")])
both("modify", PLAIN, [(INC, "memberUid", "1")])
both("modify", PLAIN, [(DEL, "memberUid", None)])
both("modify", PLAIN, [(DEL, "memberUid", None)])
both("modify", PLAIN, [(REP, "memberUid", None)])
both("modify", NAMES, [(DEL, "member", None)])
both("modify", NAMES, [(DEL, "member", "uid=alice,ou=people,SUFFIX")])
both("modify", NAMES, [(DEL, "member", "uid=alice,ou=people,SUFFIX"),
                       (ADD, "member", "uid=bob,ou=people,SUFFIX")])
both("modify", NAMES, [(ADD, "member", "not a dn")])
both("add", "cn=empty,ou=groups", [("objectClass", "groupOfNames"),
                                   ("cn", "empty")])
both("add", "cn=full,ou=groups", [
    ("objectClass", "groupOfNames"), ("cn", "full"),
    ("member", ["uid=alice,ou=people,SUFFIX", "cn=void,dc=nowhere"])],
    ("post", ["member"]))
both("add", "cn=unique,ou=groups", [
    ("objectClass", "groupOfUniqueNames"), ("cn", "unique"),
    ("uniqueMember", ["uid=alice,ou=people,SUFFIX"])])
both("modify", "cn=unique,ou=groups", [
    (ADD, "uniqueMember", "uid=bob,ou=people,SUFFIX#'0101'B")])
both("modify", PLAIN, [(REP, "gidNumber", "3001")],
     ("assert", "(member=uid=carol,ou=people,SUFFIX)"))
both("modify", PLAIN, [(REP, "gidNumber", "3002")],
     ("assert", "(member=uid=alice,ou=people,SUFFIX)"))

# access
for who in ("alice", "bob"):
    both("modify", ALICE, [(REP, "title", "mine")], who=who)
    both("modify", ALICE, [(REP, "sn", "mine")], who=who)
    both("modify", PLAIN, [(ADD, "memberUid", who)], who=who)
    both("modify", "cn=full,ou=groups", [
        (ADD, "member", "uid=%s,ou=people,SUFFIX" % who)], who=who)
    both("modify", "cn=full,ou=groups", [
        (DEL, "member", "uid=alice,ou=people,SUFFIX")], who=who)
    both("delete", "uid=carol,ou=people", who=who)
    both("rename", "uid=carol,ou=people", ("uid=c", None, 1), who=who)
    both("add", "cn=z,ou=people", [("objectClass", "device"), ("cn", "z")],
         who=who)
compare_contents("in the end")


# What only Roster has.
def same(got, want, what):
    if got != want:
        failures.append("%s: %r instead of %r" % (what, got, want))


def members(cn="ours"):
    found = conn.search_s("cn=%s,ou=groups,%s" % (cn, OURS), ldap.SCOPE_BASE,
                          attrlist=["memberUid", "member"])[0][1]
    return (sorted(v.decode() for v in found.get("memberUid", [])),
            sorted(v.decode().split(",")[0] for v in found.get("member", [])))


def change(*mods, cn="ours"):
    return run(conn, OURS, "modify", "cn=%s,ou=groups" % cn, mods, ())[0]


conn = connect(OURS)
run(conn, OURS, "add", "cn=ours,ou=groups", [
    ("objectClass", ["groupOfMembers", "posixGroup", "rosterGroup"]),
    ("cn", "ours"), ("gidNumber", "3100"), ("memberUid", ["alice", "ghost"]),
    ("member", ["uid=alice,ou=people,SUFFIX", "uid=bob,ou=people,SUFFIX",
                "cn=far,dc=away"])], ())
same(members(), (["alice", "bob", "ghost"],
                 ["cn=far", "uid=alice", "uid=bob"]), "union of an add")
same(change((DEL, "memberUid", "alice")), "ok", "a member goes")
same(members(), (["bob", "ghost"], ["cn=far", "uid=bob"]), "by either name")
same(change((DEL, "member", "uid=alice,ou=people,SUFFIX")),
     "NO_SUCH_ATTRIBUTE", "who is no member cannot go")
same(change((ADD, "member", "uid=bob,ou=people,SUFFIX")),
     "TYPE_OR_VALUE_EXISTS", "who is a member cannot come")
same(run(conn, OURS, "modify", "cn=ours,ou=groups",
         [(DEL, "memberUid", "nobody"), (ADD, "memberUid", "bob")],
         ("permissive",))[0], "ok", "permissive: what is so already is fine")
same(change((REP, "memberUid", ["carol"]),
            (REP, "member", ["uid=alice,ou=people,SUFFIX"])), "ok",
     "both replaced")
same(members(), (["alice", "carol"], ["uid=alice", "uid=carol"]),
     "both replaced: the union")
same(change((ADD, "memberUid", "later")), "ok", "somebody not there yet")
run(conn, OURS, "add", "uid=later,ou=people", PERSON, ())
same(members(), (["alice", "carol", "later"],
                 ["uid=alice", "uid=carol", "uid=later"]), "is there now")
run(conn, OURS, "rename", "uid=later,ou=people", ("uid=renamed", None, 1), ())
same(members(), (["alice", "carol", "renamed"],
                 ["uid=alice", "uid=carol", "uid=renamed"]), "renamed")
run(conn, OURS, "delete", "uid=renamed,ou=people", None, ())
same(members(), (["alice", "carol"], ["uid=alice", "uid=carol"]), "deleted")
same(change((ADD, "uniqueMember", "uid=bob,ou=people,SUFFIX")),
     "OBJECT_CLASS_VIOLATION", "uniqueMember is not for Roster's own groups")

# Each change has a CSN above the one before.
last = b""
for n in range(50):
    change((REP, "description", str(n)))
    csn = conn.search_s("cn=ours,ou=groups," + OURS, ldap.SCOPE_BASE,
                        attrlist=["entryCSN"])[0][1]["entryCSN"][0]
    if csn <= last:
        failures.append("CSN %r after %r" % (csn, last))
    last = csn

for failure in failures:
    print("FAIL:", failure)
sys.exit(1 if failures else 0)
