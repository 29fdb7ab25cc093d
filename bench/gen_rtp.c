// SPDX-License-Identifier: Apache-2.0
/* A few packets of a call's media: does the relay pass them, and what does it cost beside the call? */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtp/rtp.h"

enum { PACKET = 172, ROOM_BYTES = 4096, NO_PORT = 0 };

static int *sockets; /* of the users, bound to what their descriptions say */

uint16_t rtp_user_port(uint32_t user)
{
	return (uint16_t)(10000 + user % 50000);
}

void rtp_open(const struct gen *g)
{
	sockets = calloc(g->o.users, sizeof *sockets);
	if (!sockets)
		abort();
	for (uint32_t i = 0; i < g->o.users; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = ROOM_BYTES;
		struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(rtp_user_port(i)),
		                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0) {
			perror("sipgen: rtp");
			exit(1);
		}
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
		sockets[i] = fd;
	}
}

uint16_t rtp_port_in(struct str message)
{
	const char *m = memmem(message.p, message.n, "\nm=audio ", 9);
	if (!m)
		return NO_PORT;
	m += 9;
	return (uint16_t)get_dec((struct str){m, message.n - (size_t)(m - message.p)});
}

void rtp_send(struct gen *g, uint32_t user, uint16_t to)
{
	uint8_t p[PACKET] = {0};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (uint32_t i = 0; to != NO_PORT && i < g->o.rtp; i++) {
		struct rtp_header h = {.pt = 8, .seq = (uint16_t)i, .timestamp = 160 * i, .ssrc = user};
		rtp_put(p, &h);
		sendto(sockets[user], p, sizeof p, 0, (struct sockaddr *)&at, sizeof at);
	}
	if (g->stats.counting)
		g->stats.rtp_sent += g->o.rtp;
}

void rtp_count(struct gen *g, uint32_t user)
{
	uint8_t p[PACKET + 1];
	while (recv(sockets[user], p, sizeof p, 0) == PACKET)
		g->stats.rtp_heard += g->stats.counting;
}
