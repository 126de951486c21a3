#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Where rosterd stands: certificates, proxies, systemd, probes, numbers."""
import fcntl
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import time

from rosterd import (Browser, FOLDER, PASSWORD, ROSTERD, Rosterd, SOURCE,
                     check, environment, free_port, main, need, person,
                     until)

PER_ADDRESS = 64  # connections
CROWDED = "127.9.9.9"
HEAD_S = 10       # who sends no request is cut off


def certificate(name, common="localhost"):
    need("openssl")
    key, cert = (os.path.join(FOLDER, name + end) for end in (".key", ".pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
         "-days", "3650", "-subj", "/CN=" + common, "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True,
        stderr=subprocess.DEVNULL)
    return cert, key


def talk_tls(rosterd, host="localhost", source=""):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", rosterd.port), timeout=30,
                                   source_address=(source, 0))
    return context.wrap_socket(raw, server_hostname=host)


def ask(link, path, host):
    """One request on a connection that stays; (status, body)."""
    link.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, host))
                 .encode())
    got = b""
    while b"\r\n\r\n" not in got:
        more = link.recv(65536)
        if not more:
            raise ConnectionError("closed")
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    wanted = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(body) < wanted:
        body += link.recv(65536)
    return int(head.split()[1]), body


def certificates_are_replaced_while_connections_live():
    first, second = certificate("one"), certificate("two")
    live = [os.path.join(FOLDER, "live." + end) for end in ("pem", "key")]

    def install(pair):
        for source, target in zip(pair, live):
            with open(source) as text:
                with open(target + ".new", "w") as out:
                    out.write(text.read())
            os.rename(target + ".new", target)

    def served():
        with talk_tls(rosterd) as link:
            return ssl.DER_cert_to_PEM_cert(link.getpeercert(True))

    def text(path):
        with open(path) as source:
            return source.read()
    install(first)
    rosterd = Rosterd(tls=live)
    host = "localhost:%d" % rosterd.port
    old = talk_tls(rosterd)
    assert ask(old, "/login", host)[0] == 200
    assert served() == text(first[0])
    install(second)
    # whoever is connected keeps asking meanwhile
    def replaced():
        assert ask(old, "/healthz", host)[0] == 200
        return served() == text(second[0])
    until(replaced, "the new certificate")
    assert ssl.DER_cert_to_PEM_cert(old.getpeercert(True)) == text(first[0])
    assert ask(old, "/login", host)[0] == 200
    # what is no pair is not used, and said once
    install((first[0], second[1]))
    until(lambda: "not used" in rosterd.log(), "a complaint")
    assert served() == text(second[0])
    assert ask(old, "/healthz", host)[0] == 200
    os.unlink(live[0])
    assert served() == text(second[0])
    install(first)
    until(lambda: served() == text(first[0]), "the first one again")
    assert "Sanitizer" not in rosterd.log()


def a_site_of_this_machine_has_all_its_names():
    rosterd = Rosterd(tls=certificate("names"))
    for host, status in (("localhost", 200), ("127.0.0.1", 200),
                         ("[::1]", 200), ("evil.example", 421),
                         ("127.0.0.1.evil.example", 421)):
        with talk_tls(rosterd) as link:
            got = ask(link, "/login", "%s:%d" % (host, rosterd.port))[0]
            assert got == status, (host, got)


def hup_reads_everything_anew():
    overrides = os.path.join(FOLDER, "overrides")
    os.makedirs(os.path.join(overrides, "static"))
    conf = os.path.join(FOLDER, "empty.conf")
    rosterd = Rosterd(settings={"DATA__OVERRIDES": overrides})
    admin = rosterd.admin()
    web = Browser(rosterd)
    css = re.search(r"/static/roster\.css\?v=\w+", web.open("/login")).group()
    try:
        # nonsense changes nothing
        with open(conf, "w") as out:
            out.write("[server]\nbogus = 1\n")
        rosterd.process.send_signal(signal.SIGHUP)
        until(lambda: "not reloaded" in rosterd.log(), "a complaint")
        assert css in web.open("/login")
        with open(os.path.join(overrides, "static", "roster.css"), "w") as o:
            o.write("body { color: teal }\n")
        with open(conf, "w") as out:
            out.write("[server]\nmetrics = off\n")
        rosterd.process.send_signal(signal.SIGHUP)
        until(lambda: '"reloaded"' in rosterd.log() or
              "rosterd: reloaded" in rosterd.log(), "the end of it")
        page = until(lambda: web.web.get(rosterd.url + "/login").text,
                     "an answer")
        assert css not in page, "the old stylesheet"
        check(web.web.get(rosterd.url + "/metrics"), 404)
        # sessions live on
        admin.get("/me")
        admin.post("/groups", {"cn": "crew"}, expect=201)
        for _ in range(3):
            rosterd.process.send_signal(signal.SIGHUP)
            admin.get("/me")
    finally:
        open(conf, "w").close()
    assert rosterd.stop() == 0


