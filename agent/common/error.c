// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

int sg_err(struct sg_error *e, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof(e->text), fmt, ap);
		va_end(ap);
	}
	return -errnum;
}
