// SPDX-License-Identifier: Apache-2.0
/**
 * Errors: 0, an errno value, or one of the few codes of our own above them.
 */
#pragma once

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))

enum {
	E_MALFORMED = 10001, /* the bytes break their grammar */
	E_MORE,              /* not malformed so far, but incomplete */
	E_POLICY,            /* well formed, and not allowed */
	E_LIMIT,             /* larger or more than a limit of the settings */
	E_STALE,             /* it was right once: an old nonce, an old version */
};

/** A short English text for 0, an errno value or one of ours. Never NULL; static storage. */
const char *err_text(int err);
