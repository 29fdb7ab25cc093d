// SPDX-License-Identifier: Apache-2.0
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { V4_BYTES = 4, V6_BYTES = 16 };

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* Four decimal octets without leading zeros, which some read as octal. */
static bool parse_v4(struct str s, uint8_t ip[V4_BYTES])
{
	for (size_t i = 0; i < V4_BYTES; i++) {
		struct str octet = i < 3 ? str_cut(&s, '.') : s;
		uint32_t v;

		if (octet.n > 3 || str_u32(octet, &v) || v > 255)
			return false;
		if (octet.n > 1 && octet.p[0] == '0')
			return false;
		ip[i] = (uint8_t)v;
	}
	return true;
}

static void set_v6(struct addr *a, const uint8_t ip[V6_BYTES], uint16_t port)
{
	*a = (struct addr){.port = port};
	if (memcmp(ip, mapped_prefix, sizeof mapped_prefix) == 0) {
		a->family = ADDR_V4;
		memcpy(a->ip, ip + sizeof mapped_prefix, V4_BYTES);
	} else {
		a->family = ADDR_V6;
		memcpy(a->ip, ip, V6_BYTES);
	}
}

static int parse_v6(struct addr *a, struct str s)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[V6_BYTES];

	/* A NUL inside would end the text too early for inet_pton. */
	if (str_find(s, '\0') < s.n || !str_copyz(text, sizeof text, s))
		return E_MALFORMED;
	if (inet_pton(AF_INET6, text, ip) != 1)
		return E_MALFORMED;
	set_v6(a, ip, 0);
	return 0;
}

int addr_parse_ip(struct addr *a, struct str s)
{
	struct addr v4 = {.family = ADDR_V4};

	if (s.n && s.p[0] == '[') {
		if (s.p[s.n - 1] != ']')
			return E_MALFORMED;
		return parse_v6(a, str_sub(s, 1, s.n - 1));
	}
	if (str_find(s, ':') < s.n)
		return parse_v6(a, s);
	if (!parse_v4(s, v4.ip))
		return E_MALFORMED;
	*a = v4;
	return 0;
}

int addr_parse(struct addr *a, struct str s)
{
	bool bracket = s.n && s.p[0] == '[';
	size_t ip_end = bracket ? str_find(s, ']') + 1 : str_find(s, ':');
	struct addr parsed;
	uint32_t port;

	if (ip_end >= s.n || s.p[ip_end] != ':')
		return E_MALFORMED;
	if (addr_parse_ip(&parsed, str_sub(s, 0, ip_end)))
		return E_MALFORMED;
	if (str_u32(str_sub(s, ip_end + 1, s.n), &port) || port > UINT16_MAX)
		return E_MALFORMED;
	parsed.port = (uint16_t)port;
	*a = parsed;
	return 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_eq_ip(a, b);
}

bool addr_eq_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[V6_BYTES];

	return a->family != ADDR_NONE && memcmp(a->ip, zero, sizeof zero) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[V6_BYTES] = {[15] = 1};

	if (a->family == ADDR_V4)
		return a->ip[0] == 127;
	return a->family == ADDR_V6 && memcmp(a->ip, one, sizeof one) == 0;
}

static bool is_private_v4(const uint8_t ip[V4_BYTES])
{
	return ip[0] == 10 ||                           /* RFC 1918 section 3 */
	       (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	       (ip[0] == 192 && ip[1] == 168) ||
	       (ip[0] == 100 && (ip[1] & 0xc0) == 64) || /* RFC 6598 section 7 */
	       (ip[0] == 169 && ip[1] == 254);           /* RFC 3927 section 2.1 */
}

static bool is_private_v6(const uint8_t ip[V6_BYTES])
{
	return (ip[0] & 0xfe) == 0xfc ||                 /* RFC 4193 section 3.1 */
	       (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80); /* RFC 4291 section 2.5.6 */
}

bool addr_is_private(const struct addr *a)
{
	if (addr_is_loopback(a))
		return true;
	if (a->family == ADDR_V4)
		return is_private_v4(a->ip);
	return a->family == ADDR_V6 && is_private_v6(a->ip);
}

bool addr_is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[V4_BYTES] = {255, 255, 255, 255};

	if (a->family == ADDR_V6)
		return a->ip[0] == 0xff;
	if (a->family != ADDR_V4)
		return false;
	return (a->ip[0] & 0xf0) == 0xe0 || memcmp(a->ip, broadcast, sizeof broadcast) == 0;
}

static void put_v4(struct buf *b, const uint8_t ip[V4_BYTES])
{
	char text[16];
	size_t n = 0;

	for (size_t i = 0; i < V4_BYTES; i++) {
		unsigned v = ip[i];

		if (i)
			text[n++] = '.';
		if (v >= 100)
			text[n++] = (char)('0' + v / 100);
		if (v >= 10)
			text[n++] = (char)('0' + v / 10 % 10);
		text[n++] = (char)('0' + v % 10);
	}
	buf_add(b, text, n);
}

void addr_put_ip(struct buf *b, const struct addr *a, bool brackets)
{
	char text[INET6_ADDRSTRLEN];

	if (a->family == ADDR_V4) {
		put_v4(b, a->ip);
	} else if (a->family == ADDR_V6) {
		inet_ntop(AF_INET6, a->ip, text, sizeof text);
		if (brackets)
			buf_ch(b, '[');
		buf_str(b, str_z(text));
		if (brackets)
			buf_ch(b, ']');
	} else {
		buf_ch(b, '-');
	}
}

void addr_put(struct buf *b, const struct addr *a)
{
	addr_put_ip(b, a, true);
	if (a->family == ADDR_NONE)
		return;
	buf_ch(b, ':');
	buf_u64(b, a->port);
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	struct buf b;

	buf_init_fixed(&b, out, ADDR_TEXT - 1);
	addr_put(&b, a);
	out[b.n] = '\0';
	return out;
}

void addr_from_sockaddr(struct addr *a, const struct sockaddr *sa)
{
	*a = (struct addr){0};
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		a->family = ADDR_V4;
		a->port = ntohs(in->sin_port);
		memcpy(a->ip, &in->sin_addr, V4_BYTES);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		set_v6(a, in6->sin6_addr.s6_addr, ntohs(in6->sin6_port));
	}
}

static socklen_t to_v4(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};

	memcpy(&in.sin_addr, a->ip, V4_BYTES);
	memcpy(ss, &in, sizeof in);
	return sizeof in;
}

static socklen_t to_v6(const uint8_t ip[V6_BYTES], uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&in6.sin6_addr, ip, V6_BYTES);
	memcpy(ss, &in6, sizeof in6);
	return sizeof in6;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	if (a->family == ADDR_V6)
		return to_v6(a->ip, a->port, ss);
	return to_v4(a, ss);
}

socklen_t addr_to_sockaddr6(const struct addr *a, struct sockaddr_storage *ss)
{
	uint8_t ip[V6_BYTES];

	if (a->family == ADDR_V6)
		return to_v6(a->ip, a->port, ss);
	memcpy(ip, mapped_prefix, sizeof mapped_prefix);
	memcpy(ip + sizeof mapped_prefix, a->ip, V4_BYTES);
	return to_v6(ip, a->port, ss);
}
