// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The keys of each section, and the kinds of value they take. */
#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_private.h"
#include "common/log.h"

/* Problem with a value: Key "value": what would be right */
#define bad_value(p, key, value, fmt, ...)                           \
	config_problem(p, "%s \"%.100s\": " fmt, (key)->name, value, \
		       ##__VA_ARGS__)

static void *field(const struct sg_config_parse *p,
		   const struct sg_config_key *key)
{
	return (char *)p->target + key->offset;
}

static void set_name(struct sg_config_parse *p, const struct sg_config_key *key,
		     char *value)
{
	if (!sg_config_name_valid(value)) {
		bad_value(p, key, value,
			  "write 1-63 letters, digits, '.', '_' or '-', not "
			  "starting with '.'");
		return;
	}
	strcpy(field(p, key), value);
}

static void set_ifname(struct sg_config_parse *p,
		       const struct sg_config_key *key, char *value)
{
	if (!sg_config_name_valid(value) ||
	    strlen(value) >= SG_CONFIG_IFNAME_LEN) {
		bad_value(p, key, value,
			  "write an interface name of 1-15 letters, digits, "
			  "'.', '_' or '-'");
		return;
	}
	strcpy(field(p, key), value);
}

static void set_bool(struct sg_config_parse *p, const struct sg_config_key *key,
		     char *value)
{
	static const char *const words[2][3] = {
		{ "no", "false", "off" },
		{ "yes", "true", "on" },
	};
	int i;

	for (i = 0; i < 6; i++) {
		if (!strcmp(value, words[i / 3][i % 3])) {
			*(bool *)field(p, key) = i / 3;
			return;
		}
	}
	bad_value(p, key, value, "write yes or no");
}

/* Decimal, or hexadecimal after 0x. */
static bool number(const char *s, uint32_t max, uint32_t *out)
{
	bool hex = s[0] == '0' && s[1] == 'x';
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	const char *start = hex ? s + 2 : s;
	unsigned long long n;

	if (!*start || strlen(start) > 10 ||
	    strspn(start, digits) != strlen(start))
		return false;
	n = strtoull(start, NULL, hex ? 16 : 10);
	if (n > max)
		return false;
	*out = (uint32_t)n;
	return true;
}

static void set_number(struct sg_config_parse *p,
		       const struct sg_config_key *key, char *value)
{
	uint32_t n;

	if (!number(value, key->max, &n) || n < key->min)
		bad_value(p, key, value, "write a number, %u to %u", key->min,
			  key->max);
	else
		*(uint32_t *)field(p, key) = n;
}

static void set_listen(struct sg_config_parse *p,
		       const struct sg_config_key *key, char *value)
{
	struct sg_config *cfg = p->target;
	uint32_t n;

	if (!number(value, 65535, &n))
		bad_value(p, key, value,
			  "port must be 1-65535, or 0 for one that the "
			  "kernel chooses");
	else
		cfg->listen = (uint16_t)n;
}

static void set_mtu(struct sg_config_parse *p, const struct sg_config_key *key,
		    char *value)
{
	struct sg_config *cfg = p->target;
	uint32_t n;

	if (!strcmp(value, "auto"))
		cfg->mtu = 0;
	else if (number(value, 65535, &n) && (!n || n >= 1280))
		cfg->mtu = n;
	else
		bad_value(p, key, value, "write 1280 to 65535, or auto");
}

static void set_datapath(struct sg_config_parse *p,
			 const struct sg_config_key *key, char *value)
{
	struct sg_config *cfg = p->target;

	if (!strcmp(value, "auto"))
		cfg->datapath = SG_CONFIG_DP_AUTO;
	else if (!strcmp(value, "tun"))
		cfg->datapath = SG_CONFIG_DP_TUN;
	else if (!strcmp(value, "kernel"))
		cfg->datapath = SG_CONFIG_DP_KERNEL;
	else
		bad_value(p, key, value, "write auto, kernel or tun");
}

static void set_family(struct sg_config_parse *p,
		       const struct sg_config_key *key, char *value)
{
	struct sg_config *cfg = p->target;

	if (!strcmp(value, "any"))
		cfg->family = SG_CONFIG_FAMILY_ANY;
	else if (!strcmp(value, "ipv4"))
		cfg->family = SG_CONFIG_FAMILY_IPV4;
	else if (!strcmp(value, "ipv6"))
		cfg->family = SG_CONFIG_FAMILY_IPV6;
	else
		bad_value(p, key, value, "write any, ipv4 or ipv6");
}

static void set_loop(struct sg_config_parse *p, const struct sg_config_key *key,
		     char *value)
{
	struct sg_config *cfg = p->target;

	if (!strcmp(value, "auto"))
		cfg->loop = SG_CONFIG_LOOP_AUTO;
	else if (!strcmp(value, "io_uring"))
		cfg->loop = SG_CONFIG_LOOP_URING;
	else if (!strcmp(value, "epoll"))
		cfg->loop = SG_CONFIG_LOOP_EPOLL;
	else
		bad_value(p, key, value, "write auto, io_uring or epoll");
}

static void set_level(struct sg_config_parse *p,
		      const struct sg_config_key *key, char *value)
{
	struct sg_config *cfg = p->target;
	int level = sg_log_level_parse(value);

	if (level < 0)
		bad_value(p, key, value,
			  "write error, warning, notice, info or debug");
	else
		cfg->log_level = level;
}

/* The next of a list separated by commas, white space stripped. */
static char *next_item(char **rest)
{
	char *item, *end;

	if (!*rest)
		return NULL;
	item = strsep(rest, ",");
	item += strspn(item, " \t");
	end = item + strlen(item);
	while (end > item && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	return item;
}

static bool parse_prefix(struct sg_config_parse *p,
			 const struct sg_config_key *key, const char *item,
			 struct sg_prefix *prefix)
{
	int r = sg_prefix_parse(item, prefix);

	if (!r)
		return true;
	if (r == -ERANGE)
		bad_value(p, key, item,
			  "the length after / must be 0-32 for IPv4, 0-128 "
			  "for IPv6");
	else
		bad_value(p, key, item,
			  "write addresses as 10.0.0.0/8 or fd00::/8, "
			  "separated by commas");
	return false;
}

static bool append_prefix(struct sg_config_parse *p, struct sg_prefix **list,
			  size_t *n, const struct sg_prefix *prefix)
{
	struct sg_prefix *grown;

	/* Powers of two; libc rounds up in the same way. */
	if (!(*n & (*n - 1))) {
		grown = reallocarray(*list, *n ? *n * 2 : 1, sizeof(*grown));
		if (!grown) {
			p->no_memory = true;
			return false;
		}
		*list = grown;
	}
	(*list)[(*n)++] = *prefix;
	return true;
}

static void set_addresses(struct sg_config_parse *p,
			  const struct sg_config_key *key, char *value)
{
	struct sg_config *cfg = p->target;
	struct sg_prefix a;
	char *item;

	while ((item = next_item(&value)) != NULL) {
		if (!parse_prefix(p, key, item, &a))
			continue;
		if (cfg->n_addresses == SG_CONFIG_ADDRESSES_MAX) {
			config_problem(p, "%s: at most %d are possible",
				       key->name, SG_CONFIG_ADDRESSES_MAX);
			return;
		}
		if (!a.len || (a.family == AF_INET && a.addr[0] >= 224) ||
		    (a.family == AF_INET6 && a.addr[0] == 0xff))
			bad_value(p, key, item,
				  "write an address of this node and the "
				  "length of its network");
		else if (!append_prefix(p, &cfg->addresses, &cfg->n_addresses,
					&a))
			return;
	}
}

static void set_prefixes(struct sg_config_parse *p,
			 const struct sg_config_key *key, char *value)
{
	struct sg_config_peer *peer = p->target;
	char text[SG_PREFIX_STR_LEN], *item;
	struct sg_prefix a;

	while ((item = next_item(&value)) != NULL) {
		if (!parse_prefix(p, key, item, &a))
			continue;
		if (peer->n_prefixes == SG_CONFIG_PREFIXES_MAX) {
			config_problem(p, "%s: a peer may have at most %d",
				       key->name, SG_CONFIG_PREFIXES_MAX);
			return;
		}
		if (!sg_prefix_is_network(&a)) {
			sg_prefix_mask(&a);
			bad_value(p, key, item,
				  "bits after the length are set: write %s",
				  sg_prefix_format(&a, text));
		} else if (!append_prefix(p, &peer->prefixes, &peer->n_prefixes,
					  &a)) {
			return;
		}
	}
}

static void set_identity(struct sg_config_parse *p,
			 const struct sg_config_key *key, char *value)
{
	struct sg_config_peer *peer = p->target;

	if (signet_id_parse(value, &peer->id) ||
	    sodium_is_zero(peer->id.b, sizeof(peer->id.b))) {
		memset(&peer->id, 0, sizeof(peer->id));
		bad_value(p, key, value,
			  "not a whole identifier (%zu characters, the last "
			  "ones a checksum): copy what \"signet identity "
			  "show\" prints there",
			  (size_t)SIGNET_ID_STR_LEN - 1);
	}
}

static void set_static_key(struct sg_config_parse *p,
			   const struct sg_config_key *key, char *value)
{
	struct sg_config_peer *peer = p->target;
	size_t n = 0;

	/* A public key, but it is easily mistaken for a secret: not echoed. */
	if (sodium_base642bin(peer->static_key, sizeof(peer->static_key), value,
			      strlen(value), NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    n != sizeof(peer->static_key) ||
	    sodium_is_zero(peer->static_key, sizeof(peer->static_key)))
		config_problem(p,
			       "%s: write 32 bytes in base64, 44 characters "
			       "that end with \"=\"",
			       key->name);
	else
		peer->has_static = true;
}

static void add_endpoint(struct sg_config_parse *p,
			 const struct sg_config_key *key, const char *item)
{
	struct sg_config_peer *peer = p->target;
	struct sg_config_endpoint *e;
	char host[SG_HOST_STR_LEN];
	const char *why;
	uint16_t port;

	if (sg_host_port_split(item, host, &port, &why)) {
		bad_value(p, key, item, "%s", why);
		return;
	}
	if (peer->n_endpoints == SG_CONFIG_ENDPOINTS_MAX) {
		bad_value(p, key, item, "a peer may have at most %d",
			  SG_CONFIG_ENDPOINTS_MAX);
		return;
	}
	e = reallocarray(peer->endpoints, peer->n_endpoints + 1, sizeof(*e));
	if (!e) {
		p->no_memory = true;
		return;
	}
	peer->endpoints = e;
	e += peer->n_endpoints;
	e->port = port;
	e->host = strdup(host);
	if (e->host)
		peer->n_endpoints++;
	else
		p->no_memory = true;
}

static void set_endpoint(struct sg_config_parse *p,
			 const struct sg_config_key *key, char *value)
{
	char *item;

	while ((item = next_item(&value)) != NULL)
		add_endpoint(p, key, item);
}

/* Return: room for one more item, or NULL, which has been told */
static struct sg_config_allow *allow_grow(struct sg_config_parse *p,
					  const struct sg_config_key *key,
					  struct sg_config_peer *peer)
{
	struct sg_config_allow *grown;
	size_t n = peer->n_allow;

	if (n == SG_CONFIG_ALLOW_MAX) {
		config_problem(p, "%s: a peer may have at most %d items",
			       key->name, SG_CONFIG_ALLOW_MAX);
		return NULL;
	}
	if (n & (n - 1))
		return &peer->allow[n];
	grown = reallocarray(peer->allow, n ? n * 2 : 1, sizeof(*grown));
	if (!grown) {
		p->no_memory = true;
		return NULL;
	}
	peer->allow = grown;
	return &grown[n];
}

static void set_allow(struct sg_config_parse *p,
		      const struct sg_config_key *key, char *value)
{
	struct sg_config_peer *peer = p->target;
	struct sg_config_allow *allow;
	struct signet_allow item;
	const char *why;
	char *text;

	while ((text = next_item(&value)) != NULL) {
		if (signet_allow_parse(text, &item, &why)) {
			bad_value(p, key, text, "%s", why);
			continue;
		}
		allow = allow_grow(p, key, peer);
		if (!allow)
			return;
		allow->item = item;
		allow->line = p->line;
		peer->n_allow++;
	}
}

static void set_keepalive(struct sg_config_parse *p,
			  const struct sg_config_key *key, char *value)
{
	struct sg_config_peer *peer = p->target;
	size_t len = strlen(value);
	char digits[8];
	uint32_t n;

	if (!strcmp(value, "off")) {
		peer->keepalive = 0;
		return;
	}
	if (len && value[len - 1] == 's')
		len--;
	if (len < sizeof(digits)) {
		memcpy(digits, value, len);
		digits[len] = 0;
		if (number(digits, 3600, &n) && n) {
			peer->keepalive = n;
			return;
		}
	}
	bad_value(p, key, value, "write 1s to 3600s, or off");
}

static void set_expose_listen(struct sg_config_parse *p,
			      const struct sg_config_key *key, char *value)
{
	struct sg_config_expose *e = p->target;
	uint32_t n;

	if (!strncmp(value, "tcp/", 4))
		e->proto = IPPROTO_TCP;
	else if (!strncmp(value, "udp/", 4))
		e->proto = IPPROTO_UDP;
	if (!e->proto || !number(value + 4, 65535, &n) || !n)
		bad_value(p, key, value,
			  "write tcp/PORT or udp/PORT, a port from 1 to "
			  "65535");
	else
		e->port = (uint16_t)n;
}

static void set_expose_to(struct sg_config_parse *p,
			  const struct sg_config_key *key, char *value)
{
	struct sg_config_expose *e = p->target;

	if (sg_addr_parse(value, &e->to))
		bad_value(p, key, value,
			  "write the device's address and port, as "
			  "192.168.1.50:9999 or [fd00::50]:9999");
}

#define KEY(key, setter, ...) { .name = key, .set = setter, ##__VA_ARGS__ }
#define NODE(f)		      .offset = offsetof(struct sg_config, f)
#define LIMIT(f)	      .offset = offsetof(struct sg_config_limits, f)
#define RANGE(lo, hi)	      .min = lo, .max = hi

static const struct sg_config_key node_keys[] = {
	KEY("Name", set_name, NODE(name)),
	KEY("Listen", set_listen),
	KEY("DataPath", set_datapath),
	KEY("Address", set_addresses, .list = true),
	KEY("Routes", set_bool, NODE(routes)),
	KEY("Interface", set_ifname, NODE(ifname)),
	KEY("MTU", set_mtu),
	KEY("Workers", set_number, NODE(workers), RANGE(0, 256)),
	KEY("FirstContact", set_bool, NODE(first_contact)),
	KEY("AutoUp", set_bool, NODE(auto_up)),
	KEY("Mark", set_number, NODE(mark), RANGE(0, UINT32_MAX)),
	KEY("Family", set_family),
	KEY("Loop", set_loop),
};

static const struct sg_config_key peer_keys[] = {
	KEY("Identity", set_identity, .required = true),
	KEY("StaticKey", set_static_key),
	KEY("Endpoint", set_endpoint, .list = true),
	KEY("Prefixes", set_prefixes, .list = true),
	KEY("Keepalive", set_keepalive),
	KEY("Allow", set_allow, .list = true),
};

static const struct sg_config_key expose_keys[] = {
	KEY("Listen", set_expose_listen, .required = true),
	KEY("To", set_expose_to, .required = true),
};

static const struct sg_config_key log_keys[] = {
	KEY("Level", set_level),
	KEY("Json", set_bool, NODE(log_json)),
};

static const struct sg_config_key limit_keys[] = {
	KEY("MaxPeers", set_number, LIMIT(max_peers),
	    RANGE(1, SG_CONFIG_PEERS_MAX)),
	KEY("HandshakesPerSecond", set_number, LIMIT(handshakes_per_second),
	    RANGE(1, 1000000)),
	KEY("LoadThreshold", set_number, LIMIT(load_threshold),
	    RANGE(0, 1000000)),
	KEY("PrefixRate", set_number, LIMIT(prefix_rate), RANGE(1, 1000000)),
	KEY("PrefixBurst", set_number, LIMIT(prefix_burst), RANGE(1, 1000000)),
	KEY("MaxPending", set_number, LIMIT(max_pending), RANGE(1, 65536)),
	KEY("StrangerEvents", set_number, LIMIT(stranger_events),
	    RANGE(0, 10000)),
	KEY("RekeyAfter", set_number, LIMIT(rekey_after), RANGE(1, 120)),
};

#define SECTION(text, what, k) \
	{ .name = text,        \
	  .kind = what,        \
	  .keys = k,           \
	  .n_keys = sizeof(k) / sizeof((k)[0]) }
#define LATER(text) { .name = text, .kind = SG_SECTION_LATER }

const struct sg_config_section sg_config_sections[] = {
	SECTION("Node", SG_SECTION_NODE, node_keys),
	SECTION("Peer", SG_SECTION_PEER, peer_keys),
	SECTION("Expose", SG_SECTION_EXPOSE, expose_keys),
	SECTION("Log", SG_SECTION_NODE, log_keys),
	SECTION("Limits", SG_SECTION_LIMITS, limit_keys),
	{ .name = "Gate",
	  .kind = SG_SECTION_GATE,
	  .keys = sg_config_gate_keys,
	  .n_keys = SG_CONFIG_GATE_KEYS },
	LATER("Relay"),
	LATER("Authority"),
	LATER("Trust"),
	LATER("Policy"),
	LATER("Mailbox"),
	LATER("MQTT"),
};
const size_t sg_config_n_sections =
	sizeof(sg_config_sections) / sizeof(sg_config_sections[0]);

_Static_assert(sizeof(sg_config_sections) / sizeof(sg_config_sections[0]) <=
		       SG_CONFIG_SECTIONS,
	       "place for each section");
_Static_assert(sizeof(node_keys) / sizeof(node_keys[0]) <= SG_CONFIG_KEYS,
	       "place for each key");
