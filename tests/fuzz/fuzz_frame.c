/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any datagram as a frame: parsed, tag-checked and opened. */
#include <stdlib.h>
#include <string.h>

#include <signet/core/frame.h>
#include <signet/drop.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t raw[SIGNET_AEAD_KEY_LEN] = { 1 };
	static const uint8_t hop[SIGNET_HOP_KEY_LEN] = { 2 };
	static struct signet_replay window;
	struct signet_frame_info info;
	struct signet_aead_key key;
	uint8_t *pt;
	int why;

	if (sodium_init() < 0)
		abort();
	why = signet_frame_parse(data, len, &info);
	if (why < 0 || why >= SIGNET_DROP_COUNT)
		abort();
	if (why || info.type < SIGNET_FRAME_PACKET)
		return 0;
	signet_hop_tag_ok(data, hop);
	signet_replay_check(&window, info.counter);
	if (signet_replay_commit(&window, info.counter) &&
	    signet_replay_check(&window, info.counter))
		abort();
	pt = malloc(len - SIGNET_FRAME_OVERHEAD + 1);
	signet_aead_key_init(&key, SIGNET_AEAD_CHACHA20POLY1305, raw);
	signet_frame_open(&key, &info, data, len, pt);
	free(pt);
	return 0;
}
