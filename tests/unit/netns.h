/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A fresh network namespace for each test, and the host as `ip` sees it.
 */
#ifndef TESTS_UNIT_NETNS_H
#define TESTS_UNIT_NETNS_H

#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool netns_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool ok;

	if (!f)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok;
}

/* A user namespace too where we are not root. */
static inline bool netns_enter(void)
{
	unsigned int uid = getuid(), gid = getgid();
	char map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	netns_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!netns_write("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return netns_write("/proc/self/gid_map", map);
}

/* Return: whether the command succeeded. */
__attribute__((format(printf, 1, 2))) static inline bool sh(const char *fmt,
							    ...)
{
	char cmd[1024];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	status = system(cmd);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What a command prints; the caller frees it. */
static inline char *sh_output(const char *cmd)
{
	FILE *f = popen(cmd, "r");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int c;

	while (f && (c = fgetc(f)) != EOF)
		fputc(c, out);
	if (f)
		pclose(f);
	fclose(out);
	return text;
}

/*
 * Everything that netif.c may change. Not what the kernel reports of carriers:
 * it follows up to a second later.
 */
static inline char *host_state(void)
{
	return sh_output("{ ip -json addr; ip -json -details link;"
			 "ip -4 -json route show table all;"
			 "ip -6 -json route show table all;"
			 "ip -4 -json rule; ip -6 -json rule;"
			 "cat /proc/sys/net/ipv6/conf/*/disable_ipv6"
			 " /proc/sys/net/ipv?/conf/*/forwarding; } |"
			 /* the far end of the stand-in device: it has a
			  * carrier only while ours is up */
			 "sed 's/{\"type\":\"multicast\",\"dst\":\"ff00::"
			 "\\/8\",\"dev\":\"sg[0-9]x\"[^}]*}//g;"
			 "s/\"operstate\":\"[A-Z]*\"//g;"
			 "s/\"NO-CARRIER\"//g; s/\"M-DOWN\"//g;"
			 "s/\"LOWER_UP\"//g; s/\"linkdown\"//g; s/,//g'");
}

#endif
