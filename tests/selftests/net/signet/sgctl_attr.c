// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attributes of the family signet by name, as text. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sgctl.h"

static const char *const directions[] = { "receive", "transmit", NULL };
static const char *const ciphers[] = { "", "chacha20-poly1305", "aes-256-gcm",
				       NULL };
static const char *const dfs[] = { "set", "unset", "inherit", NULL };
static const char *const reasons[] = { "", "time", "frames", "failures", NULL };

static const struct attr module[] = {
	{ "version", SIGNET_A_MODULE_VERSION, TEXT },
	{ "wire-version", SIGNET_A_MODULE_WIRE_VERSION, U32 },
	{ "abi", SIGNET_A_MODULE_ABI, U32 },
	{ "lanes-max", SIGNET_A_MODULE_LANES_MAX, U32 },
	{ "ciphers", SIGNET_A_MODULE_CIPHERS, U32 },
	{ 0 }
};

static const struct attr limits[] = {
	{ "peers", SIGNET_A_LIMITS_PEERS, U32 },
	{ "channels", SIGNET_A_LIMITS_CHANNELS, U32 },
	{ "prefixes", SIGNET_A_LIMITS_PREFIXES, U32 },
	{ "queue-bytes", SIGNET_A_LIMITS_QUEUE_BYTES, U32 },
	{ 0 }
};

static const struct attr dev[] = {
	{ "ifindex", SIGNET_A_DEV_IFINDEX, U32 },
	{ "ifname", SIGNET_A_DEV_IFNAME, TEXT },
	{ "sock4-fd", SIGNET_A_DEV_SOCK4_FD, S32 },
	{ "sock6-fd", SIGNET_A_DEV_SOCK6_FD, S32 },
	{ "port4", SIGNET_A_DEV_PORT4, U16 },
	{ "port6", SIGNET_A_DEV_PORT6, U16 },
	{ "limits", SIGNET_A_DEV_LIMITS, NEST, limits },
	{ "generation", SIGNET_A_DEV_GENERATION, U32 },
	{ "peers", SIGNET_A_DEV_PEERS, U32 },
	{ "channels", SIGNET_A_DEV_CHANNELS, U32 },
	{ "keys", SIGNET_A_DEV_KEYS, U32 },
	{ 0 }
};

static const struct attr path[] = {
	{ "tx-label", SIGNET_A_PATH_TX_LABEL, U32 },
	{ "tx-hop-key", SIGNET_A_PATH_TX_HOP_KEY, BYTES },
	{ "remote", SIGNET_A_PATH_REMOTE, ADDRESS },
	{ "remote-port", SIGNET_A_PATH_REMOTE_PORT, BE16 },
	{ "scope-id", SIGNET_A_PATH_SCOPE_ID, U32 },
	{ "local", SIGNET_A_PATH_LOCAL, ADDRESS },
	{ "generation", SIGNET_A_PATH_GENERATION, U32 },
	{ 0 }
};

static const struct attr prefix[] = {
	{ "address", SIGNET_A_PREFIX_ADDRESS, ADDRESS },
	{ "length", SIGNET_A_PREFIX_LENGTH, U8 },
	{ "remove", SIGNET_A_PREFIX_REMOVE, FLAG },
	{ "move", SIGNET_A_PREFIX_MOVE, FLAG },
	{ 0 }
};

static const struct attr counters[] = {
	{ "rx-packets", SIGNET_A_COUNTERS_RX_PACKETS, UINT },
	{ "rx-bytes", SIGNET_A_COUNTERS_RX_BYTES, UINT },
	{ "tx-packets", SIGNET_A_COUNTERS_TX_PACKETS, UINT },
	{ "tx-bytes", SIGNET_A_COUNTERS_TX_BYTES, UINT },
	{ "rx-last", SIGNET_A_COUNTERS_RX_LAST, UINT },
	{ "tx-last", SIGNET_A_COUNTERS_TX_LAST, UINT },
	{ "aead-failures", SIGNET_A_COUNTERS_AEAD_FAILURES, UINT },
	{ 0 }
};

