// SPDX-License-Identifier: Apache-2.0
/* Loads fast.bpf.c, which is built into the daemon, and puts it at the interfaces. */
#include "media/fast.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum {
	PRIORITY = 0x7a64, /* of the filter: whoever starts anew replaces what a crash left behind */
	HANDLE = 1,
	MAX_INTERFACES = sizeof((struct fast_program *)0)->interfaces / sizeof(unsigned),
};

__asm__(".pushsection .rodata\n"
        ".balign 8\n"
        "fast_object:\n"
        ".incbin \"" FAST_OBJECT "\"\n"
        "fast_object_end:\n"
        ".popsection\n");
extern const char fast_object[], fast_object_end[];

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int map_fd(const struct fast_program *p, const char *name)
{
	return bpf_object__find_map_fd_by_name(p->object, name);
}

static int load(struct fast_program *p, size_t max_flows)
{
	p->object = bpf_object__open_mem(fast_object, (size_t)(fast_object_end - fast_object), NULL);
	if (!p->object)
		return errno;
	const char *const sized[] = {"flows", "states"};
	for (size_t i = 0; i < 2; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(p->object, sized[i]);
		int err = bpf_map__set_max_entries(map, (uint32_t)max_flows);
		if (err)
			return -err;
	}
	int err = bpf_object__load(p->object);
	p->flows = map_fd(p, "flows");
	p->states = map_fd(p, "states");
	p->leases = map_fd(p, "leases");
	return -err;
}

static int attach(struct fast_program *p, unsigned interface)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)interface, .attach_point = BPF_TC_INGRESS);
	int err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return -err;
	struct bpf_program *program = bpf_object__find_program_by_name(p->object, "relay");
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = PRIORITY,
	            .prog_fd = bpf_program__fd(program), .flags = BPF_TC_F_REPLACE);
	return -bpf_tc_attach(&hook, &opts);
}

/** The program takes frames to begin with an Ethernet header; those of the loopback do. */
static bool is_wanted(const struct ifaddrs *i, bool loopback)
{
	if (!i->ifa_addr || i->ifa_addr->sa_family != AF_PACKET || !(i->ifa_flags & IFF_UP))
		return false;
	unsigned short type = ((const struct sockaddr_ll *)(const void *)i->ifa_addr)->sll_hatype;
	return type == ARPHRD_ETHER || (type == ARPHRD_LOOPBACK && loopback);
}

/** Every interface that is up now. 0 when there was one at least. */
static int attach_all(struct fast_program *p, bool loopback)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) != 0)
		return errno;
	int err = ENODEV;
	for (struct ifaddrs *i = all; i && p->n_interfaces < MAX_INTERFACES; i = i->ifa_next) {
		unsigned interface = if_nametoindex(i->ifa_name);
		if (!interface || !is_wanted(i, loopback))
			continue;
		err = attach(p, interface);
		if (!err)
			p->interfaces[p->n_interfaces++] = interface;
	}
	freeifaddrs(all);
	return p->n_interfaces ? 0 : err;
}

int fast_load(struct fast_program *p, size_t max_flows, bool loopback)
{
	*p = (struct fast_program){0};
	libbpf_set_print(quiet);
	int err = load(p, max_flows);
	if (!err)
		err = attach_all(p, loopback);
	if (err)
		fast_unload(p);
	return err;
}

void fast_unload(struct fast_program *p)
{
	for (size_t i = 0; i < p->n_interfaces; i++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)p->interfaces[i],
		            .attach_point = BPF_TC_INGRESS);
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = PRIORITY);
		(void)bpf_tc_detach(&hook, &opts); /* nothing is left to do when that fails */
	}
	bpf_object__close(p->object);
	*p = (struct fast_program){0};
}
