// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The interface's text becomes part of the program: the file is the source. */
#include "common/varlink.h"

__asm__(".pushsection .rodata\n"
	"sg_varlink_text_start:\n"
	".incbin \"Documentation/io.signet.varlink\"\n"
	".byte 0\n"
	".popsection\n");

extern const char sg_varlink_text_start[];

const char *sg_varlink_interface_text(void)
{
	return sg_varlink_text_start;
}
