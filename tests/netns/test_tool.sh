#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The command: its exit codes, what it refuses, and two nodes that meet by it.
. "$(dirname "$0")/lib.sh"

commands="identity peer pair up down check reload status peers ping why monitor
	drops metrics report dev version"
dev_commands="add del set show listen monitor reload peer channel label key"

# code WANTED COMMAND...: its exit code, and something said on stderr if not 0
code() {
	local want=$1 got
	shift
	"$@" >"$T/out" 2>"$T/err"
	got=$?
	cat "$T/out" "$T/err"
	[ $got = "$want" ] && { [ $got = 0 ] || [ -s "$T/err" ] || [ -s "$T/out" ]; }
}

# says TEXT COMMAND...: on either output
says() {
	local text=$1
	shift
	"$@" >"$T/out" 2>&1
	cat "$T/out"
	grep -qF -- "$text" "$T/out"
}

fits() { # fits COMMAND...: no line above 80 columns
	"$@" >"$T/out" || return
	! grep -nE '^.{81,}' "$T/out"
}

helps() {
	local c
	for c in $commands "identity new" "identity show" "identity rotate" \
		"identity backup" "identity restore" "peer add" "peer set" \
		"peer remove" "dev peer add" "dev peer del" "dev peer show" \
		"dev channel add" "dev channel del" "dev channel show" \
		"dev channel select" "dev channel keepalive" "dev label add" \
		"dev label del" "dev label show" "dev key add" "dev key swap" \
		"dev key del" "dev key show" $(printf 'dev-%s ' $dev_commands); do
		c=${c//-/ }
		# shellcheck disable=SC2086
		"$BIN/signet" $c --help >"$T/out" || return
		grep -q '^Example' "$T/out" || { echo "$c: no example"; return 1; }
		! grep -nE '^.{81,}' "$T/out" || { echo "$c: too wide"; return 1; }
	done
}

# every command in manual page and completion, every key in its manual page
documented() {
	local c k
	for c in $commands; do
		grep -qE "^\.It Cm $c( |$)" tools/man/signet.1 &&
			grep -qw "$c" tools/completion/signet.bash ||
			{ echo "$c"; return 1; }
	done
	for c in $dev_commands; do
		grep -qE "^\.It Cm dev $c( |$)" tools/man/signet.1 ||
			{ echo "dev $c"; return 1; }
	done
	for k in $(sed -n 's/.*KEY("\([A-Za-z]*\)", set.*/\1/p' \
		agent/common/config_keys.c); do
		grep -qE "^\.It Cm .*\b$k\b" tools/man/signet.conf.5 ||
			{ echo "$k"; return 1; }
	done
}

# the folder's files and what is in them
state_of() { (cd "$1" && find . -type f | sort | xargs sha256sum); }

### Without an agent

ns_new a
ns_new b
node_new a a 10.77.0.1
node_new b b 10.77.0.2
check "every command has help with an example" helps
check "every command and setting is in its manual page" documented
check "an unknown command is a usage error" code 2 sig a statsu
check "and what is nearest is suggested" says '"status"' sig a statsu
check "an unknown option is a usage error" code 2 sig a ping b --bogus
check "no agent has an exit code of its own" code 5 sig a status
check "and says what to do" says 'signet up' sig a status
is "with --json the error is an object" \
	"$(sig a status --json 2>&1 | jq -r .error)" no-agent
check "why says it too" says FAIL sig a why b
check "the configuration is checked without an agent" code 0 sig a check
check "keys are never overwritten" code 1 sig a identity new
if ! [ -d /sys/module/signet ]; then
	check "without the kernel module, dev says what to do" \
		says 'modprobe signet' sig a dev show
	check "and fails" code 1 sig a dev add toolsg0
fi
check "a key that others may read is refused" \
	says 'mode 0644' sig a dev key add toolsg0 0 0 --direction rx \
	--cipher aes-256-gcm --key-file /etc/passwd
check "a key among the arguments is not taken" \
	code 2 sig a dev key add toolsg0 0 0 --direction rx \
	--cipher aes-256-gcm 000102

before=$(state_of "$T/a/etc")
own=$(cat "$T/a/id") other=$(cat "$T/b/id")
check "this node's own identity is refused as a peer" \
	code 1 sig a peer add me --identity "$own"
check "a mistyped identifier is refused" \
	code 2 sig a peer add b --identity "${other%?}b"
check "prefixes with stray bits are refused" \
	code 2 sig a peer add b --identity "$other" --prefixes 10.0.0.1/8
is "and nothing was changed" "$(state_of "$T/a/etc")" "$before"
check "a peer is added" code 0 sig a peer add b --identity "$other" \
	--endpoint '[fd01::2]:51900' --prefixes 10.9.0.0/16
check "a second peer of that identity is refused" \
	code 1 sig a peer add c --identity "$other"
check "what is not given to set stays" \
	eval 'sig a peer set b --keepalive 25s &&
		grep -q 10.9.0.0/16 "$T/a/etc/peers.d/b.conf" &&
		grep -q 25s "$T/a/etc/peers.d/b.conf"'
check "a peer is found by 12 characters, and removed" \
	code 0 sig a peer remove "${other:0:12}"
is "all is as it was" "$(state_of "$T/a/etc")" "$before"

echo "correct horse" >"$T/right"
echo "wrong horse" >"$T/wrong"
check "a backup is written" code 0 sig a identity backup "$T/backup" \
	--passphrase-file "$T/right"
check "but not over another one" code 1 sig a identity backup "$T/backup" \
	--passphrase-file "$T/right"
restore() { # restore FILE PASSPHRASE
	SIGNET_STATE=$T/restored "$BIN/signet" identity restore "$1" \
		--passphrase-file "$2"
}
check "a wrong passphrase is refused" code 1 restore "$T/backup" "$T/wrong"
head -c 500 "$T/backup" >"$T/short"
check "a truncated backup is refused" code 1 restore "$T/short" "$T/right"
check "and leaves nothing behind" test ! -e "$T/restored/identity.key"
check "the right one is restored" code 0 restore "$T/backup" "$T/right"
is "as it was" "$(state_of "$T/restored")" "$(state_of "$T/a/state")"
for key in identity.key identity.next static.key; do
	check "the report does not hold $key" \
		eval '! sig a report 2>/dev/null |
			grep -qiF "$(sed -n 2p "$T/a/state/$key")"'
done

### Two nodes meet

ip link add wa type veth peer name eth0 netns a
ip link add wb type veth peer name eth0 netns b
ip link add br0 type bridge
for n in a b; do
	ip link set w$n master br0 up
	in_ns $n ip link set eth0 up
done
ip link set br0 up
in_ns a ip addr add 10.1.0.1/24 dev eth0
in_ns b ip addr add 10.1.0.2/24 dev eth0

check "up starts the agent" code 0 sig a up
check "on both" code 0 sig b up
SIG_TIMEOUT=40 sig a pair --name bee --timeout 30s --code-out "$T/code" \
	>"$T/pair" 2>&1 &
pairing=$!
within 5 test -s "$T/code"
echo "ABCD-EFGH" >"$T/guess"
check "a wrong code pins nobody" eval '! sig b pair --accept 10.1.0.1 \
	--name ay --code-file "$T/guess"'
check "the right one does" code 0 sig b pair --accept 10.1.0.1 --name ay \
	--code-file "$T/code"
wait $pairing
is "on the other side, too" $? 0
check "which showed the line to run" \
	grep -q 'signet pair --accept 10.1.0.1:51900' "$T/pair"
check "ping answers" code 0 sig a ping bee -c 2 -i 0.1
check "by identifier, too" code 0 sig b ping "${own:0:12}" -c 1
check "ping says how it went" says '2 sent, 2 received' \
	sig b ping ay -c 2 -i 0.1
check "why finds nothing" code 0 sig a why bee
for c in status peers "peers bee" drops "why bee" version; do
	# shellcheck disable=SC2086
	check "$c fits 80 columns" fits sig a $c
	# shellcheck disable=SC2086
	check "$c --json is JSON" eval 'sig a $c --json | jq -e . >/dev/null'
done
check "metrics end as OpenMetrics text does" says '# EOF' sig a metrics
check "peers are not in it" eval '! sig a metrics | grep -q signet_peer_'
check "but where they are asked for" says 'signet_peer_up{peer="bee"} 1' \
	sig a metrics --peers
scrape() { # scrape PATH: over HTTP, from the socket beside the agent's
	printf 'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$1" |
		socat -t 5 - "UNIX-CONNECT:$T/a/metrics.sock" | tr -d '\r'
}
# of each: what stays the same from one moment to the next
names() { sed 's/ [0-9]*$//'; }
is "a scraper gets the same" "$(scrape /metrics | sed '1,/^$/d' | names)" \
	"$(sig a metrics | names)"
is "of each peer, too" \
	"$(scrape '/metrics?peers=1' | sed '1,/^$/d' | names)" \
	"$(sig a metrics --peers | names)"
check "and its kind" says 'Content-Type: application/openmetrics-text' \
	scrape /metrics
is "all limits and metrics are documented" "$(
	{
		sig a status --json | jq -r '.limits[].id'
		sig a metrics --peers | sed '/^#/d; s/[{ ].*//' | sort -u
	} | while read -r name; do
		grep -qF "\`\`$name\`\`" Documentation/operations.rst ||
			echo "$name"
	done
)" ""
is "each limit has a name, what is used, and what there is" \
	"$(sig a status --json | jq -r '[.limits[] | select(.id and .name and
		.max > 0 and .used >= 0)] | length')" \
	"$(sig a metrics | grep -c '^signet_limit_max{')"
is "a report holds the agent's" \
	"$(sig a report 2>/dev/null | jq -r '.agent | type')" object

check "a key is rotated while the agent runs" code 0 sig a identity rotate
is "the identifier stays" "$(sig a identity show --json | jq -r .identity)" \
	"$own"
kill "$(status_field a pid)"
check "an agent that has ended leaves no agent" \
	within 5 code 5 sig a status
check "up starts it with the new key" code 0 sig a up
is "its history is longer" "$(status_field a historyLength)" 2
check "the peer takes the longer history" within 5 sig b ping ay -c 1

SIG_TIMEOUT=30 sig a monitor --json -c 1 >"$T/events" &
watching=$!
sleep 0.5
check "a peer can be removed" code 0 sig a peer remove bee
check "the monitor saw it" within 5 test -s "$T/events"
kill $watching 2>/dev/null
check "a removed peer is not known any more" code 1 sig a ping bee -c 1
SIG_TIMEOUT=30 sig a monitor --strangers --json -c 1 >"$T/strangers" &
watching=$!
sleep 0.5
check "the other side gets no answer" code 4 sig b ping ay -c 1
check "but the operator sees who it was" within 5 grep -q "$other" \
	"$T/strangers"
is "and why" "$(jq -r .reason "$T/strangers")" stranger
kill $watching 2>/dev/null
check "and why says at which stage" code 4 sig b why ay
check "a broken configuration is refused by reload" \
	eval 'echo bogus >>"$T/a/etc/signet.conf"; ! sig a reload'
check "and the file and line are named" says 'signet.conf:' sig a reload
sed -i '$d' "$T/a/etc/signet.conf"
check "down" code 0 sig a down
check "down once more changes nothing" code 0 sig a down
check "up again" code 0 sig a up
done_testing
