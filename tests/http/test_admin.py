#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Settings, policies, the outbox, the overview: as JSON and as pages."""
import datetime
import os
import re
import subprocess

from rosterd import (BUILD, Browser, PASSWORD, Rosterd, SOURCE, Sink, main,
                     person, refused, until)


def sign_in(rosterd, username="ada"):
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": username, "password": PASSWORD})
    return web


def settings_of(admin):
    return {one["name"]: one for one in admin.get("/settings").json()["items"]}


def settings_are_read_and_set():
    rosterd = Rosterd()
    admin = rosterd.admin()
    before = settings_of(admin)
    assert before["registration"]["value"] == "invite"
    assert not before["session-idle"]["set"]
    assert before["password-min-length"]["range"] == "8 to 128"
    after = admin.patch("/settings", {"registration": "open",
                                      "password-min-length": "14"})
    assert {one["name"] for one in after.json()["items"] if one["set"]
            and not before[one["name"]]["set"]} <= {
        "registration", "password-min-length"}
    assert settings_of(admin)["password-min-length"]["value"] == "14"
    assert admin.get("/registration").json()["mode"] == "open"
    # all of them or none
    refused(admin.patch("/settings", {"registration": "off",
                                      "session-idle": "never"}, expect=422),
            422, "invalid_setting", "session-idle")
    assert settings_of(admin)["registration"]["value"] == "open"
    refused(admin.patch("/settings", {"colour": "blue"}, expect=400),
            400, "unknown_field", "colour")
    # null: as if nobody had set it
    admin.patch("/settings", {"registration": None})
    assert not settings_of(admin)["registration"]["set"]
    admin.post("/users", person("bob"), expect=201)
    bob = rosterd.client()
    bob.sign_in("bob")
    refused(bob.get("/settings", expect=403), 403, "forbidden")


