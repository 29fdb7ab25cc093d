// SPDX-License-Identifier: Apache-2.0
/*
 * Any JSON as a tenant file, planned against an empty tenant and then against itself: it is
 * refused with a reason, or its rows build and a second plan is empty.
 */
#include <stdlib.h>

#include "tenant/file.h"
#include "tenant/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static const struct seal_key key = {"0123456789abcdef0123456789abcde"};

/* Rows of a new tenant as the store would make them: every change is an addition. */
static void write_rows(struct object_set *set, struct change_set *c)
{
	for (size_t i = 0; i < c->n; i++)
		c->v[i].row.id = i + 1;
	if (change_set_resolve(c) != 0)
		abort();
	for (size_t i = 0; i < c->n; i++) {
		struct object row = c->v[i].row;

		row.id = c->v[i].row.id;
		row.tenant = 1;
		row.key = str_dupz(str_z(row.key));
		row.body = json_incref(row.body);
		object_set_add(set, row);
	}
}

static void check_rows(const struct object_set *set, const json_t *file, struct rng *rng,
                       struct buf *why)
{
	const struct tenant *t;
	struct change_set c = {0};
	json_t *printed = tenant_file_print(set);

	if (tenant_build(&t, set, &key, STR("tandem"), why) != 0)
		abort();
	tenant_unref(t);
	if (tenant_file_plan(file, set, &key, rng, &c, why) != 0 || c.n != 0)
		abort();
	if (tenant_file_plan(printed, set, &key, rng, &c, why) != 0 || c.n != 0)
		abort();
	json_decref(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	json_t *file = json_loadb((const char *)input, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct object_set set = {0};
	struct change_set c = {0};
	struct rng rng;
	struct buf why;

	if (!file)
		return 0;
	rng_init_seed(&rng, n);
	buf_init(&why, 1 << 16);
	if (tenant_file_plan(file, &set, &key, &rng, &c, &why) == 0) {
		write_rows(&set, &c);
		check_rows(&set, file, &rng, &why);
	} else if (why.n == 0) {
		abort();
	}
	change_set_fini(&c);
	object_set_fini(&set);
	buf_fini(&why);
	json_decref(file);
	return 0;
}
