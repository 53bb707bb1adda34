// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A scraper's request. However it is cut into pieces on the way, the answer is
 * the same; nothing but the two known requests gets the text; what can't become
 * one any more is not waited for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/metrics_socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* As if only that much had come: the sanitizer sees each byte after it. */
static int parse(const uint8_t *data, size_t len, bool *peers)
{
	char *in = malloc(len + 1);
	int status;

	must(in);
	memcpy(in, data, len);
	in[len] = '\0';
	status = sg_metrics_parse(in, len, peers);
	free(in);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size < SG_METRICS_REQUEST_MAX ? size
						   : SG_METRICS_REQUEST_MAX - 1;
	bool peers, first_peers;
	int status, first = 0;

	status = parse(data, len, &peers);
	for (size_t n = 1; !first && n <= len; n++)
		if (!data[n - 1] || data[n - 1] == '\n' || n == len)
			first = parse(data, n, &first_peers);
	must(status == first && (!first || peers == first_peers));
	if (!status)
		must(len < SG_METRICS_REQUEST_MAX - 1 && !memchr(data, 0, len));
	if (status == 200)
		must(!memcmp(data, "GET /metrics", 12) &&
		     !memcmp(data + 12, peers ? "?peers=1 HTTP/1." : " HTTP/1.",
			     peers ? 16 : 8));
	else
		must(!peers);
	return 0;
}
