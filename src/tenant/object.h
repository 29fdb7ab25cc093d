// SPDX-License-Identifier: Apache-2.0
/**
 * A tenant's objects as versioned rows (DESIGN rule 4), and the changes between what
 * is and what a tenant file wants.
 *
 * A row is never overwritten: a change writes the next version of the object, a removal
 * a version with `removed` set. Versions count within the tenant: each
 * commit takes the tenant's next version, and all rows of that commit carry it.
 */
#pragma once

#include "tenant/kind.h"
#include "tenant/lookup.h"

struct object {
	uint64_t id;        /* never used again; 0: not stored yet */
	uint64_t tenant;    /* id of the tenant's own object */
	enum kind_id kind;
	uint64_t version;   /* of the tenant, when this row was written */
	char *key;          /* value of the FIELD_KEY field */
	json_t *body;       /* secrets inside are sealed (tenant/seal.h), never plain */
	bool removed;
	char *who;          /* who wrote it: "cli:root", "apply", ... */
	uint64_t at_ms;     /* wall clock */
};

struct object_set {
	struct object *v;
	size_t n, cap;
	/* Of the tenant whose live rows these are; 0: the highest version among the rows. It is
	 * higher than theirs after a commit that only removed. */
	uint64_t version;
};

void object_fini(struct object *o);
void object_set_fini(struct object_set *s);
/** The set takes `o` over. */
void object_set_add(struct object_set *s, struct object o);
/** These two walk the set. */
struct object *object_set_find(const struct object_set *s, enum kind_id kind, struct str key);
struct object *object_set_by_id(const struct object_set *s, uint64_t id);

/** The live objects of a set by id; dead when the set changes. */
struct object_index {
	const struct object_set *set;
	struct lookup by_id;
};

void object_index_init(struct object_index *x, const struct object_set *set);
void object_index_fini(struct object_index *x);
/** NULL: no live object has it. */
const struct object *object_index_find(const struct object_index *x, uint64_t id);

enum change_kind { CHANGE_ADD, CHANGE_EDIT, CHANGE_REMOVE };

/**
 * In the body of a row that will be written, a reference to an object that has no id yet
 * is negative: -(index of the change that adds it + 1). change_set_resolve puts the ids in.
 */
struct change {
	enum change_kind what;
	struct object row;      /* as it will be written; id 0 for CHANGE_ADD: the store gives one */
	struct object *before;  /* borrowed from the current set; NULL for CHANGE_ADD */
};

struct change_set {
	struct change *v;
	size_t n;
	size_t cap;
	struct str tenant_name; /* for messages; belongs to the set's or the current rows */
};

void change_set_fini(struct change_set *c);
/** The set takes `change.row` over. */
void change_set_add(struct change_set *c, struct change change);
/**
 * Once all rows have their ids: put them in the place of the negative references.
 * @return 0; EINVAL: a reference to no row of the set
 */
must_check int change_set_resolve(struct change_set *c);

/**
 * One line a change: "+ user Alice (1001)", "~ device bob-desk: password", "- user Carol (1003)".
 * Values of fields are never shown.
 */
void change_set_put_text(struct buf *out, const struct change_set *c);
/**
 * The same for machines: {"tenant","changes":[{"op","kind","key","fields":[...]}]}; op is "add",
 * "edit" or "remove", fields are the names of those that an edit changes. A new reference.
 */
json_t *change_set_json(const struct change_set *c);
