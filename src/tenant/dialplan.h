// SPDX-License-Identifier: Apache-2.0
/**
 * What dialled digits mean in a tenant: emergency, feature code, internal, or which kind of number
 * outside, normalised to E.164 by the tenant's country.
 *
 * A country's numbering (tenant/phone/) is asked of libphonenumber once and becomes a trie of
 * prefixes; at call time there is only a walk over digits.
 *
 * Thread: immutable; read anywhere.
 */
#pragma once

#include "base/str.h"

struct tenant;
struct dialplan;

enum dial_class {
	DIAL_UNKNOWN,
	DIAL_EMERGENCY,
	DIAL_FEATURE,
	DIAL_INTERNAL,
	DIAL_LOCAL,
	DIAL_NATIONAL,
	DIAL_MOBILE,
	DIAL_INTERNATIONAL,
	DIAL_PREMIUM,
	DIAL_CLASSES
};

enum { DIALLED_E164_MAX = 32 };

struct dialled {
	enum dial_class class;
	char e164_text[DIALLED_E164_MAX];
	size_t e164_n;           /* see dialled_e164 */
	struct str number;       /* what is left to dial, a slice of the digits: without the withhold code */
	bool withheld;           /* the caller's number is not to be shown */
	bool toll_free;
	const char *why;         /* which rule decided, in words; static */
};

/** Empty: internal, a code, a short number, or unknown. */
static inline struct str dialled_e164(const struct dialled *d)
{
	return (struct str){d->e164_text, d->e164_n};
}

/**
 * Never fails: DIAL_UNKNOWN is an answer. Digits are 0-9, *, # and one leading +.
 * Emergency numbers come before everything, with the withhold code and the outside prefix in front
 * of them too.
 */
void dialplan_classify(const struct tenant *t, struct str digits, struct dialled *out);

const char *dial_class_name(enum dial_class c);
/** The country's and the tenant's own. */
bool dialplan_is_emergency(const struct tenant *t, struct str digits);
