// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's half of the fast path: runs for each packet that an interface receives (tc
 * clsact, ingress). A packet of a known flow is counted, given the addresses it leaves with and
 * sent; any other goes on to the sockets as if this program were not there.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "media/fast_packet.h"

enum {
	IP_AT = sizeof(struct ethhdr),
	UDP_AT = IP_AT + sizeof(struct iphdr),
	RTP_AT = UDP_AT + sizeof(struct udphdr),
	HEADERS = RTP_AT + RTP_HEADER_MIN,
	FRAGMENT = 0x3fff, /* more fragments, or an offset */
	DONT_FRAGMENT = 0x4000,
	TTL = 64,
	PASS = -1, /* TC_ACT_UNSPEC: as if nobody had looked */
};

/* Sizes are set when it is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fast_key);
	__type(value, uint32_t); /* index into `states` */
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, uint32_t);
	__type(value, struct fast_flow);
} states SEC(".maps");

/** Until when each media thread vouches for its entries, in us: a daemon that died relays nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAST_MAX_THREADS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, uint32_t);
	__type(value, uint64_t);
} leases SEC(".maps");

struct seen {
	struct fast_key key;
	uint16_t ip_bytes, rtp_bytes;
	uint8_t rtp[RTP_HEADER_MIN];
};

/** IPv4 without options, in one piece, with UDP that fills it. */
static __always_inline bool look(struct __sk_buff *skb, struct seen *out)
{
	if (skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present) /* its interface comes later */
		return false;
	if ((void *)(long)skb->data + HEADERS > (void *)(long)skb->data_end &&
	    bpf_skb_pull_data(skb, HEADERS) != 0)
		return false;
	const uint8_t *p = (void *)(long)skb->data;
	if (p + HEADERS > (const uint8_t *)(long)skb->data_end)
		return false;
	const struct iphdr *ip = (const void *)(p + IP_AT);
	const struct udphdr *udp = (const void *)(p + UDP_AT);
	if (ip->version != 4 || ip->ihl != 5 || ip->protocol != 17 ||
	    ip->frag_off & bpf_htons(FRAGMENT))
		return false;
	uint32_t bytes = bpf_ntohs(ip->tot_len), udp_bytes = bpf_ntohs(udp->len);
	if (udp_bytes + sizeof *ip != bytes || udp_bytes < sizeof *udp + RTP_HEADER_MIN ||
	    IP_AT + bytes > skb->len)
		return false;
	out->key = (struct fast_key){ip->saddr, ip->daddr, udp->source, udp->dest};
	out->ip_bytes = ip->tot_len;
	out->rtp_bytes = (uint16_t)(udp_bytes - sizeof *udp);
	__builtin_memcpy(out->rtp, p + RTP_AT, RTP_HEADER_MIN);
	return true;
}

static __always_inline uint16_t header_sum(const struct iphdr *ip)
{
	const uint16_t *w = (const void *)ip;
	uint32_t sum = 0;
#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/** The headers as our own socket would write them. */
static __always_inline bool rewrite(struct __sk_buff *skb, const struct fast_flow *f,
                                    const struct seen *s)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tos = f->tos,
		.tot_len = s->ip_bytes,
		.frag_off = bpf_htons(DONT_FRAGMENT),
		.ttl = TTL,
		.protocol = 17,
		.saddr = f->from_ip,
		.daddr = f->to_ip,
	};
	uint16_t ports[2] = {f->from_port, f->to_port};
	uint32_t sum_at = UDP_AT + __builtin_offsetof(struct udphdr, check);
	ip.check = header_sum(&ip);
	return bpf_skb_store_bytes(skb, IP_AT, &ip, sizeof ip, 0) == 0 &&
	       bpf_skb_store_bytes(skb, UDP_AT, ports, sizeof ports, 0) == 0 &&
	       bpf_l4_csum_replace(skb, sum_at, 0, f->diff_ips,
	                           BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0) == 0 &&
	       bpf_l4_csum_replace(skb, sum_at, 0, f->diff_ports, BPF_F_MARK_MANGLED_0) == 0;
}

SEC("tc")
int relay(struct __sk_buff *skb)
{
	struct seen s;
	if (!look(skb, &s))
		return PASS;
	uint32_t *index = bpf_map_lookup_elem(&flows, &s.key);
	struct fast_flow *f = index ? bpf_map_lookup_elem(&states, index) : NULL;
	if (!f)
		return PASS;
	uint32_t thread = f->thread;
	uint64_t now_us = bpf_ktime_get_ns() / 1000;
	const uint64_t *lease = bpf_map_lookup_elem(&leases, &thread);
	if (!lease || *lease < now_us || !fast_take(f, s.rtp, s.rtp_bytes, now_us))
		return PASS;
	if (!rewrite(skb, f, &s))
		return TC_ACT_SHOT; /* no memory */
	return f->loops ? (int)bpf_redirect(f->interface, 0)
	                : (int)bpf_redirect_neigh(f->interface, NULL, 0, 0);
}

char program_license[] SEC("license") = "Apache-2.0";
