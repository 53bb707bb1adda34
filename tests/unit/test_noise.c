// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The Noise engine against public vectors and against tampering.
 *
 * Vector files (cacophony's format, and the same with snow's and noise-c's
 * names) are given on the command line; without, those of the tree are read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <signet/core/noise.h>
#include <sodium.h>

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
	if (sodium_hex2bin(out->b, sizeof(out->b), hex, strlen(hex), NULL,
			   &out->len, NULL))
		fail_msg("bad hex in vector: %.60s", hex);
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
					   prologue.b, prologue.len, &keys), 0);
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
					    sizeof(out.b), &out.len), 0);
	assert_int_equal(out.len, ct->len);
	assert_memory_equal(out.b, ct->b, ct->len);
	assert_int_equal(signet_noise_read(&to->ns, ct->b, ct->len, back.b,
					   sizeof(back.b), &back.len), 0);
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
	crypto_aead_chacha20poly1305_ietf_encrypt(out.b, &len, payload->b,
						  payload->len, NULL, 0, NULL,
						  nonce, k);
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
						    side[i].k[1],
						    side[i].hash), 0);
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

/*
 * Handshakes between two sides with fixed keys, for the tests that follow
 */

struct pair {
	struct signet_noise ns[2];
	uint8_t s[2][32], pub[2][32], psk[32];
};

static void start(struct pair *p, int pattern)
{
	struct signet_noise_keys keys;
	int i;

	for (i = 0; i < 2; i++) {
		memset(p->s[i], 0x11 * (i + 1), 32);
		crypto_scalarmult_base(p->pub[i], p->s[i]);
	}
	memset(p->psk, 0x77, 32);
	for (i = 0; i < 2; i++) {
		keys = (struct signet_noise_keys){
			p->s[i], p->pub[i], p->pub[!i], p->psk,
		};
		assert_int_equal(signet_noise_init(&p->ns[i], pattern, i == 0,
						   (const uint8_t *)"test", 4,
						   &keys), 0);
	}
}

static void write_next(struct pair *p, int index, struct blob *msg)
{
	uint8_t e[32];

	memset(e, 0x40 + index, sizeof(e));
	assert_int_equal(signet_noise_write(&p->ns[index % 2], e,
					    (const uint8_t *)"payload", 7,
					    msg->b, sizeof(msg->b),
					    &msg->len), 0);
}

static int read_next(struct pair *p, int index, const struct blob *msg)
{
	uint8_t out[BUF_LEN];
	size_t len;

	return signet_noise_read(&p->ns[!(index % 2)], msg->b, msg->len, out,
				 sizeof(out), &len);
}

/* Bring @p to where message @index is written, and write it. */
static void advance(struct pair *p, int pattern, int index, struct blob *msg)
{
	int i;

	start(p, pattern);
	for (i = 0; i < index; i++) {
		write_next(p, i, msg);
		assert_int_equal(read_next(p, i, msg), 0);
	}
	write_next(p, index, msg);
}

/*
 * A changed message is refused: at once, or where nothing was encrypted yet,
 * with the next message.
 */
static void assert_refused(struct pair *p, int index, const struct blob *msg,
			   bool encrypted)
{
	struct blob next;
	int ret = read_next(p, index, msg);

	if (!encrypted && !ret) {
		write_next(p, index + 1, &next);
		ret = read_next(p, index + 1, &next);
		index++;
	}
	assert_int_equal(ret, -EBADMSG);
	assert_true(p->ns[!(index % 2)].failed);
	assert_true(sodium_is_zero(p->ns[!(index % 2)].ck, 32));
	assert_true(sodium_is_zero(p->ns[!(index % 2)].s_priv, 32));
}

static const struct {
	const char *name;
	int messages;
	bool first_encrypted;
} tried[] = {
	{ "N", 1, true },	{ "X", 1, true },
	{ "K", 1, true },	{ "NN", 2, false },
	{ "NK", 2, true },	{ "KK", 2, true },
	{ "IK", 2, true },	{ "XX", 3, false },
	{ "XXpsk3", 3, true },	{ "IKpsk2", 2, true },
	{ "KKpsk0", 2, true },
};

