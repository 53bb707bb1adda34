// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Send again what was recorded. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attacker.h"
#include "autokey.h"

/* The last plug message that says @text goes out once more. */
static int replay_plug(struct capture *c, const char *text)
{
	char said[AUTOKEY_MAX + 1];
	struct packet p, last = { 0 };

	while (capture_next(c, &p))
		if (p.proto == IPPROTO_TCP && p.dport == AUTOKEY_PORT &&
		    packet_text(&p, said, sizeof(said)) && strstr(said, text))
			last = p;
	if (!last.len) {
		fprintf(stderr,
			"replay: no readable message in the capture "
			"says %s\n",
			text);
		return 1;
	}
	printf("replay: the controller's own %zu bytes, sent again\n",
	       last.len);
	return plug_tell(GATEWAY_ADDRESS, last.payload, last.len);
}

/* Every sealed frame goes out again, from the controller's address and port. */
static int replay_sealed(struct capture *c, const char *name, size_t max)
{
	struct packet p;
	size_t n = 0;
	int fd = wire_open(name, false);

	if (fd < 0)
		return 1;
	while (n < max && capture_next_sealed(c, &p) &&
	       !wire_send_as(fd, &p, p.payload, p.len))
		n++;
	close(fd);
	printf("replay: sent %zu recorded frame(s) again, as the controller\n",
	       n);
	return n ? 0 : 1;
}

int cmd_replay(int argc, char **argv)
{
	const char *in = capture_path();
	const char *text = NULL, *name = NULL;
	size_t max = SIZE_MAX;
	struct capture c;
	int opt, ret;

	while ((opt = getopt(argc, argv, "r:i:p:n:h")) != -1) {
		switch (opt) {
		case 'r':
			in = optarg;
			break;
		case 'i':
			name = optarg;
			break;
		case 'p':
			text = optarg;
			break;
		case 'n':
			max = strtoul(optarg, NULL, 0);
			break;
		default:
			printf("usage: replay [-r FILE] [-n COUNT]   recorded "
			       "Signet frames to the gateway\n"
			       "       replay [-r FILE] -p TEXT      the last "
			       "plug message that says TEXT\n"
			       "       -i INTERFACE   send there\n");
			return opt == 'h' ? 0 : 2;
		}
	}
	if (capture_load(&c, in)) {
		capture_free(&c);
		return 2;
	}
	ret = text ? replay_plug(&c, text) : replay_sealed(&c, name, max);
	capture_free(&c);
	return ret;
}
