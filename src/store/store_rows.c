// SPDX-License-Identifier: Apache-2.0
/* Versioned rows of configuration (DESIGN rule 4). Control thread. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/internal.h"

#define ROW_COLUMNS                                                                                \
	"SELECT r.tenant, r.id, r.version, r.kind, r.key, r.removed, r.body, v.who, v.at_ms "
#define WITH_VERSION "JOIN tenant_version v ON v.tenant = r.tenant AND v.version = r.version "
#define LIVE_ROWS                                                                                  \
	"FROM object_live l "                                                                      \
	"JOIN object_row r ON r.tenant = l.tenant AND r.id = l.id AND r.version = "                \
	"l.version " WITH_VERSION

static const char live_of_all[] = ROW_COLUMNS LIVE_ROWS "ORDER BY l.tenant, l.id";
static const char live_of_tenant[] = ROW_COLUMNS LIVE_ROWS "WHERE l.tenant = ?1 ORDER BY l.id";
static const char as_of[] = ROW_COLUMNS
    "FROM object_row r " WITH_VERSION "WHERE r.tenant = ?1 AND NOT r.removed AND r.version = ("
    " SELECT max(x.version) FROM object_row x"
    " WHERE x.tenant = r.tenant AND x.id = r.id AND x.version <= ?2) ORDER BY r.id";
static const char history[] = ROW_COLUMNS "FROM object_row r " WITH_VERSION
                                          "WHERE r.tenant = ?1 AND r.id = ?2 ORDER BY r.version";

static const char last_version[] = "SELECT coalesce(max(version), 0) FROM tenant_version"
                                   " WHERE tenant = ?1";

static int failed(struct store *s, int err)
{
	log_event(s->log, LOG_STORE_ERROR, LOG_Z("why", sqlite3_errmsg(s->db)),
	          LOG_Z("error", err_text(err)));
	return err;
}

/* -- reading ------------------------------------------------------------------------- */

static int read_object(struct store *s, sqlite3_stmt *st, struct object *o)
{
	struct str body = sql_str(st, 6);
	enum kind_id kind;
	json_t *json = json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL);
	if (!json || kind_find(sql_str(st, 3), &kind) != 0) {
		json_decref(json);
		log_event(s->log, LOG_STORE_DAMAGED, LOG_Z("table", "object_row"),
		          LOG_U("tenant", sql_u64(st, 0)), LOG_U("id", sql_u64(st, 1)),
		          LOG_U("version", sql_u64(st, 2)));
		return EIO;
	}
	*o = (struct object){
	    .tenant = sql_u64(st, 0),
	    .id = sql_u64(st, 1),
	    .version = sql_u64(st, 2),
	    .kind = kind,
	    .key = str_dupz(sql_str(st, 4)),
	    .removed = sqlite3_column_int(st, 5) != 0,
	    .body = json,
	    .who = str_dupz(sql_str(st, 7)),
	    .at_ms = sql_u64(st, 8),
	};
	return 0;
}

static int read_objects(struct store *s, sqlite3_stmt *st, struct object_set *set)
{
	for (;;) {
		bool row;
		int err = sql_next(st, &row);
		if (err)
			return failed(s, err);
		if (!row)
			return 0;
		struct object o;
		err = read_object(s, st, &o);
		if (err)
			return err;
		object_set_add(set, o);
	}
}

static int query(struct store *s, const char *sql, uint64_t a, uint64_t b, struct object_set *out)
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db, sql, &st);
	if (err)
		return failed(s, err);
	sql_bind_u64(st, 1, a); /* a query without this place ignores it */
	sql_bind_u64(st, 2, b);
	struct object_set set = {0};
	err = read_objects(s, st, &set);
	sqlite3_finalize(st);
	if (err)
		object_set_fini(&set);
	else
		*out = set;
	return err;
}

int store_rows(struct store *s, uint64_t tenant, uint64_t as_of_version, struct object_set *out)
{
	if (as_of_version == 0)
		return query(s, tenant ? live_of_tenant : live_of_all, tenant, 0, out);
	if (tenant == 0)
		return EINVAL;
	return query(s, as_of, tenant, as_of_version, out);
}

int store_history(struct store *s, uint64_t tenant, uint64_t id, struct object_set *out)
{
	return query(s, history, tenant, id, out);
}

int store_tenant_id(struct store *s, struct str name, uint64_t *id)
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db,
	                      "SELECT id FROM object_live WHERE kind = 'tenant' AND key = ?1", &st);
	if (err)
		return failed(s, err);
	sql_bind_str(st, 1, name);
	bool row;
	err = sql_next(st, &row);
	if (err)
		failed(s, err);
	else if (row)
		*id = sql_u64(st, 0);
	else
		err = ENOENT;
	sqlite3_finalize(st);
	return err;
}

