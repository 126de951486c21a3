#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Bad HTTP: exact status, one answer, and the connection closed."""
import re
import select
import socket
import threading
import time

from rosterd import Rosterd, main, until

HOST = None  # "127.0.0.1:PORT", once rosterd runs


def ask(rosterd, data, wait_s=5):
    """All that comes back for data, and whether the server closed."""
    with socket.create_connection(("127.0.0.1", rosterd.port)) as s:
        s.settimeout(wait_s)
        s.sendall(data)
        got = b""
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    return got, True
                got += more
                if wait_s < 1 and b"\r\n\r\n" in got:
                    s.settimeout(0.2)
        except socket.timeout:
            return got, False
        except ConnectionResetError:
            return got, True


def statuses(got):
    return [int(n) for n in re.findall(rb"HTTP/1\.[01] (\d{3})", got)]


def request(line, *headers, body=b"", host=True):
    lines = [line]
    if host:
        lines.append(b"Host: " + HOST)
    return b"\r\n".join(lines + list(headers)) + b"\r\n\r\n" + body


def table():
    smuggled = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: " + HOST + b"\r\n\r\n"
    post = b"POST /api/v1/session HTTP/1.1"
    get = b"GET /login HTTP/1.1"
    form = b"Content-Type: application/json"
    return [
        # name, bytes, status, closed
        ("lawful", request(get, b"Connection: close"), 200),
        ("CL and TE", request(post, b"Content-Length: 4",
                              b"Transfer-Encoding: chunked", body=smuggled),
         400),
        ("TE and CL", request(post, b"Transfer-Encoding: chunked",
                              b"Content-Length: 4", body=smuggled), 400),
        ("two different CL", request(post, b"Content-Length: 4",
                                     b"Content-Length: 0", body=b"abcd"), 400),
        ("the same CL twice", request(post, b"Content-Length: 4",
                                      b"Content-Length: 4", body=b"abcd"),
         400),
        ("blank before the colon", request(post, b"Content-Length : 4",
                                           body=b"abcd"), 400),
        ("TE xchunked", request(post, b"Transfer-Encoding: xchunked",
                                body=b"0\r\n\r\n"), 501),
        ("TE chunked, identity", request(
            post, b"Transfer-Encoding: chunked, identity",
            body=b"0\r\n\r\n"), 501),
        ("TE twice", request(post, b"Transfer-Encoding: chunked",
                             b"Transfer-Encoding: chunked",
                             body=b"0\r\n\r\n"), 400),
        ("TE with HTTP/1.0", request(b"POST /login HTTP/1.0",
                                     b"Transfer-Encoding: chunked",
                                     body=b"0\r\n\r\n"), 400),
        ("two Hosts", request(get, b"Host: " + HOST), 400),
        ("two Hosts, one of them ours", request(get, b"Host: evil"), 400),
        ("no Host", request(get, host=False), 400),
        ("no Host in 1.0", request(b"GET /login HTTP/1.0", host=False), 400),
        ("wrong Host", request(get, b"Host: evil.example", host=False), 421),
        ("right host, no port", request(get, b"Host: 127.0.0.1", host=False),
         421),
        ("host with our name in it", request(
            get, b"Host: " + HOST + b".evil.example", host=False), 421),
        ("empty Host", request(get, b"Host:", host=False), 421),
        ("CL negative", request(post, b"Content-Length: -1", body=b"abcd"),
         400),
        ("CL plus", request(post, b"Content-Length: +4", body=b"abcd"), 400),
        ("CL hex", request(post, b"Content-Length: 0x4", body=b"abcd"), 400),
        ("CL leading zeros", request(post, b"Content-Length: 0004",
                                     body=b"abcd"), 400),
        ("CL 2^64", request(post, b"Content-Length: 18446744073709551616",
                            body=b"abcd"), 413),
        ("CL above the limit", request(post, b"Content-Length: 65537"), 413),
        ("chunk size overflow", request(
            post, b"Transfer-Encoding: chunked", form,
            body=b"FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"), 413),
        ("chunked above the limit", request(
            post, b"Transfer-Encoding: chunked", form,
            body=b"11000\r\n" + b"x" * 0x11000 + b"\r\n0\r\n\r\n"), 413),
        ("GET with a body", request(get, b"Content-Length: 4", body=b"abcd"),
         400),
        ("GET with chunks", request(get, b"Transfer-Encoding: chunked",
                                    body=b"0\r\n\r\n"), 400),
        ("NUL in a header", request(get, b"X: a\0b"), 400),
        ("NUL in a header, others after it", request(get, b"X: a\0b",
                                                     b"Y: z"), 400),
        ("NUL in a name", request(get, b"X\0Y: a"), 400),
        ("bare LF", b"GET /login HTTP/1.1\nHost: " + HOST + b"\n\n", 400),
        ("one bare LF", request(get, b"X: a\nY: b"), 400),
        ("obs-fold", request(get, b"X: a\r\n b"), 400),
        ("control in a header", request(get, b"X: a\x01b"), 400),
        ("DEL in a header", request(get, b"X: a\x7fb"), 400),
        ("a header without a name", request(get, b": x"), 400),
        ("a header with a comma in its name", request(get, b"a,b: x"), 400),
        ("two cookies headers", request(get, b"Cookie: a=b", b"Cookie: c=d"),
         400),
        ("two Authorization", request(get, b"Authorization: a",
                                      b"Authorization: b"), 400),
        ("two X-Forwarded-For", request(get, b"X-Forwarded-For: 1.2.3.4",
                                        b"X-Forwarded-For: 1.2.3.4"), 400),
        ("two Content-Type", request(post, form, form,
                                     b"Content-Length: 2", body=b"{}"), 400),
        ("%00 in the path", request(b"GET /a%00b HTTP/1.1"), 400),
        ("dotdot", request(b"GET /../../etc/passwd HTTP/1.1"), 400),
        ("dot", request(b"GET /./login HTTP/1.1"), 400),
        ("two slashes", request(b"GET //login HTTP/1.1"), 400),
        ("%2e%2e%2f", request(b"GET /%2e%2e%2fetc HTTP/1.1"), 400),
        ("%2E in a name", request(b"GET /users/a%2Eb HTTP/1.1"), 400),
        ("%2f in a name", request(b"GET /users/a%2fb HTTP/1.1"), 400),
        ("%5c", request(b"GET /users/a%5cb HTTP/1.1"), 400),
        ("a broken escape", request(b"GET /users/%zz HTTP/1.1"), 400),
        ("a cut escape", request(b"GET /users/%4 HTTP/1.1"), 400),
        ("a backslash", request(b"GET /users\\ada HTTP/1.1"), 400),
        ("bytes above ASCII", request(b"GET /users/\xc3\xa4 HTTP/1.1"), 400),
        ("%0a in the path", request(b"GET /users/a%0ab HTTP/1.1"), 400),
        ("absolute target of another", request(
            b"GET http://evil.example/ HTTP/1.1"), 400),
        ("absolute target of ours", request(
            b"GET http://" + HOST + b"/login HTTP/1.1",
            b"Connection: close"), 200),
        ("absolute target beginning like ours", request(
            b"GET http://" + HOST + b".evil/ HTTP/1.1"), 400),
        ("asterisk", request(b"OPTIONS * HTTP/1.1"), 405),
        ("TRACE", request(b"TRACE / HTTP/1.1"), 405),
        ("CONNECT", request(b"CONNECT / HTTP/1.1"), 405),
        ("OPTIONS", request(b"OPTIONS /login HTTP/1.1"), 405),
        ("lower-case method", request(b"get /login HTTP/1.1"), 501),
        ("unknown method", request(b"BREW /login HTTP/1.1"), 501),
        ("HTTP/9.9", request(b"GET /login HTTP/9.9"), 505),
        ("HTTP/2.0", request(b"GET /login HTTP/2.0"), 505),
        ("HTTP/0.9", b"GET /login\r\n\r\n", 400),
        ("binary junk", bytes(range(256)) + b"\r\n\r\n", 400),
        ("URI of 40 KB", request(b"GET /" + b"a" * 40000 + b" HTTP/1.1"),
         414),
        ("URI of 5 KB", request(b"GET /login?q=" + b"a" * 5000 +
                                b" HTTP/1.1"), 414),
        ("path of 600 bytes", request(b"GET /" + b"a" * 600 + b" HTTP/1.1"),
         400),
        ("2000 headers", request(get, *(b"X%d: y" % i for i in range(2000))),
         431),
        ("65 headers", request(get, *(b"X%d: y" % i for i in range(65))),
         431),
        ("unknown expectation", request(post, b"Expect: magic",
                                        b"Content-Length: 2", form), 417),
    ]


