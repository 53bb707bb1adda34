# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The machines get their identities and their configuration.

gateway_inner=10.77.0.1
controller_inner=10.77.0.2

# field NAME: the value of a string in JSON, from stdin
field()
{
	tr -d ' \t\n\\' | sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

# identity MACHINE: makes one; $id and $static_key are what others may know
identity()
{
	local json

	mkdir -m 0700 "$WORK/$1/state"
	json=$(on "$1" signet identity new --json 2>&1) &&
		json=$(on "$1" signet identity show --json 2>&1) ||
		{ printf '%s\n' "$json" >&2; return 1; }
	id=$(field identity <<<"$json")
	static_key=$(field staticKey <<<"$json")
}

# pin MACHINE NAME ADDRESS PREFIX: whose identity is in $id
pin()
{
	mkdir -p "$WORK/$1/etc/peers.d"
	cat >"$WORK/$1/etc/peers.d/$2.conf" <<-END
	[Peer $2]
	Identity = $id
	StaticKey = $static_key
	Endpoint = $3:51900
	Prefixes = $4
	END
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

configure()
{
	node gateway $gateway_inner/24
	cat >>"$WORK/gateway/etc/signet.conf" <<-END

	[Expose switch]
	Listen = tcp/9999
	To = 192.168.1.50:9999
	END
	node controller $controller_inner/24
	identity controller &&
		pin gateway controller 198.51.100.2 $controller_inner/32 &&
		identity gateway &&
		pin controller gateway 198.51.100.1 $gateway_inner/32
}

# The attacker runs Signet too, and knows all that is not secret.
configure_attacker()
{
	node attacker 10.77.0.66/24
	identity attacker && identity_of gateway &&
		pin attacker gateway 198.51.100.1 $gateway_inner/32
}

identity_of()
{
	id=$(on "$1" signet identity show --json | field identity)
	static_key=$(on "$1" signet identity show --json | field staticKey)
}

# drops MACHINE REASON: how many it has dropped for that reason
drops()
{
	local n

	n=$(on "$1" signet drops --all --json | tr -d ' \t\n' | tr '{' '\n' |
		grep "\"reason\":\"$2\"" | sed 's/.*"count":\([0-9]*\).*/\1/')
	echo "${n:-0}"
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
