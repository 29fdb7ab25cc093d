// SPDX-License-Identifier: Apache-2.0
/**
 * A tenant at one version, as an immutable structure built from its rows, and the
 * directory of all tenants. Both are shared between threads by reference count; a change
 * builds the next one and swaps it.
 *
 * Thread:   read on any thread without locks; ref and unref on any thread.
 * Lifetime: tenant_build -> directory_build (takes references) -> published to the shards
 *           -> unref by the last reader. Who keeps a pointer into a snapshot keeps a
 *           reference to the snapshot.
 */
#pragma once

#include "base/crypto.h"
#include "tenant/feature.h"
#include "tenant/object.h"
#include "tenant/seal.h"
#include "tenant/ref.h"

struct tenant;
struct directory;

struct user;
struct call_flow; /* tenant/flow.h */
struct schedule; /* tenant/schedule.h */
struct list;     /* tenant/list.h */
struct dialplan; /* tenant/dialplan.h */

enum { AUTH_MD5 = 1, AUTH_SHA256 = 2 }; /* algorithms offered; equal to enum digest_alg */

/** A PIN as a keyed hash; `set` is false where there is none. tenant_pin_is compares. */
struct pin {
	uint8_t hash[16];
	bool set;
};

struct device {
	uint64_t id;
	struct str username;        /* unique in the tenant */
	struct str global_username; /* unique in the installation, made by us: "acme-1001-x7k2" */
	const struct user *user;
	unsigned auth_algs;         /* AUTH_*; the device's setting, else the tenant's, else AUTH_MD5 */
	uint8_t order;              /* lower ones ring first where the user's devices ring in order */
	struct digest_ha1 ha1_domain; /* user name and the tenant's first domain as realm */
	struct digest_ha1 ha1_plain;  /* user name and the installation's realm */
	struct digest_ha1 ha1_global; /* global user name and the installation's realm */
};

struct user {
	uint64_t id;
	struct str name;       /* display name */
	struct str extension;
	const struct device *const *devices; /* by `order`, then by id */
	size_t n_devices;
	struct str language;   /* never empty: the user's, else the tenant's */
	struct str caller_id;  /* E.164 that is shown outside; empty: none */
	uint64_t class_id;     /* of service; 0: the tenant's default, which allows what it says */
	uint64_t mailbox;      /* the user's own id; 0: no voicemail */
	uint64_t spoken_name;  /* a prompt; 0: the name is spoken */
	/* What happens to calls, in the order in which it is looked at; TARGET_NONE: nothing set. */
	struct target forward_always, forward_busy, forward_no_answer, forward_unregistered;
	struct target fallback;          /* last of all, before the call is refused */
	const struct target *follow_me;  /* rung one after the other when the devices did not answer */
	size_t n_follow_me;
	uint32_t ring_ms;      /* 0: the installation's */
	bool dnd;
	bool ring_in_order;    /* devices one after the other, not all at once */
	bool screen;           /* the caller's name is asked for, the user accepts or refuses */
	bool in_directory;     /* found by dialling a name */
};

struct ring_group {
	uint64_t id;
	struct str name, extension; /* empty: none */
	enum ring_strategy strategy;
	const struct ring_member *members;
	size_t n_members;
	uint32_t ring_ms;    /* of a member, or of all at once; 0: the installation's */
	uint32_t max_ms;     /* in the group altogether; 0: until all had their turn */
	bool skip_busy;
	struct str prefix;   /* in front of the caller's name */
	uint64_t announce;   /* a prompt for the caller before it rings; 0: none */
	uint64_t class_id;   /* of calls that the group makes to the outside; 0: the tenant's default */
	struct target no_answer, none_available;
};

struct conference {
	uint64_t id;
	struct str name, extension;
	struct pin pin, moderator_pin;
	uint32_t max_members;
	bool announce;          /* who comes and goes */
	bool wait_for_moderator;
	bool record;
	uint64_t music;         /* a prompt for who waits; 0: the usual */
};

struct call_queue {
	uint64_t id;
	struct str name, extension;
	enum ring_strategy strategy;
	const struct ring_member *members;
	size_t n_members;
	uint32_t ring_ms;        /* of a member; 0: the installation's */
	uint32_t max_wait_ms;    /* 0: for ever */
	uint32_t max_callers;
	uint32_t announce_ms;    /* how often the position is said; 0: never */
	uint64_t music, greeting; /* prompts; 0: the usual, none */
	char exit_digit;         /* leaves the queue for `left`; 0: none */
	struct target timeout, full, left;
};

