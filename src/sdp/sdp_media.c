// SPDX-License-Identifier: Apache-2.0
#include "sdp/parse.h"

struct name_value {
	struct str name;
	int value;
};

static const struct name_value kinds[] = {
	{{"audio", 5}, SDP_AUDIO},
	{{"video", 5}, SDP_VIDEO},
	{{"image", 5}, SDP_IMAGE},
	{{"text", 4}, SDP_TEXT},
	{{"application", 11}, SDP_APPLICATION},
};

static const struct name_value protos[] = {
	{{"RTP/AVP", 7}, SDP_RTP_AVP},
	{{"RTP/AVPF", 8}, SDP_RTP_AVPF},
	{{"RTP/SAVP", 8}, SDP_RTP_SAVP},
	{{"RTP/SAVPF", 9}, SDP_RTP_SAVPF},
	{{"UDP/TLS/RTP/SAVP", 16}, SDP_UDP_TLS_RTP_SAVP},
	{{"UDP/TLS/RTP/SAVPF", 17}, SDP_UDP_TLS_RTP_SAVPF},
	{{"udptl", 5}, SDP_UDPTL},
};

/* RFC 3551 section 6, tables 4 and 5 */
static const struct {
	struct str encoding;
	uint32_t clock_hz;
	uint8_t channels;
} statics[35] = {
	[0] = {{"PCMU", 4}, 8000, 1},   [3] = {{"GSM", 3}, 8000, 1},
	[4] = {{"G723", 4}, 8000, 1},   [5] = {{"DVI4", 4}, 8000, 1},
	[6] = {{"DVI4", 4}, 16000, 1},  [7] = {{"LPC", 3}, 8000, 1},
	[8] = {{"PCMA", 4}, 8000, 1},   [9] = {{"G722", 4}, 8000, 1},
	[10] = {{"L16", 3}, 44100, 2},  [11] = {{"L16", 3}, 44100, 1},
	[12] = {{"QCELP", 5}, 8000, 1}, [13] = {{"CN", 2}, 8000, 1},
	[14] = {{"MPA", 3}, 90000, 1},  [15] = {{"G728", 4}, 8000, 1},
	[16] = {{"DVI4", 4}, 11025, 1}, [17] = {{"DVI4", 4}, 22050, 1},
	[18] = {{"G729", 4}, 8000, 1},  [25] = {{"CelB", 4}, 90000, 1},
	[26] = {{"JPEG", 4}, 90000, 1}, [28] = {{"nv", 2}, 90000, 1},
	[31] = {{"H261", 4}, 90000, 1}, [32] = {{"MPV", 3}, 90000, 1},
	[33] = {{"MP2T", 4}, 90000, 1}, [34] = {{"H263", 4}, 90000, 1},
};

static int look_up(const struct name_value *table, size_t n, struct str name, int otherwise)
{
	for (size_t i = 0; i < n; i++) {
		if (str_ieq(table[i].name, name))
			return table[i].value;
	}
	return otherwise;
}

bool sdp_is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c <= ' ' || c >= 0x7f || memchr("\"(),/:;<=>?@[\\]", c, 15))
			return false;
	}
	return s.n != 0;
}

/* RFC 8866 section 5.14, proto: tokens with slashes between */
static bool is_proto(struct str s)
{
	while (str_find(s, '/') < s.n) {
		if (!sdp_is_token(str_cut(&s, '/')))
			return false;
	}
	return sdp_is_token(s);
}

struct str sdp_word(struct str *s)
{
	while (s->n && *s->p == ' ')
		*s = str_sub(*s, 1, s->n);
	return str_cut(s, ' ');
}

