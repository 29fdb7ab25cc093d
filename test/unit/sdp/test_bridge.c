// SPDX-License-Identifier: Apache-2.0
/* Two sides without a common codec: what is offered, and what an answer means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "sdp/bridge.h"
#include "sdp_text.h"

#define V "v=0\nc=IN IP4 192.0.2.1\n"
#define OPUS V "m=audio 4000 RTP/AVP 111 110\na=rtpmap:111 opus/48000/2\n" \
             "a=rtpmap:110 telephone-event/48000\na=ptime:40\na=maxptime:60\n"
#define ILBC V "m=audio 4000 RTP/AVP 97\na=rtpmap:97 iLBC/8000\n"

static const struct sdp_policy all = {
	.own = sdp_codecs_default, .n_own = 6, .transcode = true,
};

struct bridge {
	struct sdp_local local;
	struct sdp_added added;
	struct sdp_text offer, answer;
	struct buf buf;
	struct sdp_agreed agreed;
	struct sdp_policy policy;
};

static struct bridge *begin(struct sdp_policy policy)
{
	struct bridge *b = calloc(1, sizeof *b);
	b->local = (struct sdp_local){.id = 77, .version = 3};
	assert_int_equal(addr_parse_ip(&b->local.addr, STR("198.51.100.1")), 0);
	b->local.addr.port = 20000;
	b->policy = policy;
	sdp_text_init(&b->offer, STR(V));
	sdp_text_init(&b->answer, STR(V));
	buf_init(&b->buf, SDP_MAX_TEXT);
	return b;
}

static void end(struct bridge *b)
{
	sdp_text_fini(&b->offer);
	sdp_text_fini(&b->answer);
	buf_fini(&b->buf);
	free(b);
}

static int offer(struct bridge *b, const char *text)
{
	size_t line;
	sdp_text_fini(&b->offer);
	sdp_text_init(&b->offer, str_z(text));
	assert_int_equal(b->offer.err, 0);
	buf_reset(&b->buf);
	return sdp_bridge_offer(&b->buf, b->offer.sdp, &b->local, &b->policy, &b->added, &line);
}

static int answer(struct bridge *b, const char *text)
{
	sdp_text_fini(&b->answer);
	sdp_text_init(&b->answer, str_z(text));
	assert_int_equal(b->answer.err, 0);
	buf_reset(&b->buf);
	int err = sdp_bridge_answer(&b->buf, b->offer.sdp, b->answer.sdp, &b->local, &b->policy,
	                            &b->added, &b->agreed);
	if (err)
		assert_int_equal(buf_view(&b->buf).n, 0);
	return err;
}

static void has(const struct bridge *b, const char *line)
{
	if (!sdp_text_has(buf_view(&b->buf), line))
		fail_msg("no %s in\n%.*s", line, STR_ARG(buf_view(&b->buf)));
}

static void test_ours_stand_behind_theirs(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, OPUS), 0);
	has(b, "m=audio 20000 RTP/AVP 111 110 0 8 9 101");
	has(b, "a=rtpmap:0 PCMU/8000");
	has(b, "a=rtpmap:101 telephone-event/8000");
	has(b, "a=rtpmap:111 opus/48000/2");
	has(b, "a=ptime:40");
	assert_int_equal(b->added.n, 4);
	end(b);
}

static void test_numbers_that_are_taken_are_left_alone(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, V "m=audio 4000 RTP/AVP 0 96 101 111\na=rtpmap:96 foo/8000\n"
	                            "a=rtpmap:101 bar/8000\na=rtpmap:111 telephone-event/8000\n"), 0);
	has(b, "m=audio 20000 RTP/AVP 0 96 101 111 8 9 97 110");
	has(b, "a=rtpmap:97 opus/48000/2");
	has(b, "a=rtpmap:110 telephone-event/48000");
	end(b);
}

static void test_numbers_keep_their_meaning_in_later_offers /* RFC 3264 8.3.2 */ (void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, V "m=audio 4000 RTP/AVP 0 111\na=rtpmap:111 foo/8000\n"), 0);
	has(b, "a=rtpmap:96 opus/48000/2");
	assert_int_equal(offer(b, V "m=audio 4000 RTP/AVP 8\n"), 0);
	has(b, "a=rtpmap:96 opus/48000/2"); /* though 111 would be free now */
	has(b, "a=rtpmap:0 PCMU/8000");
	end(b);
}

