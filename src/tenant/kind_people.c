// SPDX-License-Identifier: Apache-2.0
/* Tables: people, their phones and what happens to their calls. */
#include "tenant/check.h"
#include "tenant/kind_tables.h"
#include "tenant/ref.h"

static const char *const digest_names[] = {"md5", "sha-256", NULL};
static const char *const ring_words[] = {"all", "order", NULL};
static const char *const dial_words[] = {
	"local", "national", "mobile", "international", "premium", NULL};

#define FORWARD_FIELD(field_name, sentence)                                                        \
	{.name = field_name, .type = FIELD_TARGET, .flags = FIELD_STAYS, .targets = TARGETS_ALL,   \
	 .text = sentence}

static const struct field user_fields[] = {
	{.name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .min = 1, .max = 128,
	 .check = check_printable, .rule = "a name (characters that print)",
	 .text = "The name that others see on their phones."},
	{.name = "extension", .type = FIELD_STRING,
	 .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_DIALLED,
	 .min = 1, .max = 15, .check = check_extension, .rule = "an extension (1 to 15 digits)",
	 .text = "The number that colleagues dial; one user's only. A user whose extension changes is "
	         "another user."},
	{.name = "devices", .type = FIELD_OBJECTS, .max = 16, .ref = KIND_DEVICE,
	 .text = "The phones of this user; all of them ring. What is not in the list is removed."},
	LANGUAGE_FIELD("What the user is spoken to in. Left out: the tenant's."),
	{.name = "ring", .type = FIELD_ENUM, .flags = FIELD_SPARSE, .fallback = "\"all\"",
	 .allowed = ring_words,
	 .text = "Whether the phones ring all at once or in the order of their `order`."},
	SECONDS("ring_s", 0, 600, "0", "How long the user rings; in order, each phone. 0: as the "
	        "installation says."),
	{.name = "class", .type = FIELD_LINK, .ref = KIND_CLASS,
	 .text = "What the user may dial outside. Left out: the tenant's `class`."},
	{.name = "caller_id", .type = FIELD_STRING, .min = 5, .max = 16, .check = check_e164,
	 .rule = "a number with its country code (+ and 4 to 15 digits)",
	 .text = "The number that those outside see."},
	{.name = "dnd", .type = FIELD_BOOL, .flags = FIELD_STAYS | FIELD_SPARSE, .fallback = "false",
	 .text = "Do not disturb: calls go where they go when the user is busy. Also set by phone."},
	FORWARD_FIELD("forward_always", "Where all calls go. Also set by phone."),
	FORWARD_FIELD("forward_busy", "Where calls go when all phones are busy. Also set by phone."),
	FORWARD_FIELD("forward_no_answer", "Where calls go that nobody answers. Also set by phone."),
	FORWARD_FIELD("forward_unregistered", "Where calls go when no phone is there. Also set by phone."),
	{.name = "follow_me", .type = FIELD_TARGETS, .max = 10, .targets = TARGETS_PEOPLE,
	 .text = "Who else is rung, one after the other, when the user does not answer."},
	YES_OR_NO("screen", "false", "Callers say their name, and the user accepts or refuses the call."),
	YES_OR_NO("voicemail", "false", "The user has a mailbox: calls that end nowhere else go there."),
	PIN_FIELD("voicemail_pin", "Opens the mailbox by phone. It is kept sealed and never shown."),
	PROMPT_FIELD("greeting", "What the mailbox says. Left out: the usual words with the name."),
	TARGET_FIELD("fallback", "Where calls go when nothing else takes them, before the mailbox."),
	YES_OR_NO("directory", "true", "Found by those who dial a name."),
	PROMPT_FIELD("spoken_name", "The name as the user says it. Left out: it is spoken by machine."),
};

static const struct field device_fields[] = {
	{.name = "username", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	 .min = 1, .max = 64, .check = check_username,
	 .rule = "a user name (letters, digits and - _ . +)",
	 .text = "What the phone registers as; unique in the tenant, whatever its letter case."},
	{.name = "password", .type = FIELD_SECRET, .flags = FIELD_KEPT, .min = 1, .max = 128,
	 .check = check_printable, .rule = "a password (characters that print)",
	 .text = "The phone's password. It is kept sealed and never shown again."},
	{.name = "digest", .type = FIELD_LIST, .flags = FIELD_LOWER, .min = 1, .max = 2,
	 .allowed = digest_names,
	 .text = "As the tenant's `digest`, for this phone alone. Left out: the tenant's."},
	{.name = "order", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 0, .max = 255,
	 .fallback = "0", .text = "Where the user's phones ring in order, lower ones come first."},
	{.name = "user", .type = FIELD_REF, .ref = KIND_USER, .text = "Whose phone it is."},
	{.name = "global_username", .type = FIELD_STRING, .flags = FIELD_MADE | FIELD_READ_ONLY,
	 .min = 1, .max = 160, .check = check_username,
	 .rule = "a user name (letters, digits and - _ . +)",
	 .text = "A user name that no other phone of the installation has. A phone that knows only an IP "
	         "address registers with it, and so lands in its tenant."},
};

static const struct field mailbox_fields[] = {
	NAME_FIELD("What flows and people call it."),
	EXTENSION_FIELD("A number that leads to it."),
	LANGUAGE_FIELD("What it speaks. Left out: the tenant's."),
	PIN_FIELD("pin", "Opens it by phone. It is kept sealed and never shown."),
	PROMPT_FIELD("greeting", "What it says first. Left out: the usual words."),
	{.name = "max_messages", .type = FIELD_INT, .flags = FIELD_SPARSE, .min = 1, .max = 1000,
	 .fallback = "100", .text = "How many messages it holds."},
	SECONDS("max_message_s", 5, 3600, "300", "How long a message may be."),
};

static const struct field class_fields[] = {
	NAME_FIELD("What users and groups call it."),
	{.name = "allows", .type = FIELD_LIST, .flags = FIELD_REQUIRED, .max = 5,
	 .allowed = dial_words,
	 .text = "Which numbers outside may be dialled. Internal numbers and emergency calls always may."},
	{.name = "with_pin", .type = FIELD_LIST, .max = 5, .allowed = dial_words,
	 .text = "Which may be dialled by those who also dial the PIN."},
	PIN_FIELD("pin", "The PIN for `with_pin`. It is kept sealed and never shown."),
	{.name = "allow", .type = FIELD_LINK, .ref = KIND_LIST,
	 .text = "Numbers that may be dialled, whatever `allows` says."},
	{.name = "block", .type = FIELD_LINK, .ref = KIND_LIST,
	 .text = "Numbers that may not, whatever all the others say; emergency numbers always may."},
};

const struct kind kind_user = {KIND_USER, "user", "users", user_fields, COUNT(user_fields),
                               "A person with an extension."};
const struct kind kind_device = {KIND_DEVICE, "device", "devices", device_fields,
                                 COUNT(device_fields),
                                 "Something that registers and rings: a desk phone, a softphone."};
const struct kind kind_mailbox = {KIND_MAILBOX, "mailbox", "mailboxes", mailbox_fields,
                                  COUNT(mailbox_fields),
                                  "A mailbox of several people. A user's own comes with `voicemail`."};
const struct kind kind_class = {KIND_CLASS, "class", "classes", class_fields, COUNT(class_fields),
                                "A class of service: what may be dialled outside."};
