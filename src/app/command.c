// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"

static const char *const kind_words[] = {
	"tenant", "user", "device", "prompt", "variable", "list", "class", "schedule", "mailbox",
	"ring_group", "conference", "queue", "flow", "flow_draft", "flow_test", "extension", "number",
	"speed_dial", "feature_code", NULL};
static const char *const assume_words[] = {"registered", "unregistered", "busy", NULL};
static const char *const shell_words[] = {"bash", NULL};

#define TENANT_ARG {"tenant", "TENANT", 0, NULL, "only of this tenant"}

static const struct command_arg file_args[] = {
	{"file", "FILE", ARG_POSITION | ARG_REQUIRED, NULL, "a tenant file, YAML or JSON; - reads standard input"},
};
static const struct command_arg get_args[] = {
	{"kind", "KIND", ARG_POSITION | ARG_REQUIRED, kind_words, "tenant, user, device, ring_group, flow, schedule ..."},
	{"id", "ID", ARG_POSITION, NULL, "name, extension, user name or number of one object"},
	TENANT_ARG,
	{"version", "N", 0, NULL, "as it was at this version of the tenant; needs --tenant"},
};
static const struct command_arg history_args[] = {
	{"kind", "KIND", ARG_POSITION | ARG_REQUIRED, kind_words, "tenant, user, device, ring_group, flow, schedule ..."},
	{"id", "ID", ARG_POSITION | ARG_REQUIRED, NULL, "name, extension, user name or number of the object"},
	{"tenant", "TENANT", 0, NULL, "whose; needed when several tenants have such an object, or it is no more"},
};
static const struct command_arg undo_args[] = {
	{"tenant", "TENANT", 0, NULL, "whose last change; without it, that of the tenant that was changed last"},
};
static const struct command_arg tenant_args[] = {
	TENANT_ARG,
};
static const struct command_arg hangup_args[] = {
	{"id", "ID", ARG_POSITION | ARG_REQUIRED, NULL, "the call, as `tandem calls` shows it"},
};
static const struct command_arg cdr_args[] = {
	{"id", "ID", ARG_POSITION, NULL, "one record, whole"},
	TENANT_ARG,
	{"before", "TIME", 0, NULL, "only calls that began earlier, as 2026-07-01T12:00:00Z"},
	{"limit", "N", 0, NULL, "how many, newest first; 50 unless told, at most 10000"},
};
static const struct command_arg explain_args[] = {
	{"tenant", "TENANT", ARG_REQUIRED, NULL, "whose call it is"},
	{"from", "A", ARG_REQUIRED, NULL, "who calls: an extension, a device's user name, +NUMBER outside, anonymous"},
	{"to", "B", 0, NULL, "what is dialled"},
	{"flow", "FLOW", 0, NULL, "begin in this flow instead"},
	{"at", "TIME", 0, NULL, "when, as 2026-07-01T12:00:00Z; now unless told"},
	{"assume", "STATE", 0, assume_words, "take everybody to be registered, unregistered or busy instead of looking"},
	{"present", "LIST", 0, NULL, "who is there, as 1001=busy,1002=unregistered"},
	{"digits", "LIST", 0, NULL, "what the caller types each time it is asked, as 1,,1002; nothing: no key"},
	{"ring", "LIST", 0, NULL, "how each ringing ends: answer, no_answer, busy, unreachable, refuse"},
	{"queue", "LIST", 0, NULL, "what happens in a queue: turn, timeout, left, full"},
	{"webhook", "LIST", 0, NULL, "what webhooks answer; nothing: no answer"},
	{"message", "LIST", 0, NULL, "what becomes of messages: kept, silent"},
	{"day_mode", "MODE", 0, NULL, "the tenant's day mode then"},
	{"version", "N", 0, NULL, "by the configuration of this version"},
	{"as_of", "TIME", 0, NULL, "by the configuration of this moment"},
};
static const struct command_arg diff_args[] = {
	{"a", "A", ARG_POSITION | ARG_REQUIRED, NULL, "the older version of the tenant"},
	{"b", "B", ARG_POSITION, NULL, "the newer one; now unless told"},
	{"tenant", "TENANT", ARG_REQUIRED, NULL, "whose"},
};
static const char *const flow_words[] = {
	"check", "test", "replay", "publish", "rollback", NULL};
