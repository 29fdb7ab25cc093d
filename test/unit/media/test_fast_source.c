// SPDX-License-Identifier: Apache-2.0
/* The source rule, with the kernel's help. */
#include <stdio.h>

#define main source_main
#include "test_source.c"
#undef main

int main(void)
{
	if (!rig_try_accel()) {
		puts("no fast path here: skipped");
		return 0;
	}
	return source_main();
}
