// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Folders of what is pinned: ours, and those of others. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/gate_private.h"
#include "daemon/node.h"

/* Interfaces have their numbers in each network namespace anew, and several
 * agents can have gates there.
 */
static void name_prefix(char out[64])
{
	struct stat st = { 0 };

	stat("/proc/self/ns/net", &st);
	snprintf(out, 64, "gate-%llu-", (unsigned long long)st.st_ino);
}

static void name_suffix(const struct sg_gates *gs, char out[24])
{
	char id[SIGNET_ID_STR_LEN];

	signet_id_format(&gs->node->local.ident.id, id);
	snprintf(out, 24, "-%.16s", id);
}

void gate_folder_name(const struct sg_gates *gs, uint32_t ifindex,
		      char name[96])
{
	char prefix[64], suffix[24];

	name_prefix(prefix);
	name_suffix(gs, suffix);
	snprintf(name, 96, "%.50s%u%s", prefix, ifindex, suffix);
}

void gate_left(struct sg_gates *gs,
	       void (*fn)(struct sg_gates *gs, uint32_t ifindex))
{
	uint32_t list[SG_CONFIG_GATES_MAX * 4];
	char prefix[64], suffix[24], rest[64];
	struct dirent *e;
	unsigned int ifindex;
	size_t n = 0, len;
	DIR *d;

	name_prefix(prefix);
	name_suffix(gs, suffix);
	len = strlen(prefix);
	d = opendir(SG_BPF_PINS);
	if (!d)
		return;
	while ((e = readdir(d)) && n < sizeof(list) / sizeof(list[0]))
		if (!strncmp(e->d_name, prefix, len) &&
		    sscanf(e->d_name + len, "%u%63s", &ifindex, rest) == 2 &&
		    !strcmp(rest, suffix))
			list[n++] = ifindex;
	closedir(d);
	while (n)
		fn(gs, list[--n]);
}

bool gate_foreign(uint32_t ifindex, char name[96])
{
	char prefix[64], want[96];
	struct dirent *e;
	bool found = false;
	DIR *d = opendir(SG_BPF_PINS);

	name_prefix(prefix);
	snprintf(want, sizeof(want), "%.50s%u-", prefix, ifindex);
	while (d && !found && (e = readdir(d))) {
		found = !strncmp(e->d_name, want, strlen(want));
		if (found)
			snprintf(name, 96, "%.90s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}
