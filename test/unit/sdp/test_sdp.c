// SPDX-License-Identifier: Apache-2.0
/* Reading session descriptions: RFC 8866, RFC 3605, RFC 5761, RFC 8840. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "sdp_text.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static void expect(const char *text, int err, size_t line)
{
	struct sdp_text t;
	sdp_text_init(&t, str_z(text));
	if (t.err != err)
		print_error("%s\n", text);
	assert_int_equal(t.err, err);
	if (err) {
		assert_int_equal(t.error.line, line);
		assert_non_null(t.error.what);
		assert_null(t.sdp);
	}
	sdp_text_fini(&t);
}

/* One audio line with these attributes behind it. */
static struct sdp_text audio(const char *m_and_attrs)
{
	struct sdp_text t;
	char text[2048];
	snprintf(text, sizeof text, HEAD "m=audio %s", m_and_attrs);
	sdp_text_init(&t, str_z(text));
	assert_int_equal(t.err, 0);
	assert_int_equal(t.sdp->n_media, 1);
	return t;
}

static struct addr ip(const char *text, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(&a, str_z(text)), 0);
	a.port = port;
	return a;
}

static void test_origin_and_connection /* 5.2, 5.7 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 0\r\n");
	struct addr want = ip("192.0.2.1", 4000);
	assert_true(t.sdp->origin_id == 1 && t.sdp->origin_version == 2);
	assert_true(str_eq(t.sdp->origin_user, STR("-")));
	assert_true(addr_eq(&t.sdp->media[0].conn, &want));
	want.port = 4001;
	assert_true(addr_eq(&t.sdp->media[0].rtcp, &want));
	sdp_text_fini(&t);
}

static void test_version_comes_first /* 5.1 */ (void **state)
{
	(void)state;
	expect("", E_MALFORMED, 1);
	expect("\r\n\r\n", E_MALFORMED, 2);
	expect("o=- 1 1 IN IP4 192.0.2.1\r\n", E_MALFORMED, 1);
	expect("v=1\r\n", E_MALFORMED, 1);
	expect("v=0", 0, 0);
	expect("\r\nv=0 \r\n", 0, 0);
}

static void test_missing_s_and_t_are_forgiven /* 5.3, 5.9 */ (void **state)
{
	(void)state;
	expect("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n", 0, 0);
}

static void test_every_line_end_ends_a_line /* 5 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 0\na=first\ra=second:x\r\n\r\na=third\n\r");
	const struct sdp_media *m = &t.sdp->media[0];
	assert_int_equal(m->n_attrs, 3);
	assert_true(str_eq(m->attrs[0].name, STR("first")));
	assert_true(str_eq(m->attrs[1].value, STR("x")));
	assert_true(str_eq(m->attrs[2].name, STR("third")));
	sdp_text_fini(&t);
}

static void test_line_without_type_or_with_nul_is_malformed /* 5, 9 */ (void **state)
{
	(void)state;
	expect(HEAD "audio\r\n", E_MALFORMED, 6);
	expect(HEAD "a\r\n", E_MALFORMED, 6);
	struct sdp_text t;
	sdp_text_init(&t, STR("v=0\r\na=x\0y\r\n"));
	assert_int_equal(t.err, E_MALFORMED);
	assert_int_equal(t.error.line, 2);
	sdp_text_fini(&t);
}

static void test_media_line_is_strict /* 5.14 */ (void **state)
{
	(void)state;
	expect(HEAD "m=audio 65535 RTP/AVP 0\r\n", 0, 0);
	expect(HEAD "m=audio 65536 RTP/AVP 0\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio -1 RTP/AVP 0\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio 4000x RTP/AVP 0\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio  RTP/AVP 0\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio 4000\r\n", E_MALFORMED, 6);
	expect(HEAD "m=\r\n", E_MALFORMED, 6);
	expect(HEAD "m=au\"dio 4000 RTP/AVP 0\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio 4000 RTP//AVP 0\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio 4000 RTP/AVP 128\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio 4000 RTP/AVP 0 x\r\n", E_MALFORMED, 6);
	expect(HEAD "m=audio 4000/2 RTP/AVP 0\r\n", 0, 0);
	expect(HEAD "m=image 4000 udptl t38\r\n", 0, 0);
	expect(HEAD "m=video 0 RTP/AVP\r\n", 0, 0);
}

