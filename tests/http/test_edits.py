#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Edits that meet, lists in pages: what programs rely on."""
import base64
import threading

from rosterd import Rosterd, main, person, refused


def key(n):
    return "ssh-ed25519 " + base64.b64encode(
        b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([n]) * 32).decode()


def world():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for name in ("bob", "carl", "dora"):
        admin.post("/users", person(name), expect=201)
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.post("/policies", {"name": "staff", "groups": ["crew"]},
               expect=201)
    admin.post("/hosts", {"name": "web01", "groups": ["crew"]}, expect=201)
    return rosterd, admin


def what_changed_meanwhile_is_not_overwritten():
    """For each thing that can be edited, and each way to change it."""
    _, admin = world()
    invitation = admin.post("/invitations", {"send": False}, expect=201
                            ).json()["href"]
    table = [  # what it is, each change of it
        ("/users/bob", [
            ("PATCH", "/users/bob", {"displayName": "B"}),
            ("POST", "/users/bob/ssh-keys", {"key": key(1)}),
            ("POST", "/users/bob/suspend", {}),
            ("POST", "/users/bob/activate", {}),
            ("DELETE", "/users/bob", None),
            ("POST", "/users/bob/restore", {})]),
        ("/me", [("PATCH", "/me", {"displayName": "A"}),
                 ("POST", "/me/ssh-keys", {"key": key(2)})]),
        ("/groups/crew", [
            ("PATCH", "/groups/crew", {"description": "x"}),
            ("PUT", "/groups/crew/members/carl", None),
            ("DELETE", "/groups/crew/members/carl", None),
            ("DELETE", "/groups/crew", None)]),
        ("/policies/staff", [
            ("PATCH", "/policies/staff", {"priority": 7}),
            ("PATCH", "/policies/staff",
             {"settings": {"lockout-failures": "3",
                           "lockout-window": "10m"}}),
            ("DELETE", "/policies/staff", None)]),
        ("/hosts/web01", [
            ("PATCH", "/hosts/web01", {"description": "x"}),
            ("PATCH", "/hosts/web01", {"groups": [], "managers": ["carl"]}),
            ("DELETE", "/hosts/web01", None)]),
        ("/settings", [("PATCH", "/settings", {"session-idle": "2h",
                                               "home": "/h/%u"})]),
        (invitation, [("POST", invitation + "/resend", {"send": False}),
                      ("DELETE", invitation, None)]),
    ]
    for path, changes in table:
        before = None
        for method, where, body in changes:
            tag = admin.get(path).headers["ETag"]
            assert tag != before, (method, where, "the ETag stays")
            for bad in ('"no"', "W/" + tag, tag + "x", before or '""'):
                answer = admin.request(method, where, body,
                                       headers={"If-Match": bad})
                refused(answer, 412, "changed")
                assert admin.get(path).headers["ETag"] == tag, where
            answer = admin.request(method, where, body, headers={
                "If-Match": '"x" , %s' % tag})
            assert answer.status_code in (200, 201, 204), (
                method, where, answer.text)
            before = tag
    admin.patch("/users/carl", {"displayName": "C"},
                headers={"If-Match": "*"})


def what_is_the_same_is_not_sent_again():
    rosterd, admin = world()
    admin.post("/users/bob/ssh-keys", {"key": key(1)}, expect=201)
    admin.post("/agreements", {"name": "terms", "text": "x"}, expect=201)
    admin.post("/invitation-presets", {"name": "many"}, expect=201)
    invitation = admin.post("/invitations", {"send": False}, expect=201
                            ).json()["href"]
    for path in ("/users/bob", "/users/bob/ssh-keys", "/me", "/me/ssh-keys",
                 "/groups/crew", "/policies/staff", "/hosts/web01",
                 "/settings", "/agreements/terms",
                 "/invitation-presets/many", invitation):
        there = admin.get(path)
        tag = there.headers["ETag"]
        for had in (tag, "W/" + tag, '"x" ,%s' % tag, "*"):
            for method in ("GET", "HEAD"):
                answer = admin.request(method, path,
                                       headers={"If-None-Match": had})
                assert (answer.status_code, answer.content,
                        answer.headers["ETag"]) == (304, b"", tag), (
                    path, had, answer.status_code, answer.text)
        for had in ('"x"', tag + "x", tag[:-1], tag[1:],
                    tag.split("-")[0] + '"'):
            answer = admin.get(path, headers={"If-None-Match": had})
            assert answer.content == there.content, (path, had)
        # who may not see it learns nothing of whether it changed
        refused(rosterd.client().get(path, expect=401, headers={
            "If-None-Match": "*"}), 401, "not_signed_in")
    # what is told changes though the entry does not
    for change in (lambda: admin.put("/groups/crew/members/bob"),
                   lambda: admin.patch("/groups/crew", {
                       "administrator": True}),
                   lambda: admin.delete("/groups/crew/members/bob"),
                   lambda: admin.patch("/users/bob", {"sn": "Other"})):
        before = admin.get("/users/bob").headers["ETag"]
        change()
        answer = admin.get("/users/bob", headers={"If-None-Match": before})
        assert answer.json() and answer.headers["ETag"] != before, before
    # a change is made whatever its answer would be
    tag = admin.get("/users/bob").headers["ETag"]
    answer = admin.patch("/users/bob", {"displayName": "B"},
                         headers={"If-None-Match": "*", "If-Match": tag})
    assert answer.json()["displayName"] == "B"
    assert admin.get("/users/bob", headers={
        "If-None-Match": answer.headers["ETag"]}, expect=304)
    refused(admin.get("/users/none", expect=404, headers={
        "If-None-Match": "*"}), 404, "not_found")


