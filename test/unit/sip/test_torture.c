// SPDX-License-Identifier: Apache-2.0
/* All messages of RFC 4475 and RFC 5118, with the verdict of test/torture/expect.tsv. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "sip/build.h"
#include "sip/msg.h"
#include "sip/multipart.h"
#include "sip/param.h"

enum { FILE_MAX = 16384, ROUNDS = 100000, COLUMNS = 6 };

struct vector {
	struct str file, section, kind, parse, answers, note;
	struct str bytes; /* on the heap, exactly sized */
};

struct table {
	char *text;
	struct vector *v;
	size_t n;
};

static const struct sip_limits limits = {
    .max_message = 65535, .max_headers = 200, .max_body = 65535};

static struct str slurp(const char *path)
{
	char *mem = malloc(FILE_MAX);
	FILE *f = fopen(path, "rb");
	if (!f || !mem)
		fail_msg("cannot read %s: run this from the project's root", path);
	size_t n = fread(mem, 1, FILE_MAX, f);
	(void)fclose(f);
	assert_true(n < FILE_MAX);
	char *exact = realloc(mem, n != 0 ? n : 1);
	return (struct str){exact ? exact : mem, n};
}

static void read_row(struct vector *v, struct str line)
{
	struct str *columns[COLUMNS] = {&v->file,  &v->section, &v->kind,
	                                &v->parse, &v->answers, &v->note};
	for (size_t i = 0; i < COLUMNS; i++)
		*columns[i] = str_cut(&line, '\t');
	char path[256];
	(void)snprintf(path, sizeof(path), "test/torture/" STR_FMT, STR_ARG(v->file));
	v->bytes = slurp(path);
}

static int load(void **state)
{
	struct table *t = calloc(1, sizeof(*t));
	struct str text = slurp("test/torture/expect.tsv");
	assert_non_null(t);
	t->text = (char *)(uintptr_t)text.p;
	t->v = calloc(100, sizeof(*t->v));
	assert_non_null(t->v);
	while (text.n != 0) {
		struct str line = str_cut(&text, '\n');
		if (line.n != 0 && *line.p != '#')
			read_row(&t->v[t->n++], line);
		assert_true(t->n < 100);
	}
	*state = t;
	return 0;
}

static int unload(void **state)
{
	struct table *t = *state;
	for (size_t i = 0; i < t->n; i++)
		free((char *)(uintptr_t)t->v[i].bytes.p);
	free(t->v);
	free(t->text);
	free(t);
	return 0;
}

static bool is_answer(const struct vector *v, uint16_t status)
{
	char text[8];
	(void)snprintf(text, sizeof(text), "%u", status);
	struct str rest = v->answers;
	while (rest.n != 0)
		if (str_eq(str_cut(&rest, ' '), str_z(text)))
			return true;
	return false;
}

static void check_verdict(const struct vector *v, struct arena *a)
{
	struct sip_msg m;
	struct sip_parse_error e;
	int err = sip_msg_parse(&m, a, v->bytes, &limits, &e);
	bool request = str_eq(v->kind, STR("req"));
	if (str_eq(v->parse, STR("ok")) && err != 0)
		fail_msg(STR_FMT ": refused at %zu: %s", STR_ARG(v->file), e.offset, e.what);
	if (str_eq(v->parse, STR("bad")) && err == 0)
		fail_msg(STR_FMT ": accepted", STR_ARG(v->file));
	if (m.request != request)
		fail_msg(STR_FMT ": request or response?", STR_ARG(v->file));
	if (err == 0)
		return;
	if (e.offset > v->bytes.n || !e.what)
		fail_msg(STR_FMT ": offset %zu", STR_ARG(v->file), e.offset);
	if (request ? !is_answer(v, e.status) : e.status != 0)
		fail_msg(STR_FMT ": would be answered %u", STR_ARG(v->file), e.status);
}

static void
test_every_message_has_its_verdict(void **state) /* RFC 4475 section 3, 5118 section 4 */
{
	const struct table *t = *state;
	struct arena a;
	arena_init(&a, 8192);
	assert_int_equal(t->n, 62);
	for (size_t i = 0; i < t->n; i++) {
		check_verdict(&t->v[i], &a);
		arena_reset(&a);
	}
	arena_fini(&a);
}

static const struct vector *find(const struct table *t, const char *file)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->v[i].file, str_z(file)))
			return &t->v[i];
	fail_msg("no %s", file);
	return NULL;
}