int store_version(struct store *s, uint64_t tenant, uint64_t *version)
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db, last_version, &st);
	if (err)
		return failed(s, err);
	sql_bind_u64(st, 1, tenant);
	bool row;
	err = sql_next(st, &row);
	if (err)
		failed(s, err);
	else
		*version = sql_u64(st, 0);
	sqlite3_finalize(st);
	return err;
}

/* -- all tenants, one after the other ------------------------------------------------ */

struct tenant_walk {
	struct store *s;
	sqlite3_stmt *rows, *version;
	struct object_set set; /* rows of the tenant that is being read */
	store_tenant_fn *fn;
	void *arg;
};

static int hand_over(struct tenant_walk *w)
{
	if (!w->set.n)
		return 0;
	uint64_t tenant = w->set.v[0].tenant;
	bool row;
	sql_bind_u64(w->version, 1, tenant);
	int err = sql_next(w->version, &row);
	if (err)
		return failed(w->s, err);
	w->set.version = sql_u64(w->version, 0);
	sqlite3_reset(w->version);
	err = w->fn(tenant, &w->set, w->arg);
	object_set_fini(&w->set);
	return err;
}

static int walk_tenants(struct tenant_walk *w)
{
	for (;;) {
		bool row;
		struct object o;
		int err = sql_next(w->rows, &row);
		if (err)
			return failed(w->s, err);
		if (!row)
			return hand_over(w);
		err = read_object(w->s, w->rows, &o);
		if (err)
			return err;
		if (w->set.n && w->set.v[0].tenant != o.tenant)
			err = hand_over(w);
		object_set_add(&w->set, o);
		if (err)
			return err;
	}
}

int store_each_tenant(struct store *s, store_tenant_fn *fn, void *arg)
{
	struct tenant_walk w = {.s = s, .fn = fn, .arg = arg};
	int err = sql_prepare(s->db, live_of_all, &w.rows);
	if (!err)
		err = sql_prepare(s->db, last_version, &w.version);
	err = err ? failed(s, err) : walk_tenants(&w);
	object_set_fini(&w.set);
	sqlite3_finalize(w.rows);
	sqlite3_finalize(w.version);
	return err;
}

int store_version_info(struct store *s, uint64_t tenant, uint64_t version, uint64_t *at_ms,
                       char who[64])
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db,
	                      "SELECT at_ms, who FROM tenant_version"
	                      " WHERE tenant = ?1 AND version = ?2",
	                      &st);
	if (err)
		return failed(s, err);
	sql_bind_u64(st, 1, tenant);
	sql_bind_u64(st, 2, version);
	bool row;
	err = sql_next(st, &row);
	if (err) {
		failed(s, err);
	} else if (row) {
		*at_ms = sql_u64(st, 0);
		str_copyz(who, 64, sql_str(st, 1));
	} else {
		err = ENOENT;
	}
	sqlite3_finalize(st);
	return err;
}

/* -- writing ------------------------------------------------------------------------- */

struct commit {
	struct store *s;
	struct change_set *c;
	uint64_t tenant, version;
	const char *who;
	uint64_t at_ms;
};

/* One statement with numbers alone; `*changed` rows. */
static int run_numbers(sqlite3 *db, const char *sql, const uint64_t *v, size_t n, int *changed)
{
	sqlite3_stmt *st;
	int err = sql_prepare(db, sql, &st);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		sql_bind_u64(st, (int)i + 1, v[i]);
	err = sql_run(st);
	*changed = sqlite3_changes(db);
	sqlite3_finalize(st);
	return err;
}

static int last_id(sqlite3 *db, uint64_t *id)
{
	sqlite3_stmt *st;
	int err = sql_prepare(db, "SELECT last FROM object_sequence", &st);
	if (err)
		return err;
	bool row;
	err = sql_next(st, &row);
	if (!err)
		*id = sql_u64(st, 0);
	sqlite3_finalize(st);
	return err;
}

static int give_ids(const struct commit *k)
{
	uint64_t id;
	int err = last_id(k->s->db, &id);
	if (err)
		return err;
	for (size_t i = 0; i < k->c->n; i++)
		if (k->c->v[i].what == CHANGE_ADD)
			k->c->v[i].row.id = ++id;
	int changed;
	return run_numbers(k->s->db, "UPDATE object_sequence SET last = ?1", &id, 1, &changed);
}

static int find_tenant(struct commit *k)
{
	for (size_t i = 0; i < k->c->n && k->tenant == 0; i++) {
		const struct change *c = &k->c->v[i];
		if (c->what == CHANGE_ADD && c->row.kind == KIND_TENANT)
			k->tenant = c->row.id;
	}
	return k->tenant ? 0 : E_POLICY;
}

