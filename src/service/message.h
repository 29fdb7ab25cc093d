// SPDX-License-Identifier: Apache-2.0
/**
 * MESSAGE between devices (RFC 3428): routed like a call's beginning, sent to every binding
 * of whom it is for; the sender gets the first good answer, or the best of the bad ones.
 */
#pragma once

#include "service/shard.h"

struct messages;

must_check int messages_new(struct messages **out, struct shard *s);
void messages_free(struct messages *ms);
void messages_request(struct messages *ms, struct strans *st, const struct sip_msg *m,
                      const struct auth_identity *who);
void messages_located(struct messages *ms, uint64_t key, const struct mail_located *l);
size_t messages_count(const struct messages *ms);
