// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The side that was given a code and an address. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/mac.h>

#include "common/paircode.h"
#include "daemon/pair_private.h"

/* Inits go out for this long; the same goes for the finish. */
#define ATTEMPTS 6

static void unreachable(struct sg_pair *p, const char *remedy, const char *text)
{
	struct sg_varlink_call *call = p->call;

	sg_pair_destroy(p->node);
	if (call)
		sg_varlink_unreachable(call, remedy, text);
}

static void send_last(struct sg_pair *p)
{
	const union sg_addr none = { 0 };
	struct sg_node *n = p->node;

	n->dp_ops->send(n->dp, &p->remote, &none, p->frame, p->frame_len);
}

static void send_init(struct sg_pair *p)
{
	struct signet_handshake_args args = {
		.pattern = SIGNET_PATTERN_XXPSK3,
		.psk = p->psk,
		.cookie = p->has_cookie ? p->cookie : NULL,
	};
	uint32_t old = p->hs.rx_label;
	struct sg_node *n = p->node;
	uint8_t ephemeral[32];
	int err;

	randombytes_buf(ephemeral, sizeof(ephemeral));
	args.ephemeral = ephemeral;
	args.rx_label = sg_label_new(&n->labels, &p->owner, sg_now());
	if (!args.rx_label)
		return;
	err = signet_handshake_initiate(&p->hs, &n->local, &args, p->frame,
					&p->frame_len);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	sg_label_free(&n->labels, old, sg_now());
	if (err)
		sg_label_free(&n->labels, args.rx_label, sg_now());
	else
		send_last(p);
}

static void again(void *ctx)
{
	struct sg_pair *p = ctx;

	p->cookie_taken = false;
	if (++p->attempt < ATTEMPTS) {
		if (p->aead)
			send_last(p);
		else
			send_init(p);
		sg_timer_set(p->node->loop, &p->timer,
			     sg_now() + SIGNET_SECOND);
	} else if (p->aead) {
		sg_pair_fail(
			p, "check the code, and that its window is still open",
			"the other side did not confirm the code");
	} else {
		unreachable(p,
			    "run `signet pair` there, check address, port and "
			    "firewall",
			    "no answer: nobody is pairing at that address");
	}
}

void sg_pair_resolved(struct sg_node *n, int error, const union sg_addr *addrs,
		      size_t n_addrs)
{
	struct sg_pair *p = n->pair;
	char text[SG_HOST_STR_LEN + 64];

	if (!p || !p->initiator || p->remote.sa.sa_family)
		return;
	if (error || !n_addrs) {
		snprintf(text, sizeof(text), "%s: %s", p->host,
			 error == -EAGAIN ? "the name server does not answer"
			 : error == -EAFNOSUPPORT ? "no usable address"
						  : "no such name");
		unreachable(
			p,
			"check the address, and the name server of this host",
			text);
		return;
	}
	p->remote = addrs[0];
	p->timer.fn = again;
	sg_timer_set(n->loop, &p->timer, sg_now() + SIGNET_SECOND);
	send_init(p);
}

static int set_address(struct sg_pair *p, const char *address,
		       struct sg_error *err)
{
	union sg_addr a;
	const char *why;

	/* A name or a literal without a port means the usual one. */
	if (sg_host_port_split(address, p->host, &p->endpoint.port, &why)) {
		bool literal = !sg_addr_set(&a, address, 1);

		if (!literal && (strchr(address, ':') ||
				 strlen(address) >= sizeof(p->host)))
			return sg_err(err, EINVAL, "address \"%s\": %s",
				      address, why);
		strcpy(p->host, address);
		p->endpoint.port = SG_CONFIG_PORT;
	}
	p->endpoint.host = p->host;
	return 0;
}

int sg_pair_accept(struct sg_node *n, struct sg_varlink_call *call,
		   const char *address, const char *code, const char *name,
		   struct sg_error *err)
{
	uint8_t bytes[SG_PAIRCODE_LEN];
	struct sg_pair *p;
	int ret;

