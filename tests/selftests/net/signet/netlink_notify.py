#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Notifications of the netlink family."""

import os
import socket
import subprocess
import time
from errno import ENOBUFS, ENODEV, ENOENT

import nl
from nl import C, Nl, equal
from nl_fixture import Fixture

EVENT = {name[len("A_EVENT_"):]: number for name, number in C.items()
         if name.startswith("A_EVENT_")}


class Ear:
    """Hears what a fixture's device has to tell."""

    def __init__(self, f):
        self.nl, self.index = Nl(), f.index
        self.nl.join()

    def expect(self, name, timeout=5, **attrs):
        """The next event; returns it"""
        event = self.nl.event(timeout)
        assert event, f"no event, {name} was expected"
        names = {v: k for k, v in C.items() if k.startswith("CMD_")}
        equal(names.get(event.cmd), f"CMD_{name}_NTF", "event")
        equal(event.num(EVENT["IFINDEX"]), self.index, "ifindex")
        got = {k: event.num(EVENT[k]) for k in attrs}
        equal(got, attrs, name)
        equal({k for k, _ in event.attrs},
              {EVENT[k] for k in attrs} | {EVENT["IFINDEX"]}, "attributes")
        return event

    def silence(self):
        equal([e.cmd for e in self.nl.events(0.3)], [], "events")


def peer_del():
    """peer-del, when a peer goes by itself or with its device"""
    with Fixture() as f:
        ear = Ear(f)
        f.do(C["CMD_PEER_DEL"], f.peer(2))
        ear.expect("PEER_DEL", PEER=2)
        f.do(C["CMD_PEER_NEW"], f.peer(2))
        f.do(C["CMD_PEER_SET"], f.peer(2), nl.u32(C["A_PEER_MARK"], 1))
        ear.silence()
        nl.del_device()
        equal({ear.expect("PEER_DEL", PEER=n).cmd for n in (1, 2)},
              {C["CMD_PEER_DEL_NTF"]})


def key_expired():
    """rekey-wanted at the soft limit, key-expired at the hard one"""
    with Fixture() as f:
        ear = Ear(f)
        f.do(C["CMD_KEY_NEW"], *f.key(3, "TRANSMIT"),
             nl.uint(C["A_KEY_SOFT_MS"], 500),
             nl.uint(C["A_KEY_HARD_MS"], 3500))
        ear.expect("REKEY_WANTED", CHANNEL=10, KEY_ID=3,
                   DIRECTION=C["DIRECTION_TRANSMIT"],
                   REASON=C["REKEY_REASON_TIME"])
        ear.expect("KEY_EXPIRED", CHANNEL=10, KEY_ID=3,
                   DIRECTION=C["DIRECTION_TRANSMIT"])
        nl.refused(lambda: f.do(C["CMD_KEY_GET"], *f.key(3, "TRANSMIT")[:3]),
                   ENOENT, "no key")
        equal(len(f.nl.dump(C["CMD_KEY_GET"])[0]), 1, "keys left")
        # its slot is free
        f.do(C["CMD_KEY_NEW"], *f.key(3, "TRANSMIT"))
        # what netlink takes away it does not tell
        f.do(C["CMD_KEY_DEL"], *f.key(3)[:2])
        ear.silence()


def socket_lost():
    """socket-lost, when the owner closes it but not when it is detached"""
    with Fixture() as f:
        ear = Ear(f)
        for family, kind in ((socket.AF_INET, "SOCK4"),
                             (socket.AF_INET6, "SOCK6")):
            for close in (True, False):
                sock = socket.socket(family, socket.SOCK_DGRAM)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind(("", 0))
                f.do(C["CMD_DEV_SET"],
                     nl.s32(C[f"A_DEV_{kind}_FD"], sock.fileno()))
                if close:
                    sock.close()
                    ear.expect("SOCKET_LOST", FAMILY=int(family))
                else:
                    f.do(C["CMD_DEV_SET"],
                         nl.s32(C[f"A_DEV_{kind}_FD"], -1))
                    sock.close()
                    ear.silence()


