// SPDX-License-Identifier: Apache-2.0
/* Calls at a phone, from both ends: made, answered, refused, changed, given up, ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sim.h"
#include "sip/build.h"

static uint64_t now(const struct sess *s)
{
	return s->p->sim->wheel.now_ms;
}

static void in_ms(struct sess *s, struct timer *t, uint64_t ms)
{
	timer_in(&s->p->sim->wheel, t, ms);
}

/* -- sessions ------------------------------------------------------------------------ */

static void stop_timers(struct sess *s)
{
	timer_cancel(&s->p->sim->wheel, &s->plan_timer);
	timer_cancel(&s->p->sim->wheel, &s->hangup);
	timer_cancel(&s->p->sim->wheel, &s->refresh);
}

void talk_free(struct sess *s)
{
	list_for_each(it, &s->p->ctxs) {
		struct ctx *c = container_of(it, struct ctx, node);
		if (c->s == s)
			c->s = NULL;
	}
	stop_timers(s);
	list_remove(&s->node);
	free(s);
}

static void over(struct sess *s)
{
	if (s->state == SESS_OVER)
		return;
	stop_timers(s);
	s->state = SESS_OVER;
	s->side->over = true;
	s->side->over_ms = now(s);
	in_ms(s, &s->plan_timer, 2 * GIVE_UP_MS); /* repeats of what it knows may come */
}

static void on_plan(struct timer *t, void *arg);

static void on_hangup(struct timer *t, void *arg)
{
	struct sess *s = arg;
	if (s->p->sim->calm)
		timer_in(&s->p->sim->wheel, t, 5000);
	else
		talk_hangup(s);
}

static void on_refresh(struct timer *t, void *arg)
{
	struct sess *s = arg;
	timer_in(&s->p->sim->wheel, t, 60000);
	if (s->state == SESS_UP && !s->offering)
		talk_probe(s);
}

static struct sess *sess_new(struct phone *p, bool uac, const char *call_id)
{
	struct sess *s = calloc(1, sizeof *s);
	s->p = p;
	s->uac = uac;
	snprintf(s->call_id, sizeof s->call_id, "%s", call_id);
	snprintf(s->local_tag, sizeof s->local_tag, "t%u-%u", p->index, ++p->serial);
	s->cseq = 1 + rng_below(&p->rng, 1000);
	s->side = side_new(p, call_id, uac);
	timer_init(&s->plan_timer, on_plan, s);
	timer_init(&s->hangup, on_hangup, s);
	timer_init(&s->refresh, on_refresh, s);
	list_push_back(&p->sesss, &s->node);
	return s;
}

static struct sess *find(struct phone *p, const struct sip_msg *m)
{
	list_for_each(it, &p->sesss) {
		struct sess *s = container_of(it, struct sess, node);
		if (str_eq(m->call_id, str_z(s->call_id)) && str_eq(m->to.tag, str_z(s->local_tag)))
			return s;
	}
	return NULL;
}

/** Most people hang up some time. */
static void up(struct sess *s)
{
	if (s->state >= SESS_UP)
		return;
	s->state = SESS_UP;
	if (rng_below(&s->p->rng, 6))
		in_ms(s, &s->hangup, 200 + rng_below(&s->p->rng, rng_below(&s->p->rng, 3) ? 20000 : 200000));
}

/* -- requests ------------------------------------------------------------------------ */

static void put(struct sess *s, struct buf *b, const char *method, const char *branch, uint32_t cseq,
                const char *to_tag, const char *more, const char *sdp)
{
	const char *uri = s->target[0] && to_tag[0] ? s->target : s->ruri;
	buf_printf(b,
	           "%s %s SIP/2.0\r\nVia: SIP/2.0/%s 10.9.9.9:5060;rport;branch=%s\r\n"
	           "From: <%s>;tag=%s\r\nTo: <%s>%s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
	           "Max-Forwards: 70\r\nContact: <%s>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
	           method, uri, s->p->tcp ? "TCP" : "UDP", branch, s->local, s->local_tag, s->remote, to_tag[0] ? ";tag=" : "",
	           to_tag, s->call_id, cseq, method, s->p->contact, more,
	           sdp ? "Content-Type: application/sdp\r\n" : "", sdp ? strlen(sdp) : 0,
	           sdp ? sdp : "");
}

