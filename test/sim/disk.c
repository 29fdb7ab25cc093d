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

static struct row *row_find(struct sim *s, int table, uint64_t tenant, struct str key)
{
	list_for_each(it, &s->rows) {
		struct row *r = container_of(it, struct row, node);
		if (r->table == table && r->tenant == tenant && str_eq(r->key, key))
			return r;
	}
	return NULL;
}

static void commit_one(struct sim *s, struct row *w)
{
	int table = w->table == DISK_CDRS ? DISK_CALLS : w->table; /* the call's row goes with it */
	struct row *old = row_find(s, table, w->tenant, w->key);
	if (old)
		row_free(old);
	if (w->table == DISK_CDRS || !w->value.n) {
		row_free(w);
		return;
	}
	list_remove(&w->node);
	list_push_back(&s->rows, &w->node);
}

static void on_commit(struct timer *t, void *arg)
{
	(void)t;
	struct sim *s = arg;
	struct list_node *n;
	while ((n = list_first(&s->writes)) != NULL)
		commit_one(s, container_of(n, struct row, node));
}

void disk_init(struct sim *s)
{
	list_init(&s->writes);
	list_init(&s->rows);
	s->disk_ms = 10;
	timer_init(&s->commit_timer, on_commit, s);
}

void disk_write(struct sim *s, int table, uint64_t tenant, struct str key, struct str value)
{
	struct row *w = row_new(table, tenant, key, value);
	list_push_back(&s->writes, &w->node);
	if (!timer_is_set(&s->commit_timer))
		timer_in(&s->wheel, &s->commit_timer, 1 + rng_below(&s->net, s->disk_ms));
}

/** The phone was told it is registered, and the disk does not know. */
static void forget_binding(struct sim *s, const struct row *w)
{
	for (unsigned i = 0; i < s->a.phones; i++) {
		struct phone *p = &s->phones[i];
		if (memmem(w->value.p, w->value.n, p->contact, strlen(p->contact)))
			phone_end_span(p);
	}
}

void disk_kill(struct sim *s)
{
	timer_cancel(&s->wheel, &s->commit_timer);
	list_for_each_safe(it, &s->writes) {
		struct row *w = container_of(it, struct row, node);
		if (w->table == DISK_CDRS)
			check_cdr_lost(s, w->value);
		else if (w->table == DISK_BINDINGS && w->value.n)
			forget_binding(s, w);
		row_free(w);
	}
}

static void restore_binding(struct sim *s, struct row *r)
{
	uint64_t user;
	if (location_value_user(r->value, &user) != 0)
		sim_fail(s, "a stored binding cannot be read");
	int e = shard_restore_binding(s->nodes[shard_of_user(r->tenant, user, (uint16_t)s->a.shards)].shard,
	                              r->tenant, r->value);
	if (e == E_STALE)
		row_free(r);
	else if (e)
		sim_fail(s, "a stored binding was not restored: %s", err_text(e));
}

/** As service/recover.c. */
static void recover_call(struct sim *s, struct row *r)
{
	struct call *c;
	int e = call_record_read(&c, r->value, directory_by_id(s->directory, r->tenant));
	if (e)
		sim_fail(s, "a stored call cannot be read: %s", err_text(e));
	struct buf json;
	buf_init(&json, 256 * 1024);
	call_record_put_cdr(c, sim_wall(s), "lost in a restart of the switch", &json);
	check_cdr(s, buf_view(&json), true);
	disk_write(s, DISK_CDRS, r->tenant, r->key, buf_view(&json));
	buf_fini(&json);
	call_record_free(c);
}

void disk_restore(struct sim *s)
{
	list_for_each_safe(it, &s->rows) {
		struct row *r = container_of(it, struct row, node);
		if (r->table == DISK_CALLS)
			recover_call(s, r);
		else
			restore_binding(s, r);
	}
	on_commit(NULL, s); /* the daemon's store has it in its queue; a second kill is not ours */
	timer_cancel(&s->wheel, &s->commit_timer);
}

void disk_check_end(struct sim *s)
{
	on_commit(NULL, s);
	timer_cancel(&s->wheel, &s->commit_timer);
	list_for_each_safe(it, &s->rows) {
		struct row *r = container_of(it, struct row, node);
		if (r->table == DISK_CALLS)
			sim_fail(s, "a call's record was left on disk: " STR_FMT, STR_ARG(r->key));
		row_free(r);
	}
}
