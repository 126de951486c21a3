# SPDX-License-Identifier: OLDAP-2.8
"""session.py - a client of rosterd that keeps its connection"""
import time

import requests


class Web(requests.Session):
    """rosterd ends a connection on which it hears nothing for 10 s, maybe just
    as the next request is on its way: ask on another long before."""
    IDLE_S = 3

    def __init__(self):
        super().__init__()
        self.trust_env = False
        self.asked = 0

    def request(self, *arguments, **options):
        if time.monotonic() > self.asked + self.IDLE_S:
            self.close()
        self.asked = time.monotonic()
        return super().request(*arguments, **options)
