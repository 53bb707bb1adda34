#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sockets that were handed over: what their owner may do to them, and the
end of sockets, devices, namespaces and the module in every order."""

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
import time

import nl
from nl import C, Nl, equal
from nl_fixture import Fixture

UDP_ENCAP, UDP_GRO = 100, 104
IP_MTU_DISCOVER, DONT, PROBE = 10, 0, 3
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# of a packet frame, for a label that nobody has
FRAME = bytes([5, 0, 0, 0, 9, 0, 0, 0]) + bytes(64)


def udp(family=socket.AF_INET):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("", 0))
    return sock


def attach(f, sock, kind="SOCK4"):
    fd = sock if isinstance(sock, int) else sock.fileno()
    f.do(C["CMD_DEV_SET"], nl.s32(C[f"A_DEV_{kind}_FD"], fd))


def port(f, kind="PORT4"):
    return f.do(C["CMD_DEV_GET"])[0].num(C[f"A_DEV_{kind}"])


def carrier(name="sgt0"):
    return int(nl.run(f"cat /sys/class/net/{name}/carrier"))


def lost(f, seconds=5 * nl.SLOW):
    """wait until the device has no IPv4 socket"""
    end = time.monotonic() + seconds
    while port(f) is not None:
        assert time.monotonic() < end, "the socket is still attached"
        time.sleep(0.05)
    equal(carrier(), 0, "carrier")


@contextlib.contextmanager
def up(f):
    nl.run("ip link set sgt0 up; ip link set lo up")
    yield f


@contextlib.contextmanager
def flood(sock):
    """frames to the socket all the while"""
    stop = threading.Event()
    where = ("127.0.0.1", sock.getsockname()[1])

    def send():
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    out.sendto(FRAME, where)
                if nl.SLOW > 1:  # a slow kernel would do nothing else
                    time.sleep(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def last_close():
    """only the last descriptor's end detaches"""
    with Fixture() as f, up(f):
        sock = udp()
        attach(f, sock)
        other = os.dup(sock.fileno())
        sock.close()
        time.sleep(0.2)
        equal((port(f) is None, carrier()), (False, 1), "one is left")
        os.close(other)
        lost(f)


def close_under_load():
    """sockets come and go under a flood of frames"""
    with Fixture() as f, up(f):
        for turn in range(max(6, 20 // nl.SLOW)):
            sock = udp()
            with flood(sock):
                attach(f, sock)
                time.sleep(0.05)
                if turn % 3 == 0:
                    attach(f, -1)
                elif turn % 3 == 1:
                    attach(f, udp())
                sock.close()
        lost(f)


def given_back():
    """a detached socket is as before: it gets every datagram"""
    with Fixture() as f, up(f):
        sock = udp()
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DONT)
        attach(f, sock)
        equal(sock.getsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER), PROBE,
              "IP_MTU_DISCOVER meanwhile")
        attach(f, -1)
        equal(sock.getsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER), DONT,
              "IP_MTU_DISCOVER")
        equal(sock.getsockopt(socket.IPPROTO_UDP, UDP_GRO), 0, "UDP_GRO")
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            out.sendto(FRAME, ("127.0.0.1", sock.getsockname()[1]))
        sock.settimeout(2 * nl.SLOW)
        equal(sock.recv(2048), FRAME, "datagram")
        attach(f, sock)
        equal(port(f), sock.getsockname()[1], "port")
        sock.close()


def agent_frames():
    """frames that are no packets, and other datagrams, reach the owner"""
    with Fixture() as f, up(f):
        sock = udp()
        attach(f, sock)
        sock.settimeout(2 * nl.SLOW)
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            for data in (b"\1" * 96, b"\6" * 104, b"", b"x", b"\0" * 1200,
                         b"\5" * 96):
                out.sendto(data, ("127.0.0.1", sock.getsockname()[1]))
        for data in (b"\1" * 96, b"\6" * 104, b"", b"x", b"\0" * 1200):
            equal(sock.recv(2048)[:1], data[:1], "datagram")
        sock.close()


def two_devices():
    """a socket is of one device"""
    with Fixture() as f:
        nl.run("ip link add sgt1 type signet")
        try:
            index = nl.u32(1, socket.if_nametoindex("sgt1"))
            sock = udp()
            attach(f, sock)
            fd = nl.s32(C["A_DEV_SOCK4_FD"], sock.fileno())
            nl.refused(lambda: f.nl.do(C["CMD_DEV_SET"], index, fd),
                       nl.errno.EBUSY, "another tunnel")
            attach(f, -1)
            f.nl.do(C["CMD_DEV_SET"], index, fd)
            sock.close()
        finally:
            nl.run("ip link del sgt1")


def connect():
    """an owner that connects the socket harms itself alone"""
    with Fixture() as f, up(f):
        sock = udp()
        attach(f, sock)
        sock.connect(("127.0.0.1", 9))
        with flood(sock):
            time.sleep(0.1)
        sock.connect(("127.0.0.2", 9))
        sock.close()
        lost(f)


