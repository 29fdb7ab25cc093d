// SPDX-License-Identifier: Apache-2.0
/*
 * A call through a flow of ten nodes that do not wait, in a tenant of 10,000 users, to the question who
 * of a ring group is there: CPU per decision, with the trace and without.
 *
 *     bench_route [calls]
 */
#include "../test/unit/route/fake_tenant.h"

#include <time.h>

static const char nodes[] =
	"{\"n0\":{\"kind\":\"schedule\",\"schedule\":{\"id\":8000},\"exits\":{\"open\":\"n1\",\"closed\":\"n1\"}},"
	"\"n1\":{\"kind\":\"language\",\"language\":\"de\",\"exits\":{\"next\":\"n2\"}},"
	"\"n2\":{\"kind\":\"set\",\"variable\":\"a\",\"value\":\"${caller}\",\"exits\":{\"next\":\"n3\"}},"
	"\"n3\":{\"kind\":\"branch\",\"on\":\"caller\",\"cases\":[{\"list\":{\"id\":9000},\"exit\":\"x\"},"
	"{\"begins\":\"2\",\"exit\":\"x\"}],\"exits\":{\"x\":\"n4\",\"else\":\"n4\"}},"
	"\"n4\":{\"kind\":\"branch\",\"on\":\"language\",\"cases\":[{\"is\":\"fr\",\"exit\":\"x\"}],"
	"\"exits\":{\"x\":\"n5\",\"else\":\"n5\"}},"
	"\"n5\":{\"kind\":\"set\",\"variable\":\"b\",\"value\":\"${a}-${dialled}\",\"exits\":{\"next\":\"n6\"}},"
	"\"n6\":{\"kind\":\"branch\",\"on\":\"variable\",\"variable\":\"b\",\"cases\":[{\"is\":\"1\",\"exit\":\"x\"}],"
	"\"exits\":{\"x\":\"n7\",\"else\":\"n7\"}},"
	"\"n7\":{\"kind\":\"branch\",\"on\":\"day_mode\",\"cases\":[{\"is\":\"night\",\"exit\":\"x\"}],"
	"\"exits\":{\"x\":\"n8\",\"else\":\"n8\"}},"
	"\"n8\":{\"kind\":\"set\",\"variable\":\"c\",\"value\":\"1\",\"exits\":{\"next\":\"n9\"}},"
	"\"n9\":{\"kind\":\"ring\",\"group\":{\"id\":2003},\"exits\":{\"no_answer\":\"n9\"}}}";

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(const struct tenant *t, size_t calls, bool traced)
{
	struct route_decision d = {0};
	struct arena arena;
	double start = cpu_us();

	arena_init(&arena, 16384);
	for (size_t i = 0; i < calls; i++) {
		struct route_facts f = {.event = ROUTE_BEGIN, .at_ms = i * 1000, .dialled = STR("500"),
		                        .caller = &t->users[i * 7919 % t->n_users]};
		struct route_state s = {0};
		struct route_trace tr;

		arena_reset(&arena);
		route_trace_init(&tr, &arena);
		route_step(t, &f, &s, &d, traced ? &tr : NULL);
		if (d.action != ROUTE_ASK)
			abort();
	}
	printf("%-28s %8.2f us a decision\n", traced ? "10 nodes, with its trace" : "10 nodes, without a trace",
	       (cpu_us() - start) / (double)calls);
	arena_fini(&arena);
}

int main(int argc, char **argv)
{
	size_t calls = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	json_t *body = json_pack("{s:s,s:s,s:o}", "name", "bench", "start", "n0", "nodes", json_loads(nodes, 0, NULL));
	struct tenant *t = fake_tenant(10000);
	struct buf why;

	buf_init(&why, 4096);
	if (!body || flow_compile(&t->flows[0], FLOW0, body, flow_resolve_ids, NULL, &why) != 0) {
		printf("" STR_FMT, STR_ARG(buf_view(&why)));
		return 1;
	}
	measure(t, calls, false);
	measure(t, calls, true);
	printf("%-28s %8zu bytes of state, %zu of a decision\n", "", sizeof(struct route_state),
	       sizeof(struct route_decision));
	json_decref(body);
	buf_fini(&why);
	fake_free(t);
	return 0;
}
