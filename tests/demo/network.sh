# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Four machines, each a network namespace:
#
#   switch ------- gateway ---+           +--- controller
#   192.168.1.50   .1         |           |    198.51.100.2
#                  198.51.100.1  attacker
#                                198.51.100.66
#
# The attacker's machine is the network between gateway and controller: every
# frame passes its bridge.

capture=$WORK/capture.pcap
machines='switch gateway attacker controller'

# wire NAME1 INTERFACE1 NAME2 INTERFACE2: a cable
wire()
{
	on "$1" ip link add "$2" type veth peer name "$4" netns "$3" &&
		on "$1" ip link set "$2" up && on "$3" ip link set "$4" up
}

bridge()
{
	on attacker ip link add br0 type bridge || return
	on attacker ip link set to-gateway master br0 &&
		on attacker ip link set to-controller master br0 &&
		on attacker ip address add 198.51.100.66/24 dev br0 &&
		on attacker ip link set br0 up
}

# What routers do for devices that are to be reached from outside.
forwarding()
{
	on gateway sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' &&
		on gateway nft -f - <<-'END'
		table ip legacy {
			chain forward_port {
				type nat hook prerouting priority dstnat;
			}
			chain filter {
				type filter hook forward priority filter;
				iifname "wan" ct status dnat accept
				iifname "wan" ct state established accept
				iifname "wan" drop
			}
			chain hide_source {
				type nat hook postrouting priority srcnat;
				oifname "lan" ip saddr != 192.168.1.0/24 masquerade
			}
		}
		END
}

addresses()
{
	on switch ip address add 192.168.1.50/24 dev lan &&
		on gateway ip address add 192.168.1.1/24 dev lan &&
		on gateway ip address add 198.51.100.1/24 dev wan &&
		on controller ip address add 198.51.100.2/24 dev wan
}

network_up()
{
	local m

	mount -t tmpfs -o mode=0755 demo /run &&
		mkdir -p /run/netns "$WORK" || return
	PATH=$BUILD/demo:$BUILD:$PATH
	for m in $machines; do
		ip netns add "$m" && mkdir -p "$WORK/$m/etc" &&
			on "$m" ip link set lo up || return
	done
	wire switch lan gateway lan &&
		wire gateway wan attacker to-gateway &&
		wire controller wan attacker to-controller &&
		bridge && addresses && forwarding || return
	start switch "$WORK/switch.log" switch "$WORK/lamp"
	echo $! >"$WORK/switch.pid"
	start switch "$WORK/door.log" switch "$WORK/door" 9998
	: >"$WORK/sniff.log"
	sniff_start || return
	wait_for 5 lamp_is off && wait_for 5 door_is off
}

# Each act has a recording of its own; the text goes on in one log.
sniff_start()
{
	if [ -f "$WORK/sniff.pid" ]; then
		kill "$(cat "$WORK/sniff.pid")" 2>/dev/null
		mv "$capture" "$WORK/capture-before.pcap"
	fi
	start attacker "$WORK/sniff.log" sniff -c -w "$capture"
	echo $! >"$WORK/sniff.pid"
	wait_for 5 test -s "$capture"
}

# The attacker takes the network apart, and puts it together again.
cut_wire()
{
	on attacker ip link set to-gateway nomaster
}

join_wire()
{
	on attacker ip link set to-gateway master br0
}

# Ends what was started here, by its number; the namespaces go with us.
finish()
{
	local pids

	panes_end
	pids=$(jobs -p)
	[ -z "$pids" ] || kill $pids 2>/dev/null
}
