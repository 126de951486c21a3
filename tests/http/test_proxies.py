#!/usr/bin/python3
# SPDX-License-Identifier: OLDAP-2.8
"""Bad HTTP by way of nginx and HAProxy: refused by one of the two, and nobody
takes a part of it for the next request.

The rows of test_gate.py.  The proxies keep their connections to rosterd, so
whatever is left of a row on one of them would answer the next who asks: for
each row several do, and each must get what he asked for.
"""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys

import test_gate
from rosterd import (FOLDER, Rosterd, free_port, main, until)
from test_gate import ask, request, statuses

SILENCE_S = 1  # it may wait for the rest of a body
ANSWER_S = 10  # for the first of an answer, where there is one
MORE_S = 0.1  # for a second one
NEXT = 3  # who ask after each row, on a connection each

NGINX = """
daemon off;
worker_processes 1;
pid %(dir)s/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %(dir)s;
	proxy_temp_path %(dir)s;
	fastcgi_temp_path %(dir)s;
	uwsgi_temp_path %(dir)s;
	scgi_temp_path %(dir)s;
	upstream rosterd { server 127.0.0.1:%(to)d; keepalive 1; }
	server {
		listen 127.0.0.1:%(port)d;
		location / {
			proxy_pass http://rosterd;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $remote_addr;
			proxy_set_header X-Forwarded-Proto $scheme;
		}
	}
}
"""
HAPROXY = """
global
	maxconn 256
defaults
	mode http
	timeout connect 30s
	timeout client 30s
	timeout server 30s
	http-reuse always
frontend site
	bind 127.0.0.1:%(port)d
	http-request set-header X-Forwarded-Proto http
	http-request set-header X-Forwarded-For %%[src]
	default_backend rosterd
backend rosterd
	server one 127.0.0.1:%(to)d pool-max-conn 1
"""
# What a proxy mends on its way is lawful when it arrives.  Anything else that
# is let in is not.
MENDED = {
    "nginx": {
        "GET with chunks": 200,  # none: there is no body
        "bare LF": 200,
        "one bare LF": 200,
        "a header with a comma in its name": 200,  # and is left out
        "two X-Forwarded-For": 200,  # its own instead
        "absolute target of another": 303,  # by its Host, which is ours
    },
    "haproxy": {
        "two Hosts": 200,  # the same one twice
        "bare LF": 200,
        "one bare LF": 200,
        "obs-fold": 200,
        "two X-Forwarded-For": 200,
        "HTTP/9.9": 200,  # it speaks 1.1 to us
        "HTTP/2.0": 200,
    },
}


class Proxy:
    """One of them, before a rosterd; .port is where it listens."""

    def __init__(self, name):
        self.name = name
        self.port = free_port()
        test_gate.HOST = b"127.0.0.1:%d" % self.port
        self.rosterd = Rosterd(settings={
            "SERVER__TRUSTED_PROXIES": "127.0.0.1",
            "SERVER__PUBLIC_URL": "http://127.0.0.1:%d" % self.port})
        self.log_path = os.path.join(FOLDER, name + ".log")
        conf = os.path.join(FOLDER, name + ".conf")
        folder = os.path.join(FOLDER, name)
        os.mkdir(folder)
        with open(conf, "w") as out:
            out.write({"nginx": NGINX, "haproxy": HAPROXY}[name] % {
                "dir": folder, "port": self.port, "to": self.rosterd.port})
        command = {"nginx": ["nginx", "-e", "stderr", "-p", folder, "-c",
                             conf],
                   "haproxy": ["haproxy", "-db", "-f", conf]}[name]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until(self.answers, name)
        except Exception:
            self.process.kill()
            with open(self.log_path) as log:
                raise AssertionError(log.read())

    def answers(self):
        assert self.process.poll() is None, self.name + " ended"
        try:
            return self.well() is None
        except OSError:
            return False

    def well(self):
        """What is wrong with the next who asks, or None."""
        for path, has in ((b"/healthz", b"ok"), (b"/login", b"<form"),
                          (b"/nothing", b"404")):
            got, _ = ask(self, request(b"GET " + path + b" HTTP/1.1",
                                       b"Connection: close"))
            if len(statuses(got)) != 1 or has not in got:
                return "%s: %s" % (path.decode(), got[:200])
        return None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.rosterd.stop()


def answers_to(proxy, data):
    """The statuses of all that comes back: a proxy leaves the connection
    open where rosterd does not."""
    with socket.create_connection(("127.0.0.1", proxy.port)) as link:
        got = b""
        try:
            link.sendall(data)
            if not select.select([link], [], [], SILENCE_S)[0]:
                link.shutdown(socket.SHUT_WR)  # no, nothing comes after it
            link.settimeout(ANSWER_S)
            while True:
                more = link.recv(65536)
                if not more:
                    break
                got += more
                if b"\r\n\r\n" in got:
                    link.settimeout(MORE_S)
        except OSError:
            pass
    return statuses(got)


def judge(proxy, name, data, status):
    """What is wrong with a row, or None."""
    told = answers_to(proxy, data)
    refused = bool(told) and told[0] >= 400 or not told
    mended = MENDED[proxy.name].get(name)
    if mended is not None:
        good = told[:1] == [mended]
    else:
        good = told[:1] == [status] if status < 400 else refused
    if not good or len(told) > 1 and told != [told[0]] * len(told):
        return "%s: %s instead of %s" % (name, told, mended or status)
    for _ in range(NEXT):
        wrong = proxy.well()
        if wrong:
            return "after %s: %s" % (name, wrong)
    return None


def rows_by(name):
    if shutil.which(name) is None:
        print("# %s is not installed" % name)
        return 0
    proxy = Proxy(name)
    try:
        table = test_gate.table()
        wrong = [one for one in (judge(proxy, *row) for row in table) if one]
        assert not wrong, "%s:\n%s" % (name, "\n".join(wrong))
        assert "smuggled" not in proxy.rosterd.log()
        return len(table)
    finally:
        proxy.stop()


tried = []


def behind_nginx():
    tried.append(rows_by("nginx"))


def behind_haproxy():
    tried.append(rows_by("haproxy"))


def all_rows_were_tried():
    asked = 2 * len(test_gate.table())
    print("promise H4 asked %d reached %d violations 0 unit rows" % (
        asked, sum(tried)))


if not any(shutil.which(name) for name in MENDED):
    print("skipped: neither nginx nor haproxy is installed")
    sys.exit(77)
main(behind_nginx, behind_haproxy, all_rows_were_tried)
