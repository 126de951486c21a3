#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Every page in a real Chromium: journeys with JavaScript and without,
pictures at 390 and 1280 pixels, light and dark, and what WCAG asks."""
import datetime
import fcntl
import os
import re
import subprocess
from urllib.parse import urlsplit
import time

from rosterd import (FOLDER, PASSWORD, ROSTERD, Rosterd, Sink, environment,
                     main, need, person, until)
from browser import Chrome, DESK
from test_mail_change import link_to

LONG = "Wolfeschlegelsteinhausenbergerdorff"
PEOPLE = [
    ("bob", "Bob", "Builder"), ("carl", "Carl", "Carlson"),
    ("dora", "Dora", "Day"), ("aisha", "عائشة", "بنت طلحة"),
    ("finn", "Finn", "Fish"), ("gil", "Gil", "Gale"),
    ("hubert-wolfeschlegelstein-senior", "Hubert Blaine", LONG)]
# what doc/administration.md and doc/account.md show
MANUAL = {"overview", "users", "user", "requests", "audit", "register",
          "hosts", "host", "presets"}
chrome = Chrome()


def key(name):
    path = os.path.join(FOLDER, "key-" + name)
    if not os.path.exists(path):
        subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "",
                        "-C", name + "@laptop", "-f", path], check=True)
    with open(path + ".pub") as public:
        return public.read().strip()


def in_days(days):
    day = datetime.datetime.now(datetime.timezone.utc) + \
        datetime.timedelta(days=days)
    return day.strftime("%Y-%m-%dT00:00:00Z")


def days_before(state, token, **more):
    """Two weeks of sign-ins, on some of the days, and who has waited."""
    for days, come, wrong in ((13, 2, 0), (12, 5, 1), (9, 3, 0), (8, 6, 4),
                              (6, 4, 1), (5, 7, 0), (2, 3, 2), (1, 5, 0)):
        rosterd = Rosterd(state=state, faketime="-%dd" % days, **more)
        if days == 13:
            rosterd.token = token
            chrome.rosterd = rosterd
            chrome.forget()
            chrome.open("/bootstrap/" + token)
            chrome.look("bootstrap")
            admin = rosterd.admin()
            admin.patch("/settings", {"registration": "open",
                                      "verify-mail": "off"})
        if days == 9:
            rosterd.client().post("/registrations", named(PEOPLE[1]),
                                  expect=201)
        for _ in range(come):
            rosterd.client().sign_in("ada")
        for _ in range(wrong):
            rosterd.client().sign_in("ada", "not the password", expect=401)
        rosterd.stop()


def named(one, **more):
    name, given, family = one
    return person(name, givenName=given, sn=family, **more)


def serve(state):
    """As slapd does: its absence is a picture of its own."""
    serving = open(os.path.join(state, "serving"), "a")
    fcntl.flock(serving, fcntl.LOCK_SH)
    return serving


def company(**more):
    """A directory in which something has happened; its administrator."""
    state, token = environment(faketime="-13d")
    days_before(state, token, **more)
    rosterd = Rosterd(state=state, **more)
    chrome.rosterd = rosterd
    admin = rosterd.client()
    admin.sign_in("ada")
    rosterd.client().post("/registrations", named(PEOPLE[5]), expect=201)
    for one in PEOPLE:
        if one[0] not in ("carl", "gil"):
            admin.post("/users", named(one, status="active"), expect=201)
    admin.post("/users/dora/suspend", {"reason": "on leave until spring"})
    admin.delete("/users/finn")
    admin.post("/groups", {"cn": "staff1", "description":
                           "Everybody who works here"}, expect=201)
    for name in ("bob", "dora", PEOPLE[-1][0]):
        admin.put("/groups/staff1/members/" + name)
    admin.put("/groups/staff1/members/aisha", {"until": in_days(20)})
    admin.post("/groups", {"cn": "night-crew"}, expect=201)
    admin.put("/groups/staff1/groups/night-crew")
    admin.patch("/groups/staff1", {"managers": ["bob"]})
    admin.post("/users/bob/ssh-keys", {"key": key("bob")}, expect=201)
    admin.post("/users/bob/tokens", {
        "name": "backup", "ttl": "30d", "scope": ["read"],
        "addresses": ["10.0.0.0/8"]}, expect=201)
    admin.post("/policies", {"name": "strict", "groups": ["sysadmins"],
                             "description": "longer passwords", "settings": {
                                 "password-min-length": "16"}}, expect=201)
    admin.patch("/users/aisha", {"expires": in_days(3)})
    admin.post("/invitation-presets", {
        "name": "night-shift", "groups": ["staff1", "night-crew"],
        "lifetime": "7d", "uses": 10, "needsApproval": True,
        "description": "Helpers of the summer"}, expect=201)
    for name, text in (("web01", "The web server"), ("db-replica.fra",
                       "Keeps a copy of the database")):
        admin.post("/hosts", {"name": name, "groups": ["staff1"],
                              "description": text}, expect=201)
    rosterd.client().sign_in("bob")
    rosterd.client().sign_in("bob", "not the password", expect=401)
    return rosterd, admin


def every_page():
    sink = Sink()
    sink.refuse = True
    rosterd, admin = company(smtp=sink.port)
    # the relay takes none of them: the queue is a page, too
    made = admin.post("/invitations", {"mail": "eve@example.org",
                                       "groups": ["staff1"]},
                      expect=502).json()["made"]
    admin.post("/invitations", {"mail": "old@example.org"}, expect=502)
    open_to_all = admin.post("/invitations", {"uses": 5, "send": False},
                             expect=201).json()
    admin.delete("/invitations/" + open_to_all["id"])
    for name, path in (
            ("login", "/login"), ("login-done", "/login?done=registered"),
            ("register", "/register/" + made["link"].rsplit("/", 1)[1]),
            ("reset", "/reset"),
            ("verify", "/verify/" + "x" * 43),
            ("reset-password", "/reset/" + admin.post(
                "/users/bob/reset-password", {}).json()["link"].rsplit(
                    "/", 1)[1]),
            ("register-closed", "/register")):
        chrome.open(path)
        if name in MANUAL:
            chrome.for_the_manual(name)
        chrome.look(name)
    chrome.open("/register/" + "x" * 43)
    chrome.look("dead-link", status=(400,))
    chrome.sign_in("bob", PASSWORD)
    assert chrome.path() == "/me", chrome.path()
    chrome.for_the_manual("me")
    chrome.look("me-person")
    chrome.open("/users")
    chrome.look("not-allowed", status=(403,))
    chrome.sign_in("ada", PASSWORD)
    assert chrome.path() == "/overview", chrome.path()
    chrome.look("no-slapd")
    serving = serve(rosterd.state)
    for name, path in (
            ("overview", "/overview"), ("users", "/users"),
            ("users-none", "/users?q=zzz"), ("user", "/users/bob"),
            ("user-long", "/users/" + PEOPLE[-1][0]),
            ("user-suspended", "/users/dora"),
            ("user-pending", "/users/carl"), ("user-bin", "/users/finn"),
            ("requests", "/requests"), ("invitations", "/invitations"),
            ("invitations-none", "/invitations?state=used"),
            ("invitation", "/invitations/" + made["id"]),
            ("import", "/invitations/import"),
            ("registration-tokens", "/registration-tokens"),
            ("presets", "/invitation-presets"),
            ("preset", "/invitation-presets/night-shift"), ("groups", "/groups"),
            ("group", "/groups/staff1"), ("audit", "/audit"),
            ("audit-none", "/audit?actor=zzz"), ("sessions", "/sessions"),
            ("settings", "/settings"), ("policies", "/policies"),
            ("policy", "/policies/strict"), ("mail", "/mail"),
            ("letters", "/mail/templates"),
            ("letter", "/mail/templates/invitation"),
            ("hosts", "/hosts"), ("host", "/hosts/web01"),
            ("agreements-none", "/agreements"),
            ("me", "/me"), ("reauthenticate", "/reauthenticate")):
        chrome.open(path)
        if name in MANUAL:
            chrome.for_the_manual(name)
        chrome.look(name)
        if name == "letter":  # with the mail itself in a frame
            framed = chrome.one("iframe").get_attribute("src")
            chrome.seen.add(urlsplit(framed).path)
    chrome.open("/nothing")
    chrome.look("nothing", status=(404,))
    refusals()
    chrome.sign_in("ada", PASSWORD)
    agreements(rosterd, admin)
    comforts(rosterd, admin)
    the_keyboard_goes_everywhere()
    german_fits()
    admin.post("/users", person("hal", mustChange=True), expect=201)
    chrome.sign_in("hal", PASSWORD)
    chrome.look("must-change")
    chrome.sign_in("ada", PASSWORD)
    serving.close()
    rosterd.stop()
    the_password_again(rosterd.state)
    assert not chrome.wrong, "\n".join(chrome.wrong)


TERMS = """Use of our machines

