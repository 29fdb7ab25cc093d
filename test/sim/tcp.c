// SPDX-License-Identifier: Apache-2.0
/*
 * Streams between phones and the switch, and under the product's app/links.c: what ev/tcp.h and
 * ev/loop.h promise, on the virtual clock (the objects of ev/ are not linked). Writes arrive in
 * pieces that know nothing of messages. A stream is cut anywhere, and each end learns of it at a
 * time of its own: soon, late, or when it writes.
 */
#include "ev/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/links.h"
#include "app/shard_thread.h"
#include "base/buf.h"
#include "sim.h"

enum { PIECES_MAX = 4, RTT_MS = 10, FIRST_PORT = 40000, SOON_MS = 300, LATE_MS = 40000, WRITE_MS = 4000 };
enum end { END_NONE, END_UP, END_GONE };

/** One shard's turn: the hooks run a moment after each thing that happens on it. */
struct loop {
	struct seat *seat;
	struct list_node hooks;
	struct timer turn;
	struct tcp_listener *listener;
};

struct tcp_listener {
	struct loop *loop;
	const struct tcp_ops *ops;
	void *arg;
	struct addr local;
	struct tcp_opts opts;
};

struct tcp_conn {
	struct list_node node; /* in sim.streams */
	struct sim *sim;
	struct node *to;       /* the switch */
	struct loop *loop;     /* of its shard; NULL: not accepted, or that process is gone */
	struct phone *phone;   /* NULL: nobody is there */
	uint64_t id;
	const struct tcp_ops *ops;
	void *user;
	struct tcp_opts opts;
	struct addr local, remote;
	enum end at_switch, at_phone;
	bool cut, closing;
	int err;
	struct buf in_switch, in_phone; /* what was not consumed */
	uint64_t due[2];
	struct list_node pieces;
	struct timer dialled, switch_end, phone_end;
};

struct piece {
	struct list_node node;
	struct tcp_conn *c;
	struct timer timer;
	bool to_switch;
	struct buf bytes;
};

/* -- the loop ------------------------------------------------------------------------ */

static void on_turn(struct timer *t, void *arg)
{
	(void)t;
	struct loop *l = arg;
	list_for_each_safe(it, &l->hooks) {
		struct ev_hook *h = container_of(it, struct ev_hook, node);
		h->fn(h->arg);
	}
}

static void turn_soon(struct loop *l)
{
	if (!timer_is_set(&l->turn))
		timer_in(&l->seat->node->sim->wheel, &l->turn, 1);
}

void loop_hook_add(struct loop *l, struct ev_hook *hook)
{
	list_push_back(&l->hooks, &hook->node);
}

void loop_hook_del(struct loop *l, struct ev_hook *hook)
{
	(void)l;
	list_remove(&hook->node);
}

static void end_at_switch(struct tcp_conn *c);

/** Only links_free calls it: connections that were closed are told so. */
void loop_turn(struct loop *l, uint64_t max_wait_ms)
{
	(void)max_wait_ms;
	list_for_each_safe(it, &l->seat->node->sim->streams) {
		struct tcp_conn *c = container_of(it, struct tcp_conn, node);
		if (c->loop == l && c->closing)
			end_at_switch(c);
	}
}

/* -- connections --------------------------------------------------------------------- */

static struct timer_wheel *wheel(const struct tcp_conn *c)
{
	return &c->sim->wheel;
}

static void piece_free(struct piece *x)
{
	timer_cancel(wheel(x->c), &x->timer);
	list_remove(&x->node);
	buf_fini(&x->bytes);
	free(x);
}

static void drop_pieces(struct tcp_conn *c)
{
	list_for_each_safe(it, &c->pieces)
		piece_free(container_of(it, struct piece, node));
}

static void conn_free(struct tcp_conn *c)
{
	drop_pieces(c);
	timer_cancel(wheel(c), &c->dialled);
	timer_cancel(wheel(c), &c->switch_end);
	timer_cancel(wheel(c), &c->phone_end);
	buf_fini(&c->in_switch);
	buf_fini(&c->in_phone);
	list_remove(&c->node);
	free(c);
}

static void free_if_over(struct tcp_conn *c)
{
	if (c->at_switch != END_UP && c->at_phone != END_UP && !timer_is_set(&c->dialled))
		conn_free(c);
}

