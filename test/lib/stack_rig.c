// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "stack_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void note_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct srig *r = arg;
	assert_true(r->n_sent < RIG_SENT);
	struct srig_sent *s = &r->sent[r->n_sent++];
	s->text = str_dupz(bytes);
	s->flow = *flow;
	s->at_ms = r->wheel.now_ms;
}

static void give_sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	(void)arg;
	*out = flow->local;
}

static void note_request(void *arg, struct strans *st, const struct sip_msg *m,
                         const struct flow *flow)
{
	struct srig *r = arg;
	r->requests++;
	r->st = st;
	assert_true(flow_eq(flow, strans_flow(st)));
	strans_set_user(st, srig_note_server, r);
	if (r->on_request)
		r->on_request(r, st, m);
}

static void note_ack(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	(void)flow;
	assert_int_equal(m->method, SIP_ACK);
	((struct srig *)arg)->acks++;
}

static void note_cancel(void *arg, struct strans *st, const struct sip_msg *m)
{
	struct srig *r = arg;
	r->cancels++;
	if (r->on_cancel)
		r->on_cancel(r, st, m);
}

static void note_stray(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	(void)flow;
	assert_false(m->request);
	((struct srig *)arg)->strays++;
}

static const struct sip_stack_ops ops = {
    .send = note_send,
    .sent_by = give_sent_by,
    .on_request = note_request,
    .on_ack = note_ack,
    .on_cancel = note_cancel,
    .on_stray_response = note_stray,
};

struct srig *srig_new(size_t max_transactions)
{
	struct srig *r = calloc(1, sizeof *r);
	assert_non_null(r);
	r->start_ms = 1000000;
	timer_wheel_init(&r->wheel, r->start_ms);
	rng_init_seed(&r->rng, 42);
	log_init_null(&r->log);
	const struct sip_stack_args args = {
	    .wheel = &r->wheel,
	    .rng = &r->rng,
	    .log = &r->log,
	    .metrics = &r->metrics,
	    .hash_key = {1, 2},
	    .timers = {500, 4000, 5000, 180000},
	    .limits = {.max_message = 4000, .max_headers = 60, .max_body = 3000},
	    .server = STR("Tandem"),
	    .max_transactions = max_transactions,
	    .ops = &ops,
	    .arg = r,
	};
	assert_int_equal(sip_stack_new(&r->stack, &args), 0);
	return r;
}

static void release(struct srig *r)
{
	sip_stack_free(r->stack);
	assert_int_equal(r->wheel.n, 0);
	assert_int_equal(metric_get(&r->metrics, METRIC_SIP_TRANSACTIONS), 0);
	for (size_t i = 0; i < r->n_sent; i++)
		free(r->sent[i].text);
	free(r);
}

void srig_free(struct srig *r)
{
	assert_int_equal(sip_stack_transactions(r->stack), 0);
	assert_int_equal(r->wheel.n, 0);
	release(r);
}

void srig_free_unfinished(struct srig *r)
{
	assert_int_not_equal(sip_stack_transactions(r->stack), 0);
	release(r);
}

struct flow srig_flow(enum sip_transport t)
{
	struct flow f = {.transport = (uint8_t)t,
	                 .conn = flow_is_reliable(&(struct flow){.transport = (uint8_t)t}) ? 7 : 0};
	assert_int_equal(addr_parse(&f.remote, STR("192.0.2.9:5062")), 0);
	assert_int_equal(addr_parse(&f.local, STR("192.0.2.1:5060")), 0);
	return f;
}

void srig_run(struct srig *r, uint64_t ms)
{
	uint64_t until = r->wheel.now_ms + ms;
	timer_wheel_run(&r->wheel, until);
	while (timer_wheel_next_ms(&r->wheel) <= until)
		timer_wheel_run(&r->wheel, until);
}

void srig_input(struct srig *r, enum sip_transport t, const char *text)
{
	struct flow f = srig_flow(t);
	char *copy =
	    str_dupz(str_z(text)); /* its own block, so that ASan sees a use after the call */
	sip_stack_input(r->stack, (struct str){copy, strlen(text)}, &f);
	free(copy);
}

static char text[8192];

