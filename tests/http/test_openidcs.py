#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""POST /api/user/create: what OpenIDCS documents, and an answer of its form."""
import datetime
import json
import os
import re
import subprocess

from rosterd import BUILD, Rosterd, Sink, main, person, text_of, until

ROUTE = "/api/user/create"
# The body of its manual's example, letter by letter.
DOCUMENTED = """{
    "username": "alice",
    "password": "Str0ng@Pass",
    "email": "alice@example.com",
    "role": "operator",
    "quota": { "vcpu": 8, "memory": 16384, "disk": 500, "vms": 10 },
    "hosts": ["docker-01", "lxd-01"]
  }"""
QUOTAS = ["quota.vcpu", "quota.memory", "quota.disk", "quota.vms"]
PASSWORD = "Str0ng@Pass"


class World:
    def __init__(self, smtp=True):
        self.sink = Sink() if smtp else None
        self.rosterd = Rosterd(smtp=self.sink.port if smtp else None)
        self.admin = self.rosterd.admin()
        self.admin.post("/users", person("carl"), expect=201)
        # its own rule of passwords: eight characters of three kinds, and
        # nothing against those that are easy to guess, as the example's is
        self.config("preset", "openidcs")
        self.config("set", "password-blocklist=off")
        self.admin.post("/groups", {"cn": "role-operator"}, expect=201)
        self.token = self.make_token()

    def config(self, *words):
        subprocess.run([os.path.join(BUILD, "rosterctl"), "config", *words,
                        "-d", self.rosterd.state], check=True,
                       stdout=subprocess.DEVNULL)

    def make_token(self, owner="ada", scope="inherit"):
        return self.admin.post("/users/%s/tokens" % owner, {
            "name": "openidcs", "scope": scope}, expect=201).json()["token"]

    def send(self, text, token=None):
        """As a program that knows no Roster sends it: headers and bytes."""
        program = self.rosterd.client().web
        headers = {"Content-Type": "application/json"}
        if token != "":
            headers["Authorization"] = "Bearer " + (token or self.token)
        answer = program.post(self.rosterd.url + ROUTE, data=text,
                              headers=headers, timeout=30)
        assert answer.headers["Content-Type"] == "application/json", \
            answer.headers
        body = answer.json()
        assert set(body) == {"code", "msg", "data"}, body
        assert body["code"] == answer.status_code, (answer, body)
        assert body["msg"] and isinstance(body["data"], dict), body
        return body

    def create(self, expect=200, token=None, **fields):
        body = self.send(json.dumps(fields), token)
        assert body["code"] == expect, body
        return body["data"]

    def signs_in(self, name, password, expect=201):
        client = self.rosterd.client()
        client.sign_in(name, password, expect=expect)
        return client

    def people(self):
        return [one["username"] for one in
                self.admin.get("/users").json()["items"]]


def the_documented_request_makes_an_account():
    world = World()
    body = world.send(DOCUMENTED)
    assert body["code"] == 200, body
    data = body["data"]
    assert data["username"] == "alice" and data["enabled"] is True, data
    assert data["ignored"] == QUOTAS and "ignored" in body["msg"], body
    alice = world.admin.get("/users/alice").json()
    assert alice["status"] == "active", alice
    assert alice["mail"] == "alice@example.com", alice
    assert sorted(alice["hosts"]) == ["docker-01", "lxd-01"], alice
    members = world.admin.get("/groups/role-operator/members").json()["items"]
    assert [one["username"] for one in members] == ["alice"], members
    world.signs_in("alice", PASSWORD)
    # the activation: a link by which she sets a password of her own
    assert data["activation"] == "queued", data
    mail = world.sink.wait()
    assert mail["To"] == "alice@example.com", mail["To"]
    link = re.search(r"/reset/([A-Za-z0-9_-]{20,})", text_of(mail))
    assert link.group(1) not in json.dumps(body)
    world.rosterd.client().post("/password-resets/confirm", {
        "token": link.group(1), "password": "An0ther@Pass-7"})
    world.signs_in("alice", "An0ther@Pass-7")
    world.signs_in("alice", PASSWORD, expect=401)
    acts = [one["action"] for one in
            world.admin.get("/audit?target=alice").json()["items"]]
    assert "create-person" in acts, acts


def a_password_is_judged_as_everywhere():
    world = World()
    world.config("unset", "password-blocklist")
    body = world.send(DOCUMENTED)
    assert (body["code"], body["data"]) == (
        422, {"error": "weak_password", "field": "password"}), body
    assert "alice" not in world.people()
    world.create(username="alice", password="Tr7-ow9k-Lamp")
    world.config("preset", "default")  # twelve characters, of any kind
    world.create(422, username="bob", password="Tr7-ow9k")
    world.create(username="bob", password="tr7-ow9k-lamp")


def without_mail_there_is_none():
    world = World(smtp=False)
    data = world.create(username="bob", password=PASSWORD,
                        email="bob@example.org")
    assert data["activation"] == "not_configured", data
    assert world.admin.get("/mail").json()["items"] == []
    world.signs_in("bob", PASSWORD)


def nor_without_an_address():
    world = World()
    data = world.create(username="bob", password=PASSWORD)
    assert data["activation"] == "no_address", data
    data = world.create(username="carol", email="carol@example.org")
    assert data["activation"] == "queued", data
    assert world.sink.wait()["To"] == "carol@example.org"