/** How long until an end hears of it. */
static uint64_t news_ms(struct sim *s)
{
	return rng_below(&s->net, 3) ? 1 + rng_below(&s->net, SOON_MS) : rng_below(&s->net, LATE_MS);
}

static void end_at_switch(struct tcp_conn *c)
{
	if (c->at_switch != END_UP)
		return;
	c->at_switch = END_GONE;
	timer_cancel(wheel(c), &c->switch_end);
	c->cut = true;
	if (c->at_phone == END_UP && !timer_is_set(&c->phone_end))
		timer_in(wheel(c), &c->phone_end, news_ms(c->sim));
	if (c->loop) {
		turn_soon(c->loop);
		c->loop = NULL;
		c->ops->on_close(c, c->err, c->user);
	}
	free_if_over(c);
}

static void on_switch_end(struct timer *t, void *arg)
{
	(void)t;
	end_at_switch(arg);
}

/** The phone knows: what was under way is lost for it, and it comes back. */
static void end_at_phone(struct tcp_conn *c, bool tell)
{
	if (c->at_phone != END_UP)
		return;
	c->at_phone = END_GONE;
	timer_cancel(wheel(c), &c->phone_end);
	struct phone *p = c->phone;
	if (p->line == c)
		p->line = NULL;
	if (p->answering == c)
		p->answering = NULL;
	if (tell)
		phone_line_lost(p);
	free_if_over(c);
}

static void on_phone_end(struct timer *t, void *arg)
{
	(void)t;
	end_at_phone(arg, true);
}

static void cut(struct tcp_conn *c)
{
	if (c->cut)
		return;
	c->cut = true;
	drop_pieces(c);
	sim_note(c->sim, "the stream %llu of %s is cut", (unsigned long long)c->id,
	         c->phone ? c->phone->username : "nobody");
	if (c->phone)
		phone_line_cut(c->phone);
	c->err = ECONNRESET;
	if (c->at_switch == END_UP)
		timer_in(wheel(c), &c->switch_end, news_ms(c->sim));
	if (c->at_phone == END_UP)
		timer_in(wheel(c), &c->phone_end, news_ms(c->sim));
	else
		free_if_over(c);
}

/** Who writes into a stream that is cut hears of it sooner. */
static void hurry(struct tcp_conn *c, struct timer *t)
{
	uint64_t by = wheel(c)->now_ms + WRITE_MS;
	if (c->cut && timer_is_set(t) && t->due_ms > by)
		timer_set(wheel(c), t, by);
}

/* -- bytes --------------------------------------------------------------------------- */

static void close_with(struct tcp_conn *c, int err)
{
	if (c->closing || c->at_switch != END_UP)
		return;
	c->closing = true;
	c->err = err;
	timer_in(wheel(c), &c->switch_end, 1);
}

static void show_switch(struct tcp_conn *c, struct str bytes)
{
	if (c->at_switch != END_UP || c->closing)
		return;
	buf_str(&c->in_switch, bytes);
	char *exact = malloc(c->in_switch.n ? c->in_switch.n : 1); /* reading past the end is seen */
	memcpy(exact, c->in_switch.p, c->in_switch.n);
	size_t used = c->ops->on_bytes(c, (struct str){exact, c->in_switch.n}, c->user);
	free(exact);
	memmove(c->in_switch.p, c->in_switch.p + used, c->in_switch.n - used);
	c->in_switch.n -= used;
	if (c->in_switch.n >= c->opts.max_pending)
		close_with(c, E_LIMIT);
	turn_soon(c->loop);
}

static void show_phone(struct tcp_conn *c, struct str bytes)
{
	static const struct sip_limits limits = {65535, 256, 60000};
	struct phone *p = c->phone;
	buf_str(&c->in_phone, bytes);
	size_t skip, total;
	while (c->at_phone == END_UP && c->in_phone.n) {
		struct str all = buf_view(&c->in_phone);
		int e = sip_stream_frame(all, &limits, &skip, &total);
		if (e && e != E_MORE)
			sim_fail(c->sim, "what the switch streams is malformed: " STR_FMT, STR_ARG(all));
		if (skip)
			p->pings = 0;
		size_t used = e ? skip : skip + total;
		struct buf one;
		buf_init(&one, 1 << 17);
		buf_str(&one, str_sub(all, skip, used));
		memmove(c->in_phone.p, c->in_phone.p + used, c->in_phone.n - used);
		c->in_phone.n -= used;
		if (!e) {
			if (!p->line)
				p->line = c;
			p->answering = c;
			phone_packet(p, buf_view(&one));
			p->answering = NULL;
		}
		buf_fini(&one);
		if (e)
			return;
	}
}

