// SPDX-License-Identifier: Apache-2.0
/**
 * The tenant file: a JSON value (YAML is turned into one before it gets here) that says what
 * a tenant shall be. doc/tenant-file.md describes it; its shape is a contract.
 */
#pragma once

#include "base/rng.h"
#include "tenant/object.h"
#include "tenant/seal.h"

/**
 * What must change so that the tenant becomes what the file says. A second call
 * on the result gives no change: equal passwords are recognised by opening the sealed ones.
 * Changes stand in such an order that what is referred to is added before and removed after.
 * Whether another tenant has a domain already is for directory_build to say.
 *
 * @param file     borrowed; the caller wipes its passwords
 * @param current  the tenant's live objects (empty for a new tenant)
 * @param out      set on success (change_set_fini); refers to `current`
 * @param why      on E_POLICY: every fault with its place in the file, a line each
 * @return 0; E_POLICY; EIO when no random numbers are to be had
 */
must_check int tenant_file_plan(const json_t *file, const struct object_set *current,
                                const struct seal_key *seal, struct rng *rng,
                                struct change_set *out, struct buf *why);

/** The name of the tenant in a file, a slice of it; E_POLICY with `why`. */
must_check int tenant_file_name(const json_t *file, struct str *name, struct buf *why);

/**
 * The file that would make what `objects` are, without secrets ("password" is left out: applied
 * to the same tenant it changes nothing) and without what is a default. A new reference.
 */
json_t *tenant_file_print(const struct object_set *objects);
