# SPDX-License-Identifier: OLDAP-2.8
"""world.py - who is in the directory that sessions are recorded and sent to

The recorded sessions name these people, so what they ask is there.
"""
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), where)
                for where in ("../clients", "../both")]
import ldap  # noqa: E402
from roster import (PASSWORD, SERVICE, SERVICE_PASSWORD,  # noqa: E402
                    group_dn, group_entry, person_dn, person_entry)
from served import SUDOERS  # noqa: E402

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEIDxYdJCsyOUBHTlVcY2pxeH+GjZSboqmwt77FzNPa alice"
DEVS = group_dn("devs")


def entries():
    """[(dn, modlist)], parents first."""
    found = [(SERVICE, [
        ("objectClass", [b"organizationalRole", b"simpleSecurityObject"]),
        ("cn", [b"web"]), ("userPassword", [SERVICE_PASSWORD.encode()])])]
    for name, more in (("alice", {"sshPublicKey": [KEY.decode()],
                                  "shadowMin": "0", "shadowMax": "9999"}),
                       ("bob", {}), ("eve", {"description": "of no group"})):
        found.append((person_dn(name), person_entry(
            name, userPassword=PASSWORD, **more)))
    found.append((DEVS, group_entry("devs", member=[person_dn("alice"),
                                                    person_dn("bob")])))
    found.append((SUDOERS, [("objectClass", [b"organizationalUnit"]),
                            ("ou", [b"sudoers"])]))
    found.append(("cn=restart," + SUDOERS, [
        ("objectClass", [b"top", b"sudoRole"]), ("cn", [b"restart"]),
        ("sudoUser", [b"alice", b"%devs"]), ("sudoHost", [b"ALL"]),
        ("sudoCommand", [b"/usr/bin/true"]),
        ("sudoOption", [b"!authenticate"])]))
    return found


def fill(roster):
    """Add who is missing; what is there stays as it is."""
    root = roster.root()
    for dn, modlist in entries():
        try:
            root.add_s(dn, modlist)
        except (ldap.ALREADY_EXISTS, ldap.CONSTRAINT_VIOLATION):
            pass  # the dead keep their names for a while
    root.unbind_s()
