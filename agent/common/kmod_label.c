// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Labels: what frames are received on. */
#include <string.h>

#include "common/kmod_private.h"

int sg_kmod_label_new(struct sg_kmod *km, uint32_t ifindex,
		      const struct sg_kmod_label *label,
		      const uint8_t hop_key[SIGNET_HOP_KEY_LEN], bool replace)
{
	struct nl_msg *msg;

	msg = sg_kmod_request(km, SIGNET_CMD_LABEL_NEW,
			      NLM_F_ACK | NLM_F_CREATE |
				      (replace ? NLM_F_REPLACE : NLM_F_EXCL),
			      ifindex, SG_KMOD_MSG_LEN);
	sg_kmod_put_u32(km, msg, SIGNET_A_LABEL_LABEL, label->label);
	sg_kmod_put(km, msg, SIGNET_A_LABEL_HOP_KEY, hop_key,
		    SIGNET_HOP_KEY_LEN);
	sg_kmod_put_u32(km, msg, SIGNET_A_LABEL_CHANNEL, label->channel);
	if (label->expiry_ms != SG_KMOD_NEVER)
		sg_kmod_put_uint(km, msg, SIGNET_A_LABEL_EXPIRY_MS,
				 label->expiry_ms);
	return sg_kmod_call(km, msg, NULL, NULL, NULL);
}

int sg_kmod_label_del(struct sg_kmod *km, uint32_t ifindex, uint32_t label)
{
	return sg_kmod_simple(km, SIGNET_CMD_LABEL_DEL, ifindex,
			      SIGNET_A_LABEL_LABEL, label, NULL, NULL, NULL);
}

static int take_label(struct nlmsghdr *nlh, struct sg_kmod_label *o)
{
	struct nlattr *tb[SIGNET_A_LABEL_MAX + 1];
	int r = sg_kmod_attrs(nlh, tb, SIGNET_A_LABEL_MAX);

	memset(o, 0, sizeof(*o));
	if (r)
		return r;
	o->label = sg_kmod_u32(tb[SIGNET_A_LABEL_LABEL]);
	o->channel = sg_kmod_u32(tb[SIGNET_A_LABEL_CHANNEL]);
	o->expiry_ms = tb[SIGNET_A_LABEL_EXPIRY_MS]
			       ? sg_kmod_uint(tb[SIGNET_A_LABEL_EXPIRY_MS])
			       : SG_KMOD_NEVER;
	return 0;
}

static int on_label(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	return take_label(nlh, ctx);
}

static int each_label(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct sg_kmod_label o;
	int r = take_label(nlh, &o);

	return r ? r : ((sg_kmod_label_fn)fn)(ctx, &o);
}

static int restart(void *fn, void *ctx)
{
	return ((sg_kmod_label_fn)fn)(ctx, NULL);
}

int sg_kmod_label_get(struct sg_kmod *km, uint32_t ifindex, uint32_t label,
		      struct sg_kmod_label *o)
{
	memset(o, 0, sizeof(*o));
	return sg_kmod_simple(km, SIGNET_CMD_LABEL_GET, ifindex,
			      SIGNET_A_LABEL_LABEL, label, on_label, NULL, o);
}

int sg_kmod_label_dump(struct sg_kmod *km, uint32_t ifindex,
		       sg_kmod_label_fn fn, void *ctx)
{
	return sg_kmod_dump(km, SIGNET_CMD_LABEL_GET, ifindex, each_label,
			    restart, (void *)fn, ctx);
}
