// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The side that opens a window, and what both sides share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "common/paircode.h"
#include "daemon/gate.h"
#include "daemon/incoming.h"
#include "daemon/pair_private.h"

#define HALF_LIFE (10 * SIGNET_SECOND)
#define LINGER	  (10 * SIGNET_SECOND)

void sg_pair_destroy(struct sg_node *n)
{
	struct sg_pair *p = n->pair;
	uint64_t now = sg_now();

	if (!p)
		return;
	n->pair = NULL;
	sg_timer_cancel(n->loop, &p->timer);
	if (n->resolver)
		sg_resolve_cancel(n->resolver, SG_PAIR_TOKEN);
	for (int i = 0; i < PAIR_HALVES; i++)
		if (p->half[i].until)
			sg_label_free(&n->labels, p->half[i].hs.rx_label, now);
	sg_label_free(&n->labels, p->hs.rx_label, now);
	sodium_memzero(p, sizeof(*p));
	free(p);
	sg_gates_sync(n);
}

bool sg_pair_listens(const struct sg_node *n)
{
	return n->pair && !n->pair->initiator && !n->pair->done;
}

bool sg_pair_responds(const struct sg_node *n)
{
	return n->pair && !n->pair->initiator;
}

void sg_pair_fail(struct sg_pair *p, const char *remedy, const char *text)
{
	struct sg_varlink_call *call = p->call;

	sg_pair_destroy(p->node);
	if (call)
		sg_varlink_fail(call, remedy, "%s", text);
}

void sg_pair_stop(struct sg_node *n, const char *remedy, const char *text)
{
	if (n->pair)
		sg_pair_fail(n->pair, remedy, text);
}

/* The caller has gone: so has the wish to pair, unless it is done. */
static void on_disconnect(void *ctx, struct sg_varlink_call *call)
{
	struct sg_node *n = ctx;

	if (!n->pair || n->pair->call != call)
		return;
	n->pair->call = NULL;
	if (!n->pair->done)
		sg_pair_destroy(n);
}

struct sg_pair *sg_pair_new(struct sg_node *n, struct sg_varlink_call *call,
			    const char *name)
{
	struct sg_pair *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->owner.kind = SG_LABEL_PAIR;
	p->node = n;
	p->call = call;
	p->timer.ctx = p;
	if (name)
		memcpy(p->name, name, strnlen(name, sizeof(p->name) - 1));
	n->pair = p;
	sg_varlink_on_disconnect(call, on_disconnect, n);
	return p;
}

static void window_ends(void *ctx)
{
	struct sg_pair *p = ctx;
	struct sg_varlink_call *call = p->call;

	sg_pair_destroy(p->node);
	if (call)
		sg_varlink_unreachable(
			call, "run `signet pair` again for a new code",
			"nobody who knows the code came in time");
}

static int say_code(struct sg_pair *p, const char *text)
{
	const struct sg_node *n = p->node;
	struct json_object *o = json_object_new_object();
	char id[SIGNET_ID_STR_LEN];
	struct sg_dp_status st;

	n->dp_ops->status(n->dp, &st);
	signet_id_format(&n->local.ident.id, id);
	json_object_object_add(o, "code", json_object_new_string(text));
	json_object_object_add(o, "identity", json_object_new_string(id));
	json_object_object_add(o, "listen", json_object_new_int(st.port));
	return sg_varlink_reply(p->call, o, true);
}

int sg_pair_open(struct sg_node *n, struct sg_varlink_call *call,
		 const char *name, uint32_t timeout, struct sg_error *err)
{
	uint8_t code[SG_PAIRCODE_LEN];
	char text[SG_PAIRCODE_STR_LEN];
	struct sg_pair *p;
	int ret = 0;

	if (!n->up)
		return sg_err(err, ENETDOWN,
			      "the node is down: run `signet up`");
	if (n->pair && !n->pair->done)
		return sg_err(err, EBUSY, "another pairing is under way");
	sg_pair_destroy(n);
	p = sg_pair_new(n, call, name);
	if (!p)
		return sg_err(err, ENOMEM, "no memory to pair");
	randombytes_buf(code, sizeof(code));
	sg_paircode_psk(code, p->psk);
	sg_paircode_format(code, text);
	p->deadline = sg_now() + timeout * SIGNET_SECOND;
	p->timer.fn = window_ends;
	sg_timer_set(n->loop, &p->timer, p->deadline);
	sg_gates_sync(n);
	/* The client that went away takes its window with it. */
	say_code(p, text);
	sodium_memzero(code, sizeof(code));
	sodium_memzero(text, sizeof(text));
	return ret;
}

/* A place for one more handshake; the oldest makes room. */
static struct half *half_new(struct sg_pair *p, uint64_t now)
{
	struct half *h = &p->half[0];

	for (int i = 1; i < PAIR_HALVES; i++)
		if (p->half[i].until < h->until)
			h = &p->half[i];
	if (h->until)
		sg_label_free(&p->node->labels, h->hs.rx_label, now);
	signet_handshake_wipe(&h->hs);
	h->until = 0;
	return h;
}

