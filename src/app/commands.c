// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { WHY_MAX = 65536, CDR_DEFAULT = 50, CDR_MAX = 10000 };

typedef void command_fn(struct control_request *rq, struct commands *cs, const json_t *args);

/* -- helpers ------------------------------------------------------------------------- */

struct str commands_arg(const json_t *args, const char *name)
{
	const json_t *v = json_object_get(args, name);
	return (struct str){json_string_value(v), json_string_length(v)};
}

/* Whatever kind it is a field of. */
static bool is_secret(const char *name)
{
	for (enum kind_id k = 0; k < KINDS; k++) {
		const struct field *f = kind_field(kind_get(k), str_z(name));

		if (f && f->type == FIELD_SECRET)
			return true;
	}
	return false;
}

void commands_wipe_passwords(const json_t *v)
{
	const char *key;
	json_t *inner;
	size_t i;
	json_array_foreach(v, i, inner)
		commands_wipe_passwords(inner);
	json_object_foreach((json_t *)(uintptr_t)v, key, inner) {
		if (json_is_string(inner) && is_secret(key))
			mem_wipe((char *)(uintptr_t)json_string_value(inner), json_string_length(inner));
		else
			commands_wipe_passwords(inner);
	}
}

static void refuse_err(struct control_request *rq, int err, struct buf *why)
{
	if (why->n == 0)
		buf_printf(why, "%s", err_text(err));
	while (why->n && why->p[why->n - 1] == '\n')
		why->n--;
	control_refuse(rq, err == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED, buf_view(why));
}

static void refuse_missing(struct control_request *rq, const char *what, struct str name)
{
	char mem[512];
	struct buf why;
	buf_init_fixed(&why, mem, sizeof mem);
	buf_printf(&why, "there is no %s " STR_FMT, what, STR_ARG(str_sub(name, 0, 200)));
	control_refuse(rq, EXIT_NOT_FOUND, buf_view(&why));
}

bool commands_tenant(struct control_request *rq, const struct commands *cs, const json_t *args,
                     const struct tenant **out)
{
	struct str name = commands_arg(args, "tenant");
	*out = NULL;
	if (!name.n)
		return true;
	*out = directory_by_name(config_directory(cs->config), name);
	if (*out)
		return true;
	refuse_missing(rq, "tenant", name);
	return false;
}

/* -- configuration ------------------------------------------------------------------- */

static void answer_change(struct control_request *rq, int err, struct config_result *res,
                          struct buf *why)
{
	if (err) {
		refuse_err(rq, err, why);
	} else {
		control_answer(rq, json_incref(res->json), buf_view(&res->text));
		config_result_fini(res);
	}
	buf_fini(why);
}

static void plan(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct config_result res;
	struct buf why;
	buf_init(&why, WHY_MAX);
	const json_t *file = json_object_get(args, "file");
	int err = config_plan(cs->config, file, &res, &why);
	commands_wipe_passwords(file);
	answer_change(rq, err, &res, &why);
}

static void apply(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct config_result res;
	struct buf why;
	buf_init(&why, WHY_MAX);
	const json_t *file = json_object_get(args, "file");
	int err = config_apply(cs->config, file, control_request_who(rq), cs->wall_ms(), &res, &why);
	commands_wipe_passwords(file);
	answer_change(rq, err, &res, &why);
}

static void undo(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct config_result res;
	struct buf why;
	buf_init(&why, WHY_MAX);
	int err = config_undo(cs->config, commands_arg(args, "tenant"), control_request_who(rq),
	                      cs->wall_ms(), &res, &why);
	answer_change(rq, err, &res, &why);
}

static bool make_query(struct control_request *rq, const struct commands *cs, const json_t *args,
                       struct config_query *q)
{
	const struct tenant *t;
	struct str version = commands_arg(args, "version"), kind = commands_arg(args, "kind");
	*q = (struct config_query){.id = commands_arg(args, "id"),
	                           .tenant = commands_arg(args, "tenant")};
	if (kind_find(kind, &q->kind) != 0) {
		refuse_missing(rq, "kind", kind);
		return false;
	}
	if (!commands_tenant(rq, cs, args, &t))
		return false;
	if (version.n && (!t || str_u64(version, &q->version) != 0 || q->version == 0)) {
		control_refuse(rq, EXIT_USAGE, STR("--version wants a number above 0, and --tenant"));
		return false;
	}
	return true;
}

static void get(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct config_query q;
	json_t *list = NULL;
	if (!make_query(rq, cs, args, &q))
		return;
	int err = config_get(cs->config, &q, &list);
	if (err) {
		control_refuse(rq, EXIT_REFUSED, str_z(err_text(err)));
	} else if (q.id.n && json_array_size(list) == 0) {
		json_decref(list);
		refuse_missing(rq, kind_get(q.kind)->name, q.id);
	} else {
		control_answer(rq, list, STR_NONE);
	}
}

static void history(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct config_query q;
	json_t *list = NULL;
	struct buf why;
	if (!make_query(rq, cs, args, &q))
		return;
	buf_init(&why, WHY_MAX);
	int err = config_history(cs->config, &q, &list, &why);
	if (err == ENOENT)
		refuse_missing(rq, kind_get(q.kind)->name, q.id);
	else if (err)
		refuse_err(rq, err, &why);
	else
		control_answer(rq, list, STR_NONE);
	buf_fini(&why);
}

/* -- live state ---------------------------------------------------------------------- */

static void on_list(json_t *result, void *arg)
{
	control_answer(arg, json_incref(result), STR_NONE);
}

