// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Delivery: what the peer may send becomes packets of the device. Fresh skbs,
 * so nothing of the outer packet is left on them but ECN.
 */
#include <linux/jhash.h>
#include <linux/tcp.h>
#include <net/dsfield.h>
#include <net/dst_metadata.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "run.h"
#include "stats.h"

/* shorter packets are copied, of longer ones this much */
#define COPY_MAX 256
#define HEAD_LEN 128

static bool is_ipv4(const u8 *packet)
{
	return packet[0] >> 4 == 4;
}

/* Length of an IP packet in @len bytes of plaintext; 0: it is none. */
static unsigned int packet_len(const u8 *data, unsigned int len)
{
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)data;
	const struct iphdr *iph = (const struct iphdr *)data;
	unsigned int total;

	if (len >= sizeof(*iph) && is_ipv4(data)) {
		total = ntohs(iph->tot_len);
		if (iph->ihl < 5 || total < iph->ihl * 4 || total > len ||
		    ip_fast_csum(data, iph->ihl))
			return 0;
		return total;
	}
	if (len >= sizeof(*ip6h) && data[0] >> 4 == 6) {
		total = sizeof(*ip6h) + ntohs(ip6h->payload_len);
		return total <= len ? total : 0;
	}
	return 0;
}

/* Context: RCU. The address that was looked up last is remembered. */
static bool source_ok(struct signet_run *run, const u8 *packet)
{
	struct signet_prefix_table *t = &run->sd->prefixes;
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)packet;
	const struct iphdr *iph = (const struct iphdr *)packet;
	struct signet_peer *peer;
	unsigned int len;
	const void *addr;

	addr = is_ipv4(packet) ? (void *)&iph->saddr : (void *)&ip6h->saddr;
	len = is_ipv4(packet) ? sizeof(iph->saddr) : sizeof(ip6h->saddr);
	if (run->source_len == len && !memcmp(&run->source, addr, len))
		return true;
	peer = is_ipv4(packet) ? signet_prefix_peer4(t, iph->saddr) :
				 signet_prefix_peer6(t, &ip6h->saddr);
	if (peer != run->ch->peer)
		return false;
	memcpy(&run->source, addr, len);
	run->source_len = len;
	return true;
}

static struct metadata_dst *metadata_new(struct signet_peer *peer)
{
	__be64 id = key32_to_tunnel_id(cpu_to_be32(peer->id));
	IP_TUNNEL_DECLARE_FLAGS(flags) = {};
	struct metadata_dst *md, *old;

	__set_bit(IP_TUNNEL_KEY_BIT, flags);
	/* AF_INET whatever the outer family: bpf_skb_get_tunnel_key() */
	md = __ip_tun_set_dst(0, 0, 0, 0, 0, flags, id, 0);
	if (!md)
		return NULL;
	old = unrcu_pointer(cmpxchg(&peer->metadata, NULL,
				    RCU_INITIALIZER(md)));
	if (!old)
		return md;
	dst_release(&md->dst);
	return old;
}

static void set_metadata(struct signet_run *run, struct sk_buff *skb)
{
	u32 mask = READ_ONCE(run->sd->mark_mask);
	struct signet_peer *peer = run->ch->peer;
	struct metadata_dst *md;

	skb->mark = READ_ONCE(run->sd->mark) & mask;
	if (!READ_ONCE(run->sd->metadata))
		return;
	md = rcu_dereference(peer->metadata);
	if (!md)
		md = metadata_new(peer);
	if (md && dst_hold_safe(&md->dst))
		skb_dst_set(skb, &md->dst);
}

