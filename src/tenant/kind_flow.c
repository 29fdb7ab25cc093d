// SPDX-License-Identifier: Apache-2.0
/* Tables: flows and what they look at and say. */
#include "tenant/check.h"
#include "tenant/kind_tables.h"
#include "tenant/list.h"
#include "tenant/ref.h"
#include "tenant/schedule.h"
#include "tenant/when.h"

static const char *const purpose_words[] = {"any", "block", "allow", NULL};
static const char *const open_words[] = {"open", "closed", NULL};

#define FLOW_FIELDS                                                                                \
	EXTENSION_FIELD("The number that leads to it."),                                           \
	{.name = "start", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 1, .max = 32,      \
	 .check = check_name, .rule = "a name (letters, digits and - _ .)",                        \
	 .text = "The node that calls begin at."},                                                 \
	{.name = "nodes", .type = FIELD_NODES, .flags = FIELD_REQUIRED, .max = 256,                \
	 .text = "The nodes by name, each with its `kind`, its fields and where its exits lead."}

static const struct field flow_fields[] = {
	NAME_FIELD("What other objects and people call it."),
	FLOW_FIELDS,
};

static const struct field flow_draft_fields[] = {
	NAME_FIELD("Of which flow it is the next version; the flow may be new."),
	{.name = "extension", .type = FIELD_STRING, .min = 1, .max = 15, .check = check_extension,
	 .rule = "an extension (1 to 15 digits)", .text = "The number that will lead to the flow."},
	{.name = "start", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 1, .max = 32,
	 .check = check_name, .rule = "a name (letters, digits and - _ .)",
	 .text = "The node that calls begin at."},
	{.name = "nodes", .type = FIELD_NODES, .flags = FIELD_REQUIRED, .max = 256,
	 .text = "As a flow's. What is wrong with it is said when it is published."},
};

static const struct field flow_test_fields[] = {
	NAME_FIELD("What it is about."),
	{.name = "flow", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
	 .check = check_name, .rule = "the name of a flow",
	 .text = "The flow that is tried, or its draft: there need not be one yet."},
	{.name = "given", .type = FIELD_JSON, .text = "Who calls, when, and who is there."},
	{.name = "when", .type = FIELD_JSON, .text = "What the caller and the others do."},
	{.name = "expect", .type = FIELD_JSON, .text = "Where the call must come by, or end."},
};

static const struct field prompt_text_fields[] = {
	LANGUAGE_FIELD("Left out: the tenant's."),
	{.name = "text", .type = FIELD_STRING, .flags = FIELD_SHORT, .min = 1, .max = 4000,
	 .check = check_prose, .rule = "a text (characters that print, and lines)",
	 .text = "What is spoken where there is no recording."},
	{.name = "file", .type = FIELD_STRING, .min = 1, .max = 128, .check = check_sound,
	 .rule = "the name of a sound (letters, digits and - _ . in parts between /)",
	 .text = "A recording: a sound of the tenant, or one that comes with Tandem."},
};

static const struct field prompt_fields[] = {
	NAME_FIELD("What flows and other objects call it."),
	{.name = "texts", .type = FIELD_PARTS, .flags = FIELD_REQUIRED, .min = 1, .max = 20,
	 .parts = prompt_text_fields, .n_parts = COUNT(prompt_text_fields),
	 .text = "The same in several languages; the first stands in for those that are missing."},
};

static const struct field variable_fields[] = {
	NAME_FIELD("How flows refer to it."),
	{.name = "value", .type = FIELD_STRING, .flags = FIELD_STAYS, .max = 256,
	 .check = check_printable, .rule = "a text (characters that print)", .text = "What it is."},
};

static const struct field list_fields[] = {
	NAME_FIELD("What flows and classes call it."),
	{.name = "purpose", .type = FIELD_ENUM, .flags = FIELD_SPARSE, .fallback = "\"any\"",
	 .allowed = purpose_words,
	 .text = "`block`: callers in it are refused by every number of the tenant. `allow`: they never are. "
	         "`any`: for flows and classes alone."},
	{.name = "entries", .type = FIELD_LIST, .flags = FIELD_REQUIRED, .max = LIST_MAX_ENTRIES,
	 .check = list_check_entry,
	 .rule = "a number (+49301234), a beginning (+4930*), a pattern (/^\\+491[567]/) or anonymous",
	 .text = "The numbers. At most 500 of them are patterns."},
};

static const struct field hours_fields[] = {
	{.name = "days", .type = FIELD_STRING, .flags = FIELD_SPARSE | FIELD_LOWER, .min = 3,
	 .max = 32, .fallback = "\"daily\"", .check = check_days,
	 .rule = "days (mon-fri, or sat,sun, or daily)", .text = "On which days."},
	{.name = "from", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 5, .max = 5,
	 .check = check_time, .rule = "a time (00:00 to 24:00)", .text = "From when on."},
	{.name = "to", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 5, .max = 5,
	 .check = check_time, .rule = "a time (00:00 to 24:00)",
	 .text = "Until when; when it is not later than `from`, on the next day."},
};

