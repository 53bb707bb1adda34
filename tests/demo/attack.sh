# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The visitor is the attacker.

# A shell on the attacker's machine
attacker_shell()
{
	cat >"$WORK/bashrc" <<-'END'
	PS1='[lamp $(cat /run/demo/lamp)] attacker$ '
	cut() { ip link set to-gateway nomaster; }
	join() { ip link set to-gateway master br0; }
	lamp() { bash "$DEMO/lamp" --once; }
	PROMPT_COMMAND='[ ! -e "$WORK/won" ] || echo "*** YOU DID IT ***"'
	cd "$WORK/attacker" && ln -sf "$SIGNET_DEMO_CAPTURE" . || exit
	cat "$WORK/banner"
	END
	banner >"$WORK/banner"
	export DEMO=$here WORK
	on attacker bash --rcfile "$WORK/bashrc" -i
}

banner()
{
	cat <<-END

	You are the attacker, and the network between gateway and controller
	is yours. The recording already holds the controller's "on", sealed;
	now it only asks the plug how it is, every few seconds.
	CHALLENGE: switch the lamp on.

	  sniff          what passes by; -r capture.pcap: what did; -f TEXT: search
	  replay         send again what was recorded
	  forge header   made-up frames; also: forge content, init, on
	  flip           a recorded frame with a bit changed; -t: cut short
	  flood          all of these, 30000 a second; -n: as many
	  cut, join      take the wire to the gateway away, and put it back
	  lamp           look at the lamp      exit   leave, all is cleaned up

	Each tool has -h. The recording is capture.pcap, for tcpdump too.

	END
}

# What the controller does all day
controller_asks()
{
	while sleep 3; do
		on controller plug $gateway_inner info
	done >/dev/null 2>&1
}

# Nobody but the attacker wants the lamp on now.
watch_lamp()
{
	until lamp_is on; do
		sleep 0.1
	done
	touch "$WORK/won"
}

attack_over()
{
	echo
	if [ -e "$WORK/won" ]; then
		say 'You switched the lamp on. Please tell us how!'
	else
		say 'The lamp stayed off. What the gateway dropped meanwhile:'
		on gateway signet drops
	fi
}

attack_ready()
{
	{
		install && pair &&
			on controller plug $gateway_inner on &&
			on controller plug $gateway_inner off &&
			{ gate_impossible || on gateway signet gate attach wan; }
	} >"$WORK/ready.log" 2>&1 && return
	cat "$WORK/ready.log" >&2
	return 1
}

be_the_attacker()
{
	echo 'Setting up gateway, controller and lamp...'
	attack_ready || return
	watch_lamp &
	controller_asks &
	if [ -z "$plain" ] && panes_possible; then
		echo 0 >"$WORK/exit"
		panes_run "$here/demo --build $BUILD --shell" "your shell, attacker"
	else
		attacker_shell
	fi
	attack_over
}
