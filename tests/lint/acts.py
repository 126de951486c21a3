# SPDX-License-Identifier: OLDAP-2.8
"""acts.py - every act that the journal can name, read from the source

An act gets to the gate as the argument that a function calls act or action,
as .act of a change, or as the first word of a move or change; the act of a
link is named after its purpose.
"""
import glob
import os
import re

ROOMS = ("lifecycle", "backend", "overlay")
# what begins with its act
ROWS = (r"struct (?:move|words|change)\b[^;={]*(?:=\s*|\)\s*)\{\s*"
        r"\"([a-z-]+)\"", r"\{ \"([a-z-]+)\", RST_STATUS_")


def _source(top):
    text = []
    for room in ROOMS:
        for path in sorted(glob.glob(os.path.join(top, room, "*.[ch]"))):
            with open(path) as source:
                text.append(re.sub(r"/\*.*?\*/", "", source.read(),
                                   flags=re.S))
    return "\n".join(text)


def _arguments(text, at):
    """The arguments of the call whose parenthesis opens at text[at]."""
    depth, start, found, quoted = 0, at + 1, [], False
    for i in range(at, min(len(text), at + 4000)):
        c = text[i]
        if c == '"' and text[i - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if depth == 0 or (c == "," and depth == 1):
            found.append(text[start:i])
            start = i + 1
        if depth == 0:
            break
    return found


def acts(top):
    """{what the journal calls it}"""
    text = _source(top)
    found = {act for rows in ROWS for act in re.findall(rows, text)}
    for value in re.findall(r"\.act\s*=\s*([^;]*?)(?:,\s*\.|[;}])", text):
        found |= set(re.findall(r'"([a-z-]+)"', value))
    takes = {}
    for one in re.finditer(r"\b([a-z_]+)\(", text):
        for n, argument in enumerate(_arguments(text, one.end() - 1)):
            if re.fullmatch(r"\s*(const char \*|struct rst_view )"
                            r"(act|action)\s*", argument):
                takes.setdefault(one.group(1), set()).add(n)
    for name, places in takes.items():
        for one in re.finditer(r"\b%s\(" % name, text):
            given = _arguments(text, one.end() - 1)
            for n in places:
                if n < len(given):
                    found |= set(re.findall(r'"([a-z-]+)"', given[n]))
    for purpose in re.findall(r'#define ACT_PURPOSE_\w+\s+"([a-z-]+)"', text):
        found.add("link-" + purpose)
    return found
