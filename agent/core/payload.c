// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include <signet/drop.h>

#include "core/cbor.h"
#include "core/payload.h"

/* Keys of the map. 4 is kept for credentials. */
enum {
	KEY_HEAD = 1,
	KEY_ATTESTATION = 2,
	KEY_HISTORY = 3,
	KEY_LABEL = 5,
	KEY_LIMITS = 6,
	KEY_AEADS = 7,
	KEY_FEATURES = 8,
	KEY_NUMBER = 9,
	KEY_IDENTITY = 10,
	KEY_HELLO = 11,
};

#define MANDATORY                                                   \
	(1u << KEY_HEAD | 1u << KEY_ATTESTATION | 1u << KEY_LABEL | \
	 1u << KEY_LIMITS | 1u << KEY_AEADS)

static int write_map(const struct signet_local *local,
		     const struct payload_args *args, bool history,
		     uint8_t *out, size_t cap, size_t *len)
{
	struct sg_cbor_writer w;

	sg_cbor_write(&w, out, cap);
	/* Either the history, or the identifier that it will prove. */
	sg_cbor_put_map(&w, 6 + 1 + args->has_number + !!args->hello);
	sg_cbor_put_uint(&w, KEY_HEAD);
	sg_cbor_put_array(&w, 2);
	sg_cbor_put_uint(&w, local->ident.head.length);
	sg_cbor_put_bytes(&w, local->ident.head.hash, 32);
	sg_cbor_put_uint(&w, KEY_ATTESTATION);
	sg_cbor_put_bytes(&w, local->attestation, local->attestation_len);
	if (history) {
		sg_cbor_put_uint(&w, KEY_HISTORY);
		sg_cbor_put_bytes(&w, local->history, local->history_len);
	}
	sg_cbor_put_uint(&w, KEY_LABEL);
	sg_cbor_put_uint(&w, args->label);
	sg_cbor_put_uint(&w, KEY_LIMITS);
	sg_cbor_put_array(&w, 2);
	sg_cbor_put_uint(&w, local->lanes);
	sg_cbor_put_uint(&w, local->max_message);
	sg_cbor_put_uint(&w, KEY_AEADS);
	sg_cbor_put_uint(&w, args->aeads);
	sg_cbor_put_uint(&w, KEY_FEATURES);
	sg_cbor_put_uint(&w, 0);
	if (args->has_number) {
		sg_cbor_put_uint(&w, KEY_NUMBER);
		sg_cbor_put_uint(&w, args->number);
	}
	if (!history) {
		sg_cbor_put_uint(&w, KEY_IDENTITY);
		sg_cbor_put_bytes(&w, local->ident.id.b, SIGNET_ID_LEN);
	}
	if (args->hello) {
		sg_cbor_put_uint(&w, KEY_HELLO);
		sg_cbor_put_bytes(&w, args->hello, args->hello_len);
	}
	return sg_cbor_finish(&w, len);
}

int signet_payload_write(const struct signet_local *local,
			 const struct payload_args *args, uint8_t *out,
			 size_t cap, size_t *len, bool *without_history)
{
	size_t room = args->room < cap ? args->room : cap;
	int err;

	err = write_map(local, args, true, out, room, len);
	*without_history = err == -ENOBUFS;
	if (*without_history)
		err = write_map(local, args, false, out, room, len);
	return err;
}

static void read_head(struct sg_cbor_reader *r, struct signet_head *head)
{
	if (sg_cbor_get_array(r) != 2)
		sg_cbor_fail(r);
	head->length = sg_cbor_get_uint_max(r, SIGNET_HISTORY_CHANGES_MAX);
	sg_cbor_get_fixed(r, head->hash, sizeof(head->hash));
	if (!head->length)
		sg_cbor_fail(r);
}

static void read_limits(struct sg_cbor_reader *r, struct signet_proof *p)
{
	if (sg_cbor_get_array(r) != 2)
		sg_cbor_fail(r);
	p->lanes = sg_cbor_get_uint_max(r, SIGNET_LANES);
	p->max_message = sg_cbor_get_uint_max(r, UINT32_MAX);
	if (!p->lanes)
		sg_cbor_fail(r);
}