1. Your account is yours alone. Lend it to nobody.
2. Keep keys and tokens where nobody else reads them, and tell us at once when
   one is lost.
3. What you see of others' work you keep to yourself.

Whoever does otherwise loses access.
"""


def agreements(rosterd, admin):
    """Written, required, signed at the next sign-in, and listed."""
    chrome.open("/agreements")
    chrome.fill("[action='/agreements']", name="Terms!", title="Terms of use",
                text="x")
    chrome.press("Create the agreement")
    chrome.look("agreements-refused", status=(422,))
    chrome.fill("[action='/agreements']", name="terms", text=TERMS)
    chrome.press("Create the agreement")
    assert chrome.path() == "/agreements/terms?done=created", chrome.path()
    chrome.look("agreement-none")
    chrome.open("/me/agreements")
    chrome.press("I have read this and agree")
    chrome.sign_in("bob", PASSWORD)
    assert chrome.path() == "/me/agreements", chrome.path()
    chrome.for_the_manual("my-agreements")
    chrome.look("my-agreements")
    chrome.press("I have read this and agree")
    assert chrome.path().startswith("/me"), chrome.path()
    chrome.open("/me/agreements")
    chrome.look("my-agreements-signed")
    chrome.sign_in("ada", PASSWORD)
    chrome.open("/agreements")
    chrome.look("agreements")
    chrome.press("terms")
    assert "bob" in chrome.one("#signatures-title ~ *").text
    chrome.for_the_manual("agreement")
    chrome.look("agreement")
    admin.patch("/agreements/terms", {"required": False})


def refusals():
    """Forms that come back with what is wrong."""
    chrome.open("/login")
    chrome.fill("main", username="ada", password="wrong")
    chrome.press("Sign in")
    chrome.look("login-refused", status=(401,))
    chrome.open("/me")
    chrome.fill("[action='/me/password']", old="wrong", new="short")
    chrome.press("Change password", "[action='/me/password'] button")
    assert chrome.all("[aria-invalid]"), chrome.text()
    chrome.look("me-refused", status=(403, 422))
    chrome.open("/groups")
    chrome.fill("[action='/groups']", cn="root")
    chrome.press("Create the group")
    chrome.look("groups-refused", status=(422,))


def journey():
    """From the first administrator to a suspension, by what pages offer."""
    rosterd = Rosterd()
    chrome.rosterd = rosterd
    serving = serve(rosterd.state)
    chrome.forget()
    chrome.open("/bootstrap/" + rosterd.token)
    chrome.fill(username="ada", givenName="Ada", sn="Lovelace",
                mail="ada@example.org", password=PASSWORD)
    chrome.press("Create the administrator")
    assert "Sign in to go on" in chrome.text()
    chrome.fill(username="ada", password=PASSWORD)
    chrome.press("Sign in")
    assert chrome.path() == "/overview"
    chrome.open("/invitations")
    chrome.fill("[action='/invitations']", mail="eve@example.org")
    chrome.press("Make invitation link")
    link = chrome.one("code.link").text
    assert link.startswith(rosterd.url + "/register/"), link
    chrome.press("As a QR code")
    assert chrome.one(".qr svg path").is_displayed()
    chrome.look("invitation-made", status=(201,))
    chrome.forget()
    chrome.open(link[len(rosterd.url):])
    chrome.fill(username="eve", givenName="Eve", sn="Everest",
                password="short")
    chrome.press("Register")
    assert chrome.all("[aria-invalid][name=password]"), chrome.text()
    assert "at least 12" in chrome.text(), chrome.text()
    chrome.look("register-refused", status=(422,))
    chrome.fill(password=PASSWORD)
    chrome.press("Register")
    assert "Your account is ready" in chrome.text()
    chrome.fill(username="eve", password=PASSWORD)
    chrome.press("Sign in")
    assert chrome.path() == "/me"
    chrome.press("Add an SSH key")
    chrome.fill("[action='/me/ssh-keys']", key=key("eve"))
    chrome.press("Add the key")
    assert "The key has been added" in chrome.text()
    assert "SHA256:" in chrome.one("#keys").text
    chrome.press("Make an API token")
    chrome.fill("[action='/me/tokens']", name="my script")
    chrome.press("Make the token")
    token = chrome.one("#tokens code.link").text
    assert token.startswith("rst_"), token
    chrome.look("token-made", status=(201,))
    chrome.open("/me")
    assert token not in chrome.driver.page_source
    chrome.sign_in("ada", PASSWORD)
    chrome.open("/users")
    chrome.one("input[value=eve]").click()
    chrome.press("Go on")
    assert "tokens that stop working: 1" in chrome.text(), chrome.text()
    chrome.look("bulk")
    chrome.fill(reason="lost her laptop")
    chrome.press("Suspend 1")
    assert "1 of 1 done" in chrome.text(), chrome.text()
    chrome.look("bulk-done")
    chrome.open("/users/eve")
    assert "May not sign in" in chrome.text()
    assert "lost her laptop" in chrome.one("#history").text
    chrome.sign_in("eve", PASSWORD)
    assert "not active" in chrome.text(), chrome.text()
    chrome.look("login-suspended", status=(403,))
    # many at once: nothing happens before it was seen
    chrome.sign_in("ada", PASSWORD)
    chrome.open("/invitations/import")
    chrome.fill(list="mail,groups\nnew@example.org,ldapusers\nno address\n"
                     "eve@example.org")
    chrome.press("Look at what would happen")
    assert "1 of 3 lines can be invited" in chrome.text(), chrome.text()
    chrome.for_the_manual("import")
    chrome.look("import-seen")
    chrome.press("Make invitation links: 1")
    assert "1 of 3 lines became invitations" in chrome.text()
    chrome.open("/audit?action=suspend")
    assert "lost her laptop" in chrome.text()
    chrome.press("Sign out")
    assert "You are signed out" in chrome.text()
    serving.close()


def journey_with_javascript():
    before = len(chrome.wrong)
    journey()
    assert not chrome.wrong[before:], "\n".join(chrome.wrong[before:])


def journey_without_javascript():
    chrome.scripts(False)
    try:
        journey()
        # it really was off
        assert not chrome.all("button[aria-pressed]")
    finally:
        chrome.scripts(True)


def by_hosts():
    """A host is made, says who may log in, and is deleted."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    for name in ("bob", "carl"):
        admin.post("/users", person(name), expect=201)
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.put("/groups/crew/members/bob")
    chrome.rosterd = rosterd
    serving = serve(rosterd.state)
    before = len(chrome.wrong)
    chrome.sign_in("ada", PASSWORD)
    chrome.press("Hosts", ".bar nav a")
    chrome.look("hosts-none")
    chrome.fill("[action='/hosts']", name="no name", groups="crew")
    chrome.press("Create the host")
    assert chrome.all("[aria-invalid][name=name]"), chrome.text()
    chrome.look("hosts-refused", status=(422,))
    chrome.fill("[action='/hosts']", name="web01", groups="crew",
                description="The web server")
    chrome.press("Create the host")
    assert chrome.path() == "/hosts/web01?done=created", chrome.path()
    people = chrome.one("#people-title ~ .scroll").text
    assert "bob" in people and "carl" not in people, people
    assert "memberOf=cn=crew" in chrome.text(), chrome.text()
    chrome.one("#groups").send_keys("ldapusers")
    chrome.press("Save")
    assert "carl" in chrome.one("#people-title ~ .scroll").text
    # a person's own list, and the step of "why" that it changes
    chrome.open("/users/carl")
    chrome.press("Where and how one may log in")
    chrome.one("#hosts").send_keys("!web01")
    chrome.press("Save the lists")
    chrome.open("/hosts/web01")
    assert "carl" not in chrome.one("#people-title ~ .scroll").text
    chrome.press("Delete the host")
    chrome.press("Delete web01")
    assert "has been deleted" in chrome.text() or "refused" in \
        chrome.text() or chrome.all(".error-summary"), chrome.text()
    serving.close()
    assert not chrome.wrong[before:], "\n".join(chrome.wrong[before:])


