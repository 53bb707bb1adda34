#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A gate's life: attached by command and by the configuration, on trial, while
# its interface goes and comes, and gone without a trace.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gate.sh"

pair_up
check "the channel is up" within 8 sealed_ping a b

check "it is attached" gate b attach eth0
is "on a veth, generic" "$(gate_field b eth0 mode)" generic
check "native where that is asked for" gate b attach eth0 --mode native
is "natively, on this kind of interface" "$(gate_field b eth0 mode)" native
is "the interface has the program" "$(($(xdp_of b eth0) > 0))" 1
check "its maps and link are pinned" test "$(pins)" -ge 6
check "packets pass" inner_ping a 10.77.0.2
check "messages pass" sealed_ping a b
number "as such" "$(gate_count b passed packet message)" -ge 2
check "what is not Signet's passes" inner_ping a 10.1.0.2
check "twice is once" gate b attach eth0 --mode native
check "signet why shows it" eval \
	'sig b why a | grep -q "knows the channel.s label"'

check "metrics have it" eval \
	'sig b metrics | grep -q "^signet_gate_passed_total{interface=\"eth0\",kind=\"packet\"} [1-9]"'

# who follows drops, while the gate that they come from is changed
wakeups() { sig b metrics | awk '$1 == "signet_wakeups_total" { print $2 }'; }
junk() { # SECONDS
	in_ns a "$BIN/netns/stream" send 10.1.0.2 $PORT 100 "$1" 100 >/dev/null 2>&1
}
SIGNET_SOCKET=$T/b/sock "$BIN/signet" drops --follow >"$T/seen" 2>/dev/null &
follower=$!
check "drops are followed" within $((5 * SLOW)) eval 'junk 0.2; test -s "$T/seen"'
gate b attach eth0 --mode native --cookies >/dev/null
gate b attach eth0 --mode native >/dev/null
: >"$T/seen"
check "also when it was changed" within $((5 * SLOW)) eval \
	'junk 0.2; test -s "$T/seen"'
kill $follower
wait $follower 2>/dev/null
before=$(wakeups)
junk 1
number "nobody is woken for drops that nobody follows" \
	$(($(wakeups) - before)) -le 30
check "who follows then sees them" eval \
	'junk 1 & sig b drops --follow --count 3 >/dev/null'

# a label's life: a channel that is made anew
check "a new channel passes" eval 'node_kill a; node_start a &&
	within 8 sealed_ping a b'
check "labels of ended channels go" within 5 eval \
	'[ "$(bpftool -j map dump pinned \
		"$(ls -d /sys/fs/bpf/signet/v1/gate-*)/labels" | jq length)" -le 3 ]'

id=$(xdp_of b eth0)
check "it is detached" gate b detach eth0
check "and leaves nothing" nothing_left b eth0
check "nor in the kernel" within 5 eval "! bpftool prog show id $id"
check "packets pass without it" inner_ping a 10.77.0.2
check "a second time there is none to detach" eval '! gate b detach eth0'

### who else is there

cat >"$T/pass.c" <<'END'
__attribute__((section("xdp"), used)) int pass(void *ctx) { return 2; }
char _license[] __attribute__((section("license"), used)) = "GPL";
END
if clang -O2 -target bpf -c "$T/pass.c" -o "$T/pass.o"; then
	in_ns b ip link set dev eth0 xdp obj "$T/pass.o" sec xdp
	check "another one's program is not pushed aside" eval \
		'! gate b attach eth0 2>"$T/said"'
	check "and it is said whose turn it is" grep -q "another XDP program" \
		"$T/said"
	check "it is still there" test "$(xdp_of b eth0)" != 0
	in_ns b ip link set dev eth0 xdp off
	check "and nothing of ours" nothing_left b eth0
fi
check "no gate on the tunnel itself" eval '! gate b attach sg0'
in_ns b ip tuntap add dev t0 mode tun
check "none where frames have no Ethernet headers" eval \
	'! gate b attach t0 --mode generic 2>"$T/said" &&
	grep -q "no Ethernet headers" "$T/said"'
in_ns b ip link del t0
check "none where there is no interface" eval '! gate b attach nosuch0'
check "none without a name" eval '! gate b attach'
in_ns b ip link property add dev eth0 altname uplink0
check "none by another name of an interface" eval \
	'! gate b attach uplink0 2>"$T/said" && grep -q "of eth0" "$T/said"'

### on trial

