// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Registers a family with split operations where they are not known. */
#include <linux/slab.h>
#include <net/genetlink.h>

#include "../netlink-gen.h"

#undef genl_register_family
#undef genl_unregister_family

static struct genl_ops *find(struct genl_ops *ops, unsigned int n, u8 cmd)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (ops[i].cmd == cmd)
			return &ops[i];
	return NULL;
}

/* A command has one policy: the one that knows more attributes. */
static void join(struct genl_ops *to, const struct genl_ops *from)
{
	if (from->doit)
		to->doit = from->doit;
	if (from->dumpit) {
		to->start = from->start;
		to->dumpit = from->dumpit;
		to->done = from->done;
	}
	if (from->maxattr > to->maxattr) {
		to->policy = from->policy;
		to->maxattr = from->maxattr;
	}
	to->flags |= from->flags;
}

int signet_compat_register_family(struct genl_family *family)
{
	struct genl_ops *ops, *old;
	unsigned int i, n = 0;
	int err;

	ops = kcalloc(family->n_ops, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;

	for (i = 0; i < family->n_ops; i++) {
		old = find(ops, n, family->ops[i].cmd);
		if (old)
			join(old, &family->ops[i]);
		else
			ops[n++] = family->ops[i];
	}
	family->ops = ops;
	family->n_ops = n;

	err = genl_register_family(family);
	if (err)
		kfree(ops);
	return err;
}

int signet_compat_unregister_family(struct genl_family *family)
{
	int err = genl_unregister_family(family);

	kfree(family->ops);
	return err;
}
