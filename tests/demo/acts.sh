# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The acts.

# What the attacker's screen showed last, for those who have no panes.
show_capture()
{
	[ -z "$plain" ] && return
	printf '  %sattacker sees:%s\n' "$blue" "$plain_text"
	sed 's/\x1b\[[0-9;]*m//g' "$WORK/sniff.log" | grep -A1 "^$1" |
		tail -n "$2" | sed 's/^/    /'
}

show_file()
{
	local width=74

	[ -z "$plain" ] || width=1000
	cut -c -$width "$1" | sed "s/^./    $dim&/; s/\$/$plain_text/"
}

act_without()
{
	act '1. Without Signet'
	say 'A lamp on a smart plug. So that its controller can reach it,'
	say "the gateway forwards the plug's port, as many thousands do."
	run gateway nft add rule ip legacy forward_port \
		tcp dport 9999 dnat to 192.168.1.50
	run controller plug 198.51.100.1 on
	check 'the controller switches the lamp on' lamp_is on

	say 'The attacker owns the network between the two, and listens.'
	check 'the attacker reads {"system":{"set_relay_state":{"state":1}}}' \
		grep -q '{"system":{"set_relay_state":{"state":1}}}' \
		"$WORK/sniff.log"
	show_capture 'controller > gateway' 2
	run attacker sniff -f set_relay_state
	check 'the recording holds it' on attacker sniff -f set_relay_state
	run controller plug 198.51.100.1 off
	check 'the controller switches the lamp off' lamp_is off

	say 'One message is enough: there is no key, no password, nothing.'
	run attacker forge on
	check 'the attacker switches the lamp on with one message' lamp_is on
	run attacker forge off
	run attacker replay -p '"state":1'
	check 'so does a recording, played again' lamp_is on
	run controller plug 198.51.100.1 off
	check 'the lamp is off again' lamp_is off
}

act_signet()
{
	act '2. Two signet commands'
	sniff_start
	say 'Signet is installed on gateway and controller.'
	install
	check 'it runs on both' runs_on_both
	say "The plug is not touched. The gateway's configuration:"
	show_file "$WORK/gateway/etc/signet.conf"
	run gateway nft flush chain ip legacy forward_port
	say 'A one-time code makes them known to each other:'
	pair
	check 'gateway and controller have pinned each other' pinned
	check 'the attacker, who saw it all, did not see the code' \
		not on attacker sniff -f "$(cat "$WORK/code")"
	run controller plug $gateway_inner on
	check 'the same program, at another address, switches the lamp on' \
		lamp_is on
	run controller plug $gateway_inner off
	check 'and off' lamp_is off
}

not_around()
{
	on attacker ip route add 192.168.1.0/24 via 198.51.100.1 2>/dev/null
	on attacker ip route add 10.77.0.0/24 via 198.51.100.1 2>/dev/null
	not on attacker forge on 192.168.1.50 &&
		not on attacker forge on $gateway_inner && lamp_is off
}

act_attacks()
{
	act '3. The same attacks'
	show_capture 'controller > gateway signet packet' 4
	run attacker sniff -f set_relay_state
	check 'the attacker can read nothing any more' \
		not on attacker sniff -f set_relay_state
	run attacker forge on
	check 'the open port is closed' not on attacker forge on
	check 'there is no way around, to the plug or the inner address' \
		not_around
	attack replay 'a recording, played again' replay
	attack hop-tag 'frames made up' forge header -n 20
	attack replay 'true headers with other content' forge content -n 20
	attack length 'frames cut short' flip -t 39 -n 10
	act_withheld
	check 'through all of this the lamp stayed off' lamp_stays off
}

# The strongest move: take a frame away before the gateway sees it, and send
# it changed.
act_withheld()
{
	local size job DEMO_PACE=''

	say 'The attacker cuts the wire, and takes a frame that the gateway'
	say 'has never seen: every bit of its header is right.'
	size=$(stat -c %s "$capture")
	show attacker ip link set to-gateway nomaster
	cut_wire
	on controller plug $gateway_inner info 20 >/dev/null 2>&1 &
	job=$!
	wait_for 5 grown "$capture" "$size"
	attack aead 'one bit changed on the way' flip -i to-gateway -n 10
	attack aead 'the end missing' flip -i to-gateway -t -1 -n 10
	show attacker ip link set to-gateway master br0
	join_wire
	check 'the wire joined again, the controller is answered' wait "$job"
}

