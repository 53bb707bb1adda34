// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "daemon/fair_queue.h"

#define NONE UINT16_MAX

_Static_assert(FAIR_FLOWS < NONE, "a flow's number fits");

static void append(struct fair_list *l, uint16_t *next, uint16_t i)
{
	next[i] = NONE;
	if (l->first == NONE)
		l->first = i;
	else
		next[l->last] = i;
	l->last = i;
}

/* @before: the one before it in the list, NONE: it is the first */
static void unlink_after(struct fair_list *l, uint16_t *next, uint16_t before,
			 uint16_t i)
{
	if (before == NONE)
		l->first = next[i];
	else
		next[before] = next[i];
	if (l->last == i)
		l->last = before;
}

static uint16_t take_first(struct fair_list *l, uint16_t *next)
{
	uint16_t i = l->first;

	unlink_after(l, next, NONE, i);
	return i;
}

static uint16_t *head_of(struct sg_fair_queue *q, uint64_t key, uint16_t site)
{
	return &q->head[(key ^ site) % FAIR_HASH_HEADS];
}

/* The flow of a key, made if there is none. @site: NONE for a site itself */
static uint16_t get_flow(struct sg_fair_queue *q, uint64_t key, uint16_t site)
{
	uint16_t *head = head_of(q, key, site), i;
	struct fair_flow *f;

	for (i = *head; i != NONE; i = q->flow[i].chain)
		if (q->flow[i].key == key && q->flow[i].site == site)
			return i;
	i = q->free_flow;
	f = &q->flow[i];
	q->free_flow = f->chain;
	f->key = key;
	f->n = 0;
	f->site = site;
	f->list.first = f->list.last = NONE;
	f->chain = *head;
	*head = i;
	append(site == NONE ? &q->sites : &q->flow[site].list, q->next_flow, i);
	q->n_sites += site == NONE;
	return i;
}

/* It is in no list any more. */
static void put_flow(struct sg_fair_queue *q, uint16_t i)
{
	struct fair_flow *f = &q->flow[i];
	uint16_t *at = head_of(q, f->key, f->site);

	while (*at != i)
		at = &q->flow[*at].chain;
	*at = f->chain;
	q->n_sites -= f->site == NONE;
	f->chain = q->free_flow;
	q->free_flow = i;
}

/* The oldest of a subnet goes. */
static uint16_t take_init(struct sg_fair_queue *q, uint16_t site,
			  uint16_t subnet)
{
	uint16_t i = take_first(&q->flow[subnet].list, q->next_init);

	q->flow[subnet].n--;
	q->flow[site].n--;
	q->n--;
	q->next_init[i] = q->free_init;
	q->free_init = i;
	return i;
}

/* The longest; of several the one whose turn comes last. */
static uint16_t longest(const struct sg_fair_queue *q,
			const struct fair_list *l, uint16_t *before)
{
	uint16_t best = NONE, last = NONE;

	for (uint16_t i = l->first; i != NONE; last = i, i = q->next_flow[i]) {
		if (best != NONE && q->flow[i].n < q->flow[best].n)
			continue;
		best = i;
		*before = last;
	}
	return best;
}

static void drop_longest(struct sg_fair_queue *q)
{
	uint16_t before_site = NONE, before = NONE, site, subnet;

	site = longest(q, &q->sites, &before_site);
	subnet = longest(q, &q->flow[site].list, &before);
	take_init(q, site, subnet);
	if (!q->flow[subnet].n) {
		unlink_after(&q->flow[site].list, q->next_flow, before, subnet);
		put_flow(q, subnet);
	}
	if (!q->flow[site].n) {
		unlink_after(&q->sites, q->next_flow, before_site, site);
		put_flow(q, site);
	}
}

bool sg_fair_queue_push(struct sg_fair_queue *q, const struct sg_source *src,
			const struct sg_waiting *w, const uint8_t *frame)
{
	uint16_t site = get_flow(q, src->site, NONE);
	uint16_t subnet = get_flow(q, src->subnet, site);
	uint16_t i = q->free_init;

	q->free_init = q->next_init[i];
	memcpy(&q->init[i], w, offsetof(struct sg_waiting, frame));
	memcpy(q->init[i].frame, frame, w->len);
	append(&q->flow[subnet].list, q->next_init, i);
	q->flow[subnet].n++;
	q->flow[site].n++;
	if (++q->n <= SG_FAIR_MAX)
		return true;
	drop_longest(q);
	return false;
}

/* One init of the first subnet of the first site; both go to the end. */
static const struct sg_waiting *next_turn(struct sg_fair_queue *q)
{
	uint16_t site, subnet, i;

	site = take_first(&q->sites, q->next_flow);
	subnet = take_first(&q->flow[site].list, q->next_flow);
	i = take_init(q, site, subnet);
	if (q->flow[subnet].n)
		append(&q->flow[site].list, q->next_flow, subnet);
	else
		put_flow(q, subnet);
	if (q->flow[site].n)
		append(&q->sites, q->next_flow, site);
	else
		put_flow(q, site);
	return &q->init[i];
}

const struct sg_waiting *sg_fair_queue_pop(struct sg_fair_queue *q,
					   uint64_t since, uint64_t *late)
{
	const struct sg_waiting *w;

	while (q->n) {
		w = next_turn(q);
		if (w->since >= since)
			return w;
		++*late;
	}
	return NULL;
}

uint32_t sg_fair_queue_clear(struct sg_fair_queue *q)
{
	uint32_t n = q->n;

	while (q->n)
		next_turn(q);
	return n;
}

struct sg_fair_queue *sg_fair_queue_new(void)
{
	struct sg_fair_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	memset(q->head, 0xff, sizeof(q->head));
	q->sites.first = q->sites.last = NONE;
	for (uint16_t i = 0; i < FAIR_FLOWS; i++)
		q->flow[i].chain = i + 1 < FAIR_FLOWS ? i + 1 : NONE;
	for (uint16_t i = 0; i < FAIR_PLACES; i++)
		q->next_init[i] = i + 1 < FAIR_PLACES ? i + 1 : NONE;
	return q;
}
