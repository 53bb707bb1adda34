/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looking for this node's secrets in what is about to leave it. */
#ifndef SG_SECRETS_H
#define SG_SECRETS_H

#include "tool.h"

/**
 * sg_secrets_find() - does @text hold a secret?
 *
 * Searches for this node's private keys in hexadecimal and base64, and for
 * members whose names say that they are secret. Return: what was found, a
 * constant string, or NULL.
 */
const char *sg_secrets_find(const struct sg_tool *t, const char *text);

#endif
