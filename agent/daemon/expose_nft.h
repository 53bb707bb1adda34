/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands for nftables, made up as one text and run as one transaction. The
 * library's context exists only during the call: it is large.
 */
#ifndef SG_EXPOSE_NFT_H
#define SG_EXPOSE_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/error.h"

/** struct sg_nft - a text that grows */
struct sg_nft {
	FILE *f;
	char *text;
	size_t len;
};

int sg_nft_begin(struct sg_nft *nft);
/* only words that were checked may go in */
void sg_nft_add(struct sg_nft *nft, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* runs the text and frees it; all of it takes effect, or nothing */
int sg_nft_commit(struct sg_nft *nft, struct sg_error *err);

bool sg_nft_table_exists(const char *table);

/** sg_nft_set_each() - elements of a set of names in table inet @table */
void sg_nft_set_each(const char *table, const char *set,
		     void (*fn)(void *ctx, const char *element), void *ctx);

#endif
