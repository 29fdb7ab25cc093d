// SPDX-License-Identifier: Apache-2.0
#include "rtp/rtp.h"

#include "rtp/wire.h"

enum { VERSION_BITS = 2 << 6, PADDING = 0x20, EXTENSION = 0x10, CSRC_MASK = 0x0f };
enum { MARKER = 0x80, PT_MASK = 0x7f };

/* RFC 7983 section 7, figure 3, with the split of RFC 5761 section 4 */
enum rtp_class rtp_classify(const uint8_t *p, size_t n)
{
	if (n < 2)
		return RTP_CLASS_OTHER;
	uint8_t b = p[0];
	if (b >= 128 && b <= 191)
		return p[1] >= 192 && p[1] <= 223 ? RTP_CLASS_RTCP : RTP_CLASS_RTP;
	if (b <= 3)
		return RTP_CLASS_STUN;
	if (b >= 16 && b <= 19)
		return RTP_CLASS_ZRTP;
	if (b >= 20 && b <= 63)
		return RTP_CLASS_DTLS;
	if (b >= 64 && b <= 79)
		return RTP_CLASS_TURN;
	return RTP_CLASS_OTHER;
}

/* Section 5.3.1. `at` is where the extension would begin; moves behind it. */
static bool take_extension(struct rtp_header *h, const uint8_t *p, size_t n, size_t *at)
{
	if (n - *at < 4)
		return false;
	size_t bytes = (size_t)get_be16(p + *at + 2) * 4;
	if (n - *at - 4 < bytes)
		return false;
	h->ext_profile = get_be16(p + *at);
	h->ext_at = (uint16_t)(*at + 4);
	h->ext_n = (uint16_t)bytes;
	*at += 4 + bytes;
	return true;
}

/* Section 5.1; the checks are those of appendix A.1. */
int rtp_parse(struct rtp_header *out, const uint8_t *p, size_t n)
{
	if (n < RTP_HEADER_MIN || n > UINT16_MAX || (p[0] & 0xc0) != VERSION_BITS)
		return E_MALFORMED;

	struct rtp_header h = {
		.n_csrc = p[0] & CSRC_MASK,
		.has_ext = (p[0] & EXTENSION) != 0,
		.marker = (p[1] & MARKER) != 0,
		.pt = p[1] & PT_MASK,
		.seq = get_be16(p + 2),
		.timestamp = get_be32(p + 4),
		.ssrc = get_be32(p + 8),
	};
	size_t at = RTP_HEADER_MIN + 4u * h.n_csrc;
	if (at > n || (h.has_ext && !take_extension(&h, p, n, &at)))
		return E_MALFORMED;
	if (p[0] & PADDING) {
		h.pad_n = p[n - 1]; /* counts itself: 0 is wrong, and so is what reaches into the header */
		if (h.pad_n == 0 || h.pad_n > n - at)
			return E_MALFORMED;
	}
	h.payload_at = (uint16_t)at;
	h.payload_n = (uint16_t)(n - at - h.pad_n);
	*out = h;
	return 0;
}

void rtp_put(uint8_t out[RTP_HEADER_MIN], const struct rtp_header *h)
{
	out[0] = VERSION_BITS;
	out[1] = (uint8_t)((h->marker ? MARKER : 0) | (h->pt & PT_MASK));
	put_be16(out + 2, h->seq);
	put_be32(out + 4, h->timestamp);
	put_be32(out + 8, h->ssrc);
}

void rtp_set_pt(uint8_t *p, uint8_t pt)
{
	p[1] = (uint8_t)((p[1] & MARKER) | (pt & PT_MASK));
}

void rtp_set_seq(uint8_t *p, uint16_t seq)
{
	put_be16(p + 2, seq);
}

void rtp_set_timestamp(uint8_t *p, uint32_t timestamp)
{
	put_be32(p + 4, timestamp);
}

void rtp_set_ssrc(uint8_t *p, uint32_t ssrc)
{
	put_be32(p + 8, ssrc);
}
