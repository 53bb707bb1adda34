/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet inside the tunnel, as far as policy looks at it, and what policy
 * says of it. One source for the BPF programs and the in-process data path:
 * whoever includes this says first what a packet is and how it is read.
 *
 *	struct signet_bytes;
 *	bool signet_read(const struct signet_bytes *b, __u32 at, void *to,
 *			 __u32 size);
 *
 * signet_read() copies @size bytes and fails where the packet has not so many.
 */
#ifndef SIGNET_INNER_H
#define SIGNET_INNER_H

#include <signet/policy.h>

#define INNER_INLINE static inline __attribute__((always_inline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define INNER_HOST16(x) __builtin_bswap16(x)
#else
#define INNER_HOST16(x) (x)
#endif

#define INNER_EXTENSIONS 6 /* IPv6 extension headers that anybody needs */

enum {
	INNER_HOPOPTS = 0,
	INNER_ICMP = 1,
	INNER_TCP = 6,
	INNER_UDP = 17,
	INNER_ROUTING = 43,
	INNER_FRAGMENT_HDR = 44,
	INNER_AH = 51,
	INNER_ICMP6 = 58,
	INNER_DSTOPTS = 60,
};

enum signet_inner_kind {
	SIGNET_INNER_BAD,      /* malformed or cut off */
	SIGNET_INNER_FRAGMENT, /* not the first of a packet: no ports */
	SIGNET_INNER_PORTS,    /* TCP, UDP */
	SIGNET_INNER_ECHO,     /* ICMP: a request */
	SIGNET_INNER_REPLY,    /* ICMP: an answer to one */
	SIGNET_INNER_ERROR,    /* ICMP: about the packet that it quotes */
	SIGNET_INNER_ICMP,     /* ICMP: anything else */
	SIGNET_INNER_OTHER,    /* another protocol */
};

/**
 * struct signet_inner - what was found
 * @kind: enum signet_inner_kind
 * @proto: of the transport header; of an error that of what it quotes
 * @sport, @dport: in network order, or an echo's identifier; else 0
 * @src, @dst: addresses, of an error those of what it quotes
 */
struct signet_inner {
	__u8 kind;
	__u8 proto;
	__u8 ip6;
	__u8 zero;
	__be16 sport;
	__be16 dport;
	__u32 src[4];
	__u32 dst[4];
};

struct inner_ip4 {
	__u8 version_ihl, tos;
	__be16 total, id, fragment;
	__u8 ttl, proto;
	__be16 check;
	__u32 src, dst;
};

struct inner_ip6 {
	__u32 version;
	__be16 payload;
	__u8 next, hops;
	__u32 src[4], dst[4];
};

struct inner_extension {
	__u8 next, len;
	__be16 offset; /* of a fragment header */
	__u32 id;
};

struct inner_icmp {
	__u8 type, code;
	__be16 check, id, sequence;
};

/* Where the transport header is, and where the packet ends. */
struct inner_place {
	__u32 at;
	__u32 end;
	bool fragment;
};

/* what the IP header says is there */
INNER_INLINE bool inner_read(const struct signet_bytes *b,
			     const struct inner_place *p, void *to, __u32 size)
{
	return p->at + size <= p->end && signet_read(b, p->at, to, size);
}

/* @quoted: cut off by whoever quotes it, so its length says nothing */
INNER_INLINE bool inner_ip4(const struct signet_bytes *b,
			    struct signet_inner *i, struct inner_place *p,
			    bool quoted)
{
	struct inner_ip4 h;
	__u32 header, total;

	if (!inner_read(b, p, &h, sizeof(h)))
		return false;
	header = (h.version_ihl & 15) * 4;
	total = INNER_HOST16(h.total);
	if (h.version_ihl >> 4 != 4 || header < sizeof(h) || total < header ||
	    (!quoted && p->at + total > p->end))
		return false;
	if (!quoted)
		p->end = p->at + total;
	p->at += header;
	p->fragment = INNER_HOST16(h.fragment) & 0x1fff;
	i->ip6 = 0;
	i->proto = h.proto;
	i->src[0] = h.src;
	i->dst[0] = h.dst;
	i->src[1] = i->src[2] = i->src[3] = 0;
	i->dst[1] = i->dst[2] = i->dst[3] = 0;
	return true;
}

INNER_INLINE bool inner_is_extension(__u8 proto)
{
	return proto == INNER_HOPOPTS || proto == INNER_ROUTING ||
	       proto == INNER_FRAGMENT_HDR || proto == INNER_AH ||
	       proto == INNER_DSTOPTS;
}