static const struct command_arg flow_args[] = {
	{"verb", "VERB", ARG_POSITION | ARG_REQUIRED, flow_words, "check, test, replay, publish or rollback"},
	{"name", "NAME", ARG_POSITION, NULL, "the flow; its draft counts, where there is one"},
	{"version", "VERSION", ARG_POSITION, NULL, "rollback: the tenant's version whose flow comes back"},
	{"tenant", "TENANT", 0, NULL, "whose; needed when there are several"},
	{"since", "TIME", 0, NULL, "replay: calls of the last 7d, 12h, 30m; 7d unless told"},
};
static const struct command_arg reach_args[] = {
	{"to", "B", ARG_REQUIRED, NULL, "a number inside, or a target such as flow:main"},
	{"tenant", "TENANT", 0, NULL, "whose; needed when there are several"},
};
static const struct command_arg completion_args[] = {
	{"shell", "bash", ARG_POSITION | ARG_REQUIRED, shell_words, "the shell; there is bash"},
};

#define ARGS(a) (a), sizeof(a) / sizeof(a)[0]

static const struct command commands[COMMANDS] = {
	{COMMAND_APPLY, "apply", ARGS(file_args), "Make a tenant what the file says.",
	 "Prints what changed; applying again changes nothing. The whole file is refused\n"
	 "when anything in it is wrong.\n"},
	{COMMAND_PLAN, "plan", ARGS(file_args), "Print what `apply` would change, and change nothing.", NULL},
	{COMMAND_GET, "get", ARGS(get_args), "Show objects of a kind, or one. Never secrets.", NULL},
	{COMMAND_HISTORY, "history", ARGS(history_args), "Show every version of an object: when, who and what.", NULL},
	{COMMAND_UNDO, "undo", ARGS(undo_args), "Take a tenant's last change back.",
	 "The state before it becomes the next version, so a second undo brings it back.\n"},
	{COMMAND_REGISTRATIONS, "registrations", ARGS(tenant_args), "Show what is registered.", NULL},
	{COMMAND_CALLS, "calls", ARGS(tenant_args), "Show the calls that are up or being set up.", NULL},
	{COMMAND_HANGUP, "hangup", ARGS(hangup_args), "End a call.", NULL},
	{COMMAND_CDR, "cdr", ARGS(cdr_args), "Show call detail records, newest first, or one of them.", NULL},
	{COMMAND_EXPLAIN, "explain", ARGS(explain_args), "Say where a call would go, and why.",
	 "Asks the routing engine itself. No call is made.\n"},
	{COMMAND_DIFF, "diff", ARGS(diff_args), "Show what changed between two versions of a tenant.", NULL},
	{COMMAND_FLOW, "flow", ARGS(flow_args), "Check, try, publish and roll back a flow.",
	 "check   dead ends, loops, missing prompts and time-outs\n"
	 "test    the saved tests (of one flow, or all)\n"
	 "replay  calls that were made, by the flow as it is and by its draft: which would go elsewhere\n"
	 "publish   make the draft the flow's next version, when it has no errors and its tests pass\n"
	 "rollback  make what the flow was at a version of the tenant its next version\n"},
	{COMMAND_REACH, "reach", ARGS(reach_args), "Show every way in which a call can get somewhere.", NULL},
	{COMMAND_STATUS, "status", NULL, 0, "Show how the daemon is.", NULL},
	{COMMAND_COMPLETION, "completion", ARGS(completion_args), "Print the completion script of a shell.",
	 "For this shell: source <(tandem completion bash)\n"},
};

const struct command *command_get(enum command_id id)
{
	return &commands[id];
}

const struct command *command_find(struct str name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (str_eq(str_z(commands[i].name), name))
			return &commands[i];
	return NULL;
}

/* -- parsing ------------------------------------------------------------------------- */

static const struct command_arg *find_option(const struct command *c, struct str name)
{
	for (size_t i = 0; i < c->n_args; i++)
		if (!(c->args[i].flags & ARG_POSITION) && str_eq(str_z(c->args[i].name), name))
			return &c->args[i];
	return NULL;
}

