// SPDX-License-Identifier: Apache-2.0
/**
 * Session descriptions: RFC 8866 (and 4566, which devices really speak).
 *
 * Parsing is liberal where the field is (a missing s= or t=, "(null)" in o=, attributes glued
 * together: unknown, ignored) and strict where a wrong reading would be dangerous (m-lines, numbers,
 * sizes). Slices point into the text or the arena.
 */
#pragma once

#include "base/addr.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum {
	SDP_MAX_MEDIA = 16,
	SDP_MAX_FORMATS = 48,
	SDP_MAX_TEXT = 16384,
	SDP_MAX_CLOCK_HZ = 1000000,
	SDP_MAX_PTIME_MS = 1000,
};

enum sdp_dir { SDP_INACTIVE = 0, SDP_SENDONLY = 1, SDP_RECVONLY = 2, SDP_SENDRECV = 3 };

enum sdp_kind { SDP_AUDIO, SDP_VIDEO, SDP_IMAGE, SDP_TEXT, SDP_APPLICATION, SDP_KIND_OTHER };

enum sdp_proto {
	SDP_RTP_AVP, SDP_RTP_AVPF, SDP_RTP_SAVP, SDP_RTP_SAVPF,
	SDP_UDP_TLS_RTP_SAVP, SDP_UDP_TLS_RTP_SAVPF, SDP_UDPTL, SDP_PROTO_OTHER
};

struct sdp_format {
	uint8_t pt;
	bool has_rtpmap;
	struct str encoding; /* "PCMU", "telephone-event"; static table for 0-34 without rtpmap; else empty */
	uint32_t clock_hz;
	uint8_t channels;    /* 1 when not given */
	struct str fmtp;     /* all after the payload type; empty when absent */
};

struct sdp_attr {
	struct str name, value; /* value empty for a flag */
};

struct sdp_media {
	enum sdp_kind kind;
	struct str kind_text, proto_text, formats_text;
	uint16_t port;          /* 0: refused or disabled (RFC 3264 section 6) */
	enum sdp_proto proto;
	struct addr conn;       /* c= of the line or else the session, with `port`; ADDR_NONE: none */
	bool conn_is_zero;      /* 0.0.0.0 or :: : the old way to hold (RFC 3264 section 8.4) */
	struct addr rtcp;       /* a=rtcp (RFC 3605), else conn with port + 1; ADDR_NONE as conn */
	bool rtcp_mux;
	enum sdp_dir dir;       /* the line's, else the session's, else sendrecv */
	uint32_t ptime_ms, maxptime_ms; /* 0: not given */
	struct sdp_format fmt[SDP_MAX_FORMATS];
	size_t n_fmt;
	struct sdp_attr *attrs; /* all attributes of the line, in order */
	size_t n_attrs;
	bool is_trickle;        /* port 9 with ICE attributes: not a hold (RFC 8840) */
};

struct sdp {
	struct str origin_user;
	uint64_t origin_id, origin_version; /* 0 when not numbers */
	struct addr conn;
	enum sdp_dir dir;
	struct sdp_attr *attrs;             /* session level */
	size_t n_attrs;
	struct sdp_media *media;
	size_t n_media;
};

struct sdp_error {
	size_t line;      /* from 1 */
	const char *what; /* static text */
};

/**
 * Lines end with CRLF, LF or CR, so no slice ever holds one of these (RFC 8866 section 5).
 *
 * @param out  lives in `a` and `text`; untouched on error
 * @return 0; E_MALFORMED or E_LIMIT, and `e` says the line and what was wrong
 */
must_check int sdp_parse(struct sdp **out, struct arena *a, struct str text, struct sdp_error *e);

/** The same codec: name without case, clock, channels (of opus: any; some leave out its /2). */
bool sdp_format_same(const struct sdp_format *a, const struct sdp_format *b);
/** The format of `m` for the codec of `f`: with the same payload type if there is one. NULL: none. */
const struct sdp_format *sdp_format_match(const struct sdp_media *m, const struct sdp_format *f);

/** Value of an attribute of the line, else of the session; false when absent. */
bool sdp_attr_get(const struct sdp *s, const struct sdp_media *m, struct str name, struct str *value);

const char *sdp_dir_name(enum sdp_dir d);
/** What an answer may say to an offered direction, given what we want: RFC 3264 section 6.1. */
enum sdp_dir sdp_dir_answer(enum sdp_dir offered, enum sdp_dir wanted);
/** The same seen from the other side: sendonly <-> recvonly. */
enum sdp_dir sdp_dir_flip(enum sdp_dir d);
