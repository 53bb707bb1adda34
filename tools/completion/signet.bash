# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bash completion for signet

_signet_options()
{
	case $1 in
	"identity new") echo --name ;;
	"identity rotate") echo --next ;;
	"identity backup") echo --passphrase-file --without-next ;;
	"identity restore") echo --passphrase-file ;;
	"peer add" | "peer set")
		echo --identity --endpoint --static-key --prefixes --allow --keepalive
		;;
	pair*) echo --accept --name --timeout --address --code-file --code-out ;;
	peers*) echo --names ;;
	ping*) echo --count --interval --size --quiet ;;
	monitor*) echo --strangers --count ;;
	drops*) echo --all --follow --count ;;
	"gate attach") echo --strict --allow --mode --cookies --for --force ;;
	reload* | up*) echo --force ;;
	"gate stats") echo --interval --count ;;
	metrics*) echo --peers ;;
	report*) echo --output ;;
	"dev add") echo --mtu --metadata --mark --listen --up ;;
	"dev set") echo --mtu --metadata --mark --up --down --detach \
		--max-peers --max-channels --max-prefixes --queue-bytes ;;
	"dev listen") echo --background ;;
	"dev monitor") echo --count ;;
	"dev peer") echo --prefix --move --remove --replace --channel --df \
		--tos --mark --update ;;
	"dev channel") echo --peer --remote --tx-label --tx-hop-key-file \
		--local --generation --tx-lanes --rx-lanes --watch --take-over ;;
	"dev label") echo --channel --hop-key-file --expires --update ;;
	"dev key") echo --direction --cipher --key-file --soft --hard \
		--soft-frames --hard-frames ;;
	esac
}

_signet_devices()
{
	signet dev show --json 2>/dev/null | sed -n 's/.*"name": *"\(.*\)".*/\1/p'
}

_signet_interfaces()
{
	ls /sys/class/net 2>/dev/null
}

# words after "dev"
_signet_dev()
{
	case $#:${1-} in
	0:) echo add del set show listen monitor reload peer channel label key ;;
	1:del | 1:set | 1:show | 1:listen | 1:monitor) _signet_devices ;;
	1:peer) echo add set del show ;;
	1:channel) echo add set del show select keepalive ;;
	1:label) echo add del show ;;
	1:key) echo add swap del show ;;
	2:peer | 2:channel | 2:label | 2:key) _signet_devices ;;
	esac
}

_signet()
{
	local cur prev words=() word i skip=
	local commands="identity peer pair up down check reload status peers
		ping why monitor drops flows gate metrics report dev version help"
	local globals="--json --socket --config --state --help"

	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	# the words of the command, without options and their values
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $skip ]]; then
			skip=
		elif [[ $word == --@(socket|config|state) ]]; then
			skip=1
		elif [[ $word != -* ]]; then
			words+=("$word")
		fi
	done

	case $prev in
	--socket | --config | --passphrase-file | --next | --code-file | \
		--code-out | --output | -o | --key-file | --hop-key-file | \
		--tx-hop-key-file)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	--mode)
		COMPREPLY=($(compgen -W "auto native generic" -- "$cur"))
		return
		;;
	--state)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$globals $(_signet_options \
			"${words[*]:0:2}")" -- "$cur"))
		return
	fi
	case ${words[0]-} in
	"") COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
	help) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
	identity)
		case ${words[1]-} in
		"") COMPREPLY=($(compgen -W \
			"new show rotate backup restore" -- "$cur")) ;;
		backup | restore) COMPREPLY=($(compgen -f -- "$cur")) ;;
		esac
		;;
	peer)
		case ${words[1]-} in
		"") COMPREPLY=($(compgen -W "add set remove" -- "$cur")) ;;
		set | remove) COMPREPLY=($(compgen -W \
			"$(signet peers --names 2>/dev/null)" -- "$cur")) ;;
		esac
		;;
	dev) COMPREPLY=($(compgen -W "$(_signet_dev "${words[@]:1}")" -- "$cur")) ;;
	gate)
		case ${words[1]-} in
		"") COMPREPLY=($(compgen -W "attach confirm detach stats" -- \
			"$cur")) ;;
		*) [[ ${words[2]-} ]] || COMPREPLY=($(compgen -W \
			"$(_signet_interfaces)" -- "$cur")) ;;
		esac
		;;
	ping | why | peers | flows)
		[[ ${words[1]-} ]] || COMPREPLY=($(compgen -W \
			"$(signet peers --names 2>/dev/null)" -- "$cur"))
		;;
	esac
}

complete -F _signet signet
