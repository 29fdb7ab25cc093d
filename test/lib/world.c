// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "sip/build.h"
#include "sip/digest.h"
#include "tenant_make.h"

enum { MAX_STREAMS = 512, MAX_PHONES = 16, MAX_BINDINGS = 64, START_MS = 1000000 };
static const uint64_t WALL_START = 1700000000000;

struct packet {
	struct list_node node;
	struct addr to;
	size_t n;
	char bytes[];
};

struct posted {
	struct list_node node;
	struct mail *mail;
};

struct phone {
	struct world *w;
	char domain[64], username[64], password[64], text[64];
	struct addr addr;
	struct arena arena;
	struct sip_msg msg;
	char *last_in;         /* bytes under msg */
	char *last_out;
	size_t last_out_n;
	unsigned serial;       /* of branches, Call-IDs */
	char challenge[512];
	bool proxy;            /* of the challenge */
	uint32_t nc;
	char call_id[192], tag[32], remote_tag[64], ruri[192];
	uint32_t cseq;
	char sdp[1024];
	char *invite_in;       /* bytes under invite */
	struct arena invite_arena;
	struct sip_msg invite;
	char *kept_in;
	struct arena kept_arena;
	struct sip_msg kept;
	char invite_out[256];  /* the top Via of the INVITE that was sent last */
	char display[4096];    /* the name it claims */
	char more[512];        /* header lines that every INVITE of phone_call carries */
};

struct stored {
	uint64_t tenant;
	char *key;
	struct str value;
};

struct world {
	struct timer_wheel wheel;
	struct rng rng;
	struct log log;
	struct metrics metrics;
	const struct tenant *tenants[2];
	const struct directory *directory;
	struct shard *shard;
	struct list_node packets, posted;
	unsigned lose, lose_in, sent, received;
	uint64_t lag_ms;
	struct phone phones[MAX_PHONES];
	size_t n_phones;
	struct media_cmd streams[MAX_STREAMS];
	uint64_t playing, play_stream; /* 0: nothing plays */
	struct buf heard;
	size_t n_streams;
	struct stored bindings[MAX_BINDINGS]; /* as the store has them */
	size_t n_bindings;
	unsigned binding_writes;
	json_t *cdrs, *answer;
	json_t *live; /* ids of stored records */
	char record_id[64];
	char *record;
	size_t record_n;
};

/* -- the shard's ports --------------------------------------------------------------- */

static uint64_t wall_ms(void *arg)
{
	struct world *w = arg;
	return WALL_START + w->wheel.now_ms - START_MS;
}

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct world *w = arg;
	w->sent++;
	if (w->lose && --w->lose == 0)
		return;
	struct packet *p = malloc(sizeof *p + bytes.n);
	p->to = flow->remote;
	p->n = bytes.n;
	memcpy(p->bytes, bytes.p, bytes.n);
	list_push_back(&w->packets, &p->node);
}

static void sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	(void)arg;
	*out = flow->local;
}

static void rtp_address(void *arg, const struct flow *flow, struct addr *told, struct addr *own)
{
	(void)arg;
	*told = *own = flow->local;
	told->port = own->port = 0;
}

static void post(void *arg, uint16_t shard, struct mail *m)
{
	struct world *w = arg;
	struct posted *p = malloc(sizeof *p);
	assert_int_equal(shard, 0);
	p->mail = m;
	list_push_back(&w->posted, &p->node);
}

static void stream_ended(struct world *w, uint64_t id)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	*ev = (struct media_event){.mail.kind = SHARD_MEDIA, .what = MEDIA_EV_ENDED, .id = id,
	                           .stats = {.rx_packets = 100, .tx_packets = 90, .rx_lost = 3}};
	post(w, 0, &ev->mail);
}

/** What plays is kept as text: the names of files, or "tone". */
static void note_play(struct world *w, const struct media_cmd *cmd)
{
	w->playing = cmd->play->id;
	w->play_stream = cmd->id;
	buf_reset(&w->heard);
	for (size_t i = 0; i < cmd->play->n; i++) {
		const struct media_item *it = &cmd->play->items[i];
		buf_str(&w->heard, it->kind == MEDIA_ITEM_FILE ? str_z(it->path) : STR("tone"));
		buf_ch(&w->heard, ' ');
	}
	buf_ch(&w->heard, 0);
}

const char *world_hears(const struct world *w)
{
	return w->playing ? w->heard.p : NULL;
}

static void tell_stream(struct world *w, struct media_event *ev)
{
	ev->mail.kind = SHARD_MEDIA;
	ev->id = w->play_stream;
	shard_mail(w->shard, &ev->mail);
}

