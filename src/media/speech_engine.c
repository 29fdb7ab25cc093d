// SPDX-License-Identifier: Apache-2.0
#include "media/speech_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"

enum { MAX_PATH = 4096, STATUS_OK = 200 };

extern char **environ;

/* --- flite --- */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	size_t n = strlen(text);
	int err = write(fd, text, n) == (ssize_t)n ? 0 : EIO;
	return close(fd) == 0 ? err : EIO;
}

/* The program ends by itself, or is ended. */
static int wait_for(pid_t pid, uint32_t timeout_ms)
{
	int status = 0, err = 0, fd = pidfd_open(pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = fd < 0 ? -1 : poll(&p, 1, (int)timeout_ms);
	if (n <= 0) {
		kill(pid, SIGKILL);
		err = n == 0 ? ETIMEDOUT : EIO;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (fd >= 0)
		close(fd);
	return err ? err : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EIO;
}

static int run(const char *program, char *const argv[], uint32_t timeout_ms)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	int err = posix_spawnp(&pid, program, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return err ? err : wait_for(pid, timeout_ms);
}

static int check_file(const char *path, uint32_t max_bytes)
{
	struct stat st;
	if (stat(path, &st) != 0 || st.st_size == 0)
		return EIO;
	return st.st_size > (off_t)max_bytes ? E_LIMIT : 0;
}

/* The text goes by a file: the arguments of a process can be read by anybody on the machine. */
int speech_flite(const char *program, const struct speech_job *job)
{
	char text_path[MAX_PATH];
	if (snprintf(text_path, sizeof text_path, "%s.txt", job->part) >= (int)sizeof text_path)
		return ENAMETOOLONG;
	int err = write_text(text_path, job->text);
	char *argv[] = {(char *)program, (char *)"-f", text_path, (char *)"-o", (char *)job->part,
	                job->voice ? (char *)"-voice" : NULL, (char *)job->voice, NULL};
	if (!err)
		err = run(program, argv, job->timeout_ms);
	unlink(text_path);
	return err ? err : check_file(job->part, job->max_bytes);
}

/* --- HTTP --- */

struct answer {
	FILE *file;
	size_t n, max;
	bool too_long;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	size_t bytes = size * n;
	if (bytes > a->max - a->n) {
		a->too_long = true;
		return 0;
	}
	a->n += bytes;
	return fwrite(p, 1, bytes, a->file);
}

static void put_member(struct buf *b, const char *name, const char *value)
{
	buf_ch(b, b->n ? ',' : '{');
	buf_json_str(b, str_z(name));
	buf_ch(b, ':');
	buf_json_str(b, str_z(value));
}

static void put_request(struct buf *b, const char *model, const struct speech_job *job)
{
	put_member(b, "model", model ? model : "tts-1");
	put_member(b, "input", job->text);
	put_member(b, "voice", job->voice ? job->voice : "alloy");
	put_member(b, "response_format", "wav");
	buf_ch(b, '}');
	buf_ch(b, '\0');
}

static struct curl_slist *headers_of(const char *key)
{
	struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/json");
	struct buf b;
	buf_init(&b, MAX_PATH);
	if (key) {
		buf_printf(&b, "Authorization: Bearer %s", key);
		buf_ch(&b, '\0');
		h = buf_ok(&b) ? curl_slist_append(h, b.p) : h;
		mem_wipe(b.p, b.n);
	}
	buf_fini(&b);
	return h;
}

static int result_of(CURL *c, CURLcode code, const struct answer *a)
{
	long status = 0;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (a->too_long)
		return E_LIMIT;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return ETIMEDOUT;
	return code != CURLE_OK || status != STATUS_OK || a->n == 0 ? EIO : 0;
}

static int post(CURL *c, const char *url, const struct buf *body, struct curl_slist *headers,
                const struct speech_job *job, struct answer *a)
{
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)job->timeout_ms);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body->p);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	return result_of(c, curl_easy_perform(c), a);
}

int speech_http(const char *url, const char *model, const char *key, const struct speech_job *job)
{
	struct buf body;
	struct answer a = {.file = fopen(job->part, "we"), .max = job->max_bytes};
	CURL *c = curl_easy_init();
	struct curl_slist *headers = headers_of(key);
	int err = EIO;
	buf_init(&body, 8 * SPEECH_MAX_TEXT);
	put_request(&body, model, job);
	if (a.file && c && headers && buf_ok(&body))
		err = post(c, url, &body, headers, job, &a);
	if (a.file && fclose(a.file) != 0 && !err)
		err = EIO;
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	buf_fini(&body);
	return err;
}
