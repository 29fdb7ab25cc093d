// SPDX-License-Identifier: Apache-2.0
/* Kept items as they are read; store_write.c writes them. */
#include "store/internal.h"

int store_kept_each(struct store *s, enum store_kept table, uint64_t tenant, store_each_fn *fn,
                    void *arg)
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db,
	                      "SELECT tenant, key, value FROM kept WHERE kind = ?1"
	                      " AND (?2 = 0 OR tenant = ?2) ORDER BY tenant, key",
	                      &st);
	if (err)
		return err;
	sqlite3_bind_int(st, 1, (int)table);
	sql_bind_u64(st, 2, tenant);
	bool row;
	while ((err = sql_next(st, &row)) == 0 && row) {
		err = fn(sql_u64(st, 0), sql_str(st, 1), sql_str(st, 2), arg);
		if (err)
			break;
	}
	sqlite3_finalize(st);
	return err;
}
