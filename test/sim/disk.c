// SPDX-License-Identifier: Apache-2.0
/*
 * The store as the shards see it: writes are taken at once and are on disk some time later,
 * in order. A kill loses what is not. A CDR and the removal of its call are one write.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "call/record.h"
#include "service/location.h"
#include "sim.h"

struct row {
	struct list_node node;
	int table;
	uint64_t tenant;
	struct str key, value;
};

static struct row *row_new(int table, uint64_t tenant, struct str key, struct str value)
{
	struct row *r = calloc(1, sizeof *r);
	r->table = table;
	r->tenant = tenant;
	text_set(&r->key, key);
	text_set(&r->value, value);
	return r;
}

static void row_free(struct row *r)
{
	list_remove(&r->node);
	text_free(&r->key);
	text_free(&r->value);
	free(r);
}

static struct row *row_find(struct node *n, int table, uint64_t tenant, struct str key)
{
	list_for_each(it, &n->rows) {
		struct row *r = container_of(it, struct row, node);
		if (r->table == table && r->tenant == tenant && str_eq(r->key, key))
			return r;
	}
	return NULL;
}

static void commit_one(struct node *n, struct row *w)
{
	int table = w->table == DISK_CDRS ? DISK_CALLS : w->table; /* the call's row goes with it */
	struct row *old = row_find(n, table, w->tenant, w->key);
	if (old)
		row_free(old);
	if (w->table == DISK_CDRS || !w->value.n) {
		row_free(w);
		return;
	}
	list_remove(&w->node);
	list_push_back(&n->rows, &w->node);
}

static void on_commit(struct timer *t, void *arg)
{
	(void)t;
	struct node *n = arg;
	struct list_node *first;
	while ((first = list_first(&n->writes)) != NULL)
		commit_one(n, container_of(first, struct row, node));
}

void disk_init(struct node *n)
{
	list_init(&n->writes);
	list_init(&n->rows);
	n->disk_ms = 10;
	timer_init(&n->commit_timer, on_commit, n);
}

void disk_write(struct node *n, int table, uint64_t tenant, struct str key, struct str value)
{
	struct row *w = row_new(table, tenant, key, value);
	list_push_back(&n->writes, &w->node);
	if (!timer_is_set(&n->commit_timer))
		timer_in(&n->sim->wheel, &n->commit_timer, 1 + rng_below(&n->sim->net, n->disk_ms));
}

/** The phone was told it is registered, and the disk does not know. */
static void forget_binding(struct node *n, const struct row *w)
{
	struct sim *s = n->sim;
	for (unsigned i = 0; i < s->a.phones; i++) {
		struct phone *p = &s->phones[i];
		if (p->home == n && memmem(w->value.p, w->value.n, p->contact, strlen(p->contact)))
			phone_end_span(p);
	}
}

void disk_kill(struct node *n)
{
	timer_cancel(&n->sim->wheel, &n->commit_timer);
	list_for_each_safe(it, &n->writes) {
		struct row *w = container_of(it, struct row, node);
		if (w->table == DISK_CDRS)
			check_cdr_lost(n, w->value);
		else if (w->table == DISK_BINDINGS && w->value.n)
			forget_binding(n, w);
		row_free(w);
	}
}

static void restore_binding(struct node *n, struct row *r)
{
	struct sim *s = n->sim;
	uint64_t user;
	if (location_value_user(r->value, &user) != 0)
		sim_fail(s, "a stored binding cannot be read");
	uint16_t at = shard_of_user(r->tenant, user, (uint16_t)s->a.shards);
	int e = shard_restore_binding(n->seats[at].shard, r->tenant, r->value);
	if (e == E_STALE)
		row_free(r);
	else if (e)
		sim_fail(s, "a stored binding was not restored: %s", err_text(e));
}

/** As service/recover.c. */
static void recover_call(struct node *n, struct row *r)
{
	struct sim *s = n->sim;
	struct call *c;
	int e = call_record_read(&c, r->value, directory_by_id(n->directory, r->tenant));
	if (e)
		sim_fail(s, "a stored call cannot be read: %s", err_text(e));
	struct buf json;
	buf_init(&json, 256 * 1024);
	call_record_put_cdr(c, sim_wall(s), "lost in a restart of the switch", &json);
	check_cdr(n, buf_view(&json), true);
	disk_write(n, DISK_CDRS, r->tenant, r->key, buf_view(&json));
	buf_fini(&json);
	call_record_free(c);
}

void disk_restore(struct node *n)
{
	list_for_each_safe(it, &n->rows) {
		struct row *r = container_of(it, struct row, node);
		if (r->table == DISK_CALLS)
			recover_call(n, r);
		else
			restore_binding(n, r);
	}
	on_commit(NULL, n); /* the daemon's store has it in its queue; a second kill is not ours */
	timer_cancel(&n->sim->wheel, &n->commit_timer);
}

void disk_check_end(struct node *n)
{
	struct sim *s = n->sim;
	on_commit(NULL, n);
	timer_cancel(&s->wheel, &n->commit_timer);
	list_for_each_safe(it, &n->rows) {
		struct row *r = container_of(it, struct row, node);
		if (r->table == DISK_CALLS)
			sim_fail(s, "a call's record was left on disk: " STR_FMT, STR_ARG(r->key));
		row_free(r);
	}
}