static struct ctx *request(struct sess *s, enum sip_method m, const char *more, const char *sdp)
{
	char branch[40];
	phone_new_branch(s->p, branch);
	struct buf b;
	buf_init(&b, 16384);
	put(s, &b, sip_method_name(m).p, branch, ++s->cseq, s->remote_tag, more, sdp);
	struct ctx *c = phone_request(s->p, s, m, buf_view(&b), branch);
	c->cseq = s->cseq;
	buf_fini(&b);
	return c;
}

/** Once, and nobody waits for an answer. */
static void say(struct sess *s, const char *method, const char *branch, uint32_t cseq,
                const char *to_tag, const char *more, const char *sdp)
{
	char fresh[40];
	if (!branch) {
		phone_new_branch(s->p, fresh);
		branch = fresh;
	}
	struct buf b;
	buf_init(&b, 16384);
	put(s, &b, method, branch, cseq, to_tag, more, sdp);
	phone_send(s->p, buf_view(&b));
	buf_fini(&b);
}

/* -- calling ------------------------------------------------------------------------- */

static void send_invite(struct sess *s, bool auth)
{
	struct phone *p = s->p;
	char sdp[512];
	struct buf more;
	buf_init(&more, 4096);
	buf_printf(&more, "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, INFO\r\nSupported: %s%s\r\n",
	           p->timers ? "timer" : "replaces", p->prack ? ", 100rel" : "");
	if (auth)
		phone_credentials(p, &more, "INVITE", s->ruri, true);
	buf_ch(&more, '\0');
	s->remote_tag[0] = '\0';
	s->authed = auth;
	s->outlaw = !p->account && now(s) > p->config_ms + 2000 ? p->config_ms : 0;
	s->side->heard = s->side->told = 0;
	struct ctx *c = request(s, SIP_INVITE, more.p, s->stage ? NULL : phone_sdp(p, "sendrecv", sdp));
	s->invite_cseq = c->cseq;
	snprintf(s->invite_via, sizeof s->invite_via, "%s", c->branch);
	buf_fini(&more);
}

void talk_call(struct phone *p, const char *number, bool with_offer)
{
	char id[80];
	snprintf(id, sizeof id, "c%u-%u-%u@phone", p->index, ++p->serial, rng_below(&p->rng, 1000000));
	struct sess *s = sess_new(p, true, id);
	bool whole = strchr(number, '@') != NULL;
	snprintf(s->ruri, sizeof s->ruri, "sip:%s%s%s", number, whole ? "" : "@", whole ? "" : p->domain);
	snprintf(s->local, sizeof s->local, "sip:%s@%s", p->username, p->domain);
	snprintf(s->remote, sizeof s->remote, "%s", s->ruri);
	s->stage = !with_offer;
	sim_note(p->sim, "%s calls %s", p->username, s->ruri);
	send_invite(s, false);
}

static void send_cancel(struct sess *s)
{
	if (s->cancel_sent)
		return;
	s->cancel_sent = true;
	struct buf b;
	buf_init(&b, 4096);
	put(s, &b, "CANCEL", s->invite_via, s->invite_cseq, "", "", NULL);
	struct ctx *c = phone_request(s->p, s, SIP_CANCEL, buf_view(&b), s->invite_via);
	c->cseq = s->invite_cseq;
	buf_fini(&b);
}

void talk_cancel(struct sess *s)
{
	if (!s->uac || s->state > SESS_EARLY || !s->authed || s->want_cancel)
		return;
	s->want_cancel = true;
	s->side->cancelled = true;
	if (s->state == SESS_EARLY)
		send_cancel(s);
}

