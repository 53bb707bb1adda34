/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/file.h"
#include "common/keyfile.h"
#include "identity.h"
#include "secrets.h"

/* A key file is three short lines. */
#define KEY_FILE_MAX 512

static bool holds_key(const char *text, const uint8_t key[32])
{
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING,
	};
	char form[80];
	bool found;

	sodium_bin2hex(form, sizeof(form), key, 32);
	found = strcasestr(text, form);
	for (size_t i = 0; !found && i < 2; i++) {
		sodium_bin2base64(form, sizeof(form), key, 32, variants[i]);
		found = strstr(text, form);
	}
	sodium_memzero(form, sizeof(form));
	return found;
}

/* The second line of a key file is the key in hexadecimal. */
static bool holds_next(const struct sg_tool *t, const char *text)
{
	char file[KEY_FILE_MAX], path[PATH_MAX];
	struct sg_error err;
	uint8_t key[32];
	bool found = false;
	size_t len, n;
	char *line;

	snprintf(path, sizeof(path), "%s/identity.next", t->state);
	if (!sg_file_read_secret(path, file, sizeof(file) - 1, &len, &err)) {
		file[len] = '\0';
		line = strchr(file, '\n');
		if (line &&
		    !sodium_hex2bin(key, 32, line + 1, strlen(line + 1), NULL,
				    &n, NULL) &&
		    n == 32)
			found = holds_key(text, key);
	}
	sodium_memzero(file, sizeof(file));
	sodium_memzero(key, sizeof(key));
	return found;
}

static const char *secret_member(const char *text)
{
	static const char *const names[] = {
		"\"privateKey\"", "\"secret\"",	   "\"secretKey\"",  "\"psk\"",
		"\"passphrase\"", "\"password\"",  "\"seed\"",	     "\"code\"",
		"\"hopKey\"",	  "\"packetKey\"", "\"messageKey\"",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasestr(text, names[i]))
			return names[i];
	return NULL;
}

const char *sg_secrets_find(const struct sg_tool *t, const char *text)
{
	const char *found = secret_member(text);
	struct sg_keys *keys = sg_keys_alloc();
	struct sg_error err = { 0 };
	struct sg_owner before;

	sg_owner_enter(t, &before);
	if (!found && keys && !sg_keys_load(t->state, keys, &err)) {
		/* the first half of libsodium's secret key is the seed */
		if (holds_key(text, keys->sign_sk))
			found = "the identity's key";
		else if (holds_key(text, keys->static_sk))
			found = "the static key's private half";
	}
	if (!found && holds_next(t, text))
		found = "the identity's next key";
	sg_owner_leave(&before);
	sg_keys_free(keys);
	return found;
}
