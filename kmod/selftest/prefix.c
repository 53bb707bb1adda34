// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The trie against a plain list of prefixes. */
#include <linux/netlink.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "../peer.h"
#include "selftest.h"

#define PEERS	    4
#define PREFIXES    96
#define CHANGES	    12
#define ROUNDS	    6000
#define LOOKUPS	    40

struct entry {
	struct signet_prefix_change prefix;
	struct signet_peer *owner;
};

struct list {
	struct entry entries[PREFIXES + CHANGES];
	unsigned int n;
};

struct fixture {
	struct signet_device *sd;
	struct signet_peer *peers[PEERS];
	struct list *now;
	struct list *then;
	struct rnd_state rnd;
};

static bool bit_of(const u8 *a, unsigned int i)
{
	return a[i / 8] & (0x80 >> i % 8);
}

static bool covers(const struct signet_prefix_change *p, u16 family,
		   const u8 *addr)
{
	const u8 *own = p->in6.s6_addr;
	unsigned int i;

	if (p->family != family)
		return false;
	for (i = 0; i < p->length; i++)
		if (bit_of(own, i) != bit_of(addr, i))
			return false;
	return true;
}

static struct signet_peer *list_lookup(const struct list *list, u16 family,
				       const u8 *addr)
{
	const struct entry *best = NULL, *e;

	for (e = list->entries; e < list->entries + list->n; e++)
		if (covers(&e->prefix, family, addr) &&
		    (!best || e->prefix.length > best->prefix.length))
			best = e;
	return best ? best->owner : NULL;
}

static struct entry *list_find(struct list *list,
			       const struct signet_prefix_change *p)
{
	struct entry *e;

	for (e = list->entries; e < list->entries + list->n; e++)
		if (e->prefix.length == p->length &&
		    covers(&e->prefix, p->family, p->in6.s6_addr))
			return e;
	return NULL;
}

static void list_remove(struct list *list, struct entry *e)
{
	*e = list->entries[--list->n];
}

static int list_change(struct list *list, struct signet_peer *peer,
		       const struct signet_prefix_change *changes,
		       unsigned int n, bool replace)
{
	struct entry *e;
	unsigned int i;

	for (i = list->n; replace && i-- > 0;)
		if (list->entries[i].owner == peer)
			list_remove(list, &list->entries[i]);
	for (i = 0; i < n; i++) {
		e = list_find(list, &changes[i]);
		if (changes[i].op == SIGNET_PREFIX_REMOVE) {
			if (!e || e->owner != peer)
				return -ENOENT;
			list_remove(list, e);
			continue;
		}
		if (e && e->owner != peer && changes[i].op == SIGNET_PREFIX_ADD)
			return -EEXIST;
		if (!e)
			e = &list->entries[list->n++];
		e->prefix = changes[i];
		e->owner = peer;
	}
	return list->n > PREFIXES ? -ENOSPC : 0;
}

/* few different bits, so that prefixes nest and meet */
static void random_address(struct rnd_state *rnd, u16 family, u8 *addr)
{
	unsigned int i, len = family == AF_INET ? 4 : 16;

	memset(addr, 0, 16);
	for (i = 0; i < len; i++)
		if (prandom_u32_state(rnd) % 3 == 0)
			addr[i] = prandom_u32_state(rnd) & 0xc3;
}

static void random_prefix(struct rnd_state *rnd,
			  struct signet_prefix_change *p)
{
	u8 *addr = p->in6.s6_addr;
	unsigned int i, max;

	memset(p, 0, sizeof(*p));
	p->family = prandom_u32_state(rnd) % 2 ? AF_INET : AF_INET6;
	max = p->family == AF_INET ? 32 : 128;
	p->length = prandom_u32_state(rnd) % 4 ?
			    prandom_u32_state(rnd) % (max + 1) : max;
	p->op = prandom_u32_state(rnd) % 3;
	random_address(rnd, p->family, addr);
	for (i = p->length; i < max; i++)
		addr[i / 8] &= ~(0x80 >> i % 8);
}

static bool check_lookups(struct fixture *f)
{
	struct signet_peer *want, *have;
	struct in6_addr addr;
	__be32 addr4;
	u16 family;
	int i;

	for (i = 0; i < LOOKUPS; i++) {
		family = i % 2 ? AF_INET : AF_INET6;
		random_address(&f->rnd, family, addr.s6_addr);
		memcpy(&addr4, &addr, sizeof(addr4));
		want = list_lookup(f->now, family, addr.s6_addr);
		rcu_read_lock();
		have = family == AF_INET ?
			       signet_prefix_peer4(&f->sd->prefixes, addr4) :
			       signet_prefix_peer6(&f->sd->prefixes, &addr);
		rcu_read_unlock();
		if (!expect(have == want, "%pI6: peer %d, not %d", &addr,
			    have ? have->id : -1, want ? want->id : -1))
			return false;
	}
	return true;
}

