// SPDX-License-Identifier: Apache-2.0
#include "service/recover.h"

#include "call/record.h"

struct recovery {
	struct store *store;
	const struct directory *directory;
	const struct log *log;
	uint64_t wall_ms;
};

static int recover_one(uint64_t tenant, struct str key, struct str value, void *arg)
{
	struct recovery *r = arg;
	const struct tenant *t = directory_by_id(r->directory, tenant);
	struct call *c;
	int e = call_record_read(&c, value, t); /* also of a tenant that was removed meanwhile */
	if (e) {
		log_event(r->log, LOG_CALL_UNREADABLE, LOG_S("call", key), LOG_Z("why", err_text(e)));
		store_delete(r->store, STORE_CALLS, tenant, key);
		return 0;
	}
	struct buf json;
	buf_init(&json, 256 * 1024);
	uint64_t start_ms = call_record_start_ms(c);
	call_record_put_cdr(c, r->wall_ms, "lost in a restart of the switch", &json);
	store_cdr_append(r->store, tenant, key, start_ms, buf_view(&json), key, NULL, NULL);
	log_event(r->log, LOG_CALL_LOST, LOG_S("tenant", t ? tenant_name(t) : STR_NONE), LOG_S("call", key));
	buf_fini(&json);
	call_record_free(c);
	return 0;
}

int recover_calls(struct store *store, const struct directory *d, const struct log *log,
                  uint64_t wall_ms)
{
	struct recovery r = {store, d, log, wall_ms};
	return store_each(store, STORE_CALLS, recover_one, &r);
}
