// SPDX-License-Identifier: Apache-2.0
/*
 * What processed audio costs a media thread.
 *
 *     media_bench [SECONDS]
 *
 * The thread is stepped through virtual time over loopback (test/lib/voice_rig.h), so that only its own
 * work counts: CPU of its steps, user and system, receiving and sending included. What is not in it: the
 * wake-ups of a thread that has nothing else to do (one for each phase in use, 50 times a second).
 * The recorder's thread is told apart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../test/lib/voice_rig.h"
#include "media/voice.h"

enum { PEAK = 8000, ROOM = 5000, WARM_MS = 1000, PORTS = 8 };

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/** CPU of all threads but this one: the recorder's. */
static uint64_t others_ns(void)
{
	return now_ns(CLOCK_PROCESS_CPUTIME_ID) - now_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void measure(struct vrig *r, const char *what, size_t units, unsigned seconds, double target,
                    const double *hz)
{
	vrig_talk(r, WARM_MS, hz, PEAK);
	uint64_t cpu = r->cpu_ns, others = others_ns();
	vrig_talk(r, seconds * 1000, hz, PEAK);
	cpu = r->cpu_ns - cpu;
	uint64_t now = others_ns();
	others = now > others ? now - others : 0;
	double per = 100.0 / ((double)seconds * 1e9) / (double)units;
	printf("%-34s %3zu  %6.3f %%", what, units, (double)cpu * per);
	if (others > 1000000)
		printf(" + %.3f %% writing", (double)others * per);
	printf("  (target %.2f %%)\n", target);
	fflush(stdout);
	vrig_stop(r);
}

static void calls(enum codec_id a, enum codec_id b, bool transcode, const char *folder, size_t n,
                  const char *what, unsigned seconds, double target)
{
	static double hz[VRIG_PHONES];
	struct vrig r;
	vrig_start(&r);
	r.ports = PORTS;
	for (uint64_t i = 0; i < 2 * n; i++) {
		enum codec_id codec = i % 2 ? b : a;
		struct vphone *p = vrig_phone(&r, i + 1, codec);
		hz[i] = 400 + 10 * (double)i;
		if (codec == CODEC_OPUS)
			codec_set_rate(&p->format, 8000);
		struct media_cmd set = vphone_set(p);
		set.set.sink = MEDIA_SINK_PEER;
		set.set.peer = (i ^ 1) + 1;
		set.voice.transcode = transcode;
		vrig_cmd(&r, &set);
		if (codec == CODEC_OPUS) /* the phone itself speaks 48 kHz */
			p->format = vrig_format(codec);
	}
	for (uint64_t i = 0; folder && i < n; i++) {
		struct media_record *rec = calloc(1, sizeof *rec);
		*rec = (struct media_record){.streams = {2 * i + 1, 2 * i + 2},
		                             .two_channels = true,
		                             .format = MEDIA_FILE_WAV_PCMU};
		snprintf(rec->path, sizeof rec->path, "%s/%d", folder, (int)i);
		vrig_cmd(&r, &(struct media_cmd){
				     .mail.kind = MEDIA_CMD_RECORD, .id = 9000 + i, .record = rec});
	}
	measure(&r, what, n, seconds, target, hz);
}

static void recorded(unsigned seconds)
{
	char folder[] = "/tmp/media-bench-XXXXXX", path[64];
	if (!mkdtemp(folder))
		abort();
	calls(CODEC_PCMU, CODEC_PCMU, false, folder, 50, "PCMU call, relayed and recorded", seconds, 0.08);
	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof path, "%s/%d", folder, i);
		unlink(path);
	}
	rmdir(folder);
}

static void room(size_t n, size_t talkers, const char *what, unsigned seconds)
{
	static double hz[VRIG_PHONES];
	struct vrig r;
	vrig_start(&r);
	r.ports = PORTS;
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_ROOM_SET, .id = ROOM});
	for (uint64_t i = 0; i < n; i++) {
		struct media_cmd set = vphone_set(vrig_phone(&r, i + 1, CODEC_PCMU));
		set.set.sink = MEDIA_SINK_ROOM;
		set.voice.room = ROOM;
		hz[i] = i < talkers ? 400 + 10 * (double)i : 0;
		vrig_cmd(&r, &set);
	}
	measure(&r, what, n, seconds, 0.05, hz);
}

static void prompts(size_t n, bool echo, const char *what, unsigned seconds)
{
	static double hz[VRIG_PHONES];
	struct vrig r;
	vrig_start(&r);
	r.ports = PORTS;
	for (uint64_t i = 0; i < n; i++) {
		struct media_cmd set = vphone_set(vrig_phone(&r, i + 1, CODEC_PCMU));
		set.set.sink = echo ? MEDIA_SINK_ECHO : MEDIA_SINK_NONE;
		hz[i] = echo ? 500 : -1;
		vrig_cmd(&r, &set);
		struct player *p = &r.w->streams.at[i].voice->player;
		if (echo)
			continue;
		struct media_play *play = calloc(1, sizeof *play + sizeof play->items[0]);
		play->n = 1;
		play->items[0].kind = MEDIA_ITEM_FILE;
		vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_PLAY, .id = i + 1, .play = play});
		static int16_t pcm[8000];
		p->err = 0; /* the rig has no loader: the clip is handed in */
		player_clip(p, p->serial, 0, clip_of_pcm(pcm, 8000, 8000), 0);
	}
	measure(&r, what, n, seconds, 0.03, hz);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	if (seconds == 0)
		return fprintf(stderr, "media_bench [SECONDS]\n"), 2;
	printf("%-34s   n  of a core each\n", "");
	calls(CODEC_PCMU, CODEC_OPUS, true, NULL, 30, "PCMU-Opus call", seconds, 0.4);
	calls(CODEC_PCMU, CODEC_G722, true, NULL, 50, "PCMU-G.722 call", seconds, 0.2);
	calls(CODEC_PCMU, CODEC_PCMU, false, NULL, 50, "PCMU call, relayed (for comparison)", seconds, 0.03);
	room(100, 3, "room of 100, 3 talk: a member", seconds);
	room(100, 100, "room of 100, all talk: a member", seconds);
	prompts(100, false, "prompt played", seconds);
	prompts(100, true, "echo", seconds);
	recorded(seconds);
	return 0;
}
