// SPDX-License-Identifier: Apache-2.0
/*
 * A flow as JSON, a zero byte, and bytes that its callers and events are made of. What compiles
 * prints as something that compiles again; every call through it has an end, and decides alike
 * from a state that was read back.
 */
#include "../test/unit/route/random_flow.h"
#include "tenant/flow_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static void check_print(const struct call_flow *f, struct buf *why)
{
	json_t *printed = flow_print(f);
	struct call_flow *again = NULL;

	must(flow_compile(&again, f->id, printed, resolve_ids, NULL, why) == 0, "what is printed compiles");
	flow_free(again);
	json_decref(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	const uint8_t *zero = n ? memchr(input, 0, n) : NULL;
	size_t text = zero ? (size_t)(zero - input) : n;
	json_t *body = json_loadb((const char *)input, text, 0, NULL);
	struct bytes b = {.p = input + text, .n = n - text};
	struct tenant *t;
	struct buf why;

	if (!body)
		return 0;
	buf_init(&why, 1 << 18);
	t = fake_tenant(20);
	if (flow_compile(&t->flows[0], FLOW0, body, resolve_ids, NULL, &why) == 0) {
		const struct flow_check_env env = {0};
		struct route_facts f = {.event = ROUTE_BEGIN, .dialled = STR("500"), .caller = &t->users[1]};

		check_print(t->flows[0], &why);
		flow_check(t->flows[0], &env, &why);
		run_call(t, &b, &f, false);
	} else {
		must(why.n > 0, "a refusal has a reason");
	}
	fake_free(t);
	buf_fini(&why);
	json_decref(body);
	return 0;
}
