# SPDX-License-Identifier: OLDAP-2.8
"""conformance.py - checks by area, and a directory for clients to ask

Each row of what clients send is one check with a name; an area is a client,
and the end says "area: N passed, N failed" for each.
"""
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), where)
                for where in (".", "../both")]
import ldap  # noqa: E402
from roster import (GROUPS, PASSWORD, PEOPLE, SERVICE,  # noqa: E402
                    SERVICE_PASSWORD, SUFFIX, group_dn, group_entry,
                    person_dn, person_entry)
from served import Served  # noqa: E402

KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAkQFx4lLDM6QUhPVl1ka3J5"
       "gIeOlZyjqrG4v8bN1Nvi alice")
EVERYBODY = 2001
RULES = {
    "defaults": {"sudoOption": ["env_reset"]},
    "restart": {"sudoUser": ["%devs"], "sudoHost": ["ALL"],
                "sudoCommand": ["/usr/bin/id"],
                "sudoOption": ["!authenticate"]},
    "alone": {"sudoUser": ["carol"], "sudoHost": ["elsewhere"],
              "sudoCommand": ["ALL"], "sudoNotAfter": ["20380101000000Z"]},
}


class Areas:
    """Claims of a story, counted by area."""

    def __init__(self, story):
        self.story = story
        self.counts = {}  # in order
        self.area = None

    def begin(self, area):
        self.area = area
        self.counts.setdefault(area, [0, 0])
        self.story.part(area)

    def claim(self, holds, sentence, seen=None):
        self.counts[self.area][0 if holds else 1] += 1
        return self.story.claim(holds, "%s: %s" % (self.area, sentence), seen)

    def same(self, seen, wanted, sentence):
        return self.claim(seen == wanted, sentence,
                          "%r instead of %r" % (seen, wanted))

    def end(self):
        for area, (passed, failed) in self.counts.items():
            print("# %s: %d passed, %d failed" % (area, passed, failed),
                  flush=True)


class Asker:
    """Searches of one identity, compared with the names that are wanted."""

    def __init__(self, areas, link):
        self.areas, self.link = areas, link

    def find(self, text, attrs=None, base=SUFFIX, scope=ldap.SCOPE_SUBTREE,
             controls=None):
        """{dn: attributes} that is answered, or the name of the error."""
        try:
            found = self.link.search_ext_s(base, scope, text, attrs,
                                           serverctrls=controls)
        except ldap.LDAPError as error:
            return type(error).__name__
        return {dn: entry for dn, entry in found if dn is not None}

    def row(self, name, text, wanted, attrs=None, shows=None, **more):
        """wanted: the first RDN values of what is found.  shows: attributes
        of the only entry, {name: text or texts}; None: it is not there."""
        found = self.find(text, attrs, **more)
        if isinstance(found, str):
            return self.areas.claim(False, name, found)
        names = sorted(dn.split(",")[0].split("=", 1)[-1] for dn in found)
        fits = names == sorted(wanted)
        entry = list(found.values())[0] if len(found) == 1 else {}
        for attribute, values in (shows or {}).items():
            seen = entry.get(attribute)
            if values is None:
                fits = fits and seen is None
            else:
                values = [values] if isinstance(values, str) else values
                fits = fits and seen is not None and sorted(
                    one.decode() for one in seen) == sorted(values)
        return self.areas.claim(fits, name, (names, entry))


def fill(roster, crowd=0, groups=0):
    """alice, bob and carol; devs (alice, bob) and ops (bob); dora waits for
    approval and sam is suspended; a crowd u0000..., groups g000..., each of
    three of them."""
    roster.add_service()
    people = {"alice": {"sshPublicKey": KEY, "givenName": "Alice",
                        "sn": "Liddell", "cn": "Alice Liddell",
                        "displayName": "Alice L.", "gecos": "Alice Liddell",
                        "description": "comment"},
              "bob": {}, "carol": {}, "boss": {},
              "sam": {}, "dora": {"rosterStatus": "pending"}}
    roster.populate(PASSWORD, people, {"devs": ["alice", "bob"],
                                       "ops": ["bob"]})
    root = roster.root()
    root.modify_s(group_dn("sysadmins"), [
        (ldap.MOD_ADD, "memberUid", [b"boss"])])
    root.modify_s(person_dn("sam"), [
        (ldap.MOD_REPLACE, "rosterStatus", [b"suspended"])])
    names = ["u%04d" % n for n in range(crowd)]
    for name in names:
        root.add_s(person_dn(name), person_entry(name))
    for n in range(groups):
        members = [person_dn(names[(n * 7 + k) % crowd]) for k in range(3)]
        root.add_s(group_dn("g%03d" % n),
                   group_entry("g%03d" % n, member=members))
    root.unbind_s()
    roster.add_sudoers(RULES)


def local(roster, dn=None, password=PASSWORD):
    """A connection over the local socket, of nobody without a dn."""
    link = roster.connection(roster.ldapi_url)
    if dn is not None:
        link.simple_bind_s(dn, password)
    return link


def service(roster):
    return local(roster, SERVICE, SERVICE_PASSWORD)


__all__ = ["EVERYBODY", "GROUPS", "KEY", "PEOPLE", "RULES", "Areas", "Asker",
           "Served", "fill", "local", "service"]
