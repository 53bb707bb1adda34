// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A path-compressed binary trie. A node stands for a prefix; its children
 * are longer prefixes inside it, told apart by the bit that follows its own.
 * Nodes without an owner only branch: readers pass through them.
 *
 * A change set first makes nodes, still without an owner, for all prefixes
 * that are new, then sets the owners, each by one store, then takes out the
 * nodes that have become useless. So what can fail happens while nothing can
 * be seen yet, and a prefix that moves is never without an owner.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "peer.h"

/**
 * struct signet_prefix_node - a prefix, or a place where prefixes branch
 * @child: longer prefixes, by the next bit
 * @peer: owner or NULL
 * @hi: first half of the address, big end first; IPv4 in its upper half
 * @lo: second half; bits after @length are zero
 * @length: of the prefix
 * @family: AF_INET or AF_INET6
 * @staged: has an entry in the change set that is being made
 * @index: of that entry
 * @peer_node: in @peer's list while there is one
 * @rcu: frees it, when it has no owner
 */
struct signet_prefix_node {
	struct signet_prefix_node __rcu *child[2];
	struct signet_peer __rcu *peer;
	u64 hi;
	u64 lo;
	u8 length;
	u8 family;
	bool staged;
	u32 index;
	union {
		struct list_head peer_node;
		struct rcu_head rcu;
	};
};

/* what a change set does to one node */
struct staged {
	struct signet_prefix_node *node;
	struct signet_peer *owner;
};

struct change_set {
	struct signet_peer *peer;
	struct signet_prefix_table *table;
	struct staged *staged;
	unsigned int n_staged;
};

/* an address or prefix in the form that nodes have */
struct bits {
	u64 hi;
	u64 lo;
	u8 length;
	u8 family;
};

/* do they differ within the first @length, 0 to 63, bits of a word? */
static __always_inline u64 differs(u64 a, u64 b, unsigned int length)
{
	return (a ^ b) >> 1 >> (63 - length);
}

static __always_inline bool inside(const struct signet_prefix_node *node,
				   u64 hi, u64 lo)
{
	unsigned int length = node->length;

	if (length < 64)
		return !differs(hi, node->hi, length);
	return hi == node->hi &&
	       (length == 64 || !((lo ^ node->lo) >> (128 - length)));
}

/* the bit that follows @length bits; of a host route there is none, nor are
 * there children
 */
static __always_inline unsigned int next_bit(u64 hi, u64 lo,
					     unsigned int length)
{
	return (length < 64 ? hi >> (63 - length) :
			      lo >> ((127 - length) & 63)) & 1;
}

struct signet_peer *signet_prefix_peer4(const struct signet_prefix_table *t,
					__be32 addr)
{
	struct signet_prefix_node *node = rcu_dereference(t->root4);
	u64 hi = (u64)be32_to_cpu(addr) << 32;
	struct signet_peer *found = NULL;
	struct signet_peer *peer;

	while (node && !differs(hi, node->hi, node->length)) {
		peer = rcu_dereference(node->peer);
		if (peer)
			found = peer;
		node = rcu_dereference(
			node->child[(hi >> (63 - node->length)) & 1]);
	}
	return found;
}

struct signet_peer *signet_prefix_peer6(const struct signet_prefix_table *t,
					const struct in6_addr *addr)
{
	struct signet_prefix_node *node = rcu_dereference(t->root6);
	struct signet_peer *found = NULL;
	struct signet_peer *peer;
	__be64 word[2];
	u64 hi, lo;

	memcpy(word, addr, sizeof(word));
	hi = be64_to_cpu(word[0]);
	lo = be64_to_cpu(word[1]);
	while (node && inside(node, hi, lo)) {
		peer = rcu_dereference(node->peer);
		if (peer)
			found = peer;
		node = rcu_dereference(
			node->child[next_bit(hi, lo, node->length)]);
	}
	return found;
}

/* all below: sd->lock held, which no lockdep expression here can name */
#define locked(p) rcu_dereference_protected(p, 1)

static struct signet_prefix_node __rcu **
root_of(struct signet_prefix_table *t, u16 family)
{
	return family == AF_INET ? &t->root4 : &t->root6;
}

static unsigned int common_bits(const struct bits *b,
				const struct signet_prefix_node *node)
{
	unsigned int max = min(b->length, node->length);
	unsigned int n;

	if (b->hi != node->hi)
		n = 64 - fls64(b->hi ^ node->hi);
	else
		n = 128 - fls64(b->lo ^ node->lo);
	return min(n, max);
}

static struct signet_prefix_node *node_new(const struct bits *b,
					   unsigned int length)
{
	struct signet_prefix_node *node;

	node = kzalloc_obj(*node, GFP_KERNEL_ACCOUNT);
	if (!node)
		return NULL;
	node->length = length;
	node->family = b->family;
	node->hi = b->hi & (length ? ~0ULL << (64 - min(length, 64U)) : 0);
	node->lo = length > 64 ? b->lo & ~0ULL << (128 - length) : 0;
	return node;
}