def connections(rosterd):
    with talk_tls(rosterd) as link:
        text = ask(link, "/metrics", "localhost:%d" % rosterd.port)[1]
    return int(re.search(rb"(?m)^roster_http_connections (\d+)$",
                         text).group(1))


def who_waits_at_a_reload_is_counted_no_more():
    """Connections that said nothing yet end with it, and their places are
    free."""
    rosterd = Rosterd(tls=certificate("waits"))
    silent = [socket.create_connection(("127.0.0.1", rosterd.port))
              for _ in range(5)]
    until(lambda: connections(rosterd) == 6, "all of them")
    rosterd.process.send_signal(signal.SIGHUP)
    until(lambda: "rosterd: reloaded" in rosterd.log(), "the reload")
    until(lambda: connections(rosterd) == 1, "none of them")
    for sock in silent:
        assert sock.recv(1) == b""
        sock.close()


def take_all_places(rosterd):
    """Of one address: with who said hello and who did not."""
    def come(n):
        """So many that say nothing; those that are let in."""
        came = [socket.create_connection(("127.0.0.1", rosterd.port), 30,
                                         (CROWDED, 0)) for _ in range(n)]
        with talk_tls(rosterd) as link:  # another's, who came after them
            assert ask(link, "/healthz", host)[0] == 200
        gone = select.select(came, [], [], 0)[0]
        for sock in gone:
            sock.close()
        return [sock for sock in came if sock not in gone]
    host = "localhost:%d" % rosterd.port
    until(lambda: connections(rosterd) == 1, "nobody")
    served = [talk_tls(rosterd, source=CROWDED) for _ in range(10)]
    silent = come(PER_ADDRESS)
    assert len(silent) == PER_ADDRESS - len(served), len(silent)
    assert come(2) == []
    # who says hello has the place he had
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    served.append(context.wrap_socket(silent.pop(),
                                      server_hostname="localhost"))
    assert ask(served[-1], "/healthz", host)[0] == 200
    assert come(2) == []
    # of either kind, who goes leaves one
    for sock in served[:2] + silent[:1]:
        sock.close()
    came = []
    until(lambda: came.extend(come(4)) or len(came) >= 3, "three places")
    assert len(came) == 3, len(came)
    assert come(1) == []
    return served[2:] + silent[1:] + came


def an_address_has_so_many_connections():
    """However far each is, and after a reload as before."""
    rosterd = Rosterd(tls=certificate("places"))

    def take():
        begun = time.monotonic()
        try:
            return take_all_places(rosterd)
        except AssertionError:
            # on a slow machine the first are cut off meanwhile
            if time.monotonic() - begun < HEAD_S - 2:
                raise
            return take_all_places(rosterd)
    held = take()
    rosterd.process.send_signal(signal.SIGHUP)
    until(lambda: "rosterd: reloaded" in rosterd.log(), "the reload")
    assert len(held) == PER_ADDRESS
    take()


