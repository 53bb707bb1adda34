/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define GAP 2

void sg_table_init(struct sg_table *tb, const struct sg_column *column,
		   unsigned int columns)
{
	*tb = (struct sg_table){ .column = column, .columns = columns };
}

/* Room for one more row; the cells of a new row start out empty. */
static bool grow(struct sg_table *tb)
{
	size_t room = tb->room ? tb->room * 2 : 16;
	struct sg_cell *cell;

	if (tb->rows < tb->room)
		return true;
	cell = reallocarray(tb->cell, room * tb->columns, sizeof(*cell));
	if (!cell)
		return false;
	memset(cell + tb->room * tb->columns, 0,
	       (room - tb->room) * tb->columns * sizeof(*cell));
	tb->cell = cell;
	tb->room = room;
	return true;
}

void sg_table_add(struct sg_table *tb, enum sg_style style, const char *text)
{
	struct sg_cell *cell;

	if (tb->failed || !grow(tb)) {
		tb->failed = true;
		return;
	}
	cell = &tb->cell[tb->rows * tb->columns + tb->filled];
	cell->text = strdup(text ? text : "-");
	cell->style = style;
	if (!cell->text) {
		tb->failed = true;
		return;
	}
	for (char *p = cell->text; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	if (++tb->filled == tb->columns) {
		tb->filled = 0;
		tb->rows++;
	}
}

void sg_table_addf(struct sg_table *tb, enum sg_style style, const char *fmt,
		   ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		tb->failed = true;
		return;
	}
	sg_table_add(tb, style, text);
	free(text);
}

static void measure(const struct sg_table *tb, size_t width[])
{
	for (unsigned int c = 0; c < tb->columns; c++) {
		width[c] = strlen(tb->column[c].title);
		for (size_t r = 0; r < tb->rows; r++) {
			size_t len = strlen(tb->cell[r * tb->columns + c].text);

			if (len > width[c])
				width[c] = len;
		}
	}
}

/* Take from the widest column that may shrink until the table fits. */
static void shrink(const struct sg_table *tb, size_t width[], size_t limit)
{
	for (;;) {
		size_t total = (tb->columns - 1) * GAP;
		int widest = -1;

		for (unsigned int c = 0; c < tb->columns; c++) {
			const struct sg_column *col = &tb->column[c];

			total += width[c];
			if ((col->shrink || col->wrap) && width[c] > 8 &&
			    (widest < 0 || width[c] > width[widest]))
				widest = c;
		}
		if (total <= limit || widest < 0)
			return;
		width[widest]--;
	}
}

static void print_cell(FILE *f, const char *text, enum sg_style style,
		       const struct sg_column *col, size_t width, bool last)
{
	size_t len = strlen(text);
	int pad = len < width ? (int)(width - len) : 0;

	if (col->right)
		fprintf(f, "%*s", pad, "");
	if (style != SG_PLAIN)
		fputs(sg_style(f, style), f);
	if (len > width && col->end)
		fprintf(f, "..%s", text + len - width + 2);
	else if (len > width && !col->wrap)
		fprintf(f, "%.*s..", (int)width - 2, text);
	else
		fputs(text, f);
	if (style != SG_PLAIN)
		fputs(sg_style(f, SG_PLAIN), f);
	if (!last)
		fprintf(f, "%*s", (col->right ? 0 : pad) + GAP, "");
}

static void print_row(const struct sg_table *tb, FILE *f, size_t row,
		      const size_t width[])
{
	unsigned int column = 0;

	for (unsigned int c = 0; c < tb->columns; c++) {
		const struct sg_cell *cell = &tb->cell[row * tb->columns + c];
		bool last = c + 1 == tb->columns;

		if (last && tb->column[c].wrap) {
			sg_wrap(f, cell->text, column, column);
			return;
		}
		print_cell(f, cell->text, cell->style, &tb->column[c], width[c],
			   last);
		column += width[c] + GAP;
	}
	putc('\n', f);
}

void sg_table_print(struct sg_table *tb, FILE *f)
{
	size_t width[SG_TABLE_COLUMNS];

	if (tb->failed) {
		fputs("signet: out of memory for the table\n", stderr);
		goto cleanup;
	}
	measure(tb, width);
	shrink(tb, width, sg_width(f));
	for (unsigned int c = 0; c < tb->columns; c++)
		print_cell(f, tb->column[c].title, SG_DIM, &tb->column[c],
			   width[c], c + 1 == tb->columns);
	putc('\n', f);
	for (size_t r = 0; r < tb->rows; r++)
		print_row(tb, f, r, width);
cleanup:
	for (size_t i = 0; i < tb->room * tb->columns; i++)
		free(tb->cell[i].text);
	free(tb->cell);
	*tb = (struct sg_table){ 0 };
}
