# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What kernel, build and run share: the cache, Debian packages that are
# unpacked into it (never installed), and trees of such packages to build in.
#
#   $SIGNET_CACHE/apt-N        apt's lists of the suites, for this format
#   $SIGNET_CACHE/tree/        packages unpacked to build or to boot with
#   $SIGNET_CACHE/kernel/      kernels by version, and links KERNEL -> version
#
# Everything is made beside its place and renamed, under a lock: what is there
# is complete.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # of ordinary users, who lack them
export LC_ALL=C

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${SIGNET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/signet}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
here=$top/tests/vm
me=${0##*/}

say() { echo "vm: $*" >&2; }
die() { echo "vm: $me: $*" >&2; exit 1; }
skip() { echo "1..0 # SKIP $*"; exit 4; }

mkdir -p "$cache"/{lock,tree,kernel}

# locked NAME COMMAND...: one at a time on this machine. Never in a condition,
# which would make the shell go on after errors.
locked() {
	local name=$1 fd
	shift
	exec {fd}>"$cache/lock/$name"
	flock "$fd"
	"$@"
	exec {fd}>&-
}

host_suite() { (. /etc/os-release && echo "${VERSION_CODENAME:-}"); }

# mirror: where this machine gets Debian's main archive from
mirror() {
	local suite
	suite=$(host_suite)
	apt-get indextargets --format '$(SITE) $(RELEASE) $(CODENAME) $(COMPONENT)' |
		awk -v s="$suite" '$NF == "main" && ($2 == s || $3 == s ||
			$2 == "stable" || $2 == "oldstable") { print $1; exit }'
}

# apt SUITES COMMAND...: apt-get or apt-cache with nothing but these suites
# (comma between them) and with nothing installed. The machine's own settings
# for proxies and the like hold.
apt() {
	local suites=$1 dir=$cache/apt-$1
	shift
	"$1" -c "$dir/apt.conf" -o "Dir::Etc::sourcelist=$dir/sources.list" \
		"${@:2}"
}

