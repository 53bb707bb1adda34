#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every refusal of the netlink family: its error, its words, and that it
changed nothing."""

import os
import socket
from errno import (EAFNOSUPPORT, EBADF, EBUSY, EDESTADDRREQ, EEXIST, EINVAL,
                   ENODEV, ENOENT, ENOKEY, ENOSPC, EOPNOTSUPP, EPERM, ERANGE)

import nl
from nl import C, F_CREATE, F_EXCL, F_REPLACE, Nl, NlError, equal, refused
from nl_fixture import HOP, Fixture, path, prefix

DO = {name[4:]: number for name, number in C.items()
      if name.startswith("CMD_") and not name.endswith("_NTF") and
      name != "CMD_MODULE_GET"}
DUMPS = [name for name in DO if name.endswith("_GET")]


def devices():
    """a request without a device, or for one that is none of ours"""
    with Fixture() as f:
        lo = socket.if_nametoindex("lo")
        for name, cmd in DO.items():
            extra = f.some(name)
            err = refused(lambda: f.nl.do(cmd, *extra), EINVAL, "ifindex")
            equal(err.missing, C["A_DEV_IFINDEX"], f"{name}: missing")
            for index in (lo, 0x7ffffff0):
                err = refused(lambda: f.nl.do(cmd, nl.u32(1, index), *extra),
                              ENODEV, "no signet device")
                equal(err.offset, 20, f"{name}: offset")
            err = refused(lambda: f.nl.do(cmd, nl.u32(1, 0), *extra), ERANGE,
                          "range")
        for name in DUMPS:
            if name == "DEV_GET":
                continue
            refused(lambda: f.nl.dump(DO[name], nl.u32(1, lo)), ENODEV,
                    "no signet device")


def objects():
    """an id is missing, or of no object"""
    with Fixture() as f:
        for name in ("PEER_NEW", "PEER_SET", "PEER_GET", "PEER_DEL"):
            err = f.refuse(EINVAL, "peer's id is missing", name)
            equal(err.missing, C["A_PEER_ID"], name)
        for name in ("PEER_SET", "PEER_GET", "PEER_DEL"):
            f.refuse(ENOENT, "no such peer", name, f.peer(99))
        f.refuse(EINVAL, "channel's id is missing", "CHANNEL_NEW",
                 f.of_peer(1))
        f.refuse(EINVAL, "peer's id is missing", "CHANNEL_NEW", f.channel(5))
        f.refuse(ENOENT, "no such peer", "CHANNEL_NEW", f.channel(5),
                 f.of_peer(99))
        for name in ("CHANNEL_SET", "CHANNEL_GET", "CHANNEL_DEL",
                     "CHANNEL_KEEPALIVE"):
            f.refuse(EINVAL, "channel's id is missing", name)
            f.refuse(ENOENT, "no such channel", name, f.channel(99))
        for name in ("LABEL_GET", "LABEL_DEL"):
            f.refuse(EINVAL, "label is missing", name)
            f.refuse(ENOENT, "no such label", name,
                     nl.u32(C["A_LABEL_LABEL"], 99))
        f.refuse(ENOENT, "no such peer", "STATS_GET",
                 nl.u32(C["A_STATS_PEER"], 99))


def unknown():
    """attributes that a command does not have are refused"""
    with Fixture() as f:
        f.refuse(EINVAL, "", "PEER_DEL", f.peer(1),
                 nl.u32(C["A_PEER_MARK"], 1))
        f.refuse(EINVAL, "", "PEER_NEW", f.peer(3),
                 nl.u32(C["A_PEER_TX_CHANNEL"], 10))
        f.refuse(EINVAL, "", "CHANNEL_GET", f.channel(10), nl.u32(200, 1))
        f.refuse(EINVAL, "", "PEER_NEW", f.peer(3), nl.attr(
            C["A_PEER_PREFIX"], nl.addr(1, "10.3.0.0") + nl.u8(2, 16)))
        f.refuse(EINVAL, "", "PEER_NEW", f.peer(3),
                 nl.nest(C["A_PEER_PREFIX"], nl.u32(77, 1)))
        f.refuse(EINVAL, "", "PEER_NEW", nl.attr(C["A_PEER_ID"], b"\1\2"))
        f.refuse(EINVAL, "", "CHANNEL_GET", f.channel(10), b"\1\2\3\4\5")
        f.do(C["CMD_PEER_GET"], f.peer(1))
        # the core or the module says so, depending on the kernel
        refused(lambda: f.nl.do(C["CMD_MODULE_GET"], f.dev()), EINVAL,
                "attribute")
        refused(lambda: f.nl.dump(C["CMD_DEV_GET"], f.dev()), EINVAL,
                "attribute")
        f.nl.reserved = 1
        for name in DO:
            f.refuse(EINVAL, "reserved", name, *f.some(name))
        for name in DUMPS:
            refused(lambda: f.nl.dump(DO[name]), EINVAL, "reserved")


def addresses():
    """addresses that frames can't go to or come from"""
    with Fixture() as f:
        def bad(text, code=EINVAL, **given):
            before = f.do(C["CMD_CHANNEL_GET"], f.channel(10))[0].raw(
                C["A_CHANNEL_PATH"])
            for args in (["CHANNEL_NEW", f.channel(12), f.of_peer(1)],
                         ["CHANNEL_SET", f.channel(10)]):
                f.refuse(code, text, *args, path(**given))
            after = f.do(C["CMD_CHANNEL_GET"], f.channel(10))[0].raw(
                C["A_CHANNEL_PATH"])
            equal(after, before, "path")

        bad("remote address", remote=None)
        bad("remote port", port=None)
        bad("4 bytes", remote=b"\1\2\3")
        bad("4 bytes", remote=b"")
        bad("", remote=bytes(17), code=ERANGE)
        bad("", port=0, code=ERANGE)
        for address, text in (("0.0.0.0", "unspecified"),
                              ("224.0.0.1", "multicast"),
                              ("239.9.9.9", "multicast"),
                              ("255.255.255.255", "broadcast"),
                              ("::", "unspecified"),
                              ("ff02::1", "multicast"),
                              ("::ffff:192.0.2.1", "IPv4 mapped"),
                              ("fe80::1", "scope-id")):
            bad(text, remote=address)
            other = "2001:db8::1" if ":" in address else "192.0.2.1"
            bad(text, remote=other, local=address)
        bad("different families", code=EAFNOSUPPORT, local="2001:db8::1")
        bad("scope-id", scope=1)
        bad("scope-id", remote="2001:db8::1", scope=1)
        bad("belong together", hop=None)
        bad("belong together", label=None)
        bad("", label=0, code=ERANGE)
        bad("", hop=bytes(15), code=ERANGE)
        bad("", hop=bytes(17), code=ERANGE)
        f.refuse(EINVAL, "belong together", "CHANNEL_SET", f.channel(11),
                 path(label=None, hop=None))
        f.refuse(EINVAL, "belong together", "CHANNEL_NEW", f.channel(12),
                 f.of_peer(1), path(label=None, hop=None))


