# SPDX-License-Identifier: OLDAP-2.8
"""twins.py - one slapd with a roster and an mdb database, asked the same

Whatever is told to one is told to the other, "{S}" being the suffix of each;
their answers are compared without what is each one's own: stamps, hashes, and
the order of entries, attributes and values.
"""
import os
import subprocess
import sys

import ldap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from overlay import (ANSWER_S, TOP_BUILD, TOP_SRC, Daemon,  # noqa: E402
                     Failure, Server, skip, temporary_directory, values,
                     wait_until)

KINDS = ("roster", "mdb")
SECRET = "the-root-of-the-twins"
# what is made of the clock, of chance or of a salt
OWN = {"entrycsn", "entryuuid", "modifytimestamp", "createtimestamp",
       "userpassword", "pwdchangedtime", "pwdhistory", "pwdfailuretime",
       "pwdlastsuccess", "pwdaccountlockedtime", "authtimestamp",
       "contextcsn", "pwdgraceusetime", "reqstart", "reqend", "reqsession",
       "reqentryuuid", "reqcontrols", "reqversion"}

CONF = """
%(schema)s
modulepath %(modules)s
%(loads)s
pidfile %(dir)s/slapd.pid
argsfile %(dir)s/slapd.args
%(head)s

database config
rootpw %(secret)s

%(databases)s

database monitor
"""

DATABASE = """
%(before)s
database %(kind)s
suffix %(suffix)s
rootdn cn=root,%(suffix)s
rootpw %(secret)s
directory %(dir)s/%(kind)s
%(lines)s
"""


def suffix(kind):
    return "dc=%s,dc=org" % kind


def told(text, kind):
    return text.replace("{S}", suffix(kind)).replace("{K}", kind)


def person(name, *more):
    return ("dn: uid=%s,ou=people,{S}\nobjectClass: inetOrgPerson\nuid: %s\n"
            "cn: %s\nsn: %s\nuserPassword: pw-%s\n%s\n" %
            (name, name, name.title(), name.title(), name,
             "".join(line + "\n" for line in more)))


BASE = """dn: {S}
objectClass: dcObject
objectClass: organization
dc: {K}
o: Twins

dn: ou=people,{S}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{S}
objectClass: organizationalUnit
ou: groups

""" + "".join(map(person, ("ada", "bob", "cyd", "dan"))) + """
dn: cn=team,ou=groups,{S}
objectClass: groupOfNames
cn: team
member: uid=ada,ou=people,{S}
member: uid=bob,ou=people,{S}

"""


