# SPDX-License-Identifier: OLDAP-2.8
"""roster.py - a whole Roster in a directory: slapd, rosterd, their client ends

Made as an administrator would make it: rosterctl init, a slapd.conf with the
module of the build tree, TLS from a CA of its own, access rules, a service
account for containers, a rosterd.conf with HTTPS and mail.
"""
import os
import subprocess
import time

import ldap
import requests

from harness import (TOP_BUILD, TOP_SRC, Certificates, Daemon, Failure,
                     free_port, sanitizer_environment, skip, wait_until)
from session import Web

SUFFIX = "dc=example,dc=org"
OTHER = "dc=other,dc=example"  # a second database, back_mdb's
PEOPLE = "ou=people," + SUFFIX
GROUPS = "ou=groups," + SUFFIX
SERVICE = "cn=web,ou=services," + SUFFIX
SERVICE_PASSWORD = "service-account-of-web"
ROOT = "cn=root," + SUFFIX
ROOT_PASSWORD = "the-root-of-the-test"
PASSWORD = "Correct-horse-77-battery"  # of everybody who has no other

SCHEMA_DEBIAN = ("core", "cosine", "inetorgperson")
SCHEMA_OURS = ("rfc2307bis", "openssh-lpk", "ldapns", "roster")

SLAPD_CONF = """
%(schema)s
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
moduleload %(module)s
pidfile %(dir)s/slapd.pid
threads 8
TLSCACertificateFile %(ca)s
TLSCertificateFile %(cert)s
TLSCertificateKeyFile %(key)s
%(suite)s
localSSF 128
security simple_bind=128 update_ssf=128
sizelimit 1000

database frontend
access to dn.base="" by * read
access to dn.base="cn=Subschema" by * read

database config
rootpw %(root_password)s
access to *
	by dn.subtree="%(people)s" read
	by * none

database roster
suffix "%(suffix)s"
directory %(environment)s
rootdn "%(root)s"
rootpw %(root_password)s
overlay syncprov
overlay lifecycle
%(access)s

database mdb
suffix "%(other)s"
directory %(dir)s/other
rootdn "cn=root,%(other)s"
rootpw %(root_password)s
access to * by dn.subtree="%(people)s" read by anonymous auth by * none
"""

# Those that contrib/quickstart gives.
ACCESS = """
limits %(services)s size.soft=1000 size.hard=100000 size.pr=1000 size.prtotal=unlimited time=60
limits %(hosts)s size.soft=1000 size.hard=100000 size.pr=1000 size.prtotal=unlimited time=60
access to dn.subtree="%(suffix)s" attrs=userPassword
	by %(admins)s =w
	by self =w
	by anonymous auth
	by * none
access to dn.subtree="%(people)s" filter="(rosterStatus=pending)"
	by %(admins)s write
	by self read
	by * none
access to dn.subtree="%(people)s" attrs=rosterReason,rosterRegisteredFrom
	by %(admins)s write
	by self read
	by * none
access to dn.subtree="%(people)s" attrs=shadowLastChange,sshPublicKey
	by %(admins)s write
	by self write
	by %(services)s read
	by %(hosts)s read
	by * none
access to dn.subtree="%(people)s"
	by %(admins)s write
	by self read
	by %(services)s read
	by %(hosts)s read
	by * none
access to dn.subtree="%(groups)s"
	by %(admins)s write
	by %(services)s read
	by %(hosts)s read
	by * none
access to dn.base="%(suffix)s"
	by %(admins)s write
	by users read
	by * none
access to dn.subtree="cn=audit,%(suffix)s"
	by %(admins)s read
	by * none
access to dn.subtree="%(suffix)s"
	by %(admins)s write
	by * none
""" % {
    "suffix": SUFFIX, "people": PEOPLE, "groups": GROUPS,
    "services": 'dn.children="ou=services,%s"' % SUFFIX,
    "hosts": 'dn.children="ou=hosts,%s"' % SUFFIX,
    "admins": 'group/groupOfMembers/member.exact="cn=sysadmins,%s"' % GROUPS}

ROSTERD_CONF = """
[server]
state = %(environment)s
listen = 127.0.0.1:%(port)d
public_url = %(url)s
tls_certificate = %(cert)s
tls_key = %(key)s

[mail]
smtp_url = smtp://127.0.0.1:%(smtp)d
from = Roster <roster@example.org>
starttls = off

[data]
templates = %(source)s/httpd/templates
static = %(source)s/httpd/static
locale = %(source)s/httpd/locale
"""


