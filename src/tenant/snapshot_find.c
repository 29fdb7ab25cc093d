// SPDX-License-Identifier: Apache-2.0
/* Finding the objects of a snapshot: searches in sorted arrays. */
#include <stdlib.h>

#include "tenant/snapshot_body.h"

/* All elements begin with their id. */
static const void *find_id(const void *v, size_t n, size_t size, uint64_t id)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *at = (const char *)v + middle * size;
		uint64_t found;

		memcpy(&found, at, sizeof found);
		if (found == id)
			return at;
		if (found < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

#define FIND(array, id) find_id((array).v, (array).n, sizeof *(array).v, id)

const struct ring_group *tenant_ring_group(const struct tenant *t, uint64_t id)
{
	return FIND(t->ring_groups, id);
}

const struct conference *tenant_conference(const struct tenant *t, uint64_t id)
{
	return FIND(t->conferences, id);
}

const struct call_queue *tenant_queue(const struct tenant *t, uint64_t id)
{
	return FIND(t->queues, id);
}

const struct voice_box *tenant_mailbox(const struct tenant *t, uint64_t id)
{
	return FIND(t->mailboxes, id);
}

const struct prompt *tenant_prompt(const struct tenant *t, uint64_t id)
{
	return FIND(t->prompts, id);
}

const struct service_class *tenant_class(const struct tenant *t, uint64_t id)
{
	return FIND(t->classes, id);
}

const struct service_class *tenant_default_class(const struct tenant *t)
{
	return t->default_class;
}

const struct call_flow *tenant_flow(const struct tenant *t, uint64_t id)
{
	const struct flow_entry *f = FIND(t->flows, id);

	return f ? f->flow : NULL;
}

struct str tenant_flow_name(const struct tenant *t, uint64_t id)
{
	const struct flow_entry *f = FIND(t->flows, id);

	return f ? f->name : STR_NONE;
}

size_t tenant_flows(const struct tenant *t)
{
	return t->flows.n;
}

const struct call_flow *tenant_flow_at(const struct tenant *t, size_t i, uint64_t *id)
{
	*id = t->flows.v[i].id;
	return t->flows.v[i].flow;
}

const struct schedule *tenant_schedule(const struct tenant *t, uint64_t id)
{
	const struct schedule_entry *s = FIND(t->schedules, id);

	return s ? s->schedule : NULL;
}

struct str tenant_schedule_name(const struct tenant *t, uint64_t id)
{
	const struct schedule_entry *s = FIND(t->schedules, id);

	return s ? s->name : STR_NONE;
}

const struct list *tenant_list(const struct tenant *t, uint64_t id)
{
	const struct list_entry *l = FIND(t->lists, id);

	return l ? l->list : NULL;
}

struct str tenant_list_name(const struct tenant *t, uint64_t id)
{
	const struct list_entry *l = FIND(t->lists, id);

	return l ? l->name : STR_NONE;
}

static struct str find_listed(const struct tenant *t, enum list_purpose purpose, struct str number,
                              struct str *list)
{
	for (size_t i = 0; i < t->lists.n; i++) {
		struct str entry = list_purpose(t->lists.v[i].list) == purpose
		                           ? list_find(t->lists.v[i].list, number) : STR_NONE;

		if (entry.p) {
			*list = t->lists.v[i].name;
			return entry;
		}
	}
	return STR_NONE;
}

bool tenant_blocks(const struct tenant *t, struct str number, struct str *list, struct str *entry)
{
	struct str allowing, blocking;
	struct str found = find_listed(t, LIST_BLOCK, number, &blocking);

	if (!found.p || find_listed(t, LIST_ALLOW, number, &allowing).p)
		return false;
	if (list)
		*list = blocking;
	if (entry)
		*entry = found;
	return true;
}

int32_t tenant_utc_offset_s(const struct tenant *t, uint64_t at_ms)
{
	return zone_offset(&t->zone, (int64_t)(at_ms / 1000));
}

size_t tenant_lists(const struct tenant *t)
{
	return t->lists.n;
}

const struct list *tenant_list_at(const struct tenant *t, size_t i, struct str *name)
{
	*name = t->lists.v[i].name;
	return t->lists.v[i].list;
}

/* The first element whose text is not below `s`; elements are sorted by a text at `offset`. */
static size_t lower_bound(const void *v, size_t n, size_t size, size_t offset, struct str s)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct str at;

		memcpy(&at, (const char *)v + middle * size + offset, sizeof at);
		if (str_cmp(at, s) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define LOWER_BOUND(array, member, s)                                                              \
	lower_bound((array).v, (array).n, sizeof *(array).v,                                       \
	            (size_t)((const char *)&(array).v->member - (const char *)(array).v), s)

const struct variable *tenant_variable(const struct tenant *t, struct str name)
{
	size_t at = t->variables.n ? LOWER_BOUND(t->variables, name, name) : 0;

	return at < t->variables.n && str_eq(t->variables.v[at].name, name) ? &t->variables.v[at]
	                                                                    : NULL;
}

const struct prompt *tenant_prompt_by_name(const struct tenant *t, struct str name)
{
	size_t low = 0, high = t->prompts.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(t->prompts_by_name[middle]->name, name);

		if (order == 0)
			return t->prompts_by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool tenant_number(const struct tenant *t, struct str e164, struct target *out)
{
	size_t at = t->numbers.n ? LOWER_BOUND(t->numbers, e164, e164) : 0;

	if (at == t->numbers.n || !str_eq(t->numbers.v[at].e164, e164))
		return false;
	*out = t->numbers.v[at].target;
	return true;
}

bool tenant_dial_internal(const struct tenant *t, struct str digits, struct target *out)
{
	const struct user *u = tenant_user_by_extension(t, digits);
	size_t at;

	if (u) {
		*out = (struct target){.kind = TARGET_USER, .id = u->id};
		return true;
	}
	at = t->dialled.n ? LOWER_BOUND(t->dialled, digits, digits) : 0;
	if (at == t->dialled.n || !str_eq(t->dialled.v[at].digits, digits))
		return false;
	*out = t->dialled.v[at].target;
	return true;
}

/* Numbers that begin with `digits` stand together, right behind `digits` itself. */
static bool dialled_prefix(const struct tenant *t, struct str digits)
{
	size_t at = t->dialled.n ? LOWER_BOUND(t->dialled, digits, digits) : 0;

	if (at < t->dialled.n && str_eq(t->dialled.v[at].digits, digits))
		at++;
	return at < t->dialled.n && str_starts(t->dialled.v[at].digits, digits);
}

bool tenant_extension_prefix(const struct tenant *t, struct str digits)
{
	size_t low = 0, high = t->n_users;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(t->users[middle].extension, digits) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < t->n_users && str_starts(t->users[low].extension, digits)) ||
	       dialled_prefix(t, digits);
}

/* -- feature codes ------------------------------------------------------------------- */

static bool argument_fits(enum feature f, struct str argument)
{
	switch (feature_info(f)->argument) {
	case ARGUMENT_NONE:
		return !argument.n;
	case ARGUMENT_MAYBE:
		return true;
	case ARGUMENT_NEEDED:
		return argument.n > 0;
	}
	return false;
}

bool tenant_feature_code(const struct tenant *t, struct str digits, struct feature_code *out)
{
	enum { CODE_MAX = 8 };

	if (!digits.n || (digits.p[0] != '*' && digits.p[0] != '#'))
		return false;
	for (size_t n = digits.n < CODE_MAX ? digits.n : CODE_MAX; n > 0; n--) {
		struct str code = str_sub(digits, 0, n), rest = str_sub(digits, n, digits.n);
		size_t at = LOWER_BOUND(t->codes, code, code);
		const struct code_entry *e = &t->codes.v[at];

		if (at == t->codes.n || !str_eq(e->code, code) || e->feature == FEATURE_NONE ||
		    !argument_fits(e->feature, rest))
			continue;
		*out = (struct feature_code){e->feature, e->code, rest,
		                             feature_info(e->feature)->text};
		return true;
	}
	return false;
}

bool tenant_feature_prefix(const struct tenant *t, struct str digits)
{
	size_t at = LOWER_BOUND(t->codes, code, digits);

	for (; at < t->codes.n && str_starts(t->codes.v[at].code, digits); at++) {
		if (t->codes.v[at].feature != FEATURE_NONE)
			return true;
	}
	return false;
}

/* -- targets ------------------------------------------------------------------------- */

struct str tenant_target_key(const struct tenant *t, const struct target *target)
{
	switch (target->kind) {
	case TARGET_USER: {
		const struct user *u = tenant_user_by_id(t, target->id);
		return u ? u->extension : STR_NONE;
	}
	case TARGET_RING_GROUP: {
		const struct ring_group *g = tenant_ring_group(t, target->id);
		return g ? g->name : STR_NONE;
	}
	case TARGET_FLOW:
		return tenant_flow_name(t, target->id);
	case TARGET_CONFERENCE: {
		const struct conference *c = tenant_conference(t, target->id);
		return c ? c->name : STR_NONE;
	}
	case TARGET_QUEUE: {
		const struct call_queue *q = tenant_queue(t, target->id);
		return q ? q->name : STR_NONE;
	}
	case TARGET_MAILBOX: {
		const struct voice_box *m = tenant_mailbox(t, target->id);
		return !m ? STR_NONE : m->user ? m->extension : m->name;
	}
	case TARGET_EXTERNAL:
		return target->number;
	case TARGET_NONE:
	case TARGET_KINDS:
		break;
	}
	return STR_NONE;
}

bool tenant_pin_is(const struct tenant *t, const struct pin *pin, struct str digits)
{
	struct pin given = {0};

	pin_make(&given, t->pin_key, digits);
	return mem_eq_const(given.hash, pin->hash, sizeof given.hash) && pin->set;
}

struct str tenant_language(const struct tenant *t)
{
	return t->language;
}

struct str tenant_timezone(const struct tenant *t)
{
	return t->timezone;
}

struct str tenant_country(const struct tenant *t)
{
	return t->country;
}

struct str tenant_day_mode(const struct tenant *t)
{
	return t->day_mode;
}

const struct dialplan *tenant_dialplan(const struct tenant *t)
{
	return t->dialplan;
}
