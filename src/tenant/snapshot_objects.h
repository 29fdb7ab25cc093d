// SPDX-License-Identifier: Apache-2.0
/** The half of the building that concerns all objects but users and devices; for snapshot_build.c. */
#pragma once

#include "tenant/snapshot_body.h"

/** Reading stored bodies: what is missing is the default of the table. */
struct body {
	const struct kind *kind;
	const struct field *fields;
	size_t n_fields;
	const json_t *json;
	struct tenant *t; /* in whose arena texts are kept */
};

struct body body_of(struct tenant *t, const struct object *o);
int64_t body_int(const struct body *b, const char *field);
bool body_bool(const struct body *b, const char *field);
/** Kept; empty where there is none and no default. */
struct str body_text(const struct body *b, const char *field);
/** The position of its word among those allowed. */
unsigned body_word(const struct body *b, const char *field);
struct target body_target(const struct body *b, const char *field);
uint64_t body_link(const struct body *b, const char *field);
const struct target *body_targets(const struct body *b, const char *field, size_t *n);
/** A copy in the tenant's memory. */
struct str body_keep(struct tenant *t, struct str s);

struct build {
	struct tenant *t;
	const struct object_set *objects;
	const struct object *tenant_row;
	const struct seal_key *seal;
	struct buf *why;
	const struct object **rows; /* live ones, by kind and then by id */
	size_t first[KINDS + 1];    /* of each kind in `rows` */
	uint64_t now_ms;            /* from when on schedules reach */
};

/** The tenant's own fields; before the users. E_POLICY: there is no such time zone. */
must_check int build_tenant_fields(struct build *b);
/** All of the rest; after them. E_POLICY with `why`. */
must_check int build_objects(struct build *b);
/** A user's fields beyond name and devices. E_POLICY: a PIN that cannot be opened. */
void build_user(const struct build *b, const struct object *row, struct user *u);
must_check int build_pin(const struct build *b, const struct object *row, const char *field,
                         struct pin *out);
