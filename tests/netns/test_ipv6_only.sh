#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No IPv4 between the nodes; IPv4 and IPv6 inside.
. "$(dirname "$0")/lib.sh"

IPV6_ONLY=1 pair_up
check "there is no IPv4 outside" \
	eval '! in_ns a ip -4 addr show dev eth0 | grep -q inet'
check "IPv4 inside passes" within 8 inner_ping a 10.77.0.2
check "IPv6 inside passes" within 5 inner_ping b "$(status_field a overlay)"
check "messages pass" sealed_ping a b
check "the endpoint is IPv6" grep -q "fd01::2" <<<"$(peer_field a b endpoint)"
LINGER=1 stream b 10.77.0.1 1000 2
number "a stream arrives" "$(got received)" -ge $((sent - 2))
done_testing
