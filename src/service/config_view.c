// SPDX-License-Identifier: Apache-2.0
/* What may be seen of the configuration: get and history. */
#include <errno.h>

#include "base/clock.h"
#include "service/config.h"
#include "tenant/ref.h"

/* A reference shows the key of what it refers to, beside its id. */
static void put_ref(json_t *fields, const struct field *f, const json_t *value,
                    const struct object_set *set)
{
	json_int_t id = json_integer_value(value);
	const struct object *to = set && id > 0 ? object_set_by_id(set, (uint64_t)id) : NULL;
	char name[64];
	snprintf(name, sizeof name, "%s_id", f->name);
	json_object_set_new(fields, name, json_integer(id));
	if (to)
		json_object_set_new(fields, f->name, json_string(to->key));
}

/* References as the tenant file has them. */
static json_t *visible_fields(const struct object *o, const struct object_set *set,
                              const struct object_index *index)
{
	const struct kind *k = kind_get(o->kind);
	json_t *fields = json_object();
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];
		json_t *value = json_object_get(o->body, f->name);
		if (!value || f->type == FIELD_SECRET)
			continue;
		if (f->type == FIELD_REF)
			put_ref(fields, f, value, set);
		else
			json_object_set_new(fields, f->name, ref_print(f, value, index));
	}
	return fields;
}

static json_t *print_time(uint64_t wall_ms)
{
	char mem[64];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof mem);
	clock_put_rfc3339(&text, wall_ms);
	return json_stringn(text.p, text.n);
}

static json_t *print_object(const struct object *o, struct str tenant, const struct object_set *set,
                            const struct object_index *index)
{
	return json_pack("{s:I,s:s%,s:s,s:s,s:I,s:o,s:s,s:o}", "id", (json_int_t)o->id, "tenant",
	                 tenant.p, tenant.n, "kind", kind_get(o->kind)->name, "key",
	                 o->key ? o->key : "", "version", (json_int_t)o->version, "at",
	                 print_time(o->at_ms), "who", o->who ? o->who : "", "fields",
	                 visible_fields(o, set, index));
}

/* The key counts before the number: an extension looks like an id. */
static const struct object *find(const struct object_set *set, enum kind_id kind, struct str id)
{
	const struct object *o = object_set_find(set, kind, id);
	uint64_t number = 0;
	if (o || str_u64(id, &number) != 0)
		return o;
	o = object_set_by_id(set, number);
	return o && o->kind == kind ? o : NULL;
}

static void collect(json_t *list, const struct config_query *q, struct str tenant,
                    const struct object_set *set)
{
	const struct object *one = q->id.n ? find(set, q->kind, q->id) : NULL;
	struct object_index index;

	object_index_init(&index, set);
	for (size_t i = 0; i < set->n; i++) {
		if (q->id.n ? &set->v[i] == one : set->v[i].kind == q->kind)
			json_array_append_new(list, print_object(&set->v[i], tenant, set, &index));
	}
	object_index_fini(&index);
}

static int collect_as_of(struct config *c, const struct config_query *q, const struct tenant *t,
                         json_t *list)
{
	struct object_set then = {0};
	int err = store_rows(config_store(c), tenant_id(t), q->version, &then);
	if (err)
		return err;
	collect(list, q, tenant_name(t), &then);
	object_set_fini(&then);
	return 0;
}

static int collect_now(struct config *c, const struct config_query *q, struct str tenant,
                       json_t *list)
{
	const struct object_set *now = config_objects(c, tenant);
	if (!now)
		return EIO;
	collect(list, q, tenant, now);
	return 0;
}

int config_get(struct config *c, const struct config_query *q, json_t **out)
{
	const struct directory *d = config_directory(c);
	int err = 0;
	if (q->tenant.n && !directory_by_name(d, q->tenant))
		return ENOENT;
	json_t *list = json_array();
	for (size_t i = 0; i < directory_tenants(d) && !err; i++) {
		const struct tenant *t = directory_tenant_at(d, i);
		struct str name = tenant_name(t);
		if (q->tenant.n && !str_eq(name, q->tenant))
			continue;
		err = q->version ? collect_as_of(c, q, t, list) : collect_now(c, q, name, list);
	}
	if (err)
		json_decref(list);
	else
		*out = list;
	return err;
}

/* -- history ------------------------------------------------------------------------- */

static json_t *changed_fields(const struct object *o, const struct object *before)
{
	const struct kind *k = kind_get(o->kind);
	json_t *names = json_array();
	for (size_t i = 0; before && i < k->n_fields; i++) {
		const char *name = k->fields[i].name;
		json_t *a = json_object_get(before->body, name), *b = json_object_get(o->body, name);
		if (a != b && !(a && b && json_equal(a, b)))
			json_array_append_new(names, json_string(name));
	}
	return names;
}

static json_t *print_versions(const struct object_set *versions, struct str tenant,
                              const struct object_set *now)
{
	json_t *list = json_array();
	struct object_index index;
	object_index_init(&index, now);
	for (size_t i = 0; i < versions->n; i++) {
		const struct object *o = &versions->v[i];
		json_t *line = print_object(o, tenant, now, &index);
		json_object_set_new(line, "removed", json_boolean(o->removed));
		json_object_set_new(line, "changed",
		                    changed_fields(o, i ? &versions->v[i - 1] : NULL));
		json_array_append_new(list, line);
	}
	object_index_fini(&index);
	return list;
}

/* The one tenant that has it; also by the number of an object that is no more. */
static int find_owner(struct config *c, const struct config_query *q, const struct tenant **owner,
                      uint64_t *id, struct buf *why)
{
	const struct directory *d = config_directory(c);
	size_t found = 0;
	for (size_t i = 0; i < directory_tenants(d); i++) {
		const struct tenant *t = directory_tenant_at(d, i);
		if (q->tenant.n && !str_eq(tenant_name(t), q->tenant))
			continue;
		const struct object_set *objects = config_objects(c, tenant_name(t));
		if (!objects)
			return EIO;
		const struct object *o = find(objects, q->kind, q->id);
		if (!o)
			continue;
		*owner = t;
		*id = o->id;
		found++;
	}
	if (found > 1) {
		buf_printf(why, "%zu tenants have %s " STR_FMT "; name one with --tenant", found,
		           kind_get(q->kind)->name, STR_ARG(q->id));
		return E_POLICY;
	}
	if (found == 0 && q->tenant.n && str_u64(q->id, id) == 0) {
		*owner = directory_by_name(d, q->tenant);
		return *owner ? 0 : ENOENT;
	}
	return found ? 0 : ENOENT;
}

int config_history(struct config *c, const struct config_query *q, json_t **out, struct buf *why)
{
	const struct tenant *t = NULL;
	uint64_t id = 0;
	int err = find_owner(c, q, &t, &id, why);
	if (err)
		return err;
	struct object_set versions = {0};
	err = store_history(config_store(c), tenant_id(t), id, &versions);
	if (err)
		return err;
	if (versions.n == 0 || versions.v[0].kind != q->kind)
		err = ENOENT;
	else
		*out = print_versions(&versions, tenant_name(t),
		                      config_objects(c, tenant_name(t)));
	object_set_fini(&versions);
	return err;
}
