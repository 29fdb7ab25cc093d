// SPDX-License-Identifier: Apache-2.0
/**
 * A call as a record (DESIGN rule 9): all that it needs to live on elsewhere, in at most
 * CALL_RECORD_MAX bytes, versioned, and read back by call_record_read. Restart uses it
 * today to give the calls that were up their detail records; upgrades and takeover will use
 * the same bytes.
 *
 * Form: a version byte, then fields `tag, length, bytes`; an unknown tag is skipped, so that
 * a newer writer does not break an older reader (record format N +- 1).
 */
#pragma once

#include "base/buf.h"
#include "call/call.h"

enum { CALL_RECORD_VERSION = 1, CALL_RECORD_MAX = 8192 };

struct call;

void call_record_write(const struct call *c, struct buf *out);

/**
 * Read a record into a bare call (in no table, without transactions, timers set or media).
 * `t` is the tenant it belongs to; a reference is taken. NULL: it is there no more; such a call is
 * good for its detail record alone, without names. call_record_free ends it.
 *
 * @return 0; E_MALFORMED; E_STALE: a version this program does not know
 */
must_check int call_record_read(struct call **out, struct str bytes, const struct tenant *t);
void call_record_free(struct call *c);

/** The detail record of a call that a restart cut off: ended now, `why`, by the system. */
void call_record_put_cdr(struct call *c, uint64_t now_ms, const char *why, struct buf *out);
struct str call_record_id(const struct call *c);
uint64_t call_record_start_ms(const struct call *c);
