#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes signet.json: Noise vectors from a second implementation.

Written from the Noise specification (revision 34) alone, over Python's
"cryptography" package, so that the C engine is not only tested against itself.
A developer's tool; the test suite reads only its output:

    python3 tests/vectors/noise/make.py > tests/vectors/noise/signet.json
"""
import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey, X25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat)

# name: (pre-messages "<initiator>/<responder>", messages)
PATTERNS = {
    "N": ("/s", ["e es"]),
    "K": ("s/s", ["e es ss"]),
    "X": ("/s", ["e es s ss"]),
    "NN": ("/", ["e", "e ee"]),
    "NK": ("/s", ["e es", "e ee"]),
    "NX": ("/", ["e", "e ee s es"]),
    "KN": ("s/", ["e", "e ee se"]),
    "KK": ("s/s", ["e es ss", "e ee se"]),
    "KX": ("s/", ["e", "e ee se s es"]),
    "XN": ("/", ["e", "e ee", "s se"]),
    "XK": ("/s", ["e es", "e ee", "s se"]),
    "XX": ("/", ["e", "e ee s es", "s se"]),
    "IN": ("/", ["e s", "e ee se"]),
    "IK": ("/s", ["e es s ss", "e ee se"]),
    "IX": ("/", ["e s", "e ee se s es"]),
    "XXpsk3": ("/", ["e", "e ee s es", "s se psk"]),
    "IKpsk2": ("/s", ["e es s ss", "e ee se psk"]),
    "KKpsk0": ("s/s", ["psk e es ss", "e ee se"]),
    "NNpsk0": ("/", ["psk e", "e ee"]),
    "NNpsk2": ("/", ["e", "e ee psk"]),
    "NKpsk0": ("/s", ["psk e es", "e ee"]),
    "NKpsk2": ("/s", ["e es", "e ee psk"]),
    "KNpsk0": ("s/", ["psk e", "e ee se"]),
    "XKpsk3": ("/s", ["e es", "e ee", "s se psk"]),
    "IKpsk1": ("/s", ["e es s ss psk", "e ee se"]),
    "XXpsk0": ("/", ["psk e", "e ee s es", "s se"]),
    "Npsk0": ("/s", ["psk e es"]),
    "Xpsk1": ("/s", ["e es s ss psk"]),
    "IXpsk2": ("/", ["e s", "e ee se s es psk"]),
}


def pub(private):
    return X25519PrivateKey.from_private_bytes(private).public_key(
        ).public_bytes(Encoding.Raw, PublicFormat.Raw)


def dh(private, public):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(public))


def hkdf(ck, ikm, count):
    temp = hmac.new(ck, ikm, hashlib.sha256).digest()
    outs, last = [], b""
    for i in range(1, count + 1):
        last = hmac.new(temp, last + bytes([i]), hashlib.sha256).digest()
        outs.append(last)
    return outs


class CipherState:
    def __init__(self, key=None):
        self.key, self.n = key, 0

    def _nonce(self):
        nonce = bytes(4) + self.n.to_bytes(8, "little")
        self.n += 1
        return nonce

    def encrypt(self, ad, text):
        if self.key is None:
            return text
        return ChaCha20Poly1305(self.key).encrypt(self._nonce(), text, ad)

    def decrypt(self, ad, text):
        if self.key is None:
            return text
        return ChaCha20Poly1305(self.key).decrypt(self._nonce(), text, ad)


class Side:
    def __init__(self, name, initiator, prologue, s, e, rs, psk):
        protocol = f"Noise_{name}_25519_ChaChaPoly_SHA256".encode()
        self.h = (protocol.ljust(32, b"\0") if len(protocol) <= 32
                  else hashlib.sha256(protocol).digest())
        self.ck, self.cipher = self.h, CipherState()
        self.initiator, self.is_psk = initiator, "psk" in name
        self.s, self.e, self.rs, self.re, self.psk = s, e, rs, None, psk
        self.mix_hash(prologue)
        pre_i, pre_r = PATTERNS[name][0].split("/")
        if pre_i:
            self.mix_hash(pub(s) if initiator else rs)
        if pre_r:
            self.mix_hash(rs if initiator else pub(s))

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, ikm):
        self.ck, key = hkdf(self.ck, ikm, 2)
        self.cipher = CipherState(key)

    def mix_psk(self):
        self.ck, temp, key = hkdf(self.ck, self.psk, 3)
        self.mix_hash(temp)
        self.cipher = CipherState(key)

    def seal(self, text):
        out = self.cipher.encrypt(self.h, text)
        self.mix_hash(out)
        return out

    def open(self, data):
        out = self.cipher.decrypt(self.h, data)
        self.mix_hash(data)
        return out

    def secret(self, token):
        own, other = token if self.initiator else token[::-1]
        return dh({"e": self.e, "s": self.s}[own],
                  {"e": self.re, "s": self.rs}[other])

    def mix_e(self, public):
        self.mix_hash(public)
        if self.is_psk:
            self.mix_key(public)

    def write(self, tokens, payload):
        out = b""
        for token in tokens.split():
            if token == "e":
                out += pub(self.e)
                self.mix_e(pub(self.e))
            elif token == "s":
                out += self.seal(pub(self.s))
            elif token == "psk":
                self.mix_psk()
            else:
                self.mix_key(self.secret(token))
        return out + self.seal(payload)

    def read(self, tokens, data):
        for token in tokens.split():
            if token == "e":
                self.re, data = data[:32], data[32:]
                self.mix_e(self.re)
            elif token == "s":
                n = 48 if self.cipher.key else 32
                self.rs, data = self.open(data[:n]), data[n:]
            elif token == "psk":
                self.mix_psk()
            else:
                self.mix_key(self.secret(token))
        return self.open(data)

    def split(self):
        return [CipherState(key) for key in hkdf(self.ck, b"", 2)]


def fixed(label):
    return hashlib.sha256(b"signet noise vector: " + label.encode()).digest()


def vector(name):
    pre, messages = PATTERNS[name]
    pre_i, pre_r = pre.split("/")
    one_way = len(messages) == 1
    needs_i = bool(pre_i) or any("s" in m.split() for m in messages[0::2])
    needs_r = bool(pre_r) or any("s" in m.split() for m in messages[1::2])
    prologue = b"signet/1 " + name.encode()
    psk = fixed("psk " + name) if "psk" in name else None
    s = [fixed("i static " + name) if needs_i else None,
         fixed("r static " + name) if needs_r else None]
    e = [fixed("i ephemeral " + name), fixed("r ephemeral " + name)]
    rs = [pub(s[1]) if pre_r else None, pub(s[0]) if pre_i else None]
    sides = [Side(name, i == 0, prologue, s[i], e[i], rs[i], psk)
             for i in (0, 1)]
    v = {"protocol_name": f"Noise_{name}_25519_ChaChaPoly_SHA256"}
    for i, who in enumerate(("init", "resp")):
        v[who + "_prologue"] = prologue.hex()
        if psk:
            v[who + "_psks"] = [psk.hex()]
        if s[i]:
            v[who + "_static"] = s[i].hex()
        if i == 0 or not one_way:
            v[who + "_ephemeral"] = e[i].hex()
        if rs[i]:
            v[who + "_remote_static"] = rs[i].hex()
    v["messages"] = []

    def add(payload, data):
        v["messages"].append({"payload": payload.hex(),
                              "ciphertext": data.hex()})

    for i, tokens in enumerate(messages):
        payload = f"handshake {i} of {name}".encode() if i != 1 else b""
        data = sides[i % 2].write(tokens, payload)
        assert sides[1 - i % 2].read(tokens, data) == payload
        add(payload, data)
    assert sides[0].h == sides[1].h
    v["handshake_hash"] = sides[0].h.hex()
    ours, theirs = sides[0].split(), sides[1].split()
    for i in range(len(messages), len(messages) + 4):
        way = 0 if one_way else i % 2
        payload = f"transport {i} of {name}".encode()
        data = ours[way].encrypt(b"", payload)
        assert theirs[way].decrypt(b"", data) == payload
        add(payload, data)
    return v


print(json.dumps({"source": "tests/vectors/noise/make.py",
                  "vectors": [vector(name) for name in PATTERNS]}, indent=1))
