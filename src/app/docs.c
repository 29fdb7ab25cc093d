// SPDX-License-Identifier: Apache-2.0
#include "app/docs.h"

#include <errno.h>

#include "app/settings.h"
#include "base/log.h"
#include "base/metric.h"
#include "tenant/kind.h"
#include "tenant/node.h"

static void put_log(struct buf *out)
{
	buf_lit(out, "# Log records\n\n"
	             "Made from `src/base/log_events.h` by `make docs`; do not edit.\n\n"
	             "A record is one line on standard error: `time level event key=value ...`. Event names are\n"
	             "stable. `log.level` says up to which level records are written.\n\n"
	             "| event | level | meaning |\n|---|---|---|\n");
	for (int i = 0; i < LOG_IDS; i++) {
		enum log_id id = (enum log_id)i;
		buf_printf(out, "| `%s` | %s | %s |\n", log_event_name(id),
		           log_level_name(log_event_level(id)), log_event_text(id));
	}
}

static void put_metrics(struct buf *out)
{
	buf_lit(out, "# Metrics\n\n"
	             "Made from `src/base/metrics.h` by `make docs`; do not edit.\n\n"
	             "`tandem status` shows them for each shard. A counter only grows; a gauge is a number of\n"
	             "things that are there now.\n\n"
	             "| metric | kind | meaning |\n|---|---|---|\n");
	for (int i = 0; i < METRIC_IDS; i++) {
		enum metric_id id = (enum metric_id)i;
		buf_printf(out, "| `%s` | %s | %s |\n", metric_name(id), metric_kind(id),
		           metric_text(id));
	}
}

static void put_nodes(struct buf *out)
{
	buf_lit(out, "# Nodes of call flows\n\n"
	             "Made from `src/tenant/node_table.h` by `make docs`; do not edit.\n\n"
	             "A flow has a `start` and `nodes` by name. A node has its `kind`, its fields, and in `exits` the node\n"
	             "that each exit leads to. `(must)`: left out, the flow is refused or the checker complains.\n\n"
	             "*items*: a prompt's name, or one of `{say: TEXT}`, `{number: N}`, `{digits: N}`, `{time: now}`,\n"
	             "`{date: now}`, `{duration: S}`, `{tone: NAME}`, `{silence_ms: N}`. *target*: `user:1001`, `flow:main`,\n"
	             "`ring_group:sales`, `conference:..`, `queue:..`, `mailbox:..`, `external:+49..`. *members*: targets, or\n"
	             "`{target: .., weight: .., tier: .., ring_s: ..}`. *cases*: `{is: TEXT, exit: NAME}`, `{begins: ..}`,\n"
	             "`{list: NAME, exit: ..}`. In texts `${name}` is a variable of the call, or `caller`, `caller_name`,\n"
	             "`dialled`, `digits`, `language`, `day_mode`, or one of the tenant.\n");
	node_put_doc(out);
}

int docs_put(struct buf *out, struct str name)
{
	static const struct {
		const char *name;
		void (*put)(struct buf *out);
	} documents[] = {
		{"settings", settings_put_doc},
		{"log", put_log},
		{"metrics", put_metrics},
		{"tenant-file", kind_put_doc},
		{"flow-nodes", put_nodes},
	};
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
		if (!str_eq(str_z(documents[i].name), name))
			continue;
		documents[i].put(out);
		return 0;
	}
	return ENOENT;
}
