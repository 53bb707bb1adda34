/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Admission of handshakes: what an init must pass before anything costly is
 * done for it, cheapest first: form, mac1, under load a cookie, the rate of its
 * prefix. Nothing is stored for a source that has not proved its address.
 */
#ifndef SG_ADMISSION_H
#define SG_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/wire.h>

#include "common/addr.h"

struct sg_node;

/* Prefixes whose rate is remembered at a time; older ones make room. */
#define SG_ADMISSION_BUCKETS 4096
/* Their secret is changed after this, and good for as long again. */
#define SG_COOKIE_LIFE	     (120 * 1000000000ULL)
/* Cookies that are sent in a second, at most, to all together. */
#define SG_ADMISSION_COOKIES 20000

struct sg_bucket {
	uint64_t key; /* hash of the prefix, 0: free */
	uint64_t filled_ns;
	uint64_t tokens; /* thousandths */
};

struct sg_admission {
	uint8_t secret[2][SIGNET_MAC_LEN]; /* current, previous */
	uint8_t bucket_secret[SIGNET_MAC_LEN];
	uint64_t secret_ns;
	uint8_t mac1_key[SIGNET_MAC_LEN];  /* for our identity */
	uint8_t mac1_zero[SIGNET_MAC_LEN]; /* for "whoever you are" */
	uint64_t second;		   /* the counters below are of */
	uint32_t inits, worked, cookies;
	uint32_t last_inits; /* of the second before */
	struct sg_bucket *buckets;
};

int sg_admission_init(struct sg_node *n);
void sg_admission_destroy(struct sg_node *n);

/**
 * sg_admission_turn() - count anew and change the secret, if it is time for that
 * Return: whether the secret has changed.
 */
bool sg_admission_turn(struct sg_node *n);

/** sg_admission_loaded() - are cookies asked for at the moment? */
bool sg_admission_loaded(const struct sg_node *n);

/**
 * sg_admission_init_frame() - may this parsed init be worked on?
 * @zero: set when mac1 was made for an unknown responder (pairing)
 * Return: 0 or the reason to drop it; a cookie may have been sent.
 */
int sg_admission_check(struct sg_node *n, const uint8_t *frame,
		       const union sg_addr *from, const union sg_addr *to,
		       bool *zero);

#endif
