// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "talk.h"

enum { PHONES = 5, TEXT_MAX = 400 };

struct walk {
	struct world *w;
	struct rng rng;
	bool by_bytes;
	const uint8_t *bytes; /* `n` that were not used yet */
	size_t n;
	char lines[TEXT_MAX + 1], sdp[TEXT_MAX + 1];
	struct phone *p[PHONES];
	bool has_invite[PHONES], has_call[PHONES], has_kept[PHONES];
};

static unsigned pick(struct walk *k, unsigned n)
{
	if (!k->by_bytes)
		return rng_below(&k->rng, n);
	if (!k->n)
		return 0;
	k->n--;
	return n > UINT8_MAX + 1 ? *k->bytes++ * (n / 256) : *k->bytes++ % n;
}

/** Text of the bytes themselves, up to `end`. NULL when a seed chooses. */
static const char *any_text(struct walk *k, char end, char room[TEXT_MAX + 1])
{
	if (!k->by_bytes)
		return NULL;
	struct str rest = {(const char *)k->bytes, k->n};
	struct str text = str_sub(str_cut(&rest, end), 0, TEXT_MAX);
	k->bytes += k->n - rest.n;
	k->n = rest.n;
	for (size_t i = 0; i < text.n; i++) /* a phone's own words begin with $, and C ends at NUL */
		room[i] = text.p[i] == '$' || !text.p[i] ? '?' : text.p[i];
	room[text.n] = '\0';
	return room;
}