def person_dn(name):
    return "uid=%s,%s" % (name, PEOPLE)


def cipher_suite():
    """The line that contrib/quickstart gives."""
    with open(os.path.join(TOP_SRC, "contrib/slapd.conf.in")) as conf:
        return next(line.rstrip() for line in conf
                    if line.startswith("TLSCipherSuite "))


def group_dn(name):
    return "cn=%s,%s" % (name, GROUPS)


def has(link, dn, attribute, value):
    """A compare; an attribute that is not there at all has no value."""
    try:
        return link.compare_s(dn, attribute, value.encode())
    except ldap.NO_SUCH_ATTRIBUTE:
        return False


def values(text):
    return [text.encode()] if isinstance(text, str) else [
        one.encode() for one in text]


def person_entry(name, **more):
    """A modlist for add_s() of a person; None drops an attribute."""
    attrs = {
        "objectClass": ["top", "person", "organizationalPerson",
                        "inetOrgPerson", "posixAccount", "shadowAccount",
                        "ldapPublicKey", "rosterAccount"],
        "uid": name, "cn": "Given " + name, "sn": name, "givenName": "Given",
        "mail": name + "@example.org", "homeDirectory": "/home/" + name,
    }
    attrs.update(more)
    return [(key, values(value)) for key, value in attrs.items()
            if value is not None]


def group_entry(name, **more):
    attrs = {"objectClass": ["top", "groupOfMembers", "posixGroup",
                             "rosterGroup"], "cn": name}
    attrs.update(more)
    return [(key, values(value)) for key, value in attrs.items()
            if value is not None]


class Api:
    """One HTTP client: a browser's session or none."""
    def __init__(self, url, ca):
        self.password = PASSWORD
        self.username = self.secret = None  # what it signed in with
        self.url = url
        self.session = Web()
        self.session.verify = ca
        self.csrf = None

    def call(self, method, path, body=None, data=None, headers=None,
             seconds=30):
        """(status, decoded body).  path without /api/v1 unless it is /..."""
        sent, given = body, headers
        headers = dict(headers or {})
        if self.csrf and method not in ("GET", "HEAD"):
            headers.setdefault("X-CSRF-Token", self.csrf)
        headers.setdefault("Origin", self.url)
        url = self.url + ("/api/v1/" + path if path[:1] != "/" else path)
        answer = self.session.request(
            method, url, json=body, data=data, headers=headers,
            timeout=seconds, allow_redirects=False)
        try:
            body = answer.json()
        except ValueError:
            return answer.status_code, answer.text
        if (answer.status_code == 403 and self.secret and
                body.get("code") == "reauthentication_required"):
            status, proof = self.call("POST", "session/reauthenticate",
                                      {"password": self.secret})
            if status == 200:
                self.csrf = proof["csrf"]
                return self.call(method, path, body=sent, data=data,
                                 headers=given, seconds=seconds)
        return answer.status_code, body

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, **body):
        return self.call("POST", path, body)

    def sign_in(self, username, password):
        status, body = self.post("session", username=username,
                                 password=password)
        if status == 201:
            self.csrf = body["csrf"]
            self.username, self.secret = username, password
        return status, body


def code_of(answer):
    """(status, the problem's code) of what Api.call() gave."""
    status, body = answer
    return status, body.get("code") if isinstance(body, dict) else None


