// SPDX-License-Identifier: Apache-2.0
/*
 * A SIP generator good for several times what a server on one core does.
 *
 *     sipgen --mode register|call [--server 127.0.0.1:5060] [--users N] [--per-tenant N]
 *            [--rate R] [--window N] [--warm S] [--seconds S] [--hold-ms MS] [--rtp N] [--port P]
 *            [--waves N] [--expires S] [--strangers 1]
 *
 * With --rtp each phone of a call sends that many packets when it is up, and hears as many until it ends.
 * With --rate units begin evenly at that rate, without as fast as `window` outstanding ones allow.
 * It spins instead of sleeping: no wake-up of ours is ever paid by the server that sends to us.
 * Calls register all users first; --strangers: for a server that knows nobody, and asks for no digest.
 * Prints "begin" and "end" around what is measured, so that who
 * started us can read the server's CPU time, and then one line of JSON.
 *
 * With --waves all units do the same together, N times: all users register and, from the second wave
 * on, unregister and register again; or all pairs call, stay up, and all hang up. A line for each.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "gen.h"

enum { WATCHES = 1 << 21, DRAIN_US = 2000000, REGISTER_WINDOW = 64, WAVE_PAUSE_US = 1500000 };

/* -- what may be late: one patience for all, so a queue in order of time -------------- */

struct watching {
	uint64_t due_us;
	uint32_t unit, step;
};

static struct watching watches[WATCHES];
static size_t watch_head, watch_tail;

void watch(struct gen *g, uint32_t unit, uint32_t step)
{
	if (watch_tail - watch_head == WATCHES)
		watch_head++;
	watches[watch_tail++ % WATCHES] = (struct watching){g->now_us + RETRY_US, unit, step};
}

static void run_watches(struct gen *g, const struct run_ops *ops)
{
	while (watch_head != watch_tail) {
		struct watching w = watches[watch_head % WATCHES];
		if (w.due_us > g->now_us)
			return;
		watch_head++;
		ops->on_late(g, w.unit, w.step);
	}
}

/* -- the loop ------------------------------------------------------------------------- */

struct turn {
	struct gen *g;
	const struct run_ops *ops;
	uint32_t next;
};

static void on_bytes(int sock, struct str bytes, void *arg)
{
	struct turn *t = arg;
	struct scan s;
	if (scan_message(&s, bytes))
		t->ops->on_message(t->g, sock, &s);
	else
		t->g->stats.strays++;
}

/* A spinning thread must not take the execution units of a neighbour on the same core. */
static void rest(void)
{
	for (int i = 0; i < 64; i++)
		__builtin_ia32_pause();
}

static void turn(struct turn *t)
{
	t->g->now_us = clock_mono_us();
	if (!net_poll(t->g->net, on_bytes, t))
		rest();
	run_watches(t->g, t->ops);
	if (t->ops->tick)
		t->ops->tick(t->g);
	net_flush(t->g->net);
}

static bool begin_one(struct turn *t)
{
	for (uint32_t tried = 0; tried < t->ops->units && tried < 64; tried++) {
		uint32_t unit = t->next++ % t->ops->units;
		if (t->ops->idle(t->g, unit)) {
			t->ops->begin(t->g, unit);
			return true;
		}
	}
	return false;
}

/* Every unit once. */
static void run_once(struct gen *g, const struct run_ops *ops, const char *what, uint32_t units)
{
	struct turn t = {g, ops, ops->units - units};
	uint64_t from = clock_mono_us();
	while (t.next < ops->units || g->outstanding) {
		while (t.next < ops->units && g->outstanding < REGISTER_WINDOW)
			ops->begin(g, t.next++);
		turn(&t);
	}
	printf("%s %u, failed %llu, again %llu, %.2f s\n", what, ops->units,
	       (unsigned long long)g->stats.failed, (unsigned long long)g->stats.again,
	       (double)(clock_mono_us() - from) / 1e6);
	fflush(stdout);
	g->stats = (struct stats){0};
	watch_head = watch_tail;
}

/* Who started us looks at the server meanwhile, and the server has time to forget. */
static void pause_between(struct gen *g, const struct run_ops *ops)
{
	struct turn t = {g, ops, 0};
	uint64_t until = clock_mono_us() + WAVE_PAUSE_US;
	while (clock_mono_us() < until)
		turn(&t);
}

/* All calls that are up, and no new one. */
static void end_all(struct gen *g, const struct run_ops *ops)
{
	g->ending = true;
	while (g->up)
		turn(&(struct turn){g, ops, 0});
	run_once(g, ops, "down", 0);
	g->ending = false;
}

static void run_waves(struct gen *g, const struct run_ops *ops, bool calls)
{
	g->o.hold_ms = UINT32_MAX;
	for (uint32_t i = 0; i < g->o.waves; i++) {
		if (calls) {
			run_once(g, ops, "up", ops->units);
			pause_between(g, ops);
			end_all(g, ops);
		} else {
			g->expires_s = i % 2 ? 0 : g->o.expires_s;
			run_once(g, ops, i % 2 ? "unregistered" : "registered", ops->units);
		}
		pause_between(g, ops);
	}
}

