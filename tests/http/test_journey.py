#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""From the first administrator to a registered person, by JSON and by pages."""
import re

from rosterd import (Browser, Rosterd, Sink, PASSWORD, check, main, person,
                     refused, text_of)


def link_of(mail):
    text = text_of(mail).replace("\r\n", "\n")
    found = re.search(r"http://\S+/register/([A-Za-z0-9_-]{43})\n", text)
    assert found, text
    return found.group(1)


def invited_by_json():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    anyone = rosterd.client()

    # the bootstrap token works once
    refused(anyone.post("/bootstrap", dict(person("eve"), token="x" * 43),
                        expect=400), 400, "invalid_invite")
    made = anyone.post("/bootstrap", dict(person("ada"), token=rosterd.token),
                       expect=201).json()
    assert made["status"] == "active" and made["administrator"] is True
    refused(anyone.post("/bootstrap", dict(person("eve"),
                                           token=rosterd.token),
                        expect=None), 400, "invalid_invite")

    admin = rosterd.client()
    refused(admin.sign_in("ada", "wrong password", expect=401), 401,
            "invalid_credentials")
    refused(admin.sign_in("nobody", PASSWORD, expect=401), 401,
            "invalid_credentials")
    signed = admin.sign_in("ada").json()
    assert signed["user"]["username"] == "ada"
    assert admin.get("/session").json()["csrf"] == admin.csrf

    made = admin.post("/invitations", {"mail": "bob@example.org"},
                      expect=201).json()
    assert made["state"] == "open" and made["mail"] == "bob@example.org"
    mail = sink.wait()
    assert mail["To"] == "bob@example.org", mail["To"]
    assert mail["From"] == "Roster <roster@example.org>", mail["From"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Given Ada" in text_of(mail), text_of(mail)
    token = link_of(mail)
    assert made["link"] == rosterd.url + "/register/" + token

    # looking does not consume
    for _ in range(2):
        seen = anyone.get("/invitations/token/" + token).json()
        assert seen["mail"] == "bob@example.org"
        check(anyone.web.get(rosterd.url + "/register/" + token), 200)

    refused(anyone.post("/registrations",
                        person("bob", token=token, mail="eve@example.org"),
                        expect=400), 400, "email_mismatch", "mail")
    done = anyone.post("/registrations", person("Bob", token=token),
                       expect=201).json()
    assert done == {"username": "bob", "status": "active"}, done
    refused(anyone.post("/registrations", person("bob2", token=token,
                                                 mail="bob@example.org"),
                        expect=400), 400, "invalid_invite")
    refused(anyone.get("/invitations/token/" + token, expect=404), 404,
            "invalid_invite")
    state = admin.get("/invitations/" + made["id"]).json()["state"]
    assert state == "used", state

    bob = rosterd.client()
    bob.sign_in("bob")
    me = bob.get("/me").json()
    assert [g["cn"] for g in me["groups"]] == ["ldapusers"], me
    assert 10000 <= me["uidNumber"] <= 59999, me

    # somebody with this address is there already
    refused(admin.post("/invitations", {"mail": "BOB@Example.org"},
                       expect=409), 409, "duplicate_email", "mail")


def invited_by_pages():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    web = Browser(rosterd)

    page = web.open("/bootstrap/" + rosterd.token)
    assert rosterd.token in page
    page = web.submit("/bootstrap", person("ada", password="Zebra-77"),
                      expect=422)
    assert "error-summary" in page and 'href="#password"' in page
    assert 'value="ada"' in page and "Zebra-77" not in page
    page = web.submit("/bootstrap", person("ada"))
    assert "The first administrator is set up" in page
    page = web.submit("/login", {"username": "ada", "password": "wrong"},
                      expect=401)
    assert "the name or the password is wrong" in page
    page = web.submit("/login", {"username": "ada", "password": PASSWORD})
    assert web.page.url == rosterd.url + "/overview", web.page.url
    assert "/users/ada" in web.open("/users")

    web.open("/invitations")
    page = web.submit("/invitations", {"mail": "bob@example.org"}, expect=201)
    token = link_of(sink.wait())
    assert rosterd.url + "/register/" + token in page
    assert token not in web.open("/invitations"), "the link is shown once"

    bob = Browser(rosterd)
    for _ in range(2):
        page = bob.open("/register/" + token)
    assert re.search(r'name="mail"[^>]*value="bob@example.org" readonly', page)
    fields = person("bob", mail="eve@example.org")
    page = bob.submit("/register", fields, expect=400)
    assert "was sent to another mail address" in page
    assert 'value="bob@example.org" readonly' in page
    fields["mail"] = "bob@example.org"
    fields["username"] = "root"
    page = bob.submit("/register", fields, expect=422)
    assert "reserved" in page and 'id="username-error"' in page
    fields["username"] = "bob"
    page = bob.submit("/register", fields)
    assert "Your account is ready" in page
    page = bob.submit("/login", {"username": "bob", "password": PASSWORD})
    assert bob.page.url == rosterd.url + "/me", bob.page.url
    bob.open("/register/" + token, expect=400)

    # the administrator finds, suspends and activates him
    page = web.open("/users?q=BOB")
    assert "/users/bob" in page and "/users/ada" not in page
    page = web.open("/users/bob")
    assert "/users/bob/suspend" in page
    assert "/users/bob/activate" not in page
    page = web.submit("/users/bob/suspend", {"reason": "left"})
    assert "is suspended and signed out everywhere" in page
    bob.open("/me", expect=303, follow=False)
    assert bob.page.headers["Location"].startswith("/login?next=")
    page = web.submit("/users/bob/activate")
    assert "can sign in again" in page


def expired():
    rosterd = Rosterd()
    admin = rosterd.admin()
    token = admin.post("/invitations", {"mail": "bob@example.org",
                                        "send": False},
                       expect=201).json()["link"].rsplit("/", 1)[1]
    rosterd.stop()
    later = Rosterd(state=rosterd.state, faketime="+86300s")
    later.client().get("/invitations/token/" + token)
    later.stop()
    later = Rosterd(state=rosterd.state, faketime="+86460s")
    refused(later.client().post("/registrations", person("bob", token=token),
                                expect=None), 400, "invalid_invite")
    refused(later.client().get("/invitations/token/" + token, expect=404),
            404, "invalid_invite")


def without_mail():
    rosterd = Rosterd()
    admin = rosterd.admin()
    refused(admin.post("/invitations", {"mail": "bob@example.org"},
                       expect=409), 409, "smtp_not_configured")
    assert admin.get("/invitations").json()["items"] == []
    made = admin.post("/invitations", {"mail": "bob@example.org",
                                       "send": False}, expect=201).json()
    assert made["sent"] is False
    refused(admin.post("/invitations/%s/resend" % made["id"], {"send": True},
                       expect=409), 409, "smtp_not_configured")
    again = admin.post("/invitations/%s/resend" % made["id"],
                       {"send": False}).json()
    old, new = (m["link"].rsplit("/", 1)[1] for m in (made, again))
    anyone = rosterd.client()
    refused(anyone.get("/invitations/token/" + old, expect=404), 404,
            "invalid_invite")
    anyone.get("/invitations/token/" + new)
    # a newer one for the same address revokes the older
    newest = admin.post("/invitations", {"mail": "bob@example.org",
                                         "send": False}, expect=201).json()
    anyone.get("/invitations/token/" + new, expect=404)
    admin.delete("/invitations/" + newest["id"])
    anyone.get("/invitations/token/" + newest["link"].rsplit("/", 1)[1],
               expect=404)
    states = [i["state"] for i in admin.get("/invitations").json()["items"]]
    assert states == ["revoked", "revoked"], states


def closed_and_approved():
    rosterd = Rosterd()
    admin = rosterd.admin()
    anyone = rosterd.client()
    assert anyone.get("/registration").json()["mode"] == "invite"
    refused(anyone.post("/registrations", person("carl"), expect=403), 403,
            "registration_closed")
    link = admin.post("/invitations", {"mail": "carl@example.org",
                                       "send": False, "needsApproval": True},
                      expect=201).json()["link"]
    done = anyone.post("/registrations",
                       person("carl", token=link.rsplit("/", 1)[1]),
                       expect=201).json()
    assert done["status"] == "pending", done
    refused(anyone.sign_in("carl", expect=403), 403, "account_inactive")
    refused(anyone.sign_in("carl", "not the password", expect=401), 401,
            "invalid_credentials")
    queue = admin.get("/registrations?status=pending").json()["items"]
    assert [q["username"] for q in queue] == ["carl"], queue
    assert queue[0]["registered"].endswith("Z"), queue
    assert queue[0]["registeredFrom"].startswith("127.0.0.1"), queue
    admin.post("/users/carl/approve")
    rosterd.client().sign_in("carl")
    assert admin.get("/registrations").json()["items"] == []
    refused(admin.post("/users/carl/reject", expect=None), 409, "status_move")


main(invited_by_json, invited_by_pages, expired, without_mail,
     closed_and_approved)
