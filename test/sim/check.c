// SPDX-License-Identifier: Apache-2.0
/* What must be true: of every record and INVITE as it comes, of everything at quiet points. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "call/record.h"
#include "sim.h"

enum { SIDE_KEPT_MS = 1500000, CALM_MS = 100, RECORD_MS = 20000 };

struct record {
	struct list_node node;
	json_t *json;
};

/* -- sides --------------------------------------------------------------------------- */

struct side *side_find(struct sim *s, struct str call_id)
{
	struct side *d = s->buckets[hash_stable(call_id) % SIDE_BUCKETS];
	while (d && !str_eq(str_z(d->call_id), call_id))
		d = d->next;
	return d;
}

struct side *side_new(struct phone *p, const char *call_id, bool caller)
{
	struct sim *s = p->sim;
	struct side *d = side_find(s, str_z(call_id));
	if (d && d->phone == p && d->disturbed && d->over) { /* it was off and has forgotten */
		d->over = false;
		return d;
	}
	if (d)
		sim_fail(s, "a second INVITE with the Call-ID %s", call_id);
	d = calloc(1, sizeof *d);
	struct side **bucket = &s->buckets[hash_stable(str_z(call_id)) % SIDE_BUCKETS];
	*d = (struct side){.next = *bucket, .phone = p, .at = p->home, .caller = caller};
	d->start_ms = s->wheel.now_ms;
	*bucket = d;
	str_copyz(d->call_id, sizeof d->call_id, str_z(call_id));
	list_push_back(&s->sides, &d->node);
	return d;
}

static void side_free(struct sim *s, struct side *d)
{
	struct side **at = &s->buckets[hash_stable(str_z(d->call_id)) % SIDE_BUCKETS];
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	list_remove(&d->node);
	free(d);
}

static struct sess *sess_of(const struct side *d)
{
	list_for_each(it, &d->phone->sesss) {
		struct sess *x = container_of(it, struct sess, node);
		if (x->side == d)
			return x;
	}
	return NULL;
}

/* -- as it comes --------------------------------------------------------------------- */

void check_invite_came(struct phone *p, const struct sip_msg *m)
{
	if (!str_eq(m->from.uri.host, str_z(p->domain)))
		sim_fail(p->sim, "a call of " STR_FMT " came to a phone of %s",
		         STR_ARG(m->from.uri.host), p->domain);
}

void check_call_saved(struct node *n, uint64_t tenant, struct str record)
{
	struct sim *s = n->sim;
	struct call *c;
	int e = call_record_read(&c, record, config_tenant(s, tenant));
	if (e)
		sim_fail(s, "a call's record cannot be read back: %s", err_text(e));
	char room[CALL_RECORD_MAX];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	call_record_write(c, &b);
	if (!buf_ok(&b) || !str_eq(buf_view(&b), record))
		sim_fail(s, "a call's record read back and written is not the same");
	call_record_free(c);
}

static struct str header(struct str bytes, const char *name)
{
	const char *at = memmem(bytes.p, bytes.n, name, strlen(name));
	if (!at)
		return STR_NONE;
	at += strlen(name);
	size_t n = 0;
	while (at + n < bytes.p + bytes.n && at[n] != '\r')
		n++;
	return (struct str){at, n};
}

/** Who said what to whom, for later: counted where it reaches the switch, or leaves it. */
void check_wire(struct sim *s, struct str bytes, bool to_switch)
{
	struct side *d = side_find(s, header(bytes, "\r\nCall-ID: "));
	if (!d)
		return;
	if (to_switch && str_starts(bytes, STR("INVITE ")))
		d->heard++;
	if (to_switch && str_starts(bytes, STR("BYE ")) && d->bye_sent_ms && !d->bye_at_switch_ms)
		d->bye_at_switch_ms = s->wheel.now_ms;
	struct str cseq = header(bytes, "\r\nCSeq: ");
	if (!to_switch && str_starts(bytes, STR("SIP/2.0 ")) && memmem(cseq.p, cseq.n, "INVITE", 6))
		d->told++;
}

