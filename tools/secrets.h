/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looking for this node's secrets in what is about to leave it. */
#ifndef SG_SECRETS_H
#define SG_SECRETS_H

#include "tool.h"

/**
 * sg_secrets_find() - does @text hold a secret?
 *
 * Searches for every file of the state folder that only its owner may read
 * and that is no larger than a key file: in raw, hexadecimal and both base64
 * forms, whole and in windows of 32 bytes; and for members whose names say
 * that they are secret. Return: what was found, or NULL.
 */
const char *sg_secrets_find(const struct sg_tool *t, const char *text);

#endif
