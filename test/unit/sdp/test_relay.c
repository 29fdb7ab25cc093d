// SPDX-License-Identifier: Apache-2.0
/* Offers and answers that pass through: RFC 3264, and nothing of one side's network to the other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdp_text.h"

#define V "v=0\nc=IN IP4 192.0.2.1\n"

static struct sdp_local us(void)
{
	struct sdp_local l = {.id = 77, .version = 3};
	assert_int_equal(addr_parse_ip(&l.addr, STR("198.51.100.1")), 0);
	l.addr.port = 20000;
	return l;
}

struct passage {
	struct sdp_text offer, answer;
	struct buf buf;
	struct str text;
	size_t line;
	int err;
};

static void relay(struct passage *p, const char *offer, const char *answer, struct sdp_local l)
{
	*p = (struct passage){.line = 99};
	sdp_text_init(&p->offer, str_z(offer));
	sdp_text_init(&p->answer, str_z(answer ? answer : "v=0\n"));
	assert_int_equal(p->offer.err, 0);
	assert_int_equal(p->answer.err, 0);
	buf_init(&p->buf, SDP_MAX_TEXT);
	p->err = answer ? sdp_relay_answer(&p->buf, p->offer.sdp, p->answer.sdp, &l, &p->line)
	                : sdp_relay_offer(&p->buf, p->offer.sdp, &l, &p->line);
	p->text = buf_view(&p->buf);
	assert_true(buf_ok(&p->buf));
	if (p->err)
		assert_int_equal(p->text.n, 0);
}

static void done(struct passage *p)
{
	sdp_text_fini(&p->offer);
	sdp_text_fini(&p->answer);
	buf_fini(&p->buf);
}

static void expect(const char *offer, const char *answer, const char *m_line)
{
	struct passage p;
	relay(&p, offer, answer, us());
	assert_int_equal(p.err, m_line ? 0 : E_POLICY);
	if (m_line && !sdp_text_has(p.text, m_line))
		fail_msg("no %s in\n%.*s", m_line, STR_ARG(p.text));
	done(&p);
}

static void test_offer_keeps_all_audio_formats /* RFC 3264 5.1 */ (void **state)
{
	(void)state;
	struct passage p;
	relay(&p, "v=0\no=alice 5 6 IN IP4 192.0.2.1\ns=Call\nc=IN IP4 192.0.2.1\nt=0 0\n"
	          "m=audio 4000 RTP/AVP 111 9 0 8 18 3 13 4 97 99 101\n"
	          "a=rtpmap:111 opus/48000/2\na=fmtp:111 useinbandfec=1;stereo=0\n"
	          "a=rtpmap:97 EVS/16000\na=fmtp:97 br=5.9-24.4\na=fmtp:18 annexb=no\n"
	          "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=fmtp:99 nobody=knows\n"
	          "a=ptime:20\na=maxptime:60\na=recvonly\na=silenceSupp:off - - - -\n", NULL, us());
	static const char want[] =
		"v=0\r\no=- 77 3 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
		"m=audio 20000 RTP/AVP 111 9 0 8 18 3 13 4 97 101\r\n"
		"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1;stereo=0\r\n"
		"a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:3 GSM/8000\r\n"
		"a=rtpmap:13 CN/8000\r\na=rtpmap:97 EVS/16000\r\na=fmtp:97 br=5.9-24.4\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
		"a=ptime:20\r\na=maxptime:60\r\na=recvonly\r\n";
	assert_int_equal(p.err, 0);
	assert_int_equal(p.line, 0);
	if (!str_eq(p.text, str_z(want)))
		fail_msg("%.*s", STR_ARG(p.text));
	done(&p);
}

