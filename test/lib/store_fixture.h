// SPDX-License-Identifier: Apache-2.0
/** A store in a directory of its own, for tests. Failures end the test. */
#pragma once

#include "store/store.h"

struct store_fixture {
	char dir[64];
	struct log log;
	struct store *store;
};

/** Makes the directory and opens; for cmocka's setup and teardown, too. */
void store_fixture_start(struct store_fixture *f);
void store_fixture_end(struct store_fixture *f);
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);

/** Close and open again. */
void store_fixture_reopen(struct store_fixture *f);

/** "key=value" of all entries, sorted, with a space behind each; the caller frees. */
char *store_fixture_live(struct store_fixture *f, enum store_table table, uint64_t tenant);
/** Ids of the records in the order they are given, with a space behind each; the caller frees. */
char *store_fixture_cdrs(struct store_fixture *f, const struct store_cdr_query *q);
