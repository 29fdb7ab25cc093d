// SPDX-License-Identifier: Apache-2.0
/*
 * A tenant that is put together by hand, for tests of the engine alone: it answers what the engine
 * asks of a snapshot. Included by the test, the fuzz target and the bench that use it.
 * Users are 1000 + i with extension "1000" + i; groups 2000, flows 3000, conferences 4000, queues
 * 5000, lists 9000 and so on, each + i. Everybody has a mailbox unless told.
 */
#include <stdio.h>
#include <stdlib.h>

#include "route/route.h"
#include "tenant/dialplan.h"
#include "tenant/list.h"
#include "tenant/schedule.h"

enum { USER0 = 100000, GROUP0 = 2000, FLOW0 = 3000, CONFERENCE0 = 4000, QUEUE0 = 5000, PROMPT0 = 7000,
       SCHEDULE0 = 8000, LIST0 = 9000, FAKE_FLOWS = 8, FAKE_GROUPS = 4, FAKE_MEMBERS = 8 };

struct tenant {
	struct user *users;
	char (*extensions)[8];
	struct voice_box *boxes;
	size_t n_users;
	struct ring_group groups[FAKE_GROUPS];
	struct ring_member members[FAKE_GROUPS][FAKE_MEMBERS];
	struct call_flow *flows[FAKE_FLOWS];
	struct call_queue queue;
	struct conference conference;
	struct prompt prompt;
	struct variable variable;
	struct service_class class;
	bool blocks; /* list 0 is a block list */
};

static struct tenant *fake_tenant(size_t users)
{
	static struct prompt_text hello = {.language = {"en", 2}, .text = {"hello", 5}};
	struct tenant *t = calloc(1, sizeof *t);

	t->users = calloc(users, sizeof *t->users);
	t->extensions = calloc(users, sizeof *t->extensions);
	t->boxes = calloc(users, sizeof *t->boxes);
	t->n_users = users;
	for (size_t i = 0; i < users; i++) {
		struct user *u = &t->users[i];

		snprintf(t->extensions[i], sizeof t->extensions[i], "%zu", 1000 + i);
		*u = (struct user){.id = USER0 + i, .name = i % 2 ? STR("Anna Berg") : STR("Bob M\xc3\xbcller"),
		                   .extension = str_z(t->extensions[i]), .language = STR("en"),
		                   .mailbox = USER0 + i, .in_directory = true};
		t->boxes[i] = (struct voice_box){.id = u->id, .user = u->id, .name = u->name,
		                                 .max_message_ms = 60000};
	}
	for (size_t g = 0; g < FAKE_GROUPS; g++) {
		for (size_t i = 0; i < FAKE_MEMBERS; i++)
			t->members[g][i] = (struct ring_member){
				.target = {TARGET_USER, USER0 + (g + i) % users, STR_NONE},
				.weight = (uint16_t)(1 + i), .tier = (uint16_t)(1 + i / 3)};
		t->groups[g] = (struct ring_group){.id = GROUP0 + g, .name = STR("group"),
		                                   .members = t->members[g], .n_members = 3 + g};
	}
	t->queue = (struct call_queue){.id = QUEUE0, .name = STR("support"), .members = t->members[0],
	                          .n_members = 3};
	t->conference = (struct conference){.id = CONFERENCE0, .name = STR("meet")};
	t->prompt = (struct prompt){.id = PROMPT0, .name = STR("hello"), .texts = &hello, .n_texts = 1};
	t->variable = (struct variable){.name = STR("company"), .value = STR("Acme")};
	t->class = (struct service_class){.name = STR("all"), .allows = 31};
	return t;
}

static void fake_free(struct tenant *t)
{
	for (size_t i = 0; i < FAKE_FLOWS; i++)
		flow_free(t->flows[i]);
	free(t->users);
	free(t->extensions);
	free(t->boxes);
	free(t);
}

/* -- what the engine asks ------------------------------------------------------------ */

#define AT(array, base, n) (id >= (base) && id < (base) + (n) ? &(array)[id - (base)] : NULL)

