// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <asm/simd.h> /* for simd.h, which needs it before 7.3 */
#include <crypto/aead.h>
#include <crypto/internal/simd.h>
#include <linux/crypto.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "aead.h"
#include "chacha.h"
#include "gcm.h"
#include "key.h"

/**
 * struct aead_op - a request and all that it points to
 * @wait: completes when the AEAD answered later
 * @release: waits for that, lets go of what is held and frees this
 * @key: held, as are @page and @skb, while the AEAD works on its own
 * @page: that the frame or the text lies in
 * @skb: that the frame comes from, or NULL
 * @sealed: associated data with text, and tag, in place
 * @src: associated data, text, tag
 * @dst: associated data, text
 * @nonce: lane and counter
 * @aad: associated data
 * @tag: of a frame that was in several pieces
 * @req: has the AEAD's own memory behind it
 */
struct aead_op {
	struct crypto_wait wait;
	struct work_struct release;
	struct signet_key *key;
	struct page *page;
	struct sk_buff *skb;
	struct scatterlist sealed[2];
	struct scatterlist src[3];
	struct scatterlist dst[2];
	u8 nonce[SIGNET_AEAD_NONCE_LEN] __aligned(8);
	u8 aad[SIGNET_FRAME_AAD_LEN];
	u8 tag[SIGNET_AEAD_TAG_LEN];
	struct aead_request req;
};

static DEFINE_PER_CPU(struct aead_op *, scratch);
/* memory that the requests in scratch have for an AEAD */
static unsigned int scratch_reqsize;
static u32 ciphers;

static void release_work(struct work_struct *work)
{
	struct aead_op *op = container_of(work, struct aead_op, release);

	wait_for_completion(&op->wait.completion);
	put_page(op->page);
	if (op->skb)
		consume_skb(op->skb);
	signet_key_put(op->key);
	kfree_sensitive(op);
}

static struct aead_op *op_new(unsigned int reqsize, u32 flags, gfp_t gfp)
{
	struct aead_op *op;

	op = kzalloc(sizeof(*op) + reqsize, gfp);
	if (!op)
		return NULL;
	crypto_init_wait(&op->wait);
	INIT_WORK(&op->release, release_work);
	sg_init_table(op->sealed, ARRAY_SIZE(op->sealed));
	sg_init_table(op->src, ARRAY_SIZE(op->src));
	sg_init_table(op->dst, ARRAY_SIZE(op->dst));
	sg_set_buf(&op->src[0], op->aad, sizeof(op->aad));
	sg_set_buf(&op->dst[0], op->aad, sizeof(op->aad));
	aead_request_set_callback(&op->req, flags, crypto_req_done, &op->wait);
	aead_request_set_ad(&op->req, SIGNET_FRAME_AAD_LEN);
	return op;
}

static noinline struct aead_op *op_get_slow(struct signet_key *key,
					    bool may_sleep)
{
	struct aead_op *op;

	if (may_sleep) {
		op = op_new(crypto_aead_reqsize(key->tfm),
			    CRYPTO_TFM_REQ_MAY_SLEEP |
			    CRYPTO_TFM_REQ_MAY_BACKLOG, GFP_NOIO);
	} else {
		if (unlikely(test_bit(SIGNET_KEY_ASYNC, &key->flags)))
			return ERR_PTR(-EINPROGRESS);
		op = op_new(scratch_reqsize, 0, GFP_ATOMIC | __GFP_NOWARN);
		this_cpu_write(scratch, op);
	}
	return op ?: ERR_PTR(-ENOMEM);
}

/* Return: ERR_PTR(-EINPROGRESS) in softirq for a key that is not to be used
 * there: scratch may have too little memory for its AEAD
 */
static __always_inline struct aead_op *op_get(struct signet_key *key,
					      bool may_sleep)
{
	struct aead_op *op = this_cpu_read(scratch);

	if (unlikely(may_sleep || !op ||
		     test_bit(SIGNET_KEY_ASYNC, &key->flags))) {
		op = op_get_slow(key, may_sleep);
		if (IS_ERR(op))
			return op;
	}
	aead_request_set_tfm(&op->req, key->tfm);
	return op;
}

/* The AEAD keeps the request: it, and all that it works on, goes when it has
 * answered. The key is not used in softirq any more.
 */
static void op_leave(struct aead_op *op, struct signet_key *key,
		     struct page *page, struct sk_buff *skb)
{
	set_bit(SIGNET_KEY_ASYNC, &key->flags);
	this_cpu_write(scratch, NULL);
	signet_key_get(key);
	op->key = key;
	get_page(page);
	op->page = page;
	op->skb = skb ? skb_get(skb) : NULL;
	queue_work(signet_wq, &op->release);
}

static __always_inline int op_end(struct aead_op *op, struct signet_key *key,
				  int err, struct page *page,
				  struct sk_buff *skb, bool may_sleep)
{
	if (may_sleep) {
		err = crypto_wait_req(err, &op->wait);
		kfree_sensitive(op);
	} else if (unlikely(err == -EINPROGRESS)) {
		op_leave(op, key, page, skb);
	}
	return err;
}

