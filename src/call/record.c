// SPDX-License-Identifier: Apache-2.0
#include "call/record.h"

#include <stdlib.h>

#include "call/internal.h"

#include <errno.h>

/* Tags are written into stores: a number is never used for another meaning. */
enum call_tag {
	C_ID = 1, C_KEY, C_STATE, C_FLAGS, C_DIALLED, C_CALLER_NAME, C_CALLER_NUMBER, C_CALLER_USER,
	C_CALLER_DEVICE, C_MAX_FORWARDS, C_ROUTE, C_TRACE, C_START, C_RING, C_ANSWER, C_B_INDEX,
	C_LEG, C_RING_BY, C_LIMIT_BY, C_BEST_STATUS,
};

enum leg_tag {
	L_INDEX = 1, L_FLAGS, L_STATE, L_CALL_ID, L_LOCAL_TAG, L_REMOTE_TAG, L_LOCAL, L_REMOTE,
	L_TARGET, L_ROUTES, L_LOCAL_CSEQ, L_REMOTE_CSEQ, L_FLOW, L_SDP_ID, L_SDP_VERSION, L_LOCAL_SDP,
	L_REMOTE_SDP, L_SESSION_S, L_STREAM, L_PORT, L_PEER, L_RTP_LOCAL, L_SIGNALLED, L_USER,
	L_DEVICE, L_PARTY, L_CONTACT, L_START, L_RING, L_ANSWER, L_END, L_STATUS, L_CODEC, L_RSEQ,
	L_INVITE_CSEQ, L_TOLD, L_WANTS, L_SESSION_BY, L_MIN_SE, L_MIN_MEDIA,
};

enum { FIELD_HEAD = 3, FLAG_ECHO = 1, FLAG_ANY_BUSY = 2 };
enum {
	FLAG_UAC = 1, FLAG_TIMER = 2, FLAG_UPDATE = 4, FLAG_100REL = 8, FLAG_WE_REFRESH = 16,
	FLAG_EXACT = 32, FLAG_LOCKED = 64, FLAG_OFFER = 128, FLAG_REMOTE_OFFER = 256,
	FLAG_MUX = 512,
};

/* -- writing ------------------------------------------------------------------------- */

static void put_bytes(struct buf *b, uint8_t tag, const void *p, size_t n)
{
	if (!n)
		return;
	uint8_t head[FIELD_HEAD] = {tag, (uint8_t)(n >> 8), (uint8_t)n};
	if (n > UINT16_MAX) {
		b->full = true;
		return;
	}
	buf_add(b, head, sizeof head);
	buf_add(b, p, n);
}

static void put_str(struct buf *b, uint8_t tag, struct str s)
{
	put_bytes(b, tag, s.p, s.n);
}

/** Big endian, without leading zero bytes; zero is not written. */
static void put_num(struct buf *b, uint8_t tag, uint64_t v)
{
	uint8_t bytes[8];
	size_t n = 0;
	for (int shift = 56; shift >= 0; shift -= 8)
		if (v >> shift || n)
			bytes[n++] = (uint8_t)(v >> shift);
	put_bytes(b, tag, bytes, n);
}

/** Without the zero bytes at the end. */
static size_t used_bytes(const void *p, size_t n)
{
	while (n && !((const uint8_t *)p)[n - 1])
		n--;
	return n;
}

static uint32_t leg_flags(const struct leg *l)
{
	return (l->uac ? FLAG_UAC : 0u) | (l->peer_timer ? FLAG_TIMER : 0u) |
	       (l->peer_update ? FLAG_UPDATE : 0u) | (l->peer_100rel ? FLAG_100REL : 0u) |
	       (l->we_refresh ? FLAG_WE_REFRESH : 0u) | (l->lease.exact ? FLAG_EXACT : 0u) |
	       (l->locked ? FLAG_LOCKED : 0u) | (l->invite_had_offer ? FLAG_OFFER : 0u) |
	       (l->remote_is_offer ? FLAG_REMOTE_OFFER : 0u) | (l->local.rtcp_mux ? FLAG_MUX : 0u);
}

