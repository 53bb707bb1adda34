// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "daemon/control.h"
#include "daemon/gate.h"
#include "daemon/limits.h"
#include "daemon/peer.h"

static void feature(struct json_object *list, const char *name, bool on,
		    const char *detail)
{
	struct json_object *o = json_object_new_object();

	sg_json_string(o, "name", name);
	sg_json_string(o, "state", on ? "in use" : "not available");
	sg_json_string(o, "detail", detail);
	json_object_array_add(list, o);
}

static struct json_object *features(const struct sg_dp_status *st)
{
	struct json_object *list = json_object_new_array();

	if (st->detail[0]) {
		feature(list, "module", true, st->detail);
		feature(list, "aes-256-gcm",
			signet_aead_supported() & st->aeads &
				SIGNET_AEAD_AES256GCM,
			"in hardware; else ChaCha20-Poly1305 is used");
		return list;
	}
	feature(list, "vnet-hdr", st->vnet_hdr,
		"checksums and super-packets with the tunnel device");
	feature(list, "multi-queue", st->multi_queue,
		"a queue of the tunnel device for each worker");
	feature(list, "tso4", st->tso4, "TCP super-packets over IPv4");
	feature(list, "tso6", st->tso6, "TCP super-packets over IPv6");
	feature(list, "uso", st->uso, "UDP super-packets");
	feature(list, "udp-gso", st->udp_gso, "many frames in one send");
	feature(list, "udp-gro", st->udp_gro, "many frames in one receive");
	feature(list, "aes-256-gcm",
		signet_aead_supported() & SIGNET_AEAD_AES256GCM,
		"in hardware; else ChaCha20-Poly1305 is used");
	return list;
}

static void limit(struct json_object *list, struct json_object *warnings,
		  const struct sg_limit *l)
{
	struct json_object *o = json_object_new_object();
	char text[160];

	sg_json_string(o, "id", l->id);
	sg_json_string(o, "name", l->name);
	sg_json_int(o, "used", (int64_t)l->used);
	sg_json_int(o, "max", (int64_t)l->max);
	json_object_array_add(list, o);
	if (!sg_limit_warns(l))
		return;
	snprintf(text, sizeof(text), "%s: %llu of %llu used", l->name,
		 (unsigned long long)l->used, (unsigned long long)l->max);
	json_object_array_add(warnings, json_object_new_string(text));
}

static uint32_t count_channels(const struct sg_node *n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->max_peers; i++)
		if (n->peers[i] &&
		    signet_session_current(&n->peers[i]->session))
			count++;
	return count;
}

static void limits(struct sg_node *n, struct json_object *list,
		   struct json_object *warnings)
{
	struct sg_limit l[SG_LIMITS_COUNT];

	if (sg_admission_turn(n))
		sg_gates_sync(n);
	sg_limits_read(n, l);
	for (size_t i = 0; i < SG_LIMITS_COUNT; i++)
		limit(list, warnings, &l[i]);
	if (sg_admission_loaded(n))
		json_object_array_add(
			warnings,
			json_object_new_string("under load: handshakes are "
					       "asked for a cookie"));
}

static void gates(struct sg_node *n, struct json_object *o,
		  struct json_object *warnings)
{
	struct sg_gate_info g;
	char text[600];

	json_object_object_add(o, "gates", sg_control_gates(n));
	for (size_t i = 0; i < sg_gates_count(n); i++) {
		sg_gates_get(n, i, &g);
		if (g.attached)
			continue;
		snprintf(text, sizeof(text), "gate %s is not attached: %s",
			 g.want->ifname, g.error);
		json_object_array_add(warnings, json_object_new_string(text));
	}
}

static void identity(struct sg_node *n, struct json_object *o)
{
	char text[INET6_ADDRSTRLEN], id[SIGNET_ID_STR_LEN];
	char b64[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];

	signet_id_format(&n->local.ident.id, id);
	sg_json_string(o, "identity", id);
	sg_json_int(o, "historyLength", n->local.ident.head.length);
	sodium_bin2base64(b64, sizeof(b64), n->local.static_pk, 32,
			  sodium_base64_VARIANT_ORIGINAL);
	sg_json_string(o, "staticKey", b64);
	inet_ntop(AF_INET6, n->overlay, text, sizeof(text));
	sg_json_string(o, "overlay", text);
}

static struct json_object *addresses(struct sg_node *n)
{
	struct json_object *list = json_object_new_array();
	struct sg_prefix p[SG_CONFIG_ADDRESSES_MAX + 1];
	char text[SG_PREFIX_STR_LEN];
	size_t count = sg_node_addresses(n, p, SG_CONFIG_ADDRESSES_MAX + 1);

	for (size_t i = 0; i < count; i++)
		json_object_array_add(
			list,
			json_object_new_string(sg_prefix_format(&p[i], text)));
	return list;
}

struct json_object *sg_control_status(struct sg_node *n)
{
	struct json_object *warnings = json_object_new_array();
	struct json_object *lim = json_object_new_array();
	struct json_object *o = json_object_new_object();
	struct sg_dp_status st = { .name = "tun", .io = "none" };

