#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Idempotency-Key: what is asked twice is made once, also after a crash."""
import base64
import os
import random
import signal
import subprocess
import threading

import requests

from rosterd import (BUILD, ROSTERD, Rosterd, Sink, check, faketime_library,
                     main, person, refused)

KILLS = int(os.environ.get("KILLS", "12"))


def key_line(n):
    return "ssh-ed25519 " + base64.b64encode(
        b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([n]) * 32).decode()


def once(key):
    return {"Idempotency-Key": key}


def same(first, again):
    assert again.status_code == first.status_code, (first.text, again.text)
    # what became of a mail is known after the answer that is kept
    assert again.text == first.text.replace('"delivery":"sent"',
                                            '"delivery":"queued"'), again.text
    for name in ("Location", "Content-Type"):
        assert again.headers.get(name) == first.headers.get(name), name
    # the entry's CSN, and the digest of these very bytes
    tags = [one.headers.get("ETag", "") for one in (first, again)]
    assert tags[0].rpartition("-")[0] == tags[1].rpartition("-")[0], tags
    if tags[0]:
        assert (tags[0] == tags[1]) == (again.text == first.text), tags
    assert "Set-Cookie" not in again.headers


def creates():
    lines = subprocess.run([ROSTERD, "--routes"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    rows = [line.split() for line in lines]
    return {path for _, _, where, path in rows if "creates" in where}


def asked_twice_it_is_made_once():
    """By each route that makes something."""
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    first = dict(person("ada"), token=rosterd.token)
    stranger = rosterd.client()
    admin = rosterd.client()
    table = [  # route, who, path, body, another body
        ("/bootstrap", stranger, "/bootstrap", first,
         dict(first, sn="Other")),
        ("/users", admin, "/users", dict(person("bob"), link=True),
         person("bert")),
        ("/api/user/create", admin, "/api/user/create",
         {"username": "abe", "role": "nothing"}, {"username": "art"}),
        ("/users/{}/ssh-keys", admin, "/users/bob/ssh-keys",
         {"key": key_line(1)}, {"key": key_line(2)}),
        ("/users/{}/tokens", admin, "/users/bob/tokens", {"name": "t"},
         {"name": "u"}),
        ("/me/ssh-keys", admin, "/me/ssh-keys", {"key": key_line(3)},
         {"key": key_line(4)}),
        ("/me/tokens", admin, "/me/tokens", {"name": "t"}, {"name": "u"}),
        ("/groups", admin, "/groups", {"cn": "crew"}, {"cn": "band"}),
        ("/hosts", admin, "/hosts", {"name": "web01"}, {"name": "web02"}),
        ("/agreements", admin, "/agreements",
         {"name": "terms", "text": "Be kind.", "required": False},
         {"name": "other", "text": "Be kind."}),
        ("/policies", admin, "/policies", {"name": "staff", "settings": {
            "lockout-failures": "4", "lockout-window": "10m"}},
         {"name": "other"}),
        ("/invitation-presets", admin, "/invitation-presets",
         {"name": "interns", "groups": ["crew"], "lifetime": "3d"},
         {"name": "other"}),
        ("/invitations", admin, "/invitations",
         {"mail": "eve@example.org", "send": True}, {"send": False}),
        ("/invitations/import", admin, "/invitations/import",
         {"list": "ivy@example.org\nnobody\nivo@example.org,crew\n"
                  "ivy@example.org\nix@example.org,nowhere\n"},
         {"list": "ivan@example.org\n"}),
        ("/registration-tokens", admin, "/registration-tokens",
         {"username": "fixed"}, {"username": "other"}),
        ("/settings/test-mail", admin, "/settings/test-mail",
         {"mail": "ada@example.org"}, {"mail": "bob@example.org"}),
        ("/registrations", stranger, "/registrations", None, None),
    ]
    assert {row[0] for row in table} == creates(), creates()
    made = {}
    for number, (route, who, path, body, other) in enumerate(table):
        if route == "/users":
            admin.sign_in("ada")
        if body is None:  # by the link for one name: it signs in, too
            link = made["/registration-tokens"].json()["link"]
            body = dict(person("fixed"), token=link.rsplit("/", 1)[1])
            other = dict(body, sn="Other")
        head = once("key-%d" % number)
        mails = len(sink.mails)
        answer = who.post(path, body, expect=None, headers=head)
        assert answer.status_code in (200, 201, 202), (path, answer.text)
        made[route] = answer
        journal = admin.get("/audit?limit=1").json() if admin.csrf else None
        if "session" in answer.json() and route == "/registrations":
            again = rosterd.client().post(path, body, expect=201,
                                          headers=head)
            told = answer.json()
            del told["session"]
            assert again.json() == told, again.text
        else:
            same(answer, who.post(path, body, expect=None, headers=head))
        refused(who.request("POST", path, other, headers=head), 422,
                "idempotency_key_reused")
        if journal is not None:
            assert admin.get("/audit?limit=1").json() == journal, path
        assert len(sink.mails) <= mails + 1, path
    sink.wait(2)
    for path, count in (("/invitations", 3), ("/users/bob/tokens", 1),
                        ("/me/tokens", 1), ("/users/bob/ssh-keys", 1)):
        assert len(admin.get(path).json()["items"]) == count, path
    # what was shown once is true, and one transaction made person and link
    secret = made["/me/tokens"].json()["token"]
    rosterd.client().get("/me", headers={"Authorization": "Bearer " + secret})
    token = made["/users"].json()["link"].rsplit("/", 1)[1]
    rosterd.client().post("/password-resets/confirm",
                      {"token": token, "password": "another long secret"})
    # nothing of it can be read in the environment
    with open(os.path.join(rosterd.state, "data.mdb"), "rb") as data:
        bytes_there = data.read()
    for text in (secret, token, made["/invitations"].json()["link"]):
        assert text.encode() not in bytes_there, text
    check_is_clean(rosterd)


def check_is_clean(rosterd):
    done = subprocess.run([os.path.join(BUILD, "rosterctl"), "--state",
                           rosterd.state, "check"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    assert done.returncode == 0, done.stdout


def a_key_is_its_callers_and_its_routes():
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    bob = rosterd.client()
    bob.sign_in("bob")
    head = once("one")
    mine = admin.post("/me/ssh-keys", {"key": key_line(1)}, expect=201,
                      headers=head)
    his = bob.post("/me/ssh-keys", {"key": key_line(1)}, expect=None,
                   headers=head)
    assert his.content != mine.content, his.text
    admin.post("/groups", {"cn": "crew"}, expect=201, headers=head)
    # who may not ask gets nothing told
    refused(rosterd.client().request("POST", "/groups", {"cn": "crew"},
                                     headers=head), 401, "not_signed_in")
    refused(bob.request("POST", "/groups", {"cn": "crew"}, headers=head),
            403, "forbidden")
    refused(admin.request("POST", "/groups", {"cn": "crew"}, headers=head,
                          csrf=False), 403, "csrf_failed")


def what_was_refused_is_asked_anew():
    rosterd = Rosterd()
    admin = rosterd.admin()
    head = once("later")
    body = {"cn": "crew", "gidNumber": 2500}
    admin.post("/groups", dict(body, cn="first"), expect=201)
    refused(admin.request("POST", "/groups", body, headers=head), 409,
            "gid_taken")
    admin.delete("/groups/first")
    body["gidNumber"] = 2501
    admin.post("/groups", body, expect=201, headers=head)
    for bad in ("", "a" * 256, "tab\tbed", "\xe9"):
        answer = admin.request("POST", "/groups", {"cn": "x"},
                               headers={"Idempotency-Key": bad.encode(
                                   "latin-1")})
        assert answer.status_code == 400, (bad, answer.text)
    # and without a key nothing is remembered
    refused(admin.request("POST", "/groups", body), 409, "group_taken")


def of_many_at_once_all_get_one_answer():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for round_number in range(3):
        gate = threading.Barrier(6)
        answers = []

        def ask():
            gate.wait()
            answers.append(admin.request(
                "POST", "/groups", {"cn": "crew-%d" % round_number},
                headers=once("round-%d" % round_number)))
        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {a.status_code for a in answers} == {201}, [
            a.text for a in answers]
        assert len({a.content for a in answers}) == 1


def a_list_is_imported_once():
    """As text/csv, with its terms in the query, of which groups are many."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    names = ["g%d" % n for n in range(33)]
    for name in names:
        admin.post("/groups", {"cn": name}, expect=201)

    def send(query, text, expect=200, **head):
        answer = admin.web.post(
            rosterd.url + "/api/v1/invitations/import?" + query,
            data=text.encode(), timeout=60, headers=dict(head, **{
                "Content-Type": "text/csv", "X-CSRF-Token": admin.csrf}))
        check(answer, expect)
        return answer

    def there():
        return {one["mail"]: sorted(one["groups"]) for one in
                admin.get("/invitations?limit=200").json()["items"]}
    asked = ("groups=g1,g2,&format=csv", "eve@example.org,g3\nbad\n")
    first = send(*asked, **once("list"))
    assert first.text.count("/register/") == 1, first.text
    assert first.headers["Content-Type"].startswith("text/csv")
    same(first, send(*asked, **once("list")))
    assert there() == {"eve@example.org": ["g1", "g2", "g3"]}, there()
    # of another list, or other terms
    refused(send("groups=g1&format=csv", asked[1], expect=422,
                 **once("list")), 422, "idempotency_key_reused")
    # a dry run uses no key up
    for _ in range(2):
        told = send("dryRun=true", "ian@example.org\n", **once("dry")).json()
        assert told["good"] == 1 and len(there()) == 1, told
    send("", "ian@example.org\n", **once("dry"))
    # of too many groups none is passed over
    full = "a@example.org\nb@example.org,g32\nc@example.org\n"
    for head in ({}, once("full")):
        items = send("groups=" + ",".join(names[:32]), full, **head
                     ).json()["items"]
        assert [one["good"] for one in items] == [True, False, True], items
        assert items[1]["code"] == "unknown_group", items
        assert items[1]["said"].endswith("at most 32"), items
    assert len(there()["a@example.org"]) == 32, there()
    refused(admin.post("/invitations", {"groups": names, "send": False},
                       expect=None), 422, "unknown_group")
    admin.post("/invitation-presets", {"name": "p", "groups": ["g32"]},
               expect=201)
    refused(admin.post("/invitations", {
        "groups": names[:32], "preset": "p", "send": False}, expect=None),
        422, "unknown_group")


def it_is_forgotten_after_a_day():
    faketime_library()
    rosterd = Rosterd(faketime="+0d")
    admin = rosterd.admin()
    admin.post("/invitations", {"send": False}, expect=201,
               headers=once("day"))
    rosterd.stop()
    later = Rosterd(state=rosterd.state, faketime="+23h")
    admin = later.client()
    admin.sign_in("ada")
    admin.post("/invitations", {"send": False}, expect=201,
               headers=once("day"))
    assert len(admin.get("/invitations").json()["items"]) == 1
    later.stop()
    later = Rosterd(state=rosterd.state, faketime="+25h")
    admin = later.client()
    admin.sign_in("ada")
    admin.post("/invitations", {"send": False}, expect=201,
               headers=once("day"))
    assert len(admin.get("/invitations").json()["items"]) == 2


def killed_in_the_middle_it_is_made_once():
    """Whenever rosterd dies, the one who asks again has one invitation."""
    dice = random.Random(6)
    rosterd = Rosterd()
    admin = rosterd.admin()
    token = admin.post("/me/tokens", {"name": "robot"}, expect=201
                       ).json()["token"]
    auth = {"Authorization": "Bearer " + token}
    cut = replayed = 0
    for number in range(KILLS):
        mail = "a%d@example.org" % number
        body = {"mail": mail, "send": False}
        head = dict(auth, **once("kill-%d" % number))
        got = []
        client = rosterd.client()
        client.get("/registration")  # connected

        def ask():
            try:
                got.append(client.request("POST", "/invitations", body,
                                          headers=head))
            except requests.RequestException:
                pass
        thread = threading.Thread(target=ask)
        timer = threading.Timer(dice.uniform(0, 0.004),
                                rosterd.process.send_signal,
                                [signal.SIGKILL])
        thread.start()
        timer.start()
        thread.join()
        timer.join()
        rosterd.stop(signal.SIGKILL)
        rosterd = Rosterd(state=rosterd.state)
        client = rosterd.client()
        there = [one for one in client.get(
            "/invitations?limit=200", headers=auth).json()["items"]
                 if one["mail"] == mail]
        answer = client.post("/invitations", body, expect=201, headers=head)
        cut += not got
        replayed += len(there) == 1 and not got
        if got:
            assert answer.content == got[0].content
        if there:
            assert answer.json()["id"] == there[0]["id"], "made twice"
        link = answer.json()["link"].rsplit("/", 1)[1]
        client.get("/invitations/token/" + link)
    states = [one["state"] for one in client.get(
        "/invitations?limit=200", headers=auth).json()["items"]]
    assert states == ["open"] * KILLS, states
    print("# %d kills, %d without an answer, %d of them made" % (
        KILLS, cut, replayed))
    check_is_clean(rosterd)


if __name__ == "__main__":
    main(asked_twice_it_is_made_once, a_list_is_imported_once,
         a_key_is_its_callers_and_its_routes, what_was_refused_is_asked_anew,
         of_many_at_once_all_get_one_answer, it_is_forgotten_after_a_day,
         killed_in_the_middle_it_is_made_once)
