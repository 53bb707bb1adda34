#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The module's source, as TAP: what is generated from the netlink
# specification is current, the kernel's schema accepts the specification, and
# the kernel's checkpatch has nothing to say.
set -u
cd "$(dirname "$0")/../.."

n=0
result() { # result NAME STATUS OUTPUT
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "ok $n - $1"
	else
		sed 's/^/# /' <<<"$3"
		echo "not ok $n - $1"
	fi
}

if ! python3 -c 'import jsonschema, yaml' 2>/dev/null; then
	echo "1..0 # SKIP needs the packages python3-yaml and python3-jsonschema"
	exit 4
fi
tools=$(Documentation/netlink/ynl-path 2>/dev/null)
if [ ! -d "$tools" ]; then
	echo "1..0 # SKIP the kernel's netlink tools can't be fetched"
	exit 4
fi

out=$(Documentation/netlink/regen --check "$tools" 2>&1)
result "what is generated from signet.yaml is current" $? "$out"

# --check must notice: a specification that says something else
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp -r --parents Documentation/netlink include/uapi kmod/netlink-gen.[ch] "$tmp"
sed -i 's/name: hop-key-len/name: hop-key-size/; s/exact-len: hop-key-len/exact-len: hop-key-size/' \
	"$tmp/Documentation/netlink/specs/signet.yaml"
! out=$("$tmp/Documentation/netlink/regen" --check "$tools" 2>&1) &&
	[[ $out == *"not current"* ]]
result "a specification that differs is noticed" $? "$out"

cp Documentation/netlink/specs/signet.yaml "$tmp/Documentation/netlink/specs/"
sed -i 's/^protocol: genetlink/protocol: genetlink\nnonsense: true/' \
	"$tmp/Documentation/netlink/specs/signet.yaml"
! out=$("$tmp/Documentation/netlink/regen" --check "$tools" 2>&1) &&
	[[ $out == *nonsense* ]]
result "a specification that the schema forbids is refused" $? "$out"

# Left out: what the layout of tables and tracepoints needs, and what 6.1 lacks.
ignore=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,UNCOMMENTED_DEFINITION
ignore+=,MACRO_ARG_REUSE,MACRO_ARG_UNUSED,TRAILING_SEMICOLON,LINE_SPACING
ignore+=,ALLOC_WITH_SIZEOF,UNNECESSARY_ELSE,BLOCK_COMMENT_STYLE
mapfile -t files < <(find kmod -maxdepth 1 -name '*.[ch]' \
	! -name '*.mod.c' ! -name 'netlink-gen.*' | sort)
out=$(perl "$tools/../../../scripts/checkpatch.pl" --no-tree --strict --terse \
	--quiet --show-types --ignore "$ignore" -f "${files[@]}" 2>&1 |
	grep -E ': (ERROR|WARNING|CHECK)')
[ -z "$out" ]
result "checkpatch has nothing to say" $? "$out"

echo "1..$n"
