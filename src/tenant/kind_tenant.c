// SPDX-License-Identifier: Apache-2.0
/* Table: the tenant itself, and the lists of its file. */
#include "tenant/check.h"
#include "tenant/kind_tables.h"

#define OBJECTS(field_name, most, of_kind, sentence)                                               \
	{.name = field_name, .type = FIELD_OBJECTS, .max = most, .ref = of_kind, .text = sentence}
#define STAYING(field_name, most, of_kind, sentence)                                               \
	{.name = field_name, .type = FIELD_OBJECTS, .flags = FIELD_STAYS, .max = most,             \
	 .ref = of_kind, .text = sentence}

static const char *const digest_names[] = {"md5", "sha-256", NULL};

static const struct field tenant_fields[] = {
	{.name = "name", .in_file = "tenant", .type = FIELD_STRING,
	 .flags = FIELD_REQUIRED | FIELD_KEY, .min = 1, .max = 63, .check = check_tenant_name,
	 .rule = "a tenant's name (a-z, 0-9 and inner -)",
	 .text = "What the tenant is called; it never changes."},
	{.name = "domains", .type = FIELD_LIST, .flags = FIELD_REQUIRED | FIELD_LOWER,
	 .min = 1, .max = 16, .check = check_domain,
	 .rule = "a domain (a host name such as acme.example, no address)",
	 .text = "SIP domains of the tenant, of which no other tenant has any. The first is the realm "
	         "of its phones' passwords and the host of its addresses."},
	{.name = "digest", .type = FIELD_LIST, .flags = FIELD_LOWER, .min = 1, .max = 2,
	 .fallback = "[\"md5\"]", .allowed = digest_names,
	 .text = "Algorithms that phones are offered to prove their password with. Many phones give up "
	         "when they see one that they do not know, so sha-256 is offered only when asked for."},
	{.name = "country", .type = FIELD_STRING, .min = 2, .max = 2, .check = check_country,
	 .rule = "a country (two capital letters, ISO 3166)",
	 .text = "Whose way of dialling the tenant uses: national and emergency numbers. Left out: numbers "
	         "outside are dialled with + and country code."},
	{.name = "area_code", .type = FIELD_STRING, .min = 1, .max = 6, .check = check_extension,
	 .rule = "an area code (1 to 6 digits, without the national prefix)",
	 .text = "Where the tenant is: what is dialled without an area code gets this one."},
	{.name = "outside_prefix", .type = FIELD_STRING, .min = 1, .max = 3, .check = check_extension,
	 .rule = "1 to 3 digits",
	 .text = "Dialled before numbers outside, as in many offices. Left out: none is needed."},
	{.name = "emergency", .type = FIELD_LIST, .max = 20, .check = check_extension,
	 .rule = "a number (digits)",
	 .text = "Emergency numbers beside the country's. Nothing blocks them."},
	{.name = "timezone", .type = FIELD_STRING, .flags = FIELD_SPARSE, .min = 3, .max = 64,
	 .fallback = "\"UTC\"", .check = check_timezone, .rule = "a time zone, as Europe/Berlin",
	 .text = "Of its schedules, and of the times that are told."},
	{.name = "language", .type = FIELD_STRING, .flags = FIELD_SPARSE, .min = 2, .max = 16,
	 .fallback = "\"en\"", .check = check_language, .rule = "a language tag, as en or pt-BR",
	 .text = "What callers are spoken to in."},
	{.name = "day_mode", .type = FIELD_STRING, .flags = FIELD_SPARSE | FIELD_STAYS, .min = 1,
	 .max = 32, .fallback = "\"day\"", .check = check_name,
	 .rule = "a word (letters, digits and - _ .)",
	 .text = "The mode that flows ask for, as day or night. Also set by phone."},
	{.name = "class", .type = FIELD_LINK, .ref = KIND_CLASS,
	 .text = "What may be dialled outside by who has no class of their own. Left out: everything but "
	         "international and premium numbers."},
	{.name = "users", .type = FIELD_OBJECTS, .max = 20000, .ref = KIND_USER,
	 .text = "The people. Who is not in the list is removed."},
	OBJECTS("ring_groups", 2000, KIND_RING_GROUP, "The groups."),
	OBJECTS("flows", 2000, KIND_FLOW, "The flows, as they are live."),
	STAYING("flow_drafts", 2000, KIND_FLOW_DRAFT, "What is being worked on. Left out: they stay."),
	STAYING("flow_tests", 5000, KIND_FLOW_TEST, "The tests of flows. Left out: they stay."),
	OBJECTS("schedules", 1000, KIND_SCHEDULE, "The opening hours."),
	OBJECTS("prompts", 5000, KIND_PROMPT, "What callers hear."),
	OBJECTS("lists", 200, KIND_LIST, "The lists of numbers."),
	OBJECTS("conferences", 2000, KIND_CONFERENCE, "The conference rooms."),
	OBJECTS("queues", 1000, KIND_QUEUE, "The queues."),
	OBJECTS("mailboxes", 2000, KIND_MAILBOX, "The mailboxes that no single user has."),
	OBJECTS("classes", 200, KIND_CLASS, "The classes of service."),
	OBJECTS("variables", 1000, KIND_VARIABLE, "Texts that flows look at."),
	OBJECTS("extensions", 20000, KIND_EXTENSION, "Further internal numbers."),
	OBJECTS("numbers", 20000, KIND_NUMBER, "The numbers that the outside dials."),
	OBJECTS("speed_dials", 5000, KIND_SPEED_DIAL, "Short codes for numbers."),
	OBJECTS("feature_codes", 200, KIND_FEATURE_CODE, "Codes beside the usual ones, or instead."),
};

const struct kind kind_tenant = {KIND_TENANT, "tenant", "tenants", tenant_fields,
                                 COUNT(tenant_fields),
                                 "A customer of the service: everything below belongs to it alone."};