/** A mailbox: a user's (its id is the user's) or one of several people's. */
struct voice_box {
	uint64_t id;
	struct str name, extension;
	uint64_t user;           /* 0: shared */
	struct str language;
	struct pin pin;
	uint64_t greeting;       /* a prompt; 0: the usual words */
	uint32_t max_messages;
	uint32_t max_message_ms;
};

/** What is played in one language: a recording, else the text is spoken. */
struct prompt_text {
	struct str language;
	struct str file; /* name of a sound in the tenant's or the installation's store; may be empty */
	struct str text; /* may be empty */
};

struct prompt {
	uint64_t id;
	struct str name;
	const struct prompt_text *texts;
	size_t n_texts;
};

struct feature_code {
	enum feature feature;
	struct str code;     /* "*72" */
	struct str argument; /* what was dialled behind it, a slice of the digits asked for */
	const char *text;    /* what it does, a sentence */
};

enum { /* bits of struct service_class */
	DIAL_LOCAL_OK = 1, DIAL_NATIONAL_OK = 2, DIAL_MOBILE_OK = 4, DIAL_INTERNATIONAL_OK = 8,
	DIAL_PREMIUM_OK = 16,
};

/** A class of service. Internal numbers and emergency calls are always allowed. */
struct service_class {
	uint64_t id;
	struct str name;
	unsigned allows;   /* DIAL_*_OK */
	unsigned with_pin; /* DIAL_*_OK: allowed once the PIN was dialled */
	struct pin pin;
	uint64_t allow, block; /* lists that decide before the bits; 0: none */
};

struct variable {
	uint64_t id;
	struct str name, value;
};

/**
 * Build a tenant from its live rows.
 *
 * @param objects  of one tenant; borrowed
 * @param seal     the same for all tenants of a directory: the key of their tables is made from it
 * @param realm    the installation's (setting sip.realm)
 * @return 0 and a reference; E_POLICY: rows that do not fit together, or a password that cannot be
 *         opened (`why` has a line for each)
 */
must_check int tenant_build(const struct tenant **out, const struct object_set *objects,
                            const struct seal_key *seal, struct str realm, struct buf *why);
const struct tenant *tenant_ref(const struct tenant *t);
void tenant_unref(const struct tenant *t);

uint64_t tenant_id(const struct tenant *t);
uint64_t tenant_version(const struct tenant *t);
struct str tenant_name(const struct tenant *t);
/** Its first domain: the realm of its challenges and the host of its URIs. Never empty. */
struct str tenant_domain(const struct tenant *t);
/** AUTH_*: what is offered to whom we do not know yet. */
unsigned tenant_auth_algs(const struct tenant *t);
size_t tenant_domains(const struct tenant *t);
struct str tenant_domain_at(const struct tenant *t, size_t i);
/** Whatever the letter case, and with or without a dot at the end. */
bool tenant_has_domain(const struct tenant *t, struct str host);
/** BCP 47, "en"; never empty. */
struct str tenant_language(const struct tenant *t);
/** "Europe/Berlin"; never empty. */
struct str tenant_timezone(const struct tenant *t);
/** ISO 3166, "DE"; empty: the tenant dials in E.164 alone. */
struct str tenant_country(const struct tenant *t);
/** "day", "night", ... as it is set now; never empty. */
struct str tenant_day_mode(const struct tenant *t);

/** NULL: no such one in this tenant. */
const struct user *tenant_user_by_extension(const struct tenant *t, struct str extension);
const struct user *tenant_user_by_id(const struct tenant *t, uint64_t id);
const struct device *tenant_device_by_username(const struct tenant *t, struct str username);
const struct device *tenant_device_by_id(const struct tenant *t, uint64_t id);
size_t tenant_users(const struct tenant *t);
const struct user *tenant_user_at(const struct tenant *t, size_t i); /* in order of extension */

size_t tenant_devices(const struct tenant *t);
/** Bytes of memory that the snapshot takes. */
size_t tenant_bytes(const struct tenant *t);

/** Does an internal number of the tenant begin with these digits (and is longer)? For 484. */
bool tenant_extension_prefix(const struct tenant *t, struct str digits);

/* -- what routing asks --------------------------------------------------------------- */

/**
 * Whose internal number is it: an extension of any kind, an additional extension, a speed dial?
 * False and `*out` untouched: nobody's.
 */
