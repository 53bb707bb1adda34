// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Client of the kernel module's netlink family: finding it, and one exchange.
 * libnl's callbacks are set for each exchange, since only the raw error
 * message has the kernel's errno and its words.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/handlers.h>
#include <netlink/socket.h>
#include <sodium.h>

#include "common/kmod_private.h"

#define BUFFER_LEN   (256 * 1024)
#define RESTARTS_MAX 16

/* since Linux 6.1 */
#define MISS_TYPE 5

/* One exchange with the kernel. */
struct exchange {
	struct sg_kmod *km;
	uint32_t seq;
	sg_kmod_parse_fn parse;
	void *fn;
	void *ctx;
	int result;
	bool done;
	bool interrupted;
};

int sg_kmod_errno(int nle)
{
	switch (nle < 0 ? -nle : nle) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
		return -EPROTONOSUPPORT;
	}
	return -EIO;
}

/* The kernel's words: text, or which attribute it misses. */
static void take_words(struct sg_kmod *km, struct nlattr *first, int len)
{
	struct nlattr *a;
	int rem;

	nla_for_each_attr(a, first, len, rem)
	{
		if (nla_type(a) == NLMSGERR_ATTR_MSG) {
			sg_kmod_string(a, km->error, sizeof(km->error));
			return;
		}
		if (nla_type(a) == MISS_TYPE)
			snprintf(km->error, sizeof(km->error),
				 "attribute %u is missing", sg_kmod_u32(a));
	}
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	if (x->parse && !x->result)
		x->result = x->parse(nlmsg_hdr(msg), x->fn, x->ctx);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	x->done = true;
	return NL_STOP;
}

/* The end of a dump, which may carry an error. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct exchange *x = arg;
	int len = nlmsg_datalen(nlh), error = 0;
	char *data = nlmsg_data(nlh);

	x->done = true;
	if (len >= (int)sizeof(error))
		memcpy(&error, data, sizeof(error));
	if (error < 0) {
		x->result = error;
		if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
			take_words(x->km,
				   (struct nlattr *)(data + sizeof(error)),
				   len - (int)sizeof(error));
	}
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
	struct exchange *x = arg;
	int used = (int)sizeof(*e);

	/* an answer to an earlier request that was given up */
	if (nlh->nlmsg_seq != x->seq)
		return NL_SKIP;
	x->done = true;
	x->result = e->error < 0 ? e->error : -EIO;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		used += (int)NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && nlmsg_datalen(nlh) > used)
		take_words(x->km, (struct nlattr *)((char *)e + used),
			   nlmsg_datalen(nlh) - used);
	return NL_STOP;
}

static int on_seq(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == x->seq ? NL_OK : NL_SKIP;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	x->interrupted = true;
	return NL_OK;
}

static struct nl_cb *callbacks(struct exchange *x)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		return NULL;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, x);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, x);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, x);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);
	return cb;
}

