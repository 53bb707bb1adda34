#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# install.sh install|uninstall DESTDIR: for each "source:destination:mode" on
# standard input, put the file there, or remove it again. Folders that become
# empty go as well, if they carry the project's name.
set -eu
what=$1 destdir=$2

while IFS=: read -r from to mode; do
	case $what in
	install)
		install -D -m "$mode" "$from" "$destdir$to"
		;;
	uninstall)
		rm -f "$destdir$to"
		dir=$(dirname "$destdir$to")
		while case ${dir##*/} in core | signet) true ;; *) false ;; esac; do
			rmdir "$dir" 2>/dev/null || break
			dir=$(dirname "$dir")
		done
		;;
	*)
		echo "usage: install.sh install|uninstall DESTDIR" >&2
		exit 2
		;;
	esac
done
[ "$what" = uninstall ] || [ -n "$destdir" ] || ldconfig 2>/dev/null || :
