#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Every route, whoever asks and however: refused unless this page says so.

The routes are those of rosterd --routes; LINES says of each class of them, by
its role and flags, who comes past the door.  A class that is not there fails.
No password is hashed for a case: bodies are empty, so that who is let in is
told what is missing, and nothing is done.
"""
import collections
import email
import email.policy
import os
import re
import subprocess

from rosterd import (PASSWORD, ROSTERD, Rosterd, Sink, main, person, problem,
                     text_of, until)

# Who asks.  The last six were somebody, or may do little.
LIVE = ("user", "manager", "admin", "reader")
DEAD = ("nobody", "pending", "suspended", "expired", "ended", "revoked",
        "token of a suspended")
EVERYBODY = frozenset(LIVE + DEAD)
SIGNED_IN = frozenset(LIVE)
ADMIN = frozenset(("admin",))
SELF = frozenset(("admin",))  # the path names somebody else
MANAGER = frozenset(("admin", "manager"))
# What a token that may only read is let in to; its owner is an administrator.
READER = frozenset(("reader",))

# role: who may GET, who may do anything else
LINES = {
    "anyone": (EVERYBODY, EVERYBODY),
    "person": (SIGNED_IN, SIGNED_IN - READER),
    "self": (SELF | READER, SELF),
    "manager": (MANAGER | READER, MANAGER),
    "admin": (ADMIN | READER, ADMIN),
}
# A token that is no longer good is refused wherever it is shown, and one that
# may only read where more is asked.
BAD_TOKENS = frozenset(("revoked", "token of a suspended"))
# They end the session that asks: test_sessions.py, test_access.py.
ENDS = {("DELETE", "/session"), ("POST", "/logout"),
        ("POST", "/me/sessions/end"), ("DELETE", "/me/sessions")}
# How a browser may be made to ask by another's page.
TRICKS = {
    "no csrf": {"X-CSRF-Token": None},
    "another csrf": {"X-CSRF-Token": "A" * 43},
    "bad origin": {"Origin": "https://evil.example"},
    "our origin and more": {"Origin": "%s.evil.example"},
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
}


def routes():
    lines = subprocess.run([ROSTERD, "--routes"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    assert len(lines) > 100, lines
    for line in lines:
        method, role, where, path = line.split()
        assert role in LINES, "no line says who may: " + line
        for word in where.split(","):
            assert word in ("api", "page", "raw", "hashes", "proved",
                            "creates", "duty", "sign", "compat",
                            "local", "shows"), \
                "what is that: " + line
        yield method, role, where.split(","), path


def fill(role, path):
    """Things that are not there, but for whom or what the role is about."""
    if role == "manager":
        path = path.replace("/groups/{}", "/groups/crew", 1)
    if role == "self":
        path = path.replace("/users/{}", "/users/carl", 1)
    return path.replace("{}", "none")


class Asker:
    def __init__(self, client, token=None):
        self.client, self.token = client, token

    def ask(self, method, path, headers=None, body=None):
        send = {"Accept": "application/json"}
        if self.token:
            send["Authorization"] = "Bearer " + self.token
        elif self.client.csrf and method not in ("GET", "HEAD"):
            send["X-CSRF-Token"] = self.client.csrf
        send.update(headers or {})
        answer = self.client.web.request(
            method, self.client.rosterd.url + path, data=body,
            headers={k: v for k, v in send.items() if v is not None},
            timeout=30, allow_redirects=False, stream=True)
        if answer.status_code != 200 or not path.endswith("/stream"):
            _ = answer.content  # all of it; that one has no end
        answer.close()
        return answer


def signed_in(rosterd, name):
    client = rosterd.client()
    client.sign_in(name)
    return client


def world(rosterd):
    """All who ask."""
    admin = rosterd.admin()
    for name in ("bob", "mia", "carl", "sue", "eve", "ines", "ted"):
        admin.post("/users", person(name), expect=201)
    admin.post("/users", person("penny", status="pending"), expect=201)
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.patch("/groups/crew", {"managers": ["mia"]})
    who = {"nobody": Asker(rosterd.client()), "admin": Asker(admin),
           "user": Asker(signed_in(rosterd, "bob")),
           "manager": Asker(signed_in(rosterd, "mia"))}
    for role, name in (("suspended", "sue"), ("expired", "eve"),
                       ("ended", "ines")):
        who[role] = Asker(signed_in(rosterd, name))
    pending = rosterd.client()
    pending.sign_in("penny", expect=403)  # and has no cookie
    assert not pending.web.cookies
    who["pending"] = Asker(pending)

    def token(name, **more):
        return admin.post("/users/%s/tokens" % name, dict(
            {"name": "t"}, **more), expect=201).json()
    who["reader"] = Asker(rosterd.client(),
                          token("ada", scope="read")["token"])
    revoked = token("ada")
    who["revoked"] = Asker(rosterd.client(), revoked["token"])
    admin.delete("/users/ada/tokens/%s" % revoked["id"])
    who["token of a suspended"] = Asker(rosterd.client(),
                                        token("ted")["token"])
    for name in ("sue", "ted"):
        admin.post("/users/%s/suspend" % name, {}, expect=None)
    admin.patch("/users/eve", {"expires": "2020-01-01T00:00:00Z"},
                expect=None)
    admin.post("/users/ines/sign-out", {}, expect=None)
    assert set(who) == set(EVERYBODY), set(who) ^ set(EVERYBODY)
    return admin, who


def verdict(answer):
    """What the door said; "in" for whatever comes from behind it."""
    status = answer.status_code
    where = answer.headers.get("Location", "")
    code = ""
    body = problem(answer)  # of a page: the form with what is wrong
    if body:
        code = (body if "code" in body else body["error"])["code"]
    if status == 303 and where.split("?")[0].endswith("/login"):
        return "in" if "done=" in where else "out"
    if code in ("not_signed_in", "invalid_token", "forbidden",
                "insufficient_scope"):
        return "out"
    return "csrf" if code == "csrf_failed" else "in"


def wanted(name, role, where, method):
    readers, writers = LINES[role]
    allowed = name in (readers if method == "GET" else writers)
    if name in BAD_TOKENS and "api" in where:
        return "out"
    if name == "reader" and "api" in where and method != "GET":
        return "out"
    return "in" if allowed else "out"


tried = []


def count(n):
    """So many cases were as they should, of those that there are."""
    print("# %d cases" % n)
    tried.append(n)


def prefixes(where):
    for flag, word, prefix in (("api", "api", "/api/v1"), ("page", "page", ""),
                               ("compat", "api", "")):
        if flag in where:
            yield word, prefix


def cases():
    """Method, role, where, path to ask, for each route there is."""
    for method, role, where, path in routes():
        if "raw" in where or path == "/" or (method, path) in ENDS:
            continue
        if path in ("/login",) and method == "GET":
            continue  # who is signed in is led on
        for word, prefix in prefixes(where):
            yield method, role, word, prefix + fill(role, path)


def statuses(rosterd):
    """How often each status is in the log."""
    return collections.Counter(int(code) for code in re.findall(
        r'^rosterd: \{.*"status":(\d+)', rosterd.log(), re.M))


def every_route_lets_in_only_whom_its_line_names():
    rosterd = Rosterd()
    admin, who = world(rosterd)
    head = journal(admin)
    wrong, n, refused = [], 0, collections.Counter()
    before = statuses(rosterd)
    for method, role, word, path in cases():
        for name, asker in who.items():
            if word == "page" and asker.token:
                continue  # pages know no tokens: below
            answer = asker.ask(method, path)
            got = verdict(answer)
            n += 1
            if answer.status_code in (401, 403):
                refused[answer.status_code] += 1
            if got != wanted(name, role, [word], method):
                wrong.append("%s %s as %s: %s" % (method, path, name, got))
    assert not wrong, "%d of %d\n%s" % (len(wrong), n, "\n".join(wrong))
    count(n)
    assert n > 1000, n
    assert min(refused[401], refused[403]) > 100, refused
    logged = statuses(rosterd) - before
    assert {code: logged[code] for code in refused} == refused, (
        "each refusal is in the log", logged)
    # nobody did anything: refused, or told what was missing
    told = [row["action"] for row in since(admin, head)]
    # an invitation for anybody needs no field: by the API and by the page
    assert set(told) <= {"token-refused", "invite"}, told
    assert told.count("invite") == 2, told


# What comes before everything else: the flag of the routes that are open all
# the same, the refusal of the others, where their pages lead, and which are open.
DUES = (("duty", "password_change_required", "/me?due=password#password",
         {"GET /session", "GET /me", "POST /me/password"}),
        ("sign", "agreement_required", "/me/agreements",
         {"GET /session", "GET /me/agreements", "POST /me/activate",
          "POST /me/agreements/{}/sign"}))


def debtor(rosterd, admin, due):
    """Somebody signed in who has that to do first."""
    admin.post("/users", person("dora"), expect=201)
    password = PASSWORD
    if due == "duty":
        password = admin.post("/users/dora/reset-password", {
            "temporary": True}, expect=None).json()["madePassword"]
    else:
        admin.post("/agreements", {"name": "terms", "text": "Be kind.",
                                   "required": True}, expect=201)
    client = rosterd.client()
    client.sign_in("dora", password)
    return Asker(client)


def what_is_due_comes_first():
    """Before a new password and before a signature, only what is needed for
    them is open."""
    for due, code, page, wanted_open in DUES:
        rosterd = Rosterd()
        asker = debtor(rosterd, rosterd.admin(), due)
        wrong, open_ones = [], set()
        for method, role, where, path in routes():
            if role != "person" or (method, path) in ENDS:
                continue
            for word, prefix in prefixes(where):
                answer = asker.ask(method, prefix + fill(role, path))
                first = answer.headers.get("Location") == page \
                    if word == "page" else \
                    answer.headers.get("Content-Type", "").endswith(
                        "problem+json") and answer.json()["code"] == code
                if not first:
                    open_ones.add(method + " " + path)
                if first != (due not in where):
                    wrong.append("%s %s%s: %s" % (method, prefix, path,
                                                  answer.status_code))
        assert not wrong, "%s\n%s" % (due, "\n".join(wrong))
        assert open_ones == wanted_open, (due, open_ones ^ wanted_open)


def a_page_knows_no_token():
    rosterd = Rosterd()
    _, who = world(rosterd)
    wrong, n = [], 0
    for method, role, word, path in cases():
        if word == "page" and role != "anyone":
            got = verdict(who["reader"].ask(method, path))
            n += 1
            if got != "out":
                wrong.append("%s %s: %s" % (method, path, got))
    assert not wrong, "\n".join(wrong)
    count(n)


def no_strangers_page_makes_a_browser_act():
    """Each way to be tricked, on every route that could change something."""
    rosterd = Rosterd()
    admin, who = world(rosterd)
    head = journal(admin)
    wrong, n = [], 0
    for method, role, word, path in cases():
        if method == "GET":
            continue
        for trick, headers in TRICKS.items():
            if role == "anyone" and "csrf" in trick:
                continue  # no session is needed, and none is believed
            send = {k: v % rosterd.url if v and "%s" in v else v
                    for k, v in headers.items()}
            got = verdict(who["admin"].ask(method, path, send))
            n += 1
            if got != "csrf":
                wrong.append("%s %s, %s: %s" % (method, path, trick, got))
    assert not wrong, "%d of %d\n%s" % (len(wrong), n, "\n".join(wrong))
    count(n)
    assert not since(admin, head), since(admin, head)


def journal(admin):
    return admin.get("/audit?limit=1").json()["items"][0]["sequence"]


def since(admin, head):
    """What was done; that eve's time is over the clock says when it comes to
    it."""
    return [row for row in admin.get("/audit?limit=200").json()["items"]
            if row["sequence"] > head and row["action"] != "expire"]


def looking_changes_nothing():
    """GET and HEAD of every route, by everybody: the journal stays."""
    rosterd = Rosterd()
    admin, who = world(rosterd)
    before = {path: admin.get(path).json() for path in (
        "/users", "/groups", "/invitations", "/policies", "/settings",
        "/mail", "/registration-tokens")}
    head = journal(admin)
    for method, role, where, path in routes():
        if method != "GET" or "/audit/stream" in path:
            continue
        for _, prefix in prefixes(where) or (("raw", ""),):
            for name in ("nobody", "user", "admin"):
                for verb in ("GET", "HEAD"):
                    who[name].ask(verb, prefix + fill(role, path))
    assert not since(admin, head), since(admin, head)
    for path, there in before.items():
        assert admin.get(path).json() == there, path


def mailed(admin, anyone, sink):
    """Secrets that go by mail, each sent, and some of them used."""
    found = {"new password": "canary of the next password"}

    def arrived(name, address, page):
        def find():
            for envelope in reversed(sink.mails):
                text = text_of(email.message_from_bytes(
                    envelope.content, policy=email.policy.default))
                link = re.search("/%s/([A-Za-z0-9_-]{20,})" % page, text)
                if envelope.rcpt_tos == [address] and link and \
                        link.group(1) not in found.values():
                    return link.group(1)
            return None
        found[name] = until(find, "the mail with " + name)

    admin.patch("/settings", {"registration": "open"})
    anyone.post("/registrations", person("vera"), expect=201)
    arrived("verification", "vera@example.org", "verify")
    admin.post("/invitations", {"mail": "ivo@example.org", "send": True},
               expect=201)
    arrived("mailed invitation", "ivo@example.org", "register")
    for n in range(2):
        anyone.post("/password-resets", {"username": "bob"}, expect=202)
        arrived("mailed reset %d" % n, "bob@example.org", "reset")
    anyone.post("/password-resets/confirm", {
        "token": found["mailed reset 1"],
        "password": found["new password"]}, expect=None)
    bob = anyone.rosterd.client()
    bob.sign_in("bob", found["new password"])
    bob.post("/me/mail", {"mail": "bob@example.net"}, expect=202)
    arrived("new address", "bob@example.net", "verify")
    arrived("old address", "bob@example.org", "verify")
    anyone.post("/verifications", {"token": found["verification"]})
    anyone.post("/verifications", {"token": found["new address"]})
    until(lambda: not admin.get("/mail").json()["items"], "an empty queue")
    return found


def secrets_stay_where_they_belong():
    """In no line of the log, no record, no number, no page, and not in clear
    in the environment."""
    sink = Sink()
    password = "canary of a password 91"
    rosterd = Rosterd(smtp=sink.port, settings={
        "MAIL__USERNAME": "canary-user", "MAIL__PASSWORD": "canary-of-smtp"})
    admin = rosterd.admin()
    secrets = {"smtp": "canary-of-smtp", "password": PASSWORD,
               "bootstrap": rosterd.token, "csrf": admin.csrf,
               "session": list(admin.web.cookies.values())[0],
               "typed": password}
    secrets["token"] = admin.post("/me/tokens", {"name": "t"}, expect=201
                                  ).json()["token"]
    link = admin.post("/invitations", {"send": False}, expect=201
                      ).json()["link"]
    secrets["invitation"] = link.rsplit("/", 1)[1]
    ticket = admin.post("/registration-tokens", {"username": "fixed"},
                        expect=201).json()["link"]
    secrets["ticket"] = ticket.rsplit("/", 1)[1]
    admin.post("/users", person("bob", password=password), expect=201)
    reset = admin.post("/users/bob/reset-password", {}, expect=None).json()
    secrets["reset"] = reset["link"].rsplit("/", 1)[1]
    client = rosterd.client()
    client.sign_in("bob", password + "x", expect=401)
    for where in ("/register/", "/reset/", "/verify/", "/bootstrap/"):
        for name in ("invitation", "ticket", "reset"):
            client.web.get(rosterd.url + where + secrets[name] + "?a=" +
                           secrets["token"], headers={
                               "Accept": "text/html"})
    client.request("GET", "/invitations/token/" + secrets["invitation"])
    client.request("GET", "/me", headers={
        "Authorization": "Bearer " + secrets["token"] + "x"})
    client.post("/registrations", person(
        "dora", password=password, token=secrets["invitation"]), expect=201)
    secrets.update(mailed(admin, client, sink))
    texts = {
        "log": rosterd.log(),
        "audit": admin.get("/audit/export?format=json").text,
        "audit csv": admin.get("/audit/export?format=csv").text,
        "metrics": admin.web.get(rosterd.url + "/metrics").text,
    }
    for path in ("/settings", "/users", "/users/bob", "/users/bob/history",
                 "/me", "/me/tokens", "/me/sessions", "/sessions", "/mail",
                 "/overview", "/invitations", "/registration-tokens"):
        texts["api " + path] = admin.get(path).text
    for path in ("/settings", "/users/bob", "/invitations", "/sessions",
                 "/mail", "/overview", "/audit", "/registration-tokens"):
        texts["page " + path] = admin.web.get(
            rosterd.url + path, headers={"Accept": "text/html"}).text
    for folder, _, names in os.walk(rosterd.state):
        for name in names:
            with open(folder + "/" + name, "rb") as file:
                texts["file " + name] = file.read().decode("latin-1")
    wrong = [(where, name) for where, text in texts.items()
             for name, secret in secrets.items() if secret in text
             # the page of who is signed in has his own csrf in its forms
             and not (name == "csrf" and where.startswith("page "))]
    assert not wrong, wrong


def every_case_was_tried():
    """Each route by all who ask, and each that writes with each trick."""
    assert len(tried) == 3, tried
    print("promise H8 asked %d reached %d violations 0 unit cases" % (
        sum(tried), sum(tried)))


main(every_route_lets_in_only_whom_its_line_names, what_is_due_comes_first,
     a_page_knows_no_token,
     no_strangers_page_makes_a_browser_act, every_case_was_tried,
     looking_changes_nothing, secrets_stay_where_they_belong)
