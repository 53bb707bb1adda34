#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every allocation fails once, the first, the second, and so on: a request is
refused and changes nothing, or needed it not and is done; a packet is lost
and counted, or gets through; what follows is as ever."""

import atexit
import errno
import os
import socket
import struct
import subprocess
import sys
import time

import nl
from nl import C, F_CREATE, F_EXCL, NlError, equal
from nl_fixture import Fixture, path, prefix
from wire import HEADER, LIFE, SLOT, TAG, Wire, frame, receive, udp_packet

FAULTS = "/sys/kernel/debug/"
KINDS = ("failslab", "fail_page_alloc")
NTH = "/proc/thread-self/fail-nth"
MOST = 3000
UDP_SEGMENT = 103
NEWLINK, DELLINK = 16, 17


def knob(name, value=None, kind=None):
    """set it, of both kinds if none is named, or read it"""
    for each_kind in [kind] if kind else KINDS:
        file = f"{FAULTS}{each_kind}/{name}"
        if value is None:
            with open(file, encoding="ascii") as f:
                return int(f.read())
        if os.path.exists(file):
            with open(file, "w", encoding="ascii") as f:
                f.write(str(value))
    return None


def calm():
    """as the kernel has them at first"""
    knob("probability", 0)
    knob("space", 0)
    knob("times", 1)
    knob("require-start", 0)
    knob("require-end", (1 << 64) - 1)


def prepare():
    """all allocations can fail, without a report of what is meant to"""
    if os.geteuid():
        nl.skip_all("needs root")
    subprocess.run(["mount", "-t", "debugfs", "none", FAULTS], check=False,
                   capture_output=True)
    if not os.path.exists(NTH) or not os.path.exists(FAULTS + KINDS[0]):
        nl.skip_all("the kernel has no fault injection")
    knob("verbose", 0)
    knob("ignore-gfp-wait", "N")
    knob("ignore-gfp-highmem", "N")
    knob("min-order", 0)
    atexit.register(calm)


class Nth:
    """The n-th allocation of this thread, while its calls are made"""

    def __init__(self):
        self.file = os.open(NTH, os.O_RDWR)

    def during(self, nth, call, *args):
        """what @call returns, and whether that allocation came"""
        value = b"%d" % nth
        os.pwrite(self.file, value, 0)
        try:
            result = call(*args)
        finally:
            left = int(os.pread(self.file, 16, 0))
            os.pwrite(self.file, b"0", 0)
            self.came = nth > 0 and left == 0
            self.left = left
        return result


class Armed:
    """A netlink socket whose requests, and perhaps answers, are under it"""

    def __init__(self, sock, answers=False):
        self.sock, self.answers = sock, answers
        self.fault, self.left, self.came = Nth(), 0, False

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def aim(self, nth):
        self.left, self.came = nth, False

    def _call(self, call, data):
        try:
            return self.fault.during(self.left, call, data)
        finally:
            self.came |= self.fault.came
            self.left = self.fault.left

    def send(self, data):
        return self._call(self.sock.send, data)

    def recv(self, size):
        if not self.answers:
            return self.sock.recv(size)
        return self._call(self.sock.recv, size)


class Route(nl.Nl):
    """rtnetlink, as far as links need it"""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.sock.bind((0, 0))
        self.sock.settimeout(10 * nl.SLOW)
        self.seq, self.size = 0, 65536

    def send(self, cmd, *attrs, flags=0):
        self.seq += 1
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + b"".join(attrs)
        self.sock.send(struct.pack("=IHHII", 16 + len(body), cmd,
                                   flags | nl.F_REQUEST, self.seq, 0) + body)


def each(what, link, call, undo, state, core=False):
    """@call over @link, with its first allocation failing, then its second.
    Without memory it may be refused, or nobody learns how it ended. The core
    has other names for want of memory, too."""
    before = state()
    call()
    after = state()
    undo()
    equal(state(), before, f"{what}: undone")
    link.sock = armed = Armed(link.sock)
    refusals = unknown = 0
    for nth in range(1, MOST):
        known, done = True, False
        armed.aim(nth)
        try:
            call()
            done = True
        except NlError as err:
            assert core and armed.came or \
                err.errno in (errno.ENOMEM, errno.ENOBUFS), \
                f"{what}, allocation {nth}: {err} {err.text}"
        except OSError as err:
            assert err.errno in (errno.ENOMEM, errno.ENOBUFS), \
                f"{what}, allocation {nth}: {err}"
            known = False
        came = armed.came
        armed.aim(0)
        now = state()
        if not known:
            done = now == after
        equal(now, after if done else before,
              f"{what}, allocation {nth}: what is there")
        if done:
            undo()
        refusals += came and known and not done
        unknown += not known
        if not came:
            assert done, f"{what} fails by itself"
            break
    else:
        raise AssertionError(f"{what}: more than {MOST} allocations")
    link.sock = armed.sock
    print(f"# {what}: of {nth - 1} allocations {refusals} are needed, "
          f"without {unknown} there is no answer")
    assert refusals or unknown, f"{what}: nothing failed"


VOLATILE = {"KEY": ("A_KEY_AGE_MS",), "PEER": (), "CHANNEL": (), "LABEL": ()}


def tables(f):
    """what the device says of itself, and all that dumps say"""
    dev = f.do(C["CMD_DEV_GET"])[0]
    found = [dev.num(C[f"A_DEV_{n}"]) for n in
             ("PEERS", "CHANNELS", "KEYS", "PORT4", "PORT6")]
    for kind, volatile in VOLATILE.items():
        skip = [C[v] for v in volatile]
        found.append([[(k, data) for k, data in m.attrs if k not in skip]
                      for m in f.nl.dump(C[f"CMD_{kind}_GET"], f.dev())[0]])
    return found


def links():
    """rtnetlink: making and deleting a device"""
    name = "sgf0"
    named = nl.attr(3, name.encode() + b"\0")
    link = nl.nest(18, nl.attr(1, b"signet\0"),
                   nl.nest(2, nl.u32(C["LINK_ATTR_MARK"], 7)))

    def there():
        return os.path.exists(f"/sys/class/net/{name}")

    def new(over):
        over.do(NEWLINK, named, link, flags=F_CREATE | F_EXCL)

    def delete(over):
        over.do(DELLINK, named)

    nl.del_device(name)
    route, other = Route(), Route()
    each("newlink", route, lambda: new(route), lambda: delete(other), there,
         core=True)
    new(other)
    each("dellink", route, lambda: delete(route), lambda: new(other), there,
         core=True)
    delete(other)


def objects():
    """netlink: making any object"""
    with Fixture() as f:
        other = nl.Nl()
        for cmd, attrs, undo, which in (
                ("PEER_NEW", [f.peer(9), prefix("10.9.0.0", 16),
                              prefix("10.9.1.0", 24), prefix("fd09::", 32)],
                 "PEER_DEL", [f.peer(9)]),
                ("CHANNEL_NEW", [f.channel(12), f.of_peer(1), path()],
                 "CHANNEL_DEL", [f.channel(12)]),
                ("LABEL_NEW", f.label(101), "LABEL_DEL",
                 [nl.u32(C["A_LABEL_LABEL"], 101)]),
                ("KEY_NEW", f.key(4), "KEY_DEL", f.key(4)[:2]),
                ("KEY_NEW", f.key(5, "TRANSMIT"), "KEY_DEL", f.key(5)[:2]),
                ("KEY_NEW", f.key(6, cipher=1), "KEY_DEL", f.key(6)[:2])):
            each(cmd, f.nl, lambda c=cmd, a=attrs: f.do(C[f"CMD_{c}"], *a),
                 lambda c=undo, a=which: other.do(C[f"CMD_{c}"], f.dev(), *a),
                 lambda: quietly(other, f))


def quietly(other, f):
    """tables, over a socket that is never armed"""
    armed, f.nl = f.nl, other
    try:
        return tables(f)
    finally:
        f.nl = armed


def changes():
    """netlink: prefixes that move, paths, the key in use, sockets; deletion"""
    with Fixture() as f:
        other = nl.Nl()
        for number in (0, 3):
            f.do(C["CMD_KEY_NEW"], *f.key(number, "TRANSMIT"))
        f.do(C["CMD_KEY_SWAP"], *f.key(0)[:2])

        def pair(what, then, *back):
            """requests: command and attributes"""
            each(what, f.nl, lambda: f.do(C[f"CMD_{then[0]}"], *then[1:]),
                 lambda: [other.do(C[f"CMD_{b[0]}"], f.dev(), *b[1:])
                          for b in back],
                 lambda: quietly(other, f))

        pair("prefixes", ("PEER_SET", f.peer(1), prefix("10.7.0.0", 16),
                          prefix("fd07::", 64)),
             ("PEER_SET", f.peer(1), prefix("10.7.0.0", 16, "REMOVE"),
              prefix("fd07::", 64, "REMOVE")))
        pair("moved prefixes",
             ("PEER_SET", f.peer(1), prefix("10.2.0.0", 16, "MOVE"),
              prefix("10.2.3.0", 24)),
             ("PEER_SET", f.peer(1), prefix("10.2.3.0", 24, "REMOVE")),
             ("PEER_SET", f.peer(2), prefix("10.2.0.0", 16, "MOVE")))
        pair("replaced prefixes",
             ("PEER_SET", f.peer(1), nl.flag(C["A_PEER_REPLACE_PREFIXES"]),
              prefix("10.3.0.0", 16)),
             ("PEER_SET", f.peer(1), nl.flag(C["A_PEER_REPLACE_PREFIXES"]),
              prefix("10.1.0.0", 16)))
        pair("path", ("CHANNEL_SET", f.channel(11), path("192.0.2.9")),
             ("CHANNEL_DEL", f.channel(11)),
             ("CHANNEL_NEW", f.channel(11), f.of_peer(1)))
        pair("key-swap", ("KEY_SWAP", *f.key(3)[:2]),
             ("KEY_SWAP", *f.key(0)[:2]))
        pair("key-del", ("KEY_DEL", *f.key(3)[:2]),
             ("KEY_NEW", *f.key(3, "TRANSMIT")))
        pair("peer-del", ("PEER_DEL", f.peer(2)),
             ("PEER_NEW", f.peer(2), prefix("10.2.0.0", 16)))
        for family, name in ((socket.AF_INET, "4"), (socket.AF_INET6, "6")):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                if name == "6":
                    sock.setsockopt(socket.IPPROTO_IPV6,
                                    socket.IPV6_V6ONLY, 1)
                sock.bind(("", 0))
                attribute = C[f"A_DEV_SOCK{name}_FD"]
                pair(f"socket {name}",
                     ("DEV_SET", nl.s32(attribute, sock.fileno())),
                     ("DEV_SET", nl.s32(attribute, -1)))


def dumps():
    """netlink: a dump says all, or that it could not"""
    with Fixture() as f:
        for n in range(3, 40):
            f.do(C["CMD_PEER_NEW"], f.peer(n), prefix(f"10.{n}.0.0", 16))
        plain = f.nl
        for cmd in ("PEER_GET", "CHANNEL_GET", "LABEL_GET", "KEY_GET",
                    "STATS_GET", "DEV_GET"):
            attrs = [] if cmd == "DEV_GET" else [f.dev()]
            want = len(plain.dump(C[f"CMD_{cmd}"], *attrs)[0])

            def all_of_it(cmd=cmd, attrs=attrs, want=want):
                found, again = f.nl.dump(C[f"CMD_{cmd}"], *attrs)
                assert again or len(found) == want, f"{cmd} says too little"

            each_dump(cmd, f, all_of_it)


def each_dump(what, f, call):
    """a socket whose dump failed is done with: each has a new one"""
    failures = 0
    for nth in range(1, MOST):
        f.nl = nl.Nl(size=4096)
        f.nl.sock = Armed(f.nl.sock, answers=True)
        f.nl.sock.aim(nth)
        try:
            call()
        except OSError as err:
            assert err.errno in (errno.ENOMEM, errno.ENOBUFS), \
                f"{what}, allocation {nth}: {err}"
            failures += 1
        if not f.nl.sock.came:
            print(f"# {what}: of {nth - 1} allocations {failures} are needed")
            return
        f.nl.sock.close()
    raise AssertionError(f"{what}: more than {MOST} allocations")


def devices():
    """{name: counters} of this namespace"""
    with open("/proc/thread-self/net/dev", encoding="ascii") as rows:
        return {row.split(":")[0].strip(): list(map(int,
                                                    row.split(":")[1].split()))
                for row in rows if ":" in row}


def losses(w):
    """packets that were dropped and counted, by the tunnel or a device"""
    return sum(w.drops().values()) + \
        sum(row[10] + row[11] for row in devices().values())


def until_marker(sock, size):
    """datagrams that came before one of @size, and that one"""
    found = [receive(sock)]
    while len(found[-1]) != size:
        found.append(receive(sock))
    return found


def out_of(w, what, data, segment=0):
    """packets from a process, each allocation on their way failing once"""
    fault, seen, lost = Nth(), set(), 0
    count = len(data) // (segment or len(data))
    marker = len(data) % 2 + 2
    for nth in range(1, MOST):
        before, refused = losses(w), False
        w.inner.setsockopt(socket.SOL_UDP, UDP_SEGMENT, segment)
        try:
            fault.during(nth, w.inner.sendto, data, ("10.1.0.2", 7))
        except OSError as err:
            assert err.errno in (errno.ENOMEM, errno.ENOBUFS), \
                f"{what}, allocation {nth}: {err}"
            refused = True
        w.inner.setsockopt(socket.SOL_UDP, UDP_SEGMENT, 0)
        w.inner.sendto(bytes(marker), ("10.1.0.2", 7))
        frames = until_marker(w.far, HEADER + 28 + marker + TAG)
        missing = count + 1 - len(frames)
        assert not missing or refused or losses(w) > before, \
            f"{what}, allocation {nth}: {missing} lost without a word"
        lost += bool(missing)
        for frame in frames:
            assert frame[:16] not in seen, f"{what}: a counter came twice"
            seen.add(frame[:16])
        if not fault.came:
            assert not missing, f"{what}: lost by itself"
            print(f"# {what}: of {nth - 1} allocations {lost} cost packets")
            return
    raise AssertionError(f"{what}: more than {MOST} allocations")


def transmit():
    """packets on their way out, under both ciphers"""
    with Wire() as w:
        w.do(C["CMD_KEY_NEW"], *w.key(2, "TRANSMIT"), LIFE)
        for slot in (SLOT, 2):
            w.do(C["CMD_KEY_SWAP"], *w.key(slot)[:2])
            out_of(w, "a small packet", b"x" * 100)
            out_of(w, "a large packet", b"x" * 1300)
            out_of(w, "a super-packet", b"x" * 1300 * 40, 1300)


def text_of_module():
    """where the module's functions are"""
    found = []
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        for line in symbols:
            words = line.split()
            if words[3:] == ["[signet]"] and words[1] in "tT":
                found.append(int(words[0], 16))
    return min(found), max(found) + 1024


