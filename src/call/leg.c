// SPDX-License-Identifier: Apache-2.0
#include "call/internal.h"

#include <stdlib.h>

#include "sip/multipart.h"

#define ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, MESSAGE"

static uint64_t dialog_hash(const struct calls *c, struct str call_id, struct str local_tag)
{
	return hash_str(&c->a.hash_key, call_id) ^ hash_str(&c->a.hash_key, local_tag);
}

struct leg *leg_new_bare(struct call *c)
{
	struct leg *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->call = c;
	l->index = c->n_legs++;
	l->wants = SDP_SENDRECV;
	timer_init(&l->prack_timer, NULL, NULL);
	timer_init(&l->session_timer, NULL, NULL);
	list_push_back(&c->legs, &l->node);
	return l;
}

struct leg *leg_new(struct call *c, bool uac)
{
	struct leg *l = leg_new_bare(c);
	l->uac = uac;
	l->local.id = rng_u64(c->calls->a.rng) >> 2;
	l->start_ms = call_wall_ms(c);
	return l;
}

static void unregister(struct leg *l)
{
	if (l->in_dialogs)
		map_remove(&l->call->calls->by_dialog, &l->dialog_node);
	l->in_dialogs = false;
}

void leg_register_dialog(struct leg *l)
{
	struct calls *c = l->call->calls;
	unregister(l);
	map_insert(&c->by_dialog, &l->dialog_node,
	           dialog_hash(c, l->dlg.call_id, l->dlg.local_tag));
	l->in_dialogs = true;
}

struct leg *leg_find_ours(const struct calls *c, struct str call_id, struct str local_tag)
{
	struct map_node *n = map_find(&c->by_dialog, dialog_hash(c, call_id, local_tag));
	for (; n; n = map_next(n)) {
		struct leg *l = container_of(n, struct leg, dialog_node);
		if (str_eq(l->dlg.call_id, call_id) && str_eq(l->dlg.local_tag, local_tag))
			return l;
	}
	return NULL;
}

struct leg *leg_find(const struct calls *c, struct str call_id, struct str local_tag,
                     struct str remote_tag)
{
	struct leg *l = leg_find_ours(c, call_id, local_tag);
	bool known = l && l->dlg.remote_tag.n != 0 && l->n_early < 2;
	return !known || str_eq(l->dlg.remote_tag, remote_tag) ? l : NULL;
}

static void let_go_of_transactions(struct leg *l)
{
	if (l->invite_st)
		strans_detach(l->invite_st);
	if (l->request_st)
		strans_detach(l->request_st);
	if (l->invite_ct)
		ctrans_detach(l->invite_ct);
	if (l->modify_ct)
		ctrans_detach(l->modify_ct);
	if (l->probe_ct)
		ctrans_detach(l->probe_ct);
	if (l->bye_ct)
		ctrans_detach(l->bye_ct);
	l->invite_st = l->request_st = NULL;
	l->invite_ct = l->modify_ct = l->probe_ct = l->bye_ct = NULL;
}

void leg_free_bare(struct leg *l)
{
	dialog_fini(&l->dlg);
	struct str *texts[] = {&l->local_sdp,  &l->remote_sdp,  &l->early_sdp,    &l->unpracked_sdp,
	                       &l->queued_sdp, &l->offered_sdp, &l->offering_sdp, &l->party,
	                       &l->contact,    &l->codec,       &l->bye_headers};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		text_free(texts[i]);
	for (size_t i = 0; i < l->n_early; i++)
		text_free(&l->early[i].tag);
	list_remove(&l->node);
	free(l);
}

void leg_free(struct leg *l)
{
	struct timer_wheel *w = l->call->calls->a.wheel;
	timer_cancel(w, &l->prack_timer);
	timer_cancel(w, &l->session_timer);
	let_go_of_transactions(l);
	unregister(l);
	leg_drop_media(l);
	if (l->in_streams)
		map_remove(&l->call->calls->by_stream, &l->stream_node);
	leg_free_bare(l);
}

void leg_learn(struct leg *l, const struct sip_msg *m)
{
	if (sip_hdr(m, HDR_ALLOW))
		l->peer_update = sip_has_token(m, HDR_ALLOW, STR("UPDATE"));
	if (m->request || m->status >= 200)
		l->peer_timer = sip_has_token(m, HDR_SUPPORTED, STR("timer"));
}

void leg_put_contact(struct leg *l, struct buf *b)
{
	const struct calls_args *a = &l->call->calls->a;
	buf_lit(b, "Contact: <");
	a->ops->contact(a->arg, &l->dlg.flow, b);
	buf_lit(b, ">\r\nAllow: " ALLOW "\r\n");
}

struct ctrans *leg_send(struct leg *l, enum sip_method method, struct str headers, struct str type,
                        struct str body, ctrans_fn *fn, void *user)
{
	char room[4096];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	dialog_put_head(&b, &l->dlg, method, ++l->dlg.local_cseq, 70);
	buf_str(&b, headers);
	struct ctrans *ct = NULL;
	const struct ctrans_args args = {
		.method = method,
		.ruri = dialog_ruri(&l->dlg),
		.headers = buf_view(&b),
		.type = type,
		.body = body,
		.flow = &l->dlg.flow,
	};
	if (!buf_ok(&b) || ctrans_start(&ct, l->call->calls->a.sip, &args, fn, user) != 0)
		return NULL;
	return ct;
}

