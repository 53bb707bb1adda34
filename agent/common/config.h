/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration: signet.conf and the the files of peers.d beside it. It is read
 * and checked as a whole; either all of it is good, or every problem is listed
 * and nothing is returned.
 */
#ifndef SG_CONFIG_H
#define SG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <signet/core/identity.h>
#include <signet/core/policy.h>

#include "common/addr.h"
#include "common/gate_allow.h"

struct sg_error;

#define SG_CONFIG_PATH		"/etc/signet/signet.conf"
#define SG_CONFIG_FILE_MAX	(1024 * 1024)
#define SG_CONFIG_PEERS_MAX	65536
#define SG_CONFIG_PREFIXES_MAX	1024 /* for one peer */
#define SG_CONFIG_ADDRESSES_MAX 64
#define SG_CONFIG_ENDPOINTS_MAX 4   /* for one peer */
#define SG_CONFIG_ALLOW_MAX	256 /* items for one peer */
#define SG_CONFIG_EXPOSES_MAX	256
#define SG_CONFIG_GATES_MAX	16
#define SG_CONFIG_NAME_LEN	64 /* [A-Za-z0-9._-]{1,63} and NUL */
#define SG_CONFIG_IFNAME_LEN	16
#define SG_CONFIG_PORT		51900
#define SG_CONFIG_MARK		0x5347
#define SG_PROBLEMS_MAX		64

/** struct sg_problem - one thing that is wrong, and what would be right */
struct sg_problem {
	char file[256];	   /* as a person would name it */
	unsigned int line; /* from 1; 0 where no line is to blame */
	bool warning;	   /* the configuration can be used all the same */
	char text[512];
};

/**
 * struct sg_problems - zero-initialise; holds no memory of its own
 * @n: entries of @list
 * @errors: how many of all problems are not warnings, omitted ones included
 * @omitted: problems that did not fit
 */
struct sg_problems {
	struct sg_problem list[SG_PROBLEMS_MAX];
	size_t n, errors, omitted;
};

