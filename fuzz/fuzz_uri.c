// SPDX-License-Identifier: Apache-2.0
/* URIs, and header values that hold one. */
#include <stdlib.h>

#include "sip/msg.h"
#include "sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct uri *u, struct arena *a)
{
	struct addr addr;
	struct buf b;
	struct str plain = uri_unescape(a, u->user);
	(void)!uri_host_addr(u, &addr);
	if (!uri_user_eq(u->user, plain) || !uri_eq(u, u))
		abort();
	buf_init(&b, 3 * plain.n + 1);
	uri_put_user(&b, plain);
	if (!buf_ok(&b) || !uri_user_eq(buf_view(&b), plain))
		abort();
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str text = {(const char *)p, n};
	struct arena a;
	struct uri u;
	struct sip_addr addr;
	arena_init(&a, 1024);
	if (uri_parse(&u, text) == 0)
		check(&u, &a);
	if (sip_addr_parse(&addr, text) == 0 && !addr.star)
		check(&addr.uri, &a);
	arena_fini(&a);
	return 0;
}