def no_setting_is_forgotten():
    """The API and the page have what rosterctl has, and a policy its own."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    lines = subprocess.run(
        [os.path.join(BUILD, "rosterctl"), "--state", rosterd.state, "config",
         "list", "--json"], check=True, text=True,
        stdout=subprocess.PIPE).stdout
    names = re.findall(r'"name":\s*"([a-z-]+)"', lines)
    assert len(names) > 60 and len(set(names)) == len(names), lines
    assert list(settings_of(admin)) == names
    web = sign_in(rosterd)

    def fields(page):
        return re.findall(r'<(?:select|input) id="([a-z-]+)" name="\1"', page)
    there = fields(web.open("/settings"))
    assert sorted(there) == sorted(names), set(there) ^ set(names)
    admin.post("/policies", {"name": "staff"}, expect=201)
    with open(os.path.join(SOURCE, "rules", "setting.h")) as header:
        own = set(re.findall(r'"([a-z-]+)", \w+,[\s\\]*POLICY', header.read()))
    assert set(fields(web.open("/policies/staff"))) & set(names) == own, own


def the_relay_is_told_without_its_secret():
    """From rosterd.conf, where it is changed."""
    told = Rosterd().admin().get("/settings").json()
    assert told["mail"] == {"configured": False, "relay": "", "from": ""}, told
    sink = Sink()
    rosterd = Rosterd(settings={
        "MAIL__SMTP_URL": "smtp://joe:s3cr@et@127.0.0.1:%d/greets"
        % sink.port, "MAIL__FROM": "Roster <no-reply@example.org>"})
    admin = rosterd.admin()
    answer = admin.get("/settings")
    assert answer.json()["mail"] == {
        "configured": True, "relay": "smtp://127.0.0.1:%d" % sink.port,
        "from": "Roster <no-reply@example.org>"}, answer.text
    page = sign_in(rosterd).open("/settings")
    assert "smtp://127.0.0.1:%d<" % sink.port in page
    assert "no-reply@example.org" in page
    assert "et@127" not in page + answer.text and "joe" not in page
    refused(admin.patch("/settings", {"mail": {"relay": "smtp://x"}},
                        expect=None), 400, "unknown_field")


def the_page_of_settings_changes_what_was_changed():
    rosterd = Rosterd()
    admin = rosterd.admin()
    web = sign_in(rosterd)
    page = web.open("/settings")
    assert "Characters that a new password must have at least" in page
    page = web.submit("/settings", {"registration": "off"})
    assert "Saved." in page
    assert [one["name"] for one in admin.get("/settings").json()["items"]
            if one["set"]] == ["registration"]
    page = web.submit("/settings", {"session-idle": "a while",
                                    "reset-lifetime": "1h"}, expect=422)
    assert 'href="#session-idle"' in page and "a while" in page
    assert 'id="session-idle-wrong"' in page, "it is said beside the field"
    assert settings_of(admin)["reset-lifetime"]["value"] == "30m"
    web.submit("/settings", {"session-idle": "", "registration": "invite"})
    assert settings_of(admin)["session-idle"]["value"] == "1h"


def policies_hold_for_their_groups():
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/groups", {"cn": "staff1"}, expect=201)
    made = admin.post("/policies", {
        "name": "long", "groups": ["staff1"], "priority": 7,
        "description": "longer passwords",
        "settings": {"password-min-length": "40"}}, expect=201)
    assert made.headers["Location"].endswith("/policies/long"), made.headers
    assert made.json()["settings"] == {"password-min-length": "40"}
    assert [p["name"] for p in admin.get("/policies").json()["items"]] == [
        "long"]
    admin.patch("/policies/long", {"settings": {
        "password-min-length": None, "password-history": "4"}})
    assert admin.get("/policies/long").json()["settings"] == {
        "password-history": "4"}
    assert admin.get("/policies/long").json()["priority"] == 7
    for body, field in (
            ({"settings": {"registration": "open"}}, "settings"),
            ({"settings": {"password-min-length": "3"}},
             "password-min-length")):
        refused(admin.patch("/policies/long", body, expect=422), 422,
                "invalid_setting", field)
    refused(admin.patch("/policies/long", {"groups": ["nobodies"]},
                        expect=422), 422, "unknown_group", "groups")
    refused(admin.post("/policies", {"name": "long", "groups": []},
                       expect=409), 409, "exists")
    refused(admin.get("/policies/none", expect=404), 404, "not_found")
    web = sign_in(rosterd)
    web.open("/policies")
    page = web.submit("/policies", {"name": "second", "groups": "staff1"})
    assert "The policy has been created" in page
    web.submit("/policies/second", {
        "priority": "9", "lockout-failures": "3", "groups": "staff1"})
    assert admin.get("/policies/second").json()["settings"] == {
        "lockout-failures": "3"}
    assert admin.get("/policies/second").json()["groups"] == ["staff1"]
    page = web.submit("/policies/second/delete")
    assert "second" not in page
    admin.delete("/policies/long")
    assert admin.get("/policies").json()["items"] == []


def hosts_say_who_may_log_in():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for name in ("bob", "carl", "dora"):
        admin.post("/users", person(name), expect=201)
    admin.post("/groups", {"cn": "web"}, expect=201)
    admin.put("/groups/web/members/bob")
    made = admin.post("/hosts", {
        "name": "web01", "groups": ["web"], "managers": ["carl"],
        "description": "the web", "password": "made by a program 1"},
        expect=201)
    assert made.headers["Location"].endswith("/hosts/web01"), made.headers
    host = made.json()
    assert (host["groups"], host["managers"], host["hasPassword"]) == (
        ["web"], ["carl"], True), host
    assert "password" not in host and "argon" not in made.text.lower()
    assert host["filter"] == (
        "(&(!(host=!web01))(|(host=web01)(host=\\2a)(memberOf=%s)))"
        % "cn=web,ou=groups,dc=example,dc=org"), host

    def admitted(name="web01"):
        return sorted(one["username"] for one in admin.get(
            "/hosts/%s/people" % name).json()["items"])
    assert admitted() == ["bob"]
    user = admin.patch("/users/carl", {"hosts": ["WEB01", "db01", "db01"],
                                       "services": ["sshd"]}).json()
    assert (user["hosts"], user["services"]) == (["WEB01", "db01"],
                                                 ["sshd"]), user
    assert admitted() == ["bob", "carl"]
    admin.patch("/users/bob", {"hosts": ["!web01", "*"]})
    assert admitted() == ["carl"]
    admin.post("/users/carl/suspend", {})
    assert admitted() == []
    refused(admin.delete("/hosts/web01", expect=409), 409, "host_in_use")
    admin.patch("/users/carl", {"hosts": []})
    admin.patch("/users/bob", {"hosts": []})
    assert admin.get("/users/bob").json()["hosts"] == []
    # without groups the setting says
    admin.patch("/hosts/web01", {"groups": [], "password": ""})
    assert admin.get("/hosts/web01").json()["hasPassword"] is False
    assert admitted() == ["ada", "bob", "dora"]
    admin.patch("/settings", {"host-default": "deny"})
    assert admitted() == []
    assert "(host=*)" not in admin.get("/hosts/web01").json()["filter"]
    refused(admin.patch("/hosts/web01", {"groups": ["nobodies"]},
                        expect=422), 422, "unknown_group", "groups")
    refused(admin.patch("/hosts/web01", {"managers": ["nobody-there"]},
                        expect=422), 422, "unknown_user", "managers")
    refused(admin.patch("/users/bob", {"hosts": ["a b"]}, expect=422), 422,
            "invalid_host", "hosts")
    refused(admin.patch("/users/bob", {"services": ["!"]}, expect=422), 422,
            "invalid_service", "services")
    refused(admin.get("/hosts/none/people", expect=404), 404, "not_found")
    refused(admin.get("/hosts/a%20b", expect=404), 404, "not_found")
    web = sign_in(rosterd)
    web.open("/hosts")
    page = web.submit("/hosts", {"name": "db01", "groups": "web"})
    assert "The host has been created" in page and "bob" in page
    page = web.submit("/hosts/db01", {"groups": "", "managers": "dora",
                                      "description": "the base"})
    assert "Nobody may log in there" in page
    host = admin.get("/hosts/db01").json()
    assert (host["groups"], host["managers"], host["description"]) == (
        [], ["dora"], "the base"), host
    web.open("/users/dora")
    page = web.submit("/users/dora", {"hosts": "db01"})
    assert "db01" in page and admitted("db01") == ["dora"]
    web.open("/hosts/db01")
    page = web.submit("/hosts/db01/delete", expect=409)
    assert "people have this host in their list" in page
    admin.patch("/users/dora", {"hosts": []})
    web.open("/hosts/db01")
    page = web.submit("/hosts/db01/delete")
    assert "The host has been deleted" in page
    admin.delete("/hosts/web01")
    assert admin.get("/hosts").json()["items"] == []


def the_outbox_is_seen_and_emptied():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    queued = admin.post("/settings/test-mail", {}, expect=202).json()
    assert queued["to"] == "ada@example.org", queued
    assert queued["delivery"] == "sent", queued
    mail = sink.wait()
    assert mail["To"] == "ada@example.org" and "test" in mail["Subject"]
    until(lambda: not admin.get("/mail").json()["items"], "an empty outbox")
    sink.refuse = True
    web = sign_in(rosterd)
    web.open("/mail")
    page = web.submit("/settings/test-mail", {"mail": "bob@example.org"},
                      expect=502)
    assert "not taken: 451 not now" in page
    tried = until(lambda: [one for one in admin.get("/mail").json()["items"]
                           if one["attempts"] > 0], "an attempt")[0]
    assert tried["state"] == "queued" and tried["error"], tried
    assert "params" not in tried
    sink.refuse = False
    admin.post("/mail/%d/retry" % tried["id"], expect=204)
    assert sink.wait(2)["To"] == "bob@example.org"
    sink.refuse = True
    web.open("/mail")
    web.submit("/settings/test-mail", {"mail": "eve@example.org"}, expect=502)
    page = until(lambda: "eve@example.org" in web.open("/mail") and
                 web.page.text, "it in the list")
    action = re.search(r'action="(/mail/\d+/delete)"', page).group(1)
    web.submit(action)
    assert admin.get("/mail").json()["items"] == []
    refused(admin.delete("/mail/999", expect=404), 404, "not_found")
    refused(admin.post("/mail/x/retry", expect=404), 404, "not_found")
    refused(admin.post("/settings/test-mail", {"mail": "nobody"},
                       expect=422), 422, "invalid_email", "mail")
    bare = Rosterd()
    refused(bare.admin().post("/settings/test-mail", {}, expect=409), 409,
            "smtp_not_configured")


def the_overview_counts():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for name, status in (("bob", "active"), ("carl", "pending"),
                         ("dora", "suspended"), ("eve", "pending"),
                         ("finn", "active")):
        admin.post("/users", person(name, status=status, password=""),
                   expect=201)
    admin.delete("/users/finn")
    soon = datetime.datetime.now(datetime.timezone.utc) + \
        datetime.timedelta(days=3)
    admin.patch("/users/bob", {"expires": soon.strftime("%Y-%m-%dT00:00:00Z")})
    got = admin.get("/overview").json()
    assert got["people"] == {"active": 2, "pending": 2, "suspended": 1,
                             "deleted": 1}, got
    assert (got["expiringSoon"], got["locked"]) == (1, 0), got
    assert got["waiting"][0] == {"fromDays": 0, "toDays": 1, "people": 2}
    assert len(got["days"]) == 14 and got["days"][-1]["signIns"] >= 1, got
    uids = [one for one in got["numbers"] if one["kind"] == "uidNumber"][0]
    assert uids["first"] == 10000 and uids["used"] == 6, uids
    assert uids["left"] == uids["last"] - uids["first"] + 1 - 6
    assert got["mail"] == {"queued": 0, "failed": 0}
    # counted once a minute, whoever asks
    admin.post("/users", person("gil", password=""), expect=201)
    assert admin.get("/overview").json() == got
    web = sign_in(rosterd)
    page = web.open("/")
    assert web.page.url.endswith("/overview") and "<svg" in page
    for day in got["days"]:
        assert day["day"] in page, "the chart has its table"
    # but one failure shows at once, and nothing is lost when it is journaled
    before = got["days"][-1]["failures"]
    for n in range(1, 4):
        rosterd.client().sign_in("bob", "wrong %d" % n, expect=401)
        days = admin.get("/overview").json()["days"]
        assert days[-1]["failures"] == before + n, (n, days[-1])
        assert days[:-1] == got["days"][:-1], days
    web.open("/overview")
    row = re.search(r"<tr>[^\n]*%s.*?</tr>" % days[-1]["day"], web.page.text,
                    re.S).group(0)
    assert re.findall(r"<td[^>]*>\s*(\d+)\s*</td>", row)[-1] == \
        str(before + 3), row
    rosterd.stop()  # which journals what is left
    later = Rosterd(state=rosterd.state)
    admin = later.client()
    admin.sign_in("ada")
    days = admin.get("/overview").json()["days"]
    assert days[-1]["failures"] == before + 3, days[-1]


if __name__ == "__main__":
    main(settings_are_read_and_set, no_setting_is_forgotten,
         the_relay_is_told_without_its_secret,
         the_page_of_settings_changes_what_was_changed,
         policies_hold_for_their_groups, hosts_say_who_may_log_in,
         the_outbox_is_seen_and_emptied,
         the_overview_counts)
