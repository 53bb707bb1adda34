// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "core/noise_patterns.h"

#include <signet/core/noise.h>

#define E  NOISE_E
#define S  NOISE_S
#define EE NOISE_EE
#define ES NOISE_ES
#define SE NOISE_SE
#define SS NOISE_SS

/* Noise sections 7.4 and 7.5 */
static const struct noise_base n = { .pre_r = true,
	.messages = { { E, ES } } };
static const struct noise_base k = { .pre_i = true, .pre_r = true,
	.messages = { { E, ES, SS } } };
static const struct noise_base x = { .pre_r = true,
	.messages = { { E, ES, S, SS } } };
static const struct noise_base nn = {
	.messages = { { E }, { E, EE } } };
static const struct noise_base nk = { .pre_r = true,
	.messages = { { E, ES }, { E, EE } } };
static const struct noise_base nx = {
	.messages = { { E }, { E, EE, S, ES } } };
static const struct noise_base kn = { .pre_i = true,
	.messages = { { E }, { E, EE, SE } } };
static const struct noise_base kk = { .pre_i = true, .pre_r = true,
	.messages = { { E, ES, SS }, { E, EE, SE } } };
static const struct noise_base kx = { .pre_i = true,
	.messages = { { E }, { E, EE, SE, S, ES } } };
static const struct noise_base xn = {
	.messages = { { E }, { E, EE }, { S, SE } } };
static const struct noise_base xk = { .pre_r = true,
	.messages = { { E, ES }, { E, EE }, { S, SE } } };
static const struct noise_base xx = {
	.messages = { { E }, { E, EE, S, ES }, { S, SE } } };
static const struct noise_base in = {
	.messages = { { E, S }, { E, EE, SE } } };
static const struct noise_base ik = { .pre_r = true,
	.messages = { { E, ES, S, SS }, { E, EE, SE } } };
static const struct noise_base ix = {
	.messages = { { E, S }, { E, EE, SE, S, ES } } };

#define PLAIN(id, base) \
	[SIGNET_NOISE_##id] = { #id, &(base), NOISE_NO_PSK }
#define PSK(id, base, position) \
	[SIGNET_NOISE_##id##PSK##position] = \
		{ #id "psk" #position, &(base), position }

const struct noise_pattern sg_noise_patterns[] = {
	PLAIN(N, n), PLAIN(K, k), PLAIN(X, x),
	PLAIN(NN, nn), PLAIN(NK, nk), PLAIN(NX, nx),
	PLAIN(KN, kn), PLAIN(KK, kk), PLAIN(KX, kx),
	PLAIN(XN, xn), PLAIN(XK, xk), PLAIN(XX, xx),
	PLAIN(IN, in), PLAIN(IK, ik), PLAIN(IX, ix),
	PSK(N, n, 0), PSK(K, k, 0), PSK(X, x, 1),
	PSK(NN, nn, 0), PSK(NN, nn, 1), PSK(NN, nn, 2),
	PSK(NK, nk, 0), PSK(NK, nk, 2), PSK(NX, nx, 2),
	PSK(KN, kn, 0), PSK(KN, kn, 2),
	PSK(KK, kk, 0), PSK(KK, kk, 1), PSK(KK, kk, 2), PSK(KX, kx, 2),
	PSK(XN, xn, 3), PSK(XK, xk, 3),
	PSK(XX, xx, 0), PSK(XX, xx, 1), PSK(XX, xx, 2), PSK(XX, xx, 3),
	PSK(IN, in, 1), PSK(IN, in, 2),
	PSK(IK, ik, 0), PSK(IK, ik, 1), PSK(IK, ik, 2), PSK(IX, ix, 2),
};

_Static_assert(sizeof(sg_noise_patterns) / sizeof(sg_noise_patterns[0]) ==
		       SIGNET_NOISE_PATTERN_COUNT, "every pattern is there");