def prefixes():
    """prefixes that are malformed, another peer's, or not there; all or none"""
    with Fixture() as f:
        def bad(code, text, *prefix_attrs):
            before = [f.do(C["CMD_PEER_GET"], f.peer(n))[0].all(
                C["A_PEER_PREFIX"]) for n in (1, 2)]
            # one good before and one after: none may come in
            f.refuse(code, text, "PEER_SET", f.peer(1),
                     prefix("10.77.0.0", 16), *prefix_attrs,
                     prefix("10.78.0.0", 16))
            after = [f.do(C["CMD_PEER_GET"], f.peer(n))[0].all(
                C["A_PEER_PREFIX"]) for n in (1, 2)]
            equal(after, before, "prefixes")

        bad(EINVAL, "not zero", prefix("10.1.2.3", 16))
        bad(EINVAL, "not zero", prefix("0.0.0.1", 0))
        bad(EINVAL, "not zero", prefix("2001:db8::1", 64))
        bad(EINVAL, "not zero", prefix("2001:db8::1", 127))
        bad(EINVAL, "0 to 32", prefix("10.1.0.0", 33))
        bad(ERANGE, "", prefix("2001:db8::", 129))
        bad(EINVAL, "contradict", prefix("10.3.0.0", 16, "MOVE", "REMOVE"))
        bad(EINVAL, "address and a length",
            nl.nest(C["A_PEER_PREFIX"], nl.u8(C["A_PREFIX_LENGTH"], 8)))
        bad(EINVAL, "address and a length",
            nl.nest(C["A_PEER_PREFIX"], nl.addr(C["A_PREFIX_ADDRESS"],
                                                "10.0.0.0")))
        bad(EINVAL, "4 bytes",
            nl.nest(C["A_PEER_PREFIX"], nl.attr(C["A_PREFIX_ADDRESS"],
                                                bytes(6)),
                    nl.u8(C["A_PREFIX_LENGTH"], 8)))
        bad(EEXIST, "peer has the prefix", prefix("10.2.0.0", 16))
        bad(ENOENT, "does not have", prefix("10.2.0.0", 16, "REMOVE"))
        bad(ENOENT, "does not have", prefix("10.9.0.0", 16, "REMOVE"))
        f.refuse(EEXIST, "peer has the prefix", "PEER_NEW", f.peer(3),
                 prefix("10.99.0.0", 16), prefix("10.2.0.0", 16))
        f.refuse(ENOENT, "no such peer", "PEER_GET", f.peer(3))