/* Send @msg and take in all of the answer; @msg is wiped and freed. */
static int talk(struct nl_sock *sk, struct nl_msg *msg, struct exchange *x)
{
	struct nl_cb *cb = callbacks(x);
	int r;

	x->km->error[0] = '\0';
	x->result = -ENOMEM;
	if (!cb || !msg)
		goto cleanup;
	x->result = -EMSGSIZE;
	if (x->km->full)
		goto cleanup;
	x->result = 0;
	nl_complete_msg(sk, msg);
	x->seq = nlmsg_hdr(msg)->nlmsg_seq;
	r = nl_send(sk, msg);
	while (r >= 0 && !x->done)
		r = nl_recvmsgs(sk, cb);
	if (!x->done)
		x->result = sg_kmod_errno(r);
cleanup:
	if (msg) {
		sodium_memzero(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
		nlmsg_free(msg);
	}
	if (cb)
		nl_cb_put(cb);
	return x->result;
}

int sg_kmod_call(struct sg_kmod *km, struct nl_msg *msg, sg_kmod_parse_fn parse,
		 void *fn, void *ctx)
{
	struct exchange x = { .km = km, .parse = parse, .fn = fn, .ctx = ctx };

	return talk(km->genl, msg, &x);
}

/* A socket whose refusals come with words, without the request's text. */
static int connect_to(int protocol, struct nl_sock **out)
{
	struct nl_sock *sk = nl_socket_alloc();
	const int on = 1;
	int r, fd;

	if (!sk)
		return -ENOMEM;
	r = nl_connect(sk, protocol);
	if (r < 0) {
		nl_socket_free(sk);
		return sg_kmod_errno(r);
	}
	fd = nl_socket_get_fd(sk);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	nl_socket_set_buffer_size(sk, BUFFER_LEN, BUFFER_LEN);
	*out = sk;
	return 0;
}

int sg_kmod_route_call(struct sg_kmod *km, struct nl_msg *msg,
		       sg_kmod_parse_fn parse, void *fn, void *ctx)
{
	struct exchange x = { .km = km, .parse = parse, .fn = fn, .ctx = ctx };
	int r = km->route ? 0 : connect_to(NETLINK_ROUTE, &km->route);

	if (r) {
		nlmsg_free(msg);
		return r;
	}
	return talk(km->route, msg, &x);
}

int sg_kmod_open(struct sg_kmod **out, bool autoload)
{
	struct sg_kmod *km = calloc(1, sizeof(*km));
	int r;

	*out = NULL;
	if (!km)
		return -ENOMEM;
	r = connect_to(NETLINK_GENERIC, &km->genl);
	if (r)
		goto cleanup;
	km->family = genl_ctrl_resolve(km->genl, SIGNET_FAMILY_NAME);
	if (km->family < 0 && autoload) {
		sg_kmod_autoload(km);
		km->family = genl_ctrl_resolve(km->genl, SIGNET_FAMILY_NAME);
	}
	r = km->family < 0 ? sg_kmod_errno(km->family) : 0;
cleanup:
	if (r)
		sg_kmod_close(km);
	else
		*out = km;
	return r;
}

void sg_kmod_close(struct sg_kmod *km)
{
	if (!km)
		return;
	if (km->genl)
		nl_socket_free(km->genl);
	if (km->route)
		nl_socket_free(km->route);
	free(km);
}

const char *sg_kmod_error(const struct sg_kmod *km)
{
	return km ? km->error : "";
}

int sg_kmod_dump(struct sg_kmod *km, uint8_t cmd, uint32_t ifindex,
		 sg_kmod_parse_fn parse, sg_kmod_restart_fn restart, void *fn,
		 void *ctx)
{
	for (int i = 0; i < RESTARTS_MAX; i++) {
		struct exchange x = {
			.km = km, .parse = parse, .fn = fn, .ctx = ctx
		};
		int r = restart(fn, ctx);

		if (!r)
			r = talk(km->genl,
				 sg_kmod_request(km, cmd, NLM_F_DUMP, ifindex,
						 SG_KMOD_MSG_LEN),
				 &x);
		if (r || !x.interrupted)
			return r;
	}
	return -EAGAIN;
}

int sg_kmod_simple(struct sg_kmod *km, uint8_t cmd, uint32_t ifindex, int type,
		   uint32_t number, sg_kmod_parse_fn parse, void *fn, void *ctx)
{
	struct nl_msg *msg =
		sg_kmod_request(km, cmd, NLM_F_ACK, ifindex, SG_KMOD_MSG_LEN);

	sg_kmod_put_u32(km, msg, type, number);
	return sg_kmod_call(km, msg, parse, fn, ctx);
}

static int on_module(struct nlmsghdr *nlh, void *fn, void *ctx)
{
	struct nlattr *tb[SIGNET_A_MODULE_MAX + 1];
	struct sg_kmod_module *m = ctx;
	int r = sg_kmod_attrs(nlh, tb, SIGNET_A_MODULE_MAX);

	if (r)
		return r;
	sg_kmod_string(tb[SIGNET_A_MODULE_VERSION], m->version,
		       sizeof(m->version));
	m->wire_version = sg_kmod_u32(tb[SIGNET_A_MODULE_WIRE_VERSION]);
	m->abi = sg_kmod_u32(tb[SIGNET_A_MODULE_ABI]);
	m->lanes_max = sg_kmod_u32(tb[SIGNET_A_MODULE_LANES_MAX]);
	m->ciphers = sg_kmod_u32(tb[SIGNET_A_MODULE_CIPHERS]);
	return 0;
}

int sg_kmod_module_get(struct sg_kmod *km, struct sg_kmod_module *m)
{
	memset(m, 0, sizeof(*m));
	return sg_kmod_call(km,
			    sg_kmod_request(km, SIGNET_CMD_MODULE_GET,
					    NLM_F_ACK, 0, SG_KMOD_MSG_LEN),
			    on_module, NULL, m);
}
