/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/workqueue.h>
#ifndef SIGNET_COMPAT_WORKQUEUE_H
#define SIGNET_COMPAT_WORKQUEUE_H

#ifdef SIGNET_LACKS_WQ_PERCPU
#define WQ_PERCPU 0 /* what has no WQ_UNBOUND was per CPU */
#endif

#endif
