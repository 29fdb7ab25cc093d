// SPDX-License-Identifier: Apache-2.0
#include "service/trial.h"

#include <errno.h>
#include <stdlib.h>

int trial_snapshot_at(struct config *c, uint64_t tenant, uint64_t version,
                      const struct tenant **out, struct buf *why)
{
	struct object_set rows = {0};
	int err = store_rows(config_store(c), tenant, version, &rows);

	if (!err && !rows.n)
		err = ENOENT;
	if (!err)
		err = config_build(c, &rows, out, why);
	object_set_fini(&rows);
	return err;
}

int trial_version_at(struct config *c, uint64_t tenant, uint64_t at_ms, uint64_t *version)
{
	uint64_t low = 0, high, then_ms;
	char who[64];
	int err = store_version(config_store(c), tenant, &high);

	/* The last version that is not younger: low is never younger, what is above high is. */
	while (!err && low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		err = store_version_info(config_store(c), tenant, middle, &then_ms, who);
		if (err == ENOENT) { /* nothing was changed under that number */
			err = 0;
			high = middle - 1;
		} else if (then_ms <= at_ms) {
			low = middle;
		} else {
			high = middle - 1;
		}
	}
	if (!err && !low)
		err = ENOENT;
	if (!err)
		*version = low;
	return err;
}

/* -- drafts -------------------------------------------------------------------------- */

/* Rows that are shared with the configuration's, but for one body. */
static struct object_set copy_rows(const struct object_set *from)
{
	struct object_set set = *from;

	set.v = calloc(from->n + 1, sizeof *set.v);
	if (!set.v)
		abort();
	memcpy(set.v, from->v, from->n * sizeof *set.v);
	return set;
}

static json_t *body_with_draft(const struct object *flow, const struct object *draft)
{
	json_t *body = flow ? json_copy(flow->body) : json_object();

	json_object_update(body, draft->body);
	return body;
}

static int build_with(struct config *c, const struct object_set *rows, const struct object *flow,
                      struct object *draft, enum kind_id flow_kind, const struct tenant **out,
                      struct buf *why)
{
	struct object_set set = copy_rows(rows);
	json_t *body = body_with_draft(flow, draft);
	struct object *at = flow ? &set.v[flow - rows->v] : &set.v[draft - rows->v];
	int err;

	if (!flow) /* a new flow: the draft's row stands for it */
		at->kind = flow_kind;
	at->body = body;
	err = config_build(c, &set, out, why);
	json_decref(body);
	free(set.v);
	return err;
}

int trial_with_draft(struct config *c, struct str tenant, struct str flow, const struct tenant **out,
                     bool *has_draft, struct buf *why)
{
	const struct object_set *rows = config_objects(c, tenant);
	enum kind_id flow_kind, draft_kind;
	struct object *live, *draft;

	if (!rows || kind_find(STR("flow"), &flow_kind) != 0 ||
	    kind_find(STR("flow_draft"), &draft_kind) != 0)
		return ENOENT;
	live = object_set_find(rows, flow_kind, flow);
	draft = object_set_find(rows, draft_kind, flow);
	if (has_draft)
		*has_draft = draft != NULL;
	if (draft)
		return build_with(c, rows, live, draft, flow_kind, out, why);
	return live ? config_build(c, rows, out, why) : ENOENT;
}

const json_t **trial_tests(struct config *c, struct str tenant, size_t *n)
{
	const struct object_set *rows = config_objects(c, tenant);
	const json_t **bodies = calloc(rows && rows->n ? rows->n : 1, sizeof *bodies);
	enum kind_id kind;

	if (!bodies)
		abort();
	*n = 0;
	if (!rows || kind_find(STR("flow_test"), &kind) != 0)
		return bodies;
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->v[i].kind == kind && !rows->v[i].removed)
			bodies[(*n)++] = rows->v[i].body;
	}
	return bodies;
}
