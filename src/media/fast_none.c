// SPDX-License-Identifier: Apache-2.0
/* Built without libbpf or without a compiler for eBPF. */
#include "media/fast.h"

#include <errno.h>

int fast_load(struct fast_program *p, size_t max_flows, bool loopback)
{
	(void)p;
	(void)max_flows;
	(void)loopback;
	return ENOTSUP;
}

void fast_unload(struct fast_program *p)
{
	(void)p;
}