const struct user *tenant_user_by_id(const struct tenant *t, uint64_t id)
{
	return AT(t->users, USER0, t->n_users);
}

static bool number_of(struct str digits, uint64_t *out)
{
	return digits.n < 8 && str_u64(digits, out) == 0;
}

const struct user *tenant_user_by_extension(const struct tenant *t, struct str extension)
{
	uint64_t n;

	return number_of(extension, &n) && n >= 1000 && n < 1000 + t->n_users ? &t->users[n - 1000] : NULL;
}

const struct ring_group *tenant_ring_group(const struct tenant *t, uint64_t id)
{
	return AT(t->groups, GROUP0, FAKE_GROUPS);
}

const struct call_flow *tenant_flow(const struct tenant *t, uint64_t id)
{
	return id >= FLOW0 && id < FLOW0 + FAKE_FLOWS ? t->flows[id - FLOW0] : NULL;
}

const struct voice_box *tenant_mailbox(const struct tenant *t, uint64_t id)
{
	return AT(t->boxes, USER0, t->n_users);
}

const struct call_queue *tenant_queue(const struct tenant *t, uint64_t id)
{
	return id == QUEUE0 ? &t->queue : NULL;
}

const struct conference *tenant_conference(const struct tenant *t, uint64_t id)
{
	return id == CONFERENCE0 ? &t->conference : NULL;
}

const struct prompt *tenant_prompt(const struct tenant *t, uint64_t id)
{
	return id == PROMPT0 ? &t->prompt : NULL;
}

const struct schedule *tenant_schedule(const struct tenant *t, uint64_t id)
{
	(void)t;
	return id == SCHEDULE0 ? (const struct schedule *)(uintptr_t)id : NULL;
}

const struct list *tenant_list(const struct tenant *t, uint64_t id)
{
	(void)t;
	return id == LIST0 ? (const struct list *)(uintptr_t)id : NULL;
}

size_t tenant_lists(const struct tenant *t)
{
	return t->blocks;
}

const struct list *tenant_list_at(const struct tenant *t, size_t i, struct str *name)
{
	*name = STR("unwanted");
	return tenant_list(t, LIST0 + i);
}

enum list_purpose list_purpose(const struct list *l)
{
	(void)l;
	return LIST_BLOCK;
}

/* Numbers that end in 7. */
struct str list_find(const struct list *l, struct str number)
{
	(void)l;
	return number.n && number.p[number.n - 1] == '7' ? STR("*7") : STR_NONE;
}

/* Open in even hours. */
bool schedule_open(const struct schedule *s, uint64_t at_ms, struct schedule_view *out)
{
	(void)s;
	*out = (struct schedule_view){.open = at_ms / 3600000 % 2 == 0, .rank = "hours", .rule = STR("even")};
	return out->open;
}

/* 500 + i are flows, 510 + i groups, 600 the conference, 700 the queue. */
bool tenant_dial_internal(const struct tenant *t, struct str digits, struct target *out)
{
	const struct user *u = tenant_user_by_extension(t, digits);
	uint64_t n;

	if (u)
		*out = (struct target){TARGET_USER, u->id, STR_NONE};
	else if (!number_of(digits, &n))
		return false;
	else if (n >= 500 && n < 500 + FAKE_FLOWS && t->flows[n - 500])
		*out = (struct target){TARGET_FLOW, FLOW0 + n - 500, STR_NONE};
	else if (n >= 510 && n < 510 + FAKE_GROUPS)
		*out = (struct target){TARGET_RING_GROUP, GROUP0 + n - 510, STR_NONE};
	else if (n == 600)
		*out = (struct target){TARGET_CONFERENCE, CONFERENCE0, STR_NONE};
	else if (n == 700)
		*out = (struct target){TARGET_QUEUE, QUEUE0, STR_NONE};
	else
		return false;
	return true;
}

struct str tenant_target_key(const struct tenant *t, const struct target *target)
{
	const struct user *u = tenant_user_by_id(t, target->id);

	return u ? u->extension : target->kind == TARGET_FLOW ? tenant_flow(t, target->id)->name : STR("it");
}