def come_in(w, frames, kind, space):
    """@frames, after so much of @kind an allocation fails: were they needed?
    Says whether one failed, and how many packets were lost"""
    # what a key's first frame needs, every time
    w.do(C["CMD_KEY_DEL"], *w.key(SLOT)[:3])
    w.do(C["CMD_KEY_NEW"], *w.key(SLOT, cipher=1), LIFE)
    before, known = losses(w), devices()["sgt0"][1]
    knob("space", space, kind)
    knob("times", 1, kind)
    knob("probability", 100, kind)
    w.far.setsockopt(socket.SOL_UDP, UDP_SEGMENT, len(frames[0]))
    w.far.send(b"".join(frames[:-1]))
    w.far.setsockopt(socket.SOL_UDP, UDP_SEGMENT, 0)
    end = time.monotonic() + 5 * nl.SLOW
    while knob("times", kind=kind) and time.monotonic() < end and \
            devices()["sgt0"][1] < known + len(frames) - 1:
        time.sleep(0.01)
    knob("probability", 0, kind)
    w.far.send(frames[-1])
    missing = len(frames) - len(until_marker(w.inner, 1))
    left = knob("times", kind=kind)
    assert not missing or losses(w) > before, \
        f"{kind}, {space}: {missing} lost without a word"
    assert not missing or not left, \
        f"{kind}: {missing} lost by themselves: {w.drops()}"
    return not left, missing


def incoming():
    """packets on their way in: the module's own allocations"""
    if not os.path.exists(f"{FAULTS}{KINDS[0]}/require-start"):
        print("# not tried: this kernel can't choose by who calls")
        return
    start, end = text_of_module()
    with Wire() as w:
        w.inner.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        frames = [frame(n, udp_packet(b"x" * 1000)) for n in range(12)]
        frames.append(frame(len(frames), udp_packet(b"m")))
        knob("require-start", start)
        knob("require-end", end)
        try:
            for kind, step in zip(KINDS, (64, 1)):
                failed = lost = 0
                for n in range(1, MOST):
                    came, missing = come_in(w, frames, kind, n * step)
                    failed += came
                    lost += bool(missing)
                    if not came:
                        break
                print(f"# {kind}: {failed} times one failed, "
                      f"{lost} times with a loss")
        finally:
            calm()


if __name__ == "__main__":
    prepare()
    every = [links, objects, changes, dumps, transmit, incoming]
    nl.main([t for t in every if t.__name__ in sys.argv[1:]] or every)
