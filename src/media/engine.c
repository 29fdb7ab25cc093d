// SPDX-License-Identifier: Apache-2.0
/*
 * Commands about processed audio, one function each, and the files that the loader brings.
 */
#include <errno.h>
#include <stdlib.h>

#include "media/clip.h"
#include "media/record_tap.h"
#include "media/voice.h"
#include "media/worker.h"

/** Mail to a media thread that is no command. */
enum { MAIL_CLIP = 1 << 16 };

/** A file that was asked for, on its way there and back. */
struct clip_mail {
	struct mail mail;
	struct worker *worker;
	uint64_t id; /* of the stream or room that plays */
	bool is_room;
	uint32_t serial; /* of its play */
	size_t item;
	struct clip *clip; /* a reference; NULL with `err` */
	int err;
};

/* -- clips ---------------------------------------------------------------------------- */

static void forget_clip(struct clip_mail *c)
{
	if (c->clip)
		clip_unref(c->clip);
	free(c);
}

/** Any thread. A full mailbox: the play gives up by itself when the clip does not come. */
static void on_loaded(struct clip *clip, int err, uint64_t token, void *arg)
{
	struct clip_mail *c = arg;
	struct worker *w = c->worker;
	(void)token;
	c->clip = clip;
	c->err = err;
	if (mailbox_post(w->mailbox, &c->mail) != 0)
		forget_clip(c);
	atomic_fetch_sub(&w->clips_asked, 1);
}

static void ask(struct worker *w, const struct player *p, size_t item, uint64_t id, bool is_room)
{
	struct clip_mail *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	*c = (struct clip_mail){.mail.kind = MAIL_CLIP,
	                        .worker = w,
	                        .id = id,
	                        .is_room = is_room,
	                        .serial = p->serial,
	                        .item = item};
	atomic_fetch_add(&w->clips_asked, 1);
	if (w->clips)
		clip_load(w->clips, p->play->items[item].path, on_loaded, c, 0);
	else
		on_loaded(NULL, ENOENT, 0, c);
}

void worker_load_clips(struct worker *w, const struct player *p, uint64_t id, bool is_room)
{
	for (size_t i = 0; i < p->play->n; i++) {
		struct media_item *it = &p->play->items[i];
		if (it->kind != MEDIA_ITEM_FILE)
			continue;
		it->path[MEDIA_MAX_PATH - 1] = 0;
		ask(w, p, i, id, is_room);
	}
}

static struct player *player_of(struct worker *w, const struct clip_mail *c)
{
	if (c->is_room) {
		struct room *r = room_find(w, c->id);
		return r ? &r->player : NULL;
	}
	struct stream *s = stream_find(w, c->id);
	return s && s->voice ? &s->voice->player : NULL;
}

static void on_clip(struct worker *w, struct clip_mail *c)
{
	struct player *p = player_of(w, c);
	if (p)
		player_clip(p, c->serial, c->item, c->clip, c->err);
	else if (c->clip)
		clip_unref(c->clip);
	free(c);
}

bool engine_mail(struct worker *w, struct mail *m)
{
	if (m->kind != MAIL_CLIP)
		return false;
	on_clip(w, container_of(m, struct clip_mail, mail));
	return true;
}

void engine_drop_mail(struct mail *m)
{
	if (m->kind == MAIL_CLIP)
		forget_clip(container_of(m, struct clip_mail, mail));
	else
		media_cmd_free(container_of(m, struct media_cmd, mail));
}

/* -- commands ------------------------------------------------------------------------- */

static void tell(struct worker *w, const struct media_cmd *cmd, enum media_ev_kind what,
                 uint64_t other, int err)
{
	struct media_event *ev = worker_event(what, cmd->id);
	ev->other = other;
	ev->how = MEDIA_PLAYED_FAILED;
	ev->err = err;
	worker_post(w, cmd->shard, ev);
}

static void on_play(struct worker *w, struct media_cmd *cmd)
{
	struct media_play *play = cmd->play;
	struct room *r = room_find(w, cmd->id);
	struct stream *s = r ? NULL : stream_find(w, cmd->id);
	if (play->n > MEDIA_MAX_ITEMS || (!r && !(s && s->voice))) {
		tell(w, cmd, MEDIA_EV_PLAYED, play->id, play->n > MEDIA_MAX_ITEMS ? E_LIMIT : ENOENT);
		return;
	}
	cmd->play = NULL;
	if (r)
		room_play(r, play);
	else
		voice_play(s->voice, play);
}

static void on_stop_play(struct worker *w, const struct media_cmd *cmd)
{
	struct room *r = room_find(w, cmd->id);
	struct stream *s = r ? NULL : stream_find(w, cmd->id);
	if (r)
		room_stop_play(r, cmd->play_id, MEDIA_PLAYED_STOPPED);
	else if (s && s->voice)
		voice_stop_play(s->voice, cmd->play_id, MEDIA_PLAYED_STOPPED);
}

static void on_dial(struct worker *w, const struct media_cmd *cmd)
{
	struct stream *s = stream_find(w, cmd->id);
	if (!s || !s->voice || !voice_dial(s->voice, &cmd->dtmf))
		tell(w, cmd, MEDIA_EV_DTMF_SENT, 0, s ? E_LIMIT : ENOENT);
}

static void on_record(struct worker *w, const struct media_cmd *cmd, unsigned kind)
{
	struct record_tap *t = record_tap_find(w, cmd->id);
	if (kind == MEDIA_CMD_RECORD)
		record_tap_set(w, cmd->id, cmd->shard, cmd->record);
	else if (t && kind == MEDIA_CMD_RECORD_STOP)
		record_tap_stop(t);
	else if (t)
		record_tap_pause(t, kind == MEDIA_CMD_RECORD_PAUSE);
}

void engine_command(struct worker *w, struct media_cmd *cmd)
{
	switch (cmd->mail.kind) {
	case MEDIA_CMD_PLAY:
		on_play(w, cmd);
		break;
	case MEDIA_CMD_STOP_PLAY:
		on_stop_play(w, cmd);
		break;
	case MEDIA_CMD_SEND_DTMF:
		on_dial(w, cmd);
		break;
	case MEDIA_CMD_ROOM_SET:
		room_set(w, cmd->id, cmd->shard, &cmd->room);
		break;
	case MEDIA_CMD_ROOM_END:
		(void)room_end(w, cmd->id);
		tell(w, cmd, MEDIA_EV_ROOM_ENDED, 0, 0);
		break;
	case MEDIA_CMD_RECORD:
	case MEDIA_CMD_RECORD_PAUSE:
	case MEDIA_CMD_RECORD_RESUME:
	case MEDIA_CMD_RECORD_STOP:
		on_record(w, cmd, cmd->mail.kind);
		break;
	default:
		break;
	}
}

/* -- the end -------------------------------------------------------------------------- */

static void drop_event(uint16_t shard, struct media_event *ev, void *arg)
{
	(void)shard;
	(void)arg;
	free(ev);
}

void engine_fini(struct worker *w)
{
	w->on_event = drop_event;
	while (!list_empty(&w->taps))
		record_tap_stop(container_of(w->taps.next, struct record_tap, node));
	size_t pos = 0;
	for (struct map_node *n = map_walk(&w->streams.by_id, NULL, &pos); n;
	     n = map_walk(&w->streams.by_id, n, &pos))
		voice_free(container_of(n, struct stream, by_id));
	room_table_fini(&w->rooms);
}
