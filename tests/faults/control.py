# SPDX-License-Identifier: OLDAP-2.8
"""control.py - the k-th allocation or system call of a process fails

The other half of fault.c, and what every sweep does: count what an act calls,
then do it again and again with one of these calls failing.  At most FAULTS of
them an act and kind, evenly spread.  A soak divides its time among acts and kinds,
and each takes calls from anywhere, since there are more than it has time for, and
at least as many as SOAK_FLOOR says.
"""
import errno
import math
import mmap
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "both"))
from harness import TOP_BUILD, Soak, skip  # noqa: E402

KINDS = {"memory": 1, "open": 2, "write": 4, "sync": 8, "map": 16}
ERRORS = {"memory": (errno.ENOMEM,),
          "open": (errno.EMFILE, errno.EIO, errno.EINTR),
          "write": (errno.EIO, errno.ENOSPC, errno.EINTR),
          "sync": (errno.EIO, errno.EINTR), "map": (errno.ENOMEM,)}
MANY = 1 << 30


class Control:
    def __init__(self, directory):
        self.library = os.path.join(TOP_BUILD, "tests/faults/.libs/libfault.so")
        if not os.path.exists(self.library):
            skip("the library of faults is not built")
        self.path = os.path.join(directory, "fault")
        with open(self.path, "wb") as out:
            out.write(bytes(16))
        os.chmod(self.path, 0o666)
        self.file = open(self.path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 16)

    def environment(self, objects, **more):
        preload = os.environ.get("asan_lib", "")
        return dict(os.environ, LD_PRELOAD=(preload + " " +
                                            self.library).strip(),
                    ROSTER_FAULT_CONTROL=self.path, ROSTER_FAULT_IN=objects,
                    **more)

    def arm(self, kind, k, error=errno.ENOMEM):
        self.map[:] = struct.pack("=4i", KINDS[kind], k, error, 0)

    def count(self, kind):
        self.arm(kind, MANY)

    def fired(self):
        return struct.unpack("=4i", self.map[:])[3] > 0

    def off(self):
        """Nothing fails any more; (calls that were counted, whether one
        failed)."""
        kinds, countdown, error, fired = struct.unpack("=4i", self.map[:])
        self.map[:] = bytes(16)
        return MANY - countdown, fired > 0


class Sweeps:
    """How many faults were tried in so many acts, and which are next."""

    @staticmethod
    def wanted(title):
        """FAULT_ACTS: pieces of titles, with commas; without it, each act."""
        pieces = os.environ.get("FAULT_ACTS", "").lower().split(",")
        return any(piece.strip() in title.lower() for piece in pieces)

    def __init__(self, story, usual, acts):
        self.story = story
        story.claim(acts > 0, "FAULT_ACTS names an act")
        self.turns = acts * len(ERRORS)  # that are left
        self.asked = max(int(os.environ.get("FAULTS", usual)), 2)
        self.soak = Soak(self.asked)
        self.dice = self.soak.dice(6)
        self.tried = {"D6": 0, "D7": 0}
        self.promise()

    def promise(self):
        for name, tried in self.tried.items():
            self.story.promise(name, self.asked, tried, "faults")

    def chosen(self, kind, n, times=1):
        """Which of n calls fails, and how, one after the other.  times: so
        many more than are asked for."""
        asked = max(int(self.asked * times), 2)
        if n <= asked:
            places = range(1, n + 1)
        else:
            places = sorted({1 + i * (n - 1) // (asked - 1)
                             for i in range(asked)})
        which = [(k, error) for error in ERRORS[kind] for k in places]
        floor = max(int(self.soak.floor * times), 1) * len(ERRORS[kind])
        left, end = self.soak.left(), math.inf
        if left is not None:
            self.dice.shuffle(which)
            end = time.monotonic() + left / max(self.turns, 1)
        self.turns -= 1
        for done, one in enumerate(which):
            if done >= floor and time.monotonic() > end:
                break
            self.tried["D7" if kind == "memory" else "D6"] += 1
            yield one
        self.promise()

    def sum(self):
        return sum(self.tried.values())

    def end(self):
        self.story.same(self.turns, 0, "each act and kind had its turn")
