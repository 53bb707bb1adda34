// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Known answers of frames; what must not open; every shape of skb. */
#include <crypto/aead.h>
#include <linux/bottom_half.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "../aead.h"
#include "../hop.h"
#include "../key.h"
#include "../run.h"
#include "selftest.h"
#include "vectors.h"

static bool selftest_async;
module_param(selftest_async, bool, 0400);
MODULE_PARM_DESC(selftest_async,
		 "self-test puts pcrypt before AES-GCM, for as long as the machine runs");

#define ORDER 2 /* 16 KB: a frame of 9,000 bytes anywhere in it */
#define START SIGNET_AEAD_BEFORE

struct bench_page {
	struct page *page;
	u8 *data;
};

static struct signet_key *key_of(u8 cipher, const u8 *secret)
{
	struct signet_key *key = kzalloc_obj(*key, GFP_KERNEL);

	if (!key)
		return NULL;
	kref_init(&key->ref);
	key->cipher = cipher;
	key->direction = SIGNET_DIRECTION_TRANSMIT;
	if (!signet_aead_key_set(key, secret))
		return key;
	kfree(key);
	return NULL;
}

static bool page_get(struct bench_page *p)
{
	p->page = alloc_pages(GFP_KERNEL | __GFP_COMP, ORDER);
	p->data = p->page ? page_address(p->page) + START : NULL;
	return p->page;
}

static void page_put(struct bench_page *p)
{
	if (p->page)
		put_page(p->page);
}

/* a packet that holds @len bytes after @before others, cut at @cut if it is
 * not 0: then the rest lies in page fragments
 */
static struct sk_buff *skb_of(const u8 *data, unsigned int len,
			      unsigned int before, unsigned int cut,
			      bool shared)
{
	unsigned int linear = cut ? before + cut - 1 : before + len;
	unsigned int done = linear - before, n;
	struct sk_buff *skb;
	struct page *page;

	skb = alloc_skb(linear + 64, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_put_zero(skb, before);
	skb_put_data(skb, data, done);
	while (done < len) {
		n = min(len - done, 3000U);
		page = alloc_page(GFP_KERNEL);
		if (!page) {
			kfree_skb(skb);
			return NULL;
		}
		memcpy(page_address(page) + 5, data + done, n);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 5, n,
				PAGE_SIZE);
		done += n;
	}
	if (shared)
		skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	return skb;
}

static int open_skb(struct signet_key *key, struct sk_buff *skb,
		    unsigned int offset, unsigned int len,
		    struct bench_page *out, bool may_sleep)
{
	struct signet_cursor cursor;
	struct signet_sealed s = {
		.skb = skb,
		.offset = offset + SIGNET_FRAME_HDR_LEN,
		.len = len - SIGNET_FRAME_OVERHEAD,
	};
	struct signet_frame hdr;
	int err;

	signet_cursor_init(&cursor, skb);
	if (!signet_cursor_read(&cursor, offset, &hdr))
		return -EFAULT;
	s.hdr = &hdr;
	s.text = signet_cursor_piece(&cursor, s.offset,
				     len - SIGNET_FRAME_HDR_LEN);
	if (!may_sleep)
		local_bh_disable();
	err = signet_aead_open(key, &s, out->data, out->page, may_sleep);
	if (!may_sleep)
		local_bh_enable();
	return err;
}

static int seal(struct signet_key *key, u8 *frame, unsigned int len,
		struct bench_page *p, bool may_sleep)
{
	int err;

	if (!may_sleep)
		local_bh_disable();
	err = signet_aead_seal(key, frame, len, p->page, may_sleep);
	if (!may_sleep)
		local_bh_enable();
	return err;
}

/* @cut: 0 linear; 1 all in fragments; else the first bytes linear */
static bool opens(struct signet_key *key, const u8 *frame, unsigned int len,
		  unsigned int cut, bool shared, const u8 *text,
		  struct bench_page *out)
{
	unsigned int plain = len - SIGNET_FRAME_OVERHEAD;
	struct sk_buff *skb = skb_of(frame, len, 7, cut, shared);
	bool ok = false;
	int sleep, err;

	if (!skb)
		return false;
	for (sleep = 0; sleep < 2; sleep++) {
		memset(out->data, 0xaa, plain + 16);
		err = open_skb(key, skb, 7, len, out, sleep);
		ok = expect(!err && !memcmp(out->data, text, plain) &&
			    out->data[plain] == 0xaa,
			    "%u bytes, cut at %u, cipher %u: %d", plain, cut,
			    key->cipher, err);
		if (!ok)
			break;
	}
	kfree_skb(skb);
	return ok;
}