static __always_inline void nonce_of(u8 *nonce, const struct signet_frame *hdr)
{
	put_unaligned_le32(hdr->key_lane & SIGNET_LANE_MASK, nonce);
	memcpy(nonce + 4, &hdr->counter, 8);
}

static void chacha_of(struct signet_chacha *c, const struct signet_key *key,
		      const struct signet_frame *hdr)
{
	c->key = key->secret;
	c->aad = (const u8 *)hdr;
	nonce_of(c->nonce, hdr);
}

/* what comes after what @before is */
static void sg_follow(struct scatterlist *sg, struct scatterlist *before,
		      unsigned int len)
{
	sg_set_page(sg, sg_page(before), len, before->offset + before->length);
}

/* not inline: its variables are to cost the other cipher nothing */
static noinline void chacha_seal(const struct signet_key *key, u8 *frame,
				 unsigned int len)
{
	u8 aad[SIGNET_FRAME_AAD_LEN];
	struct signet_chacha c;

	chacha_of(&c, key, (struct signet_frame *)frame);
	memcpy(aad, frame, sizeof(aad));
	c.aad = aad;
	signet_chacha_seal(&c, frame + SIGNET_FRAME_HDR_LEN, len);
}

int signet_aead_seal(struct signet_key *key, u8 *frame, unsigned int len,
		     struct page *page, bool may_sleep)
{
	u8 *sealed = frame + SIGNET_FRAME_HDR_LEN - SIGNET_FRAME_AAD_LEN;
	struct aead_op *op;

	/* the room that callers leave is enough for ChaCha20-Poly1305 */
	BUILD_BUG_ON(SIGNET_AEAD_BEFORE + SIGNET_FRAME_HDR_LEN -
		     SIGNET_CHACHA_BEFORE < 0);
	BUILD_BUG_ON(SIGNET_AEAD_AFTER + SIGNET_AEAD_TAG_LEN -
		     SIGNET_CHACHA_AFTER < 0);
	if (unlikely(test_bit(SIGNET_KEY_DEAD, &key->flags)))
		return -EKEYEXPIRED;
	if (key->cipher == SIGNET_CIPHER_CHACHA20_POLY1305) {
		chacha_seal(key, frame, len);
		return 0;
	}
	op = op_get(key, may_sleep);
	if (IS_ERR(op))
		return PTR_ERR(op);
	nonce_of(op->nonce, (struct signet_frame *)frame);
	memcpy(sealed, frame, SIGNET_FRAME_AAD_LEN);
	sg_set_buf(&op->sealed[0], sealed, SIGNET_FRAME_AAD_LEN + len);
	sg_follow(&op->sealed[1], &op->sealed[0], SIGNET_AEAD_TAG_LEN);
	aead_request_set_crypt(&op->req, op->sealed, op->sealed, len,
			       op->nonce);
	return op_end(op, key, crypto_aead_encrypt(&op->req), page, NULL,
		      may_sleep);
}

static int sealed_copy(const struct signet_sealed *s, u8 *dst, u8 *tag)
{
	if (skb_copy_bits(s->skb, s->offset, dst, s->len) ||
	    skb_copy_bits(s->skb, s->offset + s->len, tag,
			  SIGNET_AEAD_TAG_LEN))
		return -EFAULT;
	return 0;
}

static noinline int chacha_open(struct signet_key *key,
				const struct signet_sealed *s, u8 *dst)
{
	u8 tag[SIGNET_AEAD_TAG_LEN];
	struct signet_chacha c;

	chacha_of(&c, key, s->hdr);
	if (likely(s->text))
		return signet_chacha_open(&c, dst, s->text, s->len,
					  s->text + s->len);
	if (sealed_copy(s, dst, tag))
		return -EFAULT;
	return signet_chacha_open(&c, dst, dst, s->len, tag);
}

static int gcm_open(struct signet_key *key, const struct signet_sealed *s,
		    u8 *dst, struct page *page, bool may_sleep)
{
	struct aead_op *op = op_get(key, may_sleep);

	if (IS_ERR(op))
		return PTR_ERR(op);
	nonce_of(op->nonce, s->hdr);
	memcpy(op->aad, s->hdr, sizeof(op->aad));
	if (likely(s->text)) {
		sg_set_buf(&op->src[1], s->text, s->len);
		sg_follow(&op->src[2], &op->src[1], SIGNET_AEAD_TAG_LEN);
	} else if (sealed_copy(s, dst, op->tag)) {
		if (may_sleep)
			kfree_sensitive(op);
		return -EFAULT;
	} else {
		sg_set_buf(&op->src[1], dst, s->len);
		sg_set_buf(&op->src[2], op->tag, sizeof(op->tag));
	}
	sg_set_buf(&op->dst[1], dst, s->len);
	aead_request_set_crypt(&op->req, op->src, op->dst,
			       s->len + SIGNET_AEAD_TAG_LEN, op->nonce);
	return op_end(op, key, crypto_aead_decrypt(&op->req), page, s->skb,
		      may_sleep);
}

