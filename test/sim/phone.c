// SPDX-License-Identifier: Apache-2.0
/*
 * A phone: transactions with their timers (RFC 3261 section 17), registration, moves. It
 * sends text of its own; only the reading and the digest are the product's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sim.h"
#include "sip/build.h"
#include "sip/digest.h"

static const struct sip_limits limits = {65535, 256, 60000};

void phone_send(struct phone *p, struct str bytes)
{
	if (p->on && p->tcp)
		tcp_from_phone(p, bytes);
	else if (p->on)
		net_from_phone(p, bytes);
}

const char *phone_sdp(struct phone *p, const char *dir, char out[512])
{
	char ip[64];
	struct buf b;
	buf_init_fixed(&b, ip, sizeof ip - 1);
	addr_put_ip(&b, &p->addr, false);
	ip[b.n] = '\0';
	snprintf(out, 512,
	         "v=0\r\no=%s 1 %u IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
	         "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
	         p->username, ++p->sdp_version, ip, ip, 4000 + 2 * p->index, dir);
	return out;
}

/* -- client transactions ------------------------------------------------------------- */

void ctx_stop(struct ctx *c)
{
	timer_cancel(&c->p->sim->wheel, &c->again);
	timer_cancel(&c->p->sim->wheel, &c->end);
	list_remove(&c->node);
	free(c->bytes);
	free(c);
}

/** Timers A and E. */
static void on_again(struct timer *t, void *arg)
{
	struct ctx *c = arg;
	phone_send(c->p, (struct str){c->bytes, c->n});
	c->wait_ms *= 2;
	if (c->method != SIP_INVITE && c->wait_ms > 4000)
		c->wait_ms = 4000;
	timer_in(&c->p->sim->wheel, t, c->wait_ms);
}

/** Timers B and F, the end of D and K, and for an INVITE that rings longer than anybody waits. */
static void on_end(struct timer *t, void *arg)
{
	(void)t;
	struct ctx *c = arg;
	timer_cancel(&c->p->sim->wheel, &c->again);
	if (!c->done && c->s)
		talk_timeout(c);
	else if (!c->done && c->method == SIP_REGISTER)
		timer_in(&c->p->sim->wheel, &c->p->register_timer, 5000 + rng_below(&c->p->rng, 5000));
	ctx_stop(c);
}

void phone_new_branch(struct phone *p, char out[40])
{
	snprintf(out, 40, "z9hG4bK-%u-%u", p->index, ++p->serial);
}

/** `text` is all behind the Via line. */
struct ctx *phone_request(struct phone *p, struct sess *s, enum sip_method m, struct str text,
                          const char *branch)
{
	struct ctx *c = calloc(1, sizeof *c);
	c->p = p;
	c->s = s;
	c->method = m;
	snprintf(c->branch, sizeof c->branch, "%s", branch);
	c->bytes = str_dupz(text);
	c->n = text.n;
	c->wait_ms = T1_MS;
	timer_init(&c->again, on_again, c);
	timer_init(&c->end, on_end, c);
	list_push_back(&p->ctxs, &c->node);
	if (!p->tcp)
		timer_in(&p->sim->wheel, &c->again, T1_MS);
	timer_in(&p->sim->wheel, &c->end, GIVE_UP_MS);
	phone_send(p, text);
	return c;
}

static void on_register_response(struct ctx *c, const struct sip_msg *m);

static void on_response(struct phone *p, const struct sip_msg *m)
{
	list_for_each_safe(it, &p->ctxs) {
		struct ctx *c = container_of(it, struct ctx, node);
		if (!str_eq(m->via.branch, str_z(c->branch)) || c->method != m->cseq.method)
			continue;
		struct timer_wheel *w = &p->sim->wheel;
		if (m->status < 200 && c->done)
			return;
		if (c->method == SIP_INVITE)
			timer_cancel(w, &c->again);
		if (m->status < 200) {
			c->proceeding = true;
			if (c->method == SIP_INVITE)
				timer_in(w, &c->end, 200000);
		} else if (!c->done) {
			c->done = true;
			timer_cancel(w, &c->again);
			timer_in(w, &c->end, GIVE_UP_MS);
		}
		if (c->method == SIP_REGISTER)
			on_register_response(c, m);
		else if (c->method == SIP_MESSAGE)
			text_answered(c, m);
		else
			talk_response(c, m); /* it may not free `c` */
		return;
	}
}

