# SPDX-License-Identifier: OLDAP-2.8
"""ber.py - LDAP as bytes: built by hand, so that it can be wrong

A value is bytes.  tlv() believes the length it is told, filter_of() makes of
"(&(a=b)(c=*))" what RFC 4511 says, Wire sends anything and reads what comes.
"""
import socket

SEQ, OCTETS, INTEGER, ENUM, BOOLEAN, SET = 0x30, 0x04, 0x02, 0x0A, 0x01, 0x31
BIND, BIND_DONE, UNBIND = 0x60, 0x61, 0x42
SEARCH, ENTRY, SEARCH_DONE, REFERENCE = 0x63, 0x64, 0x65, 0x73
MODIFY, MODIFY_DONE, ADD, ADD_DONE = 0x66, 0x67, 0x68, 0x69
DELETE, DELETE_DONE, RENAME, RENAME_DONE = 0x4A, 0x6B, 0x6C, 0x6D
COMPARE, COMPARE_DONE, ABANDON = 0x6E, 0x6F, 0x50
EXTENDED, EXTENDED_DONE = 0x77, 0x78
CONTROLS = 0xA0
NOTICE = "1.3.6.1.4.1.1466.20036"  # of disconnection


def length(n):
    if n < 0x80:
        return bytes([n])
    digits = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def tlv(tag, *parts, said=None):
    """said: the length octets, where they are to lie."""
    body = b"".join(text(part) for part in parts)
    return bytes([tag]) + (length(len(body)) if said is None else said) + body


def text(value):
    return value.encode() if isinstance(value, str) else value


def octets(value):
    return tlv(OCTETS, text(value))


def integer(n, tag=INTEGER):
    size = 1
    while not -(1 << (8 * size - 1)) <= n < 1 << (8 * size - 1):
        size += 1
    return tlv(tag, n.to_bytes(size, "big", signed=True))


def boolean(value):
    return tlv(BOOLEAN, b"\xff" if value else b"\0")


def seq(*parts):
    return tlv(SEQ, *parts)


def set_of(*parts):
    return tlv(SET, *parts)


def control(oid, critical=None, value=None):
    return seq(octets(oid), b"" if critical is None else boolean(critical),
               b"" if value is None else octets(value))


def message(op, controls=(), number=1):
    return seq(integer(number), op,
               tlv(CONTROLS, *controls) if controls else b"")


def bind(dn="", password="", version=3):
    return tlv(BIND, integer(version), octets(dn), tlv(0x80, password))


def search(base, scope=2, what=None, attrs=("1.1",), size=0, seconds=0,
           types=False, deref=0):
    if what is None:
        what = tlv(0x87, "objectClass")
    return tlv(SEARCH, octets(base), integer(scope, ENUM),
               integer(deref, ENUM), integer(size), integer(seconds),
               boolean(types), what, seq(*map(octets, attrs)))


def equal(attr, value):
    return tlv(0xA3, octets(attr), octets(value))


def present(attr):
    return tlv(0x87, attr)


def both(*terms):
    return tlv(0xA0, *terms)


def either(*terms):
    return tlv(0xA1, *terms)


def negated(term):
    return tlv(0xA2, term)


def substrings(attr, *pieces):
    """pieces: (tag, text) of 0x80 first, 0x81 any, 0x82 last."""
    return tlv(0xA4, octets(attr),
               seq(*(tlv(tag, part) for tag, part in pieces)))


def change(kind, attr, *values):
    return seq(integer(kind, ENUM),
               seq(octets(attr), set_of(*map(octets, values))))


def modify(dn, *changes):
    return tlv(MODIFY, octets(dn), seq(*changes))


def add(dn, *attrs):
    """attrs: (name, value...)"""
    return tlv(ADD, octets(dn), seq(*(
        seq(octets(one[0]), set_of(*map(octets, one[1:]))) for one in attrs)))


def rename(dn, rdn, drop=True, above=None):
    return tlv(RENAME, octets(dn), octets(rdn), boolean(drop),
               b"" if above is None else tlv(0x80, above))


def delete(dn):
    return tlv(DELETE, dn)


def compare(dn, attr, value):
    return tlv(COMPARE, octets(dn), seq(octets(attr), octets(value)))


def extended(oid, value=None):
    return tlv(EXTENDED, tlv(0x80, oid),
               b"" if value is None else tlv(0x81, value))


def abandon(number):
    return integer(number, ABANDON)


class Short(Exception):
    """Not all of it is here yet."""


def take(data, at=0):
    """(tag, value, where the next begins) of what is whole at at."""
    if len(data) < at + 2:
        raise Short
    tag, n, at = data[at], data[at + 1], at + 2
    if n & 0x80:
        size = n & 0x7F
        if len(data) < at + size:
            raise Short
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if len(data) < at + n:
        raise Short
    return tag, data[at:at + n], at + n


def parts(data):
    at, found = 0, []
    while at < len(data):
        tag, value, at = take(data, at)
        found.append((tag, value))
    return found


class Answer:
    """One message of the server."""

    def __init__(self, data):
        self.data = data
        fields = parts(data)
        self.number = int.from_bytes(fields[0][1], "big", signed=True)
        self.op, body = fields[1]
        self.controls = {}
        if len(fields) > 2:
            for _, one in parts(fields[2][1]):
                inner = parts(one)
                self.controls[inner[0][1].decode()] = inner[-1][1]
        self.code = self.dn = self.text = self.oid = None
        self.attrs = {}
        inner = parts(body)
        if self.op == ENTRY:
            self.dn = inner[0][1].decode()
            for _, one in parts(inner[1][1]):
                name, values = parts(one)
                self.attrs[name[1].decode()] = [
                    value for _, value in parts(values[1])]
        elif self.op != REFERENCE:
            self.code = int.from_bytes(inner[0][1], "big")
            self.text = inner[2][1].decode(errors="replace")
            for tag, value in inner[3:]:
                if tag == 0x8A:
                    self.oid = value.decode()

    def is_last(self):
        return self.op not in (ENTRY, REFERENCE)


class Closed(Exception):
    """The server ended the connection."""


class Wire:
    """A connection that says what it is told."""

    def __init__(self, path, seconds=20):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(seconds)
        self.sock.connect(path)
        self.buffer = b""

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def read(self):
        """The next message; Closed, or TimeoutError."""
        while True:
            try:
                _, value, end = take(self.buffer)
                self.buffer = self.buffer[end:]
                return Answer(value)
            except Short:
                pass
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                raise Closed from None
            if not more:
                raise Closed
            self.buffer += more

    def until_done(self):
        """All messages up to a result."""
        found = []
        while not found or not found[-1].is_last():
            found.append(self.read())
        return found

    def ask(self, op, controls=(), number=1):
        self.send(message(op, controls, number))
        return self.until_done()

    def bind(self, dn, password):
        code = self.ask(bind(dn, password))[-1].code
        if code:
            raise Closed("bind as %s: %d" % (dn, code))
        return self

    def close(self):
        self.sock.close()
