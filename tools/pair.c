/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet pair: two nodes pin each other by a one-time code. */
#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>
#include <sodium.h>

#include "client.h"
#include "common/addr.h"
#include "common/config.h"
#include "common/file.h"
#include "human.h"
#include "json.h"
#include "prompt.h"

#define CODE_MAX   128
#define CODE_GROUP 4
#define SHOW_MAX   4 /* addresses to offer */

static const char help[] =
	"Usage: signet pair [--name NAME] [--timeout T] [--address HOST]\n"
	"                   [--code-out FILE]\n"
	"       signet pair --accept HOST[:PORT] [--name NAME] "
	"[--code-file FILE]\n"
	"Pin two nodes to each other by a one-time code. The first form shows "
	"the code\n"
	"and waits; the second, on the other node, asks for it. Each side "
	"then writes the\n"
	"other's peers.d/NAME.conf and uses it at once.\n\n"
	"  --name NAME        what to call the other node here [its own name]\n"
	"  --timeout T        how long to wait, for instance 10m [5m]\n"
	"  --address HOST     how the other node reaches this one, to be "
	"shown\n"
	"  --code-out FILE    write the code to FILE (mode 0600), do not show "
	"it\n"
	"  --accept ADDRESS   the waiting node, port 51900 if none is given\n"
	"  --code-file FILE   read the code from FILE, - for standard input\n\n"
	"Example, on a, then on b:\n"
	"  signet pair --name b\n"
	"  signet pair --accept 192.0.2.1 --name a\n";

struct pair {
	struct sg_tool *t;
	const char *name, *address, *accept, *code_file, *code_out;
	uint64_t timeout; /* milliseconds */
	bool done;
};

/* Addresses of this node, the likeliest first. */
struct offers {
	union sg_addr addr[SHOW_MAX];
	size_t n;
};

static void offer(struct offers *o, const struct sockaddr *sa)
{
	union sg_addr addr = { .sa.sa_family = sa->sa_family };
	socklen_t len = sg_addr_len(&addr);

	if (!len || o->n == SHOW_MAX)
		return;
	memcpy(&addr, sa, len);
	if (addr.sa.sa_family == AF_INET)
		addr.v4.sin_port = 0;
	else if (IN6_IS_ADDR_LINKLOCAL(&addr.v6.sin6_addr) ||
		 IN6_IS_ADDR_LOOPBACK(&addr.v6.sin6_addr))
		return;
	else
		addr.v6.sin6_port = 0;
	for (size_t i = 0; i < o->n; i++)
		if (sg_addr_equal(&o->addr[i], &addr))
			return;
	o->addr[o->n++] = addr;
}

/* What the kernel would send from to the world; nothing is sent. */
static void offer_source(struct offers *o, const char *world)
{
	union sg_addr addr = { 0 };
	socklen_t len = sizeof(addr);
	int fd;

	if (sg_addr_set(&addr, world, 9))
		return;
	fd = socket(addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (!connect(fd, &addr.sa, sg_addr_len(&addr)) &&
	    !getsockname(fd, &addr.sa, &len))
		offer(o, &addr.sa);
	close(fd);
}

static void offer_interfaces(struct offers *o)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && (a->ifa_flags & IFF_UP) &&
		    !(a->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)))
			offer(o, a->ifa_addr);
	freeifaddrs(all);
}

static void command_line(const char *host, long long port)
{
	const char *open = strchr(host, ':') && *host != '[' ? "[" : "";

	printf("  signet pair --accept %s%s%s:%lld\n", open, host,
	       *open ? "]" : "", port);
}

/* The line to run on the other node, for each address it might use. */
static void command_lines(const struct pair *p, long long port)
{
	char host[SG_ADDR_STR_LEN];
	struct offers o = { .n = 0 };

	if (p->address) {
		command_line(p->address, port);
		return;
	}
	offer_source(&o, "192.0.2.1");
	offer_source(&o, "2001:db8::1");
	offer_interfaces(&o);
	for (size_t i = 0; i < o.n; i++) {
		if (i == 1)
			puts("or, by another address of this node:");
		command_line(sg_addr_format_host(&o.addr[i], host), port);
	}
	if (!o.n)
		command_line("ADDRESS-OF-THIS-NODE", port);
}