/* -- server transactions ------------------------------------------------------------- */

void srv_stop(struct srv *v)
{
	list_for_each(it, &v->p->sesss) {
		struct sess *s = container_of(it, struct sess, node);
		if (s->invite_srv == v)
			s->invite_srv = NULL;
	}
	timer_cancel(&v->p->sim->wheel, &v->again);
	timer_cancel(&v->p->sim->wheel, &v->end);
	list_remove(&v->node);
	free(v->request);
	free(v->reply);
	free(v);
}

/** Timer G, and what RFC 3261 section 13.3.1.4 and RFC 3262 section 3 say of theirs. */
static void on_reply_again(struct timer *t, void *arg)
{
	struct srv *v = arg;
	if (!v->repeat)
		return;
	v->waited_ms += v->wait_ms;
	if (v->waited_ms >= GIVE_UP_MS) {
		v->repeat = false;
		talk_no_ack(v->p, v);
		return;
	}
	phone_send(v->p, (struct str){v->reply, v->reply_n});
	v->wait_ms = v->wait_ms * 2 < 4000 || v->status < 200 ? v->wait_ms * 2 : 4000;
	timer_in(&v->p->sim->wheel, t, v->wait_ms);
}

static void on_srv_end(struct timer *t, void *arg)
{
	(void)t;
	srv_stop(arg);
}

static void keep_reply(struct srv *v, struct buf *b, unsigned status, bool reliable)
{
	struct timer_wheel *w = &v->p->sim->wheel;
	free(v->reply);
	v->reply = str_dupz(buf_view(b));
	v->reply_n = b->n;
	v->status = status;
	timer_cancel(w, &v->again);
	v->repeat = v->method == SIP_INVITE && (v->p->tcp ? status / 100 == 2 : status >= 200 || reliable);
	v->repeat |= v->method == SIP_INVITE && reliable;
	v->wait_ms = T1_MS;
	v->waited_ms = 0;
	if (v->repeat)
		timer_in(w, &v->again, T1_MS);
	if (status >= 200)
		timer_in(w, &v->end, GIVE_UP_MS + 5000);
}

void phone_reply(struct phone *p, struct srv *v, unsigned status, const char *tag, const char *more,
                 const char *sdp)
{
	struct arena arena;
	arena_init(&arena, 8192);
	struct sip_msg m;
	struct sip_parse_error e;
	if (sip_msg_parse(&m, &arena, (struct str){v->request, v->request_n}, &limits, &e) != 0)
		abort();
	struct buf b;
	buf_init(&b, 16384);
	sip_put_status_line(&b, (uint16_t)status, STR_NONE);
	for (const struct sip_hdr *h = sip_hdr(&m, HDR_VIA); h; h = sip_hdr_next(&m, h))
		buf_printf(&b, "Via: " STR_FMT "\r\n", STR_ARG(h->value));
	struct str from = sip_value(&m, HDR_FROM), to = sip_value(&m, HDR_TO);
	struct str cseq = sip_value(&m, HDR_CSEQ);
	buf_printf(&b, "From: " STR_FMT "\r\nTo: " STR_FMT, STR_ARG(from), STR_ARG(to));
	if (!m.to.tag.n && tag)
		buf_printf(&b, ";tag=%s", tag);
	buf_printf(&b, "\r\nCall-ID: " STR_FMT "\r\nCSeq: " STR_FMT "\r\nContact: <%s>\r\n%s",
	           STR_ARG(m.call_id), STR_ARG(cseq), p->contact, more);
	if (sdp)
		buf_lit(&b, "Content-Type: application/sdp\r\n");
	buf_printf(&b, "Content-Length: %zu\r\n\r\n%s", sdp ? strlen(sdp) : 0, sdp ? sdp : "");
	keep_reply(v, &b, status, strstr(more, "RSeq") != NULL);
	phone_send(p, buf_view(&b));
	buf_fini(&b);
	arena_fini(&arena);
}

