/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Key schedule: from a finished Noise handshake to the keys of a channel.
 * See Documentation/protocol.rst, "Key schedule".
 */
#ifndef SIGNET_CORE_KEYS_H
#define SIGNET_CORE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include <signet/core/frame.h>
#include <signet/core/noise.h>
#include <signet/wire.h>

#pragma GCC visibility push(default)

/* Directions, as indexes and as the byte in the derivation of hop keys. */
enum signet_direction {
	SIGNET_I2R = 0, /* from the handshake's initiator */
	SIGNET_R2I = 1,
};

/**
 * struct signet_keys - all that follows from one handshake; holds secrets
 * @packet: AEAD keys of packet frames, by enum signet_direction
 * @message: AEAD keys of message frames, by enum signet_direction
 * @hop: secret from which hop keys follow (kept from the first handshake
 *	of a channel: rekeying does not change hop keys)
 * @rekey: pre-shared key of the next rekey
 * @channel: identifier of the channel (kept from its first handshake)
 */
struct signet_keys {
	uint8_t packet[2][SIGNET_AEAD_KEY_LEN];
	uint8_t message[2][SIGNET_AEAD_KEY_LEN];
	uint8_t hop[32];
	uint8_t rekey[32];
	uint8_t channel[32];
};

/**
 * signet_hkdf() - HKDF-SHA256 (RFC 5869), at most 255 * 32 bytes
 * @salt: salt
 * @salt_len: its length
 * @ikm: input keying material
 * @ikm_len: its length
 * @info: context
 * @info_len: its length, at most 96
 * @out: receives the output
 * @out_len: its length, at most 64
 */
void signet_hkdf(const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
		 size_t ikm_len, const uint8_t *info, size_t info_len,
		 uint8_t *out, size_t out_len);

/**
 * signet_keys_derive() - the keys of a finished handshake
 * @keys: receives them; wipe with sodium_memzero()
 * @ns: a handshake that is done
 * @aead: the AEAD that was chosen
 * @key_id: the key id that they are for
 * Return: 0; -EINVAL when the handshake is not done.
 *
 * HKDF-SHA256 with the handshake hash as salt, both keys of Split (initiator
 * to responder first) as input keying material, and as info "signet/1 ", the
 * use, one byte for the AEAD and one for the key id. The uses are "packet i2r",
 * "packet r2i", "message i2r", "message r2i", "hop", "rekey" and "channel".
 */
int signet_keys_derive(struct signet_keys *keys, const struct signet_noise *ns,
		       enum signet_aead aead, uint8_t key_id);

/**
 * signet_hop_key() - hop key of one label
 * @secret: hop secret of the link
 * @dir: direction in which the frames travel
 * @label: the receiver's label
 * @key: receives 16 bytes
 *
 * HKDF-SHA256 without salt; info is "signet/1 hop", the direction as one byte
 * and the label as four, little-endian.
 */
void signet_hop_key(const uint8_t secret[32], enum signet_direction dir,
		    uint32_t label, uint8_t key[SIGNET_HOP_KEY_LEN]);

#pragma GCC visibility pop

#endif