static void ask_shards(struct control_request *rq, struct commands *cs, const json_t *args,
                       enum shards_query what)
{
	const struct tenant *t;
	if (commands_tenant(rq, cs, args, &t))
		shards_query(cs->shards, what, t ? tenant_id(t) : 0, STR_NONE, on_list, rq);
}

static void registrations(struct control_request *rq, struct commands *cs, const json_t *args)
{
	ask_shards(rq, cs, args, SHARDS_REGISTRATIONS);
}

static void calls(struct control_request *rq, struct commands *cs, const json_t *args)
{
	ask_shards(rq, cs, args, SHARDS_CALLS);
}

static void on_hung_up(json_t *result, void *arg)
{
	if (json_array_size(result) == 0)
		control_refuse(arg, EXIT_NOT_FOUND, STR("there is no such call"));
	else
		control_answer(arg, json_incref(result), STR_NONE);
}

static void hangup(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct str id = commands_arg(args, "id");
	if (!id.n || id.n > 256)
		control_refuse(rq, EXIT_USAGE, STR("the id of a call is wanted"));
	else
		shards_query(cs->shards, SHARDS_HANGUP, 0, id, on_hung_up, rq);
}

/* -- call detail records ------------------------------------------------------------- */

static int add_record(uint64_t tenant, struct str key, struct str value, void *arg)
{
	json_t *record = json_loadb(value.p, value.n, 0, NULL);
	(void)tenant;
	if (!record)
		record = json_pack("{s:s%,s:s}", "id", key.p, key.n, "error", "unreadable");
	json_array_append_new(arg, record);
	return 0;
}

static bool make_cdr_query(struct control_request *rq, const struct commands *cs,
                           const json_t *args, struct store_cdr_query *q)
{
	const struct tenant *t;
	uint64_t limit = CDR_DEFAULT;
	struct str before = commands_arg(args, "before"), count = commands_arg(args, "limit");
	if (!commands_tenant(rq, cs, args, &t))
		return false;
	*q = (struct store_cdr_query){.tenant = t ? tenant_id(t) : 0,
	                              .id = commands_arg(args, "id")};
	if (before.n && clock_parse_rfc3339(before, &q->before_ms) != 0) {
		control_refuse(rq, EXIT_USAGE, STR("--before wants a time as 2026-07-01T12:00:00Z"));
		return false;
	}
	if (count.n && (str_u64(count, &limit) != 0 || limit < 1 || limit > CDR_MAX)) {
		control_refuse(rq, EXIT_USAGE, STR("--limit wants a number from 1 to 10000"));
		return false;
	}
	q->limit = limit;
	return true;
}

static void cdr(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct store_cdr_query q;
	if (!make_cdr_query(rq, cs, args, &q))
		return;
	json_t *list = json_array();
	int err = store_cdrs(cs->store, &q, add_record, list);
	if (err || (q.id.n && json_array_size(list) == 0)) {
		json_decref(list);
		if (err)
			control_refuse(rq, EXIT_REFUSED, str_z(err_text(err)));
		else
			refuse_missing(rq, "call detail record", q.id);
		return;
	}
	control_answer(rq, list, STR_NONE);
}

/* -- status -------------------------------------------------------------------------- */

struct status_wait {
	struct control_request *rq;
	struct commands *cs;
};

static void on_status(json_t *shards, void *arg)
{
	struct status_wait *w = arg;
	struct commands *cs = w->cs;
	uint64_t up_s = (cs->wall_ms() - cs->started_ms) / 1000;
	control_answer(w->rq,
	               json_pack("{s:s,s:I,s:I,s:I,s:I,s:O}", "version", TANDEM_VERSION, "pid",
	                         (json_int_t)getpid(), "up_s", (json_int_t)up_s, "tenants",
	                         (json_int_t)config_tenants(cs->config), "store_dropped",
	                         (json_int_t)store_dropped(cs->store), "shards", shards),
	               STR_NONE);
}

static void status(struct control_request *rq, struct commands *cs, const json_t *args)
{
	(void)args;
	struct status_wait *w = malloc(sizeof *w);
	if (!w)
		abort();
	*w = (struct status_wait){rq, cs};
	control_request_keep(rq, w, free);
	shards_query(cs->shards, SHARDS_STATUS, 0, STR_NONE, on_status, w);
}

/* -- dispatch ------------------------------------------------------------------------ */

static void explain(struct control_request *rq, struct commands *cs, const json_t *args)
{
	commands_explain(rq, cs, args);
}

static void flow(struct control_request *rq, struct commands *cs, const json_t *args)
{
	commands_flow(rq, cs, args);
}

static void reach(struct control_request *rq, struct commands *cs, const json_t *args)
{
	commands_reach(rq, cs, args);
}

static void diff(struct control_request *rq, struct commands *cs, const json_t *args)
{
	commands_diff(rq, cs, args);
}

static command_fn *const handlers[COMMANDS] = {
	[COMMAND_APPLY] = apply,
	[COMMAND_PLAN] = plan,
	[COMMAND_GET] = get,
	[COMMAND_HISTORY] = history,
	[COMMAND_UNDO] = undo,
	[COMMAND_REGISTRATIONS] = registrations,
	[COMMAND_CALLS] = calls,
	[COMMAND_HANGUP] = hangup,
	[COMMAND_CDR] = cdr,
	[COMMAND_EXPLAIN] = explain,
	[COMMAND_DIFF] = diff,
	[COMMAND_FLOW] = flow,
	[COMMAND_REACH] = reach,
	[COMMAND_STATUS] = status,
};

void commands_handle(struct control_request *rq, const struct command *c, const json_t *args,
                     void *arg)
{
	struct commands *cs = arg;
	if (handlers[c->id])
		handlers[c->id](rq, cs, args);
	else
		control_refuse(rq, EXIT_USAGE, STR("that is a command of the command line alone"));
}
