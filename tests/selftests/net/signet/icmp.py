#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Path MTU: ICMP errors count when they quote a frame of ours, and nothing
that anyone else can make up, whatever the core makes of it."""

import socket
import struct
import time

import nl
from nl import C, Nl, equal
from nl_fixture import path
from wire import (FAR, NEAR, PORT, Wire, checksum, flip, ipv4, netns, receive,
                  received)

IP_MTU_DISCOVER, IP_RECVERR, IP_MTU, DO = 10, 11, 14, 2
NEAR6, FAR6 = "2001:db8::2", "2001:db8::1"
MTU_DROPS = 16


class Errors(Wire):
    """A device whose frames go over IPv4. @icmp: a router's socket, @out an
    inner sender; @ear hears of path MTUs, @outer is one that errors tell"""

    outer, above = 1000, 68  # 20 of IPv4, 8 of UDP, 40 of the frame
    near, far_end = NEAR, FAR

    def __init__(self):
        super().__init__()
        self.over()
        self.out = self.sender("10.1.0.2")
        self.ear = Nl()
        self.ear.join()

    def over(self):
        with netns("sgfar"):
            self.icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                      socket.IPPROTO_ICMP)

    @staticmethod
    def sender(to):
        """an inner socket that wants to hear of path MTUs"""
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DO)
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.connect((to, 9))
        return sock

    def __exit__(self, *args):
        for sock in (self.icmp, self.out, self.ear.sock):
            sock.close()
        super().__exit__(*args)

    @property
    def inner_mtu(self):
        """the one that belongs to @outer"""
        return self.outer - self.above

    def ip(self, payload, proto):
        return ipv4(payload, proto, NEAR, FAR)

    def too_big(self, inside, mtu, code=4):
        body = struct.pack(">BBHHH", 3, code, 0, 0, mtu) + inside
        return body[:2] + struct.pack(">H", checksum(body)) + body[4:]

    def error_about(self, packet, mtu=None, **others):
        """a router's error that quotes this much of a packet"""
        packet += bytes(len(packet) % 2)
        mtu = self.outer if mtu is None else mtu
        self.icmp.sendto(self.too_big(packet, mtu, **others), (self.near, 0))

    def error(self, data, cut=None, **others):
        """the same of a datagram from the device to the peer"""
        udp = struct.pack(">HHHH", PORT, PORT, 8 + len(data), 0) + data
        self.error_about(self.ip(udp, 17)[:cut], **others)

    def echo(self):
        """what no socket sent: every kernel believes errors about it"""
        return self.ip(bytes(8), 1)

    def told(self):
        return [e.num(C["A_EVENT_MTU"]) for e in self.ear.events(0.3)
                if e.cmd == C["CMD_PMTU_NTF"]]

    def fragments(self):
        """how many came to the far end"""
        with netns("sgfar"), open("/proc/thread-self/net/snmp") as f:
            names, values = [x.split() for x in f if x.startswith("Ip:")]
        return int(values[names.index("ReasmReqds")])

    def ours(self):
        """a frame that the device sent, longer than @outer"""
        self.out.send(b"x" * self.outer)
        return receive(self.far)

    def unharmed(self, what):
        """long frames leave whole, at the latest after the first"""
        self.ours()
        time.sleep(0.03)  # until a route's end is over
        before = self.fragments()
        equal(len(self.ours()), self.outer + 28 + 40, f"frame after {what}")
        equal(self.fragments() - before, 0, f"fragments after {what}")


class Errors6(Errors):
    """the same over IPv6"""

    outer, above = 1300, 88
    near, far_end = NEAR6, FAR6

    def over(self):
        nl.run("sysctl -q net.ipv6.conf.v1.disable_ipv6=0; "
               f"ip addr add {NEAR6}/64 dev v1 nodad; "
               f"ip -n sgfar addr add {FAR6}/64 dev v0 nodad")
        self.agent6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.agent6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.agent6.bind(("::", PORT))
        self.do(C["CMD_DEV_SET"],
                nl.s32(C["A_DEV_SOCK6_FD"], self.agent6.fileno()))
        self.do(C["CMD_CHANNEL_SET"], self.channel(10), path(FAR6))
        self.far.close()
        with netns("sgfar"):
            self.icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW,
                                      socket.IPPROTO_ICMPV6)
            self.far = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            self.far.bind((FAR6, PORT))
        self.far.connect((NEAR6, PORT))

    def __exit__(self, *args):
        self.agent6.close()
        super().__exit__(*args)

    def ip(self, payload, proto):
        proto = 58 if proto == 1 else proto
        return struct.pack(">IHBB16s16s", 6 << 28, len(payload), proto, 64,
                           nl.packed(NEAR6), nl.packed(FAR6)) + payload

    def echo(self):
        return self.ip(b"\x81" + bytes(7), 58)

    def too_big(self, inside, mtu, code=0):
        kind = 2 if code == 0 else 1
        return struct.pack(">BBHI", kind, code, 0, mtu) + inside

    def fragments(self):
        with netns("sgfar"), open("/proc/thread-self/net/snmp6") as f:
            return int(dict(x.split() for x in f)["Ip6ReasmReqds"])