static int find(const char *name)
{
	char full[64];
	int pattern;

	snprintf(full, sizeof(full), "Noise_%s_25519_ChaChaPoly_SHA256", name);
	pattern = signet_noise_find(full);
	assert_true(pattern >= 0);
	return pattern;
}

static void each_flipped_bit_is_refused(void **state)
{
	struct pair at, p;
	struct blob msg, bad;
	size_t t, bit;
	int m;

	for (t = 0; t < sizeof(tried) / sizeof(tried[0]); t++) {
		for (m = 0; m < tried[t].messages; m++) {
			advance(&at, find(tried[t].name), m, &msg);
			for (bit = 0; bit < msg.len * 8; bit++) {
				p = at;
				bad = msg;
				bad.b[bit / 8] ^= 1 << bit % 8;
				assert_refused(&p, m, &bad,
					       m || tried[t].first_encrypted);
			}
		}
	}
}

static void each_truncated_or_longer_message_is_refused(void **state)
{
	struct pair at, p;
	struct blob msg, bad;
	size_t t, len;
	int m;

	for (t = 0; t < sizeof(tried) / sizeof(tried[0]); t++) {
		for (m = 0; m < tried[t].messages; m++) {
			advance(&at, find(tried[t].name), m, &msg);
			for (len = 0; len <= msg.len + 32; len++) {
				p = at;
				bad = msg;
				memset(bad.b + msg.len, 0, 64);
				bad.len = len;
				if (len == msg.len)
					continue;
				assert_refused(&p, m, &bad,
					       m || tried[t].first_encrypted);
			}
		}
	}
}

static void wrong_turn_is_refused(void **state)
{
	uint8_t e[32] = { 1 }, k[32], out[BUF_LEN];
	struct blob msg;
	struct pair p;
	size_t len;

	start(&p, SIGNET_NOISE_IK);
	assert_int_equal(signet_noise_write(&p.ns[1], e, NULL, 0, out,
					    sizeof(out), &len), -EINVAL);
	assert_int_equal(len, 0);
	assert_true(p.ns[1].failed);

	start(&p, SIGNET_NOISE_IK);
	write_next(&p, 0, &msg);
	assert_int_equal(signet_noise_read(&p.ns[0], msg.b, msg.len, out,
					   sizeof(out), &len), -EBADMSG);
	start(&p, SIGNET_NOISE_IK);
	write_next(&p, 0, &msg);
	assert_int_equal(signet_noise_write(&p.ns[0], e, NULL, 0, out,
					    sizeof(out), &len), -EINVAL);

	/* not done: no keys; done: no more messages */
	advance(&p, SIGNET_NOISE_NN, 1, &msg);
	assert_int_equal(signet_noise_split(&p.ns[0], k, k, k), -EINVAL);
	assert_int_equal(read_next(&p, 1, &msg), 0);
	assert_int_equal(signet_noise_split(&p.ns[0], k, k, k), 0);
	assert_int_equal(signet_noise_overhead(&p.ns[0]), 0);
	assert_int_equal(signet_noise_write(&p.ns[0], e, NULL, 0, out,
					    sizeof(out), &len), -EINVAL);
}

/* The points whose order divides 8, and their forms above the prime. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void low_order_points_are_refused(void **state)
{
	struct signet_noise_keys keys;
	struct signet_noise ns;
	uint8_t e[32] = { 7 }, out[BUF_LEN];
	struct blob point, msg;
	struct pair p;
	size_t i, len;

	for (i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++) {
		unhex(low_order[i], &point);
		advance(&p, SIGNET_NOISE_IK, 0, &msg);
		memcpy(msg.b, point.b, 32);
		assert_int_equal(read_next(&p, 0, &msg), -EBADMSG);
		assert_true(p.ns[1].failed);

		/* as the other's static key */
		keys = (struct signet_noise_keys){ p.s[0], p.pub[0], point.b,
						   NULL };
		assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_IK, true,
						   NULL, 0, &keys), 0);
		assert_int_equal(signet_noise_write(&ns, e, NULL, 0, out,
						    sizeof(out), &len),
				 -EBADMSG);
		assert_true(ns.failed);
	}
}

