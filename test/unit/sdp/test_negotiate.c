// SPDX-License-Identifier: Apache-2.0
/* Answering offers and making them: RFC 3264, RFC 6337, RFC 4733. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "sdp_text.h"

static struct sdp_local us(void)
{
	struct sdp_local l = {.id = 77, .version = 3};
	assert_int_equal(addr_parse_ip(&l.addr, STR("198.51.100.1")), 0);
	l.addr.port = 20000;
	return l;
}

struct answered {
	struct sdp_text offer, answer; /* answer: what we printed, parsed */
	struct str text;
	struct buf buf;
	const struct sdp_media *chosen;
	const struct sdp_format *codec;
	int err;
};

static void answer(struct answered *a, struct str offer, enum sdp_dir wanted)
{
	*a = (struct answered){.err = 0};
	struct sdp_local l = us();
	l.rtcp_mux = true;
	sdp_text_init(&a->offer, offer);
	assert_int_equal(a->offer.err, 0);
	buf_init(&a->buf, 8192);
	a->err = sdp_answer(&a->buf, a->offer.sdp, &l, sdp_codecs_default, sdp_codecs_default_n, wanted,
	                    &a->chosen, &a->codec);
	assert_true(buf_ok(&a->buf));
	a->text = buf_view(&a->buf);
	sdp_text_init(&a->answer, a->err ? STR("v=0") : a->text);
	assert_int_equal(a->answer.err, 0);
}

static void done(struct answered *a)
{
	sdp_text_fini(&a->offer);
	sdp_text_fini(&a->answer);
	buf_fini(&a->buf);
}

/* The offers of test/sdp with the m-line that answers each; NULL: nothing can be taken. */
static const struct {
	const char *file, *m_line, *direction;
} pairs[] = {
	{"yealink-t22p-invite.sdp", "m=audio 20000 RTP/AVP 9 101", "a=sendrecv"},
	{"yealink-t26p-ptime-sendrecv-joined.sdp", NULL, NULL}, /* G.729 alone */
	{"polycom-soundpoint-hold-session-level.sdp", "m=audio 20000 RTP/AVP 0 101", "a=recvonly"},
	{"cisco-79xx-hold.sdp", "m=audio 20000 RTP/AVP 0 101", "a=recvonly"},
	{"cisco-79xx-video-port0-other-c.sdp", "m=audio 20000 RTP/AVP 0", "a=sendrecv"},
	{"cisco-7940-options-answer-null-o-line.sdp", "m=audio 20000 RTP/AVP 0", "a=sendrecv"},
	{"cisco-ios-gateway-g729-only-answer.sdp", NULL, NULL},
	{"grandstream-gxp2200-savpf-session-level-ice.sdp", NULL, NULL}, /* no SRTP yet */
	{"asterisk-ser-era-root-silencesupp.sdp", "m=audio 20000 RTP/AVP 0 101", "a=sendrecv"},
	{"pjsip-app-savp-aes256.sdp", NULL, NULL},
	{"chrome-audio-bundle0.sdp", NULL, NULL},
	{"firefox-audio-trickle-port9.sdp", NULL, NULL},
};

/* Lines keep number and order, media and protocol; numbers mean in the answer what they meant. */
static void check_shape(const struct answered *a)
{
	const struct sdp *o = a->offer.sdp, *s = a->answer.sdp;
	assert_int_equal(s->n_media, o->n_media);
	for (size_t i = 0; i < s->n_media; i++) {
		const struct sdp_media *mo = &o->media[i], *m = &s->media[i];
		assert_true(str_eq(m->kind_text, mo->kind_text));
		assert_true(str_eq(m->proto_text, mo->proto_text));
		assert_int_equal(m->port, mo == a->chosen ? 20000 : 0);
		for (size_t k = 0; mo == a->chosen && k < m->n_fmt; k++) {
			const struct sdp_format *f = sdp_format_match(mo, &m->fmt[k]);
			assert_non_null(f);
			assert_int_equal(f->pt, m->fmt[k].pt);
		}
	}
}

static void test_answers_to_the_offers_of_devices /* RFC 3264 6 */ (void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct arena arena;
		struct answered a;
		arena_init(&arena, SDP_MAX_TEXT);
		answer(&a, sdp_text_file(&arena, pairs[i].file), SDP_SENDRECV);
		if (!pairs[i].m_line) {
			assert_int_equal(a.err, E_POLICY);
			assert_int_equal(a.text.n, 0);
		} else {
			assert_int_equal(a.err, 0);
			assert_true(sdp_text_has(a.text, pairs[i].m_line));
			assert_true(sdp_text_has(a.text, pairs[i].direction));
			check_shape(&a);
		}
		done(&a);
		arena_fini(&arena);
	}
}

