/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/timer.h>
#ifndef SIGNET_COMPAT_TIMER_H
#define SIGNET_COMPAT_TIMER_H

#ifdef SIGNET_LACKS_TIMER_CONTAINER_OF
#define timer_container_of(var, callback_timer, timer_fieldname)               \
	container_of(callback_timer, typeof(*(var)), timer_fieldname)
#endif

#endif
