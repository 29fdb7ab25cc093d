// SPDX-License-Identifier: Apache-2.0
#include "tenant/phone/plan.h"

enum phone_type phone_plan_type(const struct phone_plan *p, const char *digits, size_t n)
{
	uint16_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return PHONE_UNKNOWN;
		at = p->nodes[at].child[digits[i] - '0'];
		if (at & PHONE_LEAF)
			return (enum phone_type)(at & ~PHONE_LEAF);
	}
	return PHONE_UNKNOWN;
}
