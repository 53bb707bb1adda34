/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Starting the agent, from `signet up`. */
#ifndef SG_START_H
#define SG_START_H

#include "tool.h"

/**
 * sg_start_agent() - start signetd, and wait until it answers
 *
 * Through systemd where its unit is installed, systemd runs, and no path was
 * changed by an option; else in the background, with the same paths as this
 * command and its log in STATE/signetd.log.
 *
 * Return: SG_EXIT_OK, or another exit code after saying what failed.
 */
int sg_start_agent(struct sg_tool *t);

/** sg_systemd_runs() - is this machine (and network namespace) systemd's? */
bool sg_systemd_runs(void);

#endif
