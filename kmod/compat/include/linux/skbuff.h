/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/skbuff.h>
#ifndef SIGNET_COMPAT_SKBUFF_H
#define SIGNET_COMPAT_SKBUFF_H

#ifdef SIGNET_LACKS_TSTAMP_TYPE
#define tstamp_type mono_delivery_time
#endif

#ifdef SIGNET_LACKS_GSO_ACCECN
#define SKB_GSO_TCP_ACCECN 0
#endif

#endif
