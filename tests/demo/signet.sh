# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The machines get their identities and their configuration.

gateway_inner=10.77.0.1
controller_inner=10.77.0.2

# field NAME: the value of a string in JSON, from stdin
field()
{
	tr -d ' \t\n\\' | sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

# identity MACHINE: makes one
identity()
{
	mkdir -m 0700 "$WORK/$1/state" && quietly "$1" signet identity new
}

# quietly MACHINE COMMAND...: says something only if it fails
quietly()
{
	local text

	text=$(on "$@" 2>&1) && return
	show "$@"
	printf '%s\n' "$text"
	return 1
}

node()
{
	cat >"$WORK/$1/etc/signet.conf" <<-END
	[Node]
	Name = $1
	Listen = 51900
	Address = $2
	Workers = 1
	END
}

# What installing Signet does, and the few lines that each owner writes.
install()
{
	node gateway $gateway_inner/24
	cat >>"$WORK/gateway/etc/signet.conf" <<-END

	[Expose switch]
	Listen = tcp/9999
	To = 192.168.1.50:9999
	END
	node controller $controller_inner/24
	identity gateway && quietly gateway signet up &&
		identity controller && quietly controller signet up
}

# The second plug
add_door()
{
	cat >"$WORK/gateway/etc/door.conf" <<-END
	[Expose door]
	Listen = tcp/9998
	To = 192.168.1.50:9998
	END
	echo | cat - "$WORK/gateway/etc/door.conf" \
		>>"$WORK/gateway/etc/signet.conf"
}

runs_on_both()
{
	on gateway signet status && on controller signet status
}

# The two commands. A person carries the code from one machine to the other.
pair()
{
	local command='signet pair --name controller --code-out code'

	show gateway $command
	start gateway "$WORK/pair.log" $command
	wait_for 5 test -s "$WORK/code"
	run controller signet pair --accept 198.51.100.1 --name gateway \
		--code-file code
	wait_for 5 pinned
}

pinned()
{
	[ -s "$WORK/gateway/etc/peers.d/controller.conf" ] &&
		[ -s "$WORK/controller/etc/peers.d/gateway.conf" ]
}

# The attacker runs Signet too, and knows all that is not secret.
configure_attacker()
{
	local known

	node attacker 10.77.0.66/24
	known=$(on gateway signet identity show --json) || return
	cat >>"$WORK/attacker/etc/signet.conf" <<-END

	[Peer gateway]
	Identity = $(field identity <<<"$known")
	StaticKey = $(field staticKey <<<"$known")
	Endpoint = 198.51.100.1:51900
	Prefixes = $gateway_inner/32
	END
	identity attacker
}

# drops MACHINE REASON: how many it has dropped for that reason
drops()
{
	local n

	n=$(on "$1" signet drops --all --json | tr -d ' \t\n' | tr '{' '\n' |
		grep "\"reason\":\"$2\"" | sed 's/.*"count":\([0-9]*\).*/\1/')
	echo "${n:-0}"
}

# flow_denied PEER PORT: what packet policy says of it
flow_denied()
{
	on gateway signet flows --json | tr -d ' \t\n' | tr '{' '\n' |
		grep "\"peer\":\"$1\"" | grep '"verdict":"denied"' |
		grep -q "\"localPort\":$2"
}

drops_are()
{
	is "$(drops gateway "$1")" "$2"
}

drops_at_least()
{
	[ "$(drops gateway "$1")" -ge "$2" ]
}

# attack REASON "WORDS" COMMAND...: the attacker sends frames, and each of them
# must be dropped by the gateway for that reason
attack()
{
	local reason=$1 words=$2 before sent

	shift 2
	before=$(drops gateway "$reason")
	run attacker "$@"
	sent=$(sed -n 's/.* sent \([0-9]*\) .*/\1/p' <<<"$said")
	check "$words: ${sent:-0} dropped, counted as $reason" \
		drops_are "$reason" $((before + ${sent:-1}))
}
