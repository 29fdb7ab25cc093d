// SPDX-License-Identifier: Apache-2.0
/* Tables: where several people are called, meet or wait. */
#include "tenant/check.h"
#include "tenant/kind_tables.h"
#include "tenant/ref.h"

static const char *const strategy_words[] = {
	"all", "sequence", "round_robin", "random", "weighted", "longest_idle", "tiers", NULL};

static const struct field member_fields[] = {
	{.name = "target", .type = FIELD_TARGET, .flags = FIELD_REQUIRED | FIELD_SHORT,
	 .targets = TARGETS_PEOPLE, .text = "Who rings: a user, or a number outside."},
	{.name = "weight", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 1, .max = 1000,
	 .fallback = "1", .text = "How large a share of the calls, where the strategy is `weighted`."},
	{.name = "tier", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 1, .max = 100,
	 .fallback = "1", .text = "Lower tiers ring first, where the strategy is `tiers`."},
	SECONDS("ring_s", 0, 600, "0", "How long this member rings. 0: as the others."),
};

#define MEMBERS_FIELD(least, most, sentence)                                                       \
	{.name = "members", .type = FIELD_PARTS, .min = least, .max = most,                        \
	 .parts = member_fields, .n_parts = COUNT(member_fields), .text = sentence}
#define STRATEGY_FIELD(unset, sentence)                                                            \
	{.name = "strategy", .type = FIELD_ENUM, .flags = FIELD_SPARSE, .fallback = unset,         \
	 .allowed = strategy_words, .text = sentence}

static const struct field ring_group_fields[] = {
	NAME_FIELD("What flows and people call it."),
	EXTENSION_FIELD("The number that rings it."),
	STRATEGY_FIELD("\"all\"", "Who rings first: all at once, one after the other as they stand, in turn, at "
	               "random, at random by weight, who has been idle longest, or tier by tier."),
	MEMBERS_FIELD(0, 200, "Who rings. `- user:1001` stands for `- {target: \"user:1001\"}`."),
	SECONDS("ring_s", 0, 600, "0", "How long a member rings; `all`: how long all do. 0: as the "
	        "installation says."),
	SECONDS("max_s", 0, 3600, "0", "How long a call may stay in the group. 0: until all had their turn."),
	YES_OR_NO("skip_busy", "true", "Who is in a call is not rung."),
	{.name = "prefix", .type = FIELD_STRING, .min = 1, .max = 16, .check = check_printable,
	 .rule = "a text (characters that print)",
	 .text = "Put before the caller's name, so that members see which group is called."},
	PROMPT_FIELD("announce", "What the caller hears before it rings."),
	{.name = "class", .type = FIELD_LINK, .ref = KIND_CLASS,
	 .text = "What the group may dial outside. Left out: the tenant's `class`."},
	TARGET_FIELD("no_answer", "Where calls go that no member answered."),
	TARGET_FIELD("none_available", "Where calls go when no member could be rung. Left out: as "
	             "`no_answer`."),
};

static const struct field conference_fields[] = {
	NAME_FIELD("What flows and people call it."),
	EXTENSION_FIELD("The number of the room."),
	PIN_FIELD("pin", "What members dial to enter. It is kept sealed and never shown."),
	PIN_FIELD("moderator_pin", "What moderators dial to enter. It is kept sealed and never shown."),
	{.name = "max_members", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 2, .max = 500,
	 .fallback = "50", .text = "How many there can be in the room."},
	YES_OR_NO("announce", "true", "The others hear who comes and goes."),
	YES_OR_NO("wait_for_moderator", "false", "Members hear music until a moderator is there."),
	YES_OR_NO("record", "false", "The conference is recorded."),
	PROMPT_FIELD("music", "What those hear who wait. Left out: the usual music."),
};

static const struct field queue_fields[] = {
	NAME_FIELD("What flows and people call it."),
	EXTENSION_FIELD("The number that leads to it."),
	STRATEGY_FIELD("\"longest_idle\"", "Which member gets the caller who is first in line."),
	MEMBERS_FIELD(0, 200, "Who answers. `- user:1001` stands for `- {target: \"user:1001\"}`."),
	SECONDS("ring_s", 0, 600, "0", "How long a member rings. 0: as the installation says."),
	SECONDS("max_wait_s", 0, 86400, "0", "How long a caller waits at most. 0: as long as they like."),
	{.name = "max_callers", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 1, .max = 1000,
	 .fallback = "100", .text = "How many can wait."},
	SECONDS("announce_s", 0, 3600, "60", "How often callers hear their position. 0: never."),
	PROMPT_FIELD("greeting", "What a caller hears first."),
	PROMPT_FIELD("music", "What callers hear while they wait. Left out: the usual music."),
	{.name = "exit_digit", .type = FIELD_STRING, .min = 1, .max = 1, .check = check_dialled,
	 .rule = "a key of the phone (0 to 9, * or #)", .text = "Who presses it leaves the queue for `left`."},
	TARGET_FIELD("timeout", "Where callers go who waited for too long."),
	TARGET_FIELD("full", "Where callers go when too many wait. Left out: they hear busy."),
	TARGET_FIELD("left", "Where callers go who pressed `exit_digit`."),
};

const struct kind kind_ring_group = {KIND_RING_GROUP, "ring_group", "ring_groups",
                                     ring_group_fields, COUNT(ring_group_fields),
                                     "People who are rung together or in turn."};
const struct kind kind_conference = {KIND_CONFERENCE, "conference", "conferences",
                                     conference_fields, COUNT(conference_fields),
                                     "A room in which many talk to each other."};
const struct kind kind_queue = {KIND_QUEUE, "queue", "queues", queue_fields, COUNT(queue_fields),
                                "A line in which callers wait, first come, first served."};