def spoof(w, head):
    """@head: bytes of the IP and UDP headers"""
    ours = w.ours()
    lies = {
        "another label": flip(ours, 4),
        "another hop tag": flip(ours, 16),
        "another counter": flip(ours, 8),
        "another lane": flip(ours, 1),
        "another type": b"\1" + ours[1:],
        "no frame": b"GET / HTTP/1.1" + bytes(40),
        "zeros": bytes(100),
    }
    for what, data in lies.items():
        w.error(data)
        w.unharmed(what)
    for length in (head, head + 1, head + 8, head + 23):
        w.error(ours, cut=length)
        w.unharmed(f"a quote of {length}")
    w.error_about(w.echo())
    w.unharmed("an echo")
    w.error_about(w.echo(), mtu=100)
    w.unharmed("an echo and a tiny MTU")
    equal(w.told(), [], "events")
    equal(w.drops().get(MTU_DROPS), None, "drops for the MTU")


def spoofed():
    """errors over IPv4 that quote what the device never sent do nothing"""
    with Errors() as w:
        spoof(w, 28)


def spoofed6():
    """errors over IPv6 that quote what the device never sent do nothing"""
    with Errors6() as w:
        spoof(w, 48)


def believe(w, head):
    w.error(w.ours(), cut=head + 24)  # as little as is needed
    equal(w.told(), [w.inner_mtu], "path MTU")
    try:
        w.out.send(b"x" * w.outer)
    except OSError:
        pass
    equal(received(w.far), [], "frames too long")
    w.out.settimeout(5)
    _, control, _, _ = w.out.recvmsg(2000, 500, socket.MSG_ERRQUEUE)
    code, _, kind, _, _, mtu = struct.unpack_from("=IBBBBI", control[0][2])
    equal((code, kind, mtu), (nl.errno.EMSGSIZE, 3, w.inner_mtu), "error")
    equal(w.out.getsockopt(socket.IPPROTO_IP, IP_MTU), w.inner_mtu, "inner MTU")
    equal(w.drops().get(MTU_DROPS), 1, "drops for the MTU")

    before = w.fragments()
    w.out.send(b"y" * (w.inner_mtu - 28))
    longest = receive(w.far)
    equal((len(longest), w.fragments() - before), (w.inner_mtu + 40, 0),
          "longest frame")
    w.error(longest)
    w.error(longest, mtu=w.outer + 100)
    equal(w.told(), [], "events of the same, and of a larger one")

    # replaced by the same: nothing is known of this path
    w.do(C["CMD_CHANNEL_SET"], w.channel(10), path(w.far_end))
    w.out.close()
    w.out = w.sender("10.1.0.3")
    w.unharmed("a new path")


def genuine():
    """a genuine error lowers the MTU, is told, and inner senders hear it"""
    with Errors() as w:
        believe(w, 28)


def genuine6():
    """a genuine error over IPv6 does, too"""
    with Errors6() as w:
        believe(w, 48)


def others():
    """other errors, and MTUs that can't be, change nothing"""
    with Errors() as w:
        ours = w.ours()
        for code in (0, 1, 3, 13):
            w.error(ours, code=code)
        for mtu in (0, 60, 68, 1500, 1600, 65535):
            w.error(ours, mtu=mtu)
        equal(w.told(), [], "events")
        w.unharmed("them")
    with Errors6() as w:
        ours = w.ours()
        for code in (1, 3, 4):
            w.error(ours, code=code)
        for mtu in (0, 88, 1500, 1600, (1 << 32) - 1):
            w.error(ours, mtu=mtu)
        equal(w.told(), [], "events over IPv6")
        w.unharmed("them, over IPv6")


def least():
    """below what every path has, frames are cut and not refused"""
    for kind, tiny, told, length in ((Errors, 100, 552 - 68, 576),
                                     (Errors6, 600, 1280 - 88, 1192)):
        with kind() as w:
            w.error(w.ours(), mtu=tiny)
            equal(w.told(), [told], "path MTU")
            w.out.send(bytes(length - 28))
            equal(len(receive(w.far)), length + 40, "frame")


if __name__ == "__main__":
    nl.main([spoofed, spoofed6, genuine, genuine6, others, least])