static int write_version(const struct commit *k)
{
	sqlite3_stmt *st;
	int err = sql_prepare(k->s->db, "INSERT INTO tenant_version VALUES (?1, ?2, ?3, ?4)", &st);
	if (err)
		return err;
	sql_bind_u64(st, 1, k->tenant);
	sql_bind_u64(st, 2, k->version);
	sql_bind_str(st, 3, str_z(k->who));
	sql_bind_u64(st, 4, k->at_ms);
	err = sql_run(st);
	sqlite3_finalize(st);
	return err;
}

/*
 * All that change leave object_live before any comes back, so that two objects may
 * swap their keys. Who is not there has been removed meanwhile, or is another tenant's.
 */
static int retire(const struct commit *k)
{
	for (size_t i = 0; i < k->c->n; i++) {
		const struct change *c = &k->c->v[i];
		if (c->what == CHANGE_ADD)
			continue;
		const uint64_t v[] = {k->tenant, c->row.id};
		int changed;
		int err =
		    run_numbers(k->s->db, "DELETE FROM object_live WHERE tenant = ?1 AND id = ?2",
		                v, 2, &changed);
		if (err)
			return err;
		if (changed == 0)
			return E_STALE;
	}
	return 0;
}

static void bind_row(const struct commit *k, sqlite3_stmt *st, const struct object *o)
{
	sql_bind_u64(st, 1, k->tenant);
	sql_bind_u64(st, 2, o->id);
	sql_bind_u64(st, 3, k->version);
	sql_bind_str(st, 4, str_z(kind_get(o->kind)->name));
	sql_bind_str(st, 5, str_z(o->key));
}

static int write_row(const struct commit *k, sqlite3_stmt *row, sqlite3_stmt *live,
                     const struct change *c)
{
	bool removed = c->what == CHANGE_REMOVE;
	char *body = c->row.body ? json_dumps(c->row.body, JSON_COMPACT) : NULL;
	if (!body && !removed)
		return EINVAL;
	bind_row(k, row, &c->row);
	sqlite3_bind_int(row, 6, removed);
	sql_bind_str(row, 7, body ? str_z(body) : STR("{}"));
	int err = sql_run(row);
	free(body);
	if (err || removed)
		return err;
	bind_row(k, live, &c->row);
	return sql_run(live);
}

static int write_rows(const struct commit *k)
{
	sqlite3_stmt *row = NULL, *live = NULL;
	int err = sql_prepare(k->s->db,
	                      "INSERT INTO object_row VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &row);
	if (!err)
		err = sql_prepare(k->s->db, "INSERT INTO object_live VALUES (?1, ?2, ?3, ?4, ?5)",
		                  &live);
	for (size_t i = 0; !err && i < k->c->n; i++)
		err = write_row(k, row, live, &k->c->v[i]);
	sqlite3_finalize(row);
	sqlite3_finalize(live);
	return err;
}

static int commit_steps(struct commit *k, uint64_t expect_version)
{
	uint64_t now;
	int err = store_version(k->s, k->tenant, &now);
	if (err)
		return err;
	if (now != expect_version)
		return E_STALE;
	k->version = now + 1;
	err = give_ids(k);
	if (!err)
		err = find_tenant(k);
	if (!err)
		err = change_set_resolve(k->c);
	if (!err)
		err = write_version(k);
	if (!err)
		err = retire(k);
	if (!err)
		err = write_rows(k);
	return err;
}

static int commit_all(struct commit *k, uint64_t expect_version)
{
	int err = sql_exec(k->s->db, "BEGIN IMMEDIATE");
	if (!err)
		err = commit_steps(k, expect_version);
	if (!err)
		err = sql_exec(k->s->db, "COMMIT");
	if (err == EIO || err == ENOSPC || err == EBUSY || err == EACCES)
		failed(k->s, err);
	if (err)
		sql_rollback(k->s->db);
	return err;
}

static void settle(const struct commit *k, bool written)
{
	for (size_t i = 0; i < k->c->n; i++) {
		struct change *c = &k->c->v[i];
		if (written) {
			c->row.tenant = k->tenant;
			c->row.version = k->version;
			c->row.at_ms = k->at_ms;
		} else if (c->what == CHANGE_ADD) {
			c->row.id = 0;
		}
	}
}

int store_commit(struct store *s, uint64_t *tenant, uint64_t expect_version, struct change_set *c,
                 const char *who, uint64_t at_ms, uint64_t *version)
{
	if (strlen(who) >= 64)
		return E_LIMIT;
	struct commit k = {.s = s,
	                   .c = c,
	                   .tenant = *tenant,
	                   .version = expect_version,
	                   .who = who,
	                   .at_ms = at_ms};
	if (c->n > 0) {
		int err = commit_all(&k, expect_version);
		settle(&k, !err);
		if (err)
			return err;
	} else {
		int err = store_version(s, *tenant, &k.version);
		if (err)
			return err;
		if (k.version != expect_version)
			return E_STALE;
	}
	*tenant = k.tenant;
	*version = k.version;
	return 0;
}