void world_played(struct world *w)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	assert_true(w->playing != 0);
	*ev = (struct media_event){.what = MEDIA_EV_PLAYED, .other = w->playing};
	w->playing = 0;
	tell_stream(w, ev);
}

void world_press(struct world *w, const char *digits)
{
	for (; *digits; digits++) {
		struct media_event *ev = calloc(1, sizeof *ev);
		*ev = (struct media_event){.what = MEDIA_EV_DTMF, .digit = *digits, .duration_ms = 100};
		tell_stream(w, ev);
	}
}

static void media(void *arg, size_t thread, struct media_cmd *cmd)
{
	struct world *w = arg;
	size_t i = 0;
	assert_int_equal(thread, 0);
	while (i < w->n_streams && w->streams[i].id != cmd->id)
		i++;
	if (cmd->mail.kind == MEDIA_CMD_SET) {
		assert_true(i < MAX_STREAMS);
		w->streams[i] = *cmd;
		if (i == w->n_streams)
			w->n_streams++;
	} else if (cmd->mail.kind == MEDIA_CMD_DESTROY) {
		assert_true(i < w->n_streams);
		w->streams[i] = w->streams[--w->n_streams];
		stream_ended(w, cmd->id);
	} else if (cmd->mail.kind == MEDIA_CMD_PLAY) {
		note_play(w, cmd);
	} else if (cmd->mail.kind == MEDIA_CMD_STOP_PLAY) {
		w->playing = 0;
	}
	media_cmd_free(cmd);
}

static void answer(void *arg, struct mail_query *q)
{
	struct world *w = arg;
	json_decref(w->answer);
	w->answer = q->result;
	free(q);
}

static void drop_binding(struct world *w, size_t i)
{
	free(w->bindings[i].key);
	free((char *)w->bindings[i].value.p);
	w->bindings[i] = w->bindings[--w->n_bindings];
}

static void save_binding(void *arg, uint64_t tenant, struct str key, struct str value)
{
	struct world *w = arg;
	w->binding_writes++;
	for (size_t i = 0; i < w->n_bindings; i++)
		if (w->bindings[i].tenant == tenant && str_eq(str_z(w->bindings[i].key), key))
			drop_binding(w, i);
	if (!value.n)
		return;
	assert_true(w->n_bindings < MAX_BINDINGS);
	w->bindings[w->n_bindings++] = (struct stored){
		tenant, str_dupz(key), (struct str){str_dupz(value), value.n}};
}

static void save_call(void *arg, uint64_t tenant, struct str id, struct str record)
{
	struct world *w = arg;
	(void)tenant;
	free(w->record);
	w->record = str_dupz(record);
	w->record_n = record.n;
	snprintf(w->record_id, sizeof w->record_id, STR_FMT, STR_ARG(id));
	json_object_setn_new(w->live, id.p, id.n, json_true());
}

static void cdr(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json)
{
	struct world *w = arg;
	(void)tenant;
	(void)start_ms;
	json_t *j = json_loadb(json.p, json.n, 0, NULL);
	if (!j)
		fail_msg("the CDR is no JSON: " STR_FMT, STR_ARG(json));
	size_t i;
	json_t *old;
	json_array_foreach(w->cdrs, i, old) /* exactly one a call */
		assert_string_not_equal(json_string_value(json_object_get(old, "id")),
		                        json_string_value(json_object_get(j, "id")));
	json_array_append_new(w->cdrs, j);
	json_object_deln(w->live, id.p, id.n);
	if (str_eq(id, str_z(w->record_id))) {
		free(w->record);
		w->record = NULL;
		w->record_n = 0;
	}
}

static uint64_t lag_ms(void *arg)
{
	const struct world *w = arg;
	return w->lag_ms;
}

static const struct shard_ops ops = {
	.wall_ms = wall_ms,
	.send = on_send,
	.sent_by = sent_by,
	.rtp_address = rtp_address,
	.post = post,
	.media = media,
	.answer = answer,
	.save_binding = save_binding,
	.save_call = save_call,
	.cdr = cdr,
	.lag_ms = lag_ms,
};

/* -- making and ending one ----------------------------------------------------------- */

