// SPDX-License-Identifier: Apache-2.0
/* Records of calls. The first byte says of what: any bytes, or a record of a real call (ringing or
 * answered) with a few bytes changed, cut or put in. One that can be read is written and read again
 * to the same bytes, and gives a detail record. */
#include <string.h>

#include "call/internal.h"
#include "call/record.h"
#include "feed.h"
#include "talk.h"

static struct record {
	char bytes[CALL_RECORD_MAX];
	size_t n;
} ringing, answered;
static struct world *world;

static void note(struct record *r)
{
	struct str live = world_live_record(world);
	need(live.n && live.n <= sizeof r->bytes);
	memcpy(r->bytes, live.p, live.n);
	r->n = live.n;
}

static void make_records(void)
{
	world = world_new();
	struct talk t = talk_ringing(world);
	note(&ringing);
	talk_answer(&t, "");
	note(&answered);
	talk_bye(&t);
}

/** Of each three bytes: where, and what stands there then; 0xff at an odd place cuts it off. */
static void change(struct record *r, struct feed *f)
{
	while (f->n > 2 && r->n) {
		size_t at = feed_u16(f) % r->n;
		uint8_t value = feed_u8(f);
		if (value == 0xff && at % 2)
			r->n = at;
		else
			r->bytes[at] = (char)value;
	}
}

static void write_and_read(struct call *c, const struct tenant *t)
{
	struct call *back;
	struct buf first, second;
	buf_init(&first, CALL_RECORD_MAX);
	buf_init(&second, CALL_RECORD_MAX);
	call_record_write(c, &first);
	if (buf_ok(&first) && c->a->state != LEG_ENDED) { /* what is over is not written */
		need(call_record_read(&back, buf_view(&first), t) == 0);
		call_record_write(back, &second);
		need(str_eq(buf_view(&first), buf_view(&second)));
		call_record_free(back);
	}
	buf_fini(&first);
	buf_fini(&second);
}

static void check(struct str bytes)
{
	const struct tenant *acme = world_tenant(world, "acme");
	struct call *c;
	struct buf cdr;
	if (call_record_read(&c, bytes, acme) != 0)
		return;
	need(call_record_id(c).n);
	write_and_read(c, acme);
	buf_init(&cdr, 1 << 20);
	call_record_put_cdr(c, call_record_start_ms(c) + 1000, "restart", &cdr);
	need(buf_ok(&cdr));
	buf_fini(&cdr);
	call_record_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct feed f = {p, n};
	if (!world)
		make_records();
	uint8_t kind = feed_u8(&f) % 3;
	struct record r = kind == 1 ? ringing : answered;
	if (kind == 0) {
		check((struct str){(const char *)f.p, f.n});
		return 0;
	}
	change(&r, &f);
	char *exact = malloc(r.n + 1); /* so that a byte read behind it is noticed */
	memcpy(exact, r.bytes, r.n);
	check((struct str){exact, r.n});
	free(exact);
	return 0;
}
