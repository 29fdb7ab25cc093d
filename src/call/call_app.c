// SPDX-License-Identifier: Apache-2.0
/*
 * What the switch does with a caller whom it has answered: plays, digits, rooms; for the
 * router's own decisions and for the services that hold a talk of their own (call/app.h).
 */
#include "call/app.h"

#include <errno.h>

#include "call/internal.h"

/* -- who hears of what happens ---------------------------------------------------------- */

static void tell_service(struct call *c, const struct call_app_event *ev)
{
	struct calls_args *a = &c->calls->a;
	a->ops->app_event(a->arg, c->key, c->tenant, ev);
}

static void on_played(struct call *c, enum call_how how)
{
	struct call_talk *k = &c->talk;
	k->playing = 0;
	if (c->here != HERE_APP) /* the sound of waiting: nobody waits for its end */
		return;
	if (k->collecting) { /* now the caller's time begins, unless a digit came already */
		if (!k->n_digits)
			timer_in(c->calls->a.wheel, &k->digit_timer, k->want.first_ms);
		return;
	}
	if (k->app.service) {
		tell_service(c, &(struct call_app_event){.what = CALL_APP_PLAYED, .how = how});
		return;
	}
	call_route_step(c, &(struct route_facts){.event = ROUTE_DONE});
}

static enum route_digits_end digits_end(enum call_how how)
{
	if (how == CALL_HOW_KEY)
		return DIGITS_TERMINATOR;
	return how == CALL_HOW_DONE ? DIGITS_LENGTH : DIGITS_TIMEOUT;
}

static void end_digits(struct call *c, size_t used, enum call_how how)
{
	struct call_talk *k = &c->talk;
	char digits[CALL_MAX_DIGITS];
	memcpy(digits, k->digits, used);
	struct str typed = {digits, used};
	size_t behind = how == CALL_HOW_KEY ? used + 1 : used;
	k->n_digits = (uint8_t)(k->n_digits - behind);
	memmove(k->digits, k->digits + behind, k->n_digits);
	k->collecting = false;
	timer_cancel(c->calls->a.wheel, &k->digit_timer);
	talk_quiet(c);
	if (k->app.service) {
		tell_service(c, &(struct call_app_event){
		                    .what = CALL_APP_DIGITS, .how = how, .digits = typed});
		return;
	}
	call_route_step(c, &(struct route_facts){
	                       .event = ROUTE_DIGITS, .digits = typed, .digits_end = digits_end(how)});
}

/* -- playing --------------------------------------------------------------------------- */

void talk_play(struct call *c, const struct call_sound *s)
{
	struct calls_args *a = &c->calls->a;
	struct call_talk *k = &c->talk;
	k->playing = ++k->plays;
	k->barge_in = s->barge_in;
	if (!s->barge_in && !k->collecting)
		k->n_digits = 0; /* what is typed into a text that must be heard is not an answer */
	a->ops->sound(a->arg, c->key, c->a->stream, k->playing, c->tenant, s);
}

void talk_quiet(struct call *c)
{
	struct call_talk *k = &c->talk;
	if (!k->playing)
		return;
	call_post_media(c, &(struct media_cmd){.mail.kind = MEDIA_CMD_STOP_PLAY,
	                                       .id = c->a->stream,
	                                       .play_id = k->playing});
	k->playing = 0;
}

static void note_failure(struct call *c, int err)
{
	log_event(c->calls->a.log, LOG_CALL_SOUND, LOG_S("tenant", tenant_name(c->tenant)),
	          LOG_Z("call", c->id), LOG_Z("why", err ? err_text(err) : "no recording of it is there"));
}

void talk_on_played(struct call *c, const struct media_event *ev)
{
	static const enum call_how hows[] = {
		[MEDIA_PLAYED_DONE] = CALL_HOW_DONE,
		[MEDIA_PLAYED_STOPPED] = CALL_HOW_STOPPED,
		[MEDIA_PLAYED_DIGIT] = CALL_HOW_KEY,
		[MEDIA_PLAYED_FAILED] = CALL_HOW_FAILED,
	};
	if (!c->here || ev->other != c->talk.playing || !c->talk.playing)
		return;
	if (ev->how == MEDIA_PLAYED_FAILED)
		note_failure(c, ev->err ? ev->err : EIO);
	on_played(c, hows[ev->how]);
}

void calls_sound_failed(struct calls *cs, uint64_t key, uint64_t play)
{
	struct call *c = call_by_key(cs, key);
	if (!c || !c->here || !c->talk.playing || c->talk.playing != play)
		return;
	note_failure(c, 0);
	on_played(c, CALL_HOW_FAILED);
}

/* -- digits ---------------------------------------------------------------------------- */

/** Do the digits typed so far end the wait? */
static bool digits_end_it(struct call *c)
{
	const struct call_collect *w = &c->talk.want;
	const char *typed = c->talk.digits;
	for (size_t i = 0; i < c->talk.n_digits; i++) {
		if (typed[i] && strchr(w->end, typed[i])) {
			end_digits(c, i, CALL_HOW_KEY);
			return true;
		}
		if (i + 1 == w->max) {
			end_digits(c, w->max, CALL_HOW_DONE);
			return true;
		}
	}
	return false;
}

static void on_digit_timer(struct timer *t, void *arg)
{
	(void)t;
	struct call *c = arg;
	end_digits(c, c->talk.n_digits, CALL_HOW_TIMEOUT);
}

