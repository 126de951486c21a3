#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""The list of people, of a few and of many: what is found, page by page, by
name, status and group, and that a page costs the same however many there are.

The cost is what rosterd asks of the B-trees (counting.c), not time.  With
ROSTER_TEST_PEOPLE=100000 it takes minutes.
"""
import mmap
import os
import re
import struct
import sys
import tempfile

import rosterd as harness
from rosterd import (BUILD, Browser, FOLDER, PASSWORD, Rosterd, Sink,
                     environment, main, person, refused)

FEW = 400
MANY = int(os.environ.get("ROSTER_TEST_PEOPLE", "4500"))
LOOKED_AT = 16 * 256  # at most so many for one page: httpd/list.c
COUNTING = os.path.join(BUILD, "tests", "http", "counting")

if not os.path.exists(COUNTING):
    print("skipped: %s has not been built" % COUNTING)
    sys.exit(77)


class Counted(Rosterd):
    """rosterd with people in it, and what it asks of the B-trees."""

    def __init__(self, people):
        self.people = people
        handle, path = tempfile.mkstemp(dir=FOLDER)
        os.write(handle, bytes(8))
        self.counts = mmap.mmap(handle, 8)
        os.close(handle)
        harness.ROSTERD = COUNTING
        state, token = environment(people)
        super().__init__(state=state, settings={"COUNTS": path})
        self.token = token
        self.web = self.admin()

    def reads(self):
        return struct.unpack("Q", self.counts[:8])[0]

    def cost(self, path, page=True):
        """Reads of one request; the least of three, as others look on."""
        costs = []
        for _ in range(3):
            before = self.reads()
            answer = self.web.web.get(
                self.url + ("" if page else "/api/v1") + path, headers={
                    "Accept": "text/html" if page else "application/json"})
            assert answer.status_code == 200, (path, answer.text)
            costs.append(self.reads() - before)
        return min(costs)

    def all(self, query, limit=200):
        """Names in the order of the pages, and how many pages there were."""
        names, pages, path = [], 0, "/users?limit=%d&%s" % (limit, query)
        while path:
            body = self.web.get(path).json()
            names += [one["username"] for one in body["items"]]
            pages += 1
            path = body["next"] and "/users?limit=%d&%s&cursor=%s" % (
                limit, query, body["next"])
        assert len(names) == len(set(names)), "somebody came twice: " + query
        return names, pages


_worlds = {}


def world(people):
    """One that all tests look at and none changes but here."""
    if people in _worlds:
        rosterd = _worlds[people]
        if rosterd.process.poll() is not None:
            rosterd.start()  # every test's are stopped at its end
        return rosterd
    rosterd = Counted(people)
    admin = rosterd.web
    admin.post("/groups", {"cn": "crew"}, expect=201)
    admin.post("/groups", {"cn": "fleet"}, expect=201)
    admin.put("/groups/fleet/groups/crew")
    for n in (3, people // 2, people):
        admin.put("/groups/crew/members/person%07d" % n)
        admin.post("/users/person%07d/suspend" % n, {})
    admin.put("/groups/fleet/members/person%07d" % (people - 1))
    for name, family in (("aegir", "\u00c6gir \u00de\u00f3rsson"),
                         ("mueller", "M\u00dcLLER"), ("aisha",
                          "\u0639\u0627\u0626\u0634\u0629"),
                         ("zorro", "Qy")):
        admin.post("/users", person(name, sn=family),
                   expect=201)
    _worlds[people] = rosterd
    return rosterd


def names(*numbers):
    return ["person%07d" % n for n in numbers]


def each_is_found_by_what_is_known():
    rosterd = world(MANY)
    last, half = "person%07d" % MANY, MANY // 2
    crew = names(3, half, MANY)
    table = (
        # query, whom it finds in whatever order
        ("q=" + last, [last]), ("q=%s@EXAMPLE" % last.upper(), [last]),
        ("q=Family%07d" % half, names(half)),
        ("q=number%%20family%07d" % 7, names(7)),
        ("q=m%C3%BCller", ["mueller"]), ("q=m%C3%9Cl", ["mueller"]),
        ("q=%C3%9EORSSON", []), ("q=%C3%BE%C3%B3r", ["aegir"]),
        ("q=%D8%B9%D8%A7%D8%A6", ["aisha"]), ("q=%D8%B9%D8%A7", ["aisha"]),
        ("q=zzzz", []), ("q=qy", ["zorro"]), ("q=QY&status=active", ["zorro"]),
        ("q=qy&status=suspended", []), ("status=suspended", crew),
        ("status=deleted", []), ("group=crew", crew),
        ("group=fleet", crew + names(MANY - 1)),
        ("group=fleet&status=active", names(MANY - 1)),
        ("group=crew&q=family&status=suspended", crew),
        ("group=crew&q=%s" % last, [last]),
        ("group=crew&q=family%07d" % 5, []), ("group=sysadmins", ["ada"]))
    wrong = []
    for query, expected in table:
        found, _ = rosterd.all(query)
        if sorted(found) != sorted(expected):
            wrong.append("%s: %s, not %s" % (query, found[:9], expected))
    assert not wrong, "\n".join(wrong)
    refused(rosterd.web.get("/users?group=none", expect=400), 400,
            "invalid_query", "group")


def pages_have_everybody_once():
    rosterd = world(MANY)
    everybody = ["person%07d" % n for n in range(1, MANY + 1)] + [
        "ada", "aegir", "aisha", "mueller", "zorro"]
    found, pages = rosterd.all("")
    assert found == sorted(everybody), "by name"
    assert pages == -(-len(everybody) // 200), pages
    for query in ("q=person", "status=active", "group=ldapusers",
                  "group=ldapusers&status=active&q=family"):
        found, pages = rosterd.all(query)
        wanted = {one for one in everybody if "status" not in query or
                  one not in names(3, MANY // 2, MANY)}
        if "q=" in query:
            wanted = {one for one in wanted if one.startswith("person")}
        assert set(found) == wanted, (query, wanted ^ set(found))
        assert pages == -(-len(wanted) // 200), (query, pages)


def who_is_not_found_is_no_burden():
    """A page ends after so many people, and says that there are more."""
    assert MANY > LOOKED_AT
    rosterd = world(MANY)
    body = rosterd.web.get("/users?q=qy").json()
    assert body["items"] == [] and body["next"], body
    assert rosterd.cost("/users?q=qy") < 4 * LOOKED_AT
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    page, n = web.open("/users?q=qy"), 0
    while "/users/zorro" not in page:
        assert "None among those looked at so far" in page, page
        assert "Nobody here matches" not in page
        page = web.open("/users" + re.search(
            r'rel="next" href="([^"]+)"', page).group(1).replace(
                "&amp;", "&"))
        n += 1
    assert n >= MANY // (LOOKED_AT + 256), n
    assert "Nobody here matches" in web.open("/users?q=zzzz")


def deep(rosterd):
    """The address of a page in the middle of everybody."""
    cursor = ""
    for _ in range(max(1, rosterd.people // 400)):
        cursor = rosterd.web.get("/users?limit=200&cursor=" + cursor
                                 ).json()["next"]
    return "/users?cursor=" + cursor


def a_page_costs_the_same_of_many():
    few, many = world(FEW), world(MANY)
    wrong, told = [], []
    for path, page in (
            ("/users", True), ("/users", False), ("/users?limit=200", False),
            (deep, True), ("/users?q=family0000", True),
            ("/users?q=zzzz", True), ("/users?q=m%C3%BCller", True),
            ("/users?q=sson", True), ("/users?status=active", True),
            ("/users?status=suspended", True), ("/users?status=deleted", True),
            ("/users?group=ldapusers", True), ("/users?group=crew", True),
            ("/users?group=fleet&status=active", True),
            ("/users?group=crew&q=family&status=active", True),
            ("/users?group=ldapusers&q=family&status=suspended", True),
            ("/requests", True), ("/groups/crew", True),
            ("/groups/ldapusers/members", False), ("/sessions", True),
            ("/invitations", True)):
        costs = [one.cost(path(one) if callable(path) else path, page)
                 for one in (few, many)]
        name = path.__name__ if callable(path) else path
        told.append("%s %d, %d" % (name, *costs))
        # an index of parts of names may have to jump once more
        if costs[1] > costs[0] * 1.1 + 20 or costs[1] > 5000:
            wrong.append("%s%s: %d reads of %d, %d of %d" % (
                name, "" if page else " (JSON)", costs[0], FEW, costs[1],
                MANY))
    # three letters after another need not stand so: more are looked at, of
    # whom the page tells who has the text, but no more than that
    told.append("in another order %d" % many.cost("/users?q=person0000123"))
    assert int(told[-1].split()[-1]) < 4 * LOOKED_AT, told
    print("# " + "\n# ".join(told))
    assert not wrong, "\n".join(wrong)


def many_at_a_time():
    """All of a page are ticked; a page of too many is refused as it is."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    for n in range(66):
        admin.post("/users", person("tick%02d" % n, password=""), expect=201)
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})

    def send(form, expect=200):
        csrf = re.search(r'name="csrf" value="([^"]+)"', web.page.text)
        web.page = web.web.post(
            rosterd.url + "/bulk", data=form + [("csrf", csrf.group(1))],
            headers={"Sec-Fetch-Site": "same-origin"})
        assert web.page.status_code == expect, web.page.text
        return web.page.text
    page = web.open("/users?q=tick&limit=50")
    ticked = [("username", one) for one in re.findall(
        r'name="username" value="(\w+)"', page)]
    assert len(ticked) == 50, ticked
    page = send(ticked + [("act", "suspend")])
    assert "It can be done now with 50 of them" in page, page
    page = send(ticked + [("act", "suspend"), ("confirmed", "true")])
    assert "50 of 50 done" in page, page
    assert "Active" not in page.split("<tbody>")[1], "as they were before"
    assert len(admin.get("/users?status=suspended&limit=200"
                         ).json()["items"]) == 50
    web.open("/users?q=tick&limit=200")
    page = send([("username", "tick%02d" % n) for n in range(66)] +
                [("act", "delete"), ("confirmed", "true")], expect=400)
    assert admin.get("/users?status=deleted").json()["items"] == []

def who_can_get_no_link_is_not_made():
    """What would be refused afterwards is refused before."""
    sink = Sink()
    rosterd = Rosterd(smtp=sink.port)
    admin = rosterd.admin()
    for more, status, code in (
            ({"send": True}, 422, "invalid_email"),
            ({"link": True, "status": "suspended"}, 403, "account_inactive"),
            ({"mail": "bob@example.org", "send": True, "status": "pending"},
             403, "account_inactive")):
        refused(admin.post("/users", dict(
            {"username": "bob", "sn": "Bobson"}, **more), expect=None),
            status, code)
        admin.get("/users/bob", expect=404)
    assert admin.post("/users", {
        "username": "bob", "sn": "Bobson", "link": True},
        expect=201).json()["link"]



if __name__ == "__main__":
    main(each_is_found_by_what_is_known, pages_have_everybody_once,
         who_is_not_found_is_no_burden, a_page_costs_the_same_of_many,
         many_at_a_time, who_can_get_no_link_is_not_made)
