// SPDX-License-Identifier: Apache-2.0
/*
 * Phones that speak RTP to a relay, and hear it: as many calls as one core of them can bear.
 *
 *     rtp_gen --if NAME --mac MAC --server IP --calls N [--seconds S] [--warm S] [--pid PID]... [--deaf]
 *
 * Reads from its input the relay's port for each phone, a line each; phones 2k and 2k + 1 are a
 * call. Phone i has the address 198.19.0.0 + i + 1, port 30000, and sends 50 packets of G.711 a
 * second, all phones in an order of chance and spread evenly over the 20 ms. Frames go out by a
 * packet socket and come in by its ring, with the kernel's time of arrival: common sockets
 * cannot do both 500,000 times a second on one core. It spins: no wake-up of ours is paid by
 * the relay.
 *
 * Phones begin one after the other in the first two thirds of --warm.
 *
 * Every packet that comes is checked: to whom, from which of the relay's ports, with whose SSRC,
 * its checksum, seen before or not. Prints a line of JSON:
 *   cpu_ns   of the processes PID while it counts, all threads (schedstat)
 *   send_ns  our own in sending. On a pair of virtual interfaces this holds the way of a packet
 *            up into the relay's socket, and waking the relay. Take off what --deaf needs, where
 *            the frames have a foreign MAC and the relay's kernel drops them at once.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 32,
	PAYLOAD = 172,
	FRAME = 14 + 20 + 8 + PAYLOAD,
	PACKETS_PER_SECOND = 50,
	FIRST_PHONE = 0xc6130001, /* 198.19.0.1 */
	PHONE_PORT = 30000,
	MAX_PIDS = 16,
	RING_BLOCK = 1 << 20,
	RING_BLOCKS = 64,
	SLOT_NS = 50000, /* packets go out in bursts of as many as are due in this time */
	RING_MS = 4,
	DELAYS = 100000, /* of 1 us each; the last holds all above */
	DRAIN_NS = 500000000,
};

struct phone {
	uint16_t relay_port;
	uint16_t seq;      /* next to send */
	uint16_t seen;     /* highest received */
	uint64_t window;   /* of the 64 up to `seen` */
	uint32_t base_sum; /* of the frame's checksum: what stays the same */
	int64_t transit_ns;
	double jitter_ns;
	bool heard;
};

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t rtp[12];
	uint64_t sent_ns;
	uint8_t rest[PAYLOAD - 20];
} __attribute__((packed));

_Static_assert(sizeof(struct frame) == FRAME, "no padding");

struct gen {
	uint32_t n_phones, server;
	double seconds, warm;
	bool deaf;
	char interface[IFNAMSIZ];
	uint8_t mac[6];
	long pids[MAX_PIDS];
	size_t n_pids;

	struct phone *phones;
	uint32_t *order;
	int fd;
	uint8_t *ring;
	size_t block;
	struct sockaddr_ll to;
	struct frame frames[BATCH];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];

	uint32_t speaking; /* phones that have begun, in the order of `order` */
	bool counting;
	uint64_t sent, send_ns, received, wrong, twice, reordered, *delays, n_delays;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t sum16(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* -- the relay's CPU time -------------------------------------------------------------- */

static uint64_t process_ns(long pid)
{
	char path[300];
	snprintf(path, sizeof path, "/proc/%ld/task", pid);
	DIR *d = opendir(path);
	uint64_t total = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", pid, e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
		unsigned long long ns;
		if (f && fscanf(f, "%llu", &ns) == 1)
			total += ns;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return total;
}

static uint64_t all_ns(const struct gen *g)
{
	uint64_t total = 0;
	for (size_t i = 0; i < g->n_pids; i++)
		total += process_ns(g->pids[i]);
	return total;
}

/* -- sending ---------------------------------------------------------------------------- */

static void fill_frame(struct gen *g, struct frame *f, uint32_t i)
{
	struct phone *p = &g->phones[i];
	uint32_t stamp = htonl(160u * p->seq), ssrc = htonl(i), from = htonl(FIRST_PHONE + i);
	uint16_t seq = htons(p->seq++);
	f->ip.saddr = from;
	f->ip.check = 0;
	f->ip.check = htons(fold(sum16(&f->ip, sizeof f->ip)));
	f->udp.dest = htons(p->relay_port);
	memcpy(f->rtp + 2, &seq, 2);
	memcpy(f->rtp + 4, &stamp, 4);
	memcpy(f->rtp + 8, &ssrc, 4);
	f->sent_ns = now_ns(CLOCK_REALTIME);
	uint16_t sum = fold(p->base_sum + ntohs(seq) + sum16(&stamp, 4) + sum16(&f->sent_ns, 8));
	f->udp.check = htons(sum ? sum : 0xffff);
}

/** What does not change from packet to packet of the pseudo header, the UDP header and the RTP. */
static uint32_t base_sum(const struct gen *g, uint32_t i)
{
	uint32_t from = htonl(FIRST_PHONE + i), ssrc = htonl(i);
	return sum16(&from, 4) + sum16(&g->server, 4) + IPPROTO_UDP + 2 * (8 + PAYLOAD) + PHONE_PORT +
	       g->phones[i].relay_port + 0x8000 + sum16(&ssrc, 4);
}

static void send_some(struct gen *g, uint64_t first, size_t n)
{
	size_t due = n;
	n = 0;
	for (size_t i = 0; i < due; i++)
		if ((first + i) % g->n_phones < g->speaking)
			fill_frame(g, &g->frames[n++], g->order[(first + i) % g->n_phones]);
	uint64_t from = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t at = 0; at < n;) {
		int k = sendmmsg(g->fd, g->msg + at, (unsigned)(n - at), 0);
		if (k < 0 && errno != ENOBUFS && errno != EAGAIN)
			die("send");
		at += k > 0 ? (size_t)k : 0;
	}
	if (g->counting) {
		g->send_ns += now_ns(CLOCK_THREAD_CPUTIME_ID) - from;
		g->sent += n;
	}
}

