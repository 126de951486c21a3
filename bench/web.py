# SPDX-License-Identifier: OLDAP-2.8
"""web.py - rosterd beside slapd: what people and programs do over HTTP"""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import loads
import rows
from data import PASSWORD, uid
from harness import TOP_BUILD, TOP_SRC, Daemon, Failure, free_port, wait_until
from servers import cpu_of

ANSWER_S = 120
THREADS = 8            # that register people
IDLE = 10000           # connections
HELD_S = 30            # until rosterd holds, or has closed, all of them
IDLE_AN_ADDRESS = 60   # rosterd takes 64
FRESH = 100            # requests beside the idle ones
UNITS = {"us": 1, "ms": 1000, "s": 1e6, "m": 6e7}


def rosterctl(server, *words):
    done = subprocess.run([os.path.join(TOP_BUILD, "rosterctl"), *words,
                           "-d", server.database], text=True,
                          capture_output=True)
    if done.returncode:
        raise Failure("rosterctl %s: %s" % (" ".join(words),
                                            done.stdout + done.stderr))
    return done.stdout


def token(server, name, scope):
    return json.loads(rosterctl(server, "token", "create", name, "of a bench",
                                "--scope", scope, "--json"))["token"]


def settings(server, values):
    for name, value in values.items():
        if value is None:
            rosterctl(server, "config", "unset", name)
        else:
            rosterctl(server, "config", "set", "%s=%s" % (name, value))


