/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/slab.h>
#ifndef SIGNET_COMPAT_SLAB_H
#define SIGNET_COMPAT_SLAB_H

#ifdef SIGNET_LACKS_KZALLOC_OBJ
#define signet_compat_gfp(gfp, ...) gfp
#define signet_compat_gfp_of(...) signet_compat_gfp(__VA_ARGS__ __VA_OPT__(,) GFP_KERNEL)
#define kzalloc_obj(p, ...)                                                    \
	((typeof(p) *)kzalloc(sizeof(p), signet_compat_gfp_of(__VA_ARGS__)))
#define kmalloc_obj(p, ...)                                                    \
	((typeof(p) *)kmalloc(sizeof(p), signet_compat_gfp_of(__VA_ARGS__)))
#define kzalloc_objs(p, n, ...)                                                \
	((typeof(p) *)kcalloc((n), sizeof(p),                                  \
			      signet_compat_gfp_of(__VA_ARGS__)))
#define kmalloc_objs(p, n, ...)                                                \
	((typeof(p) *)kmalloc_array((n), sizeof(p),                            \
				    signet_compat_gfp_of(__VA_ARGS__)))
#endif

#endif
