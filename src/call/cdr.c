// SPDX-License-Identifier: Apache-2.0
#include "call/cdr.h"

#include "base/clock.h"

static void put_time(struct buf *b, const char *name, uint64_t ms)
{
	buf_printf(b, ",\"%s\":", name);
	if (!ms) {
		buf_lit(b, "null");
		return;
	}
	buf_ch(b, '"');
	clock_put_rfc3339(b, ms);
	buf_ch(b, '"');
}

static void put_text(struct buf *b, const char *name, struct str s)
{
	buf_printf(b, ",\"%s\":", name);
	buf_json_str(b, s);
}

static void put_media(struct buf *b, const struct media_stats *s)
{
	buf_printf(b,
	           ",\"media\":{\"rx_packets\":%llu,\"rx_bytes\":%llu,\"tx_packets\":%llu,"
	           "\"tx_bytes\":%llu,\"rx_lost\":%llu,\"rx_reordered\":%llu,\"rx_duplicate\":%llu,"
	           "\"rx_refused\":%llu,\"jitter_ms\":%.3f,\"max_jitter_ms\":%.3f",
	           (unsigned long long)s->rx_packets, (unsigned long long)s->rx_bytes,
	           (unsigned long long)s->tx_packets, (unsigned long long)s->tx_bytes,
	           (unsigned long long)s->rx_lost, (unsigned long long)s->rx_reordered,
	           (unsigned long long)s->rx_duplicate, (unsigned long long)s->rx_refused,
	           s->jitter_us / 1000.0, s->max_jitter_us / 1000.0);
	if (s->peer_reported)
		buf_printf(b, ",\"peer_lost\":%u,\"peer_jitter_ms\":%.3f", s->peer_lost,
		           s->peer_jitter_us / 1000.0);
	if (s->rtt_us)
		buf_printf(b, ",\"round_trip_ms\":%.3f", s->rtt_us / 1000.0);
	if (s->locked.family != ADDR_NONE) {
		buf_lit(b, ",\"heard\":\"");
		addr_put(b, &s->locked);
		buf_ch(b, '"');
	}
	buf_ch(b, '}');
}

static const char *state_name(enum leg_state s)
{
	static const char *const names[] = {
		[LEG_INCOMING] = "incoming",     [LEG_CALLING] = "calling",
		[LEG_CANCELLING] = "cancelling", [LEG_ANSWERED] = "answered",
		[LEG_CONFIRMED] = "answered",    [LEG_CLOSING] = "closing",
		[LEG_ENDED] = "ended",
	};
	return names[s];
}

static void put_leg(struct buf *b, const struct call *c, const struct leg *l)
{
	buf_printf(b, "{\"index\":%u,\"direction\":\"%s\",\"state\":\"%s\"", l->index,
	           l->uac ? "out" : "in", state_name(l->state));
	put_text(b, "party", l->party);
	const struct device *d = c->tenant ? tenant_device_by_id(c->tenant, l->device) : NULL;
	put_text(b, "device", d ? d->username : STR_NONE);
	buf_lit(b, ",\"address\":\"");
	addr_put(b, &l->dlg.flow.remote);
	struct str transport = sip_transport_name(l->dlg.flow.transport);
	buf_printf(b, "\",\"transport\":\"" STR_FMT "\"", STR_ARG(transport));
	put_text(b, "sip_call_id", l->dlg.call_id);
	put_time(b, "start", l->start_ms);
	put_time(b, "ring", l->ring_ms);
	put_time(b, "answer", l->answer_ms);
	put_time(b, "end", l->end_ms);
	buf_printf(b, ",\"status\":%u", l->status);
	put_text(b, "codec", l->codec);
	if (l->have_stats)
		put_media(b, &l->stats);
	buf_ch(b, '}');
}

static const char *const state_names[] = {
	[CALL_ROUTING] = "routing",
	[CALL_RINGING] = "ringing",
	[CALL_ANSWERED] = "answered",
	[CALL_ENDING] = "ended",
};

static const char *const ended_by_names[] = {
	[END_NONE] = "",
	[END_CALLER] = "caller",
	[END_CALLEE] = "callee",
	[END_SYSTEM] = "system",
};

static void put_head(const struct call *c, struct buf *b)
{
	buf_printf(b, "{\"id\":\"%s\"", c->id);
	put_text(b, "tenant", c->tenant ? tenant_name(c->tenant) : STR_NONE);
	put_text(b, "from", c->caller_number);
	put_text(b, "from_name", c->caller_name);
	put_text(b, "to", c->dialled);
	buf_printf(b, ",\"state\":\"%s\"", state_names[c->state]);
	put_text(b, "answered_by", c->answer_ms && c->here == HERE_ECHO ? STR("echo")
	                           : c->answer_ms && c->b  ? c->b->party
	                                                   : STR_NONE);
	put_time(b, "start", c->start_ms);
	put_time(b, "ring", c->ring_ms);
	put_time(b, "answer", c->answer_ms);
}

static void put_legs(const struct call *c, struct buf *b)
{
	buf_lit(b, ",\"legs\":[");
	bool first = true;
	list_for_each(it, (struct list_node *)&c->legs) {
		if (!first)
			buf_ch(b, ',');
		first = false;
		put_leg(b, c, container_of(it, struct leg, node));
	}
	buf_ch(b, ']');
}

void call_put_json(const struct call *c, struct buf *b)
{
	put_head(c, b);
	put_legs(c, b);
	buf_ch(b, '}');
}

/** An answer by a leg is the last fact; one that a restart cut off has none. */
static void put_facts(const struct call *c, struct buf *b)
{
	buf_lit(b, ",\"facts\":[");
	buf_str(b, c->facts_json);
	if (c->answer_ms && c->b)
		buf_printf(b, "%s{\"ring\":\"answer\"}", c->facts_json.n ? "," : "");
	buf_ch(b, ']');
}

void call_put_cdr(const struct call *c, struct buf *b)
{
	put_head(c, b);
	put_time(b, "end", c->end_ms);
	uint64_t end = c->end_ms;
	buf_printf(b, ",\"duration_ms\":%llu,\"talk_ms\":%llu",
	           (unsigned long long)(end > c->start_ms ? end - c->start_ms : 0),
	           (unsigned long long)(c->answer_ms && end > c->answer_ms ? end - c->answer_ms : 0));
	buf_printf(b, ",\"ended_by\":\"%s\",\"status\":%u", ended_by_names[c->ended_by], c->end_status);
	put_text(b, "reason", c->end_reason);
	buf_printf(b, ",\"config_version\":%llu", (unsigned long long)(c->tenant ? tenant_version(c->tenant) : 0));
	put_legs(c, b);
	put_facts(c, b);
	buf_lit(b, ",\"trace\":[");
	buf_str(b, c->trace_json);
	buf_lit(b, "]}");
}
