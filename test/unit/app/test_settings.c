// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "app/settings.h"

struct fixture {
	struct settings s;
	struct buf why;
};

static int setup(void **state)
{
	static struct fixture f;
	settings_init(&f.s);
	buf_init(&f.why, 65536);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	buf_fini(&f->why);
	return 0;
}

static bool why_has(struct fixture *f, const char *words)
{
	buf_ch(&f->why, 0);
	return strstr(f->why.p, words) != NULL;
}

static void refuse(struct fixture *f, const char *arg, const char *words)
{
	buf_reset(&f->why);
	assert_int_equal(settings_put_arg(&f->s, str_z(arg), &f->why), E_POLICY);
	if (!why_has(f, words))
		fail_msg("%s: \"%s\" lacks \"%s\"", arg, f->why.p, words);
}

static void allow(struct fixture *f, const char *arg)
{
	if (settings_put_arg(&f->s, str_z(arg), &f->why) != 0)
		fail_msg("%s: " STR_FMT, arg, STR_ARG(buf_view(&f->why)));
}

static void test_defaults_are_those_of_the_table(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(f->s.sip_listen.n, 4);
	assert_int_equal(f->s.sip_listen.v[0].proto, LISTEN_UDP);
	assert_int_equal(f->s.sip_listen.v[0].at.port, 5060);
	assert_int_equal(f->s.sip_listen.v[3].proto, LISTEN_TCP);
	assert_int_equal(f->s.sip_listen.v[3].at.family, ADDR_V6);
	assert_int_equal(f->s.rtp_ports.first, 20000);
	assert_int_equal(f->s.rtp_ports.last, 29999);
	assert_int_equal(f->s.sip_advertise.family, ADDR_NONE);
	assert_true(addr_is_any(&f->s.rtp_address));
	assert_string_equal(f->s.sip_realm, "tandem");
	assert_int_equal(f->s.log_level, LOG_INFO);
	assert_int_equal(settings_settle(&f->s, true, &f->why), 0);
}

static void test_unknown_name_is_refused_with_its_neighbours(void **state)
{
	struct fixture *f = *state;
	refuse(f, "sip.listne=udp:0.0.0.0:5060", "\"sip.listne\"");
	refuse(f, "sip.listne=udp:0.0.0.0:5060", "sip.listen");
	refuse(f, "nothing=1", "rtp.ports");
	refuse(f, "shards", "name=value");
}

static void test_impossible_value_is_refused_with_what_is_allowed(void **state)
{
	struct fixture *f = *state;
	refuse(f, "shards=65", "0 to 64");
	refuse(f, "shards=-1", "shards cannot be");
	refuse(f, "shards=two", "0 to 64");
	refuse(f, "shards=", "0 to 64");
	refuse(f, "rtp.ports=29999-20000", "FIRST-LAST");
	refuse(f, "rtp.ports=80-90", "1024");
	refuse(f, "rtp.ports=20000-70000", "65535");
	refuse(f, "rtp.ports=20001-20001", "FIRST-LAST");
	refuse(f, "sip.listen=", "udp:ADDRESS:PORT");
	refuse(f, "sip.listen=sctp:0.0.0.0:5060", "udp:ADDRESS:PORT");
	refuse(f, "sip.listen=udp:::5060", "brackets");
	refuse(f, "sip.listen=udp:0.0.0.0:5060,,", "udp:ADDRESS:PORT");
	refuse(f, "sip.advertise=pbx.example.com", "IP address");
	refuse(f, "sip.advertise=any", "or nothing");
	refuse(f, "rtp.address=", "or any");
	refuse(f, "sip.realm=a\"b", "quotes");
	refuse(f, "sip.realm=", "1 to 63");
	refuse(f, "log.level=loud", "error, warn, info, debug");
	refuse(f, "media.accel=on", "off, auto");
}

static void test_refused_value_leaves_the_setting_alone(void **state)
{
	struct fixture *f = *state;
	allow(f, "shards=3");
	refuse(f, "shards=1000", "0 to 64");
	assert_int_equal(f->s.shards, 3);
}