static bool only_rings(const struct leg *l)
{
	return l->state == LEG_CALLING || l->state == LEG_CANCELLING;
}

static void put_dialog(const struct dialog *d, struct buf *b)
{
	put_str(b, L_CALL_ID, d->call_id);
	put_str(b, L_LOCAL_TAG, d->local_tag);
	put_str(b, L_REMOTE_TAG, d->remote_tag);
	put_str(b, L_LOCAL, d->local);
	put_str(b, L_REMOTE, d->remote);
	put_str(b, L_TARGET, d->target);
	put_str(b, L_ROUTES, d->routes);
	put_num(b, L_LOCAL_CSEQ, d->local_cseq);
	put_num(b, L_REMOTE_CSEQ, d->remote_cseq);
	put_bytes(b, L_FLOW, &d->flow, sizeof d->flow);
}

/**
 * When a timer is due, as a wall clock time: the monotonic clock of another machine is another
 * one. `stored` is what a record that was read back said.
 */
static uint64_t timer_wall_ms(const struct call *c, const struct timer *t, uint64_t stored)
{
	if (!c->calls || !timer_is_set(t))
		return stored;
	return call_wall_ms(c) + t->due_ms - c->calls->a.wheel->now_ms;
}

static void put_leg(const struct leg *l, struct buf *b)
{
	put_num(b, L_INDEX, l->index + 1u);
	put_num(b, L_FLAGS, leg_flags(l));
	put_num(b, L_STATE, (uint64_t)l->state + 1);
	put_dialog(&l->dlg, b);
	put_num(b, L_SDP_ID, l->local.id);
	put_num(b, L_SDP_VERSION, l->local.version);
	if (!only_rings(l)) /* else it can be made again, of the caller's offer */
		put_str(b, L_LOCAL_SDP, l->local_sdp);
	put_str(b, L_REMOTE_SDP, l->remote_sdp);
	put_num(b, L_SESSION_S, l->session_s);
	put_num(b, L_STREAM, l->stream);
	put_num(b, L_PORT, l->lease.port);
	put_bytes(b, L_PEER, &l->lease.peer, sizeof l->lease.peer);
	put_bytes(b, L_RTP_LOCAL, &l->rtp_local, sizeof l->rtp_local);
	put_bytes(b, L_SIGNALLED, &l->signalled, sizeof l->signalled);
	put_num(b, L_USER, l->user);
	put_num(b, L_DEVICE, l->device);
	put_str(b, L_PARTY, l->party);
	put_str(b, L_CONTACT, l->contact);
	put_num(b, L_START, l->start_ms);
	put_num(b, L_RING, l->ring_ms);
	put_num(b, L_ANSWER, l->answer_ms);
	put_num(b, L_END, l->end_ms);
	put_num(b, L_STATUS, l->status);
	put_str(b, L_CODEC, l->codec);
	put_num(b, L_RSEQ, l->rseq);
	put_num(b, L_INVITE_CSEQ, l->invite_cseq);
	put_bytes(b, L_TOLD, &l->local.addr, sizeof l->local.addr);
	put_num(b, L_WANTS, l->wants + 1u);
	put_num(b, L_SESSION_BY, timer_wall_ms(l->call, &l->session_timer, l->session_by_ms));
	put_num(b, L_MIN_SE, l->min_se_s);
	put_num(b, L_MIN_MEDIA, l->local.min_media);
}

/**
 * First those that matter, then those that only ring, as many as there is room for: they can be
 * rung again. What is over needs no life elsewhere.
 */
static void put_legs(const struct call *c, struct buf *out, bool ringing)
{
	list_for_each(it, (struct list_node *)&c->legs) {
		const struct leg *l = container_of(it, struct leg, node);
		if (l->state == LEG_ENDED || only_rings(l) != ringing)
			continue;
		char room[CALL_RECORD_MAX];
		struct buf b;
		buf_init_fixed(&b, room, sizeof room);
		put_leg(l, &b);
		if (ringing && (!buf_ok(&b) || out->n + b.n + FIELD_HEAD > CALL_RECORD_MAX))
			return;
		if (!buf_ok(&b))
			out->full = true;
		put_str(out, C_LEG, buf_view(&b));
	}
}