static struct str text(const json_t *j, const char *name)
{
	const char *p = json_string_value(json_object_get(j, name));
	return p ? str_z(p) : STR_NONE;
}

static struct str leg_call_id(const json_t *cdr, size_t i)
{
	return text(json_array_get(json_object_get(cdr, "legs"), i), "sip_call_id");
}

/**
 * A challenge leaves no transaction (RFC 3261 section 8.2.7): who was refused and gave up may get
 * through with a late copy, once the account is there again.
 */
static bool refused_before(const struct side *d)
{
	return d->over && d->status == 407 && d->phone->config_ms > d->start_ms;
}

/** One for each call; a retransmission that reaches a restarted switch begins another one. */
void check_cdr(struct node *n, struct str json, bool recovered)
{
	struct sim *s = n->sim;
	json_t *j = json_loadb(json.p, json.n, 0, NULL);
	if (!j)
		sim_fail(s, "a CDR is no JSON: " STR_FMT, STR_ARG(json));
	struct side *d = side_find(s, leg_call_id(j, 0));
	if (!d || !d->caller)
		sim_fail(s, "a CDR of a call that nobody made: " STR_FMT, STR_ARG(json));
	if (d->at != n)
		sim_fail(s, "switch %u has a CDR of switch %u", n->index, d->at->index);
	for (size_t i = 1; i < json_array_size(json_object_get(j, "legs")); i++) {
		struct side *c = side_find(s, leg_call_id(j, i));
		if (c && c->phone->tenant != d->phone->tenant)
			sim_fail(s, "%s rang a phone of another tenant", d->call_id);
	}
	d->cdrs++;
	if (refused_before(d))
		d->killed = true;
	else if (d->last_life == n->kills + 1 && !recovered)
		sim_fail(s, "a second CDR of the call %s", d->call_id);
	if (!recovered)
		d->last_life = n->kills + 1;
	else if (d->recovered_in == n->kills)
		sim_fail(s, "the call %s was recovered twice", d->call_id);
	else
		d->recovered_in = n->kills;
	s->records++;
	sim_note(s, "CDR of %s: %s by %s, %s", d->call_id, text(j, "answer").n ? "answered" : "not answered",
	         text(j, "ended_by").p, text(j, "reason").p);
	struct record *r = calloc(1, sizeof *r);
	r->json = j;
	list_push_back(&s->cdrs, &r->node);
}

static void record_free(struct record *r)
{
	list_remove(&r->node);
	json_decref(r->json);
	free(r);
}

/** It was written and is not on disk: the restart must write one if it knows of the call. */
void check_cdr_lost(struct node *n, struct str json)
{
	struct sim *s = n->sim;
	json_t *j = json_loadb(json.p, json.n, 0, NULL);
	struct side *d = side_find(s, leg_call_id(j, 0));
	if (d) {
		d->cdrs--;
		d->killed = true;
	}
	list_for_each_safe(it, &s->cdrs) {
		struct record *r = container_of(it, struct record, node);
		if (str_eq(text(r->json, "id"), text(j, "id")))
			record_free(r);
	}
	json_decref(j);
}

/** A refresh is written when it adds a third to the lease: what a restart knows may end earlier. */
static void cut_lease(struct phone *p)
{
	uint64_t third = p->want_expires * 1000ull / 3;
	if (p->reg.until_ms)
		p->reg.until_ms = p->reg.until_ms > third ? p->reg.until_ms - third : 1;
}

void check_killed(struct node *n)
{
	struct sim *s = n->sim;
	for (unsigned i = 0; i < s->a.phones; i++)
		if (s->phones[i].home == n)
			cut_lease(&s->phones[i]);
	list_for_each(it, &s->sides) {
		struct side *d = container_of(it, struct side, node);
		if (d->at != n)
			continue;
		/* A late copy of its INVITE may begin it anew. */
		if (!d->over || !d->cdrs || d->over_ms + 2000 > s->wheel.now_ms)
			d->killed = true;
	}
}

