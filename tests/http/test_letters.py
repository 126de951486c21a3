#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""What mails look like: two forms, the reader's language, nothing of others."""
import os
import re
import subprocess

from rosterd import (BUILD, FOLDER, SOURCE, Rosterd, Sink, main, person, text_of,
                     until)

HOSTILE = "<img src=x> & \"Co\""
ESCAPED = "&lt;img src=x&gt; &amp; &quot;Co&quot;"


def html_of(mail):
    part = mail.get_body(("html",))
    return part.get_content() if part is not None else None


def harmless(html):
    """Nothing is fetched, nothing runs; style stands in attributes."""
    for tag in ("script", "img", "link", "iframe", "object", "form", "svg"):
        assert not re.search("<" + tag + r"\b", html, re.I), tag
    assert not re.search(r"\bon\w+=|url\(|@import|javascript:", html), html
    for address in re.findall(r'(?:href|src)="([^"]*)"', html):
        assert address.startswith(("http://", "https://", "mailto:")), address


def a_name_is_no_markup():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    admin.patch("/settings", {"registration": "open", "verify-mail": "off"})
    rosterd.client().post("/registrations", person("bob", givenName=HOSTILE),
                          expect=201)
    until(lambda: len(sink.mails) >= 2, "what bob and the administrator get")
    bodies = [html_of(sink.wait(n)) for n in (1, 2)]
    assert all(bodies), bodies
    for html in bodies:
        harmless(html)
        assert HOSTILE not in html
    assert any(ESCAPED in html for html in bodies), bodies
    # and who reads text sees the name itself
    assert any(HOSTILE in text_of(sink.wait(n)) for n in (1, 2))


def a_mail_is_in_its_readers_language():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    for name, language in (("bob", "de"), ("eve", "en")):
        admin.post("/users", dict(person(name), language=language),
                   expect=201)
        admin.post("/users/%s/reset-password" % name, {"send": True})
    german, english = sink.wait(1), sink.wait(2)
    assert german["Subject"] != english["Subject"], english["Subject"]
    assert "Passwort" in text_of(german), text_of(german)
    assert "Passwort" in html_of(german) and 'lang="de"' in html_of(german)
    assert "password" in text_of(english) and 'lang="en"' in html_of(english)
    for mail in (german, english):
        assert mail.get_content_type() == "multipart/alternative"
        harmless(html_of(mail))
    # who says nothing gets what the setting says
    admin.patch("/settings", {"language": "de"})
    admin.post("/users", person("joe"), expect=201)
    admin.post("/users/joe/reset-password", {"send": True})
    assert sink.wait(3)["Subject"] == german["Subject"]


def a_text_of_ones_own_has_no_other_beside_it():
    folder = os.path.join(FOLDER, "own")
    os.makedirs(os.path.join(folder, "templates"))
    with open(os.path.join(folder, "templates",
                           "mail-invitation.mustache"), "w") as text:
        text.write("Subject: Welcome\n\nHere: {{link}}\n")
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port, settings={"DATA__OVERRIDES": folder})
    rosterd.admin().post("/invitations", {"mail": "bob@example.org"},
                         expect=201)
    assert html_of(sink.wait()) is None


def every_mail_is_previewed():
    rosterd = Rosterd()
    admin = rosterd.admin()
    listed = admin.get("/mail/templates").json()["items"]
    assert len(listed) >= 20, listed
    for item in listed:
        at = "/mail/templates/" + item["name"]
        shown = {tag: admin.get(at + "?lang=" + tag).json()
                 for tag in ("en", "de")}
        for one in shown.values():
            assert one["subject"] and one["text"].strip(), one
            harmless(one["html"])
            assert "{{" not in one["text"] + one["html"], one
        assert shown["en"]["subject"] != shown["de"]["subject"], shown
    admin.get("/mail/templates/nothing", expect=404)


def a_preview_runs_nothing():
    rosterd = Rosterd()
    admin = rosterd.admin()
    answer = admin.web.get(rosterd.url + "/mail/templates/invitation/html")
    assert answer.status_code == 200, answer.text
    policy = answer.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "sandbox", "form-action 'none'",
                 "frame-ancestors 'self'"):
        assert rule in policy, policy
    assert "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def rosterctl_shows_it_too():
    rosterd = Rosterd()

    def preview(*arguments):
        return subprocess.run(
            [os.path.join(BUILD, "rosterctl"), "mail", "preview",
             *arguments, "--directory", rosterd.state], text=True,
            capture_output=True, env=dict(
                os.environ, ROSTER_SERVER__PUBLIC_URL=rosterd.url,
                ROSTER_SERVER__LISTEN="127.0.0.1:1",
                ROSTER_SERVER__INSECURE_LOOPBACK="true", **{
                    "ROSTER_DATA__" + name.upper(): os.path.join(
                        SOURCE, "httpd", name)
                    for name in ("templates", "static", "locale")}))
    text, html = preview("invitation"), preview("invitation", "--html")
    assert text.returncode == 0, text.stderr
    assert text.stdout.startswith("Subject: "), text.stdout
    assert html.stdout.lstrip().lower().startswith("<!doctype"), html.stdout
    german = preview("invitation", "--language", "de")
    assert german.stdout != text.stdout and german.returncode == 0
    assert preview("nothing").returncode != 0


if __name__ == "__main__":
    main(a_name_is_no_markup, a_mail_is_in_its_readers_language,
         a_text_of_ones_own_has_no_other_beside_it, every_mail_is_previewed,
         a_preview_runs_nothing, rosterctl_shows_it_too)
