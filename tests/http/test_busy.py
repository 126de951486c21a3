#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Each read of a request, one after the other, finds the server busy: the
answer is whole, or "busy", and what was made is shown all the same."""
import mmap
import os
import re
import struct
import sys
import tempfile

import rosterd as harness
from rosterd import (BUILD, Browser, FOLDER, PASSWORD, Rosterd, main, person)

COUNTING = os.path.join(BUILD, "tests", "http", "counting")
READS_MAX = 100  # of one request

if not os.path.exists(COUNTING):
    print("skipped: %s has not been built" % COUNTING)
    sys.exit(77)


class Busy(Rosterd):
    def __init__(self):
        handle, path = tempfile.mkstemp(dir=FOLDER)
        os.write(handle, bytes(16))
        self.shared = mmap.mmap(handle, 16)
        os.close(handle)
        harness.ROSTERD = COUNTING
        super().__init__(settings={"COUNTS": path})
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


def a_token_that_was_made_is_shown():
    rosterd = Busy()
    tokens = set()
    for n, answer in rosterd.at_each(lambda: rosterd.send(
            "/me/tokens", name="mine")):
        shown = re.search(r"data-copy>([^<]+)<", answer.text)
        now = {one["id"] for one in
               rosterd.api.get("/me/tokens").json()["items"]}
        made = now - tokens
        tokens = now
        assert len(made) == (1 if shown else 0), (n, made, answer.text)
        if answer.status_code != 201:
            is_busy(answer, n)
        if shown:
            assert "Retry-After" not in answer.headers, n
        for one in made:
            rosterd.api.post("/me/tokens/%s/revoke" % one, {}, expect=None)


if __name__ == "__main__":
    main(a_page_is_whole_or_busy, a_token_that_was_made_is_shown)
