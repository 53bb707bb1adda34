/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets of a flow, answers to them, errors about them; what was noted. */
#ifndef TESTS_BPF_FLOW_H
#define TESTS_BPF_FLOW_H

#include "policy_lab.h"

static struct made m, answer;

static inline void l4(const struct shape *shape, uint8_t proto, uint16_t sport,
		      uint16_t dport)
{
	struct shape s = *shape;
	uint8_t h[20] = { 0 };

	s.proto = proto;
	put16(put16(h, sport), dport);
	h[12] = 5 << 4;
	make(&m, &s, h, sizeof(h));
	if (proto == IPPROTO_UDP) { /* make() put a header before */
		put16(put16(m.b + m.l4, sport), dport);
	}
	answer = m;
	turn(&answer, s.ip6);
}

static inline void echo(const struct shape *shape, uint16_t id, bool reply)
{
	struct shape s = *shape;
	uint8_t h[16] = { s.ip6 ? 128 + reply : reply ? 0 : 8 };

	s.proto = s.ip6 ? 58 : 1;
	put16(h + 4, id);
	make(&m, &s, h, sizeof(h));
}

static const struct shape families[2] = { { 0 }, { .ip6 = true } };

/* An ICMP error about what went from here in @quoted, so many bytes of it */
static inline void error_about(struct made *e, const struct made *quoted,
			       const struct shape *shape, uint8_t type,
			       uint32_t bytes)
{
	struct shape s = *shape;
	uint8_t h[200] = { type };

	s.proto = s.ip6 ? 58 : 1;
	memcpy(h + 8, quoted->b + quoted->l3, bytes);
	make(e, &s, h, 8 + bytes);
}

static inline uint32_t entries(struct bpf_map *map)
{
	struct signet_flow_key key, *at = NULL;
	uint32_t n = 0;

	while (!bpf_map_get_next_key(fd_of(map), at, &key)) {
		at = &key;
		n++;
	}
	return n;
}

#endif
