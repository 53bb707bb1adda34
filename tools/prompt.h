/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Secrets that a person types or keeps in a file; never from argv. */
#ifndef SG_PROMPT_H
#define SG_PROMPT_H

#include <stddef.h>

#include "tool.h"

/**
 * sg_prompt_secret() - ask on the terminal, without echo
 * @question: for instance "Passphrase: "
 * @buf: receives the answer without its newline; wiped on failure
 * Return: SG_EXIT_OK, or another exit code after saying what failed.
 */
int sg_prompt_secret(const struct sg_tool *t, const char *question, char *buf,
		     size_t cap);

/**
 * sg_prompt_line() - ask on the terminal, with echo
 */
int sg_prompt_line(const struct sg_tool *t, const char *question, char *buf,
		   size_t cap);

/**
 * sg_secret_file() - first line of a file, "-" being standard input
 */
int sg_secret_file(const struct sg_tool *t, const char *path, char *buf,
		   size_t cap);

#endif
