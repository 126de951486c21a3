# SPDX-License-Identifier: OLDAP-2.8
"""loads.py - running one row against one server, and what it cost there"""
import hashlib
import json
import os
import re
import select
import subprocess

import ldap

from data import PASSWORD, ROOT, ROOT_PASSWORD, SERVICE, SERVICE_PASSWORD
from harness import TOP_BUILD, Failure
from rows import range_of
from servers import cpu_of

CLIENT = os.path.join(TOP_BUILD, "bench", "client")
RAW = os.path.join(TOP_BUILD, "bench", "raw")
ANSWERS_COMPARED = 20
# Classes that a server without Roster's schema leaves out.
LEFT_OUT = ("roster", "ldappublickey")
OWN_VALUES = ("modifytimestamp",)  # each server's own
MANY_S = 3600
LDCLT_S = 120  # it was seen not to end


class Load:
    """bench/client against a server, until it is told to stop or ends by
    itself."""

    def __init__(self, server, row, seconds, folder, first=0, operations=0,
                 threads=None, words=None, who=None):
        dn, password = who or ((ROOT, ROOT_PASSWORD) if row.root else
                               (SERVICE, SERVICE_PASSWORD))
        command = [CLIENT, "-g", "-H", server.url, "-D", dn, "-w", password,
                   "-t", str(threads or row.threads), "-s", str(seconds),
                   "-e", str(row.expect), "-o", str(first),
                   "-f", os.path.join(folder, row.keys)]
        operations = operations or row.operations
        if operations:
            command += ["-n", str(operations)]
        if row.page:
            command += ["-z", str(row.page)]
        if row.in_order:
            command.append("-q")
        self.server, self.row = server, row
        self.process = subprocess.Popen(
            command + ["--"] + (words or row.words), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        if self.process.stdout.readline() != "ready\n":
            self.fail()

    def fail(self):
        raise Failure("%s on %s: %s" % (self.row.name, self.server.name,
                                        self.process.communicate()[1]))

    def go(self):
        self.cpu = cpu_of(self.server.pid)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self, patience_s=MANY_S):
        """What it measured."""
        if not select.select([self.process.stdout], [], [], patience_s)[0]:
            raise Failure("no search was over in %d s" % patience_s)
        line = self.process.stdout.readline()
        cpu = cpu_of(self.server.pid) - self.cpu
        if not line:
            self.fail()
        found = json.loads(line)
        _, errors = self.process.communicate("end\n", timeout=MANY_S)
        if self.process.returncode:
            raise Failure(errors)
        if found["operations"] == 0:
            raise Failure("%s on %s: nothing was done" % (
                self.row.name, self.server.name))
        found["cpu_s"] = cpu
        found["told"] = errors.strip()
        return figures(found)


def figures(found):
    """The columns of the table, of what a client said."""
    n = max(found["operations"], 1)
    return {"rate": n / found["seconds"], "cpu_us": found["cpu_s"] / n * 1e6,
            "p50_us": found["p50_us"], "p99_us": found["p99_us"],
            "operations": found["operations"], "wrong": found["wrong"],
            "entries": found.get("entries", 0) / n,
            "told": found.get("told", ""),
            **{key: found[key] for key in ("max_us",) if key in found}}


def measure(server, row, seconds, folder, **more):
    load = Load(server, row, seconds, folder, **more)
    load.go()
    return load.end()


RATE = re.compile(r"Global average rate:\s+[0-9.]+/thr\s+\(\s*([0-9.]+)/sec\), "
                  r"total:\s+([0-9]+)")


