#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""changes.py A B keys|channels: ten changes at both ends of lib.sh's picture,
by one process, since others take long to start."""

import ctypes
import os
import socket
import sys
import time

import nl
from nl import C, Nl
from nl_fixture import Fixture

TIMES = 10


class End:
    """sg0 in a network namespace"""

    def __init__(self, netns):
        fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
        if ctypes.CDLL(None).setns(fd, 0x40000000):
            sys.exit(f"no namespace {netns}")
        os.close(fd)
        self.nl = Nl()
        self.dev = nl.u32(C["A_DEV_IFINDEX"], socket.if_nametoindex("sg0"))

    def do(self, cmd, *attrs):
        self.nl.do(C[f"CMD_{cmd}"], self.dev, *attrs)


def keys(ends):
    """receive keys at both ends, then the others; the old ones go later"""
    for n in range(1, TIMES + 1):
        slot, cipher = n % 8, 1 + n % 2
        secrets = [bytes([n, side]) * 16 for side in (1, 2)]
        for end, secret in zip(ends, reversed(secrets)):
            end.do("KEY_NEW", *Fixture.key(slot, "RECEIVE", 1, cipher, secret))
        for end, secret in zip(ends, secrets):
            end.do("KEY_NEW", *Fixture.key(slot, "TRANSMIT", 1, cipher,
                                           secret))
            end.do("KEY_SWAP", *Fixture.key(slot, channel=1)[:2])
        # more than what is on its way takes
        time.sleep(0.3 * nl.SLOW)
        for end in ends:
            end.do("KEY_DEL", *Fixture.key((n - 1) % 8, channel=1)[:2])


def channels(ends):
    """each end selects the other channel"""
    for n in range(TIMES):
        for end in ends:
            end.do("PEER_SET", Fixture.peer(1),
                   nl.u32(C["A_PEER_TX_CHANNEL"], 2 - n % 2))
        time.sleep(0.1)


{"keys": keys, "channels": channels}[sys.argv[3]]([End(sys.argv[1]),
                                                   End(sys.argv[2])])
