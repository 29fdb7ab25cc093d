// SPDX-License-Identifier: Apache-2.0
/** The tables of the kinds, which stand in several files by concern; for kind.c. */
#pragma once

#include "tenant/kind.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What several tables say in the same words. */
#define EXTENSION_FIELD(sentence)                                                                  \
	{.name = "extension", .type = FIELD_STRING, .flags = FIELD_DIALLED, .min = 1, .max = 15,   \
	 .check = check_extension, .rule = "an extension (1 to 15 digits)", .text = sentence}
#define NAME_FIELD(sentence)                                                                       \
	{.name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY, .min = 1,      \
	 .max = 64, .check = check_name, .rule = "a name (letters, digits and - _ .)",             \
	 .text = sentence}
#define LANGUAGE_FIELD(sentence)                                                                   \
	{.name = "language", .type = FIELD_STRING, .min = 2, .max = 16, .check = check_language,   \
	 .rule = "a language tag, as en or pt-BR", .text = sentence}
#define SECONDS(field_name, least, most, unset, sentence)                                          \
	{.name = field_name, .type = FIELD_INT, .flags = FIELD_SPARSE, .min = least, .max = most,  \
	 .fallback = unset, .text = sentence}
#define YES_OR_NO(field_name, unset, sentence)                                                     \
	{.name = field_name, .type = FIELD_BOOL, .flags = FIELD_SPARSE, .fallback = unset,         \
	 .text = sentence}
#define PROMPT_FIELD(field_name, sentence)                                                         \
	{.name = field_name, .type = FIELD_LINK, .ref = KIND_PROMPT, .text = sentence}
#define TARGET_FIELD(field_name, sentence)                                                         \
	{.name = field_name, .type = FIELD_TARGET, .targets = TARGETS_ALL, .text = sentence}
#define PIN_FIELD(field_name, sentence)                                                            \
	{.name = field_name, .type = FIELD_SECRET, .flags = FIELD_STAYS, .min = 4, .max = 10,      \
	 .check = check_extension, .rule = "a PIN (4 to 10 digits)", .text = sentence}

extern const struct kind kind_tenant, kind_user, kind_device, kind_prompt, kind_variable, kind_list,
	kind_class, kind_schedule, kind_mailbox, kind_ring_group, kind_conference, kind_queue, kind_flow,
	kind_flow_draft, kind_flow_test, kind_extension, kind_number, kind_speed_dial, kind_feature_code;
