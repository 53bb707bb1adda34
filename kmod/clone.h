/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Has this machine been cloned? A snapshot that is restored twice has the same
 * keys and the same counters twice, and must seal nothing more under them.
 *
 * Hypervisors change an id in the machine's memory before a clone runs for the
 * first time (the Virtual Machine Generation ID, an ACPI device). The kernel's
 * own notice (see main.c) comes by an interrupt and a work item, and so some
 * packets later; each key knows under which id it was made, and is of no use
 * under another.
 */
#ifndef SIGNET_KMOD_CLONE_H
#define SIGNET_KMOD_CLONE_H

#include <linux/compiler.h>
#include <linux/jump_label.h>
#include <linux/types.h>

/* all 0 where no hypervisor tells */
struct signet_clone_id {
	u64 part[2];
};

#ifdef CONFIG_ACPI

DECLARE_STATIC_KEY_FALSE(signet_clone_known);
extern const struct signet_clone_id *signet_clone_now;

void signet_clone_init(void);
void signet_clone_exit(void);

/* Context: any. The id changes only while no CPU of this machine runs. */
static inline struct signet_clone_id signet_clone_id(void)
{
	struct signet_clone_id id = {};

	if (static_branch_unlikely(&signet_clone_known)) {
		id.part[0] = READ_ONCE(signet_clone_now->part[0]);
		id.part[1] = READ_ONCE(signet_clone_now->part[1]);
	}
	return id;
}

/* is this another machine than the one that read @then? Context: any. */
static inline bool signet_cloned(const struct signet_clone_id *then)
{
	struct signet_clone_id now;

	if (!static_branch_unlikely(&signet_clone_known))
		return false;
	now = signet_clone_id();
	return now.part[0] != then->part[0] || now.part[1] != then->part[1];
}

#else

static inline void signet_clone_init(void)
{
}

static inline void signet_clone_exit(void)
{
}

static inline struct signet_clone_id signet_clone_id(void)
{
	return (struct signet_clone_id){};
}

static inline bool signet_cloned(const struct signet_clone_id *then)
{
	return false;
}

#endif

#endif
