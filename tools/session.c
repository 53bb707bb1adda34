// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#include <json-c/json.h>

#include "json.h"
#include "session.h"

#define ANCESTORS   32
#define ENVIRON_MAX 131072
#define VARIABLE    "SSH_CONNECTION="

static bool is_address(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET, s, &a) == 1 ||
	       inet_pton(AF_INET6, s, &a) == 1;
}

bool sg_session_parse(const char *text, struct sg_session *s)
{
	unsigned int port;
	char from[64], *scope;

	if (sscanf(text, "%63s %*u %*63s %u", from, &port) != 2 || !port ||
	    port > 65535)
		return false;
	scope = strchr(from, '%');
	if (scope)
		*scope = '\0';
	if (!is_address(from))
		return false;
	strcpy(s->from, from);
	s->port = (uint16_t)port;
	return true;
}

/* The parent of a process, 0 where there is none to be seen. */
static int parent_of(int pid)
{
	char path[64], text[512], *p;
	int parent = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* the name stands in parentheses, and may hold any character */
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

static bool environ_of(int pid, struct sg_session *s)
{
	static char text[ENVIRON_MAX + 1];
	char path[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, ENVIRON_MAX, f);
	fclose(f);
	text[n] = '\0';
	for (char *v = text; v < text + n; v += strlen(v) + 1)
		if (!strncmp(v, VARIABLE, strlen(VARIABLE)))
			return sg_session_parse(v + strlen(VARIABLE), s);
	return false;
}

/* What login, telnetd or another server wrote down for this terminal. */
static bool by_terminal(struct sg_session *s)
{
	static const int32_t none[4];
	const char *tty = ttyname(STDIN_FILENO);
	struct utmpx want = { .ut_type = USER_PROCESS }, *u;
	bool found = false;

	if (!tty || strncmp(tty, "/dev/", 5))
		return false;
	strncpy(want.ut_line, tty + 5, sizeof(want.ut_line) - 1);
	setutxent();
	u = getutxline(&want);
	if (u && memcmp(u->ut_addr_v6, none, sizeof(none)))
		found = inet_ntop(u->ut_addr_v6[1] || u->ut_addr_v6[2] ||
						  u->ut_addr_v6[3]
					  ? AF_INET6
					  : AF_INET,
				  u->ut_addr_v6, s->from, sizeof(s->from));
	endutxent();
	return found;
}

bool sg_session_find(struct sg_session *s)
{
	const char *own = getenv("SSH_CONNECTION");
	int pid = getppid();

	memset(s, 0, sizeof(*s));
	if (own && sg_session_parse(own, s))
		return true;
	for (int i = 0; i < ANCESTORS && pid > 1; i++) {
		if (environ_of(pid, s))
			return true;
		pid = parent_of(pid);
	}
	return by_terminal(s);
}

void sg_session_add(struct json_object *o)
{
	struct sg_session s;

	if (!sg_session_find(&s))
		return;
	sg_json_add_str(o, "sessionFrom", s.from);
	sg_json_add_int(o, "sessionPort", s.port);
}

struct json_object *sg_session_params(bool force)
{
	struct json_object *o = json_object_new_object();

	sg_session_add(o);
	if (force)
		sg_json_add_bool(o, "force", true);
	return o;
}

bool sg_session_force(struct sg_tool *t, int argc, char **argv,
		      const char *help, bool *force)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' }, { 0 }
	};
	int c;

	while ((c = sg_getopt(t, argc, argv, "", options, help)) == 'f')
		*force = true;
	return c == -1 && sg_operands(t, argc, argv, 0, 0);
}
