// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/errno.h>
#include <linux/kernel.h>

#include "selftest.h"

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{ "prefix", signet_selftest_prefix },
	{ "replay", signet_selftest_replay },
	{ "key", signet_selftest_key },
	{ "aead", signet_selftest_aead },
};

int signet_selftest(void)
{
	bool all = true, ok;
	int i;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		ok = tests[i].run();
		pr_info("signet: selftest: %s %s\n", tests[i].name,
			ok ? "ok" : "FAILED");
		all &= ok;
	}
	signet_selftest_bench();
	return all ? 0 : -EBADMSG;
}
