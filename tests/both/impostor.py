# SPDX-License-Identifier: OLDAP-2.8
"""impostor.py - somebody in between, in the place of an LDAP server

It listens where clients look for the server, ends their TLS with a certificate
of its own, keeps what they say and hands it on to the real server.  To who does
not look at certificates nothing is missing.
"""
import os
import select
import socket
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "hostile"))
import ber  # noqa: E402
from harness import Certificates  # noqa: E402

START_TLS = "1.3.6.1.4.1.1466.20037"
PROTOCOL_ERROR = 2  # what a server without TLS says
HANDSHAKE = b"\x16\x03"  # how a ClientHello begins
PATIENCE_S = 20
MUTE = object()  # who agrees to TLS, and then says nothing
HALTS = object()  # who begins to answer there, and then says nothing
SERVER_HELLO = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"


class Gone(Exception):
    """One end has left."""


class Visit:
    """A connection, and what was said there before TLS and within."""

    def __init__(self):
        self.asked = False  # for TLS
        self.clear, self.within = b"", b""

    def requests(self):
        """The operations: (tag, bytes).  Who leaves says so (unbind), and who
        was denied TLS may begin it all the same (sssd does): neither asks for
        anything."""
        found = []
        for said in (self.clear, self.within):
            if self.asked and said.startswith(HANDSHAKE):
                continue
            try:
                found += [ber.parts(value)[1] for _, value in ber.parts(said)]
            except (ber.Short, IndexError):
                found.append((None, said))
        return [(tag, value) for tag, value in found if tag != ber.UNBIND]


def some_of(sock):
    """What is there; None if that is no byte of what was said, but TLS's."""
    sock.setblocking(False)
    try:
        data = sock.recv(65536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    finally:
        sock.settimeout(PATIENCE_S)
    if not data:
        raise Gone
    return data


def message_of(sock):
    """(number, operation, its value, bytes) of the next message in clear."""
    data = b""
    while True:
        more = sock.recv(1)
        if not more:
            raise Gone
        data += more
        try:
            number, (tag, value) = ber.parts(ber.take(data)[1])[:2]
            return int.from_bytes(number[1], "big"), tag, value, data
        except ber.Short:
            pass


def asks_for_tls(tag, value):
    return tag == ber.EXTENDED and START_TLS.encode() in value


def anything():
    """TLS as one who does not look."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Impostor:
    """At address and port, in front of the server at real (address, port)."""

    def __init__(self, address, port, real):
        self.port, self.real = port, real
        self.visits = []
        self._socks, self._lock = set(), threading.Lock()
        self._context = None
        self._listener = socket.create_server((address, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def show(self, certificate, cut=True):
        """From now on this (file, file of its key), or MUTE, or HALTS, or
        None: there is no TLS.  Forget who came, and cut who is there."""
        context = certificate
        if certificate not in (None, MUTE, HALTS):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
        with self._lock:
            self._context, self.visits = context, []
            for sock in self._socks if cut else ():
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it has left

    def asked(self):
        """How many asked for TLS."""
        return len([visit for visit in self.visits if visit.asked])

    def said(self):
        """All that was heard but the questions for TLS."""
        return b"".join(visit.clear + visit.within for visit in self.visits)

    def requests(self):
        return [one for visit in self.visits for one in visit.requests()]

    def _accept(self):
        while True:
            sock, _ = self._listener.accept()
            with self._lock:
                visit = Visit()
                self.visits.append(visit)
                context = self._context
                self._socks.add(sock)  # or show() would not cut it
            threading.Thread(target=self._serve, daemon=True,
                             args=(sock, visit, context)).start()

    def _serve(self, sock, visit, context):
        ends = [sock]
        sock.settimeout(PATIENCE_S)
        try:
            ends.append(socket.create_connection(self.real, PATIENCE_S))
            self._meet(ends, visit, context)
            self._relay(*ends, visit)
        except (Gone, OSError):
            pass
        with self._lock:
            self._socks.discard(sock)
            self._socks.discard(ends[0])
        for end in ends:
            end.close()

    def _meet(self, ends, visit, context):
        """The first words: with a question for TLS, ends get it."""
        number, tag, value, data = message_of(ends[0])
        if not asks_for_tls(tag, value):
            visit.clear += data
            ends[1].sendall(data)
            return
        visit.asked = True
        ends[0].sendall(ber.message(ber.tlv(
            ber.EXTENDED_DONE, ber.integer(PROTOCOL_ERROR if context is None
                                           else 0, ber.ENUM),
            ber.octets(""), ber.octets("")), number=number))
        if context is None:
            return
        if context in (MUTE, HALTS):
            while ends[0].recv(65536):
                if context is HALTS:
                    ends[0].sendall(SERVER_HELLO)
            raise Gone
        ends[1].sendall(ber.message(ber.extended(START_TLS)))
        message_of(ends[1])
        ends[1] = anything().wrap_socket(ends[1])
        ends[0] = self._wrapped(ends[0], context)
        ends[0].do_handshake()

    def _wrapped(self, sock, context):
        with self._lock:  # show() finds the one or the other
            within = context.wrap_socket(sock, server_side=True,
                                         do_handshake_on_connect=False)
            self._socks.discard(sock)
            self._socks.add(within)
        return within

    @staticmethod
    def _relay(client, server, visit):
        while True:
            for sock in select.select([client, server], [], [])[0]:
                data = some_of(sock)
                if data is None:
                    continue
                if sock is server:
                    client.sendall(data)
                    continue
                if isinstance(sock, ssl.SSLSocket):
                    visit.within += data
                else:
                    visit.clear += data
                server.sendall(data)


def wrong_certificates(directory, certs, name):
    """{what is wrong with it: certificate} for the server of that name, whose
    own is of certs."""
    os.mkdir(directory)
    other = Certificates(directory)
    return {
        "another CA": other.sign("impostor", name),
        "another name": certs.sign("other", "other." + name),
        "an end that is over": certs.sign(
            "ended", name, 'activation_date = "2020-01-01 00:00:00"\n'
            'expiration_date = "2020-02-01 00:00:00"\n'),
        "no TLS at all": None,
    }