#define STATE_FIELD                                                                                \
	{.name = "state", .type = FIELD_ENUM, .flags = FIELD_SPARSE, .fallback = "\"closed\"",     \
	 .allowed = open_words, .text = "Whether it is open then."}
#define LABEL_FIELD                                                                                \
	{.name = "name", .type = FIELD_STRING, .min = 1, .max = 64, .check = check_printable,      \
	 .rule = "a name (characters that print)", .text = "What it is called in explanations."}

static const struct field holiday_fields[] = {
	{.name = "date", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_SHORT, .min = 5,
	 .max = 10, .check = check_date, .rule = "a date (2026-12-24, or 12-24 for every year)",
	 .text = "Which day."},
	LABEL_FIELD,
	{.name = "from", .type = FIELD_STRING, .flags = FIELD_SPARSE, .min = 5, .max = 5,
	 .fallback = "\"00:00\"", .check = check_time, .rule = "a time (00:00 to 24:00)",
	 .text = "From when on."},
	{.name = "to", .type = FIELD_STRING, .flags = FIELD_SPARSE, .min = 5, .max = 5,
	 .fallback = "\"24:00\"", .check = check_time, .rule = "a time (00:00 to 24:00)",
	 .text = "Until when."},
	STATE_FIELD,
};

static const struct field event_fields[] = {
	{.name = "start", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 10, .max = 16,
	 .check = check_moment, .rule = "a moment (2026-01-31T09:00, or a day)",
	 .text = "When it begins for the first time."},
	{.name = "minutes", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 1, .max = 525600,
	 .fallback = "1440", .text = "How long it lasts; a day unless told."},
	{.name = "rrule", .type = FIELD_STRING, .min = 9, .max = 256, .check = check_printable,
	 .rule = "a rule (RFC 5545 section 3.3.10)",
	 .text = "How it repeats, as `FREQ=MONTHLY;BYDAY=1MO`. Left out: it happens once."},
	LABEL_FIELD,
	STATE_FIELD,
};

static const struct field override_fields[] = {
	{.name = "from", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 10, .max = 16,
	 .check = check_moment, .rule = "a moment (2026-01-31T09:00, or a day)", .text = "From when on."},
	{.name = "to", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 10, .max = 16,
	 .check = check_moment, .rule = "a moment (2026-01-31T09:00, or a day)", .text = "Until when."},
	LABEL_FIELD,
	STATE_FIELD,
};

#define PARTS_FIELD(field_name, table, most, sentence)                                             \
	{.name = field_name, .type = FIELD_PARTS, .max = most, .parts = table,                     \
	 .n_parts = COUNT(table), .text = sentence}

static const struct field schedule_fields[] = {
	NAME_FIELD("What flows call it."),
	{.name = "timezone", .type = FIELD_STRING, .min = 3, .max = 64, .check = check_timezone,
	 .rule = "a time zone, as Europe/Berlin", .text = "Left out: the tenant's."},
	PARTS_FIELD("hours", hours_fields, 100, "When it is open in an ordinary week."),
	PARTS_FIELD("holidays", holiday_fields, 500, "Days that are not ordinary."),
	PARTS_FIELD("events", event_fields, 200, "Times that come back by a rule."),
	{.name = "calendar", .type = FIELD_STRING, .min = 1, .max = SCHEDULE_MAX_CALENDAR,
	 .check = check_prose, .rule = "a calendar (RFC 5545)",
	 .text = "An iCalendar text. Its events close, those with TRANSP:TRANSPARENT open."},
	PARTS_FIELD("overrides", override_fields, 100, "What counts more than all the others, for a while."),
};

const struct kind kind_flow = {KIND_FLOW, "flow", "flows", flow_fields, COUNT(flow_fields),
                               "What happens to a call, step by step: doc/flow-nodes.md."};
const struct kind kind_flow_draft = {KIND_FLOW_DRAFT, "flow_draft", "flow_drafts",
                                     flow_draft_fields, COUNT(flow_draft_fields),
                                     "A flow's next version, tried and changed before it is published."};
const struct kind kind_flow_test = {KIND_FLOW_TEST, "flow_test", "flow_tests", flow_test_fields,
                                    COUNT(flow_test_fields),
                                    "A call that must go as expected before a flow is published."};
const struct kind kind_prompt = {KIND_PROMPT, "prompt", "prompts", prompt_fields,
                                 COUNT(prompt_fields), "Something that callers hear."};
const struct kind kind_variable = {KIND_VARIABLE, "variable", "variables", variable_fields,
                                   COUNT(variable_fields), "A text that flows look at."};
const struct kind kind_list = {KIND_LIST, "list", "lists", list_fields, COUNT(list_fields),
                               "Numbers to block, to allow, or to look at in a flow."};
const struct kind kind_schedule = {KIND_SCHEDULE, "schedule", "schedules", schedule_fields,
                                   COUNT(schedule_fields), "When it is open."};
