// SPDX-License-Identifier: Apache-2.0
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct talk talk_pair(struct world *w)
{
	struct talk t = {
		w,
		world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060"),
		world_phone(w, "acme.test", "1002", "s3cret-1002", "192.0.2.20:5060"),
	};
	phone_register(t.a);
	phone_register(t.b);
	return t;
}

struct talk talk_calling(struct world *w)
{
	struct talk t = talk_pair(w);
	phone_call(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.b, "INVITE sip:1002@192.0.2.20:5060");
	return t;
}

struct talk talk_ringing(struct world *w)
{
	struct talk t = talk_calling(w);
	phone_reply(t.b, phone_invite(t.b), 180, "bob", "", NULL);
	phone_expect(t.a, "SIP/2.0 180");
	return t;
}

void talk_answer(struct talk *t, const char *more)
{
	phone_reply(t->b, phone_invite(t->b), 200, "bob", more, phone_sdp(t->b, 5000, "sendrecv"));
	phone_expect(t->b, "ACK sip:1002@192.0.2.20:5060");
	phone_expect(t->a, "SIP/2.0 200");
	phone_in_dialog(t->a, "ACK", NULL, NULL);
	phone_enter_dialog(t->b, "bob");
}

struct talk talk_up(struct world *w)
{
	struct talk t = talk_ringing(w);
	talk_answer(&t, "");
	return t;
}

void talk_bye(struct talk *t)
{
	phone_in_dialog(t->a, "BYE", NULL, NULL);
	assert_true(phone_takes(t->a, "SIP/2.0 200"));
	assert_true(phone_takes(t->b, "BYE "));
	phone_reply(t->b, phone_last(t->b), 200, NULL, "", NULL);
}

const char *talk_text(json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));
	return s ? s : "(null)";
}

json_int_t talk_number(json_t *j, const char *name)
{
	return json_integer_value(json_object_get(j, name));
}

json_t *talk_leg(json_t *cdr, size_t i)
{
	json_t *leg = json_array_get(json_object_get(cdr, "legs"), i);
	assert_non_null(leg);
	return leg;
}

const char *talk_body(const struct sip_msg *m, char *room, size_t n)
{
	snprintf(room, n, STR_FMT, STR_ARG(m->body));
	return room;
}

void talk_has(const struct phone *p, const char *what)
{
	if (!strstr(phone_text(p), what))
		fail_msg("\"%s\" is missing in:\n%s", what, phone_text(p));
}

void talk_lacks(const struct phone *p, const char *what)
{
	if (strstr(phone_text(p), what))
		fail_msg("\"%s\" must not be in:\n%s", what, phone_text(p));
}