static void test_answer_is_written_whole /* RFC 3264 6, RFC 8866 5 */ (void **state)
{
	(void)state;
	struct answered a;
	answer(&a, STR("v=0\no=alice 5 6 IN IP4 192.0.2.1\ns=Call\nc=IN IP4 192.0.2.1\nt=0 0\n"
	               "m=audio 4000 RTP/AVPF 18 8 97\na=rtpmap:97 telephone-event/8000\na=ptime:30\n"
	               "a=fmtp:97 0-16\na=rtcp-mux\nm=video 4002 RTP/AVP 31 32\n"), SDP_SENDRECV);
	static const char want[] =
		"v=0\r\no=- 77 3 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
		"m=audio 20000 RTP/AVPF 8 97\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:30\r\na=sendrecv\r\n"
		"a=rtcp-mux\r\nm=video 0 RTP/AVP 31\r\n";
	assert_int_equal(a.err, 0);
	assert_true(str_eq(a.text, str_z(want)));
	assert_int_equal(a.codec->pt, 8);
	done(&a);
}

static void test_rtcp_mux_only_where_offered /* RFC 5761 5.1.1 */ (void **state)
{
	(void)state;
	struct answered a;
	answer(&a, STR("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n"), SDP_SENDRECV);
	assert_false(sdp_text_has(a.text, "a=rtcp-mux"));
	done(&a);
}

static void test_first_line_with_a_codec_of_ours_is_taken /* RFC 3264 6 */ (void **state)
{
	(void)state;
	struct answered a;
	answer(&a, STR("v=0\nc=IN IP4 192.0.2.1\nm=video 4000 RTP/AVP 31\nm=audio 0 RTP/AVP 0\n"
	               "m=audio 4002 RTP/SAVP 0\nm=audio 4004 RTP/AVP 18\nm=audio 4006 RTP/AVP 8\n"
	               "m=audio 4008 RTP/AVP 0\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"),
	       SDP_SENDRECV);
	assert_int_equal(a.err, 0);
	assert_ptr_equal(a.chosen, &a.offer.sdp->media[4]);
	check_shape(&a);
	assert_true(sdp_text_has(a.text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"));
	done(&a);
}

static void test_lines_without_a_way_to_us_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"m=audio 4000 RTP/AVP 0\n",                                  /* no c= at all */
		"m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example.com\n",
		"m=audio 4000 RTP/AVP 0\nc=IN IP4 233.252.0.1/127\n",
		"m=audio 0 RTP/AVP 0\nc=IN IP4 192.0.2.1\n",
		"m=audio 4000 RTP/SAVP 0\nc=IN IP4 192.0.2.1\n",
		"m=audio 4000 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 192.0.2.1\n",
		"m=audio 4000 TCP/RTP/AVP 0\nc=IN IP4 192.0.2.1\n",
		"m=audio 4000 RTP/AVP 101\nc=IN IP4 192.0.2.1\na=rtpmap:101 telephone-event/8000\n",
		"m=video 4000 RTP/AVP 0\nc=IN IP4 192.0.2.1\n",
		"",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[256];
		struct answered a;
		snprintf(text, sizeof text, "v=0\n%s", bad[i]);
		answer(&a, str_z(text), SDP_SENDRECV);
		assert_int_equal(a.err, E_POLICY);
		done(&a);
	}
}

static void test_old_hold_and_trickle_differ /* RFC 3264 8.4, RFC 8840 4.1.1 */ (void **state)
{
	(void)state;
	struct answered a;
	answer(&a, STR("v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=sendrecv\n"), SDP_SENDRECV);
	assert_true(sdp_text_has(a.text, "a=recvonly"));
	done(&a);
	answer(&a, STR("v=0\nc=IN IP4 0.0.0.0\na=ice-ufrag:x\nm=audio 9 RTP/AVP 0\n"), SDP_SENDRECV);
	assert_true(sdp_text_has(a.text, "a=sendrecv"));
	done(&a);
	answer(&a, STR("v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=recvonly\n"), SDP_SENDRECV);
	assert_true(sdp_text_has(a.text, "a=inactive"));
	done(&a);
}

static void test_direction_follows_offer_and_wish /* RFC 3264 6.1 */ (void **state)
{
	(void)state;
	static const enum sdp_dir all[] = {SDP_INACTIVE, SDP_SENDONLY, SDP_RECVONLY, SDP_SENDRECV};
	for (size_t i = 0; i < 16; i++) {
		char text[128], line[32];
		struct answered a;
		snprintf(text, sizeof text, "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=%s\n",
		         sdp_dir_name(all[i / 4]));
		snprintf(line, sizeof line, "a=%s", sdp_dir_name(sdp_dir_answer(all[i / 4], all[i % 4])));
		answer(&a, str_z(text), all[i % 4]);
		assert_true(sdp_text_has(a.text, line));
		done(&a);
	}
}

static void test_opus_takes_its_own_dtmf_clock /* RFC 4733 2.5.1.2, RFC 7587 7 */ (void **state)
{
	(void)state;
	struct answered a;
	answer(&a, STR("v=0\nc=IN IP6 2001:db8::1\nm=audio 4000 RTP/AVP 96 101 102\n"
	               "a=rtpmap:96 OPUS/48000\na=rtpmap:101 telephone-event/8000\n"
	               "a=rtpmap:102 telephone-event/48000\n"), SDP_SENDRECV);
	assert_true(sdp_text_has(a.text, "m=audio 20000 RTP/AVP 96 102"));
	done(&a);
	/* at another clock is better than none */
	answer(&a, STR("v=0\nc=IN IP6 2001:db8::1\nm=audio 4000 RTP/AVP 96 101\n"
	               "a=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000\n"), SDP_SENDRECV);
	assert_true(sdp_text_has(a.text, "m=audio 20000 RTP/AVP 96 101"));
	assert_true(sdp_text_has(a.text, "a=rtpmap:96 opus/48000/2"));
	done(&a);
}

