// SPDX-License-Identifier: Apache-2.0
/** An IPv4 or IPv6 address with a port, as a plain value that can be stored. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };

struct addr {
	uint8_t family; /* enum addr_family */
	uint8_t pad;
	uint16_t port;   /* host byte order */
	uint8_t ip[16];  /* network byte order; 4 bytes used for IPv4, the rest zero */
};

_Static_assert(sizeof(struct addr) == 20, "stored and hashed as bytes");

/** "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; port 0. IPv4-mapped becomes IPv4. */
must_check int addr_parse_ip(struct addr *a, struct str s);
/** The same with ":port" behind it; IPv6 must be in brackets then. */
must_check int addr_parse(struct addr *a, struct str s);

bool addr_eq(const struct addr *a, const struct addr *b);    /* address and port */
bool addr_eq_ip(const struct addr *a, const struct addr *b); /* address alone */
bool addr_is_any(const struct addr *a);                      /* 0.0.0.0 or :: */
bool addr_is_loopback(const struct addr *a);
/** Not reachable from elsewhere: RFC 1918, 6598, 3927, 4193, link local, loopback. */
bool addr_is_private(const struct addr *a);
bool addr_is_multicast(const struct addr *a); /* with IPv4 broadcast */

/** IPv6 in brackets only where `brackets`; without port. "-" for ADDR_NONE. */
void addr_put_ip(struct buf *b, const struct addr *a, bool brackets);
/** "192.0.2.1:5060", "[2001:db8::1]:5060". */
void addr_put(struct buf *b, const struct addr *a);

/** Text for logs; returns `out`, NUL terminated. */
enum { ADDR_TEXT = 64 };
const char *addr_text(const struct addr *a, char out[ADDR_TEXT]);

/** IPv4-mapped becomes IPv4; other families become ADDR_NONE. */
void addr_from_sockaddr(struct addr *a, const struct sockaddr *sa);
/** Returns the length to hand to the kernel. ADDR_NONE becomes 0.0.0.0. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);
/** The same for a socket of AF_INET6: an IPv4 address becomes IPv4-mapped. */
socklen_t addr_to_sockaddr6(const struct addr *a, struct sockaddr_storage *ss);
