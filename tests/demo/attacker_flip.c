// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Send a recorded frame changed, or cut short. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "attacker.h"

#define WHERE_CONTENT -1L

static void usage(void)
{
	printf("usage: flip [-n COUNT]      the newest sealed frame, each time "
	       "with another\n"
	       "                            bit of its content changed\n"
	       "       flip -b BIT          with this bit changed (0 to 191 "
	       "are the header)\n"
	       "       flip -t BYTES [-n COUNT]\n"
	       "                            cut down to BYTES; negative: as "
	       "many cut off\n"
	       "       -r FILE              the recording\n"
	       "       -i INTERFACE         send there\n");
}

static void flip_bit(uint8_t *payload, size_t len, long bit, unsigned int turn)
{
	size_t bits = (len - SIGNET_FRAME_HDR_LEN) * 8;
	size_t at = bit;

	/* spread over the content, the first time at a random place */
	if (bit == WHERE_CONTENT) {
		static uint32_t start;

		if (!turn && getrandom(&start, sizeof(start), 0) < 0)
			start = 0;
		at = SIGNET_FRAME_HDR_LEN * 8 + (start + turn * 37ul) % bits;
	}
	if (at < len * 8)
		payload[at / 8] ^= 1 << at % 8;
}

static int flip(const struct packet *p, const char *name, long bit, long cut,
		unsigned int n)
{
	static uint8_t payload[FRAME_MAX];
	size_t len = p->len;
	int fd;

	if (cut)
		len = cut > 0 ? (size_t)cut : len - (size_t)-cut;
	if (!len || len > p->len) {
		fprintf(stderr, "flip: the frame has only %zu bytes\n", p->len);
		return 1;
	}
	fd = wire_open(name, false);
	if (fd < 0)
		return 1;
	for (unsigned int i = 0; i < n; i++) {
		memcpy(payload, p->payload, p->len);
		if (!cut)
			flip_bit(payload, p->len, bit, i);
		if (wire_send_as(fd, p, payload, len))
			n = i;
	}
	close(fd);
	if (cut)
		printf("flip: sent %u frame(s) cut from %zu to %zu bytes\n", n,
		       p->len, len);
	else
		printf("flip: sent %u frame(s) of %zu bytes, one bit of each "
		       "changed\n",
		       n, p->len);
	return n ? 0 : 1;
}

int cmd_flip(int argc, char **argv)
{
	const char *in = capture_path();
	const char *name = NULL;
	long bit = WHERE_CONTENT, cut = 0;
	unsigned int n = 1;
	struct capture c;
	struct packet p;
	int opt, ret = 1;

	while ((opt = getopt(argc, argv, "r:i:b:t:n:h")) != -1) {
		switch (opt) {
		case 'r':
			in = optarg;
			break;
		case 'i':
			name = optarg;
			break;
		case 'b':
			bit = strtol(optarg, NULL, 0);
			break;
		case 't':
			cut = strtol(optarg, NULL, 0);
			break;
		case 'n':
			n = strtoul(optarg, NULL, 0);
			break;
		default:
			usage();
			return opt == 'h' ? 0 : 2;
		}
	}
	if (!capture_load(&c, in) && capture_last_packet(&c, &p))
		ret = flip(&p, name, bit, cut, n);
	capture_free(&c);
	return ret;
}
