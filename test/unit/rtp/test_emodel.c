// SPDX-License-Identifier: Apache-2.0
/* The E-model against figures of G.107, G.109 and G.113. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "rtp/emodel.h"

static struct emodel rate(uint8_t ie, uint8_t bpl, double loss, uint32_t delay)
{
	return emodel_rate(&(struct emodel_in){.ie = ie, .bpl = bpl, .loss_percent = loss,
	                                       .delay_ms = delay, .has_plc = true});
}

static void test_clean_g711_is_4_41 /* G.107 annex B */ (void **state)
{
	(void)state;
	struct emodel e = rate(0, 25, 0, 0);
	assert_true(fabs(e.r - 93.2) < 0.01);
	assert_int_equal(e.mos_100, 441);
}

/* G.109 table 1 and G.107 table B.1: R 90, 80, 70, 60, 50 are MOS 4.34, 4.03, 3.60, 3.10, 2.58. */
static void test_mos_of_r(void **state)
{
	(void)state;
	static const struct { double r; uint32_t mos; } known[] = {
		{90, 434}, {80, 403}, {70, 360}, {60, 310}, {50, 258},
	};
	for (size_t i = 0; i < 5; i++) {
		/* An equipment impairment that leads to this R. */
		struct emodel_in in = {.ie = (uint8_t)lround(93.2 - known[i].r), .has_plc = true};
		struct emodel e = emodel_rate(&in);
		assert_true(fabs(e.r - known[i].r) < 0.5);
		assert_in_range(e.mos_100, known[i].mos - 3, known[i].mos + 3);
	}
}

/* G.107: Idd at 150, 200, 300, 400 ms is 0.3, 3.0, 15, 24 or so (figure of appendix I of G.114). */
static void test_delay_takes_what_g107_says(void **state)
{
	(void)state;
	assert_true(rate(0, 25, 0, 100).by_delay == 0);
	assert_true(fabs(rate(0, 25, 0, 200).by_delay - 3.0) < 0.5);
	assert_true(fabs(rate(0, 25, 0, 300).by_delay - 14.8) < 1.5);
	assert_true(fabs(rate(0, 25, 0, 400).by_delay - 24.1) < 2);
}

/* G.113 appendix I: G.729A, 2 % at random: Ie,eff 19. */
static void test_loss_takes_what_g113_says(void **state)
{
	(void)state;
	struct emodel e = rate(11, 19, 2, 0);
	assert_true(fabs(e.by_codec + e.by_loss - 19) < 0.5);
	e = rate(0, 25, 5, 0); /* G.711 with concealment: 15.8 */
	assert_true(fabs(e.by_loss - 15.8) < 0.5);
	struct emodel holes = emodel_rate(&(struct emodel_in){.bpl = 25, .loss_percent = 5});
	assert_true(holes.by_loss > 2.5 * e.by_loss);
	struct emodel bursts = emodel_rate(
	    &(struct emodel_in){.bpl = 25, .loss_percent = 5, .burst_ratio = 4, .has_plc = true});
	assert_true(bursts.by_loss > e.by_loss);
}

static void test_any_figures_stay_in_their_ranges(void **state)
{
	(void)state;
	for (double loss = -10; loss < 200; loss += 7) {
		for (uint32_t delay = 0; delay < 100000; delay = delay * 3 + 1) {
			struct emodel e = rate(50, 0, loss, delay);
			assert_true(e.r >= 0 && e.r <= 100);
			assert_in_range(e.mos_100, 100, 450);
		}
	}
}

static const char *words(const struct emodel_in *in)
{
	static char mem[200];
	struct buf b;
	buf_init_fixed(&b, mem, sizeof mem - 1);
	struct emodel e = emodel_rate(in);
	emodel_words(&b, in, &e);
	mem[b.n] = '\0';
	return mem;
}

static void test_words_name_the_worst_first(void **state)
{
	(void)state;
	struct emodel_in in = {.bpl = 25, .has_plc = true};
	assert_string_equal(words(&in), "good");
	in.loss_percent = 6;
	assert_string_equal(words(&in), "fair: 6.0 % of the packets were lost");
	in.late_percent = 5;
	assert_string_equal(words(&in), "fair: 5.0 % of the packets came too late");
	in.delay_ms = 600;
	assert_string_equal(words(&in), "bad: voices took 600 ms, 5.0 % of the packets came too late");
	in = (struct emodel_in){.ie = 50, .bpl = 20, .has_plc = true};
	assert_string_equal(words(&in), "bad: the codec takes much away");
}

static void test_classes /* G.109 table 1 */ (void **state)
{
	(void)state;
	assert_string_equal(emodel_class(93), "best");
	assert_string_equal(emodel_class(85), "high");
	assert_string_equal(emodel_class(72), "medium");
	assert_string_equal(emodel_class(60), "low");
	assert_string_equal(emodel_class(20), "poor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_g711_is_4_41),
		cmocka_unit_test(test_mos_of_r),
		cmocka_unit_test(test_delay_takes_what_g107_says),
		cmocka_unit_test(test_loss_takes_what_g113_says),
		cmocka_unit_test(test_any_figures_stay_in_their_ranges),
		cmocka_unit_test(test_words_name_the_worst_first),
		cmocka_unit_test(test_classes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