check "on trial" gate b attach eth0 --strict --for $((4 * SLOW))s
check "strict meanwhile" never 1 inner_ping a 10.1.0.2
check "it goes by itself" within $((8 * SLOW)) nothing_left b eth0
check "and all passes" inner_ping a 10.1.0.2
check "on trial again" gate b attach eth0 --for $((5 * SLOW))s
check "confirmed" gate b confirm
sleep $((6 * SLOW))
check "it stays" test "$(gate_field b eth0 attached)" = true
check "nothing is left to confirm" eval '! gate b confirm'
gate b attach eth0 --strict --for $((8 * SLOW))s >/dev/null
node_kill b
node_start b
check "over a crash it stays on trial" test "$(gate_field b eth0 trial)" -gt 0
check "and goes in time" within $((12 * SLOW)) nothing_left b eth0
check "the channel is up after that" within $((8 * SLOW)) sealed_ping b a
gate b attach eth0 --strict --for $((4 * SLOW))s >/dev/null
kill -STOP "$(cat "$T/b/pid")"
check "strict mode ends without the agent, too" within $((8 * SLOW)) \
	inner_ping a 10.1.0.2
kill -CONT "$(cat "$T/b/pid")"
check "then the gate goes" within $((8 * SLOW)) nothing_left b eth0

### the session that one types in

export SSH_CONNECTION="10.1.0.1 40000 10.1.0.2 22"
check "nobody locks himself out" eval \
	'! gate b attach eth0 --strict 2>"$T/said"'
check "and learns what to do" grep -q -- "--allow tcp/22" "$T/said"
check "not by a list that has something else" eval \
	'! gate b attach eth0 --strict --allow tcp/80 --allow "tcp/22 from 10.2.0.0/16"'
check "nothing was attached" nothing_left b eth0
check "but with a list that has it" gate b attach eth0 --strict \
	--allow 'tcp/22 from 10.1.0.0/24'
check "or where it is forced" gate b attach eth0 --strict --force
check "or open" gate b attach eth0
SSH_CONNECTION="fe80::9%eth0 40000 fe80::2%eth0 22"
check "nor one whose address is every interface's" eval \
	'! gate b attach eth0 --strict'
in_ns b ip link add d1 type bridge
in_ns b ip link add d2 type veth peer name d3
in_ns b ip link set d2 master d1
for d in d1 d2 d3; do in_ns b ip link set $d up; done
in_ns b ip addr add 10.4.0.2/24 dev d1
SSH_CONNECTION="10.4.0.1 40000 10.4.0.2 22"
check "nor at a port of the bridge that it comes by" eval \
	'! gate b attach d2 --strict'
check "but at another interface" gate b attach d3 --strict
gate b detach d3 >/dev/null
in_ns b ip link del d1
in_ns b ip link del d2
unset SSH_CONNECTION
check "of an ancestor, as under sudo" eval '! env \
	SSH_CONNECTION="10.1.0.1 40000 10.1.0.2 22" bash -c "
		env -u SSH_CONNECTION SIGNET_CONFIG=$T/b/etc/signet.conf \
		SIGNET_STATE=$T/b/state SIGNET_SOCKET=$T/b/sock \
		nsenter --net=/run/netns/b $BIN/signet gate attach eth0 --strict; exit \$?"'

### the same by the configuration

cp "$T/b/etc/signet.conf" "$T/signet.conf"
printf '[Gate eth0]\nStrict = yes\nAllow = tcp/80\n' >>"$T/b/etc/signet.conf"
export SSH_CONNECTION="10.1.0.1 40000 10.1.0.2 22"
gate b detach eth0 >/dev/null
check "a reload that locks out is refused" eval '! sig b reload 2>"$T/said"'
check "and says why" grep -q "cut off the session" "$T/said"
check "and what to do" grep -q "Allow = tcp/22" "$T/said"
check "nothing was attached" nothing_left b eth0
check "nor by a command that reloads" eval '! sig b peer set a --keepalive 30s'
check "nothing was attached then" nothing_left b eth0
sed -i 's|^Allow = tcp/80|Allow = tcp/80, tcp/22 from 10.1.0.0/16|' \
	"$T/b/etc/signet.conf"
check "with the session on its list it is not" sig b reload
is "attached, and strict" "$(gate_field b eth0 strict)" true
sed -i 's|^Allow = tcp/80.*|Allow = tcp/80|' "$T/b/etc/signet.conf"
check "nor may the list lose it" eval '! sig b reload'
is "the list has it as before" "$(gate_field b eth0 'allow | length')" 2
check "but where it is forced" sig b reload --force
is "the list has it no more" "$(gate_field b eth0 'allow | length')" 1
check "who is cut off already may reload" sig b reload
check "the node goes down" sig b down
check "up would lock out, too" eval '! sig b up'
check "nothing was attached by it" nothing_left b eth0
check "but where it is forced" sig b up --force
is "the gate is there" "$(gate_field b eth0 attached)" true
cp "$T/signet.conf" "$T/b/etc/signet.conf"
check "a list that goes is no danger" sig b reload
unset SSH_CONNECTION
check "the channel is up again" within 8 sealed_ping a b
check "for what follows" gate b attach eth0

### what goes through to another host, to the same port there