static void prepare_sending(struct gen *g)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct frame *f = &g->frames[i];
		*f = (struct frame){.eth.ether_type = htons(ETHERTYPE_IP),
		                    .ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		                           .tot_len = htons(FRAME - 14), .daddr = g->server},
		                    .udp = {.source = htons(PHONE_PORT), .len = htons(8 + PAYLOAD)},
		                    .rtp = {0x80}};
		memcpy(f->eth.ether_dhost, g->mac, 6);
		if (g->deaf)
			f->eth.ether_dhost[5] ^= 1;
		memcpy(f->eth.ether_shost, "\x02\0\0\0\0\x02", 6);
		g->iov[i] = (struct iovec){f, sizeof *f};
		g->msg[i].msg_hdr = (struct msghdr){.msg_name = &g->to, .msg_namelen = sizeof g->to,
		                                    .msg_iov = &g->iov[i], .msg_iovlen = 1};
	}
}

/* -- hearing ---------------------------------------------------------------------------- */

/** New, and not an old one again? */
static bool note_seq(struct gen *g, struct phone *p, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - p->seen), behind = (uint16_t)(p->seen - seq);
	if (!p->heard || (ahead && ahead < 0x8000)) {
		p->window = p->heard && ahead < 64 ? p->window << ahead | 1 : 1;
		p->seen = seq;
		p->heard = true;
		return true;
	}
	if (behind >= 64 || p->window & UINT64_C(1) << behind)
		return false;
	p->window |= UINT64_C(1) << behind;
	g->reordered++;
	return true;
}

/** RFC 3550 section 6.4.1, on the delay: what the relay adds to the jitter of its senders. */
static void note_delay(struct gen *g, struct phone *p, int64_t ns)
{
	int64_t step = ns - p->transit_ns;
	p->jitter_ns += ((double)(step < 0 ? -step : step) - p->jitter_ns) / 16;
	p->transit_ns = ns;
	int64_t us = ns > 0 ? ns / 1000 : 0;
	g->delays[us < DELAYS ? us : DELAYS - 1]++;
	g->n_delays++;
}

static bool is_right(const struct gen *g, const struct frame *f, uint32_t status)
{
	uint32_t i = ntohl(f->ip.daddr) - FIRST_PHONE, ssrc;
	memcpy(&ssrc, f->rtp + 8, 4);
	if (f->ip.saddr != g->server || ntohs(f->udp.dest) != PHONE_PORT ||
	    ntohs(f->udp.source) != g->phones[i].relay_port || ntohl(ssrc) != (i ^ 1) ||
	    ntohs(f->udp.len) != 8 + PAYLOAD)
		return false;
	if (status & TP_STATUS_CSUMNOTREADY || f->udp.check == 0)
		return true; /* left to an interface's hardware */
	uint32_t sum = sum16(&f->ip.saddr, 8) + IPPROTO_UDP + 8 + PAYLOAD + sum16(&f->udp, 8 + PAYLOAD);
	return fold(sum) == 0;
}

