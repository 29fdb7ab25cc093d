// SPDX-License-Identifier: Apache-2.0
#include "tenant/feature.h"

/* feature, word, usual code, argument, sentence */
#define FEATURE_TABLE(X)                                                                           \
	X(NONE, "none", NULL, NONE, "nothing")                                                     \
	X(ECHO, "echo", "*43", NONE, "the echo test: you hear yourself")                           \
	X(TIME, "time", "*60", NONE, "tells the time")                                             \
	X(FORWARD_ALWAYS, "forward_always", "*72", MAYBE, "forwards all calls")                    \
	X(FORWARD_ALWAYS_OFF, "forward_always_off", "*73", NONE, "forwards all calls no more")     \
	X(FORWARD_BUSY, "forward_busy", "*90", MAYBE, "forwards calls when busy")                  \
	X(FORWARD_BUSY_OFF, "forward_busy_off", "*91", NONE, "forwards calls when busy no more")   \
	X(FORWARD_NO_ANSWER, "forward_no_answer", "*92", MAYBE, "forwards calls without answer")   \
	X(FORWARD_NO_ANSWER_OFF, "forward_no_answer_off", "*93", NONE,                             \
	  "forwards calls without answer no more")                                                 \
	X(FORWARD_UNREGISTERED, "forward_unregistered", "*94", MAYBE,                              \
	  "forwards calls when no phone is there")                                                 \
	X(FORWARD_UNREGISTERED_OFF, "forward_unregistered_off", "*95", NONE,                       \
	  "forwards calls when no phone is there no more")                                         \
	X(DND, "dnd", "*78", NONE, "do not disturb")                                               \
	X(DND_OFF, "dnd_off", "*79", NONE, "disturb again")                                        \
	X(VOICEMAIL_OWN, "voicemail_own", "*97", NONE, "listens to one's own mailbox")             \
	X(VOICEMAIL_ANY, "voicemail_any", "*98", MAYBE, "listens to any mailbox")                  \
	X(WITHHOLD, "withhold", "*31", NEEDED, "calls without showing the number")                 \
	X(DIRECTORY, "directory", "*411", NONE, "finds people by name")                            \
	X(DAY_MODE, "day_mode", "*28", MAYBE, "sets the day mode to what follows")

static const struct feature_info features[FEATURES] = {
#define ROW(id, word, code, argument, text) [FEATURE_##id] = {word, code, ARGUMENT_##argument, text},
	FEATURE_TABLE(ROW)
#undef ROW
};

const char *const feature_words[] = {
#define WORD(id, word, code, argument, text) word,
	FEATURE_TABLE(WORD)
#undef WORD
	NULL};

const struct feature_info *feature_info(enum feature f)
{
	return &features[f];
}

enum feature feature_find(struct str word)
{
	for (enum feature f = FEATURE_NONE; f < FEATURES; f++) {
		if (str_eq(word, str_z(features[f].word)))
			return f;
	}
	return FEATURES;
}