static void test_nothing_is_added_to_what_we_cannot_decode(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, ILBC), 0);
	has(b, "m=audio 20000 RTP/AVP 97");
	assert_int_equal(b->added.n, 0);
	end(b);
}

static void test_a_common_codec_is_relayed(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, OPUS), 0);
	assert_int_equal(answer(b, V "m=audio 5000 RTP/AVP 120 0\na=rtpmap:120 opus/48000\na=ptime:20\n"), 0);
	assert_false(b->agreed.transcode || b->agreed.mixed);
	assert_int_equal(b->agreed.offerer->pt, 111);
	assert_int_equal(b->agreed.answerer->pt, 120); /* asymmetric: what we send by */
	assert_int_equal(b->agreed.n_heard, 2);
	assert_int_equal(b->agreed.heard[0].pt, 111);  /* and what comes */
	assert_int_equal(b->agreed.heard[1].pt, 0);
	has(b, "m=audio 20000 RTP/AVP 111");
	has(b, "a=ptime:20");
	end(b);
}

static void test_none_in_common_is_transcoded(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, OPUS), 0);
	assert_int_equal(answer(b, V "m=audio 5000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n"
	                           "a=ptime:30\na=maxptime:30\na=sendonly\n"), 0);
	assert_true(b->agreed.transcode);
	assert_int_equal(b->agreed.offerer->pt, 111);
	assert_int_equal(b->agreed.answerer->pt, 8);
	assert_int_equal(b->agreed.offerer_dtmf->pt, 110);
	assert_int_equal(b->agreed.answerer_dtmf->pt, 101);
	assert_int_equal(b->agreed.answerer_dtmf_heard, 101);
	assert_int_equal(b->agreed.offerer_ptime_ms, 40);
	assert_int_equal(b->agreed.offerer_maxptime_ms, 60);
	assert_int_equal(b->agreed.answerer_ptime_ms, 30);
	assert_int_equal(b->agreed.answerer_maxptime_ms, 30);
	has(b, "m=audio 20000 RTP/AVP 111 110");
	has(b, "a=fmtp:111 useinbandfec=1");
	has(b, "a=fmtp:110 0-15");
	has(b, "a=ptime:40");
	has(b, "a=sendonly");
	end(b);
}

static void test_ours_first_and_a_common_one_behind_it(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, OPUS), 0);
	assert_int_equal(answer(b, V "m=audio 5000 RTP/AVP 0 111\na=rtpmap:111 opus/48000/2\n"), 0);
	assert_false(b->agreed.transcode);
	assert_true(b->agreed.mixed);
	assert_int_equal(b->agreed.answerer->pt, 111);
	end(b);
}

static void test_no_way_to_talk(void **state)
{
	(void)state;
	struct bridge *b = begin(all);
	assert_int_equal(offer(b, OPUS), 0);
	assert_int_equal(answer(b, V "m=audio 0 RTP/AVP 0\n"), E_POLICY);
	assert_int_equal(answer(b, ILBC), E_POLICY);
	assert_int_equal(answer(b, V "m=audio 5000 RTP/AVP 3\n"), E_POLICY); /* not offered */
	assert_int_equal(offer(b, V "m=video 4000 RTP/AVP 96\na=rtpmap:96 H264/90000\n"), E_POLICY);
	end(b);
	struct sdp_policy plain = all;
	plain.transcode = false;
	b = begin(plain);
	assert_int_equal(offer(b, OPUS), 0);
	has(b, "m=audio 20000 RTP/AVP 111 110");
	assert_int_equal(answer(b, V "m=audio 5000 RTP/AVP 0\n"), E_POLICY);
	end(b);
}

