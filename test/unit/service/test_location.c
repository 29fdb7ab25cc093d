// SPDX-License-Identifier: Apache-2.0
/* Bindings: order, identity, expiry, the stored form. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "service/location.h"

enum { MAX_STORED = 32 };
static const uint64_t WALL = 1700000000000;

struct fixture {
	struct timer_wheel wheel;
	struct metrics metrics;
	struct log log;
	struct location *l;
	struct {
		char *key;
		struct str value;
	} stored[MAX_STORED];
	size_t n_stored;
	char seen[256]; /* contacts in the order in which they were walked */
};

static uint64_t wall_ms(void *arg)
{
	struct fixture *f = arg;
	return WALL + f->wheel.now_ms;
}

static void save(void *arg, uint64_t tenant, struct str key, struct str value)
{
	struct fixture *f = arg;
	assert_int_equal(tenant, 1);
	size_t i = 0;
	while (i < f->n_stored && !str_eq(str_z(f->stored[i].key), key))
		i++;
	if (i < f->n_stored) {
		free(f->stored[i].key);
		text_free(&f->stored[i].value);
		f->stored[i] = f->stored[--f->n_stored];
	}
	if (!value.n)
		return;
	assert_true(f->n_stored < MAX_STORED);
	f->stored[f->n_stored].key = str_dupz(key);
	f->stored[f->n_stored].value = STR_NONE;
	text_set(&f->stored[f->n_stored++].value, value);
}

static struct location *make(struct fixture *f)
{
	const struct location_args args = {
		.wheel = &f->wheel,
		.log = &f->log,
		.metrics = &f->metrics,
		.hash_key = {1, 2},
		.wall_ms = wall_ms,
		.save = save,
		.arg = f,
	};
	struct location *l = NULL;
	assert_int_equal(location_new(&l, &args), 0);
	return l;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	timer_wheel_init(&f->wheel, 1000);
	log_init_null(&f->log);
	f->l = make(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	location_free(f->l);
	assert_int_equal(f->wheel.n, 0);
	assert_int_equal(metric_get(&f->metrics, METRIC_REGISTRATIONS), 0);
	for (size_t i = 0; i < f->n_stored; i++) {
		free(f->stored[i].key);
		text_free(&f->stored[i].value);
	}
	test_free(f);
	return 0;
}

static struct binding_set set_of(struct fixture *f, uint64_t user, uint64_t device,
                                 const char *contact, uint32_t q, uint64_t in_ms)
{
	struct binding_set s = {
		.key = {.tenant = 1, .user = user, .device = device, .contact = str_z(contact)},
		.call_id = STR("c"),
		.cseq = 1,
		.q_1000 = q,
		.aor = STR("sip:1002@acme.test"),
		.user_agent = STR("phone"),
		.expires_ms = wall_ms(f) + in_ms,
	};
	assert_int_equal(addr_parse(&s.flow.remote, STR("192.0.2.20:5060")), 0);
	return s;
}

static void put(struct fixture *f, uint64_t user, uint64_t device, const char *contact, uint32_t q)
{
	struct binding_set s = set_of(f, user, device, contact, q, 60000);
	location_put(f->l, &s);
}

static void see(const struct binding_set *b, struct binding *handle, void *arg)
{
	(void)handle;
	struct fixture *f = arg;
	size_t n = strlen(f->seen);
	snprintf(f->seen + n, sizeof f->seen - n, STR_FMT " ", STR_ARG(b->key.contact));
}

static const char *seen(struct fixture *f, uint64_t user, uint64_t device)
{
	f->seen[0] = '\0';
	location_each(f->l, 1, user, device, see, f);
	return f->seen;
}

static void test_order_is_by_q_and_then_by_age(void **state)
{
	struct fixture *f = *state;
	put(f, 5, 1, "sip:a@h", 500);
	put(f, 5, 1, "sip:b@h", 1000);
	put(f, 5, 2, "sip:c@h", 500);
	put(f, 5, 1, "sip:d@h", 0);
	assert_string_equal(seen(f, 5, 0), "sip:b@h sip:a@h sip:c@h sip:d@h ");
	assert_string_equal(seen(f, 5, 2), "sip:c@h ");
	assert_string_equal(seen(f, 6, 0), "");
	assert_int_equal(location_count(f->l, 1, 5, 0), 4);
	assert_int_equal(location_count(f->l, 1, 5, 1), 3);
	assert_int_equal(location_count(f->l, 2, 5, 0), 0); /* another tenant's user 5 */
	assert_int_equal(location_size(f->l), 4);
}

static void test_same_contact_of_another_device_is_another_binding(void **state)
{
	struct fixture *f = *state;
	put(f, 5, 1, "sip:a@h", 1000);
	put(f, 5, 2, "sip:a@h", 1000);
	put(f, 5, 1, "SIP:a@H", 1000); /* RFC 3261 19.1.4: the same URI */
	assert_int_equal(location_size(f->l), 2);
	assert_int_equal(f->n_stored, 2);
}

static void test_since_is_of_the_first_register(void **state)
{
	struct fixture *f = *state;
	put(f, 5, 1, "sip:a@h", 1000);
	uint64_t first = wall_ms(f);
	timer_wheel_run(&f->wheel, 31000);
	put(f, 5, 1, "sip:a@h", 1000);
	struct binding_key key = {.tenant = 1, .user = 5, .device = 1, .contact = STR("sip:a@h")};
	struct binding *b = location_find(f->l, &key);
	assert_non_null(b);
	struct binding_set got;
	binding_get(b, &got);
	assert_int_equal(got.since_ms, first);
	assert_int_equal(got.expires_ms, wall_ms(f) + 60000);
}

static void test_instance_without_reg_id_is_told_by_its_contact(void **state) /* RFC 5626: 6 */
{
	struct fixture *f = *state;
	struct binding_set s = set_of(f, 5, 1, "sip:a@h", 1000, 60000);
	s.key.instance = STR("<urn:x>");
	location_put(f->l, &s);
	s.key.contact = STR("sip:b@h");
	location_put(f->l, &s);
	assert_int_equal(location_size(f->l), 2);
	s.key.reg_id = 1;
	s.key.contact = STR("sip:c@h");
	location_put(f->l, &s);
	s.key.contact = STR("sip:d@h");
	location_put(f->l, &s);
	assert_int_equal(location_size(f->l), 3);
	assert_int_equal(f->n_stored, 3);
}

static void test_each_goes_at_its_time(void **state)
{
	struct fixture *f = *state;
	struct binding_set a = set_of(f, 5, 1, "sip:a@h", 1000, 1000);
	struct binding_set b = set_of(f, 5, 1, "sip:b@h", 1000, 2000);
	location_put(f->l, &a);
	location_put(f->l, &b);
	timer_wheel_run(&f->wheel, 1999);
	assert_int_equal(location_size(f->l), 2);
	timer_wheel_run(&f->wheel, 2000);
	assert_string_equal(seen(f, 5, 0), "sip:b@h ");
	timer_wheel_run(&f->wheel, 3000);
	assert_int_equal(location_size(f->l), 0);
	assert_int_equal(f->n_stored, 0);
}

static void remove_it(const struct binding_set *b, struct binding *handle, void *arg)
{
	(void)b;
	struct fixture *f = arg;
	location_remove(f->l, handle, "test");
}

static void test_walkers_may_remove(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 9; i++) {
		char contact[16];
		snprintf(contact, sizeof contact, "sip:%u@h", i);
		put(f, 5 + i % 3, 1, contact, 1000);
	}
	location_each(f->l, 1, 5, 0, remove_it, f);
	assert_int_equal(location_size(f->l), 6);
	location_all(f->l, 2, remove_it, f);
	assert_int_equal(location_size(f->l), 6);
	location_all(f->l, 1, remove_it, f);
	assert_int_equal(location_size(f->l), 0);
}

