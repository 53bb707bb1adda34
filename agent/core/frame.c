/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames: structure checks, hop tags, sealing and opening. */
#include <errno.h>
#include <string.h>

#include <signet/core/frame.h>
#include <signet/drop.h>

#include "core/aead.h"

_Static_assert(crypto_shorthash_siphash24_BYTES == SIGNET_HOP_TAG_LEN,
	       "hop tag");
_Static_assert(crypto_shorthash_siphash24_KEYBYTES == SIGNET_HOP_KEY_LEN,
	       "hop key");

static uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static void put_le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static void put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

static bool length_ok(uint8_t type, size_t len)
{
	switch (type) {
	case SIGNET_FRAME_PACKET:
		return len >= SIGNET_PACKET_MIN && len <= SIGNET_PACKET_MAX;
	case SIGNET_FRAME_MESSAGE:
		return len >= SIGNET_MESSAGE_MIN && len <= SIGNET_MESSAGE_MAX &&
		       (len - SIGNET_FRAME_OVERHEAD) % SIGNET_MESSAGE_PAD == 0;
	case SIGNET_FRAME_COOKIE:
		return len == SIGNET_COOKIE_FRAME_LEN;
	default:
		return len >= SIGNET_HANDSHAKE_MIN &&
		       len <= SIGNET_HANDSHAKE_MAX;
	}
}

/* The rest of a handshake or cookie frame's clear fields. */
static int parse_handshake(const uint8_t *frame, uint8_t type)
{
	static const uint8_t zero[8];

	if (type == SIGNET_FRAME_COOKIE)
		return frame[1] || memcmp(frame + 8, zero, 8)
			       ? SIGNET_DROP_FLAGS
			       : 0;
	if (frame[1] == 0 || frame[1] > SIGNET_PATTERN_MAX)
		return SIGNET_DROP_TYPE;
	if (memcmp(frame + 12, zero, 4))
		return SIGNET_DROP_FLAGS;
	if (type != SIGNET_FRAME_FINISH && get_le32(frame + 8) == 0)
		return SIGNET_DROP_LABEL;
	return 0;
}

int signet_frame_parse(const uint8_t *frame, size_t len,
		       struct signet_frame_info *info)
{
	bool sealed;
	uint8_t type;

	if (len < 1)
		return SIGNET_DROP_LENGTH;
	type = frame[0];
	if (type < SIGNET_FRAME_INIT || type > SIGNET_FRAME_TYPE_MAX)
		return SIGNET_DROP_TYPE;
	if (!length_ok(type, len))
		return SIGNET_DROP_LENGTH;

	sealed = type >= SIGNET_FRAME_PACKET;
	info->type = type;
	info->flags = get_le16(frame + 2);
	info->label = get_le32(frame + 4);
	info->key_id = sealed ? frame[1] >> SIGNET_KEY_SHIFT : 0;
	info->lane = sealed ? frame[1] & SIGNET_LANE_MASK : 0;
	info->counter = sealed ? get_le64(frame + 8) : 0;

	if (info->flags)
		return SIGNET_DROP_FLAGS;
	if ((info->label == 0) != (type == SIGNET_FRAME_INIT))
		return SIGNET_DROP_LABEL;
	return sealed ? 0 : parse_handshake(frame, type);
}

void signet_hop_tag(const uint8_t *frame, const uint8_t key[SIGNET_HOP_KEY_LEN],
		    uint8_t tag[SIGNET_HOP_TAG_LEN])
{
	crypto_shorthash_siphash24(tag, frame, SIGNET_HOP_TAG_OFFSET, key);
}

bool signet_hop_tag_ok(const uint8_t *frame,
		       const uint8_t key[SIGNET_HOP_KEY_LEN])
{
	uint8_t tag[SIGNET_HOP_TAG_LEN];

	signet_hop_tag(frame, key, tag);
	return sodium_memcmp(tag, frame + SIGNET_HOP_TAG_OFFSET, sizeof(tag)) ==
	       0;
}

static void make_nonce(const struct signet_frame_info *info,
		       uint8_t nonce[SIGNET_AEAD_NONCE_LEN])
{
	put_le32(nonce, info->lane);
	put_le64(nonce + 4, info->counter);
}

size_t signet_frame_seal(const struct signet_aead_key *key,
			 const uint8_t hop_key[SIGNET_HOP_KEY_LEN],
			 const struct signet_frame_info *info,
			 const uint8_t *pt, size_t pt_len, uint8_t *frame)
{
	uint8_t nonce[SIGNET_AEAD_NONCE_LEN];

	frame[0] = info->type;
	frame[1] = (uint8_t)(info->key_id << SIGNET_KEY_SHIFT |
			     (info->lane & SIGNET_LANE_MASK));
	frame[2] = (uint8_t)info->flags;
	frame[3] = (uint8_t)(info->flags >> 8);
	put_le32(frame + 4, info->label);
	put_le64(frame + 8, info->counter);
	signet_hop_tag(frame, hop_key, frame + SIGNET_HOP_TAG_OFFSET);
	make_nonce(info, nonce);
	signet_aead_seal(key, nonce, frame, SIGNET_FRAME_AAD_LEN, pt, pt_len,
			 frame + SIGNET_FRAME_HDR_LEN);
	return SIGNET_FRAME_OVERHEAD + pt_len;
}

int signet_frame_open(const struct signet_aead_key *key,
		      const struct signet_frame_info *info,
		      const uint8_t *frame, size_t len, uint8_t *pt)
{
	uint8_t nonce[SIGNET_AEAD_NONCE_LEN];

	if (len < SIGNET_FRAME_OVERHEAD)
		return -EBADMSG;
	make_nonce(info, nonce);
	return signet_aead_open(key, nonce, frame, SIGNET_FRAME_AAD_LEN,
				frame + SIGNET_FRAME_HDR_LEN,
				len - SIGNET_FRAME_HDR_LEN, pt);
}
