// SPDX-License-Identifier: Apache-2.0
/** The first half of tenant_file_plan: from a file to checked bodies, or to all of its faults. */
#pragma once

#include "base/hash.h"
#include "tenant/object.h"

enum { FILE_PLACE = 96 };

/** An object of the file. */
struct file_entry {
	enum kind_id kind;
	size_t parent;          /* entry under which it stands; the tenant's own: 0 */
	size_t ordinal;         /* position in the parent's list */
	json_t *body;           /* owned; secrets plain */
	struct object *current; /* set by the plan: what it is now, or NULL */
	size_t change;          /* set by the plan: index of its CHANGE_ADD + 1, or 0 */
};

/** In the order of the file: the tenant, its first user, that one's devices, the second user ... */
struct file_tree {
	struct file_entry *v;
	size_t n, cap;
	bool left_out[KINDS]; /* a FIELD_STAYS list that is not in the file: its objects stay */
};

/**
 * @param key  of the table in which double keys are found
 * @param out  to be freed with file_tree_fini, on errors too
 * @return 0; E_POLICY
 */
must_check int file_read(struct file_tree *out, const json_t *file, const struct hash_key *key,
                         struct buf *why);
void file_tree_fini(struct file_tree *t);

/**
 * A value of the file as it will be kept: a new reference, or NULL when it is the default and so
 * is not kept at all. What is of the wrong type stays as it is, for kind_check.
 */
json_t *file_normal(const struct field *f, json_t *v);

/**
 * Put ids in the place of the names that bodies refer to. `e->current` and `e->change` are set.
 * @return 0; E_POLICY: there is no such object in the file (`why`: a line each)
 */
must_check int file_resolve(const struct file_tree *t, const struct hash_key *key,
                            const struct object_set *current, struct buf *why);

/** "users[2].devices[0]", "" for the tenant. */
const char *file_place(const struct file_tree *t, const struct file_entry *e, char out[FILE_PLACE]);

/**
 * Wipe the text of a password that only we hold: one that was written as a number. The others are
 * the file's own texts, which its owner wipes.
 */
void file_wipe_own(json_t *secret);

/** The value of the key field. */
struct str file_entry_key(const struct file_entry *e);
