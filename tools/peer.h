/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Peers in the configuration: found, changed, written, removed. */
#ifndef SG_PEER_H
#define SG_PEER_H

#include "common/config.h"
#include "tool.h"

/* For a peer that the caller zero-initialised; 0, -ENOMEM or -E2BIG. */
int sg_peer_add_endpoint(struct sg_config_peer *p, const char *host,
			 uint16_t port);
int sg_peer_add_prefix(struct sg_config_peer *p,
		       const struct sg_prefix *prefix);
int sg_peer_add_allow(struct sg_config_peer *p,
		      const struct signet_allow *item);
void sg_peer_clear_endpoints(struct sg_config_peer *p);
void sg_peer_clear_prefixes(struct sg_config_peer *p);
void sg_peer_clear_allow(struct sg_config_peer *p);
/* all of them */
void sg_peer_clear(struct sg_config_peer *p);

/**
 * sg_peer_find() - by name, identifier, or an identifier's first 12 characters
 * @cfg: receives the whole configuration, to be freed, also on failure
 * @peer: receives the peer, which lives in @cfg
 * Return: SG_EXIT_OK, or another exit code after saying what failed.
 */
int sg_peer_find(const struct sg_tool *t, const char *word,
		 struct sg_config **cfg, const struct sg_config_peer **peer);

/**
 * sg_peer_write() - write peers.d/NAME.conf, if all of the configuration is
 * good with it, and let a running agent use it
 * @replace: the peer is there already; else that is refused
 * Return: SG_EXIT_OK, or another exit code after saying what failed.
 */
int sg_peer_write(struct sg_tool *t, const struct sg_config_peer *peer,
		  bool replace);

/** sg_peer_remove() - the same for removal */
int sg_peer_remove(struct sg_tool *t, const struct sg_config_peer *peer);

#endif
