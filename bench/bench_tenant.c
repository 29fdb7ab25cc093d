// SPDX-License-Identifier: Apache-2.0
/*
 * How long plans, snapshots and the directory take, and what a user weighs.
 *
 *     bench_tenant [tenants] [users of each, one device a user]
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tenant_make.h"

/* Others use the machine too: the processor's time, not the wall's. */
static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static char *make_file(size_t tenant, size_t users)
{
	json_t *list = json_array(), *file;
	char name[32], domain[40], text[32], extension[32];
	char *out;

	snprintf(name, sizeof name, "tenant-%zu", tenant);
	snprintf(domain, sizeof domain, "t%zu.example", tenant);
	for (size_t i = 0; i < users; i++) {
		snprintf(extension, sizeof extension, "%zu", 1000 + i);
		snprintf(text, sizeof text, "s3cret-%zu", 1000 + i);
		json_array_append_new(list, json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "name",
		                                      "Alice Example", "extension", extension,
		                                      "devices", "username", extension, "password",
		                                      text));
	}
	file = json_pack("{s:s, s:[s], s:o}", "tenant", name, "domains", domain, "users", list);
	out = json_dumps(file, 0);
	json_decref(file);
	return out;
}

static void report(const char *what, uint64_t us, size_t devices)
{
	printf("%-28s %9.1f ms  %8.0f ns a device\n", what, (double)us / 1000,
	       (double)us * 1000 / (double)devices);
}

static struct tenant_rows *plan_all(size_t tenants, size_t users)
{
	struct tenant_rows *rows = calloc(tenants, sizeof *rows);
	uint64_t start, plan_us = 0, next_id = 1;
	struct rng rng;

	rng_init_seed(&rng, 1);
	for (size_t i = 0; i < tenants; i++) {
		char *file = make_file(i, users);

		rows[i].next_id = next_id;
		start = cpu_us();
		test_apply(&rows[i], &rng, file);
		plan_us += cpu_us() - start;
		next_id = rows[i].next_id;
		free(file);
	}
	report("parse, plan and apply", plan_us, tenants * users);
	return rows;
}

static const struct tenant **build_all(const struct tenant_rows *rows, size_t tenants, size_t users)
{
	const struct tenant **t = calloc(tenants, sizeof(struct tenant *));
	uint64_t start = cpu_us();
	size_t bytes = 0;

	for (size_t i = 0; i < tenants; i++)
		t[i] = test_snapshot(&rows[i]);
	report("tenant_build, all", cpu_us() - start, tenants * users);
	for (size_t i = 0; i < tenants; i++)
		bytes += tenant_bytes(t[i]);
	printf("%-28s %9.1f MB  %8.0f bytes a user\n", "memory of snapshots",
	       (double)bytes / 1e6, (double)bytes / (double)(tenants * users));
	return t;
}

static const struct directory *build_directory(const struct tenant **t, size_t tenants,
                                               size_t users)
{
	const struct directory *d = NULL;
	struct buf why;

	buf_init(&why, 1000);
	for (int i = 0; i < 3; i++) {
		uint64_t start = cpu_us();

		directory_unref(d);
		if (directory_build(&d, t, tenants, &why) != 0)
			exit(1);
		report("directory_build", cpu_us() - start, tenants * users);
	}
	buf_fini(&why);
	return d;
}

static void look_up(const struct directory *d, const struct tenant **t, size_t tenants)
{
	enum { N = 1000000 };
	const struct tenant *found;
	uint64_t start = cpu_us();
	size_t hits = 0;

	for (size_t i = 0; i < N; i++) {
		size_t n = i * 7919 % tenants;
		const struct device *device = tenant_user_at(t[n], i % tenant_users(t[n]))->devices[0];

		hits += directory_by_global_username(d, device->global_username, &found) == device;
		hits += directory_by_domain(d, tenant_domain(t[n])) == t[n];
		hits += tenant_device_by_username(t[n], device->username) == device;
	}
	report("three lookups", cpu_us() - start, N);
	if (hits != 3 * (size_t)N)
		exit(1);
}

int main(int argc, char **argv)
{
	size_t tenants = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	size_t users = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
	struct tenant_rows *rows = plan_all(tenants, users);
	const struct tenant **t = build_all(rows, tenants, users);
	const struct directory *d = build_directory(t, tenants, users);

	look_up(d, t, tenants);
	directory_unref(d);
	for (size_t i = 0; i < tenants; i++) {
		tenant_unref(t[i]);
		object_set_fini(&rows[i].set);
	}
	free(t);
	free(rows);
	return 0;
}
