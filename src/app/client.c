// SPDX-License-Identifier: Apache-2.0
#include "app/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int open_socket(const char *data_dir, int *out)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/control.sock", data_dir);
	if (n < 0 || (size_t)n >= sizeof at.sun_path)
		return ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	struct timeval wait = {.tv_sec = CLIENT_WAIT_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		int err = errno;
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static int send_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ETIMEDOUT : errno;
		bytes = str_sub(bytes, (size_t)n, bytes.n);
	}
	return 0;
}

static int receive_line(int fd, struct buf *in)
{
	char bytes[65536];
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof bytes, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ETIMEDOUT : errno;
		if (n == 0)
			return EPIPE;
		buf_add(in, bytes, (size_t)n);
		if (!buf_ok(in))
			return E_LIMIT;
		if (bytes[n - 1] == '\n')
			return 0;
	}
}

static int exchange(int fd, json_t *request, json_t **out)
{
	char *text = json_dumps(request, JSON_COMPACT);
	if (!text)
		abort();
	struct buf in;
	buf_init(&in, CLIENT_ANSWER_MAX);
	int err = send_all(fd, str_z(text));
	if (err == 0)
		err = send_all(fd, STR("\n"));
	if (err == 0)
		err = receive_line(fd, &in);
	if (err == 0) {
		*out = json_loadb(in.p, in.n, 0, NULL);
		err = *out ? 0 : E_MALFORMED;
	}
	free(text);
	buf_fini(&in);
	return err;
}

static void explain_failure(struct buf *why, int err, const char *data_dir)
{
	if (err == ENOENT || err == ECONNREFUSED || err == ENOTDIR)
		buf_printf(why, "no tandemd serves %s (start one with tandemd --data %s)", data_dir,
		           data_dir);
	else if (err == EACCES)
		buf_printf(why, "%s/control.sock may be used only by the user that tandemd runs as",
		           data_dir);
	else if (err == EPIPE)
		buf_printf(why, "tandemd closed the connection: the request is too long, or it is ending");
	else
		buf_printf(why, "%s/control.sock: %s", data_dir, err_text(err));
}

int client_ask(const char *data_dir, const char *command, json_t *args, json_t **out,
               struct buf *why)
{
	int fd = -1;
	int err = open_socket(data_dir, &fd);
	if (err == 0) {
		json_t *request = json_pack("{s:s,s:O}", "command", command, "args", args);
		err = exchange(fd, request, out);
		json_decref(request);
		close(fd);
	}
	if (err)
		explain_failure(why, err, data_dir);
	return err;
}