void call_record_write(const struct call *c, struct buf *out)
{
	buf_ch(out, CALL_RECORD_VERSION);
	put_str(out, C_ID, str_z(c->id));
	put_num(out, C_KEY, c->key);
	put_num(out, C_STATE, (uint64_t)c->state + 1);
	put_num(out, C_FLAGS, (c->here == HERE_ECHO ? FLAG_ECHO : 0u) | (c->any_busy ? FLAG_ANY_BUSY : 0u));
	put_str(out, C_DIALLED, c->dialled);
	put_str(out, C_CALLER_NAME, c->caller_name);
	put_str(out, C_CALLER_NUMBER, c->caller_number);
	put_num(out, C_CALLER_USER, c->caller_user);
	put_num(out, C_CALLER_DEVICE, c->caller_device);
	put_num(out, C_MAX_FORWARDS, (uint64_t)c->max_forwards);
	put_bytes(out, C_ROUTE, &c->route, used_bytes(&c->route, sizeof c->route));
	put_str(out, C_TRACE, c->trace_json);
	put_num(out, C_START, c->start_ms);
	put_num(out, C_RING, c->ring_ms);
	put_num(out, C_ANSWER, c->answer_ms);
	put_num(out, C_B_INDEX, c->b && c->b->state != LEG_ENDED ? c->b->index : 0);
	put_num(out, C_RING_BY, timer_wall_ms(c, &c->ring_timer, c->ring_by_ms));
	put_num(out, C_LIMIT_BY, timer_wall_ms(c, &c->limit_timer, c->limit_by_ms));
	put_num(out, C_BEST_STATUS, c->best_status);
	put_legs(c, out, false);
	put_legs(c, out, true);
}

/* -- reading ------------------------------------------------------------------------- */

static int take(struct str *rest, uint8_t *tag, struct str *value)
{
	if (!rest->n)
		return ENOENT;
	if (rest->n < 3)
		return E_MALFORMED;
	const uint8_t *p = (const uint8_t *)rest->p;
	size_t n = (size_t)p[1] << 8 | p[2];
	if (rest->n - 3 < n)
		return E_MALFORMED;
	*tag = p[0];
	*value = (struct str){rest->p + 3, n};
	*rest = (struct str){rest->p + 3 + n, rest->n - 3 - n};
	return 0;
}

static uint64_t num(struct str v)
{
	uint64_t out = 0;
	for (size_t i = 0; i < v.n && i < 8; i++)
		out = out << 8 | (uint8_t)v.p[i];
	return out;
}

static void bytes(struct str v, void *p, size_t n)
{
	if (v.n == n)
		memcpy(p, v.p, n);
}

static void read_addr(struct str v, struct addr *out)
{
	struct addr a = {0};
	bytes(v, &a, sizeof a);
	if (a.family == ADDR_V4 || a.family == ADDR_V6)
		*out = a;
}

static void read_flow(struct str v, struct flow *out)
{
	struct flow f = {0};
	bytes(v, &f, sizeof f);
	if (f.transport >= SIP_TRANSPORTS)
		return;
	*out = f;
	out->local = out->remote = (struct addr){0};
	read_addr((struct str){(const char *)&f.local, sizeof f.local}, &out->local);
	read_addr((struct str){(const char *)&f.remote, sizeof f.remote}, &out->remote);
}

