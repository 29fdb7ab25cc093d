// SPDX-License-Identifier: Apache-2.0
/** What feature codes do: a table of features, their words, usual codes and sentences. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

enum feature {
	FEATURE_NONE, /* switched off by the tenant */
	FEATURE_ECHO,
	FEATURE_TIME,
	FEATURE_FORWARD_ALWAYS,
	FEATURE_FORWARD_ALWAYS_OFF,
	FEATURE_FORWARD_BUSY,
	FEATURE_FORWARD_BUSY_OFF,
	FEATURE_FORWARD_NO_ANSWER,
	FEATURE_FORWARD_NO_ANSWER_OFF,
	FEATURE_FORWARD_UNREGISTERED,
	FEATURE_FORWARD_UNREGISTERED_OFF,
	FEATURE_DND,
	FEATURE_DND_OFF,
	FEATURE_VOICEMAIL_OWN,
	FEATURE_VOICEMAIL_ANY,
	FEATURE_WITHHOLD, /* a prefix: the number that follows is called without showing ours */
	FEATURE_DIRECTORY,
	FEATURE_DAY_MODE, /* the argument is the mode */
	FEATURES
};

enum feature_argument {
	ARGUMENT_NONE,
	ARGUMENT_MAYBE,  /* a number may follow; without it the caller is asked, or the last one is used */
	ARGUMENT_NEEDED, /* a number must follow */
};

struct feature_info {
	const char *word; /* in the tenant file */
	const char *code; /* the usual one; NULL: none */
	enum feature_argument argument;
	const char *text; /* one sentence */
};

const struct feature_info *feature_info(enum feature f);
/** Of all features, NULL-ended, in the order of the enum. */
extern const char *const feature_words[];
/** FEATURES when no feature is called so. */
enum feature feature_find(struct str word);