ns_new c
ip link add bc type veth peer name eth0 netns c
ip link set bc netns b
in_ns b ip link set bc up
in_ns b ip addr add 10.3.0.1/24 dev bc
in_ns b sysctl -qw net.ipv4.ip_forward=1
in_ns c ip link set eth0 up
in_ns c ip addr add 10.3.0.2/24 dev eth0
in_ns c ip route add default via 10.3.0.1
in_ns a ip route add 10.3.0.0/24 via 10.1.0.2
receive c $PORT 3
sent=$(in_ns a "$BIN/netns/stream" send 10.3.0.2 $PORT 100 1 100)
received
is "it is not judged" "$(got received)" "$sent"
before=$(gate_count b dropped label type length)
sent=$(in_ns a "$BIN/netns/stream" send 10.3.0.1 $PORT 100 1 100)
number "but at any address of this host" \
	$(($(gate_count b dropped label type length flags) - before)) \
	-ge $((sent * 9 / 10))

# a section that nobody has reloaded yet is no business of pairing
node_new c c 10.77.0.3
node_start c
cp "$T/b/etc/signet.conf" "$T/signet.conf"
printf '[Gate bc]\nStrict = yes\n' >>"$T/b/etc/signet.conf"
sig b pair --name c --code-out "$T/code" >/dev/null 2>&1 &
within 5 test -s "$T/code"
check "c is paired" sig c pair --accept "10.3.0.1:$PORT" --code-file "$T/code"
wait $!
is "and only a reload attaches a gate" "$(xdp_of b bc)" 0
cp "$T/signet.conf" "$T/b/etc/signet.conf"

in_ns b ip addr add 10.3.0.2/32 dev lo
before=$(gate_count b dropped label type length)
check "also at one that came later" within 5 eval \
	'sent=$(in_ns a "$BIN/netns/stream" send 10.3.0.2 $PORT 100 1 100)
	[ $(($(gate_count b dropped label type length flags) - '"$before"')) \
		-ge $((sent / 2)) ]'

### the interface goes and comes

printf '[Gate eth0]\n[Gate eth9]\nStrict = yes\n' >>"$T/b/etc/signet.conf"
check "what is not there yet is reported" eval '! sig b reload'
is "the other one is configured now" "$(gate_field b eth0 configured)" true
is "its place is kept" "$(gate_field b eth9 attached)" false
in_ns b ip link add eth9 type veth peer name eth9b
check "it gets its gate when it comes" within 5 eval \
	'[ "$(gate_field b eth9 attached)" = true ]'
in_ns b ip link del eth9
check "and loses it when it goes" within 5 eval \
	'[ "$(gate_field b eth9 attached)" = false ]'
sed -i '/^\[Gate eth9/,$d' "$T/b/etc/signet.conf"
check "removed from the configuration" sig b reload
id=$(xdp_of b eth0)
check "a reload without a change" sig b reload
is "leaves the program where it is" "$(xdp_of b eth0)" "$id"
bpftool link detach pinned /sys/fs/bpf/signet/v1/gate-*/link
is "where another one takes it off" "$(xdp_of b eth0)" 0
is "status says so" "$(gate_field b eth0 attached)" false
check "a reload" sig b reload
is "puts it back" "$(($(xdp_of b eth0) > 0))" 1
is "it is gone" "$(gate_field b eth9 attached)" ""
is "the other one is not" "$(gate_field b eth0 attached)" true

### generic XDP

in_ns b ip link add d0 type bridge
in_ns b ip link set d0 up
check "where the driver has no XDP" gate b attach d0
is "it is generic" "$(gate_field b d0 mode)" generic
check "what was tried is said" eval \
	'[[ $(gate_field b d0 tried) = *native:*native\ multi-buffer:* ]]'
check "another kind that can't be is refused" eval \
	'! gate b attach d0 --strict --mode native'
is "and what was there still is" \
	"$(gate_field b d0 'attached, .strict' | xargs)" "true false"
is "as its own program" "$(($(xdp_of b d0) > 0))" 1
check "detached" gate b detach d0
is "it is off" "$(xdp_of b d0)" 0

check "the node goes down" sig b down
check "and nothing stays" nothing_left b eth0
check "it comes up again" sig b up
is "with the gate of the configuration" "$(gate_field b eth0 attached)" true
check "packets pass" within 8 inner_ping a 10.77.0.2
node_kill b TERM
check "an agent that ends takes it along" nothing_left b eth0

# a crash, and then another identity
node_start b
check "a gate again" gate b attach eth0
node_kill b
mv "$T/b/state" "$T/b/before"
mkdir -m 0700 "$T/b/state"
sig b identity new >/dev/null
cp "$T/signet.conf" "$T/b/etc/signet.conf"
node_start b
check "one of another identity is not touched" eval \
	'! gate b attach eth0 2>"$T/said"'
way_out=$(sed -n 's/.*`\(rm -r [^`]*\)`.*/\1/p' "$T/said")
check "and how to get rid of it is said" test -n "$way_out"
eval "$way_out"
check "which it then is" within 5 gate b attach eth0
done_testing
