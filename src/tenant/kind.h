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

enum field_type {
	FIELD_STRING,
	FIELD_INT,
	FIELD_BOOL,
	FIELD_ENUM,
	FIELD_LIST,    /* of texts */
	FIELD_SECRET,
	FIELD_REF,     /* in a body the id of another object; in the file, where this one stands */
	FIELD_OBJECTS, /* only in the file: the objects of kind `ref` that belong to this one */
};

enum {
	FIELD_REQUIRED = 1, /* must be in the file */
	FIELD_KEY = 2,      /* names the object among those of its kind and tenant */
	FIELD_MADE = 4,     /* made by us, not by the file: the global user name */
	FIELD_READ_ONLY = 8,
	FIELD_KEPT = 16,    /* required of a new object; left out later, it stays what it was */
	FIELD_LOWER = 32,   /* kept in lower case, however it is written */
};

struct field {
	const char *name;
	const char *in_file;      /* its name in the tenant file, where that is another; or NULL */
	enum field_type type;
	unsigned flags;
	int64_t min, max;         /* of a number; of a text's (characters) or list's length */
	const char *fallback;     /* default, as JSON text; NULL: none */
	const char *const *allowed; /* FIELD_ENUM and lists of words: NULL-ended */
	int (*check)(struct str value); /* more than length: an extension, a domain; may be NULL */
	const char *rule;         /* what `check` wants, as a noun: "an extension (1 to 15 digits)" */
	enum kind_id ref;         /* FIELD_REF, FIELD_OBJECTS */
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
/** Its FIELD_KEY field; every kind has one. */
const struct field *kind_key(const struct kind *k);

/** The name that people write and read: in the file. */
static inline const char *field_file_name(const struct field *f)
{
	return f->in_file ? f->in_file : f->name;
}

/**
 * Is `body` right for its kind? Unknown fields, wrong types, lengths, characters. On
 * E_POLICY `why` has a line for each fault with its place and what is wrong, e.g.
 * `users[2].extension: "12x" is not an extension (1 to 15 digits)`. Secrets are expected plain
 * and are never shown. A missing FIELD_KEPT, FIELD_MADE or FIELD_REF is no fault here.
 * `where` is the path to print in front; "" for the tenant itself.
 */
must_check int kind_check(const struct kind *k, const json_t *body, const char *where,
                          struct buf *why);

/** Start a line of `why`: `where`.`field`, either may be "". */
void kind_put_place(struct buf *why, const char *where, const char *field);
/** A value in quotes for a message: control characters escaped, long ones cut. */
void kind_put_quoted(struct buf *why, struct str value);

/** Add what the file left out and has a default. */
void kind_fill(const struct kind *k, json_t *body);

/** Markdown of all kinds: doc/tenant-file.md and later the API's reference. */
void kind_put_doc(struct buf *out);
