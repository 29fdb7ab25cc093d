// SPDX-License-Identifier: Apache-2.0
#include "border/overload.h"

void overload_init(struct overload *o, const struct overload_settings *settings)
{
	*o = (struct overload){.settings = *settings};
}

static void look_at_lag(struct overload *o, uint64_t now_ms, uint64_t lag_ms)
{
	bool late = lag_ms >= o->settings.target_ms;
	if (late && !o->late)
		o->late_since_ms = now_ms;
	o->late = late;
}

enum overload_change overload_look(struct overload *o, uint64_t now_ms, uint64_t lag_ms)
{
	if (!o->settings.target_ms)
		return OVERLOAD_SAME;
	look_at_lag(o, now_ms, lag_ms);
	if (!o->refusing && o->late && now_ms - o->late_since_ms >= OVERLOAD_PATIENCE_MS) {
		o->refusing = true;
		o->since_ms = o->last_ms = now_ms;
		o->refused = 0;
		return OVERLOAD_BEGINS;
	}
	if (o->refusing && !o->late && now_ms - o->last_ms >= OVERLOAD_CALM_MS) {
		o->refusing = false;
		return OVERLOAD_ENDS;
	}
	return OVERLOAD_SAME;
}

bool overload_admit(struct overload *o, enum overload_class class, uint64_t now_ms, uint64_t lag_ms)
{
	uint64_t limit_ms = o->settings.target_ms;
	if (!o->refusing || class == OVERLOAD_IN_DIALOG)
		return true;
	if (class == OVERLOAD_PROVED)
		limit_ms *= OVERLOAD_PROVED_TIMES;
	if (lag_ms < limit_ms)
		return true;
	o->last_ms = now_ms;
	o->refused++;
	return false;
}

uint32_t overload_retry_after_s(const struct overload *o, uint32_t random)
{
	uint32_t s = o->settings.retry_after_s;
	return s + random % (s + 1);
}
