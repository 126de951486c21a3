# SPDX-License-Identifier: OLDAP-2.8
"""harness.py - what every test of two processes needs, Roster or not

A test is a story of claims: sentences that can be false.  story.claim() says
whether each held, goes on, and the exit status tells the sum.  Everything a
test starts lives in a PID and network namespace of its own and dies with it,
and everything it writes is in one temporary directory.
"""
import atexit
import ctypes
import email
import email.policy
import fcntl
import glob
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

BEGUN = time.monotonic()
SKIP = 77
MARK = "ROSTER_TEST_ISOLATED"
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer",
              "runtime error:")
# libldap takes "localhost" for the machine's own name and so cannot verify it.
NAME = "ldap.example.org"
TOP_SRC = os.environ.get("top_srcdir") or os.path.abspath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TOP_BUILD = os.environ.get("top_builddir") or os.getcwd()
# How many times slower than alone programs are: valgrind's are.
SLOW = int(os.environ.get("ROSTER_TEST_SLOW") or 1)


def within(promised, shared):
    """The promised limit of a time in a soak, which has the machine for
    itself; in make check, which shares it, only what is out of all
    proportion."""
    return promised if os.environ.get("SOAK_SECONDS") else shared


def skip(why):
    print("skip: " + why, flush=True)
    sys.exit(SKIP)


def need(*programs):
    """Skip unless every program is installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
    os.environ["PATH"] = path
    for name in programs:
        if shutil.which(name, path=path) is None:
            skip(name + " is not installed")


def need_modules(*names):
    """Skip unless each NSS or PAM module is installed."""
    for name in names:
        for place in ("/lib/*/", "/lib/*/security/", "/usr/lib/*/"):
            if glob.glob(place + name):
                break
        else:
            skip(name + " is not installed")


def sanitizer_environment():
    """A module built with sanitizers needs their run-time before slapd; what
    slapd itself leaks is not ours."""
    preload = os.environ.get("asan_lib")
    if not preload:
        return {}
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return {"LD_PRELOAD": preload, "ASAN_OPTIONS": options}


def loopback_up():
    """Raise lo: a new network namespace has it down."""
    flags, up = 0x8913, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(sock, flags, request)
        value = struct.unpack("16sh14x", answer)[1]
        fcntl.ioctl(sock, flags + 1, struct.pack("16sh14x", b"lo", value | up))


def isolate():
    """Run the test again inside namespaces of its own, where its processes
    end with it and its ports are nobody else's.  Skip where that is not
    permitted."""
    if os.environ.get(MARK):
        loopback_up()
        return
    need("unshare")
    command = ["unshare", "--mount", "--net", "--uts", "--pid", "--fork",
               "--kill-child", "--mount-proc"]
    if subprocess.run(command + ["true"], capture_output=True).returncode:
        skip("unshare is not permitted here")
    os.environ[MARK] = "1"
    os.execvp(command[0], command + [sys.executable, "-u"] + sys.argv)


def temporary_directory():
    """A fresh directory, removed at the end unless ROSTER_TEST_KEEP is set."""
    path = tempfile.mkdtemp(prefix="roster-test-")
    os.chmod(path, 0o755)
    if os.environ.get("ROSTER_TEST_KEEP"):
        print("kept: " + path)
    else:
        atexit.register(shutil.rmtree, path, True)
    return path


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(ask, seconds, what, every=0.02):
    """Ask until the answer is true and return it; a Failure at the end."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure("waited %g s in vain for %s" % (seconds, what))
        time.sleep(every)


class Failure(Exception):
    """The story cannot go on."""


class Story:
    """Claims, and what became of them."""

    def __init__(self):
        self.failed = 0
        self.made = 0
        self.begun = time.monotonic()
        self.promises = []

    def part(self, title):
        print("# [%5.1f s] %s" % (time.monotonic() - self.begun, title),
              flush=True)

    def claim(self, holds, sentence, seen=None):
        self.made += 1
        print(("ok   - " if holds else "FAIL - ") + sentence, flush=True)
        if not holds:
            self.failed += 1
            if seen is not None:
                print("       seen: %s" % (seen,), flush=True)
        return bool(holds)

    def same(self, seen, wanted, sentence):
        return self.claim(seen == wanted, sentence,
                          "%r instead of %r" % (seen, wanted))

    def promise(self, name, asked, reached, unit):
        """Say at the end how much of a promise of doc/reliability.md was
        tried.  Until it is called again nothing was: call it early.  What is
        measured is another unit, as "ms what takeover"."""
        self.promises = [one for one in self.promises
                         if (one[0], one[3]) != (name, unit)]
        self.promises.append((name, asked, reached, unit))

    def end(self):
        failed = self.failed or (0 if self.made else 1)
        for name, asked, reached, unit in self.promises:
            print("promise %s asked %d reached %d violations %d unit %s" %
                  (name, asked, reached, failed, unit))
        print("# %d claims, %d failed" % (self.made, self.failed), flush=True)
        sys.exit(1 if self.failed or not self.made else 0)


