/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SIGNET_KMOD_GCM_H
#define SIGNET_KMOD_GCM_H

struct crypto_aead;

/* process context: AES-256-GCM without a key; ERR_PTR() */
struct crypto_aead *signet_gcm_alloc(void);
/* process context; wipes it */
void signet_gcm_free(struct crypto_aead *tfm);

#endif