static void test_only_the_first_usable_audio_line_is_kept /* RFC 3264 5, 6 */ (void **state)
{
	(void)state;
	struct passage p;
	relay(&p, V "m=video 4000 RTP/AVP 96\na=rtpmap:96 VP8/90000\nm=audio 4002 RTP/SAVP 0\n"
	          "m=audio 4004 RTP/AVP 8\nm=audio 4006 RTP/AVP 0\nm=image 4008 udptl t38\n", NULL, us());
	assert_int_equal(p.err, 0);
	assert_int_equal(p.line, 2);
	assert_int_equal(sdp_text_count(p.text, "m="), 5);
	assert_true(sdp_text_has(p.text, "m=video 0 RTP/AVP 96"));
	assert_true(sdp_text_has(p.text, "m=audio 0 RTP/SAVP 0"));
	assert_true(sdp_text_has(p.text, "m=audio 20000 RTP/AVP 8"));
	assert_true(sdp_text_has(p.text, "m=audio 0 RTP/AVP 0"));
	assert_true(sdp_text_has(p.text, "m=image 0 udptl t38"));
	done(&p);
}

static void test_nothing_to_serve_is_policy /* 488 */ (void **state)
{
	(void)state;
	expect(V "m=audio 4000 RTP/SAVP 0\n", NULL, NULL);
	expect(V "m=audio 0 RTP/AVP 0\n", NULL, NULL);
	expect(V "m=audio 4000 RTP/AVP 96\n", NULL, NULL); /* a number without a name */
	expect(V "m=audio 4000 RTP/AVP 13\n", NULL, NULL);
	expect(V "m=video 4000 RTP/AVP 31\n", NULL, NULL);
	expect(V, NULL, NULL);
}

static void test_holds_pass_as_sendonly /* RFC 3264 8.4, RFC 6337 5.3 */ (void **state)
{
	(void)state;
	expect("v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n", NULL, "a=sendonly");
	expect("v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=recvonly\n", NULL, "a=inactive");
	expect(V "a=sendonly\nm=audio 4000 RTP/AVP 0\n", NULL, "a=sendonly");
	expect("v=0\nc=IN IP4 0.0.0.0\na=ice-ufrag:x\nm=audio 9 RTP/AVP 0\n", NULL, "a=sendrecv");
}

static void test_mux_is_ours_to_say /* RFC 5761 5.1.1 */ (void **state)
{
	(void)state;
	static const char with[] = V "m=audio 4000 RTP/AVP 0\na=rtcp-mux\n";
	static const char without[] = V "m=audio 4000 RTP/AVP 0\n";
	struct sdp_local l = us();
	struct passage p;
	relay(&p, with, NULL, l);
	assert_false(sdp_text_has(p.text, "a=rtcp-mux"));
	done(&p);
	l.rtcp_mux = true;
	relay(&p, without, NULL, l);
	assert_true(sdp_text_has(p.text, "a=rtcp-mux"));
	done(&p);
	relay(&p, without, with, l); /* it was not offered */
	assert_false(sdp_text_has(p.text, "a=rtcp-mux"));
	done(&p);
	relay(&p, with, without, l); /* each side for itself */
	assert_true(sdp_text_has(p.text, "a=rtcp-mux"));
	done(&p);
}

static void test_later_offer_is_never_shorter /* RFC 3264 8 */ (void **state)
{
	(void)state;
	struct sdp_local l = us();
	struct passage p;
	l.min_media = 3;
	relay(&p, V "m=audio 4000 RTP/AVP 0\n", NULL, l);
	assert_int_equal(sdp_text_count(p.text, "m="), 3);
	assert_int_equal(sdp_text_count(p.text, "m=audio 0 RTP/AVP 0"), 2);
	done(&p);
	relay(&p, V "m=audio 4000 RTP/AVP 0\n", V "m=audio 4000 RTP/AVP 0\n", l);
	assert_int_equal(sdp_text_count(p.text, "m="), 1); /* an answer has what the offer had */
	done(&p);
}

static void test_ipv6_side /* RFC 8866 5.7 */ (void **state)
{
	(void)state;
	struct sdp_local l = us();
	struct passage p;
	assert_int_equal(addr_parse_ip(&l.addr, STR("2001:db8::77")), 0);
	l.addr.port = 20000;
	relay(&p, V "m=audio 4000 RTP/AVP 0\n", NULL, l);
	assert_true(sdp_text_has(p.text, "c=IN IP6 2001:db8::77"));
	done(&p);
	expect("v=0\nc=IN IP6 2001:db8::1\nm=audio 4000 RTP/AVP 0\n", NULL, "c=IN IP4 198.51.100.1");
}

/* Answers. */

