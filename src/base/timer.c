// SPDX-License-Identifier: Apache-2.0
/*
 * A timer's level is the highest byte in which its due time differs from now, its
 * slot that byte of the due time. So all of a level's timers are due after all of
 * the level below, the slot a level's hand stands on is empty (its timers have been
 * dealt to the levels below), and nothing ever wraps around within a level.
 *
 * Times that differ above the top level wait in a list, dealt out once a round (34 years).
 */
#include "base/timer.h"

enum { SLOT_BITS = 8, SLOT_MASK = TIMER_SLOTS - 1, ROUND_BITS = SLOT_BITS * TIMER_LEVELS };

_Static_assert(TIMER_SLOTS == 1 << SLOT_BITS, "a slot is a byte of the time");

void timer_wheel_init(struct timer_wheel *w, uint64_t now_ms)
{
	*w = (struct timer_wheel){.now_ms = now_ms};
	list_init(&w->late);
	list_init(&w->far);
	for (unsigned level = 0; level < TIMER_LEVELS; level++) {
		for (unsigned slot = 0; slot < TIMER_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
	}
}

void timer_init(struct timer *t, timer_fn *fn, void *arg)
{
	*t = (struct timer){.fn = fn, .arg = arg};
	list_init(&t->node);
}

static unsigned hand(uint64_t ms, unsigned level)
{
	return (unsigned)(ms >> (SLOT_BITS * level)) & SLOT_MASK;
}

static unsigned level_of(uint64_t now_ms, uint64_t due_ms)
{
	unsigned top_bit = 63 - (unsigned)__builtin_clzll((now_ms ^ due_ms) | 1);

	return top_bit / SLOT_BITS;
}

static void put(struct timer_wheel *w, struct timer *t)
{
	unsigned level = level_of(w->now_ms, t->due_ms);
	unsigned slot;

	if (level >= TIMER_LEVELS) {
		list_push_back(&w->far, &t->node);
		return;
	}
	slot = hand(t->due_ms, level);
	list_push_back(&w->slots[level][slot], &t->node);
	w->filled[level][slot / 64] |= 1ULL << (slot % 64);
}

void timer_set(struct timer_wheel *w, struct timer *t, uint64_t due_ms)
{
	timer_cancel(w, t);
	w->n++;
	t->due_ms = due_ms;
	if (due_ms <= w->now_ms)
		list_push_back(&w->late, &t->node);
	else
		put(w, t);
}

/* `head` has become empty; it may be of a slot or of a list of what is being called. */
static void mark_empty(struct timer_wheel *w, const struct list_node *head)
{
	uintptr_t offset = (uintptr_t)head - (uintptr_t)w->slots;
	size_t at = offset / sizeof *head;

	if (offset < sizeof w->slots)
		w->filled[at / TIMER_SLOTS][at % TIMER_SLOTS / 64] &= ~(1ULL << (at % 64));
}

void timer_cancel(struct timer_wheel *w, struct timer *t)
{
	const struct list_node *head = t->node.prev == t->node.next ? t->node.prev : NULL;

	if (!timer_is_set(t))
		return;
	list_remove(&t->node);
	if (head)
		mark_empty(w, head);
	w->n--;
}

/* Leaves `from` empty; `to` is overwritten. */
static void take_all(struct timer_wheel *w, struct list_node *from, struct list_node *to)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
	mark_empty(w, from);
}

/* Callbacks may unlink any of the list, so each round begins at its head again. */
static void call_all(struct timer_wheel *w, struct list_node *due)
{
	for (struct list_node *n; (n = list_first(due)) != NULL;) {
		struct timer *t = container_of(n, struct timer, node);

		list_remove(n);
		w->n--;
		t->fn(t, t->arg);
	}
}

/* Each to the level it belongs to from now on. */
static void deal_out(struct timer_wheel *w, struct list_node *from)
{
	struct list_node all, *n, *next;

	take_all(w, from, &all);
	for (n = all.next; n != &all; n = next) {
		next = n->next;
		put(w, container_of(n, struct timer, node));
	}
}

/* First filled slot of a level at or behind `from`; TIMER_SLOTS when there is none. */
static unsigned next_filled(const uint64_t filled[TIMER_WORDS], unsigned from)
{
	if (from >= TIMER_SLOTS)
		return TIMER_SLOTS;
	for (unsigned i = from / 64; i < TIMER_WORDS; i++) {
		uint64_t bits = filled[i];

		if (i == from / 64)
			bits &= ~0ULL << (from % 64);
		if (bits)
			return i * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return TIMER_SLOTS;
}

/* When the slot of a level begins, in the round its hand is in. */
static uint64_t slot_begins(const struct timer_wheel *w, unsigned level, unsigned slot)
{
	uint64_t round = w->now_ms >> (SLOT_BITS * (level + 1)) << (SLOT_BITS * (level + 1));

	return round | (uint64_t)slot << (SLOT_BITS * level);
}

/* The next time at which a slot must be called or dealt out. */
static uint64_t next_stop(const struct timer_wheel *w)
{
	uint64_t next_round = (w->now_ms | ((1ULL << ROUND_BITS) - 1)) + 1;

	for (unsigned level = 0; level < TIMER_LEVELS; level++) {
		unsigned slot = next_filled(w->filled[level], hand(w->now_ms, level) + 1);

		if (slot < TIMER_SLOTS)
			return slot_begins(w, level, slot);
	}
	return list_empty(&w->far) || !next_round ? UINT64_MAX : next_round;
}

uint64_t timer_wheel_next_ms(const struct timer_wheel *w)
{
	return list_empty(&w->late) ? next_stop(w) : w->now_ms;
}

static void stop_at(struct timer_wheel *w, uint64_t now_ms)
{
	bool new_round = now_ms >> ROUND_BITS != w->now_ms >> ROUND_BITS;
	struct list_node due;

	w->now_ms = now_ms;
	if (new_round)
		deal_out(w, &w->far);
	for (unsigned level = TIMER_LEVELS - 1; level > 0; level--)
		deal_out(w, &w->slots[level][hand(now_ms, level)]);
	take_all(w, &w->slots[0][hand(now_ms, 0)], &due);
	call_all(w, &due);
}

void timer_wheel_run(struct timer_wheel *w, uint64_t now_ms)
{
	struct list_node due;

	take_all(w, &w->late, &due);
	call_all(w, &due);
	for (uint64_t stop; (stop = next_stop(w)) <= now_ms && stop != UINT64_MAX;)
		stop_at(w, stop);
	if (now_ms > w->now_ms)
		w->now_ms = now_ms;
}
