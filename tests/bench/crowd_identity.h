/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Identities out of a seed, for programs that play many nodes. */
#ifndef BENCH_CROWD_IDENTITY_H
#define BENCH_CROWD_IDENTITY_H

#include <stdint.h>

#include <signet/core/handshake.h>

/**
 * struct crowd_identity - what one node of the crowd can prove
 * @local: as the core takes it; points to @history
 */
struct crowd_identity {
	struct signet_local local;
	uint8_t history[];
};

/**
 * crowd_identity_new() - the identity with this number
 * @seed: of the whole crowd; the same seed and number give the same identity
 * @number: in the crowd
 * @changes: length of its history, 1 to SIGNET_HISTORY_CHANGES_MAX
 * @wall: seconds since 1970, for its attestation
 * Return: to be freed with free(), or NULL.
 */
struct crowd_identity *crowd_identity_new(uint64_t seed, uint32_t number,
					  unsigned int changes, int64_t wall);

#endif
