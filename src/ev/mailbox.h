// SPDX-License-Identifier: Apache-2.0
/**
 * Messages between threads: a bounded ring, many writers, one reader, with an
 * eventfd that is written only while the reader sleeps.
 *
 * Ownership: mailbox_post takes the message over; the reader's callback takes it
 * over from there. What was posted by one thread arrives in that order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct loop;
struct mailbox;

/** First member of every message; embedded. */
struct mail {
	unsigned kind; /* meaning is the reader's */
};

/** Reader's thread. Takes `m` over. */
typedef void mailbox_fn(struct mail *m, void *arg);

/** `slots` is rounded up to a power of two. Read in `loop`'s turns. */
must_check int mailbox_new(struct mailbox **out, struct loop *loop, size_t slots, mailbox_fn *fn,
                           void *arg);

/** As above for a reader with a loop of its own: it watches mailbox_fd and calls mailbox_drain. */
must_check int mailbox_new_bare(struct mailbox **out, size_t slots, mailbox_fn *fn, void *arg);
int mailbox_fd(const struct mailbox *mb);
/** Hands all waiting messages to the callback; returns how many. Reader's thread. */
size_t mailbox_drain(struct mailbox *mb);
/**
 * Reader's thread: call with true just before blocking on the fd, and drain once
 * more when it returns false (something came in meanwhile); call with false after
 * waking. A mailbox on a loop does this itself.
 */
bool mailbox_sleep(struct mailbox *mb, bool sleeping);

/** Any thread. EAGAIN when the ring is full: the message stays the caller's. */
must_check int mailbox_post(struct mailbox *mb, struct mail *m);

/**
 * The two halves of mailbox_post, for who has several messages: put each, then ring once.
 * Until then a sleeping reader sleeps on.
 */
must_check int mailbox_put(struct mailbox *mb, struct mail *m);
void mailbox_ring(struct mailbox *mb);

/** Writers must be gone. Messages still inside go through `drop` (free when NULL). */
void mailbox_free(struct mailbox *mb, void (*drop)(struct mail *m));
