// SPDX-License-Identifier: Apache-2.0
#include "media/ports.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"

enum pair_state { PAIR_UNUSED, PAIR_OPENED, PAIR_BAD };

/** What makes a lease unique; hashed as bytes, so every byte of it is set. */
struct lease_key {
	struct addr peer;
	uint16_t port;
	uint16_t pad;
};

_Static_assert(sizeof(struct lease_key) == 24, "hashed as bytes");

struct lease_entry {
	struct map_node node;
	struct lease_key key;
};

struct port_pool {
	struct hash_key hash;
	struct map leases;
	uint16_t first;
	size_t n_pairs;
	size_t n_used;   /* pairs 0 .. n_used-1 are in rotation, the bad ones among them skipped */
	size_t next;     /* where the next search begins */
	uint8_t state[]; /* enum pair_state, one a pair */
};

static struct lease_key key_of(uint16_t port, const struct addr *peer)
{
	struct lease_key k = {.peer = *peer, .port = port};
	k.peer.pad = 0;
	return k;
}

static uint64_t hash_of(const struct port_pool *p, const struct lease_key *k)
{
	return hash_bytes(&p->hash, k, sizeof *k);
}

static struct lease_entry *find(const struct port_pool *p, const struct lease_key *k)
{
	for (struct map_node *n = map_find(&p->leases, hash_of(p, k)); n; n = map_next(n)) {
		struct lease_entry *e = container_of(n, struct lease_entry, node);
		if (memcmp(&e->key, k, sizeof *k) == 0)
			return e;
	}
	return NULL;
}

static uint16_t port_of(const struct port_pool *p, size_t pair)
{
	return (uint16_t)(p->first + 2 * pair);
}

/** Can `pair` take one more lease of `peer`? */
static bool is_free(const struct port_pool *p, size_t pair, const struct addr *peer)
{
	if (p->state[pair] == PAIR_BAD)
		return false;
	struct lease_key k = key_of(port_of(p, pair), peer);
	return find(p, &k) == NULL;
}

/** Put one more pair into rotation; false when the range is used up. */
static bool widen(struct port_pool *p)
{
	if (p->n_used == p->n_pairs)
		return false;
	p->n_used++;
	return true;
}

/**
 * The rotating start spreads leases evenly, so that the first look finds a free pair
 * unless many leases of one peer are live.
 */
static bool choose(struct port_pool *p, const struct addr *peer, size_t *pair)
{
	for (size_t i = 0; i < p->n_used; i++) {
		size_t at = p->next + i < p->n_used ? p->next + i : p->next + i - p->n_used;
		if (is_free(p, at, peer)) {
			p->next = at + 1 < p->n_used ? at + 1 : 0;
			*pair = at;
			return true;
		}
	}
	while (widen(p)) {
		if (is_free(p, p->n_used - 1, peer)) {
			*pair = p->n_used - 1;
			return true;
		}
	}
	return false;
}

static void add(struct port_pool *p, struct lease_entry *e, const struct lease_key *k)
{
	e->key = *k;
	map_insert(&p->leases, &e->node, hash_of(p, k));
}

int port_pool_new(struct port_pool **out, uint16_t first, size_t n_pairs, size_t initial,
                  const struct hash_key *key)
{
	if (first == 0 || first % 2 != 0 || n_pairs == 0 || n_pairs > (65536u - first) / 2u)
		return EINVAL;
	struct port_pool *p = calloc(1, sizeof *p + n_pairs);
	if (!p)
		abort();
	p->hash = *key;
	p->first = first;
	p->n_pairs = n_pairs;
	p->n_used = initial < n_pairs ? initial : n_pairs;
	map_init(&p->leases);
	*out = p;
	return 0;
}

void port_pool_free(struct port_pool *p)
{
	if (!p)
		return;
	size_t pos = 0;
	struct map_node *n = map_walk(&p->leases, NULL, &pos);
	while (n) {
		struct map_node *after = map_walk(&p->leases, n, &pos);
		free(container_of(n, struct lease_entry, node));
		n = after;
	}
	map_fini(&p->leases);
	free(p);
}

int port_pool_take(struct port_pool *p, const struct addr *peer, struct port_lease *out,
                   bool *opened)
{
	size_t pair;
	if (!choose(p, peer, &pair))
		return E_LIMIT;
	struct lease_entry *e = malloc(sizeof *e);
	if (!e)
		abort();
	struct lease_key k = key_of(port_of(p, pair), peer);
	add(p, e, &k);
	*opened = p->state[pair] == PAIR_UNUSED;
	p->state[pair] = PAIR_OPENED;
	*out = (struct port_lease){.port = k.port, .exact = peer->port != 0, .peer = k.peer};
	return 0;
}

int port_pool_settle(struct port_pool *p, struct port_lease *lease, const struct addr *exact)
{
	if (lease->port == 0 || exact->port == 0)
		return EINVAL;
	struct lease_key to = key_of(lease->port, exact);
	struct lease_key from = key_of(lease->port, &lease->peer);
	struct lease_entry *mine = find(p, &from);
	assert(mine);
	struct lease_entry *other = find(p, &to);
	if (other && other != mine)
		return EADDRINUSE;
	if (!other) {
		map_remove(&p->leases, &mine->node);
		add(p, mine, &to);
	}
	lease->exact = true;
	lease->peer = to.peer;
	return 0;
}

void port_pool_release(struct port_pool *p, struct port_lease *lease)
{
	if (lease->port == 0)
		return;
	struct lease_key k = key_of(lease->port, &lease->peer);
	struct lease_entry *e = find(p, &k);
	assert(e);
	map_remove(&p->leases, &e->node);
	free(e);
	*lease = (struct port_lease){0};
}

void port_pool_bad(struct port_pool *p, uint16_t port)
{
	if (port < p->first || (port - p->first) % 2 != 0)
		return;
	size_t pair = (size_t)(port - p->first) / 2;
	if (pair >= p->n_pairs || p->state[pair] == PAIR_BAD)
		return;
	p->state[pair] = PAIR_BAD;
	/* As many sockets as before share the load. */
	if (pair < p->n_used)
		(void)widen(p);
}

size_t port_pool_leases(const struct port_pool *p)
{
	return p->leases.n;
}