static void test_limits_are_told_as_such(void **state)
{
	(void)state;
	char text[SDP_MAX_TEXT + 2] = HEAD;
	size_t n = strlen(text);
	for (int i = 0; i < SDP_MAX_MEDIA; i++)
		n += (size_t)sprintf(text + n, "m=audio 0 RTP/AVP 0\r\n");
	expect(text, 0, 0);
	sprintf(text + n, "m=audio 0 RTP/AVP 0\r\n");
	expect(text, E_LIMIT, 1);

	n = (size_t)sprintf(text, HEAD "m=audio 4000 RTP/AVP");
	for (int i = 0; i < SDP_MAX_FORMATS; i++)
		n += (size_t)sprintf(text + n, " %d", i);
	expect(text, 0, 0);
	n += (size_t)sprintf(text + n, " 3 4"); /* the same again takes no room */
	expect(text, 0, 0);
	sprintf(text + n, " 127");
	expect(text, E_LIMIT, 6);
	memcpy(strstr(text, "audio"), "video", 5); /* not a line that we would serve */
	expect(text, 0, 0);

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	memcpy(text, "v=0\na=", 6);
	expect(text, E_LIMIT, 1);
	text[SDP_MAX_TEXT] = 0;
	expect(text, 0, 0);
}

static void test_static_formats_need_no_rtpmap /* RFC 3551 6 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 0 9 18 10 96 35\r\n");
	const struct sdp_format *f = t.sdp->media[0].fmt;
	assert_true(str_eq(f[0].encoding, STR("PCMU")) && f[0].clock_hz == 8000);
	assert_true(str_eq(f[1].encoding, STR("G722")) && f[1].clock_hz == 8000);
	assert_true(str_eq(f[2].encoding, STR("G729")));
	assert_true(f[3].clock_hz == 44100 && f[3].channels == 2);
	assert_int_equal(f[4].encoding.n, 0);
	assert_int_equal(f[5].encoding.n, 0);
	assert_false(f[0].has_rtpmap);
	sdp_text_fini(&t);
}

static void test_rtpmap_and_fmtp_in_any_order /* 6.6, 6.15 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 111 101 0\r\n"
	                          "a=fmtp:101 0-15\r\na=fmtp:111 minptime=10; useinbandfec=1\r\n"
	                          "a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000/1\r\n"
	                          "a=rtpmap:0 L16/16000\r\na=rtpmap:97 unused/8000\r\n");
	const struct sdp_media *m = &t.sdp->media[0];
	assert_int_equal(m->n_fmt, 3);
	assert_true(str_eq(m->fmt[0].encoding, STR("opus")));
	assert_int_equal(m->fmt[0].channels, 2);
	assert_true(str_eq(m->fmt[0].fmtp, STR("minptime=10; useinbandfec=1")));
	assert_true(str_eq(m->fmt[1].fmtp, STR("0-15")));
	assert_int_equal(m->fmt[1].channels, 1);
	assert_true(str_eq(m->fmt[2].encoding, STR("L16"))); /* what is said beats the table */
	sdp_text_fini(&t);
}

static void test_unreadable_rtpmap_leaves_no_codec /* 6.6 */ (void **state)
{
	(void)state;
	static const char *const bad[] = {
		"0 ", "0 PCMA", "0 PCMA/", "0 PCMA/0", "0 PCMA/8000x", "0 PCMA/1000001", "0 PC MA/8000",
		"0 PCMA/8000/0", "0 PCMA/8000/256", "0 /8000", "0 PCMA/99999999999"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, "4000 RTP/AVP 0\r\na=rtpmap:%s\r\n", bad[i]);
		struct sdp_text t = audio(text);
		assert_int_equal(t.sdp->media[0].fmt[0].encoding.n, 0);
		assert_int_equal(t.sdp->media[0].fmt[0].clock_hz, 0);
		sdp_text_fini(&t);
	}
}

