# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The acts.

# What the attacker's screen showed last, for those who have no panes.
show_capture()
{
	[ -z "$plain" ] && return
	printf '  %sattacker sees:%s\n' "$blue" "$plain_text"
	sed 's/\x1b\[[0-9;]*m//g' "$WORK/sniff.log" | grep -A1 "$1" |
		tail -n "$2" | sed 's/^/    /'
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

acts()
{
	act_without
	summary
}