class Roster:
    ANSWER_S = 20  # how long a daemon may take to answer after its start

    def __init__(self, directory, smtp_port=1, name="roster"):
        self.dir = os.path.join(directory, name)
        self.environment = os.path.join(self.dir, "environment")
        self.conf = os.path.join(self.dir, "slapd.conf")
        self.smtp_port = smtp_port
        self.module = os.path.join(TOP_BUILD, ".libs", "roster.so")
        if not os.path.exists(self.module):
            skip("built without the slapd module")
        os.makedirs(os.path.join(self.dir, "other"))
        self.certs = Certificates(self.dir)
        self.ldap_port = free_port()
        self.http_port = free_port()
        self.ldap_url = "ldap://127.0.0.1:%d" % self.ldap_port
        self.ldapi_url = "ldapi://" + (self.dir + "/ldapi").replace("/", "%2F")
        self.http_url = "https://127.0.0.1:%d" % self.http_port
        self.slapd = Daemon(name + "'s slapd", self.dir + "/slapd.log")
        self.rosterd = Daemon(name + "'s rosterd", self.dir + "/rosterd.log")
        self.write_slapd_conf()
        self.rosterd_conf = self.write_rosterd_conf(self.http_port)

    def write_slapd_conf(self):
        schema = ["include /etc/ldap/schema/%s.schema" % name
                  for name in SCHEMA_DEBIAN]
        schema += ["include %s/schema/%s.schema" % (TOP_SRC, name)
                   for name in SCHEMA_OURS]
        with open(self.conf, "w") as out:
            out.write(SLAPD_CONF % {
                "suffix": SUFFIX, "people": PEOPLE, "other": OTHER,
                "schema": "\n".join(schema), "module": self.module,
                "dir": self.dir, "environment": self.environment,
                "ca": self.certs.ca, "cert": self.certs.cert,
                "key": self.certs.key, "suite": cipher_suite(), "root": ROOT,
                "root_password": ROOT_PASSWORD, "access": ACCESS})

    def write_rosterd_conf(self, port):
        path = os.path.join(self.dir, "rosterd-%d.conf" % port)
        with open(path, "w") as out:
            out.write(ROSTERD_CONF % {
                "environment": self.environment, "port": port,
                "url": "https://127.0.0.1:%d" % port, "cert": self.certs.cert,
                "key": self.certs.key, "smtp": self.smtp_port,
                "source": TOP_SRC})
        return path

    # Programs

    def rosterctl(self, *arguments, stdin=None):
        """(exit status, output)."""
        done = subprocess.run(
            [os.path.join(TOP_BUILD, "rosterctl"), *arguments],
            input=stdin, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=120)
        return done.returncode, done.stdout

    def tool(self, name, *arguments, stdin=""):
        """slapcat, slapadd, slapschema...: (exit status, stdout, stderr)."""
        done = subprocess.run(
            ["slapd", "-T" + name[4:], "-f", self.conf, "-b", SUFFIX,
             *arguments], input=stdin, text=True, capture_output=True,
            timeout=300, env=dict(os.environ, **self.slapd_environment()))
        return done.returncode, done.stdout, done.stderr

    def init(self):
        status, output = self.rosterctl(
            "init", "--directory", self.environment, "--suffix", SUFFIX)
        if status:
            raise Failure("rosterctl init: " + output)

    def check(self):
        """rosterctl check: (exit status, output)."""
        return self.rosterctl("check", "--directory", self.environment)

    def bootstrap_link(self):
        status, output = self.rosterctl(
            "bootstrap-admin", "--directory", self.environment,
            "--public-url", self.http_url)
        if status:
            raise Failure("rosterctl bootstrap-admin: " + output)
        for word in output.split():
            if "/bootstrap/" in word:
                return word
        raise Failure("no link in what bootstrap-admin said: " + output)

    def start_slapd(self, wait=True):
        self.slapd.start(
            ["slapd", "-f", self.conf, "-d", "256",
             "-h", "%s %s" % (self.ldap_url, self.ldapi_url)],
            env=dict(os.environ, **self.slapd_environment()))
        if wait:
            self.wait_for_slapd()

    @staticmethod
    def slapd_environment():
        return sanitizer_environment()

    def start_rosterd(self, wait=True):
        self.rosterd.start(
            [os.path.join(TOP_BUILD, "rosterd"), "--config",
             self.rosterd_conf])
        if wait:
            self.wait_for_rosterd()

    def start_rosterd_later(self, seconds):
        """A second rosterd on the same environment whose clock is seconds
        ahead; (its Daemon, an Api for it)."""
        return self.start_another_rosterd(LD_PRELOAD=" ".join(
            filter(None, [os.environ.get("asan_lib"), faketime_library()])),
            FAKETIME="+%ds" % seconds, FAKETIME_DONT_FAKE_MONOTONIC="1",
            DONT_FAKE_MONOTONIC="1")

    def start_another_rosterd(self, **variables):
        """A second rosterd on the same environment; (its Daemon, an Api)."""
        port = free_port()
        conf = self.write_rosterd_conf(port)
        daemon = Daemon("another rosterd", self.dir + "/rosterd-2.log")
        daemon.start([os.path.join(TOP_BUILD, "rosterd"), "--config", conf],
                     env=dict(os.environ, **variables))
        api = Api("https://127.0.0.1:%d" % port, self.certs.ca)
        wait_until(lambda: self._answers(api, daemon), self.ANSWER_S,
                   "another rosterd")
        return daemon, api

    def start(self):
        self.start_slapd(wait=False)
        self.start_rosterd(wait=False)
        self.wait_for_slapd()
        self.wait_for_rosterd()

    def wait_for_slapd(self):
        wait_until(self.slapd_answers, self.ANSWER_S, "slapd")

    def slapd_answers(self):
        if not self.slapd.alive():
            raise Failure("slapd ended with %s" % self.slapd.process.poll())
        try:
            self.root().unbind_s()
            return True
        except (ldap.SERVER_DOWN, ldap.UNAVAILABLE, ldap.NO_SUCH_OBJECT,
                ldap.CONNECT_ERROR):
            return False

    def wait_for_rosterd(self):
        api = self.api()
        wait_until(lambda: self._answers(api, self.rosterd), self.ANSWER_S,
                   "rosterd")

    @staticmethod
    def _answers(api, daemon):
        if not daemon.alive():
            raise Failure("rosterd ended with %s" % daemon.process.poll())
        try:
            return api.get("/readyz")[0] == 200
        except requests.RequestException:
            return False

    def stop(self):
        for daemon in (self.slapd, self.rosterd):
            if daemon.alive():
                daemon.stop()

    # Client ends

    def connection(self, url=None, seconds=20):
        """An LDAP connection with StartTLS, nobody bound."""
        link = ldap.initialize(url or self.ldap_url)
        link.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
        link.set_option(ldap.OPT_TIMEOUT, seconds)
        link.set_option(ldap.OPT_REFERRALS, 0)
        if url is None:
            link.set_option(ldap.OPT_X_TLS_CACERTFILE, self.certs.ca)
            link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT,
                            ldap.OPT_X_TLS_DEMAND)
            link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
            link.start_tls_s()
        return link

    def bound(self, dn, password):
        link = self.connection()
        link.simple_bind_s(dn, password)
        return link

    def root(self):
        """The root identity over the local socket: no TLS, no hash."""
        link = self.connection(self.ldapi_url)
        link.simple_bind_s(ROOT, ROOT_PASSWORD)
        return link

    def binds(self, dn, password):
        try:
            self.bound(dn, password).unbind_s()
            return True
        except ldap.INVALID_CREDENTIALS:
            return False

    def api(self):
        return Api(self.http_url, self.certs.ca)

    def first_admin(self, name="boss"):
        """Make the first administrator; an Api signed in as that person."""
        token = self.bootstrap_link().rsplit("/", 1)[1]
        api = self.api()
        status, body = api.post(
            "bootstrap", token=token, username=name, password=PASSWORD,
            givenName="First", sn="Boss", mail=name + "@example.org")
        if status != 201:
            raise Failure("bootstrap: %d %s" % (status, body))
        status, body = api.sign_in(name, PASSWORD)
        if status != 201:
            raise Failure("the first administrator signs in: %d %s" %
                          (status, body))
        return api

    def add_service(self):
        """The account that containers search with."""
        root = self.root()
        root.add_s(SERVICE, [
            ("objectClass", [b"organizationalRole", b"simpleSecurityObject"]),
            ("cn", [b"web"]), ("userPassword", [SERVICE_PASSWORD.encode()])])
        root.unbind_s()

    def people(self, *attributes):
        """{uid: attributes} of everybody, as the root sees it."""
        root = self.root()
        found = root.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, "(uid=*)",
                              ["uid", *attributes])
        root.unbind_s()
        return {entry["uid"][0].decode(): entry for dn, entry in found}


def faketime_library():
    for name in ("x86_64-linux-gnu", "aarch64-linux-gnu"):
        path = "/usr/lib/%s/faketime/libfaketimeMT.so.1" % name
        if os.path.exists(path):
            return path
    return skip("libfaketime is not installed")


def now_text():
    return time.strftime("%H:%M:%S")