static int show_code_file(struct pair *p, const char *code)
{
	struct sg_error err = { 0 };
	char line[CODE_MAX + 2];
	int n = snprintf(line, sizeof(line), "%s\n", code), r;

	r = sg_file_create_atomic(p->code_out, 0600, line, n, &err);
	sodium_memzero(line, sizeof(line));
	if (r == -EEXIST)
		return sg_fail(p->t, SG_EXIT_FAILED,
			       "give a file that does "
			       "not exist yet",
			       "%s exists", p->code_out);
	return r ? sg_fail(p->t, SG_EXIT_FAILED, NULL, "%s", err.text)
		 : SG_EXIT_OK;
}

static void show_code(struct pair *p, struct json_object *reply,
		      const char *code)
{
	char buf[SG_HUMAN_LEN];

	if (p->t->json) {
		sg_json_line(stdout, reply);
		return;
	}
	if (p->code_out) {
		printf("The code is in %s.\n", p->code_out);
	} else {
		printf("\n  code:  %s", sg_style(stdout, SG_BOLD));
		sg_put_group(stdout, code, CODE_GROUP);
		printf("%s\n", sg_style(stdout, SG_PLAIN));
	}
	puts("\nRun on the other node, which asks for the code:\n");
	command_lines(p, sg_json_int(reply, "listen"));
	printf("\nThe code is good for one node and %s. Waiting...\n",
	       sg_human_duration(p->timeout, buf));
	fflush(stdout);
}

static void show_peer(struct pair *p, struct json_object *reply)
{
	struct json_object *peer = sg_json_get(reply, "peer");
	const char *name = sg_json_str(peer, "name");

	if (p->t->json) {
		sg_json_line(stdout, reply);
		return;
	}
	printf("%sPaired with %s%s", sg_style(stdout, SG_GOOD), name,
	       sg_style(stdout, SG_PLAIN));
	if (*sg_json_str(peer, "endpoint"))
		printf(" at %s", sg_json_str(peer, "endpoint"));
	printf("\n  identity  %s\n  overlay   %s\n",
	       sg_json_str(peer, "identity"), sg_json_str(peer, "overlay"));
	if (*sg_json_str(reply, "file"))
		printf("  pinned in %s\n", sg_json_str(reply, "file"));
	printf("Try it: signet ping %s\n", name);
	fflush(stdout);
}

static int on_reply(void *ctx, struct json_object *reply)
{
	const char *code = sg_json_str(reply, "code");
	struct pair *p = ctx;
	int r;

	if (sg_json_has(reply, "peer")) {
		p->done = true;
		show_peer(p, reply);
		return SG_EXIT_OK;
	}
	if (!*code)
		return SG_GO_ON;
	if (p->code_out) {
		r = show_code_file(p, code);
		if (r)
			return r;
		json_object_object_del(reply, "code");
		show_code(p, reply, "");
		return SG_GO_ON;
	}
	show_code(p, reply, code);
	return SG_GO_ON;
}

static int wait_for_peer(struct pair *p)
{
	struct json_object *o = json_object_new_object();
	int code;

	if (p->name)
		sg_json_add_str(o, "name", p->name);
	sg_json_add_int(o, "timeout", p->timeout);
	sg_catch_interrupt();
	code = sg_call_more(p->t, "Pair", o, (int)p->timeout + SG_CALL_MS,
			    on_reply, p);
	if (code || p->done)
		return code;
	if (sg_interrupted)
		return sg_fail(p->t, SG_EXIT_FAILED, NULL,
			       "interrupted; the code is void");
	return sg_fail(p->t, SG_EXIT_UNREACHABLE,
		       "run `signet pair` again for "
		       "a new code; the other node must reach this one by UDP",
		       "no node came with the code in time; the code is void");
}

