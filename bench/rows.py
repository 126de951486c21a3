# SPDX-License-Identifier: OLDAP-2.8
"""rows.py - what is measured: a row for each kind of work

A row is one LDAP operation with placeholders for the columns of the keys
(data.write_keys): {0} uid, {1} uidNumber, {2} DN, {3} cn and {4} gidNumber of
the small group, {5} three characters that several names have.  What clients
send is taken from what nslcd 0.9.12 and sssd 2.8.2 do send.
"""
from dataclasses import dataclass, field

from data import (GROUP_SIZE, GROUPS, HUGE, PASSWORD, PEOPLE, SUFFIX,
                  groups_of)

NSLCD_PASSWD = "uidNumber,cn,gecos,uid,objectClass,homeDirectory," \
    "gidNumber,loginShell"
NSLCD_GROUP = "member,cn,memberUid,gidNumber"
SSSD_GROUP = "(cn=*)(&(gidNumber=*)(!(gidNumber=0)))"
POSIX_GROUP = "(objectClass=posixGroup)"
ANYWHERE = "(|(uid=*%s*)(cn=*%s*)(mail=*%s*)(sn=*%s*))"
HUGE_NUMBER = "(&(objectClass=posixGroup)(gidNumber=2001))"


@dataclass
class Row:
    name: str
    title: str
    words: list                   # of bench/client
    ldclt: tuple = None           # filter, scope, attributes
    primary: str = "hide"         # Roster's primary-members
    target: str = ""              # what is to be reached, in words
    limit: tuple = None           # ("ceiling", 1.1), ("us", 2000)...
    servers: tuple = ()           # only these; empty: all
    threads: int = 4
    page: int = 0
    expect: int = 0
    operations: int = 0           # at most so many
    keys: str = "keys"
    in_order: bool = False
    root: bool = False            # as the rootdn
    same: bool = True             # answers are compared before
    group: str = "search"
    settings: dict = field(default_factory=dict)


def search(filter_, attributes, base=SUFFIX, scope="sub"):
    return ["search", base, scope, filter_, attributes]


LIMIT_NEAR = ("ceiling", 1.1)
NEAR = "<= 1.1 x ceiling"

HOT = [
    Row("getpwnam", "getpwnam, nslcd's attributes",
        search("(&(objectClass=posixAccount)(uid={0}))", NSLCD_PASSWD),
        ldclt=("(&(objectClass=posixAccount)(uid=uXXXXXXX))", "uid",
               NSLCD_PASSWD),
        target=NEAR, limit=LIMIT_NEAR),
    Row("initgroups", "initgroups (memberUid=x), cn gidNumber",
        search("(&(objectClass=posixGroup)(memberUid={0}))", "cn,gidNumber"),
        ldclt=("(&(objectClass=posixGroup)(memberUid=uXXXXXXX))", "uid",
               "cn,gidNumber"),
        target="<= 1.25 x ceiling", limit=("ceiling", 1.25)),
    Row("getgrgid-huge", "ldapusers by gid, no members asked",
        search(HUGE_NUMBER, "cn,gidNumber"),
        ldclt=(HUGE_NUMBER, None, "cn,gidNumber"),
        target=NEAR, limit=LIMIT_NEAR),
    Row("whole-list", "the whole list of ldapusers, memberUid (list)",
        search(HUGE_NUMBER, "cn,memberUid"),
        ldclt=(HUGE_NUMBER, None, "cn,memberUid"), primary="list",
        target="<= 2 ms per 100,000", limit=("us-per-person", 0.02)),
]

