// SPDX-License-Identifier: Apache-2.0
/** Refusals that need no knowledge of who asks: RFC 3261 sections 8.2.1 to 8.2.3, 11.2. */
#pragma once

#include "service/shard.h"

void refuse(struct strans *st, uint16_t status, const char *reason);
/** With Allow: 405 or 501. */
void refuse_method(struct strans *st, uint16_t status);
/** 489 with the (empty) list of events we serve. */
void refuse_event(struct strans *st);
/** 503 with Retry-After. */
void refuse_busy(struct strans *st);

/** What no request may be: an unknown scheme (416), an extension we lack (420). True: refused. */
bool refuse_any(struct strans *st, const struct sip_msg *m);
/** An INVITE we cannot take whoever sends it: 483, 415, 406. True: refused. */
bool refuse_invite(struct strans *st, const struct sip_msg *m);

/** OPTIONS outside a dialog: what we can do. */
void answer_options(struct shard *s, struct strans *st, const struct sip_msg *m,
                    const struct flow *flow);
