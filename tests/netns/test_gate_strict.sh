#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Strict mode: a scan finds no port but those of the list, not even while the
# program is replaced, the configuration read again, or the agent killed and
# started; packets in the channel don't notice.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gate.sh"

pair_up
printf '[Gate eth0]\nStrict = yes\nMode = native\nAllow = tcp/2222 from 10.1.0.0/24, udp/5300-5310\n' \
	>>"$T/b/etc/signet.conf"
check "reload" sig b reload
is "attached" "$(gate_field b eth0 attached)" true
check "the channel is up" within 8 sealed_ping a b

# Services that answer on every port: a scan without the gate finds them all.
cat >"$T/scan.py" <<'END'
# SYN and UDP to each port; prints those from which anything came back
import select, socket, struct, sys, time
dst, src, proto = sys.argv[1], sys.argv[2], sys.argv[3]
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
back = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
back.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 26)
found = set()
def csum(b):
    if len(b) % 2: b += b"\0"
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
def look(wait):
    while select.select([back], [], [], wait)[0]:
        p = back.recv(2048)
        if p[12:16] != socket.inet_aton(dst): continue
        l4 = (p[0] & 15) * 4
        if p[9] == 6: found.add(struct.unpack("!H", p[l4:l4 + 2])[0])
        elif p[9] == 17: found.add(struct.unpack("!H", p[l4:l4 + 2])[0])
        elif p[9] == 1:
            i = l4 + 8 + (p[l4 + 8] & 15) * 4
            found.add(struct.unpack("!H", p[i + 2:i + 4])[0])
a, b = socket.inet_aton(src), socket.inet_aton(dst)
n = 6 if proto == "tcp" else 17
for port in range(1, 65536):
    if proto == "tcp":
        h = struct.pack("!HHLLBBHHH", 40000, port, 1, 0, 0x50, 2, 1000, 0, 0)
        c = csum(a + b + struct.pack("!HH", n, len(h)) + h)
        h = h[:16] + struct.pack("!H", c) + h[18:]
    else:
        h = struct.pack("!HHHH", 40000, port, 12, 0) + b"scan"
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(h), 0, 0, 64, n, 0, a, b)
    out.sendto(ip + h, (dst, 0))
    if port % 512 == 0: look(0)
    # no faster than the wire carries them
    if port % 64 == 0: time.sleep(0.003)
look(1)
print(" ".join(map(str, sorted(found))))
END
scan() { in_ns a python3 "$T/scan.py" 10.1.0.2 10.1.0.1 "$1"; }
# no limit on the errors that answer: each port would say something
in_ns b sysctl -qw net.ipv4.icmp_ratelimit=0

is "TCP: every port scanned, one answers" "$(scan tcp)" 2222
found=$(scan udp)
echo "# UDP: $found"
check "UDP: every port scanned, those of the list and DHCP's answer" eval \
	'[ -n "$found" ] && for p in $found; do
		[ "$p" = 68 ] || { [ "$p" -ge 5300 ] && [ "$p" -le 5310 ]; } ||
			exit 1; done'
number "each probe is counted, but for what a busy wire lost" \
	"$(gate_count b dropped strict)" -ge 125000
check "packets pass in the channel" inner_ping a 10.77.0.2
check "no echo" never 1 inner_ping a 10.1.0.2
check "ARP does" eval 'in_ns a ip neigh flush dev eth0
	within 3 inner_ping a 10.77.0.2'
in_ns a ip -6 neigh flush dev eth0
check "neighbour discovery does" within 5 eval \
	'in_ns a ping -6 -q -c 1 -W 1 fd01::2; in_ns a ip -6 neigh show fd01::2 |
		grep -qE "REACHABLE|STALE|DELAY|lladdr"'

# what the wire could not hand on, as a machine that has no time for it
refused() { wire stats | sed 's/.*refused //'; }

