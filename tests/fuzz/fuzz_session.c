// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two sessions and a network that the input commands: who does what, which
 * frame is lost, repeated, changed or kept for later, and what an authentic but
 * hostile peer says in its channel. Whatever happens, what the simulated
 * environment checks holds, and at the end both find each other again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "failed: %s\n", what);
	abort();
}

/* The network of the unit tests, without their framework. */
#define assert_true(x)		   must(x, #x)
#define assert_false(x)		   must(!(x), #x)
#define assert_null(x)		   must(!(x), #x)
#define assert_non_null(x)	   must(x, #x)
#define assert_int_equal(a, b)	   must((a) == (b), #a " == " #b)
#define assert_int_not_equal(a, b) must((a) != (b), #a " != " #b)
#define assert_ptr_equal(a, b)	   must((a) == (b), #a " == " #b)
#define assert_in_range(x, a, b) \
	must((x) + 0ULL >= (a) && (x) + 0ULL <= (b), #x)
#define assert_memory_equal(a, b, n) must(!memcmp(a, b, n), #a " == " #b)
#define fail_msg(...)		     must(false, "fail")
#define test_calloc(n, size)	     calloc(n, size)
#define test_free(p)		     free(p)

#include "../unit/session_node.h"

#define KEPT 8

struct input {
	const uint8_t *p;
	size_t left;
	struct datagram kept[KEPT];
	unsigned int n_kept;
	uint8_t fate; /* of the next datagrams */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static bool tap(struct net *net, struct datagram *d)
{
	struct input *in = net->tap_arg;
	uint8_t fate = in->fate;

	switch (fate & 7) {
	case 1: /* lost */
		return false;
	case 2: /* twice */
		fly(net, d->from, d->to, d->b, d->len, net->now + MS);
		break;
	case 3: /* kept, and lost for now */
		in->kept[in->n_kept++ % KEPT] = *d;
		return false;
	case 4: /* kept, and passes */
		in->kept[in->n_kept++ % KEPT] = *d;
		break;
	case 5: /* changed */
		d->b[(fate >> 3) * 37 % d->len] ^= 1 << (fate & 7);
		break;
	case 6: /* late */
		fly(net, d->from, d->to, d->b, d->len,
		    net->now + (fate >> 3) * 100 * MS);
		return false;
	case 7: /* from elsewhere */
		d->from = 60 + (fate >> 3);
		break;
	}
	return true;
}

/* Records as the input has them, sealed by the node itself. */
static void say(struct net *net, struct node *n, struct input *in)
{
	uint8_t buf[SIGNET_RECORDS_MAX], body[64];
	struct signet_record_writer w;

	signet_record_writer_init(&w, buf, sizeof(buf));
	for (int i = take(in) % 4; i >= 0; i--) {
		uint8_t kind = take(in) % 16;
		size_t len = take(in) % sizeof(body);

		for (size_t k = 0; k < len; k++)
			body[k] = take(in);
		signet_record_add(&w, kind, body, len);
	}
	if (up(n))
		signet_session_send(&n->s, up(n), buf, signet_record_finish(&w),
				    net->now);
}

static void command(struct net *net, struct input *in)
{
	uint8_t op = take(in);
	struct node *n = &net->node[op & 1];
	int *what[] = { &n->fail_alloc, &n->fail_label, &n->fail_number,
			&n->fail_open,	&n->fail_key,	&n->fail_select };

	switch (op >> 1 & 15) {
	case 0:
		run(net, take(in) * MS);
		break;
	case 1:
		run(net, take(in) * SEC);
		break;
	case 2:
		signet_session_connect(&n->s, op & 32, net->now);
		break;
	case 3:
		signet_session_close(&n->s, SIGNET_CLOSE_SHUTDOWN, net->now);
		break;
	case 4:
		signet_session_destroy(&n->s);
		node_session(n, true);
		break;
	case 5:
		if (up(n))
			signet_session_want_rekey(&n->s, up(n), net->now);
		break;
	case 6:
		n->address = (op & 1 ? 101 : 1) + take(in) % 8;
		break;
	case 7:
		*what[take(in) % 6] = take(in) % 4;
		break;
	case 8:
		say(net, n, in);
		break;
	case 9:
		if (in->n_kept) {
			struct datagram *d = &in->kept[take(in) % KEPT];

			if (d->len)
				fly(net, d->from, n->address, d->b, d->len,
				    net->now);
		}
		break;
	case 10:
		n->number -= n->number > 500 ? take(in) : 0;
		break;
	default:
		packet(n);
		run(net, MS);
		break;
	}
	in->fate = op & 64 ? take(in) : 0;
}

/* The weather clears: within 20 s packets pass both ways. */
static void recovers(struct net *net)
{
	struct node *a = &net->node[0], *b = &net->node[1];
	uint64_t begun = net->now;
	unsigned int had[2];

	net->tap = NULL;
	for (int i = 0; i < 2; i++) {
		struct node *n = &net->node[i];

		n->peer_address = other_of(n)->address;
		n->fail_alloc = n->fail_label = n->fail_number = n->fail_open =
			n->fail_key = n->fail_select = -1;
	}
	do {
		must(net->now < begun + 20 * SEC, "stalled");
		had[0] = a->delivered;
		had[1] = b->delivered;
		packet(a);
		packet(b);
		run(net, 100 * MS);
	} while (a->delivered == had[0] || b->delivered == had[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { .p = data, .left = len < 400 ? len : 400 };
	static struct net *first, *net;

	/* Making identities takes longer than all the rest. */
	if (!first) {
		first = calloc(1, sizeof(*first));
		net = net_new(1, 0, 0);
		memcpy(first, net, sizeof(*first));
	}
	memcpy(net, first, sizeof(*net));
	net->node[1].address = net->node[0].peer_address = 101;
	net->tap = tap;
	net->tap_arg = &in;
	while (in.left)
		command(net, &in);
	recovers(net);
	net_end(net);
	return 0;
}