struct addr sdp_conn_parse(struct str value)
{
	struct addr a = {0};
	struct str net = sdp_word(&value), type = sdp_word(&value), ip = sdp_word(&value);
	ip = str_cut(&ip, '/'); /* TTL and count of multicast: section 5.7 */
	bool known = str_ieq(net, STR("IN")) && (str_ieq(type, STR("IP4")) || str_ieq(type, STR("IP6")));
	if (!known || addr_parse_ip(&a, ip) != 0)
		a = (struct addr){0};
	return a;
}

bool sdp_dir_parse(const struct sdp_attr *at, enum sdp_dir *dir)
{
	if (at->value.n)
		return false;
	for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++) {
		if (str_eq(at->name, str_z(sdp_dir_name((enum sdp_dir)d)))) {
			*dir = (enum sdp_dir)d;
			return true;
		}
	}
	return false;
}

static struct sdp_format *find_pt(struct sdp_media *m, uint32_t pt)
{
	for (size_t i = 0; i < m->n_fmt; i++) {
		if (m->fmt[i].pt == pt)
			return &m->fmt[i];
	}
	return NULL;
}

static int take_formats(struct sdp_media *m, const char **what)
{
	struct str rest = m->formats_text;
	for (struct str w = sdp_word(&rest); w.n; w = sdp_word(&rest)) {
		uint32_t pt;
		if (str_u32(w, &pt) != 0 || pt > 127) {
			*what = "payload type is no number up to 127";
			return E_MALFORMED;
		}
		if (find_pt(m, pt)) /* a second time it means nothing new */
			continue;
		if (m->n_fmt == SDP_MAX_FORMATS) {
			if (m->kind != SDP_AUDIO) /* a browser's video: refused by us, whatever it lists */
				continue;
			*what = "too many formats";
			return E_LIMIT;
		}
		struct sdp_format *f = &m->fmt[m->n_fmt++];
		*f = (struct sdp_format){.pt = (uint8_t)pt, .channels = 1};
		if (pt < sizeof statics / sizeof statics[0] && statics[pt].clock_hz) {
			f->encoding = statics[pt].encoding;
			f->clock_hz = statics[pt].clock_hz;
			f->channels = statics[pt].channels;
		}
	}
	return 0;
}

/* Section 5.14: <media> <port>[/<number>] <proto> <fmt> ... */
int sdp_media_begin(struct sdp_media *m, struct str value, const char **what)
{
	uint32_t port;
	m->kind_text = sdp_word(&value);
	struct str ports = sdp_word(&value);
	m->proto_text = sdp_word(&value);
	m->formats_text = str_trim(value);
	if (!sdp_is_token(m->kind_text) || !is_proto(m->proto_text)) {
		*what = "m= without media or protocol";
		return E_MALFORMED;
	}
	if (str_u32(str_cut(&ports, '/'), &port) != 0 || port > UINT16_MAX) {
		*what = "port of m= is no number up to 65535";
		return E_MALFORMED;
	}
	m->port = (uint16_t)port;
	m->kind = (enum sdp_kind)look_up(kinds, sizeof kinds / sizeof kinds[0], m->kind_text,
	                                 SDP_KIND_OTHER);
	m->proto = (enum sdp_proto)look_up(protos, sizeof protos / sizeof protos[0], m->proto_text,
	                                   SDP_PROTO_OTHER);
	return m->proto < SDP_UDPTL ? take_formats(m, what) : 0;
}

/* The format that an attribute "<pt> ..." is about; NULL when the line has no such number. */
static struct sdp_format *take_pt(struct sdp_media *m, struct str *value)
{
	uint32_t pt;
	return str_u32(sdp_word(value), &pt) == 0 ? find_pt(m, pt) : NULL;
}

/*
 * Section 6.6: <pt> <name>/<clock>[/<channels>]. One that cannot be read leaves the format
 * without a name: no codec is better than the wrong one. The first of several counts.
 */
