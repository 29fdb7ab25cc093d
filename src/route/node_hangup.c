// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "route/internal.h"

/* SIP status and Q.850 cause as RFC 3398 section 8.2.6.1 joins them. */
static const struct {
	uint16_t status;
	uint8_t cause;
	const char *reason;
} causes[] = {
	[HANGUP_NORMAL] = {480, 16, "The flow has ended"},
	[HANGUP_BUSY] = {486, 17, NULL},
	[HANGUP_REJECTED] = {603, 21, NULL},
	[HANGUP_NO_ANSWER] = {480, 19, "No Answer"},
	[HANGUP_UNAVAILABLE] = {480, 20, NULL},
	[HANGUP_NOT_FOUND] = {404, 1, NULL},
	[HANGUP_CONGESTION] = {503, 42, NULL},
};

static struct verdict enter(struct walk *w)
{
	size_t i = (size_t)flow_number(w->node, F_HANGUP_CAUSE);

	note_nodef(w, STR_NONE, "rejected", "the flow ends the call: %u", causes[i].status);
	return end_call(w, causes[i].status, causes[i].cause, causes[i].reason);
}

const struct route_node route_node_hangup = {.enter = enter};
