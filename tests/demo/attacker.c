// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One program under five names: sniff, replay, forge, flip and flood. */
#include <stdio.h>
#include <string.h>

#include "attacker.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} tools[] = {
	{ "sniff", cmd_sniff, "show, record and search what passes by" },
	{ "replay", cmd_replay, "send again what was recorded" },
	{ "forge", cmd_forge, "send what was never sent" },
	{ "flip", cmd_flip, "send a recorded frame changed or cut short" },
	{ "flood", cmd_flood, "send all of it, again and again" },
};

static int run(const char *name, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (!strcmp(tools[i].name, name))
			return tools[i].run(argc, argv);
	return -1;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	int ret = run(slash ? slash + 1 : argv[0], argc, argv);

	if (ret < 0 && argc > 1)
		ret = run(argv[1], argc - 1, argv + 1);
	if (ret >= 0)
		return ret;
	printf("usage: attacker TOOL [ARGUMENTS]\n\n");
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		printf("  %-8s%s\n", tools[i].name, tools[i].help);
	return 2;
}
