// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/keyfile_text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"

#define HEADER_MAX 64
#define SUM_PREFIX "sha256 "
/* prefix, 64 hex digits, newline */
#define SUM_LEN	   (sizeof(SUM_PREFIX) - 1 + 64 + 1)

static size_t text_size(size_t len)
{
	return HEADER_MAX + 2 * len + 1 + SUM_LEN + 1;
}

/* The last line of a file whose first @len bytes are at @text. */
static void sum_line(const char *text, size_t len, char out[SUM_LEN + 1])
{
	uint8_t hash[32];
	char hex[65];

	crypto_hash_sha256(hash, (const uint8_t *)text, len);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(out, SUM_LEN + 1, SUM_PREFIX "%s\n", hex);
}

static int damaged(const char *path, const char *kind, struct sg_error *err)
{
	return sg_err(err, EBADMSG,
		      "%s is not a whole Signet %s file: it was truncated or "
		      "altered; restore it from a backup",
		      path, kind);
}

static int decode(const char *text, size_t text_len, const char *kind,
		  uint8_t *out, size_t cap, size_t *len)
{
	char header[HEADER_MAX], sum[SUM_LEN + 1];
	size_t header_len, body_len;
	const char *end;

	snprintf(header, sizeof(header), "signet-file 1 %s\n", kind);
	header_len = strlen(header);
	if (text_len < header_len + 1 + SUM_LEN ||
	    memcmp(text, header, header_len))
		return -EBADMSG;
	body_len = text_len - SUM_LEN;
	sum_line(text, body_len, sum);
	if (text[body_len - 1] != '\n' ||
	    sodium_memcmp(text + body_len, sum, SUM_LEN))
		return -EBADMSG;
	body_len -= header_len + 1;
	if (sodium_hex2bin(out, cap, text + header_len, body_len, NULL, len,
			   &end) ||
	    end != text + header_len + body_len)
		return -EBADMSG;
	return 0;
}

int sg_keyfile_read(const char *path, const char *kind, uint8_t *out,
		    size_t cap, size_t *len, struct sg_error *err)
{
	size_t text_len, size = text_size(cap);
	char *text;
	int ret;

	*len = 0;
	text = sodium_malloc(size);
	if (!text)
		return sg_err(err, ENOMEM, "%s: out of memory", path);
	ret = sg_file_read_secret(path, text, size, &text_len, err);
	if (ret == -EFBIG)
		ret = damaged(path, kind, err);
	if (ret)
		goto cleanup;
	ret = decode(text, text_len, kind, out, cap, len);
	if (ret) {
		sodium_memzero(out, cap);
		*len = 0;
		damaged(path, kind, err);
	}
cleanup:
	sodium_free(text);
	return ret;
}

int sg_keyfile_write(const char *path, const char *kind, const uint8_t *data,
		     size_t len, bool replace, struct sg_error *err)
{
	size_t size = text_size(len), n;
	char *text;
	int ret;

	text = sodium_malloc(size);
	if (!text)
		return sg_err(err, ENOMEM, "%s: out of memory", path);
	n = snprintf(text, size, "signet-file 1 %s\n", kind);
	sodium_bin2hex(text + n, size - n, data, len);
	n += 2 * len;
	text[n++] = '\n';
	sum_line(text, n, text + n);
	n += SUM_LEN;
	if (replace)
		ret = sg_file_write_atomic(path, 0600, text, n, err);
	else
		ret = sg_file_create_atomic(path, 0600, text, n, err);
	sodium_free(text);
	return ret;
}