static const char *any_sdp(struct walk *k, unsigned i)
{
	static const char *const dirs[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
	if (k->by_bytes && pick(k, 4) == 0)
		return any_text(k, '\x02', k->sdp);
	switch (pick(k, 8)) {
	case 0:
		return NULL;
	case 1:
		return "v=0\r\no=x 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		       "m=audio 0 RTP/AVP 0\r\n";
	case 2:
		return "v=0\r\no=x 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
		       "m=video 5 RTP/AVP 96\r\nm=audio 4002 RTP/AVP 8 96\r\n"
		       "a=rtpmap:96 telephone-event/8000\r\n";
	default:
		return phone_sdp(k->p[i], (uint16_t)(4000 + 2 * pick(k, 4)), dirs[pick(k, 4)]);
	}
}

static const char *usual_lines(struct walk *k)
{
	static const char *const lines[] = {
		"",
		"Supported: timer\n",
		"Supported: timer, 100rel\nAllow: INVITE, ACK, BYE, UPDATE, PRACK\n",
		"Require: 100rel\n",
		"Supported: timer\nSession-Expires: 120;refresher=uas\nMin-SE: 90\n",
		"Supported: timer\nSession-Expires: 90\n",
		"Allow: UPDATE\nReason: SIP;cause=600\n",
	};
	return lines[pick(k, sizeof lines / sizeof lines[0])];
}

/** Of what phones say as a rule, or anything that the bytes hold. */
static const char *any_lines(struct walk *k)
{
	if (k->by_bytes && pick(k, 2))
		return any_text(k, '\x01', k->lines);
	return usual_lines(k);
}

static void call_somebody(struct walk *k, unsigned i)
{
	static const char *const numbers[] = {"1001", "1002", "1002", "1003", "*43", "77", "bob-desk"};
	phone_flush(k->p[i]);
	phone_invites_carry(k->p[i], usual_lines(k));
	world_lose(k->w, 0);
	world_lose_in(k->w, 0);
	phone_dial(k->p[i], numbers[pick(k, sizeof numbers / sizeof numbers[0])], any_sdp(k, i));
	k->has_call[i] = true;
}

static void answer_invite(struct walk *k, unsigned i)
{
	static const unsigned statuses[] = {100, 180, 180, 183, 183, 200, 200, 200, 202,
	                                    302, 404, 407, 408, 422, 486, 487, 503, 603};
	static const char *const tags[] = {"bob", "bob", "bob", "two", "three"};
	char more[256];
	unsigned status = statuses[pick(k, sizeof statuses / sizeof statuses[0])];
	snprintf(more, sizeof more, "%s", any_lines(k));
	if (pick(k, 4) == 0)
		snprintf(more, sizeof more, "Require: 100rel\nRSeq: %u\n", 1 + pick(k, 3));
	if (status == 422)
		snprintf(more, sizeof more, "Min-SE: %u\n", 90 + pick(k, 4000));
	phone_reply(k->p[i], phone_invite(k->p[i]), status, tags[pick(k, 5)], more, any_sdp(k, i));
	if (pick(k, 2)) {
		phone_enter_dialog(k->p[i], "bob");
		k->has_call[i] = true;
	}
}

static void answer_kept(struct walk *k, unsigned i)
{
	static const unsigned statuses[] = {100, 200, 200, 200, 200, 400, 405, 481, 488, 491, 500, 501};
	phone_reply(k->p[i], phone_kept(k->p[i]), statuses[pick(k, 12)], "bob", any_lines(k),
	            any_sdp(k, i));
}

/** Read one packet; requests are kept, 2xx of an INVITE mostly acknowledged. */
static void listen_to_one(struct walk *k, unsigned i)
{
	const struct sip_msg *m = phone_next(k->p[i]);
	if (!m)
		return;
	if (m->request) {
		if (m->method == SIP_INVITE && !m->to.tag.n)
			k->has_invite[i] = true;
		phone_keep(k->p[i], m);
		k->has_kept[i] = true;
		if (m->method != SIP_INVITE && m->method != SIP_ACK && pick(k, 4))
			phone_reply(k->p[i], phone_kept(k->p[i]), 200, "bob", "", NULL);
		return;
	}
	if (m->cseq.method == SIP_INVITE && m->status >= 200 && k->has_call[i] && pick(k, 5)) {
		if (m->status >= 300)
			phone_ack_refusal(k->p[i]);
		else
			phone_in_dialog_as(k->p[i], "ACK", m->cseq.number, "",
			                   pick(k, 2) ? any_sdp(k, i) : NULL);
	}
}

static void in_dialog(struct walk *k, unsigned i)
{
	static const char *const methods[] = {
		"INVITE", "INVITE", "INVITE", "UPDATE", "UPDATE", "INFO", "MESSAGE", "OPTIONS",
		"PRACK", "ACK", "BYE", "REFER", "SUBSCRIBE", "NOTIFY", "REGISTER", "NONSENSE"};
	const char *method = methods[pick(k, sizeof methods / sizeof methods[0])];
	char more[256];
	snprintf(more, sizeof more, "%s", any_lines(k));
	if (strcmp(method, "PRACK") == 0)
		snprintf(more, sizeof more, "RAck: %u %u INVITE\n", 1 + pick(k, 1000),
		         phone_cseq(k->p[i]));
	if (pick(k, 10) == 0)
		phone_in_dialog_as(k->p[i], method, pick(k, 20), more, any_sdp(k, i));
	else
		phone_in_dialog(k->p[i], method, more, any_sdp(k, i));
}

static void something_happens(struct walk *k)
{
	size_t n = world_streams(k->w);
	switch (pick(k, 8)) {
	case 0:
		world_lose(k->w, 1 + pick(k, 3));
		return;
	case 1:
		world_lose_in(k->w, 1 + pick(k, 3));
		return;
	case 2:
		if (n)
			world_silence(k->w, world_stream(k->w, pick(k, (unsigned)n))->id);
		return;
	case 3:
		world_advance(k->w, pick(k, 100000));
		return;
	default:
		world_advance(k->w, pick(k, 3000));
		return;
	}
}

/** A request outside of dialogs, with credentials or without, and with whatever lines. */
static void say_anything(struct walk *k, unsigned i)
{
	static const char *const methods[] = {"INVITE", "REGISTER", "MESSAGE", "OPTIONS", "SUBSCRIBE",
	                                      "PUBLISH", "REFER", "BYE", "ACK", "CANCEL", "X"};
	static const char *const users[PHONES] = {"1001", "1002", "bob-desk", "1003", "1002"};
	const char *method = methods[pick(k, sizeof methods / sizeof methods[0])];
	const char *proof = pick(k, 2) ? "$A" : "";
	unsigned to = pick(k, PHONES);
	const char *sdp = any_sdp(k, i), *lines = any_lines(k);
	phone_say(k->p[i],
	          "%s sip:%s@acme.test SIP/2.0\n$VFrom: <sip:%s@acme.test>;tag=f\n"
	          "To: <sip:%s@acme.test>\nCall-ID: any-%u\nCSeq: %u %s\n%s%s%s$L%s",
	          method, users[to], users[i], users[to], pick(k, 8), pick(k, 100), method, proof, lines,
	          sdp ? "Content-Type: application/sdp\n" : "", sdp ? sdp : "");
}

static void act(struct walk *k)
{
	unsigned i = pick(k, PHONES);
	if (k->by_bytes && pick(k, 8) == 0) {
		say_anything(k, i);
		return;
	}
	switch (pick(k, 14)) {
	case 0:
		call_somebody(k, i);
		return;
	case 1:
	case 2:
		if (k->has_invite[i])
			answer_invite(k, i);
		return;
	case 3:
		if (k->has_kept[i])
			answer_kept(k, i);
		return;
	case 4:
	case 5:
		if (k->has_call[i])
			in_dialog(k, i);
		return;
	case 6:
		if (k->has_call[i])
			pick(k, 2) ? phone_cancel(k->p[i], "") : phone_cancel_last(k->p[i]);
		return;
	case 7:
		phone_resend(k->p[i]);
		return;
	case 8:
	case 9:
		something_happens(k);
		return;
	default:
		listen_to_one(k, i);
		return;
	}
}

static void settings(struct shard_args *a)
{
	a->calls.max_call_ms = 600000;
	a->calls.ring_ms = 20000;
}

static void begin(struct walk *k)
{
	static const char *const users[PHONES][2] = {{"1001", "192.0.2.10:5060"},
	                                             {"1002", "192.0.2.20:5060"},
	                                             {"bob-desk", "192.0.2.21:5060"},
	                                             {"1003", "192.0.2.30:5060"},
	                                             {"1002", "192.0.2.22:5060"}};
	k->w = world_new_with(settings);
	for (unsigned i = 0; i < PHONES; i++) {
		char password[32];
		snprintf(password, sizeof password, "s3cret-%s", users[i][0]);
		k->p[i] = world_phone(k->w, "acme.test", users[i][0], password, users[i][1]);
		phone_register(k->p[i]);
	}
}

static struct walk_end end(struct walk *k)
{
	world_lose(k->w, 0);
	world_lose_in(k->w, 0);
	struct walk_end far = {world_cdrs(k->w), world_answered(k->w)};
	world_free(k->w);
	return far;
}

struct walk_end walk_seed(uint64_t seed, unsigned steps)
{
	struct walk k = {0};
	rng_init_seed(&k.rng, seed);
	begin(&k);
	for (unsigned i = 0; i < steps; i++)
		act(&k);
	return end(&k);
}

struct walk_end walk_bytes(const uint8_t *p, size_t n)
{
	struct walk k = {.by_bytes = true, .bytes = p, .n = n};
	begin(&k);
	while (k.n)
		act(&k);
	return end(&k);
}