static bool opens_in_any_shape(struct signet_key *key, const u8 *frame,
			       unsigned int len, const u8 *text,
			       struct bench_page *out)
{
	const unsigned int cuts[] = { 0, 1, 3, 25, 41, len - 8, len };
	int i;

	for (i = 0; i < ARRAY_SIZE(cuts); i++)
		if (cuts[i] <= len &&
		    !(opens(key, frame, len, cuts[i], false, text, out) &&
		      opens(key, frame, len, cuts[i], true, text, out)))
			return false;
	return true;
}

/* one bit changed: in type, key and lane, flags, counter, text, tag */
static bool changed_do_not_open(struct signet_key *key, u8 *frame,
				unsigned int len, struct bench_page *out)
{
	const unsigned int places[] = { 0, 1, 2, 3, 8, 15, 24, len - 16,
					len - 1 };
	struct sk_buff *skb;
	int i, err;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		frame[places[i]] ^= 0x10;
		skb = skb_of(frame, len, 0, i % 3 * 10, false);
		err = skb ? open_skb(key, skb, 0, len, out, i % 2) : -ENOMEM;
		kfree_skb(skb);
		frame[places[i]] ^= 0x10;
		/* bits 4 of type and key are no part of the nonce, but of the
		 * associated data
		 */
		if (!expect(err == -EBADMSG, "byte %u changed, cipher %u: %d",
			    places[i], key->cipher, err))
			return false;
	}
	return true;
}

static bool frame_vector(int i, struct bench_page *p, struct bench_page *out)
{
	unsigned int len = frame_vectors[i].length;
	unsigned int plain = len - SIGNET_FRAME_OVERHEAD;
	siphash_key_t hop_key;
	struct signet_key *key;
	bool ok;

	key = key_of(frame_vectors[i].cipher, frame_vectors[i].key);
	if (!expect(key, "no key of cipher %u", frame_vectors[i].cipher))
		return false;
	memcpy(p->data, frame_vectors[i].frame, SIGNET_HOP_TAG_OFFSET);
	memcpy(p->data + SIGNET_FRAME_HDR_LEN, frame_vectors[i].plain, plain);
	ok = expect(!seal(key, p->data, plain, p, false), "vector %d", i);
	signet_hop_key_set(&hop_key, frame_vectors[i].hop_key);
	signet_hop_tag_write((struct signet_frame *)p->data, &hop_key);
	ok = ok && expect(!memcmp(p->data, frame_vectors[i].frame, len),
			  "vector %d", i) &&
	     expect(signet_hop_tag_ok((struct signet_frame *)p->data, &hop_key),
		    "vector %d", i) &&
	     opens_in_any_shape(key, p->data, len, frame_vectors[i].plain,
				out) &&
	     changed_do_not_open(key, p->data, len, out);
	signet_aead_key_free(key);
	kfree(key);
	return ok;
}

static void length_vector_text(u8 *frame, unsigned int len)
{
	struct signet_frame *f = (struct signet_frame *)frame;
	unsigned int i;

	f->type = SIGNET_FRAME_PACKET;
	f->key_lane = 7 << SIGNET_KEY_SHIFT | 31;
	f->flags = 0;
	f->counter = cpu_to_le64((1ULL << 63) + len);
	for (i = 0; i < len; i++)
		frame[SIGNET_FRAME_HDR_LEN + i] = i * 7 + len;
}

static bool length_vector(struct signet_key *key, int i, bool sleep,
			  struct bench_page *p, struct bench_page *out,
			  struct bench_page *text)
{
	unsigned int len = length_vectors[i].length;
	const u8 *tag = length_vectors[i].tag[key->cipher - 1];
	u8 *frame = p->data + 3 * i;
	int err;

	length_vector_text(text->data, len);
	memcpy(frame, text->data, SIGNET_FRAME_HDR_LEN + len);
	err = seal(key, frame, len, p, sleep);
	return expect(!err && !memcmp(frame + SIGNET_FRAME_HDR_LEN + len, tag,
				      SIGNET_AEAD_TAG_LEN),
		      "%u bytes, cipher %u: %d", len, key->cipher, err) &&
	       opens_in_any_shape(key, frame, len + SIGNET_FRAME_OVERHEAD,
				  text->data + SIGNET_FRAME_HDR_LEN, out);
}

