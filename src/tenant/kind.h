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
	KIND_TENANT, /* one a tenant: name, domains, country, language, ... */
	KIND_USER,   /* a person: name, extension, what happens to calls */
	KIND_DEVICE, /* something that registers: user name, password, its user */
	KIND_PROMPT,
	KIND_VARIABLE,
	KIND_LIST,     /* of numbers */
	KIND_CLASS,    /* of service: who may dial what */
	KIND_SCHEDULE,
	KIND_MAILBOX,  /* of several people */
	KIND_RING_GROUP,
	KIND_CONFERENCE,
	KIND_QUEUE,
	KIND_FLOW,
	KIND_FLOW_DRAFT, /* the next version of a flow, not live */
	KIND_FLOW_TEST,
	KIND_EXTENSION,  /* one more internal number of something */
	KIND_NUMBER,     /* a number that the outside dials */
	KIND_SPEED_DIAL,
	KIND_FEATURE_CODE,
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
	FIELD_TARGET,  /* where calls go; tenant/ref.h says how it is written and kept */
	FIELD_TARGETS, /* a list of them */
	FIELD_LINK,    /* an object of kind `ref`, by its key */
	FIELD_PARTS,   /* a list of small objects that have fields and no life of their own */
	FIELD_NODES,   /* the graph of a flow: tenant/flow.h */
	FIELD_JSON,    /* a mapping or list that others look into */
};

enum {
	FIELD_REQUIRED = 1, /* must be in the file */
	FIELD_KEY = 2,      /* names the object among those of its kind and tenant */
	FIELD_MADE = 4,     /* made by us, not by the file: the global user name */
	FIELD_READ_ONLY = 8,
	FIELD_KEPT = 16,    /* required of a new object; left out later, it stays what it was */
	FIELD_LOWER = 32,   /* kept in lower case, however it is written */
	FIELD_STAYS = 64,   /* left out of the file it stays what it was; null takes it away */
	FIELD_SPARSE = 128, /* its default is not written into bodies: field_default_*() has it */
	FIELD_DIALLED = 256, /* a number that only one object of the tenant has, of whatever kind */
	FIELD_SHORT = 512,  /* of FIELD_PARTS: `- x` stands for `- {this: x}` */
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
	enum kind_id ref;         /* FIELD_REF, FIELD_OBJECTS, FIELD_LINK */
	unsigned targets;         /* FIELD_TARGET, FIELD_TARGETS: bits by enum target_kind */
	const struct field *parts; /* FIELD_PARTS */
	size_t n_parts;
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
/** The same of any table of fields: of parts. */
const struct field *field_find(const struct field *fields, size_t n, struct str name);
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
 * and are never shown, references as texts. A missing FIELD_KEPT, FIELD_MADE or FIELD_REF is no
 * fault here, nor is null for a FIELD_STAYS. Whether what is referred to is there, see file.h.
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

/** The default of a field of that type; 0, false or STR_NONE where it has none. */
int64_t field_default_int(const struct field *f);
bool field_default_bool(const struct field *f);
struct str field_default_text(const struct field *f);
/** Is `v`, a number, word or text, what the field is by default? */
bool field_is_default(const struct field *f, const json_t *v);

/** Markdown of all kinds: doc/tenant-file.md and later the API's reference. */
void kind_put_doc(struct buf *out);
