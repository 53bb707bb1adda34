#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A machine that is cloned while it seals. Says "ready", and expects to be
cloned then: it seals nothing more under a key of the time before. Prints each
frame, for who cloned it to compare."""

import hashlib
import mmap
import os
import signal
import socket
import threading
import time

import nl
from nl import C, Nl, equal
from wire import SLOT, Wire, receive

BEFORE, AFTER, PATIENCE, FRESH = 50, 200, 600, 3
SO_RCVBUFFORCE = 33


class Sender:
    """a process that sends packets of which no two are alike, as fast as it
    can, on another CPU if there is one"""

    def __init__(self, w):
        self.count = mmap.mmap(-1, 8)
        self.pid = os.fork()
        if self.pid:
            return
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        number = 0
        while True:
            w.inner.sendto(os.urandom(64), ("10.1.0.2", 7))
            number += 1
            self.count[:8] = number.to_bytes(8, "little")

    def sent(self):
        return int.from_bytes(self.count[:8], "little")

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Receiver(threading.Thread):
    """prints all frames that come: header, and what was sealed"""

    def __init__(self, w):
        super().__init__(daemon=True)
        self.w, self.slots, self.stop = w, [], False

    def run(self):
        while not self.stop:
            try:
                frame = receive(self.w.far, 0.5)
            except TimeoutError:
                continue
            self.slots.append(frame[1] >> 5)
            print("frame", frame[:16].hex(),
                  hashlib.sha256(frame[24:]).hexdigest()[:32], flush=True)


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what}: not in {PATIENCE} seconds"
        time.sleep(0.02)


def expired(ear):
    """the transmit key's end is told"""
    event = ear.event(PATIENCE)
    while event is not None:
        if event.cmd == C["CMD_KEY_EXPIRED_NTF"] and \
           event.num(C["A_EVENT_DIRECTION"]) == C["DIRECTION_TRANSMIT"]:
            return
        event = ear.event(PATIENCE)
    raise AssertionError("nobody told of the key's end")


def cloned():
    """a clone seals nothing under the keys of its original"""
    with Wire() as w:
        ear = Nl()
        ear.join()
        w.far.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sender, receiver = Sender(w), Receiver(w)
        receiver.start()
        try:
            until("frames", lambda: len(receiver.slots) > BEFORE)
            print("ready", flush=True)
            expired(ear)
            if os.path.exists("/sys/bus/acpi/drivers/vmgenid"):
                until("all keys go", lambda: not w.do(
                    C["CMD_DEV_GET"])[0].num(C["A_DEV_KEYS"]))
            sent = sender.sent()
            until("packets without a key",
                  lambda: sender.sent() > sent + AFTER)
            key = os.urandom(32)
            print("key", hashlib.sha256(key).hexdigest(), flush=True)
            w.do(C["CMD_KEY_NEW"], *w.key(FRESH, "TRANSMIT", key=key))
            w.do(C["CMD_KEY_SWAP"], *w.key(FRESH)[:2])
            until("frames under a new key", lambda: FRESH in receiver.slots)
        finally:
            sender.stop()
            receiver.stop = True
            receiver.join()
        equal(set(receiver.slots), {SLOT, FRESH}, "keys used")


if __name__ == "__main__":
    nl.main([cloned])
