// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every frame and derivation of Documentation/protocol.rst, byte by byte
 * against a second implementation that was written from that text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <signet/core/handshake.h>
#include <signet/core/mac.h>
#include <signet/core/record.h>
#include <signet/core/reliable.h>
#include <sodium.h>

#include "common/paircode.h"
#include "vectors.h"

#define VECTORS "tests/vectors/protocol/signet.json"
#define WALL	1700000001

struct run {
	struct json_object *v, *frames;
	struct signet_local side[2];
	uint8_t history[2][SIGNET_CHANGE_MAX];
	struct signet_id responder; /* as meant */
	uint32_t label[2];
	uint8_t ephemeral[2][32];
	uint8_t psk[32], cookie[SIGNET_COOKIE_LEN], hello[SIGNET_HELLO_MAX];
	size_t hello_len;
	bool has_psk, has_cookie;
	struct signet_handshake hs[2];
	enum signet_pattern pattern;
	enum signet_aead aead;
	uint64_t number;
};

static int64_t number(struct json_object *v, const char *name)
{
	return json_object_get_int64(vector_field(v, name));
}

static void item(struct json_object *v, const char *name, int i, uint8_t *out,
		 size_t len)
{
	struct json_object *list = vector_field(v, name);

	assert_int_equal(
		vector_unhex(json_object_get_string(
				     json_object_array_get_idx(list, i)),
			     out, len),
		len);
}

/* The same bytes as the vector's frame of that name. */
static void assert_frame(struct run *r, const char *name, const uint8_t *frame,
			 size_t len)
{
	uint8_t want[SIGNET_HANDSHAKE_MAX];
	size_t n = vector_bytes(r->frames, name, want, sizeof(want));

	assert_int_equal(len, n);
	assert_memory_equal(frame, want, n);
}

static void assert_bytes(struct json_object *v, const char *name,
			 const uint8_t *got, size_t len)
{
	uint8_t want[SIGNET_ATTESTATION_MAX];

	assert_int_equal(vector_bytes(v, name, want, sizeof(want)), len);
	assert_memory_equal(got, want, len);
}

/* Our own history and attestation, from the seeds: equal to the vector's. */
static void make_side(struct run *r, int i, const char *name)
{
	struct json_object *v = vector_field(r->v, name);
	uint8_t seed[32], pk[2][32], sk[2][64];
	struct signet_local *l = &r->side[i];
	struct signet_attestation att = {
		.issued = number(v, "issued"),
		.expires = number(v, "expires"),
	};
	size_t len;

	for (int k = 0; k < 2; k++) {
		item(v, "seeds", k, seed, sizeof(seed));
		crypto_sign_seed_keypair(pk[k], sk[k], seed);
	}
	assert_int_equal(signet_history_create(sk[0], pk[1], r->history[i],
					       sizeof(r->history[i]), &len,
					       &l->ident),
			 0);
	assert_bytes(v, "history", r->history[i], len);
	assert_bytes(v, "id", l->ident.id.b, 32);
	l->history = r->history[i];
	l->history_len = len;
	vector_bytes(v, "static", l->static_sk, 32);
	crypto_scalarmult_base(l->static_pk, l->static_sk);
	att.id = l->ident.id;
	att.head = l->ident.head;
	memcpy(att.static_key, l->static_pk, 32);
	assert_int_equal(signet_attestation_sign(&att, sk[0], l->attestation,
						 sizeof(l->attestation),
						 &l->attestation_len),
			 0);
	assert_bytes(v, "attestation", l->attestation, l->attestation_len);
	l->aeads = number(r->v, "offer");
	l->lanes = 32;
	l->max_message = 262144;
}

static void load(struct run *r, struct json_object *v)
{
	struct json_object *x;

	memset(r, 0, sizeof(*r));
	r->v = v;
	r->frames = vector_field(v, "frames");
	r->pattern = number(v, "pattern");
	r->aead = number(v, "aead");
	r->number = number(v, "number");
	make_side(r, 0, "initiator");
	make_side(r, 1, "responder");
	for (int i = 0; i < 2; i++) {
		r->label[i] = json_object_get_int64(json_object_array_get_idx(
			vector_field(v, "labels"), i));
		item(v, "ephemerals", i, r->ephemeral[i], 32);
	}
	r->has_psk = json_object_object_get_ex(v, "psk", &x);
	if (r->has_psk) {
		vector_bytes(v, "psk", r->psk, 32);
		r->hello_len =
			vector_bytes(v, "hello", r->hello, sizeof(r->hello));
	} else {
		r->responder = r->side[1].ident.id;
	}
	r->has_cookie = json_object_object_get_ex(v, "cookie", &x);
	if (r->has_cookie)
		vector_bytes(v, "cookie", r->cookie, sizeof(r->cookie));
}

