// SPDX-License-Identifier: Apache-2.0
#include "base/metric.h"

struct row {
	const char *name, *kind, *text;
};

static const struct row rows[METRIC_IDS] = {
#define X(id, name, kind, text) [id] = {name, kind, text},
#include "base/metrics.h"
#undef X
};

const char *metric_name(enum metric_id id)
{
	return rows[id].name;
}

const char *metric_kind(enum metric_id id)
{
	return rows[id].kind;
}

const char *metric_text(enum metric_id id)
{
	return rows[id].text;
}
