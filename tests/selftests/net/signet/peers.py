#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Many peers, each with a prefix, a channel with a path, a label and keys."""

import os
import socket
import struct
import time
from errno import ENOENT, ENOSPC

import nl
from nl import C, Nl, equal
from nl_fixture import Fixture, path, prefix

# of keys: slow machines take more than the default
LIFE = nl.uint(C["A_KEY_HARD_MS"], 3600000)
MANY, BATCH = 1000 // nl.SLOW, 50
HERE = "127.0.0.1"


class Tunnel:
    """A device with a socket, and requests by the batch"""

    def __init__(self, name):
        self.name, self.index = name, nl.add_device(name)
        self.nl, self.queue = Nl(), []
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind((HERE, 0))
        self.port = self.sock.getsockname()[1]
        self.do("DEV_SET", nl.s32(C["A_DEV_SOCK4_FD"], self.sock.fileno()))
        nl.run(f"ip link set {name} up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        nl.del_device(self.name)
        self.sock.close()

    def dev(self):
        return nl.u32(C["A_DEV_IFINDEX"], self.index)

    def do(self, cmd, *attrs):
        return self.nl.do(C[f"CMD_{cmd}"], self.dev(), *attrs)

    def dump(self, cmd):
        found, interrupted = self.nl.dump(C[f"CMD_{cmd}"], self.dev())
        assert not interrupted, "nothing has changed meanwhile"
        return found

    def add(self, cmd, *attrs):
        """like do, with others in one datagram"""
        body = struct.pack("=BBH", C[f"CMD_{cmd}"], 1, 0) + self.dev() + \
            b"".join(attrs)
        self.nl.seq += 1
        self.queue.append(struct.pack("=IHHII", 16 + len(body), self.nl.family,
                                      nl.F_REQUEST | nl.F_ACK, self.nl.seq, 0)
                          + body)
        if len(self.queue) == BATCH:
            self.flush()

    def flush(self):
        left = len(self.queue)
        if left:
            self.nl.sock.send(b"".join(self.queue))
        self.queue = []
        while left:
            for kind, _, _, data in self.nl.receive():
                code = struct.unpack_from("=i", data)[0] if kind == 2 else 0
                assert not code, f"a request of a batch: {os.strerror(-code)}"
                left -= kind == 2


def inner(number, base):
    return f"10.{base}.{number >> 8}.{number & 255}"


def keys(number, receive, transmit):
    """attributes of both keys; numbers say which keys they are"""
    for direction, which in (("RECEIVE", receive), ("TRANSMIT", transmit)):
        yield Fixture.key(0, direction, number,
                          1 + number % 2, struct.pack("=II", number, which) * 4)


def populate(t, to, base, receive, transmit):
    """MANY peers of t, whose frames go to a port"""
    for n in range(1, MANY + 1):
        hop = struct.pack("=I", n) * 4
        t.add("PEER_NEW", Fixture.peer(n), prefix(inner(n, base), 32))
        t.add("CHANNEL_NEW", Fixture.channel(n), Fixture.of_peer(n),
              path(HERE, to, n, hop))
        t.add("LABEL_NEW", *Fixture.label(n, n, hop))
        for key in keys(n, receive, transmit):
            t.add("KEY_NEW", *key, LIFE)
        t.add("KEY_SWAP", *Fixture.key(0, channel=n)[:2])
        t.add("PEER_SET", Fixture.peer(n), nl.u32(C["A_PEER_TX_CHANNEL"], n))
    t.flush()


def dumps(t):
    """every object is there once"""
    everyone = list(range(1, MANY + 1))
    for cmd, attribute in (("PEER_GET", "A_PEER_ID"),
                           ("CHANNEL_GET", "A_CHANNEL_ID"),
                           ("LABEL_GET", "A_LABEL_LABEL")):
        equal(sorted(m.num(C[attribute]) for m in t.dump(cmd)), everyone, cmd)
    equal(sorted(m.num(C["A_KEY_CHANNEL"]) for m in t.dump("KEY_GET")),
          sorted(everyone * 2), "keys")


def counts(t, peers, key_count):
    dev = t.do("DEV_GET")[0]
    equal([dev.num(C[f"A_DEV_{n}"]) for n in ("PEERS", "CHANNELS", "KEYS")],
          [peers, peers, key_count], "peers, channels, keys")


def limits(t):
    """one more is refused, for each limit, and leaves nothing behind"""
    t.do("DEV_SET", nl.nest(C["A_DEV_LIMITS"],
                            *(nl.u32(C[f"A_LIMITS_{n}"], MANY)
                              for n in ("PEERS", "CHANNELS", "PREFIXES"))))
    for cmd, attrs in (("PEER_NEW", [Fixture.peer(MANY + 1)]),
                       ("CHANNEL_NEW", [Fixture.channel(MANY + 1),
                                        Fixture.of_peer(1)]),
                       ("PEER_SET", [Fixture.peer(1),
                                     prefix("10.99.0.0", 16)])):
        nl.refused(lambda c=cmd, a=attrs: t.do(c, *a), ENOSPC, "")
    counts(t, MANY, 2 * MANY)


def traffic(one, other):
    """frames of any of them open, and are its own"""
    nl.run(f"ip route add 10.9.0.0/16 dev {one.name}")
    for n in (1, 2, MANY // 2, MANY):
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                           one.name.encode())
            # the source must be of the same peer at the other end
            out.setsockopt(socket.SOL_IP, 19, 1)  # IP_TRANSPARENT
            out.bind((inner(n, 8), 0))
            out.sendto(b"x" * 100, (inner(n, 9), 9))

    def got(n):
        peer = other.do("PEER_GET", Fixture.peer(n))[0]
        return peer.sub(C["A_PEER_COUNTERS"])[0].num(
            C["A_COUNTERS_RX_PACKETS"])

    # softirqs may be left to a thread
    end = time.monotonic() + 20 * nl.SLOW
    for n in (1, 2, MANY // 2, MANY):
        while not got(n) and time.monotonic() < end:
            time.sleep(0.02)
        equal(got(n), 1, f"packets of peer {n}")
    equal(got(3), 0, "packets of peer 3")


def delete(t):
    """all of them, one by one; another can be made in between"""
    for n in range(1, MANY):
        t.add("PEER_DEL", Fixture.peer(n))
    t.flush()
    counts(t, 1, 2)
    nl.refused(lambda: t.do("PEER_GET", Fixture.peer(1)), ENOENT, "")
    t.do("PEER_NEW", Fixture.peer(1), prefix(inner(1, 9), 32))
    for n in (1, MANY):
        t.do("PEER_DEL", Fixture.peer(n))
    counts(t, 0, 0)
    for cmd in ("PEER_GET", "CHANNEL_GET", "LABEL_GET", "KEY_GET"):
        equal(t.dump(cmd), [], cmd)


def many():
    """many peers: dumps, limits, traffic, deletion one by one and at once"""
    nl.run("ip link set lo up")
    with Tunnel("sgt0") as one, Tunnel("sgt1") as other:
        populate(one, other.port, 9, 1, 2)
        populate(other, one.port, 8, 2, 1)
        dumps(one)
        limits(one)
        traffic(one, other)
        delete(one)
        # sgt1's go with it


if __name__ == "__main__":
    nl.main([many])
