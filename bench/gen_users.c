// SPDX-License-Identifier: Apache-2.0
/* Users as bench/run's tenant files make them: 1000.. of t0000.bench, t0001.bench, ... */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"

static void hex(const uint8_t digest[MD5_BYTES], char out[32])
{
	for (size_t i = 0; i < MD5_BYTES; i++)
		put_hex(out + 2 * i, digest[i], 2);
}

static void make_user(struct user *u, uint32_t tenant, uint32_t number)
{
	u->name_n = (uint8_t)snprintf(u->name, sizeof u->name, "%u", 1000 + number);
	u->domain_n = (uint8_t)snprintf(u->domain, sizeof u->domain, "t%04u.bench", tenant);
	uint8_t digest[MD5_BYTES];
	const struct str parts[] = {
		{u->name, u->name_n}, STR(":"), {u->domain, u->domain_n}, STR(":secret-bench")};
	crypto_md5(parts, 4, digest);
	hex(digest, u->ha1);
}

struct user *users_new(const struct options *o)
{
	struct user *all = calloc(o->users, sizeof *all);
	if (!all)
		abort();
	for (uint32_t i = 0; i < o->users; i++)
		make_user(&all[i], i / o->per_tenant, i % o->per_tenant);
	return all;
}

void user_response(const struct user *u, struct str method, struct str uri, struct str nonce,
                   char out[32])
{
	uint8_t digest[MD5_BYTES];
	char ha2[32];
	const struct str request[] = {method, STR(":"), uri};
	crypto_md5(request, 3, digest);
	hex(digest, ha2);
	const struct str parts[] = {{u->ha1, 32}, STR(":"), nonce, STR(":00000001:b3nch:auth:"), {ha2, 32}};
	crypto_md5(parts, 5, digest);
	hex(digest, out);
}
