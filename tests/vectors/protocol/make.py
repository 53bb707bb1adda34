#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes signet.json: every frame and derivation, from a second implementation.

Written from Documentation/protocol.rst, over Python's "cryptography" package
and the two makers beside this one. All keys are fixed. A developer's tool; the
test suite reads only its output:

    python3 tests/vectors/protocol/make.py > tests/vectors/protocol/signet.json
"""
import contextlib
import hashlib
import hmac
import importlib.util
import io
import json
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import (
    AESGCM, ChaCha20Poly1305)

HERE = os.path.dirname(os.path.abspath(__file__))
PATTERNS = {1: "IK", 2: "XX", 3: "XXpsk3"}
CHACHA, AES = 1, 2
USES = ["packet i2r", "packet r2i", "message i2r", "message r2i", "hop",
        "rekey", "channel"]


def neighbour(name):
    path = os.path.join(HERE, "..", name, "make.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    with contextlib.redirect_stdout(io.StringIO()):
        spec.loader.exec_module(module)
    return module


noise = neighbour("noise")
identity = neighbour("identity")
sha256 = identity.sha256


def fixed(label):
    return sha256(b"signet protocol vector: " + label.encode())


def number(label, size):
    return int.from_bytes(fixed(label)[:size], "little")


def siphash(key, data, size):
    """SipHash-2-4 with an output of 8 or 16 bytes."""
    mask = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]
    if size == 16:
        v[1] ^= 0xee

    def rotl(x, n):
        return (x << n | x >> (64 - n)) & mask

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & mask
            v[1] = rotl(v[1], 13) ^ v[0]
            v[0] = rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = rotl(v[1], 17) ^ v[2]
            v[2] = rotl(v[2], 32)

    tail = data[len(data) // 8 * 8:]
    words = [w[0] for w in struct.iter_unpack(
        "<Q", data[:len(data) // 8 * 8])]
    words.append(int.from_bytes(tail, "little") | (len(data) & 255) << 56)
    for m in words:
        v[3] ^= m
        rounds(2)
        v[0] ^= m
    v[2] ^= 0xff if size == 8 else 0xee
    rounds(4)
    out = struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])
    if size == 16:
        v[1] ^= 0xdd
        rounds(4)
        out += struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])
    return out


assert siphash(bytes(range(16)), bytes(range(15)), 8).hex() == \
    "e545be4961ca29a1"


def hkdf(salt, ikm, info, size):
    prk = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:size]


class Node:
    """An identity of one change, its attestation and its static key."""

    def __init__(self, label):
        seeds = [fixed(f"{label} key {i}") for i in (0, 1)]
        change = {1: 1, 2: identity.public(seeds[0]),
                  3: sha256(identity.public(seeds[1]))}
        self.seeds = seeds
        self.history = identity.sign1("signet-change+cose",
                                      identity.cbor(change), seeds[0])
        self.id = sha256(identity.cbor(change))
        self.static = fixed(label + " static")
        self.head = [1, sha256(self.history)]
        self.issued, self.expires = 1700000000, 1700604800
        self.attestation = identity.sign1("signet-attestation+cwt",
                                          identity.cbor({
            2: identity.bech32m("sg", self.id), 4: self.expires,
            6: self.issued, 8: {1: {1: 1, -1: 4, -2: noise.pub(self.static)}},
            -65537: self.head}), seeds[0])

    def proof(self, label, aeads, grown=None, hello=None):
        p = {1: self.head, 2: self.attestation, 3: self.history, 5: label,
             6: [32, 262144], 7: aeads, 8: 0}
        if grown is not None:
            p[9] = grown
        if hello is not None:
            p[11] = hello
        return identity.cbor(p)

    def describe(self):
        return {"seeds": [s.hex() for s in self.seeds],
                "static": self.static.hex(), "id": self.id.hex(),
                "history": self.history.hex(),
                "attestation": self.attestation.hex(),
                "issued": self.issued, "expires": self.expires}


def frame(kind, pattern, label, sender_label, message, mac1_key, cookie):
    """`message` may need the clear fields first, as the prologue does."""
    clear = struct.pack("<BBHII4x", kind, pattern, 0, label, sender_label)
    if callable(message):
        message = message(clear)
    out = clear + message[:32]
    out += siphash(mac1_key, out, 16)
    out += siphash(cookie, out, 16) if cookie else bytes(16)
    return out + message[32:]


def seal(aead, key, hop_key, kind, key_id, lane, label, counter, plain):
    head = struct.pack("<BBHIQ", kind, key_id << 5 | lane, 0, label, counter)
    cipher = (AESGCM if aead == AES else ChaCha20Poly1305)(key)
    return (head + siphash(hop_key, head, 8) +
            cipher.encrypt(struct.pack("<IQ", lane, counter), plain, head[:4]))


def derive(side, aead, key_id):
    ikm = b"".join(c.key for c in side.split())
    return {use: hkdf(side.h, ikm, b"signet/1 " + use.encode() +
                      bytes([aead, key_id]), 32) for use in USES}


def hop_key(secret, direction, label):
    return hkdf(None, secret, b"signet/1 hop" + bytes([direction]) +
                struct.pack("<I", label), 16)


def rekey(side_keys, nodes, key_id, new_id, aead, name):
    """The initiator of the handshake asks."""
    prologue = (b"signet/1 rekey" + side_keys["channel"] +
                bytes([key_id, new_id]))
    pubs = [noise.pub(n.static) for n in nodes]
    e = [fixed(f"{name} rekey e{i}") for i in (0, 1)]
    sides = [noise.Side("KKpsk0", i == 0, prologue, nodes[i].static, e[i],
                        pubs[1 - i], side_keys["rekey"]) for i in (0, 1)]
    request = sides[0].write("psk e es ss", b"")
    assert sides[1].read("psk e es ss", request) == b""
    response = sides[1].write("e ee se", b"")
    assert sides[0].read("e ee se", response) == b""
    head = bytes([key_id, new_id])
    return {"base_key_id": key_id, "new_key_id": new_id,
            "prologue": prologue.hex(), "ephemerals": [x.hex() for x in e],
            "request": (head + request).hex(),
            "response": (head + response).hex(),
            "keys": {u: k.hex() for u, k in
                     derive(sides[0], aead, new_id).items()
                     if u not in ("hop", "channel")}}


def handshake(name, pattern, aead, with_cookie, lower_first):
    nodes = [Node(name + " 0"), Node(name + " 1")]
    nodes.sort(key=lambda n: n.id, reverse=not lower_first)
    pairing = pattern == 3
    responder = bytes(32) if pairing else nodes[1].id
    psk = fixed(name + " psk") if pairing else None
    hello = identity.cbor(["ctl", [bytes([10, 77, 0, 2])]]) if pairing else None
    labels = [number(f"{name} label {i}", 4) for i in (0, 1)]
    e = [fixed(f"{name} ephemeral {i}") for i in (0, 1)]
    grown = number(name + " number", 5)
    mac1_key = sha256(b"signet/1 mac1" + responder)[:16]
    cookie = fixed(name + " cookie")[:16] if with_cookie else None
    offer = aead if aead == CHACHA else CHACHA | AES
    tokens = noise.PATTERNS[PATTERNS[pattern]][1]
    sides = []

    def init(clear):
        prologue = b"signet/1" + bytes([pattern]) + responder + clear
        for i in (0, 1):
            rs = noise.pub(nodes[1].static) if pattern == 1 and not i else None
            sides.append(noise.Side(PATTERNS[pattern], not i, prologue,
                                    nodes[i].static, e[i], rs, psk))
        payload = (nodes[0].proof(labels[0], offer, grown) if pattern == 1
                   else bytes(1136 if psk else 1152))
        message = sides[0].write(tokens[0], payload)
        assert sides[1].read(tokens[0], message) == payload
        return message

    def step(i, payload):
        message = sides[i % 2].write(tokens[i], payload)
        assert sides[1 - i % 2].read(tokens[i], message) == payload
        return message

    frames = {"init": frame(1, pattern, 0, labels[0], init, mac1_key, cookie)}
    frames["response"] = frame(
        2, pattern, labels[0], labels[1],
        step(1, nodes[1].proof(labels[1], aead if pattern == 1 else offer)),
        mac1_key, None)
    if pattern != 1:
        frames["finish"] = frame(
            3, pattern, labels[1], labels[0],
            step(2, nodes[0].proof(labels[0], aead, grown, hello)),
            mac1_key, None)
    assert sides[0].h == sides[1].h
    head = struct.pack("<B3xI8x", 4, labels[0]) + frames["init"][48:64]
    head += fixed(name + " cookie")[:16]
    frames["cookie"] = head + siphash(mac1_key, head, 16)

    key_id = 0 if nodes[0].id < nodes[1].id else 1
    keys = derive(sides[0], aead, key_id)
    hops = [hop_key(keys["hop"], 0, labels[1]),
            hop_key(keys["hop"], 1, labels[0])]
    packet = bytes.fromhex("450000200001000040110000") + bytes(
        [10, 77, 0, 2, 10, 77, 0, 1]) + bytes(range(12))
    ping = b"\x01\0\x08\0" + bytes(range(8))
    frames["packet"] = seal(aead, keys["packet i2r"], hops[0], 5, key_id, 3,
                            labels[1], (1 << 40) + 5, packet)
    frames["keepalive"] = seal(aead, keys["packet r2i"], hops[1], 5, key_id,
                               0, labels[0], 0, b"")
    frames["message"] = seal(aead, keys["message r2i"], hops[1], 6, key_id, 0,
                             labels[0], 7, ping.ljust(64, b"\0"))
    v = {"name": name, "pattern": pattern, "aead": aead, "offer": offer,
         "initiator": nodes[0].describe(), "responder": nodes[1].describe(),
         "labels": labels, "ephemerals": [x.hex() for x in e],
         "number": grown, "mac1_key": mac1_key.hex(),
         "handshake_hash": sides[0].h.hex(), "key_id": key_id,
         "keys": {u: k.hex() for u, k in keys.items()},
         "hop_keys": [h.hex() for h in hops],
         "packet": packet.hex(), "ping": ping.ljust(64, b"\0").hex(),
         "frames": {n: f.hex() for n, f in frames.items()},
         "rekey": rekey(keys, nodes, key_id, key_id + 2,
                        aead, name)}
    if psk:
        v["psk"], v["hello"] = psk.hex(), hello.hex()
    if cookie:
        v["cookie"] = cookie.hex()
    return v


def pair_code(label):
    code = fixed(label)[:16]
    bits = "".join(f"{b:08b}" for b in code) + "00"
    values = [int(bits[i:i + 5], 2) for i in range(0, 130, 5)]
    check = int.from_bytes(sha256(code)[:2], "big") & 0x3ff
    values += [check >> 5, check & 31]
    text = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[v] for v in values)
    return {"code": code.hex(),
            "text": "-".join(text[i:i + 4] for i in range(0, 28, 4)),
            "psk": hkdf(None, code, b"signet/1 pair", 32).hex()}


def record(kind, body):
    return struct.pack("<BxH", kind, len(body)) + body


def reliable():
    """Two messages, the second of service 0, and the answer to both."""
    texts = [b"twelve bytes", b"control"]
    first = struct.pack("<QQQIHH", 0, 0, 0, 12, 0, 9) + texts[0]
    second = struct.pack("<QQQIHH", 1, 1, 12, 7, 0, 0) + texts[1]
    # numbers 0 and 1 have come, at once; credit for 16 messages in 16 KiB
    ack = struct.pack("<QIQQHH", 1, 0, 16384, 16, 0, 1)
    return {"messages": [{"service": s, "text": t.hex()} for s, t in
                         zip((9, 0), texts)],
            "fragments": [record(8, b).hex() for b in (first, second)],
            "ack": record(9, ack).hex(),
            "probe": record(10, struct.pack("<Q", 2)).hex()}


print(json.dumps({"source": "tests/vectors/protocol/make.py", "vectors": [
    handshake("IK, ChaCha20-Poly1305", 1, CHACHA, False, False),
    handshake("IK, AES-256-GCM, with a cookie", 1, AES, True, True),
    handshake("XX, AES-256-GCM, with a cookie", 2, AES, True, False),
    handshake("XXpsk3, ChaCha20-Poly1305, with a cookie", 3, CHACHA, True, True),
], "pair_codes": [pair_code("code 1"), pair_code("code 2")],
    "reliable": reliable()}, indent=1))
