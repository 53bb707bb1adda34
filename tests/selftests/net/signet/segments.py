#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What becomes of super-packets on the wire, header by header: CWR only on a
stream's first segment, FIN and PSH only on its last, in both directions."""

import contextlib
import os
import socket
import struct
import tempfile

import nl
from nl import C, equal
from nl_fixture import prefix
from wire import Wire, checksum, frame, ipv4, opened, receive

SOL_PACKET, PACKET_VNET_HDR, UDP_SEGMENT = 263, 15, 103
OUTGOING = 4
FIN, PSH, ACK, URG, ECE, CWR = 1, 8, 16, 32, 64, 128
SEGMENT = 500
GSO_V4, GSO_V6, GSO_ECN = 1, 4, 0x80
HERE, THERE = {4: "10.9.0.1", 6: "fd09::1"}, {4: "10.1.0.2", 6: "fd01::2"}


def pseudo(family, source, dest, length):
    """the pseudo header of TCP"""
    ends = nl.packed(source) + nl.packed(dest)
    return ends + struct.pack(">HH" if family == 4 else ">II", 6, length)


def packet(family, source, dest, flags, payload, seq=1000, partial=False):
    """an IP packet with a TCP segment; @partial: with half a checksum"""
    def tcp(check):
        # a time stamp, as most streams have
        return struct.pack(">HHIIBBHHHBBBBII", 9, 7001, seq, 5, 8 << 4, flags,
                           1000, check, 0, 1, 1, 8, 10, 77, 88)

    head = pseudo(family, source, dest, 32 + len(payload))
    if partial:
        check = ~checksum(head) & 0xffff
    else:
        whole = head + tcp(0) + payload
        check = checksum(whole + bytes(len(whole) % 2))
    body = tcp(check) + payload
    if family == 4:
        return ipv4(body, 6, source, dest)
    return struct.pack(">IHBB", 6 << 28, len(body), 6, 64) + \
        nl.packed(source) + nl.packed(dest) + body


def dissect(family, data):
    """(IPv4 id, sequence number, flags, payload); checksums are right"""
    at, number = 40, None
    if family == 4:
        at, number = 20, struct.unpack_from(">H", data, 4)[0]
        equal(checksum(data[:20]), 0, "IP checksum")
        length, ends = struct.unpack_from(">H", data, 2)[0], data[12:20]
    else:
        length = 40 + struct.unpack_from(">H", data, 4)[0]
        ends = data[8:40]
    equal(length, len(data), "length of the IP packet")
    whole = ends + struct.pack(">HH", 6, len(data) - at) + data[at:]
    equal(checksum(whole + bytes(len(whole) % 2)), 0, "TCP checksum")
    seq, = struct.unpack_from(">I", data, at + 4)
    return number, seq, data[at + 13], data[at + 32:]


