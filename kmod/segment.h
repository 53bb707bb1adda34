/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a super-packet to the packets that it stands for, written one after
 * the other: headers built, payload copied and summed on the way.
 */
#ifndef SIGNET_KMOD_SEGMENT_H
#define SIGNET_KMOD_SEGMENT_H

#include <linux/skbuff.h>

/* IPv4 and TCP with all options */
#define SIGNET_SEGMENT_HEADERS 120

/**
 * struct signet_segments - where the walk over a super-packet stands
 * @skb: only read
 * @n: packets
 * @left: bytes of payload still to be written
 * @mss: bytes of payload in each packet but the last
 * @l4: offset of the TCP or UDP header
 * @headers: length of all headers
 * @written: packets
 * @id: of the next IPv4 header
 * @seq: of the next TCP header
 * @header: of all packets, but for what differs, which is 0
 * @ip_sum: over the IPv4 header, of that
 * @sum: over the pseudo header and TCP or UDP header, of that
 * @flags: of the super-packet, with the TCP header's length
 * @from, @chunk, @frag: source of the next bytes, bytes there, fragment after
 */
struct signet_segments {
	const struct sk_buff *skb;
	unsigned int n;
	unsigned int left;
	unsigned int mss;
	u16 l4;
	u16 headers;
	bool ip6;
	bool tcp;
	bool fixed_id;
	bool keep_cwr;
	u16 id;
	u32 seq;
	u8 header[SIGNET_SEGMENT_HEADERS] __aligned(8);
	__wsum ip_sum;
	__wsum sum;
	__be16 flags;
	unsigned int written;
	const u8 *from;
	unsigned int chunk;
	unsigned int frag;
};

/**
 * signet_segments_init() - start with a super-packet
 * Return: false when it is of a kind that skb_gso_segment() must cut: more
 * than plain TCP or UDP, extension headers, no checksum to complete.
 */
bool signet_segments_init(struct signet_segments *s, struct sk_buff *skb);

/* length of the next packet */
static inline unsigned int
signet_segments_next(const struct signet_segments *s)
{
	return s->headers + min(s->left, s->mss);
}

/* write the next packet, of that length */
void signet_segments_write(struct signet_segments *s, u8 *to);

#endif
