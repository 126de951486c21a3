#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Who may do what: every route, every role, default deny; CSRF; sessions."""
import os
import re

from rosterd import (Browser, Rosterd, PASSWORD, SOURCE, check, main, person,
                     refused)

METHODS = {"HTTP_GET": "GET", "HTTP_POST": "POST", "HTTP_PUT": "PUT",
           "HTTP_PATCH": "PATCH", "HTTP_DELETE": "DELETE"}


def routes():
    """The table of httpd/route.c: method, where, role, path."""
    with open(os.path.join(SOURCE, "httpd", "route.c")) as source:
        text = source.read()
    rows = re.findall(r"^\{ (HTTP_\w+), ([\w |]+), (HTTP_\w+), \"([^\"]+)\"",
                      text, re.M)
    assert len(rows) > 40, "the table was not understood"
    for method, where, role, path in rows:
        where = where.replace("BOTH", "HTTP_API | HTTP_PAGE")
        yield METHODS[method], where, role, path


def invite(admin, username, **more):
    link = admin.post("/invitations", dict(
        {"mail": "%s@example.org" % username, "send": False}, **more),
        expect=201).json()["link"]
    anyone = admin.rosterd.client()
    anyone.post("/registrations",
                person(username, token=link.rsplit("/", 1)[1]), expect=201)


