// SPDX-License-Identifier: Apache-2.0
/* `tandem flow publish|rollback` and `tandem diff`. */
#include <errno.h>
#include <stdlib.h>

#include "app/commands.h"
#include "route/flow_test.h"
#include "service/trial.h"

enum { WHY_MAX = 1 << 20 };

static void answer(struct control_request *rq, int err, struct config_result *res, struct buf *why)
{
	while (why->n && why->p[why->n - 1] == '\n')
		why->n--;
	if (err && !why->n)
		buf_printf(why, "%s", err_text(err));
	if (err) {
		control_refuse(rq, err == ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED, buf_view(why));
	} else {
		control_answer(rq, json_incref(res->json), buf_view(&res->text));
		config_result_fini(res);
	}
	buf_fini(why);
}

struct gate {
	struct config *config;
	struct str tenant;
};

/* No errors, and every test of the flow goes as expected. */
static int may_be_live(const struct tenant *next, struct str flow, struct buf *why, void *arg)
{
	const struct gate *g = arg;
	int err = flow_check_called(next, flow, why);
	const json_t **tests;
	size_t n;

	if (err)
		return err;
	tests = trial_tests(g->config, g->tenant, &n);
	err = flow_tests_run(next, flow, tests, n, NULL, why);
	free(tests);
	return err;
}

void flow_publish(struct control_request *rq, struct commands *cs, struct str tenant, struct str name)
{
	struct gate gate = {cs->config, tenant};
	struct config_result res;
	struct buf why;

	buf_init(&why, WHY_MAX);
	int err = config_publish(cs->config, tenant, name, may_be_live, &gate, control_request_who(rq),
	                         cs->wall_ms(), &res, &why);
	answer(rq, err, &res, &why);
}

void flow_rollback(struct control_request *rq, struct commands *cs, struct str tenant, struct str name,
                   struct str version)
{
	struct config_result res;
	struct buf why;
	uint64_t n;

	if (str_u64(version, &n) != 0) {
		control_refuse(rq, EXIT_USAGE, STR("the version of the tenant whose flow comes back is wanted"));
		return;
	}
	buf_init(&why, WHY_MAX);
	int err = config_rollback(cs->config, tenant, name, n, control_request_who(rq), cs->wall_ms(),
	                          &res, &why);
	answer(rq, err, &res, &why);
}

void commands_diff(struct control_request *rq, struct commands *cs, const json_t *args)
{
	struct str from = commands_arg(args, "a"), to = commands_arg(args, "b");
	struct config_result res;
	struct buf why;
	uint64_t a, b = 0;

	if (str_u64(from, &a) != 0 || a < 1 || (to.n && str_u64(to, &b) != 0)) {
		control_refuse(rq, EXIT_USAGE, STR("versions of the tenant are wanted, as 3 and 5"));
		return;
	}
	buf_init(&why, WHY_MAX);
	int err = config_diff(cs->config, commands_arg(args, "tenant"), a, b, &res, &why);
	answer(rq, err, &res, &why);
}