apt_setup() { # apt_setup SUITES: fetch the lists, once a day
	local suites=$1 dir=$cache/apt-$1 site suite
	[ -z "$(find "$dir/ready" -mmin -1440 2>/dev/null)" ] || return 0
	[ -r $keyring ] || die "needs the package debian-archive-keyring"
	site=$(mirror)
	[ -n "$site" ] || die "apt's configuration names no Debian mirror"
	mkdir -p "$dir"/{lists,archives}/partial "$dir/etc"
	: >"$dir/status"
	for suite in ${suites//,/ }; do
		echo "deb [arch=amd64 signed-by=$keyring] $site $suite main"
	done >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
	#clear APT::Update;
	#clear DPkg;
	#clear APT::Architectures;
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Sandbox::User "$(id -un)";
	APT::Immediate-Configure "false";
	APT::Get::AllowUnauthenticated "false";
	Acquire::AllowInsecureRepositories "false";
	Acquire::AllowWeakRepositories "false";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::State::extended_states "$dir/extended_states";
	Dir::Cache "$dir";
	Dir::Cache::archives "$dir/archives";
	Dir::Cache::pkgcache "$dir/pkgcache.bin";
	Dir::Cache::srcpkgcache "$dir/srcpkgcache.bin";
	END
	apt "$suites" apt-get -q update >"$dir/log" 2>&1 && ! grep -q '^[WE]:.*NO_PUBKEY' "$dir/log" ||
		{ cat "$dir/log" >&2; die "apt can't read the lists of $suites"; }
	touch "$dir/ready"
}

# unpack SUITES DIR PACKAGE...: these packages, as apt resolves them with
# PACKAGE=VERSION or PACKAGE/SUITE, without what they depend on
unpack() {
	local suites=$1 dir=$2 tmp
	shift 2
	tmp=$(mktemp -d "$cache/deb.XXXXXX")
	(cd "$tmp" && apt "$suites" apt-get -q download "$@" >log 2>&1) ||
		{ cat "$tmp/log" >&2; rm -rf "$tmp" "$cache/apt-$suites/ready"
		  die "can't fetch $*; the next try reads new lists"; }
	extract "$dir" "$tmp"/*.deb
	rm -rf "$tmp"
}

extract() { # extract DIR DEB...
	local dir=$1 deb
	shift
	# as usr-merged systems have it
	mkdir -p "$dir"/usr/{bin,sbin,lib,lib64}
	for deb in bin sbin lib lib64; do
		[ -e "$dir/$deb" ] || ln -s "usr/$deb" "$dir/$deb"
	done
	for deb in "$@"; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$dir" --keep-directory-symlink --no-same-owner \
				--exclude=./usr/share/doc --exclude=./usr/share/man \
				--exclude=./usr/share/locale --exclude='./dev/*'
	done
}

# tree NAME SUITES PACKAGE...: see that $cache/tree/NAME holds these packages
# with all that they depend on. Made anew when the list below changes.
tree() { locked "tree-$1" tree_locked "$@"; }

tree_locked() {
	local name=$1 suites=$2 want tmp
	shift 2
	want=$suites\ $*
	[ "$(cat "$cache/tree/$name/.packages" 2>/dev/null)" != "$want" ] || return 0
	locked "apt-$suites" apt_setup "$suites"
	say "unpacking packages of $suites for $name"
	tmp=$(mktemp -d "$cache/tree/.$name.XXXXXX")
	mkdir -p "$tmp/.deb/partial"
	apt "$suites" apt-get -q -y --download-only --no-install-recommends \
		-o "Dir::Cache::archives=$tmp/.deb" install "$@" >"$tmp/.log" 2>&1 ||
		{ cat "$tmp/.log" >&2; rm -rf "$tmp" "$cache/apt-$suites/ready"
		  die "can't fetch packages of $suites; the next try reads new lists"; }
	extract "$tmp" "$tmp"/.deb/*.deb
	rm -rf "$tmp/.deb" "$tmp/.log"
	ln -sf mawk "$tmp/usr/bin/awk"
	[ -e "$tmp/usr/bin/sh" ] || ln -s dash "$tmp/usr/bin/sh"
	mkdir -p "$tmp"/{proc,sys,dev,tmp,run,usr/src}
	echo "$want" >"$tmp/.packages"
	rm -rf "$cache/tree/$name.old"
	[ ! -e "$cache/tree/$name" ] || mv "$cache/tree/$name" "$cache/tree/$name.old"
	mv "$tmp" "$cache/tree/$name"
	rm -rf "$cache/tree/$name.old"
}

# The compilers: each kernel is built with the one of its own distribution,
# whatever runs here.
build_tree() { # build_tree SUITE
	local gcc
	case $1 in
	bookworm) gcc=gcc-12 ;;
	trixie) gcc=gcc-14 ;;
	*) die "no compiler is known for $1" ;;
	esac
	tree "$1" "$1" bash base-files bc binutils bison coreutils cpio dash \
		diffutils findutils flex gawk $gcc gcc grep gzip kmod libc6-dev \
		libelf-dev libssl-dev linux-libc-dev m4 make mawk \
		pahole patch perl-base rsync sed sparse tar xz-utils zstd
}

# inside TREE [-b FROM:TO]... COMMAND...: run in that tree, where also the
# paths given are seen
inside() {
	local tree=$cache/tree/$1 user=() script='set -e
	root=$1; shift
	mount --make-rprivate / 2>/dev/null || true
	for d in /proc /dev; do mount --rbind $d $root$d; done
	while [ "$1" = -b ]; do
		mkdir -p "$root${2#*:}"; mount --rbind "${2%%:*}" "$root${2#*:}"
		shift 2
	done
	exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C \
		HOME=/tmp "$@"'
	shift
	unshare -m true 2>/dev/null || user=(--user --map-root-user)
	unshare "${user[@]}" --mount -- bash -c "$script" inside "$tree" "$@" \
		</dev/null
}

# kernel_dir KERNEL: where it is in the cache
kernel_dir() {
	[ -e "$cache/kernel/$1/complete" ] || return 1
	readlink -f "$cache/kernel/$1"
}
