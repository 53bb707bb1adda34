/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the command prints for people: numbers, times, tables, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/human.h"
#include "../../tools/table.h"
#include "../../tools/tool.h"

static char buf[SG_HUMAN_LEN];

static void bytes_change_unit_before_four_digits(void **state)
{
	assert_string_equal(sg_human_bytes(0, buf), "0 B");
	assert_string_equal(sg_human_bytes(1023, buf), "1023 B");
	assert_string_equal(sg_human_bytes(1024, buf), "1.0 KiB");
	assert_string_equal(sg_human_bytes(1258291, buf), "1.2 MiB");
	/* never "1024.0 KiB" */
	assert_string_equal(sg_human_bytes(1048575, buf), "1.0 MiB");
	assert_string_equal(sg_human_bytes(UINT64_MAX, buf), "16.0 EiB");
}

static void durations_have_at_most_two_units(void **state)
{
	assert_string_equal(sg_human_duration(999, buf), "0s");
	assert_string_equal(sg_human_duration(59999, buf), "59s");
	assert_string_equal(sg_human_duration(60000, buf), "1m");
	assert_string_equal(sg_human_duration(130000, buf), "2m 10s");
	assert_string_equal(sg_human_duration(3600000, buf), "1h");
	assert_string_equal(sg_human_duration(3659000, buf), "1h");
	assert_string_equal(sg_human_duration(90061000, buf), "1d 1h");
	assert_string_equal(sg_human_ago(130000, buf), "2m 10s ago");
	assert_string_equal(sg_human_ago(999, buf), "now");
}

static void counts_have_separators(void **state)
{
	assert_string_equal(sg_human_count(0, buf), "0");
	assert_string_equal(sg_human_count(999, buf), "999");
	assert_string_equal(sg_human_count(1000, buf), "1,000");
	assert_string_equal(sg_human_count(UINT64_MAX, buf),
			    "18,446,744,073,709,551,615");
}

static void round_trips_keep_three_digits(void **state)
{
	assert_string_equal(sg_human_rtt(85, buf), "85 us");
	assert_string_equal(sg_human_rtt(1240, buf), "1.24 ms");
	assert_string_equal(sg_human_rtt(9999, buf), "10 ms");
	assert_string_equal(sg_human_rtt(3400000, buf), "3.4 s");
}

/* What a function prints, as a string to be freed. */
static char *printed(void (*fn)(FILE *f, void *arg), void *arg)
{
	char *text = NULL;
	FILE *f = tmpfile();
	long size;

	assert_non_null(f);
	fn(f, arg);
	size = ftell(f);
	text = calloc(1, size + 1);
	assert_non_null(text);
	rewind(f);
	assert_int_equal(fread(text, 1, size, f), size);
	fclose(f);
	return text;
}

static void put(FILE *f, void *arg)
{
	sg_put(f, arg);
}

static void put_group(FILE *f, void *arg)
{
	sg_put_group(f, arg, 4);
}

static void print_table(FILE *f, void *arg)
{
	sg_table_print(arg, f);
}

static void foreign_text_cannot_drive_the_terminal(void **state)
{
	char *s = printed(put, (char *)"a\033[31mb\r\nc");

	assert_string_equal(s, "a?[31mb??c");
	free(s);
}

static void codes_are_shown_in_groups(void **state)
{
	char *s = printed(put_group, (char *)"ABCDEFGHIJ");

	assert_string_equal(s, "ABCD-EFGH-IJ");
	free(s);
	/* it has separators already */
	s = printed(put_group, (char *)"AB-CDEFGH");
	assert_string_equal(s, "AB-CDEFGH");
	free(s);
}

static void tables_fit_eighty_columns(void **state)
{
	static const struct sg_column columns[] = {
		{ .title = "NAME", .shrink = true },
		{ .title = "COUNT", .right = true },
		{ .title = "MEANING", .wrap = true },
	};
	char longest[200], *s, *save;
	struct sg_table tb;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	sg_table_init(&tb, columns, 3);
	for (int i = 0; i < 40; i++) {
		sg_table_add(&tb, SG_BOLD, i % 2 ? longest : "short");
		sg_table_addf(&tb, SG_PLAIN, "%d", i);
		sg_table_add(&tb, SG_PLAIN,
			     "many words that go on until the line is full "
			     "and then go on on the next one");
	}
	s = printed(print_table, &tb);
	assert_non_null(strstr(s, "xx.."));
	for (char *line = strtok_r(s, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) <= 80);
	free(s);
}

static void the_nearest_command_is_suggested(void **state)
{
	static const struct sg_command table[] = {
		{ "status", NULL, "" },
		{ "peers", NULL, "" },
		{ "ping", NULL, "" },
		{ 0 },
	};

	assert_string_equal(sg_nearest(table, "statsu"), "status");
	assert_string_equal(sg_nearest(table, "stat"), "status");
	assert_string_equal(sg_nearest(table, "pnig"), "ping");
	assert_null(sg_nearest(table, "xyzzy"));
	assert_null(sg_nearest(table, ""));
	assert_null(sg_nearest(table, "a word far longer than any command"));
}

static void times_are_read_with_their_units(void **state)
{
	struct sg_tool t = { 0 };
	uint64_t ms;

	assert_true(sg_parse_ms(&t, "-i", "0.2", 1, 10000, &ms));
	assert_int_equal(ms, 200);
	assert_true(sg_parse_ms(&t, "-i", "200ms", 1, 10000, &ms));
	assert_int_equal(ms, 200);
	assert_true(sg_parse_ms(&t, "-i", "5m", 1, 1000000, &ms));
	assert_int_equal(ms, 300000);
	assert_false(sg_parse_ms(&t, "-i", "", 0, 10000, &ms));
	assert_false(sg_parse_ms(&t, "-i", "-1", 0, 10000, &ms));
	assert_false(sg_parse_ms(&t, "-i", "5 parsecs", 0, 10000, &ms));
	assert_false(sg_parse_ms(&t, "-i", "20s", 0, 10000, &ms));
	assert_false(sg_parse_ms(&t, "-i", "nan", 0, 10000, &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_change_unit_before_four_digits),
		cmocka_unit_test(durations_have_at_most_two_units),
		cmocka_unit_test(counts_have_separators),
		cmocka_unit_test(round_trips_keep_three_digits),
		cmocka_unit_test(foreign_text_cannot_drive_the_terminal),
		cmocka_unit_test(codes_are_shown_in_groups),
		cmocka_unit_test(tables_fit_eighty_columns),
		cmocka_unit_test(the_nearest_command_is_suggested),
		cmocka_unit_test(times_are_read_with_their_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
