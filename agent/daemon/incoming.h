/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames that are not packets, from the data path to whom they concern. */
#ifndef SG_INCOMING_H
#define SG_INCOMING_H

#include "daemon/node.h"

/**
 * struct sg_half_open - a first contact (XX) that waits for its third frame
 *
 * Only for sources that proved their address with a cookie; bounded in number
 * by MaxPending and in time. When there is no room for another, the site with
 * most of them loses its oldest.
 */
struct sg_half_open {
	struct sg_label_owner owner;
	struct sg_half_open *next;
	struct signet_handshake hs;
	uint64_t until;
	uint64_t site; /* see struct sg_source */
};

/**
 * sg_incoming_proved() - was the identity of a handshake that was read with
 * this result proved, and not only claimed?
 */
bool sg_incoming_proved(const struct signet_handshake *hs, int drop);

/**
 * sg_incoming_init() - work on an init whose turn has come
 * Return: 0 or the reason why it was dropped
 */
int sg_incoming_init(struct sg_node *n, const struct sg_waiting *w);

/* first_contact.c */
int sg_first_contact_init(struct sg_node *n, const uint8_t *frame, size_t len,
			  const union sg_addr *from, const union sg_addr *to);
int sg_first_contact_finish(struct sg_node *n, struct sg_half_open *h,
			    const uint8_t *frame, size_t len,
			    const union sg_addr *from, const union sg_addr *to);
void sg_first_contact_destroy(struct sg_node *n);

/** sg_drop() - count a dropped frame. Return: @drop */
static inline int sg_drop(struct sg_node *n, int drop)
{
	n->drops[drop]++;
	return drop;
}

#endif
