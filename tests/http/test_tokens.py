#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""API tokens: instead of a cookie, within their scope, till they end."""
from rosterd import Rosterd, main, person, refused

MINE = "/me/tokens"


def world():
    """(rosterd, ada the administrator, bob signed in)"""
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    bob = rosterd.client()
    bob.sign_in("bob")
    return rosterd, admin, bob


def bearer(token, **more):
    return {"headers": dict({"Authorization": "Bearer " + token}, **more)}


def make(client, path=MINE, **fields):
    return client.post(path, dict({"name": "of a test"}, **fields),
                       expect=201).json()


def a_token_is_instead_of_a_cookie():
    rosterd, admin, bob = world()
    made = make(bob)
    assert made["token"].startswith(made["prefix"]), made
    assert len(made["token"]) == 53 and made["scope"] == ["inherit"], made
    program = rosterd.client()
    me = program.get("/me", **bearer(made["token"])).json()
    assert me["username"] == "bob", me
    # no csrf value, and no rights but his
    program.patch("/me", {"displayName": "Bob B."}, **bearer(made["token"]))
    refused(program.get("/users", expect=403, **bearer(made["token"])), 403,
            "forbidden")
    # a cookie beside it does not count: ada's browser, bob's token
    me = admin.get("/me", **bearer(made["token"])).json()
    assert me["username"] == "bob", me
    session = program.get("/session", **bearer(made["token"])).json()
    assert session["user"]["username"] == "bob", session


def it_is_shown_once_and_listed():
    _, admin, bob = world()
    made = make(bob, ttl="30d", addresses=["127.0.0.0/8", "local"])
    items = bob.get(MINE).json()["items"]
    assert [one["id"] for one in items] == [made["id"]], items
    one = items[0]
    assert "token" not in one and "lastUsed" not in one, one
    assert one["name"] == "of a test" and one["state"] == "open", one
    assert one["addresses"] == ["127.0.0.0/8", "local"], one
    assert one["createdFrom"] and one["created"] < one["expires"], one
    bob.get("/me", **bearer(made["token"]))
    assert "lastUsed" in bob.get(MINE).json()["items"][0]
    # ada sees bob's, and not among her own
    assert admin.get("/users/bob/tokens").json()["items"][0]["id"] == \
        made["id"]
    assert admin.get(MINE).json()["items"] == []
    never = make(bob, ttl="never")
    assert "expires" not in never, never


def scope_is_what_it_may():
    rosterd, admin, _ = world()
    program = rosterd.client()
    read = bearer(make(admin, scope="read")["token"])
    program.get("/users", **read)
    answer = program.post("/users", person("carl"), expect=403, **read)
    refused(answer, 403, "insufficient_scope")
    some = bearer(make(admin, scope=["GET /users", "POST /groups"])["token"])
    program.get("/users/bob", **some)
    program.post("/groups", {"cn": "makers"}, expect=201, **some)
    refused(program.get("/groups", expect=403, **some), 403,
            "insufficient_scope")
    refused(program.delete("/users/bob", expect=403, **some), 403,
            "insufficient_scope")
    ldap = bearer(make(admin, scope="ldap")["token"])
    refused(program.get("/me", expect=403, **ldap), 403, "insufficient_scope")


def every_end_is_an_end_at_once():
    rosterd, admin, bob = world()
    program = rosterd.client()
    made = make(bob)
    bob.delete(MINE + "/" + made["id"])
    refused(program.get("/me", expect=401, **bearer(made["token"])), 401,
            "invalid_token")
    assert bob.get(MINE).json()["items"] == []
    assert bob.get(MINE + "?all=true").json()["items"][0]["state"] == "revoked"
    made = make(admin, "/users/bob/tokens")
    program.get("/me", **bearer(made["token"]))
    admin.post("/users/bob/suspend", {})
    refused(program.get("/me", expect=401, **bearer(made["token"])), 401,
            "invalid_token")
    # and coming back does not bring it back
    admin.post("/users/bob/activate", {})
    refused(program.get("/me", expect=401, **bearer(made["token"])), 401,
            "invalid_token")
    made = make(admin, "/users/bob/tokens", addresses=["203.0.113.0/24"])
    refused(program.get("/me", expect=401, **bearer(made["token"])), 401,
            "invalid_token")


def others_cannot_have_or_end_it():
    rosterd, admin, bob = world()
    admin.post("/users", person("carl"), expect=201)
    carl = rosterd.client()
    carl.sign_in("carl")
    made = make(bob)
    refused(carl.delete(MINE + "/" + made["id"], expect=404), 404,
            "not_found")
    refused(carl.get("/users/bob/tokens", expect=403), 403, "forbidden")
    refused(carl.post("/users/bob/tokens", {"name": "x"}, expect=403), 403,
            "forbidden")
    refused(admin.delete("/users/carl/tokens/" + made["id"], expect=404),
            404, "not_found")
    bob.get("/me", **bearer(made["token"]))
    # a token does not make another
    refused(rosterd.client().post(MINE, {"name": "more"}, expect=403,
                                  **bearer(made["token"])), 403,
            "insufficient_scope")


def what_is_malformed_is_refused():
    rosterd, _, bob = world()
    for fields, status, code, field in (
            ({}, 400, "missing_field", "name"),
            ({"name": "a", "more": 1}, 400, "unknown_field", "more"),
            ({"name": "a", "ttl": "forever"}, 422, "invalid_expiry", "ttl"),
            ({"name": "a", "ttl": 0}, 422, "invalid_expiry", "ttl"),
            ({"name": "a", "ttl": 4000000000}, 422, "invalid_expiry", "ttl"),
            ({"name": "a", "scope": "all"}, 422, "invalid_scope", "scope"),
            ({"name": "a", "scope": {}}, 400, "invalid_field", "scope"),
            ({"name": "a", "scope": ["GET users"]}, 422, "invalid_scope",
             "scope"),
            ({"name": "a", "addresses": ["here"]}, 422, "invalid_address",
             "addresses"),
            ({"name": "x" * 65}, 422, "invalid_name", "name")):
        refused(bob.post(MINE, fields, expect=status), status, code, field)
    program = rosterd.client()
    for scheme in ("Basic Ym9iOmJvYg==", "Bearer", "Bearer rst_x", "rst_x",
                   "Bearer " + "r" * 53):
        answer = program.get("/me", expect=401,
                             headers={"Authorization": scheme})
        refused(answer, 401, "invalid_token")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def who_guesses_has_to_wait():
    rosterd, _, bob = world()
    program = rosterd.client()
    made = make(bob)
    for n in range(40):
        answer = program.get("/me", expect=None,
                             headers={"Authorization": "Bearer guess%d" % n})
        if answer.status_code == 429:
            break
    refused(answer, 429, "too_many_attempts")
    assert int(answer.headers["Retry-After"]) > 0
    # who has a real one is let in from there all the same
    program.get("/me", **bearer(made["token"]))


if __name__ == "__main__":
    main(a_token_is_instead_of_a_cookie, it_is_shown_once_and_listed,
         scope_is_what_it_may, every_end_is_an_end_at_once,
         others_cannot_have_or_end_it, what_is_malformed_is_refused,
         who_guesses_has_to_wait)
