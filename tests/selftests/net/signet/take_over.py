#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Channels that take over: a peer that knows nothing any more makes a new
channel, and the answer to its first packet leaves on that one."""

import struct
import threading
import time
from errno import EDESTADDRREQ, ENOENT

import nl
from nl import C, SLOW, equal
from nl_fixture import path
from wire import (HEADER, LIFE, MESSAGE, SLOT, Wire, checksum, flip, frame,
                  ipv4, opened, receive, received)

OLD, NEW = 7, 9  # labels of the peer
LABEL, CHANNEL = 112, 12
FLAG = C["A_CHANNEL_TAKE_OVER"]


def echo(data=b"ping"):
    """an inner echo request of the peer"""
    head = struct.pack(">BBHHH", 8, 0, 0, 1, 1)
    check = struct.pack(">H", checksum(head + data))
    return ipv4(head[:2] + check + head[4:] + data, 1, "10.1.0.2", "10.9.0.1")


class Pair(Wire):
    """Channel 10 is in use; channel 12 is new and may take over"""

    def __enter__(self):
        self.add()
        return self

    def add(self, directions=("TRANSMIT", "RECEIVE")):
        self.do(C["CMD_CHANNEL_NEW"], self.channel(CHANNEL), self.of_peer(1),
                path(label=NEW))
        # before its receive key, under which a frame may open at once
        self.arm()
        self.do(C["CMD_LABEL_NEW"], *self.label(LABEL, CHANNEL))
        for direction in directions:
            self.do(C["CMD_KEY_NEW"],
                    *self.key(SLOT, direction, CHANNEL, cipher=1), LIFE)

    def arm(self, channel=CHANNEL):
        self.do(C["CMD_CHANNEL_SET"], self.channel(channel), nl.flag(FLAG))

    def select(self, channel):
        self.do(C["CMD_PEER_SET"], self.peer(1),
                nl.u32(C["A_PEER_TX_CHANNEL"], channel))

    @property
    def armed(self):
        got = self.do(C["CMD_CHANNEL_GET"], self.channel(CHANNEL))[0]
        return got.raw(FLAG) is not None

    @property
    def used(self):
        """the channel that the peer's packets leave on"""
        return self.do(C["CMD_PEER_GET"], self.peer(1))[0].num(
            C["A_PEER_TX_CHANNEL"])

    def taken_over(self):
        """waits for it"""
        end = time.monotonic() + 10 * SLOW
        while self.used != CHANNEL:
            assert time.monotonic() < end, "it never takes over"

    def answer(self):
        """label of the next frame, which answers an echo request"""
        got = receive(self.far)
        equal(opened(got)[20], 0, "type of the answer")
        return struct.unpack_from("<I", got, 4)[0]

    def ask(self, counter, label=LABEL, **others):
        self.far.send(frame(counter, echo(), label=label, **others))
        return self.answer()


def first():
    """the very first packet on it has its answer on it"""
    with Pair() as w:
        assert w.armed
        equal(w.used, 10, "channel in use")
        equal(w.ask(0, label=100), OLD, "label before")
        equal(w.ask(0), NEW, "label of the first answer")
        equal((w.used, w.armed), (CHANNEL, False), "in use, armed")
        key = w.do(C["CMD_KEY_GET"], *w.key(SLOT, "TRANSMIT", CHANNEL)[:3])[0]
        equal(key.raw(C["A_KEY_ACTIVE"]), b"", "key in use")
        # the old one receives as before
        equal(w.ask(1, label=100), NEW, "label of the next answer")
        equal(w.drops(), {}, "drops")


def keepalive():
    """an empty frame is enough; what waited for a channel leaves"""
    with Pair() as w:
        w.do(C["CMD_CHANNEL_DEL"], w.channel(10))
        equal(w.used, None, "channel in use")
        w.inner.sendto(b"waits", ("10.1.0.2", 9))
        equal(received(w.far), [], "sent without a channel")
        w.far.send(frame(0, b"", label=LABEL))
        got = receive(w.far)
        equal(struct.unpack_from("<I", got, 4)[0], NEW, "label")
        equal(opened(got)[-5:], b"waits", "what waited")
        equal(w.used, CHANNEL, "channel in use")


def only_genuine():
    """a frame that does not open, and one that is no packet, change nothing"""
    with Pair() as w:
        good = frame(0, echo(), label=LABEL)
        w.far.send(flip(good, HEADER))
        w.far.send(flip(good, 16))
        w.far.send(frame(0, echo(), label=LABEL, key=bytes(32)))
        w.far.send(frame(0, echo(), label=LABEL, kind=MESSAGE))
        equal(w.ask(0, label=100), OLD, "label")
        equal((w.used, w.armed), (10, True), "in use, armed")
        equal(w.ask(1), NEW, "label of the first answer")


def overruled():
    """once a channel is selected, none takes over"""
    with Pair() as w:
        w.select(10)
        assert not w.armed
        equal(w.ask(0), OLD, "label")
        equal(w.used, 10, "channel in use")
        # it is confirmed now: another key's first frame is what counts
        w.arm()
        equal(w.ask(1), OLD, "label")
        for direction in ("RECEIVE", "TRANSMIT"):
            w.do(C["CMD_KEY_NEW"], *w.key(2, direction, CHANNEL, cipher=1),
                 LIFE)
        equal(w.ask(0, slot=2), NEW, "label")
        # the one in use has nothing to take over
        w.arm()
        assert not w.armed
        w.select(10)
        equal(w.ask(1, slot=2), OLD, "label")


def incomplete():
    """without a path it is refused, without a key to seal with nothing moves"""
    with Pair() as w:
        w.refuse(EDESTADDRREQ, "no path", "CHANNEL_SET", w.channel(11),
                 nl.flag(FLAG))
        w.refuse(ENOENT, "no such channel", "CHANNEL_SET", w.channel(99),
                 nl.flag(FLAG))
        w.do(C["CMD_CHANNEL_DEL"], w.channel(CHANNEL))
        w.add(directions=("RECEIVE",))
        equal(w.ask(0), OLD, "label")
        equal((w.used, w.armed), (10, True), "in use, armed")


def while_deleted():
    """channels and keys that go at the moment at which they would take over"""
    with Pair() as w:
        w.do(C["CMD_CHANNEL_DEL"], w.channel(CHANNEL))
        packet, done = frame(0, b"", label=LABEL), threading.Event()

        def flood():
            while not done.is_set():
                w.far.send(packet)

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for turn in range(max(300 // SLOW, 50)):
                w.add()
                if turn % 3 == 0:
                    w.taken_over()
                if turn % 2:
                    w.do(C["CMD_KEY_DEL"], *w.key(SLOT, "RECEIVE", CHANNEL)[:2])
                w.do(C["CMD_CHANNEL_DEL"], w.channel(CHANNEL))
                assert w.used in (None, 10), "a channel that is gone"
                w.select(10)
        finally:
            done.set()
            thread.join()
        received(w.far)
        equal(w.ask(5, label=100), OLD, "label")


if __name__ == "__main__":
    nl.need_module()
    nl.main([first, keepalive, only_genuine, overruled, incomplete,
             while_deleted])