static struct srv *srv_find(struct phone *p, const struct sip_msg *m, enum sip_method method)
{
	list_for_each(it, &p->srvs) {
		struct srv *v = container_of(it, struct srv, node);
		if (v->method == method && str_eq(str_z(v->branch), m->via.branch))
			return v;
	}
	return NULL;
}

static struct srv *srv_new(struct phone *p, const struct sip_msg *m)
{
	struct srv *v = calloc(1, sizeof *v);
	v->p = p;
	v->method = m->method;
	v->cseq = m->cseq.number;
	str_copyz(v->branch, sizeof v->branch, m->via.branch);
	v->request = str_dupz(m->bytes);
	v->request_n = m->bytes.n;
	timer_init(&v->again, on_reply_again, v);
	timer_init(&v->end, on_srv_end, v);
	timer_in(&p->sim->wheel, &v->end, 300000);
	list_push_back(&p->srvs, &v->node);
	return v;
}

static void on_ack(struct phone *p, const struct sip_msg *m)
{
	struct srv *v = srv_find(p, m, SIP_INVITE);
	if (v && v->status >= 300)
		v->repeat = false;
	else
		talk_ack(p, m);
}

static void on_request(struct phone *p, const struct sip_msg *m)
{
	if (m->method == SIP_ACK) {
		on_ack(p, m);
		return;
	}
	struct srv *v = srv_find(p, m, m->method);
	if (v) { /* again: the same answer */
		if (v->reply)
			phone_send(p, (struct str){v->reply, v->reply_n});
		return;
	}
	v = srv_new(p, m);
	if (m->method == SIP_CANCEL) {
		struct srv *invite = srv_find(p, m, SIP_INVITE);
		phone_reply(p, v, invite ? 200 : 481, "c", "", NULL);
		if (invite && invite->status < 200)
			talk_cancel_came(p, invite, m);
		return;
	}
	if (m->method == SIP_MESSAGE && !m->to.tag.n)
		text_came(p, v, m);
	else
		talk_request(p, v, m);
}

void phone_packet(struct phone *p, struct str bytes)
{
	struct arena arena;
	arena_init(&arena, 8192);
	struct sip_msg m;
	struct sip_parse_error e;
	char *exact = malloc(bytes.n);
	memcpy(exact, bytes.p, bytes.n);
	if (sip_msg_parse(&m, &arena, (struct str){exact, bytes.n}, &limits, &e) != 0)
		sim_fail(p->sim, "what the switch sent is malformed (%s):\n" STR_FMT, e.what, STR_ARG(bytes));
	if (m.request)
		on_request(p, &m);
	else
		on_response(p, &m);
	free(exact);
	arena_fini(&arena);
}

/* -- digest -------------------------------------------------------------------------- */

void phone_take_challenge(struct phone *p, const struct sip_msg *m)
{
	const struct sip_hdr *h = sip_hdr(m, HDR_PROXY_AUTHENTICATE);
	if (!h)
		h = sip_hdr(m, HDR_WWW_AUTHENTICATE);
	if (!h || !str_copyz(p->challenge, sizeof p->challenge, h->value))
		sim_fail(p->sim, "a 401 or 407 without a challenge");
	p->nc = 0;
}

void phone_credentials(struct phone *p, struct buf *b, const char *method, const char *uri, bool proxy)
{
	struct digest_challenge ch;
	if (digest_challenge_parse(&ch, str_z(p->challenge)) != 0)
		sim_fail(p->sim, "a challenge that cannot be read: %s", p->challenge);
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, str_z(p->username), ch.realm, str_z(p->password));
	buf_str(b, proxy ? STR("Proxy-Authorization: ") : STR("Authorization: "));
	if (digest_answer(b, &ch, str_z(p->username), &ha1, str_z(method), str_z(uri), STR("c0ffee"),
	                  ++p->nc) != 0)
		sim_fail(p->sim, "a challenge that cannot be answered: %s", p->challenge);
	buf_lit(b, "\r\n");
}

