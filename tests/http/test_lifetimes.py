#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Links and tokens end when they were told to end, to the second.

The clock of rosterd stands still in each of these: a second before the end,
and at it.  In between the setting was made shorter, and then longer.
"""
import os
import re
import subprocess
import time

from rosterd import (BUILD, Rosterd, Sink, main, person, refused, text_of)

NEW_PASSWORD = "a staple for the horse of tomorrow"
# setting, while it is issued; the shortest and the longest there is
KINDS = {
    "reset": ("reset-lifetime", "20m", "5m", "24h"),
    "handed-over": ("invitation-lifetime", "3h", "5m", "7d"),
    "invitation": ("invitation-lifetime", "3h", "5m", "7d"),
    "ticket": ("registration-token-lifetime", "4h", "1s", "7d"),
    "verification": ("verification-lifetime", "5h", "10m", "24h"),
}
SPANS = {"20m": 1200, "3h": 10800, "4h": 14400, "5h": 18000}


def configure(state, *lines):
    for line in lines:
        subprocess.run([os.path.join(BUILD, "rosterctl"), "config", "set",
                        line, "-d", state], check=True,
                       stdout=subprocess.DEVNULL)


def at(moment_s):
    """A clock that stands there."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment_s))


def link_of(sink, page):
    """The token in the one mail there is."""
    text = text_of(sink.wait(1))
    sink.mails.clear()
    return re.search(r"/%s/([A-Za-z0-9_-]{20,})" % page, text).group(1)


def issue(admin, sink, kind, name):
    """A token of this kind, for name."""
    anyone = admin.rosterd.client()
    if kind == "reset":
        anyone.post("/password-resets", {"username": name}, expect=202)
        return link_of(sink, "reset")
    if kind == "verification":
        anyone.post("/registrations", person(name), expect=201)
        return link_of(sink, "verify")
    path, body = {
        "handed-over": ("/users/%s/reset-password" % name, {}),
        "invitation": ("/invitations", {"mail": name + "@example.org",
                                        "send": False}),
        "ticket": ("/registration-tokens", {"username": name})}[kind]
    answer = admin.post(path, body, expect=None)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["link"].rsplit("/", 1)[1]


def use(rosterd, kind, name, token):
    client = rosterd.client()
    if kind in ("reset", "handed-over"):
        return client.post("/password-resets/confirm", {
            "token": token, "password": NEW_PASSWORD}, expect=None)
    if kind == "verification":
        return client.post("/verifications", {"token": token}, expect=None)
    return client.post("/registrations", person(name, token=token),
                       expect=None)


def no_setting_moves_an_end():
    sink = Sink()
    now_s = int(time.time()) + 60
    rosterd = Rosterd(smtp=sink.port)
    rosterd.admin()
    rosterd.stop()
    state = rosterd.state
    configure(state, "registration=open", *(
        "%s=%s" % (setting, span) for setting, span, _, _ in KINDS.values()))
    rosterd = Rosterd(state=state, smtp=sink.port, faketime=at(now_s))
    admin = rosterd.client()
    admin.sign_in("ada")
    tokens = {}
    for kind in KINDS:
        for one in ("early", "late"):
            name = "%s-%s" % (kind, one)
            if kind in ("reset", "handed-over"):
                admin.post("/users", person(name), expect=201)
            tokens[kind, one] = issue(admin, sink, kind, name)
    rosterd.stop()
    for kind, (setting, span, short, far) in KINDS.items():
        end_s = now_s + SPANS[span]
        configure(state, "%s=%s" % (setting, short))
        before = Rosterd(state=state, smtp=sink.port, faketime=at(end_s - 1))
        name = kind + "-early"
        answer = use(before, kind, name, tokens[kind, "early"])
        assert answer.status_code in (200, 201, 204), (
            kind, "a second before its end", answer.text)
        before.stop()
        configure(state, "%s=%s" % (setting, far))
        after = Rosterd(state=state, smtp=sink.port, faketime=at(end_s))
        refused(use(after, kind, kind + "-late", tokens[kind, "late"]), 400,
                "invalid_invite" if kind in ("invitation", "ticket")
                else "invalid_link")
        after.stop()


if __name__ == "__main__":
    main(no_setting_moves_an_end)