bool tenant_dial_internal(const struct tenant *t, struct str digits, struct target *out);
/** Which key of the file a target has: "1001", "sales"; for traces. Empty: it is not there. */
struct str tenant_target_key(const struct tenant *t, const struct target *target);

/** NULL: no such one in this tenant. The ids are of one space: an id of another kind finds nothing. */
const struct ring_group *tenant_ring_group(const struct tenant *t, uint64_t id);
const struct call_flow *tenant_flow(const struct tenant *t, uint64_t id);
struct str tenant_flow_name(const struct tenant *t, uint64_t id);
const struct schedule *tenant_schedule(const struct tenant *t, uint64_t id);
struct str tenant_schedule_name(const struct tenant *t, uint64_t id);
const struct list *tenant_list(const struct tenant *t, uint64_t id);
struct str tenant_list_name(const struct tenant *t, uint64_t id);
/** All lists, in order of id: those to block and to allow are looked at for every call. */
size_t tenant_lists(const struct tenant *t);
const struct list *tenant_list_at(const struct tenant *t, size_t i, struct str *name);
const struct conference *tenant_conference(const struct tenant *t, uint64_t id);
const struct call_queue *tenant_queue(const struct tenant *t, uint64_t id);
const struct voice_box *tenant_mailbox(const struct tenant *t, uint64_t id);
const struct prompt *tenant_prompt(const struct tenant *t, uint64_t id);
const struct service_class *tenant_class(const struct tenant *t, uint64_t id);
/** The class of a user without one; never NULL: what is built in allows all but premium. */
const struct service_class *tenant_default_class(const struct tenant *t);
/** By name, as people write them in flows. */
const struct prompt *tenant_prompt_by_name(const struct tenant *t, struct str name);
const struct variable *tenant_variable(const struct tenant *t, struct str name);
/**
 * Is a caller from outside with this number (empty: hidden) blocked by a list of the tenant? No
 * when a list to allow has it. `list` is the name, `entry` what it is in it; both may be NULL.
 */
bool tenant_blocks(const struct tenant *t, struct str number, struct str *list, struct str *entry);
/** Seconds east of UTC in the tenant's zone at that moment. */
int32_t tenant_utc_offset_s(const struct tenant *t, uint64_t at_ms);
/** Flows in order of id, to walk them all. */
size_t tenant_flows(const struct tenant *t);
const struct call_flow *tenant_flow_at(const struct tenant *t, size_t i, uint64_t *id);

/** Where a number from outside leads (E.164 with +). False: it is not this tenant's. */
bool tenant_number(const struct tenant *t, struct str e164, struct target *out);

/**
 * The feature code that `digits` are, or begin with when it takes an argument; the tenant's own
 * come before the usual ones, longer ones before shorter ones. False: none.
 */
bool tenant_feature_code(const struct tenant *t, struct str digits, struct feature_code *out);
/** Is it the beginning of a feature code, and not yet one? For 484. */
bool tenant_feature_prefix(const struct tenant *t, struct str digits);

const struct dialplan *tenant_dialplan(const struct tenant *t);

/** In constant time. False where there is no PIN. */
bool tenant_pin_is(const struct tenant *t, const struct pin *pin, struct str digits);

/* -- all tenants --------------------------------------------------------------------- */

/**
 * All tenants. Takes a reference to each. A new one for each change is meant: the tables of the
 * tenants are merged as they are, no name is hashed again.
 *
 * @return 0 and a reference; E_POLICY: two have the same domain, name or id (`why`: a line each)
 */
must_check int directory_build(const struct directory **out, const struct tenant *const *tenants,
                               size_t n, struct buf *why);
const struct directory *directory_ref(const struct directory *d);
void directory_unref(const struct directory *d);

const struct tenant *directory_by_domain(const struct directory *d, struct str host);
const struct tenant *directory_by_id(const struct directory *d, uint64_t id);
const struct tenant *directory_by_name(const struct directory *d, struct str name);
/** The device with this global user name; sets its tenant. NULL and `*tenant` untouched: none. */
const struct device *directory_by_global_username(const struct directory *d, struct str username,
                                                  const struct tenant **tenant);
/**
 * The device with this plain user name, when exactly one tenant has it (a phone that knows only
 * an IP address); NULL when none or several have.
 */
const struct device *directory_by_plain_username(const struct directory *d, struct str username,
                                                 const struct tenant **tenant);
size_t directory_tenants(const struct directory *d);
const struct tenant *directory_tenant_at(const struct directory *d, size_t i);
