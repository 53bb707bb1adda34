// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * AES-256-GCM for one key. What the crypto API allocates is charged to nobody
 * and rounded up to a power of two, which together is half of a peer. Where an
 * algorithm keeps all that it needs in its context, and has nothing to do when
 * a transform is made or freed, transforms are copies of one that has no key:
 * of their exact size, and charged to who asked for them.
 */
#include <crypto/aead.h>
#include <linux/crypto.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gcm.h"

/**
 * struct gcm_kind - an algorithm whose transforms are copied
 * @node: in kinds
 * @tfm: from the crypto API, without a key; holds the algorithm
 * @cache: of the copies
 * @size: of a copy
 * @copies: how many there are
 */
struct gcm_kind {
	struct list_head node;
	struct crypto_aead *tfm;
	struct kmem_cache *cache;
	unsigned int size;
	unsigned int copies;
};

/* Few, in most cases one; those without a copy go. */
static LIST_HEAD(kinds);
static DEFINE_MUTEX(kinds_lock);

/* On older x86 kernels "gcm(aes)" is a wrapper over cryptd over an internal
 * algorithm, for callers that don't know whether SIMD can be used. Here that
 * is asked before, so the internal one does: it answers at once, and a key is
 * one transform and not three. The crypto API names it after the wrapper.
 */
static struct crypto_aead *alloc_inner(struct crypto_aead *wrapper)
{
	const char *driver =
		crypto_tfm_alg_driver_name(crypto_aead_tfm(wrapper));
	u32 type = CRYPTO_ALG_INTERNAL | CRYPTO_ALG_TESTED;
	char name[CRYPTO_MAX_ALG_NAME];

	if (snprintf(name, sizeof(name), "__%s", driver) >= sizeof(name))
		return ERR_PTR(-ENAMETOOLONG);
	/* what is there, tested: nothing is loaded or made for this */
	return crypto_alloc_aead(name, type,
				 type | CRYPTO_ALG_ASYNC | CRYPTO_NOLOAD);
}

static struct crypto_aead *alloc_api(void)
{
	struct crypto_aead *inner, *tfm = crypto_alloc_aead("gcm(aes)", 0, 0);

	if (IS_ERR(tfm) ||
	    !(crypto_aead_alg(tfm)->base.cra_flags & CRYPTO_ALG_ASYNC))
		return tfm;
	inner = alloc_inner(tfm);
	if (IS_ERR(inner))
		return tfm;
	crypto_free_aead(tfm);
	return inner;
}

static bool can_be_copied(struct crypto_aead *tfm)
{
	struct aead_alg *alg = crypto_aead_alg(tfm);

	return !alg->init && !alg->exit && !alg->base.cra_init &&
	       !alg->base.cra_exit;
}

static struct gcm_kind *kind_find(struct crypto_aead *tfm)
{
	struct gcm_kind *kind;

	lockdep_assert_held(&kinds_lock);
	list_for_each_entry(kind, &kinds, node) {
		if (crypto_aead_alg(kind->tfm) == crypto_aead_alg(tfm))
			return kind;
	}
	return NULL;
}

/* takes @tfm over, unless it fails */
static struct gcm_kind *kind_new(struct crypto_aead *tfm)
{
	struct crypto_alg *alg = crypto_aead_tfm(tfm)->__crt_alg;
	char name[CRYPTO_MAX_ALG_NAME + 8];
	struct gcm_kind *kind;

	kind = kzalloc_obj(*kind);
	if (!kind)
		return NULL;
	kind->tfm = tfm;
	kind->size = sizeof(*tfm) + alg->cra_ctxsize + alg->cra_alignmask;
	snprintf(name, sizeof(name), "signet-%s", alg->cra_driver_name);
	kind->cache = kmem_cache_create(name, kind->size, CRYPTO_MINALIGN,
					SLAB_ACCOUNT, NULL);
	if (!kind->cache) {
		kfree(kind);
		return NULL;
	}
	list_add(&kind->node, &kinds);
	return kind;
}

static void kind_put(struct gcm_kind *kind)
{
	if (kind->copies)
		return;
	list_del(&kind->node);
	kmem_cache_destroy(kind->cache);
	crypto_free_aead(kind->tfm);
	kfree(kind);
}

/* Return: ERR_PTR(-ENOMEM); @tfm is the copy's, or freed */
static struct crypto_aead *copy_of(struct crypto_aead *tfm)
{
	struct crypto_aead *copy;
	struct gcm_kind *kind;

	mutex_lock(&kinds_lock);
	kind = kind_find(tfm);
	if (kind)
		crypto_free_aead(tfm);
	else
		kind = kind_new(tfm);
	if (!kind) {
		crypto_free_aead(tfm);
		copy = NULL;
		goto out;
	}
	copy = kmem_cache_zalloc(kind->cache, GFP_KERNEL_ACCOUNT);
	if (copy) {
		memcpy(copy, kind->tfm, sizeof(*copy));
		kind->copies++;
	} else {
		kind_put(kind);
	}
out:
	mutex_unlock(&kinds_lock);
	return copy ?: ERR_PTR(-ENOMEM);
}

struct crypto_aead *signet_gcm_alloc(void)
{
	struct crypto_aead *tfm = alloc_api();

	if (IS_ERR(tfm) || !can_be_copied(tfm))
		return tfm;
	return copy_of(tfm);
}

void signet_gcm_free(struct crypto_aead *tfm)
{
	struct gcm_kind *kind;

	if (!can_be_copied(tfm)) {
		crypto_free_aead(tfm);
		return;
	}
	mutex_lock(&kinds_lock);
	kind = kind_find(tfm);
	memzero_explicit(tfm, kind->size);
	kmem_cache_free(kind->cache, tfm);
	kind->copies--;
	kind_put(kind);
	mutex_unlock(&kinds_lock);
}
