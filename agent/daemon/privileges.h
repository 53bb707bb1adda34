/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent gives up before it listens to anybody.
 */
#ifndef SG_PRIVILEGES_H
#define SG_PRIVILEGES_H

#include <stdbool.h>

#include "common/error.h"

/**
 * sg_privileges_harden() - no core dumps, no tracing by others of the same
 * user, and as much locked memory as the hard limit allows. First thing in
 * main().
 */
int sg_privileges_harden(struct sg_error *err);

/**
 * sg_privileges_drop() - keep CAP_NET_ADMIN, and CAP_NET_BIND_SERVICE if
 * @low_port, and lose every other capability for ever, also through execve()
 *
 * CAP_BPF and CAP_PERFMON stay, without effect until sg_privileges_bpf().
 *
 * Capabilities belong to a thread: call it before the first other thread is
 * started (the data path makes workers). The tunnel device, sockets, routes
 * and nftables need nothing more than what stays. Return: 0 or -errno.
 */
int sg_privileges_drop(bool low_port, struct sg_error *err);

/**
 * sg_privileges_bpf() - BPF programs can be loaded from now on, or not any more
 *
 * Where the process never had the capabilities this changes nothing.
 */
void sg_privileges_bpf(bool on);

/** What an operator sets in the environment of an agent that may do what
 * libxdp's dispatcher needs.
 */
#define SG_PRIVILEGES_DISPATCHER "SIGNET_XDP_DISPATCHER"

/** sg_privileges_for_dispatcher() - was that said? */
bool sg_privileges_for_dispatcher(void);
/**
 * sg_privileges_dispatcher() - as sg_privileges_bpf(), with CAP_SYS_ADMIN and
 * CAP_DAC_OVERRIDE as well, which were kept only if it was said
 */
void sg_privileges_dispatcher(bool on);

#endif
