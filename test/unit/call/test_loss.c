// SPDX-License-Identifier: Apache-2.0
/*
 * A call of which one packet is lost, whichever it is: two phones that repeat themselves as
 * RFC 3261 section 17 says, and a switch that must do so, too. Each such call ends as it
 * would have ended, with one record.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "talk.h"

enum { STEP_MS = 100, AGAIN_MS = 500, RINGS_MS = 1000, TALKS_MS = 5000 };

/** What the callee does with the INVITE, and who hangs up. */
struct plot {
	const char *name;
	unsigned answer;    /* final status; 0: rings until the caller gives up */
	bool callee_hangs_up;
	bool holds;         /* the caller puts the call on hold in between */
	json_int_t status;  /* in the CDR */
};

/** A phone as a set of what it waits for. */
struct robot {
	struct phone *p;
	bool got_100, answered, acked, bye_sent, over, cancelled, held, hold_done;
	unsigned final;
	uint64_t began, due;
	uint32_t invite_cseq;
};

static void say(struct robot *r, const char *method, const char *sdp, uint64_t now)
{
	phone_in_dialog(r->p, method, NULL, sdp);
	r->due = now + AGAIN_MS;
}

static void answer(struct robot *r, unsigned status)
{
	phone_reply(r->p, phone_invite(r->p), status, "bob", "",
	            status == 200 ? phone_sdp(r->p, 5000, "sendrecv") : NULL);
}

/** What the caller does with what it hears. */
static void on_response(struct robot *r, const struct sip_msg *m)
{
	if (m->cseq.method == SIP_INVITE && m->cseq.number == r->invite_cseq) {
		if (!r->got_100)
			r->due = 0;
		r->got_100 = true;
		if (m->status >= 300) {
			phone_ack_refusal(r->p);
			r->final = m->status;
			r->over = true;
		} else if (m->status >= 200) {
			r->answered = true;
			phone_in_dialog_as(r->p, "ACK", r->invite_cseq, NULL, NULL);
		}
	} else if (m->cseq.method == SIP_INVITE && m->status >= 200) { /* the hold */
		phone_in_dialog_as(r->p, "ACK", m->cseq.number, NULL, NULL);
		r->hold_done = true;
		r->due = 0;
	} else if (m->cseq.method == SIP_CANCEL) {
		r->cancelled = true;
		r->due = 0;
	} else if (m->cseq.method == SIP_BYE) {
		r->over = true;
	}
}

static void on_request(struct robot *r, const struct sip_msg *m, const struct plot *plot)
{
	if (m->method == SIP_INVITE && !m->to.tag.n) {
		if (!r->began)
			r->began = 1;
		answer(r, r->final ? r->final : 180); /* again, when it came again */
	} else if (m->method == SIP_INVITE) {
		phone_reply(r->p, m, 200, NULL, "", phone_sdp(r->p, 5000, "recvonly"));
	} else if (m->method == SIP_ACK) {
		r->acked = true;
		r->due = 0;
		if (plot->answer != 200)
			r->over = true;
	} else if (m->method == SIP_CANCEL) {
		phone_reply(r->p, m, 200, "bob", "", NULL);
		r->final = 487;
		answer(r, 487);
	} else if (m->method == SIP_BYE) {
		phone_reply(r->p, m, r->over && r->bye_sent ? 481 : 200, NULL, "", NULL);
		r->over = true;
	}
}

static void hear(struct robot *r, const struct plot *plot)
{
	const struct sip_msg *m;
	while ((m = phone_next(r->p)) != NULL) {
		if (m->request)
			on_request(r, m, plot);
		else
			on_response(r, m);
	}
}

