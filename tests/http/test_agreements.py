#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Agreements: nobody becomes active without having signed what is required,
and everybody can see who signed what, when, and from where."""
import re
import threading

from rosterd import (PASSWORD, Browser, Rosterd, main, person, refused)

TEXT = "Be kind.\nShare nothing.\n"


def world(registration="open"):
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.patch("/settings", {"registration": registration})
    return rosterd, admin


def require(admin, name="terms", **more):
    return admin.post("/agreements", dict(
        {"name": name, "title": "Terms of use", "text": TEXT,
         "required": True}, **more), expect=201).json()


def sign(client, name="terms", version=1, expect=200):
    return client.post("/me/agreements/%s/sign" % name, {"version": version},
                       expect=expect)


def browse(rosterd, username):
    browser = Browser(rosterd)
    browser.open("/login")
    browser.submit("/login", {"username": username, "password": PASSWORD})
    return browser


def an_invited_person_signs_before_he_is_active():
    rosterd, admin = world("invite")
    require(admin, "later", required=False)
    require(admin)
    # who makes one is asked at his next sign-in, not before he sees it
    sign(admin)
    link = admin.post("/invitations", {"mail": "bob@example.org",
                                       "send": False}, expect=201).json()
    token = link["link"].rsplit("/", 1)[1]
    answer = rosterd.client().post(
        "/registrations", person("bob", token=token), expect=201).json()
    assert answer["status"] == "pending" and answer["mustSign"], answer
    bob = rosterd.client()
    bob.sign_in("bob")
    for path in ("/me", "/me/tokens", "/users/bob"):
        refused(bob.get(path, expect=403), 403, "agreement_required")
    refused(bob.post("/me/tokens", {"name": "x", "ttl": "30d"}, expect=403),
            403, "agreement_required")
    refused(bob.post("/me/activate", {}, expect=403), 403,
            "agreement_required")
    owed = bob.get("/me/agreements").json()
    assert owed["due"] == 1 and owed["waiting"], owed
    assert [(one["name"], one["signed"]) for one in owed["items"]] == \
        [("later", False), ("terms", False)], owed
    assert owed["items"][1]["text"] == TEXT, owed
    for version in (0, 2, 7):
        refused(sign(bob, version=version, expect=422), 422,
                "invalid_agreement")
    sign(bob, "nothing", expect=404)
    assert sign(bob).json()["status"] == "active"
    # the same session goes on, and signing twice is once
    assert bob.get("/me").json()["status"] == "active"
    assert sign(bob).json()["status"] == "active"
    assert bob.post("/me/activate", {}).json()["status"] == "active"
    signatures = admin.get("/agreements/terms/signatures").json()["items"]
    assert sorted(one["username"] for one in signatures) == ["ada", "bob"]
    bobs = [one for one in signatures if one["username"] == "bob"][0]
    assert bobs["version"] == 1 and bobs["signedAt"].endswith("Z"), bobs
    assert bobs["address"].startswith("127.0.0.1:"), bobs
    acts = [one["action"] for one in admin.get(
        "/users/bob/history").json()["items"]]
    assert "skip-agreements" not in acts and "activate" in acts, acts
    page = admin.web.get(rosterd.url + "/users/bob").text
    signed, history = page.split('id="agreements"')[1].split('id="history"')
    assert '"/agreements/terms"' in signed and "Signed <time" in signed, signed
    assert re.search(r'agreement signed</b> <a class="id" '
                     r'href="/agreements/terms">terms<', history), history


def who_waits_for_approval_is_asked_nothing_before():
    rosterd, admin = world()
    require(admin)
    sign(admin)
    rosterd.client().post("/registrations", person("bob"), expect=201)
    refused(rosterd.client().post(
        "/session", {"username": "bob", "password": PASSWORD}, expect=403),
        403, "account_inactive")
    owed = admin.get("/users/bob/agreements").json()
    assert owed["items"] == [] and owed["due"] == 0, owed
    admin.post("/users/bob/approve", {"reason": "known"})
    assert admin.get("/users/bob").json()["status"] == "pending"
    assert admin.get("/users/bob/agreements").json()["due"] == 1
    admin.post("/users/bob/approve", {})  # twice is once
    browser = browse(rosterd, "bob")
    page = browser.open("/")
    assert browser.page.url.endswith("/me/agreements"), browser.page.url
    assert "Share nothing." in page and "Terms of use" in page
    browser.submit("/me/agreements/terms/sign", {})
    assert "/me?done=signed" in browser.page.url, browser.page.url
    assert admin.get("/users/bob").json()["status"] == "active"


def an_administrator_may_pass_it_over_and_that_is_seen():
    rosterd, admin = world()
    require(admin)
    sign(admin)
    for name in ("bob", "carl"):
        rosterd.client().post("/registrations", person(name), expect=201)
    refused(admin.post("/users/bob/activate", {}, expect=409), 409,
            "status_move")
    admin.post("/users/bob/approve", {})
    assert admin.get("/users/bob").json()["moves"]["activate"]
    admin.post("/users/bob/activate", {"reason": "signed on paper"})
    assert admin.get("/users/bob").json()["status"] == "active"
    acts = [one["action"] for one in admin.get(
        "/users/bob/history").json()["items"]]
    assert "skip-agreements" in acts and "activate" in acts, acts
    signatures = admin.get("/agreements/terms/signatures").json()["items"]
    assert [one["username"] for one in signatures] == ["ada"], signatures


def a_new_version_asks_again():
    rosterd, admin = world("invite")
    admin.post("/users", person("bob"), expect=201)
    require(admin)
    sign(admin)
    bob = rosterd.client()
    bob.sign_in("bob")
    refused(bob.get("/me", expect=403), 403, "agreement_required")
    sign(bob)
    assert bob.get("/me").json()["status"] == "active"
    # another title asks nobody
    changed = admin.patch("/agreements/terms", {"title": "House rules"})
    assert changed.json()["version"] == 1, changed.text
    again = rosterd.client()
    again.sign_in("bob")
    assert again.get("/me").json()["status"] == "active"
    refused(admin.patch("/agreements/terms", {"text": "x", "version": 1},
                        expect=422), 422, "invalid_agreement")
    changed = admin.patch("/agreements/terms", {"text": TEXT + "More.\n"})
    assert changed.json()["version"] == 2, changed.text
    sign(admin, version=2)
    again = rosterd.client()
    again.sign_in("bob")
    refused(again.get("/me", expect=403), 403, "agreement_required")
    refused(sign(again, version=1, expect=422), 422, "invalid_agreement")
    sign(again, version=2)
    again.get("/me")
    assert sorted((one["username"], one["version"]) for one in admin.get(
        "/agreements/terms/signatures").json()["items"]) == [
            ("ada", 1), ("ada", 2), ("bob", 1), ("bob", 2)]
    # or nobody is asked who is active already
    admin.patch("/agreements/terms", {"text": "Short."})
    sign(admin, version=3)
    admin.patch("/settings", {"agreements-ask": "never"})
    again = rosterd.client()
    again.sign_in("bob")
    again.get("/me")
    # a token has signed nothing, and is not asked
    assert again.get("/me/agreements").json()["due"] == 1


def what_is_required_no_more_is_no_hindrance():
    rosterd, admin = world()
    require(admin)
    sign(admin)
    rosterd.client().post("/registrations", person("bob"), expect=201)
    admin.post("/users/bob/approve", {})
    admin.patch("/agreements/terms", {"required": False})
    bob = rosterd.client()
    bob.sign_in("bob")
    assert bob.get("/me/agreements").json()["due"] == 0
    assert bob.post("/me/activate", {}).json()["status"] == "active"
    bob.get("/me")


def two_at_a_time_sign_once():
    rosterd, admin = world()
    require(admin)
    sign(admin)
    rosterd.client().post("/registrations", person("bob"), expect=201)
    admin.post("/users/bob/approve", {})
    clients = [rosterd.client() for _ in range(4)]
    for one in clients:
        one.sign_in("bob")
    answers = []
    threads = [threading.Thread(target=lambda one=one: answers.append(
        sign(one, expect=None).status_code)) for one in clients]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    # the first makes him active, which ends the other sessions
    assert 200 in answers and set(answers) <= {200, 401}, answers
    assert len(admin.get("/agreements/terms/signatures").json()["items"]) == 2


def documents_are_kept_in_order():
    rosterd, admin = world("invite")
    require(admin)
    sign(admin)
    for name in ("", "A", "-x", "a b", "a,b", "x" * 65, "\u00e4"):
        answer = admin.post("/agreements", {"name": name, "text": "x"},
                            expect=None)
        assert answer.status_code in (400, 422), (name, answer.text)
    for text in ("", "a\x1bb", "x" * 16385):
        answer = admin.post("/agreements", {"name": "other", "text": text},
                            expect=None)
        assert answer.status_code in (400, 422), (text[:9], answer.text)
    assert admin.post("/agreements", {"name": "terms", "text": "x"},
                      expect=None).status_code == 409
    admin.post("/agreements", {"name": "draft", "text": "x"}, expect=201)
    assert not admin.get("/agreements/draft").json()["required"]
    refused(admin.delete("/agreements/terms", expect=409), 409, "wrong_state")
    admin.delete("/agreements/draft")
    admin.get("/agreements/draft", expect=404)
    etag = admin.get("/agreements/terms").headers["ETag"]
    admin.patch("/agreements/terms", {"title": "Other"})
    admin.patch("/agreements/terms", {"title": "Third"},
                headers={"If-Match": etag}, expect=412)
    bob = rosterd.client()
    admin.post("/users", person("bob"), expect=201)
    bob.sign_in("bob")
    sign(bob)
    for method, path in (("GET", "/agreements"), ("GET", "/agreements/terms"),
                         ("POST", "/agreements"),
                         ("GET", "/agreements/terms/signatures")):
        bob.request(method, path, expect=403)
    for number in range(31):
        admin.post("/agreements", {"name": "n%d" % number, "text": "x"},
                   expect=201)
    refused(admin.post("/agreements", {"name": "more", "text": "x"},
                       expect=422), 422, "invalid_agreement")


def pages_do_it_all():
    rosterd, admin = world("invite")
    browser = browse(rosterd, "ada")
    page = browser.open("/agreements")
    assert "nobody has to sign" in page
    browser.submit("/agreements", {"name": "terms", "title": "Terms",
                                   "text": "One.\r\nTwo.", "required": "on"},
                   follow=False, expect=303)
    where = browser.page.headers["Location"]
    assert where.endswith("/agreements/terms?done=created"), where
    sign(admin)
    terms = admin.get("/agreements/terms").json()
    assert terms["text"] == "One.\nTwo." and terms["required"], terms
    # saved as it is, it is no other version
    browser = browse(rosterd, "ada")
    browser.open("/agreements/terms")
    browser.submit("/agreements/terms", {"text": "One.\r\nTwo.",
                                         "title": "Rules"})
    terms = admin.get("/agreements/terms").json()
    assert terms["version"] == 1 and terms["title"] == "Rules", terms
    page = browser.open("/agreements/terms")
    assert "Who signed" in page and ">ada<" in page, page
    browser.submit("/agreements/terms/delete", {}, expect=409)


if __name__ == "__main__":
    main(an_invited_person_signs_before_he_is_active,
         who_waits_for_approval_is_asked_nothing_before,
         an_administrator_may_pass_it_over_and_that_is_seen,
         a_new_version_asks_again, what_is_required_no_more_is_no_hindrance,
         two_at_a_time_sign_once, documents_are_kept_in_order,
         pages_do_it_all)