static void on_ringing(struct sess *s, const struct sip_msg *m)
{
	uint32_t rseq;
	if (s->state == SESS_TRYING)
		s->state = SESS_EARLY;
	s->side->began = s->authed;
	if (s->want_cancel)
		send_cancel(s);
	if (!sip_has_token(m, HDR_REQUIRE, STR("100rel")) || sip_number(m, HDR_RSEQ, &rseq) != 0 ||
	    (s->last_rseq && rseq <= s->last_rseq))
		return;
	s->last_rseq = rseq;
	char rack[80], tag[64];
	snprintf(rack, sizeof rack, "RAck: %u %u INVITE\r\n", rseq, s->invite_cseq);
	str_copyz(tag, sizeof tag, m->to.tag);
	snprintf(s->remote_tag, sizeof s->remote_tag, "%s", tag);
	request(s, SIP_PRACK, rack, NULL);
	s->remote_tag[0] = '\0';
}

static void take_dialog(struct sess *s, const struct sip_msg *m)
{
	struct sip_addr contact;
	str_copyz(s->remote_tag, sizeof s->remote_tag, s->uac ? m->to.tag : m->from.tag);
	if (sip_contact(m, &contact) != 0 || !str_copyz(s->target, sizeof s->target, contact.uri.text))
		sim_fail(s->p->sim, "a message that makes a dialog has no Contact");
}

static void ack_2xx(struct sess *s, const struct sip_msg *m)
{
	char tag[64], sdp[512];
	str_copyz(tag, sizeof tag, m->to.tag);
	bool asked = s->stage && s->uac && m->cseq.number == s->invite_cseq;
	say(s, "ACK", NULL, m->cseq.number, tag, "", asked ? phone_sdp(s->p, "sendrecv", sdp) : NULL);
}

static void on_answered(struct sess *s, const struct sip_msg *m)
{
	if (s->state > SESS_EARLY) {
		if (s->side->status / 100 == 2 && !str_eq(m->to.tag, str_z(s->remote_tag)) &&
		    !s->side->killed) /* a switch that was started again knows nothing of the first */
			sim_fail(s->p->sim, "two answers to one INVITE");
		ack_2xx(s, m);
		return;
	}
	if (!s->authed)
		sim_fail(s->p->sim, "an INVITE without credentials was answered");
	if (s->outlaw && s->outlaw == s->p->config_ms)
		sim_fail(s->p->sim, "%s was removed, and could call", s->p->username);
	s->side->began = true;
	s->side->status = m->status;
	take_dialog(s, m);
	ack_2xx(s, m);
	up(s);
	if (memmem(m->bytes.p, m->bytes.n, "refresher=uac", 13))
		in_ms(s, &s->refresh, 60000);
	if (s->want_cancel)
		talk_hangup(s);
}

static void on_refused(struct ctx *c, const struct sip_msg *m)
{
	struct sess *s = c->s;
	char tag[64];
	str_copyz(tag, sizeof tag, m->to.tag);
	struct buf b;
	buf_init(&b, 4096);
	char target[256];
	snprintf(target, sizeof target, "%s", s->target);
	s->target[0] = '\0'; /* 17.1.1.3: the Request-URI of the INVITE */
	put(s, &b, "ACK", c->branch, c->cseq, tag, "", NULL);
	snprintf(s->target, sizeof s->target, "%s", target);
	phone_send(s->p, buf_view(&b));
	buf_fini(&b);
	if (s->state > SESS_EARLY || c->cseq != s->invite_cseq)
		return;
	if (m->status == 407 && (!s->authed || ++s->rseq < 4)) {
		phone_take_challenge(s->p, m);
		send_invite(s, true);
		return;
	}
	s->side->status = m->status;
	s->side->began = s->authed && m->status != 401 && m->status != 407 && s->side->began;
	over(s);
}

/* -- answers in the dialog ----------------------------------------------------------- */

/** The switch does not know a call that this phone is in: then its BYE must be on the way. */
static void lost(struct sess *s)
{
	if (s->state != SESS_UP || s->disowned)
		return;
	s->disowned = true;
	timer_cancel(&s->p->sim->wheel, &s->refresh);
	timer_cancel(&s->p->sim->wheel, &s->hangup);
	in_ms(s, &s->plan_timer, s->side->killed ? 1 : GIVE_UP_MS);
}

static void on_disowned(struct sess *s)
{
	const struct side *d = s->side;
	if (s->state == SESS_UP && !d->killed && !d->disturbed && !d->odd)
		sim_fail(s->p->sim, "%s is in a call (%s) that the switch does not know", s->p->username,
		         s->call_id);
	over(s);
}