static void hear(struct gen *g, const struct tpacket3_hdr *h)
{
	const struct frame *f = (const void *)((const uint8_t *)h + h->tp_mac);
	uint32_t i = ntohl(f->ip.daddr) - FIRST_PHONE;
	if (h->tp_snaplen < FRAME || f->eth.ether_type != htons(ETHERTYPE_IP) ||
	    f->ip.protocol != IPPROTO_UDP || i >= g->n_phones || (f->rtp[1] & 0x7f) >= 64)
		return; /* RTCP of the relay's own, or something of the kernel's */
	if (!is_right(g, f, h->tp_status)) {
		g->wrong += g->counting;
		return;
	}
	uint16_t seq;
	memcpy(&seq, f->rtp + 2, 2);
	bool fresh = note_seq(g, &g->phones[i], ntohs(seq));
	if (!g->counting)
		return;
	uint64_t came = (uint64_t)h->tp_sec * 1000000000u + h->tp_nsec;
	g->received += fresh;
	g->twice += !fresh;
	note_delay(g, &g->phones[i], (int64_t)(came - f->sent_ns));
}

static bool drain(struct gen *g)
{
	struct tpacket_block_desc *b = (void *)(g->ring + g->block * RING_BLOCK);
	if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	const struct tpacket3_hdr *h = (const void *)((uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
	for (uint32_t k = 0; k < b->hdr.bh1.num_pkts; k++) {
		hear(g, h);
		h = (const void *)((const uint8_t *)h + h->tp_next_offset);
	}
	__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	g->block = (g->block + 1) % RING_BLOCKS;
	return true;
}

static uint64_t ring_drops(const struct gen *g)
{
	struct tpacket_stats_v3 st;
	socklen_t n = sizeof st;
	return getsockopt(g->fd, SOL_PACKET, PACKET_STATISTICS, &st, &n) == 0 ? st.tp_drops : 0;
}

static void open_interface(struct gen *g)
{
	g->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (g->fd < 0)
		die("packet socket");
	int version = TPACKET_V3, on = 1;
	struct tpacket_req3 ring = {.tp_block_size = RING_BLOCK, .tp_block_nr = RING_BLOCKS,
	                            .tp_frame_size = 2048,
	                            .tp_frame_nr = RING_BLOCK / 2048 * RING_BLOCKS,
	                            .tp_retire_blk_tov = RING_MS};
	g->to = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	                             .sll_ifindex = (int)if_nametoindex(g->interface), .sll_halen = 6};
	memcpy(g->to.sll_addr, g->mac, 6);
	if (setsockopt(g->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
	    setsockopt(g->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
	    setsockopt(g->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) != 0 ||
	    setsockopt(g->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0 ||
	    bind(g->fd, (struct sockaddr *)&g->to, sizeof g->to) != 0)
		die(g->interface);
	g->ring = mmap(NULL, (size_t)RING_BLOCK * RING_BLOCKS, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_POPULATE, g->fd, 0);
	if (g->ring == MAP_FAILED)
		die("ring");
}

/* -- the run ----------------------------------------------------------------------------- */

struct result {
	uint64_t cpu_ns, wall_ns, late;
};

static struct result run(struct gen *g)
{
	struct result r = {0};
	uint64_t gap_ns = 1000000000u / PACKETS_PER_SECOND / g->n_phones;
	uint64_t warm = (uint64_t)(g->warm * PACKETS_PER_SECOND) * g->n_phones;
	uint64_t ramp = warm * 2 / 3; /* nowhere do thousands of calls begin at once */
	uint64_t total = warm + (uint64_t)(g->seconds * PACKETS_PER_SECOND) * g->n_phones;
	uint64_t slot = SLOT_NS / gap_ns > 1 ? SLOT_NS / gap_ns : 1;
	uint64_t start = now_ns(CLOCK_MONOTONIC), sent = 0;
	while (sent < total) {
		uint64_t now = now_ns(CLOCK_MONOTONIC), due = (now - start) / gap_ns + 1;
		g->speaking = sent < ramp ? (uint32_t)(sent * g->n_phones / ramp) : g->n_phones;
		if (!g->counting && sent >= warm) {
			g->counting = true;
			r.wall_ns = now;
			r.cpu_ns = all_ns(g);
		}
		uint64_t limit = sent < warm ? warm : total;
		uint64_t n = (due < limit ? due : limit) - sent;
		if (n < slot && sent + n < limit)
			n = 0;
		if (due > sent + n + 1000000 / gap_ns)
			r.late++;
		if (n > 0)
			send_some(g, sent, n < BATCH ? n : BATCH);
		sent += n < BATCH ? n : BATCH;
		if (!drain(g) && n == 0)
			for (int i = 0; i < 16; i++)
				__builtin_ia32_pause();
	}
	r.cpu_ns = all_ns(g) - r.cpu_ns;
	r.wall_ns = now_ns(CLOCK_MONOTONIC) - r.wall_ns;
	for (uint64_t end = now_ns(CLOCK_MONOTONIC) + DRAIN_NS; now_ns(CLOCK_MONOTONIC) < end;)
		drain(g);
	return r;
}

static double delay_us(const struct gen *g, double share)
{
	uint64_t want = (uint64_t)(share * (double)g->n_delays), at = 0;
	for (size_t us = 0; us < DELAYS; us++) {
		at += g->delays[us];
		if (at > want)
			return (double)us;
	}
	return 0;
}

static void print_result(const struct gen *g, const struct result *r)
{
	double jitter = 0, most = 0;
	for (uint32_t i = 0; i < g->n_phones; i++) {
		jitter += g->phones[i].jitter_ns / 1000 / g->n_phones;
		if (g->phones[i].jitter_ns / 1000 > most)
			most = g->phones[i].jitter_ns / 1000;
	}
	uint64_t in_time = g->received < g->sent ? g->received : g->sent;
	printf("{\"calls\":%u,\"seconds\":%.3f,\"sent\":%llu,\"received\":%llu,\"lost\":%llu,\"wrong\":%llu,"
	       "\"twice\":%llu,\"reordered\":%llu,\"late\":%llu,\"ring_drops\":%llu,"
	       "\"cpu_ns\":%llu,\"send_ns\":%llu,\"p50_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,"
	       "\"max_us\":%.0f,\"jitter_us\":%.1f,\"max_jitter_us\":%.1f}\n",
	       g->n_phones / 2, (double)r->wall_ns / 1e9, (unsigned long long)g->sent,
	       (unsigned long long)g->received, (unsigned long long)(g->sent - in_time),
	       (unsigned long long)g->wrong, (unsigned long long)g->twice,
	       (unsigned long long)g->reordered, (unsigned long long)r->late,
	       (unsigned long long)ring_drops(g), (unsigned long long)r->cpu_ns,
	       (unsigned long long)g->send_ns, delay_us(g, 0.5), delay_us(g, 0.99), delay_us(g, 0.999),
	       delay_us(g, 0.9999999), jitter, most);
}

static void read_ports(struct gen *g)
{
	g->phones = calloc(g->n_phones, sizeof *g->phones);
	g->order = calloc(g->n_phones, sizeof *g->order);
	g->delays = calloc(DELAYS, sizeof *g->delays);
	if (!g->phones || !g->order || !g->delays)
		abort();
	for (uint32_t i = 0; i < g->n_phones; i++) {
		unsigned port;
		if (scanf("%u", &port) != 1)
			exit(fprintf(stderr, "rtp_gen: no port for phone %u\n", i) ? 1 : 1);
		g->phones[i].relay_port = (uint16_t)port;
		g->phones[i].base_sum = base_sum(g, i);
		g->order[i] = i;
	}
	srandom(1); /* the same order in each run */
	for (uint32_t i = g->n_phones; i > 1; i--) {
		uint32_t k = (uint32_t)random() % i, was = g->order[i - 1];
		g->order[i - 1] = g->order[k];
		g->order[k] = was;
	}
}

static bool set(struct gen *g, const char *name, const char *value)
{
	if (strcmp(name, "--if") == 0)
		snprintf(g->interface, sizeof g->interface, "%s", value);
	else if (strcmp(name, "--mac") == 0)
		return sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &g->mac[0], &g->mac[1], &g->mac[2],
		              &g->mac[3], &g->mac[4], &g->mac[5]) == 6;
	else if (strcmp(name, "--server") == 0)
		return inet_pton(AF_INET, value, &g->server) == 1;
	else if (strcmp(name, "--calls") == 0)
		g->n_phones = 2 * (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "--seconds") == 0)
		g->seconds = strtod(value, NULL);
	else if (strcmp(name, "--warm") == 0)
		g->warm = strtod(value, NULL);
	else if (strcmp(name, "--pid") == 0 && g->n_pids < MAX_PIDS)
		g->pids[g->n_pids++] = strtol(value, NULL, 10);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct gen g = {.seconds = 5, .warm = 3};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--deaf") == 0)
			g.deaf = true;
		else if (i + 1 == argc || !set(&g, argv[i], argv[i + 1]))
			return fprintf(stderr, "rtp_gen: not understood: %s\n", argv[i]), 2;
		else
			i++;
	}
	if (!g.n_phones || g.n_phones > 65000 || !g.server || !g.interface[0])
		return fputs("rtp_gen: --if, --mac, --server and --calls are needed\n", stderr), 2;
	read_ports(&g);
	open_interface(&g);
	prepare_sending(&g);
	struct result r = run(&g);
	print_result(&g, &r);
	return 0;
}
