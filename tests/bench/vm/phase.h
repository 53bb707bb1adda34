/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a guest tells the counting plugin where it is. */
#ifndef BENCH_VM_PHASE_H
#define BENCH_VM_PHASE_H

#define PHASE_BASE 0x123400000000u
#define PHASE_STEP 4096
#define PHASES	   16

#endif
