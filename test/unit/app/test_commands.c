// SPDX-License-Identifier: Apache-2.0
/*
 * The daemon's commands through its control socket, over a real store. The shards are played
 * by this file: shards_query answers with what a test put down, in a later turn.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "control_talk.h"
#include "route/route.h"

enum { NOW_MS = 1000000 };

/* What the played shards were asked last, and what they answer. */
struct shards {
	struct loop *loop;
	struct ev_hook hook;
	json_t *result;
	enum shards_query what;
	uint64_t tenant;
	char id[64];
	size_t asked;
	shards_done_fn *done;
	void *arg;
};

struct fixture {
	char dir[64], path[96];
	struct log log;
	struct rng rng;
	struct seal_key seal;
	struct shards shards;
	struct loop *loop;
	struct control *control;
	struct commands commands;
	struct buf why;
	int fd;
};

void shards_query(struct shards *s, enum shards_query what, uint64_t tenant, struct str id,
                  shards_done_fn *done, void *arg)
{
	s->what = what;
	s->tenant = tenant;
	assert_true(str_copyz(s->id, sizeof s->id, id));
	s->done = done;
	s->arg = arg;
	s->asked++;
}

static void answer_query(void *arg)
{
	struct shards *s = arg;
	shards_done_fn *done = s->done;
	s->done = NULL;
	if (done)
		done(s->result, s->arg);
}

static uint64_t now(void)
{
	return NOW_MS;
}

static int open_parts(struct fixture *f)
{
	struct commands *c = &f->commands;
	struct config_args config = {.seal = &f->seal, .rng = &f->rng, .log = &f->log,
	                             .realm = STR("tandem")};
	int err = store_open(&c->store, f->dir, &f->log, &f->why);
	config.store = c->store;
	if (err == 0)
		err = config_open(&c->config, &config, &f->why);
	c->shards = &f->shards;
	c->log = &f->log;
	c->wall_ms = now;
	c->started_ms = NOW_MS - 5000;
	struct control_args control = {.loop = f->loop, .path = f->path, .max_clients = 4,
	                               .max_line = 1 << 20, .log = &f->log, .fn = commands_handle,
	                               .arg = c};
	if (err == 0)
		err = control_open(&f->control, &control, &f->why);
	return err;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	strcpy(f->dir, "/tmp/tandem-commands-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof f->path, "%s/control.sock", f->dir);
	log_init_null(&f->log);
	rng_init_seed(&f->rng, 1);
	buf_init(&f->why, 65536);
	assert_int_equal(loop_new(&f->loop), 0);
	f->shards = (struct shards){.loop = f->loop, .result = json_array()};
	f->shards.hook = (struct ev_hook){.fn = answer_query, .arg = &f->shards};
	loop_hook_add(f->loop, &f->shards.hook);
	*state = f;
	int err = open_parts(f);
	if (err == 0)
		f->fd = talk_connect(f->path);
	return err;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char line[128];
	close(f->fd);
	control_close(f->control);
	config_free(f->commands.config);
	store_close(f->commands.store);
	loop_hook_del(f->loop, &f->shards.hook);
	loop_free(f->loop);
	json_decref(f->shards.result);
	buf_fini(&f->why);
	snprintf(line, sizeof line, "rm -rf %s", f->dir);
	int err = system(line);
	free(f);
	return err;
}

/* -- words of the tests -------------------------------------------------------------- */

/* The answer to a command; `args` as JSON with ' for ". */
static json_t *ask(struct fixture *f, const char *command, const char *args)
{
	char line[2048];
	snprintf(line, sizeof line, "{'command':'%s','args':%s}\n", command, args);
	for (char *p = line; *p; p++)
		if (*p == '\'')
			*p = '"';
	talk_send(f->fd, line);
	json_t *answer = talk_receive(f->loop, f->fd);
	assert_non_null(answer);
	return answer;
}

static json_t *ask_ok(struct fixture *f, const char *command, const char *args)
{
	json_t *answer = ask(f, command, args);
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s: %s", command, json_string_value(json_object_get(answer, "error")));
	json_t *result = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return result;
}

static void expect_refused(struct fixture *f, const char *command, const char *args, int code)
{
	json_t *answer = ask(f, command, args);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	if (json_integer_value(json_object_get(answer, "code")) != code)
		fail_msg("%s %s: code %d, not %d: %s", command, args,
		         (int)json_integer_value(json_object_get(answer, "code")), code,
		         json_string_value(json_object_get(answer, "error")));
	assert_true(json_string_length(json_object_get(answer, "error")) > 0);
	json_decref(answer);
}

static const char acme[] =
	"{'file':{'tenant':'acme','domains':['acme.test'],'users':["
	"{'name':'Alice','extension':'1001','devices':[{'username':'alice','password':'p1'}]},"
	"{'name':'Bob','extension':'1002','devices':[{'username':'bob','password':'p2'},"
	"{'username':'bob-desk','password':'p3'}]}]}}";

static void apply_acme(struct fixture *f)
{
	json_decref(ask_ok(f, "apply", acme));
}

static void shards_answer(struct fixture *f, json_t *result)
{
	json_decref(f->shards.result);
	f->shards.result = result;
}

static const char *text_at(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));
	return s ? s : "";
}

