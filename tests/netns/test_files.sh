#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Files that are not as they should be: a full disk, keys that are missing,
# truncated, changed, or that others can read. Refused, with a reason; never a
# new identity in silence, never a crash.
. "$(dirname "$0")/lib.sh"

wire_up
node_new a a 10.77.0.1
node_new b b 10.77.0.2
node_peer a b "10.1.0.2:$PORT" 10.77.0.2/32
node_peer b a "10.1.0.1:$PORT" 10.77.0.1/32
cp -a "$T/a/state" "$T/good"
mapfile -t keys < <(cd "$T/good" && ls identity.key identity.history static.key)

# refused NAME WORDS: a does not start, and says why
refused() {
	local status
	: >"$T/a/log"
	SIGNET_CONFIG=$T/a/etc/signet.conf SIGNET_STATE=$T/a/state \
		SIGNET_SOCKET=$T/a/sock in_ns a timeout 5 "$BIN/signetd" \
		>"$T/a/log" 2>&1
	status=$?
	if [ $status -gt 0 ] && [ $status -lt 124 ] &&
		grep -qiE "$2" "$T/a/log"; then
		pass "$1"
	else
		echo "# exit status $status"
		fail "$1"
	fi
	rm -rf "$T/a/state"
	cp -a "$T/good" "$T/a/state"
}

for k in "${keys[@]}"; do
	rm "$T/a/state/$k"
	refused "missing $k is refused" "$k|identity new"
	truncate -s 20 "$T/a/state/$k"
	refused "truncated $k is refused" "$k"
	: >"$T/a/state/$k"
	refused "empty $k is refused" "$k"
	tr 'a-f' 'b-fa' <"$T/good/$k" >"$T/a/state/$k"
	refused "changed $k is refused" "$k"
	mv "$T/a/state/$k" "$T/a/state/x" && mkdir "$T/a/state/$k"
	refused "$k that is a folder is refused" "$k"
done
for k in identity.key static.key; do
	chmod 0644 "$T/a/state/$k"
	refused "world-readable $k is refused" "$k"
	ln -sf "$T/good/$k" "$T/a/state/$k"
	refused "$k that is a link is refused" "$k"
done
head -c 3000 /dev/urandom >"$T/a/state/state.db"
chmod 0600 "$T/a/state/state.db"
refused "a damaged state.db is refused, with a remedy" "state.db"

node_start a
node_start b
check "with the files in order it runs" within 8 inner_ping a 10.77.0.2
check "its identity is still the same" \
	test "$(sig a identity show --json | jq -r '.identity // .id')" = "$(cat "$T/a/id")"

# a disk without a free block, from the start and later
node_kill b TERM
rm -rf "$T/b-state" && mv "$T/b/state" "$T/b-state" && mkdir "$T/b/state"
mount -t tmpfs -o size=256k,mode=0700 tmpfs "$T/b/state"
cp -a "$T/b-state/." "$T/b/state/"
node_start b
check "on a small disk it runs" within 12 inner_ping b 10.77.0.1
dd if=/dev/zero of="$T/b/state/filler" bs=4k 2>/dev/null
check "the disk is full" eval '! dd if=/dev/zero of="$T/b/state/more" bs=4k count=1'
LINGER=1 stream a 10.77.0.2 500 3
number "a full disk does not touch the channel" "$(got received)" -ge $((sent - 2))
node_kill a
node_start a
check "nor a new handshake from the other side" within 12 inner_ping a 10.77.0.2
check "the agent answers" sig b status
check "new keys are not made by halves" eval '
	mkdir -p "$T/b/state/new"
	! timeout 5 "$BIN/signet" --state "$T/b/state/new" identity new &&
	! ls "$T/b/state/new/" | grep -q .'
rm "$T/b/state/filler"
check "when there is room again it goes on" within 5 inner_ping b 10.77.0.1
done_testing
