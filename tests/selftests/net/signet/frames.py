#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Frames that are not as they should be, in every way that an attacker can
send them: none gets through, and each is counted under its reason."""

import os
import re
import socket
import struct
import time

import nl
from nl import C, equal
from wire import (FAR, HEADER, MESSAGE, NEAR, PORT, SLOT, TAG, Wire, flip,
                  frame, header, ipv4, netns, receive, received, seal,
                  udp_packet)

UDP_SEGMENT = 103
TRACING = "/sys/kernel/tracing"
(LENGTH, _TYPE, FLAGS, LABEL, HOP_TAG, KEY_ID, EXPIRED, LANE, REPLAY, AEAD,
 INNER, INNER_SOURCE) = range(1, 13)


def vectors():
    """the cipher and hash of this test are those of the standards"""
    text = b"".join((b"Ladies and Gentlemen of the class of '99: If I could ",
                     b"offer you only one tip for the future, sunscreen ",
                     b"would be it."))
    sealed = seal(bytes.fromhex("50515253c0c1c2c3c4c5c6c7"),
                  bytes.fromhex("070000004041424344454647"), text,
                  bytes(range(0x80, 0xa0)))
    equal(sealed[-16:].hex(), "1ae10b594f09e26a7e902ecbd0600691", "tag")


def good():
    """a frame that is as it should be"""
    with Wire() as w:
        w.send(0)
        equal(receive(w.inner), b"data", "packet")
        w.send(1, b"")
        equal(receive(w.inner), b"", "packet")
        w.far.send(frame(2, b""))  # a keepalive
        w.send(3, b"x" * 1300)
        equal(receive(w.inner), b"x" * 1300, "packet")
        equal(w.drops(), {}, "drops")


def bad():
    """[(what, frame, reason)]; all would be counter 10"""
    packet = udp_packet(b"bad")
    fine = frame(10, packet)
    body = fine[HEADER:]
    yield "hop tag", flip(fine, 16), HOP_TAG
    yield "hop tag's last byte", flip(fine, 23), HOP_TAG
    yield "another hop key", frame(10, packet, hop=bytes(16)), HOP_TAG
    yield "counter without a hop tag", flip(fine, 8), HOP_TAG
    yield "counter with a hop tag", header(11) + body, AEAD
    yield "ciphertext", flip(fine, HEADER), AEAD
    yield "ciphertext's end", flip(fine, len(fine) - TAG - 1), AEAD
    yield "tag", flip(fine, len(fine) - 1), AEAD
    yield "cut by a byte", fine[:-1], AEAD
    yield "longer by a byte", fine + b"\0", AEAD
    yield "another key", frame(10, packet, key=bytes(32)), AEAD
    yield "another slot's key", header(10, slot=0) + body, AEAD
    yield "no tag", fine[:HEADER + TAG - 1], LENGTH
    yield "a header alone", fine[:HEADER], LENGTH
    yield "a byte less", fine[:HEADER - 1], LENGTH
    yield "a byte", fine[:1], LENGTH
    yield "flags", frame(10, packet, flags=1), FLAGS
    yield "the highest flag", frame(10, packet, flags=0x8000), FLAGS
    yield "an unknown label", frame(10, packet, label=101), LABEL
    yield "label 0", frame(10, packet, label=0), LABEL
    yield "an empty slot", frame(10, packet, slot=7), KEY_ID
    yield "a lane too many", frame(10, packet, lane=31), LANE
    yield "counter past the key's end", frame(1 << 28, packet), EXPIRED
    yield "the last counter", frame((1 << 64) - 1, packet), EXPIRED
    yield "no IP packet", frame(11, b"\0" * 40), INNER
    yield "a cut IP packet", frame(12, packet[:-1]), INNER
    yield "half a header", frame(13, packet[:10]), INNER
    yield "another peer's address", frame(14, udp_packet(
        b"bad", source="10.2.0.1")), INNER_SOURCE
    yield "nobody's address", frame(15, udp_packet(
        b"bad", source="10.3.0.1")), INNER_SOURCE


def settle(w, want):
    """the drops, as soon as they are as many"""
    for _ in range(50 * nl.SLOW):
        got = w.drops()
        if sum(got.values()) >= sum(want.values()):
            break
        time.sleep(0.02)
    return got


def forged():
    """forged, cut and changed frames, each under its reason"""
    want = {}
    with Wire() as w:
        for what, data, reason in bad():
            w.far.send(data)
            want[reason] = want.get(reason, 0) + 1
            equal(settle(w, want), want, f"drops after {what}")
        w.send(10, b"good")  # none of them took its place in the window
        equal(receive(w.inner), b"good", "packet")
        equal(received(w.agent), [], "frames for the agent")


def oversized():
    """the longest datagram, in fragments, and one frame in fragments"""
    with Wire() as w:
        w.far.send(header(0) + bytes(65507 - HEADER))
        equal(settle(w, {AEAD: 1}), {AEAD: 1}, "drops")
        w.send(1, b"y" * 4000)
        equal(receive(w.inner), b"y" * 4000, "packet in a fragmented frame")


def missing_fragment():
    """fragments of a frame that never is whole"""
    with Wire() as w:
        whole = frame(0, udp_packet(b"z" * 1000))
        data = struct.pack(">HHHH", PORT, PORT, 8 + len(whole), 0) + whole
        with netns("sgfar"):
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                socket.IPPROTO_RAW)
        raw.sendto(ipv4(data[:512], 17, FAR, NEAR, df=0x2000), (NEAR, 0))
        equal(received(w.inner), [], "packets")
        raw.sendto(ipv4(data[512:], 17, FAR, NEAR, df=64), (NEAR, 0))
        equal(receive(w.inner), b"z" * 1000, "packet")
        raw.close()


def window():
    """replay and reordering, to the window's edges and beyond"""
    with Wire() as w:
        w.do(C["CMD_KEY_NEW"], *w.key(2, cipher=1),
             nl.uint(C["A_KEY_HARD_FRAMES"], 1 << 48))
        top, want = 20000, 0
        fine = [top, top - 8191, top - 1, top - 8190, top + 5, top + 4,
                top + 1, top + 1000000, (1 << 47) + 5, (1 << 48) - 1,
                (1 << 48) - 8192]
        for counter in fine:
            w.send(counter, b"%d" % counter, slot=2)
            equal(receive(w.inner), b"%d" % counter, "packet")
            w.send(counter, slot=2)
            want += 1
            equal(settle(w, {REPLAY: want}), {REPLAY: want},
                  f"replay of {counter}")
        for counter in ((1 << 48) - 8193, (1 << 48) - 8194, 20000, 0):
            w.send(counter, slot=2)
            want += 1
            equal(settle(w, {REPLAY: want}), {REPLAY: want},
                  f"old counter {counter}")
        equal(received(w.inner), [], "packets")