/* -- configuration ------------------------------------------------------------------- */

static void test_plan_then_apply_then_apply_again(void **state)
{
	struct fixture *f = *state;
	json_t *r = ask_ok(f, "plan", acme);
	assert_int_equal(json_array_size(json_object_get(r, "changes")), 6);
	json_decref(r);
	r = ask_ok(f, "get", "{'kind':'tenant'}");
	assert_int_equal(json_array_size(r), 0);
	json_decref(r);
	json_t *answer = ask(f, "apply", acme);
	assert_non_null(strstr(text_at(answer, "text"), "+ user Alice (1001)"));
	json_decref(answer);
	r = ask_ok(f, "apply", acme);
	assert_int_equal(json_array_size(json_object_get(r, "changes")), 0);
	assert_int_equal(json_integer_value(json_object_get(r, "version")), 1);
	json_decref(r);
}

static void test_faulty_file_is_refused_with_its_place(void **state)
{
	struct fixture *f = *state;
	json_t *answer = ask(f, "apply", "{'file':{'tenant':'acme','domains':['acme.test'],"
	                                 "'users':[{'name':'A','extension':'x'}]}}");
	assert_int_equal(json_integer_value(json_object_get(answer, "code")), EXIT_REFUSED);
	assert_non_null(strstr(text_at(answer, "error"), "users[0].extension"));
	json_decref(answer);
	expect_refused(f, "apply", "{}", EXIT_REFUSED);
	expect_refused(f, "apply", "{'file':[]}", EXIT_REFUSED);
	expect_refused(f, "apply", "{'file':'acme.yaml'}", EXIT_REFUSED);
}

static void test_get_of_what_is_not_there(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	expect_refused(f, "get", "{'kind':'trunk'}", EXIT_NOT_FOUND);
	expect_refused(f, "get", "{}", EXIT_NOT_FOUND);
	expect_refused(f, "get", "{'kind':'user','id':'1009'}", EXIT_NOT_FOUND);
	expect_refused(f, "get", "{'kind':'user','tenant':'beta'}", EXIT_NOT_FOUND);
	expect_refused(f, "get", "{'kind':'user','version':'1'}", EXIT_USAGE);
	expect_refused(f, "history", "{'kind':'user','id':'1009'}", EXIT_NOT_FOUND);
	json_t *r = ask_ok(f, "get", "{'kind':'device','id':'bob'}");
	json_t *fields = json_object_get(json_array_get(r, 0), "fields");
	assert_true(strlen(text_at(fields, "global_username")) > 0);
	json_decref(r);
}

static void test_undo_takes_the_last_change_back(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	json_decref(ask_ok(f, "apply", "{'file':{'tenant':'acme','domains':['acme.test'],'users':[]}}"));
	json_t *r = ask_ok(f, "undo", "{}");
	assert_string_equal(text_at(r, "tenant"), "acme");
	assert_int_equal(json_integer_value(json_object_get(r, "version")), 3);
	json_decref(r);
	r = ask_ok(f, "get", "{'kind':'user'}");
	assert_int_equal(json_array_size(r), 2);
	json_decref(r);
	expect_refused(f, "undo", "{'tenant':'beta'}", EXIT_NOT_FOUND);
}