/* -- a record against what the phones saw -------------------------------------------- */

static uint64_t time_of(const struct json_t *j, const char *name)
{
	uint64_t ms = 0;
	struct str t = text(j, name);
	return t.n && clock_parse_rfc3339(t, &ms) == 0 ? ms - 1700000000000 + START_MS : 0;
}

bool check_covers(const struct phone *p, const struct node *at, uint64_t from, uint64_t until)
{
	const struct reg_span *r = &p->reg;
	if (r->until_ms && r->at == at && r->from_ms < from && r->until_ms > until)
		return true;
	for (unsigned i = 0; i < REG_PAST && i < p->n_past; i++) {
		r = &p->past[i];
		if (r->at == at && r->from_ms < from && r->until_ms > until)
			return true;
	}
	return false;
}

static bool rang_at(const json_t *cdr, const struct phone *p)
{
	char at[ADDR_TEXT];
	phone_source(p, at);
	bool moved = !p->reg.until_ms || p->reg.from_ms > time_of(cdr, "start");
	size_t i;
	json_t *leg;
	json_array_foreach(json_object_get(cdr, "legs"), i, leg)
		if (i && str_eq(text(leg, "device"), str_z(p->username)) &&
		    (moved || str_eq(text(leg, "address"), str_z(at))))
			return true;
	return false;
}

/** Who was registered, and stayed so, was rung where it is. */
static void check_found(struct sim *s, const json_t *cdr, const struct side *d)
{
	uint64_t start = time_of(cdr, "start"), end = time_of(cdr, "end");
	json_int_t status = json_integer_value(json_object_get(cdr, "status"));
	if (end < start + 4 * CALM_MS || status == 503 || status == 488)
		return;
	for (unsigned i = 0; i < s->a.phones; i++) {
		const struct phone *p = &s->phones[i];
		if ((p->config_ms && p->config_ms + 2000 > start) || p->tenant != d->phone->tenant || !str_eq(text(cdr, "to"), str_z(p->extension)) ||
		    !check_covers(p, d->at, start, start + 2 * CALM_MS))
			continue;
		s->found++;
		if (!rang_at(cdr, p))
			sim_fail(s, "%s of %s is registered, and %s did not find it", p->username, p->domain,
			         d->call_id);
	}
}

/** The called phone whose answer counts; NULL: the echo, or nobody. */
static struct side *answering(struct sim *s, const json_t *cdr)
{
	size_t i;
	json_t *leg;
	json_array_foreach(json_object_get(cdr, "legs"), i, leg) {
		struct side *c = i ? side_find(s, text(leg, "sip_call_id")) : NULL;
		if (c && c->status == 200 && text(leg, "answer").n)
			return c;
	}
	return NULL;
}

static void check_end_by(struct sim *s, const json_t *cdr, const struct side *d, const struct side *b)
{
	struct str by = text(cdr, "ended_by");
	uint64_t end = time_of(cdr, "end");
	bool answered = text(cdr, "answer").n;
	if (str_eq(by, STR("caller")) && !d->bye_sent_ms && !d->cancelled)
		sim_fail(s, "%s: the caller did not end it", d->call_id);
	if (!answered || (b && (b->disturbed || b->odd)))
		return;
	if (str_eq(by, STR("callee")) && (!b || !b->bye_sent_ms))
		sim_fail(s, "%s: the callee did not end it", d->call_id);
	bool a_first = d->bye_at_switch_ms && d->bye_at_switch_ms + CALM_MS < end;
	bool b_first = b && b->bye_at_switch_ms && b->bye_at_switch_ms + CALM_MS < end;
	if (a_first || b_first)
		sim_fail(s, "%s: the call went on after a BYE had come", d->call_id);
}

