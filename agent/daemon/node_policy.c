// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/node_policy.h"
#include "daemon/peer.h"

bool sg_node_restricted(const struct sg_node *n)
{
	for (size_t i = 0; i < n->config->n_peers; i++) {
		const struct sg_config_peer *c = &n->config->peers[i];
		bool everything = !c->n_allow;

		for (size_t j = 0; j < c->n_allow; j++)
			everything |= c->allow[j].item.what == SIGNET_ALLOW_IP;
		if (!everything)
			return true;
	}
	return false;
}

/*
 * From what it is, and whose: the kernel keeps flows for the agent's successor,
 * which may have read another configuration.
 */
static uint32_t generation_of(const struct sg_peer *p,
			      const struct signet_verdicts *v)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t generation;

	_Static_assert(sizeof(p->session.remote.b) >= crypto_shorthash_KEYBYTES,
		       "an identity is a key for it");
	crypto_shorthash(hash, (const uint8_t *)v, sizeof(*v),
			 p->session.remote.b);
	memcpy(&generation, hash, sizeof(generation));
	return generation;
}

static int compile(struct sg_peer *p)
{
	int ret = sg_config_peer_verdicts(p->config, &p->verdicts);

	if (!ret)
		p->verdicts.generation = generation_of(p, &p->verdicts);
	return ret;
}

/* @prefixes: room for all; Return: what was used of it */
static size_t fill(struct sg_dp_policy *e, const struct sg_peer *p,
		   struct sg_prefix *prefixes)
{
	const struct sg_config_peer *c = p->config;

	e->peer = p->number;
	e->verdicts = p->verdicts;
	e->prefixes = prefixes;
	e->n_prefixes = 1 + c->n_prefixes;
	prefixes[0] = (struct sg_prefix){ AF_INET6, 128, { 0 } };
	signet_id_overlay(&p->session.remote, prefixes[0].addr);
	if (c->n_prefixes)
		memcpy(prefixes + 1, c->prefixes,
		       c->n_prefixes * sizeof(*prefixes));
	return e->n_prefixes;
}

static int set_all(struct sg_node *n)
{
	struct sg_dp_policy *list = calloc(n->n_peers + 1, sizeof(*list));
	struct sg_prefix *prefixes;
	size_t total = 0, used = 0, k = 0;
	int ret = -ENOMEM;

	for (size_t i = 0; i < n->config->n_peers; i++)
		total += 1 + n->config->peers[i].n_prefixes;
	prefixes = calloc(total + 1, sizeof(*prefixes));
	if (!list || !prefixes)
		goto cleanup;
	for (uint32_t i = 0; i < n->max_peers; i++) {
		struct sg_peer *p = n->peers[i];

		if (!p)
			continue;
		ret = compile(p);
		if (ret)
			goto cleanup;
		used += fill(&list[k++], p, prefixes + used);
	}
	ret = n->dp_ops->policy_set(n->dp, list, k);
cleanup:
	free(prefixes);
	free(list);
	return ret;
}

int sg_node_policy(struct sg_node *n, struct sg_error *err)
{
	int ret;

	if (!n->dp)
		return 0;
	if (sg_node_restricted(n))
		ret = n->dp_ops->policy_set ? set_all(n) : -EOPNOTSUPP;
	else
		ret = n->dp_ops->policy_set
			      ? n->dp_ops->policy_set(n->dp, NULL, 0)
			      : 0;
	return ret ? sg_err(err, -ret,
			    "data path %s: what Allow lines say can't be put "
			    "in force: %s",
			    n->dp_ops->name, strerror(-ret))
		   : 0;
}

const struct sg_config_allow *
sg_peer_allow_line(const struct sg_config_peer *c,
		   const struct signet_allow *asked, bool *everything)
{
	*everything = !c->n_allow;
	for (size_t i = 0; i < c->n_allow; i++)
		if (signet_allow_covers(&c->allow[i].item, asked))
			return &c->allow[i];
	return NULL;
}