LIBRARY = {"no Host": 2, "CL negative": 2, "CL plus": 2, "CL hex": 2,
           "CL 2^64": 2}


def bad_requests_are_refused_exactly():
    global HOST
    rosterd = Rosterd()
    HOST = b"127.0.0.1:%d" % rosterd.port
    wrong = []
    for name, data, status in table():
        got, closed = ask(rosterd, data)
        # the library's own refusals repeat their head inside their body
        if (statuses(got) not in ([status], [status] * LIBRARY.get(name, 1))
                or not closed):
            wrong.append("%s: %s%s, not %d closed" % (
                name, statuses(got), " closed" if closed else " open",
                status))
    assert not wrong, "\n".join(wrong)
    print("promise H4 asked 60 reached %d violations 0 unit rows" %
          len(table()))
    assert "smuggled" not in rosterd.log()
    # still well
    assert rosterd.client().web.get(rosterd.url + "/healthz").status_code == 200


def lawful_requests_keep_the_connection():
    global HOST
    rosterd = Rosterd()
    HOST = b"127.0.0.1:%d" % rosterd.port
    got, closed = ask(rosterd, request(b"GET /login HTTP/1.1") * 3, 0.5)
    assert statuses(got) == [200] * 3 and not closed, (statuses(got), closed)
    # a probe comes by address, everything else by our name only
    got, _ = ask(rosterd, request(b"GET /healthz HTTP/1.1", b"Host: 10.0.0.1",
                                  b"Connection: close", host=False))
    assert statuses(got) == [200]
    got, _ = ask(rosterd, request(b"HEAD /login HTTP/1.1",
                                  b"Connection: close"))
    assert statuses(got) == [200] and got.endswith(b"\r\n\r\n"), got
    body = b'{"username":"x","password":"y"}'
    got, _ = ask(rosterd, request(
        b"POST /api/v1/session HTTP/1.1", b"Content-Type: application/json",
        b"Transfer-Encoding: chunked", b"Connection: close",
        body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)))
    assert statuses(got) == [401], got
    got, _ = ask(rosterd, request(
        b"POST /api/v1/session HTTP/1.1", b"Content-Type: application/json",
        b"Expect: 100-continue", b"Content-Length: %d" % len(body),
        b"Connection: close", body=body))
    assert statuses(got) == [100, 401], got