#define OFFER V "m=audio 4000 RTP/AVP 96 0 8 101\na=rtpmap:96 opus/48000/2\n" \
	"a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n"

static void test_answer_order_and_fmtp_are_the_answerers /* RFC 3264 6.1 */ (void **state)
{
	(void)state;
	struct passage p;
	relay(&p, OFFER, "v=0\nc=IN IP4 203.0.113.9\nm=audio 6000 RTP/AVP 8 0 101\n"
	                 "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-11\na=ptime:40\na=sendonly\n", us());
	assert_int_equal(p.err, 0);
	assert_true(sdp_text_has(p.text, "m=audio 20000 RTP/AVP 8 0 101"));
	assert_true(sdp_text_has(p.text, "a=fmtp:101 0-11"));
	assert_true(sdp_text_has(p.text, "a=ptime:40"));
	assert_true(sdp_text_has(p.text, "a=sendonly"));
	done(&p);
}

static void test_renumbered_answer_is_told_by_the_offers_numbers /* RFC 3264 5.1, 6.1 */ (void **state)
{
	(void)state;
	static const char answer[] = V "m=audio 6000 RTP/AVP 111 101 96\na=rtpmap:111 OPUS/48000/2\n"
	                               "a=rtpmap:96 telephone-event/8000\na=rtpmap:101 AMR/8000\n";
	struct passage p;
	relay(&p, OFFER, answer, us());
	assert_true(sdp_text_has(p.text, "m=audio 20000 RTP/AVP 96 101"));
	assert_true(sdp_text_has(p.text, "a=rtpmap:96 opus/48000/2"));
	assert_true(sdp_text_has(p.text, "a=rtpmap:101 telephone-event/8000"));
	assert_false(sdp_text_contains(p.text, "AMR"));

	struct sdp_pt_map map;
	sdp_pt_map_make(&map, &p.offer.sdp->media[0], &p.answer.sdp->media[0]);
	assert_true(map.any);
	assert_int_equal(map.to[96], 111);
	assert_int_equal(map.to[101], 96);
	assert_int_equal(map.to[0], 0);
	sdp_pt_map_make(&map, &p.answer.sdp->media[0], &p.offer.sdp->media[0]);
	assert_int_equal(map.to[111], 96);
	assert_int_equal(map.to[96], 101);
	sdp_pt_map_make(&map, &p.offer.sdp->media[0], &p.offer.sdp->media[0]);
	assert_false(map.any);
	done(&p);
}

static void test_formats_not_offered_are_dropped /* RFC 3264 6.1 */ (void **state)
{
	(void)state;
	expect(OFFER, V "m=audio 6000 RTP/AVP 18 0 97\na=rtpmap:97 iLBC/8000\n",
	       "m=audio 20000 RTP/AVP 0");
	expect(OFFER, V "m=audio 6000 RTP/AVP 18\n", NULL);
	/* the number is the offer's, the codec is not */
	expect(OFFER, V "m=audio 6000 RTP/AVP 96\na=rtpmap:96 speex/16000\n", NULL);
	expect(OFFER, V "m=audio 6000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n", NULL);
}

static void test_answer_without_rtpmap_means_the_number /* seen in the field */ (void **state)
{
	(void)state;
	struct passage p;
	relay(&p, OFFER, V "m=audio 6000 RTP/AVP 96 101\n", us());
	assert_true(sdp_text_has(p.text, "m=audio 20000 RTP/AVP 96 101"));
	assert_true(sdp_text_has(p.text, "a=rtpmap:96 opus/48000/2"));
	done(&p);
}

static void test_one_codec_twice_is_said_once(void **state)
{
	(void)state;
	expect(OFFER, V "m=audio 6000 RTP/AVP 0 97 98\na=rtpmap:97 PCMU/8000\na=rtpmap:98 PCMU/8000\n",
	       "m=audio 20000 RTP/AVP 0");
}

