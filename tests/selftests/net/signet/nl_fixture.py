# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A device with objects, for tests of the netlink family."""

import nl
from nl import C, Nl, refused

HOP, KEY = bytes(range(16)), bytes(range(32))


class Fixture:
    """A device with peers 1 and 2, channel 10 of peer 1 with a path, channel
    11 of peer 1 without, label 100, receive key 0 of channel 10."""

    def __init__(self):
        self.index = nl.add_device()
        self.nl = Nl()
        self.peer_1()
        self.do(C["CMD_PEER_NEW"], self.peer(2), prefix("10.2.0.0", 16))

    def peer_1(self):
        """peer 1 with what belongs to it"""
        self.do(C["CMD_PEER_NEW"], self.peer(1), prefix("10.1.0.0", 16))
        self.do(C["CMD_CHANNEL_NEW"], self.channel(10), self.of_peer(1),
                path())
        self.do(C["CMD_CHANNEL_NEW"], self.channel(11), self.of_peer(1))
        self.do(C["CMD_LABEL_NEW"], *self.label())
        self.do(C["CMD_KEY_NEW"], *self.key())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        nl.del_device()

    def dev(self):
        return nl.u32(C["A_DEV_IFINDEX"], self.index)

    def do(self, cmd, *attrs, flags=0):
        return self.nl.do(cmd, self.dev(), *attrs, flags=flags)

    def generation(self):
        return self.do(C["CMD_DEV_GET"])[0].num(C["A_DEV_GENERATION"])

    def refuse(self, code, text, cmd, *attrs, flags=0):
        return refused(lambda: self.do(C[f"CMD_{cmd}"], *attrs, flags=flags),
                       code, text)

    def some(self, name):
        """what a command needs to look for its object"""
        if name in ("DEV_GET", "DEV_SET"):
            return []
        if name.startswith("KEY"):
            return self.key()[:{"NEW": 5, "GET": 3}.get(name[4:], 2)]
        return [nl.u32(2, 1)]  # id or the like, in every set

    @staticmethod
    def peer(number):
        return nl.u32(C["A_PEER_ID"], number)

    @staticmethod
    def channel(number):
        return nl.u32(C["A_CHANNEL_ID"], number)

    @staticmethod
    def of_peer(number):
        return nl.u32(C["A_CHANNEL_PEER"], number)

    @staticmethod
    def label(number=100, channel=10, hop=HOP):
        return [nl.u32(C["A_LABEL_LABEL"], number),
                nl.u32(C["A_LABEL_CHANNEL"], channel),
                nl.attr(C["A_LABEL_HOP_KEY"], hop)]

    @staticmethod
    def key(key_id=0, direction="RECEIVE", channel=10, cipher=2, key=KEY):
        return [nl.u32(C["A_KEY_CHANNEL"], channel),
                nl.u8(C["A_KEY_KEY_ID"], key_id),
                nl.u32(C["A_KEY_DIRECTION"], C[f"DIRECTION_{direction}"]),
                nl.u32(C["A_KEY_CIPHER"], cipher),
                nl.attr(C["A_KEY_KEY"], key)]


def prefix(address, length, *flags):
    return nl.nest(C["A_PEER_PREFIX"],
                   nl.addr(C["A_PREFIX_ADDRESS"], address),
                   nl.u8(C["A_PREFIX_LENGTH"], length),
                   *(nl.flag(C[f"A_PREFIX_{f}"]) for f in flags))


def path(remote="192.0.2.1", port=5000, label=7, hop=HOP, local=None,
         scope=None):
    inner = []
    if remote is not None:
        inner.append(nl.addr(C["A_PATH_REMOTE"], remote)
                     if isinstance(remote, str) else
                     nl.attr(C["A_PATH_REMOTE"], remote))
    if port is not None:
        inner.append(nl.be16(C["A_PATH_REMOTE_PORT"], port))
    if label is not None:
        inner.append(nl.u32(C["A_PATH_TX_LABEL"], label))
    if hop is not None:
        inner.append(nl.attr(C["A_PATH_TX_HOP_KEY"], hop))
    if local is not None:
        inner.append(nl.addr(C["A_PATH_LOCAL"], local))
    if scope is not None:
        inner.append(nl.u32(C["A_PATH_SCOPE_ID"], scope))
    return nl.nest(C["A_CHANNEL_PATH"], *inner)
