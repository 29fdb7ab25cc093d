// SPDX-License-Identifier: Apache-2.0
#include "service/query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "service/message.h"

struct listing {
	struct shard *s;
	json_t *out;
};

static json_t *text(struct str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);
	return j ? j : json_string("");
}

static json_t *time_text(uint64_t ms)
{
	char room[40];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	clock_put_rfc3339(&b, ms);
	return text(buf_view(&b));
}

static json_t *addr_json(const struct addr *a)
{
	char room[ADDR_TEXT];
	return json_string(addr_text(a, room));
}

static void list_binding(const struct binding_set *b, struct binding *handle, void *arg)
{
	(void)handle;
	struct listing *l = arg;
	const struct tenant *t = directory_by_id(l->s->directory, b->key.tenant);
	const struct device *d = t ? tenant_device_by_id(t, b->key.device) : NULL;
	uint64_t now = l->s->a.ops->wall_ms(l->s->a.arg);
	json_t *j = json_object();
	json_object_set_new(j, "tenant", text(t ? tenant_name(t) : STR_NONE));
	json_object_set_new(j, "device", text(d ? d->username : STR_NONE));
	json_object_set_new(j, "user", text(d ? d->user->name : STR_NONE));
	json_object_set_new(j, "extension", text(d ? d->user->extension : STR_NONE));
	json_object_set_new(j, "aor", text(b->aor));
	json_object_set_new(j, "contact", text(b->key.contact));
	json_object_set_new(j, "source", addr_json(&b->flow.remote));
	json_object_set_new(j, "transport", text(sip_transport_name(b->flow.transport)));
	json_object_set_new(j, "path", text(b->path));
	json_object_set_new(j, "instance", text(b->key.instance));
	json_object_set_new(j, "q", json_real(b->q_1000 / 1000.0));
	json_object_set_new(j, "user_agent", text(b->user_agent));
	json_object_set_new(j, "since", time_text(b->since_ms));
	json_object_set_new(j, "expires_in_s",
	                    json_integer(b->expires_ms > now
	                                         ? (json_int_t)((b->expires_ms - now) / 1000)
	                                         : 0));
	json_array_append_new(l->out, j);
}

static void list_calls(struct shard *s, uint64_t tenant, json_t *out)
{
	struct buf b;
	buf_init(&b, (size_t)64 << 20);
	buf_ch(&b, '[');
	calls_put_json(s->calls, tenant, &b);
	buf_ch(&b, ']');
	json_t *calls = buf_ok(&b) ? json_loadb(b.p, b.n, 0, NULL) : NULL;
	if (calls)
		json_array_extend(out, calls);
	json_decref(calls);
	buf_fini(&b);
}

static void presence(struct shard *s, const struct mail_query *q, json_t *out)
{
	uint64_t user;
	if (str_u64(str_z(q->id), &user) != 0)
		return;
	unsigned registered = location_count(s->location, q->tenant, user, 0);
	unsigned busy = presence_of(&s->presence, q->tenant, user).calls;
	if (!registered && !busy)
		return;
	json_array_append_new(out, json_pack("{s:I,s:i,s:i}", "user", (json_int_t)user, "registered",
	                                     (int)registered, "busy", (int)busy));
}

static void status(struct shard *s, json_t *out)
{
	json_t *j = json_pack("{s:i,s:I,s:I,s:I,s:I,s:I}", "shard", (int)s->a.index, "registrations",
	                      (json_int_t)location_size(s->location), "calls",
	                      (json_int_t)calls_count(s->calls), "transactions",
	                      (json_int_t)sip_stack_transactions(s->sip), "messages",
	                      (json_int_t)messages_count(s->messages), "timers",
	                      (json_int_t)s->a.wheel->n);
	json_t *metrics = json_object();
	for (enum metric_id id = 0; id < METRIC_IDS; id++)
		json_object_set_new(metrics, metric_name(id),
		                    json_integer((json_int_t)metric_get(s->a.metrics, id)));
	json_object_set_new(j, "metrics", metrics);
	json_array_append_new(out, j);
}

void query_answer(struct shard *s, struct mail_query *q)
{
	struct listing l = {s, json_array()};
	switch (q->what) {
	case SHARD_Q_REGISTRATIONS:
		location_all(s->location, q->tenant, list_binding, &l);
		break;
	case SHARD_Q_CALLS:
		list_calls(s, q->tenant, l.out);
		break;
	case SHARD_Q_HANGUP:
		if (calls_hangup(s->calls, q->tenant, str_z(q->id)))
			json_array_append_new(l.out, json_string(q->id));
		break;
	case SHARD_Q_PRESENCE:
		presence(s, q, l.out);
		break;
	case SHARD_Q_STATUS:
		status(s, l.out);
		break;
	}
	q->result = l.out;
	s->a.ops->answer(s->a.arg, q);
}
