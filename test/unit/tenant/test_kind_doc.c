// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tenant/kind.h"

/* The document cannot forget a field, since it is printed from the tables; that every part
 * of a row is in it is tested here. */
static void test_document_has_every_field_with_its_sentence(void **state)
{
	struct buf doc;

	(void)state;
	buf_init(&doc, 100000);
	kind_put_doc(&doc);
	buf_ch(&doc, '\0');
	assert_true(buf_ok(&doc));
	for (enum kind_id id = 0; id < KINDS; id++) {
		const struct kind *k = kind_get(id);

		assert_non_null(strstr(doc.p, k->text));
		for (size_t i = 0; i < k->n_fields; i++) {
			char start[64];

			snprintf(start, sizeof start, "\n| `%s` | ", field_file_name(&k->fields[i]));
			assert_non_null(strstr(doc.p, start));
			assert_non_null(strstr(doc.p, k->fields[i].text));
		}
	}
	buf_fini(&doc);
}

static void test_document_row_has_limits_and_default(void **state)
{
	struct buf doc;

	(void)state;
	buf_init(&doc, 100000);
	kind_put_doc(&doc);
	buf_ch(&doc, '\0');
	assert_non_null(strstr(doc.p, "## user\n\nA person with an extension.\n\n"
	                              "| field | type | limits | default | meaning |\n"));
	assert_non_null(strstr(doc.p, "\n| `extension` | text | 1 to 15 characters; an extension "
	                              "(1 to 15 digits) | required | (key) "));
	assert_non_null(strstr(doc.p, "\n| `digest` | list of words | 1 to 2 entries; `md5`, `sha-256` "
	                              "| `[\"md5\"]` | "));
	assert_non_null(strstr(doc.p, "\n| `devices` | list of objects | 0 to 16 entries | none | "));
	assert_non_null(strstr(doc.p, "| required when new; left out later, it stays | "));
	buf_fini(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document_has_every_field_with_its_sentence),
		cmocka_unit_test(test_document_row_has_limits_and_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