/* -- registration -------------------------------------------------------------------- */

void phone_end_span(struct phone *p)
{
	uint64_t now = p->sim->wheel.now_ms;
	if (!p->reg.until_ms)
		return;
	if (p->reg.until_ms > now)
		p->reg.until_ms = now;
	p->past[p->n_past++ % REG_PAST] = p->reg;
	p->reg = (struct reg_span){0};
}

static void send_register(struct phone *p, bool auth)
{
	char branch[40], uri[64];
	phone_new_branch(p, branch);
	snprintf(uri, sizeof uri, "sip:%s", p->domain);
	struct buf b;
	buf_init(&b, 8192);
	buf_printf(&b,
	           "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/%s 10.9.9.9:5060;rport;branch=%s\r\n"
	           "From: <sip:%s@%s>;tag=r%u\r\nTo: <sip:%s@%s>\r\nCall-ID: reg-%u-%u\r\n"
	           "CSeq: %u REGISTER\r\nMax-Forwards: 70\r\nContact: <%s>",
	           uri, p->tcp ? "TCP" : "UDP", branch, p->username, p->domain, p->serial, p->username, p->domain, p->tenant,
	           p->index, ++p->reg_cseq, p->contact);
	if (p->instance)
		buf_printf(&b, ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-%012u>\"", p->index);
	buf_printf(&b, "\r\nExpires: %u\r\n", p->want_expires);
	if (auth)
		phone_credentials(p, &b, "REGISTER", uri, false);
	buf_lit(&b, "Content-Length: 0\r\n\r\n");
	struct ctx *c = phone_request(p, NULL, SIP_REGISTER, buf_view(&b), branch);
	c->cseq = p->reg_cseq;
	p->reg_authed = auth;
	p->reg_sent_ms = p->sim->wheel.now_ms;
	p->reg_line = tcp_line_id(p);
	buf_fini(&b);
}

void phone_register(struct phone *p, uint32_t expires_s)
{
	if (!p->on)
		return;
	p->want_expires = expires_s;
	if (!expires_s)
		phone_end_span(p);
	timer_cancel(&p->sim->wheel, &p->register_timer);
	send_register(p, false);
}

static void on_register_timer(struct timer *t, void *arg)
{
	(void)t;
	struct phone *p = arg;
	phone_register(p, p->want_expires ? p->want_expires : 300);
}

/** Its REGISTER was accepted by a switch that was killed since, or by way of a lost stream. */
static bool is_doubtful(const struct phone *p)
{
	if (p->tcp && (!p->reg_line || p->reg_line != tcp_line_id(p)))
		return true;
	return p->reg_sent_ms <= p->home->last_kill_ms;
}

static void registered(struct phone *p, const struct sip_msg *m)
{
	struct sim *s = p->sim;
	uint64_t now = s->wheel.now_ms;
	s->registers++;
	if (!p->want_expires) {
		timer_in(&s->wheel, &p->register_timer, 20000 + rng_below(&p->rng, 60000));
		return;
	}
	if (!memmem(m->bytes.p, m->bytes.n, p->contact, strlen(p->contact)))
		sim_fail(s, "%s: the 200 to REGISTER does not list its Contact", p->username);
	if (!p->reg.until_ms || p->reg.until_ms <= now)
		phone_end_span(p);
	bool old = p->config_ms && p->reg_sent_ms < p->config_ms + 1000; /* of before the change */
	if (p->account && !old && !is_doubtful(p)) {
		if (!p->reg.until_ms)
			p->reg.from_ms = now, p->reg.at = p->home;
		/* The switch counts from when it came there: sure is a little less. */
		p->reg.until_ms = now + p->want_expires * 1000ull - GIVE_UP_MS;
	}
	timer_in(&s->wheel, &p->register_timer,
	         p->want_expires * 500ull + rng_below(&p->rng, p->want_expires * 300));
}