def channel_wanted():
    """channel-wanted, when a packet waits for a peer without a channel"""
    with Fixture() as f:
        ear = Ear(f)
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.bind(("", 0))
        f.do(C["CMD_DEV_SET"], nl.s32(C["A_DEV_SOCK4_FD"], sock.fileno()))
        nl.run("ip link set sgt0 up; ip addr add 10.9.0.1/32 dev sgt0; "
               "ip route add 10.2.0.0/16 dev sgt0")
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            for _ in range(5):
                out.sendto(b"x", ("10.2.0.1", 9))
        ear.expect("CHANNEL_WANTED", PEER=2)
        sock.close()


def other_namespace():
    """what a device in another network namespace tells is not heard here"""
    nl.run("ip netns add sgtns")
    try:
        nl.run("ip -n sgtns link add sgt0 type signet")
        with Fixture() as f:
            ear = Ear(f)
            code = ("import nl; from nl import C; n = nl.Nl(); i = "
                    "nl.u32(1, nl.socket.if_nametoindex('sgt0')); "
                    "n.do(C['CMD_PEER_NEW'], i, nl.u32(C['A_PEER_ID'], 1)); "
                    "n.do(C['CMD_PEER_DEL'], i, nl.u32(C['A_PEER_ID'], 1))")
            subprocess.run(["ip", "netns", "exec", "sgtns", "python3", "-c",
                            code], check=True,
                           cwd=os.path.dirname(os.path.abspath(__file__)))
            ear.silence()
            # nor can it be asked for
            nl.refused(lambda: f.nl.do(C["CMD_DEV_GET"], nl.u32(1, 0x7fff)),
                       ENODEV, "no signet device")
            equal(len(f.nl.dump(C["CMD_DEV_GET"])[0]), 1, "devices")
    finally:
        nl.run("ip netns del sgtns")


def slow():
    """a listener that is too slow gets ENOBUFS, and a dump tells the rest"""
    with Fixture() as f:
        deaf = Nl(rcvbuf=4096)
        deaf.join()
        for _ in range(100):
            f.do(C["CMD_PEER_NEW"], f.peer(3))
            f.do(C["CMD_PEER_DEL"], f.peer(3))
        try:
            deaf.events(0.1)
        except OSError as err:
            equal(err.errno, ENOBUFS, "errno")
        else:
            raise AssertionError("nothing was lost")
        deaf.sock.settimeout(5)
        deaf.events(0.1)
        equal(len(deaf.dump(C["CMD_PEER_GET"])[0]), 2, "peers")


def no_listener():
    """without a listener all goes on"""
    with Fixture() as f:
        f.do(C["CMD_KEY_NEW"], *f.key(3), nl.uint(C["A_KEY_HARD_MS"], 50))
        f.do(C["CMD_PEER_DEL"], f.peer(2))
        time.sleep(2.5)  # deadlines are batched to a second
        equal(len(f.nl.dump(C["CMD_KEY_GET"])[0]), 1, "keys")


def user_namespace():
    """who made the network namespace with a user namespace may do it all"""
    code = ("import nl; from nl_fixture import Fixture\n"
            "with Fixture() as f:\n"
            "    n = nl.Nl(); n.join()\n"
            "    f.do(nl.C['CMD_PEER_DEL'], f.peer(1))\n"
            "    assert n.event(), 'nothing heard'\n")
    subprocess.run(["unshare", "--user", "--map-root-user", "--net", "python3",
                    "-c", code], check=True,
                   cwd=os.path.dirname(os.path.abspath(__file__)))


if __name__ == "__main__":
    nl.main([peer_del, key_expired, socket_lost, channel_wanted,
             other_namespace, slow, no_listener, user_namespace])
