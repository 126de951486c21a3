# SPDX-License-Identifier: OLDAP-2.8
"""verdicts.py - what every door says for a verdict, read from the source

The enumeration is rules/verdict.h; LDAP result codes are those of
backend/errmap.c, HTTP statuses those of httpd/errmap.c.
"""
import os
import re

LDAP_CODES = {
    "SUCCESS": 0, "ADMINLIMIT_EXCEEDED": 11, "CONSTRAINT_VIOLATION": 19,
    "TYPE_OR_VALUE_EXISTS": 20, "INVALID_SYNTAX": 21, "NO_SUCH_OBJECT": 32,
    "INVALID_CREDENTIALS": 49, "INSUFFICIENT_ACCESS": 50, "BUSY": 51,
    "UNAVAILABLE": 52, "UNWILLING_TO_PERFORM": 53, "NAMING_VIOLATION": 64,
    "OBJECT_CLASS_VIOLATION": 65, "ALREADY_EXISTS": 68, "OTHER": 80,
    "ASSERTION_FAILED": 122,
}


def _read(top, name):
    with open(os.path.join(top, name)) as source:
        return source.read()


def _switch(text, start, result):
    """{ID: what is returned} of the switch after start."""
    body = text[text.index(start):]
    body = body[:body.index("\n}\n")]
    found, waiting = {}, []
    for case, value in re.findall(
            r"case RULE_(\w+):|return (\w+);", body):
        if case:
            waiting.append(case)
        else:
            for one in waiting:
                found[one] = result(value)
            waiting = []
    return found


def verdicts(top):
    """[(code, LDAP result, HTTP status, text)], in their order."""
    table = _read(top, "rules/verdict.h")
    ldap = _switch(_read(top, "backend/errmap.c"), "\nverdict_code(",
                   lambda name: LDAP_CODES[name.replace("LDAP_", "", 1)])
    http = _switch(_read(top, "httpd/errmap.c"), "\nstatus_of_verdict(",
                   int)
    rows = []
    for name, code, text in re.findall(
            r'X\((\w+), "(\w+)",((?:[\s\\]*"[^"]*")+)\)', table):
        text = "".join(re.findall(r'"([^"]*)"', text))
        if name != "OK":
            rows.append((code, ldap[name], http[name], text))
    return rows
