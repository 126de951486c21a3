#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""doc/openapi.yaml is what rosterd does, and rosterd does what it says."""
import base64
import glob
import os
import re
import subprocess
import urllib.parse
import sys

from rosterd import (PASSWORD, ROSTERD, SOURCE, Rosterd, Sink, main, person,
                     problem, until)

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print("skipped: %s" % missing)
    sys.exit(77)

KEY = ("ssh-ed25519 " + base64.b64encode(
    b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32))).decode())
METHODS = ("get", "post", "put", "patch", "delete")
# What the tour below cannot reach.
NOT_TOURED = {  # by links in mails: test_front.py
    ("POST", "/verifications"), ("POST", "/password-resets/confirm"),
    ("GET", "/audit/stream")}  # it does not end


def document():
    with open(os.path.join(SOURCE, "doc", "openapi.yaml")) as source:
        return yaml.safe_load(source)


def operations(doc):
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def routes():
    """(method, role, where, path) of the running program's own table."""
    told = subprocess.run([ROSTERD, "--routes"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    for line in told.splitlines():
        method, role, where, path = line.split(" ")
        yield method, role, set(where.split(",")), path


def resolved(doc, thing):
    while "$ref" in thing:
        at = doc
        for step in thing["$ref"].split("/")[1:]:
            at = at[step]
        thing = at
    return thing


def every_reference_leads_somewhere():
    doc = document()
    assert doc["openapi"] == "3.1.0"
    used, there = set(), set()

    def walk(thing):
        if isinstance(thing, dict):
            if "$ref" in thing:
                resolved(doc, thing)
                used.add(thing["$ref"])
            for one in thing.values():
                walk(one)
        elif isinstance(thing, list):
            for one in thing:
                walk(one)
    walk(doc)
    for kind in ("schemas", "parameters", "responses", "headers"):
        there |= {"#/components/%s/%s" % (kind, name)
                  for name in doc["components"][kind]}
    assert used == there, used ^ there
    for schema in doc["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def every_route_is_described_and_nothing_else():
    doc = document()
    told = {(m, re.sub(r"\{\w+\}", "{}", p), op["x-role"])
            for m, p, op in operations(doc)}
    there = {(m, path, role) for m, role, where, path in routes()
             if "api" in where or "compat" in where or
             ("raw" in where and path != "/static/{}")}
    assert told == there, sorted(told ^ there)
    creates = {(m, path) for m, _, where, path in routes()
               if "creates" in where}
    described = set()
    for method, path, op in operations(doc):
        parameters = op.get("parameters", [])
        if {"$ref": "#/components/parameters/idempotencyKey"} in parameters:
            described.add((method, re.sub(r"\{\w+\}", "{}", path)))
        names = {one["name"] for one in parameters if one.get("in") == "path"}
        assert names == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert (op.get("security") == []) == (op["x-role"] == "anyone"), path
        assert op["summary"] and op["responses"], (method, path)
    assert described == creates, described ^ creates


def codes():
    """Every code that the source can answer."""
    found = {"bad_request"}
    for name in glob.glob(os.path.join(SOURCE, "httpd", "*.c")):
        with open(name) as source:
            text = source.read()
        for pattern in (
                r'http_problem\(\s*[&\w.>-]+,\s*\d+,\s*"([a-z_]+)"',
                r'REFUSE\(\s*\d+,\s*"([a-z_]+)"',
                r'\(struct http_refusal\)\{\s*\d+,\s*"([a-z_]+)"',
                r'send_problem\(\s*\w+,\s*\w+,\s*\d+,\s*"([a-z_]+)"',
                r'refuse\(reply, "([a-z_]+)"', r'\? "(invalid_form)"',
                r': "(invalid_json)"'):
            found |= set(re.findall(pattern, text))
    with open(os.path.join(SOURCE, "rules", "verdict.h")) as source:
        found |= set(re.findall(r'X\(\w+, "([a-z_]+)"', source.read()))
    return found - {"ok"}


def every_code_is_described_and_nothing_else():
    told = document()["components"]["schemas"]["Code"]["enum"]
    assert told == sorted(told) and len(told) == len(set(told)), told
    assert set(told) == codes(), set(told) ^ codes()


def every_field_is_described_and_nothing_else():
    """A documented field is known, any other is not."""
    doc = document()
    rosterd = Rosterd()
    admin = rosterd.admin()
    wrong = []
    for method, path, op in operations(doc):
        schema = op.get("requestBody")
        schema = schema and resolved(
            doc, schema["content"]["application/json"]["schema"])
        if schema is None and method == "GET":
            continue
        fields = schema["properties"] if schema and "properties" in schema \
            else {}
        free = schema and schema.get("additionalProperties") is not False
        where = re.sub(r"\{uid\}", "ada", path)
        where = where.replace("{cn}", "sysadmins").replace("{name}", "none")
        where = re.sub(r"\{\w+\}", "1", where)
        if where.endswith(("/suspend", "/purge", "/session")):
            where = where.replace("ada", "nobody-there")
        # what must be there, of a wrong kind: nothing is ever done
        for name in [*fields, "noSuchField"]:
            answer = admin.request(method, where, {name: {"a": 1}})
            body = problem(answer) or {}
            code = body.get("code")
            no = ["unknown_field"]
            if path == "/settings":
                no.append("invalid_setting")
            known = code not in no or body.get("field") != name
            if known == (name == "noSuchField") and not (
                    free and name != "noSuchField"):
                wrong.append((method, path, name, answer.status_code, code))
    assert not wrong, "\n".join(map(str, wrong))


class Tour:
    """Asks, and holds every answer to the document."""

    def __init__(self, doc, rosterd):
        self.doc, self.rosterd = doc, rosterd
        self.seen = set()
        self.refs = jsonschema.RefResolver("", doc)

    def operation(self, method, path):
        best = None
        for m, pattern, op in operations(self.doc):
            plain = re.sub(r"\{\w+\}", "[^/]+", pattern)
            if m == method and re.fullmatch(plain, path):
                if best is None or "{" in best[0]:
                    best = (pattern, op)
        assert best, "nothing describes %s %s" % (method, path)
        return best

    def check(self, answer, method, path):
        pattern, op = self.operation(method, path.split("?")[0])
        names = {resolved(self.doc, one)["name"]
                 for one in op.get("parameters", [])
                 if resolved(self.doc, one)["in"] == "query"}
        asked = set(urllib.parse.parse_qs(path.partition("?")[2]))
        assert asked <= names, (method, path, asked - names)
        status = str(answer.status_code)
        told = resolved(self.doc, op["responses"].get(
            status, op["responses"]["default"]))
        if status in op["responses"]:
            self.seen.add((method, pattern))
        else:
            assert answer.status_code >= 400, (
                "%s %s: %s is not described\n%s" % (
                    method, path, status, answer.text))
        for name in told.get("headers", {}):
            assert name == "Retry-After" or name in answer.headers, (
                method, path, name)
        if "content" not in told:
            assert not answer.content, (method, path, answer.text)
            return
        kind = answer.headers["Content-Type"].split(";")[0]
        assert kind in told["content"], (method, path, kind)
        if kind.startswith("text/"):
            return
        schema = told["content"][kind]["schema"]
        body = answer.json()
        try:
            jsonschema.Draft202012Validator(
                schema, resolver=self.refs).validate(body)
        except jsonschema.ValidationError as error:
            raise AssertionError("%s %s: %s" % (method, path, error))

    def __call__(self, client, method, path, body=None, **more):
        answer = client.request(method, path, body, **more)
        self.check(answer, method, path)
        return answer


def every_answer_is_as_described():
    doc = document()
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    ask = Tour(doc, rosterd)
    admin, anyone = rosterd.client(), rosterd.client()
    ask(anyone, "POST", "/bootstrap",
        dict(person("ada"), token=rosterd.token))
    admin.csrf = ask(admin, "POST", "/session", {
        "username": "ada", "password": PASSWORD}).json()["csrf"]
    admin.csrf = ask(admin, "POST", "/session/reauthenticate",
                     {"password": PASSWORD}).json()["csrf"]
    people(ask, admin)
    groups_and_policies(ask, admin)
    for body in ({"username": "abe", "role": "guest", "quota": {"vms": 1}},
                 {"username": "abe"}):
        ask(admin, "POST", "/api/user/create", body)
    invitations(ask, admin, anyone)
    own_things(ask, rosterd, admin)
    front_door(ask, rosterd, admin, sink)
    mails(ask, admin, sink)
    for path in ("/session", "/overview", "/settings", "/audit?limit=3",
                 "/audit/export", "/audit/export?format=csv", "/sessions",
                 "/users/bob/history", "/users/bob/why?host=web01"):
        ask(admin, "GET", path)
    ask(admin, "PATCH", "/settings", {"session-idle": "2h"})
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = anyone.web.get(rosterd.url + path, timeout=30)
        ask.check(answer, "GET", path)
    refusals(ask, rosterd, admin)
    ask(admin, "DELETE", "/session")
    there = {(m, p) for m, p, _ in operations(doc)}
    assert ask.seen | NOT_TOURED == there, sorted(
        there ^ (ask.seen | NOT_TOURED))


def people(ask, admin):
    for name in ("bob", "carl"):
        ask(admin, "POST", "/users", person(name))
    ask(admin, "POST", "/users", person("eve", status="pending"))
    ask(admin, "POST", "/users", person("fay", status="pending"))
    ask(admin, "GET", "/users?limit=2")
    ask(admin, "GET", "/registrations?status=pending")
    ask(admin, "POST", "/users/eve/approve", {})
    ask(admin, "POST", "/users/fay/reject", {"reason": "no"})
    tag = ask(admin, "GET", "/users/bob").headers["ETag"]
    ask(admin, "GET", "/users/bob", headers={"If-None-Match": tag})
    ask(admin, "PATCH", "/users/bob", {"displayName": "Bob B.",
                                       "expires": "2090-01-01T00:00:00Z"})
    ask(admin, "POST", "/users/bob/unlock", {})
    ask(admin, "POST", "/users", person("gus"))
    ask(admin, "POST", "/users/gus/reset-password", {"temporary": True})
    ask(admin, "POST", "/users/carl/suspend", {"reason": "left"})
    ask(admin, "POST", "/users/carl/activate", {})
    ask(admin, "POST", "/users/carl/deactivate", {"reason": "left"})
    ask(admin, "DELETE", "/users/carl")
    ask(admin, "POST", "/users/carl/restore", {})
    ask(admin, "POST", "/users/carl/activate", {})
    ask(admin, "DELETE", "/users/eve")
    ask(admin, "POST", "/users/eve/purge", {})
    ask(admin, "POST", "/users/bob/ssh-keys", {"key": KEY})
    keys = ask(admin, "GET", "/users/bob/ssh-keys").json()["items"]
    ask(admin, "DELETE", "/users/bob/ssh-keys",
        {"fingerprint": keys[0]["fingerprint"]})
    token = ask(admin, "POST", "/users/bob/tokens", {"name": "x"}).json()
    ask(admin, "GET", "/users/bob/tokens")
    ask(admin, "DELETE", "/users/bob/tokens/" + token["id"])


def groups_and_policies(ask, admin):
    ask(admin, "POST", "/groups", {"cn": "crew"})
    ask(admin, "GET", "/groups")
    ask(admin, "GET", "/groups/crew")
    ask(admin, "PATCH", "/groups/crew", {"managers": ["bob"]})
    ask(admin, "PUT", "/groups/crew/members/bob")
    ask(admin, "GET", "/groups/crew/members")
    ask(admin, "POST", "/policies", {"name": "staff", "groups": ["crew"],
                                     "settings": {"password-history": "2"}})
    ask(admin, "GET", "/policies")
    ask(admin, "GET", "/policies/staff")
    ask(admin, "PATCH", "/policies/staff", {"priority": 3})
    ask(admin, "DELETE", "/policies/staff")
    ask(admin, "POST", "/hosts", {
        "name": "web01", "groups": ["crew"], "managers": ["bob"],
        "description": "the web", "password": "made by a program 1"})
    ask(admin, "GET", "/hosts")
    ask(admin, "GET", "/hosts/web01")
    ask(admin, "GET", "/hosts/web01/people")
    ask(admin, "PATCH", "/hosts/web01", {"groups": []})
    ask(admin, "DELETE", "/hosts/web01")
    ask(admin, "PATCH", "/users/bob", {"hosts": ["web01", "!db01"],
                                       "services": ["sshd"]})
    ask(admin, "DELETE", "/groups/crew/members/bob")
    ask(admin, "PUT", "/groups/crew/groups/sysadmins")
    ask(admin, "DELETE", "/groups/crew/groups/sysadmins")
    ask(admin, "DELETE", "/groups/crew")


def invitations(ask, admin, anyone):
    ask(anyone, "GET", "/registration")
    ask(anyone, "POST", "/password-resets", {"username": "nobody-there"})
    ask(admin, "POST", "/registrations/decide", {
        "usernames": ["nobody-there"], "decision": "approve"})
    ask(admin, "POST", "/users/bob/reset-password", {"send": False})
    made = ask(admin, "POST", "/registration-tokens",
               {"username": "hal"}).json()
    ask(admin, "GET", "/registration-tokens")
    ask(admin, "DELETE", "/registration-tokens/" + made["id"])
    agreements(ask, admin)
    ask(admin, "POST", "/invitation-presets", {
        "name": "interns", "groups": ["sysadmins"], "lifetime": 3600,
        "uses": 2, "needsApproval": True})
    ask(admin, "GET", "/invitation-presets")
    ask(admin, "GET", "/invitation-presets/interns")
    ask(admin, "PATCH", "/invitation-presets/interns", {"lifetime": "3d"})
    ask(admin, "POST", "/invitations", {"preset": "interns", "send": False})
    ask(admin, "DELETE", "/invitation-presets/interns")
    for more in ({"dryRun": True}, {}, {"format": "csv"}):
        ask(admin, "POST", "/invitations/import", dict(
            more, list="many@example.org,sysadmins\nnobody\n"))
    query = "/invitations/import?" + urllib.parse.urlencode({
        "groups": "sysadmins,crew", "expires": "1d", "needsApproval": "true",
        "send": "false", "dryRun": "true", "format": "json", "preset": ""})
    ask.check(admin.web.post(
        admin.rosterd.url + "/api/v1" + query, data=b"sheet@example.org\n",
        timeout=60, headers={"Content-Type": "text/csv",
                             "X-CSRF-Token": admin.csrf}), "POST", query)
    made = ask(admin, "POST", "/invitations",
               {"mail": "guy@example.org", "send": False}).json()
    ask(admin, "GET", "/invitations")
    ask(admin, "GET", "/invitations/" + made["id"])
    made = ask(admin, "POST", "/invitations/%s/resend" % made["id"],
               {"send": False}).json()
    token = made["link"].rsplit("/", 1)[1]
    ask(anyone, "GET", "/invitations/token/" + token)
    ask(anyone, "POST", "/registrations", person("guy", token=token))
    made = ask(admin, "POST", "/invitations", {"send": False}).json()
    ask(admin, "DELETE", "/invitations/" + made["id"])


def own_things(ask, rosterd, admin):
    bob, other = rosterd.client(), rosterd.client()
    for client in (bob, other):
        client.sign_in("bob")
    ask(bob, "GET", "/me")
    ask(bob, "PATCH", "/me", {"displayName": "Robert"})
    ask(bob, "POST", "/me/mail", {"mail": "robert@example.net"})
    ask(bob, "GET", "/me")
    ask(bob, "DELETE", "/me/mail")
    ask(bob, "POST", "/me/password/strength", {"password": "abc"})
    ask(bob, "POST", "/me/ssh-keys", {"key": KEY})
    keys = ask(bob, "GET", "/me/ssh-keys").json()["items"]
    ask(bob, "DELETE", "/me/ssh-keys",
        {"fingerprint": keys[0]["fingerprint"]})
    token = ask(bob, "POST", "/me/tokens", {"name": "x", "ttl": "30d"}).json()
    bearer = rosterd.client()
    ask(bearer, "GET", "/me", headers={
        "Authorization": "Bearer " + token["token"]})
    ask(bob, "GET", "/me/tokens")
    ask(bob, "DELETE", "/me/tokens/" + token["id"])
    items = ask(bob, "GET", "/me/sessions").json()["items"]
    others = [one["id"] for one in items if not one["current"]]
    ask(bob, "DELETE", "/me/sessions/" + others[0])
    ask(bob, "DELETE", "/me/sessions")
    ask(bob, "POST", "/me/password/strength", {"password": PASSWORD})
    ask(bob, "POST", "/me/password", {"old": PASSWORD,
                                      "new": PASSWORD + " 2"})
    for _ in range(3):
        rosterd.client().sign_in("carl")
    items = ask(admin, "GET", "/users/carl/sessions").json()["items"]
    ask(admin, "DELETE", "/users/carl/sessions/" + items[0]["id"])
    ask(admin, "DELETE", "/sessions/" + items[1]["id"])
    ask(admin, "POST", "/users/carl/sign-out", {"reason": "lost laptop"})
    ask(admin, "DELETE", "/users/carl/sessions")


def agreements(ask, admin):
    ask(admin, "POST", "/agreements", {"name": "terms", "text": "Be kind."})
    ask(admin, "GET", "/agreements")
    ask(admin, "GET", "/agreements/terms")
    ask(admin, "PATCH", "/agreements/terms", {"title": "Terms"})
    ask(admin, "POST", "/me/agreements/terms/sign", {"version": 1})
    ask(admin, "GET", "/me/agreements")
    ask(admin, "GET", "/users/bob/agreements")
    ask(admin, "GET", "/agreements/terms/signatures")
    ask(admin, "POST", "/me/activate", {})
    ask(admin, "POST", "/agreements", {"name": "draft", "text": "x"})
    ask(admin, "DELETE", "/agreements/draft")


def front_door(ask, rosterd, admin, sink):
    """What needs nobody who is signed in, by links."""
    anyone = rosterd.client()
    made = ask(admin, "POST", "/registration-tokens",
               {"username": "tim", "ttl": 60}).json()
    ask(anyone, "GET", "/registration/username?givenName=Vera&sn=Vogt&token="
        + made["link"].rsplit("/", 1)[1])
    ask(admin, "GET", "/registration-tokens")
    ask(admin, "DELETE", "/registration-tokens/" + made["id"])
    link = ask(admin, "POST", "/users/carl/reset-password", {}).json()["link"]
    ask(anyone, "POST", "/password-resets", {"username": "nobody"})
    ask(anyone, "POST", "/password-resets/confirm",
        {"token": link.rsplit("/", 1)[1], "password": PASSWORD})
    admin.patch("/settings", {"registration": "open"})
    ask(anyone, "POST", "/registrations", person("vera"))

    def link_of_vera():
        return next((re.search(rb"/verify/(\S+)", one.content).group(1)
                     for one in sink.mails
                     if one.rcpt_tos == ["vera@example.org"]), None)
    token = until(link_of_vera, "a mail to vera").decode()
    ask(anyone, "POST", "/verifications", {"token": token})
    ask(admin, "POST", "/registrations/decide",
        {"usernames": ["vera", "nobody"], "decision": "reject"})
    admin.patch("/settings", {"registration": "invite"})


def mails(ask, admin, sink):
    assert ask(admin, "POST", "/settings/test-mail", {
        "mail": "y@example.org"}).json()["delivery"] == "sent"
    for path in ("", "/invitation", "/invitation?lang=de"):
        ask(admin, "GET", "/mail/templates" + path)
    sink.refuse = True

    def queued():
        """Others wait, too: of what was done to people before."""
        return [one for one in ask(admin, "GET", "/mail?limit=200").json()[
            "items"] if one["to"] == "x@example.org"]
    for one in ask(admin, "GET", "/mail").json()["items"]:
        ask(admin, "DELETE", "/mail/%d" % one["id"])

    def waits():
        return next((one for one in queued() if one["attempts"] > 0), None)
    for verb in ("POST", "DELETE"):
        ask(admin, "POST", "/settings/test-mail", {"mail": "x@example.org"})
        mail = until(waits, "a mail that waits")
        path = "/mail/%d" % mail["id"]
        if verb == "POST":
            ask(admin, "POST", path + "/retry")
        ask(admin, "DELETE", path)
        until(lambda: not queued(), "its end")


def refusals(ask, rosterd, admin):
    """Problems are as described, too."""
    stranger = rosterd.client()
    for client, method, path, body, status in (
            (stranger, "GET", "/me", None, 401),
            (stranger, "POST", "/session", {"username": "x",
                                            "password": "y"}, 401),
            (stranger, "POST", "/session", {"username": 1}, 400),
            (stranger, "POST", "/registrations", person("zed"), 403),
            (admin, "GET", "/users/nobody-there", None, 404),
            (admin, "GET", "/users?limit=none", None, 400),
            (admin, "POST", "/users", person("bob"), 409),
            (admin, "POST", "/users", person("Not a name"), 422),
            (admin, "PATCH", "/users/bob", {"noSuchField": 1}, 400)):
        answer = ask(client, method, path, body)
        assert answer.status_code == status, (path, answer.text)
    ask(admin, "PATCH", "/users/bob", {"displayName": "x"},
        headers={"If-Match": '"no"'})


if __name__ == "__main__":
    main(every_reference_leads_somewhere,
         every_route_is_described_and_nothing_else,
         every_code_is_described_and_nothing_else,
         every_field_is_described_and_nothing_else,
         every_answer_is_as_described)
