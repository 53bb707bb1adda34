/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SIGNET_COMPAT_CRYPTO_SCATTERWALK_H
#define SIGNET_COMPAT_CRYPTO_SCATTERWALK_H

#include_next <crypto/scatterwalk.h>

/* Walks stop where a page ends, as they now do with high memory alone. */
#ifdef SIGNET_LACKS_WALK_OVER_PAGES
#define SIGNET_WALK_STOPS true
#endif

#endif
