// SPDX-License-Identifier: Apache-2.0
/* Text to speech: programs and servers that do well or badly, and what is kept. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/speech.h"

static char dir[] = "/tmp/tandem-speech-XXXXXX";
static char program[100], cache[100], count[100];

/* Stands for flite: notes that it was run, and writes what it was given to read. */
static void write_program(const char *body)
{
	FILE *f = fopen(program, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho run >>'%s'\n%s\n", count, body);
	fclose(f);
	assert_int_equal(chmod(program, 0700), 0);
}

static size_t runs(void)
{
	FILE *f = fopen(count, "r");
	size_t n = 0;
	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(program, sizeof program, "%s/flite", dir);
	snprintf(cache, sizeof cache, "%s/cache", dir);
	snprintf(count, sizeof count, "%s/count", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	char cmd[100];
	snprintf(cmd, sizeof cmd, "rm -r '%s'", dir);
	return system(cmd);
}

static struct speech *speech(struct speech_args args)
{
	struct speech *s;
	args.dir = cache;
	args.flite = args.flite ? args.flite : program;
	args.max_bytes = args.max_bytes ? args.max_bytes : 1000000;
	args.max_waiting = args.max_waiting ? args.max_waiting : 4;
	args.timeout_ms = args.timeout_ms ? args.timeout_ms : 20000;
	args.max_file_bytes = args.max_file_bytes ? args.max_file_bytes : 100000;
	assert_int_equal(speech_new(&s, &args), 0);
	return s;
}

struct said {
	sem_t done;
	char path[300];
	int err;
};

static void on_said(const char *path, int err, uint64_t token, void *arg)
{
	struct said *s = arg;
	s->err = token == 9 ? err : -1;
	snprintf(s->path, sizeof s->path, "%s", path ? path : "");
	sem_post(&s->done);
}

static struct said say(struct speech *s, enum speech_engine engine, const char *text,
                       const char *voice)
{
	struct said said = {.err = -1};
	sem_init(&said.done, 0, 0);
	struct speech_text t = {.engine = engine, .text = text, .voice = voice};
	speech_say(s, &t, on_said, &said, 9);
	while (sem_wait(&said.done) != 0)
		continue;
	return said;
}

static void holds(const char *path, const char *want)
{
	char got[300];
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof got - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, want);
}

static void test_a_text_is_spoken_once(void **state)
{
	(void)state;
	write_program("{ cat \"$2\"; echo \" $5 $6\"; } >\"$4\"");
	struct speech *s = speech((struct speech_args){.dir = NULL});
	size_t before = runs();
	struct said a = say(s, SPEECH_FLITE, "-hello 'you'", "slt");
	struct said b = say(s, SPEECH_FLITE, "-hello 'you'", "slt");
	assert_int_equal(a.err, 0);
	holds(a.path, "-hello 'you' -voice slt\n");
	assert_string_equal(a.path, b.path);
	assert_int_equal(runs() - before, 1);
	struct said other = say(s, SPEECH_FLITE, "-hello 'you'", "rms"); /* another voice */
	assert_string_not_equal(a.path, other.path);
	speech_free(s);
	s = speech((struct speech_args){.dir = NULL}); /* kept over a restart */
	assert_string_equal(say(s, SPEECH_FLITE, "-hello 'you'", "slt").path, a.path);
	assert_int_equal(runs() - before, 2);
	speech_free(s);
}

static void test_what_goes_wrong_is_told_and_not_kept(void **state)
{
	(void)state;
	struct speech *s = speech((struct speech_args){.max_file_bytes = 10, .timeout_ms = 300});
	write_program("exit 1");
	assert_int_equal(say(s, SPEECH_FLITE, "one", NULL).err, EIO);
	write_program("exit 0"); /* and no file */
	assert_int_equal(say(s, SPEECH_FLITE, "one", NULL).err, EIO);
	write_program("echo much too long a file >\"$4\"");
	assert_int_equal(say(s, SPEECH_FLITE, "one", NULL).err, E_LIMIT);
	write_program("exec sleep 60");
	assert_int_equal(say(s, SPEECH_FLITE, "one", NULL).err, ETIMEDOUT);
	assert_int_equal(say(s, SPEECH_HTTP, "one", NULL).err, ENOTSUP);
	speech_free(s);
	s = speech((struct speech_args){.flite = "/nowhere/flite"});
	assert_int_equal(say(s, SPEECH_FLITE, "one", NULL).err, ENOTSUP);
	speech_free(s);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	static char much[SPEECH_MAX_TEXT + 2];
	memset(much, 'a', SPEECH_MAX_TEXT + 1);
	struct speech *s = speech((struct speech_args){.dir = NULL});
	assert_int_equal(say(s, SPEECH_FLITE, "", NULL).err, EINVAL);
	assert_int_equal(say(s, SPEECH_FLITE, much, NULL).err, EINVAL);
	assert_int_equal(say(s, SPEECH_FLITE, "\xff", NULL).err, EINVAL);
	assert_int_equal(say(s, SPEECH_FLITE, "a", "../x").err, EINVAL);
	assert_int_equal(say(s, SPEECH_FLITE, "a", "-o").err, EINVAL);
	assert_int_equal(say(s, SPEECH_FLITE, "a", "").err, EINVAL);
	speech_free(s);
}

static void test_the_longest_unused_goes(void **state)
{
	(void)state;
	write_program("printf 1234567890 >\"$4\"");
	struct speech *s = speech((struct speech_args){.max_bytes = 25});
	struct said a = say(s, SPEECH_FLITE, "t-a", NULL), b = say(s, SPEECH_FLITE, "t-b", NULL);
	assert_int_equal(access(a.path, R_OK), 0);
	assert_int_equal(say(s, SPEECH_FLITE, "t-a", NULL).err, 0); /* used again: b is older now */
	struct said c = say(s, SPEECH_FLITE, "t-c", NULL);
	assert_int_equal(access(a.path, R_OK), 0);
	assert_int_not_equal(access(b.path, R_OK), 0);
	assert_int_equal(access(c.path, R_OK), 0);
	speech_free(s);
}

/* --- a server --- */

struct server {
	int fd;
	uint16_t port;
	const char *answer;
	char request[3000];
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	size_t n = 0;
	for (ssize_t got; n < sizeof s->request - 1; n += (size_t)got) {
		got = read(fd, s->request + n, sizeof s->request - 1 - n);
		if (got <= 0)
			break;
		s->request[n + (size_t)got] = '\0';
		if (strchr(s->request, '}')) {
			n += (size_t)got;
			break;
		}
	}
	ssize_t sent = write(fd, s->answer, strlen(s->answer));
	(void)sent;
	close(fd);
	return NULL;
}

static void start(struct server *s, const char *answer)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	*s = (struct server){.fd = socket(AF_INET, SOCK_STREAM, 0), .answer = answer};
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(s->fd, 1), 0);
	getsockname(s->fd, (struct sockaddr *)&a, &n);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static int over_http(struct server *srv, const char *answer, const char *text, struct said *said)
{
	char url[80];
	start(srv, answer);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/v1/audio/speech", srv->port);
	struct speech *s = speech((struct speech_args){.url = url, .model = "m1", .key = "k\"1",
	                                               .max_file_bytes = 20});
	*said = say(s, SPEECH_HTTP, text, "nova");
	speech_free(s);
	pthread_join(srv->thread, NULL);
	close(srv->fd);
	return said->err;
}

static void test_a_server_speaks(void **state)
{
	(void)state;
	struct server srv;
	struct said said;
	assert_int_equal(over_http(&srv, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nRIFF",
	                           "say \"it\"", &said), 0);
	holds(said.path, "RIFF");
	assert_non_null(strstr(srv.request, "POST /v1/audio/speech "));
	assert_non_null(strstr(srv.request, "Authorization: Bearer k\"1\r\n"));
	assert_non_null(strstr(srv.request, "{\"model\":\"m1\",\"input\":\"say \\\"it\\\"\",\"voice\":\"nova\","
	                                    "\"response_format\":\"wav\"}"));
	assert_int_equal(over_http(&srv, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "x", &said), EIO);
	assert_int_equal(over_http(&srv, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n"
	                                 "123456789012345678901234567890", "x", &said), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_is_spoken_once),
		cmocka_unit_test(test_what_goes_wrong_is_told_and_not_kept),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_the_longest_unused_goes),
		cmocka_unit_test(test_a_server_speaks),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
