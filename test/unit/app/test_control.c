// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/control.h"
#include "control_talk.h"

enum { MAX_LINE = 4096, MAX_CLIENTS = 3 };

struct fixture {
	char dir[64], path[96];
	struct log log;
	struct loop *loop;
	struct control *control;
	struct buf why;
	struct control_request *waiting; /* status is answered later, by the test */
	size_t handled, freed;
};

static void count_free(void *ctx)
{
	struct fixture *f = ctx;
	f->freed++;
}

/* plan is answered at once, undo refused, status later. */
static void handle(struct control_request *rq, const struct command *c, const json_t *args, void *arg)
{
	struct fixture *f = arg;
	f->handled++;
	assert_true(json_is_object(args));
	if (c->id == COMMAND_STATUS) {
		control_request_keep(rq, f, count_free);
		f->waiting = rq;
	} else if (c->id == COMMAND_UNDO) {
		control_refuse(rq, EXIT_NOT_FOUND, STR("no such tenant"));
	} else {
		control_answer(rq, json_pack("{s:s,s:O}", "who", control_request_who(rq), "args", args),
		               STR("done\n"));
	}
}

static int open_control(struct fixture *f)
{
	struct control_args args = {.loop = f->loop, .path = f->path, .max_clients = MAX_CLIENTS,
	                            .max_line = MAX_LINE, .log = &f->log, .fn = handle, .arg = f};
	return control_open(&f->control, &args, &f->why);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	strcpy(f->dir, "/tmp/tandem-control-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof f->path, "%s/control.sock", f->dir);
	log_init_null(&f->log);
	buf_init(&f->why, 4096);
	*state = f;
	return loop_new(&f->loop) || open_control(f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->control)
		control_close(f->control);
	loop_free(f->loop);
	buf_fini(&f->why);
	int err = rmdir(f->dir); /* the socket is gone */
	free(f);
	return err;
}

static void expect_code(struct fixture *f, int fd, json_int_t code)
{
	json_t *answer = talk_receive(f->loop, fd);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "code")), code);
	json_decref(answer);
}

static void expect_ok(struct fixture *f, int fd)
{
	json_t *answer = talk_receive(f->loop, fd);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

static void test_request_is_answered_with_result_and_text(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	talk_send(fd, "{\"command\":\"plan\",\"args\":{\"x\":1}}\n");
	json_t *answer = talk_receive(f->loop, fd), *result = json_object_get(answer, "result");
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_string_equal(json_string_value(json_object_get(answer, "text")), "done\n");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(result, "args"), "x")), 1);
	assert_true(str_starts(str_z(json_string_value(json_object_get(result, "who"))), STR("cli:")));
	json_decref(answer);
	close(fd);
}

static void test_only_the_owner_may_open_the_socket(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_bad_requests_are_refused_and_the_connection_stays(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"\n", "{\n", "[]\n", "{}\n", "{\"command\":7}\n",
	                                  "{\"command\":\"fly\"}\n",
	                                  "{\"command\":\"plan\",\"args\":[]}\n",
	                                  "{\"command\":\"plan\",\"command\":\"plan\"}\n"};
	int fd = talk_connect(f->path);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		talk_send(fd, bad[i]);
		expect_code(f, fd, EXIT_USAGE);
	}
	assert_int_equal(f->handled, 0);
	talk_send(fd, "{\"command\":\"undo\"}\n");
	expect_code(f, fd, EXIT_NOT_FOUND);
	close(fd);
}

static void test_request_may_come_in_pieces(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	const char *line = "{\"command\":\"plan\"}\n";
	for (size_t i = 0; line[i]; i++) {
		char one[2] = {line[i], 0};
		talk_send(fd, one);
		loop_turn(f->loop, 0);
	}
	expect_ok(f, fd);
	close(fd);
}

static void test_answers_keep_the_order_of_the_requests(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	talk_send(fd, "{\"command\":\"status\"}\n{\"command\":\"undo\"}\n{\"command\":\"plan\"}\n");
	for (int i = 0; i < 20; i++)
		loop_turn(f->loop, 0);
	assert_int_equal(f->handled, 1); /* the others wait */
	control_answer(f->waiting, json_string("late"), STR_NONE);
	json_t *first = talk_receive(f->loop, fd);
	assert_string_equal(json_string_value(json_object_get(first, "result")), "late");
	json_decref(first);
	expect_code(f, fd, EXIT_NOT_FOUND);
	expect_ok(f, fd);
	assert_int_equal(f->freed, 1);
	close(fd);
}

