// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* All at once, at random: restarts, losses, replays, failures, roaming. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_node.h"

#define SEEDS 60
#define OLD   64

/* What an attacker has seen, of any type and age. */
static struct datagram old[OLD];
static unsigned int seen;

static bool remember(struct net *net, struct datagram *d)
{
	if (rnd(net) % 4 == 0)
		old[seen++ % OLD] = *d;
	return true;
}

static void restart(struct net *net, struct node *n)
{
	uint64_t newest = n->s.newest;
	struct signet_head head = n->s.head;

	signet_session_destroy(&n->s);
	node_session(n, true);
	/* Its state survives, or an older copy of it does. */
	if (rnd(net) % 4)
		n->s.newest = newest;
	if (rnd(net) % 4)
		n->s.head = head;
	if (rnd(net) % 4 == 0)
		n->number -= n->number % 50;
	signet_session_connect(&n->s, rnd(net) & 1, net->now);
}

static void roam(struct net *net, struct node *n)
{
	n->address = (n == &net->node[0] ? 1 : 101) + rnd(net) % 20;
	if (rnd(net) & 1)
		other_of(n)->peer_address = n->address;
}

static void fault(struct net *net, struct node *n)
{
	int *what[] = { &n->fail_alloc, &n->fail_label, &n->fail_number,
			&n->fail_open,	&n->fail_key,	&n->fail_select };

	*what[rnd(net) % 6] = rnd(net) % 5;
}

static void something(struct net *net)
{
	struct node *n = &net->node[rnd(net) & 1];

	switch (rnd(net) % 12) {
	case 0:
		restart(net, n);
		break;
	case 1:
		roam(net, n);
		break;
	case 2:
		fault(net, n);
		break;
	case 3:
		signet_session_close(&n->s, SIGNET_CLOSE_SHUTDOWN, net->now);
		break;
	case 4:
		signet_session_connect(&n->s, rnd(net) & 1, net->now);
		break;
	case 5:
		if (up(n))
			signet_session_want_rekey(&n->s, up(n), net->now);
		break;
	case 6:
		net->weather.loss = rnd(net) % 700;
		break;
	case 7:
		net->weather.delay = rnd(net) % 300 * MS;
		net->weather.jitter = rnd(net) % 200 * MS;
		break;
	case 8:
		n->off = !n->off;
		break;
	default:
		for (int i = rnd(net) % 20; seen && i; i--) {
			struct datagram *d = &old[rnd(net) % OLD];

			if (d->len)
				fly(net, rnd(net) % 3 ? d->from : 200,
				    n->address, d->b, d->len,
				    net->now + rnd(net) % SEC);
		}
	}
}

static void calm(struct net *net)
{
	struct node *a = &net->node[0], *b = &net->node[1];

	net->weather = (struct weather){ .delay = 20 * MS };
	for (int i = 0; i < 2; i++) {
		struct node *n = &net->node[i];

		n->off = false;
		n->fail_alloc = n->fail_label = n->fail_number = n->fail_open =
			n->fail_key = n->fail_select = -1;
	}
	a->peer_address = b->address;
	b->peer_address = a->address;
}

static void recovers(struct net *net)
{
	struct node *a = &net->node[0], *b = &net->node[1];
	uint64_t begun = net->now;
	unsigned int had[2];

	for (;;) {
		had[0] = a->delivered;
		had[1] = b->delivered;
		packet(a);
		packet(b);
		run(net, 100 * MS);
		if (a->delivered > had[0] && b->delivered > had[1])
			return;
		assert_true(net->now < begun + 20 * SEC);
	}
}

static void chaos_ends_in_order(void **state)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct net *net = net_new(seed + 7000, 0, 0);

		memset(old, 0, sizeof(old));
		seen = 0;
		net->tap = remember;
		net->node[1].address = 101;
		net->node[0].peer_address = 101;
		signet_session_connect(&net->node[0].s, true, net->now);
		for (int i = 0; i < 150; i++) {
			something(net);
			for (int k = rnd(net) % 4; k; k--) {
				if (!net->node[0].off)
					packet(&net->node[0]);
				if (!net->node[1].off)
					packet(&net->node[1]);
				run(net, rnd(net) % 500 * MS);
			}
		}
		calm(net);
		recovers(net);
		run(net, 15 * SEC);
		recovers(net);
		agree(net);
		net_free(net);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chaos_ends_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
