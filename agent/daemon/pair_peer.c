// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What paired nodes tell each other, and the file that pins the peer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "common/log.h"
#include "core/cbor.h"
#include "daemon/control.h"
#include "daemon/pair_private.h"
#include "daemon/peer.h"

#define ADDRESSES_MAX 4
/* The side that connected may be behind NAT: it keeps its mapping open. */
#define KEEPALIVE     25

size_t sg_pair_hello(const struct sg_node *n, uint8_t out[SIGNET_HELLO_MAX])
{
	size_t addrs = n->config->n_addresses;
	struct sg_cbor_writer w;
	size_t len = 0;

	if (addrs > ADDRESSES_MAX)
		addrs = ADDRESSES_MAX;
	sg_cbor_write(&w, out, SIGNET_HELLO_MAX);
	sg_cbor_put_array(&w, 2);
	sg_cbor_put_text(&w, n->config->name);
	sg_cbor_put_array(&w, addrs);
	for (size_t i = 0; i < addrs; i++) {
		const struct sg_prefix *a = &n->config->addresses[i];

		sg_cbor_put_bytes(&w, a->addr, a->family == AF_INET ? 4 : 16);
	}
	sg_cbor_finish(&w, &len);
	return len;
}

/*
 * An inner address that the other side says it has. It is taken only as a
 * single host, within a network that this node's own address is in, and where
 * nobody else has it: pairing hands out no more than a place in the subnet.
 */
static bool may_have(const struct sg_node *n, const struct sg_prefix *a)
{
	bool inside = false;

	for (size_t i = 0; i < n->config->n_addresses; i++) {
		const struct sg_prefix *own = &n->config->addresses[i];
		struct sg_prefix net = *own, host = *own;

		sg_prefix_mask(&net);
		host.len = a->len;
		if (sg_prefix_equal(&host, a))
			return false;
		inside |= sg_prefix_contains(&net, a);
	}
	for (size_t i = 0; i < n->config->n_peers; i++) {
		const struct sg_config_peer *c = &n->config->peers[i];

		for (size_t j = 0; j < c->n_prefixes; j++)
			if (sg_prefix_contains(&c->prefixes[j], a))
				return false;
	}
	return inside;
}

/* Letters, digits and a few marks; anything else becomes a dash. */
static void clean_name(const char *s, size_t len, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < cap - 1; i++) {
		char c[2] = { s[i], 0 };

		bool ok = sg_config_name_valid(c) || (n && s[i] == '.');

		out[n++] = ok ? s[i] : '-';
	}
	out[n] = 0;
	if (!sg_config_name_valid(out))
		strcpy(out, "peer");
}

/* A name that no other peer has. */
static void free_name(const struct sg_node *n, char name[SG_CONFIG_NAME_LEN])
{
	char base[SG_CONFIG_NAME_LEN];

	memcpy(base, name, sizeof(base));
	for (int i = 2; sg_config_peer_by_name(n->config, name); i++)
		snprintf(name, SG_CONFIG_NAME_LEN, "%.50s-%d", base, i);
}

static int read_hello(const struct sg_node *n, const uint8_t *hello, size_t len,
		      struct sg_config_peer *c, struct sg_prefix *prefixes)
{
	struct sg_cbor_reader r;
	const char *text;
	size_t text_len, addrs;

	sg_cbor_read(&r, hello, len);
	if (sg_cbor_get_array(&r) != 2)
		sg_cbor_fail(&r);
	text = sg_cbor_get_text(&r, &text_len);
	addrs = sg_cbor_get_array(&r);
	if (!text || addrs > ADDRESSES_MAX)
		return -EBADMSG;
	clean_name(text, text_len, c->name, sizeof(c->name));
	c->prefixes = prefixes;
	while (addrs--) {
		struct sg_prefix *p = &prefixes[c->n_prefixes];
		size_t n_bytes;
		const uint8_t *b = sg_cbor_get_bytes(&r, &n_bytes);

		if (!b || (n_bytes != 4 && n_bytes != 16))
			return -EBADMSG;
		memset(p, 0, sizeof(*p));
		p->family = n_bytes == 4 ? AF_INET : AF_INET6;
		p->len = n_bytes * 8;
		memcpy(p->addr, b, n_bytes);
		if (may_have(n, p))
			c->n_prefixes++;
	}
	return sg_cbor_end(&r);
}