/** sg_problem_add() - add one; @fmt says what would be right */
void sg_problem_add(struct sg_problems *p, bool warning, const char *file,
		    unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/**
 * sg_problem_format() - "file:3: text", "file:3: warning: text"
 * Return: @buf
 */
const char *sg_problem_format(const struct sg_problem *p, char *buf,
			      size_t cap);

enum sg_config_datapath {
	SG_CONFIG_DP_AUTO,
	SG_CONFIG_DP_TUN,
	SG_CONFIG_DP_KERNEL,
};
/* in the order of enum sg_loop_backend */
enum sg_config_loop {
	SG_CONFIG_LOOP_AUTO,
	SG_CONFIG_LOOP_URING,
	SG_CONFIG_LOOP_EPOLL,
};
enum sg_config_family {
	SG_CONFIG_FAMILY_ANY,
	SG_CONFIG_FAMILY_IPV4,
	SG_CONFIG_FAMILY_IPV6,
};

struct sg_config_endpoint {
	char *host; /* name or literal address */
	uint16_t port;
};

/** struct sg_config_allow - an item of Allow, and the line it stands on */
struct sg_config_allow {
	struct signet_allow item;
	unsigned int line;
};

/** struct sg_config_peer - [Peer NAME] */
struct sg_config_peer {
	char name[SG_CONFIG_NAME_LEN];
	struct signet_id id; /* Identity = sg1... */
	bool has_static;
	uint8_t static_key[32];		      /* StaticKey = base64 */
	struct sg_config_endpoint *endpoints; /* Endpoint = a:1, [b]:2 */
	size_t n_endpoints;
	struct sg_prefix *prefixes; /* Prefixes = 10.0.0.0/8, ... */
	size_t n_prefixes;
	/* Allow = tcp/5432, icmp: what it may begin; none: everything */
	struct sg_config_allow *allow;
	size_t n_allow;
	uint32_t keepalive; /* seconds, 0: off */
	const char *file;   /* where it was read */
	unsigned int line;
};

/** struct sg_config_expose - [Expose NAME]: a device behind this node */
struct sg_config_expose {
	char name[SG_CONFIG_NAME_LEN];
	uint8_t proto;	  /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;	  /* Listen = tcp/9999, on the overlay */
	union sg_addr to; /* To = 192.168.1.50:9999 */
	const char *file;
	unsigned int line;
};

enum sg_gate_mode { SG_GATE_AUTO, SG_GATE_NATIVE, SG_GATE_GENERIC };

/** struct sg_config_gate - [Gate IFACE]: see daemon/gate.h */
struct sg_config_gate {
	char ifname[SG_CONFIG_IFNAME_LEN];
	bool strict;		/* Strict = no */
	enum sg_gate_mode mode; /* Mode = auto: the best that works */
	bool always;		/* Cookies = auto, or always: from every init */
	struct sg_gate_allow allow[SG_GATE_ALLOW_MAX]; /* Allow = tcp/22 ... */
	size_t n_allow;
	const char *file;
	unsigned int line;
};

/** struct sg_config_limits - [Limits] */
struct sg_config_limits {
	uint32_t max_peers; /* MaxPeers = 16384 */
	/* HandshakesPerSecond = 2000: inits that are worked on, in all */
	uint32_t handshakes_per_second;
	/* LoadThreshold = 100: inits a second above which a cookie is asked */
	uint32_t load_threshold;
	/* PrefixRate = 20, PrefixBurst = 40: handshakes a second from one
	 * proven /32 or /64, and how many at once */
	uint32_t prefix_rate, prefix_burst;
	uint32_t max_pending;	  /* MaxPending = 1024: half-open */
	uint32_t stranger_events; /* StrangerEvents = 10 a second */
	/* RekeyAfter = 120: seconds of use, at most what the protocol has;
	 * for tests and for those who want it shorter */
	uint32_t rekey_after;
};

struct sg_config {
	/* [Node] */
	char name[SG_CONFIG_NAME_LEN]; /* default: the host's name */
	uint16_t listen;	       /* 0: the kernel chooses */
	enum sg_config_datapath datapath;
	/* bits below the length are kept: an interface's address. The overlay
	 * address is not in the list, the daemon adds it. */
	struct sg_prefix *addresses;
	size_t n_addresses;
	bool routes;			   /* default yes */
	char ifname[SG_CONFIG_IFNAME_LEN]; /* Interface, default sg0 */
	uint32_t mtu;			   /* 0: from the route */
	uint32_t workers;		   /* 0: one for each CPU */
	bool first_contact;		   /* default no */
	bool auto_up;			   /* default yes */
	uint32_t mark;			   /* default SG_CONFIG_MARK */
	enum sg_config_family family;
	enum sg_config_loop loop;
	/* [Log] */
	int log_level; /* enum sg_log_level */
	bool log_json;

	struct sg_config_limits limits;
	struct sg_config_peer *peers;
	size_t n_peers;
	struct sg_config_expose *exposes;
	size_t n_exposes;
	struct sg_config_gate *gates;
	size_t n_gates;

	char *path;			/* of the main file */
	char *peers_dir;		/* peers.d beside it */
	struct sg_config_private *priv; /* indexes, file names */
};

/**
 * sg_config_load() - read the main file and the files of peers.d in sorted order
 * @path: main file, or NULL: SIGNET_CONFIG or SG_CONFIG_PATH
 * @out: receives the configuration; NULL on error
 * @problems: receives every problem; may hold warnings on success
 * Return: 0; -ENOENT no main file; -EINVAL something is wrong (or another
 *	-errno from reading), with at least one entry in @problems.
 */
int sg_config_load(const char *path, struct sg_config **out,
		   struct sg_problems *problems);

/**
 * sg_config_parse() - the same from memory, one file; for tests and fuzzing
 * @file: what to call it in problems
 */
int sg_config_parse(const char *file, const char *text, size_t len,
		    struct sg_config **out, struct sg_problems *problems);

void sg_config_free(struct sg_config *cfg);

/**
 * sg_config_check_self() - refuse this node's own identity as a peer
 * Return: 0 or -EINVAL with an entry in @problems.
 */
int sg_config_check_self(const struct sg_config *cfg,
			 const struct signet_id *self,
			 struct sg_problems *problems);

/* By name or identifier, in constant time; NULL if there is none. */
const struct sg_config_peer *sg_config_peer_by_name(const struct sg_config *cfg,
						    const char *name);
const struct sg_config_peer *sg_config_peer_by_id(const struct sg_config *cfg,
						  const struct signet_id *id);

/** sg_gate_mode_parse() - "auto", "native", "generic". Return: false: neither */
bool sg_gate_mode_parse(const char *text, enum sg_gate_mode *mode);

/** sg_config_gate() - of this interface, or NULL */
const struct sg_config_gate *sg_config_gate(const struct sg_config *cfg,
					    const char *ifname);

/** sg_config_peer_equal() - same settings; where they stand does not count */
bool sg_config_peer_equal(const struct sg_config_peer *a,
			  const struct sg_config_peer *b);

/**
 * sg_config_peer_verdicts() - what its Allow lines come to
 * Return: 0; -ENOSPC more port ranges than there is room for. A peer without
 *	Allow may use everything.
 */
int sg_config_peer_verdicts(const struct sg_config_peer *p,
			    struct signet_verdicts *v);

/** sg_config_name_valid() - [A-Za-z0-9._-]{1,63}, not starting with a dot */
bool sg_config_name_valid(const char *name);

/**
 * sg_config_write_peer() - write DIR/NAME.conf, atomically, mode 0644
 * @dir: peers.d; created (0755) if missing
 * @replace: overwrite an existing file; else -EEXIST
 * Return: 0 or -errno with @err filled.
 */
int sg_config_write_peer(const char *dir, const struct sg_config_peer *peer,
			 bool replace, struct sg_error *err);

/**
 * sg_config_remove_peer_file() - remove DIR/NAME.conf
 * Return: 0; -ENOENT there is none (the peer may stand in another file).
 */
int sg_config_remove_peer_file(const char *dir, const char *name,
			       struct sg_error *err);

#endif
