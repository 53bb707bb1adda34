#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Dumps: of one device and of all, in many parts, while objects change."""

import socket
from errno import EMSGSIZE, ENODEV

import nl
from nl import C, equal
from nl_fixture import Fixture, path, prefix

FEW = 500  # fill more than one part of 8192 bytes, too
MANY = max(FEW, 800 // nl.SLOW)
LAST = 1000 + FEW - 1


def add_many(f, count=MANY):
    """peers 1000..., each with a channel, a label, two keys, a prefix"""
    for n in range(1000, 1000 + count):
        f.do(C["CMD_PEER_NEW"], f.peer(n),
             prefix(f"100.64.{n >> 8}.{n & 255}", 32))
        f.do(C["CMD_CHANNEL_NEW"], f.channel(n), f.of_peer(n), path())
        f.do(C["CMD_LABEL_NEW"], *f.label(n, n))
        f.do(C["CMD_KEY_NEW"], *f.key(0, "RECEIVE", n))
        f.do(C["CMD_KEY_NEW"], *f.key(0, "TRANSMIT", n))


def numbers(messages, *kinds):
    return [tuple(m.num(k) for k in kinds) for m in messages]


def whole():
    """dumps in many parts hold every object once"""
    with Fixture() as f:
        add_many(f)
        many = list(range(1000, 1000 + MANY))
        for name, kind, few in (("PEER", "A_PEER_ID", [1, 2]),
                                ("CHANNEL", "A_CHANNEL_ID", [10, 11]),
                                ("LABEL", "A_LABEL_LABEL", [100])):
            got, interrupted = f.nl.dump(C[f"CMD_{name}_GET"])
            equal([m.num(C[kind]) for m in got], few + many, name)
            equal(interrupted, False, f"{name}: interrupted")
        got, interrupted = f.nl.dump(C["CMD_KEY_GET"])
        equal(sorted(numbers(got, C["A_KEY_CHANNEL"], C["A_KEY_DIRECTION"])),
              [(10, 0)] + [(n, d) for n in many for d in (0, 1)], "keys")
        got, interrupted = f.nl.dump(C["CMD_STATS_GET"])
        equal([m.num(C["A_STATS_PEER"]) for m in got], [None, 1, 2] + many,
              "statistics")
        equal(interrupted, False, "interrupted")


def devices():
    """a dump is of all devices, or of the one that is named"""
    with Fixture() as f:
        other = nl.add_device("sgt1")
        try:
            for n in (1, 2, 3):
                f.nl.do(C["CMD_PEER_NEW"], nl.u32(1, other), f.peer(n))
            both = {f.index: [1, 2], other: [1, 2, 3]}
            want = [(i, n) for i in sorted(both) for n in both[i]]
            kinds = C["A_PEER_IFINDEX"], C["A_PEER_ID"]
            got, interrupted = f.nl.dump(C["CMD_PEER_GET"])
            equal((numbers(got, *kinds), interrupted), (want, False), "all")
            for index, ids in both.items():
                got = f.nl.dump(C["CMD_PEER_GET"], nl.u32(1, index))[0]
                equal(numbers(got, *kinds), [(index, n) for n in ids])
            got = f.nl.dump(C["CMD_DEV_GET"])[0]
            equal([m.num(1) for m in got], sorted(both), "devices")
        finally:
            nl.del_device("sgt1")


def large():
    """a peer whose prefixes fill many messages"""
    with Fixture() as f:
        want = []
        for n in range(3000):
            want.append(socket.inet_pton(socket.AF_INET6, f"fd00::{n:x}"))
        for start in range(0, len(want), 500):
            f.do(C["CMD_PEER_SET"], f.peer(2), *(
                prefix(socket.inet_ntop(socket.AF_INET6, a), 128)
                for a in want[start:start + 500]))
        got, interrupted = f.nl.dump(C["CMD_PEER_GET"])
        equal(interrupted, False, "interrupted")
        messages = [m for m in got if m.num(C["A_PEER_ID"]) == 2]
        assert len(messages) > 2, f"only {len(messages)} messages"
        found = [p.raw(C["A_PREFIX_ADDRESS"]) for m in messages
                 for p in m.sub(C["A_PEER_PREFIX"])]
        equal(len(found), 3001, "prefixes")
        equal(set(found[1:]), set(want), "prefixes")
        equal([m.num(C["A_PEER_DF"]) is None for m in messages],
              [False] + [True] * (len(messages) - 1), "what goes on")
        nl.refused(lambda: f.do(C["CMD_PEER_GET"], f.peer(2)), EMSGSIZE,
                   "use a dump")


def interrupted_by(f, cmd, change):
    got, interrupted = nl.Nl(size=8192).dump(C[cmd], between=change)
    equal(interrupted, True, f"{cmd}: interrupted")
    # what was there all the time is in it
    kind = 4 if cmd == "CMD_KEY_GET" else 2
    if cmd in ("CMD_PEER_GET", "CMD_CHANNEL_GET"):
        found = {m.num(kind) for m in got}
        missing = set(range(1000, 1000 + FEW)) - found - {LAST}
        equal(missing, set(), f"{cmd}: missing")


def changes():
    """objects that come and go during a dump raise NLM_F_DUMP_INTR"""
    with Fixture() as f:
        add_many(f, FEW)

        def delete(number):
            return lambda: f.do(C["CMD_PEER_DEL"], f.peer(number))

        for cmd in ("CMD_PEER_GET", "CMD_CHANNEL_GET", "CMD_LABEL_GET",
                    "CMD_KEY_GET", "CMD_STATS_GET"):
            interrupted_by(f, cmd, delete(1))
            f.peer_1()
        interrupted_by(f, "CMD_PEER_GET",
                       lambda: f.do(C["CMD_PEER_NEW"], f.peer(5)))
        # where it is about to go on
        interrupted_by(f, "CMD_PEER_GET", delete(LAST))


def all_gone():
    """a dump of a device whose objects all go ends, and says so"""
    with Fixture() as f:
        add_many(f, FEW)

        def clear():
            for n in [1, 2] + list(range(1000, 1000 + FEW)):
                f.do(C["CMD_PEER_DEL"], f.peer(n))

        _, interrupted = nl.Nl(size=8192).dump(C["CMD_PEER_GET"],
                                               between=clear)
        equal(interrupted, True, "interrupted")


def device_gone():
    """a device that goes during a dump"""
    with Fixture() as f:
        add_many(f, FEW)
        nl.Nl(size=8192).dump(C["CMD_PEER_GET"], between=nl.del_device)
    with Fixture() as f:
        add_many(f, FEW)
        nl.refused(lambda: nl.Nl(size=8192).dump(
            C["CMD_PEER_GET"], f.dev(), between=nl.del_device), ENODEV,
            "no signet device")


if __name__ == "__main__":
    nl.main([whole, devices, large, changes, all_gone, device_gone])
