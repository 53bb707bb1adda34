// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Round trips (RFC 6298), congestion window (RFC 5681, RFC 6582) and pacing of
 * the reliable messages. Transmission numbers stand for sequence numbers:
 * losses among what was sent before a reduction don't reduce again.
 */
#include "core/reliable_internal.h"

void signet_cc_init(struct cc *cc)
{
	*cc = (struct cc){
		.window = WINDOW_FIRST,
		.threshold = WINDOW_MAX,
		.reorder = 1,
	};
}

void signet_cc_rtt(struct cc *cc, uint64_t sample, uint64_t delay)
{
	uint64_t diff;

	delay = min64(delay, ACK_DELAY);
	sample = sample > delay ? sample - delay : sample;
	sample = max64(sample, 1);
	cc->latest = sample;
	if (!cc->srtt) {
		cc->srtt = sample;
		cc->rttvar = sample / 2;
		return;
	}
	diff = cc->srtt > sample ? cc->srtt - sample : sample - cc->srtt;
	cc->rttvar = cc->rttvar - cc->rttvar / 4 + diff / 4;
	cc->srtt = max64(cc->srtt - cc->srtt / 8 + sample / 8, 1);
}

uint64_t signet_cc_rto(const struct cc *cc, unsigned int backoff)
{
	uint64_t rto = RTO_FIRST;

	if (cc->srtt)
		rto = max64(cc->srtt + max64(4 * cc->rttvar, GRANULARITY) +
				    ACK_DELAY,
			    RTO_MIN);
	/* The limit is for the doubling, not for a path that is that slow. */
	if (rto >= RTO_MAX)
		return rto;
	return backoff > 8 ? RTO_MAX : min64(rto << backoff, RTO_MAX);
}

uint64_t signet_cc_loss_delay(const struct cc *cc)
{
	uint64_t rtt = max64(cc->srtt, cc->latest);

	return rtt + max64(rtt / REORDER_MAX * cc->reorder, GRANULARITY);
}

static bool slow_start(const struct cc *cc)
{
	return cc->window < cc->threshold;
}

/* Time that @bytes take at twice the window (slow start) or 5/4 of it. */
static uint64_t pace_time(const struct cc *cc, uint64_t bytes)
{
	uint64_t time = min64(cc->srtt, 10000 * MSEC) * bytes / cc->window;

	return slow_start(cc) ? time / 2 : time / 5 * 4;
}

void signet_cc_sent(struct cc *cc, uint64_t bytes, uint64_t now)
{
	uint64_t burst = pace_time(cc, BURST);
	uint64_t earliest = now > burst ? now - burst : 0;

	cc->in_flight += bytes;
	cc->pace_at = max64(cc->pace_at, earliest) + pace_time(cc, bytes);
}

/* What the window was before a pause says little (RFC 5681, section 4.1). */
void signet_cc_idle(struct cc *cc)
{
	if (cc->window <= WINDOW_FIRST)
		return;
	cc->threshold = max64(cc->threshold, cc->window / 4 * 3);
	cc->window = WINDOW_FIRST;
}

bool signet_cc_room(const struct cc *cc, uint64_t bytes)
{
	return !cc->in_flight || cc->in_flight + bytes <= cc->window;
}

/* @flight is what was in flight before the acknowledgement came. */
void signet_cc_acked(struct cc *cc, uint64_t bytes, uint64_t flight)
{
	/* A window that was not used has not been tried. */
	if (2 * flight < cc->window)
		return;
	if (slow_start(cc)) {
		cc->window += bytes;
	} else {
		cc->partial += bytes;
		if (cc->partial >= cc->window) {
			cc->partial -= cc->window;
			cc->window += MSS;
		}
	}
	cc->window = min64(cc->window, WINDOW_MAX);
}

static void halve(struct cc *cc, uint64_t next_number)
{
	cc->threshold = max64(cc->window / 2, WINDOW_MIN);
	cc->window = cc->threshold;
	cc->partial = 0;
	cc->recovery = next_number;
}

void signet_cc_lost(struct cc *cc, uint64_t number, uint64_t next_number)
{
	if (number >= cc->recovery)
		halve(cc, next_number);
}

void signet_cc_timeout(struct cc *cc, uint64_t next_number)
{
	if (!cc->backoff)
		halve(cc, next_number);
	cc->window = MSS;
	cc->recovery = next_number;
	cc->pace_at = 0;
	if (cc->backoff < 16)
		cc->backoff++;
}