/* The first position that has no value yet. */
static const struct command_arg *next_position(const struct command *c, const json_t *args)
{
	for (size_t i = 0; i < c->n_args; i++)
		if ((c->args[i].flags & ARG_POSITION) && !json_object_get(args, c->args[i].name))
			return &c->args[i];
	return NULL;
}

static int put_arg(json_t *args, const struct command_arg *a, struct str value, struct buf *why)
{
	if (json_object_get(args, a->name)) {
		buf_printf(why, "--%s is given twice", a->name);
		return E_MALFORMED;
	}
	json_t *text = json_stringn(value.p, value.n);
	if (!text) {
		buf_printf(why, "%s is not UTF-8", a->value);
		return E_MALFORMED;
	}
	json_object_set_new(args, a->name, text);
	for (size_t i = 0; a->words; i++) {
		if (!a->words[i]) {
			buf_printf(why, "%s cannot be \"" STR_FMT "\": %s", a->value, STR_ARG(value),
			           a->text);
			return E_MALFORMED;
		}
		struct str word = str_z(a->words[i]);
		bool plural = value.n == word.n + 1 && str_starts(value, word) &&
		              value.p[word.n] == 's'; /* `get users` */
		if (str_eq(word, value) || plural) {
			json_object_set_new(args, a->name, json_string(a->words[i]));
			return 0;
		}
	}
	return 0;
}

/* One word, or two: returns how many, 0 when it is wrong. */
static size_t parse_word(const struct command *c, size_t n, char *const *words, bool only_positions,
                         json_t *args, struct buf *why)
{
	struct str word = str_z(words[0]);
	if (only_positions || !str_starts(word, STR("-")) || word.n == 1) {
		const struct command_arg *a = next_position(c, args);
		if (!a)
			buf_printf(why, "what is \"%s\"?", words[0]);
		return a && put_arg(args, a, word, why) == 0 ? 1 : 0;
	}
	struct str value = str_sub(word, 2, word.n);
	bool inside = str_find(word, '=') < word.n;
	const struct command_arg *a = NULL;
	struct str name = str_cut(&value, '=');
	if (str_starts(word, STR("--")))
		a = find_option(c, name);
	if (!a) {
		buf_printf(why, "there is no option %s", words[0]);
		return 0;
	}
	if (!inside && n < 2) {
		buf_printf(why, "--%s wants %s behind it", a->name, a->value);
		return 0;
	}
	if (put_arg(args, a, inside ? value : str_z(words[1]), why) != 0)
		return 0;
	return inside ? 1 : 2;
}

static bool is_complete(const struct command *c, const json_t *args, struct buf *why)
{
	for (size_t i = 0; i < c->n_args; i++) {
		const struct command_arg *a = &c->args[i];
		if (!(a->flags & ARG_REQUIRED) || json_object_get(args, a->name))
			continue;
		if (a->flags & ARG_POSITION)
			buf_printf(why, "%s is missing: %s", a->value, a->text);
		else
			buf_printf(why, "--%s %s is missing: %s", a->name, a->value, a->text);
		return false;
	}
	return true;
}

int command_parse(const struct command *c, size_t n, char *const *words, json_t **out,
                  struct buf *why)
{
	json_t *args = json_object();
	bool only_positions = false;
	for (size_t i = 0; i < n;) {
		if (!only_positions && strcmp(words[i], "--") == 0) {
			only_positions = true;
			i++;
			continue;
		}
		size_t used = parse_word(c, n - i, words + i, only_positions, args, why);
		if (!used)
			goto fail;
		i += used;
	}
	if (!is_complete(c, args, why))
		goto fail;
	*out = args;
	return 0;
fail:
	json_decref(args);
	return E_MALFORMED;
}

/* -- texts --------------------------------------------------------------------------- */

void command_put_usage(struct buf *out, const struct command *c)
{
	buf_printf(out, "tandem %s", c->name);
	for (size_t i = 0; i < c->n_args; i++) {
		const struct command_arg *a = &c->args[i];
		bool required = a->flags & ARG_REQUIRED;
		buf_printf(out, " %s%s%s%s%s%s", required ? "" : "[",
		           a->flags & ARG_POSITION ? "" : "--",
		           a->flags & ARG_POSITION ? "" : a->name,
		           a->flags & ARG_POSITION ? "" : " ", a->value, required ? "" : "]");
	}
}