int sg_pair_init(struct sg_node *n, const uint8_t *frame, size_t len,
		 const union sg_addr *from, const union sg_addr *to)
{
	static const struct signet_id unknown;
	uint8_t out[SIGNET_HANDSHAKE_MAX], ephemeral[32];
	struct signet_handshake hs;
	struct sg_pair *p = n->pair;
	uint64_t now = sg_now();
	uint32_t label;
	struct half *h;
	size_t n_out;
	int drop;

	if (!sg_pair_listens(n))
		return SIGNET_DROP_PATTERN;
	drop = signet_handshake_read_init(&hs, &n->local, &unknown, p->psk,
					  frame, len, sg_node_wall());
	if (drop)
		return drop;
	h = half_new(p, now);
	h->hs = hs;
	signet_handshake_wipe(&hs);
	label = sg_label_new(&n->labels, &p->owner, now);
	if (!label)
		return SIGNET_DROP_NO_MEMORY;
	randombytes_buf(ephemeral, sizeof(ephemeral));
	drop = signet_handshake_respond(&h->hs, &n->local, label, ephemeral,
					out, &n_out)
		       ? SIGNET_DROP_HANDSHAKE
		       : 0;
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (drop) {
		sg_label_free(&n->labels, label, now);
		return drop;
	}
	h->until = now + HALF_LIFE;
	n->dp_ops->send(n->dp, from, to, out, n_out);
	return 0;
}

/* The answer that tells the other side that we know the code as well. */
static int make_hello_frame(struct sg_pair *p, const struct half *h)
{
	struct signet_frame_info info = { .type = SIGNET_FRAME_MESSAGE,
					  .label = h->hs.remote.label };
	uint8_t hello[SIGNET_HELLO_MAX], plain[SIGNET_RECORDS_MAX];
	const struct sg_node *n = p->node;
	uint8_t hop[SIGNET_HOP_KEY_LEN];
	struct signet_record_writer w;
	struct signet_aead_key key;
	struct signet_keys keys;
	int err;

	err = signet_handshake_keys(&h->hs, &n->local, &keys);
	if (err)
		return err;
	signet_record_writer_init(&w, plain, sizeof(plain));
	err = signet_record_add(&w, SIGNET_RECORD_HELLO, hello,
				sg_pair_hello(n, hello));
	if (!err)
		err = signet_aead_key_init(&key, h->hs.aead,
					   keys.message[SIGNET_R2I]);
	if (!err) {
		info.key_id = signet_handshake_key_id(&h->hs, &n->local);
		signet_hop_key(keys.hop, SIGNET_R2I, info.label, hop);
		p->frame_len = signet_frame_seal(&key, hop, &info, plain,
						 signet_record_finish(&w),
						 p->frame);
		signet_aead_key_wipe(&key);
	}
	sodium_memzero(hop, sizeof(hop));
	sodium_memzero(&keys, sizeof(keys));
	return err;
}

static void linger_ends(void *ctx)
{
	struct sg_pair *p = ctx;

	sg_pair_destroy(p->node);
}

static struct half *half_by_label(struct sg_pair *p, const uint8_t *frame)
{
	for (int i = 0; i < PAIR_HALVES; i++) {
		struct half *h = &p->half[i];
		uint32_t l = h->hs.rx_label;

		if (h->until > sg_now() && frame[4] == (l & 0xff) &&
		    frame[5] == (l >> 8 & 0xff) &&
		    frame[6] == (l >> 16 & 0xff) && frame[7] == l >> 24)
			return h;
	}
	return NULL;
}

static int take_finish(struct sg_pair *p, const uint8_t *frame, size_t len,
		       const union sg_addr *from, const union sg_addr *to)
{
	struct half *h = half_by_label(p, frame);
	struct sg_node *n = p->node;
	struct sg_error err = { "" };
	int drop;

	/* Our answer was lost: say it again. */
	if (p->done && !sodium_memcmp(frame + SIGNET_MAC1_OFFSET,
				      p->finish_mac1, SIGNET_MAC_LEN)) {
		n->dp_ops->send(n->dp, from, to, p->frame, p->frame_len);
		return 0;
	}
	if (!h || p->done)
		return SIGNET_DROP_STATE;
	drop = signet_handshake_read_finish(&h->hs, &n->local, frame, len,
					    sg_node_wall());
	if (!drop && !h->hs.remote.verified)
		drop = SIGNET_DROP_IDENTITY;
	if (drop) {
		/* A wrong code, or no code at all. */
		sg_event_refused(n, NULL, from, drop);
		return drop;
	}
	/* They knew the code, which is thereby used up, come what may. */
	if (make_hello_frame(p, h)) {
		sg_pair_fail(p, NULL, "the answer cannot be made");
		return SIGNET_DROP_STATE;
	}
	if (sg_pair_pin(p, &h->hs.remote, h->hs.remote.hello,
			h->hs.remote.hello_len, from, &err)) {
		sg_pair_fail(p, NULL, err.text);
		return SIGNET_DROP_STATE;
	}
	memcpy(p->finish_mac1, frame + SIGNET_MAC1_OFFSET, SIGNET_MAC_LEN);
	p->done = true;
	sodium_memzero(p->psk, sizeof(p->psk));
	p->timer.fn = linger_ends;
	sg_timer_set(n->loop, &p->timer, sg_now() + LINGER);
	n->dp_ops->send(n->dp, from, to, p->frame, p->frame_len);
	return 0;
}

int sg_pair_frame(struct sg_node *n, uint8_t *frame, size_t len,
		  const union sg_addr *from, const union sg_addr *to)
{
	if (!n->pair)
		return SIGNET_DROP_STATE;
	if (n->pair->initiator)
		return sg_pair_initiator_frame(n->pair, frame, len, from);
	if (frame[0] != SIGNET_FRAME_FINISH)
		return SIGNET_DROP_STATE;
	return take_finish(n->pair, frame, len, from, to);
}
