#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""TLS, unix sockets, configuration, many at once, and being killed."""
import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import threading

import requests
from rosterd import (FOLDER, PASSWORD, ROSTERD, SLOW, SOURCE, Rosterd, check,
                     environment, main, need, person, refused, until)


def certificate():
    need("openssl")
    key, cert = (os.path.join(FOLDER, "tls." + end) for end in ("key", "pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
         "-days", "3650", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost"], check=True,
        stderr=subprocess.DEVNULL)
    return cert, key


def https():
    tls = certificate()
    rosterd = Rosterd(tls=tls)
    admin = rosterd.client()
    admin.web.verify = tls[0]
    admin.post("/bootstrap", dict(person("ada"), token=rosterd.token),
               expect=201)
    cookie = admin.sign_in("ada").headers["Set-Cookie"]
    assert re.match(r"__Host-roster=[A-Za-z0-9_-]{43}; Max-Age=\d+; Secure; "
                    r"HttpOnly; SameSite=Lax; Path=/$", cookie), cookie
    answer = admin.get("/me")
    assert answer.headers["Strict-Transport-Security"] == (
        "max-age=31536000; includeSubDomains")
    # nothing below TLS 1.2, and no plain HTTP on that port
    old = subprocess.run(
        ["openssl", "s_client", "-connect", "127.0.0.1:%d" % rosterd.port,
         "-tls1_1"], stdin=subprocess.DEVNULL, capture_output=True)
    assert old.returncode != 0
    try:
        requests.get("http://localhost:%d/healthz" % rosterd.port, timeout=10)
        raise AssertionError("plain HTTP was answered")
    except requests.ConnectionError:
        pass


def unix_socket():
    path = os.path.join(FOLDER, "socket")
    state, _ = environment()
    conf = os.path.join(FOLDER, "unix.conf")
    with open(conf, "w") as out:
        out.write("[server]\nstate = %s\nlisten = unix:%s\n"
                  "public_url = https://roster.example.org/\n"
                  "[data]\ntemplates = %s\nstatic = %s\n" % (
                      state, path, os.path.join(SOURCE, "httpd/templates"),
                      os.path.join(SOURCE, "httpd/static")))
    for _ in range(2):  # the second takes a stale socket over
        process = subprocess.Popen([ROSTERD, "--config", conf],
                                   stderr=subprocess.PIPE, text=True)
        until(lambda: os.path.exists(path) and talk(path), "an answer")
        got = talk(path, b"GET /login HTTP/1.1\r\nHost: roster.example.org"
                         b"\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in got and b"Strict-Transport" in got, got
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert os.path.exists(path)
        process.stderr.close()


def talk(path, data=b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                    b"Connection: close\r\n\r\n"):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            return b""
        s.sendall(data)
        got = b""
        while True:
            more = s.recv(65536)
            if not more:
                return got
            got += more


def start_fails(text, variables=None, arguments=()):
    """What rosterd says when it refuses this configuration."""
    conf = os.path.join(FOLDER, "bad.conf")
    with open(conf, "w") as out:
        out.write(text)
    env = {k: v for k, v in os.environ.items() if not k.startswith("ROSTER_")}
    env.update(variables or {})
    done = subprocess.run([ROSTERD, "--config", conf, *arguments], env=env,
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 2, (text, done)
    return done.stderr


def configuration_is_checked():
    tls = "tls_certificate = /c\ntls_key = /k\n"
    url = "public_url = https://roster.example.org\n"
    table = [
        ("[server]\n\nbogus = 1\n", "bad.conf:3:", 'no key "bogus"'),
        ("[srver]\nstate = /x\n", "bad.conf:2:", "[srver]"),
        ("state = /x\n", "bad.conf:1:", "state"),
        ("[server]\nstate = /x\nstate = /y\n", "bad.conf:3:", "twice"),
        ("[server]\nstate\n", "bad.conf:2:", "key = value"),
        ("[server]\nstate = " + "x" * 2000, "bad.conf:2:", "too long"),
        ("[server]\n", "public_url is missing"),
        ("[server]\npublic_url = ftp://x\n", "public_url"),
        ("[server]\npublic_url = https://x/a b\n", "public_url"),
        ("[server]\npublic_url = https://x//y\n", "public_url"),
        ("[server]\n" + tls + url + "trusted_proxies = nobody\n",
         "trusted_proxies"),
        ("[server]\n" + tls + url + "socket_mode = rw\n", "socket_mode"),
        ("[server]\n" + tls + url + "socket_mode = 0066\n", "socket_mode"),
        ("[server]\n" + tls + url + "metrics = yes\n", "metrics"),
        ("[server]\npublic_url = https://x:0\n", "public_url"),
        ("[server]\npublic_url = https://x y\n", "public_url"),
        ("[server]\nlisten = 1.2.3.4\n" + url, "listen is"),
        ("[server]\nlisten = :80\n" + url, "listen is"),
        ("[server]\nlisten = 127.0.0.1:99999\n" + url, "listen is"),
        ("[server]\nlisten = unix:relative\n" + url, "listen is"),
        ("[server]\n" + url, "without tls_certificate"),
        ("[server]\nlisten = 0.0.0.0:80\ninsecure_loopback = true\n" + url,
         "without tls_certificate"),
        ("[server]\ninsecure_loopback = maybe\n" + url, "true or false"),
        ("[server]\ntls_key = /k\n" + url, "go together"),
        ("[server]\n" + tls + "public_url = http://x\n", "https://"),
        ("[server]\ninsecure_loopback = true\npublic_url = http://x.y\n",
         "https://"),
        ("[server]\n" + tls + url + "[mail]\nsmtp_url = http://x\n"
         "from = a@b.c\n", "smtp_url begins"),
        ("[server]\n" + tls + url + "[mail]\nsmtp_url = smtp://\n"
         "from = a@b.c\n", "names no host"),
        ("[server]\n" + tls + url + "[mail]\nsmtp_url = smtp://x\n",
         "from is missing"),
        ("[server]\n" + tls + url + "[mail]\nsmtp_url = smtp://x.y\n"
         "from = a@b.c\nstarttls = off\n", "loopback"),
        ("[server]\n" + tls + url + "[mail]\nstarttls = maybe\n",
         "required or off"),
        ("[server]\nstate = /nonexistent/roster\n" + tls + url,
         "/nonexistent/roster"),
    ]
    for text, *expected in table:
        said = start_fails(text)
        for words in expected:
            assert words in said, (text, said)
    said = start_fails("", {"ROSTER_SERVER__BOGUS": "1"})
    assert "ROSTER_SERVER__BOGUS" in said, said
    said = start_fails("", {"ROSTER_SERVER__DEBUG": "1"})  # there is no such mode
    assert "ROSTER_SERVER__DEBUG" in said, said
    said = start_fails("", {"ROSTER_MAIL__PASSWORD_FILE": "/nonexistent"})
    assert "/nonexistent" in said, said
    said = start_fails("", {"ROSTER_MAIL__PASSWORD_FILE": "/"})
    assert "/: Is a directory" in said, said
    said = start_fails("", {"ROSTER_MAIL__PASSWORD_FILE": "/dev/null"})
    assert "empty" in said, said
    state, _ = environment()
    said = start_fails("[server]\n" + tls + url + "[data]\ntemplates = "
                       + os.path.join(SOURCE, "httpd/templates")
                       + "\nstatic = " + os.path.join(SOURCE, "httpd/static"),
                       arguments=("--state", state))
    assert "/c" in said, said


def the_environment_goes_before_the_file():
    secret = os.path.join(FOLDER, "secret")
    with open(secret, "w") as out:
        out.write("smtp://127.0.0.1:1\n")
    rosterd = Rosterd(settings={"MAIL__SMTP_URL_FILE": secret,
                                "MAIL__FROM": "a@example.org",
                                "MAIL__STARTTLS": "off"})
    # a relay is configured: asking to send is no mistake, but nobody is there
    answer = rosterd.admin().post("/invitations", {"mail": "x@example.org"},
                                  expect=502)
    assert answer.json()["code"] == "email_failed", answer.text
    assert "127.0.0.1 port 1 " in answer.json()["detail"], answer.text


# Half a minute is all that rosterd gives a request.
CROWD = 50 if SLOW == 1 else 10


def fifty_at_once():
    rosterd = Rosterd()
    admin = rosterd.admin()
    links = [admin.post("/invitations", {"mail": "p%d@example.org" % i,
                                         "send": False}, expect=201)
             .json()["link"].rsplit("/", 1)[1] for i in range(CROWD)]
    gate = threading.Barrier(CROWD)

    def register(i):
        client = rosterd.client()
        gate.wait()
        while True:
            answer = client.post("/registrations",
                                 person("p%dx" % i, token=links[i],
                                        mail="p%d@example.org" % i),
                                 expect=None)
            if answer.status_code != 503:
                return answer.status_code
    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        statuses = list(pool.map(register, range(CROWD)))
    assert statuses == [201] * CROWD, statuses
    numbers = [admin.get("/users/p%dx" % i).json()["uidNumber"]
               for i in range(CROWD)]
    assert len(set(numbers)) == CROWD, numbers


def one_link_fifty_hands():
    rosterd = Rosterd()
    admin = rosterd.admin()
    token = admin.post("/invitations", {"mail": "bob@example.org",
                                        "send": False}, expect=201
                       ).json()["link"].rsplit("/", 1)[1]
    gate = threading.Barrier(50)

    def register(i):
        client = rosterd.client()
        gate.wait()
        while True:
            answer = client.post("/registrations", person(
                "bob%d" % i, token=token, mail="bob@example.org"),
                expect=None)
            if answer.status_code != 503:
                return answer.status_code
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(register, range(50)))
    assert statuses[0] == 201 and set(statuses[1:]) <= {400, 409}, statuses
    names = [u["username"] for u in admin.get("/users").json()["items"]]
    assert len(names) == 2, names


def hashing_does_not_hold_the_rest():
    rosterd = Rosterd()
    rosterd.admin()
    stop = threading.Event()

    def guess():
        client = rosterd.client()
        while not stop.is_set():
            client.sign_in("ada", "wrong wrong wrong", expect=None)
    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    web = rosterd.client().web
    try:
        slowest = max(web.get(rosterd.url + "/healthz", timeout=30)
                      .elapsed.total_seconds() for _ in range(30))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert slowest < 0.5 * SLOW, slowest


def busy_at_the_end():
    """Ending in the middle of many requests is still an orderly end."""
    rosterd = Rosterd()
    rosterd.admin()
    stop = threading.Event()

    def ask(path):
        client = rosterd.client()
        while not stop.is_set():
            try:
                client.post(path, {"username": "ada", "password": "x"},
                            expect=None)
                client.get("/registration", expect=None)
            except requests.RequestException:
                return
    threads = [threading.Thread(target=ask, args=("/session",))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: rosterd.log().count('"status":401') > 20, "some answers")
    try:
        assert rosterd.stop() == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def killed_in_the_middle():
    """What was acknowledged is there afterwards."""
    state, token = environment()
    rosterd = Rosterd(state=state)
    rosterd.token = token
    admin = rosterd.admin()
    rosterd.stop()
    known = []
    for round_number in range(5):
        rosterd = Rosterd(state=state)
        client = rosterd.client()
        client.sign_in("ada")
        killer = threading.Timer(0.15 * SLOW, rosterd.process.kill)
        killer.start()
        try:
            for i in range(1000):
                name = "g%dx%d" % (round_number, i)
                client.post("/groups", {"cn": name}, expect=201)
                known.append(name)
        except requests.RequestException:
            pass
        killer.join()
        assert rosterd.stop() == -signal.SIGKILL
    assert len(known) > 5, "too few writes to tell"
    rosterd = Rosterd(state=state)
    client = rosterd.client()
    client.sign_in("ada")
    for name in known:
        client.get("/groups/" + name)
    assert admin is not None


def ends_in_order():
    rosterd = Rosterd()
    admin = rosterd.admin()
    assert rosterd.stop() == 0
    again = Rosterd(state=rosterd.state)
    cookie = {"Cookie": "roster=%s" % admin.web.cookies["roster"]}
    check(again.client().request("GET", "/me", headers=cookie), 200)
    assert again.stop(signal.SIGINT) == 0
    version = subprocess.run([ROSTERD, "--version"], capture_output=True,
                             text=True)
    assert version.returncode == 0 and "roster" in version.stdout
    usage = subprocess.run([ROSTERD, "--help"], capture_output=True,
                           text=True)
    assert usage.returncode == 0 and "--config" in usage.stdout
    refused_option = subprocess.run([ROSTERD, "--bogus"],
                                    capture_output=True)
    assert refused_option.returncode != 0


if __name__ == "__main__":
    main(https, unix_socket, configuration_is_checked,
         the_environment_goes_before_the_file, fifty_at_once,
         one_link_fifty_hands, hashing_does_not_hold_the_rest,
         busy_at_the_end,
         killed_in_the_middle, ends_in_order)
