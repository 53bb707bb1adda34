/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What commands share that read or write the configuration. */
#ifndef SG_TOOL_CONFIG_H
#define SG_TOOL_CONFIG_H

#include <stdio.h>

#include "common/config.h"
#include "tool.h"

/** sg_problems_print() - one line each, as compilers do it */
void sg_problems_print(const struct sg_tool *t, FILE *f,
		       const struct sg_problems *p);

#endif
