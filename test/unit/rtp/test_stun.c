// SPDX-License-Identifier: Apache-2.0
/* STUN: RFC 8489, with the vectors of RFC 5769. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/crypto.h"
#include "rtp/rtp.h"
#include "rtp/stun.h"

#define PASSWORD STR("VOkJxbRl1RmTxUk/WvJxBt")

static const uint8_t request[] = { /* RFC 5769 section 2.1 */
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
	0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
	0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
	0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
	0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
	0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
	0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

static const uint8_t response_v4[] = { /* section 2.2 */
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
	0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
	0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
	0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};

static const uint8_t response_v6[] = { /* section 2.3 */
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
	0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
	0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
	0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
	0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
	0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

static const uint8_t long_term[] = { /* section 2.4 */
	0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0,
	0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83,
	0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00, 0x15, 0x00, 0x1c,
	0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34,
	0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41, 0x00, 0x14, 0x00, 0x0b,
	0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x08, 0x00, 0x14,
	0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2,
	0x8c, 0xa8, 0x96, 0x66};

static void expect_text(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void test_request_of_rfc_5769_is_read(void **state) /* 5769 2.1 */
{
	struct stun_msg m;
	(void)state;
	assert_int_equal(rtp_classify(request, sizeof request), RTP_CLASS_STUN);
	assert_int_equal(stun_parse(&m, request, sizeof request), 0);
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.method, STUN_BINDING);
	assert_memory_equal(m.id, request + 8, STUN_ID);
	expect_text(m.software, "STUN test client");
	expect_text(m.username, "evtj:h6vY");
	assert_int_equal(m.priority, 0x6e0001ff);
	assert_true(m.controlled && !m.controlling && !m.use_candidate && m.fingerprint);
	assert_true(m.tie_breaker == UINT64_C(0x932ff9b151263b36));
	assert_int_equal(m.n_unknown, 0);
	assert_int_equal(stun_check(&m, PASSWORD), 0);
	assert_int_equal(stun_check(&m, STR("VOkJxbRl1RmTxUk/WvJxBT")), E_POLICY);
}

static void expect_mapped(const uint8_t *p, size_t n, const char *address) /* 5769 2.2, 2.3 */
{
	struct stun_msg m;
	struct addr want;
	assert_int_equal(addr_parse(&want, str_z(address)), 0);
	assert_int_equal(stun_parse(&m, p, n), 0);
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_true(addr_eq(&m.mapped, &want));
	assert_true(m.fingerprint);
	assert_int_equal(stun_check(&m, PASSWORD), 0);
}

static void test_responses_of_rfc_5769_are_read(void **state)
{
	(void)state;
	expect_mapped(response_v4, sizeof response_v4, "192.0.2.1:32853");
	expect_mapped(response_v6, sizeof response_v6,
	              "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

/** MD5(username ":" realm ":" password): RFC 8489 section 9.2.2. */
static void long_term_key(const struct stun_msg *m, uint8_t key[MD5_BYTES])
{
	const struct str parts[] = {m->username, STR(":"), m->realm, STR(":"), STR("TheMatrIX")};
	crypto_md5(parts, 5, key);
}

static void test_long_term_request_of_rfc_5769_is_read_and_printed(void **state) /* 5769 2.4 */
{
	struct stun_msg m;
	struct buf b;
	uint8_t key[MD5_BYTES];
	(void)state;
	assert_int_equal(stun_parse(&m, long_term, sizeof long_term), 0);
	expect_text(m.realm, "example.org");
	expect_text(m.nonce, "f//499k954d6OL34oL9FSTvy64sA");
	assert_false(m.fingerprint);
	long_term_key(&m, key);
	const struct str k = {(const char *)key, sizeof key};
	assert_int_equal(stun_check(&m, k), 0);
	buf_init(&b, 1024);
	stun_begin(&b, STUN_BINDING, STUN_REQUEST, m.id);
	stun_put(&b, STUN_USERNAME, m.username);
	stun_put(&b, STUN_NONCE, m.nonce);
	stun_put(&b, STUN_REALM, m.realm);
	stun_put_integrity(&b, k);
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, sizeof long_term);
	assert_memory_equal(b.p, long_term, b.n);
	buf_fini(&b);
}

static void test_what_is_printed_is_read(void **state)
{
	static const uint8_t id[STUN_ID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	static const char *const addresses[] = {"192.0.2.1:1", "[2001:db8::1]:65535"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stun_msg m;
		struct addr a;
		struct buf b;
		assert_int_equal(addr_parse(&a, str_z(addresses[i])), 0);
		buf_init(&b, 1024);
		stun_begin(&b, 0xabc, STUN_ERROR, id);
		stun_put_mapped(&b, &a);
		stun_put_u64(&b, STUN_ICE_CONTROLLING, UINT64_C(0x0102030405060708));
		stun_put(&b, STUN_USE_CANDIDATE, STR_NONE);
		stun_put_error(&b, 487, STR("Role Conflict"));
		stun_put_integrity(&b, PASSWORD);
		stun_put_fingerprint(&b);
		assert_true(buf_ok(&b));
		assert_int_equal(stun_parse(&m, (const uint8_t *)b.p, b.n), 0);
		assert_int_equal(m.method, 0xabc);
		assert_int_equal(m.class, STUN_ERROR);
		assert_true(addr_eq(&m.mapped, &a) && m.fingerprint && m.use_candidate && m.controlling);
		assert_true(m.tie_breaker == UINT64_C(0x0102030405060708));
		assert_int_equal(m.error, 487);
		expect_text(m.reason, "Role Conflict");
		assert_int_equal(stun_check(&m, PASSWORD), 0);
		buf_fini(&b);
	}
}

static void test_every_changed_bit_is_noticed(void **state) /* 14.5, 14.7 */
{
	(void)state;
	for (size_t i = 0; i < sizeof request * 8; i++) {
		uint8_t copy[sizeof request];
		struct stun_msg m;
		memcpy(copy, request, sizeof copy);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		if (stun_parse(&m, copy, sizeof copy) == 0) /* of the fingerprint's own type, perhaps */
			assert_true(!m.fingerprint || stun_check(&m, PASSWORD) != 0);
	}
}

static void test_every_truncation_is_refused(void **state)
{
	struct stun_msg m;
	(void)state;
	for (size_t n = 0; n < sizeof request; n++)
		assert_int_equal(stun_parse(&m, request, n), E_MALFORMED);
}

static void test_what_stands_behind_integrity_is_ignored(void **state) /* 14.5 */
{
	static const uint8_t id[STUN_ID];
	struct stun_msg m;
	struct buf b;
	(void)state;
	buf_init(&b, 1024);
	stun_begin(&b, STUN_BINDING, STUN_REQUEST, id);
	stun_put_integrity(&b, PASSWORD);
	stun_put(&b, STUN_USERNAME, STR("somebody"));
	stun_put(&b, (enum stun_type)0x7777, STR_NONE);
	assert_int_equal(stun_parse(&m, (const uint8_t *)b.p, b.n), 0);
	assert_null(m.username.p);
	assert_int_equal(m.n_unknown, 0);
	assert_int_equal(stun_check(&m, PASSWORD), 0);
	buf_fini(&b);
}

static void test_unknown_attributes_are_counted_where_they_matter(void **state) /* 6.3.1 */
{
	static const uint8_t id[STUN_ID];
	struct stun_msg m;
	struct buf b;
	(void)state;
	buf_init(&b, 1024);
	stun_begin(&b, STUN_BINDING, STUN_REQUEST, id);
	for (size_t i = 0; i < STUN_MAX_UNKNOWN + 2; i++)
		stun_put(&b, (enum stun_type)(0x7000 + i), STR("x"));
	stun_put(&b, (enum stun_type)0xc000, STR("may be ignored"));
	assert_int_equal(stun_parse(&m, (const uint8_t *)b.p, b.n), 0);
	assert_int_equal(m.n_unknown, STUN_MAX_UNKNOWN + 2);
	assert_int_equal(m.unknown[1], 0x7001);
	assert_int_equal(stun_check(&m, PASSWORD), ENOENT);
	buf_fini(&b);
}

static void test_attributes_of_a_wrong_size_are_refused(void **state)
{
	static const uint8_t id[STUN_ID];
	static const struct {
		enum stun_type type;
		struct str value;
	} bad[] = {
		{STUN_PRIORITY, STR("abc")}, {STUN_ICE_CONTROLLED, STR("1234567")},
		{STUN_XOR_MAPPED_ADDRESS, STR("\0\1\0\0abcde")}, {STUN_MAPPED_ADDRESS, STR("\0\3\0\0abcd")},
		{STUN_XOR_MAPPED_ADDRESS, STR("\0\2\0\0abcd")}, {STUN_XOR_MAPPED_ADDRESS, STR("\0\1")},
		{STUN_ERROR_CODE, STR("\0\0\2\0")}, {STUN_ERROR_CODE, STR("\0\0\4\144")},
		{STUN_ERROR_CODE, STR("\0\0")}, {STUN_MESSAGE_INTEGRITY, STR("short")},
		{STUN_FINGERPRINT, STR("long.")},
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct stun_msg m;
		struct buf b;
		buf_init(&b, 1024);
		stun_begin(&b, STUN_BINDING, STUN_REQUEST, id);
		stun_put(&b, bad[i].type, bad[i].value);
		assert_int_equal(stun_parse(&m, (const uint8_t *)b.p, b.n), E_MALFORMED);
		buf_fini(&b);
	}
}

static void test_message_that_does_not_fit_is_not_printed(void **state)
{
	static const uint8_t id[STUN_ID];
	static char large[65535];
	char room[STUN_HEADER + 4];
	struct buf b;
	(void)state;
	buf_init_fixed(&b, room, sizeof room);
	stun_begin(&b, STUN_BINDING, STUN_SUCCESS, id);
	stun_put_integrity(&b, PASSWORD);
	assert_false(buf_ok(&b));
	buf_init(&b, 1 << 20);
	stun_begin(&b, STUN_BINDING, STUN_SUCCESS, id);
	stun_put(&b, STUN_SOFTWARE, (struct str){large, sizeof large});
	assert_false(buf_ok(&b)); /* the length has 16 bits */
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_of_rfc_5769_is_read),
		cmocka_unit_test(test_responses_of_rfc_5769_are_read),
		cmocka_unit_test(test_long_term_request_of_rfc_5769_is_read_and_printed),
		cmocka_unit_test(test_what_is_printed_is_read),
		cmocka_unit_test(test_every_changed_bit_is_noticed),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_what_stands_behind_integrity_is_ignored),
		cmocka_unit_test(test_unknown_attributes_are_counted_where_they_matter),
		cmocka_unit_test(test_attributes_of_a_wrong_size_are_refused),
		cmocka_unit_test(test_message_that_does_not_fit_is_not_printed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
