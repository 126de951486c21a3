# SPDX-License-Identifier: OLDAP-2.8
"""ber.py - LDAP on the wire: requests in, whole answers out

An answer is kept byte for byte, with everything that libraries hide: result
controls of an error, entries before a size limit, the order of values.
"""
import socket


def tlv(tag, content):
    n = len(content)
    if n < 128:
        return bytes((tag, n)) + content
    size = (n.bit_length() + 7) // 8
    return bytes((tag, 128 | size)) + n.to_bytes(size, "big") + content


def integer(value, tag=2):
    size = (value.bit_length() + 8) // 8
    return tlv(tag, value.to_bytes(max(size, 1), "big", signed=True))


def octets(value, tag=4):
    return tlv(tag, value)


def boolean(value, tag=1):
    return tlv(tag, b"\xff" if value else b"\0")


def sequence(*parts, tag=0x30):
    return tlv(tag, b"".join(parts))


def attribute(name, values):
    return sequence(octets(name), sequence(*map(octets, values), tag=0x31))


SIMPLE_LEAVES = {"eq": 0xa3, "ge": 0xa5, "le": 0xa6, "approx": 0xa8}


def filter_bytes(f):
    """BER of ("and", f...), ("eq", type, value), ("sub", type, initial, any,
    final), ("ext", rule, type, value, dn)..."""
    kind = f[0]
    if kind in ("and", "or"):
        return sequence(*map(filter_bytes, f[1:]),
                        tag=0xa0 if kind == "and" else 0xa1)
    if kind == "not":
        return sequence(filter_bytes(f[1]), tag=0xa2)
    if kind in SIMPLE_LEAVES:
        return sequence(octets(f[1]), octets(f[2]), tag=SIMPLE_LEAVES[kind])
    if kind == "present":
        return octets(f[1], 0x87)
    if kind == "sub":
        parts = [] if f[2] is None else [octets(f[2], 0x80)]
        parts += [octets(one, 0x81) for one in f[3]]
        parts += [] if f[4] is None else [octets(f[4], 0x82)]
        return sequence(octets(f[1]), sequence(*parts), tag=0xa4)
    parts = [] if f[1] is None else [octets(f[1], 0x81)]
    parts += [] if f[2] is None else [octets(f[2], 0x82)]
    parts.append(octets(f[3], 0x83))
    if f[4]:
        parts.append(boolean(True, 0x84))
    return sequence(*parts, tag=0xa9)


def request_bytes(op):
    """BER of a request: a tuple of its kind and its parts."""
    kind = op[0]
    if kind == "bind":
        return sequence(integer(3), octets(op[1]), octets(op[2], 0x80),
                        tag=0x60)
    if kind == "add":
        return sequence(octets(op[1]), sequence(*(attribute(name, values)
                        for name, values in op[2])), tag=0x68)
    if kind == "delete":
        return octets(op[1], 0x4a)
    if kind == "modify":
        return sequence(octets(op[1]), sequence(*(
            sequence(integer(verb, 10), attribute(name, values))
            for verb, name, values in op[2])), tag=0x66)
    if kind == "modrdn":
        return sequence(octets(op[1]), octets(op[2]), boolean(op[3]),
                        b"" if op[4] is None else octets(op[4], 0x80),
                        tag=0x6c)
    if kind == "compare":
        return sequence(octets(op[1]), sequence(octets(op[2]),
                                                octets(op[3])), tag=0x6e)
    if kind == "search":
        _, base, scope, deref, size, types_only, f, attrs = op[:8]
        return sequence(octets(base), integer(scope, 10), integer(deref, 10),
                        integer(size), integer(0), boolean(types_only),
                        filter_bytes(f), sequence(*map(octets, attrs)),
                        tag=0x63)
    raise ValueError(kind)


def control_value(value):
    """BER of what a control carries: ("filter", f), ("attrs", names)..."""
    kind, inner = value[0], value[1]
    if kind == "filter":
        return filter_bytes(inner)
    if kind == "filters":
        return sequence(*map(filter_bytes, inner))
    if kind == "attrs":
        return sequence(*map(octets, inner))
    if kind == "bool":
        return boolean(inner)
    if kind == "sort":
        name, reverse = inner
        return sequence(sequence(octets(name),
                                 boolean(True, 0x81) if reverse else b""))
    if kind == "page":
        return sequence(integer(inner), octets(value[2]))
    raise ValueError(kind)


def control_bytes(controls):
    """BER of (oid, critical, value or None)..."""
    if not controls:
        return b""
    return sequence(*(sequence(
        octets(oid), boolean(True) if critical else b"",
        b"" if value is None else octets(control_value(value)))
        for oid, critical, value in controls), tag=0xa0)


def split(data, at=0, end=None):
    """The (tag, content) pairs that data is made of."""
    end = len(data) if end is None else end
    parts = []
    while at < end:
        tag, n = data[at], data[at + 1]
        at += 2
        if n & 128:
            size = n & 127
            n = int.from_bytes(data[at:at + size], "big")
            at += size
        parts.append((tag, data[at:at + n]))
        at += n
    return parts


def attributes_of(content):
    """[(type, [value...])...] of a list of attributes."""
    found = []
    for _, one in split(content):
        (_, name), (_, values) = split(one)
        found.append((name, [value for _, value in split(values)]))
    return found


class Closed(Exception):
    """The server hung up."""


class Connection:
    def __init__(self, path, seconds=60):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(seconds)
        self.sock.connect(path)
        self.buffer = b""
        self.id = 0

    def close(self):
        self.sock.close()

    def send(self, request, controls=()):
        self.id += 1
        try:
            self.sock.sendall(sequence(integer(self.id),
                                       request, control_bytes(controls)))
        except OSError:
            raise Closed

    def message(self):
        """The next message's parts, its number first."""
        while True:
            if len(self.buffer) >= 2:
                n, head = self.buffer[1], 2
                if n & 128:
                    head += n & 127
                    n = int.from_bytes(self.buffer[2:head], "big")
                if len(self.buffer) >= max(head + n, 6):
                    break
            try:
                more = self.sock.recv(1 << 18)
            except OSError:
                raise Closed
            if not more:
                raise Closed
            self.buffer += more
        parts = split(self.buffer[head:head + n])
        self.buffer = self.buffer[head + n:]
        return parts

    def answer(self):
        """[(tag, content, controls)...] until the result."""
        found = []
        while True:
            parts = self.message()
            controls = b""
            if parts[0][1] == b"\0":
                raise Closed  # notice of disconnection
            if len(parts) > 2:
                controls = parts[2][1]
            tag, content = parts[1]
            found.append((tag, content, controls))
            if tag not in (0x64, 0x73, 0x79):
                return found

    def ask(self, request, controls=()):
        self.send(request, controls)
        return self.answer()