static void test_request_outlives_its_connection(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	talk_send(fd, "{\"command\":\"status\"}\n");
	while (!f->waiting)
		loop_turn(f->loop, 1);
	close(fd);
	for (int i = 0; i < 20; i++)
		loop_turn(f->loop, 0);
	control_answer(f->waiting, NULL, STR_NONE);
	assert_int_equal(f->freed, 1);
}

static void test_half_closed_connection_gets_its_answer(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	talk_send(fd, "{\"command\":\"plan\"}\n");
	shutdown(fd, SHUT_WR);
	expect_ok(f, fd);
	assert_true(talk_is_closed(f->loop, fd));
	close(fd);
}

static void test_half_closed_connection_without_a_word_is_closed(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	shutdown(fd, SHUT_WR);
	assert_true(talk_is_closed(f->loop, fd));
	close(fd);
}

static void test_long_line_closes_the_connection(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	char line[MAX_LINE + 1];
	memset(line, 'x', MAX_LINE);
	line[MAX_LINE] = 0;
	talk_send(fd, line);
	assert_true(talk_is_closed(f->loop, fd));
	close(fd);
}

static void test_clients_above_the_limit_are_turned_away(void **state)
{
	struct fixture *f = *state;
	int fd[MAX_CLIENTS + 1];
	for (int i = 0; i <= MAX_CLIENTS; i++) {
		fd[i] = talk_connect(f->path);
		loop_turn(f->loop, 1);
	}
	assert_true(talk_is_closed(f->loop, fd[MAX_CLIENTS]));
	close(fd[0]);
	for (int i = 0; i < 5; i++)
		loop_turn(f->loop, 0);
	int again = talk_connect(f->path);
	talk_send(again, "{\"command\":\"plan\"}\n");
	expect_ok(f, again);
	for (int i = 1; i <= MAX_CLIENTS; i++)
		close(fd[i]);
	close(again);
}

static void test_second_daemon_on_the_same_socket_is_refused(void **state)
{
	struct fixture *f = *state;
	struct control *other = NULL;
	struct control_args args = {.loop = f->loop, .path = f->path, .max_clients = 1,
	                            .max_line = MAX_LINE, .log = &f->log, .fn = handle, .arg = f};
	assert_int_equal(control_open(&other, &args, &f->why), EADDRINUSE);
	assert_true(f->why.n > 0);
}

static void test_socket_left_by_a_killed_daemon_is_replaced(void **state)
{
	struct fixture *f = *state;
	char kept[128];
	snprintf(kept, sizeof kept, "%s/kept", f->dir);
	assert_int_equal(link(f->path, kept), 0);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(rename(kept, f->path), 0); /* a socket that nobody listens on */
	assert_int_equal(open_control(f), 0);
	int fd = talk_connect(f->path);
	talk_send(fd, "{\"command\":\"plan\"}\n");
	expect_ok(f, fd);
	close(fd);
}

static void test_close_drops_what_waits(void **state)
{
	struct fixture *f = *state;
	int fd = talk_connect(f->path);
	talk_send(fd, "{\"command\":\"status\"}\n");
	while (!f->waiting)
		loop_turn(f->loop, 1);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(f->freed, 1);
	assert_true(talk_is_closed(f->loop, fd));
	close(fd);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_request_is_answered_with_result_and_text),
		T(test_only_the_owner_may_open_the_socket),
		T(test_bad_requests_are_refused_and_the_connection_stays),
		T(test_request_may_come_in_pieces),
		T(test_answers_keep_the_order_of_the_requests),
		T(test_request_outlives_its_connection),
		T(test_half_closed_connection_gets_its_answer),
		T(test_half_closed_connection_without_a_word_is_closed),
		T(test_long_line_closes_the_connection),
		T(test_clients_above_the_limit_are_turned_away),
		T(test_second_daemon_on_the_same_socket_is_refused),
		T(test_socket_left_by_a_killed_daemon_is_replaced),
		T(test_close_drops_what_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
