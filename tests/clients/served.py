# SPDX-License-Identifier: OLDAP-2.8
"""served.py - a Roster whose slapd has contrib/quickstart's configuration

What clients meet, and what the hostile run against, is what an administrator
gets: slapd.conf is printed by the script itself, never copied here.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "both"))
import ldap  # noqa: E402
from harness import TOP_SRC, Failure  # noqa: E402
from roster import (PEOPLE, ROOT_PASSWORD, SUFFIX, Roster,  # noqa: E402
                    group_dn, group_entry, person_dn, person_entry)

ADMIN = "cn=admin," + SUFFIX  # the rootdn
SUDOERS = "ou=sudoers," + SUFFIX

PRINT_CONF = """
. "$1/contrib/quickstart" || exit 1
state=$2
suffix=$3
user=
make_root_dse && slapd_conf
"""


class Served(Roster):
    def write_slapd_conf(self):
        """Lay out what the script's configuration names, and print it."""
        for place in ("etc/ldap", "usr/lib/ldap", "tls", "run"):
            os.makedirs(os.path.join(self.dir, place))
        for there, here in (
                (os.path.join(TOP_SRC, "schema"), "etc/ldap/schema"),
                (self.module, "usr/lib/ldap/roster.so"),
                (self.certs.ca, "tls/ca.pem"),
                (self.certs.cert, "tls/server.pem"),
                (self.certs.key, "tls/server.key")):
            os.symlink(os.path.abspath(there), os.path.join(self.dir, here))
        self.environment = os.path.join(self.dir, "data")
        with open(os.path.join(self.dir, "etc/rootpw"), "w") as out:
            out.write(ROOT_PASSWORD)
        done = subprocess.run(
            ["bash", "-c", PRINT_CONF, "bash", TOP_SRC, self.dir, SUFFIX],
            text=True, capture_output=True)
        if done.returncode or "database roster" not in done.stdout:
            raise Failure("quickstart printed no configuration: " +
                          done.stdout + done.stderr)
        with open(self.conf, "w") as out:
            out.write(self.changed(done.stdout))

    def changed(self, conf):
        """For a test that needs one thing otherwise."""
        return conf

    def root(self):
        link = self.connection(self.ldapi_url)
        link.simple_bind_s(ADMIN, ROOT_PASSWORD)
        return link

    def set_password(self, name, password):
        root = self.root()
        root.passwd_s(person_dn(name), None, password)
        root.unbind_s()

    def config(self):
        """cn=config as root of the machine sees it."""
        link = self.connection(self.ldapi_url)
        link.sasl_external_bind_s()
        return link

    def populate(self, password, people, groups=()):
        """The first administrator boss, then these people with that password
        and groups {name: member names}; everybody by the lawful way."""
        root = self.root()
        for name, more in people.items():
            root.add_s(person_dn(name), person_entry(
                name, userPassword=password, **more))
        for name, members in dict(groups).items():
            root.add_s(group_dn(name), group_entry(
                name, member=[person_dn(one) for one in members] or None))
        root.unbind_s()

    def add_sudoers(self, rules):
        root = self.root()
        root.add_s(SUDOERS, [("objectClass", [b"organizationalUnit"]),
                             ("ou", [b"sudoers"])])
        for name, attrs in rules.items():
            root.add_s("cn=%s,%s" % (name, SUDOERS), [
                ("objectClass", [b"top", b"sudoRole"]),
                ("cn", [name.encode()])] + [
                    (key, [one.encode() for one in values])
                    for key, values in attrs.items()])
        root.unbind_s()

    def end_slapd(self):
        """Its exit status.  With the sanitizers' runtime preloaded it hangs
        in other libraries' destructors once all is done."""
        status = self.slapd.stop()
        if status is None and os.environ.get("asan_lib") and \
                self.slapd.text().rstrip().endswith("slapd stopped."):
            status = 0
        return status

    def numbers(self):
        """{uid: uidNumber} of everybody."""
        return {name: entry["uidNumber"][0].decode()
                for name, entry in self.people("uidNumber").items()}


__all__ = ["ADMIN", "PEOPLE", "SUDOERS", "Served", "ldap"]
