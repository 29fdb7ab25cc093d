// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "store_fixture.h"

static struct change *add_change(struct change_set *c, enum change_kind what, enum kind_id kind,
                                 const char *key, uint64_t id)
{
	c->v = realloc(c->v, (c->n + 1) * sizeof *c->v);
	assert_non_null(c->v);
	c->v[c->n] = (struct change){
	    .what = what,
	    .row = {.id = id,
	            .kind = kind,
	            .key = str_dupz(str_z(key)),
	            .body = json_pack("{ss}", "name", key)},
	};
	return &c->v[c->n++];
}

/* Commits and frees the set. */
static int commit(struct store_fixture *f, uint64_t *tenant, uint64_t expect, struct change_set *c,
                  uint64_t *version)
{
	int err = store_commit(f->store, tenant, expect, c, "cli:test", 1000 + expect, version);
	change_set_fini(c);
	return err;
}

/* A tenant of one user, at version 1; ids are given in order. */
static uint64_t make_tenant(struct store_fixture *f, const char *name, const char *user)
{
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_TENANT, name, 0);
	add_change(&c, CHANGE_ADD, KIND_USER, user, 0);
	uint64_t tenant = 0, version = 0;
	assert_int_equal(commit(f, &tenant, 0, &c, &version), 0);
	assert_int_equal(version, 1);
	return tenant;
}

/* "kind:key@version ..." of the live rows. */
static void assert_rows(struct store_fixture *f, uint64_t tenant, uint64_t as_of, const char *want)
{
	struct object_set set = {0};
	assert_int_equal(store_rows(f->store, tenant, as_of, &set), 0);
	char text[512] = "";
	struct buf b;
	buf_init_fixed(&b, text, sizeof text - 1);
	for (size_t i = 0; i < set.n; i++)
		buf_printf(&b, "%s:%s@%u ", kind_get(set.v[i].kind)->name, set.v[i].key,
		           (unsigned)set.v[i].version);
	object_set_fini(&set);
	assert_string_equal(text, want);
}

static uint64_t id_of(struct store_fixture *f, uint64_t tenant, enum kind_id kind, const char *key)
{
	struct object_set set = {0};
	assert_int_equal(store_rows(f->store, tenant, 0, &set), 0);
	struct object *o = object_set_find(&set, kind, str_z(key));
	assert_non_null(o);
	uint64_t id = o->id;
	object_set_fini(&set);
	return id;
}

static void test_a_new_tenant_gets_its_own_objects_id(void **state)
{
	struct store_fixture *f = *state;
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_USER, "1001", 0);
	add_change(&c, CHANGE_ADD, KIND_TENANT, "acme", 0);
	uint64_t tenant = 0, version = 0;
	assert_int_equal(store_commit(f->store, &tenant, 0, &c, "cli:root", 77, &version), 0);
	assert_int_equal(version, 1);
	assert_int_equal(tenant, c.v[1].row.id);
	assert_int_not_equal(c.v[0].row.id, tenant);
	assert_int_equal(c.v[0].row.tenant, tenant);
	assert_int_equal(c.v[0].row.version, 1);
	change_set_fini(&c);

	store_fixture_reopen(f);
	uint64_t found = 0, at_ms = 0;
	char who[64];
	assert_int_equal(store_tenant_id(f->store, STR("acme"), &found), 0);
	assert_int_equal(found, tenant);
	assert_int_equal(store_version(f->store, tenant, &version), 0);
	assert_int_equal(version, 1);
	assert_int_equal(store_version_info(f->store, tenant, 1, &at_ms, who), 0);
	assert_int_equal(at_ms, 77);
	assert_string_equal(who, "cli:root");
	assert_int_equal(store_version_info(f->store, tenant, 2, &at_ms, who), ENOENT);
	assert_int_equal(store_tenant_id(f->store, STR("acm"), &found), ENOENT);
}

static void test_rows_read_as_they_were_written(void **state)
{
	struct store_fixture *f = *state;
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_TENANT, "acme", 0);
	json_object_set_new(c.v[0].row.body, "note", json_string("\xc3\xa9 \"quoted\" \n"));
	json_object_set_new(c.v[0].row.body, "limit", json_integer(1LL << 40));
	json_t *want = json_deep_copy(c.v[0].row.body);
	uint64_t tenant = 0, version;
	assert_int_equal(commit(f, &tenant, 0, &c, &version), 0);
	struct object_set set = {0};
	assert_int_equal(store_rows(f->store, tenant, 0, &set), 0);
	assert_int_equal(set.n, 1);
	assert_true(json_equal(set.v[0].body, want));
	assert_int_equal(set.v[0].kind, KIND_TENANT);
	assert_int_equal(set.v[0].at_ms, 1000);
	assert_string_equal(set.v[0].who, "cli:test");
	assert_false(set.v[0].removed);
	json_decref(want);
	object_set_fini(&set);
}

