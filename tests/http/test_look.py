#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Colours that can be read, and every text in every language."""
import glob
import html
import json
import os
import re

from rosterd import Browser, PASSWORD, Rosterd, SOURCE, main

HTTPD = os.path.join(SOURCE, "httpd")
# text on ground, and how strong the contrast must be (WCAG 2.2: 4.5 for
# text, 3 for the edge of a field and the ring of the focus)
PAIRS = [(ink, ground, 4.5) for ground in ("page", "paper")
         for ink in ("ink", "soft", "accent", "danger", "warn", "good")] + [
    ("edge", "paper", 3), ("edge", "page", 3), ("accent", "wash", 4.5),
    ("on-accent", "accent", 4.5), ("on-danger", "danger", 4.5),
    ("good", "mint", 4.5), ("warn", "amber", 4.5), ("danger", "blush", 4.5),
    ("ink", "mint", 4.5), ("ink", "wash", 4.5), ("ink", "raised", 4.5),
    ("ink", "blush", 4.5), ("soft", "raised", 4.5)]


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
              for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours_can_be_read():
    assert abs(contrast("#000000", "#ffffff") - 21) < 0.01
    with open(os.path.join(HTTPD, "static", "roster.css")) as css:
        roots = re.findall(r":root \{(.*?)\}", css.read(), re.S)
    assert len(roots) == 2, "light and dark"
    wrong = []
    for name, root in zip(("light", "dark"), roots):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", root))
        for ink, ground, least in PAIRS:
            got = contrast(colours[ink], colours[ground])
            if got < least:
                wrong.append("%s: %s on %s is %.2f, not %.1f" % (
                    name, ink, ground, got, least))
    assert not wrong, "\n".join(wrong)


def templates():
    folder = os.path.join(HTTPD, "templates")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".mustache"):
            with open(os.path.join(folder, name)) as template:
                yield name, template.read()


def every_text_is_in_every_language():
    texts = set()
    for _, text in templates():
        texts.update(re.findall(r"\[\[(.*?)\]\]", text))
    assert len(texts) > 100, len(texts)
    with open(os.path.join(HTTPD, "locale", "de.json")) as catalogue:
        german = json.load(catalogue)
    missing = sorted(texts - set(german))
    assert not missing, missing
    for english, said in german.items():
        # the same tags, so that a value is neither lost nor made up
        assert sorted(re.findall(r"\{\{.*?\}\}|<[^>]*>|%d", english)) == \
            sorted(re.findall(r"\{\{.*?\}\}|<[^>]*>|%d", said)), english


