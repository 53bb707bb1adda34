// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * phase N: tell the counting plugin (count.c) that phase N begins; 0 ends
 * counting. Executes one instruction at an address that nothing else has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "phase.h"

int main(int argc, char **argv)
{
	unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : PHASES;
	void *at = (void *)(PHASE_BASE + n * PHASE_STEP);
	void (*enter)(void);
	char *p;

	if (n >= PHASES) {
		fprintf(stderr, "usage: phase N, below %d\n", PHASES);
		return 2;
	}
	p = mmap(at, PHASE_STEP, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != at) {
		perror("phase");
		return 1;
	}
	*p = (char)0xc3; /* ret */
	memcpy(&enter, &at, sizeof(enter));
	enter();
	return 0;
}