static void test_first_of_repeated_attributes_counts(void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 96\r\na=rtpmap:96 iLBC/8000\r\na=rtpmap:96 AMR/8000\r\n"
	                          "a=fmtp:96 mode=20\r\na=fmtp:96 mode=30\r\n");
	assert_true(str_eq(t.sdp->media[0].fmt[0].encoding, STR("iLBC")));
	assert_true(str_eq(t.sdp->media[0].fmt[0].fmtp, STR("mode=20")));
	sdp_text_fini(&t);
}

static void test_direction_of_line_else_session_else_sendrecv /* 6.7 */ (void **state)
{
	(void)state;
	struct sdp_text t;
	sdp_text_init(&t, STR("v=0\na=sendonly\nm=audio 1 RTP/AVP 0\nm=audio 1 RTP/AVP 0\na=inactive\n"
	                      "m=audio 1 RTP/AVP 0\na=recvonly:x\n"));
	assert_int_equal(t.sdp->media[0].dir, SDP_SENDONLY);
	assert_int_equal(t.sdp->media[1].dir, SDP_INACTIVE);
	assert_int_equal(t.sdp->media[2].dir, SDP_SENDONLY); /* a flag has no value */
	sdp_text_fini(&t);
	t = audio("4000 RTP/AVP 0\r\n");
	assert_int_equal(t.sdp->media[0].dir, SDP_SENDRECV);
	sdp_text_fini(&t);
}

static void test_connection_of_line_beats_session /* 5.7 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::5\r\nc=IN IP4 192.0.2.9\r\n");
	struct addr want = ip("2001:db8::5", 4000);
	assert_true(addr_eq(&t.sdp->media[0].conn, &want));
	sdp_text_fini(&t);
	/* a name is not looked up, and the session's address is not meant */
	t = audio("4000 RTP/AVP 0\r\nc=IN IP4 phone.example.com\r\n");
	assert_int_equal(t.sdp->media[0].conn.family, ADDR_NONE);
	assert_int_equal(t.sdp->media[0].rtcp.family, ADDR_NONE);
	sdp_text_fini(&t);
	t = audio("4000 RTP/AVP 0\r\nc=IN IP4 233.252.0.1/127/3\r\n");
	want = ip("233.252.0.1", 4000);
	assert_true(addr_eq(&t.sdp->media[0].conn, &want));
	sdp_text_fini(&t);
}

static void test_zero_connection_is_marked /* RFC 3264 8.4 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
	assert_true(t.sdp->media[0].conn_is_zero);
	assert_false(t.sdp->media[0].is_trickle);
	assert_int_equal(sdp_media_dir(&t.sdp->media[0]), SDP_SENDONLY);
	sdp_text_fini(&t);
	t = audio("4000 RTP/AVP 0\r\nc=IN IP6 ::\r\na=recvonly\r\n");
	assert_int_equal(sdp_media_dir(&t.sdp->media[0]), SDP_INACTIVE);
	sdp_text_fini(&t);
}

static void test_trickle_is_no_hold /* RFC 8840 4.1.1 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:x\r\n");
	assert_true(t.sdp->media[0].is_trickle);
	assert_int_equal(sdp_media_dir(&t.sdp->media[0]), SDP_SENDRECV);
	sdp_text_fini(&t);
	t = audio("9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"); /* port 9 alone says nothing of ICE */
	assert_false(t.sdp->media[0].is_trickle);
	sdp_text_fini(&t);
}

