// SPDX-License-Identifier: Apache-2.0
/* Call detail records as they are read; store_write.c writes them. */
#include "store/internal.h"

/*
 * A page goes on behind (start, seq) of the last record before it: `seq` is the order of
 * appending, and tells apart what started in the same millisecond.
 */
#define CDR_COLUMNS "SELECT tenant, id, json FROM cdr "
#define CDR_PAGE                                                                                   \
	"(?2 = 0 OR start_ms < ?2 OR (start_ms = ?2 AND seq < ?3))"                                \
	" AND start_ms <= ?4 ORDER BY start_ms DESC, seq DESC LIMIT ?5"

static const char one_record[] =
    CDR_COLUMNS "WHERE id = ?6 AND (?1 = 0 OR tenant = ?1) AND " CDR_PAGE;
static const char of_tenant[] = CDR_COLUMNS "WHERE tenant = ?1 AND " CDR_PAGE;
static const char of_all[] = CDR_COLUMNS "WHERE " CDR_PAGE;

/* The place of the page's last record in the order of appending; 0: none is meant. */
static int seq_of(struct store *s, uint64_t tenant, struct str id, uint64_t *seq)
{
	*seq = 0;
	if (id.n == 0)
		return 0;
	sqlite3_stmt *st;
	int err = sql_prepare(s->db,
	                      "SELECT seq FROM cdr WHERE id = ?1 AND (?2 = 0 OR tenant = ?2)", &st);
	if (err)
		return err;
	sql_bind_str(st, 1, id);
	sql_bind_u64(st, 2, tenant);
	bool row;
	err = sql_next(st, &row);
	if (!err && row)
		*seq = sql_u64(st, 0);
	sqlite3_finalize(st);
	return err;
}

static int each_record(sqlite3_stmt *st, store_each_fn *fn, void *arg)
{
	for (;;) {
		bool row;
		int err = sql_next(st, &row);
		if (err || !row)
			return err;
		err = fn(sql_u64(st, 0), sql_str(st, 1), sql_str(st, 2), arg);
		if (err)
			return err;
	}
}

int store_cdrs(struct store *s, const struct store_cdr_query *q, store_each_fn *fn, void *arg)
{
	uint64_t behind;
	int err = seq_of(s, q->tenant, q->before_id, &behind);
	if (err)
		return err;
	sqlite3_stmt *st;
	err = sql_prepare(s->db, q->id.n ? one_record : q->tenant ? of_tenant : of_all, &st);
	if (err)
		return err;
	if (q->id.n)
		sql_bind_str(st, 6, q->id);
	sql_bind_u64(st, 1, q->tenant);
	sql_bind_u64(st, 2, q->before_ms);
	sql_bind_u64(st, 3, behind);
	/* A bound of its own lets the index start there, which the page's OR would not. */
	sql_bind_u64(st, 4, q->before_ms ? q->before_ms : INT64_MAX);
	sql_bind_u64(st, 5, q->limit > INT64_MAX ? INT64_MAX : q->limit);
	err = each_record(st, fn, arg);
	sqlite3_finalize(st);
	return err;
}