static void on_piece(struct timer *t, void *arg)
{
	(void)t;
	struct piece *x = arg;
	struct tcp_conn *c = x->c;
	struct buf bytes = x->bytes;
	bool to_switch = x->to_switch;
	list_remove(&x->node);
	free(x);
	if (!c->cut && to_switch)
		show_switch(c, buf_view(&bytes));
	else if (!c->cut && c->at_phone == END_UP)
		show_phone(c, buf_view(&bytes));
	buf_fini(&bytes);
}

static struct piece *last_piece(struct tcp_conn *c, bool to_switch)
{
	struct piece *last = NULL;
	list_for_each(it, &c->pieces) {
		struct piece *x = container_of(it, struct piece, node);
		if (x->to_switch == to_switch)
			last = x;
	}
	return last;
}

static void put_piece(struct tcp_conn *c, bool to_switch, struct str bytes)
{
	struct sim *s = c->sim;
	struct piece *last = last_piece(c, to_switch);
	if (last && rng_below(&s->net, 3) == 0) { /* two writes, one packet */
		buf_str(&last->bytes, bytes);
		return;
	}
	struct piece *x = calloc(1, sizeof *x);
	x->c = c;
	x->to_switch = to_switch;
	buf_init(&x->bytes, 1 << 20);
	buf_str(&x->bytes, bytes);
	timer_init(&x->timer, on_piece, x);
	list_push_back(&c->pieces, &x->node);
	bool slow = rng_below(&s->net, 1000) < s->weather.slow + s->weather.lose;
	uint64_t due = s->wheel.now_ms + 1 + rng_below(&s->net, slow ? 1500 : 12);
	due = due < c->due[to_switch] ? c->due[to_switch] : due;
	c->due[to_switch] = due;
	timer_set(&s->wheel, &x->timer, due);
}

static void put_bytes(struct tcp_conn *c, bool to_switch, struct str bytes)
{
	struct sim *s = c->sim;
	unsigned n = rng_below(&s->net, 3) ? 1 : 1 + rng_below(&s->net, PIECES_MAX);
	s->packets_n++;
	while (bytes.n) {
		size_t k = n > 1 ? 1 + rng_below(&s->net, (uint32_t)bytes.n) : bytes.n;
		put_piece(c, to_switch, str_sub(bytes, 0, k));
		bytes = str_sub(bytes, k, bytes.n);
		n -= n > 1;
	}
	if (!s->calm && rng_below(&s->net, 20000) < s->weather.lose)
		cut(c);
}

/* -- made ---------------------------------------------------------------------------- */

static void on_syn(struct timer *t, void *arg);

static struct tcp_conn *conn_new(struct node *to, struct phone *p)
{
	struct tcp_conn *c = calloc(1, sizeof *c);
	struct sim *s = to->sim;
	*c = (struct tcp_conn){.sim = s, .to = to, .phone = p, .id = ++s->stream_ids};
	c->local = to->addr;
	buf_init(&c->in_switch, 1 << 20);
	buf_init(&c->in_phone, 1 << 20);
	list_init(&c->pieces);
	timer_init(&c->dialled, on_syn, c);
	timer_init(&c->switch_end, on_switch_end, c);
	timer_init(&c->phone_end, on_phone_end, c);
	list_push_back(&s->streams, &c->node);
	c->due[0] = c->due[1] = s->wheel.now_ms + RTT_MS;
	return c;
}

static void on_syn(struct timer *t, void *arg)
{
	(void)t;
	struct tcp_conn *c = arg;
	unsigned shard = (c->remote.ip[3] * 31u + c->remote.port) % c->sim->a.shards;
	struct tcp_listener *l = c->to->seats[shard].loop->listener;
	if (c->cut || c->at_phone != END_UP) {
		free_if_over(c);
		return;
	}
	c->loop = l->loop;
	c->ops = l->ops;
	c->opts = l->opts;
	c->at_switch = END_UP;
	if (l->ops->on_accept(c, l->arg) != 0)
		sim_fail(c->sim, "a connection was refused");
}