static void answer(struct sg_pair *p, const struct sg_config_peer *c)
{
	struct json_object *o = json_object_new_object();
	struct sg_peer *peer = sg_peer_by_id(p->node, &c->id);
	char id[SIGNET_ID_STR_LEN], path[4096];
	struct sg_dp_status st;

	if (!p->call)
		return;
	snprintf(path, sizeof(path), "%s/%s.conf", p->node->config->peers_dir,
		 c->name);
	json_object_object_add(o, "file", json_object_new_string(path));
	if (peer)
		json_object_object_add(o, "peer", sg_control_peer(peer));
	if (!p->initiator) {
		p->node->dp_ops->status(p->node->dp, &st);
		signet_id_format(&p->node->local.ident.id, id);
		json_object_object_add(o, "identity",
				       json_object_new_string(id));
		json_object_object_add(o, "listen",
				       json_object_new_int(st.port));
	}
	sg_varlink_reply(p->call, o, false);
	p->call = NULL;
}

/* Remember where the peer was seen, so that we can call it as well. */
static void remember(struct sg_pair *p, const struct signet_proof *proof,
		     const union sg_addr *from)
{
	const struct sg_state_peer st = { .head = proof->head,
					  .endpoint = *from };

	sg_state_peer_store(p->node->state, &proof->att.id, &st);
	sg_node_state_dirty(p->node);
}

/* Keys stay as they are: the pairing under way was made with them. */
static int reload(struct sg_node *n, struct sg_error *err)
{
	struct sg_problems *problems = calloc(1, sizeof(*problems));
	struct sg_reload what;
	int ret;

	if (!problems)
		return sg_err(err, ENOMEM, "no memory");
	ret = sg_node_reload_config(n, NULL, &what, problems, err);
	if (ret && problems->n)
		sg_problem_format(&problems->list[0], err->text,
				  sizeof(err->text));
	else if (!ret)
		sg_reload_free(&what);
	free(problems);
	return ret;
}

int sg_pair_pin(struct sg_pair *p, const struct signet_proof *proof,
		const uint8_t *hello, size_t hello_len,
		const union sg_addr *from, struct sg_error *err)
{
	struct sg_config_peer c = { .id = proof->att.id, .has_static = true };
	struct sg_prefix prefixes[ADDRESSES_MAX];
	const struct sg_config_peer *old;
	struct sg_node *n = p->node;
	struct sg_error ignored;
	struct sg_event e = { .kind = "pair",
			      .identity = &proof->att.id,
			      .address = from };
	int ret;

	old = sg_config_peer_by_id(n->config, &c.id);
	if (old)
		return sg_err(err, EEXIST,
			      "%s is a peer already, in %s: remove it first",
			      old->name, old->file);
	if (read_hello(n, hello, hello_len, &c, prefixes))
		return sg_err(err, EBADMSG,
			      "the other side's hello is malformed");
	if (p->name[0])
		memcpy(c.name, p->name, sizeof(c.name));
	else
		free_name(n, c.name);
	memcpy(c.static_key, proof->static_key, sizeof(c.static_key));
	if (p->initiator) {
		c.endpoints = &p->endpoint;
		c.n_endpoints = 1;
		c.keepalive = KEEPALIVE;
	} else {
		remember(p, proof, from);
	}
	ret = sg_config_write_peer(n->config->peers_dir, &c, false, err);
	if (ret)
		return ret;
	ret = reload(n, err);
	if (ret) {
		/* Half a pairing is none: the next reload must not make it. */
		sg_config_remove_peer_file(n->config->peers_dir, c.name,
					   &ignored);
		return ret;
	}
	e.peer = c.name;
	sg_event(n, &e);
	answer(p, &c);
	return 0;
}