static void test_red_passes_only_without_renumbering /* RFC 2198 5 */ (void **state)
{
	(void)state;
	static const char offer[] = V "m=audio 4000 RTP/AVP 111 63\na=rtpmap:111 opus/48000/2\n"
	                              "a=rtpmap:63 red/48000/2\na=fmtp:63 111/111\n";
	expect(offer, V "m=audio 6000 RTP/AVP 111 63\na=rtpmap:111 opus/48000/2\n"
	                "a=rtpmap:63 red/48000/2\na=fmtp:63 111/111\n", "m=audio 20000 RTP/AVP 111 63");
	expect(offer, V "m=audio 6000 RTP/AVP 96 63\na=rtpmap:96 opus/48000/2\n"
	                "a=rtpmap:63 red/48000/2\na=fmtp:63 96/96\n", "m=audio 20000 RTP/AVP 111");
}

static void test_answer_fits_the_line_that_was_kept /* RFC 3264 6 */ (void **state)
{
	(void)state;
	static const char offer[] = V "m=video 4000 RTP/AVP 31\nm=audio 4002 RTP/AVPF 0\n"
	                              "m=audio 4004 RTP/AVP 8\n";
	struct passage p;
	relay(&p, offer, V "m=video 0 RTP/AVP 31\nm=audio 6000 RTP/AVP 0\nm=audio 0 RTP/AVP 8\n", us());
	assert_int_equal(p.err, 0);
	assert_int_equal(p.line, 1);
	assert_int_equal(sdp_text_count(p.text, "m="), 3);
	assert_true(sdp_text_has(p.text, "m=audio 20000 RTP/AVPF 0")); /* the offer's protocol */
	done(&p);
	/* the line that we refused in our copy cannot come back in the answer */
	expect(offer, V "m=video 0 RTP/AVP 31\nm=audio 0 RTP/AVP 0\nm=audio 6000 RTP/AVP 8\n", NULL);
	/* fewer lines than offered: its audio can only be ours */
	relay(&p, offer, V "m=audio 6000 RTP/AVP 0\n", us());
	assert_int_equal(p.err, 0);
	assert_int_equal(sdp_text_count(p.text, "m="), 3);
	assert_true(sdp_text_has(p.text, "m=audio 0 RTP/AVP 8"));
	done(&p);
	expect(offer, V "m=video 0 RTP/AVP 31\n", NULL);
}

static void test_refusing_answers_are_policy /* RFC 3264 6 */ (void **state)
{
	(void)state;
	expect(OFFER, V "m=audio 0 RTP/AVP 0\n", NULL);
	expect(OFFER, V "m=audio 6000 RTP/SAVP 0\n", NULL);
	expect(OFFER, V, NULL);
	expect(OFFER, "v=0\nm=audio 6000 RTP/AVP 0\n", NULL); /* no address */
	expect(V "m=audio 4000 RTP/SAVP 0\n", V "m=audio 6000 RTP/AVP 0\n", NULL);
}

static void test_answer_never_allows_more_than_the_offer /* RFC 3264 6.1 */ (void **state)
{
	(void)state;
	static const enum sdp_dir all[] = {SDP_INACTIVE, SDP_SENDONLY, SDP_RECVONLY, SDP_SENDRECV};
	for (size_t i = 0; i < 16; i++) {
		char offer[128], answer[128], line[32];
		enum sdp_dir o = all[i / 4], a = all[i % 4];
		snprintf(offer, sizeof offer, V "m=audio 4000 RTP/AVP 0\na=%s\n", sdp_dir_name(o));
		snprintf(answer, sizeof answer, V "m=audio 6000 RTP/AVP 0\na=%s\n", sdp_dir_name(a));
		snprintf(line, sizeof line, "a=%s", sdp_dir_name((enum sdp_dir)(sdp_dir_flip(o) & a)));
		expect(offer, answer, line);
	}
	expect(V "m=audio 4000 RTP/AVP 0\na=sendonly\n", V "m=audio 6000 RTP/AVP 0\na=recvonly\n",
	       "a=recvonly");
	/* held by the answerer in the old way: it does not listen */
	expect(V "m=audio 4000 RTP/AVP 0\n", "v=0\nc=IN IP4 0.0.0.0\nm=audio 6000 RTP/AVP 0\n",
	       "a=sendonly");
}

/* Nothing of the other side's network. */

