// SPDX-License-Identifier: Apache-2.0
#include "service/refuse.h"

#include "sip/build.h"
#include "sip/multipart.h"
#include "sip/param.h"

#define ALLOW \
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, UPDATE, INFO, PRACK, MESSAGE\r\n"

void refuse(struct strans *st, uint16_t status, const char *reason)
{
	const struct sip_reply r = {.status = status, .reason = str_z(reason)};
	strans_reply_or_500(st, &r);
}

void refuse_method(struct strans *st, uint16_t status)
{
	const struct sip_reply r = {.status = status, .headers = STR(ALLOW)};
	strans_reply_or_500(st, &r);
}

void refuse_event(struct strans *st)
{
	const struct sip_reply r = {.status = 489, .headers = STR("Allow-Events:\r\n")};
	strans_reply_or_500(st, &r);
}

void refuse_busy(struct strans *st)
{
	const struct sip_reply r = {.status = 503, .headers = STR("Retry-After: 5\r\n")};
	strans_reply_or_500(st, &r);
}

/** Extensions we understand when a request requires them (8.2.2.3). */
static bool understood(struct str option, enum sip_method method)
{
	static const char *const known[] = {"100rel", "timer"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (str_ieq(option, str_z(known[i])))
			return true;
	return method == SIP_REGISTER && str_ieq(option, STR("path"));
}

static void collect_unknown(const struct sip_msg *m, enum sip_hdr_id id, struct buf *b)
{
	struct sip_iter it = {0};
	struct str option;
	while (sip_iter_next(&it, m, id, &option) == 0) {
		if (id == HDR_REQUIRE && understood(option, m->method))
			continue;
		if (b->n)
			buf_lit(b, ", ");
		buf_str(b, option);
	}
}

static bool refuse_extensions(struct strans *st, const struct sip_msg *m)
{
	char list_room[256], room[384];
	struct buf list, b;
	buf_init_fixed(&list, list_room, sizeof list_room);
	collect_unknown(m, HDR_REQUIRE, &list);
	collect_unknown(m, HDR_PROXY_REQUIRE, &list);
	if (!list.n && !list.full)
		return false;
	buf_init_fixed(&b, room, sizeof room);
	sip_put_hdr(&b, HDR_UNSUPPORTED, buf_view(&list));
	const struct sip_reply r = {.status = 420, .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
	return true;
}

bool refuse_any(struct strans *st, const struct sip_msg *m)
{
	if (m->ruri.scheme == URI_OTHER) {
		refuse(st, 416, NULL);
		return true;
	}
	return refuse_extensions(st, m);
}

static bool wants_no_sdp(const struct sip_msg *m)
{
	if (!sip_value(m, HDR_ACCEPT).n)
		return false;
	struct sip_iter it = {0};
	struct str type;
	while (sip_iter_next(&it, m, HDR_ACCEPT, &type) == 0) {
		struct str range = str_trim(str_cut(&type, ';'));
		if (str_ieq(range, STR("application/sdp")) || str_ieq(range, STR("application/*")) ||
		    str_eq(range, STR("*/*")))
			return false;
	}
	return true;
}

bool refuse_invite(struct strans *st, const struct sip_msg *m)
{
	if (m->max_forwards == 0) {
		refuse(st, 483, NULL);
		return true;
	}
	struct str sdp, coding = sip_value(m, HDR_CONTENT_ENCODING);
	int e = body_sdp(m, &sdp);
	if (e == E_MALFORMED) {
		refuse(st, 400, "Bad Multipart Body");
		return true;
	}
	if ((e && m->body.n) || (coding.n && !str_ieq(coding, STR("identity")))) {
		const struct sip_reply r = {
			.status = 415,
			.headers = STR("Accept: application/sdp\r\nAccept-Encoding: identity\r\n")};
		strans_reply_or_500(st, &r);
		return true;
	}
	if (wants_no_sdp(m)) {
		refuse(st, 406, NULL);
		return true;
	}
	return false;
}

void answer_options(struct shard *s, struct strans *st, const struct sip_msg *m,
                    const struct flow *flow)
{
	char room[512];
	struct buf b;
	(void)m;
	buf_init_fixed(&b, room, sizeof room);
	buf_lit(&b, "Contact: <");
	shard_contact(s, flow, &b);
	buf_lit(&b, ">\r\n" ALLOW "Accept: application/sdp\r\nSupported: 100rel, timer, path\r\n");
	const struct sip_reply r = {.status = 200, .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
}