grown()
{
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

act_stranger()
{
	local before

	act '4. A stranger'
	say 'The attacker runs Signet too, with an identity of its own, and knows'
	say "the gateway's identity, key and address. It is just not pinned."
	configure_attacker
	before=$(drops gateway stranger)
	lines=4
	run attacker signet up
	lines=100
	run attacker signet ping --count 1 gateway
	check 'the gateway saw a stranger at the door' \
		drops_at_least stranger $((before + 1))
	run attacker sniff -b 198.51.100.1 198.51.100.66
	check 'a node that is not pinned gets no answer: 0 bytes' is "$said" 0
}

# The lamp is switched while the attacker floods.
switch_under_flood()
{
	local job

	show attacker flood
	start attacker "$WORK/flood.log" flood
	job=$!
	sleep 1
	switch_times flood
	sleep 1
	# it must not have ended before
	kill "$job" && wait "$job" || rm "$WORK/times.flood"
	show_file "$WORK/flood.log"
}

act_flood()
{
	local why

	act '5. A flood'
	why=$(gate_impossible) && {
		skip 'the gate, which stops floods, is not shown' "$why"
		return
	}
	say 'A gate looks at what comes to an interface before the kernel does.'
	run gateway signet gate attach wan
	check 'it is attached' gate_is_attached
	switch_times peace
	start gateway "$WORK/samples" signet drops --follow --count 3
	gate_before
	say 'The attacker sends all of it at once, 30000 frames a second.'
	switch_under_flood
	check "the switch works under the flood: on and off in $(times_of flood)" \
		lamp_followed flood
	say "(Without a flood it took $(times_of peace).)"
	act_flood_counted
}

# Which of the two stopped what
act_flood_counted()
{
	local made_up hello stolen

	made_up=$(gate_more hop-tag) hello=$(gate_more mac1)
	stolen=$(agent_more replay)
	run gateway signet gate stats
	check "$made_up frames made up: dropped by the gate, as hop-tag" \
		most_of "$made_up" 'frames made up'
	check "$hello handshakes made up: dropped by the gate, as mac1" \
		most_of "$hello" 'handshakes made up'
	check 'not one of these came up to the agent' \
		is "$(agent_more hop-tag) $(agent_more mac1)" '0 0'
	check "$stolen stolen frames: their tag is true, dropped after it, as replay" \
		most_of "$stolen" 'stolen frames'
	show gateway signet drops --follow --count 3
	show_file "$WORK/samples"
	check 'samples of what the gate drops can be watched' \
		grep -q ' wan from ' "$WORK/samples"
}

act_allow()
{
	local before

	act '6. A peer that wants more'
	say "Behind the gateway there is a second plug, of the garage's door. Whoever"
	say 'is in the channel can open it, also one who stole the controller.'
	add_door
	show_file "$WORK/gateway/etc/door.conf"
	run gateway signet reload
	run controller plug $gateway_inner:9998 on
	check 'the controller opens the door' door_is on
	run controller plug $gateway_inner:9998 off
	check 'and shuts it' door_is off
	say 'The controller is there for the lamp, and for nothing else:'
	run gateway signet peer set controller --allow tcp/9999
	before=$(drops gateway policy)
	run controller plug $gateway_inner:9998 on 1
	check 'the door stays shut' door_is off
	check 'the gateway counts it, as policy' \
		drops_at_least policy $((before + 1))
	run gateway signet flows
	check 'it says who wanted what' flow_denied controller 9998
	lines=6
	run gateway signet why controller tcp/9998
	lines=100
	check 'and which line is missing' \
		grep -q 'no Allow line lets it begin tcp/9998 here' <<<"$said"
	switch_times allowed
	check "the lamp follows as before, in $(times_of allowed)" \
		lamp_followed allowed
}

act_last()
{
	act '7. And the controller'
	run controller plug $gateway_inner on
	check "the controller's own command works" lamp_is on
	run controller plug $gateway_inner off
	check 'and the lamp goes off' lamp_is off
	check 'the plug was not touched: the same process since the start' \
		kill -0 "$(cat "$WORK/switch.pid")"
	run gateway signet drops
}

acts()
{
	act_without
	act_signet
	act_attacks
	act_stranger
	act_flood
	act_allow
	act_last
	summary
}