def peers():
    """other attributes of a peer"""
    with Fixture() as f:
        f.refuse(ERANGE, "", "PEER_SET", f.peer(1), nl.u32(C["A_PEER_DF"], 3))
        for tos in (2, 3, 5, 0xff):
            f.refuse(EINVAL, "DSCP", "PEER_SET", f.peer(1),
                     nl.u8(C["A_PEER_TOS"], tos))
        tx = C["A_PEER_TX_CHANNEL"]
        f.refuse(ENOENT, "no such channel", "PEER_SET", f.peer(1),
                 nl.u32(tx, 99))
        f.refuse(EINVAL, "another peer", "PEER_SET", f.peer(2),
                 nl.u32(tx, 10))
        f.refuse(EDESTADDRREQ, "no path", "PEER_SET", f.peer(1),
                 nl.u32(tx, 11))
        # a refusal at the end leaves the beginning undone
        f.refuse(ENOENT, "no such channel", "PEER_SET", f.peer(1),
                 nl.u32(C["A_PEER_MARK"], 5), nl.u32(tx, 99))
        equal(f.do(C["CMD_PEER_GET"], f.peer(1))[0].num(C["A_PEER_MARK"]), 0)


def channels():
    """lanes, and commands that a channel can't follow"""
    with Fixture() as f:
        for kind in ("A_CHANNEL_TX_LANES", "A_CHANNEL_RX_LANES"):
            for lanes in (0, 33):
                f.refuse(ERANGE, "", "CHANNEL_NEW", f.channel(12),
                         f.of_peer(1), nl.u8(C[kind], lanes))
        f.refuse(ENOKEY, "no transmit key", "CHANNEL_KEEPALIVE",
                 f.channel(10))