def ldclt(server, row, rate, seconds, people):
    """The same by ldclt, as many operations as rate makes in the seconds:
    processor time of the server for each, and how many a second.  As nobody:
    its binds are within what is measured, and a password costs as much as some
    hundred searches."""
    filter_, kind, attributes = row.ldclt
    per_thread = max(int(rate * seconds / row.threads), 1)
    params = "esearch,attrlist=" + attributes.replace(",", ":")
    command = ["ldclt", "-h", "127.0.0.1", "-p", str(server.port),
               "-b", row.words[1],
               "-f", filter_, "-n", str(row.threads), "-T", str(per_thread),
               "-N", str(LDCLT_S // 10), "-q"]
    if kind is not None:
        low, high = range_of(kind, people)
        command += ["-r", str(low), "-R", str(high)]
        params += ",random"
    cpu = cpu_of(server.pid)
    done = subprocess.run(command + ["-e", params], capture_output=True,
                          text=True, timeout=LDCLT_S + 30)
    cpu = cpu_of(server.pid) - cpu
    total = RATE.search(done.stdout)
    if total is None or int(total.group(2)) == 0:
        raise Failure("ldclt on %s: %s" % (server.name, done.stdout[-1500:]))
    return {"ldclt_cpu_us": cpu / int(total.group(2)) * 1e6}


def answers(server, row, lines, limit=ANSWERS_COMPARED):
    """What the server answers to the row's search, in one form for all: a
    digest of it, and the first that it found."""
    scopes = {"base": 0, "one": 1, "sub": 2}
    link = server.connection()
    digest, first = hashlib.sha256(), None
    asked = []
    for line in lines[:: max(len(lines) // limit, 1)][:limit]:
        words = list(row.words)
        for at, column in enumerate(line.split("\t")):
            words = [word.replace("{%d}" % at, column) for word in words]
        if words not in asked:
            asked.append(words)
    for words in asked:
        if words[0] == "compare":
            found = [link.compare_s(words[1], words[2], words[3].encode())]
        else:
            found = sorted(canonical(dn, attrs) for dn, attrs in link.search_s(
                words[1], scopes[words[2]], words[3], words[4].split(",")))
        digest.update(repr(found).encode())
        if found and first is None:
            first = repr(found[0])[:600]
    link.unbind_s()
    if first is None:
        raise Failure("%s finds nothing" % server.name)
    return digest.digest(), first


def canonical(dn, attrs):
    form = []
    for name, values in attrs.items():
        name = name.lower()
        if name in OWN_VALUES:
            continue  # the ceiling has none
        if name == "objectclass":
            values = [value for value in map(bytes.lower, values)
                      if not value.decode().startswith(LEFT_OUT)]
        form.append((name, sorted(values)))
    return dn.lower(), sorted(form)


def other_answers(servers, row, folder):
    """[(server, why)]: those whose answers are not those of most (of the first,
    where as many say one thing as another): there are no fast wrong answers in
    the table."""
    with open(os.path.join(folder, row.keys)) as keys:
        lines = keys.read().splitlines()
    said, bad = {}, []
    for server in servers:
        try:
            server.primary(row.primary)
            digest, first = answers(server, row, lines)
            said.setdefault(digest, []).append((server, first))
        except (Failure, OSError, ldap.LDAPError) as error:
            bad.append((server, "%s on %s: %s" % (row.name, server.name,
                                                  error)))
    right = max(said.values(), key=len, default=[])
    for group in said.values():
        if group is not right:
            bad += [(server, "%s: %s and %s differ:\n%s\n%s" % (
                row.name, right[0][0].name, server.name, right[0][1], first))
                for server, first in group]
    return bad


def raw(*words):
    done = subprocess.run([RAW] + [str(word) for word in words], text=True,
                          capture_output=True)
    if done.returncode:
        raise Failure("raw: " + done.stderr)
    return done.stdout.strip()


class Background:
    """Binds with wrong passwords of many people from many connections, until
    it is closed."""

    def __init__(self, url, connections, folder):
        command = [CLIENT, "-g", "-H", url, "-t", str(connections),
                   "-s", str(MANY_S), "-e", "49",
                   "-f", os.path.join(folder, "keys"), "--", "bind", "{2}",
                   "wrong-" + PASSWORD]
        self.process = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.process.stdout.readline() != "ready\n":
            raise Failure("%d connections could not be made" % connections)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.communicate()