/* Return: the node of exactly this prefix; else NULL, and in @link where it
 * would hang
 */
static struct signet_prefix_node *
node_find(struct signet_prefix_table *t, const struct bits *b,
	  struct signet_prefix_node __rcu ***link)
{
	struct signet_prefix_node __rcu **at = root_of(t, b->family);
	struct signet_prefix_node *node = locked(*at);

	while (node && node->length <= b->length &&
	       inside(node, b->hi, b->lo)) {
		if (node->length == b->length)
			return node;
		at = &node->child[next_bit(b->hi, b->lo, node->length)];
		node = locked(*at);
	}
	*link = at;
	return NULL;
}

/* a node without an owner for @b, at the place that node_find() gave */
static struct signet_prefix_node *
node_insert(const struct bits *b, struct signet_prefix_node __rcu **link)
{
	struct signet_prefix_node *node, *top, *below = locked(*link);
	unsigned int common;

	node = node_new(b, b->length);
	if (!node)
		return NULL;
	top = node;
	if (below) {
		common = common_bits(b, below);
		if (common < b->length) {
			top = node_new(b, common);
			if (!top) {
				kfree(node);
				return NULL;
			}
			RCU_INIT_POINTER(top->child[next_bit(b->hi, b->lo,
							     common)], node);
		}
		RCU_INIT_POINTER(top->child[next_bit(below->hi, below->lo,
						     common)], below);
	}
	rcu_assign_pointer(*link, top);
	return node;
}

/* take the node at @link out if it has no owner and does not branch */
static bool node_prune(struct signet_prefix_node __rcu **link)
{
	struct signet_prefix_node *node = locked(*link);
	struct signet_prefix_node *left = locked(node->child[0]);
	struct signet_prefix_node *right = locked(node->child[1]);

	if (rcu_access_pointer(node->peer) || (left && right))
		return false;
	rcu_assign_pointer(*link, left ?: right);
	kfree_rcu(node, rcu);
	return true;
}

/* A node has no owner: it may go, and the one above it then, too. What the
 * change set still has to come to stays.
 */
static void node_disowned(struct signet_prefix_table *t,
			  struct signet_prefix_node *node)
{
	struct signet_prefix_node __rcu **link = root_of(t, node->family);
	struct signet_prefix_node __rcu **above = NULL;
	struct signet_prefix_node *at;

	while ((at = locked(*link)) != node) {
		above = link;
		link = &at->child[next_bit(node->hi, node->lo, at->length)];
	}
	if (node_prune(link) && above && !locked(*above)->staged)
		node_prune(above);
}

static void node_own(struct signet_prefix_table *t,
		     struct signet_prefix_node *node, struct signet_peer *peer)
{
	if (locked(node->peer) == peer)
		return;
	if (rcu_access_pointer(node->peer)) {
		list_del(&node->peer_node);
		t->n--;
	}
	rcu_assign_pointer(node->peer, peer);
	if (peer) {
		list_add_tail(&node->peer_node, &peer->prefixes);
		t->n++;
	}
}

/* the owner that a node will have */
static struct signet_peer *owner_of(const struct change_set *set,
				    const struct signet_prefix_node *node)
{
	return node->staged ? set->staged[node->index].owner :
			      locked(node->peer);
}

static void stage(struct change_set *set, struct signet_prefix_node *node,
		  struct signet_peer *owner)
{
	if (!node->staged) {
		node->staged = true;
		node->index = set->n_staged++;
		set->staged[node->index].node = node;
	}
	set->staged[node->index].owner = owner;
}

static int bits_of(const struct signet_prefix_change *c, struct bits *b)
{
	__be64 word[2];
	u64 hi, lo;

	b->family = c->family;
	b->length = c->length;
	if (c->family == AF_INET && c->length <= 32) {
		b->hi = (u64)be32_to_cpu(c->in) << 32;
		b->lo = 0;
	} else if (c->family == AF_INET6 && c->length <= 128) {
		memcpy(word, &c->in6, sizeof(word));
		b->hi = be64_to_cpu(word[0]);
		b->lo = be64_to_cpu(word[1]);
	} else {
		return -EINVAL;
	}
	/* all bits after the length are zero */
	hi = c->length < 64 ? b->hi << c->length : 0;
	lo = c->length < 64 ? b->lo :
	     c->length < 128 ? b->lo << (c->length - 64) : 0;
	return hi | lo ? -EINVAL : 0;
}

static int stage_change(struct change_set *set,
			const struct signet_prefix_change *c,
			struct netlink_ext_ack *extack)
{
	struct signet_prefix_node __rcu **link;
	struct signet_prefix_node *node;
	struct signet_peer *owner;
	struct bits b;

