// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/privileges.h"

int sg_privileges_harden(struct sg_error *err)
{
	struct rlimit none = { 0, 0 }, lock;

	if (setrlimit(RLIMIT_CORE, &none))
		return sg_err(err, errno, "cannot forbid core dumps: %s",
			      strerror(errno));
#ifndef __SANITIZE_ADDRESS__ /* its leak check traces the process */
	if (prctl(PR_SET_DUMPABLE, 0))
		return sg_err(err, errno, "cannot forbid tracing: %s",
			      strerror(errno));
#endif
	if (!getrlimit(RLIMIT_MEMLOCK, &lock)) {
		lock.rlim_cur = lock.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &lock);
	}
	return 0;
}

/* For programs that the verifier lets use pointers as packets need them. */
#define BPF_CAPS (1ULL << CAP_BPF | 1ULL << CAP_PERFMON)

/* For programs of others, and what root pinned. */
#define DISPATCHER_CAPS (1ULL << CAP_SYS_ADMIN | 1ULL << CAP_DAC_OVERRIDE)

bool sg_privileges_for_dispatcher(void)
{
	const char *said = getenv(SG_PRIVILEGES_DISPATCHER);

	return said && !strcmp(said, "yes");
}

static uint64_t dispatcher_caps(void)
{
	return sg_privileges_for_dispatcher() ? DISPATCHER_CAPS : 0;
}

/* @sleep: what is kept, but has no effect for now */
static int cap_set(uint64_t keep, uint64_t sleep)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct d[2];

	memset(d, 0, sizeof(d));
	if (syscall(SYS_capget, &h, d))
		return -errno;
	for (int i = 0; i < 2; i++) {
		/* what we do not have we cannot keep */
		d[i].permitted &= (uint32_t)(keep >> (32 * i));
		d[i].effective = d[i].permitted &
				 ~(uint32_t)(sleep >> (32 * i));
		d[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, d) ? -errno : 0;
}

int sg_privileges_drop(bool low_port, struct sg_error *err)
{
	uint64_t keep = 1ULL << CAP_NET_ADMIN | BPF_CAPS;
	int ret;

	if (low_port)
		keep |= 1ULL << CAP_NET_BIND_SERVICE;
	keep |= dispatcher_caps();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return sg_err(err, errno, "cannot set no_new_privs: %s",
			      strerror(errno));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* the bounding set needs CAP_SETPCAP; without it no_new_privs holds */
	for (unsigned int cap = 0; cap < 64; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_READ, cap) == 1)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	ret = cap_set(keep, BPF_CAPS | dispatcher_caps());
	if (ret)
		return sg_err(err, -ret, "cannot drop capabilities: %s",
			      strerror(-ret));
	return 0;
}

void sg_privileges_bpf(bool on)
{
	cap_set(UINT64_MAX, dispatcher_caps() | (on ? 0 : BPF_CAPS));
}

void sg_privileges_dispatcher(bool on)
{
	cap_set(UINT64_MAX, on ? 0 : dispatcher_caps() | BPF_CAPS);
}
