/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet gate: its subcommands. */
#ifndef SG_TOOL_GATE_H
#define SG_TOOL_GATE_H

#include "tool.h"

struct json_object;

int sg_gate_stats(struct sg_tool *t, int argc, char **argv);

/** sg_gate_line() - one gate in words: "eth0, native, strict, 2 allowed" */
void sg_gate_line(struct json_object *gate, char *buf, size_t cap);

#endif
