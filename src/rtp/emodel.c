// SPDX-License-Identifier: Apache-2.0
#include "rtp/emodel.h"

#include <math.h>

/* G.107 section 7.7: R of a clean connection, all parameters at their defaults */
static const double r_clean = 93.2;
/* What is not worth a word. */
static const double notable = 4;

/* Section 7.4, the absolute delay alone: echo is the phones' affair. */
static double delay_impairment(uint32_t ms)
{
	if (ms <= 100)
		return 0;
	double x = log2(ms / 100.0);
	return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

/* Section 7.5 */
static double loss_impairment(const struct emodel_in *in)
{
	double burst = in->burst_ratio > 0 ? in->burst_ratio : 1;
	double bpl = in->has_plc ? in->bpl : in->bpl / 5.0; /* G.711: 25.1 with, 4.3 without */
	double loss = in->loss_percent < 0 ? 0 : in->loss_percent > 100 ? 100 : in->loss_percent;
	return loss == 0 ? 0 : (95.0 - in->ie) * loss / (loss / burst + (bpl > 1 ? bpl : 1));
}

/* Annex B; from R 6.5 down the curve would rise again. */
static uint32_t mos_of(double r)
{
	if (r < 6.5)
		return 100;
	if (r >= 100)
		return EMODEL_MOS_BEST;
	return (uint32_t)lround(100 * (1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6));
}

struct emodel emodel_rate(const struct emodel_in *in)
{
	struct emodel e = {
		.by_codec = in->ie,
		.by_loss = loss_impairment(in),
		.by_delay = delay_impairment(in->delay_ms),
	};
	e.r = r_clean - e.by_codec - e.by_loss - e.by_delay;
	e.r = e.r < 0 ? 0 : e.r;
	e.mos_100 = mos_of(e.r);
	return e;
}

const char *emodel_class(double r)
{
	return r >= 90 ? "best" : r >= 80 ? "high" : r >= 70 ? "medium" : r >= 60 ? "low" : "poor";
}

enum cause { BY_LOSS, BY_DELAY, BY_CODEC, CAUSES };

static void put_cause(struct buf *b, enum cause c, const struct emodel_in *in)
{
	if (c == BY_DELAY) {
		buf_printf(b, "voices took %u ms", in->delay_ms);
	} else if (c == BY_CODEC) {
		buf_lit(b, "the codec takes much away");
	} else if (in->late_percent > in->loss_percent / 2) {
		buf_printf(b, "%.1f %% of the packets came too late", in->late_percent);
	} else {
		buf_printf(b, "%.1f %% of the packets were lost", in->loss_percent);
	}
}

void emodel_words(struct buf *b, const struct emodel_in *in, const struct emodel *e)
{
	double by[CAUSES] = {[BY_LOSS] = e->by_loss, [BY_DELAY] = e->by_delay, [BY_CODEC] = e->by_codec};
	const char *sound = e->r >= 80 ? "good" : e->r >= 70 ? "fair" : e->r >= 50 ? "poor" : "bad";
	buf_str(b, str_z(sound));
	for (size_t said = 0; said < CAUSES && e->r < 80; said++) {
		enum cause worst = BY_LOSS;
		for (enum cause c = BY_DELAY; c < CAUSES; c++)
			worst = by[c] > by[worst] ? c : worst;
		if (by[worst] < notable)
			return;
		buf_str(b, str_z(said ? ", " : ": "));
		put_cause(b, worst, in);
		by[worst] = 0;
	}
}