static void test_values_are_parsed_to_their_types(void **state)
{
	struct fixture *f = *state;
	struct addr want;
	allow(f, "sip.listen= udp:127.0.0.1:5070 , tcp:[::1]:5071");
	assert_int_equal(f->s.sip_listen.n, 2);
	assert_int_equal(f->s.sip_listen.v[1].proto, LISTEN_TCP);
	assert_int_equal(f->s.sip_listen.v[1].at.port, 5071);
	allow(f, "sip.advertise=203.0.113.9");
	assert_int_equal(addr_parse_ip(&want, STR("203.0.113.9")), 0);
	assert_true(addr_eq(&f->s.sip_advertise, &want));
	allow(f, "sip.advertise=");
	assert_int_equal(f->s.sip_advertise.family, ADDR_NONE);
	allow(f, "rtp.address=any");
	assert_true(addr_is_any(&f->s.rtp_address));
	allow(f, "log.level=debug");
	assert_int_equal(f->s.log_level, LOG_DEBUG);
	assert_false(f->s.media_accel);
	allow(f, "media.accel=auto");
	assert_true(f->s.media_accel);
	allow(f, "media.accel=off");
	assert_false(f->s.media_accel);
}

static void test_port_range_is_whole_pairs(void **state)
{
	struct fixture *f = *state;
	allow(f, "rtp.ports=20001-20008");
	assert_int_equal(f->s.rtp_ports.first, 20002);
	assert_int_equal(f->s.rtp_ports.last, 20007);
}

static void test_rank_counts_and_not_the_order(void **state)
{
	struct fixture *f = *state;
	char *env[] = {(char *)(uintptr_t) "TANDEM_SHARDS=2", (char *)(uintptr_t) "PATH=/bin",
	               (char *)(uintptr_t) "TANDEM_DATA=/x", NULL};
	json_t *file = json_pack("{s:i,s:{s:i}}", "shards", 1, "media", "threads", 7);
	allow(f, "shards=3");
	assert_int_equal(settings_put_env(&f->s, env, &f->why), 0);
	assert_int_equal(settings_put_file(&f->s, file, &f->why), 0);
	assert_int_equal(f->s.shards, 3);
	assert_int_equal(f->s.media_threads, 7);

	settings_init(&f->s);
	assert_int_equal(settings_put_file(&f->s, file, &f->why), 0);
	assert_int_equal(settings_put_env(&f->s, env, &f->why), 0);
	assert_int_equal(f->s.shards, 2);
	json_decref(file);
}

static void test_environment_name_is_upper_case_with_underscores(void **state)
{
	struct fixture *f = *state;
	char *env[] = {(char *)(uintptr_t) "TANDEM_SIP_LISTEN=udp:127.0.0.1:6000",
	               (char *)(uintptr_t) "TANDEM_LIMITS_NONCE_AGE_S=77", NULL};
	assert_int_equal(settings_put_env(&f->s, env, &f->why), 0);
	assert_int_equal(f->s.sip_listen.n, 1);
	assert_int_equal(f->s.sip_listen.v[0].at.port, 6000);
	assert_int_equal(f->s.limit_nonce_age_s, 77);
}

static void test_environment_misspelt_is_refused_and_foreign_is_not(void **state)
{
	struct fixture *f = *state;
	char *wrong[] = {(char *)(uintptr_t) "TANDEM_SIP_LISTNE=x", NULL};
	char *foreign[] = {(char *)(uintptr_t) "TANDEM_BIN=/usr/bin", (char *)(uintptr_t) "TANDEM_", NULL};
	assert_int_equal(settings_put_env(&f->s, wrong, &f->why), E_POLICY);
	assert_true(why_has(f, "TANDEM_SIP_LISTNE"));
	assert_int_equal(settings_put_env(&f->s, foreign, &f->why), 0);
}

static void test_file_may_be_flat_nested_and_a_list(void **state)
{
	struct fixture *f = *state;
	json_t *file = json_pack("{s:{s:[s,s],s:s},s:i,s:n}", "sip", "listen", "udp:127.0.0.1:1",
	                         "tcp:127.0.0.1:2", "realm", "pbx", "limits.headers", 99,
	                         "rtp.advertise");
	assert_int_equal(settings_put_file(&f->s, file, &f->why), 0);
	assert_int_equal(f->s.sip_listen.n, 2);
	assert_string_equal(f->s.sip_realm, "pbx");
	assert_int_equal(f->s.limit_headers, 99);
	json_decref(file);
}