static const char acme[] =
	"{\"tenant\":\"acme\",\"domains\":[\"acme.test\"],\"users\":["
	"{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":[{\"username\":\"1001\",\"password\":\"s3cret-1001\"}]},"
	"{\"name\":\"Bob\",\"extension\":\"1002\",\"devices\":[{\"username\":\"1002\",\"password\":\"s3cret-1002\"},"
	"{\"username\":\"bob-desk\",\"password\":\"s3cret-bob-desk\"}]},"
	"{\"name\":\"Carol\",\"extension\":\"1003\",\"devices\":[{\"username\":\"1003\",\"password\":\"s3cret-1003\"}]}]}";
static const char umbra[] =
	"{\"tenant\":\"umbra\",\"domains\":[\"umbra.test\"],\"users\":["
	"{\"name\":\"Ursula\",\"extension\":\"1001\",\"devices\":[{\"username\":\"1001\",\"password\":\"umbra-1001\"}]},"
	"{\"name\":\"Udo\",\"extension\":\"1002\",\"devices\":[{\"username\":\"1002\",\"password\":\"umbra-1002\"},"
	"{\"username\":\"only-udo\",\"password\":\"umbra-only-udo\"}]}]}";

static struct world *make_world(const char *first_tenant, void (*tweak)(struct shard_args *a))
{
	struct world *w = calloc(1, sizeof *w);
	timer_wheel_init(&w->wheel, START_MS);
	rng_init_seed(&w->rng, 42);
	log_init_null(&w->log);
	list_init(&w->packets);
	list_init(&w->posted);
	w->cdrs = json_array();
	w->live = json_object();
	w->tenants[0] = test_tenant(first_tenant, 100);
	w->tenants[1] = test_tenant(umbra, 200);
	struct buf why;
	buf_init(&why, 1024);
	assert_int_equal(directory_build(&w->directory, w->tenants, 2, &why), 0);
	buf_fini(&why);
	struct shard_args args = {
		.n_shards = 1,
		.wheel = &w->wheel,
		.rng = &w->rng,
		.log = &w->log,
		.metrics = &w->metrics,
		.hash_key = {1, 2},
		.realm = STR("tandem"),
		.server = STR("Tandem"),
		.timers = {500, 4000, 5000, 190000},
		.limits = {65535, 256, 60000},
		.max_transactions = 10000,
		.nonce_age_s = 3600,
		.max_nonces = 1024,
		.registrar = {3600, 60, 7200, 10},
		.calls = {.ring_ms = 60000, .max_call_ms = 3600000 * 4u, .session_expires_s = 1800,
	                  .min_se_s = 90, .silence_ms = 30000, .max_calls = 100,
	                  .prack_give_up_ms = 32000},
		.media_threads = 1,
		.rtp_first = 20000,
		.rtp_pairs_per_thread = 100,
		.rtp_pairs_initial = 4,
		.directory = w->directory,
		.ops = &ops,
		.arg = w,
	};
	if (tweak)
		tweak(&args);
	buf_init(&w->heard, 65536);
	assert_int_equal(shard_new(&w->shard, &args), 0);
	return w;
}

struct world *world_new(void)
{
	return world_new_with(NULL);
}

struct world *world_new_with(void (*tweak)(struct shard_args *a))
{
	return make_world(acme, tweak);
}

struct world *world_new_of(const char *tenant_file)
{
	return make_world(tenant_file, NULL);
}

static void settle(struct world *w)
{
	struct list_node *n;
	while ((n = list_first(&w->posted)) != NULL) {
		struct posted *p = container_of(n, struct posted, node);
		list_remove(n);
		shard_mail(w->shard, p->mail);
		free(p);
	}
}

void world_advance(struct world *w, uint64_t ms)
{
	uint64_t until = w->wheel.now_ms + ms;
	for (;;) {
		uint64_t next = timer_wheel_next_ms(&w->wheel);
		if (next > until)
			break;
		timer_wheel_run(&w->wheel, next > w->wheel.now_ms ? next : w->wheel.now_ms);
		settle(w);
	}
	timer_wheel_run(&w->wheel, until);
	settle(w);
}

static void drop_packets(struct world *w)
{
	list_for_each_safe(it, &w->packets) {
		list_remove(it);
		free(container_of(it, struct packet, node));
	}
}

/** What a shard says while it is freed is heard by nobody. */
static void settle_nothing(struct world *w)
{
	struct list_node *n;
	while ((n = list_first(&w->posted)) != NULL) {
		struct posted *p = container_of(n, struct posted, node);
		list_remove(n);
		shard_mail_drop(p->mail);
		free(p);
	}
}

void world_free(struct world *w)
{
	shard_stop(w->shard);
	settle(w);
	world_advance(w, 300000);
	assert_true(shard_idle(w->shard));
	assert_int_equal(sip_stack_transactions(shard_sip(w->shard)), 0);
	assert_int_equal(w->n_streams, 0);
	assert_null(w->record);
	assert_int_equal(json_object_size(w->live), 0);
	assert_int_equal(metric_get(&w->metrics, METRIC_CALLS), 0);
	world_abandon(w);
}

void world_abandon(struct world *w)
{
	settle(w);
	shard_free(w->shard);
	assert_int_equal(w->wheel.n, 0);
	settle_nothing(w);
	free(w->record);
	buf_fini(&w->heard);
	drop_packets(w);
	while (w->n_bindings)
		drop_binding(w, 0);
	for (size_t i = 0; i < w->n_phones; i++) {
		arena_fini(&w->phones[i].arena);
		arena_fini(&w->phones[i].invite_arena);
		arena_fini(&w->phones[i].kept_arena);
		free(w->phones[i].kept_in);
		free(w->phones[i].last_in);
		free(w->phones[i].invite_in);
		free(w->phones[i].last_out);
	}
	directory_unref(w->directory);
	tenant_unref(w->tenants[0]);
	tenant_unref(w->tenants[1]);
	json_decref(w->cdrs);
	json_decref(w->answer);
	json_decref(w->live);
	free(w);
}

void world_lose_in(struct world *w, unsigned n)
{
	w->lose_in = n;
}

unsigned world_received(const struct world *w)
{
	return w->received;
}

unsigned world_sent(const struct world *w)
{
	return w->sent;
}

void world_lag(struct world *w, uint64_t ms)
{
	w->lag_ms = ms;
}

uint64_t world_now(const struct world *w)
{
	return w->wheel.now_ms;
}

struct shard *world_shard(struct world *w)
{
	return w->shard;
}

void world_lose(struct world *w, unsigned n)
{
	w->lose = n;
}

size_t world_cdrs(const struct world *w)
{
	return json_array_size(w->cdrs);
}

json_t *world_cdr(const struct world *w)
{
	return json_array_get(w->cdrs, json_array_size(w->cdrs) - 1);
}

size_t world_bindings(const struct world *w)
{
	return w->n_bindings;
}

unsigned world_binding_writes(const struct world *w)
{
	return w->binding_writes;
}

int world_restore(struct world *to, const struct world *from, size_t i)
{
	const struct stored *b = &from->bindings[i];
	return shard_restore_binding(to->shard, b->tenant, b->value);
}

size_t world_answered(const struct world *w)
{
	size_t n = 0, i;
	json_t *cdr;
	json_array_foreach(w->cdrs, i, cdr)
		n += json_is_string(json_object_get(cdr, "answer"));
	return n;
}

struct str world_live_record(const struct world *w)
{
	return (struct str){w->record, w->record_n};
}

const struct tenant *world_tenant(const struct world *w, const char *name)
{
	return directory_by_name(w->directory, str_z(name));
}

json_t *world_ask(struct world *w, enum shard_query_kind what, uint64_t tenant, const char *id)
{
	struct mail_query *q = calloc(1, sizeof *q);
	*q = (struct mail_query){.mail.kind = SHARD_QUERY, .what = what, .tenant = tenant};
	snprintf(q->id, sizeof q->id, "%s", id);
	post(w, 0, &q->mail);
	settle(w);
	return w->answer;
}

size_t world_streams(const struct world *w)
{
	return w->n_streams;
}

const struct media_cmd *world_stream(const struct world *w, size_t i)
{
	assert_true(i < w->n_streams);
	return &w->streams[i];
}

void world_silence(struct world *w, uint64_t stream)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	*ev = (struct media_event){
		.mail.kind = SHARD_MEDIA, .what = MEDIA_EV_SILENCE, .id = stream};
	post(w, 0, &ev->mail);
	settle(w);
}

/* -- phones -------------------------------------------------------------------------- */

void phone_claims(struct phone *p, const char *name)
{
	snprintf(p->display, sizeof p->display, "%s", name);
}

struct phone *world_phone(struct world *w, const char *domain, const char *username,
                          const char *password, const char *address)
{
	assert_true(w->n_phones < MAX_PHONES);
	struct phone *p = &w->phones[w->n_phones++];
	p->w = w;
	snprintf(p->domain, sizeof p->domain, "%s", domain);
	snprintf(p->username, sizeof p->username, "%s", username);
	snprintf(p->password, sizeof p->password, "%s", password);
	snprintf(p->text, sizeof p->text, "%s", address);
	phone_claims(p, "Somebody Else");
	assert_int_equal(addr_parse(&p->addr, str_z(address)), 0);
	arena_init(&p->arena, 8192);
	arena_init(&p->invite_arena, 8192);
	arena_init(&p->kept_arena, 8192);
	return p;
}

void phone_move(struct phone *p, const char *address)
{
	snprintf(p->text, sizeof p->text, "%s", address);
	assert_int_equal(addr_parse(&p->addr, str_z(address)), 0);
}

const char *phone_address(const struct phone *p)
{
	return p->text;
}

static void credentials(struct phone *p, const char *text, struct buf *out)
{
	char method[32], uri[256], cnonce[] = "c0ffee00";
	assert_int_equal(sscanf(text, "%31s %255s", method, uri), 2);
	struct digest_challenge ch;
	assert_int_equal(digest_challenge_parse(&ch, str_z(p->challenge)), 0);
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, str_z(p->username), ch.realm, str_z(p->password));
	buf_str(out, p->proxy ? STR("Proxy-Authorization: ") : STR("Authorization: "));
	assert_int_equal(digest_answer(out, &ch, str_z(p->username), &ha1, str_z(method),
	                               str_z(uri), str_z(cnonce), ++p->nc),
	                 0);
	buf_lit(out, "\r\n");
}