static struct tcp_conn *dial(struct phone *p)
{
	struct tcp_conn *c = conn_new(p->home, p);
	c->remote = p->addr;
	c->remote.port = (uint16_t)(FIRST_PORT + p->lines++ % 20000);
	c->at_phone = END_UP;
	timer_in(wheel(c), &c->dialled, 1 + rng_below(&c->sim->net, RTT_MS - 1));
	p->line = c;
	p->pings = 0;
	return c;
}

void tcp_from_phone(struct phone *p, struct str bytes)
{
	struct tcp_conn *c = p->answering ? p->answering : p->line ? p->line : dial(p);
	net_note(p->sim, c->cut ? "x=>" : "==>", &c->remote, bytes);
	if (!c->cut) {
		put_bytes(c, true, bytes);
		return;
	}
	phone_line_cut(p);
	hurry(c, &c->phone_end);
}

void tcp_ping(struct phone *p)
{
	if (!p->line || p->line->cut)
		return;
	p->pings++;
	put_bytes(p->line, true, STR("\r\n\r\n"));
}

void tcp_check(const struct phone *p)
{
	if (p->line && !p->line->cut && p->pings)
		sim_fail(p->sim, "the ping of %s was not answered", p->username);
}

void tcp_cut(struct phone *p)
{
	if (p->line)
		cut(p->line);
}

/** The phone is gone: its streams are closed, or nobody says anything. */
void tcp_phone_gone(struct phone *p, bool politely)
{
	list_for_each_safe(it, &p->sim->streams) {
		struct tcp_conn *c = container_of(it, struct tcp_conn, node);
		if (c->phone != p || c->at_phone != END_UP)
			continue;
		c->cut = true;
		drop_pieces(c);
		if (politely && c->at_switch == END_UP && !timer_is_set(&c->switch_end))
			timer_in(wheel(c), &c->switch_end, news_ms(c->sim));
		end_at_phone(c, false);
	}
}

uint64_t tcp_line_id(const struct phone *p)
{
	return p->line && !p->line->cut ? p->line->id : 0;
}

bool tcp_source(const struct phone *p, struct addr *out)
{
	if (!p->line)
		return false;
	*out = p->line->remote;
	return true;
}

/* -- ev/tcp.h ------------------------------------------------------------------------ */

int tcp_listen(struct tcp_listener **out, struct loop *loop, const struct addr *at,
               const struct tcp_opts *opts, const struct tcp_ops *ops, void *arg)
{
	struct tcp_listener *l = calloc(1, sizeof *l);
	*l = (struct tcp_listener){loop, ops, arg, *at, *opts};
	loop->listener = *out = l;
	return 0;
}

void tcp_listener_close(struct tcp_listener *l)
{
	free(l);
}

const struct addr *tcp_listener_local(const struct tcp_listener *l)
{
	return &l->local;
}

static void on_dialled(struct timer *t, void *arg)
{
	(void)t;
	struct tcp_conn *c = arg;
	if (c->cut || c->at_switch != END_UP) {
		free_if_over(c);
		return;
	}
	c->at_phone = END_UP;
	c->ops->on_connect(c, c->user);
}

/** A phone listens at its Contact's port, unless a NAT is in front of it. */
static struct phone *listening(struct sim *s, const struct addr *to)
{
	struct phone *p = phone_at(s, to);
	return p && p->on && p->tcp && !p->fixed_contact ? p : NULL;
}

int tcp_connect(struct tcp_conn **out, struct loop *loop, const struct addr *to,
                const struct tcp_opts *opts, const struct tcp_ops *ops, void *user)
{
	struct node *n = loop->seat->node;
	struct phone *p = listening(n->sim, to);
	struct tcp_conn *c = conn_new(n, p && p->home == n ? p : NULL);
	c->loop = loop;
	c->ops = ops;
	c->opts = *opts;
	c->user = user;
	c->remote = *to;
	c->at_switch = END_UP;
	if (c->phone) {
		timer_init(&c->dialled, on_dialled, c);
		timer_in(wheel(c), &c->dialled, RTT_MS - 1);
	} else {
		bool refused = rng_below(&n->sim->net, 2);
		c->cut = true;
		c->err = refused ? ECONNREFUSED : ETIMEDOUT;
		timer_in(wheel(c), &c->switch_end, refused ? RTT_MS : 4000);
	}
	n->sim->dialled += c->phone != NULL;
	*out = c;
	return 0;
}