static void test_refused_requests_can_be_answered(void **state) /* RFC 3261 section 8.2.6 */
{
	static const char *const files[] = {"rfc4475/badinv01.dat", "rfc4475/clerr.dat",
	                                    "rfc4475/scalar02.dat", "rfc4475/badvers.dat",
	                                    "rfc4475/quotbal.dat",  "rfc4475/multi01.dat",
	                                    "rfc4475/lwsruri.dat",  "rfc4475/mismatch01.dat"};
	struct arena a;
	arena_init(&a, 8192);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct sip_msg m;
		struct sip_parse_error e;
		assert_int_equal(sip_msg_parse(&m, &a, find(*state, files[i])->bytes, &limits, &e),
		                 E_MALFORMED);
		assert_true(m.request && m.via.text.n != 0 && m.via.host.n != 0);
		assert_true(m.from.text.n != 0 && m.to.text.n != 0 && m.call_id.n != 0);
		assert_int_not_equal(sip_value(&m, HDR_CSEQ).n, 0);
	}
	arena_fini(&a);
}

/* -- hostile input: read everything that can be read --------------------------------- */

static void look_at_list(const struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_iter it = {0};
	struct str element, name, value, rest;
	struct sip_addr addr;
	struct sip_via via;
	bool quoted;
	while (sip_iter_next(&it, m, id, &element) == 0) {
		(void)!sip_via_parse(&via, element);
		if (sip_addr_parse(&addr, element) != 0)
			continue;
		(void)uri_eq(&addr.uri, &m->ruri);
		(void)uri_eq(&addr.uri, &addr.uri);
		(void)uri_unescape(m->arena, addr.uri.user);
		(void)str_unquote(m->arena, addr.display);
		for (rest = addr.params; param_next(&rest, ';', &name, &value, &quoted) == 0;)
			(void)is_token(value);
	}
}

static void answer(const struct sip_msg *m)
{
	static const struct addr source = {.family = ADDR_V4, .port = 5062, .ip = {192, 0, 2, 99}};
	static char mem[2 * FILE_MAX];
	struct buf b;
	buf_init_fixed(&b, mem, sizeof(mem));
	sip_put_status_line(&b, 400, m->reason);
	sip_put_reply_head(&b, m, &source, STR("local"), true);
	sip_put_quoted(&b, m->bytes);
}

static void look_at_all(struct str bytes, struct arena *a)
{
	struct sip_msg m;
	struct sip_parse_error e;
	struct body_part parts[BODY_MAX_PARTS];
	struct str sdp;
	size_t skip, total, n;
	if (sip_stream_frame(bytes, &limits, &skip, &total) == 0)
		assert_true(skip + total <= bytes.n);
	int err = sip_msg_parse(&m, a, bytes, &limits, &e);
	for (unsigned id = 0; id < HDR_IDS; id++)
		look_at_list(&m, (enum sip_hdr_id)id);
	(void)!body_parts(&m, parts, BODY_MAX_PARTS, &n);
	(void)!body_sdp(&m, &sdp);
	answer(&m);
	assert_true(err == 0 || e.what);
	arena_reset(a);
}

/** A copy in a block of its exact size, so that a byte read behind it is noticed. */
static char *exact_copy(struct str s)
{
	char *copy = malloc(s.n != 0 ? s.n : 1);
	assert_non_null(copy);
	memcpy(copy, s.p, s.n);
	return copy;
}

static void test_every_truncation_is_survived(void **state)
{
	const struct table *t = *state;
	struct arena a;
	arena_init(&a, 8192);
	for (size_t i = 0; i < t->n; i++) {
		for (size_t n = 0; n <= t->v[i].bytes.n; n++) {
			char *copy = exact_copy((struct str){t->v[i].bytes.p, n});
			look_at_all((struct str){copy, n}, &a);
			free(copy);
		}
	}
	arena_fini(&a);
}

static void mutate(struct rng *rng, char *p, size_t n)
{
	static const char nasty[] = "\r\n\0 \t;,:<>\"\\@%[]=?/*-0";
	for (uint32_t left = 1 + rng_below(rng, 6); left > 0 && n > 0; left--) {
		uint32_t at = rng_below(rng, (uint32_t)n);
		switch (rng_below(rng, 3)) {
		case 0:
			p[at] = nasty[rng_below(rng, sizeof(nasty) - 1)];
			break;
		case 1:
			p[at] = (char)rng_below(rng, 256);
			break;
		default:
			p[at] = p[rng_below(rng, (uint32_t)n)];
		}
	}
}

static void test_random_mutations_are_survived(void **state)
{
	const struct table *t = *state;
	struct arena a;
	struct rng rng;
	arena_init(&a, 8192);
	rng_init_seed(&rng, 4475);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct str s = t->v[rng_below(&rng, (uint32_t)t->n)].bytes;
		char *copy = exact_copy(s);
		mutate(&rng, copy, s.n);
		look_at_all((struct str){copy, s.n}, &a);
		free(copy);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_message_has_its_verdict),
	    cmocka_unit_test(test_refused_requests_can_be_answered),
	    cmocka_unit_test(test_every_truncation_is_survived),
	    cmocka_unit_test(test_random_mutations_are_survived),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
