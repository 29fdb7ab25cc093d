// SPDX-License-Identifier: Apache-2.0
#include "tenant/seal.h"

#include <errno.h>
#include <sodium.h>

#define VERSION "v1:"

enum {
	NONCE = crypto_secretbox_NONCEBYTES,
	BOX_MAX = NONCE + crypto_secretbox_MACBYTES + SEAL_MAX_PLAIN,
	VARIANT = sodium_base64_VARIANT_ORIGINAL,
	TEXT_MAX = sodium_base64_ENCODED_LEN(BOX_MAX, VARIANT), /* with its NUL */
};

_Static_assert(crypto_secretbox_KEYBYTES == sizeof(((struct seal_key *)0)->key), "libsodium");

int seal_put(struct buf *out, const struct seal_key *k, struct str plain)
{
	unsigned char box[BOX_MAX];
	char text[TEXT_MAX];

	if (plain.n > SEAL_MAX_PLAIN)
		return E_LIMIT;
	if (sodium_init() < 0) /* does nothing after the first call */
		return EIO;
	randombytes_buf(box, NONCE);
	crypto_secretbox_easy(box + NONCE, (const unsigned char *)plain.p, plain.n, box, k->key);
	sodium_bin2base64(text, sizeof text, box, NONCE + crypto_secretbox_MACBYTES + plain.n,
	                  VARIANT);
	buf_lit(out, VERSION);
	buf_str(out, str_z(text));
	return 0;
}

int seal_open(const struct seal_key *k, struct str sealed, struct buf *out)
{
	unsigned char box[BOX_MAX], plain[SEAL_MAX_PLAIN];
	const char *end;
	size_t n;

	if (sodium_init() < 0) /* without it the slow implementations are used */
		return EIO;
	if (!str_starts(sealed, STR(VERSION)))
		return E_MALFORMED;
	sealed = str_sub(sealed, sizeof VERSION - 1, sealed.n);
	if (sodium_base642bin(box, sizeof box, sealed.p, sealed.n, NULL, &n, &end, VARIANT) != 0 ||
	    end != sealed.p + sealed.n || n < NONCE + crypto_secretbox_MACBYTES)
		return E_MALFORMED;
	n -= NONCE;
	if (crypto_secretbox_open_easy(plain, box + NONCE, n, box, k->key) != 0)
		return E_POLICY;
	buf_add(out, plain, n - crypto_secretbox_MACBYTES);
	mem_wipe(plain, n - crypto_secretbox_MACBYTES);
	return buf_ok(out) ? 0 : E_LIMIT;
}