# inside_begin: packets in the channel beside the test; inside_end sets $passed and
# $lost
inside_begin() {
	local leak=${receiver:-}
	receive b 7000 300 "$T/inside.json"
	inside=$receiver receiver=$leak
	nsenter --net=/run/netns/a -- "$BIN/netns/stream" send 10.77.0.2 7000 \
		$((400 / SLOW)) 300 >/dev/null 2>&1 &
	streamer=$!
	within $((5 * SLOW)) inner_ping a 10.77.0.2
	sleep 0.5
	was_refused=$(refused)
}

inside_end() {
	kill -TERM $inside
	wait $inside
	kill $streamer 2>/dev/null
	wait $streamer 2>/dev/null
	passed=$(jq .received "$T/inside.json")
	lost=$(($(jq .highest "$T/inside.json") + 1 - passed))
	was_refused=$(($(refused) - was_refused))
}

### without a gap: what listens beside the channel must not get one datagram

receive b 7777 90 "$T/leak.json"
nsenter --net=/run/netns/a -- "$BIN/netns/stream" send 10.1.0.2 7777 $((4000 / SLOW)) 30 100 \
	>"$T/leak.sent" 2>&1 &
leaker=$!
sleep 0.5
inside_begin
ids=" "
for round in 1 2 3; do
	sed -i "s/^Allow = .*/Allow = tcp\/2222 from 10.1.0.0\/24, udp\/530$round/" \
		"$T/b/etc/signet.conf"
	check "reload $round under load" sig b reload
	ids+="$(xdp_of b eth0) "
	check "packets pass" within 5 inner_ping a 10.77.0.2
done
inside_end
number "no packet was lost by that, of $passed, but by the wire" "$lost" \
	-le "$was_refused"
for signal in KILL USR2; do
	node_kill b $signal
	is "$signal: the program stays without an agent" \
		"$(($(xdp_of b eth0) > 0))" 1
	sleep 0.3
	check "$signal: the next agent takes over" node_start b
	ids+="$(xdp_of b eth0) "
	is "$signal: strict as before" "$(gate_field b eth0 strict)" true
	check "$signal: a channel is made anew" within 8 sealed_ping b a
	check "$signal: packets pass" within 8 inner_ping a 10.77.0.2
	check "$signal: only labels that live are left" within 5 eval \
		'[ "$(bpftool -j map dump pinned \
			"$(ls -d /sys/fs/bpf/signet/v1/gate-*)/labels" |
			jq length)" -le 4 ]'
done
check "each time another program" eval \
	'[ "$(tr " " "\n" <<<"$ids" | grep . | sort -u | wc -l)" -ge 4 ]'
kill $leaker 2>/dev/null
wait $leaker 2>/dev/null
kill -TERM $receiver
wait $receiver
is "not one datagram came past the gate" "$(jq .received "$T/leak.json")" 0
number "they were sent" "$(gate_count b dropped strict)" -ge $((4000 / SLOW))

### by command, over a restart

sed -i '/^\[Gate/,$d' "$T/b/etc/signet.conf"
check "not in the configuration any more" sig b reload
check "nothing left" nothing_left b eth0
check "by command" gate b attach eth0 --strict --allow 'udp/53 from fd00::/8' \
	--allow icmp
node_kill b KILL
check "the next agent" node_start b
is "goes on with it" "$(gate_field b eth0 'allow | join(", ")')" \
	"udp/53 from fd00::/8, icmp"
is "as strict" "$(gate_field b eth0 strict)" true
check "what is on its list passes" inner_ping a 10.1.0.2
gate b attach eth0 --strict --for 3s >/dev/null
node_kill b KILL
sleep 3.5
check "the next agent after a trial" node_start b
check "has no gate" nothing_left b eth0
# while packets come: a veth may lose those in its queue when its first program
# comes or its last goes
check "the channel is made anew" within 8 sealed_ping b a
inside_begin
for round in 1 2 3; do
	check "attached under load" gate b attach eth0 --strict --mode native
	sleep 0.5
	check "detached under load" gate b detach eth0
	check "nothing is left" nothing_left b eth0
	check "packets pass" within 5 inner_ping a 10.77.0.2
done
inside_end
number "lost by that, of $passed" "$lost" -le $((passed / 20))
done_testing