static void test_rtcp_attribute /* RFC 3605 2.1 */ (void **state)
{
	(void)state;
	static const struct {
		const char *attr, *ip;
		uint16_t port;
	} cases[] = {
		{"a=rtcp:5000\r\n", "192.0.2.1", 5000},
		{"a=rtcp:5000 IN IP4 192.0.2.7\r\n", "192.0.2.7", 5000},
		{"a=rtcp:9 IN IP4 0.0.0.0\r\n", "192.0.2.1", 9},
		{"a=rtcp:0\r\n", "192.0.2.1", 4001},
		{"a=rtcp:70000\r\n", "192.0.2.1", 4001},
		{"a=rtcp:\r\n", "192.0.2.1", 4001},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, "4000 RTP/AVP 0\r\n%s", cases[i].attr);
		struct sdp_text t = audio(text);
		struct addr want = ip(cases[i].ip, cases[i].port);
		assert_true(addr_eq(&t.sdp->media[0].rtcp, &want));
		sdp_text_fini(&t);
	}
	struct sdp_text t = audio("65535 RTP/AVP 0\r\n"); /* no port above it */
	assert_int_equal(t.sdp->media[0].rtcp.family, ADDR_NONE);
	sdp_text_fini(&t);
}

static void test_ptime_and_mux /* 6.4, RFC 5761 5.1.1 */ (void **state)
{
	(void)state;
	struct sdp_text t = audio("4000 RTP/AVP 0\r\na=ptime:30\r\na=maxptime:150.5\r\na=rtcp-mux\r\n");
	assert_int_equal(t.sdp->media[0].ptime_ms, 30);
	assert_int_equal(t.sdp->media[0].maxptime_ms, 150);
	assert_true(t.sdp->media[0].rtcp_mux);
	sdp_text_fini(&t);
	t = audio("4000 RTP/AVP 0\r\na=ptime:0\r\na=maxptime:1001\r\n");
	assert_int_equal(t.sdp->media[0].ptime_ms, 0);
	assert_int_equal(t.sdp->media[0].maxptime_ms, 0);
	sdp_text_fini(&t);
}

static void test_attribute_of_line_else_session /* 6 */ (void **state)
{
	(void)state;
	struct sdp_text t;
	struct str v;
	sdp_text_init(&t, STR("v=0\na=ice-ufrag:s\na=x:1\nm=audio 1 RTP/AVP 0\na=x:2:3\n"));
	assert_true(sdp_attr_get(t.sdp, &t.sdp->media[0], STR("x"), &v) && str_eq(v, STR("2:3")));
	assert_true(sdp_attr_get(t.sdp, &t.sdp->media[0], STR("ice-ufrag"), &v));
	assert_true(sdp_attr_get(t.sdp, NULL, STR("x"), &v) && str_eq(v, STR("1")));
	assert_false(sdp_attr_get(t.sdp, NULL, STR("X"), &v)); /* names are case-sensitive */
	sdp_text_fini(&t);
}

static void test_direction_algebra /* RFC 3264 6.1 */ (void **state)
{
	(void)state;
	assert_int_equal(sdp_dir_flip(SDP_SENDONLY), SDP_RECVONLY);
	assert_int_equal(sdp_dir_flip(SDP_RECVONLY), SDP_SENDONLY);
	assert_int_equal(sdp_dir_flip(SDP_SENDRECV), SDP_SENDRECV);
	assert_int_equal(sdp_dir_flip(SDP_INACTIVE), SDP_INACTIVE);
	assert_int_equal(sdp_dir_answer(SDP_SENDONLY, SDP_SENDRECV), SDP_RECVONLY);
	assert_int_equal(sdp_dir_answer(SDP_RECVONLY, SDP_SENDRECV), SDP_SENDONLY);
	assert_int_equal(sdp_dir_answer(SDP_INACTIVE, SDP_SENDRECV), SDP_INACTIVE);
	assert_int_equal(sdp_dir_answer(SDP_SENDRECV, SDP_SENDONLY), SDP_SENDONLY);
	assert_int_equal(sdp_dir_answer(SDP_SENDONLY, SDP_SENDONLY), SDP_INACTIVE);
}

/* The offers of test/sdp: what is awkward in each stands in its INDEX.md. */

static struct sdp_text file(const char *name)
{
	struct arena a;
	struct sdp_text t;
	arena_init(&a, SDP_MAX_TEXT);
	sdp_text_init(&t, sdp_text_file(&a, name));
	arena_fini(&a);
	assert_int_equal(t.err, 0);
	return t;
}

