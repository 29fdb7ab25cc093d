// SPDX-License-Identifier: Apache-2.0
/** Digest credentials and challenges: RFC 7616 sections 3.3 and 3.4, RFC 8760. */
#include "sip/digest.h"

#include <endian.h>
#include <errno.h>

#include "sip/build.h"
#include "sip/param.h"
#include "sip/uri.h"

enum field {
	F_USERNAME,
	F_REALM,
	F_NONCE,
	F_URI,
	F_RESPONSE,
	F_CNONCE,
	F_OPAQUE,
	F_ALGORITHM,
	F_QOP,
	F_NC,
	F_STALE,
	FIELDS
};

static const struct str names[FIELDS] = {
    [F_USERNAME] = STR("username"), [F_REALM] = STR("realm"),
    [F_NONCE] = STR("nonce"),       [F_URI] = STR("uri"),
    [F_RESPONSE] = STR("response"), [F_CNONCE] = STR("cnonce"),
    [F_OPAQUE] = STR("opaque"),     [F_ALGORITHM] = STR("algorithm"),
    [F_QOP] = STR("qop"),           [F_NC] = STR("nc"),
    [F_STALE] = STR("stale"),
};

static size_t alg_bytes(enum digest_alg alg)
{
	return alg == DIGEST_SHA256 ? SHA256_BYTES : MD5_BYTES;
}

static void put_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ch_lower(s.p[i]);
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

size_t digest_hex(enum digest_alg alg, const struct str *parts, size_t n, char out[65])
{
	uint8_t sum[DIGEST_MAX_BYTES];
	if (alg == DIGEST_SHA256)
		crypto_sha256(parts, n, sum);
	else
		crypto_md5(parts, n, sum);
	put_hex(sum, alg_bytes(alg), out);
	out[2 * alg_bytes(alg)] = '\0';
	return 2 * alg_bytes(alg);
}

/** The known parameters of a Digest header; an absent one has p == NULL. */
static int read_fields(struct str value, struct str f[FIELDS])
{
	value = str_trim(value);
	struct str scheme = STR("Digest");
	if (!str_istarts(value, scheme) || value.n == scheme.n ||
	    (value.p[scheme.n] != ' ' && value.p[scheme.n] != '\t'))
		return ENOENT;
	memset(f, 0, FIELDS * sizeof *f);
	struct str rest = str_sub(value, scheme.n, value.n), name, text;
	bool quoted;
	int err;
	while ((err = param_next(&rest, ',', &name, &text, &quoted)) == 0) {
		for (size_t i = 0; i < FIELDS; i++) {
			if (!str_ieq(name, names[i]))
				continue;
			if (f[i].p)
				return E_MALFORMED; /* two readers might choose differently */
			f[i] = text.p ? text : STR("");
			break;
		}
	}
	return err == ENOENT ? 0 : err;
}

/** MD5 when absent (RFC 7616 section 3.3). */
static int read_alg(struct str text, enum digest_alg *alg)
{
	if (!text.p || str_ieq(text, STR("MD5")))
		*alg = DIGEST_MD5;
	else if (str_ieq(text, STR("SHA-256")))
		*alg = DIGEST_SHA256;
	else
		return ENOTSUP;
	return 0;
}

