// SPDX-License-Identifier: Apache-2.0
/* The rules of a call's beginning, in the order in which they are tried: from digits to a target. */
#include <stdio.h>

#include "route/internal.h"
#include "tenant/dialplan.h"
#include "tenant/list.h"

/** A rule looks at the call and decides it (true) or lets it pass. */
typedef bool rule_fn(struct walk *w);

bool is_emergency(const struct walk *w, struct str number)
{
	return number.n && dialplan_is_emergency(w->t, number);
}

struct verdict external(struct walk *w, struct str number)
{
	note(w, "trunk", number, "rejected", STR("a number outside, and no trunk leads there yet"));
	set_outcome(w, OUTCOME_FAILED, 404);
	return (struct verdict){.kind = VERDICT_LEAVE};
}

static bool rule_empty(struct walk *w)
{
	if (w->dialled.n && w->dialled.n <= ROUTE_MAX_DIALLED)
		return false;
	note(w, "number", str_sub(w->dialled, 0, ROUTE_MAX_DIALLED), "rejected",
	     w->dialled.n ? STR("the number is longer than any can be") : STR("no number was dialled"));
	end_call(w, 484, 28, NULL);
	return true;
}

/* Which list of this purpose the caller is in. */
static bool is_listed(struct walk *w, enum list_purpose purpose, struct str *name, struct str *entry)
{
	for (size_t i = 0; i < tenant_lists(w->t); i++) {
		const struct list *l = tenant_list_at(w->t, i, name);

		if (l && list_purpose(l) == purpose && (*entry = list_find(l, w->f->caller_number)).p)
			return true;
	}
	return false;
}

/* Callers from outside whom the tenant does not want; a list of those it does counts more. */
static bool rule_blocked(struct walk *w)
{
	struct str name, entry;

	if (w->f->caller || !tenant_lists(w->t))
		return false;
	if (is_listed(w, LIST_ALLOW, &name, &entry)) {
		notef(w, "block-list", w->f->caller_number, "passed", "list " STR_FMT " allows it: " STR_FMT,
		      STR_ARG(str_sub(name, 0, 64)), STR_ARG(str_sub(entry, 0, 64)));
		return false;
	}
	if (!is_listed(w, LIST_BLOCK, &name, &entry)) {
		note(w, "block-list", w->f->caller_number, "passed", STR("no list blocks it"));
		return false;
	}
	notef(w, "block-list", w->f->caller_number, "rejected", "list " STR_FMT " blocks it: " STR_FMT,
	      STR_ARG(str_sub(name, 0, 64)), STR_ARG(str_sub(entry, 0, 64)));
	end_call(w, 603, 21, NULL);
	return true;
}

/* Before all that could forbid or shadow it. */
static bool rule_emergency(struct walk *w)
{
	if (!is_emergency(w, w->dialled))
		return false;
	note(w, "emergency", w->dialled, "matched", STR("an emergency number: nothing blocks it"));
	walk_begin(w, (struct target){.kind = TARGET_EXTERNAL, .number = w->dialled});
	return true;
}

static bool rule_feature_code(struct walk *w)
{
	struct feature_code code;
	bool begun;

	if (tenant_feature_code(w->t, w->dialled, &code) && code.feature != FEATURE_NONE) {
		notef(w, "feature-code", w->dialled, "matched", STR_FMT ": %s", STR_ARG(code.code),
		      feature_words[code.feature]);
		feature_begin(w, &code);
		return true;
	}
	if (w->dialled.p[0] != '*') {
		note(w, "feature-code", w->dialled, "passed", STR("does not begin with *"));
		return false;
	}
	begun = tenant_feature_prefix(w->t, w->dialled);
	note(w, "feature-code", w->dialled, "rejected",
	     begun ? STR("the beginning of a feature code") : STR("no such feature code"));
	end_call(w, begun ? 484 : 404, begun ? 28 : 1, NULL);
	return true;
}

