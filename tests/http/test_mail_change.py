#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Another mail address: by links to both, and by nothing else."""
import email
import email.policy
import re

from rosterd import (PASSWORD, Browser, Rosterd, Sink, check, main, person,
                     refused, text_of, until)

NEW = "robert@example.net"


def world(smtp=True, **settings):
    """(rosterd, ada the administrator, bob signed in, the mail sink)"""
    sink = Sink() if smtp else None
    rosterd = Rosterd(smtp=sink.port if smtp else None)
    admin = rosterd.admin()
    if settings:
        admin.patch("/settings", {key.replace("_", "-"): value
                                  for key, value in settings.items()})
    admin.post("/users", person("bob"), expect=201)
    bob = rosterd.client()
    bob.sign_in("bob")
    return rosterd, admin, bob, sink


def link_to(sink, address, past=(), about=""):
    """(token, text) of the newest mail to address that names what it is about,
    not in past."""
    def find():
        for envelope in reversed(sink.mails):
            mail = email.message_from_bytes(envelope.content,
                                            policy=email.policy.default)
            found = re.search(r"https?://\S+/verify/([A-Za-z0-9_-]{20,})",
                              text_of(mail))
            if address.lower() in map(str.lower, envelope.rcpt_tos) and \
                    found and found.group(1) not in past and \
                    about in text_of(mail):
                return found.group(1), text_of(mail)
        return None
    return until(find, "a link to %s" % address)


def asked(bob, sink, new=NEW, old="bob@example.org", past=()):
    """The tokens of the two links: to the new address, to the old one."""
    answer = bob.post("/me/mail", {"mail": new}, expect=202).json()
    assert answer["mail"] == old and answer["newMail"]["mail"] == new, answer
    return (link_to(sink, new, past)[0],
            link_to(sink, old, past, about=new)[0])


def mail_of(client):
    return client.get("/me").json()["mail"]


def answer(rosterd, token, status=200, **more):
    return rosterd.client().post("/verifications", dict(more, token=token),
                                 expect=status)


def both_links_and_no_less():
    rosterd, admin, bob, sink = world()
    for first in (0, 1):
        mail, new = mail_of(bob), "robert%d@example.net" % first
        links = asked(bob, sink, new, mail)
        text = link_to(sink, mail)[1]
        assert new in text and "127.0.0.1" in text, text
        assert bob.get("/me").json()["newMail"]["asksOld"]
        # a scanner opens every link in every way that reads
        for token in links:
            for method in ("GET", "HEAD", "GET"):
                check(bob.web.request(
                    method, rosterd.url + "/verify/" + token), 200)
        told = answer(rosterd, links[first]).json()
        assert not told["changed"] and told["mail"] == new, told
        assert told["waitsFor"] == ("new", "old")[not first], told
        assert mail_of(bob) == mail
        waits = bob.get("/me").json()["newMail"]
        assert (waits["asksNew"], waits["asksOld"]) == (
            bool(first), not first), waits
        refused(answer(rosterd, links[first], 400), 400, "invalid_link",
                "token")
        assert answer(rosterd, links[1 - first]).json()["changed"]
        assert mail_of(bob) == new and "newMail" not in bob.get("/me").json()
        for token in links:
            refused(answer(rosterd, token, 400), 400, "invalid_link")
        # what its reader could do by now, who reads the old one cannot
        sink.mails.clear()
    rows = admin.get("/audit?target=bob&limit=50").json()["items"]
    assert [one["actor"].split(",")[0] for one in rows
            if one["action"] == "change-mail"] == ["uid=bob"] * 2, rows
    done = {one["action"] for one in admin.get(
        "/audit?limit=200").json()["items"]}
    assert {"link-mail-new", "link-mail-old", "use-link"} <= done, done
    # PATCH /me is not a way around it
    refused(bob.patch("/me", {"mail": NEW}, expect=400), 400,
            "unknown_field", "mail")


def either_reader_says_no():
    rosterd, _, bob, sink = world()
    past = []
    for who in (0, 1):
        links = asked(bob, sink, past=past)
        past += links
        told = answer(rosterd, links[who], refuse=True).json()
        assert told["refused"] and not told["changed"], told
        for token in links:
            refused(answer(rosterd, token, 400), 400, "invalid_link")
            refused(answer(rosterd, token, 400, refuse=True), 400,
                    "invalid_link")
        assert "newMail" not in bob.get("/me").json()
    links = asked(bob, sink, past=past)
    answer(rosterd, links[0])
    bob.delete("/me/mail")  # by himself
    refused(answer(rosterd, links[1], 400), 400, "invalid_link")
    assert mail_of(bob) == "bob@example.org"


def links_end():
    """By a newer request, by a suspension, by another address, by time."""
    rosterd, admin, bob, sink = world()
    first = asked(bob, sink)
    second = asked(bob, sink, past=first)
    for token in first:
        refused(answer(rosterd, token, 400), 400, "invalid_link")
    # one half of the older and one of the newer are not a whole
    answer(rosterd, second[0])
    admin.post("/users/bob/suspend", {"reason": "away"})
    refused(answer(rosterd, second[1], 400), 400, "invalid_link")
    admin.post("/users/bob/activate", {})
    refused(answer(rosterd, second[1], 400), 400, "invalid_link")
    bob.sign_in("bob")
    third = asked(bob, sink, past=first + second)
    answer(rosterd, third[0])
    # an administrator changes it directly, and a link to set a password ends
    # with the mailbox that it went to
    reset = admin.post("/users/bob/reset-password", {}).json()["link"]
    admin.patch("/users/bob", {"mail": "bob@example.com"})
    refused(answer(rosterd, third[1], 400), 400, "invalid_link")
    refused(rosterd.client().post("/password-resets/confirm", {
        "token": reset.rsplit("/", 1)[1], "password": PASSWORD + "!"},
        expect=400), 400, "invalid_link")
    assert mail_of(bob) == "bob@example.com"
    links = asked(bob, sink, old="bob@example.com",
                  past=first + second + third)
    admin.patch("/users/bob", {"expires": "2090-01-01T00:00:00Z"})
    rosterd.stop()
    later = Rosterd(state=rosterd.state, faketime="+24h")
    for token in links:
        refused(answer(later, token, 400), 400, "invalid_link")
    later.stop()
    again = Rosterd(state=rosterd.state)
    bob = again.client()
    bob.sign_in("bob")
    assert "newMail" in bob.get("/me").json()
    for token in links:
        answer(again, token)
    assert mail_of(bob) == NEW


