# SPDX-License-Identifier: OLDAP-2.8
"""A real rosterd for tests: fresh environment, free port, own mail sink.

Every test is a script that calls main(test, test, ...).  Exit status 77 says
that a needed program or module is missing.
"""
import atexit
import email
import email.policy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

try:
    import requests
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                 "..", "both"))
    from session import Web
    from aiosmtpd.controller import Controller
except ImportError as missing:
    print("skipped: %s" % missing)
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("top_srcdir") or os.path.join(HERE, "..", "..")
BUILD = os.environ.get("top_builddir") or os.getcwd()
ROSTERD = os.environ.get("ROSTERD") or os.path.join(BUILD, "rosterd")
SEED = os.path.join(BUILD, "tests", "http", "seed")
SUFFIX = "dc=example,dc=org"
PASSWORD = "correct horse battery staple"
# How many times slower than alone programs are: valgrind's are.
SLOW = int(os.environ.get("ROSTER_TEST_SLOW") or 1)
DEADLINE_S = 30 * SLOW

for program in (ROSTERD, SEED):
    if not os.path.exists(program):
        print("skipped: %s has not been built" % program)
        sys.exit(77)

os.umask(0o007)
FOLDER = tempfile.mkdtemp(prefix="roster-http-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
_running = []


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(ask, what, deadline_s=DEADLINE_S):
    """Ask until it answers something true."""
    end = time.monotonic() + deadline_s
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s"
                                 % (deadline_s, what))
        time.sleep(0.02)


def need(program):
    path = shutil.which(program)
    if path is None:
        print("skipped: %s is missing" % program)
        sys.exit(77)
    return path


def faketime_library():
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                   "/usr/lib64", "/usr/lib"):
        path = os.path.join(folder, "faketime", "libfaketimeMT.so.1")
        if os.path.exists(path):
            return path
    print("skipped: libfaketime is missing")
    sys.exit(77)


def sanitizer():
    """The sanitizer's library that rosterd wants before any other."""
    wanted = subprocess.run(["ldd", ROSTERD], stdout=subprocess.PIPE,
                            text=True).stdout
    found = re.search(r"=> (\S*/lib(?:asan|clang_rt\.asan)\S*)", wanted)
    return found.group(1) if found else ""


class Sink:
    """An SMTP server that keeps what it gets."""

    def __init__(self, **options):
        self.mails = []
        self.refuse = False
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1",
                                     port=self.port, **options)
        self.controller.start()
        atexit.register(self.stop)

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 not now"
        self.mails.append(envelope)
        return "250 taken"

    def wait(self, n=1):
        """The n-th mail, parsed."""
        until(lambda: len(self.mails) >= n, "mail %d" % n)
        envelope = self.mails[n - 1]
        return email.message_from_bytes(envelope.content,
                                        policy=email.policy.default)


def text_of(mail):
    """What a mail says to who reads no HTML."""
    return mail.get_body(("plain",)).get_content()


def faked(faketime):
    """Variables for a program that is to believe in another time."""
    return {"LD_PRELOAD": " ".join(filter(None, (
                sanitizer(), os.environ.get("LD_PRELOAD"),
                faketime_library()))),
            "FAKETIME": faketime, "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def environment(people=0, faketime=None):
    """A new environment; its folder and the bootstrap token.

    Where there is memory to write to, many people are made in that: a commit
    for each would wait for the disk.
    """
    place = FOLDER
    if people > 0 and os.access("/dev/shm", os.W_OK):
        place = "/dev/shm"
    state = tempfile.mkdtemp(prefix="state-", dir=place)
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    os.chmod(state, 0o2770)
    made = subprocess.run([SEED, state, SUFFIX, str(people)], check=True,
                          stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, **(
                              faked(faketime) if faketime else {})))
    return state, made.stdout.strip()