static bool any_odd(struct sim *s, const json_t *cdr)
{
	for (size_t i = 0; i < json_array_size(json_object_get(cdr, "legs")); i++) {
		struct side *c = side_find(s, leg_call_id(cdr, i));
		if (c && c->odd)
			return true;
	}
	return false;
}

static void compare(struct sim *s, const json_t *cdr)
{
	struct side *d = side_find(s, leg_call_id(cdr, 0));
	bool answered = text(cdr, "answer").n;
	unsigned status = (unsigned)json_integer_value(json_object_get(cdr, "status"));
	s->answered += answered;
	if (!d || d->killed)
		return;
	uint64_t start = time_of(cdr, "start"), changed = d->phone->config_ms;
	uint64_t version = (uint64_t)json_integer_value(json_object_get(cdr, "config_version"));
	if (!config_was(s, d->phone->tenant, version, start))
		sim_fail(s, "%s: it began under version %llu, and did not stay there", d->call_id,
		         (unsigned long long)version);
	if (!changed || changed + 2000 < start)
		s->named++;
	if ((!changed || changed + 2000 < start) &&
	    !str_eq(text(cdr, "from"), str_z(d->phone->extension)))
		sim_fail(s, "%s: the CDR names another caller", d->call_id);
	check_found(s, cdr, d);
	if (d->disturbed || any_odd(s, cdr))
		return;
	s->checked++;
	if (answered != (d->status / 100 == 2))
		sim_fail(s, "%s: the CDR says %s, the caller saw %u", d->call_id,
		         answered ? "answered" : "not answered", d->status);
	if (!answered && d->status && d->status != status)
		sim_fail(s, "%s: the CDR says %u, the caller saw %u", d->call_id, status, d->status);
	struct side *b = answering(s, cdr);
	if (answered && !b && !str_eq(text(cdr, "answered_by"), STR("echo")))
		sim_fail(s, "%s: answered by nobody", d->call_id);
	if (b && !(b->phone->config_ms && b->phone->config_ms + 2000 > start) &&
	    !str_eq(text(cdr, "answered_by"), str_z(b->phone->extension)) && answered &&
	    !b->bye_got_ms)
		sim_fail(s, "%s: answered by another", d->call_id);
	check_end_by(s, cdr, d, b);
}

/* -- at quiet points ----------------------------------------------------------------- */

static bool sure(const struct side *d)
{
	return d && !d->disturbed && !d->killed && !d->odd;
}

/** The switch's view of one call that is up. */
static const char *call_fault(struct sim *s, const json_t *call, struct side **whose)
{
	size_t i, up = 0;
	json_t *leg;
	json_array_foreach(json_object_get(call, "legs"), i, leg) {
		if (!str_eq(text(leg, "state"), STR("answered")))
			continue;
		up += i > 0;
		struct side *d = side_find(s, text(leg, "sip_call_id"));
		struct sess *x = sure(d) ? sess_of(d) : NULL;
		*whose = d;
		if (sure(d) && (!x || x->state < SESS_UP || x->state == SESS_OVER))
			return "the switch has a phone in a call, and it is in none";
	}
	bool echo = str_eq(text(call, "answered_by"), STR("echo"));
	return up == !echo ? NULL : "not one callee in an answered call";
}

static bool in_calls(const json_t *calls, const struct side *d)
{
	size_t i, k;
	json_t *call, *leg;
	json_array_foreach(calls, i, call)
		json_array_foreach(json_object_get(call, "legs"), k, leg)
			if (str_eq(text(leg, "sip_call_id"), str_z(d->call_id)) &&
			    str_eq(text(leg, "state"), STR("answered")))
				return true;
	return false;
}

