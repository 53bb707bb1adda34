/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an opened frame must hold. */
#ifndef SG_TUN_INNER_H
#define SG_TUN_INNER_H

#include <stddef.h>
#include <stdint.h>

/**
 * sg_inner_check() - is this exactly one IP packet?
 * Version, header length and total length agree with @len: trailing bytes are
 * refused. Return: 4 or 6, or 0 if it is not.
 */
int sg_inner_check(const uint8_t *packet, size_t len);

#endif
