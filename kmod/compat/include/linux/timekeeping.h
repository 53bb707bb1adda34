/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <linux/ktime.h> /* was not included there, but needed */
#include_next <linux/timekeeping.h>