	if (!n->up)
		return sg_err(err, ENETDOWN,
			      "the node is down: run `signet up`");
	if (n->pair && !n->pair->done)
		return sg_err(err, EBUSY, "another pairing is under way");
	ret = sg_paircode_parse(code, bytes);
	if (ret)
		return sg_err(
			err, EINVAL,
			ret == -EBADMSG
				? "a character of the code is wrong: type it "
				  "again"
				: "a code has seven groups of four characters");
	sg_pair_destroy(n);
	p = sg_pair_new(n, call, name);
	if (p)
		sg_paircode_psk(bytes, p->psk);
	sodium_memzero(bytes, sizeof(bytes));
	if (!p)
		return sg_err(err, ENOMEM, "no memory to pair");
	p->initiator = true;
	ret = set_address(p, address, err);
	/* Its answer sends the first init; a number is answered at once. */
	if (!ret &&
	    sg_resolve(n->resolver, SG_PAIR_TOKEN, p->host, p->endpoint.port))
		ret = sg_err(err, EHOSTUNREACH, "%s cannot be looked up now",
			     p->host);
	if (ret)
		sg_pair_destroy(n);
	return ret;
}

static int take_response(struct sg_pair *p, const uint8_t *frame, size_t len)
{
	uint8_t hello[SIGNET_HELLO_MAX];
	struct sg_node *n = p->node;
	uint64_t number;
	int drop;

	if (p->aead)
		return SIGNET_DROP_STATE;
	drop = signet_handshake_read_response(&p->hs, &n->local, frame, len,
					      sg_node_wall());
	if (!drop && !p->hs.remote.verified)
		drop = SIGNET_DROP_IDENTITY;
	if (drop)
		return drop;
	p->proof = p->hs.remote;
	if (sg_state_next_number(n->state, &number) ||
	    signet_handshake_finish(&p->hs, &n->local, number, hello,
				    sg_pair_hello(n, hello), p->frame,
				    &p->frame_len) ||
	    signet_handshake_keys(&p->hs, &n->local, &p->keys))
		return SIGNET_DROP_HANDSHAKE;
	p->aead = p->hs.aead;
	p->key_id = signet_handshake_key_id(&p->hs, &n->local);
	p->attempt = 0;
	send_last(p);
	return 0;
}

static int take_hello(struct sg_pair *p, uint8_t *plain, size_t len)
{
	struct signet_record_reader reader;
	struct signet_record r;
	struct sg_error err = { "" };

	if (signet_record_reader_init(&reader, plain, len))
		return SIGNET_DROP_RECORD;
	while (signet_record_next(&reader, &r) == 1) {
		if (r.kind != SIGNET_RECORD_HELLO)
			continue;
		if (sg_pair_pin(p, &p->proof, r.body, r.len, NULL, &err))
			sg_pair_fail(p, NULL, err.text);
		else
			sg_pair_destroy(p->node);
		return 0;
	}
	return SIGNET_DROP_RECORD;
}

static int take_message(struct sg_pair *p, uint8_t *frame, size_t len)
{
	uint8_t *plain = frame + SIGNET_FRAME_HDR_LEN;
	uint8_t hop[SIGNET_HOP_KEY_LEN];
	struct signet_frame_info info;
	struct signet_aead_key key;
	int drop = signet_frame_parse(frame, len, &info);

	if (drop || !p->aead)
		return drop ? drop : SIGNET_DROP_STATE;
	signet_hop_key(p->keys.hop, SIGNET_R2I, info.label, hop);
	drop = signet_hop_tag_ok(frame, hop) ? 0 : SIGNET_DROP_HOP_TAG;
	sodium_memzero(hop, sizeof(hop));
	if (drop)
		return drop;
	if (info.key_id != p->key_id)
		return SIGNET_DROP_KEY_ID;
	if (signet_aead_key_init(&key, p->aead, p->keys.message[SIGNET_R2I]))
		return SIGNET_DROP_AEAD;
	drop = signet_frame_open(&key, &info, frame, len, plain)
		       ? SIGNET_DROP_AEAD
		       : 0;
	signet_aead_key_wipe(&key);
	if (drop)
		return drop;
	return take_hello(p, plain, len - SIGNET_FRAME_OVERHEAD);
}

int sg_pair_initiator_frame(struct sg_pair *p, uint8_t *frame, size_t len,
			    const union sg_addr *from)
{
	switch (frame[0]) {
	case SIGNET_FRAME_COOKIE:
		/* Later ones too: an old cookie may be good no more. */
		if (p->aead || p->cookie_taken)
			return SIGNET_DROP_STATE;
		if (!signet_cookie_frame_read(frame, p->hs.rx_label, p->hs.mac1,
					      p->hs.mac1_key, p->cookie))
			return SIGNET_DROP_MAC1;
		p->has_cookie = p->cookie_taken = true;
		send_init(p);
		return 0;
	case SIGNET_FRAME_RESPONSE:
		return take_response(p, frame, len);
	case SIGNET_FRAME_MESSAGE:
		return take_message(p, frame, len);
	default:
		return SIGNET_DROP_STATE;
	}
}
