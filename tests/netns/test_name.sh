#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A peer known by a name that nobody can look up yet, as after a boot without
# a name server: Keepalive connects as soon as the name means something.
. "$(dirname "$0")/lib.sh"

cp /etc/hosts "$T/hosts"
mount --bind "$T/hosts" /etc/hosts
wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "bee.signet.test:$PORT" 10.77.0.2/32 "Keepalive = 25s"
node_peer b a "" 10.77.0.1/32
node_start a && node_start b
check "there is no such name" never 1 peer_is a b up
check "the operator is told" eval \
	'peer_field a b lastError | grep -qE "name|address"'
echo "10.1.0.2 bee.signet.test" >>/etc/hosts
check "the name is asked for again, without any traffic" \
	within 20 peer_is a b up
done_testing
