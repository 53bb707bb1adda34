#!/usr/bin/awk -f
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# tap.awk -v name=NAME -v status=EXIT_STATUS LOG: sum up one test's output as
# "N passed, N failed, N skipped", then a line for each failure and each skip.
/^1\.\.[0-9]+/ {
	# more than one plan: a program with several groups
	split($1, plan, /\.\./)
	planned += plan[2]
	next
}
/^ok / || /^not ok / {
	seen++
	lines++
	why = $0
	if (sub(/^.*# *[Ss][Kk][Ii][Pp][a-z]* */, "", why)) {
		if (why == "" || why ~ /^[0-9]*$/)
			fail("skipped without a reason: " $0)
		else
			skip($0)
	} else if ($1 == "ok") {
		passed++
	} else {
		fail($0)
	}
	next
}
# The last line of programs that count for themselves; what they have printed
# line by line is not counted again.
/^[0-9]+ passed, [0-9]+ failed/ {
	sub(/\r$/, "")
	seen++
	if (!lines)
		passed += $1
	for (i = lines ? failed + 0 : 0; i < $3; i++)
		fail("see the log")
}
{
	last = $0
}
function fail(text) {
	failed++
	notes[++n] = "FAILED " text
}
function skip(text) {
	skipped++
	notes[++n] = "SKIPPED " text
}
END {
	if (!seen && !planned && status == 0)
		passed++
	else if (!seen && !planned)
		fail("exit status " status ": " last)
	else if (planned > seen)
		fail("stopped after " seen + 0 " of " planned " tests, exit status " status)
	else if (status != 0 && !failed)
		fail("exit status " status ": " last)
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	for (i = 1; i <= n && i <= 20; i++)
		print notes[i]
	if (failed)
		print "log: build/check/" name ".log"
}
