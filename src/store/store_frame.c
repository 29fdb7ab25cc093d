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
#include <stdlib.h>

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

/**
 * Which keys were mentioned. A key is known by 128 bits of keyed hashes: there are as many as
 * devices, and to keep them all once more is most of what a start costs here.
 */
struct seen {
	struct hash_key first, second;
	struct {
		uint64_t a, b; /* both 0: free */
	} *slots;
	size_t n, n_slots; /* a power of two */
};

static void seen_init(struct seen *s)
{
	struct rng rng;
	*s = (struct seen){0};
	rng_init(&rng);
	rng_bytes(&rng, &s->first, sizeof s->first);
	rng_bytes(&rng, &s->second, sizeof s->second);
}

static bool put_hashes(struct seen *s, uint64_t a, uint64_t b)
{
	size_t at = a & (s->n_slots - 1);
	for (; s->slots[at].a | s->slots[at].b; at = (at + 1) & (s->n_slots - 1))
		if (s->slots[at].a == a && s->slots[at].b == b)
			return false;
	s->slots[at].a = a;
	s->slots[at].b = b;
	s->n++;
	return true;
}

static void make_room(struct seen *s)
{
	if (2 * s->n < s->n_slots)
		return;
	struct seen old = *s;
	s->n_slots = old.n_slots ? 2 * old.n_slots : 1024;
	s->n = 0;
	s->slots = calloc(s->n_slots, sizeof *s->slots);
	if (!s->slots)
		abort();
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].a | old.slots[i].b)
			put_hashes(s, old.slots[i].a, old.slots[i].b);
	free(old.slots);
}

/** True: its key was not mentioned before. */
static bool see(struct seen *s, const struct frame_entry *e)
{
	uint64_t of = (e->tenant * STORE_TABLES + (uint64_t)e->table) * 0x9e3779b97f4a7c15;
	make_room(s);
	return put_hashes(s, hash_str(&s->first, e->key) ^ of, hash_str(&s->second, e->key) ^ of);
}

struct walk {
	struct seen seen;
	const struct log *log;
	enum store_table table; /* STORE_TABLES: all */
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
		if ((w->table != STORE_TABLES && w->table != e.table) || !see(&w->seen, &e) ||
		    e.removed)
			continue;
		int err = w->fn(seq, &e, w->arg);
		if (err)
			return err;
	}
	return 0;
}

int frames_each(sqlite3 *db, const struct log *log, enum store_table table, frame_fn *fn, void *arg)
{
	sqlite3_stmt *st;
	int err = sql_prepare(db, "SELECT seq, frame FROM live_frame ORDER BY seq DESC", &st);
	if (err)
		return err;
	struct walk w = {.log = log, .table = table, .fn = fn, .arg = arg};
	seen_init(&w.seen);
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
	free(w.seen.slots);
	sqlite3_finalize(st);
	return err;
}

struct each {
	store_each_fn *fn;
	void *arg;
};

static int on_entry(uint64_t seq, const struct frame_entry *e, void *arg)
{
	(void)seq;
	const struct each *each = arg;
	return each->fn(e->tenant, e->key, e->value, each->arg);
}

int store_each(struct store *s, enum store_table table, store_each_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	return frames_each(s->db, s->log, table, on_entry, &each);
}