void command_put_help(struct buf *out, const struct command *c)
{
	buf_lit(out, "Usage: ");
	command_put_usage(out, c);
	buf_printf(out, "\n\n%s\n%s", c->text, c->more ? c->more : "");
	if (c->n_args)
		buf_lit(out, "\n");
	for (size_t i = 0; i < c->n_args; i++) {
		const struct command_arg *a = &c->args[i];
		char head[64];
		if (a->flags & ARG_POSITION)
			snprintf(head, sizeof head, "%s", a->value);
		else
			snprintf(head, sizeof head, "--%s %s", a->name, a->value);
		buf_printf(out, "  %-18s %s\n", head, a->text);
	}
	buf_lit(out, "\nOptions before the command: --data DIR, --json. Exit codes: see tandem --help.\n");
}

void commands_put_help(struct buf *out)
{
	buf_lit(out, "Usage: tandem [--data DIR] [--json] COMMAND ...\n\n"
	             "Talks to the tandemd that serves the data directory.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		buf_printf(out, "  %-15s%s\n", commands[i].name, commands[i].text);
	buf_lit(out, "\nOptions:\n"
	             "  --data DIR     data directory of the daemon; $TANDEM_DATA, or ./data, unless told\n"
	             "  --json         print JSON, for programs\n"
	             "  --help         this text; behind a command, that command's\n"
	             "  --version      print the version\n"
	             "\nExit codes:\n"
	             "  0  done\n"
	             "  1  refused or failed; standard error says why\n"
	             "  2  the command line is wrong\n"
	             "  3  no daemon answers in the data directory\n"
	             "  4  what was named does not exist\n");
}

static void put_completion_case(struct buf *out, const struct command *c)
{
	buf_printf(out, "\t%s) words=\"--help", c->name);
	for (size_t i = 0; i < c->n_args; i++) {
		const struct command_arg *a = &c->args[i];
		if (!(a->flags & ARG_POSITION))
			buf_printf(out, " --%s", a->name);
		for (size_t w = 0; (a->flags & ARG_POSITION) && a->words && a->words[w]; w++)
			buf_printf(out, " %s", a->words[w]);
	}
	buf_lit(out, "\" ;;\n");
}

static void put_completion_values(struct buf *out)
{
	for (size_t i = 0; i < COMMANDS; i++)
		for (size_t j = 0; j < commands[i].n_args; j++) {
			const struct command_arg *a = &commands[i].args[j];
			if ((a->flags & ARG_POSITION) || !a->words)
				continue;
			buf_printf(out, "\t--%s) words=\"", a->name);
			for (size_t w = 0; a->words[w]; w++)
				buf_printf(out, "%s%s", w ? " " : "", a->words[w]);
			buf_lit(out, "\" ;;\n");
		}
}

void commands_put_completion(struct buf *out)
{
	buf_lit(out, "# SPDX-License-Identifier: Apache-2.0\n"
	             "# Completion of bash for tandem, made by `tandem completion bash`; do not edit.\n"
	             "_tandem()\n{\n"
	             "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	             "\tlocal command=\"\" words=\"\" i\n"
	             "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	             "\t\tcase ${COMP_WORDS[i]} in\n"
	             "\t\t--data) ((i++)) ;;\n"
	             "\t\t-*) ;;\n"
	             "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	             "\t\tesac\n"
	             "\tdone\n"
	             "\tcase $command in\n"
	             "\t\"\") words=\"--data --json --help --version");
	for (size_t i = 0; i < COMMANDS; i++)
		buf_printf(out, " %s", commands[i].name);
	buf_lit(out, "\" ;;\n");
	for (size_t i = 0; i < COMMANDS; i++)
		put_completion_case(out, &commands[i]);
	buf_lit(out, "\tesac\n\tcase $prev in\n"
	             "\t--data) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
	             "\tapply|plan) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
	put_completion_values(out);
	buf_lit(out, "\tesac\n"
	             "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	             "}\n"
	             "complete -F _tandem tandem\n");
}
