// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "core/noise_patterns.h"

#include <signet/core/noise.h>

/* clang-format off */
#define E  NOISE_E
#define S  NOISE_S
#define EE NOISE_EE
#define ES NOISE_ES
#define SE NOISE_SE
#define SS NOISE_SS

/* BASE(name, initiator's key known, responder's key known, messages) */
#define BASE(name, i, r, ...) \
	static const struct noise_base name = { i, r, { __VA_ARGS__ } }

/* Noise sections 7.4 and 7.5 */
BASE(n,  0, 1, { E, ES });
BASE(k,  1, 1, { E, ES, SS });
BASE(x,  0, 1, { E, ES, S, SS });
BASE(nn, 0, 0, { E }, { E, EE });
BASE(nk, 0, 1, { E, ES }, { E, EE });
BASE(nx, 0, 0, { E }, { E, EE, S, ES });
BASE(kn, 1, 0, { E }, { E, EE, SE });
BASE(kk, 1, 1, { E, ES, SS }, { E, EE, SE });
BASE(kx, 1, 0, { E }, { E, EE, SE, S, ES });
BASE(xn, 0, 0, { E }, { E, EE }, { S, SE });
BASE(xk, 0, 1, { E, ES }, { E, EE }, { S, SE });
BASE(xx, 0, 0, { E }, { E, EE, S, ES }, { S, SE });
BASE(in, 0, 0, { E, S }, { E, EE, SE });
BASE(ik, 0, 1, { E, ES, S, SS }, { E, EE, SE });
BASE(ix, 0, 0, { E, S }, { E, EE, SE, S, ES });
#define PLAIN(id, base) \
	[SIGNET_NOISE_##id] = { #id, &(base), NOISE_NO_PSK }
#define PSK(id, base, n) \
	[SIGNET_NOISE_##id##PSK##n] = { #id "psk" #n, &(base), n }
/* clang-format on */

const struct noise_pattern sg_noise_patterns[] = {
	PLAIN(N, n),	PLAIN(K, k),	PLAIN(X, x),	PLAIN(NN, nn),
	PLAIN(NK, nk),	PLAIN(NX, nx),	PLAIN(KN, kn),	PLAIN(KK, kk),
	PLAIN(KX, kx),	PLAIN(XN, xn),	PLAIN(XK, xk),	PLAIN(XX, xx),
	PLAIN(IN, in),	PLAIN(IK, ik),	PLAIN(IX, ix),	PSK(N, n, 0),
	PSK(K, k, 0),	PSK(X, x, 1),	PSK(NN, nn, 0), PSK(NN, nn, 1),
	PSK(NN, nn, 2), PSK(NK, nk, 0), PSK(NK, nk, 2), PSK(NX, nx, 2),
	PSK(KN, kn, 0), PSK(KN, kn, 2), PSK(KK, kk, 0), PSK(KK, kk, 1),
	PSK(KK, kk, 2), PSK(KX, kx, 2), PSK(XN, xn, 3), PSK(XK, xk, 3),
	PSK(XX, xx, 0), PSK(XX, xx, 1), PSK(XX, xx, 2), PSK(XX, xx, 3),
	PSK(IN, in, 1), PSK(IN, in, 2), PSK(IK, ik, 0), PSK(IK, ik, 1),
	PSK(IK, ik, 2), PSK(IX, ix, 2),
};

_Static_assert(sizeof(sg_noise_patterns) / sizeof(sg_noise_patterns[0]) ==
		       SIGNET_NOISE_PATTERN_COUNT,
	       "every pattern is there");
