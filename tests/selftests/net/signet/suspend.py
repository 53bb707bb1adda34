#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A machine that sleeps keeps no key."""

import nl
from nl import C, Nl, equal
from nl_fixture import Fixture


def sleep():
    """Hibernate without a swap to write to: it is prepared, and fails."""
    with open("/proc/swaps", encoding="ascii") as swaps:
        if len(swaps.readlines()) > 1:
            nl.skip_all("with swap it would be in earnest")
    try:
        with open("/sys/power/state", "w", encoding="ascii") as state:
            state.write("disk")
    except OSError as err:
        print(f"# hibernation: {err}")


def keys_go():
    """suspend wipes the keys, tells of each, and leaves all else"""
    with Fixture() as f:
        f.do(C["CMD_KEY_NEW"], *f.key(1, "TRANSMIT"))
        ear = Nl()
        ear.join()
        sleep()
        events = [e.cmd for e in ear.events()]
        equal(events, [C["CMD_KEY_EXPIRED_NTF"]] * 2, "events")
        dev = f.do(C["CMD_DEV_GET"])[0]
        equal([dev.num(C[f"A_DEV_{what}"])
               for what in ("PEERS", "CHANNELS", "KEYS")], [2, 2, 0],
              "peers, channels, keys")
        # slots are free again
        f.do(C["CMD_KEY_NEW"], *f.key())


if __name__ == "__main__":
    nl.main([keys_go])
