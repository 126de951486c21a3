# SPDX-License-Identifier: OLDAP-2.8
"""page.py - doc/replication.md as two servers

The page's blocks, by the comments before them, and servers that have its names
and the usual ports in a network of their own.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "both"))
from harness import (Certificates, Daemon, Failure,  # noqa: E402
                     wait_until)
from topology import MODULE, SUFFIX, TOP_BUILD, TOP_SRC, fold  # noqa: E402

ADMIN_PASSWORD = "the-root-of-the-test"
SECRET = "h2NoYx8Qe5Zr7uTc1Wb4Kd9Vg6Mj3Pf0"
ADDRESSES = {"one": "127.0.0.2", "two": "127.0.0.3"}
HERE_S = 120
PAGE = os.path.join(TOP_SRC, "doc", "replication.md")

CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include %(schema)s/rfc2307bis.schema
include %(schema)s/openssh-lpk.schema
include %(schema)s/roster.schema
modulepath /usr/lib/ldap
moduleload %(module)s
pidfile %(dir)s/slapd.pid
TLSCACertificateFile %(top)s/ca.pem
TLSCertificateFile %(top)s/server.pem
TLSCertificateKeyFile %(top)s/server.key
security simple_bind=128 update_ssf=128
%(global)s

database frontend
access to dn.base="" by * read

database config

database roster
suffix "%(suffix)s"
directory %(dir)s/data
rootdn "cn=admin,%(suffix)s"
rootpw %(password)s
%(database)s
overlay lifecycle
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


def examples():
    """{name: text} of the page's blocks."""
    with open(PAGE) as source:
        text = source.read()
    found = {}
    for name, block in re.findall(
            r"<!-- example: ([a-z-]+) -->\n\n((?:    .*\n|\n)+)", text):
        found[name] = re.sub(r"(?m)^    ", "", block).strip() + "\n"
    return found


class World:
    def __init__(self, top):
        self.top = top
        self.examples = examples()
        self.used = set()
        self.daemons = {}
        self.names()
        self.certs = Certificates(top, 30, "".join(
            'dns_name = "%s.example.org"\n' % name for name in ADDRESSES))

    def take(self, name, **other):
        self.used.add(name)
        text = self.examples[name].replace("/etc/roster", self.top)
        for old, new in other.items():
            text = text.replace(old, new)
        return text

    def names(self):
        """one.example.org and two.example.org are on this machine."""
        path = os.path.join(self.top, "hosts")
        open(path, "w").close()
        subprocess.run(["mount", "--bind", path, "/etc/hosts"], check=True)
        self.lead()

    @staticmethod
    def lead(**elsewhere):
        """Those names lead to other addresses from now on."""
        with open("/etc/hosts", "w") as out:
            out.write("127.0.0.1 localhost\n")
            for name, address in dict(ADDRESSES, **elsewhere).items():
                out.write("%s %s.example.org\n" % (address, name))

    def provide(self):
        """Server one is the provider; two has nothing yet."""
        for name in ADDRESSES:
            os.makedirs(self.place(name) + "/data", 0o2770)
        self.configure("one", self.take("one-global"),
                       self.take("one-database"))
        self.shell("rosterctl init --suffix " + SUFFIX, self.place("one"))
        self.start("one")

    def place(self, name):
        return os.path.join(self.top, name)

    def configure(self, name, glob, database):
        with open(self.place(name) + ".conf", "w") as out:
            out.write(CONF % {
                "schema": TOP_SRC + "/schema", "module": MODULE,
                "dir": self.place(name), "top": self.top, "suffix": SUFFIX,
                "password": ADMIN_PASSWORD, "global": glob,
                "database": database})

    def start(self, name):
        daemon = self.daemons.setdefault(name, Daemon(
            name, self.place(name) + ".log"))
        daemon.start(["slapd", "-f", self.place(name) + ".conf", "-d",
                      "none", "-h", "ldap://%s.example.org" % name])
        wait_until(lambda: self.alive(name) and self.search(name)[0] == 0,
                   HERE_S, name + " to answer", 0.1)

    def alive(self, name):
        if not self.daemons[name].alive():
            raise Failure(name + " did not start")
        return True

    def search(self, name):
        return self.shell("ldapsearch -x -LLL -H ldap://%s.example.org "
                          '-s base -b "" altServer' % name)

    def shell(self, text, place=None, **more):
        """(exit status, output) of a block."""
        environment = dict(
            os.environ, LDAPTLS_CACERT=self.top + "/ca.pem",
            PASSWORD=ADMIN_PASSWORD, SECRET=SECRET,
            ROSTER_STATE=(place or self.top) + "/data",
            PATH=TOP_BUILD + ":" + os.environ["PATH"])
        done = subprocess.run(["sh", "-e", "-c", text], text=True,
                              stdout=subprocess.PIPE, env=environment,
                              stderr=subprocess.STDOUT, timeout=120, **more)
        return done.returncode, done.stdout

    def holds(self, name):
        done = subprocess.run(
            ["slapd", "-Tcat", "-f", self.place(name) + ".conf", "-b",
             SUFFIX, "-o", "ldif-wrap=no"], text=True, capture_output=True)
        return fold(done.stdout, ("contextCSN",))