def labels():
    """labels that are malformed, in use, or would change what they are"""
    with Fixture() as f:
        label, hop = C["A_LABEL_LABEL"], C["A_LABEL_HOP_KEY"]
        expiry = C["A_LABEL_EXPIRY_MS"]
        f.refuse(EINVAL, "label is missing", "LABEL_NEW", f.label()[1])
        f.refuse(ERANGE, "", "LABEL_NEW", *f.label(0))
        f.refuse(EINVAL, "hop key", "LABEL_NEW", *f.label(101)[:2])
        for size in (0, 15, 17):
            f.refuse(ERANGE, "", "LABEL_NEW", *f.label(101, 10, bytes(size)))
        f.refuse(EINVAL, "channel's id", "LABEL_NEW", nl.u32(label, 101),
                 nl.attr(hop, HOP))
        f.refuse(ENOENT, "no such channel", "LABEL_NEW", *f.label(101, 99))
        f.refuse(EINVAL, "label-del", "LABEL_NEW", *f.label(101),
                 nl.uint(expiry, 0))
        f.refuse(ERANGE, "too long", "LABEL_NEW", *f.label(101),
                 nl.uint(expiry, 1 << 60))
        forward = nl.nest(C["A_LABEL_FORWARD"],
                          nl.addr(C["A_PATH_REMOTE"], "192.0.2.1"))
        f.refuse(EOPNOTSUPP, "forward labels are not supported",
                 "LABEL_NEW", *f.label(101), forward)
        f.refuse(EEXIST, "exists", "LABEL_NEW", *f.label(100, 11))
        f.refuse(EEXIST, "another channel", "LABEL_NEW", *f.label(100, 11),
                 flags=F_REPLACE)
        f.refuse(EEXIST, "keeps its hop key", "LABEL_NEW",
                 *f.label(100, 10, bytes(16)), flags=F_REPLACE)


def keys():
    """keys that are malformed, installed twice, or would live for ever"""
    with Fixture() as f:
        good = f.key(1)
        for left_out, text in ((1, "key's id"), (2, "direction"),
                               (3, "cipher"), (4, "key itself")):
            f.refuse(EINVAL, text, "KEY_NEW",
                     *(a for i, a in enumerate(good) if i != left_out))
        f.refuse(EINVAL, "channel's id", "KEY_NEW", *good[1:])
        f.refuse(ENOENT, "no such channel", "KEY_NEW", *f.key(1, channel=99))
        f.refuse(ERANGE, "", "KEY_NEW", *f.key(8))
        f.refuse(ERANGE, "", "KEY_NEW", *f.key(1, cipher=0))
        f.refuse(ERANGE, "", "KEY_NEW", *f.key(1, cipher=3))
        f.refuse(ERANGE, "", "KEY_NEW", *good[:2],
                 nl.u32(C["A_KEY_DIRECTION"], 2), *good[3:])
        for size in (0, 31, 33):
            f.refuse(ERANGE, "", "KEY_NEW", *f.key(1, key=bytes(size)))
        times = C["A_KEY_SOFT_MS"], C["A_KEY_HARD_MS"]
        for kind in ("SOFT_MS", "HARD_MS", "SOFT_FRAMES", "HARD_FRAMES"):
            kind = C[f"A_KEY_{kind}"]
            f.refuse(EINVAL, "no use", "KEY_NEW", *good, nl.uint(kind, 0))
            most = 43 if kind in times else 48
            for value in ((1 << most) + 1, (1 << 64) - 1):
                f.refuse(ERANGE, f"2^{most}", "KEY_NEW", *good,
                         nl.uint(kind, value))
        for soft, hard in (("SOFT_MS", "HARD_MS"),
                           ("SOFT_FRAMES", "HARD_FRAMES")):
            f.refuse(EINVAL, "soft limit", "KEY_NEW", *good,
                     nl.uint(C[f"A_KEY_{soft}"], 2000),
                     nl.uint(C[f"A_KEY_{hard}"], 1999))
        f.refuse(EINVAL, "soft limit", "KEY_NEW", *good,
                 nl.uint(C["A_KEY_SOFT_MS"], 210001))
        f.refuse(EEXIST, "exists", "KEY_NEW", *f.key(0, key=bytes(32)))

        f.refuse(EINVAL, "key's id", "KEY_SWAP", good[0])
        f.refuse(ENOENT, "", "KEY_SWAP", *good[:2])
        # a receive key is no transmit key
        f.refuse(ENOENT, "", "KEY_SWAP", *f.key(0)[:2])
        f.refuse(EINVAL, "key's id", "KEY_GET", good[0], good[2])
        f.refuse(EINVAL, "direction", "KEY_GET", *good[:2])
        f.refuse(ENOENT, "no key", "KEY_GET", *good[:3])
        f.refuse(EINVAL, "key's id", "KEY_DEL", good[0])
        f.refuse(ENOENT, "no key", "KEY_DEL", *good[:2])
        f.refuse(ENOENT, "no key", "KEY_DEL", *f.key(0, "TRANSMIT")[:3])


