// SPDX-License-Identifier: Apache-2.0
/* Requests in a dialog that concern the two ends alone (INFO, MESSAGE): passed with their answers. */
#include "call/internal.h"

#include <stdlib.h>

/** Joins the server transaction of one side with the client transaction of the other. */
struct passing {
	struct list_node node; /* in calls->passings, so that a stop finds it */
	struct strans *st;     /* NULL: ended before the answer came */
};

static void passing_free(struct passing *p)
{
	list_remove(&p->node);
	free(p);
}

static void on_passing_st(enum strans_event event, struct strans *st, void *user)
{
	(void)st;
	struct passing *p = user;
	if (event == STRANS_END)
		p->st = NULL;
}

static void pass_answer(struct strans *st, const struct sip_msg *m)
{
	/* A challenge is for us, and we never answer one: it does not pass. */
	uint16_t status = m->status == 401 || m->status == 407 ? 403 : m->status;
	const struct sip_reply r = {
		.status = status, .type = sip_value(m, HDR_CONTENT_TYPE), .body = m->body};
	strans_reply_or_500(st, &r);
}

/** The final answer, or the end without one, is all that is waited for. */
static void on_passing_ct(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m,
                          int err, void *user)
{
	(void)err;
	struct passing *p = user;
	if (event == CTRANS_PROVISIONAL)
		return;
	if (p->st && event == CTRANS_FINAL)
		pass_answer(p->st, m);
	else if (p->st && strans_pending(p->st))
		strans_reply_status(p->st, 408);
	if (p->st)
		strans_detach(p->st);
	if (event == CTRANS_FINAL)
		ctrans_detach(ct);
	passing_free(p);
}

void leg_pass_request(struct leg *to, struct strans *st, const struct sip_msg *m)
{
	char room[1024];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	const struct sip_hdr *package = sip_hdr_named(m, STR("Info-Package"));
	if (package)
		sip_put_named(&b, STR("Info-Package"), package->value);
	if (sip_hdr(m, HDR_CONTENT_DISPOSITION))
		sip_put_hdr(&b, HDR_CONTENT_DISPOSITION, sip_value(m, HDR_CONTENT_DISPOSITION));
	struct passing *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	list_push_back(&to->call->calls->passings, &p->node);
	if (!buf_ok(&b) || !leg_send(to, m->method, buf_view(&b), sip_value(m, HDR_CONTENT_TYPE),
	                             m->body, on_passing_ct, p)) {
		passing_free(p);
		strans_reply_status(st, 500);
		return;
	}
	p->st = st;
	strans_set_user(st, on_passing_st, p);
}

void calls_drop_passings(struct calls *cs)
{
	list_for_each_safe(it, &cs->passings)
		passing_free(container_of(it, struct passing, node));
}