/* An internal number, or the user name of a device. */
static bool find_internal(struct walk *w, struct str number, struct target *out)
{
	const struct device *d;
	char text[128];

	if (tenant_dial_internal(w->t, number, out)) {
		if (w->tr)
			notef(w, "extension", number, "matched", "is the number of %s",
			      target_text(w->t, out, text, sizeof text).p);
		return true;
	}
	d = tenant_device_by_username(w->t, number);
	if (!d) {
		note(w, "extension", number, "passed", STR("nobody has it in this tenant"));
		return false;
	}
	*out = (struct target){TARGET_USER, d->user->id, STR_NONE};
	notef(w, "extension", number, "matched", "is the user name of a device of " STR_FMT " (" STR_FMT ")",
	      STR_ARG(str_sub(d->user->name, 0, 64)), STR_ARG(d->user->extension));
	return true;
}

static bool rule_internal(struct walk *w)
{
	struct target target;

	if (!find_internal(w, w->dialled, &target))
		return false;
	walk_begin(w, target);
	return true;
}

/* One of the tenant's own numbers, from outside or from within. */
static bool rule_own_number(struct walk *w)
{
	struct dialled d;
	struct target target;
	struct str e164;

	dialplan_classify(w->t, w->dialled, &d);
	e164 = d.e164_n ? dialled_e164(&d) : w->dialled;
	if (!tenant_number(w->t, e164, &target)) {
		note(w, "number", e164, "passed", STR("is no number of this tenant"));
		return false;
	}
	note(w, "number", e164, "matched", STR("is a number of this tenant"));
	walk_begin(w, target);
	return true;
}

/* -- numbers outside, and who may call them ------------------------------------------ */

static unsigned bit_of(enum dial_class c)
{
	switch (c) {
	case DIAL_LOCAL:
		return DIAL_LOCAL_OK;
	case DIAL_NATIONAL:
		return DIAL_NATIONAL_OK;
	case DIAL_MOBILE:
		return DIAL_MOBILE_OK;
	case DIAL_INTERNATIONAL:
		return DIAL_INTERNATIONAL_OK;
	case DIAL_PREMIUM:
		return DIAL_PREMIUM_OK;
	default:
		return 0;
	}
}

static bool is_outside(enum dial_class c)
{
	return bit_of(c) != 0;
}

static const struct service_class *class_of(const struct walk *w)
{
	const struct service_class *c =
		w->f->caller && w->f->caller->class_id ? tenant_class(w->t, w->f->caller->class_id) : NULL;

	return c ? c : tenant_default_class(w->t);
}

enum permission { MAY, MAY_WITH_PIN, MAY_NOT };

static enum permission permission(struct walk *w, const struct dialled *d)
{
	const struct service_class *c = class_of(w);
	const struct list *block = c->block ? tenant_list(w->t, c->block) : NULL;
	const struct list *allow = c->allow ? tenant_list(w->t, c->allow) : NULL;
	struct str number = dialled_e164(d), entry;

	if (block && (entry = list_find(block, number)).p) {
		notef(w, "class", number, "rejected", "class " STR_FMT " blocks it: " STR_FMT, STR_ARG(c->name),
		      STR_ARG(str_sub(entry, 0, 64)));
		return MAY_NOT;
	}
	if (allow && (entry = list_find(allow, number)).p) {
		notef(w, "class", number, "matched", "class " STR_FMT " allows it: " STR_FMT, STR_ARG(c->name),
		      STR_ARG(str_sub(entry, 0, 64)));
		return MAY;
	}
	if (c->allows & bit_of(d->class)) {
		notef(w, "class", number, "matched", "class " STR_FMT " allows %s numbers", STR_ARG(c->name),
		      dial_class_name(d->class));
		return MAY;
	}
	if (c->with_pin & bit_of(d->class)) {
		notef(w, "class", number, "waits", "class " STR_FMT " allows %s numbers with its PIN",
		      STR_ARG(c->name), dial_class_name(d->class));
		return MAY_WITH_PIN;
	}
	notef(w, "class", number, "rejected", "class " STR_FMT " does not allow %s numbers",
	      STR_ARG(c->name), dial_class_name(d->class));
	return MAY_NOT;
}

