/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Longest prefix match: one hash table over all prefixes, probed once for
 * each length in use, longest first. A configuration uses few lengths, so a
 * look-up takes few probes however many prefixes there are.
 */
#ifndef SG_TUN_LPM_H
#define SG_TUN_LPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_LPM_NONE UINT32_MAX

struct sg_lpm_entry {
	uint8_t addr[16];
	uint32_t peer; /* SG_LPM_NONE: free */
	uint8_t len;
};

/** struct sg_lpm - prefixes of one family; not locked */
struct sg_lpm {
	struct sg_lpm_entry *entry;
	uint32_t mask; /* size minus one, a power of two */
	uint32_t count;
	uint32_t per_len[129];
	uint8_t lens[129]; /* lengths in use, longest first */
	uint8_t n_lens;
	uint8_t bits; /* 32 or 128 */
	uint64_t seed;
};

/** sg_lpm_init() - @bits: 32 or 128; Return: 0 or -ENOMEM */
int sg_lpm_init(struct sg_lpm *t, uint8_t bits);
void sg_lpm_free(struct sg_lpm *t);

/** sg_lpm_reserve() - make room for @n more; Return: 0 or -ENOMEM */
int sg_lpm_reserve(struct sg_lpm *t, uint32_t n);

/** sg_lpm_exact() - peer of exactly this prefix or SG_LPM_NONE */
uint32_t sg_lpm_exact(const struct sg_lpm *t, const uint8_t *addr, uint8_t len);

/** sg_lpm_insert() - room has been reserved; replaces the peer */
void sg_lpm_insert(struct sg_lpm *t, const uint8_t *addr, uint8_t len,
		   uint32_t peer);
void sg_lpm_remove(struct sg_lpm *t, const uint8_t *addr, uint8_t len);

/** sg_lpm_find() - peer of the longest prefix that holds @addr */
uint32_t sg_lpm_find(const struct sg_lpm *t, const uint8_t *addr);

#endif
