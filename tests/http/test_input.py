#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Bad JSON, bad forms, bad values: a clear refusal for each."""
import http.client
import time

from rosterd import (PASSWORD, Browser, Rosterd, check, main, person,
                     refused)

BODY_BYTES = 65536  # of the largest that is read
BOMBS_S = 30        # for all of bad_json's, however slow the machine
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def bad_json():
    rosterd = Rosterd()
    web = rosterd.client().web
    url = rosterd.url + "/api/v1/session"
    table = [
        ("empty text", b" "), ("truncated", b'{"username":'),
        ("trailing garbage", b'{"username":"a"}x'),
        ("two values", b'{"username":"a"}{}'),
        ("array", b'["username"]'), ("number", b"1"), ("null", b"null"),
        ("duplicate key", b'{"username":"a","username":"b"}'),
        ("keys that differ in case", b'{"username":"a","Username":"b"}'),
        ("nested duplicate", b'{"a":{"b":1,"B":2}}'),
        ("\\u0000", b'{"username":"a\\u0000b"}'),
        ("raw NUL", b'{"username":"a\0b"}'),
        ("control character", b'{"username":"a\nb"}'),
        ("lone surrogate", b'{"username":"\\ud800"}'),
        ("low surrogate first", b'{"username":"\\udc00\\ud800"}'),
        ("not UTF-8", b'{"username":"\xff"}'),
        ("overlong UTF-8", b'{"username":"\xc0\xaf"}'),
        ("byte order mark", b'\xef\xbb\xbf{"username":"a"}'),
        ("single quotes", b"{'username':'a'}"),
        ("comment", b'{"username":"a"/**/}'),
        ("trailing comma", b'{"username":"a",}'),
        ("leading zero", b'{"a":01}'), ("plus", b'{"a":+1}'),
        ("NaN", b'{"a":NaN}'), ("bare word", b'{"a":yes}'),
        ("ends in a point", b'{"a":1.}'), ("hex", b'{"a":0x10}'),
        ("unknown escape", b'{"a":"\\x41"}'),
        ("short escape", b'{"a":"\\u12"}'),
        ("17 levels", b'{"a":' + b"[" * 17 + b"]" * 17 + b"}"),
        ("17 levels of objects", b'{"a":' * 17 + b"1" + b"}" * 17),
        ("levels of both", b'[{"a":' * 9 + b"1" + b"}]" * 9),
        ("as many brackets as fit", b"[" * BODY_BYTES),
        ("and closed", b"[" * (BODY_BYTES // 2) + b"]" * (BODY_BYTES // 2)),
        ("as many braces as fit", b'{"a":' * (BODY_BYTES // 5)),
        ("closing brackets", b"]" * BODY_BYTES),
        ("1001 values", b"[" + b"1," * 1000 + b"1]"),
        ("1001 empty objects", b"[" + b"{}," * 1000 + b"{}]"),
        ("as many commas as fit", b"[" + b"," * (BODY_BYTES - 2) + b"]"),
        ("5,000 keys", b"{" + b",".join(b'"%d":1' % i
                                        for i in range(5000)) + b"}"),
        ("a key as often as fits", b"{" + b",".join(
            [b'"a":1'] * (BODY_BYTES // 6 - 1)) + b"}"),
        ("a key in each case", b"{" + b",".join(
            b'"%s":1' % bytes(ord("aA"[n >> i & 1]) for i in range(4))
            for n in range(16)) + b"}"),
        ("a key and its escape", b'{"a":1,"\\u0061":2}'),
        ("empty keys", b'{"":1,"":2}'),
        ("a number of 60,000 digits and a letter",
         b'{"a":' + b"9" * 60000 + b"x}"),
        ("an exponent without digits", b'{"a":1e}'),
        ("two minus signs", b'{"a":--1}'), ("Infinity", b'{"a":Infinity}'),
        ("a text without an end", b'{"a":"' + b"b" * 60000),
        ("a backslash at the end", b'{"a":"\\'),
        ("as many escapes of NUL as fit",
         b'{"a":"' + b"\\u0000" * (BODY_BYTES // 6 - 2) + b'"}'),
        ("UTF-16", '{"username":"a"}'.encode("utf-16")),
        ("UTF-8 of a surrogate", b'{"username":"\xed\xa0\x80"}'),
        ("UTF-8 beyond Unicode", b'{"username":"\xf4\x90\x80\x80"}'),
    ]
    table = [row + ("invalid_json",) for row in table]
    # numbers are JSON, however large: no field is one
    table += [(name, b'{"username":%s,"password":"x"}' % number,
               "invalid_field") for name, number in (
        ("a number of 60,000 digits", b"9" * 60000),
        ("60,000 digits after the point", b"0." + b"9" * 60000),
        ("an exponent beyond all", b"1e999999999"),
        ("and below", b"-1e999999999"), ("towards nothing", b"1e-999999999"),
        ("an exponent of 60,000 digits", b"1e" + b"9" * 60000),
        ("2^64 and 1", b"18446744073709551617"))]
    wrong, begun = [], time.monotonic()
    for name, body, code in table:
        assert len(body) <= BODY_BYTES, name
        answer = web.post(url, data=body, headers=JSON, timeout=30)
        if answer.status_code != 400 or answer.json()["code"] != code:
            wrong.append("%s: %d %s" % (name, answer.status_code,
                                        answer.text))
    assert not wrong, "\n".join(wrong)
    # none of them is work: all take less than one may
    assert time.monotonic() - begun < BOMBS_S
    larger = (b"x" * (BODY_BYTES + 1), b"{" + b",".join(
        b'"%d":1' % i for i in range(10 ** 6)) + b"}")
    for body in larger:
        check(web.post(url, data=body[:BODY_BYTES + 1], headers=JSON), 413)
        assert announced(rosterd, len(body)) == 413
    print("promise H6 asked 40 reached %d violations 0 unit rows" % (
        len(table) + len(larger)))
    check(web.get(rosterd.url + "/healthz"), 200)


def announced(rosterd, length):
    """The answer to a body of so many bytes, of which none is sent."""
    link = http.client.HTTPConnection("127.0.0.1", rosterd.port, timeout=30)
    link.putrequest("POST", "/api/v1/session")
    link.putheader("Content-Type", "application/json")
    link.putheader("Content-Length", str(length))
    link.endheaders()
    status = link.getresponse().status
    link.close()
    return status


def content_types():
    rosterd = Rosterd()
    web = rosterd.client().web
    url = rosterd.url + "/api/v1/session"
    body = b'{"username":"a","password":"b"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded",
                 "application/jsonx", "multipart/form-data", "",
                 "text/plain; application/json"):
        refused(web.post(url, data=body, headers={"Content-Type": kind}),
                415, "unknown_content_type")
    refused(web.post(url, data=body, headers={
        "Content-Type": "Application/JSON; charset=utf-8"}), 401,
        "invalid_credentials")
    # a page takes forms only, so that no stranger's page can send JSON there
    check(web.post(rosterd.url + "/login", data=body, headers=JSON), 415)
    check(web.post(rosterd.url + "/login", data=b"username=a&password=b",
                   headers={"Content-Type": "text/plain"}), 415)


def fields():
    rosterd = Rosterd()
    admin = rosterd.admin()
    anyone = rosterd.client()
    table = [
        ("/session", {"username": "a"}, 400, "missing_field", "password"),
        ("/session", {}, 400, "missing_field", "username"),
        ("/session", {"username": "a", "password": "b", "role": "x"},
         400, "unknown_field", "role"),
        ("/session", {"username": ["a"], "password": "b"}, 400,
         "invalid_field", "username"),
        ("/session", {"username": 7, "password": "b"}, 400,
         "invalid_field", "username"),
        ("/session", {"username": "a" * 1025, "password": "b"}, 400,
         "invalid_field", "username"),
        ("/session", {"Username": "a", "password": "b"}, 400,
         "unknown_field", "Username"),
        ("/registrations", dict(person("bob"), uidNumber=0), 400,
         "unknown_field", "uidNumber"),
        ("/registrations", dict(person("bob"), status="active"), 400,
         "unknown_field", "status"),
    ]
    for path, body, status, code, field in table:
        refused(anyone.post(path, body, expect=None), status, code, field)
    table = [
        ("/groups", {"cn": "g", "gidNumber": 0}, 422, "invalid_gidnumber",
         "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": 1.5}, 422,
         "invalid_gidnumber", "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": -1}, 422,
         "invalid_gidnumber", "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": 2 ** 32}, 422,
         "invalid_gidnumber", "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": 2 ** 53 + 1}, 422,
         "invalid_gidnumber", "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": "2500"}, 422,
         "invalid_gidnumber", "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": 65534}, 422,
         "invalid_gidnumber", "gidNumber"),
        ("/groups", {"cn": "g", "gidNumber": 27}, 422, "invalid_gidnumber",
         "gidNumber"),
        ("/groups", {"cn": "docker"}, 422, "reserved_group", "cn"),
        ("/groups", {"cn": "sudo"}, 422, "reserved_group", "cn"),
        ("/groups", {"cn": "Ä"}, 422, "invalid_groupname", "cn"),
        ("/groups", {"cn": "ldapusers"}, 409, "group_taken", "cn"),
        ("/groups", {"cn": "g", "gidNumber": 2000}, 409, "gid_taken",
         "gidNumber"),
        ("/groups", {"cn": "g", "administrator": "yes"}, 400,
         "invalid_field", "administrator"),
        ("/users", person("root"), 422, "reserved_username", "username"),
        ("/users", person("bob", username="1234"), 422, "invalid_username",
         "username"),
        ("/users", person("bob", username="b\u00f6b"), 422,
         "invalid_username", "username"),
        ("/users", person("bob", username="a" * 33), 422, "invalid_username",
         "username"),
        ("/users", person("bob", mail="bob@"), 422, "invalid_email", "mail"),
        ("/users", person("bob", mail="a@example.org\r\nBcc: x@y.z"), 422,
         "invalid_email", "mail"),
        ("/users", person("bob", sn="a\u202eb"), 422, "invalid_name", "sn"),
        ("/users", person("bob", password="short"), 422, "weak_password",
         "password"),
        ("/users", person("ada"), 409, "username_taken", "username"),
        ("/users", person("bob", mail="ADA@example.org"), 409, "email_taken",
         "mail"),
        ("/users", person("bob", status="deleted"), 422, "invalid_status",
         "status"),
        ("/users", person("bob", status="boss"), 422, "invalid_status",
         "status"),
        ("/invitations", {"mail": "x", "send": False}, 422, "invalid_email",
         "mail"),
        ("/invitations", {"mail": "x@y.example", "expires": 1, "send": False},
         422, "invalid_expiry", "expires"),
        ("/invitations", {"mail": "x@y.example", "expires": "yesterday",
                          "send": False}, 422, "invalid_expiry", "expires"),
        ("/invitations", {"mail": "x@y.example", "groups": ["nothere"],
                          "send": False}, 422, "unknown_group", "groups"),
        ("/invitations", {"mail": "x@y.example", "groups": "sysadmins",
                          "send": False}, 400, "invalid_field", "groups"),
        ("/invitations", {"send": True}, 409, "smtp_not_configured", None),
    ]
    wrong = []
    for path, body, status, code, field in table:
        answer = admin.post(path, body, expect=None)
        try:
            refused(answer, status, code, field)
        except AssertionError as error:
            wrong.append("%s %s: %s" % (path, body, error))
    assert not wrong, "\n".join(wrong)
    assert len(admin.get("/users").json()["items"]) == 1


def tokens():
    rosterd = Rosterd()
    anyone = rosterd.client()
    rosterd.admin()
    for token in ("", "x", "a" * 43, "a" * 44, "../../etc/passwd", "\u00e4",
                  "a" * 1024, "A" * 42 + "=", "%00", "'--", "{{x}}"):
        answer = anyone.post("/registrations", person("bob", token=token),
                             expect=None)
        if token == "":
            refused(answer, 403, "registration_closed")
        else:
            refused(answer, 400, "invalid_invite")
    for token in ("x", "a" * 43, "a" * 400, "%41"):
        refused(anyone.get("/invitations/token/" + token, expect=404), 404,
                "invalid_invite")
        check(anyone.web.get(rosterd.url + "/register/" + token), 400)


def bad_forms():
    rosterd = Rosterd()
    web = rosterd.client().web
    url = rosterd.url + "/login"
    for body in (b"username=%00&password=b", b"username=%zz&password=b",
                 b"username=%4&password=b", b"username=%ff&password=b",
                 b"=x&username=a&password=b", b"user%00name=a&password=b",
                 b"a" * 65 + b"=1", b"&".join(b"f%d=1" % i
                                              for i in range(200))):
        answer = web.post(url, data=body, headers=FORM, timeout=30)
        assert answer.status_code == 400, (body, answer.status_code)
        assert "invalid_form" in answer.text, (body, answer.text)
    # a field given twice where one is meant
    check(web.post(url, data=b"username=a&username=b&password=c",
                   headers=FORM), 400)
    check(web.post(url, data=b"", headers=FORM), 400)
    check(web.post(url, data=b"username=a&password=b&admin=1",
                   headers=FORM), 400)


def bad_queries():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for query in ("limit=0", "limit=201", "limit=x", "limit=-1", "cursor=!!",
                  "cursor=AAAA", "cursor=" + "A" * 700, "status=boss",
                  "group=nothere", "q=%ff", "q=%00", "q=a&q=b",
                  "&".join("a%d=1" % i for i in range(9))):
        refused(admin.get("/users?" + query, expect=400), 400,
                "invalid_query")
    refused(admin.get("/invitations?cursor=x", expect=400), 400,
            "invalid_query")
    # a cursor of one list leads nowhere in another
    foreign = admin.get("/groups?limit=1").json()["next"]
    admin.get("/groups?limit=1&cursor=" + foreign)
    refused(admin.get("/users?cursor=" + foreign, expect=400), 400,
            "invalid_query")
    refused(admin.get("/registrations?status=active", expect=400), 400,
            "invalid_query")
    assert len(admin.get("/users?unknown=1").json()["items"]) == 1


def what_a_person_must_have_stays():
    rosterd = Rosterd()
    admin = rosterd.admin()
    for path in ("/me", "/users/ada"):
        for nothing in ("", None):
            refused(admin.patch(path, {"sn": nothing}, expect=422), 422,
                    "invalid_name", "sn")
    browser = Browser(rosterd)
    browser.open("/login")
    browser.submit("/login", {"username": "ada", "password": PASSWORD})
    browser.open("/users/ada")
    page = browser.submit("/users/ada", {"sn": ""}, expect=422)
    assert 'id="sn-error"' in page, page
    me = admin.get("/me").json()
    assert (me["sn"], me["name"]) == ("Ada", "Given Ada"), me
    # what may be missing can go
    assert admin.patch("/me", {"givenName": None}).json()["name"] == "Ada"


def what_is_required_here_is_asked_for():
    """A6: by the API, whatever a page asks."""
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/users", {"username": "oldie", "sn": "Old"}, expect=201)
    admin.patch("/settings", {"person-requires": "givenName,mail"})
    for field, code in (("givenName", "invalid_name"),
                        ("mail", "invalid_email")):
        body = person("newt")
        del body[field]
        refused(admin.post("/users", body, expect=422), 422, code, field)
    admin.post("/users", person("newt"), expect=201)
    refused(admin.patch("/users/newt", {"givenName": ""}, expect=422), 422,
            "invalid_name", "givenName")
    # who was there before is not locked out of other changes
    admin.patch("/users/oldie", {"displayName": "Old one"})
    admin.patch("/users/oldie", {"givenName": "Now"})
    refused(admin.patch("/users/oldie", {"givenName": None}, expect=422), 422,
            "invalid_name", "givenName")


if __name__ == "__main__":
    main(bad_json, content_types, fields, tokens, bad_forms, bad_queries,
         what_a_person_must_have_stays, what_is_required_here_is_asked_for)
