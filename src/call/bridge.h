// SPDX-License-Identifier: Apache-2.0
/** Two legs that talk: offers and answers between them. See bridge.c. */
#pragma once

#include "call/internal.h"

/** The offer of one side, as it is said to the leg `to`: E_POLICY, E_MALFORMED, E_LIMIT. */
must_check int bridge_offer(struct leg *to, struct str offer, struct buf *out);
/**
 * An offer for `to` of what was agreed with `from`, whose dialog is answered: the one codec that it
 * speaks, in the direction that it wants.
 */
must_check int bridge_offer_agreed(struct leg *to, const struct leg *from, struct buf *out);
/** The answer to `to`'s own offer, made from the other side's answer. */
must_check int bridge_answer(struct leg *to, struct str offer, struct str answer, struct buf *out);
/** Join the streams of both by what they have said last. */
void bridge_media(struct leg *x, struct leg *y);

/** `l` made an offer in the dialog (empty: it wants ours). */
void bridge_on_offer(struct leg *l, struct leg *other, struct str offer);
/** `l` took back the offer that `other` is asked about. */
void bridge_on_withdrawn(struct leg *l, struct leg *other);
/** `other` answered what was passed on to it from `l`. */
void bridge_on_answer(struct leg *other, struct leg *l, uint16_t status, struct str sdp);
/** `l` answered, in an ACK, an offer of ours. */
void bridge_on_late_answer(struct leg *l, struct leg *other, struct str answer);
