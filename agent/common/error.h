/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An error as people read it: what failed, on what, and what to do.
 */
#ifndef SG_COMMON_ERROR_H
#define SG_COMMON_ERROR_H

/** struct sg_error - text for people; an empty text means none was given */
struct sg_error {
	char text[512];
};

/**
 * sg_err() - write an error's text and give the number to return
 * @e: receives the text, cut at its end; may be NULL
 * @errnum: a positive errno value
 * @fmt: printf format; say what failed, on what, and what to do
 *
 * A caller writes: return sg_err(e, ENOENT, "%s: no such key", path);
 * Return: -@errnum.
 */
int sg_err(struct sg_error *e, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
