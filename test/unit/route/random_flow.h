// SPDX-License-Identifier: Apache-2.0
/* Random flows and events, made of bytes: for the property test and the fuzz target. */
#include "fake_tenant.h"

struct bytes {
	const uint8_t *p;
	size_t n;
	uint64_t state; /* goes on when the bytes are used up */
};

static uint32_t draw(struct bytes *b, uint32_t below)
{
	uint8_t byte = 0;

	if (b->n) {
		byte = *b->p++;
		b->n--;
	}
	b->state = b->state * 6364136223846793005u + byte + 1442695040888963407u;
	return below ? (uint32_t)(b->state >> 33) % below : 0;
}

static int resolve_ids(const char *kind, const json_t *ref, struct target *out, void *arg)
{
	return flow_resolve_ids(kind, ref, out, arg);
}

/* Where an event of the engine's own kind leads: plausible mostly, anything at times. */
static void random_event(struct bytes *b, const struct route_decision *d, struct route_facts *f,
                         struct route_presence presence[ROUTE_MAX_TARGETS], bool silent)
{
	static const char *const typed[] = {"", "1", "2", "9", "1003", "112", "68553", "*", "99999999999999999999",
	                                    "030123456", "1"};
	static const enum route_event fit[ROUTE_ACTIONS][4] = {
		[ROUTE_ASK] = {ROUTE_PRESENCE, ROUTE_PRESENCE, ROUTE_PRESENCE, ROUTE_PRESENCE},
		[ROUTE_RING] = {ROUTE_RANG_OUT, ROUTE_BUSY, ROUTE_UNREACHABLE, ROUTE_RANG_OUT},
		[ROUTE_PLAY] = {ROUTE_DONE, ROUTE_DONE, ROUTE_DONE, ROUTE_DONE},
		[ROUTE_COLLECT] = {ROUTE_DIGITS, ROUTE_DIGITS, ROUTE_DIGITS, ROUTE_DIGITS},
		[ROUTE_RECORD_MESSAGE] = {ROUTE_RECORDED, ROUTE_RECORDED, ROUTE_RECORDED, ROUTE_RECORDED},
		[ROUTE_MAILBOX_LISTEN] = {ROUTE_DONE, ROUTE_DONE, ROUTE_DONE, ROUTE_DONE},
		[ROUTE_CONFERENCE] = {ROUTE_CONFERENCE_LEFT, ROUTE_CONFERENCE_LEFT, ROUTE_CONFERENCE_LEFT,
		                      ROUTE_CONFERENCE_LEFT},
		[ROUTE_QUEUE] = {ROUTE_QUEUE_TURN, ROUTE_QUEUE_TIMEOUT, ROUTE_QUEUE_FULL,
		                 ROUTE_QUEUE_TIMEOUT},
		[ROUTE_WEBHOOK_ASK] = {ROUTE_WEBHOOK, ROUTE_WEBHOOK, ROUTE_WEBHOOK, ROUTE_WEBHOOK},
		[ROUTE_CHANGE] = {ROUTE_CHANGED, ROUTE_CHANGED, ROUTE_CHANGED, ROUTE_CHANGED},
		[ROUTE_RECORD_ON] = {ROUTE_DONE, ROUTE_DONE, ROUTE_DONE, ROUTE_DONE},
		[ROUTE_RECORD_OFF] = {ROUTE_DONE, ROUTE_DONE, ROUTE_DONE, ROUTE_DONE},
		[ROUTE_CONNECT] = {ROUTE_DONE, ROUTE_DONE, ROUTE_DONE, ROUTE_DONE},
	};

	f->event = fit[d->action][draw(b, 4)];
	if (!silent && draw(b, 12) == 0)
		f->event = (enum route_event)draw(b, ROUTE_EVENTS);
	f->digits = silent ? STR_NONE : str_z(typed[draw(b, sizeof typed / sizeof typed[0])]);
	f->number = str_z(typed[draw(b, sizeof typed / sizeof typed[0])]);
	f->answer = draw(b, 2) ? STR("yes") : STR("no");
	f->value = STR("value");
	f->ok = draw(b, 2);
	f->random = draw(b, 1000);
	f->turn = draw(b, 10);
	f->at_ms += draw(b, 5000000);
	f->failed_status = (uint16_t)draw(b, 800);
	for (size_t i = 0; i < d->n_users; i++)
		presence[i] = (struct route_presence){.user = d->users[i], .registered = draw(b, 3),
		                                      .calls = draw(b, 2), .idle_since_ms = draw(b, 9)};
	f->presence = presence;
	f->n_presence = d->n_users;
}

static bool is_end(const struct route_decision *d)
{
	return d->action == ROUTE_REJECT || d->action == ROUTE_ECHO;
}

static void must(bool right, const char *what)
{
	if (!right) {
		fprintf(stderr, "property: %s\n", what);
		abort();
	}
}

static bool same_decision(const struct route_decision *a, const struct route_decision *b)
{
	return a->action == b->action && a->n_users == b->n_users &&
	       memcmp(a->users, b->users, a->n_users * sizeof a->users[0]) == 0 && a->status == b->status &&
	       a->object == b->object && a->n_items == b->n_items && a->ring_ms == b->ring_ms &&
	       a->text_n == b->text_n && memcmp(a->text, b->text, a->text_n) == 0;
}

/*
 * A call from its beginning to its end: it has one within the bounds; a state that was written and
 * read back decides alike; what it waits for can be said again. @return the last decision's reason
 */
static const char *run_call(const struct tenant *t, struct bytes *b, struct route_facts *f, bool silent)
{
	struct route_presence presence[ROUTE_MAX_TARGETS];
	struct route_state s = {0}, copy;
	struct route_decision d, again;
	struct arena arena;
	unsigned steps = 0;

	arena_init(&arena, 4096);
	do {
		struct route_trace tr;

		copy = s;
		arena_reset(&arena);
		route_trace_init(&tr, &arena);
		route_step(t, f, &s, &d, &tr);
		route_step(t, f, &copy, &again, NULL);
		must(memcmp(&s, &copy, sizeof s) == 0 && same_decision(&d, &again), "a state read back decides alike");
		must(tr.n <= ROUTE_MAX_NOTES, "notes of a step are bounded");
		must(d.n_users <= ROUTE_MAX_TARGETS && d.n_items <= ROUTE_MAX_ITEMS, "a decision has its bounds");
		must(d.action != ROUTE_REJECT || (d.status >= 300 && d.status < 700), "a refusal has a status");
		must(d.action != ROUTE_RING || (d.n_users && d.ring_ms), "somebody rings, for a while");
		if (!is_end(&d) && s.steps < ROUTE_MAX_VISITS) {
			struct route_facts resume = *f;

			resume.event = ROUTE_RESUME;
			copy = s;
			route_step(t, &resume, &copy, &again, NULL);
			must(same_decision(&d, &again), "what it waits for can be said again");
		}
		if (!is_end(&d))
			random_event(b, &d, f, presence, silent);
		must(++steps <= ROUTE_MAX_VISITS + 2, "a call comes to an end");
	} while (!is_end(&d));
	arena_fini(&arena);
	return d.reason;
}
