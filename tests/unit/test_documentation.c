// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the documentation repeats of the source is what the source says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signet/drop.h>

/* A file's words, each separated by one space. */
static char *words(const char *path)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = fopen(path, "r"), *out = open_memstream(&text, &len);
	bool space = false;
	int c;

	if (!f)
		fail_msg("cannot read %s", path);
	while ((c = fgetc(f)) != EOF) {
		if (isspace(c)) {
			space = true;
			continue;
		}
		if (space)
			fputc(' ', out);
		space = false;
		fputc(c, out);
	}
	fclose(f);
	fclose(out);
	return text;
}

/* "``name`` Help." with a capital, in the table of the operator's guide. */
static void every_drop_reason_is_explained(void **state)
{
	static const struct {
		const char *name, *help;
	} reasons[] = {
#define REASON(id, name, help) { name, help },
		SIGNET_DROP_REASONS(REASON)
#undef REASON
	};
	char *text = words("Documentation/operations.rst"), row[256];

	for (int i = 1; i < SIGNET_DROP_COUNT; i++) {
		snprintf(row, sizeof(row), "``%s`` %c%s.", reasons[i].name,
			 toupper((unsigned char)reasons[i].help[0]),
			 reasons[i].help + 1);
		if (!strstr(text, row))
			fail_msg("Documentation/operations.rst lacks: %s", row);
	}
	free(text);
}

/* And by its name in capitals in the protocol, where a frame can earn it. */
static void the_protocol_names_what_frames_are_dropped_for(void **state)
{
	static const char *const named[] = {
		"LENGTH",   "TYPE",	    "FLAGS",	 "LABEL",   "HOP_TAG",
		"KEY_ID",   "KEY_EXPIRED",  "LANE",	 "REPLAY",  "AEAD",
		"INNER",    "INNER_SOURCE", "NO_ROUTE",	 "MTU",	    "MAC1",
		"MAC2",	    "RATE",	    "HANDSHAKE", "PAYLOAD", "STRANGER",
		"IDENTITY", "EXPIRED",	    "STALE",	 "PATTERN", "RECORD",
	};
	char *text = words("Documentation/protocol.rst");

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (!strstr(text, named[i]))
			fail_msg("Documentation/protocol.rst lacks %s",
				 named[i]);
	free(text);
}

/* What gates pass and drop stands on their own page. */
static void the_page_on_gates_has_what_they_count(void **state)
{
	static const char *const counted[] = {
		"hop-tag",	"label",   "mac1",    "mac2",	   "rate",
		"length",	"type",	   "flags",   "strict",	   "fragment",
		"outer-packet", "packet",  "message", "handshake", "challenged",
		"other",	"allowed",
	};
	char *text = words("Documentation/gate.rst"), row[64];

	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		snprintf(row, sizeof(row), " ``%s`` ", counted[i]);
		if (!strstr(text, row))
			fail_msg("Documentation/gate.rst lacks %s", row);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_drop_reason_is_explained),
		cmocka_unit_test(
			the_protocol_names_what_frames_are_dropped_for),
		cmocka_unit_test(the_page_on_gates_has_what_they_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