class Soak:
    """How much of a test to do: so many rounds, or fewer when SOAK_SECONDS
    have passed.  One is always done, and SOAK_FLOOR of them."""

    def __init__(self, asked):
        self.asked = asked
        self.floor = min(float(os.environ.get("SOAK_FLOOR") or 1), asked)
        self.seconds = float(os.environ.get("SOAK_SECONDS", "0"))
        self.seed = os.environ.get("SOAK_SEED")

    def left(self):
        """Seconds that are left, or None when nobody asked."""
        if not self.seconds:
            return None
        return max(BEGUN + self.seconds - time.monotonic(), 0)

    def more(self, done):
        return done < self.asked and (done == 0 or done < self.floor or
                                      self.left() != 0)

    def dice(self, usual):
        """Dice that fall as usual, or as SOAK_SEED says."""
        if self.seed:
            print("# SOAK_SEED=" + self.seed, flush=True)
        return random.Random(self.seed or usual)


def run_story(tell, *programs):
    """Isolate, tell the story, answer with its exit status.  What the daemons
    logged is printed when it failed; a story that fails is not skipped."""
    need(*programs)
    isolate()
    story = Story()
    try:
        tell(story)
    except SystemExit as end:  # from skip()
        if end.code != SKIP or not story.failed:
            raise
        print("# no skip: a claim failed before", flush=True)
    except Failure as failure:
        story.claim(False, "the story goes on", failure)
    except Exception:  # a bug of the test or an answer it never expected
        import traceback
        traceback.print_exc(file=sys.stdout)
        story.claim(False, "the story goes on")
    for daemon in Daemon.all:
        daemon.kill()
        for trace in SANITIZERS:
            if trace in daemon.text():
                story.claim(False, "no %s in the log of %s" %
                            (trace, daemon.name))
    if story.failed:
        for daemon in Daemon.all:
            daemon.print_log()
    story.end()


def die_with_parent():
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


class Daemon:
    """A program that keeps running, its output in a file."""
    all = []
    LOG_TAIL = 60  # lines printed of a log after a failure

    def __init__(self, name, log):
        self.name = name
        self.log = log
        self.process = None
        Daemon.all.append(self)

    def start(self, command, **options):
        # not die_with_parent(): it follows the thread that forks, and a
        # kill test starts daemons from its threads; the namespace ends it
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, **options)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """SIGKILL, and wait for the end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, seconds=20):
        """SIGTERM, and the exit status; SIGKILL after so many seconds."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def text(self):
        try:
            with open(self.log, errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def print_log(self):
        lines = self.text().splitlines()[-self.LOG_TAIL:]
        print("# ---- %s, last %d lines" % (self.name, len(lines)))
        for line in lines:
            print("# " + line)
        sys.stdout.flush()


class Certificates:
    """A CA and one server certificate for localhost, made by certtool; more
    are lines of its template."""

    def __init__(self, directory, days=3650, more=""):
        self.dir = directory
        self.ca = os.path.join(directory, "ca.pem")
        self.ca_key = os.path.join(directory, "ca.key")
        self._new_key(self.ca_key)
        self._certtool("--generate-self-signed", "--load-privkey", self.ca_key,
                       "--template", self._template(
                           'cn = "Roster test CA"\nca\ncert_signing_key\n'
                           "expiration_days = 3650\n"), "--outfile", self.ca)
        self.cert, self.key = self.sign(
            "server", "localhost", 'dns_name = "' + NAME + '"\n'
            'ip_address = "127.0.0.1"\nexpiration_days = %d\n%s' %
            (days, more))

    def sign(self, file, name, more="expiration_days = 30\n"):
        """(certificate, key) of this CA for a server of that name."""
        cert, key = (os.path.join(self.dir, file + end)
                     for end in (".pem", ".key"))
        self._new_key(key)
        self._certtool("--generate-certificate", "--load-privkey", key,
                       "--load-ca-certificate", self.ca,
                       "--load-ca-privkey", self.ca_key,
                       "--template", self._template(
                           'cn = "%s"\ndns_name = "%s"\ntls_www_server\n'
                           "signing_key\n%s" % (name, name, more)),
                       "--outfile", cert)
        return cert, key

    def _template(self, text):
        path = os.path.join(self.dir, "template")
        with open(path, "w") as out:
            out.write(text)
        return path

    def _new_key(self, path):
        self._certtool("--generate-privkey", "--key-type", "ecdsa",
                       "--outfile", path)

    @staticmethod
    def _certtool(*arguments):
        done = subprocess.run(("certtool",) + arguments, capture_output=True)
        if done.returncode:
            raise Failure("certtool: " + done.stderr.decode())


class Sink:
    """A real SMTP server that keeps what it gets."""

    def __init__(self):
        from aiosmtpd.controller import Controller
        self.messages = []
        self.addresses = set()  # all that ever got one
        self._arrived = threading.Condition()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1",
                                      port=self.port)
        self._controller.start()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content,
                                           policy=email.policy.default)
        with self._arrived:
            self.messages.append((envelope.rcpt_tos, message))
            self.addresses.update(envelope.rcpt_tos)
            self._arrived.notify_all()
        return "250 kept"

    def got(self, address):
        with self._arrived:
            return address in self.addresses

    def wait_for(self, address, seconds=15):
        """The first message to address, taken out."""
        def take():
            for n, (recipients, message) in enumerate(self.messages):
                if address in recipients:
                    return self.messages.pop(n)[1]
            return None
        with self._arrived:
            found = []
            if not self._arrived.wait_for(
                    lambda: found or found.extend(filter(None, [take()]))
                    or found, seconds):
                raise Failure("no mail to %s came" % address)
            return found[0]

    def stop(self):
        self._controller.stop()
