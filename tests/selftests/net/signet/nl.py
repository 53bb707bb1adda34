# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Netlink family signet for tests: messages made byte by byte, so that they
can be wrong, and what a test prints (TAP)."""

import errno
import os
import re
import socket
import struct
import subprocess
import sys
import traceback

F_REQUEST, F_MULTI, F_ACK, F_INTR, F_CAPPED, F_TLVS = 1, 2, 4, 16, 0x100, 0x200
F_REPLACE, F_EXCL, F_CREATE, F_DUMP = 0x100, 0x200, 0x400, 0x300
SOL_NETLINK, MEMBERSHIP, CAP_ACK, EXT_ACK, STRICT = 270, 1, 10, 11, 12
GENERIC, CTRL, GETFAMILY = 16, 16, 3
NESTED, TYPE_MASK = 0x8000, 0x3fff
# divides volumes, and multiplies patience, where a kernel is that much slower
SLOW = int(os.environ.get("SLOW", "1"))


def _constants():
    """Numbers of the uapi header, without the SIGNET_ before them."""
    here = os.path.dirname(os.path.abspath(__file__))
    places = [os.path.join(here, *[".."] * n, "include/uapi/linux/signet.h")
              for n in range(1, 7)]
    places.append("/usr/include/linux/signet.h")
    path = next((p for p in places if os.path.exists(p)), None)
    if path is None:
        skip_all("the header include/uapi/linux/signet.h is not there")
    with open(path, encoding="utf-8") as header:
        text = re.sub(r"/\*.*?\*/", "", header.read(), flags=re.S)
    found = {}
    for name, value in re.findall(r"#define SIGNET_(\w+)\s+(\d+)$", text,
                                  flags=re.M):
        found[name] = int(value)
    for body in re.findall(r"enum[\w ]*\{(.*?)\}", text, flags=re.S):
        value = -1
        for entry in (e.strip() for e in body.split(",") if e.strip()):
            name, _, given = (part.strip() for part in entry.partition("="))
            value = int(given) if given.isdigit() else value + 1
            if name.startswith("SIGNET_") and not (given and
                                                   not given.isdigit()):
                found[name[len("SIGNET_"):]] = value
    return found


class NlError(OSError):
    """A refusal: what the kernel said, and about which attribute."""

    def __init__(self, code, text="", offset=None, missing=None, nest=None,
                 echo=b""):
        super().__init__(code, os.strerror(code))
        self.text, self.offset, self.missing = text, offset, missing
        self.nest, self.echo = nest, echo


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def u8(kind, value):
    return attr(kind, struct.pack("=B", value))


def be16(kind, value):
    return attr(kind, struct.pack(">H", value))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def s32(kind, value):
    return attr(kind, struct.pack("=i", value))


def uint(kind, value):
    small = value < 1 << 32
    return attr(kind, struct.pack("=I" if small else "=Q", value))


def flag(kind):
    return attr(kind, b"")


def nest(kind, *inner):
    return attr(kind | NESTED, b"".join(inner))


def addr(kind, text):
    return attr(kind, packed(text))


def packed(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


def parse(data):
    """[(type, payload)] of attributes"""
    found = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        assert 4 <= length <= len(data), "attribute is cut"
        found.append((kind & TYPE_MASK, data[4:length]))
        data = data[(length + 3) & ~3:]
    return found


class Message:
    """One answer or notification of the family."""

    def __init__(self, cmd, flags, data):
        self.cmd, self.flags, self.data = cmd, flags, data
        self.attrs = parse(data)

    def all(self, kind):
        return [data for k, data in self.attrs if k == kind]

    def raw(self, kind):
        return next(iter(self.all(kind)), None)

    def num(self, kind):
        data = self.raw(kind)
        return None if data is None else int.from_bytes(data, sys.byteorder)

    def sub(self, kind):
        return [Message(self.cmd, 0, data) for data in self.all(kind)]


class Nl:
    """A netlink socket that speaks to the family."""

    def __init__(self, cap_ack=True, rcvbuf=None, size=65536):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  GENERIC)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        for option in (EXT_ACK, STRICT, CAP_ACK):
            self.sock.setsockopt(SOL_NETLINK, option,
                                 int(cap_ack or option != CAP_ACK))
        self.sock.bind((0, 0))
        self.sock.settimeout(10 * SLOW)
        self.seq = self.reserved = 0
        self.size = size  # of a read: parts of a dump are no larger, either
        self.family, self.groups = self._resolve()

    def _resolve(self):
        self.family = CTRL
        msg = self.do(GETFAMILY, attr(2, b"signet\0"))[0]
        groups = {}
        for _, group in parse(msg.raw(7) or b""):
            inner = dict(parse(group))
            name = inner[1].rstrip(b"\0").decode()
            groups[name] = struct.unpack("=I", inner[2])[0]
        return struct.unpack("=H", msg.raw(1))[0], groups

    def send(self, cmd, *attrs, flags=0):
        self.seq += 1
        body = struct.pack("=BBH", cmd, 1, self.reserved) + b"".join(attrs)
        head = struct.pack("=IHHII", 16 + len(body), self.family,
                           flags | F_REQUEST, self.seq, 0)
        self.sock.send(head + body)
        return head + body

    def receive(self):
        """One datagram as [(type, flags, seq, payload)]"""
        data = self.sock.recv(self.size)
        found = []
        while len(data) >= 16:
            length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
            assert 16 <= length <= len(data), "message is cut"
            found.append((kind, flags, seq, data[16:length]))
            data = data[(length + 3) & ~3:]
        return found

    @staticmethod
    def _refusal(flags, data, size=None):
        code = -struct.unpack_from("=i", data)[0]
        if size is None:
            length = struct.unpack_from("=I", data, 4)[0]
            size = 4 + (16 if flags & F_CAPPED else length)
        tlvs = dict(parse(data[(size + 3) & ~3:])) if flags & F_TLVS else {}
        number = {k: struct.unpack("=I", tlvs[k])[0]
                  for k in (2, 5, 6) if k in tlvs}
        return NlError(code, tlvs.get(1, b"").rstrip(b"\0").decode(),
                       number.get(2), number.get(5), number.get(6),
                       data[4:size])

    def do(self, cmd, *attrs, flags=0):
        """A request; returns its answers, raises NlError when refused."""
        self.send(cmd, *attrs, flags=flags | F_ACK)
        answers = []
        while True:
            for kind, mflags, seq, data in self.receive():
                if seq != self.seq:
                    continue
                if kind == 2:
                    if struct.unpack_from("=i", data)[0]:
                        raise self._refusal(mflags, data)
                    return answers
                answers.append(Message(data[0], mflags, data[4:]))

    def dump(self, cmd, *attrs, between=None):
        """(messages, interrupted); @between runs after the first datagram"""
        self.send(cmd, *attrs, flags=F_DUMP)
        answers, interrupted = [], False
        while True:
            for kind, mflags, seq, data in self.receive():
                if seq != self.seq:
                    continue
                interrupted |= bool(mflags & F_INTR)
                if kind == 2:
                    raise self._refusal(mflags, data)
                if kind == 3:
                    if struct.unpack_from("=i", data)[0]:
                        raise self._refusal(mflags, data, 4)
                    return answers, interrupted
                answers.append(Message(data[0], mflags, data[4:]))
            if between:
                between()
                between = None

    def join(self, group="events"):
        self.sock.setsockopt(SOL_NETLINK, MEMBERSHIP, self.groups[group])

    def event(self, timeout=5 * SLOW):
        """The next notification, or None"""
        self.sock.settimeout(timeout)
        try:
            _, flags, _, data = self.receive()[0]
        except (TimeoutError, BlockingIOError):
            return None
        return Message(data[0], flags, data[4:])

    def events(self, timeout=0.5 * SLOW):
        found = []
        while True:
            event = self.event(timeout)
            if event is None:
                return found
            found.append(event)


# ---- what tests are made of

def run(command):
    return subprocess.run(command, shell=True, check=True,
                          capture_output=True, text=True).stdout


def add_device(name="sgt0"):
    subprocess.run(["ip", "link", "del", name], check=False,
                   capture_output=True)
    run(f"ip link add {name} type signet")
    return socket.if_nametoindex(name)


def del_device(name="sgt0"):
    subprocess.run(["ip", "link", "del", name], check=False,
                   capture_output=True)


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(4)


def need_module():
    if os.geteuid():
        skip_all("needs root")
    subprocess.run(["modprobe", "-q", "signet"], check=False)
    try:
        Nl()
    except OSError:
        skip_all("the module signet is not there")


def equal(got, want, what=""):
    assert got == want, f"{what or 'value'} is {got!r}, not {want!r}"


def refused(call, code, text):
    """@call must be refused with this errno, and words that hold @text"""
    try:
        call()
    except NlError as err:
        equal(errno.errorcode.get(err.errno), errno.errorcode[code],
              f"errno ({err.text})")
        assert err.text, "the refusal has no message"
        assert text in err.text, f"message is {err.text!r}, without {text!r}"
        return err
    raise AssertionError("it was not refused")


def main(tests):
    """Run functions as TAP tests, named by their first line of text."""
    need_module()
    print("TAP version 13")
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__doc__.strip().splitlines()[0]
        try:
            test()
            print(f"ok {number} {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} {name}", flush=True)
    sys.exit(failed > 0)


C = _constants()
globals().update(C)
