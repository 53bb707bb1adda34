// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The Noise engine against public vectors and those of a second implementation.
 *
 * Vector files (cacophony's format, and the same with snow's and noise-c's
 * names) are given on the command line; without, those of the tree are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/noise.h>
#include <sodium.h>

#include "vectors.h"

#define FILES_MAX 16
#define BUF_LEN	  4096

struct blob {
	uint8_t b[BUF_LEN];
	size_t len;
};

static const char *str(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v))
		return NULL;
	return json_object_get_string(v);
}

static void unhex(const char *hex, struct blob *out)
{
	out->len = vector_unhex(hex, out->b, sizeof(out->b));
}

/* A 32 byte field, or NULL where the vector has none. */
static const uint8_t *key(struct json_object *v, const char *side,
			  const char *name, uint8_t out[32])
{
	struct blob blob;
	char field[64];

	snprintf(field, sizeof(field), "%s_%s", side, name);
	if (!str(v, field))
		return NULL;
	unhex(str(v, field), &blob);
	assert_int_equal(blob.len, 32);
	memcpy(out, blob.b, 32);
	return out;
}

static const uint8_t *psk(struct json_object *v, const char *side,
			  uint8_t out[32])
{
	struct json_object *list;
	struct blob blob;
	char field[64];

	snprintf(field, sizeof(field), "%s_psks", side);
	if (!json_object_object_get_ex(v, field, &list))
		return key(v, side, "psk", out);
	if (!json_object_array_length(list))
		return NULL;
	unhex(json_object_get_string(json_object_array_get_idx(list, 0)),
	      &blob);
	assert_int_equal(blob.len, 32);
	memcpy(out, blob.b, 32);
	return out;
}

struct side {
	struct signet_noise ns;
	uint8_t e[32];
	const uint8_t *ephemeral;
	uint8_t k[2][32], hash[32];
};

static void setup_side(struct json_object *v, int pattern, struct side *side,
		       bool initiator)
{
	const char *who = initiator ? "init" : "resp";
	uint8_t s_priv[32], s_pub[32], rs[32], secret[32];
	struct signet_noise_keys keys = {
		.s_priv = key(v, who, "static", s_priv),
		.rs = key(v, who, "remote_static", rs),
		.psk = psk(v, who, secret),
	};
	struct blob prologue = { .len = 0 };
	char field[64];

	if (keys.s_priv) {
		crypto_scalarmult_base(s_pub, s_priv);
		keys.s_pub = s_pub;
	}
	snprintf(field, sizeof(field), "%s_prologue", who);
	if (str(v, field))
		unhex(str(v, field), &prologue);
	side->ephemeral = key(v, who, "ephemeral", side->e);
	assert_int_equal(signet_noise_init(&side->ns, pattern, initiator,
					   prologue.b, prologue.len, &keys),
			 0);
}

static void check_handshake_message(struct side *from, struct side *to,
				    const struct blob *payload,
				    const struct blob *ct)
{
	struct blob out, back;

	assert_int_equal(signet_noise_overhead(&from->ns) + payload->len,
			 ct->len);
	assert_int_equal(signet_noise_overhead(&to->ns) + payload->len,
			 ct->len);
	assert_int_equal(signet_noise_write(&from->ns, from->ephemeral,
					    payload->b, payload->len, out.b,
					    sizeof(out.b), &out.len),
			 0);
	assert_int_equal(out.len, ct->len);
	assert_memory_equal(out.b, ct->b, ct->len);
	assert_int_equal(signet_noise_read(&to->ns, ct->b, ct->len, back.b,
					   sizeof(back.b), &back.len),
			 0);
	assert_int_equal(back.len, payload->len);
	assert_memory_equal(back.b, payload->b, payload->len);
}

static void check_transport_message(const uint8_t k[32], uint64_t n,
				    const struct blob *payload,
				    const struct blob *ct)
{
	uint8_t nonce[12] = { 0 };
	unsigned long long len;
	struct blob out;

	assert_true(n < 256);
	nonce[4] = n;
	crypto_aead_chacha20poly1305_ietf_encrypt(
		out.b, &len, payload->b, payload->len, NULL, 0, NULL, nonce, k);
	assert_int_equal(len, ct->len);
	assert_memory_equal(out.b, ct->b, ct->len);
}