static void test_versions_count_within_the_tenant(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), other = make_tenant(f, "other", "1001");
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_USER, "1002", 0);
	uint64_t version;
	assert_int_equal(commit(f, &acme, 1, &c, &version), 0);
	assert_int_equal(version, 2);
	assert_int_equal(store_version(f->store, other, &version), 0);
	assert_int_equal(version, 1);
	assert_rows(f, acme, 0, "tenant:acme@1 user:1001@1 user:1002@2 ");
	assert_rows(f, other, 0, "tenant:other@1 user:1001@1 ");
	assert_rows(f, 0, 0, "tenant:acme@1 user:1001@1 user:1002@2 tenant:other@1 user:1001@1 ");
	assert_int_equal(store_version(f->store, 999, &version), 0);
	assert_int_equal(version, 0);
}

static void test_as_of_shows_the_tenant_as_it_was(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), version;
	uint64_t user = id_of(f, acme, KIND_USER, "1001");
	struct change_set c = {0};
	add_change(&c, CHANGE_EDIT, KIND_USER, "2001", user);
	assert_int_equal(commit(f, &acme, 1, &c, &version), 0);
	add_change(&c, CHANGE_REMOVE, KIND_USER, "2001", user);
	add_change(&c, CHANGE_ADD, KIND_USER, "2001", 0);
	assert_int_equal(commit(f, &acme, 2, &c, &version), 0);
	assert_rows(f, acme, 1, "tenant:acme@1 user:1001@1 ");
	assert_rows(f, acme, 2, "tenant:acme@1 user:2001@2 ");
	assert_rows(f, acme, 3, "tenant:acme@1 user:2001@3 ");
	assert_rows(f, acme, 0, "tenant:acme@1 user:2001@3 ");
	assert_int_not_equal(id_of(f, acme, KIND_USER, "2001"),
	                     user); /* ids are never used again */
	struct object_set set;
	assert_int_equal(store_rows(f->store, 0, 1, &set), EINVAL);
}

static void test_history_has_every_version_oldest_first(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), other = make_tenant(f, "other", "1001"),
	         version;
	uint64_t user = id_of(f, acme, KIND_USER, "1001");
	struct change_set c = {0};
	add_change(&c, CHANGE_EDIT, KIND_USER, "2001", user);
	assert_int_equal(commit(f, &acme, 1, &c, &version), 0);
	add_change(&c, CHANGE_REMOVE, KIND_USER, "2001", user);
	assert_int_equal(commit(f, &acme, 2, &c, &version), 0);
	struct object_set set = {0};
	assert_int_equal(store_history(f->store, acme, user, &set), 0);
	assert_int_equal(set.n, 3);
	assert_string_equal(set.v[0].key, "1001");
	assert_string_equal(set.v[1].key, "2001");
	assert_true(set.v[2].removed);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(set.v[i].version, i + 1);
		assert_int_equal(set.v[i].at_ms, i == 0 ? 1000 : 1000 + i);
	}
	object_set_fini(&set);
	assert_int_equal(store_history(f->store, other, user, &set), 0); /* another's: nothing */
	assert_int_equal(set.n, 0);
}

static void test_a_stale_commit_writes_nothing(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), version = 99;
	struct change_set c = {0};
	struct change *ch = add_change(&c, CHANGE_ADD, KIND_USER, "1002", 0);
	assert_int_equal(store_commit(f->store, &acme, 0, &c, "x", 1, &version), E_STALE);
	assert_int_equal(store_commit(f->store, &acme, 2, &c, "x", 1, &version), E_STALE);
	assert_int_equal(version, 99);
	assert_int_equal(ch->row.id, 0);
	change_set_fini(&c);
	assert_rows(f, acme, 0, "tenant:acme@1 user:1001@1 ");
}

static void test_an_object_of_another_tenant_cannot_be_changed(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), other = make_tenant(f, "other", "1001"),
	         version;
	uint64_t foreign = id_of(f, other, KIND_USER, "1001");
	const enum change_kind ways[] = {CHANGE_EDIT, CHANGE_REMOVE};
	for (size_t i = 0; i < 2; i++) {
		struct change_set c = {0};
		add_change(&c, CHANGE_ADD, KIND_USER, "1002", 0);
		add_change(&c, ways[i], KIND_USER, "1001", foreign);
		assert_int_equal(commit(f, &acme, 1, &c, &version), E_STALE);
	}
	assert_rows(f, acme, 0, "tenant:acme@1 user:1001@1 ");
	assert_rows(f, other, 0, "tenant:other@1 user:1001@1 ");
}

static void test_a_removed_object_cannot_be_changed(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), version;
	uint64_t user = id_of(f, acme, KIND_USER, "1001");
	struct change_set c = {0};
	add_change(&c, CHANGE_REMOVE, KIND_USER, "1001", user);
	assert_int_equal(commit(f, &acme, 1, &c, &version), 0);
	add_change(&c, CHANGE_EDIT, KIND_USER, "1001", user);
	assert_int_equal(commit(f, &acme, 2, &c, &version), E_STALE);
}