static void expand(struct phone *p, const char *text, struct buf *out)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			buf_lit(out, "\r\n");
		} else if (c[0] == '$' && c[1] == 'V') {
			buf_printf(out, "Via: SIP/2.0/UDP %s;branch=z9hG4bK-%s-%u;rport\r\n", p->text,
			           p->username, ++p->serial);
			c++;
		} else if (c[0] == '$' && c[1] == 'A') {
			credentials(p, text, out);
			c++;
		} else if (c[0] == '$' && c[1] == 'L') {
			buf_printf(out, "Content-Length: %zu\r\n\r\n", strlen(c + 2));
			buf_str(out, str_z(c + 2));
			return;
		} else {
			buf_ch(out, *c);
		}
	}
}

static void input(struct world *w, const struct addr *from, struct str bytes)
{
	struct flow flow = {.transport = SIP_UDP, .remote = *from};
	assert_int_equal(addr_parse(&flow.local, from->family == ADDR_V6 ? STR("[2001:db8::1]:5060")
	                                                                 : STR("192.0.2.1:5060")),
	                 0);
	/* Exactly sized, so that reading past the end is seen. */
	char *exact = malloc(bytes.n ? bytes.n : 1);
	memcpy(exact, bytes.p, bytes.n);
	shard_input(w->shard, (struct str){exact, bytes.n}, &flow);
	free(exact);
	settle(w);
}

