// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/internal.h"

int queue_init(struct queue *q)
{
	*q = (struct queue){.wake_fd = -1, .hurry_fd = -1};
	q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->wake_fd >= 0 && q->hurry_fd >= 0)
		return 0;
	int err = errno;
	queue_fini(q);
	return err;
}

void queue_fini(struct queue *q)
{
	if (q->wake_fd >= 0)
		close(q->wake_fd);
	if (q->hurry_fd >= 0)
		close(q->hurry_fd);
}

static struct str copy(char **at, struct str s)
{
	struct str out = {*at, s.n};
	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return out;
}

struct request *request_new(const struct request *like)
{
	size_t bytes = sizeof *like + like->key.n + like->value.n + like->id.n;
	struct request *r = malloc(bytes);
	if (!r)
		abort();
	*r = *like;
	r->next = NULL;
	r->bytes = bytes;
	char *at = r->mem;
	r->key = copy(&at, like->key);
	r->value = copy(&at, like->value);
	r->id = copy(&at, like->id);
	return r;
}

static void ring(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof one); /* fails only when it is rung already */
	(void)n;
}

static void unring(int fd)
{
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof count);
	(void)n;
}

/* Somebody waits for what is kept, and a call that is lost with its record leaves no trace. */
static bool is_urgent(const struct request *r)
{
	switch (r->kind) {
	case REQUEST_KEEP:
	case REQUEST_DISCARD:
	case REQUEST_CDR:
		return true;
	case REQUEST_PUT:
	case REQUEST_DELETE:
		return r->table == STORE_CALLS;
	case REQUEST_SYNC:
	case REQUEST_END:
		return false;
	}
	return false;
}

/* Only the first, and the first of calls, ring: two write(2) a batch, however many post. */
void queue_post(struct queue *q, struct request *r)
{
	bool of_calls = is_urgent(r); /* it is the writer's once it is in the list */
	atomic_fetch_add_explicit(&q->bytes, r->bytes, memory_order_relaxed);
	struct request *head = atomic_load_explicit(&q->head, memory_order_relaxed);
	do
		r->next = head;
	while (!atomic_compare_exchange_weak_explicit(&q->head, &head, r, memory_order_release,
	                                              memory_order_relaxed));
	bool first =
	    of_calls && !atomic_exchange_explicit(&q->of_calls, true, memory_order_relaxed);
	if (first || !head)
		ring(q->wake_fd);
}

void queue_hurry(struct queue *q)
{
	ring(q->hurry_fd);
}

bool queue_wait(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, ms) > 0;
}

/* The bell has rung for what is there already; it rings again for the first of calls. */
void queue_gather(struct queue *q, int ms)
{
	unring(q->wake_fd);
	if (!atomic_load_explicit(&q->head, memory_order_relaxed) ||
	    atomic_load_explicit(&q->of_calls, memory_order_relaxed))
		return;
	struct pollfd p[] = {{.fd = q->wake_fd, .events = POLLIN},
	                     {.fd = q->hurry_fd, .events = POLLIN}};
	poll(p, 2, ms);
}

/* The bell is silenced before the list is taken: who posts after that finds it empty and rings. */
struct request *queue_take(struct queue *q)
{
	unring(q->wake_fd);
	unring(q->hurry_fd);
	atomic_store_explicit(&q->of_calls, false, memory_order_relaxed);
	struct request *newest = atomic_exchange_explicit(&q->head, NULL, memory_order_acquire);
	struct request *oldest = NULL;
	size_t bytes = 0;
	while (newest) {
		struct request *r = newest;
		newest = r->next;
		bytes += r->bytes;
		r->next = oldest;
		oldest = r;
	}
	atomic_fetch_sub_explicit(&q->bytes, bytes, memory_order_relaxed);
	return oldest;
}

/* -- what others call ---------------------------------------------------------------- */

static void post_live(struct store *s, const struct request *like)
{
	struct queue *q = writer_queue(s->writer);
	if (like->key.n > STORE_MAX_KEY || like->value.n > STORE_MAX_VALUE ||
	    atomic_load_explicit(&q->bytes, memory_order_relaxed) > QUEUE_MAX_BYTES) {
		atomic_fetch_add_explicit(&q->dropped, 1, memory_order_relaxed);
		return;
	}
	queue_post(q, request_new(like));
}

void store_put(struct store *s, enum store_table table, uint64_t tenant, struct str key,
               struct str value)
{
	post_live(
	    s,
	    &(struct request){
	        .kind = REQUEST_PUT, .table = table, .tenant = tenant, .key = key, .value = value});
}

void store_delete(struct store *s, enum store_table table, uint64_t tenant, struct str key)
{
	post_live(s, &(struct request){
	                 .kind = REQUEST_DELETE, .table = table, .tenant = tenant, .key = key});
}

void store_cdr_append(struct store *s, uint64_t tenant, struct str id, uint64_t start_ms,
                      struct str json, struct str call_key, store_done_fn *done, void *arg)
{
	queue_post(writer_queue(s->writer), request_new(&(struct request){.kind = REQUEST_CDR,
	                                                                  .table = STORE_CALLS,
	                                                                  .tenant = tenant,
	                                                                  .id = id,
	                                                                  .start_ms = start_ms,
	                                                                  .value = json,
	                                                                  .key = call_key,
	                                                                  .done = done,
	                                                                  .arg = arg}));
}

void store_keep(struct store *s, enum store_kept table, uint64_t tenant, struct str key,
                struct str value, store_done_fn *done, void *arg)
{
	queue_post(writer_queue(s->writer), request_new(&(struct request){.kind = REQUEST_KEEP,
	                                                                  .kept = table,
	                                                                  .tenant = tenant,
	                                                                  .key = key,
	                                                                  .value = value,
	                                                                  .done = done,
	                                                                  .arg = arg}));
}

void store_discard(struct store *s, enum store_kept table, uint64_t tenant, struct str key,
                   store_done_fn *done, void *arg)
{
	queue_post(writer_queue(s->writer), request_new(&(struct request){.kind = REQUEST_DISCARD,
	                                                                  .kept = table,
	                                                                  .tenant = tenant,
	                                                                  .key = key,
	                                                                  .done = done,
	                                                                  .arg = arg}));
}

/* The eventfd is this call's own: the writer rings it and knows no waiters. */
void store_sync(struct store *s)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	if (fd < 0)
		abort();
	struct queue *q = writer_queue(s->writer);
	queue_post(q, request_new(&(struct request){.kind = REQUEST_SYNC, .reply_fd = fd}));
	queue_hurry(q);
	uint64_t count;
	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
	close(fd);
}

uint64_t store_dropped(const struct store *s)
{
	return atomic_load_explicit(&writer_queue(s->writer)->dropped, memory_order_relaxed);
}
