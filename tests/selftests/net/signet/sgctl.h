/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of sgctl share: attributes by name, and one exchange. */
#ifndef SGCTL_H
#define SGCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>
#include <linux/signet.h>

enum kind {
	FLAG,
	U8,
	U16,
	U32,
	S32,
	UINT,
	BE16,
	TEXT,
	BYTES, /* hexadecimal */
	ADDRESS,
	PREFIX, /* "10.0.0.0/8", a nest of its own; remove: and move: before it */
	NEST,
	WORD, /* u32, one of @words */
};

/** struct attr - an attribute by its name; @name NULL ends a set */
struct attr {
	const char *name;
	uint16_t type;
	enum kind kind;
	const struct attr *nest;
	const char *const *words;
};

/** struct op - a command by its name, with what it takes and answers */
struct op {
	const char *name;
	uint8_t cmd;
	const struct attr *set;
};

extern const struct op ops[];
extern const struct op events[];

/** struct message - a request that is being made */
struct message {
	size_t len;
	char data[65536] __attribute__((aligned(4)));
};

/* sgctl_attr.c */

/* "name=value", "nest.name=value" or a flag's "name"; exits when it is wrong.
 * "raw:TYPE=HEX" puts any bytes, for requests that must be refused. */
void put_word(struct message *m, const struct attr *set, const char *word);
void put(struct message *m, uint16_t type, const void *data, size_t len);
/* "name=value name=value ..." */
void print_attrs(const struct attr *set, const void *data, size_t len,
		 const char *before);
/* prefix lengths, hexadecimal and the like that are not right */
void bad(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