void leg_ended(struct leg *l)
{
	if (l->state == LEG_ENDED)
		return;
	l->state = LEG_ENDED;
	struct timer_wheel *w = l->call->calls->a.wheel;
	timer_cancel(w, &l->session_timer);
	leg_stop_prack(l);
	if (!l->end_ms)
		l->end_ms = call_wall_ms(l->call);
	leg_drop_media(l);
	call_on_leg_over(l);
}

static void on_bye(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                   void *user)
{
	(void)ct;
	(void)m;
	(void)err;
	struct leg *l = user;
	if (event == CTRANS_PROVISIONAL)
		return;
	if (event == CTRANS_END)
		l->bye_ct = NULL;
	leg_ended(l);
}

/** Refuse what the peer still waits for, before a BYE. */
static void refuse_pending(struct leg *l)
{
	if (l->pending_offer_from_peer)
		leg_refuse_offer(l, 487, STR_NONE);
}

static void send_bye(struct leg *l, struct str headers)
{
	l->bye_ct = leg_send(l, SIP_BYE, headers, STR_NONE, STR_NONE, on_bye, l);
	if (!l->bye_ct)
		leg_ended(l);
}

static void close_leg(struct leg *l)
{
	refuse_pending(l);
	l->end_ms = call_wall_ms(l->call);
	l->state = LEG_CLOSING;
	timer_cancel(l->call->calls->a.wheel, &l->session_timer);
	leg_drop_media(l);
}

static void say_bye(struct leg *l, struct str headers)
{
	close_leg(l);
	send_bye(l, headers);
}

/** Section 15: no BYE before the ACK is here, or the transaction has given it up. */
static void say_bye_later(struct leg *l, struct str headers)
{
	close_leg(l);
	text_set(&l->bye_headers, headers);
	l->bye_waits = true;
}

bool leg_bye_that_waited(struct leg *l)
{
	if (!l->bye_waits)
		return false;
	l->bye_waits = false;
	if (l->state == LEG_CLOSING)
		send_bye(l, l->bye_headers);
	return true;
}

void leg_end(struct leg *l, uint16_t status, struct str reason, struct str headers)
{
	switch (l->state) {
	case LEG_INCOMING:
		leg_refuse(l, status, reason, headers);
		return;
	case LEG_CALLING:
		leg_cancel(l, headers);
		return;
	case LEG_ANSWERED:
		if (l->uac && l->answer_in_ack) /* the 2xx must be acknowledged all the same */
			leg_ack_with(l, STR_NONE);
		if (!l->uac && l->invite_st)
			say_bye_later(l, headers);
		else
			say_bye(l, headers);
		return;
	case LEG_CONFIRMED:
		say_bye(l, headers);
		return;
	case LEG_CANCELLING:
	case LEG_CLOSING:
	case LEG_ENDED:
		return;
	}
}

/* -- requests in the dialog ---------------------------------------------------------- */

static void reply_ok(struct strans *st)
{
	strans_reply_status(st, 200);
}

static void on_request_bye(struct leg *l, struct strans *st, const struct sip_msg *m)
{
	reply_ok(st);
	if (l->invite_st) /* who hangs up has our answer, though its ACK was lost */
		strans_acked(l->invite_st);
	if (l->state == LEG_CLOSING || l->state == LEG_ENDED) {
		leg_ended(l);
		return;
	}
	struct str reason = sip_value(m, HDR_REASON);
	if (l->state == LEG_CALLING || l->state == LEG_CANCELLING) {
		/* Section 15: it must not, in an early dialog. Its branch is over, not the call. */
		leg_cancel(l, STR_NONE);
		call_on_refused(l, 480, reason);
		return;
	}
	refuse_pending(l);
	if (l->state == LEG_INCOMING) /* section 15.1.2: the INVITE that waits gets 487 */
		leg_refuse(l, 487, STR_NONE, STR_NONE);
	l->end_ms = call_wall_ms(l->call);
	call_on_bye(l, reason);
}

static void on_request_options(struct leg *l, struct strans *st)
{
	char room[512];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_contact(l, &b);
	buf_lit(&b, "Supported: 100rel, timer\r\nAccept: application/sdp\r\n");
	const struct sip_reply r = {.status = 200, .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
}

void leg_request(struct leg *l, struct strans *st, const struct sip_msg *m, const struct flow *flow)
{
	if (dialog_request_in(&l->dlg, m, flow) != 0) { /* 12.2.2: out of order */
		strans_reply_status(st, 500);
		return;
	}
	switch (m->method) {
	case SIP_BYE:
		on_request_bye(l, st, m);
		return;
	case SIP_INVITE:
	case SIP_UPDATE:
		leg_learn(l, m);
		leg_on_modify(l, st, m);
		return;
	case SIP_PRACK:
		leg_on_prack(l, st, m);
		return;
	case SIP_OPTIONS:
		on_request_options(l, st);
		return;
	case SIP_INFO:
	case SIP_MESSAGE:
		call_on_passing_request(l, st, m);
		return;
	case SIP_REFER:
	case SIP_SUBSCRIBE:
	case SIP_NOTIFY:
	case SIP_PUBLISH:
	case SIP_REGISTER:
	case SIP_ACK:
	case SIP_CANCEL:
	case SIP_METHOD_OTHER:
	case SIP_METHODS:
		break;
	}
	const struct sip_reply r = {.status = m->method == SIP_METHOD_OTHER ? 501 : 405,
	                            .headers = STR("Allow: " ALLOW "\r\n")};
	strans_reply_or_500(st, &r);
}