	if (n->dp)
		n->dp_ops->status(n->dp, &st);
	sg_json_string(o, "version", SIGNET_VERSION);
	sg_json_int(o, "wire", SIGNET_WIRE_VERSION);
	sg_json_string(o, "name", n->config->name);
	identity(n, o);
	sg_json_bool(o, "up", n->up);
	sg_json_int(o, "uptime", (sg_now() - n->started) / 1000000);
	sg_json_int(o, "pid", getpid());
	sg_json_int(o, "listen", n->dp ? st.port : n->config->listen);
	sg_json_string(o, "interface", n->dp ? st.ifname : n->config->ifname);
	json_object_object_add(o, "addresses", addresses(n));
	sg_json_int(o, "mtu", n->mtu);
	sg_json_string(o, "loop", sg_loop_backend(n->loop));
	sg_json_int(o, "wakeups", sg_loop_wakeups(n->loop));
	sg_json_string(o, "datapath", st.name);
	sg_json_string(o, "datapathIo", st.io);
	if (n->dp_why[0])
		sg_json_string(o, "datapathWhy", n->dp_why);
	if (n->dp && n->dp_ops->leave)
		sg_json_bool(o, "socketsKept", st.kept);
	sg_json_int(o, "workers", st.workers);
	json_object_object_add(o, "features", features(&st));
	gates(n, o, warnings);
	limits(n, lim, warnings);
	json_object_object_add(o, "limits", lim);
	sg_json_int(o, "peers", n->n_peers);
	sg_json_int(o, "channels", count_channels(n));
	json_object_object_add(o, "warnings", warnings);
	return o;
}

static const char *last_error(const struct sg_peer *p)
{
	if (p->resolve_error == -ENOENT)
		return "endpoint: no such name";
	if (p->resolve_error == -EAGAIN)
		return "endpoint: the name server does not answer";
	if (p->resolve_error)
		return "endpoint: no usable address";
	if (p->session.last_drop)
		return sg_drop_help(p->session.last_drop);
	if (p->session.out && p->session.out_attempt > 1)
		return "no answer to handshakes";
	return NULL;
}

static int64_t ago(uint64_t then)
{
	return (sg_now() - then) / 1000000;
}

static void channel(struct json_object *o, const struct sg_peer *p,
		    const struct signet_channel *c)
{
	char text[SG_ADDR_STR_LEN];
	union sg_addr a;

	sg_endpoint_remote(&c->path, &a);
	sg_json_string(o, "endpoint", sg_addr_format(&a, text));
	sg_endpoint_local(&c->path, &a);
	if (a.sa.sa_family)
		sg_json_string(o, "local", sg_addr_format(&a, text));
	sg_json_string(o, "aead",
		       c->aead == SIGNET_AEAD_AES256GCM ? "aes-256-gcm"
							: "chacha20-poly1305");
	for (int i = 0; i < SIGNET_CHANNEL_SLOTS; i++)
		if (c->slot[i] && c->slot[i]->selected)
			sg_json_int(o, "keyAge", ago(c->slot[i]->created));
}

static struct json_object *prefixes(const struct sg_peer *p)
{
	struct json_object *list = json_object_new_array();
	char text[SG_PREFIX_STR_LEN];

	for (size_t i = 0; i < p->config->n_prefixes; i++)
		json_object_array_add(list,
				      json_object_new_string(sg_prefix_format(
					      &p->config->prefixes[i], text)));
	return list;
}

struct json_object *sg_control_peer(struct sg_peer *p)
{
	const struct signet_channel *c = signet_session_current(&p->session);
	char text[SG_ADDR_STR_LEN], id[SIGNET_ID_STR_LEN];
	struct json_object *o = json_object_new_object();
	struct sg_dp_channel_stats st;
	uint8_t overlay[16];

	sg_json_string(o, "name", p->config->name);
	signet_id_format(&p->session.remote, id);
	sg_json_string(o, "identity", id);
	signet_id_overlay(&p->session.remote, overlay);
	inet_ntop(AF_INET6, overlay, text, sizeof(text));
	sg_json_string(o, "overlay", text);
	sg_json_string(o, "state", sg_peer_state(p));
	if (c)
		channel(o, p, c);
	else if (p->last_good.sa.sa_family)
		sg_json_string(o, "endpoint",
			       sg_addr_format(&p->last_good, text));
	sg_peer_stats(p, &st);
	if (p->last_handshake)
		sg_json_int(o, "lastHandshake", ago(p->last_handshake));
	if (st.rx_last_ns)
		sg_json_int(o, "lastReceived", ago(st.rx_last_ns));
	sg_json_int(o, "rxPackets", st.rx_packets);
	sg_json_int(o, "rxBytes", st.rx_bytes);
	sg_json_int(o, "txPackets", st.tx_packets);
	sg_json_int(o, "txBytes", st.tx_bytes);
	sg_json_int(o, "rekeys", p->session.counters.rekeys);
	if (p->session.rtt)
		sg_json_int(o, "rtt", p->session.rtt / 1000);
	json_object_object_add(o, "prefixes", prefixes(p));
	sg_json_int(o, "keepalive", p->config->keepalive * 1000);
	sg_json_string(o, "lastError", last_error(p));
	return o;
}

void sg_control_sum_drops(struct sg_node *n, uint64_t d[SIGNET_DROP_COUNT])
{
	memcpy(d, n->drops, sizeof(n->drops));
	if (n->dp)
		n->dp_ops->drops(n->dp, d);
	sg_gates_drops(n, d);
}

struct json_object *sg_control_drops(struct sg_node *n)
{
	struct json_object *list = json_object_new_array();
	uint64_t d[SIGNET_DROP_COUNT];

	sg_control_sum_drops(n, d);
	for (int i = 1; i < SIGNET_DROP_COUNT; i++) {
		struct json_object *o = json_object_new_object();

		sg_json_string(o, "reason", sg_drop_name(i));
		sg_json_int(o, "count", d[i]);
		sg_json_string(o, "help", sg_drop_help(i));
		json_object_array_add(list, o);
	}
	return list;
}