static int read_nc(struct str text, uint32_t *nc)
{
	if (text.n != 8 || !is_hex(text))
		return E_MALFORMED;
	uint32_t v = 0;
	for (size_t i = 0; i < 8; i++) {
		char c = ch_lower(text.p[i]);
		v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*nc = v;
	return 0;
}

int digest_parse(struct digest_credentials *out, struct str value)
{
	struct str f[FIELDS];
	int err = read_fields(value, f);
	if (err)
		return err;
	struct digest_credentials c = {
	    .username = f[F_USERNAME],
	    .realm = f[F_REALM],
	    .nonce = f[F_NONCE],
	    .uri = f[F_URI],
	    .response = f[F_RESPONSE],
	    .cnonce = f[F_CNONCE],
	    .opaque = f[F_OPAQUE],
	    .nc_text = f[F_NC],
	};
	if (read_alg(f[F_ALGORITHM], &c.alg))
		return E_MALFORMED;
	/* Our challenges always say qop="auth": an answer without it is a replay's friend
	 * (RFC 7616 section 3.4: qop is required). */
	c.auth_qop = str_ieq(f[F_QOP], STR("auth"));
	if (!c.auth_qop || !c.username.n || !c.realm.p || !c.nonce.n || !c.uri.n || !c.cnonce.n)
		return E_MALFORMED;
	if (c.response.n != 2 * alg_bytes(c.alg) || !is_hex(c.response) ||
	    read_nc(c.nc_text, &c.nc))
		return E_MALFORMED;
	*out = c;
	return 0;
}

int digest_challenge_parse(struct digest_challenge *out, struct str value)
{
	struct str f[FIELDS];
	int err = read_fields(value, f);
	if (err)
		return err;
	struct digest_challenge c = {
	    .realm = f[F_REALM],
	    .nonce = f[F_NONCE],
	    .opaque = f[F_OPAQUE],
	    .stale = str_ieq(f[F_STALE], STR("true")),
	    .auth_qop = list_has(f[F_QOP], STR("auth")),
	};
	if (!c.realm.p || !c.nonce.n)
		return E_MALFORMED;
	if (f[F_QOP].n && !c.auth_qop)
		return ENOTSUP; /* auth-int alone */
	err = read_alg(f[F_ALGORITHM], &c.alg);
	if (err)
		return err;
	*out = c;
	return 0;
}

/** What H(A1), nonce, nc and the rest make of a request: RFC 7616 section 3.4.1. */
struct proof {
	enum digest_alg alg;
	bool auth_qop; /* false: the short form of RFC 2617 section 3.2.2.1 */
	struct str nonce, nc, cnonce, method, uri;
};

static size_t compute(const struct proof *p, const struct digest_ha1 *ha1, char out[65])
{
	struct str colon = STR(":");
	char a1[2 * DIGEST_MAX_BYTES], a2[65];
	size_t hex_len = 2 * alg_bytes(p->alg);
	put_hex(p->alg == DIGEST_SHA256 ? ha1->sha256 : ha1->md5, alg_bytes(p->alg), a1);
	const struct str parts2[] = {p->method, colon, p->uri};
	digest_hex(p->alg, parts2, 3, a2);

	struct str s1 = {a1, hex_len}, s2 = {a2, hex_len};
	const struct str with_qop[] = {s1,        colon, p->nonce,    colon, p->nc, colon,
	                               p->cnonce, colon, STR("auth"), colon, s2};
	const struct str without[] = {s1, colon, p->nonce, colon, s2};
	if (p->auth_qop)
		digest_hex(p->alg, with_qop, sizeof with_qop / sizeof *with_qop, out);
	else
		digest_hex(p->alg, without, sizeof without / sizeof *without, out);
	mem_wipe(a1, sizeof a1);
	return hex_len;
}

bool digest_verify(const struct digest_credentials *cred, const struct digest_ha1 *ha1,
                   struct str method)
{
	const struct proof p = {
	    .alg = cred->alg,
	    .auth_qop = cred->auth_qop,
	    .nonce = cred->nonce,
	    .nc = cred->nc_text,
	    .cnonce = cred->cnonce,
	    .method = method,
	    .uri = cred->uri,
	};
	char want[65], got[65];
	size_t n = compute(&p, ha1, want);
	if (cred->response.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		got[i] = ch_lower(cred->response.p[i]); /* LHEX, but some write capitals */
	bool same = mem_eq_const(want, got, n);
	mem_wipe(want, sizeof want);
	return same;
}

bool digest_uri_matches(struct str cred_uri, struct str request_uri)
{
	if (str_eq(cred_uri, request_uri))
		return true;
	struct uri a, b;
	if (uri_parse(&a, cred_uri) || uri_parse(&b, request_uri))
		return false;
	if (a.scheme != URI_OTHER && !a.user.n && a.scheme == b.scheme)
		return true; /* the server as a whole, by whatever name: sipp and some gateways */
	/* Parameters may differ: phones leave ;transport= and the like out of one of the two. */
	return a.scheme == b.scheme && a.scheme != URI_OTHER && a.port == b.port &&
	       str_eq(a.user, b.user) && str_ieq(a.host, b.host);
}

void digest_put_challenge(struct buf *out, enum digest_alg alg, struct str realm, struct str nonce,
                          bool stale)
{
	buf_lit(out, "Digest realm=");
	sip_put_quoted(out, realm);
	buf_lit(out, ", nonce=\"");
	buf_str(out, nonce);
	buf_lit(out, "\", ");
	if (alg == DIGEST_SHA256)
		buf_lit(out, "algorithm=SHA-256, ");
	buf_lit(out, "qop=\"auth\"");
	if (stale)
		buf_lit(out, ", stale=true");
}

static void put_param(struct buf *out, const char *name, struct str inside)
{
	buf_printf(out, ", %s=\"" STR_FMT "\"", name, STR_ARG(inside));
}

int digest_answer(struct buf *out, const struct digest_challenge *ch, struct str user,
                  const struct digest_ha1 *ha1, struct str method, struct str uri,
                  struct str cnonce, uint32_t nc)
{
	if (ch->alg != DIGEST_MD5 && ch->alg != DIGEST_SHA256)
		return ENOTSUP;
	char nc_text[9], hex[65];
	struct buf nb;
	buf_init_fixed(&nb, nc_text, sizeof nc_text);
	const uint32_t nc_bytes = htobe32(nc);
	buf_hex(&nb, &nc_bytes, sizeof nc_bytes);
	const struct proof p = {
	    .alg = ch->alg,
	    .auth_qop = ch->auth_qop,
	    .nonce = ch->nonce,
	    .nc = {nc_text, 8},
	    .cnonce = cnonce,
	    .method = method,
	    .uri = uri,
	};
	size_t n = compute(&p, ha1, hex);

	buf_lit(out, "Digest username=");
	sip_put_quoted(out, user);
	put_param(out, "realm", ch->realm); /* as it came: the escapes were kept */
	put_param(out, "nonce", ch->nonce);
	put_param(out, "uri", uri);
	put_param(out, "response", (struct str){hex, n});
	if (ch->alg == DIGEST_SHA256)
		buf_lit(out, ", algorithm=SHA-256");
	if (ch->auth_qop) {
		put_param(out, "cnonce", cnonce);
		buf_printf(out, ", nc=%.8s, qop=auth", nc_text);
	}
	if (ch->opaque.p)
		put_param(out, "opaque", ch->opaque);
	return 0;
}
