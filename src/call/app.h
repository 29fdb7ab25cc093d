// SPDX-License-Identifier: Apache-2.0
/**
 * What the switch itself does with a caller whom it has answered: it plays, listens for digits,
 * lets the caller into a room. The router's own decisions (play, collect) use this, and so
 * do the services that hold a talk of their own: mailboxes, conferences, queues.
 *
 * A service is told of its calls through call_ops.app_...: it names a call by key and tenant, keeps
 * what it must know of it in the call's `struct call_app` (which is part of the call's record), and
 * ends with calls_app_done, by which the router goes on.
 *
 * Thread: the shard's.
 */
#pragma once

#include "call/call.h"
#include "tenant/flow.h"

/** NULL: there is no such call, or no service has it. Valid until the call goes on. */
struct call_app *calls_app(struct calls *c, uint64_t call);

/** What played before stops without a word. CALL_APP_PLAYED follows, unless digits are waited for. */
void calls_app_play(struct calls *c, uint64_t call, const struct call_sound *s);
/** Stop what plays; no event. */
void calls_app_quiet(struct calls *c, uint64_t call);
/** Play `s` (may be NULL) and wait for digits; those typed ahead count. CALL_APP_DIGITS follows. */
void calls_app_collect(struct calls *c, uint64_t call, const struct call_collect *want,
                       const struct call_sound *s);
/** The caller's stream, for commands of the service's own (a recording); 0: there is none. */
uint64_t calls_app_stream(struct calls *c, uint64_t call);

/** How the caller is in a room. */
struct call_room {
	uint64_t room;   /* 0: leaves the room */
	uint16_t thread; /* media thread it lives on */
	bool mute, deaf;
};
void calls_app_room(struct calls *c, uint64_t call, const struct call_room *r);

/** The service is done with the call: the router goes on with `f`, whose event says how it was. */
void calls_app_done(struct calls *c, uint64_t call, struct route_facts *f);
