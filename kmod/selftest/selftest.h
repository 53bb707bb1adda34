/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tests that run when the module is loaded, in builds with SELFTEST=1; a
 * failure refuses the module. Results go to the kernel log.
 */
#ifndef SIGNET_KMOD_SELFTEST_H
#define SIGNET_KMOD_SELFTEST_H

#ifdef CONFIG_SIGNET_SELFTEST
#include <linux/printk.h>

int signet_selftest(void); /* 0; -EBADMSG when a test failed */

/* each: false when it failed, having said why */
bool signet_selftest_prefix(void);
bool signet_selftest_replay(void);
bool signet_selftest_key(void);
bool signet_selftest_aead(void);
void signet_selftest_bench(void);

#define expect(condition, format, ...)                                         \
	({                                                                     \
		bool ok_ = (condition);                                        \
		if (!ok_)                                                      \
			pr_err("signet: %s: %d: " format "\n", __func__,       \
			       __LINE__, ##__VA_ARGS__);                       \
		ok_;                                                           \
	})
#else
static inline int signet_selftest(void)
{
	return 0;
}
#endif

#endif
