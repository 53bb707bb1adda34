/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A session: all that one node shares with one other identity. It runs the
 * handshakes that we start, answers those that the other starts, rekeys,
 * proves new addresses, finds out that the other is gone, and carries the
 * records of message frames. It does no I/O and asks nobody for the time: what
 * it needs done, it asks of its environment (struct signet_session_env).
 * See Documentation/protocol.rst, "Channels".
 *
 * A session has up to SIGNET_SESSION_CHANNELS channels: the current one, the
 * one before it, which still receives for a while, and those that the other
 * side began and has not confirmed yet.
 */
#ifndef SIGNET_CORE_SESSION_H
#define SIGNET_CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/frame.h>
#include <signet/core/handshake.h>
#include <signet/core/record.h>

#define SIGNET_SESSION_CHANNELS 4
#define SIGNET_CHANNEL_SLOTS	3
#define SIGNET_SECOND		1000000000ULL
#define SIGNET_ADDRESS_LEN	28

/**
 * struct signet_endpoint - both ends of an outer path, opaque to the core
 *
 * Two addresses are the same when their bytes are: the environment keeps them
 * in one canonical form.
 */
struct signet_endpoint {
	uint8_t remote[SIGNET_ADDRESS_LEN];
	uint8_t local[SIGNET_ADDRESS_LEN];
};

/** struct signet_timing - all in nanoseconds */
struct signet_timing {
	uint64_t rekey;	     /* age of use after which a key is renewed */
	uint64_t seal_limit; /* nothing is sealed under an older key */
	uint64_t open_limit; /* nothing is opened under an older key */
	uint64_t drain;	     /* a replaced key or channel still receives */
	uint64_t keepalive;  /* 0: none */
	uint64_t silence;    /* sent but nothing received: start probing */
	uint64_t probe;	     /* between probes */
};

/** SIGNET_TIMING - as the protocol has it */
#define SIGNET_TIMING                              \
	((struct signet_timing){                   \
		.rekey = 120 * SIGNET_SECOND,      \
		.seal_limit = 180 * SIGNET_SECOND, \
		.open_limit = 210 * SIGNET_SECOND, \
		.drain = 30 * SIGNET_SECOND,       \
		.silence = 5 * SIGNET_SECOND,      \
		.probe = 1 * SIGNET_SECOND,        \
	})

/* Unanswered probes after which the other side is dead. */
#define SIGNET_PROBES 3

enum signet_channel_state {
	SIGNET_CHANNEL_PENDING,	 /* responder, not confirmed by a frame */
	SIGNET_CHANNEL_UP,	 /* the current one */
	SIGNET_CHANNEL_DRAINING, /* receives until it closes */
};

enum signet_close {
	SIGNET_CLOSE_SHUTDOWN = 1, /* the node goes down */
	SIGNET_CLOSE_REMOVED = 2,  /* no longer an accepted peer */
	SIGNET_CLOSE_REPLACED = 3, /* a newer channel took over */
	SIGNET_CLOSE_PAIRED = 4,   /* pairing is complete */
	SIGNET_CLOSE_REFUSED = 5,  /* identity refused after the handshake */
	/* below: never on the wire */
	SIGNET_CLOSE_DEAD = 128, /* probes went unanswered */
	SIGNET_CLOSE_EXPIRED,	 /* keys too old, not renewed */
	SIGNET_CLOSE_PEER,	 /* the other side closed it */
	SIGNET_CLOSE_ERROR,	 /* no memory, data path refused */
};

/**
 * struct signet_slot - the message keys of one key id; holds secrets
 *
 * The packet keys are handed to the data path and not kept here.
 */
