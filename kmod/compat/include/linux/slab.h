/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include_next <linux/slab.h>
#ifndef SIGNET_COMPAT_SLAB_H
#define SIGNET_COMPAT_SLAB_H

#ifdef SIGNET_LACKS_KZALLOC_OBJ
/* the type of the object, and GFP_KERNEL unless flags are given */
#define signet_compat_gfp(none, gfp, ...) gfp
#define kmalloc_obj(p, gfp...)                                                 \
	((typeof(p) *)kmalloc(sizeof(p), signet_compat_gfp(, ##gfp, GFP_KERNEL)))
#define kzalloc_obj(p, gfp...)                                                 \
	((typeof(p) *)kzalloc(sizeof(p), signet_compat_gfp(, ##gfp, GFP_KERNEL)))
#define kmalloc_objs(p, n, gfp...)                                             \
	((typeof(p) *)kmalloc_array(n, sizeof(p),                              \
				    signet_compat_gfp(, ##gfp, GFP_KERNEL)))
#define kzalloc_objs(p, n, gfp...)                                             \
	((typeof(p) *)kcalloc(n, sizeof(p),                                    \
			      signet_compat_gfp(, ##gfp, GFP_KERNEL)))
#endif

#endif
