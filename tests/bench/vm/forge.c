// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * forge ADDRESS PORT COUNT FILE: sends COUNT datagrams with what FILE holds,
 * all different in their last bytes, in groups, and waits after each until
 * the machine has nothing left to do with them.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GROUP 64

int main(int argc, char **argv)
{
	static unsigned char frame[2048];
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct timespec pause = { .tv_nsec = 20000000 };
	size_t len;
	FILE *f;
	long n;

	if (argc != 5 || fd < 0)
		return 2;
	f = fopen(argv[4], "rb");
	if (!f || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	len = fread(frame, 1, sizeof(frame), f);
	n = atol(argv[3]);
	for (long i = 0; i < n; i++) {
		memcpy(frame + len - sizeof(i), &i, sizeof(i));
		/* a closed port's errors are read by the next call: again */
		if (sendto(fd, frame, len, 0, (struct sockaddr *)&to,
			   sizeof(to)) < 0)
			sendto(fd, frame, len, 0, (struct sockaddr *)&to,
			       sizeof(to));
		if (i % GROUP == GROUP - 1)
			nanosleep(&pause, NULL);
	}
	nanosleep(&pause, NULL);
	return 0;
}