static void test_null_origin_is_forgiven /* cisco-7940 */ (void **state)
{
	(void)state;
	struct sdp_text t = file("cisco-7940-options-answer-null-o-line.sdp");
	assert_true(t.sdp->origin_id == 0 && t.sdp->origin_version == 0);
	assert_int_equal(t.sdp->media[0].port, 1);
	sdp_text_fini(&t);
}

static void test_joined_attributes_are_neither /* yealink-t26p */ (void **state)
{
	(void)state;
	struct sdp_text t = file("yealink-t26p-ptime-sendrecv-joined.sdp");
	assert_int_equal(t.sdp->media[0].ptime_ms, 0);
	assert_int_equal(t.sdp->media[0].dir, SDP_SENDRECV);
	sdp_text_fini(&t);
}

static void test_browsers_lines /* chrome, firefox, grandstream */ (void **state)
{
	(void)state;
	struct sdp_text t = file("firefox-audio-trickle-port9.sdp");
	assert_true(t.sdp->media[0].is_trickle && t.sdp->media[0].conn_is_zero);
	assert_int_equal(t.sdp->media[0].proto, SDP_UDP_TLS_RTP_SAVPF);
	assert_int_equal(sdp_media_dir(&t.sdp->media[0]), SDP_SENDRECV);
	assert_true(str_eq(t.sdp->media[0].fmt[0].encoding, STR("opus")));
	sdp_text_fini(&t);
	t = file("chrome-audio-bundle0.sdp");
	struct addr want = ip("192.0.2.150", 9);
	assert_true(addr_eq(&t.sdp->media[0].rtcp, &want));
	assert_int_equal(sdp_dtmf_format(&t.sdp->media[0])->pt, 110); /* opus first: its clock */
	sdp_text_fini(&t);
	t = file("grandstream-gxp2200-savpf-session-level-ice.sdp");
	struct str v;
	assert_true(sdp_attr_get(t.sdp, &t.sdp->media[0], STR("fingerprint"), &v));
	assert_false(t.sdp->media[0].is_trickle);
	sdp_text_fini(&t);
}

static void test_video_line_keeps_its_own_connection /* cisco-79xx-video */ (void **state)
{
	(void)state;
	struct sdp_text t = file("cisco-79xx-video-port0-other-c.sdp");
	struct addr audio_conn = ip("192.0.2.134", 19586);
	assert_int_equal(t.sdp->n_media, 2);
	assert_true(addr_eq(&t.sdp->media[0].conn, &audio_conn));
	assert_int_equal(t.sdp->media[1].port, 0);
	assert_int_equal(t.sdp->media[1].rtcp.family, ADDR_NONE);
	sdp_text_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin_and_connection),
		cmocka_unit_test(test_version_comes_first),
		cmocka_unit_test(test_missing_s_and_t_are_forgiven),
		cmocka_unit_test(test_every_line_end_ends_a_line),
		cmocka_unit_test(test_line_without_type_or_with_nul_is_malformed),
		cmocka_unit_test(test_media_line_is_strict),
		cmocka_unit_test(test_limits_are_told_as_such),
		cmocka_unit_test(test_static_formats_need_no_rtpmap),
		cmocka_unit_test(test_rtpmap_and_fmtp_in_any_order),
		cmocka_unit_test(test_unreadable_rtpmap_leaves_no_codec),
		cmocka_unit_test(test_first_of_repeated_attributes_counts),
		cmocka_unit_test(test_direction_of_line_else_session_else_sendrecv),
		cmocka_unit_test(test_connection_of_line_beats_session),
		cmocka_unit_test(test_zero_connection_is_marked),
		cmocka_unit_test(test_trickle_is_no_hold),
		cmocka_unit_test(test_rtcp_attribute),
		cmocka_unit_test(test_ptime_and_mux),
		cmocka_unit_test(test_attribute_of_line_else_session),
		cmocka_unit_test(test_direction_algebra),
		cmocka_unit_test(test_null_origin_is_forgiven),
		cmocka_unit_test(test_joined_attributes_are_neither),
		cmocka_unit_test(test_browsers_lines),
		cmocka_unit_test(test_video_line_keeps_its_own_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