static void run_init(struct run *r)
{
	const struct signet_handshake_args args = {
		.pattern = r->pattern,
		.responder = r->has_psk ? NULL : &r->responder,
		.responder_static = r->pattern == SIGNET_PATTERN_IK
					    ? r->side[1].static_pk
					    : NULL,
		.psk = r->has_psk ? r->psk : NULL,
		.rx_label = r->label[0],
		.number = r->number,
		.cookie = r->has_cookie ? r->cookie : NULL,
		.ephemeral = r->ephemeral[0],
	};
	uint8_t frame[SIGNET_HANDSHAKE_MAX], key[SIGNET_MAC_LEN];
	uint8_t cookie[SIGNET_COOKIE_LEN], out[SIGNET_COOKIE_FRAME_LEN];
	size_t len;

	assert_int_equal(signet_handshake_initiate(&r->hs[0], &r->side[0],
						   &args, frame, &len),
			 0);
	assert_frame(r, "init", frame, len);
	assert_int_equal(signet_handshake_parse(frame, len), 0);
	signet_mac1_key(&r->responder, key);
	assert_bytes(r->v, "mac1_key", key, sizeof(key));
	assert_true(signet_mac1_ok(frame, key));
	if (r->has_cookie)
		assert_true(signet_mac2_ok(frame, r->cookie));

	len = vector_bytes(r->frames, "cookie", out, sizeof(out));
	assert_int_equal(signet_handshake_parse(out, len), 0);
	assert_true(signet_cookie_frame_read(out, r->label[0], r->hs[0].mac1,
					     key, cookie));
	signet_cookie_frame_write(out, frame, cookie, key);
	assert_frame(r, "cookie", out, sizeof(out));
	assert_int_equal(
		signet_handshake_read_init(
			&r->hs[1], &r->side[1], &r->responder,
			r->has_psk ? r->psk : NULL, frame,
			vector_bytes(r->frames, "init", frame, sizeof(frame)),
			WALL),
		0);
}

static void run_rest(struct run *r)
{
	uint8_t frame[SIGNET_HANDSHAKE_MAX];
	size_t len;

	assert_int_equal(signet_handshake_respond(&r->hs[1], &r->side[1],
						  r->label[1], r->ephemeral[1],
						  frame, &len),
			 0);
	assert_frame(r, "response", frame, len);
	assert_int_equal(signet_handshake_read_response(&r->hs[0], &r->side[0],
							frame, len, WALL),
			 0);
	if (r->pattern == SIGNET_PATTERN_IK)
		return;
	assert_int_equal(signet_handshake_finish(&r->hs[0], &r->side[0],
						 r->number,
						 r->hello_len ? r->hello : NULL,
						 r->hello_len, frame, &len),
			 0);
	assert_frame(r, "finish", frame, len);
	assert_int_equal(signet_handshake_read_finish(&r->hs[1], &r->side[1],
						      frame, len, WALL),
			 0);
	assert_int_equal(r->hs[1].remote.number, r->number);
	assert_int_equal(r->hs[1].remote.hello_len, r->hello_len);
	assert_memory_equal(r->hs[1].remote.hello, r->hello, r->hello_len);
}

static void check_keys(struct json_object *v, const struct signet_keys *k)
{
	assert_bytes(v, "packet i2r", k->packet[SIGNET_I2R], 32);
	assert_bytes(v, "packet r2i", k->packet[SIGNET_R2I], 32);
	assert_bytes(v, "message i2r", k->message[SIGNET_I2R], 32);
	assert_bytes(v, "message r2i", k->message[SIGNET_R2I], 32);
	assert_bytes(v, "rekey", k->rekey, 32);
}

/* Seal, compare, open. */
static void check_sealed(struct run *r, const char *name,
			 const struct signet_frame_info *info,
			 const uint8_t raw[32], const uint8_t *hop,
			 const uint8_t *plain, size_t plain_len)
{
	uint8_t frame[256], opened[256];
	struct signet_frame_info seen;
	struct signet_aead_key key;
	size_t len;

	assert_int_equal(signet_aead_key_init(&key, r->aead, raw), 0);
	len = signet_frame_seal(&key, hop, info, plain, plain_len, frame);
	assert_frame(r, name, frame, len);
	assert_int_equal(signet_frame_parse(frame, len, &seen), 0);
	assert_int_equal(seen.key_id, info->key_id);
	assert_int_equal(seen.lane, info->lane);
	assert_true(seen.counter == info->counter);
	assert_true(signet_hop_tag_ok(frame, hop));
	assert_int_equal(signet_frame_open(&key, &seen, frame, len, opened), 0);
	assert_memory_equal(opened, plain, plain_len);
	signet_aead_key_wipe(&key);
}

