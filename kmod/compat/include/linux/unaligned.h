/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifdef SIGNET_LACKS_UNALIGNED
#include <asm/unaligned.h>
#else
#include_next <linux/unaligned.h>
#endif