class Rosterd:
    def __init__(self, state=None, smtp=None, faketime=None, settings=None,
                 tls=None):
        self.token = None
        if state is None:
            state, self.token = environment()
        self.state = state
        self.smtp = smtp
        self.faketime = faketime
        self.settings = settings or {}
        self.tls = tls
        self.process = None
        for _ in range(5):
            if self.start():
                break
        else:
            raise AssertionError("rosterd did not start:\n" + self.log())

    def variables(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("ROSTER_")}
        values = {
            "SERVER__LISTEN": "127.0.0.1:%d" % self.port,
            "SERVER__PUBLIC_URL": self.url,
            "SERVER__INSECURE_LOOPBACK": "false" if self.tls else "true",
            "DATA__TEMPLATES": os.path.join(SOURCE, "httpd", "templates"),
            "DATA__STATIC": os.path.join(SOURCE, "httpd", "static"),
            "DATA__LOCALE": os.path.join(SOURCE, "httpd", "locale"),
            "DATA__OVERRIDES": os.path.join(FOLDER, "no-overrides"),
        }
        if self.tls:
            values["SERVER__TLS_CERTIFICATE"] = self.tls[0]
            values["SERVER__TLS_KEY"] = self.tls[1]
        if self.smtp is not None:
            values["MAIL__SMTP_URL"] = "smtp://127.0.0.1:%d" % self.smtp
            values["MAIL__FROM"] = "Roster <roster@example.org>"
            values["MAIL__STARTTLS"] = "off"
        values.update(self.settings)
        env.update({"ROSTER_" + k: v for k, v in values.items()
                    if v is not None})
        if self.faketime is not None:
            env.update(faked(self.faketime))
        return env

    def start(self):
        self.port = free_port()
        self.url = "%s://%s:%d" % ("https" if self.tls else "http",
                                   "localhost" if self.tls else "127.0.0.1",
                                   self.port)
        self.log_path = os.path.join(FOLDER, "log-%d" % self.port)
        conf = os.path.join(FOLDER, "empty.conf")
        open(conf, "a").close()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [ROSTERD, "--config", conf, "--state", self.state],
                env=self.variables(), stdout=log, stderr=log)
        _running.append(self)
        end = time.monotonic() + DEADLINE_S
        while self.process.poll() is None and time.monotonic() < end:
            if "serving " in self.log():
                return True
            time.sleep(0.02)
        if "Address already in use" in self.log():
            return False
        raise AssertionError("rosterd did not start:\n" + self.log())

    def log(self):
        with open(self.log_path, "r", errors="replace") as log:
            return log.read()

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        status = self.process.wait(DEADLINE_S)
        if self in _running:
            _running.remove(self)
        for words in ("Sanitizer", "runtime error:"):
            assert words not in self.log(), self.log()
        return status

    def client(self):
        return Client(self)

    def admin(self, username="ada"):
        """The first administrator, signed in."""
        client = self.client()
        client.post("/bootstrap", dict(person(username), token=self.token),
                    expect=201)
        client.sign_in(username)
        return client


def person(name, **more):
    fields = {"username": name, "givenName": "Given",
              "sn": name.capitalize(), "password": PASSWORD,
              "mail": "%s@example.org" % name}
    fields.update(more)
    return fields


class Client:
    """A program: JSON under /api/v1, a cookie jar and the csrf value."""

    def __init__(self, rosterd):
        self.rosterd = rosterd
        self.web = Web()
        self.csrf = None

    def request(self, method, path, body=None, expect=None, headers=None,
                csrf=True):
        send = dict(headers or {})
        if csrf and self.csrf and method not in ("GET", "HEAD"):
            send.setdefault("X-CSRF-Token", self.csrf)
        answer = self.web.request(
            method, self.rosterd.url + (
                "" if path.startswith("/api/") else "/api/v1") + path,
            json=body, headers=send, timeout=DEADLINE_S, allow_redirects=False)
        if expect is not None:
            check(answer, expect)
        return answer

    def get(self, path, expect=200, **more):
        return self.request("GET", path, expect=expect, **more)

    def post(self, path, body=None, expect=200, **more):
        return self.request("POST", path, body, expect=expect, **more)

    def patch(self, path, body=None, expect=200, **more):
        return self.request("PATCH", path, body, expect=expect, **more)

    def put(self, path, body=None, expect=204, **more):
        return self.request("PUT", path, body, expect=expect, **more)

    def delete(self, path, expect=204, **more):
        return self.request("DELETE", path, expect=expect, **more)

    def sign_in(self, username, password=PASSWORD, expect=201):
        answer = self.post("/session", {"username": username,
                                        "password": password}, expect=expect)
        if expect == 201:
            self.csrf = answer.json()["csrf"]
        return answer


