# SPDX-License-Identifier: OLDAP-2.8
"""data.py - the directory that every server of a run is given

N people, all of them in ldapusers (their primary group), and groups of 20: one
for every 50 people, at most 2,000, so that the people who are asked for are in
exactly two groups however large the directory is.  Numbers are lawful: 10000 to
59999, 65536 to 524287, then a third range that cn=settings names.
"""
import os

SUFFIX = "dc=example,dc=org"
PEOPLE = "ou=people," + SUFFIX
GROUPS = "ou=groups," + SUFFIX
SERVICE = "cn=bench,ou=services," + SUFFIX
ROOT = "cn=admin," + SUFFIX
ROOT_PASSWORD = "the-root-of-the-bench"
SERVICE_PASSWORD = "Correct-horse-77-battery"
PASSWORD = "Correct-horse-77-battery"
HUGE = "cn=ldapusers," + GROUPS
GROUP_SIZE = 20
GROUPS_MAX = 2000
PEOPLE_A_GROUP = 50
USERS = 2001  # gidNumber of ldapusers
# what is written during a run gets numbers from the end of the third range
THIRD_FIRST, THIRD_LAST = 600000, 4000000
NEW_NUMBERS = 2000000

PERSON = """dn: uid=%(uid)s,ou=people,dc=example,dc=org
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: shadowAccount
objectClass: ldapPublicKey
objectClass: rosterAccount
uid: %(uid)s
cn: Given%(n)d Family%(n)d
sn: Family%(n)d
givenName: Given%(n)d
displayName: Given%(n)d Family%(n)d
mail: %(uid)s@example.org
uidNumber: %(number)d
gidNumber: %(group)d
homeDirectory: /home/%(uid)s
loginShell: /bin/bash
gecos: Given%(n)d Family%(n)d
sshPublicKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%(n)042d %(uid)s
userPassword: %(password)s
rosterStatus: active

"""

HEAD = """dn: dc=example,dc=org
objectClass: top
objectClass: organization
objectClass: dcObject
dc: example
o: Example

"""
UNIT = """dn: ou=%s,dc=example,dc=org
objectClass: top
objectClass: organizationalUnit
ou: %s

"""
TAIL = """dn: cn=settings,dc=example,dc=org
objectClass: top
objectClass: rosterSetting
cn: settings
rosterValue: registration=open
rosterValue: verify-mail=off
rosterValue: registration-limit=0
rosterValue: pending-max=0
rosterValue: request-limit-address=0
rosterValue: request-limit-user=0
rosterValue: third-range=%d-%d

dn: cn=bench,ou=services,dc=example,dc=org
objectClass: top
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: bench
userPassword: %s

"""
GROUP = """dn: cn=%(cn)s,ou=groups,dc=example,dc=org
objectClass: top
objectClass: groupOfMembers
objectClass: posixGroup
objectClass: rosterGroup
cn: %(cn)s
gidNumber: %(number)d
"""


def uid(n):
    return "u%07d" % n


def dn(n):
    return "uid=%s,%s" % (uid(n), PEOPLE)


def number(n):
    """The uidNumber of person n, from 1."""
    for first, last in ((10000, 59999), (65536, 524287),
                        (THIRD_FIRST, THIRD_LAST)):
        if n <= last - first + 1:
            return first + n - 1
        n -= last - first + 1
    raise ValueError("no lawful number is left")


def new_number(n):
    """Of somebody who is added during the run."""
    return NEW_NUMBERS + n


def groups_of(people):
    return min(GROUPS_MAX, people // PEOPLE_A_GROUP)


def group_of(n):
    """The small group of person n; None where there is none."""
    return (n - 1) // GROUP_SIZE


def group_cn(g):
    return "g%04d" % g


def group_number(g):
    return 3000 + g


def write_group(out, cn, gid, members):
    out.write(GROUP % {"cn": cn, "number": gid})
    for n in members:
        out.write("memberUid: %s\n" % uid(n))
    for n in members:
        out.write("member: %s\n" % dn(n))
    out.write("\n")


def write_ldif(path, people, password, service_password, users=None):
    """So many of the people are users, in ldapusers: all, unless told.  The
    others' primary group is the first small one."""
    users = people if users is None else users
    with open(path, "w") as out:
        out.write(HEAD)
        for name in ("people", "groups", "invitations", "policies",
                     "tombstones", "services", "tokens", "hosts"):
            out.write(UNIT % (name, name))
        out.write(TAIL % (THIRD_FIRST, THIRD_LAST, service_password))
        for n in range(1, people + 1):
            out.write(PERSON % {"uid": uid(n), "n": n, "number": number(n),
                                "group": USERS if n <= users else
                                group_number(0), "password": password})
        for g in range(groups_of(people)):
            write_group(out, group_cn(g), group_number(g), range(
                g * GROUP_SIZE + 1, g * GROUP_SIZE + GROUP_SIZE + 1))
        out.write(GROUP % {"cn": "sysadmins", "number": 2000} +
                  "rosterAdministrator: TRUE\nmemberUid: %s\nmember: %s\n\n" %
                  (uid(people), dn(people)))
        write_group(out, "ldapusers", USERS, range(1, users + 1))


# What another server has no schema for.
FOREIGN = ("objectClass: roster", "objectClass: ldapPublicKey",
           "sshPublicKey: ", "rosterStatus: ", "rosterAdministrator: ",
           "rosterValue: ")


def write_foreign_ldif(path, source, password):
    """For 389-ds: the same without Roster's classes, and every password by a
    scheme that it knows."""
    with open(source) as lines, open(path, "w") as out:
        entry = []
        for line in lines:
            if line.startswith("userPassword: "):
                line = "userPassword: %s\n" % password
            if not line.startswith(FOREIGN):
                entry.append(line)
            if line == "\n":
                if not entry[0].startswith("dn: cn=settings,"):
                    out.writelines(entry)
                entry = []


def part(n):
    """No zero leads: u0000001 has three of them, and so has nearly every
    other name."""
    return str(100 + n % 900)


def write_keys(path, people):
    """uid, uidNumber, DN, cn and gidNumber of the small group, three digits
    that some people's names have: a line for each of those who are in two
    groups."""
    with open(path, "w") as out:
        for n in range(1, groups_of(people) * GROUP_SIZE + 1):
            g = group_of(n)
            out.write("\t".join((uid(n), str(number(n)), dn(n), group_cn(g),
                                 str(group_number(g)), part(n))) + "\n")


def write_new_keys(path, begin, count):
    """People who are yet to be added: uid, uidNumber, DN."""
    with open(path, "w") as out:
        for n in range(begin, begin + count):
            name = "n%07d" % n
            out.write("\t".join((name, str(new_number(n)), "uid=%s,%s" % (
                name, PEOPLE))) + "\n")


def size_of(path):
    """Bytes on disk of a file or a directory."""
    if os.path.isfile(path):
        return os.stat(path).st_blocks * 512
    return sum(os.stat(os.path.join(where, name)).st_blocks * 512
               for where, _, names in os.walk(path) for name in names)
