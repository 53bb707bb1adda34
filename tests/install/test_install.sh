#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs into an empty folder, looks at what is there, compiles a program
# against it, verifies the systemd files, and uninstalls again. Prints TAP.
set -u
cd "$(dirname "$0")/../.."

dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
n=0 bad=0
check() { # check NAME COMMAND...
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		sed 's/^/# /' <<<"$out"
		echo "not ok $n - $name"
		bad=1
	fi
}

everything_is_there() {
	local f missing=0
	for f in bin/signet sbin/signetd lib/libsignet-core.a \
		lib/libsignet-core.so lib/libsignet-core.so.0 \
		lib/pkgconfig/libsignet-core.pc include/signet/wire.h \
		include/signet/drop.h include/signet/core/noise.h \
		lib/systemd/system/signetd.service lib/sysusers.d/signet.conf \
		lib/tmpfiles.d/signet.conf share/man/man1/signet.1 \
		share/man/man8/signetd.8 share/man/man5/signet.conf.5 \
		share/bash-completion/completions/signet; do
		[ -e "$dest/usr/$f" ] || { echo "missing: $f"; missing=1; }
	done
	return $missing
}

# Exactly the functions that the public headers declare.
exported_symbols() {
	nm -D --defined-only "$dest/usr/lib/libsignet-core.so" |
		awk '$2 ~ /[TDBR]/ { sub(/@.*/, "", $3); print $3 }' |
		grep -v '^SIGNET_' | sort >"$dest/exported"
	cat include/signet/core/*.h | sed -e 's|/\*.*\*/||' |
		grep -ohE '\b(signet_[a-z0-9_]+) *\(' |
		tr -d ' (' | sort -u >"$dest/declared"
	[ -s "$dest/exported" ] || { echo "nothing is exported"; return 1; }
	# what is exported must be declared
	! comm -23 "$dest/exported" "$dest/declared" | grep .
}

compiles() {
	cat >"$dest/t.c" <<-END
		#include <signet/core/noise.h>
		#include <signet/wire.h>
		int main(void)
		{
			struct signet_noise ns = { 0 };

			signet_noise_wipe(&ns);
			return SIGNET_WIRE_VERSION - 1;
		}
	END
	export PKG_CONFIG_PATH=$dest/usr/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR=$dest
	# shellcheck disable=SC2046
	cc -Wall -Werror -o "$dest/t" "$dest/t.c" \
		$(pkg-config --cflags --libs libsignet-core) &&
		LD_LIBRARY_PATH=$dest/usr/lib "$dest/t"
}

# An agent that drops its capabilities needs capset, which is among @privileged.
may_drop_capabilities() {
	grep -q '^SystemCallFilter=[^~]*\<capset\>' "$dest/signetd.service"
}

units_verify() {
	sed -e "s|^Exec\([A-Za-z]*\)=/usr|Exec\1=$dest/usr|" \
		"$dest/usr/lib/systemd/system/signetd.service" >"$dest/signetd.service"
	systemd-analyze verify --man=no "$dest/signetd.service" 2>&1 |
		grep -E 'signetd.service' && return 1
	may_drop_capabilities || { echo "capset is filtered"; return 1; }
	systemd-analyze security --offline=yes --threshold=25 "$dest/signetd.service"
}

manpages_format() {
	local m
	for m in "$dest"/usr/share/man/man*/*; do
		LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$m" 2>&1 \
			>/dev/null | grep . && return 1
	done
	return 0
}

nothing_left() {
	local left
	left=$(find "$dest/usr" ! -type d)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

check "install into a folder" \
	make -s install DESTDIR="$dest" PREFIX=/usr
check "everything is there" everything_is_there
check "the library exports only what its headers declare" exported_symbols
check "a program compiles and runs with pkg-config's flags" compiles
if command -v systemd-analyze >/dev/null; then
	check "systemd accepts the unit, and its sandbox is tight" units_verify
else
	n=$((n + 1))
	echo "ok $n - systemd accepts the unit # SKIP no systemd-analyze here"
fi
check "manual pages format without a warning" manpages_format
check "uninstall" make -s uninstall DESTDIR="$dest" PREFIX=/usr
check "uninstall leaves nothing behind" nothing_left
echo "1..$n"
exit $bad