unsigned world_feed(struct world *w, const char *from, struct str bytes)
{
	struct addr a;
	unsigned status = 0;
	assert_int_equal(addr_parse(&a, str_z(from)), 0);
	drop_packets(w);
	input(w, &a, bytes);
	list_for_each(it, &w->packets) {
		const struct packet *x = container_of(it, struct packet, node);
		unsigned got;
		char head[16];
		snprintf(head, sizeof head, "%.*s", (int)(x->n < 15 ? x->n : 15), x->bytes);
		if (!status && sscanf(head, "SIP/2.0 %u", &got) == 1 && got >= 200)
			status = got;
	}
	drop_packets(w);
	return status;
}

static void deliver(struct phone *p)
{
	p->w->received++;
	if (p->w->lose_in && --p->w->lose_in == 0)
		return;
	input(p->w, &p->addr, (struct str){p->last_out, p->last_out_n});
}

void phone_say(struct phone *p, const char *fmt, ...)
{
	char text[16384];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct buf b;
	buf_init(&b, 32768);
	expand(p, text, &b);
	free(p->last_out);
	p->last_out = malloc(b.n + 1);
	memcpy(p->last_out, b.p, b.n);
	p->last_out[b.n] = '\0';
	p->last_out_n = b.n;
	buf_fini(&b);
	deliver(p);
}

void phone_resend(struct phone *p)
{
	deliver(p);
}

static struct packet *next_packet(struct phone *p)
{
	list_for_each(it, &p->w->packets) {
		struct packet *x = container_of(it, struct packet, node);
		if (addr_eq(&x->to, &p->addr))
			return x;
	}
	return NULL;
}

static void take_challenge(struct phone *p)
{
	const struct sip_hdr *h = sip_hdr(&p->msg, HDR_PROXY_AUTHENTICATE);
	p->proxy = h != NULL;
	if (!h)
		h = sip_hdr(&p->msg, HDR_WWW_AUTHENTICATE);
	if (!h)
		return;
	snprintf(p->challenge, sizeof p->challenge, STR_FMT, STR_ARG(h->value));
	p->nc = 0;
}

