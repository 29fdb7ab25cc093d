// SPDX-License-Identifier: Apache-2.0
/* The media end of a leg: its port, whom it hears, and what the media plane is told. */
#include "call/internal.h"

#include <stdio.h>
#include <stdlib.h>

struct sdp *leg_parse_sdp(struct arena *a, struct str text)
{
	struct sdp *s = NULL;
	struct sdp_error e;
	if (!text.n || sdp_parse(&s, a, text, &e) != 0)
		return NULL;
	return s;
}

const struct sdp_media *leg_line(const struct sdp *s)
{
	for (size_t i = 0; s && i < s->n_media; i++)
		if (sdp_media_usable(&s->media[i]))
			return &s->media[i];
	return NULL;
}

bool leg_offer_usable(const struct leg *l)
{
	struct arena arena;
	arena_init(&arena, 16384);
	bool usable = leg_line(leg_parse_sdp(&arena, l->remote_sdp)) != NULL;
	arena_fini(&arena);
	return usable;
}

void leg_note_codec(struct leg *l, const struct sdp_media *m)
{
	const struct sdp_format *f = m ? sdp_main_format(m) : NULL;
	if (!f)
		return;
	char text[48];
	int n = snprintf(text, sizeof text, STR_FMT "/%u", STR_ARG(str_sub(f->encoding, 0, 24)),
	                 f->clock_hz);
	if (n > 0)
		text_set(&l->codec, (struct str){text, (size_t)n});
}

void leg_set_remote(struct leg *l, struct str sdp, bool offer)
{
	text_set(&l->remote_sdp, sdp);
	l->remote_is_offer = offer;
}

/**
 * An answer tells of the peer's own wish only what our offer left to it: who is held says
 * recvonly, and wants to talk all the same.
 */
static void note_wish(struct leg *l, const struct sdp_media *ours, const struct sdp_media *theirs)
{
	unsigned said = sdp_media_dir(theirs), left = SDP_SENDRECV;
	if (!l->remote_is_offer && ours)
		left = sdp_dir_answer(sdp_media_dir(ours), SDP_SENDRECV);
	l->wants = (uint8_t)((said & left) | (l->wants & ~left));
}

/**
 * Whom the leg hears (DESIGN section 5, source check). A description that names the address its
 * signalling comes from is exact: that address and port and no other, from the first packet
 * on. Another address means NAT between us (or media elsewhere): then the first packet
 * from the signalling's address, or from the named one, locks the leg.
 */
static enum media_source source_of(const struct leg *l, const struct sdp_media *m)
{
	if (m->conn.family == ADDR_NONE || m->conn_is_zero || addr_is_multicast(&m->conn))
		return m->is_trickle ? MEDIA_SOURCE_NAT : MEDIA_SOURCE_NONE;
	return addr_eq_ip(&m->conn, &l->dlg.flow.remote) ? MEDIA_SOURCE_EXACT : MEDIA_SOURCE_NAT;
}

static void expected_peer(const struct leg *l, const struct sdp_media *m, struct addr *peer)
{
	if (m && source_of(l, m) == MEDIA_SOURCE_EXACT) {
		*peer = m->conn;
		return;
	}
	*peer = l->dlg.flow.remote;
	peer->port = 0;
}

void call_post_media(struct call *c, const struct media_cmd *cmd)
{
	struct calls_args *a = &c->calls->a;
	struct media_cmd *copy = malloc(sizeof *copy);
	if (!copy)
		abort();
	*copy = *cmd;
	copy->shard = a->shard;
	a->ops->media(a->arg, c->key, copy);
}

int leg_take_port(struct leg *l, struct str remote_sdp)
{
	struct calls_args *a = &l->call->calls->a;
	struct arena arena;
	arena_init(&arena, 8192);
	struct sdp *s = leg_parse_sdp(&arena, remote_sdp);
	struct addr peer;
	expected_peer(l, leg_line(s), &peer);
	arena_fini(&arena);
	bool opened;
	int e = port_pool_take(a->ops->ports(a->arg, l->call->key), &peer, &l->lease, &opened);
	if (e)
		return e;
	if (opened) {
		const struct media_cmd cmd = {.mail.kind = MEDIA_CMD_OPEN_PORT, .port = l->lease.port};
		call_post_media(l->call, &cmd);
	}
	a->ops->rtp_address(a->arg, &l->dlg.flow, &l->local.addr, &l->rtp_local);
	l->rtp_local.port = l->local.addr.port = l->lease.port;
	l->stream = ((uint64_t)a->shard << 56) | (l->call->key << 8) | l->index;
	map_insert(&l->call->calls->by_stream, &l->stream_node,
	           hash_u64(&a->hash_key, l->stream));
	l->in_streams = true;
	return 0;
}

void leg_note_mux(struct leg *l, const struct sdp *offer)
{
	const struct sdp_media *m = leg_line(offer);
	l->local.rtcp_mux = m && m->rtcp_mux;
}

