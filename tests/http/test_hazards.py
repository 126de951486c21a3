#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Rows of doc/hazards.md that no other program shows."""
import os
import re
import signal
import subprocess

import rosterd as harness
from rosterd import (FOLDER, PASSWORD, ROSTERD, Browser, Rosterd, Sink, check,
                     main, need, person, until, text_of)

EVIL = "evil.example"
# What an enemy or a careless proxy may add about where we are.
PLACES = ({"X-Forwarded-Host": EVIL}, {"X-Host": EVIL}, {"Forwarded":
          "for=1.2.3.4;host=" + EVIL}, {"X-Original-URL": "//" + EVIL},
          {"X-Forwarded-Server": EVIL, "X-Forwarded-Proto": "https"},
          {"X-Forwarded-Prefix": "//" + EVIL})


def links_have_the_configured_name():
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    anyone = rosterd.client()
    for n, headers in enumerate(PLACES):
        made = admin.post("/invitations", {"mail": "p%d@example.org" % n},
                          expect=201, headers=headers).json()
        assert made["link"].startswith(rosterd.url + "/register/"), made
        anyone.post("/password-resets", {"username": "bob"}, expect=None,
                    headers=headers)
        answer = anyone.web.get(rosterd.url + "/users", headers=headers,
                                allow_redirects=False)
        assert answer.headers["Location"].startswith("/login"), (headers,
                                                                 answer.headers)
        page = anyone.web.get(rosterd.url + "/login", headers=headers)
        check(page, 200)
        assert EVIL not in page.text + str(page.headers), headers
    for n in range(len(PLACES) + 1):
        mail = sink.wait(n + 1)
        text = text_of(mail)
        assert EVIL not in text + mail.get_body(("html",)).get_content(), text
        assert re.search(re.escape(rosterd.url) + "/(register|reset)/", text)
    # and a Host of his own is not answered at all
    check(anyone.web.get(rosterd.url + "/login", headers={"Host": EVIL}), 421)
    rows = len(PLACES) + 1  # all of them, or none was printed
    print("promise A10 asked %d reached %d violations 0 unit headers" % (
        rows, rows))


BREAKS = ("x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org",
          "x\rBcc: eve@example.org", "x\x0bBcc: y", "x\u2028Bcc: y",
          "x\u0085Bcc: y")


def what_goes_into_a_mail_has_no_lines():
    """Each value that a mail may show or go to, by program and by page."""
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    admin.patch("/settings", {"registration": "open"})
    admin.post("/users", person("bob"), expect=201)
    anyone = rosterd.client()
    wrong = []
    for n, evil in enumerate(BREAKS):
        mail = "m" + evil.replace("x", "", 1) + "@example.org"
        for client, method, path, body, field in (
                (anyone, "POST", "/registrations",
                 person("nora%d" % n, givenName=evil), "givenName"),
                (anyone, "POST", "/registrations",
                 person("nora%d" % n, sn=evil), "sn"),
                (anyone, "POST", "/registrations",
                 person("nora%d" % n, mail=mail), "mail"),
                (admin, "POST", "/users", person("nora%d" % n, sn=evil), "sn"),
                (admin, "PATCH", "/me", {"displayName": evil}, "displayName"),
                (admin, "PATCH", "/me", {"givenName": evil}, "givenName"),
                (admin, "PATCH", "/users/bob", {"mail": mail}, "mail"),
                (admin, "POST", "/invitations", {"mail": mail}, "mail"),
                (admin, "POST", "/settings/test-mail", {"mail": mail},
                 "mail")):
            answer = client.request(method, path, body)
            if answer.status_code not in (400, 422) or \
                    answer.json().get("field") != field:
                wrong.append("%s %s %r: %d %s" % (
                    method, path, body, answer.status_code, answer.text))
    assert not wrong, "\n".join(wrong)
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    web.open("/me")
    page = web.submit("/me", {"givenName": BREAKS[3]}, expect=422)
    assert 'id="givenName-error"' in page and 'href="#givenName"' in page
    # an approver is written to about who asks, an applicant about why not
    anyone.post("/registrations", person("nora", givenName="Nora"),
                expect=201)
    sink.wait(1)
    for evil in BREAKS:
        web = Browser(rosterd)
        web.open("/register")
        web.submit("/register", person("page", sn=evil), expect=422)
    for envelope in sink.mails:
        assert len(envelope.rcpt_tos) == 1, envelope.rcpt_tos
        head = envelope.content.split(b"\r\n\r\n")[0]
        assert b"\nBcc:" not in head, head