struct signet_slot {
	uint8_t key_id;
	uint32_t generation; /* one more than that of the key it renews */
	bool selected;	     /* we seal under it */
	bool confirmed;	     /* a frame under it has opened */
	uint64_t created;
	uint64_t rekey_at; /* when a used key is renewed */
	uint64_t drain_at; /* UINT64_MAX while it is not replaced */
	uint64_t tx_counter;
	uint8_t tx[SIGNET_AEAD_KEY_LEN];
	uint8_t rx[SIGNET_AEAD_KEY_LEN];
	uint8_t rekey[32];
	struct signet_replay replay;
};

/** struct signet_channel - one channel; holds secrets */
struct signet_channel {
	enum signet_channel_state state;
	bool initiator; /* we began it */
	bool verified;	/* may carry data */
	enum signet_aead aead;
	uint8_t tx_lanes;
	uint32_t rx_label, tx_label;
	uint8_t rx_hop[SIGNET_HOP_KEY_LEN], tx_hop[SIGNET_HOP_KEY_LEN];
	uint8_t id[32];
	uint8_t remote_static[32]; /* that it was made with */
	struct signet_head head;   /* the peer's, as of then */
	uint64_t number;	   /* the initiator's, when not us */
	uint64_t begun, established;
	uint64_t confirmed;	   /* by a frame; UINT64_MAX: not yet */
	uint64_t close_at;	   /* UINT64_MAX: not by time */
	uint64_t deadline;	   /* end of the attestation, boottime */
	uint64_t renew_at;	   /* new handshake before the deadline */
	uint64_t rx_last, tx_last; /* message frames */
	struct signet_endpoint path;
	struct signet_slot *slot[SIGNET_CHANNEL_SLOTS];
	struct signet_held *held; /* while not verified */
	bool owes_history;	  /* ours did not fit the handshake */
	uint32_t max_message;
	uint32_t env; /* the environment's own number */
};

/** enum signet_session_event - what a session reports */
enum signet_session_event {
	SIGNET_EVENT_UP,      /* a channel became the current one */
	SIGNET_EVENT_DOWN,    /* there is none any more; detail: signet_close */
	SIGNET_EVENT_REKEYED, /* a newer key is used for sending */
	SIGNET_EVENT_ROAMED,  /* the path moved to a proved address */
	SIGNET_EVENT_PONG,    /* detail: round trip in nanoseconds */
	SIGNET_EVENT_STATIC,  /* the peer's static key was learned */
};

struct signet_session;

/**
 * struct signet_session_env - what a session needs done
 *
 * All calls happen from within a call of a signet_session_*() function. None
 * may call back into the same session.
 */