/* What people add so as to read it: spaces and hyphens. */
static void squeeze(char *code)
{
	char *to = code;

	for (char *from = code; *from; from++)
		if (!isspace((unsigned char)*from) && *from != '-')
			*to++ = *from;
	*to = '\0';
}

/* "host", "host:port", "[v6]", "v6" with the usual port where none is given */
static bool with_port(struct sg_tool *t, const char *s, char *out, size_t cap)
{
	char host[SG_HOST_STR_LEN];
	const char *why = "", *colon = strchr(s, ':');
	uint16_t port;
	int n;

	if (*s != '[' && colon && strchr(colon + 1, ':'))
		n = snprintf(out, cap, "[%s]:%d", s, SG_CONFIG_PORT);
	else if (*s == '[' ? !strstr(s, "]:") : !colon)
		n = snprintf(out, cap, "%s:%d", s, SG_CONFIG_PORT);
	else
		n = snprintf(out, cap, "%s", s);
	if (n < (int)cap && !sg_host_port_split(out, host, &port, &why))
		return true;
	sg_usage(t, "--accept %s: %s", s, *why ? why : "too long");
	return false;
}

static int accept_code(struct pair *p)
{
	char code[CODE_MAX], address[SG_HOST_STR_LEN + 8];
	struct json_object *o, *reply;
	int r;

	if (!with_port(p->t, p->accept, address, sizeof(address)))
		return SG_EXIT_USAGE;
	r = p->code_file
		    ? sg_secret_file(p->t, p->code_file, code, sizeof(code))
		    : sg_prompt_line(p->t,
				     "Code shown by the other node: ", code,
				     sizeof(code));
	if (r)
		return r;
	squeeze(code);
	o = json_object_new_object();
	sg_json_add_str(o, "address", address);
	sg_json_add_str(o, "code", code);
	if (p->name)
		sg_json_add_str(o, "name", p->name);
	sodium_memzero(code, sizeof(code));
	r = sg_call(p->t, "PairAccept", o, SG_CALL_SLOW_MS, &reply);
	if (r)
		return r;
	show_peer(p, reply);
	json_object_put(reply);
	return SG_EXIT_OK;
}

static bool one_option(struct pair *p, int c)
{
	switch (c) {
	case 'n':
		p->name = optarg;
		if (sg_config_name_valid(optarg))
			return true;
		sg_usage(p->t,
			 "--name: \"%s\" is not a name: letters, digits, "
			 "\".\", \"_\" and \"-\", at most 63",
			 optarg);
		return false;
	case 't':
		return sg_parse_ms(p->t, "--timeout", optarg, 1000, 3600000,
				   &p->timeout);
	case 'd':
		p->address = optarg;
		return true;
	case 'a':
		p->accept = optarg;
		return true;
	case 'f':
		p->code_file = optarg;
		return true;
	case 'o':
		p->code_out = optarg;
		return true;
	}
	return false;
}

int sg_cmd_pair(struct sg_tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "address", required_argument, NULL, 'd' },
		{ "accept", required_argument, NULL, 'a' },
		{ "code-file", required_argument, NULL, 'f' },
		{ "code-out", required_argument, NULL, 'o' },
		{ 0 }
	};
	struct pair p = { .t = t, .timeout = 300000 };
	int c;

	while ((c = sg_getopt(t, argc, argv, "", options, help)) != -1)
		if (!one_option(&p, c))
			return SG_EXIT_USAGE;
	if (!sg_operands(t, argc, argv, 0, 0))
		return SG_EXIT_USAGE;
	if (p.code_file && !p.accept)
		return sg_usage(t, "--code-file goes with --accept");
	if (p.code_out && p.accept)
		return sg_usage(t, "--code-out goes without --accept");
	return p.accept ? accept_code(&p) : wait_for_peer(&p);
}
