#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What was set comes back, and changes change what they say."""

import os
import socket
import struct
import time
from errno import EEXIST, ENOENT, ERANGE

import nl
from nl import C, F_CREATE, F_REPLACE, equal, refused
from nl_fixture import HOP, Fixture, path, prefix


def module():
    """the module tells its versions and ciphers"""
    answer = nl.Nl().do(C["CMD_MODULE_GET"])[0]
    equal(answer.num(C["A_MODULE_WIRE_VERSION"]), C["WIRE_VERSION"])
    equal(answer.num(C["A_MODULE_ABI"]), C["ABI"])
    equal(answer.num(C["A_MODULE_LANES_MAX"]), 32)
    equal(answer.num(C["A_MODULE_CIPHERS"]), 1 << 1 | 1 << 2, "ciphers")
    with open("/sys/module/signet/version", "rb") as version:
        equal(answer.raw(C["A_MODULE_VERSION"]).rstrip(b"\0"),
              version.read().strip(), "version")


def device():
    """a device tells its sockets, limits and how many objects it has"""
    with Fixture() as f:
        got = f.do(C["CMD_DEV_GET"])[0]
        equal(got.num(C["A_DEV_IFINDEX"]), f.index)
        equal(got.raw(C["A_DEV_IFNAME"]), b"sgt0\0")
        for name, count in (("PEERS", 2), ("CHANNELS", 2), ("KEYS", 1)):
            equal(got.num(C[f"A_DEV_{name}"]), count, name)
        wanted = {"PEERS": 100, "CHANNELS": 200, "PREFIXES": 300,
                  "QUEUE_BYTES": 1 << 20}
        f.do(C["CMD_DEV_SET"],
             nl.nest(C["A_DEV_LIMITS"], *(nl.u32(C[f"A_LIMITS_{k}"], v)
                                          for k, v in wanted.items())))
        f.do(C["CMD_DEV_SET"], nl.nest(C["A_DEV_LIMITS"],
                                       nl.u32(C["A_LIMITS_PEERS"], 101)))
        wanted["PEERS"] = 101
        limits = f.do(C["CMD_DEV_GET"])[0].sub(C["A_DEV_LIMITS"])[0]
        for name, value in wanted.items():
            equal(limits.num(C[f"A_LIMITS_{name}"]), value, name)

        equal(got.raw(C["A_DEV_OWNER"]), None, "owner")
        for owner in (bytes(range(16)), bytes(16)):
            f.do(C["CMD_DEV_SET"], nl.attr(C["A_DEV_OWNER"], owner))
            equal(f.do(C["CMD_DEV_GET"])[0].raw(C["A_DEV_OWNER"]),
                  owner if any(owner) else None, "owner")
        for size in (0, 15, 17):
            f.refuse(ERANGE, "", "DEV_SET",
                     nl.attr(C["A_DEV_OWNER"], bytes(size)))


def generation():
    """the generation changes with every object, and only then"""
    with Fixture() as f:
        def changes(cmd, *attrs):
            before = f.generation()
            f.do(C[f"CMD_{cmd}"], *attrs)
            assert f.generation() != before, f"{cmd} changed no generation"

        changes("PEER_NEW", f.peer(3))
        changes("PEER_SET", f.peer(3), nl.u32(C["A_PEER_MARK"], 1))
        changes("PEER_SET", f.peer(1), nl.u32(C["A_PEER_TX_CHANNEL"], 10))
        changes("PEER_DEL", f.peer(3))
        changes("CHANNEL_NEW", f.channel(12), f.of_peer(1))
        changes("CHANNEL_SET", f.channel(12), path())
        changes("CHANNEL_DEL", f.channel(12))
        changes("LABEL_NEW", *f.label(101))
        changes("LABEL_DEL", nl.u32(C["A_LABEL_LABEL"], 101))
        changes("KEY_NEW", *f.key(1, "TRANSMIT"))
        changes("KEY_SWAP", *f.key(1)[:2])
        changes("KEY_DEL", *f.key(1)[:2])
        before = f.generation()
        f.do(C["CMD_PEER_GET"], f.peer(1))
        f.nl.dump(C["CMD_KEY_GET"])
        equal(f.generation(), before, "generation")