static void on_rtpmap(struct sdp_media *m, struct str value)
{
	struct sdp_format *f = take_pt(m, &value);
	if (!f || f->has_rtpmap)
		return;
	uint32_t clock, channels = 1;
	struct str text = str_trim(value);
	struct str name = str_cut(&text, '/'), hz = str_cut(&text, '/');
	f->has_rtpmap = true;
	f->encoding = STR_NONE;
	f->clock_hz = 0;
	f->channels = 1;
	if (!sdp_is_token(name) || str_u32(hz, &clock) != 0 || clock == 0 || clock > SDP_MAX_CLOCK_HZ)
		return;
	if (text.n && (str_u32(text, &channels) != 0 || channels == 0 || channels > UINT8_MAX))
		return;
	f->encoding = name;
	f->clock_hz = clock;
	f->channels = (uint8_t)channels;
}

static void on_fmtp(struct sdp_media *m, struct str value)
{
	struct sdp_format *f = take_pt(m, &value);
	if (f && !f->fmtp.n)
		f->fmtp = str_trim(value);
}

/* Section 6.4: whole milliseconds, a fraction is cut. Nonsense ("20a=sendrecv") is as if absent. */
static void on_ptime(uint32_t *ms, struct str value)
{
	struct str whole = str_cut(&value, '.');
	uint32_t v;
	if (str_u32(whole, &v) == 0 && v > 0 && v <= SDP_MAX_PTIME_MS)
		*ms = v;
}

/* RFC 3605 section 2.1; the address may be left out, then it is that of c=. */
static void on_rtcp(struct sdp_media *m, struct str value)
{
	uint32_t port;
	if (str_u32(sdp_word(&value), &port) != 0 || port == 0 || port > UINT16_MAX)
		return;
	m->rtcp = sdp_conn_parse(value);
	m->rtcp.port = (uint16_t)port;
}

void sdp_media_attr(struct sdp_media *m, const struct sdp_attr *at)
{
	if (str_eq(at->name, STR("rtpmap")))
		on_rtpmap(m, at->value);
	else if (str_eq(at->name, STR("fmtp")))
		on_fmtp(m, at->value);
	else if (str_eq(at->name, STR("ptime")))
		on_ptime(&m->ptime_ms, at->value);
	else if (str_eq(at->name, STR("maxptime")))
		on_ptime(&m->maxptime_ms, at->value);
	else if (str_eq(at->name, STR("rtcp")))
		on_rtcp(m, at->value);
	else if (str_eq(at->name, STR("rtcp-mux")))
		m->rtcp_mux = true;
	else
		(void)sdp_dir_parse(at, &m->dir);
}

/* RFC 8840 section 4.1.1: no candidate yet, so port 9 and mostly 0.0.0.0 stand in its place. */
static bool is_trickle(const struct sdp *s, const struct sdp_media *m)
{
	struct str unused;
	return m->port == 9 && (sdp_attr_get(s, m, STR("ice-ufrag"), &unused) ||
	                        sdp_attr_get(s, m, STR("candidate"), &unused));
}

static void settle_rtcp(struct sdp_media *m)
{
	struct addr given = m->rtcp;
	m->rtcp = (struct addr){0};
	if (m->conn.family == ADDR_NONE || m->port == 0)
		return;
	if (given.port && given.family != ADDR_NONE && !addr_is_any(&given)) {
		m->rtcp = given;
		return;
	}
	m->rtcp = m->conn;
	m->rtcp.port = given.port ? given.port : (uint16_t)(m->port + 1);
	if (m->rtcp.port == 0) /* there is none above 65535 */
		m->rtcp = (struct addr){0};
}

void sdp_media_end(const struct sdp *s, struct sdp_media *m, bool has_own_conn)
{
	if (!has_own_conn) /* section 5.7 */
		m->conn = s->conn;
	m->conn.port = m->conn.family == ADDR_NONE ? 0 : m->port;
	m->conn_is_zero = m->conn.family != ADDR_NONE && addr_is_any(&m->conn);
	m->is_trickle = is_trickle(s, m);
	settle_rtcp(m);
}
