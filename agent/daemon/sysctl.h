/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Per-interface switches under /proc/sys, and how to put them back.
 */
#ifndef SG_SYSCTL_H
#define SG_SYSCTL_H

#include <stddef.h>

/**
 * sg_sysctl_read() - value without the newline
 * @dir: for instance "net/ipv4/conf"
 * @ifname: interface, or "all"; NULL: @key is directly in @dir
 */
int sg_sysctl_read(const char *dir, const char *ifname, const char *key,
		   char *value, size_t cap);

/**
 * sg_sysctl_change() - set a value
 * @before: receives the value to restore, "" where it was @value already
 * Return: 0; 1 it was already so; -errno.
 */
int sg_sysctl_change(const char *dir, const char *ifname, const char *key,
		     const char *value, char *before, size_t cap);

/** sg_sysctl_restore() - write @value back */
int sg_sysctl_restore(const char *dir, const char *ifname, const char *key,
		      const char *value);

#endif