class Rosterd:
    """On the environment of a running slapd; plain HTTP over loopback."""

    def __init__(self, server, people):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.daemon = Daemon("rosterd", os.path.join(server.dir,
                                                     "rosterd.log"))
        conf = os.path.join(server.dir, "rosterd.conf")
        with open(conf, "w") as out:
            out.write("[server]\nlisten = 127.0.0.1:%d\npublic_url = %s\n"
                      "insecure_loopback = true\n\n[data]\n"
                      % (self.port, self.url))
            for name in ("templates", "static", "locale"):
                out.write("%s = %s/httpd/%s\n" % (name, TOP_SRC, name))
        self.daemon.start([os.path.join(TOP_BUILD, "rosterd"), "--config",
                           conf, "--state", server.database])
        wait_until(self.answers, ANSWER_S, "rosterd to answer", 0.05)
        self.cookie, self.csrf = self.sign_in(uid(people))

    @property
    def pid(self):
        return self.daemon.process.pid

    def answers(self):
        if not self.daemon.alive():
            raise Failure("rosterd: " + self.daemon.text()[-2000:])
        try:
            return self.call("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def call(self, method, path, body=None, link=None, headers=None):
        """(status, headers, text)."""
        own = link or http.client.HTTPConnection("127.0.0.1", self.port,
                                                 timeout=ANSWER_S)
        send = {"Content-Type": "application/json",
                "Accept": "application/json", "Origin": self.url}
        send.update(headers or {})
        own.request(method, path, None if body is None else json.dumps(body),
                    send)
        answer = own.getresponse()
        text = answer.read().decode()
        if link is None:
            own.close()
        return answer.status, answer.headers, text

    def sign_in(self, name):
        status, headers, text = self.call(
            "POST", "/api/v1/session", {"username": name,
                                        "password": PASSWORD})
        if status != 201:
            raise Failure("nobody signs in: %d %s" % (status, text))
        return (headers["Set-Cookie"].split(";")[0],
                json.loads(text)["csrf"])

    def signed(self):
        return {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}

    def stop(self):
        self.daemon.stop()


def time_us(text):
    number, unit = re.match(r"([0-9.]+)(\w+)$", text).groups()
    return float(number) * UNITS[unit]


def wrk(rosterd, path, seconds, accept):
    """What wrk measured, and processor time of rosterd for each request."""
    cpu = cpu_of(rosterd.pid)
    done = subprocess.run(
        ["wrk", "-t2", "-c8", "-d%ds" % max(round(seconds), 1), "--latency",
         "-H", "Cookie: " + rosterd.cookie, "-H", "Accept: " + accept,
         rosterd.url + path], capture_output=True, text=True)
    cpu = cpu_of(rosterd.pid) - cpu
    found = {key: re.search(pattern, done.stdout) for key, pattern in (
        ("rate", r"Requests/sec:\s+([0-9.]+)"),
        ("n", r"(\d+) requests in"), ("p50", r" 50%\s+(\S+)"),
        ("p99", r" 99%\s+(\S+)"))}
    if None in found.values() or int(found["n"].group(1)) == 0:
        raise Failure("wrk %s: %s" % (path, done.stdout + done.stderr))
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    n = int(found["n"].group(1))
    return {"rate": float(found["rate"].group(1)), "cpu_us": cpu / n * 1e6,
            "p50_us": time_us(found["p50"].group(1)),
            "p99_us": time_us(found["p99"].group(1)), "operations": n,
            "wrong": int(wrong.group(1)) if wrong else 0}


GETS = (("web-session", "a session is checked, and whose it is told",
         "/api/v1/me", "application/json"),
        ("web-people", "the page of all people", "/users", "text/html"),
        ("web-list", "the list of all people (JSON)", "/api/v1/users",
         "application/json"),
        ("web-search", "people whose name has a part (JSON)",
         "/api/v1/users?q=0000042", "application/json"))


def measure_gets(bench, rosterd, seconds, rounds):
    if shutil.which("wrk") is None:
        bench.note("without wrk: no rows of requests")
        return
    for name, title, path, accept in GETS:
        status, _, text = rosterd.call("GET", path, headers={
            "Cookie": rosterd.cookie, "Accept": accept})
        if status != 200:
            bench.note("%s: %s answers %d: %.200s" % (name, path, status,
                                                      text))
            continue
        wrk(rosterd, path, 1, accept)
        for _ in range(rounds):
            figures = wrk(rosterd, path, seconds, accept)
            if figures["wrong"]:
                bench.note("%s: %d of %d were refused" % (
                    name, figures["wrong"], figures["operations"]))
            bench.keep(name, title, "roster", figures)


def register(rosterd, names, until, took, refused):
    link = http.client.HTTPConnection("127.0.0.1", rosterd.port,
                                      timeout=ANSWER_S)
    for name in names:
        began = time.monotonic()
        if began >= until:
            break
        status, _, text = rosterd.call("POST", "/api/v1/registrations", {
            "username": name, "givenName": "Reg", "sn": name,
            "mail": name + "@example.org",
            "password": PASSWORD}, link=link)
        took.append((time.monotonic() - began) * 1e6)
        if status != 201:
            refused.append("%d %s" % (status, text))
    link.close()


def new_names(n, t):
    """Of round n and thread t, nobody else's."""
    return ("r%d-%d-%05d" % (n, t, i) for i in range(100000))


def measure_registrations(bench, rosterd, seconds, rounds):
    for n in range(rounds):
        took, refused = [], []
        began, cpu = time.monotonic(), cpu_of(rosterd.pid)
        threads = [threading.Thread(target=register, args=(
            rosterd, new_names(n, t), began + max(seconds, 2), took, refused))
            for t in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent, used = time.monotonic() - began, cpu_of(rosterd.pid) - cpu
        if not took:
            raise Failure("registrations: rosterd answers nobody")
        if refused:
            bench.note("registrations: %d of %d refused: %.200s" % (
                len(refused), len(took), refused[0]))
        took.sort()
        bench.keep("web-register", "registrations end to end", "roster", {
            "rate": len(took) / spent, "cpu_us": used / len(took) * 1e6,
            "p50_us": took[len(took) // 2],
            "p99_us": took[len(took) * 99 // 100],
            "operations": len(took), "wrong": len(refused)})


@contextlib.contextmanager
def idle_connections(rosterd, n):
    links = []
    try:
        for i in range(n):
            at = i // IDLE_AN_ADDRESS
            links.append(socket.create_connection(
                ("127.0.0.1", rosterd.port), ANSWER_S,
                ("127.1.%d.%d" % (at // 200, at % 200 + 1), 0)))
        yield links
    finally:
        for link in links:
            link.close()


def sockets_of(pid):
    """How many it has; the kernel completes connections nobody accepted."""
    n = 0
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            n += os.readlink("/proc/%d/fd/%s" % (pid, name)).startswith(
                "socket:")
        except FileNotFoundError:
            pass  # closed meanwhile
    return n


def measure_idle(bench, rosterd, rounds):
    for _ in range(rounds):
        before = sockets_of(rosterd.pid)
        with idle_connections(rosterd, IDLE):
            wait_until(lambda: sockets_of(rosterd.pid) - before >= IDLE,
                       HELD_S, "rosterd to hold %d connections" % IDLE)
            took = []
            for _ in range(FRESH):
                began = time.monotonic()
                status, _, _ = rosterd.call("GET", "/healthz")
                if status != 200:
                    raise Failure("beside idle ones: %d" % status)
                took.append((time.monotonic() - began) * 1e6)
            held = sockets_of(rosterd.pid) - before
            if held < IDLE:
                raise Failure("beside idle ones: %d of %d were still held" % (
                    held, IDLE))
            took.sort()
            bench.keep("web-idle", "a new connection and request beside "
                       "%d idle ones" % IDLE, "roster", {
                           "rate": 1e6 * FRESH / sum(took),
                           "p50_us": took[FRESH // 2],
                           "p99_us": took[FRESH * 99 // 100],
                           "operations": FRESH, "wrong": 0})
        wait_until(lambda: sockets_of(rosterd.pid) <= before, HELD_S,
                   "rosterd to let go of idle connections")


def measure(bench, server, people, seconds, rounds):
    rosterd = Rosterd(server, people)
    for step in (lambda: measure_gets(bench, rosterd, seconds, rounds),
                 lambda: measure_registrations(bench, rosterd, seconds,
                                               rounds),
                 lambda: measure_idle(bench, rosterd, rounds)):
        try:
            step()
        except (Failure, OSError) as error:
            bench.note("rosterd: %s" % error)
    rosterd.stop()


def mixed_round(bench, rosterd, server, people, seconds):
    stop, done = threading.Event(), []
    link = http.client.HTTPConnection("127.0.0.1", rosterd.port,
                                      timeout=ANSWER_S)

    def write():
        while not stop.is_set():
            status, _, text = rosterd.call(
                "PATCH", "/api/v1/users/" + uid(len(done) % people + 1),
                {"displayName": "Changed %d" % len(done)}, link=link,
                headers=rosterd.signed())
            if status != 200:
                bench.note("mixed: PATCH: %d %.200s" % (status, text))
                break
            done.append(status)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        figures = loads.measure(server, rows.MIXED, seconds, bench.folder)
    finally:
        stop.set()
        writer.join()
        link.close()
    figures["beside"] = len(done)
    bench.keep("mixed-rosterd", rows.MIXED.title +
               ", beside changes by rosterd", "roster", figures)


def mixed(bench, server, people, seconds, rounds):
    """95 searches to 5 changes, while rosterd changes people, too."""
    rosterd = Rosterd(server, people)
    try:
        for _ in range(rounds):
            mixed_round(bench, rosterd, server, people, seconds)
    finally:
        rosterd.stop()


__all__ = ["measure", "mixed", "settings", "token"]
