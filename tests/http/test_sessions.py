#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Sessions: listed, ended, run out; the password again for what is much."""
from rosterd import Browser, PASSWORD, Rosterd, check, main, person, refused

AGENT = "Test browser \xe4 <b>"


def world(**more):
    rosterd = Rosterd(**more)
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    return rosterd, admin


def signed_in(rosterd, name, agent=None):
    client = rosterd.client()
    if agent:
        client.web.headers["User-Agent"] = agent.encode("latin-1")
    client.sign_in(name)
    return client


def people_see_and_end_their_own():
    rosterd, admin = world()
    here, there = (signed_in(rosterd, "bob", AGENT + n) for n in "12")
    items = here.get("/me/sessions").json()["items"]
    assert len(items) == 2, items
    mine = [one for one in items if one["current"]]
    other = [one for one in items if not one["current"]]
    assert len(mine) == len(other) == 1, items
    assert mine[0]["agent"].endswith("1"), mine
    assert mine[0]["address"].startswith("127.0.0.1"), mine
    assert {"since", "last", "expires", "id", "user"} <= set(mine[0]), mine
    # an id is neither the token nor its digest
    for client in (here, there):
        assert client.web.cookies["roster"] not in str(items), items
    # nobody else's, whatever the path says
    ada = admin.get("/me/sessions").json()["items"][0]["id"]
    for path in ("/me/sessions/" + ada, "/me/sessions/" + "0" * 32,
                 "/me/sessions/x", "/me/sessions/" + ada[:-1]):
        refused(here.delete(path, expect=404), 404, "not_found")
    refused(here.get("/sessions", expect=403), 403, "forbidden")
    refused(here.get("/users/ada/sessions", expect=403), 403, "forbidden")
    here.delete("/me/sessions/" + other[0]["id"])
    refused(there.get("/me", expect=401), 401, "not_signed_in")
    refused(here.delete("/me/sessions/" + other[0]["id"], expect=404), 404,
            "not_found")
    # all the others at once; then the one that asks
    crowd = [signed_in(rosterd, "bob") for _ in range(3)]
    assert here.delete("/me/sessions", expect=200).json() == {"ended": 3}
    for client in crowd:
        refused(client.get("/me", expect=401), 401, "not_signed_in")
    gone = here.delete("/me/sessions/" + mine[0]["id"])
    assert "Max-Age=0" in gone.headers["Set-Cookie"], gone.headers
    refused(here.get("/me", expect=401), 401, "not_signed_in")
    acts = [one["action"] for one in admin.get(
        "/audit?target=bob").json()["items"]]
    assert acts.count("end-session") == 2, acts
    assert acts.count("end-sessions") == 1, acts


def administrators_see_and_end_all():
    rosterd, admin = world()
    bobs = [signed_in(rosterd, "bob") for _ in range(4)]
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.get("/sessions?limit=2&cursor=" + cursor).json()
        assert len(page["items"]) <= 2, page
        seen += page["items"]
        cursor = page["next"]
    assert len(seen) == 5 == len({one["id"] for one in seen}), seen
    assert sorted(one["user"] for one in seen) == ["ada"] + 4 * ["bob"]
    only = admin.get("/sessions?user=bob").json()["items"]
    assert only == admin.get("/users/bob/sessions").json()["items"]
    assert len(only) == 4 and not any(one["current"] for one in only), only
    for bad in ("cursor=zz", "cursor=" + "0" * 31, "limit=0", "limit=x"):
        refused(admin.get("/sessions?" + bad, expect=400), 400,
                "invalid_query")
    admin.get("/sessions?user=nobody-there", expect=404)
    admin.delete("/sessions/" + only[0]["id"])
    admin.delete("/users/bob/sessions/" + only[1]["id"])
    # the path must name whose it is
    ada = [one["id"] for one in seen if one["user"] == "ada"][0]
    refused(admin.delete("/users/bob/sessions/" + ada, expect=404), 404,
            "not_found")
    alive = [c for c in bobs if c.get("/me", expect=None).status_code == 200]
    assert len(alive) == 2, alive
    assert admin.post("/users/bob/sign-out").json() == {"ended": 2}
    assert admin.post("/users/bob/sign-out").json() == {"ended": 0}
    for client in bobs:
        refused(client.get("/me", expect=401), 401, "not_signed_in")
    refused(admin.post("/users/nobody-there/sign-out", expect=404), 404,
            "not_found")
    signed_in(rosterd, "bob").get("/me")