static void parse(struct sip_msg *m, struct arena *a, const char *bytes, size_t n)
{
	static const struct sip_limits limits = {65535, 256, 60000};
	struct sip_parse_error e;
	arena_reset(a);
	if (sip_msg_parse(m, a, (struct str){bytes, n}, &limits, &e) != 0)
		fail_msg("what the switch sent is malformed (%s):\n%.*s", e.what, (int)n, bytes);
}

static void keep_invite(struct phone *p, size_t n)
{
	if (!p->msg.request || p->msg.method != SIP_INVITE || p->msg.to.tag.n)
		return;
	free(p->invite_in);
	p->invite_in = malloc(n);
	memcpy(p->invite_in, p->last_in, n);
	parse(&p->invite, &p->invite_arena, p->invite_in, n);
}

const struct sip_msg *phone_next(struct phone *p)
{
	struct packet *x = next_packet(p);
	if (!x)
		return NULL;
	list_remove(&x->node);
	free(p->last_in);
	p->last_in = malloc(x->n + 1);
	memcpy(p->last_in, x->bytes, x->n);
	p->last_in[x->n] = '\0';
	size_t n = x->n;
	free(x);
	parse(&p->msg, &p->arena, p->last_in, n);
	keep_invite(p, n);
	take_challenge(p);
	if (!p->msg.request && p->msg.to.tag.n && str_eq(p->msg.call_id, str_z(p->call_id)))
		str_copyz(p->remote_tag, sizeof p->remote_tag, p->msg.to.tag);
	return &p->msg;
}

const struct sip_msg *phone_expect(struct phone *p, const char *begins)
{
	const struct sip_msg *m = phone_next(p);
	if (!m)
		fail_msg("%s: expected \"%s\", and nothing came", p->username, begins);
	if (strncmp(p->last_in, begins, strlen(begins)) != 0)
		fail_msg("%s: expected \"%s\", got:\n%s", p->username, begins, p->last_in);
	return m;
}

const char *phone_said(const struct phone *p)
{
	return p->last_out;
}

const char *phone_challenge(const struct phone *p)
{
	return p->challenge;
}

void phone_set_challenge(struct phone *p, const char *challenge)
{
	snprintf(p->challenge, sizeof p->challenge, "%s", challenge);
	p->nc = 0;
}

const char *phone_text(const struct phone *p)
{
	return p->last_in;
}

const struct sip_msg *phone_last(struct phone *p)
{
	return &p->msg;
}

bool phone_takes(struct phone *p, const char *begins)
{
	while (phone_next(p))
		if (strncmp(p->last_in, begins, strlen(begins)) == 0)
			return true;
	return false;
}

void phone_keep(struct phone *p, const struct sip_msg *m)
{
	assert_ptr_equal(m, &p->msg);
	size_t n = strlen(p->last_in);
	free(p->kept_in);
	p->kept_in = malloc(n);
	memcpy(p->kept_in, p->last_in, n);
	parse(&p->kept, &p->kept_arena, p->kept_in, n);
}

const struct sip_msg *phone_kept(struct phone *p)
{
	assert_non_null(p->kept_in);
	return &p->kept;
}

const struct sip_msg *phone_invite(struct phone *p)
{
	assert_non_null(p->invite_in);
	return &p->invite;
}

void phone_enter_dialog(struct phone *p, const char *tag)
{
	const struct sip_msg *m = phone_invite(p);
	str_copyz(p->call_id, sizeof p->call_id, m->call_id);
	snprintf(p->tag, sizeof p->tag, "%s", tag);
	str_copyz(p->remote_tag, sizeof p->remote_tag, m->from.tag);
	str_copyz(p->ruri, sizeof p->ruri, m->from.uri.text);
	p->cseq += 100;
}

void phone_set_remote_tag(struct phone *p, const char *tag)
{
	snprintf(p->remote_tag, sizeof p->remote_tag, "%s", tag);
}

void phone_expect_nothing(struct phone *p)
{
	struct packet *x = next_packet(p);
	if (x)
		fail_msg("%s: expected nothing, got:\n%.*s", p->username, (int)x->n, x->bytes);
}

void phone_flush(struct phone *p)
{
	struct packet *x;
	while ((x = next_packet(p)) != NULL) {
		list_remove(&x->node);
		free(x);
	}
}