def requests_survive_a_reload():
    """Nobody who keeps asking sees more than a closed connection."""
    import threading
    rosterd = Rosterd()
    admin = rosterd.admin()
    wrong, done, stop = [], [], threading.Event()

    def keep(n):
        client = rosterd.client()
        client.web.cookies.update(admin.web.cookies)
        client.csrf = admin.csrf
        i = 0
        while not stop.is_set():
            i += 1
            try:
                answer = client.request("POST", "/groups",
                                        {"cn": "g%dx%d" % (n, i)})
            except OSError:
                continue  # it was idle and is closed: asked again
            if answer.status_code == 201:
                done.append("g%dx%d" % (n, i))
            elif answer.status_code not in (409, 503):
                wrong.append((answer.status_code, answer.text))
    threads = [threading.Thread(target=keep, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            before = len(done)
            rosterd.process.send_signal(signal.SIGHUP)
            until(lambda: len(done) > before + 5 or rosterd.process.poll(),
                  "answers after a reload")
            assert rosterd.process.poll() is None, "rosterd ended"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong[:3]
    until(lambda: rosterd.log().count("rosterd: reloaded") >= 1, "a reload")
    seen = []

    def look(name):
        """Whether it is told; the last signal may be obeyed just now."""
        try:
            seen.append(admin.request("GET", "/groups/" + name).status_code)
        except OSError:
            return False
        return seen[-1] != 503
    for name in done[::7]:
        until(lambda: look(name), "the end of a reload")
    assert set(seen) <= {200, 503}, seen


def behind_a_proxy():
    rosterd = Rosterd(settings={"SERVER__TRUSTED_PROXIES":
                                "127.0.0.0/8, 10.0.0.0/8"})
    admin = rosterd.admin()
    for header, seen in (("203.0.113.7", "203.0.113.7"),
                         ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
                         ("6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
                         ("2001:db8::5", "[2001:db8::5]"),
                         ("nonsense", "127.0.0.1")):
        client = rosterd.client()
        client.post("/session", {"username": "ada", "password": PASSWORD},
                    expect=201, headers={"X-Forwarded-For": header})
        last = admin.get("/audit?action=sign-in&limit=1").json()["items"][0]
        assert last["address"].rsplit(":", 1)[0] == seen or \
            last["address"] == seen, (header, last["address"])
    two = rosterd.client().web.prepare_request(
        __import__("requests").Request("GET", rosterd.url + "/login"))
    assert two is not None
    # exactly one of them
    with socket.create_connection(("127.0.0.1", rosterd.port)) as link:
        link.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                     b"X-Forwarded-For: 1.2.3.4\r\n"
                     b"X-Forwarded-For: 5.6.7.8\r\n\r\n" % rosterd.port)
        assert b" 400 " in link.recv(100)
    rosterd.stop()
    # from anybody else it is only noise
    rosterd = Rosterd(state=rosterd.state)
    admin = rosterd.client()
    admin.post("/session", {"username": "ada", "password": PASSWORD},
               expect=201, headers={"X-Forwarded-For": "203.0.113.7"})
    item = admin.get("/me/sessions").json()["items"]
    assert not any("203" in one["address"] for one in item
                   if one["current"]), item


def a_proxy_that_was_asked_in_the_clear():
    path = os.path.join(FOLDER, "proxied")
    state, _ = environment()
    rosterd = Rosterd(state=state, settings={
        "SERVER__LISTEN": "unix:" + path, "SERVER__SOCKET_MODE": "0600",
        "SERVER__PUBLIC_URL": "https://roster.example.org/apps/roster",
        "SERVER__INSECURE_LOOPBACK": None,
        "SERVER__TRUSTED_PROXIES": "local"})
    assert os.stat(path).st_mode & 0o777 == 0o600
    for target, proto, status in (
            ("/apps/roster/login", "https", 200),
            ("/apps/roster/login", "http", 400),
            ("/apps/roster", "https", 303), ("/login", "https", 404),
            ("/readyz", "https", 200), ("/metrics", "https", 200)):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(path)
            link.sendall(("GET %s HTTP/1.1\r\nHost: roster.example.org\r\n"
                          "X-Forwarded-Proto: %s\r\nX-Forwarded-For: "
                          "203.0.113.9\r\nConnection: close\r\n\r\n"
                          % (target, proto)).encode())
            got = b""
            while True:
                more = link.recv(65536)
                if not more:
                    break
                got += more
        if target == "/metrics":
            status = 401  # asked for somebody far away
        assert int(got.split()[1]) == status, (target, proto, got[:200])
        if status == 200 and b"<html" in got:
            own = re.findall(rb'(?:href|src|action)="(/[^"]*)"', got)
            assert own and all(one.startswith(b"/apps/roster/")
                               for one in own), own
            assert b"Path=/\r" in got or b"Set-Cookie" not in got
        if status == 303:
            assert b"Location: /apps/roster/login" in got, got[:400]
    rosterd.stop()


LAUNCHER = """
import os, socket, sys
family, where = sys.argv[1], sys.argv[2]
s = socket.socket(getattr(socket, family))
s.bind(where if family == "AF_UNIX" else ("127.0.0.1", int(where)))
s.listen(16)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[3], sys.argv[3:])
"""


def systemd_hands_over_its_socket():
    state, _ = environment()
    port = free_port()
    note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    note.bind(os.path.join(FOLDER, "notify"))
    note.settimeout(30)
    env = {k: v for k, v in os.environ.items() if not k.startswith("ROSTER_")}
    env.update({
        "NOTIFY_SOCKET": os.path.join(FOLDER, "notify"),
        "ROSTER_SERVER__STATE": state,
        "ROSTER_SERVER__PUBLIC_URL": "http://127.0.0.1:%d" % port,
        "ROSTER_SERVER__INSECURE_LOOPBACK": "true",
        "ROSTER_SERVER__LISTEN": "unix:/nonexistent/socket",
        "ROSTER_DATA__TEMPLATES": os.path.join(SOURCE, "httpd/templates"),
        "ROSTER_DATA__STATIC": os.path.join(SOURCE, "httpd/static"),
        "ROSTER_DATA__LOCALE": os.path.join(SOURCE, "httpd/locale")})
    conf = os.path.join(FOLDER, "empty.conf")
    open(conf, "a").close()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, "AF_INET", str(port), ROSTERD,
         "--config", conf], env=env, stderr=subprocess.PIPE, text=True)
    try:
        assert note.recv(100) == b"READY=1"
        web = Rosterd.client(type("R", (), {"url": ""})).web
        url = "http://127.0.0.1:%d/readyz" % port
        check(web.get(url, timeout=30), 200)
        process.send_signal(signal.SIGHUP)
        assert note.recv(100) == b"RELOADING=1"
        assert note.recv(100) == b"READY=1"
        check(web.get(url, timeout=30), 200)
        process.send_signal(signal.SIGTERM)
        assert note.recv(100) == b"STOPPING=1"
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
    path = os.path.join(FOLDER, "given")
    env["ROSTER_SERVER__TLS_KEY"] = ""
    env.update(LISTEN_PID="1", LISTEN_FDS="2")
    process = subprocess.run(
        [ROSTERD, "--config", conf], env=dict(env, NOTIFY_SOCKET=""),
        text=True, capture_output=True, timeout=30)
    assert process.returncode == 2, process  # those are somebody else's
    assert "/nonexistent/socket" in process.stderr, process
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, "AF_UNIX", path, ROSTERD,
         "--config", conf], env=env, stderr=subprocess.DEVNULL)
    try:
        assert note.recv(100) == b"READY=1"
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(path)
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in link.recv(1000)
    finally:
        process.terminate()
        process.wait(30)
    assert os.path.exists(path), "systemd's socket is not ours to remove"