/* The same for all packets of a flow, with payload or without. */
static void set_hash(struct sk_buff *skb, const u8 *packet, unsigned int len)
{
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)packet;
	const struct iphdr *iph = (const struct iphdr *)packet;
	u32 saddr, daddr, ports = 0;
	unsigned int at;
	u8 protocol;

	if (is_ipv4(packet)) {
		saddr = (__force u32)iph->saddr;
		daddr = (__force u32)iph->daddr;
		protocol = ip_is_fragment(iph) ? 0 : iph->protocol;
		at = iph->ihl * 4;
	} else {
		saddr = ipv6_addr_hash(&ip6h->saddr);
		daddr = ipv6_addr_hash(&ip6h->daddr);
		protocol = ip6h->nexthdr;
		at = sizeof(*ip6h);
	}
	if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) &&
	    at + sizeof(ports) <= len)
		memcpy(&ports, packet + at, sizeof(ports));
	__skb_set_sw_hash(skb, jhash_3words(saddr, daddr, ports, 0), ports);
}

/* ECN of the outer header, RFC 6040; false: the packet must not go on */
static bool set_ecn(struct sk_buff *skb, u8 outer)
{
	u8 inner = skb->protocol == htons(ETH_P_IP) ?
			   ip_hdr(skb)->tos :
			   ipv6_get_dsfield(ipv6_hdr(skb));

	return !((outer ^ inner) & INET_ECN_MASK) ||
	       INET_ECN_decapsulate(skb, outer, inner) < 2;
}

static void count_device(struct net_device *dev, unsigned int packets,
			 unsigned int bytes)
{
	struct pcpu_sw_netstats *stats = this_cpu_ptr(dev->tstats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_packets, packets);
	u64_stats_add(&stats->rx_bytes, bytes);
	u64_stats_update_end(&stats->syncp);
}

static void drop(struct signet_run *run, enum signet_drop reason,
		 unsigned int n)
{
	signet_count_drop(run->sd, run->ch->peer, reason, n);
}

static void receive(struct signet_run *run, struct sk_buff *skb, u8 tos,
		    unsigned int packets)
{
	struct net_device *dev = run->sd->dev;

	skb->dev = dev;
	skb->protocol = is_ipv4(skb->data) ? htons(ETH_P_IP) :
					     htons(ETH_P_IPV6);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	set_metadata(run, skb);
	if (unlikely(!set_ecn(skb, tos))) {
		signet_drop_skb(run->sd, run->ch->peer, skb, SIGNET_DROP_INNER);
		return;
	}
	set_hash(skb, skb->data, skb_headlen(skb));
	count_device(dev, packets, skb->len);
	if (run->napi && !run->lone)
		napi_gro_receive(run->napi, skb);
	else
		netif_receive_skb(skb);
}

static struct sk_buff *head_new(struct signet_run *run, const u8 *head,
				unsigned int len)
{
	struct sk_buff *skb;

	skb = run->napi ? napi_alloc_skb(run->napi, len) :
			  netdev_alloc_skb(run->sd->dev, len);
	if (likely(skb))
		memcpy(__skb_put(skb, len), head, len);
	return skb;
}

/* @data follows what is there; false when there is no fragment left */
static bool add_data(struct sk_buff *skb, u8 *data, unsigned int len)
{
	struct page *page = virt_to_head_page(data);
	unsigned int n = skb_shinfo(skb)->nr_frags;

	if (n == MAX_SKB_FRAGS)
		return false;
	get_page(page);
	skb_add_rx_frag(skb, n, page, data - (u8 *)page_address(page), len,
			len);
	return true;
}

static void deliver_one(struct signet_run *run,
			const struct signet_segment *seg)
{
	unsigned int len, head;
	struct sk_buff *skb;

	len = seg->header_len ? seg->len : packet_len(seg->data, seg->len);
	if (unlikely(!len)) {
		drop(run, SIGNET_DROP_INNER, 1);
		return;
	}
	if (unlikely(!source_ok(run, seg->data))) {
		drop(run, SIGNET_DROP_INNER_SOURCE, 1);
		return;
	}
	head = len <= COPY_MAX ? len : HEAD_LEN;
	skb = head_new(run, seg->data, head);
	if (unlikely(!skb)) {
		drop(run, SIGNET_DROP_NO_MEMORY, 1);
		return;
	}
	if (len > head)
		add_data(skb, seg->data + head, len - head);
	/* authentic, with all that is in it */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = ~0;
	receive(run, skb, signet_outer_tos(seg->skb), 1);
}