static void set_leg_flags(struct leg *l, uint64_t f)
{
	l->uac = l->dlg.uac = f & FLAG_UAC;
	l->peer_timer = f & FLAG_TIMER;
	l->peer_update = f & FLAG_UPDATE;
	l->peer_100rel = f & FLAG_100REL;
	l->we_refresh = f & FLAG_WE_REFRESH;
	l->lease.exact = f & FLAG_EXACT;
	l->locked = f & FLAG_LOCKED;
	l->invite_had_offer = f & FLAG_OFFER;
	l->remote_is_offer = f & FLAG_REMOTE_OFFER;
	l->local.rtcp_mux = f & FLAG_MUX;
}

static enum leg_state leg_state_of(uint64_t v)
{
	return v >= 1 && v <= LEG_ENDED + 1 ? (enum leg_state)(v - 1) : LEG_ENDED;
}

static void read_leg_field(struct leg *l, uint8_t tag, struct str v)
{
	switch ((enum leg_tag)tag) {
	case L_INDEX: l->index = (uint8_t)(num(v) - 1); break;
	case L_FLAGS: set_leg_flags(l, num(v)); break;
	case L_STATE: l->state = leg_state_of(num(v)); break;
	case L_CALL_ID: text_set(&l->dlg.call_id, v); break;
	case L_LOCAL_TAG: text_set(&l->dlg.local_tag, v); break;
	case L_REMOTE_TAG: text_set(&l->dlg.remote_tag, v); break;
	case L_LOCAL: text_set(&l->dlg.local, v); break;
	case L_REMOTE: text_set(&l->dlg.remote, v); break;
	case L_TARGET: text_set(&l->dlg.target, v); break;
	case L_ROUTES: text_set(&l->dlg.routes, v); break;
	case L_LOCAL_CSEQ: l->dlg.local_cseq = (uint32_t)num(v); break;
	case L_REMOTE_CSEQ: l->dlg.remote_cseq = (uint32_t)num(v); break;
	case L_FLOW: read_flow(v, &l->dlg.flow); break;
	case L_SDP_ID: l->local.id = num(v); break;
	case L_SDP_VERSION: l->local.version = num(v); break;
	case L_LOCAL_SDP: text_set(&l->local_sdp, v); break;
	case L_REMOTE_SDP: text_set(&l->remote_sdp, v); break;
	case L_SESSION_S: l->session_s = (uint32_t)num(v); break;
	case L_STREAM: l->stream = num(v); break;
	case L_PORT: l->lease.port = (uint16_t)num(v); break;
	case L_PEER: read_addr(v, &l->lease.peer); break;
	case L_RTP_LOCAL: read_addr(v, &l->rtp_local); break;
	case L_SIGNALLED: read_addr(v, &l->signalled); break;
	case L_USER: l->user = num(v); break;
	case L_DEVICE: l->device = num(v); break;
	case L_PARTY: text_set(&l->party, v); break;
	case L_CONTACT: text_set(&l->contact, v); break;
	case L_START: l->start_ms = num(v); break;
	case L_RING: l->ring_ms = num(v); break;
	case L_ANSWER: l->answer_ms = num(v); break;
	case L_END: l->end_ms = num(v); break;
	case L_STATUS: l->status = (uint16_t)num(v); break;
	case L_CODEC: text_set(&l->codec, v); break;
	case L_RSEQ: l->rseq = (uint32_t)num(v); break;
	case L_INVITE_CSEQ: l->invite_cseq = (uint32_t)num(v); break;
	case L_WANTS: l->wants = (num(v) - 1) & SDP_SENDRECV; break;
	case L_SESSION_BY: l->session_by_ms = num(v); break;
	case L_MIN_SE: l->min_se_s = (uint32_t)num(v); break;
	case L_MIN_MEDIA: l->local.min_media = num(v) > SDP_MAX_MEDIA ? SDP_MAX_MEDIA : num(v); break;
	case L_TOLD: read_addr(v, &l->local.addr); break;
	}
}

static int read_leg(struct call *c, struct str rest)
{
	if (c->n_legs >= CALL_MAX_LEGS)
		return E_MALFORMED;
	struct leg *l = leg_new_bare(c);
	uint8_t tag;
	struct str v;
	int e;
	while ((e = take(&rest, &tag, &v)) == 0)
		read_leg_field(l, tag, v);
	if (l->index == 0)
		c->a = l;
	return e == ENOENT ? 0 : e;
}