static void offer(struct turn *t, double *next_us, double gap_us, bool saturate)
{
	while (t->g->outstanding < t->g->o.window && (saturate || *next_us <= (double)t->g->now_us)) {
		if (!begin_one(t))
			return;
		*next_us += gap_us;
	}
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static double run_measured(struct gen *g, const struct run_ops *ops)
{
	const struct options *o = &g->o;
	struct turn t = {g, ops, 0};
	double gap_us = o->rate > 0 ? 1e6 / o->rate : 0;
	uint64_t start = clock_mono_us(), from = start + (uint64_t)(o->warm_s * 1e6);
	uint64_t to = from + (uint64_t)(o->seconds * 1e6), began = 0;
	double next_us = (double)start;
	for (g->now_us = start; g->now_us < to; turn(&t)) {
		if (!g->stats.counting && g->now_us >= from) {
			g->stats.failed = g->stats.again = g->stats.strays = g->stats.refused = 0;
			g->stats.counting = true;
			began = g->now_us;
			say("begin");
		}
		offer(&t, &next_us, gap_us, o->rate <= 0);
	}
	g->stats.counting = false;
	double seconds = (double)(g->now_us - began) / 1e6;
	say("end");
	g->o.hold_ms = 0;
	while ((g->outstanding || g->up) && g->now_us < to + DRAIN_US + o->hold_ms * 1000ull)
		turn(&t);
	return seconds;
}

/* -- arguments ------------------------------------------------------------------------ */

static void usage(void)
{
	fputs("usage: sipgen --mode register|call [--server IP:PORT] [--users N] [--per-tenant N]\n"
	      "       [--rate R] [--window N] [--warm S] [--seconds S] [--hold-ms MS] [--rtp N]\n"
	      "       [--port P] [--waves N] [--expires S] [--strangers 1]\n",
	      stderr);
	exit(2);
}

static void set_server(struct options *o, char *text)
{
	char *colon = strchr(text, ':');
	if (!colon)
		usage();
	*colon = 0;
	o->server = (struct sockaddr_in){.sin_family = AF_INET,
	                                 .sin_port = htons((uint16_t)atoi(colon + 1))};
	if (inet_pton(AF_INET, text, &o->server.sin_addr) != 1)
		usage();
}

static void set(struct options *o, const char *name, char *value)
{
	if (strcmp(name, "--mode") == 0)
		o->mode = value;
	else if (strcmp(name, "--server") == 0)
		set_server(o, value);
	else if (strcmp(name, "--users") == 0)
		o->users = (uint32_t)atoi(value);
	else if (strcmp(name, "--per-tenant") == 0)
		o->per_tenant = (uint32_t)atoi(value);
	else if (strcmp(name, "--rate") == 0)
		o->rate = atof(value);
	else if (strcmp(name, "--window") == 0)
		o->window = (uint32_t)atoi(value);
	else if (strcmp(name, "--warm") == 0)
		o->warm_s = atof(value);
	else if (strcmp(name, "--seconds") == 0)
		o->seconds = atof(value);
	else if (strcmp(name, "--hold-ms") == 0)
		o->hold_ms = (uint32_t)atoi(value);
	else if (strcmp(name, "--waves") == 0)
		o->waves = (uint32_t)atoi(value);
	else if (strcmp(name, "--expires") == 0)
		o->expires_s = (uint32_t)atoi(value);
	else if (strcmp(name, "--rtp") == 0)
		o->rtp = (uint32_t)atoi(value);
	else if (strcmp(name, "--strangers") == 0)
		o->strangers = (uint32_t)atoi(value);
	else if (strcmp(name, "--port") == 0)
		o->port = (uint16_t)atoi(value);
	else
		usage();
}

int main(int argc, char **argv)
{
	struct gen g = {.o = {.mode = "register", .users = 10000, .per_tenant = 1000, .window = 32,
	                      .warm_s = 1, .seconds = 5, .port = 7060, .expires_s = 3600}};
	char local[] = "127.0.0.1:5060";
	set_server(&g.o, local);
	if (argc % 2 == 0)
		usage();
	for (int i = 1; i + 1 < argc; i += 2)
		set(&g.o, argv[i], argv[i + 1]);
	bool calls = strcmp(g.o.mode, "call") == 0;
	if (g.o.users < 2 || g.o.users % 2 || g.o.users > 999999 || g.o.per_tenant < 2 ||
	    g.o.per_tenant % 2 || g.o.per_tenant > 9000 || !g.o.window || g.o.port > 9998)
		usage();
	put_hex(g.run, clock_wall_ms() * 2654435761u ^ (uint64_t)getpid() << 20, 8);
	g.users = users_new(&g.o);
	g.net = net_open(&g.o.server, g.o.port);
	g.now_us = clock_mono_us();
	g.expires_s = g.o.expires_s;
	const struct run_ops *ops = register_run(&g);
	if (calls) {
		if (!g.o.strangers)
			run_once(&g, ops, "registered", ops->units);
		if (g.o.rtp)
			rtp_open(&g);
		ops = call_run(&g);
	}
	if (g.o.waves) {
		run_waves(&g, ops, calls);
		return 0;
	}
	struct options told = g.o;
	double seconds = run_measured(&g, ops);
	stats_print(&g.stats, &told, seconds);
	return 0;
}
