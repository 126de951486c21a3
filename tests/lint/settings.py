# SPDX-License-Identifier: OLDAP-2.8
"""settings.py - the table of rules/setting.h, as roster(7) tells it

SPECIFIED are the defaults that were decided before any of this was written; one
that changes in the table must change here, too.
"""
import re

UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
NAMES = {"RULE_MINUTE": 60, "RULE_HOUR": 3600, "RULE_DAY": 86400}

SPECIFIED = {
    # nobody without an invitation: "off" would refuse the invited, too
    "registration": "invite",
    "client-view": "lock",
    "home": "/home/%u", "shell": "/bin/bash", "private-groups": "off",
    "invitation-lifetime": "24h", "registration-token-lifetime": "7d",
    "verification-lifetime": "24h", "reset-lifetime": "30m",
    "session-idle": "1h", "session-lifetime": "24h",
    "reauthentication": "10m", "pending-lifetime": "30d",
    "bin-retention": "30d", "audit-retention": "365d",
    "password-min-length": "12", "password-require": "",
    "password-blocklist": "on", "password-history": "0",
    "password-max-age": "0", "password-warning": "7d",
    "password-grace": "3", "throttle-failures": "10",
    "throttle-window": "5m", "lockout-failures": "5",
    "lockout-window": "15m", "lockout-duration": "30m",
}


def number(text):
    total = 1
    for part in text.split("*"):
        part = part.strip()
        total *= NAMES[part] if part in NAMES else int(part)
    return total


def span(seconds):
    for letter, unit in UNITS:
        if seconds and seconds % unit == 0:
            return "%d%s" % (seconds // unit, letter)
    return "0"


def takes(kind, low, high, choices):
    if kind == "SPAN":
        return "%s to %s" % (span(low), span(high))
    return {
        "COUNT": "%d to %d" % (low, high),
        "SWITCH": "on or off",
        "WORD": "one of " + (choices or "").replace(" ", ", "),
        "WORDS": "some of " + (choices or "").replace(" ", ", "),
        "RANGE": "FIRST-LAST within %d-%d" % (low, high),
        "RANGES": "FIRST-LAST,... within %d-%d" % (low, high),
        "PATH": "an absolute path",
        "PATHS": "absolute paths with commas between",
        "TAG": "a language, such as en or de",
    }.get(kind, "text")


def settings(top):
    """[(name, scope, what it takes, default, text)]"""
    with open(top + "/rules/setting.h") as header:
        text = header.read()
    text = re.sub(r"\s*\\\n\s*", " ", text)
    table = text[text.index("#define RULE_SETTINGS(X)"):]
    table = table[:table.index("\n")]
    table = re.sub(r'" "', "", table)
    rows = re.findall(
        r'X\((\w+), "([a-z-]+)", (\w+), (\w+), \w+, ([^,]+), ([^,]+), '
        r'"([^"]*)", (NULL|"[^"]*"), "((?:[^"\\]|\\.)*)"\)', table)
    if len(rows) != len(re.findall(r"X\(\w+, \"", table)):
        raise SystemExit("\trules/setting.h: rows that do not read")
    return [(name, scope, takes(kind, number(low), number(high),
                                choices.strip('"')), value, what)
            for _, name, kind, scope, low, high, value, choices, what in rows]


def page(top):
    """The lines of roster(7)."""
    for name, scope, range_, value, what in settings(top):
        yield ".It Li " + name
        yield what.replace("\\\"", "\"") + "."
        yield "Takes %s; default: %s%s." % (
            range_, value or "nothing",
            "; also in policies" if scope == "POLICY" else "")
