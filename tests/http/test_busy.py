#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Each read of a request, one after the other, finds the server busy: the
answer is whole, or "busy", and what is shown this once is shown or was not
made."""
import itertools
import mmap
import os
import re
import struct
import sys
import tempfile

import rosterd as harness
from rosterd import (BUILD, Browser, FOLDER, PASSWORD, Rosterd, Sink, main,
                     person)

COUNTING = os.path.join(BUILD, "tests", "http", "counting")
READS_MAX = 100  # of one request
# Who makes something that is shown this once: a path, and what is sent.
CREATORS = (
    ("/invitations", {"mail": "eve@example.org", "send": False}),
    ("/invitations", {"mail": "eve@example.org", "send": True}),
    ("/invitations/{}/resend", {"send": False}),
    ("/invitations/import", {"list": "eve@example.org", "confirmed": True}),
    ("/registration-tokens", {"username": "fixed"}),
    ("/users", {"link": True}),
    ("/users/bob/reset-password", {}),
    ("/users/bob/reset-password", {"temporary": True}),
    ("/me/tokens", {"name": "mine"}),
    ("/users/bob/tokens", {"name": "his"}),
)

if not os.path.exists(COUNTING):
    print("skipped: %s has not been built" % COUNTING)
    sys.exit(77)


class Busy(Rosterd):
    def __init__(self, **more):
        handle, path = tempfile.mkstemp(dir=FOLDER)
        os.write(handle, bytes(16))
        self.shared = mmap.mmap(handle, 16)
        os.close(handle)
        harness.ROSTERD = COUNTING
        super().__init__(settings={"COUNTS": path}, **more)
        self.api = self.admin()
        self.api.post("/users", person("bob"), expect=201)
        self.web = Browser(self)
        self.web.open("/login")
        self.web.submit("/login", {"username": "ada", "password": PASSWORD})
        self.csrf = re.search('name="csrf" value="([^"]+)"',
                              self.get("/me").text).group(1)

    def at_each(self, do):
        """do(), with the first read busy, with the second, and so on, until
        one ends before its turn; their answers."""
        for n in range(1, READS_MAX):
            self.shared[8:] = struct.pack("Q", n)
            answer = do()
            left = struct.unpack("Q", self.shared[8:])[0]
            self.shared[8:] = bytes(8)
            if left:
                assert n > 1, "it reads nothing: what was tried?"
                return
            yield n, answer
        raise AssertionError("more reads than anybody needs")

    def get(self, path):
        return self.web.web.get(self.url + path, allow_redirects=False)

    def send(self, path, **fields):
        return self.web.web.post(
            self.url + path, data=dict(fields, csrf=self.csrf),
            allow_redirects=False,
            headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"})


def steady(text):
    """Without what is another each time."""
    return re.sub(r'<time.*?</time>|value="[A-Za-z0-9_-]{22,}"', "", text)


def is_busy(answer, what):
    assert answer.status_code == 503, (what, answer.status_code, answer.text)
    assert answer.headers["Content-Type"].startswith("text/html"), what
    assert "the server is busy" in answer.text, (what, answer.text)


def a_page_is_whole_or_busy():
    rosterd = Busy()
    for path in ("/login", "/register", "/me", "/users", "/users/bob",
                 "/users/nobody", "/invitations", "/invitations/import",
                 "/nowhere"):
        whole = rosterd.get(path)
        assert whole.status_code in (200, 404), (path, whole.text)
        for n, answer in rosterd.at_each(lambda: rosterd.get(path)):
            if answer.status_code == whole.status_code:
                assert steady(answer.text) == steady(whole.text), (path, n)
            else:
                is_busy(answer, (path, n))
                assert answer.headers["Retry-After"] == "1", (path, n)


def last_change(rosterd):
    return rosterd.api.get("/audit?limit=1").json()["items"][0]["sequence"]


def drop_tokens(rosterd):
    """There may be only so many."""
    for path in ("/me/tokens", "/users/bob/tokens"):
        for one in rosterd.api.get(path).json()["items"]:
            rosterd.api.delete("%s/%s" % (path, one["id"]))


def show_or_make_nothing(pages, pattern):
    """What the creators answer, each read of theirs having failed in turn:
    what pattern finds in it is new, and it is there when something was made,
    and only then."""
    rosterd = Busy(smtp=Sink().port)
    resent = rosterd.api.post("/invitations", {
        "mail": "ian@example.org", "send": False}, expect=201).json()["id"]
    names = ("u%d" % n for n in itertools.count())
    seen = set()
    for path, fields in CREATORS:
        path = path.replace("{}", resent)

        def ask():
            body = dict(fields)
            if path == "/users":
                body.update(person(next(names)))
            if not pages:
                return rosterd.api.request("POST", path, body)
            return rosterd.send(path, **{
                name: {True: "true", False: "false"}.get(value, value)
                for name, value in body.items()})
        if pages and path == "/users":
            continue  # it goes on to the person's page, without a link
        before = last_change(rosterd)
        for n, answer in rosterd.at_each(ask):
            what = (path, fields, n, answer.status_code, answer.text)
            shown = re.search(pattern, answer.text)
            assert (last_change(rosterd) > before) == bool(shown), what
            assert not shown or shown.group(1) not in seen, what
            seen.add(shown and shown.group(1))
            if shown:
                assert "Retry-After" not in answer.headers, what
            else:
                assert "the server is busy" in answer.text, what
            drop_tokens(rosterd)
            before = last_change(rosterd)


def a_program_gets_what_was_made_or_nothing_was():
    show_or_make_nothing(
        False, r'"(?:link|token|madePassword)":"([^"]+)"')


def a_page_shows_what_was_made_or_nothing_was():
    """Also the page of a problem, when only the page could not be made."""
    show_or_make_nothing(True, r"data-copy>([^<]+)<")


def who_gives_the_password_again_stays_signed_in():
    rosterd = Busy()
    for path in ("/api/v1/session/reauthenticate", "/reauthenticate"):
        def ask():
            if path == "/reauthenticate":
                return rosterd.send(path, password=PASSWORD)
            return rosterd.api.post(path, {"password": PASSWORD}, expect=None)
        who = rosterd.web if path == "/reauthenticate" else rosterd.api
        for n, answer in rosterd.at_each(ask):
            what = (path, n, answer.status_code, answer.text)
            assert answer.status_code in (200, 303, 503), what
            now = who.web.get(rosterd.url + "/api/v1/session")
            assert now.status_code == 200, what
            shown = re.search('name="csrf" value="([^"]+)"', answer.text)
            assert not shown or shown.group(1) == now.json()["csrf"], what
            rosterd.api.csrf = rosterd.api.get("/session").json()["csrf"]
            rosterd.csrf = rosterd.web.web.get(
                rosterd.url + "/api/v1/session").json()["csrf"]


if __name__ == "__main__":
    main(a_page_is_whole_or_busy, a_program_gets_what_was_made_or_nothing_was,
         a_page_shows_what_was_made_or_nothing_was,
         who_gives_the_password_again_stays_signed_in)
