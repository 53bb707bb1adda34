// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where frames are opened: on the CPU that they came to, while their peer seals
 * on one lane. From a peer that seals on several, a NIC brings all frames to
 * one queue, as they differ in nothing that it looks at; so each lane has a CPU
 * of its own there, on which its frames stay in order.
 */
#include <linux/cpumask.h>
#include <linux/sched/isolation.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "run.h"
#include "stats.h"

/* in an interrupt of the CPU that is to open */
static void kick(void *arg)
{
	struct signet_rx_cpu *rx = arg;

	__napi_schedule(&rx->napi);
}

/**
 * signet_steer_init() - the CPUs that open frames of others
 * @sd: the device; @sd->rx is there
 *
 * Those that are online now, and not kept for something else. What is missing
 * later opens nothing; what comes later, just its own.
 * Context: process. Return: -ENOMEM.
 */
int signet_steer_init(struct signet_device *sd)
{
	const struct cpumask *usual = housekeeping_cpumask(HK_TYPE_DOMAIN);
	int cpu;

	sd->openers = kcalloc(nr_cpu_ids, sizeof(*sd->openers),
			      GFP_KERNEL_ACCOUNT);
	if (!sd->openers)
		return -ENOMEM;
	sd->n_openers = 0;
	for_each_possible_cpu(cpu) {
		struct signet_rx_cpu *rx = per_cpu_ptr(sd->rx, cpu);

		INIT_CSD(&rx->kick, kick, rx);
		if (cpu_online(cpu) && cpumask_test_cpu(cpu, usual))
			sd->openers[sd->n_openers++] = cpu;
	}
	return 0;
}

void signet_steer_uninit(struct signet_device *sd)
{
	kfree(sd->openers);
	sd->openers = NULL;
}

/**
 * signet_steer_note() - remember what a frame that may be opened begins with
 * @cb: of its skb
 * @look: of the frame
 */
void signet_steer_note(struct signet_rx_cb *cb, const struct signet_look *look)
{
	const struct signet_channel *ch = look->entry->channel;

	if (cb->first)
		cb->mixed = true;
	else
		cb->first = look->first;
	if (test_bit(SIGNET_CHANNEL_LANES, &ch->flags))
		cb->steered = true;
}

/* Lanes of a channel follow one another; where they begin is the label's. */
static int opener(const struct signet_device *sd, u64 first)
{
	/* label and lane, see struct signet_frame */
	u32 turn = (u32)(first >> 32) + (first >> 8 & SIGNET_LANE_MASK);

	return sd->n_openers ? sd->openers[turn % sd->n_openers] :
			       raw_smp_processor_id();
}

static void queue_on(struct signet_device *sd, struct sk_buff *skb, int cpu)
{
	struct signet_rx_cpu *rx = per_cpu_ptr(sd->rx, cpu);
	unsigned int truesize = skb->truesize;

	spin_lock(&rx->queue.lock);
	if (unlikely(rx->bytes + truesize > READ_ONCE(sd->limits.queue_bytes))) {
		spin_unlock(&rx->queue.lock);
		signet_drop_skb(sd, NULL, skb, SIGNET_DROP_QUEUE_FULL);
		return;
	}
	rx->bytes += truesize;
	__skb_queue_tail(&rx->queue, skb);
	spin_unlock(&rx->queue.lock);

	if (!napi_schedule_prep(&rx->napi))
		return;
	/* it is ours to schedule: nobody else uses the call; a CPU that has
	 * gone has its queue polled here
	 */
	if (cpu == smp_processor_id() ||
	    smp_call_function_single_async(cpu, &rx->kick))
		__napi_schedule(&rx->napi);
}

/* of @left, what is opened on the CPU of the first; -1: none can be read */
static int take_part(const struct signet_device *sd, const struct sk_buff *skb,
		     unsigned long *left, unsigned long *part)
{
	const struct signet_rx_cb *cb = SIGNET_RX_CB(skb);
	struct signet_cursor cursor;
	struct signet_frame f;
	int cpu = -1, at;
	unsigned int i;

	bitmap_zero(part, SIGNET_RUN_MAX);
	signet_cursor_init(&cursor, skb);
	for_each_set_bit(i, left, cb->frames) {
		if (!signet_cursor_read(&cursor, cb->offset + i * cb->size, &f))
			continue;
		at = opener(sd, signet_hop_first(&f));
		if (cpu < 0)
			cpu = at;
		if (at == cpu)
			__set_bit(i, part);
	}
	bitmap_andnot(left, left, part, SIGNET_RUN_MAX);
	return cpu;
}

/* One skb for each CPU; they share the frames, of which each opens its own. */
static void queue_parts(struct signet_device *sd, struct sk_buff *skb)
{
	DECLARE_BITMAP(left, SIGNET_RUN_MAX);
	DECLARE_BITMAP(part, SIGNET_RUN_MAX);
	struct sk_buff *one;
	int cpu;

	bitmap_copy(left, SIGNET_RX_CB(skb)->good, SIGNET_RUN_MAX);
	while (!bitmap_empty(left, SIGNET_RUN_MAX)) {
		cpu = take_part(sd, skb, left, part);
		if (unlikely(cpu < 0))
			break;
		if (bitmap_empty(left, SIGNET_RUN_MAX)) {
			bitmap_copy(SIGNET_RX_CB(skb)->good, part,
				    SIGNET_RUN_MAX);
			queue_on(sd, skb, cpu);
			return;
		}
		one = skb_clone(skb, GFP_ATOMIC);
		if (unlikely(!one)) {
			signet_count_drop(sd, NULL, SIGNET_DROP_NO_MEMORY,
					  bitmap_weight(part, SIGNET_RUN_MAX));
			continue;
		}
		bitmap_copy(SIGNET_RX_CB(one)->good, part, SIGNET_RUN_MAX);
		queue_on(sd, one, cpu);
	}
	signet_drop_skb(sd, NULL, skb, SIGNET_DROP_LENGTH);
}

/**
 * signet_steer() - hand a classified skb to the CPU, or CPUs, to open it
 * @sd: the device
 * @skb: with a good frame; taken
 * Context: softirq, RCU
 */
void signet_steer(struct signet_device *sd, struct sk_buff *skb)
{
	const struct signet_rx_cb *cb = SIGNET_RX_CB(skb);

	if (likely(!cb->steered))
		queue_on(sd, skb, smp_processor_id());
	else if (likely(!cb->mixed))
		queue_on(sd, skb, opener(sd, cb->first));
	else
		queue_parts(sd, skb);
}