struct signet_session_env {
	/* zeroed memory; bounded by the caller. The core wipes before free. */
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p, size_t size);
	void (*random)(void *ctx, void *buf, size_t len);
	/* a random label that is not zero, not in use and was not for 240 s;
	 * frames that carry it are to be brought to this session. 0: none */
	uint32_t (*label_new)(void *ctx, struct signet_session *s);
	void (*label_free)(void *ctx, uint32_t label);
	/* our growing number; negative: it can't be persisted */
	int (*number)(void *ctx, uint64_t *number);
	/* @s->newest and @s->head have changed and are to be remembered */
	void (*remember)(void *ctx, struct signet_session *s);
	/* where to send the next init (attempt counts from 0); false: unknown */
	bool (*endpoint)(void *ctx, struct signet_session *s,
			 unsigned int attempt, struct signet_endpoint *ep);
	void (*send)(void *ctx, struct signet_session *s,
		     const struct signet_endpoint *to, const uint8_t *frame,
		     size_t len);

	/* the data path; see agent/daemon/datapath.h. channel_open sets
	 * c->env. Negative: refused, and the channel is given up. */
	int (*channel_open)(void *ctx, struct signet_session *s,
			    struct signet_channel *c);
	void (*channel_close)(void *ctx, struct signet_session *s,
			      struct signet_channel *c);
	int (*channel_select)(void *ctx, struct signet_session *s,
			      struct signet_channel *c);
	void (*channel_path)(void *ctx, struct signet_session *s,
			     struct signet_channel *c);
	int (*key_add)(void *ctx, struct signet_session *s,
		       struct signet_channel *c, uint8_t key_id, bool tx,
		       const uint8_t key[SIGNET_AEAD_KEY_LEN],
		       uint64_t hard_ns);
	int (*key_select)(void *ctx, struct signet_session *s,
			  struct signet_channel *c, uint8_t key_id);
	void (*key_del)(void *ctx, struct signet_session *s,
			struct signet_channel *c, uint8_t key_id);
	/* when packets last came and went */
	void (*activity)(void *ctx, struct signet_session *s,
			 struct signet_channel *c, uint64_t *rx_last,
			 uint64_t *tx_last);
	/* call signet_session_active() when the next packet comes or goes */
	void (*watch)(void *ctx, struct signet_session *s,
		      struct signet_channel *c);
	void (*keepalive)(void *ctx, struct signet_session *s,
			  struct signet_channel *c);

	void (*event)(void *ctx, struct signet_session *s,
		      enum signet_session_event what, uint64_t detail);
	/* a pong to a ping of the caller's, or a reliable message's record.
	 * Negative: the peer breaks the protocol, the channel is closed. */
	int (*record)(void *ctx, struct signet_session *s,
		      struct signet_channel *c, const struct signet_record *r);
	/* our history did not fit the handshake: send it as a reliable message
	 * of service 0 on this channel */
	void (*send_history)(void *ctx, struct signet_session *s,
			     struct signet_channel *c);
	/* the channel is closing: what was kept for it goes */
	void (*channel_gone)(void *ctx, struct signet_session *s,
			     struct signet_channel *c);
};

/** struct signet_session_counters - for status and tests */
struct signet_session_counters {
	uint64_t handshakes, rekeys, roams, inits_sent;
};

/**
 * struct signet_session - see above; the fields are the core's, to read only
 */
struct signet_session {
	const struct signet_session_env *env;
	void *ctx;
	const struct signet_local *local;
	struct signet_timing timing;
	struct signet_id remote;
	bool has_static;
	bool pinned_static;
	bool lower;  /* our identity is the lower one */
	bool wanted; /* keep a channel, whatever happens */
	uint8_t remote_static[32];
	struct signet_channel *ch[SIGNET_SESSION_CHANNELS];
	uint64_t newest;	 /* the peer's newest number */
	struct signet_head head; /* the newest seen; length 0: none */
	uint64_t stale_at;	 /* last answer to a stale number */
	int last_drop;		 /* why its last handshake was refused */

	/* the handshake that we began; @out_at alone: one that is due */
	struct signet_handshake *out;
	struct signet_endpoint out_path;
	unsigned int out_attempt;
	uint64_t out_begun, out_at, out_until;
	bool has_cookie;
	bool cookie_taken; /* one for each outstanding init */
	uint8_t cookie[SIGNET_COOKIE_LEN];
	uint64_t cookie_until;

	/* the rekey that we began, and the answer to the other's */
	struct signet_rekey *rekey;
	struct signet_rekey_answer *answer;

	/* probing of the peer, and of a new address */
	unsigned int probes;
	uint64_t probe_at;
	uint64_t watch_at; /* UINT64_MAX: the data path watches */
	uint64_t keepalive_at;
	uint64_t ping_sent;
	uint8_t ping_id[8];
	uint64_t rtt;
	uint8_t challenge[8];
	struct signet_endpoint challenge_path;
	uint64_t challenge_at;
	uint64_t challenge_next;

	struct signet_session_counters counters;
};

/**
 * signet_session_init() - a session without channels
 * @s: session
 * @local: what we prove; lives longer than the session
 * @env: environment; likewise
 * @ctx: its argument
 * @remote: the other identity
 * @remote_static: its pinned static key, or NULL where it is not known
 * @timing: limits; copied
 */