static void test_only_what_is_allowed_passes(void **state)
{
	(void)state;
	static const struct sdp_codec g711[] = {{"PCMA", 8000, 1, 8, NULL}, {"PCMU", 8000, 1, 0, NULL}};
	struct sdp_policy narrow = all;
	narrow.allowed = g711;
	narrow.n_allowed = 2;
	struct bridge *b = begin(narrow);
	assert_int_equal(offer(b, V "m=audio 4000 RTP/AVP 9 0 13 101\na=rtpmap:101 telephone-event/8000\n"), 0);
	has(b, "m=audio 20000 RTP/AVP 0 13 101 8");
	assert_int_equal(answer(b, V "m=audio 5000 RTP/AVP 9 0\n"), 0);
	assert_int_equal(b->agreed.answerer->pt, 0);
	has(b, "m=audio 20000 RTP/AVP 0");
	assert_int_equal(offer(b, OPUS), E_POLICY);
	end(b);
}

/* Whatever the two say: what comes out can be read, and is an answer to the offer. */
static void test_any_pair_gives_a_proper_answer(void **state)
{
	(void)state;
	static const char *const lines[] = {"0", "8", "9", "3", "18", "13", "111", "97", "101", "110", "96"};
	static const char maps[] = "a=rtpmap:111 opus/48000/2\na=rtpmap:97 iLBC/8000\n"
	                           "a=rtpmap:101 telephone-event/8000\na=rtpmap:110 telephone-event/48000\n"
	                           "a=rtpmap:96 PCMU/8000\n";
	struct rng rng;
	rng_init_seed(&rng, 11);
	size_t relayed = 0, transcoded = 0;
	for (size_t i = 0; i < 3000; i++) {
		char text[2][600];
		for (size_t k = 0; k < 2; k++) {
			int n = snprintf(text[k], sizeof text[k], V "m=audio 4000 RTP/AVP");
			for (uint32_t f = 1 + rng_below(&rng, 5); f > 0; f--)
				n += snprintf(text[k] + n, 600 - (size_t)n, " %s", lines[rng_below(&rng, 11)]);
			snprintf(text[k] + n, 600 - (size_t)n, "\n%s", maps);
		}
		struct bridge *b = begin(all);
		if (offer(b, text[0]) == 0) {
			struct sdp_text out;
			sdp_text_init(&out, buf_view(&b->buf));
			assert_int_equal(out.err, 0);
			bool seen[128] = {false};
			for (size_t f = 0; f < out.sdp->media[0].n_fmt; f++)
				seen[out.sdp->media[0].fmt[f].pt] = true;
			sdp_text_fini(&out);
			if (answer(b, text[1]) == 0) {
				relayed += !b->agreed.transcode, transcoded += b->agreed.transcode;
				assert_non_null(sdp_format_match(&b->offer.sdp->media[0], b->agreed.offerer));
				for (size_t f = 0; f < b->agreed.n_heard; f++)
					assert_true(seen[b->agreed.heard[f].pt]);
				sdp_text_init(&out, buf_view(&b->buf));
				assert_int_equal(out.err, 0);
				uint8_t pt = sdp_main_format(&out.sdp->media[0])->pt;
				assert_int_equal(pt, b->agreed.offerer->pt);
				sdp_text_fini(&out);
			}
		}
		end(b);
	}
	assert_true(relayed > 500 && transcoded > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_stand_behind_theirs),
		cmocka_unit_test(test_numbers_that_are_taken_are_left_alone),
		cmocka_unit_test(test_numbers_keep_their_meaning_in_later_offers),
		cmocka_unit_test(test_nothing_is_added_to_what_we_cannot_decode),
		cmocka_unit_test(test_a_common_codec_is_relayed),
		cmocka_unit_test(test_none_in_common_is_transcoded),
		cmocka_unit_test(test_ours_first_and_a_common_one_behind_it),
		cmocka_unit_test(test_no_way_to_talk),
		cmocka_unit_test(test_only_what_is_allowed_passes),
		cmocka_unit_test(test_any_pair_gives_a_proper_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