def flags():
    """NLM_F_CREATE, EXCL and REPLACE"""
    with Fixture() as f:
        for given in (0, F_CREATE, F_EXCL, F_CREATE | F_EXCL):
            f.refuse(EEXIST, "exists already", "PEER_NEW", f.peer(1),
                     flags=given)
            f.refuse(EEXIST, "exists already", "CHANNEL_NEW", f.channel(10),
                     f.of_peer(1), flags=given)
            f.refuse(EEXIST, "exists already", "LABEL_NEW", *f.label(),
                     flags=given)
            f.refuse(EEXIST, "exists already", "KEY_NEW", *f.key(),
                     flags=given)
        for name, attrs in (("PEER_NEW", [f.peer(3)]),
                            ("LABEL_NEW", f.label(101))):
            f.refuse(ENOENT, "none to replace", name, *attrs,
                     flags=F_REPLACE)
        for name in DO:
            if name.endswith("_NEW"):
                continue
            for given in (F_CREATE, F_EXCL, F_REPLACE, 0x1000):
                f.refuse(EINVAL, "flag", name, *f.some(name), flags=given)
        f.refuse(EOPNOTSUPP, "REPLACE", "CHANNEL_NEW", f.channel(12),
                 f.of_peer(1), flags=F_CREATE | F_REPLACE)
        f.refuse(EOPNOTSUPP, "REPLACE", "KEY_NEW", *f.key(1),
                 flags=F_CREATE | F_REPLACE)


def limits():
    """limits that are out of range, and objects above a limit"""
    with Fixture() as f:
        def limit(name, value):
            return nl.nest(C["A_DEV_LIMITS"],
                           nl.u32(C[f"A_LIMITS_{name}"], value))

        f.refuse(ERANGE, "", "DEV_SET", limit("PEERS", 0))
        f.refuse(ERANGE, "", "DEV_SET", limit("CHANNELS", 0))
        for value in (0, 65535, 67108865):
            f.refuse(ERANGE, "64 KiB", "DEV_SET", limit("QUEUE_BYTES", value))
        f.do(C["CMD_DEV_SET"], limit("PEERS", 2))
        f.refuse(ENOSPC, "too many peers", "PEER_NEW", f.peer(3))
        f.do(C["CMD_DEV_SET"], limit("CHANNELS", 2))
        f.refuse(ENOSPC, "too many channels", "CHANNEL_NEW", f.channel(12),
                 f.of_peer(1))
        f.do(C["CMD_DEV_SET"], limit("PREFIXES", 3))
        f.refuse(ENOSPC, "too many prefixes", "PEER_SET", f.peer(1),
                 prefix("10.3.0.0", 16), prefix("10.4.0.0", 16))
        f.do(C["CMD_PEER_SET"], f.peer(1), prefix("10.3.0.0", 16))


