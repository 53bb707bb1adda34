/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* signet peer: the files in peers.d. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "client.h"
#include "common/error.h"
#include "config.h"
#include "human.h"
#include "identity.h"
#include "json.h"
#include "peer.h"

static const char help[] =
	"Usage: signet peer COMMAND [ARGUMENT]...\n"
	"Which identities this node accepts. Each is a file "
	"peers.d/NAME.conf.\n\n"
	"  add      accept one more\n"
	"  set      change its settings\n"
	"  remove   accept it no longer; its channel and keys go at once\n\n"
	"Example:\n"
	"  signet peer add gw --identity sg1... --endpoint gw.example:51900\n";

static const char change_help[] =
	"Usage: signet peer add NAME --identity sg1... [OPTION]...\n"
	"       signet peer set PEER [OPTION]...\n"
	"Write peers.d/NAME.conf, and let a running agent use it at once. "
	"Nothing is\n"
	"changed where the configuration would not be good afterwards.\n\n"
	"      --identity ID       its identifier, as `signet identity show` "
	"prints it\n"
	"      --endpoint H:P,...  where it listens, up to 4; none: it comes "
	"to us\n"
	"      --static-key B64    its static key, where known\n"
	"      --prefixes P,...    addresses behind it, that it may send "
	"from\n"
	"      --allow A,...       what it may begin here, for instance\n"
	"                          tcp/5432,icmp; none; '': everything\n"
	"      --keepalive T       for instance 25s; 0: none\n\n"
	"With set, an empty value (--endpoint '') clears a setting.\n\n"
	"Example:\n"
	"  signet peer set gw --prefixes 10.77.0.2/32 --keepalive 25s\n";

static const char remove_help[] =
	"Usage: signet peer remove PEER\n"
	"Remove peers.d/NAME.conf; a running agent drops the peer's channel "
	"and keys at\n"
	"once.\n\n"
	"Example:\n"
	"  signet peer remove gw\n";

enum {
	SET_ID = 1,
	SET_ENDPOINT = 2,
	SET_STATIC = 4,
	SET_PREFIXES = 8,
	SET_KEEPALIVE = 16,
	SET_ALLOW = 32,
};

static bool parse_static(struct sg_tool *t, struct sg_config_peer *p,
			 const char *s)
{
	size_t len;

	p->has_static = *s;
	if (!*s)
		return true;
	if (!sodium_base642bin(p->static_key, 32, s, strlen(s), NULL, &len,
			       NULL, sodium_base64_VARIANT_ORIGINAL) &&
	    len == 32)
		return true;
	sg_usage(t, "--static-key: \"%s\" is not the base64 of 32 bytes", s);
	return false;
}

static bool parse_endpoints(struct sg_tool *t, struct sg_config_peer *p,
			    char *s)
{
	char host[SG_HOST_STR_LEN], *save;
	const char *why = "";

	sg_peer_clear_endpoints(p);
	for (char *e = strtok_r(s, ", ", &save); e;
	     e = strtok_r(NULL, ", ", &save)) {
		uint16_t port;

		if (sg_host_port_split(e, host, &port, &why)) {
			sg_usage(t, "--endpoint %s: %s", e, why);
			return false;
		}
		if (sg_peer_add_endpoint(p, host, port)) {
			sg_usage(t, "--endpoint: more than %d",
				 SG_CONFIG_ENDPOINTS_MAX);
			return false;
		}
	}
	return true;
}

static bool parse_prefixes(struct sg_tool *t, struct sg_config_peer *p, char *s)
{
	char *save;

	sg_peer_clear_prefixes(p);
	for (char *e = strtok_r(s, ", ", &save); e;
	     e = strtok_r(NULL, ", ", &save)) {
		struct sg_prefix prefix;

		if (sg_prefix_parse(e, &prefix)) {
			sg_usage(t,
				 "--prefixes: \"%s\" is not an address "
				 "with a length, for instance 10.0.0.0/8",
				 e);
			return false;
		}
		if (!sg_prefix_is_network(&prefix)) {
			char good[SG_PREFIX_STR_LEN];

			sg_prefix_mask(&prefix);
			sg_usage(t,
				 "--prefixes: \"%s\" has bits below its "
				 "length set: did you mean %s?",
				 e, sg_prefix_format(&prefix, good));
			return false;
		}
		if (sg_peer_add_prefix(p, &prefix)) {
			sg_usage(t, "--prefixes: more than %d",
				 SG_CONFIG_PREFIXES_MAX);
			return false;
		}
	}
	return true;
}

static bool parse_allow(struct sg_tool *t, struct sg_config_peer *p, char *s)
{
	struct signet_allow item;
	const char *why;
	char *save;

	sg_peer_clear_allow(p);
	for (char *e = strtok_r(s, ", ", &save); e;
	     e = strtok_r(NULL, ", ", &save)) {
		if (signet_allow_parse(e, &item, &why)) {
			sg_usage(t, "--allow: \"%s\": %s", e, why);
			return false;
		}
		if (sg_peer_add_allow(p, &item)) {
			sg_usage(t, "--allow: more than %d",
				 SG_CONFIG_ALLOW_MAX);
			return false;
		}
	}
	return true;
}

