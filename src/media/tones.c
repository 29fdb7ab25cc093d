// SPDX-License-Identifier: Apache-2.0
#include "media/tones.h"

enum { LEVEL_DBM0 = -13, PARTS = 4 };

struct tone {
	uint16_t hz[2];
	uint16_t on_off[PARTS]; /* ms on, ms off, again; 0 on: it goes on without a pause */
};

struct country {
	const char *code;
	struct tone ring, busy, congestion, dial;
};

static const struct country europe = {
	"", {{425}, {1000, 4000}}, {{425}, {500, 500}}, {{425}, {250, 250}}, {{425}, {0}}};

static const struct country countries[] = {
	{"AT", {{420}, {1000, 5000}}, {{420}, {400, 400}}, {{420}, {200, 200}}, {{420}, {0}}},
	{"AU", {{400, 425}, {400, 200, 400, 2000}}, {{425}, {375, 375}}, {{425}, {375, 375}},
	 {{400, 425}, {0}}},
	{"BE", {{425}, {1000, 3000}}, {{425}, {500, 500}}, {{425}, {167, 167}}, {{425}, {0}}},
	{"BR", {{425}, {1000, 4000}}, {{425}, {250, 250}}, {{425}, {250, 250}}, {{425}, {0}}},
	{"CA", {{440, 480}, {2000, 4000}}, {{480, 620}, {500, 500}}, {{480, 620}, {250, 250}},
	 {{350, 440}, {0}}},
	{"CH", {{425}, {1000, 4000}}, {{425}, {500, 500}}, {{425}, {200, 200}}, {{425}, {0}}},
	{"DE", {{425}, {1000, 4000}}, {{425}, {480, 480}}, {{425}, {240, 240}}, {{425}, {0}}},
	{"ES", {{425}, {1500, 3000}}, {{425}, {200, 200}}, {{425}, {200, 200, 200, 600}}, {{425}, {0}}},
	{"FR", {{440}, {1500, 3500}}, {{440}, {500, 500}}, {{440}, {250, 250}}, {{440}, {0}}},
	{"GB", {{400, 450}, {400, 200, 400, 2000}}, {{400}, {375, 375}}, {{400}, {400, 350, 225, 525}},
	 {{350, 440}, {0}}},
	{"IE", {{400, 450}, {400, 200, 400, 2000}}, {{425}, {500, 500}}, {{425}, {500, 500}},
	 {{425}, {0}}},
	{"IN", {{400, 425}, {400, 200, 400, 2000}}, {{400}, {750, 750}}, {{400}, {250, 250}},
	 {{400}, {0}}},
	{"IT", {{425}, {1000, 4000}}, {{425}, {500, 500}}, {{425}, {200, 200}}, {{425}, {200, 200, 600, 1000}}},
	{"JP", {{400}, {1000, 2000}}, {{400}, {500, 500}}, {{400}, {500, 500}}, {{400}, {0}}},
	{"MX", {{425}, {1000, 4000}}, {{425}, {250, 250}}, {{425}, {250, 250}}, {{425}, {0}}},
	{"NL", {{425}, {1000, 4000}}, {{425}, {500, 500}}, {{425}, {250, 250}}, {{425}, {0}}},
	{"PL", {{425}, {1000, 4000}}, {{425}, {500, 500}}, {{425}, {500, 500}}, {{425}, {0}}},
	{"RU", {{425}, {1000, 4000}}, {{425}, {400, 400}}, {{425}, {175, 175}}, {{425}, {0}}},
	{"SE", {{425}, {1000, 5000}}, {{425}, {250, 250}}, {{425}, {250, 750}}, {{425}, {0}}},
	{"US", {{440, 480}, {2000, 4000}}, {{480, 620}, {500, 500}}, {{480, 620}, {250, 250}},
	 {{350, 440}, {0}}},
};

static const struct country *country_of(struct str code)
{
	for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++)
		if (str_ieq(code, str_z(countries[i].code)))
			return &countries[i];
	return &europe;
}

static void fill(struct media_tone *out, const struct tone *t)
{
	out->hz[0] = t->hz[0];
	out->hz[1] = t->hz[1];
	for (size_t i = 0; i < PARTS && t->on_off[i]; i += 2) {
		out->cadence[out->n_cadence].on_ms = t->on_off[i];
		out->cadence[out->n_cadence++].off_ms = t->on_off[i + 1];
	}
}

/* Three rising tones of a third of a second, then a second of nothing: E.180 section 5. */
static void fill_special(struct media_tone *out)
{
	static const uint16_t hz[] = {950, 1400, 1800};
	for (size_t i = 0; i < 3; i++) {
		out->cadence[i].on_ms = 330;
		out->cadence[i].off_ms = i == 2 ? 1000 : 0;
		out->cadence[i].hz[0] = hz[i];
	}
	out->n_cadence = 3;
}

bool tone_named(struct str country, struct str name, struct media_item *out)
{
	const struct country *c = country_of(country);
	*out = (struct media_item){.kind = MEDIA_ITEM_TONE, .tone.dbm0 = LEVEL_DBM0};
	if (str_eq(name, STR("ring"))) {
		fill(&out->tone, &c->ring);
	} else if (str_eq(name, STR("busy"))) {
		fill(&out->tone, &c->busy);
	} else if (str_eq(name, STR("congestion"))) {
		fill(&out->tone, &c->congestion);
	} else if (str_eq(name, STR("dial"))) {
		fill(&out->tone, &c->dial);
	} else if (str_eq(name, STR("unobtainable"))) {
		fill_special(&out->tone);
	} else if (str_eq(name, STR("beep"))) {
		out->tone.hz[0] = 1000;
		out->ms = 250;
	} else {
		return false;
	}
	return true;
}
