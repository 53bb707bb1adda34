/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/tun_inner.h"

int sg_inner_check(const uint8_t *packet, size_t len)
{
	size_t hdr;

	if (len < 20)
		return 0;
	switch (packet[0] >> 4) {
	case 4:
		hdr = (size_t)(packet[0] & 15) * 4;
		if (hdr < 20 || hdr > len)
			return 0;
		return ((size_t)packet[2] << 8 | packet[3]) == len ? 4 : 0;
	case 6:
		if (len < 40)
			return 0;
		return ((size_t)packet[4] << 8 | packet[5]) + 40 == len ? 6 : 0;
	default:
		return 0;
	}
}
