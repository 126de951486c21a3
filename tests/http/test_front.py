#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""The front door: open registration, approvals, links for one act."""
import re
import threading

from rosterd import (PASSWORD, Browser, Rosterd, Sink, check, main, person,
                     refused, text_of, until)

NEW = "another fine long passphrase"


def token_of(mail):
    return re.search(r"https?://\S+/([A-Za-z0-9_-]{20,})",
                     text_of(mail)).group(1)


def mail_to(sink, address, subject):
    """The last mail to that address with such a subject."""
    import email
    import email.policy

    def find():
        for envelope in reversed(sink.mails):
            mail = email.message_from_bytes(envelope.content,
                                            policy=email.policy.default)
            if address in envelope.rcpt_tos and subject in mail["Subject"]:
                return mail
        return None
    return until(find, "a mail \"%s\" to %s" % (subject, address))


def world(smtp=True, **settings):
    """(rosterd, ada the administrator, the mail sink)"""
    sink = Sink() if smtp else None
    rosterd = Rosterd(smtp=sink.port if smtp else None)
    admin = rosterd.admin()
    if settings:
        admin.patch("/settings", {key.replace("_", "-"): value
                                  for key, value in settings.items()})
    return rosterd, admin, sink


def the_mode_is_changed_at_run_time_and_stays():
    rosterd, admin, _ = world(smtp=False)
    guest = rosterd.client()
    assert guest.get("/registration").json()["mode"] == "invite"
    refused(guest.post("/registrations", person("bob"), expect=403), 403,
            "registration_closed")
    admin.patch("/settings", {"registration": "open"})
    answer = guest.post("/registrations", person("bob"), expect=201).json()
    assert answer["status"] == "pending", answer
    row = admin.get("/registrations").json()["items"][0]
    assert row["username"] == "bob" and row["registered"], row
    assert row["registeredFrom"].startswith("127.0.0.1"), row
    # without mail nobody can be asked to prove the address
    assert not row["unverified"] and "verify" not in answer, (row, answer)
    rosterd.stop()
    again = Rosterd(state=rosterd.state)
    assert again.client().get("/registration").json()["mode"] == "open"
    refused(again.client().post("/registrations", person("bob"), expect=409),
            409, "username_taken", "username")
    refused(again.client().post(
        "/registrations", person("carl", mail="bob@example.org"),
        expect=409), 409, "email_taken", "mail")


def an_address_is_proved_before_anybody_is_told():
    rosterd, admin, sink = world(registration="open")
    guest = rosterd.client()
    answer = guest.post("/registrations", person("bob"), expect=201).json()
    assert answer["status"] == "pending" and answer["verify"], answer
    mail = mail_to(sink, "bob@example.org", "Confirm")
    assert admin.get("/registrations").json()["items"][0]["unverified"]
    assert not any("waits" in str(m.content) for m in sink.mails)
    token = token_of(mail)
    # a scanner opens every link in every way that reads
    for method in ("GET", "HEAD", "GET"):
        check(guest.web.request(method, rosterd.url + "/verify/" + token), 200)
    assert admin.get("/registrations").json()["items"][0]["unverified"]
    answer = guest.post("/verifications", {"token": token}).json()
    assert answer["status"] == "pending", answer
    assert not admin.get("/registrations").json()["items"][0]["unverified"]
    told = mail_to(sink, "ada@example.org", "waits for approval")
    assert "bob@example.org" in text_of(told), told
    refused(guest.post("/verifications", {"token": token}, expect=400), 400,
            "invalid_link")
    for bad in ("x", "a" * 43, "\u00e4", "rst_" + "1" * 49):
        refused(guest.post("/verifications", {"token": bad}, expect=400),
                400, "invalid_link", "token")
    admin.post("/users/bob/approve", {"reason": "known to us"})
    ready = mail_to(sink, "bob@example.org", "ready")
    assert "/login" in text_of(ready), ready
    # the password of the registration holds
    rosterd.client().sign_in("bob")