const char *srig_request(const char *method, const char *branch, const char *extra)
{
	snprintf(text, sizeof text,
	         "%s sip:bob@acme.test SIP/2.0\r\n"
	         "Via: SIP/2.0/UDP 192.0.2.9:5062;branch=%s;rport\r\n"
	         "From: <sip:alice@acme.test>;tag=from1\r\n"
	         "To: <sip:bob@acme.test>\r\n"
	         "Call-ID: call-1@192.0.2.9\r\n"
	         "CSeq: 1 %s\r\n"
	         "Max-Forwards: 70\r\n"
	         "%s"
	         "Content-Length: 0\r\n\r\n",
	         method, branch, method, extra);
	return text;
}

const char *srig_follow(const char *method, const char *branch, const char *to_tag)
{
	snprintf(text, sizeof text,
	         "%s sip:bob@acme.test SIP/2.0\r\n"
	         "Via: SIP/2.0/UDP 192.0.2.9:5062;branch=%s;rport\r\n"
	         "From: <sip:alice@acme.test>;tag=from1\r\n"
	         "To: <sip:bob@acme.test>%s%s\r\n"
	         "Call-ID: call-1@192.0.2.9\r\n"
	         "CSeq: 1 %s\r\n"
	         "Max-Forwards: 70\r\n"
	         "Content-Length: 0\r\n\r\n",
	         method, branch, to_tag ? ";tag=" : "", to_tag ? to_tag : "", method);
	return text;
}

const char *srig_sent_value(const struct srig *r, size_t i, const char *name, char out[256])
{
	struct str rest = str_z(r->sent[i].text);
	out[0] = '\0';
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		struct str key = str_cut(&line, ':');
		if (!str_ieq(key, str_z(name)))
			continue;
		assert_true(str_copyz(out, 256, str_trim(line)));
		break;
	}
	return out;
}

const char *srig_response(const struct srig *r, size_t i, const char *status, const char *to_tag)
{
	char via[256], from[256], to[256], call_id[256], cseq[256];
	snprintf(text, sizeof text,
	         "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
	         "Content-Length: 0\r\n\r\n",
	         status, srig_sent_value(r, i, "Via", via), srig_sent_value(r, i, "From", from),
	         srig_sent_value(r, i, "To", to), to_tag ? ";tag=" : "", to_tag ? to_tag : "",
	         srig_sent_value(r, i, "Call-ID", call_id), srig_sent_value(r, i, "CSeq", cseq));
	return text;
}

bool srig_sent_starts(const struct srig *r, size_t i, const char *start)
{
	return i < r->n_sent && strncmp(r->sent[i].text, start, strlen(start)) == 0;
}

bool srig_sent_has(const struct srig *r, size_t i, const char *what)
{
	return i < r->n_sent && strstr(r->sent[i].text, what) != NULL;
}

uint64_t srig_sent_ms(const struct srig *r, size_t i)
{
	assert_true(i < r->n_sent);
	return r->sent[i].at_ms - r->start_ms;
}

void srig_note_server(enum strans_event event, struct strans *st, void *user)
{
	struct srig *r = user;
	assert_true(r->n_server < RIG_EVENTS);
	r->server[r->n_server++] = (struct srig_event){.event = (int)event};
	if (event == STRANS_END && r->st == st)
		r->st = NULL;
}

void srig_note_client(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                     void *user)
{
	struct srig *r = user;
	assert_true(r->n_client < RIG_EVENTS);
	assert_true((event == CTRANS_END) == (m == NULL));
	r->client[r->n_client++] =
	    (struct srig_event){.event = (int)event, .status = m ? m->status : 0, .err = err};
	if (r->on_client)
		r->on_client(event, ct, m, err, user);
}

struct ctrans *srig_start(struct srig *r, enum sip_method method, enum sip_transport t)
{
	char headers[512];
	struct flow f = srig_flow(t);
	struct str name = sip_method_name(method);
	snprintf(headers, sizeof headers,
	         "Route: <sip:p1.test;lr>\r\nRoute: <sip:p2.test;lr>\r\n"
	         "From: <sip:pbx@acme.test>;tag=us\r\nTo: <sip:bob@acme.test>\r\n"
	         "Call-ID: out-1\r\nCSeq: 4711 " STR_FMT "\r\nMax-Forwards: 70\r\n"
	         "Contact: <sip:pbx@192.0.2.1>\r\n",
	         STR_ARG(name));
	const struct ctrans_args args = {
	    .method = method,
	    .ruri = STR("sip:bob@192.0.2.9:5062"),
	    .headers = str_z(headers),
	    .flow = &f,
	};
	struct ctrans *ct = NULL;
	assert_int_equal(ctrans_start(&ct, r->stack, &args, srig_note_client, r), 0);
	return ct;
}
