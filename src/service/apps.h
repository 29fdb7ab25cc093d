// SPDX-License-Identifier: Apache-2.0
/**
 * The services that hold a talk of their own with a caller (call/app.h), and which decision of the
 * router leads to which of them. One that is not there ends at once, as its own failure would,
 * so that the route goes on: no caller waits for what nobody does.
 */
#pragma once

#include "service/shard.h"

void apps_sound(void *arg, uint64_t call, uint64_t stream, uint64_t play, const struct tenant *t,
                const struct call_sound *s);
void apps_begin(void *arg, uint64_t call, const struct tenant *t, const struct route_decision *d);
void apps_event(void *arg, uint64_t call, const struct tenant *t, const struct call_app_event *ev);