def every_route_refuses_who_may_not():
    """Statuses 401 and 403 exactly where the table says so, never below."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    invite(admin, "bob")
    invite(admin, "carl")
    # closed, it refuses to propose a name to anybody: no matter of roles
    admin.patch("/settings", {"registration": "open"})
    wrong = []
    allowed = {  # who passes the door of a role
        "HTTP_ANYONE": {"nobody", "bob", "ada"},
        "HTTP_PERSON": {"bob", "ada"},
        "HTTP_SELF": {"ada"},  # the path names carl
        "HTTP_MANAGER": {"ada"},
        "HTTP_ADMIN": {"ada"},
    }
    clients = {"nobody": rosterd.client(), "ada": admin,
               "bob": rosterd.client()}
    clients["bob"].sign_in("bob")
    for method, where, role, pattern in routes():
        assert role in allowed, "a role that this test does not know: " + role
        path = pattern.replace("/members/{}", "/members/nobody-there")
        path = path.replace("/groups/{}", "/groups/nothing")
        path = path.replace("/users/{}", "/users/carl").replace("{}", "none")
        if pattern in ("/logout", "/session") and method != "GET":
            continue  # it ends the session: see below
        if pattern == "/":
            continue  # it leads everybody to where he belongs
        for who in ("nobody", "bob", "ada"):
            for prefix in ("/api/v1", ""):
                if ("HTTP_API" if prefix else "HTTP_PAGE") not in where:
                    continue
                client = clients[who]
                answer = client.web.request(
                    method, rosterd.url + prefix + path, timeout=30,
                    headers={"X-CSRF-Token": client.csrf or ""},
                    allow_redirects=False,
                    stream=pattern == "/audit/stream")  # it has no end
                status = answer.status_code
                if pattern == "/audit/stream":
                    answer.close()
                login = answer.headers.get("Location", "").startswith("/login")
                denied = status in (401, 403) or (status == 303 and login)
                if denied == (who in allowed[role]):
                    wrong.append("%s %s%s as %s: %d" % (
                        method, prefix, path, who, status))
                if denied and prefix:
                    expect = 401 if who == "nobody" else 403
                    if status != expect:
                        wrong.append("%s %s as %s: %d, not %d" % (
                            method, path, who, status, expect))
    assert not wrong, "\n".join(wrong)
    # nothing happened to anybody
    assert admin.get("/users/carl").json()["status"] == "active"


def the_manual_knows_every_route():
    words = {"HTTP_ANYONE": "anybody", "HTTP_PERSON": "a person",
             "HTTP_SELF": "self", "HTTP_MANAGER": "managers",
             "HTTP_ADMIN": "administrators"}
    with open(os.path.join(SOURCE, "man", "rosterd.8")) as page:
        told = re.findall(r"^\.It (\w+) Ta (\S+) Ta (.+)$", page.read(), re.M)
    told = {(m, re.sub(r"\{\w+\}", "{}", p), who) for m, p, who in told}
    there = {(m, p, words[role]) for m, where, role, p in routes()
             if "HTTP_API" in where}
    assert told == there, told ^ there


def people_see_themselves_only():
    rosterd = Rosterd()
    admin = rosterd.admin()
    invite(admin, "bob")
    bob = rosterd.client()
    bob.sign_in("bob")
    mine = bob.get("/users/bob").json()
    assert mine["username"] == "bob" and "moves" not in mine, mine
    refused(bob.get("/users/ada", expect=403), 403, "forbidden")
    refused(bob.get("/users", expect=403), 403, "forbidden")
    # there is nothing to try: unknown people are refused alike
    refused(bob.get("/users/nobody-there", expect=403), 403, "forbidden")
    for field in ("mail", "status", "uidNumber", "groups", "username"):
        refused(bob.patch("/me", {field: "x"}, expect=400), 400,
                "unknown_field", field)
    done = bob.patch("/me", {"displayName": "Bob <b>B.</b>"}).json()
    assert done["displayName"] == "Bob <b>B.</b>"
    assert "moves" in admin.get("/users/bob").json()


def a_stranger_page_cannot_act():
    rosterd = Rosterd()
    admin = rosterd.admin()
    body = {"cn": "g1"}
    table = [
        ("no csrf value", {}, None),
        ("empty csrf value", {"X-CSRF-Token": ""}, None),
        ("another value", {"X-CSRF-Token": "A" * 43}, None),
        ("cross-site", {"Sec-Fetch-Site": "cross-site"}, admin.csrf),
        ("same-site", {"Sec-Fetch-Site": "same-site"}, admin.csrf),
        ("none", {"Sec-Fetch-Site": "none"}, admin.csrf),
        ("another origin", {"Origin": "https://evil.example"}, admin.csrf),
        ("null origin", {"Origin": "null"}, admin.csrf),
        ("origin with ours in it", {"Origin": rosterd.url + ".evil.example"},
         admin.csrf),
        ("contradiction", {"Sec-Fetch-Site": "same-origin",
                           "Origin": "https://evil.example"}, admin.csrf),
    ]
    for name, headers, csrf in table:
        send = dict(headers)
        if csrf:
            send["X-CSRF-Token"] = csrf
        answer = admin.request("POST", "/groups", body, headers=send,
                               csrf=False)
        assert answer.status_code == 403, (name, answer.status_code)
        assert answer.json()["code"] == "csrf_failed", name
    for headers in ({}, {"Origin": rosterd.url},
                    {"Sec-Fetch-Site": "same-origin"},
                    {"Sec-Fetch-Site": "same-origin", "Origin": "null"}):
        admin.post("/groups", {"cn": "g%d" % len(str(headers))}, expect=201,
                   headers=headers)
    # signing in is refused from elsewhere too
    for headers in ({"Sec-Fetch-Site": "cross-site"},
                    {"Origin": "https://evil.example"}):
        refused(rosterd.client().post(
            "/session", {"username": "ada", "password": PASSWORD},
            expect=403, headers=headers), 403, "csrf_failed")
    # another session's value does not fit
    other = rosterd.client()
    other.sign_in("ada")
    assert other.csrf != admin.csrf
    refused(admin.request("POST", "/groups", {"cn": "x1"}, csrf=False,
                          headers={"X-CSRF-Token": other.csrf}), 403,
            "csrf_failed")
    # pages: the field of the form
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    web.open("/groups")
    page = web.submit("/groups", {"cn": "byform", "csrf": "A" * 43},
                      expect=403)
    assert "did not come from a page of this site" in page
    web.open("/groups")
    web.submit("/groups", {"cn": "byform"})
    web.open("/groups")
    web.submit("/groups", {"cn": "byform2"}, expect=403,
               headers={"Sec-Fetch-Site": "cross-site"})
    names = [g["cn"] for g in admin.get("/groups").json()["items"]]
    assert "byform" in names and "byform2" not in names, names


def cookies():
    rosterd = Rosterd()
    admin = rosterd.admin()
    answer = rosterd.client().sign_in("ada")
    cookie = answer.headers["Set-Cookie"]
    assert re.match(r"roster=[A-Za-z0-9_-]{43}; Max-Age=\d+; HttpOnly; "
                    r"SameSite=Lax; Path=/$", cookie), cookie
    # the csrf value is not the token, nor a part of it
    token = cookie[7:50]
    assert answer.json()["csrf"] not in token and token not in answer.text
    for value in ("roster=" + token + "; roster=" + token, "roster=",
                  "roster=" + token[:-1], "roster=" + token + "A",
                  "Roster=" + token, "roster=" + token[::-1],
                  "__Host-roster=" + token):
        got = rosterd.client().request("GET", "/me",
                                       headers={"Cookie": value})
        refused(got, 401, "not_signed_in")
    # an Authorization header takes precedence: no cookie is believed then
    refused(admin.get("/me", expect=401,
                      headers={"Authorization": "Bearer rst_x"}), 401,
            "invalid_token")
    admin.delete("/session")
    refused(admin.get("/me", expect=401), 401, "not_signed_in")


def sessions_end():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for name in ("bob", "carl", "dora"):
        invite(admin, name)
    bob, carl, here, there = (rosterd.client() for _ in range(4))
    bob.sign_in("bob")
    carl.sign_in("carl")
    here.sign_in("dora")
    there.sign_in("dora")
    # suspension ends the session at its next request
    admin.post("/users/bob/suspend", {"reason": "left"})
    refused(bob.get("/me", expect=401), 401, "not_signed_in")
    refused(bob.sign_in("bob", expect=403), 403, "account_inactive")
    refused(bob.sign_in("bob", "wrong password!", expect=401), 401,
            "invalid_credentials")
    assert admin.get("/users/bob").json()["reason"] == "left"
    admin.post("/users/bob/activate")
    refused(bob.get("/me", expect=401), 401, "not_signed_in")
    bob.sign_in("bob")
    bob.get("/me")
    carl.get("/me")
    # a new password ends the other sessions and not this one
    refused(here.post("/me/password", {"old": "wrong", "new": PASSWORD + "2"},
                      expect=403), 403, "wrong_password", "old")
    refused(here.post("/me/password", {"old": PASSWORD, "new": "short"},
                      expect=422), 422, "weak_password", "new")
    here.post("/me/password", {"old": PASSWORD, "new": PASSWORD + "2"},
              expect=204)
    here.get("/me")
    refused(there.get("/me", expect=401), 401, "not_signed_in")
    refused(there.sign_in("dora", PASSWORD, expect=401), 401,
            "invalid_credentials")
    there.sign_in("dora", PASSWORD + "2")
    # who is no administrator any more is none at the next request
    admin.put("/groups/sysadmins/members/carl")
    carl.get("/users")
    admin.delete("/groups/sysadmins/members/carl")
    refused(carl.get("/users", expect=403), 403, "forbidden")
    refused(admin.delete("/groups/sysadmins/members/ada", expect=409), 409,
            "last_admin")
    refused(admin.post("/users/ada/suspend", expect=409), 409, "last_admin")


def sessions_run_out():
    rosterd = Rosterd()
    admin = rosterd.admin()
    rosterd.stop()
    for later, status in (("+3500s", 200), ("+90000s", 401)):
        again = Rosterd(state=rosterd.state, faketime=later)
        cookie = {"Cookie": "roster=%s" % admin.web.cookies["roster"]}
        check(again.client().request("GET", "/me", headers=cookie), status)
        again.stop()


def sign_in_leads_back_home_only():
    rosterd = Rosterd()
    rosterd.admin()
    for path, expect in (("/users/ada", "/users/ada"), ("/me", "/me"),
                         ("//evil.example", "/"), ("https://evil", "/"),
                         ("/\\evil", "/"), ("/a?b", "/"), ("", "/"),
                         ("/" + "a" * 300, "/"), ("/..", "/"),
                         ("/a\r\nSet-Cookie: x=y", "/")):
        answer = rosterd.client().web.post(
            rosterd.url + "/login", allow_redirects=False, timeout=30,
            data={"username": "ada", "password": PASSWORD, "next": path})
        check(answer, 303)
        assert answer.headers["Location"] == expect, (path, answer.headers)


if __name__ == "__main__":
    main(every_route_refuses_who_may_not, the_manual_knows_every_route,
         people_see_themselves_only,
         a_stranger_page_cannot_act, cookies, sessions_end, sessions_run_out,
         sign_in_leads_back_home_only)