# A list of settings by their names: another refusal, of its own.
NAMED = {"PATCH /settings": "invalid_setting", "POST /settings": None,
         "POST /policies/{}": None}


def no_route_takes_a_field_it_does_not_know():
    """Every route of --routes that changes something."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.post("/hosts", {"name": "web01"}, expect=201)
    admin.post("/policies", {"name": "strict", "groups": ["crew"]},
               expect=201)
    admin.post("/agreements", {"name": "terms", "title": "T", "text": "t"},
               expect=201)
    named = {"users": "bob", "groups": "crew", "hosts": "web01",
             "policies": "strict", "agreements": "terms", "members": "bob"}
    lines = subprocess.run([ROSTERD, "--routes"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    wrong, n = [], 0
    for line in lines:
        method, _, where, path = line.split()
        if method == "GET" or "api" not in where.split(","):
            continue
        parts, full = path.split("/"), []
        for part in parts:
            full.append(part if part != "{}" else
                        named.get(full[-1], "none"))
        answer = admin.request(method, "/".join(full),
                               {"isAdministrator": True})
        n += 1
        if method == "DELETE" and path in ("/session", "/me/sessions"):
            admin.sign_in("ada")
        code = answer.json()["code"] if answer.content else ""
        if answer.status_code == 400 and code in ("unknown_field",
                                                  "missing_field"):
            continue
        if answer.status_code == 404 and "{}" in path:
            continue  # nothing there to be changed
        if NAMED.get("%s %s" % (method, path)) == code:
            continue
        wrong.append("%s %s: %d %s" % (method, path, answer.status_code,
                                       answer.text[:120]))
    assert not wrong, "\n".join(wrong)
    assert n > 60, n


# Root looks into everything; without this, what is dumpable only.
LESS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def looks_into(process):
    """Another program of the same user, with the same rights, may read it."""
    return subprocess.run(less() + ["cat", "/proc/%d/environ" % process.pid],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def less():
    if os.geteuid() != 0 or subprocess.run(
            LESS + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        return []
    return LESS


def memory_is_nobody_elses():
    """No core is left, and no other process of the same user looks in."""
    need("setpriv")
    wrapper = os.path.join(FOLDER, "less")
    with open(wrapper, "w") as script:
        script.write("#!/bin/sh\nulimit -c unlimited\nexec %s %s \"$@\"\n" %
                     (" ".join(less()), ROSTERD))
    os.chmod(wrapper, 0o755)
    harness.ROSTERD = wrapper
    rosterd = Rosterd()
    harness.ROSTERD = ROSTERD
    with open("/proc/%d/limits" % rosterd.process.pid) as limits:
        core = [line.split()[4:6] for line in limits
                if line.startswith("Max core file size")]
    assert core == [["0", "0"]], core
    open_one = subprocess.Popen(less() + ["sleep", "60"])
    try:
        until(lambda: looks_into(open_one), "a look into an open program")
    finally:
        open_one.kill()
        open_one.wait()
    # a leak check looks at what a build with sanitizers leaves open
    assert not looks_into(rosterd.process) or harness.sanitizer()
    # even one that is forced, where everybody may have one
    rosterd.process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(rosterd.process.pid, 0)
    rosterd.process.returncode = -os.WTERMSIG(status)
    assert os.WTERMSIG(status) == signal.SIGABRT or harness.sanitizer(), status
    assert not os.WCOREDUMP(status), status


if __name__ == "__main__":
    main(links_have_the_configured_name, what_goes_into_a_mail_has_no_lines,
         no_route_takes_a_field_it_does_not_know, memory_is_nobody_elses)