static void on_modified(struct ctx *c, const struct sip_msg *m)
{
	struct sess *s = c->s;
	if (m->status < 300 && c->method == SIP_INVITE)
		ack_2xx(s, m);
	else if (c->method == SIP_INVITE)
		on_refused(c, m);
	if (s->state == SESS_OVER)
		return;
	s->offering = false;
	if (m->status == 481)
		lost(s);
}

void talk_response(struct ctx *c, const struct sip_msg *m)
{
	struct sess *s = c->s;
	if (!s)
		return;
	if (m->status < 200) {
		if (c->method == SIP_INVITE && s->state <= SESS_EARLY && c->cseq == s->invite_cseq)
			on_ringing(s, m);
		return;
	}
	switch (c->method) {
	case SIP_INVITE:
		if (c->cseq != s->invite_cseq && s->state >= SESS_UP)
			on_modified(c, m);
		else if (m->status < 300)
			on_answered(s, m);
		else
			on_refused(c, m);
		return;
	case SIP_BYE:
		over(s);
		return;
	case SIP_UPDATE:
		on_modified(c, m);
		return;
	case SIP_OPTIONS:
		if (m->status == 481 && s->state == SESS_UP)
			lost(s);
		return;
	default:
		return;
	}
}

void talk_timeout(struct ctx *c)
{
	struct sess *s = c->s;
	struct side *d = s->side;
	bool first = c->method == SIP_INVITE && c->cseq == s->invite_cseq && s->state <= SESS_EARLY;
	if (first && !d->killed && !d->disturbed &&
	    (c->proceeding || (d->heard && !d->told)))
		sim_fail(s->p->sim, "the INVITE of %s (%s) never got a final answer", s->p->username,
		         s->call_id);
	if (first || c->method == SIP_BYE)
		over(s);
	s->offering = false;
}

/* -- called -------------------------------------------------------------------------- */

static const char *answer_dir(struct str offer)
{
	if (memmem(offer.p, offer.n, "a=sendonly", 10))
		return "recvonly";
	if (memmem(offer.p, offer.n, "a=recvonly", 10))
		return "sendonly";
	return memmem(offer.p, offer.n, "a=inactive", 10) ? "inactive" : "sendrecv";
}

static unsigned choose_plan(struct phone *p)
{
	static const unsigned refusals[] = {486, 486, 480, 603, 404, 302, 500, 488, 600, 408};
	unsigned x = rng_below(&p->rng, 100);
	return x < 58 ? 200 : x < 76 ? refusals[rng_below(&p->rng, 10)] : x < 78 ? 999 : 0;
}

static void refuse(struct sess *s, unsigned status)
{
	s->side->status = status;
	phone_reply(s->p, s->invite_srv, status, s->local_tag, "", NULL);
	over(s);
}

static void answer(struct sess *s)
{
	char sdp[512];
	s->side->status = 200;
	phone_reply(s->p, s->invite_srv, 200, s->local_tag,
	            "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO\r\n", phone_sdp(s->p, "sendrecv", sdp));
}

static void ring(struct sess *s)
{
	struct phone *p = s->p;
	char more[64] = "", sdp[512];
	bool offer = s->plan && rng_below(&p->rng, 4) == 0 && !s->offering;
	if (offer && p->prack && memmem(s->invite_srv->request, s->invite_srv->request_n, "100rel", 6))
		snprintf(more, sizeof more, "Require: 100rel\r\nRSeq: %u\r\n", s->rseq = 100 + p->index);
	phone_reply(p, s->invite_srv, offer ? 183 : 180, s->local_tag, more,
	            offer ? phone_sdp(p, "sendrecv", sdp) : NULL);
}

/** An answer that is none, or one with a description of nothing. */
static void answer_oddly(struct sess *s)
{
	s->side->odd = true;
	if (rng_below(&s->p->rng, 2)) {
		phone_reply(s->p, s->invite_srv, 200, s->local_tag, "", "v=0\r\nnonsense\r\n");
		s->side->status = 200;
	} else {
		phone_send(s->p, STR("SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 1 BYE\r\n\r\n"));
		refuse(s, 486);
	}
}

