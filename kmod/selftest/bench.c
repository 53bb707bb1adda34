// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Nanoseconds for each call; in a VM whose clock counts instructions, those. */
#include <crypto/aead.h>
#include <linux/bottom_half.h>
#include <linux/ktime.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "../aead.h"
#include "../hop.h"
#include "../key.h"
#include "../peer.h"
#include "selftest.h"

#define CALLS 2000
#define START (SIGNET_AEAD_BEFORE + 2)

struct bench {
	struct signet_key *key;
	struct page *page;
	struct page *out;
	struct sk_buff *skb;
	unsigned int len;
};

static void put_frame(u8 *frame, u64 counter)
{
	struct signet_frame *f = (struct signet_frame *)frame;

	f->type = SIGNET_FRAME_PACKET;
	f->key_lane = 0;
	f->flags = 0;
	f->counter = cpu_to_le64(counter);
}

static u64 seal_calls(struct bench *b)
{
	u8 *frame = page_address(b->page) + START;
	u64 start;
	int i;

	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < CALLS; i++) {
		put_frame(frame, i);
		signet_aead_seal(b->key, frame, b->len, b->page, false);
	}
	start = ktime_get_ns() - start;
	local_bh_enable();
	return start / CALLS;
}

static u64 open_calls(struct bench *b, int *err)
{
	struct signet_frame *hdr = page_address(b->page) + START;
	struct signet_sealed s = {
		.skb = b->skb,
		.hdr = hdr,
		.text = (u8 *)(hdr + 1),
		.offset = SIGNET_FRAME_HDR_LEN,
		.len = b->len,
	};
	u64 start;
	int i;

	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < CALLS; i++)
		*err = signet_aead_open(b->key, &s, page_address(b->out) + 64,
					b->out, false);
	start = ktime_get_ns() - start;
	local_bh_enable();
	return start / CALLS;
}

static void bench_len(struct bench *b, const char *name, unsigned int len)
{
	u8 *frame = page_address(b->page) + START;
	u64 sealed, opened, forged;
	int err, bad;

	b->len = len;
	sealed = seal_calls(b);
	b->skb = alloc_skb(64, GFP_KERNEL);
	if (!b->skb)
		return;
	get_page(b->page);
	skb_add_rx_frag(b->skb, 0, b->page, START, len + SIGNET_FRAME_OVERHEAD,
			2 * PAGE_SIZE);
	opened = open_calls(b, &err);
	frame[len + SIGNET_FRAME_OVERHEAD - 1] ^= 1;
	forged = open_calls(b, &bad);
	pr_info("signet: bench: %s %u bytes: seal %llu ns, open %llu ns (%d), forged %llu ns (%d)\n",
		name, len, sealed, opened, err, forged, bad);
	kfree_skb(b->skb);
}

static void bench_cipher(struct bench *b, u8 cipher, const char *name)
{
	u8 secret[32] = { 1 };

	b->key = kzalloc_obj(*b->key, GFP_KERNEL);
	if (!b->key)
		return;
	kref_init(&b->key->ref);
	b->key->cipher = cipher;
	if (!signet_aead_key_set(b->key, secret)) {
		bench_len(b, name, 0);
		bench_len(b, name, 64);
		bench_len(b, name, 1420);
		signet_aead_key_free(b->key);
	}
	kfree(b->key);
}

/* "gcm(aes)" as everybody can call it, within a page: from there to the page */
static u64 api_calls(struct aead_request *req, struct page *from,
		     struct page *to, bool open)
{
	struct scatterlist src[2], dst[2];
	u8 iv[SIGNET_AEAD_NONCE_LEN] = {};
	u64 start;
	int i;