/* Headers of what was joined, as GRO leaves them. */
static void finish_tcp(struct sk_buff *skb, const struct signet_segment *first,
		       const struct signet_segment *last)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;
	struct iphdr *iph = (struct iphdr *)skb->data;
	unsigned int at, len;
	struct tcphdr *th;

	at = is_ipv4(skb->data) ? sizeof(*iph) : sizeof(*ip6h);
	len = skb->len - at;
	th = (struct tcphdr *)(skb->data + at);
	th->psh |= !!(last->flags & TCPHDR_PSH);
	th->fin |= !!(last->flags & TCPHDR_FIN);
	/* the headers are those of the stream's first segment */
	be32_add_cpu(&th->seq, first->offset);
	if (is_ipv4(skb->data)) {
		iph->id = htons(first->id);
		iph->tot_len = htons(skb->len);
		ip_send_check(iph);
		th->check = ~tcp_v4_check(len, iph->saddr, iph->daddr, 0);
	} else {
		ip6h->payload_len = htons(len);
		th->check = ~tcp_v6_check(len, &ip6h->saddr, &ip6h->daddr, 0);
	}
	skb_set_transport_header(skb, at);
	skb->csum_start = (unsigned char *)th - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
}

static void set_gso(struct sk_buff *skb, unsigned int size,
		    const struct signet_segment *last, unsigned int n)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (n == 1)
		return;
	shinfo->gso_size = size;
	shinfo->gso_segs = n;
	shinfo->gso_type = is_ipv4(skb->data) ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	if (last->fixed_id)
		shinfo->gso_type |= SKB_GSO_TCP_FIXEDID;
}

static bool continues(const struct signet_segment *seg,
		      const struct signet_segment *end)
{
	return seg < end && seg->joined && seg->fresh;
}

/*
 * Payload of segments that lie one after the other becomes one fragment.
 * Return: the first segment that did not go into @skb.
 */
static const struct signet_segment *
add_stream(struct sk_buff *skb, const struct signet_segment *seg,
	   const struct signet_segment *end)
{
	unsigned int skip = seg->joined ? 0 : seg->header_len;
	const struct signet_segment *next = seg;
	unsigned int len;
	u8 *data;

	do {
		data = seg->data + skip;
		len = seg->len - skip;
		skip = 0;
		for (next = seg + 1;
		     continues(next, end) && next->data == data + len; next++)
			len += next->len;
		if (!add_data(skb, data, len))
			return seg;
		seg = next;
	} while (continues(seg, end));
	return seg;
}

/* Return: how many segments were put into one packet */
static unsigned int deliver_stream(struct signet_run *run,
				   const struct signet_segment *first)
{
	const struct signet_segment *end = run->segments + run->n;
	const u8 *headers = run->segments[first->first].data;
	const struct signet_segment *next;
	unsigned int n, size = first->len;
	struct sk_buff *skb;

	if (!first->joined)
		size -= first->header_len;
	skb = head_new(run, headers, first->header_len);
	if (unlikely(!skb)) {
		drop(run, SIGNET_DROP_NO_MEMORY, 1);
		return 1;
	}
	next = add_stream(skb, first, end);
	n = next - first;
	if (unlikely(!source_ok(run, headers))) {
		drop(run, SIGNET_DROP_INNER_SOURCE, n);
		kfree_skb(skb);
		return n;
	}
	finish_tcp(skb, first, next - 1);
	set_gso(skb, size, next - 1, n);
	receive(run, skb, signet_outer_tos(first->skb), n);
	return n;
}

void signet_run_deliver(struct signet_run *run)
{
	const struct signet_segment *seg = run->segments;
	const struct signet_segment *end = seg + run->n;

	while (seg < end) {
		if (seg->fresh && (seg->joined || continues(seg + 1, end))) {
			seg += deliver_stream(run, seg);
			continue;
		}
		if (seg->fresh && seg->len)
			deliver_one(run, seg);
		seg++;
	}
}