static void test_codec_is_name_clock_and_channels /* RFC 3264 6.1 */ (void **state)
{
	(void)state;
	static const struct {
		const char *encoding;
		uint32_t clock_hz;
		uint8_t channels;
		bool found;
	} cases[] = {
		{"pcmu", 8000, 1, true},  {"PCMU", 16000, 1, false}, {"PCMU", 8000, 2, false},
		{"opus", 48000, 1, true}, {"opus", 16000, 2, false}, {"", 8000, 1, false},
		{"PCM", 8000, 1, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sdp_format f = {.encoding = str_z(cases[i].encoding), .clock_hz = cases[i].clock_hz,
		                       .channels = cases[i].channels};
		bool found = sdp_codec_find(sdp_codecs_default, sdp_codecs_default_n, &f) != NULL;
		assert_int_equal(found, cases[i].found);
	}
}

static void test_ipv6_answer /* RFC 8866 5.7 */ (void **state)
{
	(void)state;
	struct sdp_text t;
	struct buf b;
	struct sdp_local l = {.id = 1, .version = 1};
	assert_int_equal(addr_parse_ip(&l.addr, STR("2001:db8::9")), 0);
	l.addr.port = 5004;
	buf_init(&b, 4096);
	sdp_text_init(&t, STR("v=0\nc=IN IP6 2001:db8::1\nm=audio 4000 RTP/AVP 0\n"));
	assert_int_equal(sdp_answer(&b, t.sdp, &l, sdp_codecs_default, sdp_codecs_default_n,
	                            SDP_SENDRECV, NULL, NULL), 0);
	assert_true(sdp_text_has(buf_view(&b), "c=IN IP6 2001:db8::9"));
	assert_true(sdp_text_has(buf_view(&b), "o=- 1 1 IN IP6 2001:db8::9"));
	buf_fini(&b);
	sdp_text_fini(&t);
}

static void test_own_offer_is_read_back /* RFC 3264 5, 8 */ (void **state)
{
	(void)state;
	struct sdp_text t;
	struct buf b;
	struct sdp_local l = us();
	l.min_media = 3;
	buf_init(&b, 4096);
	sdp_offer(&b, &l, sdp_codecs_default, sdp_codecs_default_n, SDP_SENDONLY);
	sdp_text_init(&t, buf_view(&b));
	assert_int_equal(t.err, 0);
	assert_int_equal(t.sdp->n_media, 3); /* never fewer than the peer has seen */
	assert_int_equal(t.sdp->media[1].port, 0);
	const struct sdp_media *m = &t.sdp->media[0];
	assert_true(sdp_media_usable(m));
	assert_int_equal(m->dir, SDP_SENDONLY);
	assert_int_equal(m->n_fmt, sdp_codecs_default_n);
	for (size_t i = 0; i < m->n_fmt; i++)
		assert_non_null(sdp_codec_find(sdp_codecs_default, sdp_codecs_default_n, &m->fmt[i]));
	assert_int_equal(sdp_main_format(m)->pt, 0);
	assert_int_equal(sdp_dtmf_format(m)->pt, 101);
	buf_fini(&b);
	sdp_text_fini(&t);
}

static void test_main_format_is_what_is_heard(void **state)
{
	(void)state;
	struct sdp_text t;
	sdp_text_init(&t, STR("v=0\nm=audio 4000 RTP/AVP 101 13 63 98 0\na=rtpmap:63 red/48000/2\n"
	                      "a=rtpmap:101 telephone-event/8000\nm=audio 4000 RTP/AVP 13\n"));
	assert_int_equal(sdp_main_format(&t.sdp->media[0])->pt, 0);
	assert_null(sdp_main_format(&t.sdp->media[1]));
	assert_null(sdp_dtmf_format(&t.sdp->media[1]));
	sdp_text_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_to_the_offers_of_devices),
		cmocka_unit_test(test_answer_is_written_whole),
		cmocka_unit_test(test_rtcp_mux_only_where_offered),
		cmocka_unit_test(test_first_line_with_a_codec_of_ours_is_taken),
		cmocka_unit_test(test_lines_without_a_way_to_us_are_refused),
		cmocka_unit_test(test_old_hold_and_trickle_differ),
		cmocka_unit_test(test_direction_follows_offer_and_wish),
		cmocka_unit_test(test_opus_takes_its_own_dtmf_clock),
		cmocka_unit_test(test_codec_is_name_clock_and_channels),
		cmocka_unit_test(test_ipv6_answer),
		cmocka_unit_test(test_own_offer_is_read_back),
		cmocka_unit_test(test_main_format_is_what_is_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