void talk_collect(struct call *c, const struct call_collect *want, const struct call_sound *s)
{
	struct call_talk *k = &c->talk;
	struct timer_wheel *w = c->calls->a.wheel;
	k->want = *want;
	if (!k->want.max || k->want.max > CALL_MAX_DIGITS)
		k->want.max = CALL_MAX_DIGITS;
	k->collecting = true;
	timer_init(&k->digit_timer, on_digit_timer, c);
	if (digits_end_it(c))
		return;
	if (k->n_digits)
		timer_in(w, &k->digit_timer, k->want.between_ms);
	else if (s && s->n)
		talk_play(c, s);
	else
		timer_in(w, &k->digit_timer, k->want.first_ms);
}

void talk_on_digit(struct call *c, char digit)
{
	struct call_talk *k = &c->talk;
	if (k->n_digits == CALL_MAX_DIGITS || (k->playing && !k->barge_in && !k->collecting))
		return;
	k->digits[k->n_digits++] = digit;
	if (!k->collecting) {
		if (!k->playing)
			return;
		talk_quiet(c);
		on_played(c, CALL_HOW_KEY);
		return;
	}
	talk_quiet(c);
	if (!digits_end_it(c))
		timer_in(c->calls->a.wheel, &k->digit_timer, k->want.between_ms);
}

/* -- the router's decisions -------------------------------------------------------------- */

static struct call_sound sound_of(const struct route_decision *d)
{
	return (struct call_sound){
		.items = d->items,
		.n = d->n_items,
		.language = d->language,
		.loops = 1,
		.barge_in = d->barge_in || d->action == ROUTE_COLLECT,
	};
}

static void collect(struct call *c)
{
	const struct route_decision *d = c->decision;
	struct call_collect want = {
		.min = d->collect.min,
		.max = d->collect.max,
		.first_ms = d->collect.first_ms,
		.between_ms = d->collect.between_ms,
	};
	str_copyz(want.end, sizeof want.end, d->collect.end);
	struct call_sound s = sound_of(d);
	talk_collect(c, &want, &s);
}

/** The caller can hear: do what was decided. */
void talk_carry_out(struct call *c)
{
	struct calls_args *a = &c->calls->a;
	struct call_sound s = sound_of(c->decision);
	switch (c->decision->action) {
	case ROUTE_PLAY:
		talk_play(c, &s);
		return;
	case ROUTE_COLLECT:
		collect(c);
		return;
	default:
		c->talk.app = (struct call_app){.service = (uint8_t)c->decision->action};
		a->ops->app_begin(a->arg, c->key, c->tenant, c->decision);
		return;
	}
}

void talk_begin(struct call *c)
{
	if (!caller_answered(c)) {
		call_answer_here(c, HERE_APP);
		return;
	}
	c->here = HERE_APP;
	c->state = CALL_ANSWERED;
	timer_cancel(c->calls->a.wheel, &c->ring_timer);
	if (c->a->remote_sdp.n) /* else its answer is still to come: here_on_confirmed */
		talk_carry_out(c);
}

/** What went on with the caller is over: it is joined to another, rung for, or gone. */
void talk_end(struct call *c)
{
	struct call_talk *k = &c->talk;
	talk_quiet(c);
	k->collecting = false;
	timer_cancel(c->calls->a.wheel, &k->digit_timer);
	if (k->app.service) {
		tell_service(c, &(struct call_app_event){.what = CALL_APP_OVER});
		k->app.service = 0;
	}
}

void talk_wait(struct call *c)
{
	const struct flow_item ring = {.kind = ITEM_TONE, .text = STR("ring")};
	talk_end(c);
	c->here = HERE_WAIT;
	here_set_media(c);
	talk_play(c, &(struct call_sound){
	                 .items = &ring, .n = 1, .language = tenant_language(c->tenant)});
}

/* -- for services ------------------------------------------------------------------------ */

static struct call *of_service(struct calls *cs, uint64_t key)
{
	struct call *c = call_by_key(cs, key);
	return c && c->talk.app.service && c->state != CALL_ENDING ? c : NULL;
}

struct call_app *calls_app(struct calls *cs, uint64_t key)
{
	struct call *c = of_service(cs, key);
	return c ? &c->talk.app : NULL;
}

void calls_app_play(struct calls *cs, uint64_t key, const struct call_sound *s)
{
	struct call *c = of_service(cs, key);
	if (c)
		talk_play(c, s);
}

void calls_app_quiet(struct calls *cs, uint64_t key)
{
	struct call *c = of_service(cs, key);
	if (c)
		talk_quiet(c);
}

void calls_app_collect(struct calls *cs, uint64_t key, const struct call_collect *want,
                       const struct call_sound *s)
{
	struct call *c = of_service(cs, key);
	if (c)
		talk_collect(c, want, s);
}

uint64_t calls_app_stream(struct calls *cs, uint64_t key)
{
	struct call *c = of_service(cs, key);
	return c ? c->a->stream : 0;
}

void talk_on_talking(struct call *c, const struct media_event *ev)
{
	if (c->talk.app.service)
		tell_service(c, &(struct call_app_event){.what = CALL_APP_TALKING, .talking = ev->talking});
}

void calls_app_room(struct calls *cs, uint64_t key, const struct call_room *r)
{
	struct call *c = of_service(cs, key);
	if (!c)
		return;
	c->talk.room = *r;
	here_set_media(c);
}

void calls_app_done(struct calls *cs, uint64_t key, struct route_facts *f)
{
	struct call *c = of_service(cs, key);
	if (!c)
		return;
	c->talk.app.service = 0;
	talk_quiet(c);
	c->talk.collecting = false;
	timer_cancel(cs->a.wheel, &c->talk.digit_timer);
	if (c->talk.room.room) {
		c->talk.room = (struct call_room){0};
		here_set_media(c);
	}
	call_route_step(c, f);
}
