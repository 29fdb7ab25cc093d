// SPDX-License-Identifier: Apache-2.0
#include "app/shards.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/shard_thread.h"
#include "base/clock.h"
#include "media/clip.h"
#include "media/prompts.h"
#include "service/recover.h"

enum { ANSWER_SLOTS = 4096, MAX_CLIP_S = 3600, MAX_CLIPS_WAITING = 10000 };

/** A question that is waiting for its shards. */
struct pending {
	struct list_node node;
	uint64_t serial;
	unsigned waiting;
	json_t *merged;
	shards_done_fn *done;
	void *arg;
};

/* -- questions ----------------------------------------------------------------------- */

void shards_answer(struct shards *s, struct mail_query *q)
{
	if (mailbox_post(s->answers, &q->mail) != 0)
		shard_mail_drop(&q->mail);
}

static void finish(struct pending *p)
{
	list_remove(&p->node);
	p->done(p->merged, p->arg);
	json_decref(p->merged);
	free(p);
}

static void on_answer(struct mail *m, void *arg)
{
	struct shards *s = arg;
	struct mail_query *q = container_of(m, struct mail_query, mail);
	list_for_each_safe(it, &s->pending) {
		struct pending *p = container_of(it, struct pending, node);
		if (p->serial != q->serial)
			continue;
		if (q->result)
			json_array_extend(p->merged, q->result);
		if (--p->waiting == 0)
			finish(p);
		break;
	}
	shard_mail_drop(m);
}

void shards_query(struct shards *s, enum shards_query what, uint64_t tenant, struct str id,
                  shards_done_fn *done, void *arg)
{
	static const enum shard_query_kind kinds[] = {
		[SHARDS_REGISTRATIONS] = SHARD_Q_REGISTRATIONS,
		[SHARDS_CALLS] = SHARD_Q_CALLS,
		[SHARDS_HANGUP] = SHARD_Q_HANGUP,
		[SHARDS_PRESENCE] = SHARD_Q_PRESENCE,
		[SHARDS_STATUS] = SHARD_Q_STATUS,
	};
	struct pending *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	*p = (struct pending){.serial = ++s->next_serial, .waiting = s->n, .merged = json_array(),
	                      .done = done, .arg = arg};
	list_push_back(&s->pending, &p->node);
	for (uint16_t i = 0; i < s->n; i++) {
		struct mail_query *q = calloc(1, sizeof *q);
		if (!q)
			abort();
		*q = (struct mail_query){
			.mail.kind = SHARD_QUERY, .what = kinds[what], .tenant = tenant, .serial = p->serial};
		if (!str_copyz(q->id, sizeof q->id, id))
			q->id[0] = '\0';
		shard_thread_mail(&s->threads[i], &q->mail);
	}
}

/* -- media --------------------------------------------------------------------------- */

static void on_media_event(uint16_t shard, struct media_event *ev, void *arg)
{
	struct shards *s = arg;
	ev->mail.kind = SHARD_MEDIA;
	shard_thread_mail(&s->threads[shard % s->n], &ev->mail);
}

static int start_media(struct shards *s)
{
	const struct settings *x = s->a.settings;
	s->media_metrics = calloc(s->n_media, sizeof *s->media_metrics);
	if (!s->media_metrics)
		return ENOMEM;
	const struct clip_loader_args clips = {
		.max_bytes = x->sounds_kept_bytes,
		.max_s = MAX_CLIP_S,
		.max_waiting = MAX_CLIPS_WAITING,
		.log = s->a.log,
	};
	int err = clip_loader_new(&s->clips, &clips);
	if (err)
		return err;
	const struct media_args args = {
		.threads = s->n_media,
		.clips = s->clips,
		.address = x->rtp_address,
		.max_streams = x->limit_streams,
		.rcvbuf_bytes = x->rtp_rcvbuf_bytes,
		.accel = x->media_accel,
		.log = s->a.log,
		.metrics = s->media_metrics,
		.on_event = on_media_event,
		.arg = s,
	};
	return media_new(&s->media, &args);
}

/* -- start --------------------------------------------------------------------------- */

static size_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > 64 ? 64 : (size_t)n;
}

static int base_args(const struct shards *s, struct shard_args *a)
{
	const struct settings *x = s->a.settings;
	size_t pairs = ((size_t)x->rtp_ports.last - x->rtp_ports.first + 1) / 2;
	size_t per_thread = pairs / ((size_t)s->n * s->n_media);
	size_t initial = x->rtp_sockets / s->n;
	*a = (struct shard_args){
		.n_shards = s->n,
		.prompts = s->prompts,
		.log = s->a.log,
		.realm = str_z(x->sip_realm),
		.server = STR("Tandem"),
		.timers = {.t1 = 500, .t2 = 4000, .t4 = 5000, .c = 190000},
		.limits = {.max_message = x->limit_message_bytes,
	                   .max_headers = x->limit_headers,
	                   .max_body = x->limit_body_bytes},
		.max_transactions = x->limit_transactions,
		.overload = {.target_ms = (uint32_t)x->overload_target_ms,
	                     .retry_after_s = (uint32_t)x->overload_retry_after_s},
		.nonce_age_s = (uint32_t)x->limit_nonce_age_s,
		.max_nonces = x->limit_nonces,
		.registrar = {.default_s = (uint32_t)x->limit_expiry_default_s,
	                      .min_s = (uint32_t)x->limit_expiry_min_s,
	                      .max_s = (uint32_t)x->limit_expiry_max_s,
	                      .max_bindings = (unsigned)x->limit_registrations_device,
	                      .max_total = x->limit_registrations},
		.calls = {.ring_ms = (uint32_t)x->limit_ring_s * 1000,
	                  .max_call_ms = (uint32_t)x->limit_call_s * 1000,
	                  .session_expires_s = (uint32_t)x->limit_session_expires_s,
	                  .min_se_s = (uint32_t)x->limit_session_min_s,
	                  .silence_ms = (uint32_t)x->rtp_silence_s * 1000,
	                  .max_calls = x->limit_calls,
	                  .max_branches = x->limit_branches,
	                  .prack_give_up_ms = 64 * 500},
		.media_threads = s->n_media,
		.rtp_first = x->rtp_ports.first,
		.rtp_pairs_per_thread = per_thread,
		.rtp_pairs_initial = initial < 1 ? 1 : initial > per_thread ? per_thread : initial,
		.directory = s->a.directory,
	};
	struct rng rng;
	rng_init(&rng);
	rng_bytes(&rng, &a->hash_key, sizeof a->hash_key);
	return store_secret(s->a.store, "nonce", a->nonce_secret.key, sizeof a->nonce_secret.key);
}

