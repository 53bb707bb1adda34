#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Path MTU: ICMP errors count when they quote a frame of ours, and nothing
that anyone else can make up."""

import socket
import struct

import nl
from nl import C, Nl, equal
from wire import (FAR, NEAR, PORT, Wire, checksum, flip, ipv4, netns, receive,
                  received)

IP_MTU_DISCOVER, IP_RECVERR, IP_MTU, DO = 10, 11, 14, 2
OUTER, MTU = 1000, 1000 - 68  # 20 of IPv4, 8 of UDP, 40 of the frame


def quote(data, mtu=OUTER, cut=None, code=4):
    """an ICMP error about a datagram from the device to the peer"""
    udp = struct.pack(">HHHH", PORT, PORT, 8 + len(data), 0) + data
    inside = ipv4(udp, 17, NEAR, FAR)[:cut]
    inside += bytes(len(inside) % 2)
    body = struct.pack(">BBHHH", 3, code, 0, 0, mtu) + inside
    return body[:2] + struct.pack(">H", checksum(body)) + body[4:]


class Errors(Wire):
    """@icmp: a router's socket; @ear hears of path MTUs"""

    def __enter__(self):
        with netns("sgfar"):
            self.icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                      socket.IPPROTO_ICMP)
        self.out = socket.socket(type=socket.SOCK_DGRAM)
        self.out.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DO)
        self.out.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        self.out.connect(("10.1.0.2", 9))
        self.ear = Nl()
        self.ear.join()
        return self

    def __exit__(self, *args):
        for sock in (self.icmp, self.out, self.ear.sock):
            sock.close()
        super().__exit__(*args)

    def route_mtu(self):
        """the outer route's, as routing knows it"""
        words = nl.run(f"ip route get {FAR}").split()
        return int(words[words.index("mtu") + 1]) if "mtu" in words else 1500

    def told(self):
        return [e.num(C["A_EVENT_MTU"]) for e in self.ear.events(0.3)
                if e.cmd == C["CMD_PMTU_NTF"]]

    def error(self, *args, **others):
        self.icmp.sendto(quote(*args, **others), (NEAR, 0))

    def ours(self):
        """a frame that the device sent"""
        self.out.send(b"x" * 1000)
        return receive(self.far)


def spoofed():
    """errors that quote what the device never sent change nothing"""
    with Errors() as w:
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
            equal(w.route_mtu(), 1500, what)
        for length in (0, 8, 20, 27, 28, 29, 36, 51):
            w.error(ours, cut=length)
            equal(w.route_mtu(), 1500, f"cut at {length}")
        equal(w.told(), [], "events")
        w.ours()


def genuine():
    """a genuine error lowers the MTU, is told, and inner senders hear it"""
    with Errors() as w:
        w.error(w.ours(), cut=52)  # as little as is needed
        equal((w.told(), w.route_mtu()), ([MTU], OUTER), "path MTU")
        received(w.far)
        try:
            w.out.send(b"x" * 1000)
        except OSError:
            pass
        equal(received(w.far), [], "frames too long")
        w.out.settimeout(5)
        _, control, _, _ = w.out.recvmsg(2000, 500, socket.MSG_ERRQUEUE)
        code, _, kind, _, _, mtu = struct.unpack_from("=IBBBBI",
                                                      control[0][2])
        equal((code, kind, mtu), (nl.errno.EMSGSIZE, 3, MTU), "error")
        equal(w.out.getsockopt(socket.IPPROTO_IP, IP_MTU), MTU, "inner MTU")
        w.out.send(b"y" * (MTU - 28))
        equal(len(receive(w.far)), OUTER - 28, "longest frame")
        equal(w.drops().get(16), 1, "drops for the MTU")


def others():
    """other errors, and MTUs that can't be, change no route"""
    with Errors() as w:
        ours = w.ours()
        for code in (0, 1, 3, 13):
            w.error(ours, code=code)
        equal((w.told(), w.route_mtu()), ([], 1500), "unreachable")
        w.error(ours, mtu=1600)
        equal(w.route_mtu(), 1500, "an MTU above the link's")
        w.told()
        w.error(ours, mtu=60)
        equal(w.told(), [], "an MTU below the overhead")
        w.out.send(b"z" * 100)
        equal(len(receive(w.far)), 168, "a frame")


if __name__ == "__main__":
    nl.main([spoofed, genuine, others])