static void check_frames(struct run *r, const struct signet_keys *k)
{
	const uint8_t id = number(r->v, "key_id");
	struct signet_frame_info info = { .type = SIGNET_FRAME_PACKET,
					  .key_id = id,
					  .lane = 3,
					  .label = r->label[1],
					  .counter = (1ULL << 40) + 5 };
	uint8_t hop[2][SIGNET_HOP_KEY_LEN], want[16], plain[64];
	size_t len;

	for (int i = 0; i < 2; i++) {
		signet_hop_key(k->hop, i, r->label[!i], hop[i]);
		item(r->v, "hop_keys", i, want, sizeof(want));
		assert_memory_equal(hop[i], want, sizeof(want));
	}
	len = vector_bytes(r->v, "packet", plain, sizeof(plain));
	check_sealed(r, "packet", &info, k->packet[SIGNET_I2R], hop[0], plain,
		     len);
	info = (struct signet_frame_info){ .type = SIGNET_FRAME_PACKET,
					   .key_id = id,
					   .label = r->label[0] };
	check_sealed(r, "keepalive", &info, k->packet[SIGNET_R2I], hop[1],
		     plain, 0);
	info.type = SIGNET_FRAME_MESSAGE;
	info.counter = 7;
	len = vector_bytes(r->v, "ping", plain, sizeof(plain));
	check_sealed(r, "message", &info, k->message[SIGNET_R2I], hop[1], plain,
		     len);
}

static void check_ping(struct run *r)
{
	uint8_t plain[SIGNET_MESSAGE_PAD];
	struct signet_record_reader reader;
	struct signet_record rec;

	vector_bytes(r->v, "ping", plain, sizeof(plain));
	assert_int_equal(
		signet_record_reader_init(&reader, plain, sizeof(plain)), 0);
	assert_int_equal(signet_record_next(&reader, &rec), 1);
	assert_int_equal(rec.kind, SIGNET_RECORD_PING);
	assert_int_equal(rec.len, 8);
	assert_int_equal(signet_record_next(&reader, &rec), 0);
}

/* Request and response of a rekey, from the Noise messages inside. */
static void check_rekey(struct run *r, const struct signet_keys *k)
{
	struct json_object *v = vector_field(r->v, "rekey");
	uint8_t prologue[64], e[32], body[64] = { 0 }, none[1];
	size_t prologue_len, len;
	struct signet_noise ns[2];
	struct signet_keys keys;

	prologue_len = vector_bytes(v, "prologue", prologue, sizeof(prologue));
	for (int i = 0; i < 2; i++) {
		const struct signet_noise_keys nk = {
			.s_priv = r->side[i].static_sk,
			.s_pub = r->side[i].static_pk,
			.rs = r->side[!i].static_pk,
			.psk = k->rekey,
		};

		assert_int_equal(signet_noise_init(&ns[i], SIGNET_NOISE_KKPSK0,
						   !i, prologue, prologue_len,
						   &nk),
				 0);
	}
	for (int i = 0; i < 2; i++) {
		body[0] = number(v, "base_key_id");
		body[1] = number(v, "new_key_id");
		item(v, "ephemerals", i, e, sizeof(e));
		assert_int_equal(signet_noise_write(&ns[i], e, NULL, 0,
						    body + 2, 48, &len),
				 0);
		assert_bytes(v, i ? "response" : "request", body, len + 2);
		assert_int_equal(signet_noise_read(&ns[!i], body + 2, len, none,
						   1, &len),
				 0);
	}
	assert_int_equal(signet_keys_derive(&keys, &ns[1], r->aead,
					    number(v, "new_key_id")),
			 0);
	check_keys(vector_field(v, "keys"), &keys);
}

static void run_vector(struct json_object *v)
{
	struct signet_keys k[2];
	static struct run r;

	load(&r, v);
	if (r.aead == SIGNET_AEAD_AES256GCM &&
	    !(signet_aead_supported() & SIGNET_AEAD_AES256GCM)) {
		print_message("SKIP: no AES instructions: %s\n",
			      json_object_get_string(vector_field(v, "name")));
		return;
	}
	run_init(&r);
	run_rest(&r);
	for (int i = 0; i < 2; i++) {
		assert_true(r.hs[i].remote.verified);
		assert_int_equal(r.hs[i].aead, r.aead);
		assert_int_equal(signet_handshake_key_id(&r.hs[i], &r.side[i]),
				 number(v, "key_id"));
		assert_int_equal(
			signet_handshake_keys(&r.hs[i], &r.side[i], &k[i]), 0);
	}
	assert_memory_equal(&k[0], &k[1], sizeof(k[0]));
	check_keys(vector_field(v, "keys"), &k[0]);
	assert_bytes(vector_field(v, "keys"), "hop", k[0].hop, 32);
	assert_bytes(vector_field(v, "keys"), "channel", k[0].channel, 32);
	check_frames(&r, &k[0]);
	check_ping(&r);
	check_rekey(&r, &k[0]);
}