static const struct attr peer[] = {
	{ "ifindex", SIGNET_A_PEER_IFINDEX, U32 },
	{ "id", SIGNET_A_PEER_ID, U32 },
	{ "prefix", SIGNET_A_PEER_PREFIX, PREFIX, prefix },
	{ "replace-prefixes", SIGNET_A_PEER_REPLACE_PREFIXES, FLAG },
	{ "tx-channel", SIGNET_A_PEER_TX_CHANNEL, U32 },
	{ "df", SIGNET_A_PEER_DF, WORD, NULL, dfs },
	{ "tos", SIGNET_A_PEER_TOS, U8 },
	{ "mark", SIGNET_A_PEER_MARK, U32 },
	{ "counters", SIGNET_A_PEER_COUNTERS, NEST, counters },
	{ "waiting", SIGNET_A_PEER_WAITING, U32 },
	{ 0 }
};

static const struct attr channel[] = {
	{ "ifindex", SIGNET_A_CHANNEL_IFINDEX, U32 },
	{ "id", SIGNET_A_CHANNEL_ID, U32 },
	{ "peer", SIGNET_A_CHANNEL_PEER, U32 },
	{ "path", SIGNET_A_CHANNEL_PATH, NEST, path },
	{ "tx-lanes", SIGNET_A_CHANNEL_TX_LANES, U8 },
	{ "rx-lanes", SIGNET_A_CHANNEL_RX_LANES, U8 },
	{ "watch", SIGNET_A_CHANNEL_WATCH, FLAG },
	{ "take-over", SIGNET_A_CHANNEL_TAKE_OVER, FLAG },
	{ "counters", SIGNET_A_CHANNEL_COUNTERS, NEST, counters },
	{ 0 }
};

static const struct attr label[] = {
	{ "ifindex", SIGNET_A_LABEL_IFINDEX, U32 },
	{ "label", SIGNET_A_LABEL_LABEL, U32 },
	{ "hop-key", SIGNET_A_LABEL_HOP_KEY, BYTES },
	{ "channel", SIGNET_A_LABEL_CHANNEL, U32 },
	{ "forward", SIGNET_A_LABEL_FORWARD, NEST, path },
	{ "expiry-ms", SIGNET_A_LABEL_EXPIRY_MS, UINT },
	{ 0 }
};

static const struct attr lane[] = { { "lane", SIGNET_A_LANE_LANE, U8 },
				    { "frames", SIGNET_A_LANE_FRAMES, UINT },
				    { 0 } };

static const struct attr key[] = {
	{ "ifindex", SIGNET_A_KEY_IFINDEX, U32 },
	{ "channel", SIGNET_A_KEY_CHANNEL, U32 },
	{ "key-id", SIGNET_A_KEY_KEY_ID, U8 },
	{ "direction", SIGNET_A_KEY_DIRECTION, WORD, NULL, directions },
	{ "cipher", SIGNET_A_KEY_CIPHER, WORD, NULL, ciphers },
	{ "key", SIGNET_A_KEY_KEY, BYTES },
	{ "soft-ms", SIGNET_A_KEY_SOFT_MS, UINT },
	{ "hard-ms", SIGNET_A_KEY_HARD_MS, UINT },
	{ "soft-frames", SIGNET_A_KEY_SOFT_FRAMES, UINT },
	{ "hard-frames", SIGNET_A_KEY_HARD_FRAMES, UINT },
	{ "active", SIGNET_A_KEY_ACTIVE, FLAG },
	{ "age-ms", SIGNET_A_KEY_AGE_MS, UINT },
	{ "lane", SIGNET_A_KEY_LANE, NEST, lane },
	{ "failures", SIGNET_A_KEY_FAILURES, UINT },
	{ 0 }
};

static const struct attr reason[] = { { "reason", SIGNET_A_REASON_REASON, U32 },
				      { "count", SIGNET_A_REASON_COUNT, UINT },
				      { 0 } };