static void test_nothing_foreign_passes(void **state)
{
	(void)state;
	static const char foreign[] =
		"v=0\no=bob 123456 654321 IN IP4 10.1.2.3\ns=Bobs phone\ni=info\nu=http://bob.example.com/\n"
		"e=bob@example.com\np=+1 555\nc=IN IP4 10.1.2.3\nb=AS:84\nt=5 6\nr=1 2 3\nk=clear:secret\n"
		"a=ice-ufrag:F7gI\na=ice-pwd:x9cml\na=fingerprint:sha-1 42:89\na=group:BUNDLE 0\n"
		"a=tool:bobs-ua\na=X-nat:1 secret\n"
		"m=audio 4000 RTP/AVP 0 101\nc=IN IP4 10.9.9.9\ni=bobs audio\nb=TIAS:64000\n"
		"a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=rtcp:4011 IN IP4 10.8.8.8\n"
		"a=candidate:1 1 UDP 1 10.7.7.7 4000 typ host\na=remote-candidates:1 10.6.6.6 9\n"
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\na=ssrc:1 cname:bob@host\n"
		"a=mid:0\na=label:7\na=extmap:1 urn:x\na=rtcp-fb:0 nack\na=msid:bob\n"
		"m=application 4002 UDP/BFCP host.example.com\nc=IN IP4 10.5.5.5\na=setup:active\n";
	static const char *const words[] = {
		"10.", "bob", "Bob", "123456", "654321", "example", "ice-", "fingerprint", "candidate",
		"crypto", "inline", "secret", "ssrc", "mid", "label", "extmap", "rtcp-fb", "msid", "a=rtcp",
		"X-nat", "tool", "group", "TIAS", "AS:", "host", "setup", "k=", "i=", "u=", "e=", "p=0", "r=",
		"b=", "4000", "4002", "4011"};
	struct passage offer, answer;
	relay(&offer, foreign, NULL, us());
	relay(&answer, V "m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n"
	                 "m=application 9 UDP/BFCP x\n", foreign, us());
	assert_int_equal(offer.err, 0);
	assert_int_equal(answer.err, 0);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (sdp_text_contains(offer.text, words[i]) || sdp_text_contains(answer.text, words[i]))
			fail_msg("%s passed:\n%.*s%.*s", words[i], STR_ARG(offer.text), STR_ARG(answer.text));
	}
	done(&offer);
	done(&answer);
}

static void test_control_characters_of_parameters_do_not_pass(void **state)
{
	(void)state;
	struct passage p;
	relay(&p, V "m=audio 4000 RTP/AVP 0 8\na=fmtp:0 x\x01y\na=fmtp:8 fine\n", NULL, us());
	assert_false(sdp_text_contains(p.text, "fmtp:0"));
	assert_true(sdp_text_has(p.text, "a=fmtp:8 fine"));
	done(&p);
}

/* All files of test/sdp: what passes is readable again, has the same lines, and is not the device's. */
static void relay_file(const char *name)
{
	struct arena a;
	struct sdp_text t, back;
	struct buf b;
	struct sdp_local l = us();
	size_t line = 99;
	arena_init(&a, SDP_MAX_TEXT);
	buf_init(&b, SDP_MAX_TEXT);
	sdp_text_init(&t, sdp_text_file(&a, name));
	int err = sdp_relay_offer(&b, t.sdp, &l, &line);
	if (t.sdp->media[0].proto == SDP_RTP_AVP) {
		assert_int_equal(err, 0);
		sdp_text_init(&back, buf_view(&b));
		assert_int_equal(back.err, 0);
		assert_int_equal(back.sdp->n_media, t.sdp->n_media);
		assert_int_equal(back.sdp->media[line].n_fmt, t.sdp->media[line].n_fmt);
		for (size_t i = 0; i < t.sdp->media[line].n_fmt; i++) {
			const struct sdp_format *f = &t.sdp->media[line].fmt[i];
			assert_int_equal(back.sdp->media[line].fmt[i].pt, f->pt);
			assert_true(sdp_format_same(&back.sdp->media[line].fmt[i], f));
			assert_true(str_eq(back.sdp->media[line].fmt[i].fmtp, f->fmtp));
		}
		assert_false(sdp_text_contains(buf_view(&b), "192.0.2."));
		sdp_text_fini(&back);
	} else {
		assert_int_equal(err, E_POLICY); /* no SRTP yet */
	}
	sdp_text_fini(&t);
	buf_fini(&b);
	arena_fini(&a);
}

