#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Every key of every template is in the model of its page.

rosterd shows the model that a template gets to who asks for it, so each page
is fetched in several states and its template is walked through as Mustache
does, with the stack of contexts: a name that no state ever has is a slip of
the pen, which a browser would show as nothing at all.
"""
import datetime
import os
import re
import subprocess

from rosterd import (FOLDER, PASSWORD, Rosterd, SOURCE, Sink, check, main,
                     need, person, until)

MODEL = "application/vnd.roster.page+json"
HTTPD = os.path.join(SOURCE, "httpd")
TAG = re.compile(r"\{\{([#^/>]?) ?([^}]+)\}\}")


def template(name):
    path = os.path.join(HTTPD, "templates", name + ".mustache")
    with open(path) as source:
        return source.read()


def parse(name):
    """[(kind, key, place, children)]"""
    text = template(name)
    root = []
    stack = [root]
    for found in TAG.finditer(text):
        kind, key = found.group(1), found.group(2).strip()
        place = (name, found.start(), key)
        if kind == "/":
            stack.pop()
        elif kind == ">":
            stack[-1] += parse(key)
        else:
            node = (kind, key, place, [])
            stack[-1].append(node)
            if kind:
                stack.append(node[3])
    return root


MISSING = object()


def find(contexts, key):
    if key == ".":
        return contexts[-1]
    first, *rest = key.split(".")
    for context in reversed(contexts):
        if isinstance(context, dict) and first in context:
            value = context[first]
            for part in rest:
                if not isinstance(value, dict) or part not in value:
                    return MISSING
                value = value[part]
            return value
    return MISSING


def truth(value):
    return value is not MISSING and value not in (None, False, "", [])


class Walk:
    def __init__(self):
        self.seen, self.found = set(), set()

    def nodes(self, nodes, contexts):
        for kind, key, place, children in nodes:
            value = find(contexts, key)
            self.seen.add(place)
            if value is not MISSING:
                self.found.add(place)
            if kind == "^" and not truth(value):
                self.nodes(children, contexts)
            elif kind == "#" and truth(value):
                for one in value if isinstance(value, list) else [value]:
                    self.nodes(children, contexts + [one])


def pages():
    """{template: titles of its routes}"""
    with open(os.path.join(HTTPD, "route.c")) as source:
        return set(re.findall(r', "([a-z-]+)", "[A-Z]', source.read()))


class Visitor:
    """Fetches the models of pages."""

    def __init__(self, rosterd):
        self.rosterd, self.models = rosterd, {}

    def take(self, name, client, path, form=None, status=200):
        send = {"Accept": MODEL}
        if form is None:
            answer = client.web.get(self.rosterd.url + path, headers=send)
        else:
            send["Sec-Fetch-Site"] = "same-origin"
            if client.csrf:
                form = dict(form, csrf=client.csrf)
            answer = client.web.post(self.rosterd.url + path, data=form,
                                     headers=send)
        check(answer, status)
        assert answer.headers["Content-Type"] == MODEL, (
            path, answer.headers["Content-Type"], answer.text[:200])
        self.models.setdefault(name, []).append(answer.json())
        return answer.json()


def key():
    path = os.path.join(FOLDER, "a-key")
    if not os.path.exists(path):
        subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "",
                        "-C", "bob@laptop", "-f", path], check=True)
    with open(path + ".pub") as public:
        return public.read().strip()


def fill(rosterd, admin):
    """Something of everything."""
    soon = (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(days=3)).strftime("%Y-%m-%dT00:00:00Z")
    for name, status in (("bob", "active"), ("carl", "pending"),
                         ("dora", "suspended"), ("finn", "active"),
                         ("gil", "active")):
        admin.post("/users", person(name, status=status), expect=201)
    admin.delete("/users/finn")
    admin.patch("/users/bob", {"starts": "2026-01-01T00:00:00Z",
                               "expires": soon, "language": "en"})
    admin.post("/users/bob/ssh-keys", {"key": key(), "until": soon},
               expect=201)
    token = admin.post("/users/bob/tokens", {
        "name": "backup", "addresses": ["127.0.0.0/8"]}, expect=201).json()
    rosterd.client().get("/me", headers={
        "Authorization": "Bearer " + token["token"]})
    admin.post("/groups", {"cn": "staff1", "description": "people"},
               expect=201)
    admin.put("/groups/staff1/members/bob")
    admin.put("/groups/staff1/members/dora")
    admin.patch("/groups/staff1", {"managers": ["bob"]})
    # a member for a while, and a group that is in a group
    admin.put("/groups/staff1/members/gil", {"until": soon})
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.put("/groups/staff1/groups/crew")
    admin.post("/policies", {"name": "strict", "groups": ["staff1"],
                             "description": "more", "settings": {
                                 "password-require": "upper,lower,digit,"
                                 "other"}}, expect=201)
    admin.post("/hosts", {"name": "web01", "groups": ["staff1"],
                          "managers": ["bob"], "description": "the web",
                          "password": "made by a program 1"}, expect=201)
    admin.post("/hosts", {"name": "db01"}, expect=201)
    admin.patch("/users/bob", {"hosts": ["web01", "db01"],
                               "services": ["sshd"]})
    for name in ("bob", "bob", "gil"):
        rosterd.client().sign_in(name)
    admin.post("/users", person("hugo"), expect=201)
    for n in range(6):  # the same one again would not count
        rosterd.client().sign_in("hugo", "guess number %d" % n, expect=401)


def visit(rosterd, sink):
    go = Visitor(rosterd)
    anyone = rosterd.client()
    go.take("bootstrap", anyone, "/bootstrap/" + rosterd.token)
    admin = rosterd.admin()
    fill(rosterd, admin)
    bob = rosterd.client()
    bob.sign_in("bob")
    go.take("login", anyone, "/login?next=/users&done=out")
    go.take("reauthenticate", admin, "/reauthenticate?next=/users")
    for path in ("/users", "/users?limit=1&q=a&status=active&group=staff1",
                 "/users?q=zzz"):
        go.take("users", admin, path)
    for name in ("ada", "bob", "carl", "dora", "finn", "gil", "hugo"):
        go.take("user", admin, "/users/" + name)
    go.take("user", bob, "/users/bob")
    go.take("user", admin, "/users/bob/tokens", {"name": "x", "ttl": "30d",
                                                 "scope": "read"}, 201)
    for send in ("", "true"):
        go.take("user", admin, "/users/bob/reset-password", {"send": send})
    go.take("user", admin, "/users/gil/reset-password", {"temporary": "true"})
    go.take("me", admin, "/me")
    go.take("me", bob, "/me")
    bob.post("/me/mail", {"mail": "robert@example.net"}, expect=202)
    go.take("me", bob, "/me")

    def link():
        return next((re.search(rb"/verify/(\S+)", one.content).group(1)
                     for one in sink.mails
                     if one.rcpt_tos == ["robert@example.net"]), None)
    go.take("verify", anyone, "/verify/" + until(link, "a mail").decode())
    go.take("me", bob, "/me/tokens", {"name": "x", "ttl": "never",
                                      "scope": "inherit"}, 201)
    go.take("requests", admin, "/requests?limit=1")
    for act, name, group in (
            ("suspend", "bob", ""), ("activate", "dora", ""),
            ("delete", "bob", ""), ("approve", "carl", ""),
            ("reject", "carl", ""), ("unlock", "hugo", ""),
            ("restore", "finn", ""), ("join", "hugo", "staff1"),
            ("leave", "bob", "staff1"), ("approve", "bob", "")):
        go.take("bulk", admin, "/bulk", {"act": act, "username": name,
                                         "group": group, "reason": "x"})
    go.take("bulk", admin, "/bulk", {"act": "suspend", "username": "dora",
                                     "confirmed": "1"})
    go.take("bulk", admin, "/bulk", {"act": "activate", "username": "dora",
                                     "confirmed": "1"})
    presets(go, admin)
    for send in ("", "1"):
        go.take("invitations", admin, "/invitations", {
            "mail": "x%s@example.org" % send, "groups": "staff1",
            "send": send}, 201)
    go.take("invitations", admin, "/invitations", {"mail": ""}, 201)
    for path in ("/invitations?state=open&limit=1", "/invitations",
                 "/invitations?state=used"):
        go.take("invitations", admin, path)
    made = admin.get("/invitations").json()["items"][-1]
    go.take("invitation", admin, "/invitations/" + made["id"])
    for send in ("", "1"):
        again = go.take("invitation", admin, "/invitations/%s/resend"
                        % made["id"], {"send": send})
    go.take("register", anyone, "/register/"
            + again["made"]["link"].rsplit("/", 1)[1])
    go.take("register", anyone, "/register")
    go.take("import", admin, "/invitations/import")
    rows = "y@example.org,staff1\nnobody\n"
    for more in ({}, {"send": "1", "needsApproval": "1"}, {"confirmed": "1"}):
        go.take("import", admin, "/invitations/import",
                dict(more, list=rows.replace("y@", "y%d@" % len(more))))
    fixed = go.take("registration-tokens", admin, "/registration-tokens",
                    {"username": "hal"}, 201)
    go.take("register", anyone, "/register/"
            + fixed["made"]["link"].rsplit("/", 1)[1])
    go.take("registration-tokens", admin, "/registration-tokens?limit=1")
    go.take("groups", admin, "/groups?limit=1")
    for path in ("/groups/staff1?limit=1", "/groups/staff1",
                 "/groups/sysadmins"):
        go.take("group", admin, path)
    go.take("audit", admin, "/audit?limit=200")
    go.take("audit", admin, "/audit?limit=1&actor=ada")
    go.take("audit", admin, "/audit?actor=zzz")
    go.take("sessions", admin, "/sessions?limit=1")
    go.take("sessions", admin, "/sessions")
    go.take("sessions", admin, "/sessions?user=dora")
    go.take("settings", admin, "/settings")
    go.take("settings", admin, "/settings", {"session-idle": "x"}, 422)
    go.take("policy", admin, "/policies/strict", {
        "groups": "staff1", "password-min-length": "x"}, 422)
    agreements(go, admin)
    go.take("hosts", admin, "/hosts")
    go.take("hosts", admin, "/hosts", {"name": "a b", "groups": "x"}, 422)
    go.take("host", admin, "/hosts/web01?limit=1")
    go.take("host", admin, "/hosts/db01")
    go.take("host", admin, "/hosts/web01", {"groups": "nobodies"}, 422)
    go.take("host", admin, "/hosts/web01", {"managers": "nobody-there"}, 422)
    go.take("host", admin, "/hosts/web01", {"password": "short"}, 422)
    go.take("user", admin, "/users/bob", {"hosts": "a b"}, 422)
    go.take("user", admin, "/users/bob", {"services": "a b"}, 422)
    go.take("policies", admin, "/policies")
    go.take("policy", admin, "/policies/strict")
    go.take("overview", admin, "/overview")
    sink.refuse = True
    admin.post("/settings/test-mail", {"mail": "z@example.org"}, expect=502)
    go.take("mail", admin, "/mail")
    go.take("invitations", admin, "/invitations", {
        "mail": "late@example.org", "send": "1"})
    go.take("invitation", admin, "/invitations/%s/resend"
            % admin.get("/invitations").json()["items"][-1]["id"],
            {"send": "1"})
    go.take("letters", admin, "/mail/templates")
    go.take("letter", admin, "/mail/templates/request?lang=de")
    go.take("reset", anyone, "/reset")
    link = admin.post("/users/bob/reset-password", {}).json()["link"]
    go.take("reset-password", anyone, "/reset/" + link.rsplit("/", 1)[1])
    go.take("verify", anyone, "/verify/" + "x" * 43)
    go.take("problem", admin, "/nothing", status=404)
    go.take("problem", anyone, "/register/" + "x" * 43, status=400)
    much_later(go, rosterd, admin)
    return go.models


def presets(go, admin):
    go.take("presets", admin, "/invitation-presets")
    go.take("presets", admin, "/invitation-presets",
            {"name": "A b", "groups": "x", "lifetime": "y"}, 422)
    for name, more in (("interns", {"lifetime": "3d", "uses": 2,
                                    "needsApproval": True,
                                    "description": "of a summer"}),
                       ("plain", {})):
        admin.post("/invitation-presets", dict(
            more, name=name, groups=["staff1"]), expect=201)
        go.take("preset", admin, "/invitation-presets/" + name)
    go.take("presets", admin, "/invitation-presets?limit=1")
    go.take("invitations", admin, "/invitations", {"preset": "nowhere"}, 422)


def agreements(go, admin):
    go.take("agreements", admin, "/agreements")
    go.take("agreements", admin, "/agreements",
            {"name": "A b", "text": "x"}, 422)
    for name in ("terms", "draft"):
        admin.post("/agreements", {"name": name, "text": "Be kind."},
                   expect=201)
    for version in (1, 2):
        admin.post("/me/agreements/terms/sign", {"version": version})
        admin.patch("/agreements/terms", {"text": "No. %d" % version})
    admin.patch("/agreements/draft", {"required": True})
    admin.post("/me/agreements/draft/sign", {"version": 1})
    go.take("agreements", admin, "/agreements")
    go.take("agreement", admin, "/agreements/terms?limit=1")
    go.take("agreement", admin, "/agreements/draft")
    go.take("my-agreements", admin, "/me/agreements")


def much_later(go, rosterd, admin):
    """The password is asked for again, with what had been typed."""
    rosterd.stop()
    go.rosterd = Rosterd(state=rosterd.state, faketime="+11m")
    go.take("reauthenticate", admin, "/users", {
        "username": "ivo", "sn": "Ivory", "password": PASSWORD})


# made when something went wrong or was done; held by the tests below
LATER = re.compile(r"(error|errors|form|done|field|detail)(\.|$)")


# (only ldapmodify locks for ever: tests/both/lockout looks at that page; what
# was made, and then the server was busy: test_busy.py)
SOME = ("lockedForEver", "once", "page.at_", "page.slapd_down", "page.replica",
        "provider", "at_", "me", "waiting", "administrator", "query", "state_")


def every_key_is_in_its_model():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    models = visit(rosterd, sink)
    assert set(models) - {"problem"} == pages(), \
        set(models) ^ pages() ^ {"problem"}
    wrong = []
    for name, list_of in sorted(models.items()):
        walk, nodes = Walk(), parse(name)
        for model in list_of:
            walk.nodes(nodes, [model])
        for place in sorted(walk.seen - walk.found):
            # what only some pages have: who is signed in, where one is
            if not LATER.match(place[2]) and not place[2].startswith(SOME):
                wrong.append("%s: {{%s}} of %s, at %d" % (
                    name, place[2], place[0], place[1]))
    assert not wrong, "\n".join(wrong)
    # the walk finds what is not there
    walk = Walk()
    walk.nodes(parse("users"), [{}])
    assert not walk.found and len(walk.seen) > 20


def what_a_form_shows_again_was_a_field():
    """form.x and errors.x are of a field x of the same page."""
    wrong = []
    for name in sorted(pages()):
        text = template(name)
        while True:
            whole = re.sub(r"\{\{> (\w+)\}\}",
                           lambda m: template(m.group(1)), text)
            if whole == text:
                break
            text = whole
        fields = set(re.findall(r'name="([A-Za-z-]+)"', text))
        used = set(re.findall(r"\{\{[#^/]?(?:form|errors)\.([A-Za-z]+)\}\}",
                              text))
        wrong += ["%s: %s" % (name, one) for one in sorted(used - fields)]
    assert not wrong, wrong


def what_is_done_is_said():
    """?done=x of a handler has its words, and none are for nothing."""
    told, made = set(), set()
    for name in sorted(pages()):
        told |= set(re.findall(r"\{\{#done\.(\w+)\}\}", template(name)))
    for name in os.listdir(HTTPD):
        if name.endswith(".c"):
            with open(os.path.join(HTTPD, name)) as source:
                made |= set(re.findall(r"\?done=(\w+)", source.read()))
    made -= {"word"}
    assert told == made, (told - made, made - told)


if __name__ == "__main__":
    main(every_key_is_in_its_model, what_a_form_shows_again_was_a_field,
         what_is_done_is_said)