class Browser:
    """A person: pages and forms, without JavaScript."""

    def __init__(self, rosterd):
        self.rosterd = rosterd
        self.web = Web()
        self.page = None

    def open(self, path, expect=200, follow=True):
        self.page = self.web.get(self.rosterd.url + path, timeout=DEADLINE_S,
                                 allow_redirects=follow)
        check(self.page, expect)
        return self.page.text

    def submit(self, action, fields=None, expect=200, follow=True,
               headers=None):
        """Fill in the form with this action and send it, as a browser does."""
        forms = list(re.finditer(
            r'<form[^>]*method="post"[^>]*action="%s"[^>]*>(.*?)</form>'
            % re.escape(action), self.page.text, re.S))
        # of several to one address, the one with these fields
        form = next((one for one in forms if all(
            'name="%s"' % name in one.group(1) for name in fields or {})),
            forms[0] if forms else None)
        assert form, "no form %s on %s" % (action, self.page.url)
        values = {}
        for tag in re.findall(r"<input[^>]*>", form.group(1)):
            got = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
            name = got.get("name")
            if not name or " disabled" in tag:
                continue
            if got.get("type") == "checkbox" and " checked" not in tag:
                continue
            values[name] = unescape(got.get("value", ""))
        for name, options in re.findall(
                r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>',
                form.group(1), re.S):
            chosen = re.search(r'value="([^"]*)" selected', options)
            values[name] = chosen.group(1) if chosen else ""
        unknown = set(fields or {}) - set(re.findall(r'name="([^"]*)"',
                                                     form.group(1)))
        assert not unknown, "the form %s has no %s" % (action, unknown)
        values.update(fields or {})
        send = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
        send.update(headers or {})
        self.page = self.web.post(self.rosterd.url + action, data=values,
                                  headers=send, timeout=DEADLINE_S,
                                  allow_redirects=follow)
        check(self.page, expect)
        return self.page.text


def unescape(text):
    import html
    return html.unescape(text)


def check(answer, expect, code=None):
    if answer.status_code != expect:
        raise AssertionError("%s %s: %d, not %d\n%s" % (
            answer.request.method, answer.request.path_url,
            answer.status_code, expect, answer.text[:2000]))
    if code is not None:
        assert answer.json()["code"] == code, answer.text


def problem(answer):
    """The problem that an answer is, or None; also in the form of the routes
    for programs of other systems."""
    kind = answer.headers.get("Content-Type")
    if kind == "application/problem+json":
        return answer.json()
    if kind != "application/json" or answer.status_code < 400:
        return None
    body = answer.json()
    assert set(body) == {"code", "msg", "data"}, body
    return dict({"status": body["code"], "detail": body["msg"],
                 "code": body["data"]["error"]},
                **{name: body["data"][name] for name in ("field",)
                   if name in body["data"]})


def refused(answer, status, code, field=None):
    """The answer is this problem."""
    check(answer, status)
    body = problem(answer)
    assert body, (answer.headers, answer.text)
    assert body["code"] == code, (body, code)
    assert body["status"] == status, body
    if field is not None:
        assert body.get("field") == field, (body, field)


def main(*tests):
    failed = 0
    for test in tests:
        try:
            test()
            for rosterd in list(_running):
                rosterd.stop()
            print("ok: %s" % test.__name__, flush=True)
        except SystemExit as end:  # skipped, unless one before failed
            sys.exit(1 if end.code == 77 and failed else end.code)
        except Exception:
            failed += 1
            traceback.print_exc()
            print("FAILED: %s" % test.__name__, flush=True)
            for rosterd in _running:
                print("--- log of rosterd on port %d" % rosterd.port)
                print(rosterd.log()[-4000:], flush=True)
        finally:
            for rosterd in list(_running):
                rosterd.stop()
    sys.exit(1 if failed else 0)