static void on_plan(struct timer *t, void *arg)
{
	struct sess *s = arg;
	if (s->state == SESS_OVER) {
		talk_free(s);
		return;
	}
	if (s->disowned) {
		on_disowned(s);
		return;
	}
	if (!s->invite_srv || s->invite_srv->status >= 200)
		return;
	if (s->stage == 0) {
		s->stage = 1;
		if (s->plan != 200 || rng_below(&s->p->rng, 5))
			ring(s);
		if (s->plan)
			in_ms(s, t, 1 + rng_below(&s->p->rng, rng_below(&s->p->rng, 2) ? 300 : 9000));
	} else if (s->invite_srv->repeat) { /* RFC 3262 section 3: the PRACK comes first */
		in_ms(s, t, 300);
	} else if (s->plan == 200) {
		answer(s);
	} else if (s->plan == 999) {
		answer_oddly(s);
	} else {
		refuse(s, s->plan);
	}
}

static void incoming(struct phone *p, struct srv *v, const struct sip_msg *m)
{
	check_invite_came(p, m);
	char id[80];
	str_copyz(id, sizeof id, m->call_id);
	struct sess *s = sess_new(p, false, id);
	s->invite_srv = v;
	s->invite_cseq = s->remote_cseq = m->cseq.number;
	str_copyz(s->remote_branch, sizeof s->remote_branch, m->via.branch);
	s->state = SESS_EARLY;
	/* It may be the last copy, and the switch gives up before it is answered. */
	s->side->odd = p->back_ms && now(s) < p->back_ms + GIVE_UP_MS;
	s->offering = !m->body.n; /* nothing to answer early */
	take_dialog(s, m);
	str_copyz(s->local, sizeof s->local, m->to.uri.text);
	str_copyz(s->remote, sizeof s->remote, m->from.uri.text);
	s->plan = choose_plan(p);
	s->stubborn = rng_below(&p->rng, 8) == 0;
	in_ms(s, &s->plan_timer, 1 + rng_below(&p->rng, 300));
}

static void on_bye(struct sess *s, struct srv *v)
{
	phone_reply(s->p, v, 200, NULL, "", NULL);
	if (!s->side->bye_got_ms)
		s->side->bye_got_ms = now(s);
	if (!s->uac && s->invite_srv)
		s->invite_srv->repeat = false;
	over(s);
}

static void on_offer(struct sess *s, struct srv *v, const struct sip_msg *m)
{
	char sdp[512];
	unsigned odd = rng_below(&s->p->rng, 20);
	if (s->offering && s->state == SESS_UP && m->body.n)
		phone_reply(s->p, v, 491, NULL, "", NULL);
	else if (odd == 0 && m->body.n)
		phone_reply(s->p, v, 488, NULL, "", NULL);
	else
		phone_reply(s->p, v, 200, NULL, "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO\r\n",
		            m->body.n || m->method == SIP_INVITE
		                    ? phone_sdp(s->p, answer_dir(m->body), sdp)
		                    : NULL);
}

void talk_request(struct phone *p, struct srv *v, const struct sip_msg *m)
{
	if (!m->to.tag.n) {
		if (m->method == SIP_INVITE)
			incoming(p, v, m);
		else
			phone_reply(p, v, m->method == SIP_OPTIONS ? 200 : 481, "o", "", NULL);
		return;
	}
	struct sess *s = find(p, m);
	if (!s || s->state == SESS_OVER) {
		phone_reply(p, v, 481, NULL, "", NULL);
		return;
	}
	if (m->cseq.number == s->remote_cseq && !str_eq(m->via.branch, str_z(s->remote_branch)))
		sim_fail(p->sim, "two requests of the call %s have one CSeq", s->call_id);
	s->remote_cseq = m->cseq.number;
	str_copyz(s->remote_branch, sizeof s->remote_branch, m->via.branch);
	switch (m->method) {
	case SIP_BYE:
		on_bye(s, v);
		return;
	case SIP_INVITE:
	case SIP_UPDATE:
		on_offer(s, v, m);
		return;
	case SIP_PRACK:
		if (s->invite_srv && s->invite_srv->status < 200)
			s->invite_srv->repeat = false;
		phone_reply(p, v, 200, NULL, "", NULL);
		return;
	default:
		phone_reply(p, v, 200, NULL, "", NULL);
		return;
	}
}

