/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Payload of a handshake message: deterministic CBOR. */
#ifndef SIGNET_CORE_PAYLOAD_H
#define SIGNET_CORE_PAYLOAD_H

#include <signet/core/handshake.h>

/**
 * struct payload_args - what of a payload differs from message to message
 * @label: our receive label
 * @aeads: mask offered, or the one chosen
 * @number: our growing number; written when @has_number
 * @hello: what we say of ourselves while pairing, or NULL
 * @hello_len: its length
 * @room: bytes that the payload may take; the history is left out, to follow
 *	inside the channel, where it does not fit
 */
struct payload_args {
	uint32_t label;
	unsigned int aeads;
	bool has_number;
	uint64_t number;
	const uint8_t *hello;
	size_t hello_len;
	size_t room;
};

int signet_payload_write(const struct signet_local *local,
			 const struct payload_args *args, uint8_t *out,
			 size_t cap, size_t *len, bool *without_history);

/**
 * signet_payload_read() - read a payload, and verify what it proves
 * @p: receives it; @p->static_key is set by the caller
 * Return: 0, SIGNET_DROP_PAYLOAD, _IDENTITY or _EXPIRED.
 */
int signet_payload_read(struct signet_proof *p, const uint8_t *buf, size_t len,
			bool want_number, int64_t wall);

#endif