def sockets():
    """sockets come, are replaced, and go; the carrier follows"""
    with Fixture() as f:
        def carrier():
            nl.run("ip link set sgt0 up")
            with open("/sys/class/net/sgt0/carrier", encoding="ascii") as file:
                return int(file.read())

        def ports():
            got = f.do(C["CMD_DEV_GET"])[0]
            return (got.num(C["A_DEV_PORT4"]), got.num(C["A_DEV_PORT6"]))

        def attach(kind, fd):
            f.do(C["CMD_DEV_SET"], nl.s32(C[f"A_DEV_{kind}_FD"], fd))

        equal((ports(), carrier()), ((None, None), 0), "without sockets")
        first, second = (socket.socket(type=socket.SOCK_DGRAM)
                         for _ in range(2))
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        first.bind(("", 40001))
        second.bind(("", 40002))
        six.bind(("::", 40001))
        attach("SOCK4", first.fileno())
        equal((ports(), carrier()), ((40001, None), 1), "with IPv4")
        attach("SOCK4", first.fileno())
        attach("SOCK4", second.fileno())
        attach("SOCK6", six.fileno())
        equal(ports(), (40002, 40001), "with both")
        attach("SOCK4", -1)
        attach("SOCK4", -1)
        equal((ports(), carrier()), ((None, 40001), 1), "with IPv6")
        attach("SOCK4", first.fileno())
        first.close()
        six.close()
        time.sleep(0.2)
        equal((ports(), carrier()), ((None, None), 0), "after close")
        # what was replaced is an ordinary socket again
        second.sendto(b"x", ("127.0.0.1", 40002))
        equal(second.recv(10), b"x")
        second.close()


def prefixes_of(f, number):
    got = set()
    for one in f.do(C["CMD_PEER_GET"], f.peer(number))[0].sub(
            C["A_PEER_PREFIX"]):
        raw = one.raw(C["A_PREFIX_ADDRESS"])
        family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
        got.add(f"{socket.inet_ntop(family, raw)}"
                f"/{one.num(C['A_PREFIX_LENGTH'])}")
    return got


def peers():
    """attributes of a peer come back and change one by one"""
    with Fixture() as f:
        df, tos, mark = (C[f"A_PEER_{n}"] for n in ("DF", "TOS", "MARK"))
        f.do(C["CMD_PEER_NEW"], f.peer(0xffffffff), nl.u32(df, 2),
             nl.u8(tos, 0xb8), nl.u32(mark, 0x12345678))
        got = f.do(C["CMD_PEER_GET"], f.peer(0xffffffff))[0]
        equal((got.num(df), got.num(tos), got.num(mark)),
              (2, 0xb8, 0x12345678), "attributes")
        f.do(C["CMD_PEER_SET"], f.peer(0xffffffff), nl.u8(tos, 1))
        f.do(C["CMD_PEER_NEW"], f.peer(0xffffffff), nl.u32(mark, 9),
             flags=F_REPLACE)
        got = f.do(C["CMD_PEER_GET"], f.peer(0xffffffff))[0]
        equal((got.num(df), got.num(tos), got.num(mark)), (2, 1, 9), "after")
        equal(got.num(C["A_PEER_TX_CHANNEL"]), None, "tx-channel")
        equal(got.num(C["A_PEER_WAITING"]), 0, "waiting")
        assert got.sub(C["A_PEER_COUNTERS"]), "there are no counters"
        f.do(C["CMD_PEER_SET"], f.peer(1), nl.u32(C["A_PEER_TX_CHANNEL"], 10))
        got = f.do(C["CMD_PEER_GET"], f.peer(1))[0]
        equal(got.num(C["A_PEER_TX_CHANNEL"]), 10, "tx-channel")
        f.do(C["CMD_CHANNEL_DEL"], f.channel(10))
        got = f.do(C["CMD_PEER_GET"], f.peer(1))[0]
        equal(got.num(C["A_PEER_TX_CHANNEL"]), None, "tx-channel")


def prefixes():
    """prefixes are added, taken away, moved and replaced, in order"""
    with Fixture() as f:
        def change(number, *changes):
            f.do(C["CMD_PEER_SET"], f.peer(number), *changes)

        change(1, prefix("10.1.0.0", 16))  # it has it already
        equal(prefixes_of(f, 1), {"10.1.0.0/16"})
        change(1, prefix("0.0.0.0", 0), prefix("::", 0),
               prefix("2001:db8::", 32), prefix("2001:db8::1", 128),
               prefix("10.1.2.3", 32))
        equal(prefixes_of(f, 1), {"10.1.0.0/16", "0.0.0.0/0", "::/0",
                                  "2001:db8::/32", "2001:db8::1/128",
                                  "10.1.2.3/32"})
        change(1, prefix("0.0.0.0", 0, "REMOVE"), prefix("::", 0, "REMOVE"),
               prefix("10.5.0.0", 16), prefix("10.5.0.0", 16, "REMOVE"))
        change(2, prefix("10.1.2.3", 32, "MOVE"), prefix("10.6.0.0", 16,
                                                         "MOVE"))
        equal(prefixes_of(f, 1), {"10.1.0.0/16", "2001:db8::/32",
                                  "2001:db8::1/128"})
        equal(prefixes_of(f, 2), {"10.2.0.0/16", "10.1.2.3/32",
                                  "10.6.0.0/16"})
        replace = nl.flag(C["A_PEER_REPLACE_PREFIXES"])
        change(2, replace, prefix("10.6.0.0", 16), prefix("fd00::", 8))
        equal(prefixes_of(f, 2), {"10.6.0.0/16", "fd00::/8"})
        refused(lambda: change(2, replace, prefix("10.1.0.0", 16)), EEXIST,
                "peer has the prefix")
        equal(prefixes_of(f, 2), {"10.6.0.0/16", "fd00::/8"})
        change(2, replace)
        equal(prefixes_of(f, 2), set())
        f.do(C["CMD_PEER_DEL"], f.peer(1))
        change(2, prefix("10.1.0.0", 16))
        equal(prefixes_of(f, 2), {"10.1.0.0/16"})