static void wrong_or_missing_psk_is_refused(void **state)
{
	static const char *const names[] = { "XXpsk3", "IKpsk2", "KKpsk0" };
	static const int at[] = { 2, 1, 0 };
	uint8_t wrong[32] = { 1 }, out[BUF_LEN];
	struct blob msg;
	struct pair p;
	size_t i, len;
	int reader;

	for (i = 0; i < 3; i++) {
		reader = !(at[i] % 2);
		advance(&p, find(names[i]), at[i], &msg);
		signet_noise_set_psk(&p.ns[reader], wrong);
		assert_int_equal(read_next(&p, at[i], &msg), -EBADMSG);

		advance(&p, find(names[i]), at[i], &msg);
		p.ns[reader].has_psk = false;
		assert_int_equal(signet_noise_read(&p.ns[reader], msg.b,
						   msg.len, out, sizeof(out),
						   &len), -EINVAL);
		assert_true(p.ns[reader].failed);

		/* known in time, it opens */
		advance(&p, find(names[i]), at[i], &msg);
		p.ns[reader].has_psk = false;
		signet_noise_set_psk(&p.ns[reader], p.psk);
		assert_int_equal(read_next(&p, at[i], &msg), 0);
	}
}

static void missing_keys_and_small_buffers_are_refused(void **state)
{
	struct signet_noise_keys none = { 0 };
	struct signet_noise ns, before;
	uint8_t e[32] = { 9 }, out[BUF_LEN];
	struct blob msg;
	struct pair p;
	size_t len;

	assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_IK, true, NULL, 0,
					   &none), -EINVAL);
	assert_true(ns.failed);
	assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_XX, false, NULL,
					   0, &none), -EINVAL);
	assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_N, false, NULL, 0,
					   &none), -EINVAL);
	assert_int_equal(signet_noise_init(&ns, -1, true, NULL, 0, &none),
			 -EINVAL);
	assert_int_equal(signet_noise_init(&ns, SIGNET_NOISE_PATTERN_COUNT,
					   true, NULL, 0, &none), -EINVAL);
	assert_int_equal(signet_noise_find("Noise_IK_448_ChaChaPoly_SHA256"),
			 -ENOENT);

	/* a write that does not fit changes nothing */
	start(&p, SIGNET_NOISE_IK);
	before = p.ns[0];
	assert_int_equal(signet_noise_write(&p.ns[0], e, e, 32, out, 127,
					    &len), -ENOBUFS);
	assert_memory_equal(&before, &p.ns[0], sizeof(before));
	assert_int_equal(signet_noise_write(&p.ns[0], e, e, 32, out, 128,
					    &len), 0);
	assert_int_equal(len, 128);

	advance(&p, SIGNET_NOISE_IK, 0, &msg);
	assert_int_equal(signet_noise_read(&p.ns[1], msg.b, msg.len, out, 6,
					   &len), -ENOBUFS);
	assert_true(p.ns[1].failed);
}

static const char *const default_files[] = {
	"tests/vectors/noise/noise-25519-chachapoly-sha256.json",
	"tests/vectors/noise/signet.json",
};

int main(int argc, char **argv)
{
	struct CMUnitTest files[FILES_MAX];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flipped_bit_is_refused),
		cmocka_unit_test(each_truncated_or_longer_message_is_refused),
		cmocka_unit_test(wrong_turn_is_refused),
		cmocka_unit_test(low_order_points_are_refused),
		cmocka_unit_test(wrong_or_missing_psk_is_refused),
		cmocka_unit_test(missing_keys_and_small_buffers_are_refused),
	};
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
			.initial_state = (void *)(argc > 1 ? argv[i + 1] :
							default_files[i]),
		};
	failed = _cmocka_run_group_tests("noise vectors", files, count, NULL,
					 NULL);
	failed += cmocka_run_group_tests_name("noise", tests, NULL, NULL);
	return failed != 0;
}
