// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packet policy of the in-process data path: the table and the judgement are
 * those of the BPF program, see signet/inner.h.
 *
 * Consecutive packets of a flow, which is what a batch mostly holds, are
 * judged once: each worker keeps its last answer for either direction until
 * it releases its lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/datapath_tun.h"

struct signet_bytes {
	const uint8_t *packet;
	size_t len;
};

static inline bool signet_read(const struct signet_bytes *b, uint32_t at,
			       void *to, uint32_t size)
{
	if (at > b->len || size > b->len - at)
		return false;
	memcpy(to, b->packet + at, size);
	return true;
}

#include <signet/inner.h>

void tun_judged_flush(struct tun_worker *w, struct tun_judged *j)
{
	struct tun_policy *p = w->dp->policy;

	if (j->used && j->seen.packets) {
		j->seen.now_ns = w->now_ns;
		sg_flows_note(j->seen.verdict == SG_DP_FLOW_BEGUN ? &p->begun
								  : &p->asked,
			      &j->seen);
	}
	j->used = false;
}

static enum signet_drop refuse(struct tun_worker *w, struct tun_peer *p,
			       enum signet_drop why, uint64_t n)
{
	uint32_t i = why == SIGNET_DROP_POLICY_FRAGMENT;

	atomic_fetch_add_explicit(&p->refused[i], n, memory_order_relaxed);
	return why;
}

/* What becomes of the flow's packets, for as long as the lock is held. */
static uint8_t decide(struct tun_policy *p, enum signet_judged judged, bool out,
		      struct sg_flow_seen *one)
{
	if (judged == SIGNET_JUDGED_ALLOWED)
		return SG_DP_FLOW_ALLOWED;
	one->verdict = SG_DP_FLOW_BEGUN;
	if (out) /* before it is sent: another worker may have the answer */
		sg_flows_note(&p->begun, one);
	else if (!sg_flows_hit(&p->begun, one))
		return SG_DP_FLOW_DENIED;
	return SG_DP_FLOW_BEGUN;
}

/* Return: SIGNET_DROP_NONE, or why this packet is dropped */
static enum signet_drop by_flow(struct tun_worker *w, struct tun_judged *j,
				enum signet_judged judged, bool out,
				struct sg_flow_seen *one)
{
	uint64_t packets = one->packets, bytes = one->bytes;

	if (!j->used || memcmp(&j->seen.key, &one->key, sizeof(one->key))) {
		tun_judged_flush(w, j);
		one->packets = one->bytes = 0;
		one->verdict = decide(w->dp->policy, judged, out, one);
		j->seen = *one;
		j->used = true;
	}
	j->seen.packets += packets;
	j->seen.bytes += bytes;
	return j->seen.verdict == SG_DP_FLOW_DENIED ? SIGNET_DROP_POLICY
						    : SIGNET_DROP_NONE;
}

/* An error has no flow of its own. */
static enum signet_drop by_quote(struct tun_worker *w,
				 enum signet_judged judged,
				 struct sg_flow_seen *one)
{
	one->verdict = SG_DP_FLOW_BEGUN;
	return judged == SIGNET_JUDGED_ALLOWED ||
			       sg_flows_hit(&w->dp->policy->begun, one)
		       ? SIGNET_DROP_NONE
		       : SIGNET_DROP_POLICY;
}

enum signet_drop tun_policy_judge(struct tun_worker *w, uint32_t peer, bool out,
				  const uint8_t *packet, size_t len, uint64_t n)
{
	struct tun_peer *p = &w->dp->tables.peers[peer];
	const struct signet_bytes b = { packet, len };
	const struct signet_verdicts *v = p->verdicts;
	struct tun_judged *j = out ? &w->judged_out : &w->judged_in;
	struct sg_flow_seen one;
	enum signet_judged judged;
	enum signet_drop why;
	struct signet_inner in;

	signet_inner_parse(&b, (uint32_t)len, &in);
	judged = out ? signet_judge_out(v, &in) : signet_judge_in(v, &in);
	switch (judged) {
	case SIGNET_JUDGED_PASS:
		return SIGNET_DROP_NONE;
	case SIGNET_JUDGED_BAD:
		return SIGNET_DROP_INNER;
	case SIGNET_JUDGED_FRAGMENT:
		return refuse(w, p, SIGNET_DROP_POLICY_FRAGMENT, n);
	default:
		break;
	}
	signet_flow_of(&in, peer, out, &one.key);
	one.generation = v->generation;
	one.now_ns = w->now_ns;
	one.packets = n;
	one.bytes = len;
	why = in.kind == SIGNET_INNER_ERROR ? by_quote(w, judged, &one)
					    : by_flow(w, j, judged, out, &one);
	return why ? refuse(w, p, why, n) : why;
}

static struct tun_policy *policy_new(void)
{
	struct tun_policy *p = calloc(1, sizeof(*p));

	if (p && (sg_flows_init(&p->begun, TUN_BEGUN_SETS) ||
		  sg_flows_init(&p->asked, TUN_ASKED_SETS))) {
		tun_policy_free(p);
		return NULL;
	}
	return p;
}

void tun_policy_free(struct tun_policy *p)
{
	if (!p)
		return;
	sg_flows_free(&p->begun);
	sg_flows_free(&p->asked);
	free(p->verdicts);
	free(p);
}

int tun_policy_set(struct sg_datapath *dp, const struct sg_dp_policy *list,
		   size_t n)
{
	struct signet_verdicts *all, *old;

	if (!n && !dp->policy)
		return 0;
	if (!dp->policy)
		dp->policy = policy_new();
	all = calloc(n + 1, sizeof(*all));
	if (!dp->policy || !all) {
		free(all);
		return -ENOMEM;
	}
	tun_write_lock(dp);
	for (uint32_t i = 0; i < dp->cfg.max_peers; i++)
		dp->tables.peers[i].verdicts = NULL;
	for (size_t i = 0; i < n; i++) {
		all[i] = list[i].verdicts;
		if (list[i].peer < dp->cfg.max_peers &&
		    !(all[i].flags & SIGNET_VERDICT_IP))
			dp->tables.peers[list[i].peer].verdicts = &all[i];
	}
	old = dp->policy->verdicts;
	dp->policy->verdicts = all;
	tun_write_unlock(dp);
	free(old);
	return 0;
}

size_t tun_policy_flows(struct sg_datapath *dp, struct sg_dp_flow *out,
			size_t cap)
{
	uint64_t now = tun_now();
	size_t n;

	if (!dp->policy)
		return 0;
	n = sg_flows_read(&dp->policy->asked, out, cap, now);
	return n + sg_flows_read(&dp->policy->begun, out + n, cap - n, now);
}

void tun_policy_refused(struct sg_datapath *dp, uint32_t peer,
			uint64_t d[SIGNET_DROP_COUNT])
{
	struct tun_peer *p = &dp->tables.peers[peer];

	if (peer >= dp->cfg.max_peers)
		return;
	d[SIGNET_DROP_POLICY] += atomic_load(&p->refused[0]);
	d[SIGNET_DROP_POLICY_FRAGMENT] += atomic_load(&p->refused[1]);
}