def path_of(f, number):
    got = f.do(C["CMD_CHANNEL_GET"], f.channel(number))[0].sub(
        C["A_CHANNEL_PATH"])
    if not got:
        return None
    ends = []
    for kind in ("REMOTE", "LOCAL"):
        raw = got[0].raw(C[f"A_PATH_{kind}"])
        family = socket.AF_INET if raw and len(raw) == 4 else socket.AF_INET6
        ends.append(raw and socket.inet_ntop(family, raw))
    port = struct.unpack(">H", got[0].raw(C["A_PATH_REMOTE_PORT"]))[0]
    equal(got[0].raw(C["A_PATH_TX_HOP_KEY"]), None, "hop key")
    return (ends[0], port, got[0].num(C["A_PATH_TX_LABEL"]), ends[1],
            got[0].num(C["A_PATH_SCOPE_ID"]),
            got[0].num(C["A_PATH_GENERATION"]))


def channels():
    """channels and their paths; roaming keeps label and hop key"""
    with Fixture() as f:
        f.do(C["CMD_CHANNEL_NEW"], f.channel(20), f.of_peer(2),
             nl.u8(C["A_CHANNEL_TX_LANES"], 32),
             nl.u8(C["A_CHANNEL_RX_LANES"], 3))
        got = f.do(C["CMD_CHANNEL_GET"], f.channel(20))[0]
        equal((got.num(C["A_CHANNEL_PEER"]), got.num(C["A_CHANNEL_TX_LANES"]),
               got.num(C["A_CHANNEL_RX_LANES"])), (2, 32, 3), "channel")
        assert got.sub(C["A_CHANNEL_COUNTERS"]), "there are no counters"
        equal(path_of(f, 20), None, "path")

        def change(given):
            f.do(C["CMD_CHANNEL_SET"], f.channel(20), given)
            return path_of(f, 20)

        equal(change(path("203.0.113.5", 1, 0xffffffff, HOP, "192.0.2.9")),
              ("203.0.113.5", 1, 0xffffffff, "192.0.2.9", None, 0))
        equal(change(path("2001:db8::5", 65535, None, None, "2001:db8::9")),
              ("2001:db8::5", 65535, 0xffffffff, "2001:db8::9", None, 0))
        equal(change(path("fe80::5", 7, 9, HOP, None, f.index)),
              ("fe80::5", 7, 9, None, f.index, 0))
        numbered = nl.nest(C["A_CHANNEL_PATH"],
                           nl.addr(C["A_PATH_REMOTE"], "192.0.2.77"),
                           nl.be16(C["A_PATH_REMOTE_PORT"], 8),
                           nl.u32(C["A_PATH_GENERATION"], 5))
        equal(change(numbered), ("192.0.2.77", 8, 9, None, None, 5))
        equal(change(path("192.0.2.78", 8, None, None)),
              ("192.0.2.78", 8, 9, None, None, 5))

        watch = C["A_CHANNEL_WATCH"]
        equal(f.do(C["CMD_CHANNEL_GET"], f.channel(20))[0].raw(watch), None)
        f.do(C["CMD_CHANNEL_SET"], f.channel(20), nl.flag(watch))
        equal(f.do(C["CMD_CHANNEL_GET"], f.channel(20))[0].raw(watch), b"")


def labels():
    """labels expire, and their expiry can be changed"""
    with Fixture() as f:
        label, expiry = C["A_LABEL_LABEL"], C["A_LABEL_EXPIRY_MS"]

        def get(number):
            return f.do(C["CMD_LABEL_GET"], nl.u32(label, number))[0]

        equal(get(100).num(expiry), None, "expiry")
        equal(get(100).num(C["A_LABEL_CHANNEL"]), 10, "channel")
        f.do(C["CMD_LABEL_NEW"], *f.label()[:2], nl.uint(expiry, 60000),
             flags=F_REPLACE)
        assert 50000 < get(100).num(expiry) <= 60000, get(100).num(expiry)
        f.do(C["CMD_LABEL_NEW"], *f.label(), flags=F_REPLACE | F_CREATE)
        equal(get(100).num(expiry), None, "expiry")
        f.do(C["CMD_LABEL_NEW"], *f.label(102, 11), nl.uint(expiry, 300),
             flags=F_REPLACE | F_CREATE)
        assert 0 < get(102).num(expiry) <= 300, get(102).num(expiry)
        time.sleep(0.5)
        refused(lambda: get(102), ENOENT, "expired")
        time.sleep(2)  # deadlines are batched to a second
        equal(len(f.nl.dump(C["CMD_LABEL_GET"])[0]), 1, "labels")