static void read_attestation(struct sg_cbor_reader *r, struct signet_proof *p)
{
	size_t len;
	const uint8_t *b = sg_cbor_get_bytes(r, &len);

	if (!b || len > sizeof(p->attestation)) {
		sg_cbor_fail(r);
		return;
	}
	memcpy(p->attestation, b, len);
	p->attestation_len = len;
}

static void read_hello(struct sg_cbor_reader *r, struct signet_proof *p)
{
	size_t len;
	const uint8_t *b = sg_cbor_get_bytes(r, &len);

	if (!b || len > sizeof(p->hello)) {
		sg_cbor_fail(r);
		return;
	}
	memcpy(p->hello, b, len);
	p->hello_len = len;
}

static int check_attestation(struct signet_proof *p, int64_t wall)
{
	struct signet_attestation att;

	if (signet_attestation_verify(p->attestation, p->attestation_len,
				      p->ident.key, &att))
		return SIGNET_DROP_IDENTITY;
	if (signet_id_cmp(&att.id, &p->ident.id) ||
	    att.head.length != p->head.length ||
	    sodium_memcmp(att.head.hash, p->head.hash, 32) ||
	    sodium_memcmp(att.static_key, p->static_key, 32))
		return SIGNET_DROP_IDENTITY;
	p->att = att;
	if (p->att.expires <= wall)
		return SIGNET_DROP_EXPIRED;
	return 0;
}

int signet_proof_verify(struct signet_proof *p, const uint8_t *history,
			size_t len, int64_t wall)
{
	int drop;

	p->verified = false;
	if (signet_history_verify(history, len, &p->ident))
		return SIGNET_DROP_IDENTITY;
	if (!sodium_is_zero(p->att.id.b, SIGNET_ID_LEN) &&
	    signet_id_cmp(&p->att.id, &p->ident.id))
		return SIGNET_DROP_IDENTITY;
	/* Known from here on, for the operator of a responder who refuses. */
	p->att.id = p->ident.id;
	if (p->ident.head.length != p->head.length ||
	    sodium_memcmp(p->ident.head.hash, p->head.hash, 32))
		return SIGNET_DROP_IDENTITY;
	drop = check_attestation(p, wall);
	p->verified = !drop;
	return drop;
}

int signet_payload_read(struct signet_proof *p, const uint8_t *buf, size_t len,
			bool want_number, int64_t wall)
{
	const uint8_t *history = NULL;
	size_t history_len = 0;
	struct sg_cbor_reader r;
	struct sg_cbor_map m;
	unsigned int seen = 0;
	int64_t key;

	sg_cbor_read(&r, buf, len);
	sg_cbor_get_map(&r, &m);
	while (sg_cbor_map_next(&r, &m, &key)) {
		switch (key) {
		case KEY_HEAD:
			read_head(&r, &p->head);
			break;
		case KEY_ATTESTATION:
			read_attestation(&r, p);
			break;
		case KEY_HISTORY:
			history = sg_cbor_get_bytes(&r, &history_len);
			break;
		case KEY_LABEL:
			p->label = sg_cbor_get_uint_max(&r, UINT32_MAX);
			break;
		case KEY_LIMITS:
			read_limits(&r, p);
			break;
		case KEY_AEADS:
			p->aeads = sg_cbor_get_uint_max(&r, UINT32_MAX);
			break;
		case KEY_FEATURES:
			sg_cbor_get_uint(&r);
			break;
		case KEY_NUMBER:
			p->number = sg_cbor_get_uint(&r);
			break;
		case KEY_IDENTITY:
			sg_cbor_get_fixed(&r, p->att.id.b, SIGNET_ID_LEN);
			break;
		case KEY_HELLO:
			read_hello(&r, p);
			break;
		default:
			sg_cbor_skip(&r);
			break;
		}
		if (key >= 0 && key < 32)
			seen |= 1u << key;
	}
	if (sg_cbor_end(&r) || (seen & MANDATORY) != MANDATORY || !p->label ||
	    (want_number && !(seen & 1u << KEY_NUMBER)))
		return SIGNET_DROP_PAYLOAD;
	/* One of the two: the history, or whose it will be. */
	if (!history == !(seen & 1u << KEY_IDENTITY))
		return SIGNET_DROP_PAYLOAD;
	if (!history)
		return 0;
	return signet_proof_verify(p, history, history_len, wall);
}
