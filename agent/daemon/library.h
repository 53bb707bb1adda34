/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Libraries that are loaded when they are needed: whoever needs none of them has
 * none in memory, and they need not be installed.
 */
#ifndef SG_LIBRARY_H
#define SG_LIBRARY_H

#include <stdarg.h>
#include <stddef.h>

struct sg_error;

/**
 * struct sg_symbol - a function of a library
 * @at: pointer to it, which is filled
 */
struct sg_symbol {
	const char *name;
	void *at;
};

/**
 * sg_library_open() - load a library and find its functions
 * @file: "libbpf.so.1"
 * @package: what is to be installed where it is missing
 * Return: a handle for dlclose(), or NULL; @err says why
 */
void *sg_library_open(const char *file, const char *package,
		      const struct sg_symbol *symbols, size_t n,
		      struct sg_error *err);

/** sg_library_print() - what libbpf and libxdp say goes to our log, at its level
 * for debugging; @level as theirs, of which the last is too much
 */
int sg_library_print(int level, const char *fmt, va_list args);

#endif