void phone_register(struct phone *p)
{
	static const char text[] = "REGISTER sip:%s SIP/2.0\n$V"
				   "From: <sip:%s@%s>;tag=r%u\nTo: <sip:%s@%s>\nCall-ID: reg-%s-%s\n"
				   "CSeq: %u REGISTER\nMax-Forwards: 70\nContact: <sip:%s@%s>\n"
				   "Expires: 3600\n%s$L";
	p->cseq++;
	phone_say(p, text, p->domain, p->username, p->domain, p->serial, p->username, p->domain,
	           p->username, p->text, p->cseq, p->username, p->text, "");
	phone_expect(p, "SIP/2.0 401");
	p->cseq++;
	phone_say(p, text, p->domain, p->username, p->domain, p->serial, p->username, p->domain,
	           p->username, p->text, p->cseq, p->username, p->text, "$A");
	phone_expect(p, "SIP/2.0 200");
}

void phone_reply_from(struct phone *p, const struct sip_msg *req, unsigned status,
                      const char *tag, const char *more, const char *sdp)
{
	struct buf b;
	buf_init(&b, 16384);
	sip_put_status_line(&b, (uint16_t)status, STR_NONE);
	for (const struct sip_hdr *h = sip_hdr(req, HDR_VIA); h; h = sip_hdr_next(req, h))
		sip_put_hdr(&b, HDR_VIA, h->value);
	sip_put_hdr(&b, HDR_FROM, sip_value(req, HDR_FROM));
	struct str to = sip_value(req, HDR_TO);
	if (req->to.tag.n || !tag)
		sip_put_hdr(&b, HDR_TO, to);
	else
		sip_put_hdr_fmt(&b, HDR_TO, STR_FMT ";tag=%s", STR_ARG(to), tag);
	sip_put_hdr(&b, HDR_CALL_ID, req->call_id);
	sip_put_hdr(&b, HDR_CSEQ, sip_value(req, HDR_CSEQ));
	for (const char *c = more ? more : ""; *c; c++) {
		if (*c == '\n')
			buf_ch(&b, '\r');
		buf_ch(&b, *c);
	}
	sip_put_body(&b, sdp ? STR("application/sdp") : STR_NONE, str_z(sdp));
	free(p->last_out);
	p->last_out = malloc(b.n + 1);
	memcpy(p->last_out, b.p, b.n);
	p->last_out[b.n] = '\0';
	p->last_out_n = b.n;
	buf_fini(&b);
	deliver(p);
}

void phone_reply(struct phone *p, const struct sip_msg *req, unsigned status, const char *tag,
                 const char *more, const char *sdp)
{
	char lines[1024];
	snprintf(lines, sizeof lines, "Contact: <sip:%s@%s>\n%s", p->username, p->text,
	         more ? more : "");
	phone_reply_from(p, req, status, tag, lines, sdp);
}

const char *phone_sdp(struct phone *p, uint16_t port, const char *direction)
{
	char ip[64];
	struct buf b;
	buf_init_fixed(&b, ip, sizeof ip - 1);
	addr_put_ip(&b, &p->addr, false);
	ip[b.n] = '\0';
	const char *net = p->addr.family == ADDR_V6 ? "IP6" : "IP4";
	snprintf(p->sdp, sizeof p->sdp,
	         "v=0\r\no=%s 1 %u IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n"
	         "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
	         "a=fmtp:101 0-15\r\na=%s\r\n",
	         p->username, ++p->serial, net, ip, net, ip, port, direction);
	return p->sdp;
}

const char *phone_call_id(const struct phone *p)
{
	return p->call_id;
}

uint32_t phone_cseq(const struct phone *p)
{
	return p->cseq;
}

/** The top Via as it was sent: CANCEL and the ACK of a refusal repeat it (9.1, 17.1.1.3). */
static void note_via(struct phone *p)
{
	const char *via = strstr(p->last_out, "Via: ");
	size_t n = via ? strcspn(via, "\r") : 0;
	snprintf(p->invite_out, sizeof p->invite_out, "%.*s", (int)n, via ? via : "");
}

static void hop_by_hop(struct phone *a, const char *method, const char *more)
{
	char to_tag[80] = "";
	if (strcmp(method, "ACK") == 0)
		snprintf(to_tag, sizeof to_tag, "%s%s", a->remote_tag[0] ? ";tag=" : "",
		         a->remote_tag);
	phone_say(a, "%s %s SIP/2.0\n%s\nFrom: \"%s\" <sip:%s@%s>;tag=%s\nTo: <%s>%s\n"
	              "Call-ID: %s\nCSeq: %u %s\nMax-Forwards: 70\n%s$L",
	           method, a->ruri, a->invite_out, a->display, a->username, a->domain, a->tag,
	           a->ruri, to_tag, a->call_id, a->cseq, method, more ? more : "");
}

