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


def _rows(text, prefix):
    """{ID: its value} of the enumeration with this prefix."""
    return dict(re.findall(r"\t%s_(\w+) = (\w+),\n" % prefix, text))


def verdicts(top):
    """[(code, LDAP result, HTTP status, text)], in their order."""
    table = _read(top, "rules/verdict.h")
    ldap = _rows(_read(top, "backend/errmap.c"), "RESULT")
    http = _rows(_read(top, "httpd/errmap.c"), "STATUS")
    rows = []
    for name, code, text in re.findall(
            r'X\((\w+), "(\w+)",((?:[\s\\]*"[^"]*")+)\)', table):
        text = "".join(re.findall(r'"([^"]*)"', text))
        if name != "OK":
            result = LDAP_CODES[ldap[name].replace("LDAP_", "", 1)]
            rows.append((code, result, int(http[name]), text))
    return rows
