// SPDX-License-Identifier: Apache-2.0
/* Packets between phones and the switch: lost, doubled, late, overtaken. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct packet {
	struct list_node node;
	struct sim *sim;
	struct timer timer;
	bool to_switch;
	struct node *switch_end;
	struct addr at; /* the phone's end */
	size_t n;
	char bytes[];
};

static void arrive(struct timer *t, void *arg)
{
	(void)t;
	struct packet *x = arg;
	struct sim *s = x->sim;
	list_remove(&x->node);
	struct str bytes = {x->bytes, x->n};
	if (x->to_switch) {
		check_wire(s, bytes, true);
		switch_input(x->switch_end, bytes, &x->at);
	} else {
		struct phone *p = phone_at(s, &x->at);
		if (p && p->on && p->home != x->switch_end)
			sim_fail(s, "switch %u sends to a phone of switch %u", x->switch_end->index,
			         p->home->index);
		if (p && p->on)
			phone_packet(p, bytes);
	}
	free(x);
}

static uint64_t delay_ms(struct sim *s)
{
	if (rng_below(&s->net, 1000) < s->weather.slow)
		return 20 + rng_below(&s->net, 1500);
	return 1 + rng_below(&s->net, 12);
}

static void send_one(struct node *n, bool to_switch, const struct addr *at, struct str bytes)
{
	struct sim *s = n->sim;
	struct packet *x = malloc(sizeof *x + bytes.n);
	*x = (struct packet){.sim = s, .to_switch = to_switch, .switch_end = n, .at = *at, .n = bytes.n};
	memcpy(x->bytes, bytes.p, bytes.n);
	timer_init(&x->timer, arrive, x);
	list_push_back(&s->packets, &x->node);
	timer_in(&s->wheel, &x->timer, delay_ms(s));
}

void net_note(struct sim *s, const char *way, const struct addr *at, struct str bytes)
{
	char text[ADDR_TEXT];
	size_t line = 0;
	while (line < bytes.n && bytes.p[line] != '\r' && line < 60)
		line++;
	const char *id = memmem(bytes.p, bytes.n, "Call-ID: ", 9);
	size_t id_n = 0;
	while (id && id + 9 + id_n < bytes.p + bytes.n && id[9 + id_n] != '\r' && id_n < 30)
		id_n++;
	sim_note(s, "%s %s %.*s [%.*s]", way, addr_text(at, text), (int)line, bytes.p, (int)id_n,
	         id ? id + 9 : "");
}

static void net_send(struct node *n, bool to_switch, const struct addr *at, struct str bytes)
{
	struct sim *s = n->sim;
	s->packets_n++;
	bool lost = rng_below(&s->net, 1000) < s->weather.lose;
	net_note(s, to_switch ? lost ? "x->" : "-->" : lost ? "<-x" : "<--", at, bytes);
	if (!to_switch)
		check_wire(s, bytes, false);
	if (lost) {
		s->lost++;
		return;
	}
	send_one(n, to_switch, at, bytes);
	if (rng_below(&s->net, 1000) < s->weather.twice)
		send_one(n, to_switch, at, bytes);
}

void net_from_phone(struct phone *p, struct str bytes)
{
	net_send(p->home, true, &p->addr, bytes);
}

void net_to_phone(struct node *n, const struct addr *to, struct str bytes)
{
	net_send(n, false, to, bytes);
}

void net_end(struct sim *s)
{
	list_for_each_safe(it, &s->packets) {
		struct packet *x = container_of(it, struct packet, node);
		timer_cancel(&s->wheel, &x->timer);
		list_remove(it);
		free(x);
	}
}