static void test_file_with_an_unknown_name_is_refused(void **state)
{
	struct fixture *f = *state;
	json_t *file = json_pack("{s:{s:s}}", "sip", "listn", "x");
	assert_int_equal(settings_put_file(&f->s, file, &f->why), E_POLICY);
	assert_true(why_has(f, "sip.listn"));
	json_decref(file);
	file = json_pack("{s:{s:{s:i}}}", "sip", "listen", "a", 1);
	assert_int_equal(settings_put_file(&f->s, file, &f->why), E_POLICY);
	json_decref(file);
	file = json_pack("[i]", 1);
	assert_int_equal(settings_put_file(&f->s, file, &f->why), E_POLICY);
	json_decref(file);
}

static void test_without_ipv6_the_default_loses_it_and_a_wish_does_not(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(settings_settle(&f->s, false, &f->why), 0);
	assert_int_equal(f->s.sip_listen.n, 2);
	allow(f, "sip.listen=udp:[::]:5060");
	assert_int_equal(settings_settle(&f->s, false, &f->why), 0);
	assert_int_equal(f->s.sip_listen.n, 1);
}

static void test_settings_that_contradict_are_refused(void **state)
{
	struct fixture *f = *state;
	allow(f, "limits.expiry_max_s=600");
	allow(f, "limits.expiry_default_s=3600");
	assert_int_equal(settings_settle(&f->s, true, &f->why), E_POLICY);
	assert_true(why_has(f, "limits.expiry_default_s (3600) cannot be above"));
	allow(f, "limits.expiry_default_s=600");
	assert_int_equal(settings_settle(&f->s, true, &f->why), 0);
	allow(f, "sip.listen=udp:127.0.0.1:5060,tcp:127.0.0.1:5060,udp:127.0.0.1:5060");
	assert_int_equal(settings_settle(&f->s, true, &f->why), E_POLICY);
}

static void test_default_follows_a_bound_that_was_set(void **state)
{
	struct fixture *f = *state;
	allow(f, "limits.expiry_max_s=600");
	allow(f, "limits.session_min_s=2000");
	assert_int_equal(settings_settle(&f->s, true, &f->why), 0);
	assert_int_equal(f->s.limit_expiry_default_s, 600);
	assert_int_equal(f->s.limit_session_expires_s, 2000);
}

static void test_help_and_document_have_every_setting(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {
#define X(type, field, name, ...) name,
#include "app/settings_table.h"
#undef X
	};
	struct buf help, doc;
	(void)f;
	buf_init(&help, 1 << 20);
	buf_init(&doc, 1 << 20);
	settings_put_help(&help);
	settings_put_doc(&doc);
	buf_ch(&help, 0);
	buf_ch(&doc, 0);
	for (size_t i = 0; i < SETTINGS; i++) {
		assert_non_null(strstr(help.p, names[i]));
		assert_non_null(strstr(doc.p, names[i]));
	}
	buf_fini(&help);
	buf_fini(&doc);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_defaults_are_those_of_the_table),
		T(test_unknown_name_is_refused_with_its_neighbours),
		T(test_impossible_value_is_refused_with_what_is_allowed),
		T(test_refused_value_leaves_the_setting_alone),
		T(test_values_are_parsed_to_their_types),
		T(test_port_range_is_whole_pairs),
		T(test_rank_counts_and_not_the_order),
		T(test_environment_name_is_upper_case_with_underscores),
		T(test_environment_misspelt_is_refused_and_foreign_is_not),
		T(test_file_may_be_flat_nested_and_a_list),
		T(test_file_with_an_unknown_name_is_refused),
		T(test_without_ipv6_the_default_loses_it_and_a_wish_does_not),
		T(test_settings_that_contradict_are_refused),
		T(test_default_follows_a_bound_that_was_set),
		T(test_help_and_document_have_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
