// SPDX-License-Identifier: Apache-2.0
/**
 * What a parser makes of a message, printed so that parsers can be held against each other: one line
 * a file, fields with tabs between. Each parser is a program of its own, since their names clash.
 */
#pragma once

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	const char *p;
	size_t n;
};

struct reading {
	char why[80];     /* why it was refused; "": it was not */
	char status[8];   /* of a response */
	struct text start; /* method of a request */
	struct text call_id, from_tag, to_tag, branch, contact;
	char cseq[16], length[16];
	struct text cseq_method;
};

/** One parser: reads `n` bytes at `p`, a NUL behind them, and calls print_reading. */
void read_message(const char *file, const char *p, size_t n);

static inline void put_text(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		unsigned char c = (unsigned char)t.p[i];
		if (c > 0x20 && c < 0x7f && c != '\\')
			putchar(c);
		else
			printf("\\%02x", c);
	}
	putchar('\t');
}

static inline void print_reading(const char *file, const struct reading *r)
{
	printf("%s\t%s\t", file, r->why[0] ? r->why : "ok");
	put_text(r->status[0] ? (struct text){r->status, strlen(r->status)} : r->start);
	put_text(r->call_id);
	printf("%s ", r->cseq);
	put_text(r->cseq_method);
	put_text(r->from_tag);
	put_text(r->to_tag);
	put_text(r->branch);
	put_text(r->contact);
	printf("%s\n", r->length);
}

int main(int argc, char **argv)
{
	static char room[65536];
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		if (!f) {
			fprintf(stderr, "cannot read %s\n", argv[i]);
			return 2;
		}
		size_t n = fread(room, 1, sizeof room - 1, f);
		(void)fclose(f);
		char *exact = malloc(n + 1);
		if (!exact)
			return 2;
		memcpy(exact, room, n);
		exact[n] = '\0';
		read_message(argv[i], exact, n);
		free(exact);
	}
	return 0;
}
