// SPDX-License-Identifier: Apache-2.0
/*
 * The operator: tenant files that change while calls are up, planned and applied as the product
 * does, and sent to the shards of every switch. The people at the phones learn of it at once.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "tenant_make.h"

enum { USERS = MAX_PHONES / TENANTS / 2 };

void config_password(const struct sim *s, unsigned t, unsigned u, bool second, char out[32])
{
	snprintf(out, 32, "pw-%u-%u-%u-%u", t, u, second, s->people[t][u].password[second]);
}

static void put_device(const struct sim *s, struct buf *b, unsigned t, unsigned u, bool second)
{
	char password[32];
	config_password(s, t, u, second, password);
	buf_printf(b, "%s{\"username\":\"%u%s\",\"password\":\"%s\"}", second ? "," : "", 1001 + u,
	           second ? "-b" : "", password);
}

static void put_file(const struct sim *s, struct buf *b, unsigned t)
{
	bool first = true;
	buf_printf(b, "{\"tenant\":\"t%u\",\"domains\":[\"t%u.test\"],\"users\":[", t, t);
	for (unsigned u = 0; u < USERS; u++) {
		const struct person *x = &s->people[t][u];
		if (x->gone)
			continue;
		buf_printf(b, "%s{\"name\":\"U%u\",\"extension\":\"%u\",\"devices\":[", first ? "" : ",", u,
		           config_extension(s, t, u));
		first = false;
		put_device(s, b, t, u, false);
		if (!x->second_gone)
			put_device(s, b, t, u, true);
		buf_lit(b, "]}");
	}
	buf_lit(b, "]}");
	buf_ch(b, '\0');
}

unsigned config_extension(const struct sim *s, unsigned t, unsigned u)
{
	return (s->people[t][u].moved ? 2001 : 1001) + u;
}

bool config_has(const struct sim *s, unsigned t, unsigned u, bool second)
{
	const struct person *x = &s->people[t][u];
	return !s->tenant_gone[t] && !x->gone && !(second && x->second_gone);
}

static void build_tenant(struct sim *s, unsigned t)
{
	struct buf b;
	struct rng rng;
	buf_init(&b, 1 << 20);
	put_file(s, &b, t);
	rng_init_seed(&rng, s->a.seed + s->configs);
	test_apply(&s->rows[t], &rng, b.p);
	tenant_unref(s->buried[t]); /* calls that began with it may still be up */
	s->buried[t] = s->tenants[t];
	s->tenants[t] = test_snapshot(&s->rows[t]);
	uint64_t version = tenant_version(s->tenants[t]);
	if (!s->buried[t] || tenant_version(s->buried[t]) != version)
		s->version_ms[t][version % VERSIONS] = s->wheel.now_ms;
	buf_fini(&b);
}

static void build_directory(struct sim *s)
{
	const struct tenant *there[TENANTS];
	size_t n = 0;
	struct buf why;
	for (unsigned t = 0; t < TENANTS; t++)
		if (!s->tenant_gone[t])
			there[n++] = s->tenants[t];
	buf_init(&why, 1024);
	directory_unref(s->directory);
	if (directory_build(&s->directory, there, n, &why) != 0)
		sim_fail(s, "no directory: " STR_FMT, STR_ARG(buf_view(&why)));
	buf_fini(&why);
}

void config_init(struct sim *s)
{
	for (unsigned t = 0; t < TENANTS; t++) {
		s->rows[t].next_id = 100000 * (t + 1);
		build_tenant(s, t);
	}
	build_directory(s);
}

void config_end(struct sim *s)
{
	directory_unref(s->directory);
	for (unsigned t = 0; t < TENANTS; t++) {
		tenant_unref(s->tenants[t]);
		tenant_unref(s->buried[t]);
		object_set_fini(&s->rows[t].set);
	}
}

const struct tenant *config_tenant(const struct sim *s, uint64_t id)
{
	for (unsigned t = 0; t < TENANTS; t++) {
		if (tenant_id(s->tenants[t]) == id)
			return s->tenants[t];
		if (s->buried[t] && tenant_id(s->buried[t]) == id)
			return s->buried[t];
	}
	return NULL;
}

/** Was this version in force at `ms` (a call's start)? Shards hear of a change a little later. */
bool config_was(const struct sim *s, unsigned t, uint64_t version, uint64_t ms)
{
	uint64_t last = tenant_version(s->tenants[t]);
	if (version > last || version + VERSIONS <= last)
		return version <= last;
	const uint64_t *at = s->version_ms[t];
	return at[version % VERSIONS] <= ms &&
	       (version == last || ms <= at[(version + 1) % VERSIONS] + 1000);
}

static void publish(struct sim *s)
{
	for (unsigned i = 0; i < s->a.nodes; i++) {
		struct node *n = &s->nodes[i];
		directory_unref(n->directory);
		n->directory = directory_ref(s->directory);
		for (uint16_t k = 0; k < s->a.shards; k++) {
			struct mail_config *m = calloc(1, sizeof *m);
			*m = (struct mail_config){.mail.kind = SHARD_CONFIG,
			                          .directory = directory_ref(s->directory)};
			switch_post(n, MAX_SHARDS, k, &m->mail);
		}
	}
	for (unsigned i = 0; i < s->a.phones; i++)
		phone_configure(&s->phones[i]);
}

static void change_tenant(struct sim *s, unsigned t)
{
	s->tenant_gone[t] = !s->tenant_gone[t];
	sim_note(s, "### tenant t%u is %s", t, s->tenant_gone[t] ? "removed" : "there again");
	if (s->tenant_gone[t])
		return;
	/* What comes back is a new tenant with the old name; versions go on for the sim's sake. */
	uint64_t version = s->rows[t].set.version;
	object_set_fini(&s->rows[t].set);
	s->rows[t].set.version = version;
	build_tenant(s, t);
}

static void change_person(struct sim *s, unsigned t)
{
	unsigned u = rng_below(&s->dice, USERS), second = rng_below(&s->dice, 2);
	struct person *x = &s->people[t][u];
	const char *what;
	switch (rng_below(&s->dice, 5)) {
	case 0: x->moved = !x->moved; what = "has another extension"; break;
	case 1: x->gone = !x->gone; what = "comes or goes"; break;
	case 2: x->password[second]++; what = "has another password"; break;
	default: x->second_gone = !x->second_gone; what = "gets or loses a device"; break;
	}
	sim_note(s, "### user %u of t%u %s", 1001 + u, t, what);
	if (!s->tenant_gone[t])
		build_tenant(s, t);
}

void config_change(struct sim *s)
{
	unsigned t = rng_below(&s->dice, TENANTS);
	s->configs++;
	if (s->tenant_gone[t] || rng_below(&s->dice, 8) == 0)
		change_tenant(s, t);
	else
		change_person(s, t);
	build_directory(s);
	publish(s);
}
