// SPDX-License-Identifier: Apache-2.0
/* Answers for the kinds of objects whose rows are not read yet: a tenant has none of them. */
#include "tenant/dialplan.h"
#include "tenant/list.h"
#include "tenant/schedule.h"
#include "tenant/snapshot.h"

struct str tenant_language(const struct tenant *t)
{
	(void)t;
	return STR("en");
}

struct str tenant_day_mode(const struct tenant *t)
{
	(void)t;
	return STR("day");
}

bool tenant_dial_internal(const struct tenant *t, struct str digits, struct target *out)
{
	const struct user *u = tenant_user_by_extension(t, digits);

	if (u)
		*out = (struct target){TARGET_USER, u->id, STR_NONE};
	return u;
}

struct str tenant_target_key(const struct tenant *t, const struct target *target)
{
	const struct user *u = tenant_user_by_id(t, target->id);

	return u ? u->extension : STR_NONE;
}

#define NONE(type, name) \
	type name(const struct tenant *t, uint64_t id) \
	{ \
		(void)t; \
		(void)id; \
		return NULL; \
	}

NONE(const struct ring_group *, tenant_ring_group)
NONE(const struct call_flow *, tenant_flow)
NONE(const struct schedule *, tenant_schedule)
NONE(const struct list *, tenant_list)
NONE(const struct conference *, tenant_conference)
NONE(const struct queue *, tenant_queue)
NONE(const struct voice_box *, tenant_mailbox)
NONE(const struct service_class *, tenant_class)

NONE(const struct prompt *, tenant_prompt)

struct str tenant_flow_name(const struct tenant *t, uint64_t id)
{
	(void)t;
	(void)id;
	return STR_NONE;
}

size_t tenant_flows(const struct tenant *t)
{
	(void)t;
	return 0;
}

const struct call_flow *tenant_flow_at(const struct tenant *t, size_t i, uint64_t *id)
{
	(void)t;
	(void)i;
	*id = 0;
	return NULL;
}

const struct service_class *tenant_default_class(const struct tenant *t)
{
	static const struct service_class all = {.name = {"default", 7}, .allows = 31};

	(void)t;
	return &all;
}

const struct variable *tenant_variable(const struct tenant *t, struct str name)
{
	(void)t;
	(void)name;
	return NULL;
}

bool tenant_number(const struct tenant *t, struct str e164, struct target *out)
{
	(void)t;
	(void)e164;
	(void)out;
	return false;
}

bool tenant_feature_code(const struct tenant *t, struct str digits, struct feature_code *out)
{
	(void)t;
	if (!str_eq(digits, STR("*43")))
		return false;
	*out = (struct feature_code){.feature = FEATURE_ECHO, .code = STR("*43"), .text = "the echo test"};
	return true;
}

bool tenant_feature_prefix(const struct tenant *t, struct str digits)
{
	(void)t;
	return digits.n && str_starts(STR("*43"), digits);
}

bool tenant_pin_is(const struct tenant *t, const struct pin *pin, struct str digits)
{
	(void)t;
	(void)pin;
	(void)digits;
	return false;
}

void dialplan_classify(const struct tenant *t, struct str digits, struct dialled *out)
{
	(void)t;
	*out = (struct dialled){.number = digits, .why = "no numbering of a country"};
}

const char *dial_class_name(enum dial_class c)
{
	(void)c;
	return "unknown";
}

bool dialplan_is_emergency(const struct tenant *t, struct str digits)
{
	(void)t;
	(void)digits;
	return false;
}

bool schedule_open(const struct schedule *s, uint64_t at_ms, struct schedule_view *out)
{
	(void)s;
	(void)at_ms;
	*out = (struct schedule_view){0};
	return false;
}

struct str list_find(const struct list *l, struct str number)
{
	(void)l;
	(void)number;
	return STR_NONE;
}

size_t tenant_lists(const struct tenant *t)
{
	(void)t;
	return 0;
}

const struct list *tenant_list_at(const struct tenant *t, size_t i, struct str *name)
{
	(void)t;
	(void)i;
	(void)name;
	return NULL;
}

enum list_purpose list_purpose(const struct list *l)
{
	(void)l;
	return LIST_ANY;
}