static void settle_lease(struct leg *l, const struct addr *exact)
{
	struct calls_args *a = &l->call->calls->a;
	if (l->lease.port && port_pool_settle(a->ops->ports(a->arg, l->call->key), &l->lease, exact))
		log_event(a->log, LOG_CALL_PEER_TWICE, LOG_Z("call", l->call->id),
		          LOG_A("peer", exact));
}

/** Payload types: what the peer sends are numbers of our description, see sdp_pt_map_make. */
static void map_payload_types(struct media_set *set, const struct sdp_media *ours,
                              const struct sdp_media *theirs)
{
	if (!ours || !theirs)
		return;
	struct sdp_pt_map map;
	sdp_pt_map_make(&map, ours, theirs);
	set->map_pt = map.any;
	if (map.any)
		memcpy(set->pt_map, map.to, sizeof set->pt_map);
}

static void fill_remote(struct leg *l, struct media_set *set, const struct sdp_media *m,
                        const struct sdp_media *ours)
{
	set->source = source_of(l, m);
	set->remote = m->conn;
	set->remote_rtcp = m->rtcp;
	set->source_ip = l->dlg.flow.remote;
	set->rtcp_mux = m->rtcp_mux && l->local.rtcp_mux;
	const struct sdp_format *f = sdp_main_format(m);
	set->clock_hz = f ? f->clock_hz : 8000;
	const struct sdp_format *dtmf = sdp_dtmf_format(ours ? ours : m);
	set->dtmf_pt = dtmf ? dtmf->pt : 255;
	set->dtmf_hz = dtmf ? dtmf->clock_hz : 0;
	if (set->source == MEDIA_SOURCE_EXACT)
		settle_lease(l, &m->conn);
	bool moved = !addr_eq(&l->signalled, &m->conn);
	set->relatch = moved && l->signalled.family != ADDR_NONE;
	l->signalled = m->conn;
}

/** The usable lines of a leg's descriptions; NULL where there is none. */
struct lines {
	const struct sdp_media *theirs, *ours;
};

static struct lines lines_of(struct arena *a, const struct leg *l)
{
	return (struct lines){leg_line(leg_parse_sdp(a, l->remote_sdp)),
	                      leg_line(leg_parse_sdp(a, l->local_sdp))};
}

/** Where a leg's audio goes, and what it hears: one of these, or only what is played to it. */
struct hears {
	bool echo;
	const struct leg *peer;
	const struct sdp_media *far; /* what the peer said */
	const struct call_room *room;
};

static void choose_sink(struct media_cmd *cmd, const struct hears *h, const struct sdp_media *ours)
{
	struct media_set *set = &cmd->set;
	set->peer = h->peer ? h->peer->stream : 0;
	if (h->echo) {
		set->sink = MEDIA_SINK_ECHO;
	} else if (h->room) {
		set->sink = MEDIA_SINK_ROOM;
		cmd->voice.room = h->room->room;
		cmd->voice.room_thread = h->room->thread;
		cmd->voice.mute = h->room->mute;
		cmd->voice.deaf = h->room->deaf;
	} else if (h->peer && h->peer->stream && h->far && (sdp_media_dir(h->far) & SDP_RECVONLY)) {
		set->sink = MEDIA_SINK_PEER;
		map_payload_types(set, ours, h->far);
	}
}

static bool codec_of(const struct sdp_format *f, struct codec_format *out)
{
	if (!sdp_format_is_audio(f) ||
	    !codec_from_sdp(f->encoding, f->clock_hz, f->channels, f->fmtp, out))
		return false;
	out->pt = f->pt;
	return true;
}

/**
 * What passes when we make the leg's audio or need what it says: its codecs, and how digits go to it.
 * The numbers of both are those of its own description where it offered, else those of ours (RFC
 * 3264 section 5.1), which the answer repeats in the same meaning.
 */
static void fill_voice(struct media_voice *v, const struct sdp_media *theirs,
                       const struct sdp_media *ours)
{
	const struct sdp_media *rx = ours ? ours : theirs;
	for (size_t i = 0; i < rx->n_fmt && v->n_rx < MEDIA_MAX_RX; i++)
		if (codec_of(&rx->fmt[i], &v->rx[v->n_rx]))
			v->n_rx++;
	for (size_t i = 0; i < theirs->n_fmt && v->tx.id == CODEC_NONE; i++) {
		struct codec_format f;
		/* One that both sides have named; an offer alone names more than was agreed. */
		if ((!ours || sdp_format_match(ours, &theirs->fmt[i])) && codec_of(&theirs->fmt[i], &f))
			v->tx = f;
	}
	if (v->tx.id != CODEC_NONE)
		codec_fit_ptime(&v->tx, theirs->ptime_ms, theirs->maxptime_ms);
	const struct sdp_format *dtmf = sdp_dtmf_format(theirs);
	v->dtmf_tx = dtmf ? MEDIA_DTMF_RTP : MEDIA_DTMF_INBAND;
	v->dtmf_tx_pt = dtmf ? dtmf->pt : 0;
	v->dtmf_tx_hz = dtmf ? dtmf->clock_hz : 0;
}

