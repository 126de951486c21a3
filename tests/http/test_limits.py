#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Too many requests: of an address, of a person, of wrong passwords."""
import re
import socket

from rosterd import Browser, Rosterd, main, person, refused, until


def limited(rosterd):
    text = rosterd.client().web.get(rosterd.url + "/metrics").text
    return int(re.search(r"^roster_http_limited_total (\d+)$", text,
                         re.M).group(1))


A_FEW = 20  # of the 60: one a second comes back, and tests may be slow


def flood(client, path="/registration", n=400, **more):
    """The first refusal, and how many went through before."""
    for number in range(n):
        answer = client.request("GET", path, **more)
        if answer.status_code == 429:
            return number, answer
        assert answer.status_code == 200, answer.text
    raise AssertionError("%d were answered" % n)


def told(answer):
    refused(answer, 429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60, answer.headers


def set_to(admin, **settings):
    """They count within a second."""
    admin.patch("/settings", {name.replace("_", "-"): value
                              for name, value in settings.items()})


def a_person_is_limited_with_all_that_is_his():
    rosterd = Rosterd()
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    bob = rosterd.client()
    bob.sign_in("bob")
    again = rosterd.client()
    again.sign_in("bob")
    token = bob.post("/me/tokens", {"name": "t"}, expect=201).json()["token"]
    before = limited(rosterd)
    set_to(admin, request_limit_user="60")
    until(lambda: bob.request("GET", "/me").status_code == 429,
          "the limit")
    robot = rosterd.client()
    for client, headers in ((bob, None), (again, None), (
            robot, {"Authorization": "Bearer " + token})):
        number, answer = flood(client, "/me", headers=headers)
        assert number < A_FEW, number
        told(answer)
    # pages, too, and nothing was done
    assert "429" not in admin.get("/me").text
    for number in range(A_FEW):
        name = "X%d" % number
        answer = bob.request("PATCH", "/me", {"displayName": name})
        if answer.status_code == 429:
            break
    told(answer)
    assert admin.get("/users/bob").json().get("displayName") != name
    # who is nobody is not he; probes and files are for everybody
    rosterd.client().get("/registration")
    assert limited(rosterd) >= before + 4
    set_to(admin, request_limit_user="0")
    until(lambda: all(bob.request("GET", "/me").status_code == 200
                      for _ in range(100)), "no limit any more")


def an_address_is_limited():
    rosterd = Rosterd()
    admin = rosterd.admin()
    set_to(admin, request_limit_address="100")
    client = rosterd.client()
    until(lambda: client.request("GET", "/registration").status_code == 429,
          "the limit")
    number, answer = flood(client)
    told(answer)
    browser = Browser(rosterd)
    # more are let through meanwhile, if few
    for _ in range(20):
        answer = browser.web.get(rosterd.url + "/login",
                                 headers={"Accept": "text/html"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429, answer.status_code
    assert "text/html" in answer.headers["Content-Type"]
    assert "Retry-After" in answer.headers
    for path in ("/healthz", "/readyz", "/metrics", "/static/app.css"):
        assert browser.web.get(rosterd.url + path).status_code in (
            200, 404), path
    # another address is another's
    with socket.create_connection(("127.0.0.1", rosterd.port),
                                  source_address=("127.0.0.9", 0)) as s:
        s.sendall(b"GET /api/v1/registration HTTP/1.1\r\nHost: 127.0.0.1:%d"
                  b"\r\nConnection: close\r\n\r\n" % rosterd.port)
        assert b" 200 " in s.recv(100)


def ten_wrong_passwords_of_an_address_are_too_many():
    rosterd = Rosterd()
    rosterd.admin()
    client = rosterd.client()
    before = limited(rosterd)
    codes = [client.sign_in("nobody%d" % n, "wrong password", expect=None
                            ).status_code for n in range(11)]
    assert codes == [401] * 10 + [429], codes
    answer = client.sign_in("nobody", "wrong password", expect=None)
    refused(answer, 429, "too_many_attempts")
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    assert limited(rosterd) == before + 2


main(a_person_is_limited_with_all_that_is_his, an_address_is_limited,
     ten_wrong_passwords_of_an_address_are_too_many)