static const struct attr stats[] = { { "ifindex", SIGNET_A_STATS_IFINDEX, U32 },
				     { "peer", SIGNET_A_STATS_PEER, U32 },
				     { "reason", SIGNET_A_STATS_REASON, NEST,
				       reason },
				     { 0 } };

static const struct attr event[] = {
	{ "ifindex", SIGNET_A_EVENT_IFINDEX, U32 },
	{ "peer", SIGNET_A_EVENT_PEER, U32 },
	{ "channel", SIGNET_A_EVENT_CHANNEL, U32 },
	{ "key-id", SIGNET_A_EVENT_KEY_ID, U8 },
	{ "direction", SIGNET_A_EVENT_DIRECTION, WORD, NULL, directions },
	{ "reason", SIGNET_A_EVENT_REASON, WORD, NULL, reasons },
	{ "remote", SIGNET_A_EVENT_REMOTE, ADDRESS },
	{ "remote-port", SIGNET_A_EVENT_REMOTE_PORT, BE16 },
	{ "scope-id", SIGNET_A_EVENT_SCOPE_ID, U32 },
	{ "local", SIGNET_A_EVENT_LOCAL, ADDRESS },
	{ "generation", SIGNET_A_EVENT_GENERATION, U32 },
	{ "mtu", SIGNET_A_EVENT_MTU, U32 },
	{ "family", SIGNET_A_EVENT_FAMILY, U32 },
	{ 0 }
};

const struct op ops[] = { { "module-get", SIGNET_CMD_MODULE_GET, module },
			  { "dev-get", SIGNET_CMD_DEV_GET, dev },
			  { "dev-set", SIGNET_CMD_DEV_SET, dev },
			  { "peer-new", SIGNET_CMD_PEER_NEW, peer },
			  { "peer-set", SIGNET_CMD_PEER_SET, peer },
			  { "peer-get", SIGNET_CMD_PEER_GET, peer },
			  { "peer-del", SIGNET_CMD_PEER_DEL, peer },
			  { "channel-new", SIGNET_CMD_CHANNEL_NEW, channel },
			  { "channel-set", SIGNET_CMD_CHANNEL_SET, channel },
			  { "channel-get", SIGNET_CMD_CHANNEL_GET, channel },
			  { "channel-del", SIGNET_CMD_CHANNEL_DEL, channel },
			  { "channel-keepalive", SIGNET_CMD_CHANNEL_KEEPALIVE,
			    channel },
			  { "label-new", SIGNET_CMD_LABEL_NEW, label },
			  { "label-get", SIGNET_CMD_LABEL_GET, label },
			  { "label-del", SIGNET_CMD_LABEL_DEL, label },
			  { "key-new", SIGNET_CMD_KEY_NEW, key },
			  { "key-swap", SIGNET_CMD_KEY_SWAP, key },
			  { "key-get", SIGNET_CMD_KEY_GET, key },
			  { "key-del", SIGNET_CMD_KEY_DEL, key },
			  { "stats-get", SIGNET_CMD_STATS_GET, stats },
			  { 0 } };

const struct op events[] = {
	{ "rekey-wanted", SIGNET_CMD_REKEY_WANTED_NTF, event },
	{ "endpoint-seen", SIGNET_CMD_ENDPOINT_SEEN_NTF, event },
	{ "key-confirmed", SIGNET_CMD_KEY_CONFIRMED_NTF, event },
	{ "key-expired", SIGNET_CMD_KEY_EXPIRED_NTF, event },
	{ "channel-wanted", SIGNET_CMD_CHANNEL_WANTED_NTF, event },
	{ "channel-active", SIGNET_CMD_CHANNEL_ACTIVE_NTF, event },
	{ "peer-del", SIGNET_CMD_PEER_DEL_NTF, event },
	{ "socket-lost", SIGNET_CMD_SOCKET_LOST_NTF, event },
	{ "pmtu", SIGNET_CMD_PMTU_NTF, event },
	{ 0 }
};

void bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("sgctl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

void put(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len),
			    .nla_type = type };

	if (m->len + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(m->data))
		bad("the request is too long");
	memcpy(m->data + m->len, &a, sizeof(a));
	memcpy(m->data + m->len + NLA_HDRLEN, data, len);
	memset(m->data + m->len + NLA_HDRLEN + len, 0, NLA_ALIGN(len) - len);
	m->len += NLA_HDRLEN + NLA_ALIGN(len);
}

static void put_hex(struct message *m, uint16_t type, const char *s)
{
	uint8_t bytes[256];
	size_t n = 0;

	for (; s[0] && s[1] && n < sizeof(bytes); s += 2)
		if (sscanf(s, "%2hhx", &bytes[n++]) != 1)
			bad("not hexadecimal: %s", s);
	if (*s)
		bad("not whole bytes: %s", s);
	put(m, type, bytes, n);
}

static size_t parse_address(const char *s, uint8_t out[16])
{
	if (inet_pton(AF_INET, s, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, s, out) == 1)
		return 16;
	bad("not an address: %s", s);
}

static void put_prefix(struct message *m, uint16_t type, const char *s)
{
	struct message *nest = calloc(1, sizeof(*nest));
	const char *slash, *colon = strchr(s, ':');
	uint8_t addr[16], length;
	char host[64];
	bool remove, move;
	size_t n;

	remove = !strncmp(s, "remove:", 7);
	move = !strncmp(s, "move:", 5);
	if (remove || move)
		s = colon + 1;
	slash = strchr(s, '/');
	if (!nest || !slash)
		bad("a prefix without a length: %s", s);
	snprintf(host, sizeof(host), "%.*s", (int)(slash - s), s);
	n = parse_address(host, addr);
	length = (uint8_t)strtoul(slash + 1, NULL, 10);
	put(nest, SIGNET_A_PREFIX_ADDRESS, addr, n);
	put(nest, SIGNET_A_PREFIX_LENGTH, &length, 1);
	if (remove)
		put(nest, SIGNET_A_PREFIX_REMOVE, NULL, 0);
	if (move)
		put(nest, SIGNET_A_PREFIX_MOVE, NULL, 0);
	put(m, type | NLA_F_NESTED, nest->data, nest->len);
	free(nest);
}

static void put_number(struct message *m, const struct attr *a, const char *s)
{
	uint64_t v = strtoull(s, NULL, 0);
	uint16_t be = htons((uint16_t)v);
	/* little-endian machines only differ in the length */
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	switch (a->kind) {
	case U8:
		return put(m, a->type, &v8, 1);
	case U16:
		return put(m, a->type, &v16, 2);
	case BE16:
		return put(m, a->type, &be, 2);
	case UINT:
		if (v > UINT32_MAX)
			return put(m, a->type, &v, 8);
	/* fall through */
	default:
		return put(m, a->type, &v32, 4);
	}
}

static void put_named(struct message *m, const struct attr *a, const char *s)
{
	for (uint32_t i = 0; a->words[i]; i++)
		if (!strcmp(a->words[i], s))
			return put(m, a->type, &i, sizeof(i));
	put_number(m, a, s); /* also ones that must be refused */
}

static void put_value(struct message *m, const struct attr *a, const char *s)
{
	uint8_t addr[16];

	switch (a->kind) {
	case FLAG:
		return put(m, a->type, NULL, 0);
	case TEXT:
		return put(m, a->type, s, strlen(s) + 1);
	case BYTES:
		return put_hex(m, a->type, s);
	case ADDRESS:
		return put(m, a->type, addr, parse_address(s, addr));
	case PREFIX:
		return put_prefix(m, a->type, s);
	case WORD:
		return put_named(m, a, s);
	default:
		return put_number(m, a, s);
	}
}

