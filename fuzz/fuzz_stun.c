// SPDX-License-Identifier: Apache-2.0
/* STUN. The first byte says of what: any bytes; bytes that get a right header, and with the second
 * bit a right fingerprint too, so that the attributes are reached; or attributes that we print. */
#include <string.h>

#include "feed.h"
#include "rtp/stun.h"
#include "rtp/wire.h"

static bool within(struct str part, const uint8_t *p, size_t n)
{
	return part.n == 0 || ((const uint8_t *)part.p >= p && (const uint8_t *)part.p + part.n <= p + n);
}

static void read(const uint8_t *p, size_t n)
{
	struct stun_msg m;
	if (stun_parse(&m, p, n) != 0)
		return;
	need(within(m.username, p, n) && within(m.realm, p, n) && within(m.nonce, p, n));
	need(within(m.software, p, n) && within(m.reason, p, n) && m.method < 4096);
	need(!m.error || (m.error >= 300 && m.error < 700));
	need(stun_check(&m, STR("nobody's key")) != 0);
}

static void read_framed(struct feed *f, bool fingerprint)
{
	struct buf b;
	size_t n = f->n & ~(size_t)3;
	buf_init(&b, 1 << 17);
	stun_begin(&b, STUN_BINDING, STUN_REQUEST, (const uint8_t *)"twelve bytes");
	buf_add(&b, f->p, n);
	put_be16((uint8_t *)b.p + 2, (uint16_t)n);
	if (fingerprint)
		stun_put_fingerprint(&b);
	if (b.n <= UINT16_MAX) {
		uint8_t *exact = malloc(b.n);
		memcpy(exact, b.p, b.n);
		read(exact, b.n);
		free(exact);
	}
	buf_fini(&b);
}

static void print_and_read(struct feed *f)
{
	struct str key = feed_until(f, '\0'), name = str_sub(feed_until(f, '\0'), 0, 512);
	struct addr a = {.family = feed_u8(f) & 1 ? ADDR_V6 : ADDR_V4, .port = feed_u16(f)};
	struct stun_msg m;
	struct buf b;
	for (size_t i = 0; i < (a.family == ADDR_V6 ? 16 : 4); i++)
		a.ip[i] = feed_u8(f);
	buf_init(&b, 1 << 17);
	uint16_t method = feed_u16(f) & 0xfff;
	enum stun_class class = (enum stun_class)(feed_u8(f) % 4);
	stun_begin(&b, method, class, (const uint8_t *)"twelve bytes");
	stun_put(&b, STUN_USERNAME, name);
	stun_put_mapped(&b, &a);
	stun_put_integrity(&b, key);
	stun_put_fingerprint(&b);
	need(buf_ok(&b) && stun_parse(&m, (const uint8_t *)b.p, b.n) == 0);
	need(m.method == method && m.class == class && addr_eq(&m.mapped, &a) && m.fingerprint);
	need(str_eq(m.username, name) && stun_check(&m, key) == 0);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct feed f = {p, n};
	uint8_t what = feed_u8(&f);
	if (what % 3 == 0)
		read(f.p, f.n);
	else if (what % 3 == 1)
		read_framed(&f, what & 64);
	else
		print_and_read(&f);
	return 0;
}
