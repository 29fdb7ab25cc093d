// SPDX-License-Identifier: Apache-2.0
/* `tandem flow check|test|replay` and `tandem reach`: what a change of a flow would do, before it does. */
#include <errno.h>
#include <stdlib.h>

#include "app/commands.h"
#include "base/clock.h"
#include "route/flow_test.h"
#include "route/script.h"
#include "service/trial.h"
#include "tenant/dialplan.h"
#include "tenant/flow_check.h"
#include "tenant/reach.h"

enum { TEXT_MAX = 1 << 20, RING_MS = 25000, MAX_REPLAYED = 100000, MAX_DIFFERENCES = 1000,
       MAX_EMERGENCY = 16 };

/* -- snapshots ----------------------------------------------------------------------- */

static void refuse(struct control_request *rq, int err, struct buf *why)
{
	while (why->n && why->p[why->n - 1] == '\n')
		why->n--;
	if (!why->n)
		buf_printf(why, "%s", err == ENOENT ? "there is no flow and no draft of that name" : err_text(err));
	control_refuse(rq, err == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED, buf_view(why));
}

static uint64_t flow_called(const struct tenant *t, struct str name)
{
	for (size_t i = 0; i < tenant_flows(t); i++) {
		uint64_t id;

		tenant_flow_at(t, i, &id);
		if (str_eq(tenant_flow_name(t, id), name))
			return id;
	}
	return 0;
}

/* -- check --------------------------------------------------------------------------- */

static const struct call_flow *other_flow(uint64_t id, void *arg)
{
	return tenant_flow(arg, id);
}

static bool can_be_heard(uint64_t id, void *arg)
{
	const struct prompt *p = tenant_prompt(arg, id);

	for (size_t i = 0; p && i < p->n_texts; i++) {
		if (p->texts[i].file.n || p->texts[i].text.n)
			return true;
	}
	return false;
}

/* They are short: all numbers of two and three digits are tried. */
static size_t emergency_numbers(const struct tenant *t, char mem[MAX_EMERGENCY][8],
                                struct str out[MAX_EMERGENCY])
{
	size_t n = 0;

	for (unsigned digits = 2; digits <= 3; digits++) {
		for (unsigned i = 0; i < (digits == 2 ? 100 : 1000) && n < MAX_EMERGENCY; i++) {
			snprintf(mem[n], 8, "%0*u", (int)digits, i);
			out[n] = str_z(mem[n]);
			if (dialplan_is_emergency(t, out[n]))
				n++;
		}
	}
	return n;
}

static struct flow_findings find_faults(const struct tenant *t, struct str name, struct buf *out)
{
	struct str numbers[MAX_EMERGENCY];
	char mem[MAX_EMERGENCY][8];
	const struct flow_check_env env = {
		.flow = other_flow, .prompt = can_be_heard, .arg = (void *)(uintptr_t)t,
		.emergency = numbers, .n_emergency = emergency_numbers(t, mem, numbers),
	};
	const struct call_flow *f = tenant_flow(t, flow_called(t, name));

	return f ? flow_check(f, &env, out) : (struct flow_findings){0};
}

int flow_check_called(const struct tenant *t, struct str name, struct buf *out)
{
	return find_faults(t, name, out).errors ? E_POLICY : 0;
}

static void check(struct control_request *rq, struct commands *cs, struct str tenant, struct str name)
{
	const struct tenant *t = NULL;
	struct buf text;
	bool draft = false;

	buf_init(&text, TEXT_MAX);
	int err = trial_with_draft(cs->config, tenant, name, &t, &draft, &text);
	if (err) {
		refuse(rq, err, &text);
		buf_fini(&text);
		return;
	}
	struct flow_findings found = find_faults(t, name, &text);
	json_t *out = json_pack("{s:s%,s:b,s:I,s:I,s:s%}", "flow", name.p, name.n, "draft", draft, "errors",
	                        (json_int_t)found.errors, "warnings", (json_int_t)found.warnings,
	                        "findings", text.p ? text.p : "", text.n);
	if (found.errors) {
		json_decref(out);
		refuse(rq, E_POLICY, &text);
	} else {
		buf_printf(&text, STR_FMT "%s: no errors, %zu warning%s\n", STR_ARG(name),
		           draft ? " (draft)" : "", found.warnings, found.warnings == 1 ? "" : "s");
		control_answer(rq, out, buf_view(&text));
	}
	buf_fini(&text);
	tenant_unref(t);
}