static bool one_option(struct sg_tool *t, struct sg_config_peer *p, int c)
{
	uint64_t ms;

	switch (c) {
	case SET_ID:
		if (!signet_id_parse(optarg, &p->id))
			return true;
		sg_usage(t,
			 "--identity: \"%s\" is not an identifier (sg1 and "
			 "58 characters, with a checksum that fits)",
			 optarg);
		return false;
	case SET_ENDPOINT:
		return parse_endpoints(t, p, optarg);
	case SET_STATIC:
		return parse_static(t, p, optarg);
	case SET_PREFIXES:
		return parse_prefixes(t, p, optarg);
	case SET_ALLOW:
		return parse_allow(t, p, optarg);
	case SET_KEEPALIVE:
		if (!sg_parse_ms(t, "--keepalive", *optarg ? optarg : "0", 0,
				 3600000, &ms))
			return false;
		p->keepalive = (ms + 999) / 1000;
		return true;
	}
	return false;
}

/* Return: mask of what was set, or -1 after a usage error. */
static int read_options(struct sg_tool *t, int argc, char **argv,
			struct sg_config_peer *p)
{
	static const struct option options[] = {
		{ "identity", required_argument, NULL, SET_ID },
		{ "endpoint", required_argument, NULL, SET_ENDPOINT },
		{ "static-key", required_argument, NULL, SET_STATIC },
		{ "prefixes", required_argument, NULL, SET_PREFIXES },
		{ "allow", required_argument, NULL, SET_ALLOW },
		{ "keepalive", required_argument, NULL, SET_KEEPALIVE },
		{ 0 }
	};
	int c, set = 0;

	while ((c = sg_getopt(t, argc, argv, "", options, change_help)) != -1) {
		if (!one_option(t, p, c))
			return -1;
		set |= c;
	}
	return sg_operands(t, argc, argv, 1, 1) ? set : -1;
}

static int add(struct sg_tool *t, int argc, char **argv)
{
	struct sg_config_peer p = { 0 };
	int set = read_options(t, argc, argv, &p), code = SG_EXIT_USAGE;

	if (set < 0)
		goto cleanup;
	if (!(set & SET_ID)) {
		sg_usage(t, "--identity is missing: `signet identity show` on "
			    "the other node prints it");
		goto cleanup;
	}
	if (!sg_config_name_valid(argv[optind])) {
		sg_usage(t,
			 "\"%s\" is not a name: letters, digits, \".\", "
			 "\"_\" and \"-\", at most 63",
			 argv[optind]);
		goto cleanup;
	}
	snprintf(p.name, sizeof(p.name), "%s", argv[optind]);
	code = sg_peer_write(t, &p, false);
cleanup:
	sg_peer_clear(&p);
	return code;
}

/* What was given replaces what was there; the rest stays. */
static int merge(struct sg_config_peer *p, const struct sg_config_peer *old,
		 int set)
{
	int r = 0;

	memcpy(p->name, old->name, sizeof(p->name));
	if (!(set & SET_ID))
		p->id = old->id;
	if (!(set & SET_STATIC)) {
		p->has_static = old->has_static;
		memcpy(p->static_key, old->static_key, 32);
	}
	if (!(set & SET_KEEPALIVE))
		p->keepalive = old->keepalive;
	for (size_t i = 0; !(set & SET_ENDPOINT) && i < old->n_endpoints; i++)
		r |= sg_peer_add_endpoint(p, old->endpoints[i].host,
					  old->endpoints[i].port);
	for (size_t i = 0; !(set & SET_PREFIXES) && i < old->n_prefixes; i++)
		r |= sg_peer_add_prefix(p, &old->prefixes[i]);
	for (size_t i = 0; !(set & SET_ALLOW) && i < old->n_allow; i++)
		r |= sg_peer_add_allow(p, &old->allow[i].item);
	return r;
}

static int set_peer(struct sg_tool *t, int argc, char **argv)
{
	const struct sg_config_peer *old;
	struct sg_config_peer p = { 0 };
	struct sg_config *cfg = NULL;
	int set = read_options(t, argc, argv, &p), code = SG_EXIT_USAGE;

	if (set < 0)
		goto cleanup;
	if (!set) {
		sg_usage(t, "nothing to set is given");
		goto cleanup;
	}
	code = sg_peer_find(t, argv[optind], &cfg, &old);
	if (code)
		goto cleanup;
	if (merge(&p, old, set))
		code = sg_fail(t, SG_EXIT_FAILED, NULL, "out of memory");
	else
		code = sg_peer_write(t, &p, true);
cleanup:
	sg_peer_clear(&p);
	sg_config_free(cfg);
	return code;
}

static int remove_peer(struct sg_tool *t, int argc, char **argv)
{
	const struct sg_config_peer *old;
	struct sg_config *cfg = NULL;
	int code;

	if (sg_getopt(t, argc, argv, "", NULL, remove_help) != -1 ||
	    !sg_operands(t, argc, argv, 1, 1))
		return SG_EXIT_USAGE;
	code = sg_peer_find(t, argv[optind], &cfg, &old);
	if (!code)
		code = sg_peer_remove(t, old);
	sg_config_free(cfg);
	return code;
}

int sg_cmd_peer(struct sg_tool *t, int argc, char **argv)
{
	static const struct sg_command commands[] = { { "add", add, "" },
						      { "set", set_peer, "" },
						      { "remove", remove_peer,
							"" },
						      { 0 } };

	return sg_subcommand(t, argc, argv, commands, "peer command", help,
			     "add, set or remove?");
}
