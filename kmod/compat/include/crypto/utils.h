/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifdef SIGNET_LACKS_CRYPTO_UTILS
#include <crypto/algapi.h>
#else
#include_next <crypto/utils.h>
#endif