def of_many_at_once_one_wins():
    rosterd, admin = world()
    for round_number in range(5):
        tag = admin.get("/users/dora").headers["ETag"]
        gate = threading.Barrier(8)
        got = []

        def edit(i):
            client = rosterd.client()
            client.web.cookies.update(admin.web.cookies)
            client.csrf = admin.csrf
            gate.wait()
            answer = client.request("PATCH", "/users/dora", {
                "displayName": "D%d-%d" % (round_number, i)},
                headers={"If-Match": tag})
            got.append((answer.status_code, i))
        threads = [threading.Thread(target=edit, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [i for status, i in got if status == 200]
        assert len(won) == 1, got
        assert {status for status, _ in got} == {200, 412}, got
        name = admin.get("/users/dora").json()["displayName"]
        assert name == "D%d-%d" % (round_number, won[0]), (name, got)


def every_list_comes_in_pages():
    rosterd, admin = world()
    bob = rosterd.client()
    bob.sign_in("bob")
    for i in range(5):
        bob.post("/me/ssh-keys", {"key": key(i)}, expect=201)
        bob.post("/me/tokens", {"name": "t%d" % i}, expect=201)
        admin.post("/groups", {"cn": "g%d" % i}, expect=201)
        admin.put("/groups/g0/members/" + ("ada", "bob", "carl", "dora",
                                           "bob")[i])
        admin.post("/policies", {"name": "p%d" % i}, expect=201)
        admin.post("/hosts", {"name": "web1%d" % i}, expect=201)
        admin.post("/invitations", {"send": False}, expect=201)
        admin.post("/users", person("w%dx" % i, status="pending"), expect=201)
    lists = [(admin, "/users", "username"), (admin, "/groups", "cn"),
             (admin, "/groups/g0/members", "username"),
             (admin, "/policies", "name"), (admin, "/invitations", "id"),
             (admin, "/hosts", "name"),
             (admin, "/hosts/web10/people", "username"),
             (admin, "/registrations", "username"),
             (admin, "/audit", "sequence"),
             (admin, "/users/bob/history", "sequence"),
             (admin, "/users?status=pending", "username"),
             (admin, "/users?q=example.org", "username"),
             (admin, "/users?group=g0", "username"),
             (bob, "/me/ssh-keys", "fingerprint"), (bob, "/me/tokens", "id"),
             (admin, "/users/bob/ssh-keys", "fingerprint"),
             (admin, "/users/bob/tokens", "id"), (admin, "/sessions", "id")]
    for client, path, name in lists:
        more = "&" if "?" in path else "?"
        whole = client.get(path + more + "limit=200").json()
        wanted = [one[name] for one in whole["items"]]
        assert len(wanted) > 1 and whole["next"] is None, (path, wanted)
        for limit in (1, 2, len(wanted) - 1, len(wanted)):
            seen, cursor = [], ""
            while cursor is not None:
                page = client.get("%s%slimit=%d&cursor=%s" % (
                    path, more, limit, cursor)).json()
                assert 0 < len(page["items"]) <= limit, (path, limit, page)
                seen += [one[name] for one in page["items"]]
                cursor = page["next"]
            assert seen == wanted, (path, limit, seen, wanted)
        for bad in ("limit=0", "limit=201", "limit=-1", "limit=x",
                    "limit=1&limit=2"):
            refused(client.get(path + more + bad, expect=400), 400,
                    "invalid_query")


def pages_stay_together_while_things_come_and_go():
    """What was there all the time is seen once, whatever else happens."""
    _, admin = world()
    names = ["m%02d" % i for i in range(0, 40, 2)]
    for name in names:
        admin.post("/groups", {"cn": name}, expect=201)
    seen, cursor, n = [], "", 1
    while cursor is not None:
        page = admin.get("/groups?limit=3&cursor=" + cursor).json()
        seen += [one["cn"] for one in page["items"]]
        cursor = page["next"]
        admin.post("/groups", {"cn": "m%02d" % n}, expect=201)
        if n > 1:
            admin.delete("/groups/m%02d" % (n - 2))
        n += 2
    assert len(seen) == len(set(seen)), seen
    assert set(names) <= set(seen), set(names) - set(seen)


if __name__ == "__main__":
    main(what_changed_meanwhile_is_not_overwritten,
         what_is_the_same_is_not_sent_again, of_many_at_once_one_wins,
         every_list_comes_in_pages,
         pages_stay_together_while_things_come_and_go)