static void set_media(struct leg *l, const struct lines *said, const struct hears *hears)
{
	const struct sdp_media *theirs = said->theirs, *ours = said->ours;
	if (!l->lease.port || !theirs)
		return;
	struct media_cmd cmd = {.mail.kind = MEDIA_CMD_SET, .id = l->stream};
	struct media_set *set = &cmd.set;
	*set = (struct media_set){.port = l->lease.port, .local = l->rtp_local};
	note_wish(l, ours, theirs);
	fill_remote(l, set, theirs, ours);
	set->hear = !ours || (sdp_media_dir(ours) & SDP_RECVONLY);
	set->expect = set->hear && (sdp_media_dir(theirs) & SDP_SENDONLY);
	set->silence_ms = l->call->calls->a.settings.silence_ms;
	choose_sink(&cmd, hears, ours);
	if (!hears->peer && !hears->echo) /* a relay needs none of it, and it costs memory */
		fill_voice(&cmd.voice, theirs, ours);
	leg_note_codec(l, ours && ours->n_fmt && !l->uac ? ours : theirs);
	l->stream_live = true;
	call_post_media(l->call, &cmd);
}

void leg_set_echo(struct leg *l)
{
	struct arena arena;
	arena_init(&arena, 16384);
	struct lines said = lines_of(&arena, l);
	set_media(l, &said, &(struct hears){.echo = true});
	arena_fini(&arena);
}

void leg_set_alone(struct leg *l, const struct call_room *room)
{
	struct arena arena;
	arena_init(&arena, 16384);
	struct lines said = lines_of(&arena, l);
	set_media(l, &said, &(struct hears){.room = room->room ? room : NULL});
	arena_fini(&arena);
}

void leg_join_media(struct leg *x, struct leg *y)
{
	struct arena arena;
	arena_init(&arena, 32768);
	struct lines of_x = lines_of(&arena, x), of_y = lines_of(&arena, y);
	set_media(x, &of_x, &(struct hears){.peer = y, .far = of_y.theirs});
	set_media(y, &of_y, &(struct hears){.peer = x, .far = of_x.theirs});
	arena_fini(&arena);
}

void leg_drop_media(struct leg *l)
{
	struct calls_args *a = &l->call->calls->a;
	if (l->lease.port)
		port_pool_release(a->ops->ports(a->arg, l->call->key), &l->lease);
	l->lease.port = 0;
	if (!l->stream_live || l->stream_ending)
		return;
	l->stream_ending = true;
	const struct media_cmd cmd = {.mail.kind = MEDIA_CMD_DESTROY, .id = l->stream};
	call_post_media(l->call, &cmd);
}

static struct leg *by_stream(const struct calls *c, uint64_t stream)
{
	struct map_node *n = map_find(&c->by_stream, hash_u64(&c->a.hash_key, stream));
	for (; n; n = map_next(n)) {
		struct leg *l = container_of(n, struct leg, stream_node);
		if (l->stream == stream)
			return l;
	}
	return NULL;
}

void calls_media_event(struct calls *c, const struct media_event *ev)
{
	struct leg *l = by_stream(c, ev->id);
	if (!l)
		return;
	switch (ev->what) {
	case MEDIA_EV_LOCKED:
		l->locked = true;
		settle_lease(l, &ev->addr);
		return;
	case MEDIA_EV_SILENCE:
		l->silent = true;
		leg_probe(l);
		return;
	case MEDIA_EV_RESUMED:
		l->silent = false;
		return;
	case MEDIA_EV_STATS:
		l->stats = ev->stats;
		l->have_stats = true;
		return;
	case MEDIA_EV_ENDED:
		l->stats = ev->stats;
		l->have_stats = true;
		l->stream_live = false;
		call_on_leg_over(l);
		return;
	case MEDIA_EV_DTMF:
		if (l == l->call->a && l->call->here == HERE_APP)
			talk_on_digit(l->call, ev->digit);
		return;
	case MEDIA_EV_PLAYED:
		talk_on_played(l->call, ev);
		return;
	case MEDIA_EV_TALKING:
		talk_on_talking(l->call, ev);
		return;
	case MEDIA_EV_DTMF_SENT:
	case MEDIA_EV_SPEAKER:
	case MEDIA_EV_LEVEL:
	case MEDIA_EV_ROOM_ENDED:
	case MEDIA_EV_RECORDED:
	case MEDIA_EV_PORT_FAILED:
	default: /* of processed audio, which no call asks for yet */
		return;
	}
}