bool tenant_extension_prefix(const struct tenant *t, struct str digits)
{
	(void)t;
	return digits.n < 4 && str_starts(STR("100"), digits);
}

const struct device *tenant_device_by_username(const struct tenant *t, struct str username)
{
	(void)t;
	(void)username;
	return NULL;
}

bool tenant_feature_code(const struct tenant *t, struct str digits, struct feature_code *out)
{
	static const struct {
		struct str code;
		enum feature feature;
	} codes[] = {
		{{"*43", 3}, FEATURE_ECHO}, {{"*72", 3}, FEATURE_FORWARD_ALWAYS},
		{{"*73", 3}, FEATURE_FORWARD_ALWAYS_OFF}, {{"*78", 3}, FEATURE_DND},
		{{"*97", 3}, FEATURE_VOICEMAIL_OWN}, {{"*98", 3}, FEATURE_VOICEMAIL_ANY},
		{{"*31", 3}, FEATURE_WITHHOLD}, {{"*60", 3}, FEATURE_TIME}, {{"*411", 4}, FEATURE_DIRECTORY},
		{{"*50", 3}, FEATURE_DAY_MODE},
	};

	(void)t;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (!str_starts(digits, codes[i].code))
			continue;
		*out = (struct feature_code){.feature = codes[i].feature, .code = codes[i].code, .text = "a code",
		                             .argument = str_sub(digits, codes[i].code.n, digits.n)};
		return true;
	}
	return false;
}

bool tenant_feature_prefix(const struct tenant *t, struct str digits)
{
	(void)t;
	return digits.n < 3;
}

void dialplan_classify(const struct tenant *t, struct str digits, struct dialled *out)
{
	(void)t;
	*out = (struct dialled){.number = digits, .why = "by the first digits"};
	if (digits.n < 5 || digits.n > 20 || digits.p[0] != '0')
		return;
	out->class = digits.p[1] == '0'   ? DIAL_INTERNATIONAL
	             : digits.p[1] == '9' ? DIAL_PREMIUM
	                                  : DIAL_NATIONAL;
	out->e164_n = (size_t)snprintf(out->e164_text, sizeof out->e164_text, "+49%.*s", (int)digits.n - 1,
	                               digits.p + 1);
}

const char *dial_class_name(enum dial_class c)
{
	return c == DIAL_PREMIUM ? "premium" : "national";
}

bool dialplan_is_emergency(const struct tenant *t, struct str digits)
{
	(void)t;
	return str_eq(digits, STR("112"));
}

bool tenant_number(const struct tenant *t, struct str e164, struct target *out)
{
	if (!str_eq(e164, STR("+4930555")))
		return false;
	*out = (struct target){TARGET_USER, t->users[0].id, STR_NONE};
	return true;
}

const struct service_class *tenant_class(const struct tenant *t, uint64_t id)
{
	(void)id;
	return &t->class;
}

const struct service_class *tenant_default_class(const struct tenant *t)
{
	return &t->class;
}

bool tenant_pin_is(const struct tenant *t, const struct pin *pin, struct str digits)
{
	(void)t;
	(void)pin;
	return str_eq(digits, STR("4711"));
}

const struct variable *tenant_variable(const struct tenant *t, struct str name)
{
	return str_eq(name, STR("company")) ? &t->variable : NULL;
}

size_t tenant_users(const struct tenant *t)
{
	return t->n_users;
}

const struct user *tenant_user_at(const struct tenant *t, size_t i)
{
	return &t->users[i];
}

size_t tenant_flows(const struct tenant *t)
{
	(void)t;
	return FAKE_FLOWS;
}

const struct call_flow *tenant_flow_at(const struct tenant *t, size_t i, uint64_t *id)
{
	*id = FLOW0 + i;
	return t->flows[i];
}

struct str tenant_flow_name(const struct tenant *t, uint64_t id)
{
	const struct call_flow *f = tenant_flow(t, id);

	return f ? f->name : STR_NONE;
}

struct str tenant_name(const struct tenant *t)
{
	(void)t;
	return STR("acme");
}

uint64_t tenant_id(const struct tenant *t)
{
	(void)t;
	return 1;
}

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
