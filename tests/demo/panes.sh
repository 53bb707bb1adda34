# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For people at a terminal: what the attacker sees on the left, the lamp on
# the right, and the story below.

panes_socket=$WORK/panes

panes()
{
	env -u TMUX tmux -f /dev/null -S "$panes_socket" "$@"
}

panes_possible()
{
	local rows columns

	command -v tmux >/dev/null || return
	read -r rows columns < <(stty size 2>/dev/null) || return
	[ "$rows" -ge 24 ] && [ "$columns" -ge 80 ]
}

panes_end()
{
	[ ! -S "$panes_socket" ] || panes kill-server 2>/dev/null
}

# panes_run COMMAND TITLE: the command gets the lower pane; returns its exit code
panes_run()
{
	local rows columns

	read -r rows columns < <(stty size)
	panes new-session -d -x "$columns" -y "$rows" \
		"$1; tmux -S $panes_socket kill-server" &&
		panes set -g status off &&
		panes set -g escape-time 0 &&
		panes set -g pane-border-status top &&
		panes set -g pane-border-format ' #{pane_title} ' &&
		panes set -g pane-border-style fg=colour244 &&
		panes set -g pane-active-border-style fg=colour244 || return
	panes select-pane -t 0 -T "$2"
	panes split-window -b -v -l 11 -t 0 "tail -n +1 -f $WORK/sniff.log"
	panes select-pane -t 0 -T 'what the attacker sees'
	panes split-window -h -l 25 -t 0 "bash $here/lamp"
	panes select-pane -t 1 -T 'the lamp'
	panes select-pane -t 2
	panes attach
	printf '\e[1A\e[2K'	# tmux says that it ended
	return "$(cat "$WORK/exit" 2>/dev/null || echo 130)"
}

with_panes()
{
	local ret

	export DEMO_PACE=${DEMO_PACE:-0.8}
	panes_run "$here/demo --build $BUILD --story 2>&1 |
		tee $WORK/story.log; [ ! -s $WORK/exit ] || sleep 2" \
		"the story"
	ret=$?
	cat "$WORK/story.log"
	return $ret
}