def domains_decide():
    rosterd, admin, sink = world(
        registration="open", registration_domains="example.org,.example.net",
        blocked_domains="bad.example.net", auto_approve_domains="example.org")
    guest = rosterd.client()
    for mail, status in (("a@example.com", 422), ("a@example.net", 422),
                         ("a@bad.example.net", 422),
                         ("a@x.example.net", 201)):
        answer = guest.post("/registrations", person("someone", mail=mail),
                            expect=status)
        if status == 422:
            refused(answer, 422, "email_domain", "mail")
    # a domain is worth what its proof is worth
    answer = guest.post("/registrations", person("bob"), expect=201).json()
    assert answer["status"] == "pending", answer
    rosterd.client().post("/session", {"username": "bob",
                                       "password": PASSWORD}, expect=403)
    token = token_of(mail_to(sink, "bob@example.org", "Confirm"))
    answer = guest.post("/verifications", {"token": token}).json()
    assert answer["status"] == "active", answer
    rosterd.client().sign_in("bob")
    for value in ("example.org,", "EXAMPLE.org", "a b", "@example.org"):
        refused(admin.patch("/settings", {"auto-approve-domains": value},
                            expect=422), 422, "invalid_setting")


def the_queue_is_no_dump():
    rosterd, admin, _ = world(smtp=False, registration="open",
                              registration_limit="3")
    guest = rosterd.client()
    for i in range(3):
        guest.post("/registrations", person("one%d" % i), expect=201)
    refused(guest.post("/registrations", person("four"), expect=429), 429,
            "too_often")
    admin.patch("/settings", {"registration-limit": "0", "pending-max": "4"})
    guest.post("/registrations", person("four"), expect=201)
    refused(guest.post("/registrations", person("five"), expect=429), 429,
            "queue_full")
    # who was invited is not in anybody's way
    made = admin.post("/invitations", {"mail": "g@example.org", "send": False,
                                       "needsApproval": True}, expect=201)
    guest.post("/registrations", person(
        "visitor", mail="g@example.org",
        token=made.json()["link"].rsplit("/", 1)[1]), expect=201)
    # and some are decided at once, each for itself
    answer = admin.post("/registrations/decide", {
        "usernames": ["one0", "one1", "nobody"], "decision": "approve"})
    assert [(one["username"], one["done"], one.get("code"))
            for one in answer.json()["items"]] == [
                ("one0", True, None), ("one1", True, None),
                ("nobody", False, "not_found")], answer.text
    admin.post("/registrations/decide", {
        "usernames": ["one2", "four"], "decision": "reject",
        "reason": "not known"})
    assert [one["username"] for one in
            admin.get("/registrations").json()["items"]] == ["visitor"]
    # the name is free again
    guest.post("/registrations", person("four"), expect=201)
    refused(admin.post("/registrations/decide", {
        "usernames": ["four"], "decision": "maybe"}, expect=422), 422,
        "invalid_value", "decision")


def administrators_are_told_once_each():
    """By whatever groups they are; who cannot act is not told."""
    rosterd, admin, sink = world(registration="open", verify_mail="off")
    for name in ("bert", "cora", "dirk", "emma"):
        admin.post("/users", person(name), expect=201)
    for cn, more in (("second", {"administrator": True}), ("inner", {})):
        admin.post("/groups", dict({"cn": cn}, **more), expect=201)
    for group, name in (("second", "bert"), ("sysadmins", "bert"),
                        ("inner", "cora"), ("second", "dirk")):
        admin.request("PUT", "/groups/%s/members/%s" % (group, name))
    admin.request("PUT", "/groups/second/groups/inner")
    admin.post("/users/dirk/suspend", {})
    rosterd.client().post("/registrations", person("zora"), expect=201)
    mail_to(sink, "cora@example.org", "")
    until(lambda: not [one for one in admin.get("/mail").json()["items"]
                       if one["template"] in ("request", "received")],
          "all mails")
    told = sorted(envelope.rcpt_tos[0].split("@")[0] for envelope in
                  sink.mails if b"zora" in envelope.content)
    assert told == ["ada", "bert", "cora", "zora"], told