/* -- test ---------------------------------------------------------------------------- */

static void test(struct control_request *rq, struct commands *cs, const struct tenant *now,
                 struct str name)
{
	const struct tenant *t = NULL;
	struct str tenant = tenant_name(now);
	size_t n, ran = 0;
	struct buf text;
	int err = 0;

	buf_init(&text, TEXT_MAX);
	if (name.n)
		err = trial_with_draft(cs->config, tenant, name, &t, NULL, &text);
	else
		t = tenant_ref(now);
	if (!err) {
		const json_t **bodies = trial_tests(cs->config, tenant, &n);

		err = flow_tests_run(t, name, bodies, n, &ran, &text);
		free((void *)(uintptr_t)bodies);
	}
	tenant_unref(t);
	if (err) {
		refuse(rq, err, &text);
	} else {
		buf_printf(&text, "%zu test%s, all as expected\n", ran, ran == 1 ? "" : "s");
		control_answer(rq, json_pack("{s:I,s:I}", "tests", (json_int_t)ran, "failed", (json_int_t)0),
		               buf_view(&text));
	}
	buf_fini(&text);
}

/* -- replay -------------------------------------------------------------------------- */

struct replay {
	const struct tenant *now, *then; /* as it is, and with the draft */
	uint64_t since_ms;
	size_t calls, skipped;
	json_t *differences;
	struct buf *text;
};

/* What the call comes to; false: who called is not there any more. */
static bool come_to(const struct tenant *t, const struct route_script *s, struct buf *out)
{
	struct drive *d = calloc(1, sizeof *d);
	bool known;

	if (!d)
		abort();
	known = drive_init(d, t, s, RING_MS) == 0;
	if (known) {
		(void)drive_run(d);
		drive_put_end(out, d);
	}
	free(d);
	return known;
}

static void compare(struct replay *r, const json_t *cdr, const struct route_script *s)
{
	char was_mem[256], would_mem[256];
	struct buf was, would;

	buf_init_fixed(&was, was_mem, sizeof was_mem - 1);
	buf_init_fixed(&would, would_mem, sizeof would_mem - 1);
	if (!come_to(r->now, s, &was) || !come_to(r->then, s, &would)) {
		r->skipped++;
		return;
	}
	r->calls++;
	if (str_eq(buf_view(&was), buf_view(&would)) ||
	    json_array_size(r->differences) >= MAX_DIFFERENCES)
		return;
	was_mem[was.n] = would_mem[would.n] = '\0';
	json_array_append_new(r->differences,
	                      json_pack("{s:O,s:O,s:O,s:O,s:s,s:s}", "id", json_object_get(cdr, "id"),
	                                "start", json_object_get(cdr, "start"), "from",
	                                json_object_get(cdr, "from"), "to", json_object_get(cdr, "to"),
	                                "was", was_mem, "would", would_mem));
	buf_printf(r->text, "%s %s -> %s: was %s, would be %s\n",
	           json_string_value(json_object_get(cdr, "start")),
	           json_string_value(json_object_get(cdr, "from")),
	           json_string_value(json_object_get(cdr, "to")), was_mem, would_mem);
}

static int replay_call(uint64_t tenant, struct str key, struct str value, void *arg)
{
	struct replay *r = arg;
	json_t *cdr = json_loadb(value.p, value.n, 0, NULL), *given;
	struct route_script *s = calloc(1, sizeof *s);
	uint64_t start_ms = 0;
	struct buf why;
	(void)tenant;
	(void)key;

	if (!s)
		abort();
	buf_init(&why, 4096);
	const json_t *start = json_object_get(cdr, "start");
	int stop = json_is_string(start) &&
	           clock_parse_rfc3339(str_z(json_string_value(start)), &start_ms) == 0 &&
	           start_ms < r->since_ms;
	given = json_pack("{s:O*,s:O*,s:O*}", "from", json_object_get(cdr, "from"), "to",
	                  json_object_get(cdr, "to"), "at", start);
	if (!stop && json_object_get(cdr, "facts") &&
	    script_read(s, given, json_object_get(cdr, "facts"), "", &why) == 0)
		compare(r, cdr, s);
	else if (!stop)
		r->skipped++;
	json_decref(given);
	json_decref(cdr);
	buf_fini(&why);
	free(s);
	return stop ? ECANCELED : 0;
}