int signet_aead_open(struct signet_key *key, const struct signet_sealed *s,
		     void *dst, struct page *page, bool may_sleep)
{
	if (unlikely(test_bit(SIGNET_KEY_DEAD, &key->flags)))
		return -EKEYEXPIRED;
	if (key->cipher == SIGNET_CIPHER_CHACHA20_POLY1305)
		return chacha_open(key, s, dst);
	return gcm_open(key, s, dst, page, may_sleep);
}

bool signet_aead_inline(const struct signet_key *key)
{
	if (key->cipher == SIGNET_CIPHER_CHACHA20_POLY1305)
		return true;
	if (test_bit(SIGNET_KEY_ASYNC, &key->flags))
		return false;
	return !test_bit(SIGNET_KEY_SIMD, &key->flags) || crypto_simd_usable();
}

/* An AEAD that may answer later: does it always? Opening nothing tells. */
static int probe(struct signet_key *key)
{
	struct aead_op *op = op_new(crypto_aead_reqsize(key->tfm),
				    CRYPTO_TFM_REQ_MAY_SLEEP |
				    CRYPTO_TFM_REQ_MAY_BACKLOG, GFP_KERNEL);
	int err;

	if (!op)
		return -ENOMEM;
	aead_request_set_tfm(&op->req, key->tfm);
	sg_set_buf(&op->dst[1], op->tag, sizeof(op->tag));
	aead_request_set_crypt(&op->req, op->dst, op->dst, sizeof(op->tag),
			       op->nonce);
	err = crypto_aead_decrypt(&op->req);
	if (err == -EINPROGRESS || err == -EBUSY)
		set_bit(SIGNET_KEY_ASYNC, &key->flags);
	crypto_wait_req(err, &op->wait);
	kfree_sensitive(op);
	return 0;
}

static int gcm_set(struct signet_key *key, const u8 *secret)
{
	struct crypto_aead *tfm = signet_gcm_alloc();
	u32 flags;
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOMEM ? -ENOMEM : -ENOPKG;
	key->tfm = tfm;
	err = crypto_aead_setkey(tfm, secret, SIGNET_AEAD_KEY_LEN);
	if (!err)
		err = crypto_aead_setauthsize(tfm, SIGNET_AEAD_TAG_LEN);
	if (err)
		goto err_tfm;
	if (crypto_aead_reqsize(tfm) > scratch_reqsize)
		set_bit(SIGNET_KEY_ASYNC, &key->flags);
	flags = crypto_aead_alg(tfm)->base.cra_flags;
	if (flags & (CRYPTO_ALG_ASYNC | CRYPTO_ALG_INTERNAL))
		set_bit(SIGNET_KEY_SIMD, &key->flags);
	if (flags & CRYPTO_ALG_ASYNC) {
		err = probe(key);
		if (err)
			goto err_tfm;
	}
	return 0;

err_tfm:
	signet_gcm_free(tfm);
	return err;
}

int signet_aead_key_set(struct signet_key *key, const u8 *secret)
{
	int i;

	if (key->cipher == SIGNET_CIPHER_AES_256_GCM)
		return gcm_set(key, secret);
	if (key->cipher != SIGNET_CIPHER_CHACHA20_POLY1305)
		return -ENOPKG;
	for (i = 0; i < ARRAY_SIZE(key->secret); i++)
		key->secret[i] = get_unaligned_le32(secret + 4 * i);
	return 0;
}

void signet_aead_key_free(struct signet_key *key)
{
	if (key->cipher == SIGNET_CIPHER_AES_256_GCM)
		signet_gcm_free(key->tfm);
	memzero_explicit(key->secret, sizeof(key->secret));
}

u32 signet_aead_ciphers(void)
{
	return ciphers;
}

int signet_aead_init(void)
{
	struct crypto_aead *tfm;
	int cpu;

	ciphers = BIT(SIGNET_CIPHER_CHACHA20_POLY1305);
	tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOMEM ? -ENOMEM : 0;
	ciphers |= BIT(SIGNET_CIPHER_AES_256_GCM);
	scratch_reqsize = crypto_aead_reqsize(tfm);
	crypto_free_aead(tfm);

	for_each_possible_cpu(cpu) {
		struct aead_op *op;

		op = op_new(scratch_reqsize, 0, GFP_KERNEL);
		if (!op) {
			signet_aead_exit();
			return -ENOMEM;
		}
		per_cpu(scratch, cpu) = op;
	}
	return 0;
}

/* no request is on its way any more: signet_wq was flushed */
void signet_aead_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kfree_sensitive(per_cpu(scratch, cpu));
		per_cpu(scratch, cpu) = NULL;
	}
}

MODULE_SOFTDEP("pre: crypto-aes crypto-gcm");
