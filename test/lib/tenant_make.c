// SPDX-License-Identifier: Apache-2.0
#include "tenant_make.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

const struct seal_key *test_seal_key(void)
{
	static const struct seal_key key = {"0123456789abcdef0123456789abcde"};

	return &key;
}

static void give_ids(struct tenant_rows *rows, struct change_set *c)
{
	if (!rows->next_id)
		rows->next_id = 1;
	for (size_t i = 0; i < c->n; i++) {
		struct change *change = &c->v[i];
		struct object *row = &change->row;

		if (change->what == CHANGE_ADD)
			row->id = rows->next_id++;
		if (row->kind == KIND_TENANT)
			row->tenant = row->id;
		else if (!row->tenant)
			row->tenant = c->v[0].row.id; /* a new tenant stands first */
	}
	assert_int_equal(change_set_resolve(c), 0);
}

static struct object stored(const struct object *row, uint64_t version, const char *who,
                            uint64_t at_ms)
{
	struct object o = *row;

	o.version = version;
	o.key = str_dupz(str_z(row->key));
	o.who = str_dupz(str_z(who));
	o.body = json_deep_copy(row->body);
	o.at_ms = at_ms;
	return o;
}

static void drop_removed(struct object_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (set->v[i].removed)
			object_fini(&set->v[i]);
		else
			set->v[n++] = set->v[i];
	}
	set->n = n;
}

void object_set_apply(struct tenant_rows *rows, struct change_set *c, const char *who,
                      uint64_t at_ms)
{
	struct object_set *set = &rows->set;
	uint64_t version = set->version + 1;

	give_ids(rows, c);
	for (size_t i = 0; i < c->n; i++) {
		struct object *before = c->v[i].before;

		if (!before)
			continue;
		assert_ptr_equal(before, &set->v[before - set->v]);
		assert_int_equal(before->id, c->v[i].row.id);
		object_fini(before);
		*before = stored(&c->v[i].row, version, who, at_ms);
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->v[i].what == CHANGE_ADD)
			object_set_add(set, stored(&c->v[i].row, version, who, at_ms));
		c->v[i].before = NULL;
	}
	drop_removed(set);
	set->version = version;
}

size_t test_apply(struct tenant_rows *rows, struct rng *rng, const char *file_json)
{
	json_error_t error;
	json_t *file = json_loads(file_json, JSON_REJECT_DUPLICATES, &error);
	struct change_set c = {0};
	struct buf why;
	size_t n;

	if (!file)
		fail_msg("%s", error.text);
	buf_init(&why, 10000);
	if (tenant_file_plan(file, &rows->set, test_seal_key(), rng, &c, &why) != 0)
		fail_msg("" STR_FMT, STR_ARG(buf_view(&why)));
	n = c.n;
	if (n)
		object_set_apply(rows, &c, "test", 1);
	change_set_fini(&c);
	buf_fini(&why);
	json_decref(file);
	return n;
}

const struct tenant *test_snapshot(const struct tenant_rows *rows)
{
	const struct tenant *t = NULL;
	struct buf why;

	buf_init(&why, 10000);
	if (tenant_build(&t, &rows->set, test_seal_key(), STR("tandem"), &why) != 0)
		fail_msg("" STR_FMT, STR_ARG(buf_view(&why)));
	buf_fini(&why);
	return t;
}

const struct tenant *test_tenant(const char *file_json, uint64_t first_id)
{
	struct tenant_rows rows = {.next_id = first_id};
	const struct tenant *t;
	struct rng rng;

	rng_init_seed(&rng, first_id);
	test_apply(&rows, &rng, file_json);
	t = test_snapshot(&rows);
	object_set_fini(&rows.set);
	return t;
}