/** A stored binding to the shard of its user. */
static int restore_binding(uint64_t tenant, struct str key, struct str value, void *arg)
{
	struct shards *s = arg;
	uint64_t user = 0;
	int e = location_value_user(value, &user);
	if (!e)
		e = shard_restore_binding(s->threads[shard_of_user(tenant, user, s->n)].shard, tenant,
		                          value);
	if (e)
		store_delete(s->a.store, STORE_BINDINGS, tenant, key);
	return 0;
}

static int start_threads(struct shards *s, const struct shard_args *base, struct buf *why)
{
	for (uint16_t i = 0; i < s->n; i++) {
		int e = shard_thread_init(&s->threads[i], s, i, base);
		if (e) {
			buf_printf(why, "shard %u: %s", i, err_text(e));
			return e;
		}
		e = shard_thread_listen(&s->threads[i], why);
		if (e)
			return e;
	}
	int e = store_each(s->a.store, STORE_BINDINGS, restore_binding, s);
	if (e) {
		buf_printf(why, "registrations cannot be read from the store: %s", err_text(e));
		return e;
	}
	for (uint16_t i = 0; i < s->n && !e; i++)
		e = shard_thread_start(&s->threads[i]);
	if (e)
		buf_printf(why, "a thread cannot be started: %s", err_text(e));
	return e;
}

static int start(struct shards *s, struct buf *why)
{
	struct shard_args base;
	int e = mailbox_new(&s->answers, s->a.control, ANSWER_SLOTS, on_answer, s);
	if (!e)
		e = prompts_new(&s->prompts, s->a.settings->sounds_dir);
	if (!e)
		e = base_args(s, &base);
	if (!e)
		e = start_media(s);
	if (e) {
		buf_printf(why, "media: %s", err_text(e));
		return e;
	}
	if (!base.rtp_pairs_per_thread) {
		buf_printf(why, "rtp.ports: too few for %u shards and %zu media threads", s->n, s->n_media);
		return E_POLICY;
	}
	e = recover_calls(s->a.store, s->a.directory, s->a.log, clock_wall_ms());
	if (e) {
		buf_printf(why, "calls cannot be read from the store: %s", err_text(e));
		return e;
	}
	return start_threads(s, &base, why);
}

static void release(struct shards *s)
{
	/* The media threads first: they post to the mailboxes. */
	media_free(s->media);
	clip_loader_free(s->clips);
	for (uint16_t i = 0; i < s->n; i++)
		shard_thread_fini(&s->threads[i]);
	list_for_each_safe(it, &s->pending)
		finish(container_of(it, struct pending, node));
	if (s->answers)
		mailbox_free(s->answers, shard_mail_drop);
	directory_unref(s->a.directory);
	free(s->media_metrics);
	prompts_free(s->prompts);
	free(s->threads);
	free(s);
}

int shards_start(struct shards **out, const struct shards_args *args, struct buf *why)
{
	struct shards *s = calloc(1, sizeof *s);
	if (!s)
		return ENOMEM;
	s->a = *args;
	directory_ref(s->a.directory);
	list_init(&s->pending);
	s->n = (uint16_t)(args->settings->shards ? args->settings->shards : processors());
	s->n_media = args->settings->media_threads ? args->settings->media_threads : processors();
	s->threads = calloc(s->n, sizeof *s->threads);
	int e = s->threads ? start(s, why) : ENOMEM;
	if (e)
		shards_stop(s);
	else
		*out = s;
	return e;
}

void shards_stop(struct shards *s)
{
	for (uint16_t i = 0; i < s->n; i++) {
		if (!s->threads[i].running)
			continue;
		struct mail *m = calloc(1, sizeof *m);
		if (!m)
			abort();
		m->kind = SHARD_STOP;
		shard_thread_mail(&s->threads[i], m);
	}
	for (uint16_t i = 0; i < s->n; i++)
		shard_thread_join(&s->threads[i]);
	release(s);
}

void shards_publish(struct shards *s, const struct directory *d)
{
	directory_ref(d);
	directory_unref(s->a.directory);
	s->a.directory = d;
	for (uint16_t i = 0; i < s->n; i++) {
		struct mail_config *m = calloc(1, sizeof *m);
		if (!m)
			abort();
		*m = (struct mail_config){.mail.kind = SHARD_CONFIG, .directory = directory_ref(d)};
		shard_thread_mail(&s->threads[i], &m->mail);
	}
}
