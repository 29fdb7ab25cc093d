// SPDX-License-Identifier: Apache-2.0
#include "service/apps.h"

#include <stdlib.h>

#include "call/app.h"
#include "service/shard_state.h"
#include "service/sound.h"

void apps_sound(void *arg, uint64_t call, uint64_t stream, uint64_t play, const struct tenant *t,
                const struct call_sound *sound)
{
	struct shard *s = arg;
	struct media_play *p = sound_make(s->a.prompts, t, sound, s->a.ops->wall_ms(s->a.arg));
	if (!p) {
		calls_sound_failed(s->calls, call, play);
		return;
	}
	struct media_cmd *cmd = calloc(1, sizeof *cmd);
	if (!cmd)
		abort();
	p->id = play;
	cmd->mail.kind = MEDIA_CMD_PLAY;
	cmd->id = stream;
	cmd->shard = s->a.index;
	cmd->play = p;
	shard_media(s, call, cmd);
}

/** How each service says that it could do nothing. */
static enum route_event failure_of(enum route_action a)
{
	switch (a) {
	case ROUTE_RECORD_MESSAGE:
		return ROUTE_RECORDED;
	case ROUTE_CONFERENCE:
		return ROUTE_CONFERENCE_LEFT;
	case ROUTE_QUEUE:
		return ROUTE_QUEUE_FULL;
	case ROUTE_WEBHOOK_ASK:
		return ROUTE_WEBHOOK;
	case ROUTE_CHANGE:
		return ROUTE_CHANGED;
	default:
		return ROUTE_DONE;
	}
}

void apps_begin(void *arg, uint64_t call, const struct tenant *t, const struct route_decision *d)
{
	struct shard *s = arg;
	(void)t;
	struct route_facts f = {.event = failure_of(d->action), .ok = false};
	calls_app_done(s->calls, call, &f);
}

void apps_event(void *arg, uint64_t call, const struct tenant *t, const struct call_app_event *ev)
{
	(void)arg;
	(void)call;
	(void)t;
	(void)ev;
}