def flat(text):
    """C, its literals joined, with %s for whatever is filled in."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"\s*\\\n\s*", " ", text)
    text = re.sub(r"'(\\?.)'", " ", text)
    text = re.sub(r'"\s*PRI[a-z0-9]+\s*"', "d", text)
    text = re.sub(r'"\s*"', "", text)
    return re.sub(r"%(\.\*|\.\d+)?l*[dsuz]+", "%s", text)


def literals(pattern):
    for path in sorted(glob.glob(os.path.join(SOURCE, pattern))):
        with open(path) as source:
            for one in re.findall(r'"((?:[^"\\\n]|\\.)*)"',
                                  flat(source.read())):
                yield one.replace('\\"', '"')


# words of a state or a number alone, a macro's list, a message of LDAP
UNSPOKEN = {"%s of %s", "%s to %s", "%s takes %s", "%s groups in one",
            "it begins, without options, with one of ",
            "TIME DN, as 20270101000000Z uid=..."}


def every_refusal_is_in_every_language():
    """What a rule says of what it refuses."""
    with open(os.path.join(HTTPD, "locale", "de.json")) as catalogue:
        german = json.load(catalogue)
    said = set()
    for name in ("rules/ssh_key.c", "rules/reserved.c",
                 "rules/invite_list.c", "httpd/api_me_mail.c",
                 "lifecycle/act_mail_change.c", "lifecycle/act_invit*.c"):
        said |= {one for one in literals(name) if " " in one}
    for path in glob.glob(os.path.join(SOURCE, "lifecycle", "gate_*.c")):
        with open(path) as source:
            for call in re.findall(r"gate_refuse\([^;]*?;",
                                   flat(source.read())):
                said |= {one for one in re.findall(r'"([^"]*)"', call)
                         if " " in one}
    assert len(said) > 70, sorted(said)
    assert UNSPOKEN <= said, UNSPOKEN - said
    missing = said - set(german) - UNSPOKEN
    assert not missing, sorted(missing)


def no_text_is_of_yesterday():
    """Each of the catalogue is still said by a page or by the source."""
    with open(os.path.join(HTTPD, "locale", "de.json")) as catalogue:
        german = json.load(catalogue)
    said = set()
    for room in ("httpd", "lifecycle", "rules", "store"):
        for kind in ("c", "h"):
            said |= set(literals("%s/*.%s" % (room, kind)))
    pages = "\n".join(text for _, text in templates())
    for path in glob.glob(os.path.join(HTTPD, "static", "*.js")):
        with open(path) as script:
            pages += script.read()
    whole = "\n".join(said)

    def form(text):
        return "[^\n]*".join(map(re.escape, text.split("%s")))

    def is_said(text):
        plain = re.sub("%[sdu]", "%s", text)
        if plain in said or "[[%s]]" % text in pages or plain in whole:
            return True
        # what fills in the one may be of several parts in the other
        return "%s" in plain and (
            re.search("^%s$" % form(plain), whole, re.M) is not None or
            any(re.fullmatch(form(one), plain) for one in said
                if "%s" in one and len(one.replace("%s", "")) > 10))
    dead = [text for text in german if not is_said(text)]
    assert not dead, dead


def the_settings_are_in_every_language():
    """What they are for, what they take, what they are together."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/policies", {"name": "staff"}, expect=201)
    sides = []
    for language in ("en", "de"):
        web = Browser(rosterd)
        web.web.headers["Accept-Language"] = language
        web.open("/login")
        web.submit("/login", {"username": "ada", "password": PASSWORD})
        told = {}
        for path in ("/settings", "/policies/staff"):
            page = web.open(path)
            for name, text in re.findall(
                    r'<label for="([a-z-]+)">(.*?)</label>', page):
                told[path, name] = text
            for name, text in re.findall(
                    r'id="([a-z-]+)-hint"><code>[a-z-]+</code>: (.*?)\. ',
                    page):
                told[path, name, "range"] = text
            for name, text in re.findall(
                    r'<h2 id="([a-z]+)-title">(.*?)</h2>', page):
                told[path, name, "title"] = text
        sides.append(told)
    english, german = sides
    assert len(english) > 180 and set(english) == set(german), len(english)
    with open(os.path.join(HTTPD, "locale", "de.json")) as catalogue:
        catalogue = json.load(catalogue)
    same = [where for where in english if english[where] == german[where]
            and html.unescape(english[where]) not in catalogue]
    assert not same, [(where, english[where]) for where in same]


def a_browser_gets_its_language():
    rosterd = Rosterd()
    rosterd.admin()
    for accept, lang, word in (
            ("de-AT,de;q=0.9,en;q=0.8", "de", "Anmelden"),
            ("en-GB,de;q=0.5", "en", "Sign in"),
            ("fr, de;q=0.2", "de", "Anmelden"),
            ("fr", "en", "Sign in"), ("de;q=0", "en", "Sign in"),
            ("", "en", "Sign in"), (";;,,q=9,-", "en", "Sign in")):
        web = Browser(rosterd)
        web.web.headers["Accept-Language"] = accept
        page = web.open("/login")
        assert '<html lang="%s">' % lang in page, accept
        assert "<button>%s</button>" % word in page, accept
        page = web.submit("/login", {"username": "ada", "password": "x"},
                          expect=401)
        assert ("der Name oder das Passwort" in page) == (lang == "de")
    web.web.headers["Accept-Language"] = "de"
    web.open("/login")
    page = web.submit("/login", {"username": "ada", "password": PASSWORD})
    assert "Überblick" in page and "[[" not in page


if __name__ == "__main__":
    main(colours_can_be_read, every_text_is_in_every_language,
         every_refusal_is_in_every_language, no_text_is_of_yesterday,
         the_settings_are_in_every_language, a_browser_gets_its_language)
