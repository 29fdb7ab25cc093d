// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "store_fixture.h"

static void open_store(struct store_fixture *f)
{
	char why[256];
	struct buf b;
	buf_init_fixed(&b, why, sizeof why);
	int err = store_open(&f->store, f->dir, &f->log, &b);
	if (err)
		print_error("store_open: " STR_FMT "\n", STR_ARG(buf_view(&b)));
	assert_int_equal(err, 0);
}

void store_fixture_start(struct store_fixture *f)
{
	strcpy(f->dir, "/tmp/tandem-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	log_init_null(&f->log);
	open_store(f);
}

void store_fixture_end(struct store_fixture *f)
{
	store_close(f->store);
	DIR *d = opendir(f->dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		char path[400];
		snprintf(path, sizeof path, "%s/%s", f->dir, e->d_name);
		unlink(path);
	}
	closedir(d);
	assert_int_equal(rmdir(f->dir), 0);
}

int store_fixture_setup(void **state)
{
	struct store_fixture *f = calloc(1, sizeof *f);
	store_fixture_start(f);
	*state = f;
	return 0;
}

int store_fixture_teardown(void **state)
{
	store_fixture_end(*state);
	free(*state);
	return 0;
}

void store_fixture_reopen(struct store_fixture *f)
{
	store_close(f->store);
	open_store(f);
}

struct lines {
	char *v[256];
	size_t n;
	uint64_t tenant;
	bool with_value;
};

static int add_line(uint64_t tenant, struct str key, struct str value, void *arg)
{
	struct lines *l = arg;
	if (l->tenant && tenant != l->tenant)
		return 0;
	assert_true(l->n < 256);
	char text[512];
	if (l->with_value)
		snprintf(text, sizeof text, STR_FMT "=" STR_FMT " ", STR_ARG(key), STR_ARG(value));
	else
		snprintf(text, sizeof text, STR_FMT " ", STR_ARG(key));
	l->v[l->n++] = str_dupz(str_z(text));
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *join(struct lines *l)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(&b, str_z(l->v[i]));
		free(l->v[i]);
	}
	char *out = str_dupz(buf_view(&b));
	buf_fini(&b);
	return out;
}

char *store_fixture_live(struct store_fixture *f, enum store_table table, uint64_t tenant)
{
	struct lines l = {.tenant = tenant, .with_value = true};
	assert_int_equal(store_each(f->store, table, add_line, &l), 0);
	qsort(l.v, l.n, sizeof l.v[0], compare);
	return join(&l);
}

char *store_fixture_cdrs(struct store_fixture *f, const struct store_cdr_query *q)
{
	struct lines l = {0};
	assert_int_equal(store_cdrs(f->store, q, add_line, &l), 0);
	return join(&l);
}
