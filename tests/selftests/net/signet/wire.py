# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Frames of signet made byte by byte, so that they can be wrong: SipHash-2-4
and ChaCha20-Poly1305 in plain Python; and the namespaces they travel in."""

import contextlib
import ctypes
import os
import socket
import struct
import time

import nl
from nl import C, SLOW
from nl_fixture import HOP, KEY, Fixture

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
NEAR, FAR, PORT = "192.0.2.2", "192.0.2.1", 5000
HEADER, TAG = 24, 16
PACKET, MESSAGE = 5, 6
SLOT = 1  # of the keys for ChaCha20-Poly1305
M64 = (1 << 64) - 1
# of keys: slow machines take more than the default
LIFE = nl.uint(C["A_KEY_HARD_MS"], 3600000)


def _rotl64(value, by):
    return (value << by | value >> (64 - by)) & M64


def siphash(key, data):
    """SipHash-2-4 of whole words"""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & M64
            v[1] = _rotl64(v[1], 13) ^ v[0]
            v[0] = _rotl64(v[0], 32)
            v[2] = (v[2] + v[3]) & M64
            v[3] = _rotl64(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & M64
            v[3] = _rotl64(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & M64
            v[1] = _rotl64(v[1], 17) ^ v[2]
            v[2] = _rotl64(v[2], 32)

    words = struct.unpack(f"<{len(data) // 8}Q", data)
    for word in (*words, (len(data) & 255) << 56):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def _block(key, count, nonce):
    """64 bytes of ChaCha20"""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key +
                               struct.pack("<I", count) + nonce))
    s = start[:]
    columns = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
    diagonals = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
    for _ in range(10):
        for a, b, c, d in columns + diagonals:
            for x, y, z, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8),
                                (c, d, b, 7)):
                s[x] = (s[x] + s[y]) & 0xffffffff
                w = s[z] ^ s[x]
                s[z] = (w << by | w >> (32 - by)) & 0xffffffff
    return struct.pack("<16I", *((p + q) & 0xffffffff
                                 for p, q in zip(s, start)))


def _xor(key, nonce, data):
    stream = b"".join(_block(key, 1 + i, nonce)
                      for i in range((len(data) + 63) // 64))
    return bytes(p ^ q for p, q in zip(data, stream))


def _poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    for i in range(0, len(data), 16):
        part = int.from_bytes(data[i:i + 16] + b"\1", "little")
        total = (total + part) * r % ((1 << 130) - 5)
    total += int.from_bytes(key[16:], "little")
    return (total & ((1 << 128) - 1)).to_bytes(16, "little")


def seal(aad, nonce, plain, key=KEY):
    """ChaCha20-Poly1305 of RFC 8439"""
    sealed = _xor(key, nonce, plain)
    mac = (aad + bytes(-len(aad) % 16) + sealed + bytes(-len(sealed) % 16) +
           struct.pack("<QQ", len(aad), len(sealed)))
    return sealed + _poly1305(_block(key, 0, nonce)[:32], mac)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ipv4(payload, proto, source, dest, tos=0, df=0x4000):
    """an IPv4 packet"""
    def head(check):
        return struct.pack(">BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 1,
                           df, 64, proto, check, nl.packed(source),
                           nl.packed(dest))

    return head(checksum(head(0))) + payload


def udp_packet(data, source="10.1.0.2", dest="10.9.0.1", port=7000, tos=0):
    """an inner packet"""
    return ipv4(struct.pack(">HHHH", 9, port, 8 + len(data), 0) + data, 17,
                source, dest, tos)


def header(counter, label=100, slot=SLOT, lane=0, kind=PACKET, flags=0,
           hop=HOP):
    """of a frame, with its hop tag"""
    head = struct.pack("<BBHIQ", kind, slot << 5 | lane, flags, label, counter)
    return head + siphash(hop, head)


def frame(counter, plain, lane=0, key=KEY, **others):
    """a sealed frame"""
    head = header(counter, lane=lane, **others)
    return head + seal(head[:4], struct.pack("<IQ", lane, counter), plain, key)


def opened(data, key=KEY):
    """the plaintext of a frame that must be genuine"""
    lane, counter = data[1] & 31, struct.unpack_from("<Q", data, 8)[0]
    nonce = struct.pack("<IQ", lane, counter)
    plain = _xor(key, nonce, data[HEADER:-TAG])
    assert seal(data[:4], nonce, plain, key) == data[HEADER:], "not genuine"
    return plain


# ---- namespaces

@contextlib.contextmanager
def netns(name):
    """what is made in here is made there"""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        assert not LIBC.setns(there, CLONE_NEWNET)
        yield
    finally:
        LIBC.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)


class Wire(Fixture):
    """A device in a namespace of its own, whose peer at the other end of a
    veth is this program: it makes the frames. Socket @agent was handed over,
    @inner gets UDP from the tunnel, @far is the peer's socket."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        nl.run("ip netns add sgnear; ip netns add sgfar; "
               "ip link add v0 netns sgfar type veth "
               "peer name v1 netns sgnear; "
               f"ip -n sgfar addr add {FAR}/24 dev v0; "
               f"ip -n sgnear addr add {NEAR}/24 dev v1; "
               "ip -n sgfar link set v0 up; ip -n sgnear link set v1 up; "
               "ip -n sgnear link set lo up; ip netns exec sgnear "
               "sysctl -q net.ipv6.conf.default.disable_ipv6=1")
        self.stack.callback(nl.run, "ip netns del sgnear; ip netns del sgfar")
        self.stack.enter_context(netns("sgnear"))
        try:
            super().__init__()
            for direction in ("RECEIVE", "TRANSMIT"):
                self.do(C["CMD_KEY_NEW"], *self.key(SLOT, direction, cipher=1),
                        LIFE)
            self.do(C["CMD_KEY_SWAP"], *self.key(SLOT)[:2])
            self.do(C["CMD_PEER_SET"], self.peer(1),
                    nl.u32(C["A_PEER_TX_CHANNEL"], 10))
            nl.run("ip addr add 10.9.0.1/24 dev sgt0; ip link set sgt0 up; "
                   "ip route add 10.1.0.0/16 dev sgt0")
            self.agent = self.hand_over()
            self.inner = socket.socket(type=socket.SOCK_DGRAM)
            self.inner.bind(("10.9.0.1", 7000))
            with netns("sgfar"):
                self.far = socket.socket(type=socket.SOCK_DGRAM)
                self.far.bind((FAR, PORT))
            self.far.connect((NEAR, PORT))
        except BaseException:
            self.stack.close()
            raise

    def __exit__(self, *_):
        for sock in (self.agent, self.inner, self.far, self.nl.sock):
            sock.close()
        nl.del_device()
        self.stack.close()

    def hand_over(self, device=None):
        """a new socket, bound to a device perhaps"""
        sock = socket.socket(type=socket.SOCK_DGRAM)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            device.encode())
        sock.bind(("", PORT))
        self.do(C["CMD_DEV_SET"], nl.s32(C["A_DEV_SOCK4_FD"], sock.fileno()))
        # a device that has just got its carrier drops until the core is told
        for _ in range(200):
            if "noop" not in nl.run("ip link show sgt0"):
                break
            time.sleep(0.05)
        return sock

    def drops(self):
        """{reason: count} of the device and peer 1"""
        found = {}
        for more in ((), (nl.u32(C["A_STATS_PEER"], 1),)):
            for answer in self.do(C["CMD_STATS_GET"], *more):
                for reason in answer.sub(C["A_STATS_REASON"]):
                    kind = reason.num(C["A_REASON_REASON"])
                    count = reason.num(C["A_REASON_COUNT"])
                    found[kind] = max(count, found.get(kind, 0))
        found.pop(13, None)  # the device's own multicast finds no peer
        return {kind: count for kind, count in found.items() if count}

    def send(self, counter, data=b"data", **others):
        self.far.send(frame(counter, udp_packet(data), **others))


def received(sock, seconds=0.3 * SLOW):
    """all datagrams that come before it is silent for so long"""
    found = []
    sock.settimeout(seconds)
    while True:
        try:
            found.append(sock.recv(65536))
        except TimeoutError:
            return found


def flip(data, at):
    """one bit of a byte"""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def receive(sock, seconds=5 * SLOW):
    sock.settimeout(seconds)
    return sock.recv(65536)
