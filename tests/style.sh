#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Style of the tree, as TAP: layout by clang-format, licence lines, lengths,
# and words that do not belong into it.
set -u
cd "$(dirname "$0")/.."

n=0
result() { # result NAME OUTPUT: good if there is no output
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		sed 's/^/# /' <<<"$2"
		echo "not ok $n - $1"
	fi
}

if git rev-parse --git-dir >/dev/null 2>&1; then
	mapfile -t files < <(git ls-files -co --exclude-standard)
else
	mapfile -t files < <(find . -path ./build -prune -o -type f -print | sed 's|^\./||')
fi
kept=()
for f in "${files[@]}"; do [ -f "$f" ] && kept+=("$f"); done
mapfile -t c < <(printf '%s\n' "${kept[@]}" | grep -E '\.[ch]$')
mapfile -t code < <(printf '%s\n' "${kept[@]}" |
	grep -E '\.([ch]|sh|py|mk|awk|map)$|(^|/)(Makefile|run|enter)$')

# the module is laid out as the kernel's checkpatch wants it
mapfile -t laid < <(printf '%s\n' "${c[@]}" | grep -vE '^(kmod|include/uapi)/')

result "clang-format lays out every file as it is" "$(
	clang-format-19 --dry-run -Werror "${laid[@]}" 2>&1 |
		grep -E '(error|warning):' | cut -d: -f1 | sort | uniq -c)"

result "every source file has a licence line" "$(
	for f in "${code[@]}"; do
		# generated: the kernel's licence for netlink specifications
		head -4 "$f" | grep -q '^/\* YNL-GEN' && continue
		head -2 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause' ||
			echo "$f"
	done)"

result "no source file above 600 lines" "$(
	wc -l "${c[@]}" | awk '$2 != "total" && $1 > 600')"

result "no loose ends" "$(
	grep -nEw 'TODO|FIXME|XXX|HACK|stub|mock' "${code[@]}" |
		grep -v '^tests/style.sh')"

result "no machine's own paths or hosts" "$(
	grep -nIE '/wor[k]/|/home/[a-z]|/root/|https?://[0-9]+\.[0-9]+' "${kept[@]}" |
		grep -v '^tests/style.sh')"

result "no space at line ends" "$(grep -nE '[ 	]+$' "${code[@]}")"

echo "1..$n"
grep -q . <<<"$n"
