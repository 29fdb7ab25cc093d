// SPDX-License-Identifier: Apache-2.0
/*
 * Feature codes: a user changes the own settings, listens to messages, asks for the time. A change
 * is asked for as a decision (ROUTE_CHANGE), and its answer is said to the caller.
 */
#include "route/internal.h"

enum { NUMBER, CHANGE, SAY, PHASES };
enum { SAID_NOTHING, SAID_DONE, SAID_REFUSED, SAID_TIME };

/* frames[0] is free while no flow runs: phase, what to say (tries), digits in state.digits. */
static uint8_t *phase_of(struct walk *w)
{
	return &w->s->frames[0].phase;
}

struct setting {
	const char *field;
	bool target; /* else a switch */
	bool on;
};

static bool setting_of(enum feature f, struct setting *out)
{
	static const struct setting settings[FEATURES] = {
		[FEATURE_FORWARD_ALWAYS] = {"forward_always", true, true},
		[FEATURE_FORWARD_ALWAYS_OFF] = {"forward_always", true, false},
		[FEATURE_FORWARD_BUSY] = {"forward_busy", true, true},
		[FEATURE_FORWARD_BUSY_OFF] = {"forward_busy", true, false},
		[FEATURE_FORWARD_NO_ANSWER] = {"forward_no_answer", true, true},
		[FEATURE_FORWARD_NO_ANSWER_OFF] = {"forward_no_answer", true, false},
		[FEATURE_FORWARD_UNREGISTERED] = {"forward_unregistered", true, true},
		[FEATURE_FORWARD_UNREGISTERED_OFF] = {"forward_unregistered", true, false},
		[FEATURE_DND] = {"dnd", false, true},
		[FEATURE_DND_OFF] = {"dnd", false, false},
		[FEATURE_DAY_MODE] = {"day_mode", false, true},
	};

	if (f >= FEATURES || !settings[f].field)
		return false;
	*out = settings[f];
	return true;
}

static struct str typed(const struct walk *w)
{
	return (struct str){w->s->digits, w->s->n_digits};
}

static bool keep_digits(struct walk *w, struct str digits)
{
	if (digits.n > ROUTE_MAX_DIGITS)
		return false;
	if (digits.n)
		memcpy(w->s->digits, digits.p, digits.n);
	w->s->n_digits = (uint8_t)digits.n;
	return true;
}

/* -- decisions, from the state alone ------------------------------------------------- */

static void emit_number(struct walk *w)
{
	w->out->action = ROUTE_COLLECT;
	put_builtin(w, "enter-number");
	w->out->barge_in = true;
	w->out->collect = (struct route_collect){
		.first_ms = 8000, .between_ms = 4000, .min = 1, .max = ROUTE_MAX_DIGITS, .end = STR("#")};
}

static void emit_change(struct walk *w)
{
	struct route_decision *d = w->out;
	bool day_mode = w->s->feature == FEATURE_DAY_MODE;
	struct setting s = {0};

	setting_of((enum feature)w->s->feature, &s);
	d->action = ROUTE_CHANGE;
	d->object = day_mode ? tenant_id(w->t) : w->f->caller ? w->f->caller->id : 0;
	d->field = s.field;
	d->on = s.on;
	if (day_mode)
		d->value = keep_text(d, typed(w));
	else if (s.target && s.on && !dial_target(w, typed(w), true, &d->target))
		d->target = (struct target){0};
}

static void emit_say(struct walk *w)
{
	static const struct flow_item now[] = {{.kind = ITEM_TIME, .text = {"now", 3}}};

	w->out->action = ROUTE_PLAY;
	if (w->s->frames[0].tries == SAID_TIME)
		put_items(w, now, 1);
	else
		put_builtin(w, w->s->frames[0].tries == SAID_DONE ? "confirmed" : "refused");
}

void feature_emit(struct walk *w)
{
	struct walk quiet = *w; /* what was noted once need not be noted again */

	quiet.tr = NULL;
	quiet.out->text_n = 0;
	switch (*phase_of(w)) {
	case NUMBER:
		emit_number(&quiet);
		break;
	case CHANGE:
		emit_change(&quiet);
		break;
	default:
		emit_say(&quiet);
	}
}

static void wait_in(struct walk *w, uint8_t phase)
{
	*phase_of(w) = phase;
	w->s->at = ROUTE_AT_FEATURE;
	feature_emit(w);
}