class Twins:
    # Roster computes memberOf, back-mdb needs an overlay
    member_of = False

    def __init__(self, name="twins", loads=(), lines="", before="", head="",
                 ldif=BASE):
        self.dir = os.path.join(temporary_directory(), name)
        self.module = os.path.join(TOP_BUILD, ".libs", "roster.so")
        if not os.path.exists(self.module):
            skip("built without the slapd module")
        modules = "/usr/lib/ldap"
        for need in ("back_mdb",) + tuple(loads):
            if not os.path.exists("%s/%s.so" % (modules, need)):
                skip("no module " + need)
        for kind in KINDS:
            os.makedirs(os.path.join(self.dir, kind))
            os.makedirs(os.path.join(self.dir, "log-" + kind))
        self.conf = os.path.join(self.dir, "slapd.conf")
        self.url = "ldapi://" + (self.dir + "/ldapi").replace("/", "%2F")
        self.daemon = Daemon(name, self.dir + "/slapd.log")
        self.arguments = ["-f", self.conf]
        schema = ["include /etc/ldap/schema/%s.schema" % one
                  for one in ("core", "cosine", "inetorgperson", "dyngroup")]
        schema += ["include %s/schema/%s.schema" % (TOP_SRC, one)
                   for one in ("rfc2307bis", "openssh-lpk", "roster")]
        with open(self.conf, "w") as out:
            out.write(CONF % {
                "schema": "\n".join(schema), "modules": modules,
                "loads": "\n".join("moduleload " + one for one in
                                   ("back_mdb", self.module) + tuple(loads)),
                "dir": self.dir, "secret": SECRET,
                "head": head.replace("{D}", self.dir),
                "databases": "\n".join(self.database(kind, before, lines)
                                       for kind in KINDS)})
        for kind in KINDS:
            if ldif:
                self.load(kind, ldif)

    def database(self, kind, before, lines):
        both = {"kind": kind, "suffix": suffix(kind), "secret": SECRET,
                "dir": self.dir,
                "before": told(before, kind).replace("{D}", self.dir),
                "lines": told(lines, kind).replace("{D}", self.dir)}
        return DATABASE % both

    def tool(self, name, *arguments, stdin=""):
        done = subprocess.run(
            ["slapd", "-T" + name[4:], *self.arguments, *arguments],
            input=stdin, text=True, capture_output=True, timeout=300,
            env=Server.surroundings())
        return done.returncode, done.stdout, done.stderr

    def load(self, kind, ldif):
        status, out, err = self.tool("slapadd", "-b", suffix(kind),
                                     stdin=told(ldif, kind))
        if status:
            raise Failure("slapadd: " + out + err)

    def start(self):
        self.daemon.start(["slapd", "-h", self.url, "-d", "none",
                           *self.arguments], env=Server.surroundings())
        wait_until(self.answers, ANSWER_S, "slapd to answer")

    def answers(self):
        if not self.daemon.alive():
            raise Failure("slapd did not start")
        try:
            self.connection().search_s("", ldap.SCOPE_BASE)
            return True
        except ldap.SERVER_DOWN:
            return False

    def stop(self):
        return self.daemon.stop()

    def connection(self):
        conn = ldap.initialize(self.url)
        conn.protocol_version = 3
        conn.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
        conn.set_option(ldap.OPT_TIMEOUT, 60)
        conn.set_option(ldap.OPT_NETWORK_TIMEOUT, 60)
        return conn

    def config(self):
        conn = self.connection()
        conn.simple_bind_s("cn=config", SECRET)
        return conn

    def bound(self, kind, who="root"):
        """(code of the bind, a connection).  None: anonymous."""
        conn = self.connection()
        if who is None:
            return 0, conn
        dn, password = told("cn=root,{S}", kind), SECRET
        if who != "root":
            dn = told("uid=%s,ou=people,{S}" % who, kind)
            password = "pw-" + who
        return outcome(conn.simple_bind_s, dn, password)[0], conn

    def ask(self, kind, request, conn):
        """What one answers to (verb, argument...)."""
        verb, *arguments = request
        control = conn.set_option
        deref = ldap.DEREF_NEVER
        more = {}
        if verb == "search" and isinstance(arguments[-1], dict):
            more = dict(arguments.pop())
            deref = more.pop("deref", deref)
        control(ldap.OPT_DEREF, deref)
        if verb == "search":
            return self.search(kind, conn, arguments, **more)
        if verb == "bind":
            return self.bound(kind, *arguments)[0]
        calls = {"add": self.add, "modify": self.modify,
                 "rename": conn.rename_s, "delete": conn.delete_s,
                 "compare": conn.compare_s, "passwd": conn.passwd_s,
                 "whoami": conn.whoami_s}
        arguments = [told(a, kind) if isinstance(a, str) else a
                     for a in arguments]
        if verb == "compare":
            arguments[2] = arguments[2].encode()
        if verb in ("add", "modify"):
            arguments.insert(0, conn)
            arguments.append(kind)
        code, info, result = outcome(calls[verb], *arguments, **more)
        if verb in ("compare", "whoami"):
            info += " " + str(result)
        return code, self.common(info, kind)

    @staticmethod
    def common(text, kind):
        return text.replace(suffix(kind), "{S}").replace(kind, "{K}")

    @staticmethod
    def add(conn, dn, attributes, kind):
        return conn.add_s(dn, [
            (name, values([told(v, kind) for v in (
                [vs] if isinstance(vs, str) else vs)]))
            for name, vs in attributes.items()])

    @staticmethod
    def modify(conn, dn, changes, kind):
        verbs = {"add": ldap.MOD_ADD, "delete": ldap.MOD_DELETE,
                 "replace": ldap.MOD_REPLACE, "increment": ldap.MOD_INCREMENT}
        return conn.modify_s(dn, [
            (verbs[verb], name, None if vs is None else values(
                [told(v, kind) for v in ([vs] if isinstance(vs, str)
                                         else vs)]))
            for verb, name, vs in changes])

    def search(self, kind, conn, arguments, limit=0, controls=None,
               ordered=False):
        base, scope, filt, *attributes = arguments
        scopes = {"base": ldap.SCOPE_BASE, "one": ldap.SCOPE_ONELEVEL,
                  "sub": ldap.SCOPE_SUBTREE}
        seen = []

        def run():
            message = conn.search_ext(
                told(base, kind), scopes[scope], told(filt, kind),
                attributes or None, serverctrls=controls, sizelimit=limit)
            while True:
                of, found, _, _ = conn.result3(message, all=0)
                seen.extend(found)
                if of == ldap.RES_SEARCH_RESULT:
                    return
        code, info, _ = outcome(run)
        found = [self.entry(kind, one, ordered) for one in seen]
        if code == ldap.SIZELIMIT_EXCEEDED.errnum:
            found = len(found)
        elif not ordered:
            found.sort(key=str)
        return code, self.common(info, kind), found

    def entry(self, kind, one, ordered):
        dn, attributes = one[:2]
        if dn is None:
            return ("referral", [self.common(u, kind) for u in attributes])
        result = {}
        for name, vs in attributes.items():
            if name == "memberOf" and not self.member_of:
                continue
            if name.lower() in OWN:
                # Roster has a second contextCSN: that of rosterctl
                result[name] = 1 if name == "contextCSN" else len(vs)
                continue
            vs = [self.common(v.decode("utf-8", "replace"), kind) for v in vs]
            result[name] = vs if ordered else sorted(vs)
        return self.common(dn, kind), dict(sorted(result.items()))

    def compare(self, story, requests, who="root", why=""):
        """Ask both; a claim for each request.  What the mdb answers."""
        answers = {}
        for kind in KINDS:
            code, conn = self.bound(kind, who)
            answers[kind] = [code] + [self.ask(kind, request, conn)
                                      for request in requests]
            conn.unbind_s()
        for request, want, got in zip(("bind",) + tuple(requests),
                                      answers["mdb"], answers["roster"]):
            story.claim(got == want, "%s %s: %s" % (why, who, request),
                        differences(got, want))
        return answers["mdb"][1:]


def differences(got, want):
    """Of two answers that are not the same, what is not."""
    if got == want or not (isinstance(got, tuple) and len(got) == 3 and
                           isinstance(got[2], list) and
                           isinstance(want[2], list)):
        return "%s instead of %s" % (got, want)
    return "%s %s instead of %s %s" % (
        got[:2], [one for one in got[2] if one not in want[2]],
        want[:2], [one for one in want[2] if one not in got[2]])


def outcome(call, *arguments, **more):
    """(result code, its text, what was returned)"""
    try:
        return 0, "", call(*arguments, **more)
    except ldap.LDAPError as error:
        info = error.args[0]
        if "result" not in info:
            return str(error), "", None
        return info["result"], info.get("info", "") + " " + info.get(
            "matched", ""), None
