// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/rng.h"
#include "media/ports.h"

enum { FIRST = 20000 };

static const struct hash_key key = {1, 2};

static struct addr v4(uint32_t host, uint16_t port)
{
	return (struct addr){
	    .family = ADDR_V4,
	    .port = port,
	    .ip = {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};
}

static struct port_pool *pool_of(size_t n_pairs, size_t initial)
{
	struct port_pool *p = NULL;
	assert_int_equal(port_pool_new(&p, FIRST, n_pairs, initial, &key), 0);
	return p;
}

static struct port_lease take(struct port_pool *p, struct addr peer)
{
	struct port_lease l;
	bool opened;
	assert_int_equal(port_pool_take(p, &peer, &l, &opened), 0);
	return l;
}

static void test_refuses_impossible_ranges(void **state)
{
	(void)state;
	struct port_pool *p = NULL;
	assert_int_equal(port_pool_new(&p, 20001, 4, 4, &key), EINVAL);
	assert_int_equal(port_pool_new(&p, 0, 4, 4, &key), EINVAL);
	assert_int_equal(port_pool_new(&p, 20000, 0, 0, &key), EINVAL);
	assert_int_equal(port_pool_new(&p, 65534, 2, 2, &key), EINVAL);
	assert_null(p);
	assert_int_equal(port_pool_new(&p, 65534, 1, 1, &key), 0); /* RTCP is 65535 */
	port_pool_free(p);
}

static void test_leases_spread_over_the_initial_pairs_and_open_each_once(void **state)
{
	(void)state;
	struct port_pool *p = pool_of(100, 8);
	size_t hits[8] = {0}, opens = 0;
	for (uint32_t i = 0; i < 80; i++) {
		struct addr peer = v4(i, 0);
		struct port_lease l;
		bool opened;
		assert_int_equal(port_pool_take(p, &peer, &l, &opened), 0);
		assert_in_range(l.port, FIRST, FIRST + 14);
		assert_int_equal(l.port % 2, 0);
		opens += opened;
		hits[(l.port - FIRST) / 2]++;
	}
	assert_int_equal(opens, 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(hits[i], 10);
	assert_int_equal(port_pool_leases(p), 80);
	port_pool_free(p);
}

static void test_one_trunk_address_holds_10000_exact_leases_on_32_pairs(void **state)
{
	(void)state;
	struct port_pool *p = pool_of(32, 32);
	struct port_lease *l = calloc(10000, sizeof *l);
	for (uint32_t i = 0; i < 10000; i++) {
		l[i] = take(p, v4(7, (uint16_t)(1024 + i)));
		assert_true(l[i].exact);
	}
	assert_int_equal(port_pool_leases(p), 10000);
	for (uint32_t i = 0; i < 10000; i++)
		port_pool_release(p, &l[i]);
	assert_int_equal(port_pool_leases(p), 0);
	free(l);
	port_pool_free(p);
}

static void test_300_open_leases_of_one_address_open_new_ports(void **state)
{
	(void)state;
	struct port_pool *p = pool_of(300, 32);
	struct addr peer = v4(9, 0);
	uint8_t used[300] = {0};
	for (size_t i = 0; i < 300; i++) {
		struct port_lease l;
		bool opened;
		assert_int_equal(port_pool_take(p, &peer, &l, &opened), 0);
		assert_true(opened);
		assert_false(l.exact);
		assert_int_equal(used[(l.port - FIRST) / 2]++, 0);
	}
	struct port_lease l;
	bool opened;
	assert_int_equal(port_pool_take(p, &peer, &l, &opened), E_LIMIT);
	peer = v4(10, 0);
	assert_int_equal(port_pool_take(p, &peer, &l, &opened), 0);
	assert_false(opened);
	port_pool_free(p);
}

static void test_settled_lease_frees_the_open_place(void **state)
{
	(void)state;
	struct port_pool *p = pool_of(1, 1);
	struct port_lease a = take(p, v4(1, 0));
	struct addr open = v4(1, 0), exact = v4(1, 4000);
	struct port_lease b;
	bool opened;
	assert_int_equal(port_pool_take(p, &open, &b, &opened), E_LIMIT);
	assert_int_equal(port_pool_settle(p, &a, &exact), 0);
	assert_true(a.exact);
	assert_int_equal(port_pool_settle(p, &a, &exact), 0);
	assert_int_equal(port_pool_take(p, &open, &b, &opened), 0);
	/* The second one finds the same peer: its lease stays as it was. */
	assert_int_equal(port_pool_settle(p, &b, &exact), EADDRINUSE);
	assert_false(b.exact);
	assert_int_equal(b.peer.port, 0);
	assert_int_equal(port_pool_settle(p, &b, &open), EINVAL);
	port_pool_release(p, &a);
	assert_int_equal(a.port, 0);
	port_pool_release(p, &a);
	assert_int_equal(port_pool_settle(p, &b, &exact), 0);
	assert_int_equal(port_pool_leases(p), 1);
	port_pool_free(p);
}

static void test_bad_port_is_never_leased_again_and_is_replaced(void **state)
{
	(void)state;
	struct port_pool *p = pool_of(4, 2);
	struct port_lease held = take(p, v4(1, 0));
	port_pool_bad(p, held.port);
	port_pool_bad(p, held.port);
	port_pool_bad(p, FIRST + 4); /* not used yet */
	port_pool_bad(p, FIRST + 1);
	port_pool_bad(p, FIRST + 8);
	port_pool_bad(p, FIRST - 2);
	bool seen[4] = {false};
	for (uint32_t i = 0; i < 16; i++) {
		struct port_lease l = take(p, v4(100 + i, 0));
		assert_int_not_equal(l.port, held.port);
		assert_int_not_equal(l.port, FIRST + 4);
		seen[(l.port - FIRST) / 2] = true;
	}
	assert_true(seen[1]);
	port_pool_release(p, &held);
	for (uint32_t i = 0; i < 2; i++)
		(void)take(p, v4(1, 0));
	struct addr again = v4(1, 0);
	bool opened;
	assert_int_equal(port_pool_take(p, &again, &held, &opened), E_LIMIT);
	port_pool_free(p);
}

/* The naive model: the list of live leases, searched from end to end. */
enum { LIVE = 300 };

struct model {
	struct port_lease at[LIVE];
	size_t n;
};

static bool model_has(const struct model *m, const struct port_lease *but, uint16_t port,
                      const struct addr *peer)
{
	for (size_t i = 0; i < m->n; i++)
		if (&m->at[i] != but && m->at[i].port == port && addr_eq(&m->at[i].peer, peer))
			return true;
	return false;
}

static void model_take(struct port_pool *p, struct model *m, struct rng *r, bool bad[16],
                       bool was_open[16])
{
	struct addr peer = v4(rng_below(r, 6), (uint16_t)(rng_below(r, 3) ? rng_below(r, 8) : 0));
	struct port_lease l = {0};
	bool opened = false;
	int err = port_pool_take(p, &peer, &l, &opened);
	if (err == 0) {
		size_t pair = (size_t)(l.port - FIRST) / 2;
		assert_false(model_has(m, NULL, l.port, &peer));
		assert_false(bad[pair]);
		assert_int_equal(opened, !was_open[pair]);
		was_open[pair] = true;
		m->at[m->n++] = l;
		return;
	}
	assert_int_equal(err, E_LIMIT);
	for (size_t pair = 0; pair < 16; pair++)
		assert_true(bad[pair] || model_has(m, NULL, (uint16_t)(FIRST + 2 * pair), &peer));
}

static void model_settle(struct port_pool *p, struct model *m, struct rng *r)
{
	struct port_lease *l = &m->at[rng_below(r, (uint32_t)m->n)];
	struct addr exact = l->peer;
	exact.port = (uint16_t)(1 + rng_below(r, 8));
	bool clash = model_has(m, l, l->port, &exact);
	assert_int_equal(port_pool_settle(p, l, &exact), clash ? EADDRINUSE : 0);
	assert_int_equal(addr_eq(&l->peer, &exact), !clash);
}

static void model_release(struct port_pool *p, struct model *m, struct rng *r)
{
	size_t i = rng_below(r, (uint32_t)m->n);
	port_pool_release(p, &m->at[i]);
	m->at[i] = m->at[--m->n];
}

static void test_agrees_with_a_naive_model(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct rng r;
		rng_init_seed(&r, seed);
		struct port_pool *p = pool_of(16, 1 + rng_below(&r, 16));
		struct model m = {.n = 0};
		bool bad[16] = {false}, was_open[16] = {false};
		for (size_t step = 0; step < 2000; step++) {
			uint32_t what = rng_below(&r, 100);
			if ((what < 50 || m.n == 0) && m.n < LIVE)
				model_take(p, &m, &r, bad, was_open);
			else if (m.n && what < 70)
				model_settle(p, &m, &r);
			else if (m.n && what < 99)
				model_release(p, &m, &r);
			else if (rng_below(&r, 20) == 0) {
				uint32_t pair = rng_below(&r, 16);
				bad[pair] = true;
				port_pool_bad(p, (uint16_t)(FIRST + 2 * pair));
			}
			assert_int_equal(port_pool_leases(p), m.n);
		}
		port_pool_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refuses_impossible_ranges),
	    cmocka_unit_test(test_leases_spread_over_the_initial_pairs_and_open_each_once),
	    cmocka_unit_test(test_one_trunk_address_holds_10000_exact_leases_on_32_pairs),
	    cmocka_unit_test(test_300_open_leases_of_one_address_open_new_ports),
	    cmocka_unit_test(test_settled_lease_frees_the_open_place),
	    cmocka_unit_test(test_bad_port_is_never_leased_again_and_is_replaced),
	    cmocka_unit_test(test_agrees_with_a_naive_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