INNER_INLINE bool inner_extensions(const struct signet_bytes *b,
				   struct signet_inner *i,
				   struct inner_place *p)
{
	struct inner_extension x;

	for (int n = 0; n < INNER_EXTENSIONS; n++) {
		if (!inner_is_extension(i->proto))
			return true;
		if (!inner_read(b, p, &x, sizeof(x)))
			return false;
		if (i->proto == INNER_FRAGMENT_HDR) {
			p->fragment = INNER_HOST16(x.offset) & 0xfff8;
			p->at += 8;
		} else if (i->proto == INNER_AH) {
			p->at += (x.len + 2) * 4;
		} else {
			p->at += (x.len + 1) * 8;
		}
		i->proto = x.next;
		if (p->fragment)
			return true;
	}
	return !inner_is_extension(i->proto);
}

INNER_INLINE bool inner_ip6(const struct signet_bytes *b,
			    struct signet_inner *i, struct inner_place *p,
			    bool quoted)
{
	struct inner_ip6 h;
	__u32 payload;

	if (!inner_read(b, p, &h, sizeof(h)))
		return false;
	p->at += sizeof(h);
	payload = INNER_HOST16(h.payload);
	if (!quoted && p->at + payload > p->end)
		return false;
	if (!quoted)
		p->end = p->at + payload;
	i->ip6 = 1;
	i->proto = h.next;
	__builtin_memcpy(i->src, h.src, 16);
	__builtin_memcpy(i->dst, h.dst, 16);
	return inner_extensions(b, i, p);
}

INNER_INLINE bool inner_headers(const struct signet_bytes *b,
				struct signet_inner *i, struct inner_place *p,
				bool quoted)
{
	__u8 version;

	p->fragment = false;
	if (!inner_read(b, p, &version, 1))
		return false;
	if (version >> 4 == 4)
		return inner_ip4(b, i, p, quoted);
	return version >> 4 == 6 && inner_ip6(b, i, p, quoted);
}

INNER_INLINE __u8 inner_icmp_kind(const struct signet_inner *i,
				  const struct inner_icmp *h)
{
	if (i->ip6)
		return h->type >= 1 && h->type <= 4 ? SIGNET_INNER_ERROR
		       : h->type == 128		    ? SIGNET_INNER_ECHO
		       : h->type == 129		    ? SIGNET_INNER_REPLY
						    : SIGNET_INNER_ICMP;
	return h->type == 3 || h->type == 11 || h->type == 12
		       ? SIGNET_INNER_ERROR
	       : h->type == 8 ? SIGNET_INNER_ECHO
	       : h->type == 0 ? SIGNET_INNER_REPLY
			      : SIGNET_INNER_ICMP;
}

INNER_INLINE bool inner_is_icmp(const struct signet_inner *i)
{
	return i->proto == (i->ip6 ? INNER_ICMP6 : INNER_ICMP);
}

INNER_INLINE __u8 inner_transport(const struct signet_bytes *b,
				  struct signet_inner *i, struct inner_place *p)
{
	union {
		__be16 port[2];
		struct inner_icmp icmp;
	} h;
	__u8 kind;

	i->sport = i->dport = 0;
	if (p->fragment)
		return SIGNET_INNER_FRAGMENT;
	if (i->proto == INNER_TCP || i->proto == INNER_UDP) {
		if (!inner_read(b, p, h.port, sizeof(h.port)))
			return SIGNET_INNER_BAD;
		i->sport = h.port[0];
		i->dport = h.port[1];
		return SIGNET_INNER_PORTS;
	}
	if (!inner_is_icmp(i))
		return SIGNET_INNER_OTHER;
	if (!inner_read(b, p, &h.icmp, sizeof(h.icmp)))
		return SIGNET_INNER_BAD;
	p->at += sizeof(h.icmp);
	kind = inner_icmp_kind(i, &h.icmp);
	if (kind == SIGNET_INNER_ECHO)
		i->sport = h.icmp.id;
	else if (kind == SIGNET_INNER_REPLY)
		i->dport = h.icmp.id;
	return kind;
}

/* The quoted packet is described in place of the error. An error about an
 * error is none, and what quotes too little is about nothing.
 */
INNER_INLINE __u8 inner_quote(const struct signet_bytes *b,
			      struct signet_inner *i, struct inner_place *p)
{
	__u8 kind, family = i->ip6;

	if (!inner_headers(b, i, p, true) || i->ip6 != family)
		return SIGNET_INNER_ICMP;
	kind = inner_transport(b, i, p);
	if (kind == SIGNET_INNER_PORTS || kind == SIGNET_INNER_ECHO ||
	    kind == SIGNET_INNER_OTHER)
		return SIGNET_INNER_ERROR;
	return SIGNET_INNER_ICMP;
}

