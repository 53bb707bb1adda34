// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames whose AEAD can't be used in softirq: SIMD is taken, or the AEAD
 * answers from elsewhere. A work item opens them, and may wait.
 */
#include "run.h"
#include "stats.h"

/**
 * signet_defer() - let the work item open an skb
 * @rx: of this CPU
 * @skb: taken; it was within the byte limit already
 * Context: softirq
 */
void signet_defer(struct signet_rx_cpu *rx, struct sk_buff *skb)
{
	spin_lock(&rx->queue.lock);
	rx->bytes += skb->truesize;
	__skb_queue_tail(&rx->deferred, skb);
	rx->deferring = true;
	spin_unlock(&rx->queue.lock);
	queue_work(signet_wq, &rx->work);
}

static struct sk_buff *dequeue(struct signet_rx_cpu *rx)
{
	struct sk_buff *skb;

	spin_lock_bh(&rx->queue.lock);
	skb = __skb_dequeue(&rx->deferred);
	if (skb)
		rx->bytes -= skb->truesize;
	spin_unlock_bh(&rx->queue.lock);
	return skb;
}

/* True when nothing came meanwhile: the NAPI opens again. */
static bool finish(struct signet_rx_cpu *rx)
{
	bool empty;

	spin_lock_bh(&rx->queue.lock);
	empty = skb_queue_empty(&rx->deferred);
	if (empty)
		rx->deferring = false;
	spin_unlock_bh(&rx->queue.lock);
	return empty;
}

void signet_defer_work(struct work_struct *work)
{
	struct signet_rx_cpu *rx = container_of(work, struct signet_rx_cpu,
						work);
	struct signet_run *run;
	struct sk_buff *skb;

	run = signet_run_alloc(rx->sd, NULL, NUMA_NO_NODE);
	do {
		while ((skb = dequeue(rx))) {
			if (run)
				signet_run_add(run, skb);
			else
				signet_drop_skb(rx->sd, NULL, skb,
						SIGNET_DROP_NO_MEMORY);
			cond_resched();
		}
		if (run)
			signet_run_flush(run);
	} while (!finish(rx));
	signet_run_free(run);
}
