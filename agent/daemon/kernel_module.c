// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is the module there, and do agent and module understand each other? */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "daemon/kernel.h"

bool sg_kernel_usable(const struct sg_kmod_module *m, char *why, size_t cap)
{
	/* A newer module takes what an older agent says, not the reverse. */
	if (m->abi < SIGNET_ABI)
		snprintf(why, cap, "signet.ko %s speaks abi %u, needs %u",
			 m->version, m->abi, SIGNET_ABI);
	else if (m->wire_version != SIGNET_WIRE_VERSION)
		snprintf(why, cap,
			 "signet.ko %s makes frames of version %u, needs %u",
			 m->version, m->wire_version, SIGNET_WIRE_VERSION);
	else if (!(m->ciphers & 1u << SIGNET_CIPHER_CHACHA20_POLY1305))
		snprintf(why, cap, "this kernel has no ChaCha20-Poly1305 (%s)",
			 "CONFIG_CRYPTO_CHACHA20POLY1305");
	else
		return true;
	return false;
}

static void reason(const struct sg_kmod *km, int err, char *why, size_t cap)
{
	const char *words = km ? sg_kmod_error(km) : "";

	if (err == -ENOENT || err == -EOPNOTSUPP)
		snprintf(why, cap, "signet.ko is not loaded");
	else if (err == -EPERM)
		snprintf(why, cap, "no CAP_NET_ADMIN for signet.ko");
	else
		snprintf(why, cap, "signet.ko does not answer: %s",
			 *words ? words : strerror(-err));
}

int sg_kernel_probe(char *why, size_t cap)
{
	struct sg_kmod_module m;
	struct sg_kmod *km = NULL;
	int err = sg_kmod_open(&km, true);

	if (!err)
		err = sg_kmod_module_get(km, &m);
	if (err)
		reason(km, err, why, cap);
	else if (!sg_kernel_usable(&m, why, cap))
		err = -EPROTO;
	sg_kmod_close(km);
	return err;
}

int sg_kernel_forget(const char *ifname)
{
	uint32_t index = if_nametoindex(ifname);
	struct sg_kmod_dev dev;
	struct sg_kmod_link link;
	struct sg_kmod *km;
	int err = 0;

	if (!index || sg_kmod_open(&km, false))
		return 0;
	if (sg_kmod_link_get(km, index, &link))
		goto cleanup;
	if (!sg_kmod_dev_get(km, index, &dev) && (dev.port4 || dev.port6)) {
		err = -EBUSY;
		goto cleanup;
	}
	err = sg_kmod_link_del(km, index);
	if (!err)
		kernel_policy_forget(index);
	if (!err)
		sg_log(SG_LOG_INFO,
		       "removed device %s of signet.ko, left by an agent that "
		       "used it",
		       ifname);
cleanup:
	sg_kmod_close(km);
	return err;
}