def whose_it_is_learns_who_reads_there():
    rosterd, admin, bob, sink = world()
    admin.post("/users", person("carl"), expect=201)
    free = bob.post("/me/mail", {"mail": "nobody@example.org"}, expect=202)
    asked_free = free.json()
    taken = bob.post("/me/mail", {"mail": "Carl@example.org"}, expect=202)
    told = taken.json()
    for one in (asked_free, told):
        for key in ("mail", "until"):
            one["newMail"].pop(key)
        one.pop("modified", None)
    assert asked_free == told, (asked_free, told)
    assert taken.headers.keys() == free.headers.keys()
    until(lambda: len(sink.mails) >= 4, "two links each time")
    new, _ = link_to(sink, "Carl@example.org")
    old, _ = link_to(sink, "bob@example.org", about="Carl@example.org")
    # who reads bob's mail is not told either
    assert "waitsFor" in answer(rosterd, old).json()
    refused(answer(rosterd, new, 409), 409, "email_taken", "mail")
    assert mail_of(bob) == "bob@example.org"
    # it became free: the same link does it
    admin.delete("/users/carl")
    admin.post("/users/carl/purge", {}, expect=204)
    assert answer(rosterd, new).json()["changed"]
    assert mail_of(bob) == "Carl@example.org"


def what_is_asked_is_judged():
    rosterd, admin, bob, _ = world(blocked_domains="bad.example")
    for mail, status, code in (
            ("", 422, "invalid_email"), ("x", 422, "invalid_email"),
            ("a@b@c", 422, "invalid_email"),
            ("x" * 400 + "@example.org", 422, "invalid_email"),
            ("a\r\nBcc: b@example.org", 422, "invalid_email"),
            ("BOB@example.org", 422, "invalid_email"),
            ("eve@bad.example", 422, "email_domain")):
        refused(bob.post("/me/mail", {"mail": mail}, expect=status), status,
                code, "mail")
    assert "newMail" not in bob.get("/me").json()
    for n in range(5):
        bob.post("/me/mail", {"mail": "b%d@example.net" % n}, expect=202)
    refused(bob.post("/me/mail", {"mail": NEW}, expect=429), 429, "too_often")
    admin.patch("/settings", {"mail-change": "off"})
    refused(bob.post("/me/mail", {"mail": NEW}, expect=403), 403, "forbidden")
    refused(rosterd.client().post("/me/mail", {"mail": NEW}, expect=401), 401,
            "not_signed_in")


def a_policy_lets_them_do_it_at_once():
    _, admin, bob, _ = world(smtp=False)
    refused(bob.post("/me/mail", {"mail": NEW}, expect=409), 409,
            "smtp_not_configured")
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.put("/groups/crew/members/bob")
    admin.post("/policies", {"name": "crew", "groups": ["crew"],
                             "settings": {"mail-change": "direct"}},
               expect=201)
    told = bob.post("/me/mail", {"mail": NEW}).json()
    assert told["mail"] == NEW and "newMail" not in told, told
    refused(bob.post("/me/mail", {"mail": "ada@example.org"}, expect=409),
            409, "email_taken", "mail")


def by_pages_in_two_languages():
    rosterd, _, _, sink = world()
    for lang, ask, keep in (("en", "Change address", "No, keep the old one"),
                            ("de", "Adresse ändern", "Nein, die alte behalten")
                            ):
        browser = Browser(rosterd)
        browser.web.headers["Accept-Language"] = lang
        browser.open("/login")
        browser.submit("/login", {"username": "bob", "password": PASSWORD})
        assert ask in browser.open("/me")
        new = "robert.%s@example.net" % lang
        old = re.search(r"<dd>(\S+@\S+)</dd>", browser.page.text).group(1)
        page = browser.submit("/me/mail", {"mail": "no address"}, expect=422)
        assert 'id="newmail-error"' in page, page
        page = browser.submit("/me/mail", {"mail": new})
        assert "/me/mail/cancel" in page and new in page, page
        tokens = [link_to(sink, new)[0], link_to(sink, old)[0]]
        reader = Browser(rosterd)
        reader.web.headers["Accept-Language"] = lang
        page = reader.open("/verify/" + tokens[1])
        assert keep in page and new in page and "bob" in page, page
        reader.submit("/verify")
        assert reader.page.url.endswith("/login?done=mailhalf")
        reader.open("/verify/" + tokens[0])
        reader.submit("/verify")
        assert reader.page.url.endswith("/login?done=mail"), reader.page.url
        assert new in browser.open("/me")
        sink.mails.clear()
    page = browser.submit("/me/mail", {"mail": "third@example.net"})
    browser.submit("/me/mail/cancel")
    assert "/me/mail/cancel" not in browser.page.text


if __name__ == "__main__":
    main(both_links_and_no_less, either_reader_says_no, links_end,
         whose_it_is_learns_who_reads_there, what_is_asked_is_judged,
         a_policy_lets_them_do_it_at_once, by_pages_in_two_languages)