/* Guests are let in, not out: a number outside is for the tenant's own people. */
static bool rule_outside(struct walk *w)
{
	struct dialled d;

	dialplan_classify(w->t, w->dialled, &d);
	if (!is_outside(d.class)) {
		notef(w, "outside", w->dialled, "passed", "%s", d.why ? d.why : "no number outside");
		return false;
	}
	if (d.withheld)
		w->s->flags |= STATE_WITHHELD;
	if (!w->f->caller) {
		note(w, "outside", w->dialled, "rejected", STR("who calls from outside is not led outside"));
		end_call(w, 403, 21, NULL);
		return true;
	}
	notef(w, "outside", dialled_e164(&d), "matched", "%s (%s)", dial_class_name(d.class),
	      d.why ? d.why : "");
	switch (permission(w, &d)) {
	case MAY:
		walk_begin(w, (struct target){.kind = TARGET_EXTERNAL, .number = dialled_e164(&d)});
		break;
	case MAY_WITH_PIN:
		w->s->at = ROUTE_AT_PIN;
		pin_emit(w);
		break;
	case MAY_NOT:
		end_call(w, 403, 21, NULL);
		break;
	}
	return true;
}

enum { PIN_TRIES = 3 };

void pin_emit(struct walk *w)
{
	w->out->action = ROUTE_COLLECT;
	put_builtin(w, w->s->frames[0].tries ? "wrong-pin" : "enter-pin");
	w->out->barge_in = true;
	w->out->collect = (struct route_collect){
		.first_ms = 8000, .between_ms = 4000, .min = 1, .max = 16, .end = STR("#")};
}

void pin_event(struct walk *w)
{
	struct dialled d;

	if (w->f->event != ROUTE_DIGITS) {
		pin_emit(w);
		return;
	}
	if (w->f->digits.n && tenant_pin_is(w->t, &class_of(w)->pin, w->f->digits)) {
		note(w, "pin", STR_NONE, "matched", STR("the PIN of the class is right"));
		w->s->flags |= STATE_PIN_GIVEN;
		dialplan_classify(w->t, w->dialled, &d);
		walk_begin(w, (struct target){.kind = TARGET_EXTERNAL, .number = dialled_e164(&d)});
	} else if (++w->s->frames[0].tries >= PIN_TRIES) {
		note(w, "pin", STR_NONE, "rejected", STR("the PIN was wrong too often"));
		end_call(w, 403, 21, NULL);
	} else {
		note(w, "pin", STR_NONE, "again", STR("the PIN is wrong"));
		pin_emit(w);
	}
}

/* -- what leads nowhere -------------------------------------------------------------- */

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool rule_incomplete(struct walk *w)
{
	if (!all_digits(w->dialled) || !tenant_extension_prefix(w->t, w->dialled)) {
		note(w, "incomplete", w->dialled, "passed", STR("no extension begins with it"));
		return false;
	}
	note(w, "incomplete", w->dialled, "rejected",
	     STR("longer extensions begin with it: more digits are needed"));
	end_call(w, 484, 28, NULL);
	return true;
}

static bool rule_unknown(struct walk *w)
{
	note(w, "unknown-number", w->dialled, "rejected", STR("no rule leads anywhere from this number"));
	end_call(w, 404, 1, NULL);
	return true;
}

static rule_fn *const rules[] = {
	rule_empty,      rule_emergency, rule_blocked,    rule_feature_code, rule_internal,
	rule_own_number, rule_outside,   rule_incomplete, rule_unknown,
};

void begin(struct walk *w)
{
	note(w, "tenant", tenant_name(w->t), "matched",
	     w->f->caller ? STR("the caller's device belongs to it") : STR("the call came for its domain"));
	if (w->f->start.kind) {
		walk_begin(w, w->f->start);
		return;
	}
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i](w))
			return;
}

/*
 * A number that a flow, a menu or a phone dials for the caller. Outside numbers are those that
 * the caller may dial without more ado: a flow is no way around a class of service.
 */
bool dial_target(struct walk *w, struct str number, bool outside, struct target *out)
{
	struct dialled d;

	if (!number.n || number.n > ROUTE_MAX_DIALLED)
		return false;
	if (outside && is_emergency(w, number)) {
		note(w, "emergency", number, "matched", STR("an emergency number: nothing blocks it"));
		*out = (struct target){.kind = TARGET_EXTERNAL, .number = number};
		return true;
	}
	if (find_internal(w, number, out))
		return true;
	if (!outside)
		return false;
	dialplan_classify(w->t, number, &d);
	if (!is_outside(d.class) || !w->f->caller || permission(w, &d) != MAY)
		return false;
	*out = (struct target){.kind = TARGET_EXTERNAL, .number = keep_text(w->out, dialled_e164(&d))};
	return true;
}