static void test_binding_keeps_addresses_of_both_families(void **state)
{
	struct fixture *f = *state;
	struct binding_set s = set_of(f, 5, 1, "sip:a@h", 1000, 60000), got;
	s.flow = (struct flow){.transport = SIP_TCP, .shard = 3, .listener = 2, .conn = 77};
	assert_int_equal(addr_parse(&s.flow.remote, STR("[2001:db8::1]:5062")), 0);
	assert_int_equal(addr_parse(&s.flow.local, STR("192.0.2.1:5060")), 0);
	s.path = STR("<sip:p;lr>");
	location_put(f->l, &s);
	binding_get(location_find(f->l, &s.key), &got);
	assert_memory_equal(&got.flow, &s.flow, sizeof s.flow);
	assert_true(str_eq(got.path, s.path) && str_eq(got.aor, s.aor));
	assert_int_equal(got.key.instance.n, 0);
}

static void test_users_others_stay_when_the_first_goes(void **state)
{
	struct fixture *f = *state;
	put(f, 5, 1, "sip:a@h", 1000);
	put(f, 5, 1, "sip:b@h", 500);
	put(f, 5, 1, "sip:c@h", 100);
	struct binding_key key = {.tenant = 1, .user = 5, .device = 1, .contact = STR("sip:a@h")};
	location_remove(f->l, location_find(f->l, &key), "test");
	assert_string_equal(seen(f, 5, 0), "sip:b@h sip:c@h ");
	key.contact = STR("sip:c@h");
	location_remove(f->l, location_find(f->l, &key), "test");
	assert_string_equal(seen(f, 5, 0), "sip:b@h ");
}