static bool length_vectors_of(u8 cipher, struct bench_page *p,
			      struct bench_page *out, struct bench_page *text)
{
	struct signet_key *key;
	u8 secret[32];
	bool ok = true;
	int i;

	for (i = 0; i < sizeof(secret); i++)
		secret[i] = i;
	key = key_of(cipher, secret);
	if (!expect(key, "no key of cipher %u", cipher))
		return false;
	for (i = 0; i < ARRAY_SIZE(length_vectors) && ok; i++)
		ok = length_vector(key, i, false, p, out, text) &&
		     length_vector(key, i, true, p, out, text);
	signet_aead_key_free(key);
	kfree(key);
	return ok;
}

/* an AEAD that always answers later */
static bool answers_later(struct bench_page *p, struct bench_page *out)
{
	struct signet_key *key;
	struct sk_buff *skb;
	u8 secret[32] = {};
	int refs, err;
	bool ok;

	key = key_of(SIGNET_CIPHER_AES_256_GCM, secret);
	if (!expect(key, "no key"))
		return false;
	ok = expect(test_bit(SIGNET_KEY_ASYNC, &key->flags), "not found out") &&
	     expect(!signet_aead_inline(key), "inline");
	length_vector_text(p->data, 1000);
	ok = ok && expect(!seal(key, p->data, 1000, p, true), "may sleep");
	skb = skb_of(p->data, 1000 + SIGNET_FRAME_OVERHEAD, 0, 10, false);
	refs = page_ref_count(p->page) + page_ref_count(out->page);

	ok = ok && expect(seal(key, p->data, 1000, p, false) == -EINPROGRESS,
			  "used in softirq");

	/* as if that were not known yet */
	clear_bit(SIGNET_KEY_ASYNC, &key->flags);
	err = seal(key, p->data, 1000, p, false);
	ok = ok && expect(err == -EINPROGRESS, "seal: %d", err);
	ok = ok && expect(test_bit(SIGNET_KEY_ASYNC, &key->flags), "flag");
	clear_bit(SIGNET_KEY_ASYNC, &key->flags);
	err = skb ? open_skb(key, skb, 0, 1000 + SIGNET_FRAME_OVERHEAD, out,
			     false) : -ENOMEM;
	ok = ok && expect(err == -EINPROGRESS, "open: %d", err);
	flush_workqueue(signet_wq);
	ok = ok && expect(kref_read(&key->ref) == 1, "key is still held") &&
	     expect(refcount_read(&skb->users) == 1, "packet is still held") &&
	     expect(page_ref_count(p->page) + page_ref_count(out->page) ==
		    refs, "page is still held") &&
	     expect(!memcmp(out->data, "\xe8\xef\xf6", 3), "not opened");
	kfree_skb(skb);
	signet_aead_key_free(key);
	kfree(key);
	return ok;
}

static bool asynchronous(struct bench_page *p, struct bench_page *out)
{
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *tfm;
	int len;
	bool ok;

	if (!selftest_async)
		return true;
	tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (!expect(!IS_ERR(tfm), "no AES-GCM"))
		return false;
	len = snprintf(name, sizeof(name), "pcrypt(%s)",
		       crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm)));
	crypto_free_aead(tfm);
	if (len >= sizeof(name))
		return false;
	tfm = crypto_alloc_aead(name, 0, 0);
	if (!expect(!IS_ERR(tfm), "no %s: %ld", name, PTR_ERR(tfm)))
		return false;
	signet_aead_exit();
	ok = expect(!signet_aead_init(), "init") && answers_later(p, out);
	crypto_free_aead(tfm);
	return ok;
}

bool signet_selftest_aead(void)
{
	struct bench_page p = {}, out = {}, text = {};
	bool ok;
	int i;

	ok = page_get(&p) && page_get(&out) && page_get(&text);
	for (i = 0; i < ARRAY_SIZE(frame_vectors) && ok; i++)
		ok = frame_vector(i, &p, &out);
	for (i = SIGNET_CIPHER_CHACHA20_POLY1305;
	     i <= SIGNET_CIPHER_AES_256_GCM && ok; i++)
		ok = length_vectors_of(i, &p, &out, &text);
	ok = ok && asynchronous(&p, &out);
	page_put(&p);
	page_put(&out);
	page_put(&text);
	return ok;
}
