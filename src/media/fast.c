// SPDX-License-Identifier: Apache-2.0
#include "media/fast.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media/socket_pool.h"

enum {
	LEASE_US = 3000000,
	RENEW_US = 500000,
	LOOPBACK = 1, /* the index that the loopback has in every network namespace */
	NO_INDEX = UINT32_MAX,
};

struct fast_path {
	struct fast_program program;
	size_t threads, flows_per_thread;
	struct fast_flow *states;
	uint64_t *leases;
	size_t states_bytes, leases_bytes;
};

_Static_assert(sizeof(struct fast_flow) % 8 == 0, "the kernel rounds up to that");

static int map_call(int command, int map, const void *key, const void *value)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map,
	                       .key = (uint64_t)(uintptr_t)key,
	                       .value = (uint64_t)(uintptr_t)value};
	return syscall(SYS_bpf, command, &attr, sizeof attr) == 0 ? 0 : errno;
}

/* -- the process's part ------------------------------------------------------------------ */

static int share(void **out, int map, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (p == MAP_FAILED)
		return errno;
	*out = p;
	return 0;
}

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (bytes + page - 1) / page * page;
}

int fast_path_new(struct fast_path **out, const struct fast_path_args *args)
{
	if (args->threads > FAST_MAX_THREADS)
		return E_LIMIT;
	struct fast_path *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->threads = args->threads;
	p->flows_per_thread = args->flows_per_thread;
	p->states_bytes = whole_pages(args->threads * args->flows_per_thread * sizeof *p->states);
	p->leases_bytes = whole_pages(FAST_MAX_THREADS * sizeof *p->leases);
	int err = fast_load(&p->program, args->threads * args->flows_per_thread,
	                    addr_is_loopback(&args->address));
	if (err) {
		free(p);
		return err;
	}
	err = share((void **)&p->states, p->program.states, p->states_bytes);
	if (!err)
		err = share((void **)&p->leases, p->program.leases, p->leases_bytes);
	if (err)
		fast_path_free(p);
	else
		*out = p;
	return err;
}

void fast_path_free(struct fast_path *p)
{
	if (!p)
		return;
	if (p->states)
		munmap(p->states, p->states_bytes);
	if (p->leases)
		munmap(p->leases, p->leases_bytes);
	fast_unload(&p->program);
	free(p);
}

/* -- a thread's part ---------------------------------------------------------------------- */

int fast_table_init(struct fast_table *t, struct fast_path *path, size_t thread)
{
	*t = (struct fast_table){.path = path, .thread = (uint8_t)thread, .route_fd = -1};
	if (!path)
		return 0;
	t->max = (uint32_t)path->flows_per_thread;
	t->first = (uint32_t)(thread * path->flows_per_thread);
	t->free_head = NO_INDEX;
	t->next_free = calloc(t->max, sizeof *t->next_free);
	if (!t->next_free)
		abort();
	t->route_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return t->route_fd < 0 ? errno : 0;
}

void fast_table_fini(struct fast_table *t)
{
	if (t->path)
		t->path->leases[t->thread] = 0;
	if (t->route_fd >= 0)
		close(t->route_fd);
	free(t->next_free);
	*t = (struct fast_table){.route_fd = -1};
}

void fast_table_vouch(struct fast_table *t, uint64_t now_us)
{
	if (!t->path || now_us - t->lease_us < RENEW_US)
		return;
	t->lease_us = now_us;
	__atomic_store_n(&t->path->leases[t->thread], now_us + LEASE_US, __ATOMIC_RELAXED);
}

static uint32_t ip_of(const struct addr *a)
{
	uint32_t ip;
	memcpy(&ip, a->ip, sizeof ip);
	return ip;
}

static uint16_t port_of(const struct addr *a)
{
	return (uint16_t)(a->port >> 8 | a->port << 8);
}

struct route_question {
	struct nlmsghdr head;
	struct rtmsg route;
	struct {
		struct rtattr head;
		uint32_t ip;
	} to, from;
};