static void on_register_response(struct ctx *c, const struct sip_msg *m)
{
	struct phone *p = c->p;
	if (m->status < 200 || c->cseq != p->reg_cseq) /* of an older attempt */
		return;
	if (timer_is_set(&p->register_timer)) /* the same answer again */
		return;
	bool lawful = p->account && (!p->config_ms || p->reg_sent_ms > p->config_ms + 2000);
	if (m->status == 401 && p->reg_tries >= (lawful ? 8 : 2)) {
		if (lawful)
			sim_fail(p->sim, "%s: the right password was refused", p->username);
		p->reg_tries = 0;
		timer_in(&p->sim->wheel, &p->register_timer, 10000);
	} else if (m->status == 401) {
		p->reg_tries++;
		/* A nonce may be used up once: the second 401 begins anew. */
		phone_take_challenge(p, m);
		send_register(p, true);
	} else if (m->status == 200) {
		p->reg_tries = 0;
		if (!p->account && p->reg_sent_ms > p->config_ms + 2000)
			sim_fail(p->sim, "%s of %s was removed, and could register", p->username, p->domain);
		registered(p, m);
	} else {
		timer_in(&p->sim->wheel, &p->register_timer, 10000);
		if (lawful && m->status != 500) /* out of order: an older copy overtook this one */
			sim_fail(p->sim, "%s: REGISTER was refused with %u", p->username, m->status);
	}
}

/* -- coming and going ---------------------------------------------------------------- */

static void forget_all(struct phone *p)
{
	while (!list_empty(&p->sesss))
		talk_free(container_of(list_first(&p->sesss), struct sess, node));
	while (!list_empty(&p->ctxs))
		ctx_stop(container_of(list_first(&p->ctxs), struct ctx, node));
	while (!list_empty(&p->srvs))
		srv_stop(container_of(list_first(&p->srvs), struct srv, node));
	timer_cancel(&p->sim->wheel, &p->register_timer);
}

static void leave_calls(struct phone *p)
{
	list_for_each(it, &p->sim->sides) {
		struct side *d = container_of(it, struct side, node);
		if (d->phone == p && !d->over)
			d->disturbed = d->over = true;
	}
	forget_all(p);
}

void phone_off(struct phone *p)
{
	sim_note(p->sim, "%s of %s vanishes", p->username, p->domain);
	phone_end_span(p);
	leave_calls(p);
	tcp_phone_gone(p, rng_below(&p->rng, 2));
	p->on = false;
}

void phone_back(struct phone *p)
{
	sim_note(p->sim, "%s of %s is back", p->username, p->domain);
	p->on = true;
	p->back_ms = p->sim->wheel.now_ms;
	phone_register(p, 120 + 60 * rng_below(&p->rng, 8));
}

static void set_contact(struct phone *p)
{
	char text[ADDR_TEXT];
	if (p->fixed_contact) /* behind NAT: it knows only its own network */
		snprintf(text, sizeof text, "10.1.%u.%u:5060", p->tenant, p->index);
	else
		(void)addr_text(&p->addr, text);
	snprintf(p->contact, sizeof p->contact, "sip:%s@%s%s", p->username, text,
	         p->tcp ? ";transport=tcp" : "");
}

void phone_line_cut(struct phone *p)
{
	phone_end_span(p);
	list_for_each(it, &p->sim->sides) {
		struct side *d = container_of(it, struct side, node);
		if (d->phone == p && !d->over)
			d->disturbed = true;
	}
}

void phone_line_lost(struct phone *p)
{
	if (p->on)
		timer_in(&p->sim->wheel, &p->register_timer, 100 + rng_below(&p->rng, 5000));
}

