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
		echo --identity --endpoint --static-key --prefixes --keepalive
		;;
	pair*) echo --accept --name --timeout --address --code-file --code-out ;;
	peers*) echo --names ;;
	ping*) echo --count --interval --size --quiet ;;
	monitor*) echo --strangers --count ;;
	drops*) echo --all ;;
	report*) echo --output ;;
	esac
}

_signet()
{
	local cur prev words=() word i skip=
	local commands="identity peer pair up down check reload status peers
		ping why monitor drops metrics report version help"
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
		--code-out | --output | -o)
		COMPREPLY=($(compgen -f -- "$cur"))
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
	ping | why | peers)
		[[ ${words[1]-} ]] || COMPREPLY=($(compgen -W \
			"$(signet peers --names 2>/dev/null)" -- "$cur"))
		;;
	esac
}

complete -F _signet signet
