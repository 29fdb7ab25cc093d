// SPDX-License-Identifier: Apache-2.0
/**
 * The kinds of a tenant's objects, as tables: each field stands once, with its type,
 * limits, default and sentence. Validation, printing, `tandem get`, the document
 * of the tenant file and later the API come from these tables (DESIGN rule 5).
 *
 * Object bodies are JSON objects (jansson). Everything here is pure.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum kind_id {
	KIND_TENANT, /* one a tenant: name, domains, limits, digest algorithms */
	KIND_USER,   /* a person: name, extension */
	KIND_DEVICE, /* something that registers: user name, password, its user */
	KINDS
};

enum field_type { FIELD_STRING, FIELD_INT, FIELD_BOOL, FIELD_ENUM, FIELD_LIST, FIELD_SECRET, FIELD_REF };

enum {
	FIELD_REQUIRED = 1, /* must be in the file */
	FIELD_KEY = 2,      /* names the object among those of its kind and tenant */
	FIELD_MADE = 4,     /* made by us, not by the file: the global user name */
	FIELD_READ_ONLY = 8,
};

struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	int64_t min, max;         /* of a number; of a text's or list's length */
	const char *fallback;     /* default, as JSON text; NULL: none */
	const char *const *allowed; /* FIELD_ENUM and lists of words: NULL-ended */
	int (*check)(struct str value); /* more than length: an extension, a domain; may be NULL */
	enum kind_id ref;         /* FIELD_REF */
	const char *text;         /* one sentence */
};

struct kind {
	enum kind_id id;
	const char *name;   /* "user" */
	const char *plural; /* "users": its list in the file */
	const struct field *fields;
	size_t n_fields;
	const char *text;
};

const struct kind *kind_get(enum kind_id id);
/** By name or plural; ENOENT. */
must_check int kind_find(struct str name, enum kind_id *out);
const struct field *kind_field(const struct kind *k, struct str name);

/**
 * Is `body` right for its kind? Unknown fields, wrong types, lengths, characters. On
 * E_POLICY `why` says where and what, e.g. `users[2].extension: "12x" is no extension (digits, * and #)`.
 * `where` is the path to print in front.
 */
must_check int kind_check(const struct kind *k, const json_t *body, const char *where,
                          struct buf *why);

/** Add what the file left out and has a default. */
void kind_fill(const struct kind *k, json_t *body);

/** Markdown of all kinds: doc/tenant-file.md and later the API's reference. */
void kind_put_doc(struct buf *out);