static void say(struct walk *w, uint8_t what)
{
	w->s->frames[0].tries = what;
	wait_in(w, SAY);
}

/* -- what the codes do --------------------------------------------------------------- */

static void change(struct walk *w, const struct setting *s, struct str argument)
{
	struct target target;

	if (!keep_digits(w, argument)) {
		note(w, "change", argument, "rejected", STR("the number is longer than any can be"));
		return say(w, SAID_REFUSED);
	}
	if (s->target && s->on && !argument.n)
		return wait_in(w, NUMBER);
	if (s->target && s->on && !dial_target(w, argument, true, &target)) {
		note(w, "change", argument, "rejected", STR("no rule leads anywhere from this number"));
		return say(w, SAID_REFUSED);
	}
	if (s->target && s->on && w->f->caller && target.kind == TARGET_USER &&
	    target.id == w->f->caller->id) {
		note(w, "change", argument, "rejected", STR("a forward to oneself is a loop"));
		return say(w, SAID_REFUSED);
	}
	note(w, "change", argument, "waits", str_z(s->field));
	wait_in(w, CHANGE);
}

static void mailbox(struct walk *w, uint64_t id, bool own)
{
	w->s->at = ROUTE_AT_FEATURE;
	*phase_of(w) = PHASES;
	w->out->action = ROUTE_MAILBOX_LISTEN;
	w->out->object = own ? id : 0;
	w->out->language = keep_text(w->out, language_of(w));
}

static void directory(struct walk *w)
{
	/* No object of the tenant: a kind of frame, and so of target, beyond those that can be written. */
	walk_begin(w, (struct target){.kind = (enum target_kind)FRAME_DIRECTORY});
}

void feature_begin(struct walk *w, const struct feature_code *c)
{
	const struct user *u = w->f->caller;
	struct setting s;

	w->s->feature = (uint8_t)c->feature;
	switch (c->feature) {
	case FEATURE_ECHO:
		w->s->at = ROUTE_AT_END;
		w->out->action = ROUTE_ECHO;
		return;
	case FEATURE_TIME:
		return say(w, SAID_TIME);
	case FEATURE_DIRECTORY:
		return directory(w);
	case FEATURE_WITHHOLD:
		w->s->flags |= STATE_WITHHELD;
		w->dialled = c->argument;
		return begin(w);
	default:
		break;
	}
	if (!u) {
		note(w, "feature-code", c->code, "rejected", STR("a code for the tenant's own people"));
		end_call(w, 403, 21, NULL);
	} else if (c->feature == FEATURE_VOICEMAIL_OWN && !u->mailbox) {
		note(w, "feature-code", c->code, "rejected", STR("the caller has no mailbox"));
		end_call(w, 404, 1, NULL);
	} else if (c->feature == FEATURE_VOICEMAIL_OWN || c->feature == FEATURE_VOICEMAIL_ANY) {
		mailbox(w, u->mailbox, c->feature == FEATURE_VOICEMAIL_OWN);
	} else if (setting_of(c->feature, &s)) {
		change(w, &s, c->argument);
	} else {
		end_call(w, 404, 1, NULL);
	}
}

static void number_typed(struct walk *w)
{
	struct setting s;

	if (setting_of((enum feature)w->s->feature, &s) && w->f->digits.n)
		change(w, &s, w->f->digits);
	else
		say(w, SAID_REFUSED);
}

void feature_event(struct walk *w)
{
	uint8_t phase = *phase_of(w);

	if (phase == NUMBER && w->f->event == ROUTE_DIGITS) {
		number_typed(w);
	} else if (phase == CHANGE && w->f->event == ROUTE_CHANGED) {
		note(w, "change", STR_NONE, w->f->ok ? "matched" : "rejected",
		     w->f->ok ? STR("the setting is changed") : STR("the setting could not be changed"));
		say(w, w->f->ok ? SAID_DONE : SAID_REFUSED);
	} else if (phase >= SAY && w->f->event == ROUTE_DONE) {
		note(w, "feature-code", STR_NONE, "ended", STR("the caller was served"));
		end_call(w, 480, 16, "Done");
	} else if (phase >= PHASES) {
		mailbox(w, w->f->caller ? w->f->caller->mailbox : 0, w->s->feature == FEATURE_VOICEMAIL_OWN);
	} else {
		feature_emit(w);
	}
}
