// SPDX-License-Identifier: Apache-2.0
/* Tables: what is dialled and leads somewhere. */
#include "tenant/check.h"
#include "tenant/feature.h"
#include "tenant/kind_tables.h"
#include "tenant/ref.h"

static const struct field extension_fields[] = {
	{.name = "extension", .type = FIELD_STRING,
	 .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_DIALLED, .min = 1, .max = 15,
	 .check = check_extension, .rule = "an extension (1 to 15 digits)",
	 .text = "What is dialled."},
	{.name = "target", .type = FIELD_TARGET, .flags = FIELD_REQUIRED, .targets = TARGETS_ALL,
	 .text = "Where it leads."},
};

static const struct field number_fields[] = {
	{.name = "number", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY, .min = 5,
	 .max = 16, .check = check_e164,
	 .rule = "a number with its country code (+ and 4 to 15 digits)", .text = "What is dialled."},
	{.name = "target", .type = FIELD_TARGET, .flags = FIELD_REQUIRED, .targets = TARGETS_ALL,
	 .text = "Where it leads."},
};

static const struct field speed_dial_fields[] = {
	{.name = "code", .type = FIELD_STRING,
	 .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_DIALLED, .min = 1, .max = 8,
	 .check = check_dialled, .rule = "a short code (1 to 8 of 0 to 9, * and #)",
	 .text = "What is dialled."},
	{.name = "target", .type = FIELD_TARGET, .flags = FIELD_REQUIRED, .targets = TARGETS_ALL,
	 .text = "Where it leads, as `external:+49301234`."},
	{.name = "name", .type = FIELD_STRING, .min = 1, .max = 128, .check = check_printable,
	 .rule = "a name (characters that print)", .text = "Who that is."},
};

static const struct field feature_code_fields[] = {
	{.name = "code", .type = FIELD_STRING,
	 .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_DIALLED, .min = 2, .max = 8,
	 .check = check_code, .rule = "a code (* or # and up to 7 of 0 to 9, * and #)",
	 .text = "What is dialled."},
	{.name = "feature", .type = FIELD_ENUM, .flags = FIELD_REQUIRED, .allowed = feature_words,
	 .text = "What it does; `none` takes one of the usual codes away."},
};

const struct kind kind_extension = {KIND_EXTENSION, "extension", "extensions", extension_fields,
                                    COUNT(extension_fields),
                                    "One more internal number of something."};
const struct kind kind_number = {KIND_NUMBER, "number", "numbers", number_fields,
                                 COUNT(number_fields), "A number that the outside dials."};
const struct kind kind_speed_dial = {KIND_SPEED_DIAL, "speed_dial", "speed_dials",
                                     speed_dial_fields, COUNT(speed_dial_fields),
                                     "A short code for a number that is dialled often."};
const struct kind kind_feature_code = {KIND_FEATURE_CODE, "feature_code", "feature_codes",
                                       feature_code_fields, COUNT(feature_code_fields),
                                       "A code of the tenant's own, or instead of a usual one."};
