# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the acts are told with: commands that are shown and run, and checks.

passed=0 failed=0 skipped=0
if [ -n "$colour" ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[1;31m'
	blue=$'\e[36m' plain_text=$'\e[0m'
else
	bold='' dim='' green='' red='' blue='' plain_text=''
fi

# on MACHINE COMMAND...: runs it there. Each machine is a network namespace,
# and has its own configuration, state and control socket.
on()
{
	(become "$@")
}

become()
{
	local machine=$1 dir=$WORK/$1

	shift
	cd "$WORK" || exit
	export SIGNET_CONFIG=$dir/etc/signet.conf SIGNET_STATE=$dir/state \
		SIGNET_SOCKET=$dir/signet.sock SIGNET_DEMO_CAPTURE=$capture
	exec nsenter --net="/run/netns/$machine" -- "$@"
}

# start MACHINE LOG COMMAND...: in the background; its number is in $!
start()
{
	local machine=$1 log=$2

	shift 2
	become "$machine" "$@" >>"$log" 2>&1 &
}

# show MACHINE COMMAND...: prints it as a person would type it
show()
{
	local machine=$1 word line='' safe='^[][a-zA-Z0-9@%_+=:,./<>-]+$'

	shift
	for word; do
		[[ $word =~ $safe ]] || word="'$word'"
		line+=" $word"
	done
	printf '  %s%s$%s%s\n' "$blue" "$machine" "$plain_text" "$line"
}

# run MACHINE COMMAND...: prints the command, runs it, prints what it says (the
# first $lines lines). What it said is in $said, its exit code is returned.
lines=100
run()
{
	local ret line n=0

	show "$@"
	said=$(on "$@" 2>&1)
	ret=$?
	[ -z "$said" ] || while IFS= read -r line; do
		n=$((n + 1))
		[ $n -le "$lines" ] || line=...
		[ -n "$plain" ] || line=${line:0:74}
		printf '    %s%s%s\n' "$dim" "$line" "$plain_text"
		[ $n -le "$lines" ] || break
	done <<<"$said"
	return $ret
}

act()
{
	printf '\n%s%s%s\n' "$bold" "$*" "$plain_text"
	pause
}

say()
{
	printf '%s\n' "$*"
}

# For people who read along; nothing waits where nobody does.
pause()
{
	[ -z "${DEMO_PACE:-}" ] || sleep "$DEMO_PACE"
}

# check "WORDS" COMMAND...: ok if the command succeeds within five seconds
check()
{
	local words=$1

	shift
	if wait_for 5 "$@"; then
		passed=$((passed + 1))
		printf '%sok%s    %s\n' "$green" "$plain_text" "$words"
	else
		failed=$((failed + 1))
		printf '%sFAIL%s  %s\n' "$red" "$plain_text" "$words"
		printf '      (%s)\n' "$*"
	fi
	pause
}

# skip "WHAT" "WHY": is not shown here, and that is no success
skip()
{
	skipped=$((skipped + 1))
	printf '%sok%s    # SKIP %s: %s\n' "$red" "$plain_text" "$1" "$2"
	pause
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for()
{
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

not()
{
	! "$@"
}

is()
{
	[ "$1" = "$2" ]
}

lamp_is()
{
	[ "$(cat "$WORK/lamp" 2>/dev/null)" = "$1" ]
}

door_is()
{
	[ "$(cat "$WORK/door" 2>/dev/null)" = "$1" ]
}

# The whole second that follows, or nothing: the lamp must stay as it is.
lamp_stays()
{
	local i

	for i in 1 2 3 4 5 6 7 8; do
		lamp_is "$1" || return 1
		sleep 0.05
	done
}

# What the agents had to say, where something went wrong.
show_logs()
{
	local log

	for log in "$WORK"/*/state/signetd.log; do
		[ -s "$log" ] || continue
		printf '\n%s\n' "$log"
		tail -n 20 "$log" | sed 's/^/    /'
	done
}

summary()
{
	local more=''

	[ "$failed" = 0 ] || show_logs
	[ "$skipped" = 0 ] || more=", $skipped skipped"
	printf '\n%s%d passed, %d failed%s%s\n' "$bold" "$passed" "$failed" \
		"$more" "$plain_text"
	[ "$failed" = 0 ]
}