static void test_passwords_are_wiped_from_the_request(void **state)
{
	(void)state;
	json_t *file = json_pack("{s:s,s:[{s:[{s:s,s:s}]}]}", "tenant", "acme", "users", "devices",
	                         "username", "alice", "password", "canary");
	json_t *device = json_array_get(
		json_object_get(json_array_get(json_object_get(file, "users"), 0), "devices"), 0);
	commands_wipe_passwords(file);
	assert_memory_equal(json_string_value(json_object_get(device, "password")), "\0\0\0\0\0\0", 6);
	assert_string_equal(text_at(device, "username"), "alice");
	json_decref(file);
}

/* -- live state ---------------------------------------------------------------------- */

static void test_registrations_and_calls_ask_the_shards_for_the_tenant(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	shards_answer(f, json_pack("[{s:s}]", "device", "alice"));
	json_t *r = ask_ok(f, "registrations", "{'tenant':'acme'}");
	assert_string_equal(text_at(json_array_get(r, 0), "device"), "alice");
	json_decref(r);
	assert_int_equal(f->shards.what, SHARDS_REGISTRATIONS);
	const struct directory *d = config_directory(f->commands.config);
	assert_int_equal(f->shards.tenant, tenant_id(directory_by_name(d, STR("acme"))));
	json_decref(ask_ok(f, "calls", "{}"));
	assert_int_equal(f->shards.what, SHARDS_CALLS);
	assert_int_equal(f->shards.tenant, 0);
}

static void test_unknown_tenant_never_reaches_the_shards(void **state)
{
	struct fixture *f = *state;
	expect_refused(f, "registrations", "{'tenant':'beta'}", EXIT_NOT_FOUND);
	expect_refused(f, "calls", "{'tenant':'beta'}", EXIT_NOT_FOUND);
	assert_int_equal(f->shards.asked, 0);
}

static void test_hangup_of_no_call_is_not_found(void **state)
{
	struct fixture *f = *state;
	expect_refused(f, "hangup", "{'id':'c1'}", EXIT_NOT_FOUND);
	assert_string_equal(f->shards.id, "c1");
	shards_answer(f, json_pack("[s]", "c1"));
	json_decref(ask_ok(f, "hangup", "{'id':'c1'}"));
	expect_refused(f, "hangup", "{}", EXIT_USAGE);
}

static void test_status_has_version_and_shards(void **state)
{
	struct fixture *f = *state;
	shards_answer(f, json_pack("[{s:i}]", "calls", 3));
	json_t *r = ask_ok(f, "status", "{}");
	assert_string_equal(text_at(r, "version"), TANDEM_VERSION);
	assert_int_equal(json_integer_value(json_object_get(r, "up_s")), 5);
	assert_int_equal(json_array_size(json_object_get(r, "shards")), 1);
	json_decref(r);
}

/* -- call detail records ------------------------------------------------------------- */

static void append_cdr(struct fixture *f, const char *id, uint64_t start_ms)
{
	char json[64];
	snprintf(json, sizeof json, "{\"id\":\"%s\"}", id);
	store_cdr_append(f->commands.store, 1, str_z(id), start_ms, str_z(json), STR_NONE, NULL, NULL);
}

static void test_cdr_newest_first_and_by_id(void **state)
{
	struct fixture *f = *state;
	append_cdr(f, "a", 1000);
	append_cdr(f, "b", 2000);
	store_sync(f->commands.store);
	json_t *r = ask_ok(f, "cdr", "{}");
	assert_int_equal(json_array_size(r), 2);
	assert_string_equal(text_at(json_array_get(r, 0), "id"), "b");
	json_decref(r);
	r = ask_ok(f, "cdr", "{'limit':'1'}");
	assert_int_equal(json_array_size(r), 1);
	json_decref(r);
	r = ask_ok(f, "cdr", "{'before':'1970-01-01T00:00:02Z'}");
	assert_string_equal(text_at(json_array_get(r, 0), "id"), "a");
	json_decref(r);
	r = ask_ok(f, "cdr", "{'id':'a'}");
	assert_int_equal(json_array_size(r), 1);
	json_decref(r);
	expect_refused(f, "cdr", "{'id':'c'}", EXIT_NOT_FOUND);
	expect_refused(f, "cdr", "{'limit':'0'}", EXIT_USAGE);
	expect_refused(f, "cdr", "{'before':'noon'}", EXIT_USAGE);
	expect_refused(f, "cdr", "{'tenant':'beta'}", EXIT_NOT_FOUND);
}

/* -- explain ------------------------------------------------------------------------- */

static const char *action_of(const json_t *r)
{
	return text_at(json_object_get(r, "decision"), "action");
}