static struct json_object *root(void)
{
	struct json_object *o = json_object_from_file(VECTORS);

	if (!o)
		fail_msg("cannot read %s", VECTORS);
	return o;
}

static void frames_and_keys_are_those_of_the_specification(void **state)
{
	struct json_object *o = root(), *list = vector_field(o, "vectors");

	assert_int_equal(json_object_array_length(list), 4);
	for (int i = 0; i < 4; i++)
		run_vector(json_object_array_get_idx(list, i));
	json_object_put(o);
}

static void pairing_codes_are_those_of_the_specification(void **state)
{
	struct json_object *o = root(), *list = vector_field(o, "pair_codes");
	uint8_t code[SG_PAIRCODE_LEN], parsed[SG_PAIRCODE_LEN], psk[32];
	char text[SG_PAIRCODE_STR_LEN];

	assert_true(json_object_array_length(list) >= 2);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);
		const char *want =
			json_object_get_string(vector_field(v, "text"));

		vector_bytes(v, "code", code, sizeof(code));
		sg_paircode_format(code, text);
		assert_string_equal(text, want);
		assert_int_equal(sg_paircode_parse(want, parsed), 0);
		assert_memory_equal(parsed, code, sizeof(code));
		sg_paircode_psk(code, psk);
		assert_bytes(v, "psk", psk, sizeof(psk));
	}
	json_object_put(o);
}

static struct signet_reliable *engine(void *mem, size_t size)
{
	const struct signet_reliable_limits limits = SIGNET_RELIABLE_SMALL;
	struct signet_reliable *r;

	assert_int_equal(signet_reliable_init(mem, size, &limits, &r), 0);
	return r;
}

/* Take the record at the start of @buf; @return its length with its header. */
static size_t take(struct signet_reliable *r, const uint8_t *buf)
{
	size_t len = buf[2] | buf[3] << 8;

	assert_int_equal(
		signet_reliable_receive_record(r, buf[0], buf + 4, len, 1000),
		0);
	return len + 4;
}

static void messages_are_those_of_the_specification(void **state)
{
	struct json_object *o = root(), *v = vector_field(o, "reliable"), *m;
	static _Alignas(16) uint8_t mem[2][65536];
	struct signet_reliable *a = engine(mem[0], sizeof(mem[0]));
	struct signet_reliable *b = engine(mem[1], sizeof(mem[1]));
	uint8_t buf[SIGNET_RECORDS_MAX], want[256], text[64];
	struct signet_reliable_message got;
	size_t n, at = 0, len;

	/* One by one: which of several comes first is the sender's choice. */
	for (int i = 0; i < 2; i++) {
		m = json_object_array_get_idx(vector_field(v, "messages"), i);
		len = vector_bytes(m, "text", text, sizeof(text));
		assert_int_equal(signet_reliable_send(a, number(m, "service"),
						      text, len, 1000, NULL),
				 0);
		n = signet_reliable_next_records(a, buf, sizeof(buf), 1000);
		len = vector_unhex(
			json_object_get_string(json_object_array_get_idx(
				vector_field(v, "fragments"), i)),
			want, sizeof(want));
		assert_int_equal(n, len);
		assert_memory_equal(buf, want, n);
		assert_int_equal(take(b, buf), n);
		assert_true(signet_reliable_poll_message(b, &got));
		assert_int_equal(got.service, number(m, "service"));
		at += got.len;
		assert_memory_equal(got.data, text, got.len);
	}
	assert_int_equal(at, 19);
	n = signet_reliable_next_records(b, buf, sizeof(buf), 1000);
	assert_bytes(v, "ack", buf, n);
	assert_int_equal(take(a, buf), n);
	n = vector_bytes(v, "probe", buf, sizeof(buf));
	assert_int_equal(take(b, buf), n);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			frames_and_keys_are_those_of_the_specification),
		cmocka_unit_test(pairing_codes_are_those_of_the_specification),
		cmocka_unit_test(messages_are_those_of_the_specification),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
