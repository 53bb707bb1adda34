// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The module: what it registers, and what ends every key of the machine. */
#include <linux/genetlink.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/suspend.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#include "aead.h"
#include "channel.h"
#include "clone.h"
#include "device.h"
#include "netlink-gen.h"
#include "peer.h"
#include "replay.h"
#include "selftest/selftest.h"

struct workqueue_struct *signet_wq;

/*
 * A machine that was cloned from this one, or from its image on disk, has the
 * same keys and counters. A suspended one keeps keys in memory that others
 * may read, so they go before it sleeps; and what was installed between then
 * and the freeze goes after. A clone's keys were of no use from its beginning,
 * see clone.h.
 */
static int pm_notification(struct notifier_block *nb, unsigned long action,
			   void *data)
{
	/* Where the machine sleeps all the time, keys end by their limits. */
	if (IS_ENABLED(CONFIG_PM_AUTOSLEEP) || IS_ENABLED(CONFIG_ANDROID))
		return NOTIFY_DONE;

	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_POST_HIBERNATION:
	case PM_RESTORE_PREPARE:
	case PM_POST_RESTORE:
	case PM_SUSPEND_PREPARE:
	case PM_POST_SUSPEND:
		signet_drop_all_keys();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block pm_notifier = {
	.notifier_call = pm_notification,
};

static int vmfork_notification(struct notifier_block *nb, unsigned long action,
			       void *data)
{
	signet_drop_all_keys();
	return NOTIFY_DONE;
}

static struct notifier_block vmfork_notifier = {
	.notifier_call = vmfork_notification,
};

static int __init notifiers_init(void)
{
	int err;

	err = register_pm_notifier(&pm_notifier);
	if (err)
		return err;

	err = register_random_vmfork_notifier(&vmfork_notifier);
	if (err)
		unregister_pm_notifier(&pm_notifier);
	return err;
}

static void notifiers_exit(void)
{
	unregister_random_vmfork_notifier(&vmfork_notifier);
	unregister_pm_notifier(&pm_notifier);
}

static int __init signet_init(void)
{
	int err;

	err = signet_aead_init();
	if (err)
		return err;

	err = signet_replay_cache_init();
	if (err)
		goto err_aead;

	err = signet_peer_cache_init();
	if (err)
		goto err_replay;

	err = signet_channel_caches_init();
	if (err)
		goto err_peer;

	signet_wq = alloc_workqueue("signet", WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!signet_wq) {
		err = -ENOMEM;
		goto err_channel;
	}

	signet_clone_init();
	err = notifiers_init();
	if (err)
		goto err_clone;

	err = signet_selftest();
	if (err)
		goto err_notifiers;

	err = genl_register_family(&signet_nl_family);
	if (err)
		goto err_notifiers;

	err = rtnl_link_register(&signet_link_ops);
	if (err)
		goto err_family;

	return 0;

err_family:
	genl_unregister_family(&signet_nl_family);
err_notifiers:
	notifiers_exit();
err_clone:
	signet_clone_exit();
	destroy_workqueue(signet_wq);
err_channel:
	signet_channel_caches_exit();
err_peer:
	signet_peer_cache_exit();
err_replay:
	signet_replay_cache_exit();
err_aead:
	signet_aead_exit();
	return err;
}

/*
 * Devices go first, while their last notifications still reach listeners.
 * What they leave behind: work that waits for an asynchronous AEAD and then
 * lets go of a key; keys, wiped by work that RCU callbacks queue; channels,
 * whose RCU callbacks let go of peers.
 */
static void __exit signet_exit(void)
{
	rtnl_link_unregister(&signet_link_ops);
	genl_unregister_family(&signet_nl_family);
	notifiers_exit();

	flush_workqueue(signet_wq);
	rcu_barrier();
	flush_workqueue(signet_wq);
	rcu_barrier();

	signet_clone_exit();
	destroy_workqueue(signet_wq);
	signet_channel_caches_exit();
	signet_peer_cache_exit();
	signet_replay_cache_exit();
	signet_aead_exit();
}

module_init(signet_init);
module_exit(signet_exit);

MODULE_DESCRIPTION("Signet sealed channels");
MODULE_AUTHOR("The Signet authors");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_VERSION(SIGNET_VERSION);
MODULE_ALIAS_RTNL_LINK("signet");