static uint32_t interface_in(const struct nlmsghdr *h, size_t n)
{
	if (!NLMSG_OK(h, n) || h->nlmsg_type != RTM_NEWROUTE)
		return 0;
	const struct rtmsg *route = NLMSG_DATA(h);
	if (route->rtm_type != RTN_UNICAST && route->rtm_type != RTN_LOCAL)
		return 0;
	size_t left = RTM_PAYLOAD(h);
	for (const struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		uint32_t interface;
		if (a->rta_type != RTA_OIF || RTA_PAYLOAD(a) != sizeof interface)
			continue;
		memcpy(&interface, RTA_DATA(a), sizeof interface);
		return interface;
	}
	return 0;
}

/** The interface that packets to `to` leave by; 0: none. Answered by the kernel at once. */
static uint32_t route_to(const struct fast_table *t, const struct addr *from, const struct addr *to)
{
	struct route_question q = {
	    .head = {.nlmsg_len = sizeof q, .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST},
	    .route = {.rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_src_len = 32},
	    .to = {{sizeof q.to, RTA_DST}, ip_of(to)},
	    .from = {{sizeof q.from, RTA_SRC}, ip_of(from)},
	};
	union {
		struct nlmsghdr head;
		uint8_t room[2048];
	} answer;
	if (send(t->route_fd, &q, sizeof q, 0) != (ssize_t)sizeof q)
		return 0;
	ssize_t n = recv(t->route_fd, &answer, sizeof answer, MSG_DONTWAIT);
	return n > 0 ? interface_in(&answer.head, (size_t)n) : 0;
}

/** What the checksum changes by when the words of `was` become those of `now`: RFC 1624. */
static uint32_t difference(const void *was, const void *now, size_t n)
{
	const uint8_t *a = was, *b = now;
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i += 2) {
		uint16_t old, new;
		memcpy(&old, a + i, 2);
		memcpy(&new, b + i, 2);
		sum += (uint16_t)~old;
		sum += new;
	}
	return sum;
}

static bool is_whole(const struct addr *a)
{
	return a->family == ADDR_V4 && a->port != 0 && !addr_is_any(a);
}

static uint32_t take_place(struct fast_table *t)
{
	if (t->free_head == NO_INDEX)
		return t->fresh < t->max ? t->fresh++ : NO_INDEX;
	uint32_t i = t->free_head;
	t->free_head = t->next_free[i];
	return i;
}

static void give_place(struct fast_table *t, uint32_t i)
{
	t->next_free[i] = t->free_head;
	t->free_head = i;
}

uint32_t fast_add(struct fast_table *t, const struct addr *remote, const struct addr *local,
                  const struct addr *from, const struct addr *to, const struct fast_flow *like)
{
	if (!is_whole(remote) || !is_whole(local) || !is_whole(from) || !is_whole(to))
		return FAST_NONE;
	uint32_t interface = route_to(t, from, to);
	/* From another interface into the loopback a frame has the wrong address. */
	if (interface == LOOPBACK && !(addr_is_loopback(remote) && addr_is_loopback(to)))
		return FAST_NONE;
	uint32_t i = interface ? take_place(t) : NO_INDEX;
	if (i == NO_INDEX)
		return FAST_NONE;
	struct fast_flow *f = &t->path->states[t->first + i];
	*f = *like;
	f->key = (struct fast_key){ip_of(remote), ip_of(local), port_of(remote), port_of(local)};
	f->from_ip = ip_of(from);
	f->to_ip = ip_of(to);
	f->from_port = port_of(from);
	f->to_port = port_of(to);
	f->diff_ips = difference(&f->key.from_ip, &f->from_ip, 8);
	f->diff_ports = difference(&f->key.from_port, &f->from_port, 4);
	f->interface = interface;
	f->loops = interface == LOOPBACK;
	f->tos = SOCKET_TOS;
	f->thread = t->thread;
	uint32_t index = t->first + i;
	if (map_call(BPF_MAP_UPDATE_ELEM, t->path->program.flows, &f->key, &index) != 0) {
		give_place(t, i);
		return FAST_NONE;
	}
	return i + 1;
}

struct fast_flow *fast_at(const struct fast_table *t, uint32_t number)
{
	return &t->path->states[t->first + number - 1];
}

void fast_remove(struct fast_table *t, uint32_t number)
{
	struct fast_key key = fast_at(t, number)->key;
	(void)map_call(BPF_MAP_DELETE_ELEM, t->path->program.flows, &key, NULL);
	give_place(t, number - 1);
}