def edge():
    """8191, 8192 and 8193 behind the highest"""
    with Wire() as w:
        w.send(10000, b"top")
        equal(receive(w.inner), b"top", "packet")
        w.send(10000 - 8191, b"8191")
        equal(receive(w.inner), b"8191", "the last in the window")
        w.send(10000 - 8192)
        w.send(10000 - 8193)
        equal(settle(w, {REPLAY: 2}), {REPLAY: 2}, "beyond the window")
        equal(received(w.inner), [], "packets")


def lanes():
    """the limit of frames is the key's, over all of its lanes"""
    with Wire() as w:
        w.do(C["CMD_CHANNEL_NEW"], w.channel(13), w.of_peer(1),
             nl.u8(C["A_CHANNEL_RX_LANES"], 4))
        w.do(C["CMD_LABEL_NEW"], *w.label(300, 13))
        w.do(C["CMD_KEY_NEW"], *w.key(2, channel=13, cipher=1),
             nl.uint(C["A_KEY_HARD_FRAMES"], 100))
        expired = 0
        # a lane's highest counter tells how many frames it had, or lost
        for lane, counter, good in ((0, 24, True), (0, 59, True),
                                    (1, 40, False), (1, 39, True),
                                    (1, 38, True), (1, 40, False),
                                    (0, 58, True), (0, 60, False),
                                    (2, 0, False), (3, 99, False),
                                    (0, 100, False)):
            w.send(counter, b"%d" % counter, lane=lane, label=300, slot=2)
            if good:
                equal(receive(w.inner), b"%d" % counter, "packet")
            else:
                expired += 1
                equal(settle(w, {EXPIRED: expired}), {EXPIRED: expired},
                      f"drops at {counter} of lane {lane}")
        w.send(0, lane=4, label=300, slot=2)
        equal(settle(w, {EXPIRED: expired, LANE: 1}),
              {EXPIRED: expired, LANE: 1}, "a lane too many")