static void send_invite(struct phone *a, const char *auth, const char *sdp)
{
	static const char usual[] =
		"Supported: timer\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO\n";
	phone_say(a,
	           "INVITE %s SIP/2.0\n$VFrom: \"%s\" <sip:%s@%s>;tag=%s\nTo: <%s>\n"
	           "Call-ID: %s\nCSeq: %u INVITE\nMax-Forwards: 70\nContact: <sip:%s@%s>\n"
	           "%s%s%s$L%s",
	           a->ruri, a->display, a->username, a->domain, a->tag, a->ruri, a->call_id, a->cseq,
	           a->username, a->text,
	           a->more[0] ? a->more : usual,
	           auth, sdp ? "Content-Type: application/sdp\n" : "", sdp ? sdp : "");
	note_via(a);
}

void phone_call(struct phone *a, const char *extension, const char *sdp)
{
	phone_dial(a, extension, sdp);
	phone_expect(a, "SIP/2.0 100");
}

void phone_dial(struct phone *a, const char *extension, const char *sdp)
{
	char kept[2048];
	snprintf(kept, sizeof kept, "%s", sdp ? sdp : "");
	snprintf(a->call_id, sizeof a->call_id, "call-%s-%s-%zu-%u", a->username,
	         a->domain, (size_t)(a - a->w->phones), ++a->serial);
	snprintf(a->tag, sizeof a->tag, "t%u", a->serial);
	bool whole = strchr(extension, '@') != NULL;
	snprintf(a->ruri, sizeof a->ruri, "sip:%s%s%s", extension, whole ? "" : "@",
	         whole ? "" : a->domain);
	a->remote_tag[0] = '\0';
	a->cseq++;
	send_invite(a, "", sdp ? kept : NULL);
	phone_expect(a, "SIP/2.0 407");
	phone_ack_refusal(a);
	a->remote_tag[0] = '\0';
	a->cseq++;
	send_invite(a, "$A", sdp ? kept : NULL);
}

void phone_in_dialog_as(struct phone *a, const char *method, uint32_t cseq, const char *more,
                        const char *sdp)
{
	char kept[2048];
	snprintf(kept, sizeof kept, "%s", sdp ? sdp : "");
	phone_say(a,
	           "%s sip:192.0.2.1:5060 SIP/2.0\n$VFrom: <sip:%s@%s>;tag=%s\nTo: <%s>%s%s\n"
	           "Call-ID: %s\nCSeq: %u %s\nMax-Forwards: 70\nContact: <sip:%s@%s>\n%s%s$L%s",
	           method, a->username, a->domain, a->tag, a->ruri, a->remote_tag[0] ? ";tag=" : "",
	           a->remote_tag, a->call_id, cseq,
	           method, a->username, a->text, more ? more : "",
	           sdp ? "Content-Type: application/sdp\n" : "", kept);
}

void phone_in_dialog(struct phone *a, const char *method, const char *more, const char *sdp)
{
	if (strcmp(method, "ACK") != 0)
		a->cseq++;
	phone_in_dialog_as(a, method, a->cseq, more, sdp);
}

void phone_cancel(struct phone *a, const char *more)
{
	hop_by_hop(a, "CANCEL", more);
}

static void copy_line(const char *text, const char *name, char *room, size_t n)
{
	const char *at = strstr(text, name);
	snprintf(room, n, "%.*s", at ? (int)strcspn(at, "\r") : 0, at ? at : "");
}

void phone_cancel_last(struct phone *a)
{
	char via[256], from[256], to[256], ruri[256];
	copy_line(a->last_out, "Via: ", via, sizeof via);
	copy_line(a->last_out, "From: ", from, sizeof from);
	copy_line(a->last_out, "To: ", to, sizeof to);
	if (sscanf(a->last_out, "%*s %255s", ruri) != 1)
		ruri[0] = '\0';
	phone_say(a, "CANCEL %s SIP/2.0\n%s\n%s\n%s\nCall-ID: %s\nCSeq: %u CANCEL\n"
	              "Max-Forwards: 70\n$L",
	           ruri, via, from, to, a->call_id, a->cseq);
}

void phone_ack_refusal(struct phone *a)
{
	hop_by_hop(a, "ACK", "");
}

void phone_invites_carry(struct phone *p, const char *lines)
{
	snprintf(p->more, sizeof p->more, "%s", lines);
}