static const char *agreement_fault(struct node *n, struct side **whose)
{
	struct sim *s = n->sim;
	json_t *calls = switch_ask(n, SHARD_Q_CALLS), *call;
	size_t i;
	json_array_foreach(calls, i, call) {
		if (!str_eq(text(call, "state"), STR("answered")))
			continue;
		const char *fault = call_fault(s, call, whose);
		if (fault)
			return fault;
	}
	list_for_each(it, &s->sides) {
		struct side *d = container_of(it, struct side, node);
		struct sess *x = d->at == n && sure(d) ? sess_of(d) : NULL;
		*whose = d;
		if (x && x->state == SESS_UP && !in_calls(calls, d))
			return "a phone is in a call that the switch does not have";
	}
	return NULL;
}

/** What crosses on the way just now is given time. */
static void check_agreement(struct node *n)
{
	struct sim *s = n->sim;
	struct side *d = NULL;
	const char *fault = NULL;
	for (int i = 0; i < 4; i++) {
		fault = agreement_fault(n, &d);
		if (!fault)
			return;
		sim_advance(s, 3000);
	}
	sim_fail(s, "%s (%s)", fault, d ? d->call_id : "");
}

/** What was taken away is registered no more. */
static void check_removed(struct sim *s, const json_t *all, const struct phone *p)
{
	char name[8];
	snprintf(name, sizeof name, "t%u", p->tenant);
	size_t i;
	json_t *r;
	json_array_foreach(all, i, r)
		if (!p->account && str_eq(text(r, "device"), str_z(p->username)) &&
		    str_eq(text(r, "tenant"), str_z(name)))
			sim_fail(s, "%s of %s was removed and is registered", p->username, p->domain);
	json_array_foreach(all, i, r)
		if (!text(r, "device").n)
			sim_fail(s, "a binding of a device that is not there");
}

static void check_registrations(struct node *n)
{
	struct sim *s = n->sim;
	json_t *all = switch_ask(n, SHARD_Q_REGISTRATIONS), *r;
	for (unsigned k = 0; k < s->a.phones; k++) {
		struct phone *p = &s->phones[k];
		check_removed(s, all, p);
		char at[ADDR_TEXT];
		phone_source(p, at);
		if (!check_covers(p, n, s->wheel.now_ms, s->wheel.now_ms))
			continue;
		size_t i;
		bool found = false;
		json_array_foreach(all, i, r)
			found |= str_eq(text(r, "source"), str_z(at)) &&
			         str_eq(text(r, "device"), str_z(p->username));
		if (!found)
			sim_fail(s, "%s of %s was told that it is registered, and is not", p->username,
			         p->domain);
	}
}

static void check_side(struct sim *s, struct side *d, bool last)
{
	uint64_t age = s->wheel.now_ms - d->start_ms;
	bool settled = d->over && s->wheel.now_ms > d->over_ms + RECORD_MS;
	if (d->caller && settled && d->began && sure(d) && !d->cdrs)
		sim_fail(s, "the call %s has no CDR", d->call_id);
	if (last && d->caller && !d->over && sure(d))
		sim_fail(s, "the call %s is not over", d->call_id);
	if (d->over && age > SIDE_KEPT_MS && !sess_of(d))
		side_free(s, d);
}

void check_quiet(struct sim *s, bool last)
{
	list_for_each_safe(it, &s->cdrs) {
		struct record *r = container_of(it, struct record, node);
		compare(s, r->json);
		record_free(r);
	}
	list_for_each_safe(at, &s->sides)
		check_side(s, container_of(at, struct side, node), last);
	for (unsigned i = 0; i < s->a.phones; i++)
		tcp_check(&s->phones[i]);
	for (unsigned i = 0; i < s->a.nodes; i++) {
		check_agreement(&s->nodes[i]);
		if (!last)
			check_registrations(&s->nodes[i]);
	}
}

void check_end(struct sim *s)
{
	list_for_each_safe(it, &s->sides)
		side_free(s, container_of(it, struct side, node));
	list_for_each_safe(at, &s->cdrs)
		record_free(container_of(at, struct record, node));
}
