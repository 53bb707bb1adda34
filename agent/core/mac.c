// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include <sodium.h>

#include <signet/core/mac.h>
#include <signet/drop.h>

#include "core/bytes.h"

static void siphash128(uint8_t out[16], const uint8_t *in, size_t len,
		       const uint8_t key[16])
{
	crypto_shorthash_siphashx24(out, in, len, key);
}

static int parse_cookie(const uint8_t *frame, size_t len)
{
	if (len != SIGNET_COOKIE_FRAME_LEN)
		return SIGNET_DROP_LENGTH;
	if (!sodium_is_zero(frame + 1, 3) || !sodium_is_zero(frame + 8, 8))
		return SIGNET_DROP_FLAGS;
	if (!get_le32(frame + 4))
		return SIGNET_DROP_LABEL;
	return 0;
}

int signet_handshake_parse(const uint8_t *frame, size_t len)
{
	uint32_t label;

	if (len < 1)
		return SIGNET_DROP_LENGTH;
	if (frame[0] == SIGNET_FRAME_COOKIE)
		return parse_cookie(frame, len);
	if (frame[0] < SIGNET_FRAME_INIT || frame[0] > SIGNET_FRAME_FINISH)
		return SIGNET_DROP_TYPE;
	if (len < SIGNET_HANDSHAKE_MIN || len > SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH;
	if (frame[1] < SIGNET_PATTERN_IK || frame[1] > SIGNET_PATTERN_MAX)
		return SIGNET_DROP_TYPE;
	if (!sodium_is_zero(frame + 2, 2) || !sodium_is_zero(frame + 12, 4))
		return SIGNET_DROP_FLAGS;
	/* Only an init can be asked for a cookie. */
	if (frame[0] != SIGNET_FRAME_INIT &&
	    !sodium_is_zero(frame + SIGNET_MAC2_OFFSET, SIGNET_MAC_LEN))
		return SIGNET_DROP_FLAGS;
	/* An init that asks for an answer to a stranger is padded. */
	if (frame[0] == SIGNET_FRAME_INIT && frame[1] != SIGNET_PATTERN_IK &&
	    len != SIGNET_HANDSHAKE_MAX)
		return SIGNET_DROP_LENGTH;
	label = get_le32(frame + 4);
	if ((frame[0] == SIGNET_FRAME_INIT) != (label == 0))
		return SIGNET_DROP_LABEL;
	if (!get_le32(frame + 8))
		return SIGNET_DROP_LABEL;
	return 0;
}

void signet_mac1_key(const struct signet_id *responder,
		     uint8_t key[SIGNET_MAC_LEN])
{
	static const char label[] = "signet/1 mac1";
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const uint8_t *)label,
				  sizeof(label) - 1);
	crypto_hash_sha256_update(&st, responder->b, sizeof(responder->b));
	crypto_hash_sha256_final(&st, hash);
	memcpy(key, hash, SIGNET_MAC_LEN);
}

void signet_mac1_write(uint8_t *frame, const uint8_t key[SIGNET_MAC_LEN])
{
	siphash128(frame + SIGNET_MAC1_OFFSET, frame, SIGNET_MAC1_OFFSET, key);
	memset(frame + SIGNET_MAC2_OFFSET, 0, SIGNET_MAC_LEN);
}

bool signet_mac1_ok(const uint8_t *frame, const uint8_t key[SIGNET_MAC_LEN])
{
	uint8_t mac[SIGNET_MAC_LEN];

	siphash128(mac, frame, SIGNET_MAC1_OFFSET, key);
	return !sodium_memcmp(mac, frame + SIGNET_MAC1_OFFSET, sizeof(mac));
}

void signet_mac2_write(uint8_t *frame, const uint8_t cookie[SIGNET_COOKIE_LEN])
{
	siphash128(frame + SIGNET_MAC2_OFFSET, frame, SIGNET_MAC2_OFFSET,
		   cookie);
}

bool signet_mac2_ok(const uint8_t *frame,
		    const uint8_t cookie[SIGNET_COOKIE_LEN])
{
	uint8_t mac[SIGNET_MAC_LEN];

	siphash128(mac, frame, SIGNET_MAC2_OFFSET, cookie);
	return !sodium_memcmp(mac, frame + SIGNET_MAC2_OFFSET, sizeof(mac));
}

void signet_cookie(const uint8_t secret[SIGNET_MAC_LEN], const uint8_t *addr,
		   size_t len, uint8_t cookie[SIGNET_COOKIE_LEN])
{
	siphash128(cookie, addr, len, secret);
}

void signet_cookie_frame_write(uint8_t out[SIGNET_COOKIE_FRAME_LEN],
			       const uint8_t *init,
			       const uint8_t cookie[SIGNET_COOKIE_LEN],
			       const uint8_t mac1_key[SIGNET_MAC_LEN])
{
	struct signet_cookie_frame f = { .type = SIGNET_FRAME_COOKIE };

	memcpy(&f.label, init + 8, 4);
	memcpy(f.mac1, init + SIGNET_MAC1_OFFSET, sizeof(f.mac1));
	memcpy(f.cookie, cookie, sizeof(f.cookie));
	siphash128(f.mac, (const uint8_t *)&f,
		   offsetof(struct signet_cookie_frame, mac), mac1_key);
	memcpy(out, &f, sizeof(f));
}

bool signet_cookie_frame_read(const uint8_t *frame, uint32_t label,
			      const uint8_t mac1[SIGNET_MAC_LEN],
			      const uint8_t mac1_key[SIGNET_MAC_LEN],
			      uint8_t cookie[SIGNET_COOKIE_LEN])
{
	const size_t at = offsetof(struct signet_cookie_frame, mac);
	uint8_t mac[SIGNET_MAC_LEN];

	if (get_le32(frame + 4) != label ||
	    sodium_memcmp(frame + 16, mac1, SIGNET_MAC_LEN))
		return false;
	siphash128(mac, frame, at, mac1_key);
	if (sodium_memcmp(mac, frame + at, sizeof(mac)))
		return false;
	memcpy(cookie, frame + 32, SIGNET_COOKIE_LEN);
	return true;
}