def two_administrators_are_two():
    rosterd, admin, _ = world(smtp=False, registration="open", approvals="2")
    rosterd.client().post("/registrations", person("bob"), expect=201)
    admin.post("/users", person("eve"), expect=201)
    admin.put("/groups/sysadmins/members/eve")
    eve = rosterd.client()
    eve.sign_in("eve")
    for _ in range(2):  # twice is once
        answer = admin.post("/users/bob/approve", {}).json()
        assert answer["status"] == "pending", answer
    assert admin.get("/registrations").json()["items"][0]["approvals"] == 1
    # no other way round it
    refused(admin.patch("/users/bob", {"status": "active"}, expect=409), 409,
            "approval_needed")
    answer = eve.post("/users/bob/approve", {}).json()
    assert answer["status"] == "active", answer
    rosterd.client().sign_in("bob")


def names_are_proposed():
    rosterd, admin, _ = world(smtp=False, registration="open")
    guest = rosterd.client()

    def proposed(**query):
        return rosterd.client().get(
            "/registration/username?" + "&".join(
                "%s=%s" % pair for pair in query.items())).json()["username"]
    assert proposed(mail="alan.turing@example.org") == "alan-turing"
    assert proposed(givenName="J%C3%B6rg", sn="Gro%C3%9F") == "jgross"
    admin.post("/users", person("alan"), expect=201)
    assert proposed(mail="alan@example.org") == "alan2"
    assert proposed(mail="root@example.org") == "root2"
    answer = guest.post("/registrations", person(
        "alan", mail="alan@example.com"), expect=409)
    refused(answer, 409, "username_taken", "username")
    assert answer.json()["proposal"] == "alan2", answer.text


def names_are_proposed_to_whoever_may_register():
    """Whoever could ask for any name would learn which there are."""
    rosterd, admin, _ = world(smtp=False, registration="off")
    guest = rosterd.client()
    ask = "/registration/username?givenName=Ada&sn=Byron&mail=ada@example.org"
    refused(guest.get(ask, expect=403), 403, "registration_closed")
    token = admin.post("/invitations", {"send": False}, expect=201
                       ).json()["link"].rsplit("/", 1)[1]
    refused(guest.get(ask + "&token=" + token, expect=403), 403,
            "registration_closed")
    admin.patch("/settings", {"registration": "invite"})
    refused(guest.get(ask, expect=403), 403, "registration_closed")
    refused(guest.get(ask + "&token=" + "x" * 43, expect=400), 400,
            "invalid_invite")
    for link in (token, admin.post(
            "/registration-tokens", {"username": "hal"}, expect=201
            ).json()["link"].rsplit("/", 1)[1]):
        answer = guest.get(ask + "&token=" + link).json()
        assert answer == {"username": "ada2"}, answer
    admin.patch("/settings", {"registration": "open"})
    asked = [guest.get(ask, expect=None).status_code for _ in range(13)]
    assert asked == [200] * 10 + [429] * 3, asked


