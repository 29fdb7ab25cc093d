// SPDX-License-Identifier: Apache-2.0
#include "sdp_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

void sdp_text_init(struct sdp_text *t, struct str text)
{
	*t = (struct sdp_text){.sdp = NULL};
	arena_init(&t->arena, 4096);
	t->mem = malloc(text.n ? text.n : 1);
	assert_non_null(t->mem);
	if (text.n)
		memcpy(t->mem, text.p, text.n);
	t->err = sdp_parse(&t->sdp, &t->arena, (struct str){t->mem, text.n}, &t->error);
}

void sdp_text_fini(struct sdp_text *t)
{
	arena_fini(&t->arena);
	free(t->mem);
}

struct str sdp_text_file(struct arena *a, const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "test/sdp/%s", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("cannot open %s (tests run in the project's root)", path);
	char *p = arena_alloc(a, SDP_MAX_TEXT);
	size_t n = fread(p, 1, SDP_MAX_TEXT, f);
	fclose(f);
	return (struct str){p, n};
}

static bool cut_line(struct str *rest, struct str *line)
{
	if (!rest->n)
		return false;
	*line = str_cut(rest, '\n');
	assert_true(line->n > 0 && line->p[line->n - 1] == '\r');
	line->n--;
	assert_int_equal(str_find(*line, '\r'), line->n);
	return true;
}

bool sdp_text_has(struct str text, const char *wanted)
{
	bool found = false;
	for (struct str line; cut_line(&text, &line);)
		found |= str_eq(line, str_z(wanted));
	return found;
}

bool sdp_text_contains(struct str text, const char *needle)
{
	return memmem(text.p, text.n, needle, strlen(needle)) != NULL;
}

size_t sdp_text_count(struct str text, const char *start)
{
	size_t n = 0;
	for (struct str line; cut_line(&text, &line);)
		n += str_starts(line, str_z(start));
	return n;
}
