// SPDX-License-Identifier: Apache-2.0
/** Questions of the control thread, answered from what a shard holds. */
#pragma once

#include "service/shard_state.h"

/** Fills q->result and hands it back through ops->answer. Takes `q` over. */
void query_answer(struct shard *s, struct mail_query *q);