static int count_one(void *ctx, u16 family, const void *addr, u8 length)
{
	struct fixture *f = ctx;
	struct signet_prefix_change p = { .family = family, .length = length };

	memcpy(&p.in6, addr, family == AF_INET ? 4 : 16);
	return list_find(f->now, &p) ? 0 : -ENOENT;
}

static bool one_round(struct fixture *f)
{
	struct signet_peer *peer = f->peers[prandom_u32_state(&f->rnd) % PEERS];
	bool replace = prandom_u32_state(&f->rnd) % 16 == 0;
	unsigned int i, n = prandom_u32_state(&f->rnd) % CHANGES;
	struct signet_prefix_change changes[CHANGES];
	int want, have;

	for (i = 0; i < n; i++) {
		random_prefix(&f->rnd, &changes[i]);
		/* mostly changes that work: one bad one spoils a set */
		if (changes[i].op == SIGNET_PREFIX_REMOVE && f->now->n &&
		    prandom_u32_state(&f->rnd) % 8) {
			changes[i] = f->now->entries[prandom_u32_state(
				&f->rnd) % f->now->n].prefix;
			changes[i].op = SIGNET_PREFIX_REMOVE;
			if (list_find(f->now, &changes[i])->owner != peer)
				changes[i].op = SIGNET_PREFIX_MOVE;
		}
	}
	*f->then = *f->now;
	want = list_change(f->then, peer, changes, n, replace);
	have = signet_prefixes_change(peer, changes, n, replace, NULL);
	if (!expect(have == want, "%u changes: %d, not %d", n, have, want))
		return false;
	if (!want)
		swap(f->now, f->then);
	if (!expect(f->sd->prefixes.n == f->now->n, "%u prefixes, not %u",
		    f->sd->prefixes.n, f->now->n))
		return false;
	for (i = 0; i < PEERS; i++)
		if (!expect(!signet_prefixes_walk(f->peers[i], count_one, f),
			    "a peer has a prefix that it should not"))
			return false;
	return check_lookups(f);
}

static bool setup(struct fixture *f)
{
	int i;

	prandom_seed_state(&f->rnd, 51900);
	f->sd = kzalloc_obj(*f->sd, GFP_KERNEL);
	f->now = kzalloc_obj(*f->now, GFP_KERNEL);
	f->then = kzalloc_obj(*f->then, GFP_KERNEL);
	if (!f->sd || !f->now || !f->then)
		return false;
	f->sd->limits.prefixes = PREFIXES;
	for (i = 0; i < PEERS; i++) {
		f->peers[i] = kzalloc_obj(*f->peers[i], GFP_KERNEL);
		if (!f->peers[i])
			return false;
		f->peers[i]->sd = f->sd;
		f->peers[i]->id = i;
		INIT_LIST_HEAD(&f->peers[i]->prefixes);
	}
	return true;
}

static bool teardown(struct fixture *f)
{
	struct signet_prefix_table *t = &f->sd->prefixes;
	int i;

	/* peers one by one, then what an unknown bug would leave */
	for (i = 1; i < PEERS; i++)
		signet_prefixes_change(f->peers[i], NULL, 0, true, NULL);
	if (!expect(t->n <= PREFIXES, "%u prefixes left", t->n))
		return false;
	signet_prefixes_free(t);
	return expect(!t->n && !rcu_access_pointer(t->root4) &&
		      !rcu_access_pointer(t->root6) &&
		      list_empty(&f->peers[0]->prefixes), "table not empty");
}

/* refused: host bits, too long, unknown family */
static bool refusals(struct fixture *f)
{
	struct signet_prefix_change bad[] = {
		{ .family = AF_INET, .length = 8, .in = htonl(0x0a000001) },
		{ .family = AF_INET, .length = 33, .in = htonl(0x0a000000) },
		{ .family = AF_INET6, .length = 129 },
		{ .family = AF_INET6, .length = 64,
		  .in6.s6_addr = { 0xfd, [15] = 1 } },
		{ .family = AF_UNSPEC, .length = 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (!expect(signet_prefixes_change(f->peers[0], &bad[i], 1,
						   false, NULL) == -EINVAL,
			    "bad prefix %d was taken", i))
			return false;
	return true;
}

bool signet_selftest_prefix(void)
{
	struct fixture f = {};
	bool ok;
	int i;

	ok = setup(&f) && refusals(&f);
	for (i = 0; i < ROUNDS && ok; i++)
		ok = one_round(&f);
	ok = ok && teardown(&f);
	for (i = 0; i < PEERS; i++)
		kfree(f.peers[i]);
	kfree(f.now);
	kfree(f.then);
	kfree(f.sd);
	return ok;
}