def signing_in_makes_a_new_id():
    rosterd, _ = world()
    planted = "A" * 42 + "A"
    client = rosterd.client()
    client.web.cookies.set("roster", planted)
    client.sign_in("bob")
    values = {cookie.value for cookie in client.web.cookies}
    assert planted in values and len(values) == 2, values
    first = (values - {planted}).pop()
    refused(rosterd.client().request("GET", "/me", headers={
        "Cookie": "roster=" + planted}), 401, "not_signed_in")
    again = rosterd.client()
    again.sign_in("bob")
    assert again.web.cookies["roster"] != first


def the_password_again_for_what_is_much():
    rosterd, admin = world()
    bob = signed_in(rosterd, "bob")
    token = admin.post("/me/tokens", {"name": "robot"}, expect=201).json()
    cookies = {one: {"Cookie": "roster=" + one.web.cookies["roster"],
                     "X-CSRF-Token": one.csrf} for one in (admin, bob)}
    rosterd.stop()
    later = Rosterd(state=rosterd.state, faketime="+11m")
    old = later.client()

    def ask(who, method, path, body=None, expect=None):
        answer = old.web.request(
            method, later.url + "/api/v1" + path, json=body,
            headers=cookies[who], timeout=30)
        if expect:
            check(answer, expect)
        return answer
    # reading goes on, changing does not
    ask(admin, "GET", "/users", expect=200)
    for method, path, body in (
            ("POST", "/groups", {"cn": "crew"}),
            ("PATCH", "/users/bob", {"displayName": "B"}),
            ("POST", "/users/bob/suspend", {}), ("DELETE", "/users/bob", {}),
            ("PATCH", "/settings", {"registration": "open"}),
            ("PUT", "/groups/sysadmins/members/bob", None),
            ("POST", "/me/tokens", {"name": "x"}),
            ("POST", "/users/nobody-there/suspend", {})):
        refused(ask(admin, method, path, body), 403,
                "reauthentication_required")
    # what is one's own and small needs none; a lasting token does
    ask(bob, "PATCH", "/me", {"displayName": "Bob"}, expect=200)
    for method, path, body in (
            ("POST", "/me/tokens", {"name": "x"}),
            ("POST", "/me/ssh-keys", {"key": "ssh-ed25519 x"}),
            ("DELETE", "/me/ssh-keys", {"fingerprint": "SHA256:x"})):
        refused(ask(bob, method, path, body), 403,
                "reauthentication_required")
    # who may not is told that first
    refused(ask(bob, "POST", "/groups", {"cn": "crew"}), 403, "forbidden")
    # a token was made by somebody who gave his password
    old.request("POST", "/groups", {"cn": "made"}, expect=201, headers={
        "Authorization": "Bearer " + token["token"]})
    refused(old.request("POST", "/session/reauthenticate", {
        "password": PASSWORD}, headers={
            "Authorization": "Bearer " + token["token"]}), 403,
        "insufficient_scope")
    # the wrong one, the right one; the old cookie is worth nothing then
    refused(ask(admin, "POST", "/session/reauthenticate",
                {"password": "wrong wrong wrong"}), 403, "wrong_password",
            "password")
    before = ask(admin, "GET", "/session", expect=200).json()["expires"]
    done = ask(admin, "POST", "/session/reauthenticate",
               {"password": PASSWORD}, expect=200)
    fresh = done.cookies["roster"]
    assert fresh != admin.web.cookies["roster"]
    assert done.json()["expires"] == before, "the session became longer"
    old.web.cookies.clear()
    refused(ask(admin, "GET", "/me"), 401, "not_signed_in")
    cookies[admin] = {"Cookie": "roster=" + fresh,
                      "X-CSRF-Token": done.json()["csrf"]}
    ask(admin, "POST", "/groups", {"cn": "crew"}, expect=201)
    acts = [one["action"] for one in
            ask(admin, "GET", "/audit", expect=200).json()["items"]]
    assert "reauthenticate" in acts, acts


