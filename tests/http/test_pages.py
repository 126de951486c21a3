#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""What the pages hold, what they never hold, and what goes with them."""
import datetime
import html.parser
import json
import os
import re
import urllib.parse

from rosterd import (Browser, FOLDER, PASSWORD, Rosterd, SOURCE, Sink, check,
                     main, person, refused)

CSP = ("default-src 'none'; style-src 'self'; script-src 'self'; "
       "img-src 'self'; connect-src 'self'; "
       "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(html.parser.HTMLParser):
    """Finds what is wrong with the HTML itself."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong = [], []
        self.ids, self.labels, self.inputs, self.refs = [], [], [], []
        self.headings = 0
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append("not closed: %s" % self.open)
        for one in set(self.ids):
            if self.ids.count(one) > 1:
                self.wrong.append("id twice: %s" % one)
        for name in self.inputs:
            if name not in self.labels:
                self.wrong.append("no label: %s" % name)
        for ref in self.refs:
            if ref not in self.ids:
                self.wrong.append("points nowhere: %s" % ref)
        if self.headings != 1:
            self.wrong.append("%d h1" % self.headings)

    def handle_starttag(self, tag, attrs):
        got = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h1":
            self.headings += 1
        if "id" in got:
            self.ids.append(got["id"])
        if tag == "label":
            self.labels.append(got.get("for"))
        if tag in ("input", "select", "textarea") and (
                got.get("type") != "hidden" and "disabled" not in got
                and not got.get("aria-label")):
            self.inputs.append(got.get("id"))
        for key in ("aria-describedby", "aria-labelledby"):
            self.refs += (got.get(key) or "").split()
        if tag in ("style", "iframe", "object") or (
                tag == "script" and not re.match(
                    r"/static/roster\.js\?v=[0-9a-f]+$",
                    got.get("src") or "")):
            self.wrong.append("a <%s>" % tag)
        for key in got:
            if key.startswith("on") or key == "style":
                self.wrong.append("attribute %s" % key)
        for key in ("href", "src", "action"):
            if key in got and not re.match(r"[/#?]", got[key] or "?"):
                self.wrong.append("%s=%s" % (key, got[key]))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s> closes something else" % tag)


def sign_in(rosterd, username="ada"):
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": username, "password": PASSWORD})
    return web


def headers_are_on_everything():
    rosterd = Rosterd()
    admin = rosterd.admin()
    paths = ["/", "/login", "/users", "/nothing", "/static/roster.css",
             "/healthz", "/readyz", "/api/v1/me", "/api/v1/nothing",
             "/static/nothing", "/a%00b", "/register/" + "x" * 43,
             "/api/v1/audit/export?format=csv"]
    for path in paths:
        for web in (admin.web, rosterd.client().web):
            answer = web.get(rosterd.url + path, allow_redirects=False)
            got = answer.headers
            assert got["Content-Security-Policy"] == CSP, (path, got)
            assert got["X-Content-Type-Options"] == "nosniff", path
            assert got["X-Frame-Options"] == "DENY", path
            assert got["Referrer-Policy"] == "no-referrer", path
            assert got["Cross-Origin-Opener-Policy"] == "same-origin", path
            assert "Server" not in got, path
            assert "Content-Disposition" not in got, path
            assert "Strict-Transport-Security" not in got, "plain HTTP"
            assert got["Cache-Control"] == "no-store", (path, got)
    css = re.search(r'href="(/static/roster\.css\?v=[0-9a-f]+)"',
                    admin.web.get(rosterd.url + "/login").text).group(1)
    answer = admin.web.get(rosterd.url + css)
    check(answer, 200)
    assert "immutable" in answer.headers["Cache-Control"], answer.headers
    assert answer.headers["Content-Type"].startswith("text/css")
    # words for screen readers in a wide table must not widen the page
    assert re.search(r"^\.scroll \{[^}]*position: relative", answer.text, re.M)
    for path in ("/static/../main.c", "/static/%2e%2e/main.c",
                 "/static/roster.css/", "/static/"):
        assert admin.web.get(rosterd.url + path).status_code in (400, 404)


def no_folder_is_listed():
    """Nor is one told from what is not there."""
    rosterd = Rosterd()
    web = rosterd.admin().web

    def links(path):
        answer = web.get(path)
        check(answer, 404)
        return set(re.findall(r'(?:href|src|action)="([^"]*)"', answer.text))
    nothing = links(rosterd.url + "/nothing")
    for path in ("/static", "/static/", "/templates/", "/locale/", "/api/",
                 "/api/v1/"):
        more = links(rosterd.url + path) - nothing
        assert not more, (path, more)


def every_page_is_whole():
    rosterd = Rosterd()
    bootstrap = rosterd.token
    pages = {"/bootstrap/" + bootstrap:
             rosterd.client().web.get(rosterd.url + "/bootstrap/"
                                      + bootstrap).text}
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    admin.post("/users", person("carl", status="pending"), expect=201)
    admin.post("/users", person("dora", status="suspended"), expect=201)
    admin.post("/users", person("finn"), expect=201)
    admin.delete("/users/finn")
    admin.post("/groups", {"cn": "staff1", "description": "people"},
               expect=201)
    admin.put("/groups/staff1/members/bob")
    made = admin.post("/invitations", {"mail": "eve@example.org",
                                       "send": False}, expect=201).json()
    token = made["link"].rsplit("/", 1)[1]
    web = sign_in(rosterd)
    for path in ("/users", "/users?q=bo&status=active&limit=1",
                 "/users?limit=1", "/users?q=zzz", "/users/bob",
                 "/users/carl", "/users/dora", "/users/ada",
                 "/users/finn", "/users?status=deleted", "/requests",
                 "/invitations", "/invitations/" + made["id"], "/groups",
                 "/groups?limit=1", "/groups/staff1", "/groups/sysadmins",
                 "/me"):
        pages[path] = web.open(path)
    pages["/nothing"] = web.open("/nothing", expect=404)
    anyone = Browser(rosterd)
    for path in ("/login", "/login?done=registered", "/register",
                 "/register/" + token):
        pages[path] = anyone.open(path)
    pages["dead link"] = anyone.open("/register/" + "x" * 43, expect=400)
    web.open("/groups")
    pages["refused group"] = web.submit("/groups", {"cn": "docker"},
                                        expect=422)
    web.open("/users")
    pages["refused user"] = web.submit(
        "/users", person("root"), expect=422)
    web.open("/invitations")
    pages["refused invitation"] = web.submit(
        "/invitations", {"mail": "bob@example.org"}, expect=409)
    web.open("/groups/staff1")
    pages["refused member"] = web.submit(
        "/groups/staff1/members", {"username": "nobody-there"}, expect=404)
    web.open("/me")
    pages["refused password"] = web.submit(
        "/me/password", {"old": "x", "new": PASSWORD}, expect=403)
    wrong = []
    for path, text in pages.items():
        wrong += ["%s: %s" % (path, w) for w in Page(text).wrong]
        if "{{" in text or "}}" in text:
            wrong.append("%s: a tag of the template" % path)
        if "$argon2" in text or "{ARGON2}" in text:
            wrong.append("%s: a password hash" % path)
        if '<html lang="en">' not in text or "<title>" not in text:
            wrong.append("%s: no language or title" % path)
        if path.startswith("refused") and 'role="alert"' not in text:
            wrong.append("%s: does not say what is wrong" % path)
        if len(text) > 50000:
            wrong.append("%s: %d bytes" % (path, len(text)))
    assert not wrong, "\n".join(wrong)
    assert 'aria-current="page">People' in pages["/users"]
    # one waits: the head says so to administrators, on pages only
    assert '<span class="count">1<' in pages["/users"]
    assert "waiting" not in admin.get("/me").text
    # what can be done is what is lawful
    for name, lawful in (("bob", {"suspend", "deactivate", "delete"}),
                         ("dora", {"activate", "deactivate", "delete"}),
                         ("finn", {"restore", "purge"}),
                         ("carl", {"approve", "reject"})):
        found = set(re.findall(r'action="/users/%s/(\w+)"' % name,
                               pages["/users/" + name])) - {"tokens"}
        assert found == lawful, (name, found)


def names_are_hostile():
    rosterd = Rosterd()
    admin = rosterd.admin()
    evil = "<script>alert(1)</script>\"'&{{x}}{{> _head}}"
    admin.post("/users", person("eve", sn=evil), expect=201)
    admin.patch("/users/eve", {"displayName": evil})
    admin.post("/groups", {"cn": "g1", "description": evil}, expect=201)
    admin.put("/groups/g1/members/eve")
    web = sign_in(rosterd)
    for path in ("/users", "/users/eve", "/groups", "/groups/g1",
                 "/users?q=" + "%3Cscript%3E%22"):
        text = web.open(path)
        assert "<script>" not in text, path
        assert not Page(text).wrong, (path, Page(text).wrong)
    assert "&lt;script&gt;alert(1)" in web.open("/users/eve")
    assert "{{x}}" in web.open("/users/eve"), "shown as it is, not run"
    web.open("/users")
    text = web.submit("/users", person("root", sn=evil), expect=422)
    assert "<script>" not in text and "&lt;script" in text
    assert admin.get("/users/eve").json()["displayName"] == evil
    text = web.open("/login?next=%22%3E%3Cscript%3E&done=%3Cscript%3E")
    assert "<script>" not in text


def a_template_never_sees_a_secret():
    folder = os.path.join(FOLDER, "own")
    os.makedirs(os.path.join(folder, "templates"))
    os.makedirs(os.path.join(folder, "static"))
    with open(os.path.join(folder, "templates", "login.mustache"), "w") as t:
        t.write('<form method="post" action="/login"><input name="username">'
                '<input name="password"></form>[{{form.username}}|'
                "{{form.password}}|{{form.csrf}}]{{> _foot}}")
    with open(os.path.join(folder, "static", "logo.svg"), "w") as t:
        t.write("<svg/>")
    rosterd = Rosterd(settings={"DATA__OVERRIDES": folder})
    web = Browser(rosterd)
    web.open("/login")
    text = web.submit("/login", {"username": "ada", "password": "no-good"},
                      expect=401)
    assert "[ada||]" in text and "no-good" not in text, text
    assert web.open("/static/logo.svg") == "<svg/>"
    assert web.page.headers["Content-Type"] == "image/svg+xml"


def lists_go_page_by_page():
    rosterd = Rosterd()
    admin = rosterd.admin()
    names = ["user%02d" % i for i in range(7)]
    for name in reversed(names):
        admin.post("/users", person(name, password=""), expect=201)
    # by name where each is looked at, as they were made where an index finds
    # them; either way each once
    for query, order in (("q=us", names), ("q=USER", names[::-1]),
                         ("q=user&status=active", names[::-1]),
                         ("q=r0&status=active", names[::-1])):
        seen, path = [], "/users?limit=3&" + query
        while path:
            body = admin.get(path).json()
            seen.append([u["username"] for u in body["items"]])
            path = ("/users?limit=3&%s&cursor=%s" % (query, body["next"])
                    if body["next"] else None)
        assert seen == [order[:3], order[3:6], order[6:]], (query, seen)
    assert [u["username"] for u in admin.get(
        "/users?q=ER03").json()["items"]] == ["user03"]
    assert admin.get("/users?q=user&status=pending").json()["items"] == []
    for name in names[2:5]:
        admin.post("/users/%s/suspend" % name)
    assert sorted(u["username"] for u in admin.get(
        "/users?status=suspended").json()["items"]) == names[2:5]
    refused(admin.get("/users?q=user&cursor=x", expect=400), 400,
            "invalid_query")
    web = sign_in(rosterd)
    text, found = web.open("/users?limit=4&q=user"), []
    while True:
        found += re.findall(r'href="/users/(user\d\d)"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if not following:
            break
        query = following.group(1).replace("&amp;", "&")
        assert "q=user" in query and "limit=4" in query, query
        text = web.open("/users" + query)
    assert found == names[::-1], found
    # a list of exactly one page has no next
    body = admin.get("/users?limit=7&q=user").json()
    assert body["next"] is None and len(body["items"]) == 7
    for name in names[:5]:
        admin.put("/groups/ldapusers/members/" + name)
    seen, path = [], "/groups/ldapusers/members?limit=3"
    while path:
        body = admin.get(path).json()
        seen += [u["username"] for u in body["items"]]
        path = ("/groups/ldapusers/members?limit=3&cursor=" + body["next"]
                if body["next"] else None)
    assert sorted(seen) == ["ada"] + names, seen
    assert len(admin.get("/users?group=sysadmins").json()["items"]) == 1
    ids = [admin.post("/invitations", {"mail": "i%d@example.org" % i,
                                       "send": False}, expect=201).json()["id"]
           for i in range(5)]
    seen, path = [], "/invitations?limit=2"
    while path:
        body = admin.get(path).json()
        seen += [i["id"] for i in body["items"]]
        path = ("/invitations?limit=2&cursor=" + body["next"]
                if body["next"] else None)
    assert seen == ids[::-1], (seen, ids)


def a_refused_form_keeps_what_was_chosen():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    rosterd.admin()
    browser = sign_in(rosterd)
    browser.open("/invitations")
    page = browser.submit("/invitations", {
        "mail": "bob@example.org", "groups": "nowhere", "expires": "604800",
        "needsApproval": "true"}, expect=422)
    # sent again with only the mistake corrected, it is the same invitation
    page = browser.submit("/invitations", {"groups": ""}, expect=201)
    made = rosterd.client()
    made.sign_in("ada")
    invitation = made.get("/invitations").json()["items"][0]
    assert invitation["needsApproval"] is True, invitation
    assert invitation["expires"][:10] > invitation["created"][:10], invitation
    lasts = [datetime.datetime.fromisoformat(invitation[key][:-1])
             for key in ("created", "expires")]
    assert (lasts[1] - lasts[0]).days == 7, invitation
    assert "is on its way to" in page
    # unchecked stays unchecked, too
    browser.open("/invitations")
    browser.page._content = browser.page.content.replace(b" checked", b"")
    browser.submit("/invitations", {"mail": "x@example.org",
                                    "groups": "nowhere"}, expect=422)
    assert " checked" not in browser.page.text
    browser.open("/groups")
    browser.submit("/groups", {"cn": "root", "administrator": "true"},
                   expect=422)
    assert " checked" in browser.page.text


def every_error_is_tied_to_its_field():
    folder = os.path.join(SOURCE, "httpd", "templates")
    seen = 0
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as template:
            text = template.read()
        for field in re.findall(r'id="([A-Za-z]+)-error"', text):
            for tag in re.findall(r'<(?:input|select) id="%s"[^>]*>' % field,
                                  text):
                described = re.search(r'aria-describedby="([^"]*)"', tag)
                assert described and field + "-error" in described.group(1), \
                    (name, tag)
                assert "aria-invalid" in tag or " readonly" in tag, (name, tag)
                seen += 1
    assert seen >= 20, seen


def same_address_for_programs():
    rosterd = Rosterd()
    admin = rosterd.admin()
    page = admin.web.get(rosterd.url + "/users/ada",
                         headers={"Accept": "application/json"})
    assert page.json() == admin.get("/users/ada").json()
    page = admin.web.get(rosterd.url + "/users/ada", headers={
        "Accept": "text/html,application/xhtml+xml,application/json;q=0.1"})
    assert page.text.startswith("<!doctype html>")
    check(rosterd.client().web.get(rosterd.url + "/users/ada", headers={
        "Accept": "application/json"}, allow_redirects=False), 401)


def edits_honour_what_was_seen():
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    seen = admin.get("/users/bob").headers["ETag"]
    first = admin.patch("/users/bob", {"sn": "One"},
                        headers={"If-Match": seen})
    assert first.headers["ETag"] != seen
    answer = admin.patch("/users/bob", {"sn": "Two"}, expect=412,
                         headers={"If-Match": seen})
    assert answer.json()["code"] == "changed"
    assert admin.get("/users/bob").json()["sn"] == "One"
    admin.patch("/users/bob", {"sn": "Two"}, headers={"If-Match": "*"})
    admin.patch("/users/bob", {"status": "suspended"})
    assert admin.get("/users/bob").json()["status"] == "suspended"
    admin.patch("/users/bob", {"status": "active", "sn": "Three"})
    bob = admin.get("/users/bob").json()
    assert (bob["status"], bob["sn"]) == ("active", "Three"), bob


def no_token_is_logged():
    rosterd = Rosterd()
    web = Browser(rosterd)
    web.open("/bootstrap/" + rosterd.token)
    web.submit("/bootstrap", person("ada"))
    answer = web.submit("/login", {"username": "ada", "password": PASSWORD})
    cookie = web.web.cookies["roster"]
    csrf = re.search(r'name="csrf" value="([^"]+)"', answer).group(1)
    web.open("/invitations")
    page = web.submit("/invitations", {"mail": "bob@example.org"}, expect=201)
    token = re.search(r"/register/([A-Za-z0-9_-]{43})", page).group(1)
    bob = Browser(rosterd)
    bob.open("/register/" + token)
    bob.open("/register/" + token + "?x=" + token)
    bob.open("/login?next=/register/" + token)
    bob.open("/api/v1/invitations/token/" + token)
    bob.open("/nothing/" + token, expect=404)
    bob.open("/register/short-and-wrong", expect=400)
    log = rosterd.log()
    for secret in (rosterd.token, cookie, csrf, token, PASSWORD,
                   "short-and-wrong"):
        assert secret not in log, secret
    assert '"path":"/register/-"' in log and '"user":"ada"' in log, log
    # nor can a stranger write lines of his own
    bob.web.get(rosterd.url + "/users/%22%7D")
    assert '"path":"/users/\\"}"' in rosterd.log()


def no_stranger_writes_a_line_of_the_log():
    rosterd = Rosterd()
    web = Browser(rosterd).web
    forged = '{"door":"http","user":"ada","status":200}'
    before = len(rosterd.log().splitlines())
    for end in ("\n", "\r\n", "\r", "\v", "\f", "\x1b[2K", "\x85",
                "\u2028", "\u2029", "\b", "\x7f", '"}', '"}\n', "\\",
                "\\u000a", "%0a", "\u202e"):
        text = urllib.parse.quote("eve" + end + forged, safe="")
        for path in ("/users/" + text, "/" + text, "/users?q=" + text,
                     "/api/v1/users/" + text):
            web.get(rosterd.url + path, allow_redirects=False)
        web.post(rosterd.url + "/api/v1/session",
                 json={"username": "eve" + end + forged, "password": "x"})
    for raw in ("%ff%0a" + forged, "%c3%28", "%ed%a0%80", "%f4%90%80%80",
                "%c0%8a"):
        web.get(rosterd.url + "/users/" + raw, allow_redirects=False)
    rosterd.stop()
    with open(rosterd.log_path, "rb") as log:
        lines = log.read().split(b"\n")
    assert lines.pop() == b"", "the last line ends"
    requests = 0
    for line in lines[before:]:
        text = line.decode()  # it is UTF-8
        assert text.startswith("rosterd: "), line
        if text.startswith("rosterd: {"):
            one = json.loads(text.removeprefix("rosterd: "))
            assert one["path"][:1] in ("", "/") and not one["user"], line
            requests += 1
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160
                       for c in text), line
    assert requests == 17 * 5 + 5, requests


def a_temporary_password_is_changed_first():
    """Pages and forms alone: no script."""
    rosterd = Rosterd()
    rosterd.admin().post("/users", person("bob"), expect=201)
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    page = web.open("/users/bob")
    assert "Give a temporary password" in page
    form = re.search(r'<form[^>]*action="/users/bob/reset-password">(?:(?!'
                     r'</form>).)*name="temporary".*?</form>', page, re.S)
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form.group(0)):
        got = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        fields[got["name"]] = got["value"]
    page = check_page(web.web.post(
        rosterd.url + "/users/bob/reset-password", data=fields,
        headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"}))
    made = re.search(r"<code[^>]*>([^<]{29,})</code>", page).group(1)
    assert made not in web.open("/users/bob"), "shown once"
    assert "Vorläufiges Passwort vergeben" in german(web, "/users/bob")

    bob = Browser(rosterd)
    bob.open("/login")
    page = bob.submit("/login", {"username": "bob", "password": made})
    told = "Change your password first"
    for path in (None, "/", "/users/bob"):
        if path is not None:
            page = bob.open(path)
        at = bob.page.url[len(rosterd.url):]
        assert re.match(r"/me($|[?#])", at) and told in page, (path, at)
    assert "Bitte zuerst das Passwort" in german(bob, "/me")
    page = bob.submit("/me/password", {"old": made, "new": "short"},
                      expect=422)
    assert 'id="new-error"' in page and told in page
    new = "Ladders-of-my-own-choice"
    page = bob.submit("/me/password", {"old": made, "new": new})
    assert told not in page
    assert bob.open("/users/bob") and bob.page.url.endswith("/users/bob")
    rosterd.client().sign_in("bob", new)


def check_page(answer):
    check(answer, 200)
    return answer.text


def german(web, path):
    return check_page(web.web.get(web.rosterd.url + path, headers={
        "Accept-Language": "de"}))


if __name__ == "__main__":
    main(a_temporary_password_is_changed_first,
         headers_are_on_everything, no_folder_is_listed, every_page_is_whole,
         names_are_hostile,
         a_template_never_sees_a_secret, lists_go_page_by_page,
         a_refused_form_keeps_what_was_chosen, every_error_is_tied_to_its_field,
         same_address_for_programs,
         edits_honour_what_was_seen, no_token_is_logged,
         no_stranger_writes_a_line_of_the_log)
