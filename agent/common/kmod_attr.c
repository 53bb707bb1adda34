// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attributes of the netlink family: into requests, out of replies. */
#include <errno.h>
#include <string.h>

#include "common/kmod_private.h"

struct nl_msg *sg_kmod_request(struct sg_kmod *km, uint8_t cmd, int flags,
			       uint32_t ifindex, size_t room)
{
	struct nl_msg *msg =
		nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + room);

	km->full = false;
	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, km->family, 0,
			 NLM_F_REQUEST | flags, cmd, SIGNET_FAMILY_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	/* the first attribute of every set */
	if (ifindex)
		sg_kmod_put_u32(km, msg, SIGNET_A_DEV_IFINDEX, ifindex);
	return msg;
}

void sg_kmod_put(struct sg_kmod *km, struct nl_msg *msg, int type,
		 const void *data, size_t len)
{
	if (msg && nla_put(msg, type, (int)len, data) < 0)
		km->full = true;
}

void sg_kmod_put_u8(struct sg_kmod *km, struct nl_msg *msg, int type, uint8_t v)
{
	sg_kmod_put(km, msg, type, &v, sizeof(v));
}

void sg_kmod_put_u32(struct sg_kmod *km, struct nl_msg *msg, int type,
		     uint32_t v)
{
	sg_kmod_put(km, msg, type, &v, sizeof(v));
}

void sg_kmod_put_uint(struct sg_kmod *km, struct nl_msg *msg, int type,
		      uint64_t v)
{
	if (v <= UINT32_MAX)
		sg_kmod_put_u32(km, msg, type, (uint32_t)v);
	else
		sg_kmod_put(km, msg, type, &v, sizeof(v));
}

void sg_kmod_put_flag(struct sg_kmod *km, struct nl_msg *msg, int type)
{
	sg_kmod_put(km, msg, type, NULL, 0);
}

struct nlattr *sg_kmod_nest(struct sg_kmod *km, struct nl_msg *msg, int type)
{
	struct nlattr *nest;

	nest = msg ? nla_nest_start(msg, type | NLA_F_NESTED) : NULL;
	if (!nest)
		km->full = true;
	return nest;
}

void sg_kmod_nest_end(struct nl_msg *msg, struct nlattr *nest)
{
	if (nest)
		nla_nest_end(msg, nest);
}

static bool has(const struct nlattr *a, size_t len)
{
	return a && nla_len(a) >= (int)len;
}

uint8_t sg_kmod_u8(const struct nlattr *a)
{
	return has(a, 1) ? *(uint8_t *)nla_data(a) : 0;
}

uint16_t sg_kmod_u16(const struct nlattr *a)
{
	uint16_t v = 0;

	if (has(a, sizeof(v)))
		memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

uint32_t sg_kmod_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (has(a, sizeof(v)))
		memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

uint64_t sg_kmod_uint(const struct nlattr *a)
{
	uint64_t v;

	if (!has(a, sizeof(v)))
		return sg_kmod_u32(a);
	memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

/* Text of the kernel: one line, whatever it holds. */
void sg_kmod_string(const struct nlattr *a, char *out, size_t cap)
{
	size_t n = a ? (size_t)nla_len(a) : 0;
	const char *s = a ? nla_data(a) : "";

	n = strnlen(s, n < cap - 1 ? n : cap - 1);
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)s[i] < ' ' ? ' ' : s[i];
	out[n] = '\0';
}

void sg_kmod_address(const struct nlattr *address, const struct nlattr *port,
		     const struct nlattr *scope, union sg_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (!address)
		return;
	if (nla_len(address) == 4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = sg_kmod_u16(port);
		memcpy(&out->v4.sin_addr, nla_data(address), 4);
	} else if (nla_len(address) == 16) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = sg_kmod_u16(port);
		out->v6.sin6_scope_id = sg_kmod_u32(scope);
		memcpy(&out->v6.sin6_addr, nla_data(address), 16);
	}
}

void sg_kmod_counters(const struct nlattr *a, struct sg_kmod_counters *c)
{
	struct nlattr *tb[SIGNET_A_COUNTERS_MAX + 1];

	memset(c, 0, sizeof(*c));
	if (!a || nla_parse_nested(tb, SIGNET_A_COUNTERS_MAX,
				   (struct nlattr *)a, NULL) < 0)
		return;
	c->rx_packets = sg_kmod_uint(tb[SIGNET_A_COUNTERS_RX_PACKETS]);
	c->rx_bytes = sg_kmod_uint(tb[SIGNET_A_COUNTERS_RX_BYTES]);
	c->tx_packets = sg_kmod_uint(tb[SIGNET_A_COUNTERS_TX_PACKETS]);
	c->tx_bytes = sg_kmod_uint(tb[SIGNET_A_COUNTERS_TX_BYTES]);
	c->rx_last = sg_kmod_uint(tb[SIGNET_A_COUNTERS_RX_LAST]);
	c->tx_last = sg_kmod_uint(tb[SIGNET_A_COUNTERS_TX_LAST]);
	c->aead_failures = sg_kmod_uint(tb[SIGNET_A_COUNTERS_AEAD_FAILURES]);
}

int sg_kmod_attrs(struct nlmsghdr *nlh, struct nlattr **tb, int max)
{
	return nlmsg_parse(nlh, GENL_HDRLEN, tb, max, NULL) < 0 ? -EBADMSG : 0;
}