def numbers(rosterd, client=None, **more):
    web = (client or rosterd.client()).web
    answer = web.get(rosterd.url + "/metrics", timeout=30, **more)
    check(answer, 200)
    assert answer.headers["Content-Type"].startswith(
        "text/plain; version=0.0.4"), answer.headers
    found = {}
    for line in answer.text.splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP|TYPE) roster_\w+ ", line), line
            continue
        assert re.match(r'roster_\w+(\{status="\dxx"\})? \d+$', line), line
        name, value = line.rsplit(" ", 1)
        assert name not in found, name
        found[name] = int(value)
    return found


def metrics_count():
    rosterd = Rosterd()
    before = numbers(rosterd)
    admin = rosterd.admin()
    rosterd.client().sign_in("ada", "wrong wrong wrong", expect=401)
    rosterd.client().get("/nothing", expect=404)
    after = numbers(rosterd)
    gained = {name: after[name] - before[name] for name in after}
    assert gained["roster_sign_ins_total"] == 1, gained
    assert gained["roster_sign_in_failures_total"] == 1, gained
    assert gained['roster_http_requests_total{status="4xx"}'] == 2, gained
    assert gained['roster_http_requests_total{status="2xx"}'] == 3, gained
    assert gained["roster_entries"] == 1, gained
    assert gained["roster_sessions"] == 1, gained
    assert after["roster_map_bytes"] == 64 << 20, after
    assert 0 < after["roster_map_used_bytes"] < after["roster_map_bytes"]
    assert after["roster_slapd_up"] == 0, after
    for name in ("hash_queue", "work_queue", "outbox_queued", "full",
                 "oldest_reader_transactions", "oldest_reader_seconds",
                 "http_connections"):
        assert "roster_" + name in after, name
    assert abs(after["roster_start_time_seconds"] - time.time()) < 300
    assert "ada" not in rosterd.client().web.get(
        rosterd.url + "/metrics").text
    assert admin