static bool is_odd(const struct binding_key *key, void *arg)
{
	(void)arg;
	return key->tenant == 1 && key->device % 2;
}

static void test_devices_that_are_gone_lose_their_bindings(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 6; i++)
		put(f, 5, 10 + i, "sip:a@h", 1000);
	location_keep_only(f->l, is_odd, NULL);
	assert_int_equal(location_size(f->l), 3);
	assert_int_equal(f->n_stored, 3);
}

/* -- the stored form -------------------------------------------------------------- */

static void test_stored_binding_comes_back_whole(void **state)
{
	struct fixture *f = *state;
	struct binding_set s = set_of(f, 5, 7, "sip:a@h", 300, 60000);
	s.key.instance = STR("<urn:x>");
	s.key.reg_id = 9;
	s.path = STR("<sip:p;lr>");
	s.cseq = 42;
	location_put(f->l, &s);
	struct location *l = make(f);
	uint64_t user = 0;
	assert_int_equal(location_value_user(f->stored[0].value, &user), 0);
	assert_int_equal(user, 5);
	assert_int_equal(location_restore(l, 1, f->stored[0].value), 0);
	s.key.tenant = 1;
	struct binding_set got;
	const struct binding_set *b = &got;
	binding_get(location_find(l, &s.key), &got);
	assert_true(str_eq(b->key.contact, s.key.contact) && str_eq(b->path, s.path));
	assert_true(str_eq(b->call_id, s.call_id) && str_eq(b->aor, s.aor));
	assert_true(str_eq(b->user_agent, s.user_agent) && flow_eq(&b->flow, &s.flow));
	assert_int_equal(b->cseq, 42);
	assert_int_equal(b->q_1000, 300);
	assert_int_equal(b->key.reg_id, 9);
	assert_int_equal(b->expires_ms, s.expires_ms);
	location_free(l);
}

static void test_connection_does_not_outlive_the_process(void **state) /* 18.1.1 */
{
	struct fixture *f = *state;
	struct binding_set s = set_of(f, 5, 7, "sip:a@198.51.100.5:5099;transport=tcp", 300, 60000);
	s.flow.transport = SIP_TCP;
	s.flow.conn = 77;
	location_put(f->l, &s);
	struct location *l = make(f);
	assert_int_equal(location_restore(l, 1, f->stored[0].value), 0);
	struct binding_set got;
	const struct flow *flow = &got.flow;
	binding_get(location_find(l, &s.key), &got);
	struct addr want;
	assert_int_equal(addr_parse(&want, STR("198.51.100.5:5099")), 0);
	assert_int_equal(flow->conn, 0);
	assert_true(addr_eq(&flow->remote, &want));
	location_free(l);
}

static void test_old_and_damaged_values_are_refused(void **state)
{
	struct fixture *f = *state;
	put(f, 5, 7, "sip:a@h", 300);
	struct str value = f->stored[0].value;
	struct location *l = make(f);
	for (size_t n = 0; n < value.n; n++) {
		char *cut = malloc(n + 1);
		memcpy(cut, value.p, n);
		assert_int_equal(location_restore(l, 1, (struct str){cut, n}), E_MALFORMED);
		free(cut);
	}
	struct rng rng;
	rng_init_seed(&rng, 5);
	for (unsigned i = 0; i < 5000; i++) {
		char *bad = malloc(value.n);
		memcpy(bad, value.p, value.n);
		bad[rng_below(&rng, (uint32_t)value.n)] = (char)rng_below(&rng, 256);
		int e = location_restore(l, 1, (struct str){bad, value.n});
		assert_true(e == 0 || e == E_MALFORMED || e == E_STALE);
		free(bad);
	}
	location_free(l);
	l = make(f);
	timer_wheel_run(&f->wheel, 60000);
	struct str kept = {str_dupz(value), value.n};
	timer_wheel_run(&f->wheel, 61000);
	assert_int_equal(location_restore(l, 1, kept), E_STALE);
	text_free(&kept);
	location_free(l);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_order_is_by_q_and_then_by_age),
		T(test_same_contact_of_another_device_is_another_binding),
		T(test_since_is_of_the_first_register),
		T(test_instance_without_reg_id_is_told_by_its_contact),
		T(test_each_goes_at_its_time),
		T(test_walkers_may_remove),
		T(test_binding_keeps_addresses_of_both_families),
		T(test_users_others_stay_when_the_first_goes),
		T(test_devices_that_are_gone_lose_their_bindings),
		T(test_stored_binding_comes_back_whole),
		T(test_connection_does_not_outlive_the_process),
		T(test_old_and_damaged_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