def guessing_the_password_again_locks():
    rosterd, admin = world()
    bob = signed_in(rosterd, "bob")
    for i in range(6):
        answer = bob.post("/session/reauthenticate",
                          {"password": "wrong number %d" % i}, expect=403)
        refused(answer, 403, "wrong_password")
    refused(bob.post("/session/reauthenticate", {"password": PASSWORD},
                     expect=403), 403, "wrong_password")
    assert "locked" in admin.get("/users/bob").json()


def pages_ask_for_the_password():
    rosterd, _ = world()
    rosterd.stop()
    now = Rosterd(state=rosterd.state)
    web = Browser(now)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    cookie = web.web.cookies["roster"]
    web = Browser(now)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    other = web.web.cookies["roster"]
    now.stop()
    later = Rosterd(state=rosterd.state, faketime="+11m")
    old = Browser(later)
    where = {"domain": "127.0.0.1", "path": "/"}
    old.web.cookies.set("roster", cookie, **where)
    old.open("/groups")
    page = old.submit("/groups", {"cn": "crew"})
    assert "Your password again" in page
    page = old.submit("/groups", {"proof": "wrong wrong"}, expect=403)
    assert "this password is wrong" in page, page
    assert old.web.cookies["roster"] == cookie
    old.submit("/groups", {"proof": PASSWORD})
    # what had been typed was done, by a new session
    assert old.page.url.endswith("/groups/crew?done=created"), old.page.url
    assert old.web.cookies["roster"] != cookie
    old.open("/groups/crew")
    old.submit("/groups/crew/members", {"username": "bob"})
    # a secret does not go into a page: it is asked for again
    old = Browser(later)
    old.web.cookies.set("roster", other, **where)
    old.open("/users")
    page = old.submit("/users", {
        "username": "eve", "sn": "Everest", "mail": "eve@example.org",
        "password": "a secret that nobody sees"})
    assert "a secret that nobody sees" not in page
    assert 'value="eve@example.org"' in page, page
    page = old.submit("/users", {"proof": PASSWORD}, expect=422)
    assert "type it once more" in page, page
    assert 'value="eve@example.org"' in page, page
    old.submit("/users", {"password": "a secret that nobody sees"})
    later.client().sign_in("eve", "a secret that nobody sees")


def limits_are_settings():
    rosterd, admin = world()
    admin.patch("/settings", {"session-idle": "5m",
                              "session-lifetime": "10m",
                              "reauthentication": "1m"})
    busy, idle = (signed_in(rosterd, "bob") for _ in range(2))
    rosterd.stop()

    def ask(who, later, method="GET", path="/me", body=None):
        """Its status that much later; a request is a sign of life."""
        again = Rosterd(state=rosterd.state, faketime=later)
        status = again.client().request(method, path, body, headers={
            "Cookie": "roster=" + who.web.cookies["roster"],
            "X-CSRF-Token": who.csrf}).status_code
        again.stop()
        return status
    for later, status in (("+50s", 201), ("+2m", 403)):
        got = ask(busy, later, "POST", "/me/tokens", {"name": later})
        assert got == status, (later, got)
    # the one is used every few minutes, the other was not
    for who, later, status in ((busy, "+6m", 200), (idle, "+6m", 401),
                               (busy, "+9m", 200), (busy, "+11m", 401)):
        got = ask(who, later)
        assert got == status, (later, got)


if __name__ == "__main__":
    main(people_see_and_end_their_own, administrators_see_and_end_all,
         signing_in_makes_a_new_id, the_password_again_for_what_is_much,
         guessing_the_password_again_locks, pages_ask_for_the_password,
         limits_are_settings)