static void test_explain_looks_presence_up_and_shows_the_trace(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	shards_answer(f, json_pack("[{s:i,s:i},{s:i,s:i}]", "registered", 1, "busy", 0, "registered", 1,
	                           "busy", 0));
	json_t *r = ask_ok(f, "explain", "{'tenant':'acme','from':'1001','to':'1002'}");
	assert_int_equal(f->shards.what, SHARDS_PRESENCE);
	assert_string_equal(action_of(r), route_action_name(ROUTE_RING));
	json_t *user = json_array_get(json_object_get(json_object_get(r, "decision"), "users"), 0);
	assert_string_equal(text_at(user, "extension"), "1002");
	assert_int_equal(json_array_size(json_object_get(user, "devices")), 2);
	assert_true(json_array_size(json_object_get(r, "trace")) > 0);
	assert_string_equal(text_at(r, "at"), "1970-01-01T00:16:40.000Z");
	json_decref(r);
}

static void test_explain_with_nobody_registered_is_480(void **state) /* 21.4.18 */
{
	struct fixture *f = *state;
	apply_acme(f);
	json_t *r = ask_ok(f, "explain", "{'tenant':'acme','from':'1001','to':'1002'}");
	assert_string_equal(action_of(r), route_action_name(ROUTE_REJECT));
	json_t *status = json_object_get(json_object_get(r, "decision"), "status");
	assert_int_equal(json_integer_value(status), 480);
	json_decref(r);
}

static void test_explain_may_assume_presence_instead_of_looking(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	json_t *r = ask_ok(f, "explain", "{'tenant':'acme','from':'1001','to':'1002',"
	                                 "'assume':'registered','at':'2026-07-01T12:00:00Z'}");
	assert_string_equal(action_of(r), route_action_name(ROUTE_RING));
	assert_string_equal(text_at(r, "at"), "2026-07-01T12:00:00.000Z");
	assert_int_equal(f->shards.asked, 0);
	json_decref(r);
}

static void test_explain_of_the_echo_test_and_of_an_unknown_number(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	json_t *r = ask_ok(f, "explain", "{'tenant':'acme','from':'alice','to':'*43'}");
	assert_string_equal(action_of(r), route_action_name(ROUTE_ECHO));
	json_decref(r);
	r = ask_ok(f, "explain", "{'tenant':'acme','from':'alice','to':'9999'}");
	json_t *status = json_object_get(json_object_get(r, "decision"), "status");
	assert_int_equal(json_integer_value(status), 404);
	json_decref(r);
}

static void test_explain_refuses_what_it_cannot_ask(void **state)
{
	struct fixture *f = *state;
	apply_acme(f);
	expect_refused(f, "explain", "{'tenant':'beta','from':'1','to':'2'}", EXIT_NOT_FOUND);
	expect_refused(f, "explain", "{'from':'1001','to':'2'}", EXIT_USAGE);
	expect_refused(f, "explain", "{'tenant':'acme','from':'1001'}", EXIT_USAGE);
	expect_refused(f, "explain", "{'tenant':'acme','from':'777','to':'1002'}", EXIT_NOT_FOUND);
	expect_refused(f, "explain", "{'tenant':'acme','from':'1001','to':'2','at':'soon'}", EXIT_USAGE);
	expect_refused(f, "explain", "{'tenant':'acme','from':'1001','to':'2','assume':'x'}", EXIT_USAGE);
	expect_refused(f, "completion", "{}", EXIT_USAGE);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_plan_then_apply_then_apply_again),
		T(test_faulty_file_is_refused_with_its_place),
		T(test_get_of_what_is_not_there),
		T(test_undo_takes_the_last_change_back),
		T(test_passwords_are_wiped_from_the_request),
		T(test_registrations_and_calls_ask_the_shards_for_the_tenant),
		T(test_unknown_tenant_never_reaches_the_shards),
		T(test_hangup_of_no_call_is_not_found),
		T(test_status_has_version_and_shards),
		T(test_cdr_newest_first_and_by_id),
		T(test_explain_looks_presence_up_and_shows_the_trace),
		T(test_explain_with_nobody_registered_is_480),
		T(test_explain_may_assume_presence_instead_of_looking),
		T(test_explain_of_the_echo_test_and_of_an_unknown_number),
		T(test_explain_refuses_what_it_cannot_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