def metrics_are_for_whom_the_setting_says():
    rosterd = Rosterd(settings={"SERVER__METRICS": "admins",
                                "SERVER__TRUSTED_PROXIES": "127.0.0.1"})
    admin = rosterd.admin()
    admin.post("/users", person("bob"), expect=201)
    bob = rosterd.client()
    bob.sign_in("bob")
    everything = admin.post("/me/tokens", {"name": "a"}, expect=201).json()
    narrow = admin.post("/me/tokens", {"name": "b", "scope": ["GET /metrics"]
                                       }, expect=201).json()
    other = admin.post("/me/tokens", {"name": "c", "scope": ["GET /users"]},
                       expect=201).json()
    bobs = bob.post("/me/tokens", {"name": "d"}, expect=201).json()

    def status(client, token=None, **headers):
        if token:
            headers["Authorization"] = "Bearer " + token["token"]
        return client.web.get(rosterd.url + "/metrics", headers=headers,
                              timeout=30).status_code
    stranger = rosterd.client()
    assert status(stranger) == 401
    assert status(stranger, {"token": "rst_nonsense"}) == 401
    assert status(bob) == 403
    assert status(admin) == 200
    assert status(stranger, everything) == 200
    assert status(stranger, narrow) == 200
    assert status(stranger, other) == 403
    assert status(stranger, bobs) == 403
    rosterd.stop()
    for setting, near, far in (("local", 200, 401), ("anybody", 200, 200),
                               ("off", 404, 404)):
        again = Rosterd(state=rosterd.state, settings={
            "SERVER__METRICS": setting,
            "SERVER__TRUSTED_PROXIES": "127.0.0.1"})
        rosterd.url = again.url
        assert status(again.client()) == near, setting
        got = status(again.client(), **{"X-Forwarded-For": "203.0.113.7"})
        assert got == far, (setting, got)
        again.stop()


def rosterd_works_without_slapd_and_says_so():
    rosterd = Rosterd()
    admin = rosterd.admin()
    web = Browser(rosterd)
    web.open("/login")
    web.submit("/login", {"username": "ada", "password": PASSWORD})
    says = "LDAP is not being served"

    def ready():
        answer = admin.web.get(rosterd.url + "/readyz", timeout=30)
        check(answer, 200)
        return answer.json()
    assert ready() == {"status": "ready", "slapd": "down",
                       "role": "provider"}, ready()
    assert says in web.open("/users")
    admin.post("/groups", {"cn": "crew"}, expect=201)
    # what slapd does: see store/presence.h; tests/both has the real one
    with open(os.path.join(rosterd.state, "serving"), "w") as slapd:
        fcntl.flock(slapd, fcntl.LOCK_SH)
        assert ready()["slapd"] == "up"
        assert numbers(rosterd)["roster_slapd_up"] == 1
        assert says not in web.open("/users")
    assert ready()["slapd"] == "down"
    # a file that is none says nothing, and is no trouble of the environment's
    serving = os.path.join(rosterd.state, "serving")
    os.rename(serving, serving + ".away")
    os.symlink(serving + ".away", serving)
    assert ready()["slapd"] == "unknown"
    assert "\nroster_slapd_up NaN\n" in admin.web.get(
        rosterd.url + "/metrics", timeout=30).text
    os.rename(serving + ".away", serving)
    assert ready()["slapd"] == "down"
    # nobody else is told
    assert says not in Browser(rosterd).open("/login")


if __name__ == "__main__":
    main(certificates_are_replaced_while_connections_live,
         a_site_of_this_machine_has_all_its_names, hup_reads_everything_anew,
         who_waits_at_a_reload_is_counted_no_more,
         an_address_has_so_many_connections,
         requests_survive_a_reload, behind_a_proxy,
         a_proxy_that_was_asked_in_the_clear, systemd_hands_over_its_socket,
         metrics_count, metrics_are_for_whom_the_setting_says,
         rosterd_works_without_slapd_and_says_so)
