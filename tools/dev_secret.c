/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys come from files or from standard input, never from the arguments. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "common/file.h"
#include "dev.h"

/* Base64 or hexadecimal of 32 bytes, and space. */
#define TEXT_MAX 160

int sg_dev_secret_decode(const char *text, uint8_t *out, size_t len)
{
	static const char space[] = " \t\r\n";
	size_t n, got = 0;
	const char *end;

	text += strspn(text, space);
	n = strcspn(text, space);
	if (text[n + strspn(text + n, space)])
		return -EINVAL;
	if (n == len * 2 &&
	    !sodium_hex2bin(out, len, text, n, NULL, &got, &end) &&
	    got == len && end == text + n)
		return 0;
	if (!sodium_base642bin(out, len, text, n, NULL, &got, &end,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    got == len && end == text + n)
		return 0;
	sodium_memzero(out, len);
	return -EINVAL;
}

static int read_input(char *text, size_t cap, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < cap; *len += (size_t)n) {
		n = read(STDIN_FILENO, text + *len, cap - *len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n < 0 ? -errno : 0;
	}
	return -EFBIG;
}

int sg_dev_secret_read(struct sg_tool *t, const char *option, const char *path,
		       uint8_t *out, size_t len)
{
	bool input = !strcmp(path, "-");
	struct sg_error err = { 0 };
	char text[TEXT_MAX];
	size_t n = 0;
	int r;

	if (input)
		r = read_input(text, sizeof(text) - 1, &n);
	else
		r = sg_file_read_secret(path, text, sizeof(text) - 1, &n, &err);
	if (!r || r == -EFBIG) {
		text[r ? 0 : n] = '\0';
		r = sg_dev_secret_decode(text, out, len);
		if (r)
			sg_fail(t, SG_EXIT_FAILED, NULL,
				"%s: %s does not hold %zu bytes in "
				"hexadecimal or base64",
				option, input ? "standard input" : path, len);
	} else {
		sg_fail(t, r == -EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED, NULL,
			"%s: %s", option, *err.text ? err.text : strerror(-r));
	}
	sodium_memzero(text, sizeof(text));
	return !r ? SG_EXIT_OK : r == -EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED;
}