static void caller_acts(struct robot *r, const struct plot *plot, uint64_t now)
{
	if (r->over)
		return;
	if (r->due && now >= r->due) { /* nothing came: again */
		phone_resend(r->p);
		r->due = now + AGAIN_MS;
	}
	if (r->due || !r->got_100)
		return;
	if (plot->answer == 0 && now > RINGS_MS && !r->cancelled) {
		phone_cancel(r->p, "");
		r->due = now + AGAIN_MS;
	} else if (r->answered && plot->holds && !r->held && now > RINGS_MS + 2500) {
		r->held = true;
		say(r, "INVITE", phone_sdp(r->p, 4000, "sendonly"), now);
	} else if (r->answered && !plot->callee_hangs_up && !r->bye_sent && now > TALKS_MS &&
	           (!plot->holds || r->hold_done)) {
		r->bye_sent = true;
		say(r, "BYE", NULL, now);
	}
}

static void callee_acts(struct robot *r, const struct plot *plot, uint64_t now)
{
	if (r->over || !r->began)
		return;
	if (!r->final && plot->answer && now > RINGS_MS) {
		r->final = plot->answer;
		r->due = 1;
	}
	if (r->final && !r->acked && r->due && now >= r->due) {
		answer(r, r->final);
		r->due = now + AGAIN_MS;
	} else if (r->acked && plot->callee_hangs_up && now > TALKS_MS &&
	           (!r->bye_sent || now >= r->due)) {
		if (r->bye_sent) {
			phone_resend(r->p);
			r->due = now + AGAIN_MS;
		} else {
			phone_enter_dialog(r->p, "bob");
			r->bye_sent = true;
			say(r, "BYE", NULL, now);
		}
	}
}

static void nothing_lost(struct world *w, unsigned n)
{
	(void)w;
	(void)n;
}

/** The plot with the n-th packet lost. @return packets that there were to lose */
static unsigned play(const struct plot *plot, void (*lose)(struct world *w, unsigned n), unsigned n)
{
	struct world *w = world_new();
	struct talk t = talk_pair(w);
	struct robot a = {.p = t.a, .due = AGAIN_MS}, b = {.p = t.b};
	phone_dial(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	/* What came before is the business of the transaction layer's own tests. */
	a.invite_cseq = phone_cseq(t.a);
	unsigned before = world_sent(w) + world_received(w);
	lose(w, n);
	for (uint64_t now = 0; now < 90000; now += STEP_MS) {
		hear(&a, plot);
		hear(&b, plot);
		caller_acts(&a, plot, now);
		callee_acts(&b, plot, now);
		world_advance(w, STEP_MS);
	}
	if (world_cdrs(w) != 1 || talk_number(world_cdr(w), "status") != plot->status)
		fail_msg("%s, packet %u lost: %zu records, status %d", plot->name, n, world_cdrs(w),
		         world_cdrs(w) ? (int)talk_number(world_cdr(w), "status") : 0);
	if (!a.over || (plot->status == 200 && !a.answered))
		fail_msg("%s, packet %u lost: the caller is not content", plot->name, n);
	assert_int_equal(sip_stack_transactions(shard_sip(world_shard(w))), 0);
	unsigned all = world_sent(w) + world_received(w) - before;
	world_free(w);
	return all;
}

static void play_all(const struct plot *plot)
{
	unsigned all = play(plot, nothing_lost, 0);
	assert_in_range(all, 4, 40); /* without loss nothing is repeated */
	for (unsigned n = 1; n <= all; n++) {
		play(plot, world_lose, n);
		play(plot, world_lose_in, n);
	}
}

static void test_answered_and_caller_hangs_up(void **state)
{
	(void)state;
	play_all(&(struct plot){"answered", 200, false, false, 200});
}

static void test_answered_and_callee_hangs_up(void **state)
{
	(void)state;
	play_all(&(struct plot){"callee hangs up", 200, true, false, 200});
}

static void test_put_on_hold(void **state)
{
	(void)state;
	play_all(&(struct plot){"hold", 200, false, true, 200});
}

static void test_busy(void **state)
{
	(void)state;
	play_all(&(struct plot){"busy", 486, false, false, 486});
}

static void test_caller_gives_up(void **state)
{
	(void)state;
	play_all(&(struct plot){"given up", 0, false, false, 487});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_and_caller_hangs_up),
		cmocka_unit_test(test_answered_and_callee_hangs_up),
		cmocka_unit_test(test_put_on_hold),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_caller_gives_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