def counters():
    """what a peer's channels and keys counted stays when they go"""
    with Wire() as w:
        def count():
            peer = w.do(C["CMD_PEER_GET"], w.peer(1))[0]
            return [peer.sub(C["A_PEER_COUNTERS"])[0].num(C[f"A_COUNTERS_{n}"])
                    for n in ("RX_PACKETS", "RX_BYTES", "TX_PACKETS",
                              "TX_BYTES", "AEAD_FAILURES")]

        for n in range(3):
            w.send(n)
            receive(w.inner)
        w.far.send(flip(frame(9, udp_packet(b"bad")), HEADER))
        equal(settle(w, {AEAD: 1}), {AEAD: 1}, "drops")
        w.inner.sendto(b"back", ("10.1.0.2", 9))
        receive(w.far)
        want = [3, 3 * 32, 1, 32, 1]
        equal(count(), want, "counters")
        w.do(C["CMD_KEY_DEL"], *w.key(SLOT)[:2])
        equal(count(), want, "counters without the key")
        w.do(C["CMD_CHANNEL_DEL"], w.channel(10))
        equal(count(), want, "counters without the channel")


def super_packet(w, frames):
    """frames of one length as one super-packet"""
    assert len({len(f) for f in frames}) == 1
    w.far.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(frames[0]))
    w.far.send(b"".join(frames))


def mixed_types():
    """packets and messages in one super-packet"""
    with Wire() as w:
        # what the agent would get from a super-packet, one by one
        packets = [frame(n, udp_packet(b"%04d" % n + bytes(60)))
                   for n in range(8)]
        messages = [bytes([MESSAGE]) + os.urandom(len(packets[0]) - 1)
                    for _ in range(4)]
        both = [x for pair in zip(packets, messages) for x in pair]
        super_packet(w, both + packets[4:])
        got = received(w.inner)
        equal([p[:4] for p in got], [b"%04d" % n for n in range(8)],
              "packets")
        equal(b"".join(received(w.agent)), b"".join(messages), "messages")
        equal(w.drops(), {}, "drops")


def mixed_drops():
    """bad packets and a message in one super-packet: each counts once"""
    with Wire() as w:
        fine = [frame(n, udp_packet(b"%04d" % n)) for n in range(8)]
        message = bytes([MESSAGE]) + os.urandom(len(fine[0]) - 1)
        bad = [flip(fine[6], 16),
               frame(6, udp_packet(b"0006"), label=77)] * 3
        super_packet(w, [fine[0], *bad, fine[1], message, bad[0]])
        equal([p[:4] for p in received(w.inner)], [b"0000", b"0001"],
              "packets")
        equal(received(w.agent), [message], "messages")
        equal(w.drops(), {HOP_TAG: 4, LABEL: 3}, "drops")


def mixed_labels():
    """labels, keys, good and bad in one super-packet"""
    with Wire() as w:
        other = bytes(range(100, 116))
        w.do(C["CMD_CHANNEL_NEW"], w.channel(12), w.of_peer(2))
        w.do(C["CMD_LABEL_NEW"], *w.label(200, 12, other))
        w.do(C["CMD_KEY_NEW"], *w.key(3, channel=12, cipher=1))
        frames, want = [], []
        for n in range(6):
            one, two = b"one%d" % n, b"two%d" % n
            frames += [frame(n, udp_packet(one)),
                       frame(n, udp_packet(two, source="10.2.0.1"), label=200,
                             slot=3, hop=other),
                       flip(frame(n + 50, udp_packet(one)), 16),
                       flip(frame(n + 60, udp_packet(one)), HEADER),
                       frame(n, udp_packet(one), label=77)]
            want += [one, two]
        frames.append(frames[0])
        super_packet(w, frames)
        equal(sorted(received(w.inner)), sorted(want), "packets")
        equal(w.drops(), {HOP_TAG: 6, AEAD: 6, LABEL: 6, REPLAY: 1}, "drops")


def opened_on(lanes):
    """{lane: CPUs that opened its frames}, as the kernel tells it"""
    found = {lane: set() for lane in range(lanes)}
    with open(f"{TRACING}/trace", encoding="ascii") as trace:
        for line in trace:
            seen = re.search(r"\[(\d+)\].* signet_open: .*lane=(\d+)", line)
            if seen:
                found[int(seen[2])].add(int(seen[1]))
    return found