MORE = [
    Row("getpwuid", "getpwuid, nslcd's attributes",
        search("(&(objectClass=posixAccount)(uidNumber={1}))", NSLCD_PASSWD),
        ldclt=("(&(objectClass=posixAccount)(uidNumber=XXXXX))", "number",
               NSLCD_PASSWD)),
    Row("initgroups-nslcd", "initgroups, nslcd's OR of memberUid and member",
        search("(&(objectClass=posixGroup)(|(memberUid={0})(member={2})))",
               "cn,gidNumber")),
    Row("initgroups-sssd", "initgroups, sssd rfc2307",
        search("(&(memberUid={0})" + POSIX_GROUP + SSSD_GROUP + ")",
               "objectClass,cn,gidNumber,modifyTimestamp")),
    Row("initgroups-sssd-bis", "initgroups, sssd rfc2307bis",
        search("(&(member={2})" + POSIX_GROUP + "(cn=*))",
               "objectClass,cn,gidNumber,modifyTimestamp")),
    Row("getgrnam", "a group of 20 by name, no members asked",
        search("(&(objectClass=posixGroup)(cn={3}))", "cn,gidNumber"),
        ldclt=("(&(objectClass=posixGroup)(cn=gXXXX))", "group",
               "cn,gidNumber")),
    Row("getgrnam-members", "a group of 20 by name, with members",
        search("(&(objectClass=posixGroup)(cn={3}))", NSLCD_GROUP),
        ldclt=("(&(objectClass=posixGroup)(cn=gXXXX))", "group",
               NSLCD_GROUP)),
    Row("getgrgid", "a group of 20 by gid, no members asked",
        search("(&(objectClass=posixGroup)(gidNumber={4}))", "cn,gidNumber")),
    Row("getgrgid-members", "a group of 20 by gid, with members",
        search("(&(objectClass=posixGroup)(gidNumber={4}))", NSLCD_GROUP)),
    Row("getgrnam-huge", "ldapusers by name, no members asked",
        search("(&(objectClass=posixGroup)(cn=ldapusers))", "cn,gidNumber")),
    Row("getgrgid-huge-members", "ldapusers by gid, with members (hide)",
        search(HUGE_NUMBER, NSLCD_GROUP), servers=("roster", "plain")),
    Row("getgrgid-huge-listed",
        "ldapusers by gid, with memberUid and member (list)",
        search(HUGE_NUMBER, NSLCD_GROUP), primary="list"),
    Row("enumerate", "all people, pages of 1000 (operation: the whole)",
        search("(objectClass=posixAccount)", NSLCD_PASSWD), page=1000,
        threads=1, operations=1,
        servers=("mdb", "multival", "389", "roster", "plain")),
    Row("getgrnam-huge-listed",
        "ldapusers by name, with memberUid and member (list)",
        search("(&(objectClass=posixGroup)(cn=ldapusers))", NSLCD_GROUP),
        primary="list"),
    Row("substring", "a whole uid anywhere in uid, cn, mail or sn",
        search(ANYWHERE % (("{0}",) * 4), "uid,cn,mail"),
        servers=("mdb", "multival", "389", "roster", "plain")),
    Row("substring-3",
        "three characters anywhere in uid, cn, mail or sn, as a page asks",
        search(ANYWHERE % (("{5}",) * 4), "uid,cn,mail"),
        servers=("mdb", "multival", "389", "roster", "plain")),
    Row("compare", "compare memberUid of ldapusers",
        ["compare", HUGE, "memberUid", "{0}"], expect=6),
]

WRITERS = ("mdb", "multival", "389", "roster", "plain")

# In this order: what the first takes away the second brings back.
WRITES = [
    Row("remove-member", "remove one member of ldapusers, durable",
        ["modify", HUGE, "delete", "memberUid", "{0}"]),
    Row("add-member", "add one member to ldapusers, durable",
        ["modify", HUGE, "add", "memberUid", "{0}"],
        target="<= 1.5 x bare commit", limit=("commit", 1.5)),
    Row("add-person", "add a person",
        ["add", "{2}", "objectClass=inetOrgPerson",
         "objectClass=posixAccount", "objectClass=shadowAccount", "uid={0}",
         "cn=New {0}", "sn={0}", "givenName=New", "mail={0}@example.org",
         "uidNumber={1}", "gidNumber=2001", "homeDirectory=/home/{0}",
         "loginShell=/bin/bash"], keys="new"),
    Row("modify-person", "change an attribute of a person",
        ["modify", "{2}", "replace", "description", "number {i}"]),
    Row("delete-person", "delete a person", ["delete", "{2}"], keys="new"),
]
for one in WRITES:
    one.servers, one.group, one.root = WRITERS, "write", True
    one.in_order, one.threads, one.same = True, 1, False

MIXED = Row("mixed", "95 getpwnam to 5 changes of a person",
            ["mixed", "5"] +
            search("(&(objectClass=posixAccount)(uid={0}))", NSLCD_PASSWD) +
            ["modify", "{2}", "replace", "description", "number {i}"],
            servers=WRITERS, root=True, group="mixed", same=False)

BINDS = [
    Row("bind-password", "bind with a password, argon2id 19 MiB (389: SSHA)",
        ["bind", "{2}", PASSWORD]),
    Row("bind-cached", "the same again within verified-cache",
        ["bind", "uid=u0000001," + PEOPLE, PASSWORD], servers=("roster",),
        settings={"verified-cache": "10m"}),
    Row("bind-token", "bind with an API token of scope ldap",
        ["bind", "uid=u0000001," + PEOPLE, "{token}"], servers=("roster",)),
]
for one in BINDS:
    one.group, one.same = "bind", False
    one.servers = one.servers or WRITERS  # the ceiling's are free

ROWS = HOT + MORE + WRITES + [MIXED] + BINDS


def range_of(kind, people):
    """ldclt's -r and -R for a column."""
    last = groups_of(people) * GROUP_SIZE
    if kind == "uid":
        return 1, last
    if kind == "number":
        return 10000, 10000 + last - 1
    return 0, groups_of(people) - 1


__all__ = ["BINDS", "GROUPS", "HOT", "MIXED", "MORE", "ROWS", "Row",
           "WRITES", "range_of", "search"]
