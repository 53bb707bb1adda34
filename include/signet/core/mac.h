/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is checked on a handshake frame before anything costly: its form, mac1,
 * mac2, and the cookie frame that asks for mac2. No state.
 */
#ifndef SIGNET_CORE_MAC_H
#define SIGNET_CORE_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/identity.h>
#include <signet/wire.h>

#pragma GCC visibility push(default)

/**
 * signet_handshake_parse() - form of an init, response, finish or cookie frame
 * @frame: bytes from outside
 * @len: their number
 * Return: 0, or the reason to drop it (LENGTH, TYPE, FLAGS, LABEL).
 */
int signet_handshake_parse(const uint8_t *frame, size_t len);

/**
 * signet_mac1_key() - key of mac1 for handshakes with one responder
 * @responder: its identifier; all zero where the initiator does not know it
 * @key: receives the first 16 bytes of SHA-256("signet/1 mac1", identifier)
 */
void signet_mac1_key(const struct signet_id *responder,
		     uint8_t key[SIGNET_MAC_LEN]);

/** signet_mac1_write() - put mac1 in place, and zero in the place of mac2 */
void signet_mac1_write(uint8_t *frame, const uint8_t key[SIGNET_MAC_LEN]);

/** signet_mac1_ok() - constant-time check of a parsed frame's mac1 */
bool signet_mac1_ok(const uint8_t *frame, const uint8_t key[SIGNET_MAC_LEN]);

/** signet_mac2_write() - put mac2 in place, after mac1 */
void signet_mac2_write(uint8_t *frame, const uint8_t cookie[SIGNET_COOKIE_LEN]);

/** signet_mac2_ok() - constant-time check of a parsed frame's mac2 */
bool signet_mac2_ok(const uint8_t *frame,
		    const uint8_t cookie[SIGNET_COOKIE_LEN]);

/**
 * signet_cookie() - the cookie of one source address
 * @secret: the responder's secret, changed every 120 s
 * @addr: address and port, in any unambiguous form
 * @len: its length
 * @cookie: receives it
 */
void signet_cookie(const uint8_t secret[SIGNET_MAC_LEN], const uint8_t *addr,
		   size_t len, uint8_t cookie[SIGNET_COOKIE_LEN]);

/**
 * signet_cookie_frame_write() - answer an init with a cookie
 * @out: receives the frame
 * @init: the init that it answers, parsed and with a good mac1
 * @cookie: for the init's source
 * @mac1_key: this responder's
 */
void signet_cookie_frame_write(uint8_t out[SIGNET_COOKIE_FRAME_LEN],
			       const uint8_t *init,
			       const uint8_t cookie[SIGNET_COOKIE_LEN],
			       const uint8_t mac1_key[SIGNET_MAC_LEN]);

/**
 * signet_cookie_frame_read() - check a cookie frame against an init we sent
 * @frame: parsed cookie frame
 * @label: sender_label of the init
 * @mac1: mac1 of the init
 * @mac1_key: the responder's
 * @cookie: receives the cookie
 * Return: whether it is the answer to that init.
 */
bool signet_cookie_frame_read(const uint8_t *frame, uint32_t label,
			      const uint8_t mac1[SIGNET_MAC_LEN],
			      const uint8_t mac1_key[SIGNET_MAC_LEN],
			      uint8_t cookie[SIGNET_COOKIE_LEN]);

#pragma GCC visibility pop

#endif
