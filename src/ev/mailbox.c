// SPDX-License-Identifier: Apache-2.0
/*
 * The ring is Vyukov's bounded queue with one reader: each cell carries the number
 * of the post it waits for, so that writers meet only at the number they take.
 *
 * Sleeping. The reader says SLEEPING, then looks once more; a writer publishes, then
 * looks whether it must ring. All four steps are sequentially consistent, so one of
 * the two sees the other. The writer that turns SLEEPING into RUNG owes exactly one
 * write to the eventfd; the reader counts these debts, and so reads the eventfd only
 * when something is, or will be, in it.
 */
#include "ev/mailbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ev/loop.h"

enum { CACHE_LINE = 64, MAX_SLOTS = 1 << 24, TURN_MAIL = 512 };
enum state { AWAKE, SLEEPING, RUNG };

struct cell {
	/* n: free for post number n. n + 1: holds post number n. */
	_Atomic size_t turn;
	struct mail *mail;
};

struct mailbox {
	_Alignas(CACHE_LINE) _Atomic size_t next_post; /* writers */
	_Alignas(CACHE_LINE) atomic_int state;         /* both; it seldom changes under load */
	_Alignas(CACHE_LINE) size_t next_read;         /* the reader's, from here on */
	uint64_t unread_rings; /* written to the eventfd, or about to be */
	struct cell *cells;
	size_t mask;
	mailbox_fn *fn;
	void *arg;
	struct loop *loop; /* NULL: bare */
	struct ev_io io;
	struct ev_hook hook;
};

static bool holds_mail(struct mailbox *mb)
{
	const struct cell *cell = &mb->cells[mb->next_read & mb->mask];

	return atomic_load(&cell->turn) == mb->next_read + 1;
}

static struct mail *take(struct mailbox *mb)
{
	struct cell *cell = &mb->cells[mb->next_read & mb->mask];
	struct mail *mail;

	if (atomic_load_explicit(&cell->turn, memory_order_acquire) != mb->next_read + 1)
		return NULL;
	mail = cell->mail;
	atomic_store_explicit(&cell->turn, mb->next_read + mb->mask + 1, memory_order_release);
	mb->next_read++;
	return mail;
}

static void read_rings(struct mailbox *mb)
{
	uint64_t rings;

	/* Not there yet: the writer is between its two steps. It will be next time. */
	if (read(mb->io.fd, &rings, sizeof rings) == (ssize_t)sizeof rings)
		mb->unread_rings -= rings;
}

static void wake(struct mailbox *mb)
{
	if (atomic_load(&mb->state) != AWAKE && atomic_exchange(&mb->state, AWAKE) == RUNG)
		mb->unread_rings++;
}

bool mailbox_sleep(struct mailbox *mb, bool sleeping)
{
	if (!sleeping) {
		wake(mb);
		return true;
	}
	/* A plain store would lose the debt of a writer that has rung since. */
	wake(mb);
	atomic_store(&mb->state, SLEEPING);
	if (!holds_mail(mb))
		return true;
	wake(mb);
	return false;
}

static size_t drain(struct mailbox *mb, size_t max)
{
	size_t n = 0;

	wake(mb);
	if (mb->unread_rings)
		read_rings(mb);
	while (n < max) {
		struct mail *mail = take(mb);

		if (!mail)
			break;
		n++;
		mb->fn(mail, mb->arg);
	}
	return n;
}

/* Not more than a ring full, so that busy writers cannot hold the reader here. */
size_t mailbox_drain(struct mailbox *mb)
{
	return drain(mb, mb->mask + 1);
}

