/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables that fit the terminal. */
#ifndef SG_TABLE_H
#define SG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "human.h"

#define SG_TABLE_COLUMNS 10

/**
 * struct sg_column - one column
 * @title: heading
 * @right: numbers are aligned to the right
 * @shrink: may be cut, ending in "..", where the table is too wide
 * @end: then it begins with "..": what is at its end matters most
 * @wrap: (last column only) continues on further lines instead
 */
struct sg_column {
	const char *title;
	bool right;
	bool shrink;
	bool end;
	bool wrap;
};

struct sg_cell {
	char *text;
	enum sg_style style;
};

struct sg_table {
	const struct sg_column *column;
	unsigned int columns;
	struct sg_cell *cell; /* columns cells for each row */
	size_t rows, room;
	unsigned int filled; /* cells of the row that is being filled */
	bool failed;	     /* out of memory */
};

/** sg_table_init() - @columns: at most SG_TABLE_COLUMNS, must outlive @tb */
void sg_table_init(struct sg_table *tb, const struct sg_column *column,
		   unsigned int columns);

/** sg_table_add() - next cell, row by row; NULL is shown as "-" */
void sg_table_add(struct sg_table *tb, enum sg_style style, const char *text);
void sg_table_addf(struct sg_table *tb, enum sg_style style, const char *fmt,
		   ...) __attribute__((format(printf, 3, 4)));

/** sg_table_print() - print it, and free what it holds */
void sg_table_print(struct sg_table *tb, FILE *f);

#endif
