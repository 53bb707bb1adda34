#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# deps.sh GROUP...: see that the Debian packages of these groups are installed,
# and install what is missing: as root with apt, else through sudo, else print
# the exact line to run and fail. With everything present: no network.
#   build  compile everything        demo  run the demonstration
#   test   run the whole test suite       vm    run virtual machines
set -eu

build="bpftool clang gcc libbpf-dev libc6-dev linux-libc-dev make pkg-config libsodium-dev liburing-dev
libcbor-dev libjson-c-dev libinih-dev libsqlite3-dev libnftables-dev libnl-3-dev
libnl-genl-3-dev libnl-route-3-dev libsystemd-dev"
demo="iproute2 iputils-ping nftables procps python3 tcpdump tmux util-linux"
test="$demo binutils clang-format-19 ethtool faketime iperf3 jq
libcmocka-dev libxdp1 man-db netbase perl python3-jsonschema python3-yaml socat
xdp-tools"
vm="debian-archive-keyring qemu-system-x86 util-linux"

# libFuzzer comes in a package that is named after clang's version.
clang_rt() {
	if command -v clang >/dev/null; then
		v=$(clang -dumpversion)
		v=${v%%.*}
	else
		case $(. /etc/os-release && echo "${VERSION_ID:-}") in
		12) v=14 ;;
		*) v=19 ;;
		esac
	fi
	echo "libclang-rt-$v-dev"
}

missing() {
	for p in "$@"; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		installed) ;;
		*) echo "$p" ;;
		esac
	done
}

want=
for group in "${@:-build}"; do
	case $group in
	build) want="$want $build" ;;
	demo) want="$want $demo" ;;
	vm) want="$want $vm" ;;
	test) want="$want $test $(clang_rt)" ;;
	*) echo "deps.sh: no group $group" >&2; exit 2 ;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	command -v pkg-config >/dev/null && pkg-config --exists libsodium && exit 0
	echo "not a Debian system; install what these are here:" $want >&2
	exit 1
fi

# shellcheck disable=SC2086
need=$(missing $want | sort -u | tr '\n' ' ')
[ -n "$need" ] || exit 0

echo "missing packages: $need"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
	sudo="sudo"
else
	echo "please run as root, then try again:" >&2
	echo "  apt-get update && apt-get install -y --no-install-recommends $need" >&2
	exit 1
fi

install() {
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
		--no-install-recommends $need
}
# Lists may be missing (containers) or too old for what the mirror holds.
apt-cache policy libsodium-dev 2>/dev/null | grep -q 'Candidate: [0-9]' ||
	$sudo apt-get update -q
install || { $sudo apt-get update -q && install; }