void signet_session_init(struct signet_session *s,
			 const struct signet_local *local,
			 const struct signet_session_env *env, void *ctx,
			 const struct signet_id *remote,
			 const uint8_t *remote_static,
			 const struct signet_timing *timing);

/** signet_session_destroy() - close all without a word, wipe, free */
void signet_session_destroy(struct signet_session *s);

/**
 * signet_session_connect() - begin a handshake unless one is under way
 * @keep: keep trying for ever, and again whenever the channel is lost
 */
void signet_session_connect(struct signet_session *s, bool keep, uint64_t now);

/**
 * signet_session_renew() - what we prove has changed: a new channel follows the
 * current one, if there is one, and a handshake under way begins anew
 * @at: when; the channel carries data until the new one is up
 */
void signet_session_renew(struct signet_session *s, uint64_t at);

/**
 * signet_session_close() - tell the peer, close all channels
 * @why: SIGNET_CLOSE_SHUTDOWN, _REMOVED
 */
void signet_session_close(struct signet_session *s, enum signet_close why,
			  uint64_t now);

/** signet_session_current() - the channel that is up, or NULL */
struct signet_channel *signet_session_current(const struct signet_session *s);

/**
 * signet_session_frame() - a response, cookie or message frame with a label of
 * this session
 * @s: session
 * @frame: the frame; a message frame is decrypted in place
 * @len: its length
 * @from: where it came from (@remote) and to (@local)
 * @now: CLOCK_BOOTTIME in nanoseconds
 * @wall: seconds since 1970, as far as known
 * Return: 0, or the reason for which it was dropped.
 */
int signet_session_frame(struct signet_session *s, uint8_t *frame, size_t len,
			 const struct signet_endpoint *from, uint64_t now,
			 int64_t wall);

/**
 * signet_session_accept() - answer an IK init of this peer
 * @hs: from signet_handshake_read_init(); wiped
 * Return: 0 or the reason to drop it.
 */
int signet_session_accept(struct signet_session *s, struct signet_handshake *hs,
			  const struct signet_endpoint *from, uint64_t now,
			  int64_t wall);

/**
 * signet_session_accept_finished() - take over an XX handshake in which this
 * peer has finished; its label becomes the session's
 */
int signet_session_accept_finished(struct signet_session *s,
				   struct signet_handshake *hs,
				   const struct signet_endpoint *from,
				   uint64_t now, int64_t wall);

/**
 * signet_session_history() - the peer's history has come inside a channel
 * Return: 0; SIGNET_DROP_IDENTITY, _EXPIRED or _STATE, and the channel is
 *	closed.
 */
int signet_session_history(struct signet_session *s, struct signet_channel *c,
			   const uint8_t *history, size_t len, uint64_t now,
			   int64_t wall);

/* From the data path: see struct sg_dp_events. */
void signet_session_confirmed(struct signet_session *s,
			      struct signet_channel *c, uint8_t key_id,
			      uint64_t now);
void signet_session_seen(struct signet_session *s, struct signet_channel *c,
			 const struct signet_endpoint *from, uint64_t now);
void signet_session_active(struct signet_session *s, struct signet_channel *c,
			   uint64_t now);
void signet_session_want_rekey(struct signet_session *s,
			       struct signet_channel *c, uint64_t now);

/** signet_session_deadline() - when signet_session_tick() is to be called */
uint64_t signet_session_deadline(const struct signet_session *s);
void signet_session_tick(struct signet_session *s, uint64_t now);

/**
 * signet_session_send() - send records in a message frame on one channel
 * @records: plaintext, padded by signet_record_finish()
 * Return: 0; -ENOTCONN no key to seal under; -EMSGSIZE.
 */
int signet_session_send(struct signet_session *s, struct signet_channel *c,
			const uint8_t *records, size_t len, uint64_t now);

/** signet_session_ping() - send a ping with an id of the caller's */
int signet_session_ping(struct signet_session *s, const uint8_t id[8],
			size_t padding, uint64_t now);

#endif
