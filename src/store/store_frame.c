// SPDX-License-Identifier: Apache-2.0
/*
 * Live state on the disk: a log of frames. Each batch of the writer appends its puts and
 * removals as a few frames, and the last mention of a key counts.
 *
 * A table of keys would be plainer, and costs more than all else of a REGISTER: each put
 * touches a page of its own, which SQLite writes twice (measured, batches of 50: 9 us and
 * 8 kB a put, against 3 us and 1 kB). A frame packs its puts side by side. The writer cleans from
 * the oldest frame on (store_write.c), so a removal may be forgotten with its frame: nothing older
 * is left that it could hide.
 */
#include <endian.h>

#include "base/buf.h"
#include "base/rng.h"
#include "store/internal.h"

/* Little-endian; key and value follow. */
struct wire_entry {
	uint64_t tenant;
	uint32_t table;
	uint32_t removed;
	uint32_t key_n;
	uint32_t value_n;
};

_Static_assert(sizeof(struct wire_entry) == 24, "it is written as it stands");

size_t frame_entry_bytes(const struct frame_entry *e)
{
	return sizeof(struct wire_entry) + e->key.n + e->value.n;
}

void frame_put(struct buf *frame, const struct frame_entry *e)
{
	struct wire_entry w = {
	    .tenant = htole64(e->tenant),
	    .table = htole32((uint32_t)e->table),
	    .removed = htole32(e->removed),
	    .key_n = htole32((uint32_t)e->key.n),
	    .value_n = htole32((uint32_t)e->value.n),
	};
	buf_add(frame, &w, sizeof w);
	buf_str(frame, e->key);
	buf_str(frame, e->value);
}

int frame_take(struct str *rest, struct frame_entry *e)
{
	struct wire_entry w;
	if (rest->n < sizeof w)
		return E_MALFORMED;
	memcpy(&w, rest->p, sizeof w);
	size_t key_n = le32toh(w.key_n), value_n = le32toh(w.value_n);
	uint32_t table = le32toh(w.table);
	if (table >= STORE_TABLES || key_n > STORE_MAX_KEY || value_n > STORE_MAX_VALUE ||
	    key_n + value_n > rest->n - sizeof w)
		return E_MALFORMED;
	const char *p = rest->p + sizeof w;
	*e = (struct frame_entry){
	    .tenant = le64toh(w.tenant),
	    .table = (enum store_table)table,
	    .removed = w.removed != 0,
	    .key = {p, key_n},
	    .value = {p + key_n, value_n},
	};
	*rest = str_sub(*rest, sizeof w + key_n + value_n, rest->n);
	return 0;
}

/* -- reading all: from the newest frame on, so that the first mention of a key counts --- */

struct walk {
	struct live seen;
	const struct log *log;
	frame_fn *fn;
	void *arg;
};

static int walk_frame(struct walk *w, uint64_t seq, struct str rest)
{
	while (rest.n > 0) {
		struct frame_entry e;
		if (frame_take(&rest, &e) != 0) {
			log_event(w->log, LOG_STORE_DAMAGED, LOG_Z("table", "live_frame"),
			          LOG_U("seq", seq));
			return 0;
		}
		size_t before = w->seen.map.n;
		live_add(&w->seen, seq, &e);
		if (w->seen.map.n == before || e.removed)
			continue;
		int err = w->fn(seq, &e, w->arg);
		if (err)
			return err;
	}
	return 0;
}

int frames_each(sqlite3 *db, const struct log *log, frame_fn *fn, void *arg)
{
	sqlite3_stmt *st;
	int err = sql_prepare(db, "SELECT seq, frame FROM live_frame ORDER BY seq DESC", &st);
	if (err)
		return err;
	struct walk w = {.log = log, .fn = fn, .arg = arg};
	live_init(&w.seen);
	for (;;) {
		bool row;
		err = sql_next(st, &row);
		if (err || !row)
			break;
		struct str frame = {sqlite3_column_blob(st, 1),
		                    (size_t)sqlite3_column_bytes(st, 1)};
		err = walk_frame(&w, sql_u64(st, 0), frame);
		if (err)
			break;
	}
	live_fini(&w.seen);
	sqlite3_finalize(st);
	return err;
}

struct table_walk {
	enum store_table table;
	store_each_fn *fn;
	void *arg;
};

static int on_entry(uint64_t seq, const struct frame_entry *e, void *arg)
{
	(void)seq;
	const struct table_walk *t = arg;
	return e->table == t->table ? t->fn(e->tenant, e->key, e->value, t->arg) : 0;
}

int store_each(struct store *s, enum store_table table, store_each_fn *fn, void *arg)
{
	struct table_walk t = {table, fn, arg};
	return frames_each(s->db, s->log, on_entry, &t);
}
