// SPDX-License-Identifier: Apache-2.0
/* The media plane, scripted: streams end late, a phone that is gone is silent, ports fail. */
#include <stdlib.h>

#include "sim.h"

struct stream {
	struct list_node node;
	struct node *at;
	uint64_t id;
	unsigned shard;
	uint16_t port;
	struct addr remote;
	bool expect, ending;
	uint32_t silence_ms;
	uint64_t dead_ms;   /* since then its phone was found gone; 0: it was not */
	struct timer timer; /* silence, or the end */
};

enum { DEAD_MS = GIVE_UP_MS + 3000 }; /* an OPTIONS that nobody answers */

static void tell(struct stream *x, enum media_ev_kind what)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	*ev = (struct media_event){.mail.kind = SHARD_MEDIA, .what = what, .id = x->id};
	if (what == MEDIA_EV_ENDED)
		ev->stats = (struct media_stats){.rx_packets = x->id & 1023, .tx_packets = 7};
	switch_post(x->at, MAX_SHARDS, (uint16_t)x->shard, &ev->mail);
}

static void stream_free(struct stream *x)
{
	timer_cancel(&x->at->sim->wheel, &x->timer);
	list_remove(&x->node);
	free(x);
}

static bool talks(struct phone *p)
{
	if (!p || !p->on)
		return false;
	list_for_each(it, &p->sesss)
		if (container_of(it, struct sess, node)->state == SESS_UP)
			return true;
	return false;
}

/** A call with a phone that is gone does not go on. */
static void check_dead(struct stream *x)
{
	const struct sim *s = x->at->sim;
	const struct phone *p = phone_at_ip(x->at->sim, &x->remote);
	if (p && p->on)
		x->dead_ms = 0;
	else if (x->dead_ms <= x->at->last_swap_ms) /* a record has no OPTIONS under way */
		x->dead_ms = s->wheel.now_ms;
	else if (s->wheel.now_ms > x->dead_ms + DEAD_MS)
		sim_fail(x->at->sim, "%s is gone, and its call goes on", p ? p->username : "a phone");
}

static void on_timer(struct timer *t, void *arg)
{
	struct stream *x = arg;
	if (x->ending) {
		tell(x, MEDIA_EV_ENDED);
		stream_free(x);
		return;
	}
	check_dead(x);
	if (!talks(phone_at_ip(x->at->sim, &x->remote)))
		tell(x, MEDIA_EV_SILENCE);
	timer_in(&x->at->sim->wheel, t, x->silence_ms);
}

static struct stream *find(struct node *n, uint64_t id)
{
	list_for_each(it, &n->streams) {
		struct stream *x = container_of(it, struct stream, node);
		if (x->id == id)
			return x;
	}
	return NULL;
}

static void set(struct node *n, struct stream *x, const struct media_cmd *cmd)
{
	struct sim *s = n->sim;
	if (x && x->port != cmd->set.port)
		sim_fail(s, "a stream's port was changed");
	if (x && x->ending)
		sim_fail(s, "a stream was set after it was destroyed");
	if (!x) {
		x = calloc(1, sizeof *x);
		*x = (struct stream){.at = n, .id = cmd->id, .shard = cmd->shard, .port = cmd->set.port};
		timer_init(&x->timer, on_timer, x);
		list_push_back(&n->streams, &x->node);
	}
	x->remote = cmd->set.remote;
	x->dead_ms = 0;
	x->expect = cmd->set.expect;
	x->silence_ms = cmd->set.silence_ms;
	timer_cancel(&s->wheel, &x->timer);
	if (x->expect && x->silence_ms)
		timer_in(&s->wheel, &x->timer, x->silence_ms);
}

static void port_failed(struct node *n, unsigned shard, uint16_t port)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	*ev = (struct media_event){.mail.kind = SHARD_MEDIA, .what = MEDIA_EV_PORT_FAILED, .port = port};
	switch_post(n, MAX_SHARDS, (uint16_t)shard, &ev->mail);
}

void media_cmd(struct node *n, struct media_cmd *cmd)
{
	struct sim *s = n->sim;
	struct stream *x = find(n, cmd->id);
	switch ((enum media_cmd_kind)cmd->mail.kind) {
	case MEDIA_CMD_SET:
		set(n, x, cmd);
		break;
	case MEDIA_CMD_DESTROY:
		if (!x || x->ending)
			sim_fail(s, "a stream that is not there was destroyed");
		x->ending = true;
		timer_in(&s->wheel, &x->timer, rng_below(&s->net, 20) ? 1 + rng_below(&s->net, 30)
		                                                      : 4000 + rng_below(&s->net, 4000));
		break;
	case MEDIA_CMD_OPEN_PORT:
		if (rng_below(&s->net, 60) == 0)
			port_failed(n, cmd->shard, cmd->port);
		break;
	default:
		break;
	}
	media_cmd_free(cmd);
}

void media_kill(struct node *n)
{
	list_for_each_safe(it, &n->streams)
		stream_free(container_of(it, struct stream, node));
}

void media_trouble(struct node *at)
{
	unsigned n = 0;
	list_for_each(it, &at->streams)
		n++;
	if (!n)
		return;
	unsigned i = rng_below(&at->sim->dice, n);
	list_for_each(x, &at->streams)
		if (i-- == 0)
			tell(container_of(x, struct stream, node), MEDIA_EV_SILENCE);
}
