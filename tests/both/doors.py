# SPDX-License-Identifier: OLDAP-2.8
"""doors.py - slapd beside rosterd, with a clock that can be set and a TCP port

Importing it finds the helpers of tests/slapd and tests/http.
"""
import os
import sys

import ldap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "slapd"),
                os.path.join(HERE, "..", "http")]
import rosterd as web  # noqa: E402
from harness import wait_until  # noqa: E402
from overlay import Server, person_dn  # noqa: E402


class TimedServer(Server):
    """slapd with a clock that is ahead by some seconds, also on TCP."""

    def __init__(self, **options):
        self.ahead_s = 0
        super().__init__(**options)
        self.port = web.free_port()
        self.tcp = "ldap://127.0.0.1:%d" % self.port
        self.ldapi = self.url

    def surroundings(self):
        env = dict(Server.surroundings())
        if self.ahead_s:
            env["LD_PRELOAD"] = " ".join(filter(None, (
                env.get("LD_PRELOAD"), web.faketime_library())))
            env["FAKETIME"] = "+%d" % self.ahead_s
            env["DONT_FAKE_MONOTONIC"] = "1"
            env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        return env

    def start_with(self, arguments):
        self.url = self.ldapi + " " + self.tcp
        self.daemon.start(["slapd", "-h", self.url, *arguments],
                          env=self.surroundings())
        self.url = self.ldapi
        wait_until(self.answers, 60, "slapd to answer")

    def tcp_bind(self, name, password):
        """The result code of a bind over TCP, from 127.0.0.1; of a person, or
        of the DN."""
        conn = ldap.initialize(self.tcp)
        conn.set_option(ldap.OPT_NETWORK_TIMEOUT, 20)
        conn.set_option(ldap.OPT_TIMEOUT, 60)
        try:
            conn.simple_bind_s(name if "=" in name else person_dn(name),
                               password)
            return 0
        except ldap.LDAPError as error:
            return error.args[0]["result"]
        finally:
            conn.unbind_s()