/** signet_inner_parse() - look at a packet of @len bytes */
INNER_INLINE void signet_inner_parse(const struct signet_bytes *b, __u32 len,
				     struct signet_inner *i)
{
	struct inner_place p = { .end = len };

	i->zero = 0;
	if (!inner_headers(b, i, &p, false)) {
		i->kind = SIGNET_INNER_BAD;
		return;
	}
	i->kind = inner_transport(b, i, &p);
	if (i->kind == SIGNET_INNER_ERROR)
		i->kind = inner_quote(b, i, &p);
}

/** enum signet_judged - what policy says of a packet */
enum signet_judged {
	SIGNET_JUDGED_PASS,	/* and nothing more */
	SIGNET_JUDGED_ALLOWED,	/* by the peer's verdicts */
	SIGNET_JUDGED_FLOW,	/* in: if its flow is known; out: is known */
	SIGNET_JUDGED_FRAGMENT, /* drop: fragment without ports */
	SIGNET_JUDGED_BAD,	/* drop: malformed */
};

/** signet_judge_in() - of a packet that came from the peer */
INNER_INLINE enum signet_judged signet_judge_in(const struct signet_verdicts *v,
						const struct signet_inner *i)
{
	bool udp = i->proto == INNER_UDP;

	switch (i->kind) {
	case SIGNET_INNER_BAD:
		return SIGNET_JUDGED_BAD;
	case SIGNET_INNER_FRAGMENT:
		return SIGNET_JUDGED_FRAGMENT;
	case SIGNET_INNER_PORTS:
		if (signet_verdicts_port(v, udp, INNER_HOST16(i->dport)))
			return SIGNET_JUDGED_ALLOWED;
		break;
	case SIGNET_INNER_ERROR:
		if (v->flags & SIGNET_VERDICT_ICMP)
			return SIGNET_JUDGED_ALLOWED;
		/* about our answer to what the peer may begin */
		if ((i->proto == INNER_TCP || udp) &&
		    signet_verdicts_port(v, udp, INNER_HOST16(i->sport)))
			return SIGNET_JUDGED_ALLOWED;
		break;
	case SIGNET_INNER_ECHO:
	case SIGNET_INNER_REPLY:
	case SIGNET_INNER_ICMP:
		if (v->flags & SIGNET_VERDICT_ICMP)
			return SIGNET_JUDGED_ALLOWED;
		break;
	}
	return SIGNET_JUDGED_FLOW;
}

/**
 * signet_judge_out() - of a packet to the peer
 * What this node begins may pass, and answers to it are let in. Only what
 * has an answer makes a flow.
 */
INNER_INLINE enum signet_judged
signet_judge_out(const struct signet_verdicts *v, const struct signet_inner *i)
{
	bool udp = i->proto == INNER_UDP;

	switch (i->kind) {
	case SIGNET_INNER_BAD:
		return SIGNET_JUDGED_BAD;
	case SIGNET_INNER_FRAGMENT:
		return SIGNET_JUDGED_FRAGMENT;
	case SIGNET_INNER_PORTS:
		if (signet_verdicts_port(v, udp, INNER_HOST16(i->sport)))
			return SIGNET_JUDGED_ALLOWED;
		return SIGNET_JUDGED_FLOW;
	case SIGNET_INNER_ECHO:
	case SIGNET_INNER_OTHER:
		return SIGNET_JUDGED_FLOW;
	case SIGNET_INNER_REPLY:
		return v->flags & SIGNET_VERDICT_ICMP ? SIGNET_JUDGED_ALLOWED
						      : SIGNET_JUDGED_PASS;
	}
	return SIGNET_JUDGED_PASS;
}

/**
 * signet_flow_of() - the flow that a packet belongs to
 * @out: it goes to the peer. What an error quotes went the other way.
 */
INNER_INLINE void signet_flow_of(const struct signet_inner *i, __u32 peer,
				 bool out, struct signet_flow_key *k)
{
	k->peer = peer;
	k->proto = i->proto;
	k->ip6 = i->ip6;
	k->zero = 0;
	if (out != (i->kind == SIGNET_INNER_ERROR)) {
		k->local_port = i->sport;
		k->remote_port = i->dport;
		__builtin_memcpy(k->local, i->src, 16);
		__builtin_memcpy(k->remote, i->dst, 16);
	} else {
		k->local_port = i->dport;
		k->remote_port = i->sport;
		__builtin_memcpy(k->local, i->dst, 16);
		__builtin_memcpy(k->remote, i->src, 16);
	}
}

#endif
