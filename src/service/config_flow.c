// SPDX-License-Identifier: Apache-2.0
/* Flows on their way: published, rolled back; and what changed between two versions. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "service/config_body.h"

static int find_tenant(struct config *c, struct str tenant, struct entry **e, struct buf *why)
{
	*e = config_entry(c, tenant);
	if (*e) {
		int err = config_load(c, *e);

		if (err)
			buf_printf(why, "the tenant cannot be read: %s", err_text(err));
		return err;
	}
	buf_printf(why, "there is no tenant " STR_FMT, STR_ARG(tenant));
	return ENOENT;
}

static int no_such(struct buf *why, const char *what, struct str name)
{
	buf_printf(why, "there is no %s " STR_FMT, what, STR_ARG(name));
	return ENOENT;
}

/* The flow with another body. */
static void add_flow_change(struct change_set *cs, struct object *flow, const struct object *like,
                            const json_t *body)
{
	struct change change = {.what = flow ? CHANGE_EDIT : CHANGE_ADD,
	                        .row = config_copy_row(flow ? flow : like), .before = flow};

	json_decref(change.row.body);
	change.row.body = json_deep_copy(body);
	change.row.kind = KIND_FLOW;
	if (!flow)
		change.row.id = 0;
	change_set_add(cs, change);
}

static void add_removal(struct change_set *cs, struct object *o)
{
	struct change change = {.what = CHANGE_REMOVE, .row = config_copy_row(o), .before = o};

	change.row.removed = true;
	change_set_add(cs, change);
}

/* As the gate sees it: the rows with the changes in them. */
static int ask_gate(const struct config *c, const struct entry *e, const struct change_set *cs,
                    struct str flow, config_gate_fn *gate, void *arg, struct buf *why)
{
	const struct tenant *next;
	int err = config_trial(c, e, cs, &next, why);

	if (err)
		return err;
	err = gate ? gate(next, flow, why, arg) : 0;
	tenant_unref(next);
	return err;
}

int config_publish(struct config *c, struct str tenant, struct str flow, config_gate_fn *gate,
                   void *arg, const char *who, uint64_t at_ms, struct config_result *out,
                   struct buf *why)
{
	struct change_set cs = {0};
	struct object *draft;
	struct entry *e;
	int err = find_tenant(c, tenant, &e, why);

	if (err)
		return err;
	draft = object_set_find(&e->objects, KIND_FLOW_DRAFT, flow);
	if (!draft)
		return no_such(why, "draft of a flow", flow);
	cs.tenant_name = tenant_name(e->tenant);
	add_flow_change(&cs, object_set_find(&e->objects, KIND_FLOW, flow), draft, draft->body);
	add_removal(&cs, draft);
	err = ask_gate(c, e, &cs, flow, gate, arg, why);
	if (!err)
		err = config_check(c, e, &cs, why);
	if (!err)
		return config_carry_out(c, e, &cs, who, at_ms, out, why);
	change_set_fini(&cs);
	return err;
}

/* The flow's row as it was at that version of the tenant. */
static int body_at(struct config *c, const struct entry *e, const struct object *flow,
                   uint64_t version, json_t **body, struct buf *why)
{
	struct object_set then = {0};
	const struct object *o;
	int err = store_rows(c->args.store, e->id, version, &then);

	if (err) {
		buf_printf(why, "version %" PRIu64 " cannot be read: %s", version, err_text(err));
		return err;
	}
	o = object_set_by_id(&then, flow->id);
	if (o)
		*body = json_deep_copy(o->body);
	else
		buf_printf(why, "flow %s was not there at version %" PRIu64, flow->key, version);
	object_set_fini(&then);
	return o ? 0 : ENOENT;
}

int config_rollback(struct config *c, struct str tenant, struct str flow, uint64_t version,
                    const char *who, uint64_t at_ms, struct config_result *out, struct buf *why)
{
	struct change_set cs = {0};
	struct object *now;
	json_t *body = NULL;
	struct entry *e;
	int err = find_tenant(c, tenant, &e, why);

	if (err)
		return err;
	now = object_set_find(&e->objects, KIND_FLOW, flow);
	if (!now)
		return no_such(why, "flow", flow);
	if (version < 1 || version > e->version) {
		buf_printf(why, "the tenant has versions 1 to %" PRIu64, e->version);
		return ENOENT;
	}
	err = body_at(c, e, now, version, &body, why);
	if (err)
		return err;
	cs.tenant_name = tenant_name(e->tenant);
	if (!json_equal(body, now->body))
		add_flow_change(&cs, now, NULL, body);
	json_decref(body);
	err = config_check(c, e, &cs, why);
	if (!err)
		return config_carry_out(c, e, &cs, who, at_ms, out, why);
	change_set_fini(&cs);
	return err;
}

static int rows_at(struct config *c, const struct entry *e, uint64_t version,
                   struct object_set *out, struct buf *why)
{
	int err;

	if (version > e->version) {
		buf_printf(why, "the tenant has versions 1 to %" PRIu64, e->version);
		return ENOENT;
	}
	err = store_rows(c->args.store, e->id, version ? version : e->version, out);
	if (err)
		buf_printf(why, "version %" PRIu64 " cannot be read: %s", version, err_text(err));
	return err;
}

int config_diff(struct config *c, struct str tenant, uint64_t a, uint64_t b,
                struct config_result *out, struct buf *why)
{
	struct object_set from = {0}, to = {0};
	struct change_set cs = {0};
	struct entry *e;
	int err = find_tenant(c, tenant, &e, why);

	if (err)
		return err;
	err = rows_at(c, e, a, &from, why);
	if (!err)
		err = rows_at(c, e, b, &to, why);
	if (!err) {
		cs.tenant_name = tenant_name(e->tenant);
		config_difference(&cs, &from, &to);
		config_result_fill(out, &cs, b ? b : e->version);
		change_set_fini(&cs);
	}
	object_set_fini(&from);
	object_set_fini(&to);
	return err;
}