static void test_offers_of_devices_pass(void **state)
{
	(void)state;
	DIR *d = opendir("test/sdp");
	assert_non_null(d);
	size_t n = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (str_ends(str_z(e->d_name), STR(".sdp"))) {
			relay_file(e->d_name);
			n++;
		}
	}
	closedir(d);
	assert_true(n >= 12);
}

/* Everything at once on one text: it may refuse, it may not break. */
static void use_all(struct str text)
{
	struct sdp_text t, back;
	struct sdp_local l = us();
	struct buf b;
	sdp_text_init(&t, text);
	buf_init(&b, 4 * SDP_MAX_TEXT);
	if (t.err == 0) {
		size_t line;
		if (sdp_relay_offer(&b, t.sdp, &l, &line) == 0) {
			assert_true(line < t.sdp->n_media);
			sdp_text_count(buf_view(&b), "m="); /* every line ends with one CRLF */
			sdp_text_init(&back, buf_view(&b));
			assert_int_equal(back.err, 0);
			assert_int_equal(back.sdp->n_media, t.sdp->n_media);
			buf_reset(&b);
			assert_int_equal(sdp_relay_answer(&b, t.sdp, back.sdp, &l, &line), 0);
			sdp_text_fini(&back);
		}
		buf_reset(&b);
		int err = sdp_answer(&b, t.sdp, &l, sdp_codecs_default, sdp_codecs_default_n, SDP_SENDRECV,
		                     NULL, NULL);
		assert_true(err == 0 || err == E_POLICY);
	}
	buf_fini(&b);
	sdp_text_fini(&t);
}

static void test_cut_and_changed_offers_do_no_harm(void **state)
{
	(void)state;
	static const char *const files[] = {"chrome-audio-bundle0.sdp", "yealink-t22p-invite.sdp",
	                                    "cisco-79xx-video-port0-other-c.sdp"};
	static const char bytes[] = "\r\n =:/0123456789am%\x00\xff-";
	struct arena a;
	uint32_t seed = 11;
	arena_init(&a, SDP_MAX_TEXT);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct str s = sdp_text_file(&a, files[i]);
		for (size_t cut = 0; cut <= s.n; cut++)
			use_all(str_sub(s, 0, cut));
		for (int round = 0; round < 3000; round++) {
			char *copy = malloc(s.n);
			memcpy(copy, s.p, s.n);
			for (int k = 0; k < 4; k++) {
				seed = seed * 1664525 + 1013904223;
				copy[(seed >> 8) % s.n] = bytes[(seed >> 4) % (sizeof bytes - 1)];
			}
			use_all((struct str){copy, s.n});
			free(copy);
		}
		arena_reset(&a);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_keeps_all_audio_formats),
		cmocka_unit_test(test_only_the_first_usable_audio_line_is_kept),
		cmocka_unit_test(test_nothing_to_serve_is_policy),
		cmocka_unit_test(test_holds_pass_as_sendonly),
		cmocka_unit_test(test_mux_is_ours_to_say),
		cmocka_unit_test(test_later_offer_is_never_shorter),
		cmocka_unit_test(test_ipv6_side),
		cmocka_unit_test(test_answer_order_and_fmtp_are_the_answerers),
		cmocka_unit_test(test_renumbered_answer_is_told_by_the_offers_numbers),
		cmocka_unit_test(test_formats_not_offered_are_dropped),
		cmocka_unit_test(test_answer_without_rtpmap_means_the_number),
		cmocka_unit_test(test_one_codec_twice_is_said_once),
		cmocka_unit_test(test_red_passes_only_without_renumbering),
		cmocka_unit_test(test_answer_fits_the_line_that_was_kept),
		cmocka_unit_test(test_refusing_answers_are_policy),
		cmocka_unit_test(test_answer_never_allows_more_than_the_offer),
		cmocka_unit_test(test_nothing_foreign_passes),
		cmocka_unit_test(test_control_characters_of_parameters_do_not_pass),
		cmocka_unit_test(test_offers_of_devices_pass),
		cmocka_unit_test(test_cut_and_changed_offers_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