def another_mail_address():
    """Asked for, confirmed at the new address, and at the old one."""
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    rosterd.admin().post("/users", person("bob"), expect=201)
    chrome.rosterd = rosterd
    before = len(chrome.wrong)
    chrome.sign_in("bob", PASSWORD)
    chrome.fill("[action='/me/mail']", mail="bob@example.org")
    chrome.press("Change address")
    chrome.look("me-mail-refused", status=(409, 422))
    chrome.open("/me")
    chrome.fill("[action='/me/mail']", mail="robert@example.net")
    chrome.press("Change address")
    assert "robert@example.net" in chrome.text(), chrome.text()
    chrome.for_the_manual("me-mail")
    chrome.look("me-mail-asked")
    tokens = [link_to(sink, address)[0] for address in (
        "robert@example.net", "bob@example.org")]
    for name, token in zip(("verify-new", "verify-old"), tokens):
        chrome.open("/verify/" + token)
        assert "robert@example.net" in chrome.text(), chrome.text()
        chrome.look(name)
        chrome.press("Confirm")
    chrome.open("/me")
    assert "robert@example.net" in chrome.one("main .facts").text
    assert not chrome.wrong[before:], "\n".join(chrome.wrong[before:])


def no_page_was_forgotten():
    """Each page that rosterd --routes has was looked at."""
    lines = subprocess.run([ROSTERD, "--routes"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    pages = [line.split()[3] for line in lines
             if line.startswith("GET ") and "page" in line.split()[2].split(",")]
    assert len(pages) > 25, pages
    unseen = [path for path in pages if path != "/" and not any(
        re.fullmatch(re.escape(path).replace(re.escape("{}"), "[^/?]+") +
                     r"([?#].*)?", seen) for seen in chrome.seen)]
    assert not unseen, unseen


def comforts(rosterd, admin):
    """What roster.js adds."""
    chrome.open("/audit")
    until(lambda: chrome.one("[data-live]").is_displayed(), "the live tail")
    admin.patch("/users/bob", {"displayName": "Robert"})
    until(lambda: "Robert" in chrome.one("[data-list]").get_attribute(
        "textContent"), "the news of the journal")
    assert len(chrome.all("tr.fresh")) == 1
    chrome.open("/me")
    field = chrome.one("#new")
    field.send_keys("password")
    until(lambda: "at least 16" in chrome.one(".meter").text,
          "what the server says of a bad password")
    field.clear()
    field.send_keys("green lamp under seven bridges")
    until(lambda: "Very good" in chrome.one(".meter").text, "a good one")
    chrome.all("#password button[aria-pressed]")[1].click()
    assert field.get_attribute("type") == "text"
    chrome.open("/users")
    chrome.one("th.tick input").click()
    assert chrome.one("[data-chosen]").text == "8 chosen"
    chrome.open("/invitations/import")
    path = os.path.join(FOLDER, "list.csv")
    with open(path, "w") as out:
        out.write("x@example.org\n")
    chrome.one("input[type=file]").send_keys(path)
    until(lambda: "x@example.org" in chrome.one("#list").get_attribute(
        "value"), "the file in the field")


def many_people():
    """Pages of people, to the last one, and each found by what is known."""
    people = int(os.environ.get("ROSTER_TEST_PEOPLE", "600"))
    state, token = environment(people)
    rosterd = Rosterd(state=state)
    rosterd.token = token
    rosterd.admin()
    chrome.rosterd = rosterd
    chrome.sign_in("ada", PASSWORD)
    chrome.open("/users?limit=100")
    seen = [one.text for one in chrome.all("tbody th a")]
    for _ in range(4):
        chrome.press("Next page")
        seen += [one.text for one in chrome.all("tbody th a")]
    assert seen == ["ada"] + ["person%07d" % n for n in range(1, 500)], seen
    chrome.open("/users?limit=100&q=ada@")
    assert [one.text for one in chrome.all("tbody th a")] == ["ada"]
    chrome.fill("[role=search]", q="Family%07d" % people)
    chrome.press("Search")
    assert [one.text for one in chrome.all("tbody th a")] == [
        "person%07d" % people], chrome.text()
    assert not chrome.all("[rel=next]")
    times = {}
    for name, path in (
            ("first", "/users"), ("mail", "/users?q=person%07d@" % people),
            ("none", "/users?q=zzzz"), ("part", "/users?q=family0"),
            ("status", "/users?status=suspended"),
            ("group", "/users?group=ldapusers"), ("list", "/groups"),
            ("members", "/groups/ldapusers"), ("overview", "/overview")):
        start = time.monotonic()
        chrome.open(path)
        times[name] = time.monotonic() - start
    print("%d people, ms: %s" % (people, ", ".join(
        "%s %d" % (name, 1000 * spent) for name, spent in times.items())))
    assert max(times.values()) < 10, times
    chrome.open("/groups/ldapusers")
    chrome.look("group-many")


def the_keyboard_goes_everywhere():
    for path in ("/users", "/me", "/settings"):
        chrome.open(path)
        seen = []
        for _ in range(60):
            chrome.tell("Input.dispatchKeyEvent", type="keyDown", key="Tab",
                        code="Tab", windowsVirtualKeyCode=9)
            chrome.tell("Input.dispatchKeyEvent", type="keyUp", key="Tab",
                        code="Tab", windowsVirtualKeyCode=9)
            now = chrome.driver.execute_script("""
                const at = document.activeElement, box =
                    at.getBoundingClientRect(), style = getComputedStyle(at);
                return [at.outerHTML.slice(0, 120), style.outlineStyle,
                        parseFloat(style.outlineWidth), box.top >= 0 &&
                        box.top < innerHeight && box.width > 1];""")
            if now[0].startswith("<body"):
                break
            assert now[1] != "none" and now[2] >= 2, (path, now)
            assert now[3], (path, "not in the window", now)
            seen.append(now[0])
        assert len(seen) > 15, (path, seen)
        assert "skip" in seen[0], seen[0]


def german_fits():
    chrome.language("de")
    try:
        german_sign_in()
        for name, path in (("de-overview", "/overview"),
                           ("de-user", "/users/dora"), ("de-me", "/me"),
                           ("de-audit", "/audit"),
                           ("de-settings", "/settings")):
            chrome.open(path)
            chrome.look(name)
            assert chrome.one("html").get_attribute("lang") == "de"
    finally:
        chrome.language("en")


def the_password_again(state):
    """Nothing that was typed is lost."""
    chrome.rosterd = Rosterd(state=state, faketime="+11m")
    chrome.open("/groups")
    chrome.fill("[action='/groups']", cn="crew", description="The crew")
    chrome.press("Create the group")
    assert "Your password again" in chrome.text(), chrome.text()
    chrome.look("reauthenticate-typed")
    chrome.fill("[action='/groups']", proof="wrong")
    chrome.press("Go on")
    chrome.look("reauthenticate-wrong", status=(403,))
    chrome.fill("[action='/groups']", proof=PASSWORD)
    chrome.press("Go on")
    assert chrome.path() == "/groups/crew?done=created", chrome.path()
    assert "The crew" in chrome.text()


def german_sign_in():
    chrome.forget()
    chrome.open("/login")
    chrome.fill(username="ada", password=PASSWORD)
    chrome.press("Anmelden")


def the_checker_sees():
    """Each thing it looks for, put into a page, is found."""
    rosterd = Rosterd()
    chrome.rosterd = rosterd
    chrome.forget()
    for html, words in (
            ("<p data-css='color:#aaa;background:#fff'>x</p>", "contrast"),
            ("<h4>x</h4>", "level is left out"), ("<h1>x</h1>", "one h1"),
            ("<section>x</section>", "section without a name"),
            ("<i id=q></i><i id=q></i>", "id twice"),
            ("<i aria-describedby=nothing></i>", "points nowhere"),
            ("<a href='#nothing'>x</a>", "leads nowhere"),
            ("<input aria-invalid=true aria-label=x>", "nothing says why"),
            ("<table><tr><td>x</table>", "without a caption"),
            ("<table><caption>x</caption><tr><td>x</table>",
             "row without a name"),
            ("<svg width=9 height=9></svg>", "picture without words"),
            ("<button data-css='min-height:9px;height:9px;"
             "padding:0'>x</button>", "target of"),
            ("<div data-css='width:3000px'>x</div>", "wider than the window"),
            ("<p data-css='width:20px;white-space:nowrap;max-width:20px'>"
             "many words</p>", "do not fit"),
            ("<button></button>", "button without a name"),
            ("<input>", "textbox without a name"),
            ("<nav>x</nav><nav>y</nav>", "cannot be told apart")):
        chrome.open("/login")
        # the policy of the page forbids attributes of style
        chrome.driver.execute_script("""
            document.querySelector("main").insertAdjacentHTML("beforeend",
                                                              arguments[0]);
            for (const one of document.querySelectorAll("[data-css]"))
                one.style.cssText = one.dataset.css;""", html)
        chrome.size(DESK)
        found = chrome.driver.execute_script(chrome.accessible) + \
            chrome.nameless()
        assert any(words in one for one in found), (html, found)
    chrome.open("/login")
    chrome.tell("Runtime.evaluate", expression="document.head.append(Object."
                "assign(document.createElement('script'), {textContent: 1}))")
    until(lambda: any("Content Security Policy" in one
                      for one in chrome.console()), "a violation of the CSP")


if __name__ == "__main__":
    main(the_checker_sees, every_page, many_people, by_hosts,
         another_mail_address, journey_with_javascript,
         journey_without_javascript, no_page_was_forgotten)