int mailbox_put(struct mailbox *mb, struct mail *m)
{
	size_t post = atomic_load_explicit(&mb->next_post, memory_order_relaxed);
	struct cell *cell;

	for (;;) {
		size_t turn;

		cell = &mb->cells[post & mb->mask];
		turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
		if (turn == post) {
			if (atomic_compare_exchange_weak_explicit(&mb->next_post, &post, post + 1,
			                                          memory_order_relaxed,
			                                          memory_order_relaxed))
				break;
		} else if ((intptr_t)(turn - post) < 0) {
			return EAGAIN;
		} else {
			post = atomic_load_explicit(&mb->next_post, memory_order_relaxed);
		}
	}
	cell->mail = m;
	atomic_store(&cell->turn, post + 1);
	return 0;
}

void mailbox_ring(struct mailbox *mb)
{
	const uint64_t one = 1;
	int state = SLEEPING;

	if (atomic_load(&mb->state) == SLEEPING &&
	    atomic_compare_exchange_strong(&mb->state, &state, RUNG)) {
		while (write(mb->io.fd, &one, sizeof one) < 0 && errno == EINTR)
			;
	}
}

int mailbox_post(struct mailbox *mb, struct mail *m)
{
	int err = mailbox_put(mb, m);

	if (!err)
		mailbox_ring(mb);
	return err;
}

/* The loop has sockets to read, too, and its time stands still meanwhile. */
static void drain_some(struct mailbox *mb)
{
	if (drain(mb, TURN_MAIL) == TURN_MAIL)
		loop_more(mb->loop);
}

static void on_ring(struct ev_io *io, unsigned events, void *arg)
{
	(void)io;
	(void)events;
	drain_some(arg);
}

static void on_turn(void *arg)
{
	drain_some(arg);
}

static bool on_wait(void *arg, bool waiting)
{
	return mailbox_sleep(arg, waiting);
}

static struct cell *cells_new(size_t n)
{
	struct cell *cells = calloc(n, sizeof *cells);

	for (size_t i = 0; cells && i < n; i++)
		atomic_init(&cells[i].turn, i);
	return cells;
}

int mailbox_new_bare(struct mailbox **out, size_t slots, mailbox_fn *fn, void *arg)
{
	struct mailbox *mb;
	size_t n = 2;

	if (slots > MAX_SLOTS)
		return E_LIMIT;
	while (n < slots)
		n *= 2;
	mb = aligned_alloc(CACHE_LINE, sizeof *mb);
	if (!mb)
		return ENOMEM;
	*mb = (struct mailbox){.mask = n - 1, .fn = fn, .arg = arg};
	mb->cells = cells_new(n);
	mb->io = (struct ev_io){.fd = -1, .events = EV_READ, .fn = on_ring, .arg = mb};
	mb->hook = (struct ev_hook){.fn = on_turn, .on_wait = on_wait, .arg = mb};
	mb->io.fd = mb->cells ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
	if (mb->io.fd < 0) {
		int err = mb->cells ? errno : ENOMEM;

		free(mb->cells);
		free(mb);
		return err;
	}
	*out = mb;
	return 0;
}

int mailbox_new(struct mailbox **out, struct loop *loop, size_t slots, mailbox_fn *fn, void *arg)
{
	struct mailbox *mb;
	int err = mailbox_new_bare(&mb, slots, fn, arg);

	if (err)
		return err;
	err = loop_io_add(loop, &mb->io);
	if (err) {
		mailbox_free(mb, NULL);
		return err;
	}
	mb->loop = loop;
	loop_hook_add(loop, &mb->hook);
	*out = mb;
	return 0;
}

int mailbox_fd(const struct mailbox *mb)
{
	return mb->io.fd;
}

void mailbox_free(struct mailbox *mb, void (*drop)(struct mail *m))
{
	struct mail *mail;

	if (!mb)
		return;
	if (mb->loop) {
		loop_io_del(mb->loop, &mb->io);
		loop_hook_del(mb->loop, &mb->hook);
	}
	while ((mail = take(mb)) != NULL) {
		if (drop)
			drop(mail);
		else
			free(mail);
	}
	close(mb->io.fd);
	free(mb->cells);
	free(mb);
}
