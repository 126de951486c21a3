# SPDX-License-Identifier: OLDAP-2.8
"""visitors.py - thousands of clients that never come to the point

Each stays as long as it is let, as slow as its kind is, and comes again when it
was shown out.  They are a process of their own, so that whoever asks meanwhile
waits for the server and not for them.
"""
import errno
import multiprocessing
import os
import resource
import select
import socket
import ssl
import time

PER_ADDRESS = 60    # below what one address may have
OPENING_MAX = 100   # at once: the kernel's queue is 511
TICK_S = 1.0        # between two bytes
SPARE_FILES = 200


class Kind:
    """What a visitor says first, and then with every tick."""

    def __init__(self, name, first=b"", drip=b"", reads=True, tls=False):
        self.name = name
        self.first = first
        self.drip = drip
        self.reads = reads  # else only some bytes with every tick
        self.tls = tls


class Visitor:
    def __init__(self, kind, source, address):
        self.kind = kind
        self.source = source
        self.address = address
        self.sock = None

    def come(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        if not self.kind.reads:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.bind((self.source, 0))
        self.since = time.monotonic()
        self.state = "connecting"
        self.heard = False
        if self.sock.connect_ex(self.address) not in (0, errno.EINPROGRESS):
            return False
        return True


class Visitors:
    """In their process.  told is the pipe to who started it, first the number
    of the first of their addresses."""

    def __init__(self, address, kinds, number, first, told):
        self.kinds = kinds
        self.told = told
        self.poll = select.epoll()
        self.inside = {}
        self.waiting = [
            Visitor(kinds[n % len(kinds)], "127.1.%d.%d" % divmod(
                first + n // PER_ADDRESS, 250), address)
            for n in range(number)]
        self.opening = 0
        self.stays = {kind.name: [0, 0.0] for kind in kinds}
        self.refused = 0
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def open_some(self):
        while self.waiting and self.opening < OPENING_MAX:
            visitor = self.waiting.pop()
            if not visitor.come():
                self.refused += 1
                visitor.sock.close()
                self.waiting.append(visitor)
                return
            self.opening += 1
            self.inside[visitor.sock.fileno()] = visitor
            self.poll.register(visitor.sock.fileno(), select.EPOLLOUT)

    def gone(self, visitor):
        """It was shown out, or never let in."""
        stayed = time.monotonic() - visitor.since
        if visitor.state == "inside":
            count = self.stays[visitor.kind.name]
            count[0] += 1
            count[1] = max(count[1], stayed)
        else:
            self.opening -= 1
            self.refused += 1
        fd = visitor.sock.fileno()
        self.poll.unregister(fd)
        del self.inside[fd]
        visitor.sock.close()
        self.waiting.append(visitor)

    def settle(self, visitor):
        """It is connected, and with TLS where its kind has that."""
        kind = visitor.kind
        fd = visitor.sock.fileno()
        if visitor.state == "connecting" and kind.tls:
            visitor.sock = self.context.wrap_socket(
                visitor.sock, do_handshake_on_connect=False)
            visitor.state = "greeting"
        if visitor.state == "greeting":
            try:
                visitor.sock.do_handshake()
            except ssl.SSLWantReadError:
                return self.poll.modify(fd, select.EPOLLIN)
            except ssl.SSLWantWriteError:
                return self.poll.modify(fd, select.EPOLLOUT)
        visitor.state = "inside"
        self.opening -= 1
        if kind.first:
            visitor.sock.send(kind.first)
        self.poll.modify(fd, select.EPOLLIN if kind.reads else
                         select.EPOLLRDHUP)

    def happened(self, visitor, events):
        try:
            if visitor.state != "inside":
                if events & (select.EPOLLERR | select.EPOLLHUP):
                    return self.gone(visitor)
                return self.settle(visitor)
            if not visitor.kind.reads or not visitor.sock.recv(65536):
                self.gone(visitor)
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            self.gone(visitor)

    def drip(self):
        for visitor in list(self.inside.values()):
            if visitor.state != "inside":
                continue
            try:
                if not visitor.kind.reads:
                    visitor.sock.recv(16)
                elif visitor.kind.drip:
                    visitor.sock.send(visitor.kind.drip)
            except (BlockingIOError, ssl.SSLWantReadError,
                    ssl.SSLWantWriteError):
                pass
            except OSError:
                self.gone(visitor)

    def run(self):
        next_tick = 0
        while not self.told.poll(0):
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + TICK_S
                self.drip()
                self.told.send((sum(one.state == "inside"
                                    for one in self.inside.values()),
                                self.stays, self.refused))
            self.open_some()
            for fd, events in self.poll.poll(0.02):
                if fd in self.inside:
                    self.happened(self.inside[fd], events)


def run_visitors(*arguments):
    os.nice(5)  # who asks is no faster for them
    Visitors(*arguments).run()


class Crowd:
    """Visitors from outside: how many there are, and how long they stay."""
    next_address = 250

    def __init__(self, port, kinds, number):
        self.wanted = number
        self.here, there = multiprocessing.Pipe()
        self.inside, self.stays, self.refused = 0, {}, 0
        self.process = multiprocessing.get_context("fork").Process(
            target=run_visitors, daemon=True,
            args=(("127.0.0.1", port), kinds, number, Crowd.next_address,
                  there))
        Crowd.next_address += number // PER_ADDRESS + 1
        self.process.start()

    def look(self):
        """The last word of them; how many are inside."""
        while self.here.poll(0):
            self.inside, self.stays, self.refused = self.here.recv()
        return self.inside

    def longest(self):
        """{kind: seconds} of those that were shown out."""
        return {kind: round(longest, 1)
                for kind, (count, longest) in self.stays.items() if count}

    def end(self):
        self.look()
        self.here.send("enough")
        while self.process.is_alive():
            self.look()
            self.process.join(0.02)


def open_files(number):
    """Let this process and what it starts have so many files; False where
    that is not permitted."""
    wanted = number + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (max(soft, min(hard, wanted)), max(hard, wanted)))
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (wanted, max(hard, wanted)))
        return True
    except (ValueError, OSError):
        return False