def a_forgotten_password_is_set_by_mail():
    rosterd, admin, sink = world()
    admin.post("/users", person("bob"), expect=201)
    bob, guest = rosterd.client(), rosterd.client()
    bob.sign_in("bob")
    key = bob.post("/me/tokens", {"name": "kept"}, expect=201).json()
    for turn in range(5):  # he locks himself out
        guest.sign_in("bob", "wrong %d" % turn, expect=401)
    guest.sign_in("bob", expect=401)
    answers = [guest.post("/password-resets", {"username": name}, expect=202)
               for name in ("bob", "bob@example.org", "nobody", "x@y.example",
                            "\u202e")]
    assert len({(one.status_code, one.text) for one in answers}) == 1
    until(lambda: len(sink.mails) == 2, "two mails")
    first, second = [token_of_bytes(one.content) for one in sink.mails]
    for path in ("/reset/" + second, "/reset/" + first):
        for method in ("GET", "HEAD", "GET"):
            guest.web.request(method, rosterd.url + path)
    body = {"token": second, "password": NEW}
    refused(guest.post("/password-resets/confirm", dict(body, token=first),
                       expect=400), 400, "invalid_link", "token")
    refused(guest.post("/password-resets/confirm", dict(body, password="bob"),
                       expect=422), 422, "weak_password", "password")
    assert guest.post("/password-resets/confirm",
                      body).json()["username"] == "bob"
    refused(guest.post("/password-resets/confirm", body, expect=400), 400,
            "invalid_link")
    bob.get("/me", expect=401)
    rosterd.client().sign_in("bob", NEW)  # and is not locked any more
    rosterd.client().get("/me", headers={
        "Authorization": "Bearer " + key["token"]})
    changed = mail_to(sink, "bob@example.org", "was changed")
    assert "bob" in text_of(changed)
    assert second not in rosterd.log() and first not in rosterd.log()
    # who asks too often is told so, whoever he asks for
    answers = [guest.post("/password-resets", {"username": "nobody"},
                          expect=None).status_code for _ in range(12)]
    assert 429 in answers and set(answers) == {202, 429}, answers


def token_of_bytes(content):
    import email
    import email.policy
    return token_of(email.message_from_bytes(content,
                                             policy=email.policy.default))


def who_has_no_access_gets_no_link():
    rosterd, admin, sink = world()
    admin.patch("/settings", {"reset-ends-tokens": "on"})
    admin.post("/users", person("bob"), expect=201)
    admin.post("/users", person("carl"), expect=201)
    link = admin.post("/users/bob/reset-password", {}).json()
    assert "sent" in link and not link["sent"], link
    bob = rosterd.client()
    bob.sign_in("bob")
    key = bob.post("/me/tokens", {"name": "ends"}, expect=201).json()
    admin.post("/users/carl/suspend", {})
    guest = rosterd.client()
    guest.post("/password-resets", {"username": "carl"}, expect=202)
    refused(admin.post("/users/carl/reset-password", {}, expect=403), 403,
            "account_inactive")
    token = link["link"].rsplit("/", 1)[1]
    admin.post("/users/bob/suspend", {})
    refused(guest.post("/password-resets/confirm",
                       {"token": token, "password": NEW}, expect=400), 400,
            "invalid_link")
    admin.post("/users/bob/activate", {})
    refused(guest.post("/password-resets/confirm",
                       {"token": token, "password": NEW}, expect=400), 400,
            "invalid_link")
    key = admin.post("/users/bob/tokens", {"name": "ends"}, expect=201).json()
    sent = admin.post("/users/bob/reset-password", {"send": True}).json()
    mail = mail_to(sink, "bob@example.org", "Set the password")
    assert sent["link"] in text_of(mail)
    guest.post("/password-resets/confirm", {
        "token": sent["link"].rsplit("/", 1)[1], "password": NEW})
    rosterd.client().get("/me", expect=401, headers={
        "Authorization": "Bearer " + key["token"]})
    assert not any("carl@example.org" in one.rcpt_tos for one in sink.mails)
    admin.patch("/settings", {"password-reset": "off"})
    refused(guest.post("/password-resets", {"username": "bob"}, expect=403),
            403, "forbidden")


def without_mail_the_link_is_handed_over():
    rosterd, admin, _ = world(smtp=False)
    made = admin.post("/users", {"username": "bob", "sn": "Bob", "link": True},
                      expect=201).json()
    refused(admin.post("/users/bob/reset-password", {"send": True},
                       expect=409), 409, "smtp_not_configured")
    refused(admin.post("/users", {"username": "eve", "sn": "Eve",
                                  "send": True}, expect=409), 409,
            "smtp_not_configured")
    admin.get("/users/eve", expect=404)
    browser = Browser(rosterd)
    browser.open("/reset/" + made["link"].rsplit("/", 1)[1])
    browser.submit("/reset/confirm", {"password": NEW})
    assert "Sign in with it" in browser.page.text
    rosterd.client().sign_in("bob", NEW)
    browser.open("/reset")
    assert "sends no mail" in browser.page.text
    browser.open("/reset/" + "x" * 43, expect=400)


