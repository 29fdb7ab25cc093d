// SPDX-License-Identifier: Apache-2.0
/* All that test_relay.c asks of relaying, with the kernel's help. */
#include <stdio.h>

#define main relay_main
#include "test_relay.c"
#undef main

int main(void)
{
	if (!rig_try_accel()) {
		puts("no fast path here: skipped");
		return 0;
	}
	return relay_main();
}