def sockmap_busy():
    """the socket can't be put in a sockmap"""
    with Fixture() as f, up(f):
        sock = udp()
        attach(f, sock)
        nr_bpf, key, value = 321, ctypes.c_uint32(0), ctypes.c_uint32()
        create = (ctypes.c_uint32 * 32)(15, 4, 4, 1)  # BPF_MAP_TYPE_SOCKMAP
        fd = LIBC.syscall(nr_bpf, 0, ctypes.byref(create), 128)
        if fd < 0:
            print("# no sockmap in this kernel")
            return
        value.value = sock.fileno()
        update = (ctypes.c_uint64 * 16)(fd, ctypes.addressof(key),
                                        ctypes.addressof(value), 0)
        ret = LIBC.syscall(nr_bpf, 2, ctypes.byref(update), 128)
        equal((ret, ctypes.get_errno()), (-1, nl.errno.EBUSY), "update")
        os.close(fd)
        sock.close()
        lost(f)


def encap():
    """an owner that makes it another tunnel's is noticed after its close"""
    for value in (0, 2, 3):
        with Fixture() as f, up(f):
            ear = Nl()
            ear.join()
            sock = udp()
            attach(f, sock)
            try:
                sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, value)
            except OSError:
                continue
            with flood(sock):
                time.sleep(0.1)
            sock.close()
            # a deadline makes the device look around
            f.do(C["CMD_LABEL_NEW"], nl.u32(C["A_LABEL_LABEL"], 5),
                 nl.u32(C["A_LABEL_CHANNEL"], 10),
                 nl.attr(C["A_LABEL_HOP_KEY"], bytes(16)),
                 nl.uint(C["A_LABEL_EXPIRY_MS"], 1))
            lost(f)
            assert any(e.cmd == C["CMD_SOCKET_LOST_NTF"]
                       for e in ear.events()), "no event"


def sigkill():
    """SIGKILL of the owner; keys stay, another socket takes over"""
    with Fixture() as f, up(f):
        sock = udp()
        attach(f, sock)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
        sock.close()
        time.sleep(0.1)
        equal(carrier(), 1, "carrier while the child lives")
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
        lost(f)
        equal(f.do(C["CMD_DEV_GET"])[0].num(C["A_DEV_KEYS"]), 1, "keys")
        sock = udp()
        attach(f, sock)
        equal(carrier(), 1, "carrier with a new socket")
        sock.close()


def namespaces():
    """socket, device, and their namespaces end in every order"""
    for order in ("sock dev", "dev sock", "ns sock", "sock ns", "move sock",
                  "move ns sock"):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        LIBC.unshare(CLONE_NEWNET)
        nl.run("ip link set lo up")
        sock = udp()
        # the netns of the socket; the device is in another
        nl.run("ip netns add sgn; ip -n sgn link add sgt0 type signet")
        other = os.open("/run/netns/sgn", os.O_RDONLY)
        LIBC.setns(other, CLONE_NEWNET)
        os.close(other)
        index = socket.if_nametoindex("sgt0")
        Nl().do(C["CMD_DEV_SET"], nl.u32(1, index),
                nl.s32(C["A_DEV_SOCK4_FD"], sock.fileno()))
        with flood(sock):
            for step in order.split():
                if step == "sock":
                    sock.close()
                elif step == "dev":
                    nl.run("ip -n sgn link del sgt0")
                elif step == "move":
                    nl.run("ip netns add sgm; "
                           "ip -n sgn link set sgt0 netns sgm")
                elif step == "ns":
                    LIBC.setns(home, CLONE_NEWNET)
                    nl.run("ip netns del sgn; "
                           "[ ! -e /run/netns/sgm ] || ip netns del sgm")
                time.sleep(0.1)
        LIBC.setns(home, CLONE_NEWNET)
        os.close(home)
        subprocess.run("ip netns del sgn; ip netns del sgm", shell=True,
                       check=False, capture_output=True)
    time.sleep(1)


def references():
    """the device goes while requests hold it"""
    stop = threading.Event()

    def ask():
        ask = Nl()
        while not stop.is_set():
            with contextlib.suppress(nl.NlError, OSError):
                index = socket.if_nametoindex("sgt0")
                ask.dump(C["CMD_PEER_GET"], nl.u32(1, index))
                ask.do(C["CMD_PEER_NEW"], nl.u32(1, index),
                       nl.u32(C["A_PEER_ID"], 77))
            time.sleep(0.001 * nl.SLOW)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(max(4, 8 // nl.SLOW)):
        with Fixture() as f:
            sock = udp()
            attach(f, sock)
            sock.close()
    stop.set()
    for thread in threads:
        thread.join()


def unload():
    """the module is unloaded with devices and sockets under load"""
    for _ in range(3):
        with up(Fixture()) as f:
            four, six = udp(), udp(socket.AF_INET6)
            attach(f, four)
            attach(f, six, "SOCK6")
            f.nl.sock.close()
            with flood(four):
                time.sleep(0.1)
                nl.run("modprobe -r signet")
                assert not os.path.exists("/sys/class/net/sgt0")
                time.sleep(0.1)
            # closing them calls nothing that is gone
            four.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
            four.close()
            six.close()
            nl.run("modprobe signet")


if __name__ == "__main__":
    nl.main([last_close, close_under_load, given_back, agent_frames,
             two_devices, connect, sockmap_busy, encap, sigkill, namespaces,
             references, unload])