/* All that begin with the same "nest." in a row belong to one nest. */
static void put_nested(struct message *m, const struct attr *a,
		       const char *word)
{
	static const struct message *last_message;
	static const struct attr *last;
	static size_t start;
	struct nlattr *nest;

	if (last_message != m || last != a ||
	    start + ((struct nlattr *)(m->data + start))->nla_len != m->len) {
		start = m->len;
		put(m, a->type | NLA_F_NESTED, NULL, 0);
	}
	last_message = m;
	last = a;
	if (*word)
		put_word(m, a->nest, word);
	nest = (struct nlattr *)(m->data + start);
	nest->nla_len = (uint16_t)(m->len - start);
}

void put_word(struct message *m, const struct attr *set, const char *word)
{
	size_t n = strcspn(word, "=.");
	unsigned int type;
	int used;

	if (sscanf(word, "raw:%u=%n", &type, &used) == 1)
		return put_hex(m, (uint16_t)type, word + used);
	for (; set->name; set++) {
		if (strlen(set->name) != n || strncmp(set->name, word, n))
			continue;
		if (set->kind == NEST)
			return put_nested(m, set, word + n + !!word[n]);
		return put_value(m, set, word + n + !!word[n]);
	}
	bad("no such attribute here: %s", word);
}

static uint64_t number(const void *data, size_t len)
{
	uint64_t v = 0; /* little-endian, as all that run this */

	memcpy(&v, data, len < sizeof(v) ? len : sizeof(v));
	return v;
}

static void print_address(const void *data, size_t len)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (len == 4 || len == 16)
		inet_ntop(len == 4 ? AF_INET : AF_INET6, data, text,
			  sizeof(text));
	fputs(text, stdout);
}

static void print_prefix(const void *data, size_t len)
{
	const char *p = data;

	for (size_t at = 0; at + NLA_HDRLEN <= len;) {
		const struct nlattr *a = (const void *)(p + at);
		size_t n = a->nla_len - NLA_HDRLEN;

		if ((a->nla_type & NLA_TYPE_MASK) == SIGNET_A_PREFIX_ADDRESS)
			print_address(p + at + NLA_HDRLEN, n);
		else
			printf("/%llu", (unsigned long long)number(
						p + at + NLA_HDRLEN, n));
		at += NLA_ALIGN(a->nla_len);
	}
}

static unsigned int words_of(const struct attr *a)
{
	unsigned int n = 0;

	while (a->words[n])
		n++;
	return n;
}

static void print_value(const struct attr *a, const void *data, size_t len)
{
	uint64_t v = number(data, len);

	switch (a->kind) {
	case FLAG:
		break;
	case TEXT:
		printf("%.*s", (int)len, (const char *)data);
		break;
	case ADDRESS:
		print_address(data, len);
		break;
	case PREFIX:
		print_prefix(data, len);
		break;
	case BYTES:
		for (size_t i = 0; i < len; i++)
			printf("%02x", ((const uint8_t *)data)[i]);
		break;
	case BE16:
		printf("%u", ntohs((uint16_t)v));
		break;
	case WORD:
		if (v < words_of(a)) {
			fputs(a->words[v], stdout);
			break;
		}
	/* fall through */
	default:
		printf("%llu", (unsigned long long)v);
	}
}

void print_attrs(const struct attr *set, const void *data, size_t len,
		 const char *before)
{
	const char *p = data;
	char inner[64];

	for (size_t at = 0; at + NLA_HDRLEN <= len;) {
		const struct nlattr *n = (const void *)(p + at);
		const struct attr *a = set;

		if (n->nla_len < NLA_HDRLEN || at + n->nla_len > len)
			bad("a malformed answer");
		while (a->name && a->type != (n->nla_type & NLA_TYPE_MASK))
			a++;
		if (a->name && a->kind == NEST) {
			snprintf(inner, sizeof(inner), "%s%s.", before,
				 a->name);
			print_attrs(a->nest, p + at + NLA_HDRLEN,
				    n->nla_len - NLA_HDRLEN, inner);
		} else if (a->name) {
			printf(" %s%s%s", before, a->name,
			       a->kind == FLAG ? "" : "=");
			print_value(a, p + at + NLA_HDRLEN,
				    n->nla_len - NLA_HDRLEN);
		}
		at += NLA_ALIGN(n->nla_len);
	}
}