static void test_a_live_tenant_name_is_unique_and_free_after_removal(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), none = 0, version;
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_TENANT, "acme", 0);
	assert_int_equal(commit(f, &none, 0, &c, &version), EEXIST);
	assert_int_equal(none, 0);
	uint64_t other = make_tenant(f, "other", "1001");
	add_change(&c, CHANGE_EDIT, KIND_TENANT, "acme", other);
	assert_int_equal(commit(f, &other, 1, &c, &version), EEXIST);

	add_change(&c, CHANGE_REMOVE, KIND_TENANT, "acme", acme);
	assert_int_equal(commit(f, &acme, 1, &c, &version), 0);
	uint64_t again = make_tenant(f, "acme", "1001"), found;
	assert_int_not_equal(again, acme);
	assert_int_equal(store_tenant_id(f->store, STR("acme"), &found), 0);
	assert_int_equal(found, again);
}

static void test_two_objects_may_swap_their_keys(void **state)
{
	struct store_fixture *f = *state;
	uint64_t acme = make_tenant(f, "acme", "1001"), version;
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_USER, "1002", 0);
	assert_int_equal(commit(f, &acme, 1, &c, &version), 0);
	uint64_t a = id_of(f, acme, KIND_USER, "1001"), b = id_of(f, acme, KIND_USER, "1002");
	add_change(&c, CHANGE_EDIT, KIND_USER, "1002", a);
	add_change(&c, CHANGE_EDIT, KIND_USER, "1001", b);
	assert_int_equal(commit(f, &acme, 2, &c, &version), 0);
	assert_int_equal(id_of(f, acme, KIND_USER, "1001"), b);
	assert_int_equal(id_of(f, acme, KIND_USER, "1002"), a);
	add_change(&c, CHANGE_EDIT, KIND_USER, "1001", a);
	assert_int_equal(commit(f, &acme, 3, &c, &version), EEXIST);
}

static void test_a_reference_gets_the_id_of_the_same_commit(void **state)
{
	struct store_fixture *f = *state;
	struct change_set c = {0};
	add_change(&c, CHANGE_ADD, KIND_TENANT, "acme", 0);
	struct change *device = add_change(&c, CHANGE_ADD, KIND_DEVICE, "desk", 0);
	json_object_set_new(device->row.body, "user", json_integer(-3));
	add_change(&c, CHANGE_ADD, KIND_USER, "1001", 0);
	uint64_t acme = 0, version;
	assert_int_equal(commit(f, &acme, 0, &c, &version), 0);
	struct object_set set = {0};
	assert_int_equal(store_rows(f->store, acme, 0, &set), 0);
	struct object *d = object_set_find(&set, KIND_DEVICE, STR("desk"));
	struct object *u = object_set_find(&set, KIND_USER, STR("1001"));
	assert_int_equal(json_integer_value(json_object_get(d->body, "user")), u->id);
	object_set_fini(&set);

	device = add_change(&c, CHANGE_ADD, KIND_DEVICE, "lost", 0);
	json_object_set_new(device->row.body, "user", json_integer(-2));
	assert_int_equal(commit(f, &acme, 1, &c, &version), EINVAL);
}

static void test_a_commit_without_a_tenant_or_a_change(void **state)
{
	struct store_fixture *f = *state;
	struct change_set c = {0};
	uint64_t tenant = 0, version = 0;
	add_change(&c, CHANGE_ADD, KIND_USER, "1001", 0);
	assert_int_equal(commit(f, &tenant, 0, &c, &version), E_POLICY);
	tenant = make_tenant(f, "acme", "1001");
	assert_int_equal(commit(f, &tenant, 1, &c, &version), 0);
	assert_int_equal(version, 1);
	assert_int_equal(commit(f, &tenant, 2, &c, &version), E_STALE);
	char who[65];
	memset(who, 'w', sizeof who - 1);
	who[64] = 0;
	assert_int_equal(store_commit(f->store, &tenant, 1, &c, who, 1, &version), E_LIMIT);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_a_new_tenant_gets_its_own_objects_id),
	    T(test_rows_read_as_they_were_written),
	    T(test_versions_count_within_the_tenant),
	    T(test_as_of_shows_the_tenant_as_it_was),
	    T(test_history_has_every_version_oldest_first),
	    T(test_a_stale_commit_writes_nothing),
	    T(test_an_object_of_another_tenant_cannot_be_changed),
	    T(test_a_removed_object_cannot_be_changed),
	    T(test_a_live_tenant_name_is_unique_and_free_after_removal),
	    T(test_two_objects_may_swap_their_keys),
	    T(test_a_reference_gets_the_id_of_the_same_commit),
	    T(test_a_commit_without_a_tenant_or_a_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