	sg_init_table(src, ARRAY_SIZE(src));
	sg_init_table(dst, ARRAY_SIZE(dst));
	sg_set_page(&src[0], from, SIGNET_FRAME_AAD_LEN, 0);
	sg_set_page(&dst[0], from, SIGNET_FRAME_AAD_LEN, 0);
	sg_set_page(&src[1], from, 1420 + SIGNET_AEAD_TAG_LEN, 64);
	sg_set_page(&dst[1], to, 1420 + SIGNET_AEAD_TAG_LEN, 64);
	aead_request_set_ad(req, SIGNET_FRAME_AAD_LEN);
	aead_request_set_crypt(req, src, from == to ? src : dst,
			       1420 + (open ? SIGNET_AEAD_TAG_LEN : 0), iv);
	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < CALLS; i++) {
		if (open ? crypto_aead_decrypt(req) : crypto_aead_encrypt(req))
			break;
	}
	start = ktime_get_ns() - start;
	local_bh_enable();
	return i == CALLS ? start / CALLS : 0;
}

static void bench_api(struct bench *b)
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	struct aead_request *req;
	u8 secret[32] = { 1 };
	u64 sealed, opened;

	if (IS_ERR(tfm))
		return;
	req = aead_request_alloc(tfm, GFP_KERNEL);
	if (req && !crypto_aead_setkey(tfm, secret, sizeof(secret))) {
		sealed = api_calls(req, b->page, b->page, false);
		opened = api_calls(req, b->page, b->out, true);
		pr_info("signet: bench: api 1420 bytes: seal %llu ns, open %llu ns\n",
			sealed, opened);
	}
	aead_request_free(req);
	crypto_free_aead(tfm);
}

static void bench_hop(void)
{
	siphash_key_t key = { { 1, 2 } };
	struct signet_frame f = {};
	u64 start = ktime_get_ns();
	int i;

	for (i = 0; i < CALLS; i++) {
		f.counter = cpu_to_le64(i);
		signet_hop_tag_write(&f, &key);
	}
	pr_info("signet: bench: hop tag %llu ns\n",
		(ktime_get_ns() - start) / CALLS);
}

static void bench_prefix(unsigned int n)
{
	struct signet_prefix_change c = { .family = AF_INET, .length = 32 };
	struct signet_device *sd = kzalloc_obj(*sd, GFP_KERNEL);
	struct signet_peer *peer = kzalloc_obj(*peer, GFP_KERNEL);
	unsigned int i, found = 0;
	u64 start;

	if (!sd || !peer)
		goto out;
	sd->limits.prefixes = n;
	peer->sd = sd;
	INIT_LIST_HEAD(&peer->prefixes);
	for (i = 0; i < n; i++) {
		c.in = htonl(0x0a4d0000 + i);
		signet_prefixes_change(peer, &c, 1, false, NULL);
	}
	rcu_read_lock();
	start = ktime_get_ns();
	for (i = 0; i < CALLS; i++)
		found += !!signet_prefix_peer4(&sd->prefixes,
					       htonl(0x0a4d0000 + i % n));
	start = ktime_get_ns() - start;
	rcu_read_unlock();
	pr_info("signet: bench: prefix of %u: %llu ns (%u)\n", n,
		start / CALLS, found);
	signet_prefixes_free(&sd->prefixes);
out:
	kfree(peer);
	kfree(sd);
}

static void bench_sizes(void)
{
	pr_info("signet: bench: bytes: peer %zu, channel %zu, path %zu, key %zu, lane %zu, window %u, counters %zu\n",
		sizeof(struct signet_peer), sizeof(struct signet_channel),
		sizeof(struct signet_path), sizeof(struct signet_key),
		sizeof(struct signet_tx_lane),
		SIGNET_REPLAY_WINDOW / BITS_PER_BYTE,
		sizeof(struct signet_counters));
}

void signet_selftest_bench(void)
{
	struct bench b = {};

	bench_sizes();
	bench_hop();
	bench_prefix(1);
	bench_prefix(8);
	bench_prefix(1000);
	b.page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	b.out = alloc_page(GFP_KERNEL);
	if (b.page && b.out) {
		bench_cipher(&b, SIGNET_CIPHER_CHACHA20_POLY1305, "chacha");
		bench_cipher(&b, SIGNET_CIPHER_AES_256_GCM, "aes");
		bench_api(&b);
	}
	if (b.page)
		put_page(b.page);
	if (b.out)
		put_page(b.out);
}