void talk_ack(struct phone *p, const struct sip_msg *m)
{
	struct sess *s = find(p, m);
	if (!s)
		return;
	list_for_each(it, &p->srvs) {
		struct srv *v = container_of(it, struct srv, node);
		if (v->method == SIP_INVITE && v->cseq == m->cseq.number && v->status / 100 == 2 &&
		    memmem(v->request, v->request_n, s->call_id, strlen(s->call_id)))
			v->repeat = false;
	}
	if (!s->uac && m->cseq.number == s->invite_cseq && s->side->status == 200) {
		s->side->acked_ms = now(s);
		s->offering = false;
		up(s);
	}
}

void talk_cancel_came(struct phone *p, struct srv *v, const struct sip_msg *m)
{
	(void)p;
	(void)m;
	list_for_each(it, &v->p->sesss) {
		struct sess *s = container_of(it, struct sess, node);
		if (s->invite_srv != v)
			continue;
		if (s->stubborn && s->state == SESS_EARLY) {
			answer(s); /* the hand was on the receiver already */
			return;
		}
		s->side->cancelled = true;
		refuse(s, 487);
		return;
	}
	phone_reply(v->p, v, 487, "r", "", NULL); /* a re-INVITE */
}

void talk_no_ack(struct phone *p, struct srv *v)
{
	list_for_each(it, &p->sesss) {
		struct sess *s = container_of(it, struct sess, node);
		if (s->invite_srv != v || s->state == SESS_OVER)
			continue;
		const struct side *d = s->side;
		/* An INVITE that was under way at a kill (2 s at most) is of a call that died with it. */
		bool late = d->at->last_kill_ms && d->start_ms < d->at->last_kill_ms + 2000;
		if (v->status / 100 == 2 && !d->killed && !d->disturbed && !d->odd && !late)
			sim_fail(p->sim, "the 200 of %s (%s) was never acknowledged", p->username, s->call_id);
		if (v->status < 200)
			refuse(s, 500);
		else if (v->status < 300)
			up(s), talk_hangup(s);
		return;
	}
}

/* -- in the call --------------------------------------------------------------------- */

void talk_hangup(struct sess *s)
{
	if (s->state != SESS_UP)
		return;
	s->state = SESS_BYE;
	s->side->bye_sent_ms = now(s);
	request(s, SIP_BYE, "", NULL);
}

void talk_modify(struct sess *s, bool update, bool hold)
{
	char sdp[512];
	if (s->state != SESS_UP || s->offering)
		return;
	s->offering = true;
	request(s, update ? SIP_UPDATE : SIP_INVITE, "",
	        phone_sdp(s->p, hold ? "sendonly" : "sendrecv", sdp));
}

/** A refresh without a description: is the switch still there? */
void talk_probe(struct sess *s)
{
	if (s->state != SESS_UP)
		return;
	request(s, SIP_UPDATE, "Supported: timer\r\nSession-Expires: 180;refresher=uac\r\n", NULL);
}

void talk_nonsense(struct sess *s)
{
	static const char *const methods[] = {"BYE", "INFO", "INVITE", "NONSENSE", "UPDATE", "PRACK"};
	const char *method = methods[rng_below(&s->p->sim->dice, 6)];
	switch (rng_below(&s->p->sim->dice, s->uac ? 5 : 4)) {
	case 0: /* another dialog */
		say(s, method, NULL, s->cseq + 50, "wrong-tag", "", NULL);
		return;
	case 1: /* a stream would be closed for it */
		if (s->p->tcp)
			phone_line_cut(s->p);
		phone_send(s->p, STR("\0\1\2 rubbish\r\n\r\n"));
		return;
	case 2:
		phone_send(s->p, STR("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKno\r\n"
		                     "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: no\r\n"
		                     "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"));
		return;
	case 3: /* an ACK nobody waits for */
		say(s, "ACK", NULL, s->cseq + 7, s->remote_tag, "", NULL);
		return;
	default: /* out of order: before its own INVITE */
		say(s, method, NULL, s->invite_cseq - 1, s->remote_tag, "", NULL);
		return;
	}
}