def wrong_methods_name_the_right_ones():
    rosterd = Rosterd()
    web = rosterd.client().web
    answer = web.delete(rosterd.url + "/api/v1/users")
    assert answer.status_code == 405, answer.status_code
    assert answer.headers["Allow"] == "GET, HEAD, POST", answer.headers
    answer = web.get(rosterd.url + "/api/v1/bootstrap")
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    answer = web.get(rosterd.url + "/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert web.get(rosterd.url + "/nothing").status_code == 404


def a_strange_method_is_logged_short():
    rosterd = Rosterd()
    for method in (b"A" * 20000, b"G\xffT"):
        got, _ = ask(rosterd, request(
            method + b" / HTTP/1.1", b"Host: 127.0.0.1:%d" % rosterd.port,
            host=False))
        assert statuses(got) == [501], got
    rosterd.stop()
    with open(rosterd.log_path, "rb") as log:
        lines = log.read().splitlines()
    assert max(len(line) for line in lines) < 1000, lines
    b"\n".join(lines).decode()  # a line of JSON is UTF-8


def drip(rosterd, first, results, key):
    """A byte a second; how long the server bears it."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", rosterd.port)) as s:
        s.settimeout(1)
        s.sendall(first)
        while time.monotonic() - begun < 60:
            try:
                s.sendall(b"a")
                if s.recv(1000) == b"":
                    break
            except socket.timeout:
                continue
            except OSError:
                break
    results[key] = time.monotonic() - begun


def idle(rosterd, first, results, key):
    """Nothing comes after first, which is answered."""
    with socket.create_connection(("127.0.0.1", rosterd.port)) as s:
        s.settimeout(60)
        got = b""
        if first:
            s.sendall(first)
            while b"\r\n\r\n" not in got:
                got += s.recv(65536)
        begun = time.monotonic()
        try:
            while s.recv(65536) != b"":
                pass
        except OSError:
            pass
    results[key] = time.monotonic() - begun


def sip(rosterd, first, results, key):
    """Answers pile up, and 16 bytes a second of them are taken."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", rosterd.port))
        s.settimeout(60)
        begun = time.monotonic()
        s.sendall(first)
        shut = select.poll()
        shut.register(s, select.POLLRDHUP)
        try:
            while not shut.poll(1000) and time.monotonic() < begun + 60:
                s.recv(16)
        except OSError:
            pass
    results[key] = time.monotonic() - begun


def slow_clients_are_cut_off():
    """The head within 10 s, the body within 20, the answer taken within 30,
    whatever trickles, and who says nothing within 10."""
    global HOST
    rosterd = Rosterd()
    HOST = b"127.0.0.1:%d" % rosterd.port
    took = {}
    cases = {
        "head": b"GET /login HTTP/1.1\r\nX: ",
        "line": b"GET /",
        "body": request(b"POST /login HTTP/1.1", b"Content-Length: 60000",
                        b"Content-Type: application/x-www-form-urlencoded"),
    }
    threads = [threading.Thread(target=drip,
                                args=(rosterd, first, took, name))
               for name, first in cases.items()]
    threads += [threading.Thread(target=idle,
                                 args=(rosterd, first, took, name))
                for name, first in (
                    ("idle from the start", b""),
                    ("idle after an answer", request(
                        b"HEAD /login HTTP/1.1")))]
    threads.append(threading.Thread(target=sip, args=(
        rosterd, request(b"GET /static/roster.css HTTP/1.1") * 300, took,
        "answers")))
    for thread in threads:
        thread.start()
    # others are served meanwhile
    until(lambda: rosterd.client().web.get(
        rosterd.url + "/healthz").status_code == 200, "an answer", 2)
    for thread in threads:
        thread.join()
    assert 9 <= took["head"] <= 16, took
    assert 9 <= took["line"] <= 16, took
    assert 19 <= took["body"] <= 26, took
    assert 9 <= took["answers"] <= 36, took
    for name in ("idle from the start", "idle after an answer"):
        assert 9 <= took[name] <= 16, (name, took)


if __name__ == "__main__":
    main(bad_requests_are_refused_exactly, lawful_requests_keep_the_connection,
         wrong_methods_name_the_right_ones, a_strange_method_is_logged_short,
         slow_clients_are_cut_off)
