/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Completion callbacks get what was given as data; they used to get the
 * request, with the data in it. A callback CB that is written for the former
 * says SIGNET_CRYPTO_COMPLETION(CB) after it and passes CB_complete.
 */
#include_next <linux/crypto.h>
#ifndef SIGNET_COMPAT_CRYPTO_H
#define SIGNET_COMPAT_CRYPTO_H

#ifdef SIGNET_LACKS_CRYPTO_COMPLETION_DATA
#define SIGNET_CRYPTO_COMPLETION(cb)                                           \
	static void cb##_complete(struct crypto_async_request *base, int err)  \
	{                                                                      \
		cb(base->data, err);                                           \
	}
#else
#define SIGNET_CRYPTO_COMPLETION(cb)                                           \
	static void cb##_complete(void *data, int err)                         \
	{                                                                      \
		cb(data, err);                                                 \
	}
#endif

#endif