void tcp_set_user(struct tcp_conn *c, void *user)
{
	c->user = user;
}

void *tcp_user(const struct tcp_conn *c)
{
	return c->user;
}

void tcp_set_idle(struct tcp_conn *c, uint64_t idle_ms)
{
	c->opts.idle_ms = idle_ms;
}

int tcp_send(struct tcp_conn *c, struct str data)
{
	if (c->closing || c->at_switch != END_UP)
		return EPIPE;
	if (c->cut && c->at_phone != END_UP && !timer_is_set(&c->switch_end)) { /* half open */
		c->err = ETIMEDOUT;
		timer_in(wheel(c), &c->switch_end, WRITE_MS);
	}
	if (c->cut)
		hurry(c, &c->switch_end);
	else
		put_bytes(c, false, data);
	return 0;
}

void tcp_close(struct tcp_conn *c, bool now)
{
	(void)now;
	close_with(c, 0);
}

const struct addr *tcp_remote(const struct tcp_conn *c)
{
	return &c->remote;
}

const struct addr *tcp_local(const struct tcp_conn *c)
{
	return &c->local;
}

uint64_t tcp_id(const struct tcp_conn *c)
{
	return c->id;
}

/* -- a shard's streams ---------------------------------------------------------------- */

static void on_message(void *arg, struct str bytes, const struct flow *flow)
{
	struct seat *t = arg;
	check_wire(t->node->sim, bytes, true);
	shard_input(t->shard, bytes, flow);
}

/** As app/shard_thread.c: transactions on the connection may live on any shard. */
static void on_lost(void *arg, const struct flow *flow, int err)
{
	struct seat *t = arg;
	for (uint16_t i = 0; !t->node->dying && i < t->node->sim->a.shards; i++) {
		struct mail_flow *x = malloc(sizeof *x);
		*x = (struct mail_flow){.mail.kind = SHARD_FLOW_LOST, .flow = *flow, .err = err};
		switch_post(t->node, t->index, i, &x->mail);
	}
}

void tcp_start(struct seat *t)
{
	static const struct settings settings = {
		.limit_tcp_connections = 20000,
		.limit_tcp_connections_ip = 1000,
		.limit_tcp_idle_s = 120,
		.limit_tcp_registered_idle_s = 7500,
		.limit_tcp_unsent_bytes = 1 << 20,
	};
	struct loop *l = calloc(1, sizeof *l);
	l->seat = t;
	list_init(&l->hooks);
	timer_init(&l->turn, on_turn, l);
	t->loop = l;
	const struct links_args args = {
		.loop = l,
		.settings = &settings,
		.limits = {65535, 256, 60000},
		.hash_key = {1, 2},
		.shard = t->index,
		.on_message = on_message,
		.on_lost = on_lost,
		.arg = t,
	};
	struct addr bound;
	if (links_new(&t->links, &args) != 0 || links_listen(t->links, 0, &t->node->addr, &bound) != 0)
		sim_fail(t->node->sim, "no listener for streams");
}

void tcp_send_on(struct seat *t, const struct flow *flow, struct str bytes)
{
	links_send(t->links, flow, bytes);
	turn_soon(t->loop);
}

/** Its process ends: the kernel resets what is open. */
void tcp_stop(struct seat *t)
{
	list_for_each_safe(it, &t->node->sim->streams) {
		struct tcp_conn *c = container_of(it, struct tcp_conn, node);
		if (c->loop == t->loop && c->phone && !c->cut)
			phone_line_cut(c->phone);
	}
	links_free(t->links);
	timer_cancel(&t->node->sim->wheel, &t->loop->turn);
	free(t->loop);
	t->loop = NULL;
}

void tcp_end(struct sim *s)
{
	list_for_each_safe(it, &s->streams)
		conn_free(container_of(it, struct tcp_conn, node));
}
