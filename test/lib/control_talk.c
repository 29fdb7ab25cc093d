// SPDX-License-Identifier: Apache-2.0
#include "control_talk.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

enum { TURNS = 1000 };

int talk_connect(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	assert_true(str_copyz(at.sun_path, sizeof at.sun_path, str_z(path)));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

void talk_send(int fd, const char *bytes)
{
	size_t n = strlen(bytes);
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

json_t *talk_receive(struct loop *l, int fd)
{
	struct buf line;
	json_t *out = NULL;
	buf_init(&line, 16 << 20);
	for (int i = 0; i < TURNS && !out; i++) {
		char c;
		ssize_t n;
		loop_turn(l, 1);
		while ((n = recv(fd, &c, 1, MSG_DONTWAIT)) == 1 && c != '\n')
			buf_ch(&line, c);
		if (n == 1)
			out = json_loadb(line.p, line.n, 0, NULL);
		else if (n == 0)
			break;
	}
	buf_fini(&line);
	return out;
}

bool talk_is_closed(struct loop *l, int fd)
{
	for (int i = 0; i < TURNS; i++) {
		char bytes[4096];
		ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
		loop_turn(l, 1);
	}
	return false;
}
