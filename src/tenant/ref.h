// SPDX-License-Identifier: Apache-2.0
/**
 * References of one object to another, as they stand in a stored body.
 *
 * A target is {"kind": "user", "id": 17} or {"kind": "external", "number": "+49301234"}, a link to
 * an object of a known kind {"id": 17}. In the tenant file they are texts: "user:1001", "main". An
 * id of an object that comes with the same commit is negative until it is written (object.h).
 * A member "id" that is a number is always such a reference, wherever in a body it stands.
 */
#pragma once

#include "tenant/object.h"
#include "tenant/target.h"

enum { /* which targets a field takes: bits by enum target_kind */
	TARGETS_ALL = (1 << TARGET_KINDS) - 2,
	TARGETS_PEOPLE = 1 << TARGET_USER | 1 << TARGET_EXTERNAL, /* what rings */
};

/**
 * A target as the file has it: "user:1001". "extension:510", or digits alone, means whatever has that
 * internal number: TARGET_NONE and the digits. E_MALFORMED
 */
must_check int target_parse(struct str text, enum target_kind *kind, struct str *key);
/** From a stored body; `number` is a slice of it. NULL and what is no target give TARGET_NONE. */
struct target target_read(const json_t *v);
/** The id of a link in a stored body; 0: none. */
uint64_t link_read(const json_t *v);

/** Gives the id that shall stand in the place of `id`. */
typedef json_int_t ref_map_fn(json_int_t id, void *arg);
/**
 * Every id that a body of kind `k` refers to, where it stands. False when one of the new ids is 0.
 */
bool refs_map(const struct kind *k, json_t *body, ref_map_fn *fn, void *arg);

/** Of which kind the objects are that a target of kind `k` can mean; KINDS for TARGET_EXTERNAL. */
enum kind_id target_object_kind(enum target_kind k);

/**
 * The value of a field as the file has it: ids become keys, everything else stays. What refers to
 * nothing becomes null. A new reference.
 */
json_t *ref_print(const struct field *f, const json_t *v, const struct object_index *objects);

/**
 * Do all references of all live objects mean an object of the right kind that is there?
 *
 * @param objects  of one tenant; rows with `removed` set help to name what is missing
 * @param why      on E_POLICY a line for each that does not, with who refers to what
 */
must_check int refs_check(const struct object_set *objects, struct buf *why);