void phone_source(const struct phone *p, char out[ADDR_TEXT])
{
	struct addr at = p->addr;
	if (p->tcp)
		(void)tcp_source(p, &at);
	(void)addr_text(&at, out);
}

/** Another port of its NAT or another network: calls go on, what is on its way is lost. */
void phone_move(struct phone *p)
{
	phone_line_cut(p);
	tcp_phone_gone(p, false);
	p->addr.port = (uint16_t)(p->addr.port + 2);
	set_contact(p);
	sim_note(p->sim, "%s of %s moves to port %u", p->username, p->domain, p->addr.port);
	phone_register(p, 120 + 60 * rng_below(&p->rng, 8));
}

/** What the old switch still sends goes to an address where nobody is. */
void phone_change_home(struct phone *p, struct node *n)
{
	sim_note(p->sim, "%s of %s goes to switch %u", p->username, p->domain, n->index);
	phone_end_span(p);
	leave_calls(p);
	tcp_phone_gone(p, rng_below(&p->rng, 2));
	p->addr.port = (uint16_t)(p->addr.port + 2);
	set_contact(p);
	p->home = n;
	phone_back(p);
}

struct phone *phone_at(struct sim *s, const struct addr *a)
{
	for (unsigned i = 0; i < s->a.phones; i++)
		if (addr_eq(&s->phones[i].addr, a))
			return &s->phones[i];
	return NULL;
}

struct phone *phone_at_ip(struct sim *s, const struct addr *a)
{
	for (unsigned i = 0; i < s->a.phones; i++)
		if (addr_eq_ip(&s->phones[i].addr, a))
			return &s->phones[i];
	return NULL;
}

/** What its people know of the operator's file. */
void phone_configure(struct phone *p)
{
	struct sim *s = p->sim;
	unsigned k = p->index / TENANTS, u = k / 2;
	bool account = config_has(s, p->tenant, u, k % 2);
	char extension[16], password[32];
	snprintf(extension, sizeof extension, "%u", config_extension(s, p->tenant, u));
	config_password(s, p->tenant, u, k % 2, password);
	if (account == p->account && strcmp(extension, p->extension) == 0 &&
	    strcmp(password, p->password) == 0)
		return;
	if (p->extension[0])
		p->config_ms = s->wheel.now_ms;
	/* With another extension it is another user's, and the binding of the old one goes. */
	if (!account || strcmp(extension, p->extension) != 0)
		phone_end_span(p);
	p->account = account;
	snprintf(p->extension, sizeof p->extension, "%s", extension);
	snprintf(p->password, sizeof p->password, "%s", password);
}

void phone_init(struct sim *s, unsigned i)
{
	struct phone *p = &s->phones[i];
	*p = (struct phone){.sim = s, .index = i, .home = &s->nodes[i / TENANTS % s->a.nodes],
	                    .tenant = i % TENANTS, .on = true};
	unsigned k = i / TENANTS; /* of its tenant: two devices for each user */
	snprintf(p->username, sizeof p->username, "%u%s", 1001 + k / 2, k % 2 ? "-b" : "");
	phone_configure(p);
	snprintf(p->domain, sizeof p->domain, "t%u.test", p->tenant);
	p->addr = (struct addr){.family = ADDR_V4, .port = 5060, .ip = {192, 0, 2, (uint8_t)(10 + i)}};
	list_init(&p->ctxs);
	list_init(&p->srvs);
	list_init(&p->sesss);
	rng_init_seed(&p->rng, s->a.seed * 977 + i);
	p->prack = rng_below(&p->rng, 3) == 0;
	p->timers = rng_below(&p->rng, 2);
	p->instance = rng_below(&p->rng, 2);
	p->fixed_contact = rng_below(&p->rng, 2);
	p->tcp = rng_below(&p->rng, 3) == 0;
	set_contact(p);
	timer_init(&p->register_timer, on_register_timer, p);
	p->want_expires = 120 + 60 * rng_below(&p->rng, 8);
	timer_in(&s->wheel, &p->register_timer, 1 + rng_below(&p->rng, 2000));
}
