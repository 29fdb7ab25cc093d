// SPDX-License-Identifier: Apache-2.0
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>

void stats_done(struct stats *s, uint64_t setup_us)
{
	if (!s->counting)
		return;
	s->done++;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1 << 16;
		s->setup_us = realloc(s->setup_us, s->cap * sizeof *s->setup_us);
		if (!s->setup_us)
			abort();
	}
	s->setup_us[s->n++] = (uint32_t)setup_us;
}

void stats_fail(struct stats *s, const struct scan *answer)
{
	if (answer && answer->status == 503 && scan_value(answer, 'y').n)
		s->refused++;
	else
		s->failed++;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint32_t at_share(const struct stats *s, double share)
{
	return s->n ? s->setup_us[(size_t)(share * (double)(s->n - 1))] : 0;
}

void stats_print(struct stats *s, const struct options *o, double seconds)
{
	if (s->n)
		qsort(s->setup_us, s->n, sizeof *s->setup_us, by_value);
	printf("{\"mode\":\"%s\",\"users\":%u,\"offered\":%.0f,\"window\":%u,\"seconds\":%.3f,"
	       "\"begun\":%llu,\"done\":%llu,\"failed\":%llu,\"again\":%llu,\"strays\":%llu,"
	       "\"refused\":%llu,\"rtp_sent\":%llu,\"rtp_heard\":%llu,"
	       "\"rate\":%.1f,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
	       o->mode, o->users, o->rate, o->window, seconds, (unsigned long long)s->begun,
	       (unsigned long long)s->done, (unsigned long long)s->failed,
	       (unsigned long long)s->again, (unsigned long long)s->strays,
	       (unsigned long long)s->refused, (unsigned long long)s->rtp_sent,
	       (unsigned long long)s->rtp_heard,
	       (double)s->done / seconds, at_share(s, 0.5), at_share(s, 0.99), at_share(s, 1));
	fflush(stdout);
}