def a_role_is_a_group():
    world = World()
    data = world.create(username="root2", password=PASSWORD, role="admin")
    assert data["ignored"] == [], data
    world.signs_in("root2", PASSWORD).get("/users")
    data = world.create(username="plain", password=PASSWORD, role="user")
    assert data["ignored"] == [], data
    world.signs_in("plain", PASSWORD).get("/users", expect=403)
    data = world.create(username="guest2", password=PASSWORD, role="readonly")
    assert data["ignored"] == ["role"], data
    # a group is no role: nobody comes into docker by the way
    data = world.create(username="erin", password=PASSWORD, role="ldapusers")
    assert data["ignored"] == ["role"], data
    members = world.admin.get("/groups/sysadmins/members").json()["items"]
    assert [one["username"] for one in members] == ["ada", "root2"], members


def disabled_is_suspended():
    world = World()
    for name, how in (("bob", {"status": "disabled"}),
                      ("carol", {"enabled": False})):
        data = world.create(username=name, password=PASSWORD,
                            email=name + "@example.org", **how)
        assert data["status"] == "suspended", data
        assert data["enabled"] is False, data
        assert data["activation"] == "account_inactive", data
        world.signs_in(name, PASSWORD, expect=403)
        world.admin.post("/users/%s/activate" % name, {})
        world.signs_in(name, PASSWORD)
    for name, how in (("dave", {"status": "enabled"}),
                      ("erin", {"enabled": True, "status": "enabled"})):
        data = world.create(username=name, password=PASSWORD, **how)
        assert data["status"] == "active" and data["enabled"] is True, data
        world.signs_in(name, PASSWORD)


def an_end_is_an_end():
    world = World()
    now = datetime.datetime.now(datetime.timezone.utc)
    soon = (now + datetime.timedelta(seconds=3)).strftime(
        "%Y-%m-%dT%H:%M:%SZ")
    data = world.create(username="bob", password=PASSWORD, expires_at=soon)
    assert data["expires"] == soon, data
    until(lambda: world.rosterd.client().post("/session", {
        "username": "bob", "password": PASSWORD},
        expect=None).status_code == 403, "the end of bob")
    data = world.create(username="carol", password=PASSWORD,
                        expires_at="2099-12-31")
    assert data["expires"] == "2099-12-31T00:00:00Z", data
    world.signs_in("carol", PASSWORD)
    data = world.create(username="dave", password=PASSWORD, expires_at=None)
    assert "expires" not in data, data


def what_is_wrong_is_told_in_its_form_and_makes_nothing():
    world = World()
    world.create(username="alice", password=PASSWORD,
                 email="alice@example.com")
    world.sink.wait()
    before = world.people()
    good = {"username": "bob", "password": PASSWORD,
            "email": "bob@example.org"}
    for more, code, error, field in (
            ({"username": "alice"}, 409, "username_taken", "username"),
            ({"username": "a b"}, 422, "invalid_username", "username"),
            ({"username": "root"}, 422, "reserved_username", "username"),
            ({"email": "alice@example.com"}, 409, "email_taken", "email"),
            ({"email": "nobody"}, 422, "invalid_email", "email"),
            ({"password": "Sh0rt@"}, 422, "weak_password", "password"),
            ({"password": "nodigits@here"}, 422, "weak_password", "password"),
            ({"hosts": ["two words"]}, 422, "invalid_host", "hosts"),
            ({"hosts": "web01"}, 400, "invalid_field", "hosts"),
            ({"quota": {"vcpu": "many"}}, 400, "invalid_field", "quota"),
            ({"quota": {"vcpu": -1}}, 400, "invalid_field", "quota"),
            ({"quota": [8]}, 400, "invalid_field", "quota"),
            ({"quota": {"q%d" % n: n for n in range(17)}}, 400,
             "invalid_field", "quota"),
            ({"status": "sleeping"}, 400, "invalid_field", "status"),
            ({"status": "enabled", "enabled": False}, 400, "invalid_field",
             "enabled"),
            ({"expires_at": "soon"}, 422, "invalid_expiry", "expires_at"),
            ({"isAdmin": True}, 400, "unknown_field", "isAdmin"),
            ({"username": None}, 400, "missing_field", "username")):
        body = world.send(json.dumps(dict(good, **more)))
        assert body["code"] == code, (more, body)
        assert body["data"] == {"error": error, "field": field}, (more, body)
    for text, code, error in ((DOCUMENTED[:-1], 400, "invalid_json"),
                              ("[]", 400, "invalid_json"),
                              ("", 400, "missing_field")):
        body = world.send(text)
        assert (body["code"], body["data"]["error"]) == (code, error), body
    assert world.people() == before, world.people()
    assert world.admin.get("/mail").json()["items"] == []


def only_an_administrators_token_may():
    world = World()
    before = world.people()
    for token, code, error in (
            ("", 401, "not_signed_in"), ("x", 401, "invalid_token"),
            (world.make_token("carl"), 403, "forbidden"),
            (world.make_token(scope="read"), 403, "insufficient_scope"),
            (world.make_token(scope="POST /users"), 403,
             "insufficient_scope"),
            (world.make_token(scope="ldap"), 403, "insufficient_scope")):
        body = world.send(DOCUMENTED, token)
        assert (body["code"], body["data"]["error"]) == (code, error), body
    # one for this alone does it, but makes no administrator
    narrow = world.make_token(scope="POST " + ROUTE)
    world.create(403, narrow, username="root2", password=PASSWORD,
                 role="admin")
    assert world.people() == before, world.people()
    assert world.send(DOCUMENTED, narrow)["code"] == 200
    answer = world.rosterd.client().web.get(world.rosterd.url + ROUTE)
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"


if __name__ == "__main__":
    main(the_documented_request_makes_an_account,
         a_password_is_judged_as_everywhere, without_mail_there_is_none,
         nor_without_an_address, a_role_is_a_group, disabled_is_suspended,
         an_end_is_an_end,
         what_is_wrong_is_told_in_its_form_and_makes_nothing,
         only_an_administrators_token_may)