static int read_field(struct call *c, uint8_t tag, struct str v, uint64_t *b_index)
{
	switch ((enum call_tag)tag) {
	case C_ID: return str_copyz(c->id, sizeof c->id, v) ? 0 : E_MALFORMED;
	case C_KEY: c->key = num(v); break;
	case C_STATE:
		if (num(v) < 1 || num(v) > CALL_ENDING + 1)
			return E_MALFORMED;
		c->state = (enum call_state)(num(v) - 1);
		break;
	case C_FLAGS:
		c->here = num(v) & FLAG_ECHO ? HERE_ECHO : HERE_NOT;
		c->any_busy = num(v) & FLAG_ANY_BUSY;
		break;
	case C_DIALLED: text_set(&c->dialled, v); break;
	case C_CALLER_NAME: text_set(&c->caller_name, v); break;
	case C_CALLER_NUMBER: text_set(&c->caller_number, v); break;
	case C_CALLER_USER: c->caller_user = num(v); break;
	case C_CALLER_DEVICE: c->caller_device = num(v); break;
	case C_MAX_FORWARDS: c->max_forwards = (int32_t)num(v); break;
	case C_ROUTE: /* zero bytes at its end were not written */
		if (v.n > sizeof c->route)
			return E_MALFORMED;
		memcpy(&c->route, v.p, v.n);
		break;
	case C_TRACE: text_set(&c->trace_json, v); break;
	case C_START: c->start_ms = num(v); break;
	case C_RING: c->ring_ms = num(v); break;
	case C_ANSWER: c->answer_ms = num(v); break;
	case C_B_INDEX: *b_index = num(v); break;
	case C_RING_BY: c->ring_by_ms = num(v); break;
	case C_LIMIT_BY: c->limit_by_ms = num(v); break;
	case C_BEST_STATUS: c->best_status = (uint16_t)num(v); break;
	case C_LEG: return read_leg(c, v);
	}
	return 0;
}

int call_record_read(struct call **out, struct str rest, const struct tenant *t)
{
	if (!rest.n)
		return E_MALFORMED;
	if (rest.p[0] != CALL_RECORD_VERSION)
		return E_STALE;
	rest = str_sub(rest, 1, rest.n);
	struct call *c = call_new_bare();
	c->tenant = t ? tenant_ref(t) : NULL;
	uint64_t b_index = 0;
	uint8_t tag;
	struct str v;
	int e;
	while ((e = take(&rest, &tag, &v)) == 0)
		if ((e = read_field(c, tag, v, &b_index)) != 0)
			break;
	list_for_each(it, &c->legs) {
		struct leg *l = container_of(it, struct leg, node);
		if (b_index && l->index == b_index)
			c->b = l;
	}
	if (e == ENOENT && c->id[0] && c->a) {
		*out = c;
		return 0;
	}
	call_record_free(c);
	return E_MALFORMED;
}

void call_record_free(struct call *c)
{
	list_for_each_safe(it, &c->legs)
		leg_free_bare(container_of(it, struct leg, node));
	call_free_bare(c);
}

void call_record_put_cdr(struct call *c, uint64_t now_ms, const char *why, struct buf *out)
{
	c->state = CALL_ENDING;
	c->end_ms = now_ms;
	c->ended_by = END_SYSTEM;
	c->end_status = c->answer_ms ? 200 : 503;
	text_set(&c->end_reason, str_z(why));
	list_for_each(it, &c->legs) {
		struct leg *l = container_of(it, struct leg, node);
		l->state = LEG_ENDED;
		if (!l->end_ms)
			l->end_ms = now_ms;
	}
	call_put_cdr(c, out);
}

struct str call_record_id(const struct call *c)
{
	return str_z(c->id);
}

uint64_t call_record_start_ms(const struct call *c)
{
	return c->start_ms;
}
