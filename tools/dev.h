/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * signet dev: devices of the kernel module, driven directly, for tests and for
 * those who debug. Each object of a device has a file; each makes a list of
 * its objects as JSON, and prints tables from that.
 */
#ifndef SG_DEV_H
#define SG_DEV_H

#include "common/kmod.h"
#include "tool.h"

struct json_object;
struct sg_column;
struct sg_table;

/** struct sg_dev - a device, and the way to the module; @ifindex may be 0 */
struct sg_dev {
	const struct sg_tool *t;
	struct sg_kmod *km;
	uint32_t ifindex;
	char name[16];
};

/* dev.c */

/**
 * sg_dev_open() - reach the module, and find a device
 * @name: of the device, or NULL
 * @load: have the kernel load the module where it is not
 * Return: SG_EXIT_OK, to be followed by sg_dev_close(); or an exit code after
 *	saying what failed.
 */
int sg_dev_open(struct sg_tool *t, const char *name, bool load,
		struct sg_dev *dev);
void sg_dev_close(struct sg_dev *dev);

/**
 * sg_dev_fail() - say what the kernel refused, in its words where it has some
 * @r: -errno
 * @fmt: what was to be done, after "cannot"
 * Return: the exit code; SG_EXIT_OK, saying nothing, where @r is 0.
 */
int sg_dev_fail(const struct sg_dev *dev, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* dev_parse.c; all: true, or false after a usage error has been printed */

/* decimal or, with 0x, hexadecimal */
bool sg_dev_parse_number(struct sg_tool *t, const char *what, const char *s,
			 uint64_t min, uint64_t max, uint64_t *out);
bool sg_dev_parse_u32(struct sg_tool *t, const char *what, const char *s,
		      uint32_t min, uint32_t max, uint32_t *out);
/* "VALUE/MASK"; a value alone is its own mask */
bool sg_dev_parse_mark(struct sg_tool *t, const char *what, const char *s,
		       uint32_t *value, uint32_t *mask);
bool sg_dev_parse_switch(struct sg_tool *t, const char *what, const char *s,
			 bool *on);
/* "rx", "receive", "tx" or "transmit": enum signet_direction */
bool sg_dev_parse_direction(struct sg_tool *t, const char *what, const char *s,
			    int *direction);
bool sg_dev_parse_prefix(struct sg_tool *t, const char *what, const char *s,
			 struct sg_prefix *prefix);
/* one of @names, which NULL ends: its position */
bool sg_dev_parse_word(struct sg_tool *t, const char *what, const char *s,
		       const char *const *names, uint32_t *out);
/* names of enum signet_cipher (from 1 on) and of enum signet_df */
extern const char *const sg_dev_ciphers[];
extern const char *const sg_dev_df[];

/* dev_secret.c */

/**
 * sg_dev_secret_decode() - hexadecimal or base64, space around it
 * Return: 0 or -EINVAL; @text is not wiped.
 */
int sg_dev_secret_decode(const char *text, uint8_t *out, size_t len);

/**
 * sg_dev_secret_read() - a key from a file that only its owner may read
 * @option: names it in messages
 * @path: "-" for standard input
 * Return: SG_EXIT_OK, or another exit code after saying what is wrong.
 */
int sg_dev_secret_read(struct sg_tool *t, const char *option, const char *path,
		       uint8_t *out, size_t len);

/* Lists of objects, to be put; NULL after saying what failed. @id: only that
 * one; may be NULL. */
struct json_object *sg_dev_devices(struct sg_dev *dev);
struct json_object *sg_dev_peers(struct sg_dev *dev, const uint32_t *id);
struct json_object *sg_dev_channels(struct sg_dev *dev, const uint32_t *id);
struct json_object *sg_dev_labels(struct sg_dev *dev, const uint32_t *id);
struct json_object *sg_dev_keys(struct sg_dev *dev, const uint32_t *channel);
struct json_object *sg_dev_drops(struct sg_dev *dev);

void sg_dev_peers_print(struct json_object *list);
void sg_dev_channels_print(struct json_object *list);
void sg_dev_labels_print(struct json_object *list);
void sg_dev_keys_print(struct json_object *list);
void sg_dev_drops_print(struct json_object *list);

/* dev_json.c */
void sg_dev_json_counters(struct json_object *o,
			  const struct sg_kmod_counters *c);
/* text for people: "never", "45s ago" from "lastReceived"; and others */
const char *sg_dev_json_heard(struct json_object *o, char *buf);
/* SG_KMOD_NEVER becomes null */
void sg_dev_json_limit(struct json_object *o, const char *key, uint64_t n);
void sg_dev_json_address(struct json_object *o, const char *key,
			 const union sg_addr *a, bool port);

/** sg_dev_list_again() - a dump begins, maybe anew: an empty list */
void sg_dev_list_again(struct json_object **list);

/** sg_dev_print() - a table, one row for each object of a list */
void sg_dev_print(struct json_object *list, const struct sg_column *column,
		  unsigned int columns,
		  void (*add_row)(struct sg_table *tb, struct json_object *o));

/**
 * sg_dev_show() - `signet dev OBJECT show DEV [ID]`
 * @what: what ID is, for messages
 */
int sg_dev_show(struct sg_tool *t, int argc, char **argv, const char *help,
		const char *what,
		struct json_object *(*list)(struct sg_dev *, const uint32_t *),
		void (*print)(struct json_object *));

/**
 * sg_dev_each() - `signet dev OBJECT VERB DEV ID`: one call for one number
 * @verb: "delete label", for messages
 */
int sg_dev_each(struct sg_tool *t, int argc, char **argv, const char *help,
		const char *verb,
		int (*call)(struct sg_kmod *km, uint32_t ifindex, uint32_t id));

/**
 * sg_dev_listen() - hold a device's sockets until interrupted
 * @port: 0 lets the kernel choose
 * @background: return at once, leaving a process behind
 * Return: exit code.
 */
int sg_dev_listen(struct sg_dev *dev, uint16_t port, bool background);

/* the commands */
int sg_dev_add_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_del_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_set_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_show_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_listen_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_peer_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_channel_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_label_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_key_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_monitor_command(struct sg_tool *t, int argc, char **argv);
int sg_dev_reload_command(struct sg_tool *t, int argc, char **argv);

#endif
