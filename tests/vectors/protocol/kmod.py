#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes kmod/selftest/vectors.h: known answers for the module's self-test.

Frames come from signet.json beside this file; tags of longer texts, where
implementations change their step, from Python's "cryptography":

    python3 tests/vectors/protocol/kmod.py > kmod/selftest/vectors.h
"""
import json
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import (
    AESGCM, ChaCha20Poly1305)

HERE = os.path.dirname(os.path.abspath(__file__))
CIPHERS = {1: "CHACHA20_POLY1305", 2: "AES_256_GCM"}
LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 191, 192, 193, 255, 256,
           257, 447, 448, 449, 511, 512, 513, 703, 704, 705, 1023, 1280, 1368,
           1420, 4095, 4096, 4097, 8960]


def bytes_c(data, indent="\t\t  "):
    lines = [data[i:i + 10] for i in range(0, len(data), 10)]
    return "{ " + (",\n" + indent).join(
        ", ".join(f"0x{b:02x}" for b in line) for line in lines) + " }"


def frames():
    with open(os.path.join(HERE, "signet.json"), encoding="ascii") as f:
        vectors = json.load(f)["vectors"]
    for v in vectors[:2]:
        for kind, use, hop in (("packet", "packet i2r", 0),
                               ("keepalive", "packet r2i", 1)):
            plain = bytes.fromhex(v["packet"]) if kind == "packet" else b""
            yield (v["aead"], v["keys"][use], v["hop_keys"][hop],
                   bytes.fromhex(v["frames"][kind]), plain)


def tag(aead, length):
    cipher = {1: ChaCha20Poly1305, 2: AESGCM}[aead]
    text = bytes((i * 7 + length) & 255 for i in range(length))
    nonce = struct.pack("<IQ", 31, (1 << 63) + length)
    aad = bytes([5, 7 << 5 | 31, 0, 0])
    return cipher(bytes(range(32))).encrypt(nonce, text, aad)[-16:]


def main():
    print("/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */")
    print("/* Made by tests/vectors/protocol/kmod.py: do not edit. */")
    print("/* clang-format off */")
    print("static const struct {")
    print("\tu8 cipher;\n\tu8 key[32];\n\tu8 hop_key[16];")
    print("\tu8 frame[80];\n\tunsigned int length;\n\tu8 plain[40];")
    print("} frame_vectors[] = {")
    for aead, key, hop, frame, plain in frames():
        print(f"\t{{ SIGNET_CIPHER_{CIPHERS[aead]},")
        for data in (bytes.fromhex(key), bytes.fromhex(hop), frame):
            print(f"\t\t{bytes_c(data)},")
        print(f"\t\t{len(frame)},")
        print(f"\t\t{bytes_c(plain or bytes(1))} }},")
    print("};\n")
    print("/* key 0, 1, 2...; lane 31 of key 7; counter 2^63 + length; byte i"
          " of the text\n * is 7 i + length\n */")
    print("static const struct {")
    print("\tunsigned int length;\n\tu8 tag[2][16];")
    print("} length_vectors[] = {")
    for n in LENGTHS:
        print(f"\t{{ {n}, {{")
        for aead in CIPHERS:
            print(f"\t\t{bytes_c(tag(aead, n))},")
        print("\t} },")
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
