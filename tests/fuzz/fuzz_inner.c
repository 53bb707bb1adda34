/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Any bytes as inner packets. The first byte chooses: an opened frame's
 * content, one or several, on its way to be joined; a read from the tunnel
 * device, virtio-net header first, on its way to be cut; or a packet that
 * policy looks at.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/tun_gro.h"
#include "daemon/tun_inner.h"
#include "daemon/tun_segment.h"

struct signet_bytes {
	const uint8_t *packet;
	size_t len;
};

static bool signet_read(const struct signet_bytes *b, uint32_t at, void *to,
			uint32_t size)
{
	if (at > b->len || size > b->len - at)
		return false;
	memcpy(to, b->packet + at, size);
	return true;
}

#include <signet/inner.h>

#define HEAD	    SG_GRO_HEADROOM
#define MAX_PACKETS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t written;

static void check_write(void *ctx, struct iovec *iov, int n, uint32_t segments)
{
	size_t total = 0;

	for (int i = 0; i < n; i++) {
		volatile uint8_t last;

		total += iov[i].iov_len;
		if (iov[i].iov_len)
			last = ((uint8_t *)iov[i].iov_base)[iov[i].iov_len - 1];
		(void)last;
	}
	if (total - HEAD > 65535 || segments == 0)
		abort();
	written += segments;
}

/* A two byte length before each packet. */
static void join(const uint8_t *data, size_t len)
{
	static struct sg_gro gro = { .tcp = true,
				     .udp = true,
				     .write = check_write };
	uint8_t *held[MAX_PACKETS];
	size_t n = 0, taken = 0;

	written = 0;
	while (len >= 2 && n < MAX_PACKETS) {
		size_t want = (size_t)data[0] << 8 | data[1];

		data += 2;
		len -= 2;
		if (want > len)
			want = len;
		held[n] = malloc(HEAD + want);
		memcpy(held[n] + HEAD, data, want);
		if (sg_inner_check(held[n] + HEAD, want)) {
			sg_gro_packet(&gro, held[n] + HEAD, want);
			taken++;
		}
		n++;
		data += want;
		len -= want;
	}
	sg_gro_flush(&gro);
	if (written != taken)
		abort();
	while (n)
		free(held[--n]);
}

static void cut(const uint8_t *data, size_t len)
{
	uint8_t *packet, *p;
	struct sg_gso g;
	size_t total = 0;

	if (len < HEAD)
		return;
	packet = malloc(len - HEAD + 1);
	memcpy(packet, data + HEAD, len - HEAD);
	if (!sg_gso_parse(&g, data, packet, len - HEAD)) {
		for (uint32_t i = 0; i < g.segments; i++) {
			size_t n = sg_gso_segment(&g, i, &p);

			if (n > g.largest || p < packet ||
			    p + n > packet + len - HEAD)
				abort();
			total += n;
		}
		if (g.mss && total != g.len + (g.segments - 1) * g.hdr_len)
			abort();
	}
	free(packet);
}

/* Who may begin nothing gets nothing in but what may belong to a flow, and a
 * packet has the same flow whichever way it is looked at.
 */
static void judge(const uint8_t *data, size_t len)
{
	const struct signet_verdicts nothing = { 0 };
	uint8_t *packet = malloc(len + 1);
	struct signet_bytes b = { packet, len };
	struct signet_flow_key in, out;
	struct signet_inner i;

	memcpy(packet, data, len);
	signet_inner_parse(&b, (uint32_t)len, &i);
	if (signet_judge_in(&nothing, &i) == SIGNET_JUDGED_PASS ||
	    signet_judge_in(&nothing, &i) == SIGNET_JUDGED_ALLOWED)
		abort();
	if (i.kind == SIGNET_INNER_PORTS && len < 24)
		abort();
	if (i.kind != SIGNET_INNER_BAD) {
		signet_flow_of(&i, 1, false, &in);
		signet_flow_of(&i, 1, true, &out);
		if (in.local_port != out.remote_port ||
		    memcmp(in.local, out.remote, 16))
			abort();
	}
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	if (data[0] == 'p')
		judge(data + 1, len - 1);
	else if (data[0] & 1)
		join(data + 1, len - 1);
	else
		cut(data + 1, len - 1);
	return 0;
}
