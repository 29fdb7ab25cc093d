// SPDX-License-Identifier: Apache-2.0
/**
 * STUN messages: RFC 8489 section 5 and 14, with the attributes of ICE (RFC 8445 section 7.1).
 *
 * Bytes in, a struct out; a struct in, bytes out. No sockets, no transactions, no clock. What came
 * from the wire is borrowed from the datagram and lives as long as it does.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"

enum {
	STUN_HEADER = 20,
	STUN_ID = 12,           /* bytes of a transaction id */
	STUN_COOKIE = 0x2112a442,
	STUN_BINDING = 1,       /* the only method of ICE */
	STUN_MAX_UNKNOWN = 16,
};

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

/** Attribute types (RFC 8489 section 18.3, RFC 8445 section 16.1). Above 0x7fff: may be ignored. */
enum stun_type {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
};

struct stun_msg {
	uint16_t method;
	enum stun_class class;
	const uint8_t *id;       /* STUN_ID bytes */
	struct str username, realm, nonce, software; /* p is NULL when absent */
	struct addr mapped;      /* XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS; ADDR_NONE: neither */
	uint16_t error;          /* 300 to 699; 0: no ERROR-CODE */
	struct str reason;
	uint32_t priority;       /* 0: absent */
	bool use_candidate;
	bool controlling, controlled;
	uint64_t tie_breaker;    /* of either of them */
	bool fingerprint;        /* it has one, and it is right */
	size_t integrity_at;     /* offset of MESSAGE-INTEGRITY; 0: absent */
	/* Attributes that must be understood and are not: a request is answered 420 (section 6.3.1). */
	uint16_t unknown[STUN_MAX_UNKNOWN];
	size_t n_unknown;        /* may be more than there is room for */
	struct str bytes;
};

/**
 * Read a whole datagram. The first of several attributes of one type counts, and what stands behind
 * MESSAGE-INTEGRITY does not, but for FINGERPRINT (section 14.5).
 *
 * @return 0; E_MALFORMED: no STUN, or damaged (a wrong FINGERPRINT too). `m` is untouched then
 */
must_check int stun_parse(struct stun_msg *m, const uint8_t *p, size_t n);

/**
 * Was it made by who knows the key? That is the password itself, or MD5(user:realm:password) for
 * long-term credentials (section 9.1.1, 9.2.2). Compared in constant time.
 * @return 0; ENOENT: it has no MESSAGE-INTEGRITY; E_POLICY: it is wrong
 */
must_check int stun_check(const struct stun_msg *m, struct str key);

/* -- printing: into a buffer that is empty at stun_begin, attributes in order, then integrity, then
 * fingerprint. The length in the header is right after each call; the caller checks buf_ok. */

void stun_begin(struct buf *b, uint16_t method, enum stun_class class, const uint8_t id[STUN_ID]);
void stun_put(struct buf *b, enum stun_type type, struct str value);
void stun_put_u32(struct buf *b, enum stun_type type, uint32_t value);
void stun_put_u64(struct buf *b, enum stun_type type, uint64_t value);
/** XOR-MAPPED-ADDRESS. */
void stun_put_mapped(struct buf *b, const struct addr *a);
void stun_put_error(struct buf *b, uint16_t status, struct str reason);
void stun_put_integrity(struct buf *b, struct str key);
void stun_put_fingerprint(struct buf *b);
