// SPDX-License-Identifier: Apache-2.0
#include "app/docs.h"

#include <errno.h>

#include "app/settings.h"
#include "base/log.h"
#include "base/metric.h"
#include "tenant/kind.h"

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
	};
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
		if (!str_eq(str_z(documents[i].name), name))
			continue;
		documents[i].put(out);
		return 0;
	}
	return ENOENT;
}
