// SPDX-License-Identifier: Apache-2.0
/* What is made from tables must be what the tables say; `make docs` writes it anew. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/docs.h"

enum { MAX = 1 << 20 };

/* All of a file, or what stands behind the line that begins with `marker`. Tests run at the root. */
static void read_file(struct buf *out, const char *path, const char *marker)
{
	char line[4096];
	bool on = !marker;
	FILE *in = fopen(path, "r");
	if (!in)
		fail_msg("%s: %s; run make docs", path, strerror(errno));
	while (fgets(line, sizeof line, in)) {
		if (on)
			buf_str(out, str_z(line));
		else if (str_starts(str_z(line), str_z(marker)))
			on = true;
	}
	fclose(in);
	assert_true(buf_ok(out));
}

static void is_fresh(const char *path, const char *marker, struct buf *want)
{
	struct buf have;
	buf_init(&have, MAX);
	read_file(&have, path, marker);
	assert_true(buf_ok(want) && want->n > 0);
	if (!str_eq(str_trim(buf_view(&have)), str_trim(buf_view(want))))
		fail_msg("%s is stale; run make docs", path);
	buf_fini(&have);
	buf_fini(want);
}

static void document_is_fresh(const char *name, const char *path, const char *marker)
{
	struct buf want;
	buf_init(&want, MAX);
	assert_int_equal(docs_put(&want, str_z(name)), 0);
	is_fresh(path, marker, &want);
}

static void test_settings_document_is_fresh(void **state)
{
	(void)state;
	document_is_fresh("settings", "doc/settings.md", NULL);
}

static void test_log_document_is_fresh(void **state)
{
	(void)state;
	document_is_fresh("log", "doc/log.md", NULL);
}

static void test_metrics_document_is_fresh(void **state)
{
	(void)state;
	document_is_fresh("metrics", "doc/metrics.md", NULL);
}

static void test_document_of_nodes_is_fresh(void **state)
{
	(void)state;
	document_is_fresh("flow-nodes", "doc/flow-nodes.md", NULL);
}

static void test_reference_of_the_tenant_file_is_fresh(void **state)
{
	(void)state;
	document_is_fresh("tenant-file", "doc/tenant-file.md", "<!-- made by make docs");
}

static void test_completion_is_fresh(void **state)
{
	(void)state;
	struct buf want;
	buf_init(&want, MAX);
	commands_put_completion(&want);
	is_fresh("deploy/completion/tandem.bash", NULL, &want);
}

static void test_unknown_document_is_refused(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, MAX);
	assert_int_equal(docs_put(&out, STR("nothing")), ENOENT);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings_document_is_fresh),
		cmocka_unit_test(test_log_document_is_fresh),
		cmocka_unit_test(test_metrics_document_is_fresh),
		cmocka_unit_test(test_document_of_nodes_is_fresh),
		cmocka_unit_test(test_reference_of_the_tenant_file_is_fresh),
		cmocka_unit_test(test_completion_is_fresh),
		cmocka_unit_test(test_unknown_document_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
