// SPDX-License-Identifier: Apache-2.0
/** Calls between the phones of a world, as far as a test wants them to have come. */
#pragma once

#include "world.h"

struct talk {
	struct world *w;
	struct phone *a, *b;
};

/** Alice (1001) and Bob (1002) of acme, registered. */
struct talk talk_pair(struct world *w);
/** A calls 1002, B has the INVITE (phone_invite) and nothing was answered. */
struct talk talk_calling(struct world *w);
/** The same, and B rings. */
struct talk talk_ringing(struct world *w);
/** Both have what they need, A's ACK too, and B's dialog is entered with tag "bob". */
struct talk talk_up(struct world *w);
/** B answers the INVITE it has; A gets the 200 and acknowledges. */
void talk_answer(struct talk *t, const char *more);
/** A hangs up and everybody is content. */
void talk_bye(struct talk *t);
/** Of a CDR or one of its legs. */
const char *talk_text(json_t *j, const char *name);
json_int_t talk_number(json_t *j, const char *name);
json_t *talk_leg(json_t *cdr, size_t i);
/** The body of a message. */
const char *talk_body(const struct sip_msg *m, char *room, size_t n);
/** Fails unless the message's text has (not) this in it. */
void talk_has(const struct phone *p, const char *what);
void talk_lacks(const struct phone *p, const char *what);
