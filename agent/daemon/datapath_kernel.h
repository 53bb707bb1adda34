/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the kernel module can be used, for who chooses the data path. */
#ifndef SG_DATAPATH_KERNEL_H
#define SG_DATAPATH_KERNEL_H

#include "daemon/datapath.h"

struct sg_kmod_module;

/**
 * sg_kernel_usable() - can this agent work with that module?
 * @why: receives the reason where not
 */
bool sg_kernel_usable(const struct sg_kmod_module *m, char *why, size_t cap);

/**
 * sg_kernel_probe() - is there a module that works? Tries to have it loaded.
 * @why: receives the reason where not
 * Return: 0 or -errno.
 */
int sg_kernel_probe(char *why, size_t cap);

/**
 * sg_kernel_forget() - remove a device that an agent left which nobody uses
 * Return: 0, also where there is none; -EBUSY somebody uses it.
 */
int sg_kernel_forget(const char *ifname);

#endif
