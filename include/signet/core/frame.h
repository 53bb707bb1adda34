/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sealing and opening of packet and message frames, hop tags, and replay
 * windows. See signet/wire.h for the layout.
 */
#ifndef SIGNET_CORE_FRAME_H
#define SIGNET_CORE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>
#include <signet/wire.h>

#pragma GCC visibility push(default)

/* As offered in the handshake: bit masks; one bit set when chosen. */
enum signet_aead {
	SIGNET_AEAD_CHACHA20POLY1305 = 1,
	SIGNET_AEAD_AES256GCM = 2,
};

/**
 * signet_aead_supported() - mask of AEADs this machine does well
 * sodium_init() must have been called.
 */
unsigned int signet_aead_supported(void);

/**
 * struct signet_aead_key - one AEAD key, expanded for use; holds a secret
 */
struct signet_aead_key {
	enum signet_aead aead;
	union {
		uint8_t raw[SIGNET_AEAD_KEY_LEN];
		crypto_aead_aes256gcm_state gcm;
	};
};

/**
 * signet_aead_key_init() - expand a key
 * Return: 0; -EINVAL unknown @aead; -EOPNOTSUPP not on this machine.
 */
int signet_aead_key_init(struct signet_aead_key *key, enum signet_aead aead,
			 const uint8_t raw[SIGNET_AEAD_KEY_LEN]);
void signet_aead_key_wipe(struct signet_aead_key *key);

/**
 * struct signet_frame_info - the fields of a header in host form
 */
struct signet_frame_info {
	uint8_t type;
	uint8_t key_id;
	uint8_t lane;
	uint16_t flags;
	uint32_t label;
	uint64_t counter;
};

/**
 * signet_frame_parse() - check length, type, padding, flags and label, and
 * read the header; looks at nothing beyond @len
 *
 * Takes frames of all six types: of handshake and cookie frames it checks
 * length, pattern, flags, labels and reserved bytes, and key_id, lane and
 * counter are zero.
 * Return: enum signet_drop (LENGTH, TYPE, FLAGS, LABEL), 0 if good.
 */
int signet_frame_parse(const uint8_t *frame, size_t len,
		       struct signet_frame_info *info);

/** signet_hop_tag() - SipHash-2-4 over bytes 0-15 of the frame */
void signet_hop_tag(const uint8_t *frame, const uint8_t key[SIGNET_HOP_KEY_LEN],
		    uint8_t tag[SIGNET_HOP_TAG_LEN]);

/** signet_hop_tag_ok() - constant-time check of a frame's hop tag */
bool signet_hop_tag_ok(const uint8_t *frame,
		       const uint8_t key[SIGNET_HOP_KEY_LEN]);

/**
 * signet_frame_seal() - write a whole frame
 * @key: AEAD key
 * @hop_key: hop key of the next hop
 * @info: header fields
 * @pt: plaintext; may be at @frame + SIGNET_FRAME_HDR_LEN (in place)
 * @pt_len: its length (messages: already padded)
 * @frame: receives SIGNET_FRAME_OVERHEAD + @pt_len bytes
 * Return: length of the frame.
 */
size_t signet_frame_seal(const struct signet_aead_key *key,
			 const uint8_t hop_key[SIGNET_HOP_KEY_LEN],
			 const struct signet_frame_info *info,
			 const uint8_t *pt, size_t pt_len, uint8_t *frame);

/**
 * signet_frame_open() - authenticate and decrypt a parsed frame
 * @pt: receives @len - SIGNET_FRAME_OVERHEAD bytes; may be
 *	@frame + SIGNET_FRAME_HDR_LEN (in place)
 * Return: 0, or -EBADMSG and @pt's content is undefined.
 */
int signet_frame_open(const struct signet_aead_key *key,
		      const struct signet_frame_info *info,
		      const uint8_t *frame, size_t len, uint8_t *pt);

/**
 * struct signet_replay - sliding window of 8192 counters (RFC 6479)
 *
 * Zero-initialised is ready for use. Not locked. Counter UINT64_MAX is never
 * accepted, so that @next cannot wrap.
 */
struct signet_replay {
	uint64_t next; /* highest counter seen plus one; 0: none */
	uint64_t bits[SIGNET_REPLAY_WINDOW / 64 + 1];
};

/** signet_replay_check() - would @counter be accepted? Changes nothing. */
bool signet_replay_check(const struct signet_replay *w, uint64_t counter);

/**
 * signet_replay_commit() - accept @counter after its frame authenticated
 * Return: false when it was seen meanwhile or is too old.
 */
bool signet_replay_commit(struct signet_replay *w, uint64_t counter);

#pragma GCC visibility pop

#endif