static void check_split(struct json_object *v, struct side side[2])
{
	struct blob hash;
	int i;

	for (i = 0; i < 2; i++) {
		assert_true(signet_noise_done(&side[i].ns));
		assert_int_equal(signet_noise_split(&side[i].ns, side[i].k[0],
						    side[i].k[1], side[i].hash),
				 0);
	}
	assert_memory_equal(side[0].k, side[1].k, sizeof(side[0].k));
	assert_memory_equal(side[0].hash, side[1].hash, 32);
	if (!str(v, "handshake_hash"))
		return;
	unhex(str(v, "handshake_hash"), &hash);
	assert_int_equal(hash.len, 32);
	assert_memory_equal(side[0].hash, hash.b, 32);
}

static void run_vector(struct json_object *v, int pattern)
{
	struct json_object *messages, *m;
	bool one_way, split = false;
	struct side side[2];
	struct blob payload, ct;
	uint64_t n[2] = { 0 };
	size_t i;
	int way;

	setup_side(v, pattern, &side[0], true);
	setup_side(v, pattern, &side[1], false);
	one_way = !key(v, "resp", "ephemeral", side[1].e);
	assert_true(json_object_object_get_ex(v, "messages", &messages));
	for (i = 0; i < json_object_array_length(messages); i++) {
		m = json_object_array_get_idx(messages, i);
		unhex(str(m, "payload"), &payload);
		unhex(str(m, "ciphertext"), &ct);
		way = one_way ? 0 : i % 2;
		if (!signet_noise_done(&side[0].ns)) {
			check_handshake_message(&side[way], &side[!way],
						&payload, &ct);
			continue;
		}
		if (!split)
			check_split(v, side);
		split = true;
		check_transport_message(side[0].k[way], n[way]++, &payload,
					&ct);
	}
	if (!split)
		check_split(v, side);
}

static void vectors_of_file_pass(void **state)
{
	const char *path = *state, *name;
	struct json_object *root, *list, *v;
	size_t passed = 0, skipped = 0, i;
	int pattern;

	root = json_object_from_file(path);
	if (!root)
		fail_msg("cannot read %s: %s", path, json_util_get_last_err());
	if (!json_object_object_get_ex(root, "vectors", &list))
		list = root;
	for (i = 0; i < json_object_array_length(list); i++) {
		v = json_object_array_get_idx(list, i);
		name = str(v, "protocol_name") ?: str(v, "name");
		assert_non_null(name);
		pattern = signet_noise_find(name);
		if (pattern < 0 || str(v, "fallback")) {
			print_message("skipped: %s\n", name);
			skipped++;
			continue;
		}
		run_vector(v, pattern);
		passed++;
	}
	print_message("%s: %zu vectors passed, %zu skipped\n", path, passed,
		      skipped);
	json_object_put(root);
	if (!passed)
		skip();
}

static const char *const default_files[] = {
	"tests/vectors/noise/noise-25519-chachapoly-sha256.json",
	"tests/vectors/noise/signet.json",
};

int main(int argc, char **argv)
{
	struct CMUnitTest files[FILES_MAX];
	int count = argc - 1, i, failed;

	if (sodium_init() < 0)
		return 1;
	if (count > FILES_MAX) {
		fprintf(stderr, "at most %d vector files\n", FILES_MAX);
		return 2;
	}
	if (!count)
		count = sizeof(default_files) / sizeof(default_files[0]);
	for (i = 0; i < count; i++)
		files[i] = (struct CMUnitTest){
			.name = argc > 1 ? argv[i + 1] : default_files[i],
			.test_func = vectors_of_file_pass,
			.initial_state = (void *)(argc > 1 ? argv[i + 1]
							   : default_files[i]),
		};
	failed = _cmocka_run_group_tests("noise vectors", files, count, NULL,
					 NULL);
	return failed != 0;
}