class Tap(Wire):
    """@tap: sends super-packets as they are, and sees them"""

    def __init__(self):
        super().__init__()
        self.do(C["CMD_PEER_SET"], self.peer(1), prefix("fd01::", 64))
        self.tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                 socket.htons(3))
        self.tap.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.tap.bind(("sgt0", 3))
        self.counter = 0  # of the next frame that arrives

    def __exit__(self, *args):
        self.tap.close()
        super().__exit__(*args)

    def leave(self, family, flags, payload, ecn=False):
        """a super-packet that the device is to send; what came of it"""
        kind = (GSO_V4 if family == 4 else GSO_V6) | (GSO_ECN if ecn else 0)
        at = 20 if family == 4 else 40
        data = packet(family, HERE[family], THERE[family], flags, payload,
                      partial=True)
        head = struct.pack("=BBHHHH", 1, kind, at + 32, SEGMENT, at, 16)
        self.tap.sendto(head + data, ("sgt0", 0x0800 if family == 4 else
                                      0x86dd))
        return [dissect(family, opened(receive(self.far)))
                for _ in range(-(-len(payload) // SEGMENT))]

    def arrive(self, family, segments):
        """[flags] of segments of a stream; the same of what was delivered,
        and the number of packets"""
        frames = [frame(self.counter + n,
                        packet(family, THERE[family], HERE[family], flags,
                               bytes([n]) * SEGMENT, 1000 + n * SEGMENT))
                  for n, flags in enumerate(segments)]
        self.counter += len(frames)
        self.far.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(frames[0]))
        self.far.send(b"".join(frames))
        return self.collect(family, len(segments))

    def collect(self, family, many):
        """flags of so many segments that were delivered, number of packets"""
        found, packets = [], 0
        with contextlib.suppress(TimeoutError):
            while len(found) < many:
                self.tap.settimeout(5)
                data, (_, _, kind, *_) = self.tap.recvfrom(65536)
                if kind != OUTGOING:
                    packets += 1
                    found += split(family, data, len(found))
        return found, packets


def split(family, data, n):
    """flags of the segments that a packet with its virtio header is made of;
    @n came before it"""
    at = 10 + (20 if family == 4 else 40)
    seq, = struct.unpack_from(">I", data, at + 4)
    equal(seq, 1000 + n * SEGMENT, "sequence number")
    payload, flags = data[at + 32:], data[at + 13]
    many = len(payload) // SEGMENT
    equal(payload, b"".join(bytes([n + i]) * SEGMENT for i in range(many)),
          "payload")
    if many > 1:
        equal(struct.unpack_from("=H", data, 4)[0], SEGMENT, "segment size")
    first, last = flags & ~(FIN | PSH), flags & ~CWR
    return [flags] if many == 1 else \
        [first] + [first & ~CWR] * (many - 2) + [last]


def outgoing():
    """segments that leave have the flags and numbers of their place"""
    with Tap() as w:
        for family in (4, 6):
            for length in (SEGMENT * 4, SEGMENT * 4 + 1, SEGMENT * 2 - 1):
                for flags in (ACK, ACK | PSH, ACK | FIN, ACK | PSH | FIN,
                              ACK | CWR, ACK | ECE,
                              ACK | CWR | ECE | PSH | FIN):
                    payload = bytes(i % 251 for i in range(length))
                    got = w.leave(family, flags, payload, flags & CWR)
                    last = len(got) - 1
                    want = [flags & ~(0 if i == 0 else CWR) &
                            ~(0 if i == last else PSH | FIN)
                            for i in range(len(got))]
                    equal([g[2] for g in got], want, f"flags of {flags:#x}")
                    equal([g[1] for g in got],
                          [1000 + i * SEGMENT for i in range(len(got))],
                          "sequence numbers")
                    equal(b"".join(g[3] for g in got), payload, "payload")
                    if family == 4:
                        equal([g[0] for g in got],
                              list(range(1, len(got) + 1)), "IPv4 numbers")
        equal(w.drops(), {}, "drops")


def incoming():
    """segments that arrive are joined, and none loses or gets a flag"""
    streams = ([ACK] * 6, [ACK] * 5 + [ACK | PSH], [ACK] * 5 + [ACK | FIN],
               [ACK | CWR] + [ACK] * 5, [ACK, ACK, ACK | CWR, ACK, ACK, ACK],
               [ACK, ACK | PSH, ACK, ACK | PSH, ACK, ACK | FIN | PSH],
               [ACK | ECE] * 6, [ACK, ACK, ACK | ECE, ACK | ECE, ACK, ACK],
               [ACK, ACK, ACK, ACK | URG, ACK, ACK])
    with Tap() as w:
        for family in (4, 6):
            for segments in streams:
                got, packets = w.arrive(family, segments)
                equal(got, segments, "flags")
                assert packets < len(segments), "nothing was joined"
        equal(w.drops(), {}, "drops")


@contextlib.contextmanager
def at_once(device):
    """what is sent in here arrives one by one, and is opened in one run: by a
    thread that has to wait until this one sleeps"""
    with tempfile.TemporaryDirectory() as sysfs:
        nl.run(f"mount -t sysfs none {sysfs}")
        try:
            with open(f"{sysfs}/class/net/{device}/threaded", "w",
                      encoding="ascii") as f:
                f.write("1")
        finally:
            nl.run(f"umount {sysfs}")
    home = os.sched_getaffinity(0)
    one = {min(home)}
    for pid in nl.run(f"pgrep napi/{device}").split():
        os.sched_setaffinity(int(pid), one)
    os.sched_setaffinity(0, one)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, home)


def parted():
    """a keepalive between segments is no part of their stream"""
    with Tap() as w:
        nl.run("ethtool -K sgt0 gro off")
        for family in (4, 6):
            inner = [packet(family, THERE[family], HERE[family], ACK,
                            bytes([n]) * SEGMENT, 1000 + n * SEGMENT)
                     for n in range(4)]
            inner.insert(2, b"")
            frames = [frame(w.counter + n, p) for n, p in enumerate(inner)]
            w.counter += len(frames)
            with at_once("sgt0"):
                for data in frames:
                    w.far.send(data)
            # GRO, which is off, would join the two
            equal(w.collect(family, 4), ([ACK] * 4, 2), "flags, packets")
        equal(w.drops(), {}, "drops")


if __name__ == "__main__":
    nl.main([outgoing, incoming, parted])