	if (bits_of(c, &b)) {
		NL_SET_ERR_MSG(extack,
			       "prefix is too long or has host bits set");
		return -EINVAL;
	}
	node = node_find(set->table, &b, &link);
	owner = node ? owner_of(set, node) : NULL;

	if (c->op == SIGNET_PREFIX_REMOVE) {
		if (owner != set->peer) {
			NL_SET_ERR_MSG(extack, "peer does not have the prefix");
			return -ENOENT;
		}
		stage(set, node, NULL);
		return 0;
	}
	if (c->op == SIGNET_PREFIX_ADD && owner && owner != set->peer) {
		NL_SET_ERR_MSG(extack, "another peer has the prefix");
		return -EEXIST;
	}
	if (!node)
		node = node_insert(&b, link);
	if (!node)
		return -ENOMEM;
	stage(set, node, set->peer);
	return 0;
}

static int check_limit(const struct change_set *set,
		       struct netlink_ext_ack *extack)
{
	u64 n = set->table->n;
	unsigned int i;

	for (i = 0; i < set->n_staged; i++) {
		n += !!set->staged[i].owner;
		n -= !!rcu_access_pointer(set->staged[i].node->peer);
	}
	if (n > set->table->n && n > set->peer->sd->limits.prefixes) {
		NL_SET_ERR_MSG(extack, "too many prefixes on this device");
		return -ENOSPC;
	}
	return 0;
}

/* all owners first, as a node that is pruned must not get one any more */
static void finish(struct change_set *set, bool apply)
{
	struct signet_prefix_node *node;
	unsigned int i;

	for (i = 0; i < set->n_staged; i++) {
		node = set->staged[i].node;
		if (apply)
			node_own(set->table, node, set->staged[i].owner);
	}
	for (i = 0; i < set->n_staged; i++) {
		node = set->staged[i].node;
		node->staged = false;
		if (!rcu_access_pointer(node->peer))
			node_disowned(set->table, node);
	}
}

/* needs no memory */
static void take_all(struct signet_peer *peer)
{
	struct signet_prefix_table *t = &peer->sd->prefixes;
	struct signet_prefix_node *node, *next;

	list_for_each_entry_safe(node, next, &peer->prefixes, peer_node) {
		node_own(t, node, NULL);
		node_disowned(t, node);
	}
}

int signet_prefixes_change(struct signet_peer *peer,
			   const struct signet_prefix_change *changes,
			   unsigned int n, bool replace,
			   struct netlink_ext_ack *extack)
{
	struct change_set set = {
		.peer = peer,
		.table = &peer->sd->prefixes,
	};
	struct signet_prefix_node *node;
	size_t room = n;
	unsigned int i;
	int err = 0;

	if (!n) {
		if (replace)
			take_all(peer);
		return 0;
	}
	if (replace)
		list_for_each_entry(node, &peer->prefixes, peer_node)
			room++;
	set.staged = kvmalloc_array(room, sizeof(*set.staged),
				    GFP_KERNEL_ACCOUNT);
	if (!set.staged)
		return -ENOMEM;
	if (replace)
		list_for_each_entry(node, &peer->prefixes, peer_node)
			stage(&set, node, NULL);
	for (i = 0; i < n && !err; i++)
		err = stage_change(&set, &changes[i], extack);
	if (!err)
		err = check_limit(&set, extack);
	finish(&set, !err);
	kvfree(set.staged);
	return err;
}

void signet_prefixes_free(struct signet_prefix_table *t)
{
	struct signet_prefix_node __rcu **roots[2] = { &t->root4, &t->root6 };
	struct signet_prefix_node __rcu **link;
	struct signet_prefix_node *node;
	int i;

	for (i = 0; i < 2; i++) {
		while (rcu_access_pointer(*roots[i])) {
			link = roots[i];
			node = locked(*link);
			while (rcu_access_pointer(node->child[0]) ||
			       rcu_access_pointer(node->child[1])) {
				link = &node->child[!rcu_access_pointer(
							node->child[0])];
				node = locked(*link);
			}
			node_own(t, node, NULL);
			RCU_INIT_POINTER(*link, NULL);
			kfree_rcu(node, rcu);
		}
	}
}

int signet_prefixes_walk(const struct signet_peer *peer,
			 int (*fn)(void *ctx, u16 family, const void *addr,
				   u8 length),
			 void *ctx)
{
	const struct signet_prefix_node *node;
	__be64 addr[2];
	__be32 addr4;
	int err;

	list_for_each_entry(node, &peer->prefixes, peer_node) {
		addr4 = cpu_to_be32(node->hi >> 32);
		addr[0] = cpu_to_be64(node->hi);
		addr[1] = cpu_to_be64(node->lo);
		err = fn(ctx, node->family,
			 node->family == AF_INET ? (void *)&addr4 : addr,
			 node->length);
		if (err)
			return err;
	}
	return 0;
}
