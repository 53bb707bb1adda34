// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The node's keys: what it proves with them, and how rotated ones are taken
 * over while channels live.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/incoming.h"
#include "daemon/node_keys.h"
#include "daemon/pair.h"
#include "daemon/peer.h"

/* Between the new handshakes of two peers, so that they do not come at once. */
#define RENEW_PAUSE (SIGNET_SECOND / 500)

/* Our attestation lives for days by the wall clock, and is renewed daily. */
void sg_node_attest(void *ctx)
{
	struct sg_node *n = ctx;
	struct signet_attestation att = { .id = n->keys->ident.id,
					  .head = n->keys->ident.head };

	att.issued = sg_node_wall();
	att.expires = att.issued + SG_ATTESTATION_LIFE;
	memcpy(att.static_key, n->keys->static_pk, sizeof(att.static_key));
	if (signet_attestation_sign(
		    &att, n->keys->sign_sk, n->local.attestation,
		    sizeof(n->local.attestation), &n->local.attestation_len))
		sg_log(SG_LOG_ERR, "cannot sign our attestation");
	n->attest_timer.fn = sg_node_attest;
	n->attest_timer.ctx = n;
	sg_timer_set(n->loop, &n->attest_timer,
		     sg_now() + SG_ATTESTATION_RENEW);
}

static void use_keys(struct sg_node *n)
{
	struct signet_local *l = &n->local;

	memcpy(l->static_sk, n->keys->static_sk, 32);
	memcpy(l->static_pk, n->keys->static_pk, 32);
	l->ident = n->keys->ident;
	l->history = n->keys->history;
	l->history_len = n->keys->history_len;
	sg_node_attest(n);
}

void sg_node_local(struct sg_node *n)
{
	struct signet_local *l = &n->local;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t lanes = n->config->workers ? n->config->workers
			 : cpus > 0	    ? cpus
					    : 1;

	l->aeads = signet_aead_supported();
	l->lanes = lanes < SIGNET_LANES ? lanes : SIGNET_LANES;
	l->max_message = 256 * 1024;
	use_keys(n);
	signet_id_overlay(&l->ident.id, n->overlay);
}

/* Only what is still ours: the same changes, and perhaps more after them. */
static int check_keys(const struct sg_keys *old, const struct sg_keys *now,
		      const char *dir, struct sg_error *err)
{
	if (signet_id_cmp(&old->ident.id, &now->ident.id))
		return sg_err(err, EKEYREJECTED,
			      "%s holds another identity than this agent runs "
			      "with: stop the agent first, where that is meant",
			      dir);
	if (now->history_len < old->history_len ||
	    memcmp(old->history, now->history, old->history_len))
		return sg_err(err, EKEYREJECTED,
			      "%s holds an older history than this agent runs "
			      "with: restore the newer one",
			      dir);
	return 0;
}

int sg_node_keys_load(const struct sg_node *n, struct sg_keys **out,
		      struct sg_error *err)
{
	struct sg_keys *keys = sg_keys_alloc();
	int ret;

	*out = NULL;
	if (!keys)
		return sg_err(err, ENOMEM, "no memory for keys");
	ret = sg_keys_load(n->paths.state, keys, err);
	if (!ret)
		ret = check_keys(n->keys, keys, n->paths.state, err);
	if (ret)
		sg_keys_free(keys);
	else
		*out = keys;
	return ret;
}

/* Handshakes under the old static key lead nowhere any more. */
static void drop_static(struct sg_node *n)
{
	uint64_t now = sg_now();

	sg_pair_stop(n, "pair again", "this node's static key was changed");
	sg_first_contact_destroy(n);
	for (uint32_t i = 0; i < n->max_peers; i++) {
		struct sg_peer *p = n->peers[i];
		bool wanted = p && (p->session.wanted || p->session.out ||
				    signet_session_current(&p->session));

		if (!wanted)
			continue;
		signet_session_close(&p->session, SIGNET_CLOSE_SHUTDOWN, now);
		sg_peer_connect(p);
		sg_peer_rearm(p);
	}
}

/* Whoever has not seen the new head would take the old key for ours. */
static void renew(struct sg_node *n)
{
	uint64_t at = sg_now();

	for (uint32_t i = 0; i < n->max_peers; i++) {
		if (!n->peers[i])
			continue;
		signet_session_renew(&n->peers[i]->session, at);
		sg_peer_rearm(n->peers[i]);
		at += RENEW_PAUSE;
	}
}

void sg_node_keys_take(struct sg_node *n, struct sg_keys *keys)
{
	struct sg_keys *old = n->keys;
	bool same_static = !sodium_memcmp(old->static_pk, keys->static_pk, 32);

	if (same_static && old->history_len == keys->history_len) {
		sg_keys_free(keys);
		return;
	}
	n->keys = keys;
	use_keys(n);
	sg_keys_free(old);
	sg_log(SG_LOG_INFO, "rotated keys are in use: history of %u%s",
	       (unsigned int)keys->ident.head.length,
	       same_static ? "" : ", a new static key");
	if (!n->up)
		return;
	if (same_static)
		renew(n);
	else
		drop_static(n);
}
