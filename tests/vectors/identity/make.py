#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes signet.json: identities and attestations from a second implementation.

Written from the comments in include/signet/core/identity.h and cose.h, over
Python's "cryptography" package. Ed25519 is deterministic, so that the C code
must give the same bytes. A developer's tool; the suite reads only its output:

    python3 tests/vectors/identity/make.py > tests/vectors/identity/signet.json
"""
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat)


class Tag:
    def __init__(self, number, content):
        self.number, self.content = number, content


def head(major, value):
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | info]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(v):
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor, v))
    if isinstance(v, dict):
        pairs = sorted((cbor(k), cbor(x)) for k, x in v.items())
        return head(5, len(v)) + b"".join(k + x for k, x in pairs)
    if isinstance(v, Tag):
        return head(6, v.number) + cbor(v.content)
    raise TypeError(v)


def sha256(data):
    return hashlib.sha256(data).digest()


def public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key(
        ).public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign1(typ, payload, seed):
    protected = cbor({1: -8, 16: typ})
    to_sign = cbor(["Signature1", protected, b"", payload])
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(to_sign)
    return cbor(Tag(18, [protected, {}, payload, signature]))


def bech32m(prefix, data):
    bits = "".join(f"{b:08b}" for b in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    expanded = ([ord(c) >> 5 for c in prefix] + [0] +
                [ord(c) & 31 for c in prefix])
    chk = 1
    for v in expanded + values + [0] * 6:
        top = chk >> 25
        chk = (chk & 0x1ffffff) << 5 ^ v
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                               0x3d4233dd, 0x2a1462b3)):
            chk ^= g if top >> i & 1 else 0
    chk ^= 0x2bc830a3
    values += [chk >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(
        "qpzry9x8gf2tvdw0s3jn54khce6mua7l"[v] for v in values)


def fixed(label):
    return sha256(b"signet identity vector: " + label.encode())


def vector(changes, static_key, issued, expires):
    seeds = [fixed(f"key {changes} {i}") for i in range(changes + 1)]
    history, previous, ident = b"", None, None
    for i in range(changes):
        change = {1: 1, 2: public(seeds[i]), 3: sha256(public(seeds[i + 1]))}
        if previous:
            change[4] = sha256(previous)
        else:
            ident = sha256(cbor(change))
        previous = sign1("signet-change+cose", cbor(change), seeds[i])
        history += previous
    name = bech32m("sg", ident)
    claims = {2: name, 4: expires, 6: issued,
              8: {1: {1: 1, -1: 4, -2: static_key}},
              -65537: [changes, sha256(previous)]}
    return {
        "seeds": [s.hex() for s in seeds],
        "history": history.hex(),
        "id": ident.hex(),
        "text": name,
        "overlay": (b"\xfd" + ident[:15]).hex(),
        "head_hash": sha256(previous).hex(),
        "static_key": static_key.hex(),
        "issued": issued,
        "expires": expires,
        "attestation": sign1("signet-attestation+cwt", cbor(claims),
                             seeds[changes - 1]).hex(),
    }


print(json.dumps({"source": "tests/vectors/identity/make.py", "vectors": [
    vector(1, fixed("static 1"), 0, 1),
    vector(2, fixed("static 2"), 1700000000, 1700604800),
    vector(30, fixed("static 30"), 1 << 32, (1 << 33) + 7),
    vector(64, fixed("static 64"), (1 << 31) - 1, (1 << 63) - 1),
]}, indent=1))
