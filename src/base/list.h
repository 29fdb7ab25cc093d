// SPDX-License-Identifier: Apache-2.0
/** Intrusive doubly linked list; a node is embedded in what it links. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev, *next;
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/** A head, or a node that is in no list. */
static inline void list_init(struct list_node *n)
{
	n->prev = n->next = n;
}

static inline bool list_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void list_insert_before(struct list_node *at, struct list_node *n)
{
	n->prev = at->prev;
	n->next = at;
	at->prev->next = n;
	at->prev = n;
}

static inline void list_push_back(struct list_node *head, struct list_node *n)
{
	list_insert_before(head, n);
}

static inline void list_push_front(struct list_node *head, struct list_node *n)
{
	list_insert_before(head->next, n);
}

/** Unlink; the node is as after list_init. Unlinking twice does no harm. */
static inline void list_remove(struct list_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

static inline struct list_node *list_first(struct list_node *head)
{
	return list_empty(head) ? NULL : head->next;
}

#define list_for_each(it, head) \
	for (struct list_node *it = (head)->next; it != (head); it = it->next)

/** The body may unlink `it` itself, and nothing else. */
#define list_for_each_safe(it, head) \
	for (struct list_node *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)