def keys():
    """limits of keys come back, and without any there are defaults"""
    with Fixture() as f:
        names = ("SOFT_MS", "HARD_MS", "SOFT_FRAMES", "HARD_FRAMES")

        def get(key_id, direction):
            return f.do(C["CMD_KEY_GET"], *f.key(key_id, direction)[:3])[0]

        def limits(key_id, direction):
            got = get(key_id, direction)
            return tuple(got.num(C[f"A_KEY_{n}"]) for n in names)

        equal(limits(0, "RECEIVE"), (None, 210000, None, 1 << 28))
        f.do(C["CMD_KEY_NEW"], *f.key(7, "TRANSMIT", cipher=1))
        equal(limits(7, "TRANSMIT"), (None, 180000, None, 1 << 28))
        wanted = (5000, 1 << 43, 1, 1 << 48)
        f.do(C["CMD_KEY_NEW"], *f.key(0, "TRANSMIT"),
             *(nl.uint(C[f"A_KEY_{n}"], v) for n, v in zip(names, wanted)))
        equal(limits(0, "TRANSMIT"), wanted)

        got = get(7, "TRANSMIT")
        equal((got.num(C["A_KEY_CIPHER"]), got.num(C["A_KEY_KEY_ID"]),
               got.num(C["A_KEY_DIRECTION"]), got.num(C["A_KEY_CHANNEL"])),
              (1, 7, C["DIRECTION_TRANSMIT"], 10), "key")
        assert got.num(C["A_KEY_AGE_MS"]) < 60000, "age"
        equal(got.num(C["A_KEY_FAILURES"]), 0, "failures")
        equal(got.raw(C["A_KEY_ACTIVE"]), None, "active")
        for active, other in ((7, 0), (0, 7)):
            f.do(C["CMD_KEY_SWAP"], *f.key(active)[:2])
            equal(get(active, "TRANSMIT").raw(C["A_KEY_ACTIVE"]), b"")
            equal(get(other, "TRANSMIT").raw(C["A_KEY_ACTIVE"]), None)
        f.do(C["CMD_KEY_DEL"], *f.key(0)[:2])  # in both directions
        for direction in ("RECEIVE", "TRANSMIT"):
            refused(lambda: get(0, direction), ENOENT, "no key")
        get(7, "TRANSMIT")
        f.do(C["CMD_KEY_NEW"], *f.key(0))  # the slot is free again


def secrets():
    """no answer holds a secret"""
    with Fixture() as f:
        secret, hop, label_hop = os.urandom(32), os.urandom(16), os.urandom(16)
        f.do(C["CMD_KEY_NEW"], *f.key(1, key=secret))
        f.do(C["CMD_KEY_NEW"], *f.key(1, "TRANSMIT", key=secret))
        f.do(C["CMD_KEY_SWAP"], *f.key(1)[:2])
        f.do(C["CMD_CHANNEL_SET"], f.channel(10), path(hop=hop))
        f.do(C["CMD_LABEL_NEW"], *f.label(101, 10, label_hop))
        heard = b""
        for name, cmd in C.items():
            if name.startswith("CMD_") and name.endswith("_GET") and \
                    name != "CMD_MODULE_GET":
                heard += b"".join(m.data for m in f.nl.dump(cmd)[0])
        assert len(heard) > 500, "the dumps are short"
        for one in (secret, hop, label_hop):
            assert one[:8] not in heard, "a secret comes back"


def deletion():
    """a peer takes its channels, labels and keys with it"""
    with Fixture() as f:
        f.do(C["CMD_PEER_DEL"], f.peer(1))
        got = f.do(C["CMD_DEV_GET"])[0]
        for name, count in (("PEERS", 1), ("CHANNELS", 0), ("KEYS", 0)):
            equal(got.num(C[f"A_DEV_{name}"]), count, name)
        for cmd in ("CHANNEL", "LABEL", "KEY"):
            equal(f.nl.dump(C[f"CMD_{cmd}_GET"])[0], [], cmd)
        # numbers and labels are free again
        f.do(C["CMD_CHANNEL_NEW"], f.channel(10), f.of_peer(2))
        f.do(C["CMD_LABEL_NEW"], *f.label())


if __name__ == "__main__":
    nl.main([module, device, generation, sockets, peers, prefixes, channels,
             labels, keys, secrets, deletion])