def trace(on):
    """let the kernel write down which frames it opens, from now on"""
    for name, text in (("events/signet/signet_open/enable", f"{on:d}"),
                       ("trace", "")):
        if on or name != "trace":
            with open(f"{TRACING}/{name}", "w", encoding="ascii") as file:
                file.write(text)


def steered():
    """lanes in one super-packet are opened each on one CPU, in order"""
    told = os.path.exists(f"{TRACING}/events/signet/signet_open")
    lanes, each = 4, 8
    with Wire() as w:
        w.do(C["CMD_CHANNEL_NEW"], w.channel(14), w.of_peer(1),
             nl.u8(C["A_CHANNEL_RX_LANES"], lanes))
        w.do(C["CMD_LABEL_NEW"], *w.label(400, 14))
        w.do(C["CMD_KEY_NEW"], *w.key(4, channel=14, cipher=1))
        try:
            # the first tells that there are several
            for turn in range(3):
                frames = [frame(turn * each + n,
                                udp_packet(b"%d%04d" % (lane, n)),
                                lane=lane, label=400, slot=4)
                          for n in range(each) for lane in range(lanes)]
                frames[9] = flip(frames[9], 16)
                super_packet(w, frames)
                got = received(w.inner)
                equal(len(got), lanes * each - 1, "packets")
                for lane in range(lanes):
                    mine = [p for p in got if p[:1] == b"%d" % lane]
                    equal(mine, sorted(mine), f"order of lane {lane}")
                if told and not turn:
                    trace(True)
        finally:
            if told:
                trace(False)
        equal(w.drops(), {HOP_TAG: 3}, "drops")
        if told:
            cpus = opened_on(lanes)
            equal([len(c) for c in cpus.values()], [1] * lanes,
                  "CPUs of each lane")
            equal(len(set.union(*cpus.values())),
                  min(lanes, os.cpu_count()), "CPUs")


def capture():
    """a capture keeps the ciphertext while frames are opened"""
    with Wire() as w:
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                            socket.htons(3))
        ear.bind(("v1", 3))
        sent = [frame(n, udp_packet(b"%04d" % n + bytes(1000)))
                for n in range(20)]
        for data in sent[:10]:
            w.far.send(data)
        super_packet(w, sent[10:])
        equal(len(received(w.inner)), 20, "packets")
        seen = b"".join(p[42:] for p in received(ear)
                        if p[23:24] == b"\x11" and p[42:43] == b"\5")
        ear.close()
        equal(seen == b"".join(sent), True, "the capture is what was sent")


def bound():
    """a socket that is bound to a device, or a VRF"""
    with Wire() as w:
        w.do(C["CMD_DEV_SET"], nl.s32(C["A_DEV_SOCK4_FD"], -1))
        w.agent.close()
        w.agent = w.hand_over("v1")
        w.send(0, b"single")
        equal(receive(w.inner), b"single", "packet")
        super_packet(w, [frame(n, udp_packet(b"%02d" % n))
                         for n in range(1, 9)])
        equal(len(received(w.inner)), 8, "packets of a super-packet")

        w.do(C["CMD_DEV_SET"], nl.s32(C["A_DEV_SOCK4_FD"], -1))
        w.agent.close()
        nl.run("ip link add vrf0 type vrf table 100; ip link set vrf0 up; "
               "ip link set v1 master vrf0")
        w.agent = w.hand_over("vrf0")
        super_packet(w, [frame(n, udp_packet(b"%02d" % n))
                         for n in range(11, 19)])
        equal(len(received(w.inner)), 8, "packets in a VRF")
        w.inner.sendto(b"back", ("10.1.0.2", 9))
        back = receive(w.far)
        equal((back[0], back[1] >> 5), (5, SLOT), "frame that came back")
        w.agent.close()
        w.agent = w.hand_over("sgt0")  # never carries its own frames
        w.send(30)
        equal(received(w.inner), [], "packets")


if __name__ == "__main__":
    nl.main([vectors, good, forged, oversized, missing_fragment, window, edge,
             lanes, counters, mixed_types, mixed_drops, mixed_labels, steered,
             capture, bound])
