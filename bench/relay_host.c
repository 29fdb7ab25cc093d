// SPDX-License-Identifier: Apache-2.0
/*
 * The media plane alone, with calls that are up: what bench/run measures beside rtpengine.
 *
 *     relay_host ADDRESS CALLS [accel]
 *
 * One media thread with tandemd's defaults: bound to every address (ADDRESS is what the phones
 * were told), 32 ports that its calls share; `accel`: media.accel=auto. Phone i has the address
 * 198.19.0.0 + i + 1, port 30000. Prints the port of each phone, a line each, and "ready"; ends
 * when its input does, and tells then what the media thread counted.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "media/media.h"

enum {
	PAIRS = 32,
	FIRST_PORT = 20000,
	PHONE_PORT = 30000,
	BARRIER = 1 << 30,
};

struct host {
	struct addr address;
	size_t n_phones;
	struct media *media;
	struct metrics metrics;
	struct log log;
	atomic_uint answers;
};

static void on_event(uint16_t shard, struct media_event *ev, void *arg)
{
	(void)shard;
	struct host *h = arg;
	if (ev->what == MEDIA_EV_PORT_FAILED) {
		fprintf(stderr, "port %u is taken\n", ev->port);
		_exit(1);
	}
	if (ev->what == MEDIA_EV_STATS)
		atomic_fetch_add(&h->answers, 1);
	free(ev);
}

static struct media_cmd *command(enum media_cmd_kind kind, uint64_t id)
{
	struct media_cmd *cmd = calloc(1, sizeof *cmd);
	if (!cmd)
		abort();
	cmd->mail.kind = kind;
	cmd->id = id;
	return cmd;
}

/** All commands so far were carried out. */
static void settle(struct host *h)
{
	unsigned before = atomic_load(&h->answers);
	if (media_post(h->media, 0, command(MEDIA_CMD_STATS, BARRIER)) != 0)
		abort();
	while (atomic_load(&h->answers) == before)
		usleep(1000);
}

static void post(struct host *h, struct media_cmd *cmd, size_t i)
{
	if (media_post(h->media, 0, cmd) != 0)
		abort();
	if (i % 4096 == 4095)
		settle(h);
}

static uint16_t port_of(size_t phone)
{
	return (uint16_t)(FIRST_PORT + 2 * (phone % PAIRS));
}

static void set_phone(struct host *h, size_t i)
{
	uint32_t at = (uint32_t)i + 1;
	struct media_cmd *cmd = command(MEDIA_CMD_SET, i + 1);
	cmd->set = (struct media_set){
	    .port = port_of(i),
	    .local = h->address,
	    .source = MEDIA_SOURCE_EXACT,
	    .remote = {.family = ADDR_V4,
	               .ip = {198, 19, (uint8_t)(at >> 8), (uint8_t)at},
	               .port = PHONE_PORT},
	    .sink = MEDIA_SINK_PEER,
	    .peer = (i ^ 1) + 1,
	    .hear = true,
	    .expect = true,
	    .silence_ms = 10000,
	    .clock_hz = 8000,
	    .dtmf_pt = 101,
	};
	post(h, cmd, i);
}

static void set_calls(struct host *h)
{
	for (size_t i = 0; i < PAIRS; i++) {
		struct media_cmd *cmd = command(MEDIA_CMD_OPEN_PORT, 0);
		cmd->port = (uint16_t)(FIRST_PORT + 2 * i);
		post(h, cmd, i);
	}
	for (size_t i = 0; i < h->n_phones; i++)
		set_phone(h, i);
	settle(h);
	for (size_t i = 0; i < h->n_phones; i++)
		printf("%u\n", port_of(i));
	puts("ready");
	fflush(stdout);
}

static void print_counts(struct host *h)
{
	settle(h);
	const struct metrics *m = &h->metrics;
	printf("{\"rx\":%llu,\"tx\":%llu,\"refused\":%llu,\"bad\":%llu,\"tx_failed\":%llu}\n",
	       (unsigned long long)metric_get(m, METRIC_MEDIA_RX),
	       (unsigned long long)metric_get(m, METRIC_MEDIA_TX),
	       (unsigned long long)metric_get(m, METRIC_MEDIA_REFUSED),
	       (unsigned long long)metric_get(m, METRIC_MEDIA_BAD),
	       (unsigned long long)metric_get(m, METRIC_MEDIA_TX_FAILED));
}

int main(int argc, char **argv)
{
	static struct host h;
	char c;
	h.n_phones = argc > 2 ? 2 * strtoul(argv[2], NULL, 10) : 0;
	if (argc < 3 || !h.n_phones ||
	    addr_parse_ip(&h.address, (struct str){argv[1], strlen(argv[1])}) != 0)
		return fputs("usage: relay_host ADDRESS CALLS [accel]\n", stderr), 2;
	log_init_fd(&h.log, LOG_WARN, 2);
	struct media_args args = {
	    .threads = 1,
	    .address = {.family = ADDR_V4},
	    .max_streams = h.n_phones,
	    .rcvbuf_bytes = 4 << 20,
	    .accel = argc > 3 && strcmp(argv[3], "accel") == 0,
	    .log = &h.log,
	    .metrics = &h.metrics,
	    .on_event = on_event,
	    .arg = &h,
	};
	int err = media_new(&h.media, &args);
	if (err)
		return fprintf(stderr, "media: %s\n", err_text(err)), 1;
	set_calls(&h);
	while (read(0, &c, 1) > 0)
		;
	print_counts(&h);
	media_free(h.media);
	return 0;
}
