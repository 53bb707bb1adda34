#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""stream.py SENDER RECEIVER ADDR: numbered datagrams from one network
namespace to another, until SIGTERM; then what became of them:
"sent N lost N repeated N foreign N". "ready" when the first has arrived."""

import ctypes
import os
import signal
import socket
import sys
import time

CLONE_NEWNET = 0x40000000
PORT, EVERY = 4100, 0.02
LIBC = ctypes.CDLL(None, use_errno=True)


def udp(netns, addr):
    fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), netns)
    os.close(fd)
    sock = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET,
                         socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


class Stream:
    """What was sent, and what came of it"""

    def __init__(self, sender, receiver, addr):
        self.addr = (addr, PORT)
        self.rx = udp(receiver, addr)
        self.rx.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.rx.bind(("::" if ":" in addr else "0.0.0.0", PORT))
        self.tx = udp(sender, addr)
        self.seen, self.sent, self.repeated, self.foreign = set(), 0, 0, 0

    def send(self):
        data = self.sent.to_bytes(8, "big") * (1 + self.sent % 100)
        try:
            self.tx.sendto(data, self.addr)
        except OSError:
            pass  # a device that is gone: it counts as lost
        self.sent += 1

    def receive(self):
        while True:
            try:
                data = self.rx.recv(2048)
            except BlockingIOError:
                return
            number = int.from_bytes(data[:8], "big")
            if data != data[:8] * (1 + number % 100):
                self.foreign += 1
            elif number in self.seen:
                self.repeated += 1
            self.seen.add(number)

    def drain(self):
        end = time.monotonic() + 2 * int(os.environ.get("SLOW", "1"))
        while len(self.seen) < self.sent and time.monotonic() < end:
            self.receive()
            time.sleep(0.01)
        self.receive()


def main():
    stream, stop = Stream(*sys.argv[1:4]), []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    ready = False
    while not stop:
        stream.send()
        time.sleep(EVERY)
        stream.receive()
        if stream.seen and not ready:
            ready = True
            print("ready", flush=True)
    stream.drain()
    print(f"sent {stream.sent} lost {stream.sent - len(stream.seen)} "
          f"repeated {stream.repeated} foreign {stream.foreign}")


main()
