// SPDX-License-Identifier: Apache-2.0
/* MESSAGE between phones: one at a time from each, answered or refused, and never astray. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "sip/build.h"

static struct text *text_at(struct sim *s, unsigned serial)
{
	return &s->texts[serial % TEXTS];
}

static void send_text(struct phone *p, bool auth)
{
	struct text *x = text_at(p->sim, p->text_serial);
	char branch[40], body[64], uri[96];
	phone_new_branch(p, branch);
	snprintf(uri, sizeof uri, "sip:%s", x->to);
	snprintf(body, sizeof body, "text %u of %u", x->serial, p->index);
	struct buf b;
	buf_init(&b, 8192);
	buf_printf(&b,
	           "MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/%s 10.9.9.9:5060;rport;branch=%s\r\n"
	           "From: <sip:%s@%s>;tag=m%u\r\nTo: <%s>\r\nCall-ID: m%u-%u\r\n"
	           "CSeq: %u MESSAGE\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\n",
	           uri, p->tcp ? "TCP" : "UDP", branch, p->username, p->domain, x->serial, uri,
	           x->serial, p->index, ++x->cseq);
	if (auth)
		phone_credentials(p, &b, "MESSAGE", uri, true);
	buf_printf(&b, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	struct ctx *c = phone_request(p, NULL, SIP_MESSAGE, buf_view(&b), branch);
	c->cseq = x->serial;
	buf_fini(&b);
}

void text_send(struct phone *p, const char *to)
{
	struct sim *s = p->sim;
	unsigned serial = ++s->n_texts;
	struct text *x = text_at(s, serial);
	*x = (struct text){.serial = serial, .from = p, .at = p->home, .sent_ms = s->wheel.now_ms};
	snprintf(x->to, sizeof x->to, "%s", to);
	p->text_serial = serial;
	sim_note(s, "%s writes to %s", p->username, to);
	send_text(p, false);
}

/** Who is registered and stays so does not stay without the text. */
static void check_unreached(struct sim *s, const struct text *x)
{
	uint64_t now = s->wheel.now_ms;
	for (unsigned i = 0; i < s->a.phones; i++) {
		struct phone *p = &s->phones[i];
		size_t n = strlen(p->extension);
		if (p->tenant == x->from->tenant && strncmp(x->to, p->extension, n) == 0 &&
		    x->to[n] == '@' && !p->config_ms && x->at->last_kill_ms < x->sent_ms &&
		    check_covers(p, x->at, x->sent_ms, now) && !(x->came & 1ull << i))
			sim_fail(s, "the text %u did not find %s, who is registered", x->serial, p->username);
	}
}

void text_answered(struct ctx *c, const struct sip_msg *m)
{
	struct phone *p = c->p;
	struct sim *s = p->sim;
	struct text *x = text_at(s, p->text_serial);
	if (m->status < 200 || c->cseq != p->text_serial || x->done || c->told)
		return;
	c->told = true;
	if (m->status == 407 && x->cseq < 5) {
		phone_take_challenge(p, m);
		send_text(p, true);
		return;
	}
	x->done = true;
	s->texts_done++;
	if (m->status == 200 && !x->took && x->at->last_kill_ms < x->sent_ms)
		sim_fail(s, "the text %u was accepted by nobody", x->serial);
	if (m->status == 480 && p->home == x->at)
		check_unreached(s, x);
}

void text_came(struct phone *p, struct srv *v, const struct sip_msg *m)
{
	static const unsigned refusals[] = {415, 486, 488, 603};
	struct sim *s = p->sim;
	char body[64];
	unsigned serial, from;
	if (!str_copyz(body, sizeof body, m->body) ||
	    sscanf(body, "text %u of %u", &serial, &from) != 2)
		sim_fail(s, "a text that nobody wrote: " STR_FMT, STR_ARG(m->body));
	struct text *x = text_at(s, serial);
	if (x->serial != serial || x->from->index != from)
		sim_fail(s, "the text %u comes too late", serial);
	if (x->from->tenant != p->tenant || x->at != p->home)
		sim_fail(s, "a text of tenant %u came to a phone of tenant %u", x->from->tenant, p->tenant);
	if (x->came & 1ull << p->index && x->at->last_kill_ms < x->sent_ms && !p->tcp)
		sim_fail(s, "the text %u came to %s twice", serial, p->username);
	x->came |= 1ull << p->index;
	bool takes = rng_below(&p->rng, 3);
	x->took |= takes;
	phone_reply(p, v, takes ? 200 : refusals[rng_below(&p->rng, 4)], "m", "", NULL);
}