def sockets():
    """sockets that can't be taken over"""
    with Fixture() as f:
        def fd4(fd):
            return nl.s32(C["A_DEV_SOCK4_FD"], fd)

        def fd6(fd):
            return nl.s32(C["A_DEV_SOCK6_FD"], fd)

        f.refuse(EBADF, "not a file descriptor", "DEV_SET", fd4(-2))
        f.refuse(EBADF, "", "DEV_SET", fd4(999))
        with open("/dev/null", "rb") as null:
            f.refuse(EINVAL, "", "DEV_SET", fd4(null.fileno()))
        with socket.socket() as tcp, \
                socket.socket(type=socket.SOCK_DGRAM) as udp, \
                socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp6:
            f.refuse(EINVAL, "", "DEV_SET", fd4(tcp.fileno()))
            f.refuse(EINVAL, "bound", "DEV_SET", fd4(udp.fileno()))
            f.refuse(EINVAL, "", "DEV_SET", fd6(udp.fileno()))
            udp6.bind(("::", 0))
            f.refuse(EINVAL, "", "DEV_SET", fd6(udp6.fileno()))
            udp.bind(("127.0.0.1", 0))
            udp.connect(("127.0.0.1", 9))
            f.refuse(EBUSY, "connected", "DEV_SET", fd4(udp.fileno()))
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            udp.bind(("", 0))
            f.refuse(EBUSY, "REUSEPORT", "DEV_SET", fd4(udp.fileno()))
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.bind(("", 0))
            udp.setsockopt(socket.IPPROTO_UDP, 100, 2)  # ESP in UDP
            f.refuse(EBUSY, "", "DEV_SET", fd4(udp.fileno()))
        equal(f.do(C["CMD_DEV_GET"])[0].num(C["A_DEV_PORT4"]), None)
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.bind(("", 0))
            f.do(C["CMD_DEV_SET"], fd4(udp.fileno()))
            other = nl.add_device("sgt1")
            try:
                refused(lambda: f.nl.do(C["CMD_DEV_SET"], nl.u32(1, other),
                                        fd4(udp.fileno())), EBUSY, "")
            finally:
                nl.del_device("sgt1")


def secrets_in_errors():
    """a refused request comes back without its secrets"""
    with Fixture() as f:
        f.nl = Nl(cap_ack=False)
        secret, hop = os.urandom(32), os.urandom(16)
        err = f.refuse(EEXIST, "exists", "KEY_NEW", *f.key(0, key=secret))
        assert len(err.echo) > 32, "the request did not come back"
        assert secret not in err.echo, "the key came back"
        err = f.refuse(EINVAL, "direction", "KEY_NEW",
                       *(a for i, a in enumerate(f.key(1, key=secret))
                         if i != 2))
        assert secret not in err.echo, "the key came back"
        err = f.refuse(EEXIST, "exists", "LABEL_NEW", *f.label(100, 10, hop))
        assert hop not in err.echo, "the hop key came back"
        err = f.refuse(EEXIST, "exists", "CHANNEL_NEW", f.channel(10),
                       f.of_peer(1), path(hop=hop))
        assert hop not in err.echo, "the hop key of a path came back"
        err = f.refuse(EINVAL, "multicast", "CHANNEL_SET", f.channel(10),
                       path("224.0.0.1", hop=hop))
        assert hop not in err.echo, "the hop key of a path came back"


def unprivileged():
    """who lacks CAP_NET_ADMIN may neither ask nor listen"""
    with Fixture() as f:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                os.setgid(65534)
                os.setuid(65534)
                other = Nl()
                refused_all(other, f)
                code = 0
            except (AssertionError, OSError) as err:
                print(f"# {err}", flush=True)
            finally:
                os._exit(code)
        equal(os.waitpid(pid, 0)[1], 0, "status")


def refused_all(other, fixture):
    for name, cmd in dict(DO, MODULE_GET=C["CMD_MODULE_GET"]).items():
        for dump in (False, True) if name in DUMPS else (False,):
            try:
                if dump:
                    other.dump(cmd, fixture.dev())
                else:
                    other.do(cmd, fixture.dev())
            except NlError as err:
                equal(err.errno, EPERM, name)
                continue
            raise AssertionError(f"{name} was allowed")
    try:
        other.join()
    except PermissionError:
        return
    raise AssertionError("notifications can be heard")


if __name__ == "__main__":
    nl.main([devices, objects, unknown, addresses, prefixes, peers, channels,
             labels, keys, flags, limits, sockets, secrets_in_errors,
             unprivileged])
