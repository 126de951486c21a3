# SPDX-License-Identifier: OLDAP-2.8
"""proxy.py - between a client and slapd, and what the client said

A session file has a line for each message of a client, in hex; "connection"
begins another.  '#' begins a comment.
"""
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ber import Short, take  # noqa: E402


class Proxy:
    """Listens on a port of loopback, hands on to slapd's local socket."""

    def __init__(self, path):
        self.path = path
        self.connections = []  # lists of messages
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            server.connect(self.path)
            said = []
            self.connections.append(said)
            for ends in ((client, server, said), (server, client, None)):
                threading.Thread(target=self._hand_on, args=ends,
                                 daemon=True).start()

    @staticmethod
    def _hand_on(source, target, said):
        buffer = b""
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
                if said is None:
                    continue
                buffer += data
                try:
                    while True:
                        end = take(buffer)[2]
                        said.append(buffer[:end])
                        buffer = buffer[end:]
                except Short:
                    pass
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def operation_of(message):
    """A message without its number."""
    body = take(message)[1]
    return body[take(body)[2]:]


def write_session(path, about, connections, most):
    """Each message once, and none longer than most: a client says the same
    many times."""
    seen = set()
    with open(path, "w") as out:
        out.write("# SPDX-License-Identifier: OLDAP-2.8\n# %s\n" % about)
        for said in connections:
            fresh = []
            for one in said:
                what = operation_of(one)
                if what not in seen and len(one) <= most:
                    fresh.append(one)
                seen.add(what)
            if fresh:
                out.write("connection\n")
                out.writelines(one.hex() + "\n" for one in fresh)


def read_session(path):
    connections = []
    with open(path) as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line == "connection":
                connections.append([])
            elif line:
                connections[-1].append(bytes.fromhex(line))
    return connections