static bool read_since(struct str text, uint64_t now_ms, uint64_t *out)
{
	uint64_t n, unit = 0;

	if (!text.n)
		text = STR("7d");
	switch (text.p[text.n - 1]) {
	case 'd':
		unit = 86400000;
		break;
	case 'h':
		unit = 3600000;
		break;
	case 'm':
		unit = 60000;
		break;
	}
	if (!unit || str_u64(str_sub(text, 0, text.n - 1), &n) != 0 || n > 36500)
		return false;
	*out = now_ms > n * unit ? now_ms - n * unit : 0;
	return true;
}

static void replay(struct control_request *rq, struct commands *cs, const struct tenant *now,
                   struct str name, struct str since)
{
	struct replay r = {.now = now, .differences = json_array()};
	struct store_cdr_query q = {.tenant = tenant_id(now), .limit = MAX_REPLAYED};
	struct buf text;

	buf_init(&text, TEXT_MAX);
	r.text = &text;
	if (!read_since(since, cs->wall_ms(), &r.since_ms)) {
		control_refuse(rq, EXIT_USAGE, STR("--since wants a time such as 7d, 12h or 30m"));
		goto out;
	}
	int err = trial_with_draft(cs->config, tenant_name(now), name, &r.then, NULL, &text);
	if (!err)
		err = store_cdrs(cs->store, &q, replay_call, &r);
	if (err && err != ECANCELED) {
		refuse(rq, err, &text);
		goto out;
	}
	buf_printf(&text, "%zu calls replayed, %zu would go elsewhere, %zu cannot be told\n", r.calls,
	           json_array_size(r.differences), r.skipped);
	control_answer(rq, json_pack("{s:I,s:I,s:O}", "calls", (json_int_t)r.calls, "skipped",
	                             (json_int_t)r.skipped, "differences", r.differences),
	               buf_view(&text));
out:
	json_decref(r.differences);
	tenant_unref(r.then);
	buf_fini(&text);
}

/* -- the commands -------------------------------------------------------------------- */

/* The tenant that is named, or the only one. */
static const struct tenant *the_tenant(struct control_request *rq, struct commands *cs,
                                       const json_t *args)
{
	const struct directory *d = config_directory(cs->config);
	const struct tenant *t;

	if (!commands_tenant(rq, cs, args, &t))
		return NULL;
	if (!t && directory_tenants(d) == 1)
		t = directory_tenant_at(d, 0);
	if (!t)
		control_refuse(rq, EXIT_USAGE, STR("--tenant is wanted: there are several"));
	return t;
}

void commands_flow(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct str verb = commands_arg(args, "verb"), name = commands_arg(args, "name");
	const struct tenant *t = the_tenant(rq, cs, args);

	if (!t)
		return;
	if (!name.n && !str_eq(verb, STR("test")))
		return control_refuse(rq, EXIT_USAGE, STR("the name of a flow or of its draft is wanted"));
	if (str_eq(verb, STR("check")))
		check(rq, cs, tenant_name(t), name);
	else if (str_eq(verb, STR("test")))
		test(rq, cs, t, name);
	else if (str_eq(verb, STR("replay")))
		replay(rq, cs, t, name, commands_arg(args, "since"));
	else if (str_eq(verb, STR("publish")))
		flow_publish(rq, cs, tenant_name(t), name);
	else if (str_eq(verb, STR("rollback")))
		flow_rollback(rq, cs, tenant_name(t), name, commands_arg(args, "version"));
	else
		control_refuse(rq, EXIT_USAGE, STR("there are check, test, replay, publish, rollback"));
}

void commands_reach(struct control_request *rq, struct commands *cs, const json_t *args)
{
	const struct tenant *t = the_tenant(rq, cs, args);
	struct str to = commands_arg(args, "to");
	struct buf text;

	if (!t)
		return;
	json_t *ways = reach(config_objects(cs->config, tenant_name(t)), to);
	if (!ways)
		return control_refuse(rq, EXIT_NOT_FOUND,
		                      STR("--to is neither a number inside nor a target such as flow:main"));
	buf_init(&text, TEXT_MAX);
	reach_put_text(&text, ways);
	buf_printf(&text, "%zu way%s\n", json_array_size(ways), json_array_size(ways) == 1 ? "" : "s");
	control_answer(rq, ways, buf_view(&text));
	buf_fini(&text);
}