def a_registration_token_is_for_one_name_once():
    rosterd, admin, _ = world(smtp=False)
    guest = rosterd.client()

    def ticket(name, **more):
        made = admin.post("/registration-tokens",
                          dict({"username": name}, **more), expect=201)
        return made.json()["id"], made.json()["link"].rsplit("/", 1)[1]
    _, token = ticket("bob")
    refused(guest.post("/registrations", person("eve", token=token),
                       expect=400), 400, "username_mismatch", "username")
    browser = Browser(rosterd)
    page = browser.open("/register/" + token)
    assert 'value="bob"' in page and "readonly" in page, page
    assert "https://" not in page.replace(rosterd.url, "")
    browser.submit("/register", {
        "givenName": "Bob", "sn": "B", "mail": "bob@example.org",
        "password": PASSWORD})
    assert browser.page.url.endswith("/me"), browser.page.url
    # P10: he goes, the link does not make him anew
    _, second = ticket("carl")
    _, spare = ticket("carl")
    answer = guest.post("/registrations", person("carl", token=second),
                        expect=201).json()
    assert answer["status"] == "active" and answer["session"]["csrf"], answer
    admin.delete("/users/carl", expect=None)
    for used in (second, spare, token):
        refused(guest.post("/registrations", person(
            "carl" if used != token else "bob", token=used), expect=400),
            400, "invalid_invite", "token")
    refused(admin.post("/registration-tokens", {"username": "bob"},
                       expect=409), 409, "username_taken", "username")
    for name, code in (("a:b", "invalid_username"), ("root",
                       "reserved_username"), ("", "invalid_username")):
        answer = admin.post("/registration-tokens", {"username": name},
                            expect=None)
        assert answer.status_code in (400, 422), answer.text
    id, token = ticket("dora")
    items = admin.get("/registration-tokens").json()["items"]
    assert {one["username"]: one["state"] for one in items}["dora"] == "open"
    assert token not in str(items)
    admin.delete("/registration-tokens/" + id)
    refused(guest.post("/registrations", person("dora", token=token),
                       expect=400), 400, "invalid_invite")
    admin.delete("/registration-tokens/" + "0" * 36, expect=404)
    _, token = ticket("emil", ttl=1)
    until(lambda: guest.post("/registrations", person(
        "emil", token=token, password="x"), expect=None).json()["code"] in
        ("invalid_invite", "weak_password"), "an answer")
    until(lambda: rosterd.client().get(
        "/invitations/token/" + token, expect=None).status_code == 404,
        "its end")


def of_two_at_a_time_one_wins():
    rosterd, admin, _ = world(smtp=False)
    token = admin.post("/registration-tokens", {"username": "bob"},
                       expect=201).json()["link"].rsplit("/", 1)[1]
    answers = []

    def use():
        answers.append(rosterd.client().post(
            "/registrations", person("bob", token=token),
            expect=None).status_code)
    threads = [threading.Thread(target=use) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers)[0] == 201 and answers.count(201) == 1, answers


if __name__ == "__main__":
    main(the_mode_is_changed_at_run_time_and_stays,
         an_address_is_proved_before_anybody_is_told, domains_decide,
         the_queue_is_no_dump,
         administrators_are_told_once_each, two_administrators_are_two,
         names_are_proposed, names_are_proposed_to_whoever_may_register,
         a_forgotten_password_is_set_by_mail,
         who_has_no_access_gets_no_link, without_mail_the_link_is_handed_over,
         a_registration_token_is_for_one_name_once, of_two_at_a_time_one_wins)
