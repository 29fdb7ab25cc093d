// SPDX-License-Identifier: Apache-2.0
/* What happens at each step, from its own dice: steps can be left out without changing others. */
#include <stdio.h>

#include "sim.h"

enum { QUIET_EVERY = 500, CALM_MS = 90000, GAP_MS = 500 };

static unsigned dice(struct sim *s, unsigned n)
{
	return rng_below(&s->dice, n);
}

static struct phone *any_phone(struct sim *s)
{
	return &s->phones[dice(s, s->a.phones)];
}

static struct node *any_node(struct sim *s)
{
	return &s->nodes[dice(s, s->a.nodes)];
}

static struct sess *any_call(struct sim *s, struct phone *p)
{
	unsigned n = 0;
	list_for_each(it, &p->sesss)
		n++;
	if (!n)
		return NULL;
	unsigned i = dice(s, n);
	list_for_each(at, &p->sesss)
		if (i-- == 0)
			return container_of(at, struct sess, node);
	return NULL;
}

static void call(struct sim *s, struct phone *p)
{
	char number[48];
	const struct phone *to = any_phone(s);
	for (unsigned i = 0; to->home != p->home && i < 6; i++) /* mostly somebody who can be reached */
		to = any_phone(s);
	unsigned x = dice(s, 20);
	if (x == 0)
		snprintf(number, sizeof number, "*43");
	else if (x == 1)
		snprintf(number, sizeof number, "77");
	else if (x == 2) /* a number of somebody else's, as it is written */
		snprintf(number, sizeof number, "%s@t%u.test", to->extension, dice(s, TENANTS));
	else
		snprintf(number, sizeof number, "%s", to->extension);
	s->calls++;
	talk_call(p, number, dice(s, 6) != 0);
}

static void text(struct sim *s, struct phone *p)
{
	char to[64];
	const struct phone *who = any_phone(s);
	unsigned t = dice(s, 10) ? p->tenant : dice(s, TENANTS);
	snprintf(to, sizeof to, "%s@t%u.test", who->extension, t);
	text_send(p, to);
}

static void change_weather(struct sim *s)
{
	static const struct weather kinds[] = {
		{0, 0, 0}, {0, 0, 0}, {20, 10, 50}, {80, 30, 100}, {180, 50, 200}, {0, 200, 300}};
	s->weather = kinds[dice(s, 6)];
	struct node *n = any_node(s);
	n->disk_ms = dice(s, 4) ? 10 : 1500;
	n->disk_full = dice(s, 8) == 0;
	sim_note(s, "weather: %u lost, %u doubled, %u slow of 1000; disk %u ms%s", s->weather.lose,
	         s->weather.twice, s->weather.slow, n->disk_ms, n->disk_full ? ", full" : "");
}

static void in_call(struct sim *s, struct sess *x, unsigned what)
{
	if (!x)
		return;
	if (what < 25)
		talk_cancel(x);
	else if (what < 45)
		talk_modify(x, dice(s, 2), dice(s, 2));
	else if (what < 60)
		talk_hangup(x);
	else if (what < 75 && x->state == SESS_UP)
		talk_nonsense(x);
}

/** To the switch and what is around it. */
static bool act_on_switch(struct sim *s, unsigned x, unsigned what)
{
	if (x < 3)
		switch_kill(any_node(s), what < 30);
	else if (x < 20)
		change_weather(s);
	else if (x < 40)
		media_trouble(any_node(s));
	else if (x < 70)
		swap_calls(any_node(s));
	else if (x < 74)
		config_change(s);
	return x < 74;
}

static void act_on_phone(struct sim *s, struct phone *p, unsigned x, unsigned what)
{
	if (x < 330)
		call(s, p);
	else if (x < 360)
		text(s, p);
	else if (x < 375)
		phone_off(p);
	else if (x < 395)
		phone_move(p);
	else if (x < 398 && s->a.nodes > 1)
		phone_change_home(p, any_node(s));
	else if (x < 410)
		phone_register(p, what < 30 ? 0 : 120 + 60 * dice(s, 8));
	else if (x < 425 && p->tcp)
		x < 421 ? tcp_ping(p) : tcp_cut(p);
	else
		in_call(s, any_call(s, p), what);
}

void act(struct sim *s)
{
	struct phone *p = any_phone(s);
	unsigned x = dice(s, 1000), what = dice(s, 100);
	if (act_on_switch(s, x, what))
		(void)p;
	else if (p->on)
		act_on_phone(s, p, x, what);
	else if (what < 30)
		phone_back(p);
	sim_advance(s, dice(s, 4) ? dice(s, GAP_MS) : dice(s, 20));
	if (s->step % QUIET_EVERY == QUIET_EVERY - 1)
		act_quiet(s);
}

/** Nobody begins anything, no packet is lost: what is under way comes to rest, and is looked at. */
void act_quiet(struct sim *s)
{
	struct weather was = s->weather;
	sim_note(s, "--- quiet");
	s->weather = (struct weather){0};
	s->calm = true;
	sim_advance(s, CALM_MS);
	check_quiet(s, false);
	s->calm = false;
	s->weather = was;
}
