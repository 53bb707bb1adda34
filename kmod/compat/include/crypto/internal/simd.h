/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <asm/simd.h> /* was not included there, but needed */
#include_next <crypto/internal/simd.h>
