// SPDX-License-Identifier: Apache-2.0
/**
 * A whole shard in a test: virtual clock, captured packets, scripted media and store. Phones are
 * addresses that send text and read what was sent to them.
 *
 *     struct world *w = world_new();
 *     struct phone *a = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
 *     phone_register(a);
 *     phone_say(a, "INVITE ...");
 *     phone_expect(a, "SIP/2.0 407");
 *
 * Two tenants exist: acme (acme.test; 1001 Alice, 1002 Bob with a second device bob-desk, 1003
 * Carol) and umbra (umbra.test; 1001 Ursula, 1002 Udo); passwords are "s3cret-" + user name,
 * in umbra "umbra-" + user name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/shard.h"

struct world;
struct phone;

struct world *world_new(void);
/** The same with other settings: `tweak` may change them before the shard is made. NULL: none. */
struct world *world_new_with(void (*tweak)(struct shard_args *a));
/** The same with another first tenant, of a tenant file in JSON. */
struct world *world_new_of(const char *tenant_file);
/** Ends all calls, lets all timers run out, and fails the test when anything is left over. */
void world_free(struct world *w);
/** Frees it as it is, as a daemon that ends at once: nothing may leak, and no timer be left. */
void world_abandon(struct world *w);

uint64_t world_now(const struct world *w);
/** Let time pass, millisecond by millisecond where something is due. */
void world_advance(struct world *w, uint64_t ms);
struct shard *world_shard(struct world *w);
/** Throw away the n-th next packet that the switch sends (1: the next); 0: none. */
void world_lose(struct world *w, unsigned n);
/** The same for the packets that phones send. */
void world_lose_in(struct world *w, unsigned n);
/** What phones send from now on has waited so long until the shard read it. */
void world_lag(struct world *w, uint64_t ms);
/** Packets that phones have sent so far, and the switch. */
unsigned world_received(const struct world *w);
unsigned world_sent(const struct world *w);

/** Call detail records so far, and the newest one as JSON (borrowed). */
size_t world_cdrs(const struct world *w);
json_t *world_cdr(const struct world *w);
/** How many of them tell of an answered call. */
size_t world_answered(const struct world *w);
/** The stored record of the only live call; empty: none. */
struct str world_live_record(const struct world *w);
const struct tenant *world_tenant(const struct world *w, const char *name);
/** A question of the control thread; the answer is borrowed until the next one. */
json_t *world_ask(struct world *w, enum shard_query_kind what, uint64_t tenant, const char *id);
/**
 * Bytes from an address, as they are. @return the status of the first final answer to anywhere; 0:
 * there was none. All packets that wait are thrown away.
 */
unsigned world_feed(struct world *w, const char *from, struct str bytes);
/** Bindings as the store has them, how often one was written, and one of them read back. */
size_t world_bindings(const struct world *w);
unsigned world_binding_writes(const struct world *w);
int world_restore(struct world *to, const struct world *from, size_t i);
/** Make a phone's stream silent: as if the media plane had reported it. */
void world_silence(struct world *w, uint64_t stream);
/** Streams that are set and not destroyed; the last SET of the i-th of them. */
size_t world_streams(const struct world *w);
const struct media_cmd *world_stream(const struct world *w, size_t i);

/**
 * What the switch plays: the paths of the files and "tone" for tones, with a space behind each; NULL:
 * nothing. All of it was played. Keys that the caller presses who hears it, or heard it last.
 */
const char *world_hears(const struct world *w);
void world_played(struct world *w);
void world_press(struct world *w, const char *digits);

struct phone *world_phone(struct world *w, const char *domain, const char *username,
                          const char *password, const char *address);
/** The display name in From of its INVITEs. */
void phone_claims(struct phone *p, const char *name);
const char *phone_address(const struct phone *p);
/** All of these packets come from there from now on: the phone moved. */
void phone_move(struct phone *p, const char *address);
/** REGISTER with digest; the Contact is the phone's address. */
void phone_register(struct phone *p);

/**
 * Send text: "\n" becomes CRLF; "$V" is a Via with the phone's address and a new branch, "$L" a
 * right Content-Length line and the empty line before the body that follows, "$A" the
 * credentials for the last challenge (of the request line's method and URI).
 */
void phone_say(struct phone *p, const char *fmt, ...) printf_like(2, 3);
/** Again, byte for byte. */
void phone_resend(struct phone *p);

/** The next packet to this phone must begin like that; it is parsed (borrowed until the next). */
const struct sip_msg *phone_expect(struct phone *p, const char *begins);
/** The packet that was sent last, as text. */
const char *phone_said(const struct phone *p);
/** The value of the last challenge, and another one instead. */
const char *phone_challenge(const struct phone *p);
void phone_set_challenge(struct phone *p, const char *challenge);
/** The packet read last as text, for tests that look for what must not be in it. */
const char *phone_text(const struct phone *p);
/** Is there a packet for this phone that begins so? It is taken then, and what lies before it too. */
bool phone_takes(struct phone *p, const char *begins);
/** The packet that was taken last. */
const struct sip_msg *phone_last(struct phone *p);
/** Take the next packet, whatever it is; NULL: none. */
const struct sip_msg *phone_next(struct phone *p);
/** The INVITE without To tag that this phone got last; borrowed until the next one. */
const struct sip_msg *phone_invite(struct phone *p);
/** A request to answer later: a copy of it is kept. */
void phone_keep(struct phone *p, const struct sip_msg *m);
const struct sip_msg *phone_kept(struct phone *p);
/** From now on phone_in_dialog speaks in the dialog of that INVITE, answered with `tag`. */
void phone_enter_dialog(struct phone *p, const char *tag);
/** The To tag that phone_in_dialog uses is this one. */
void phone_set_remote_tag(struct phone *p, const char *tag);
/** ACK or CANCEL that repeats the number of an earlier request. */
void phone_in_dialog_as(struct phone *p, const char *method, uint32_t cseq, const char *more,
                        const char *sdp);
/** CANCEL of the INVITE of phone_call, with its branch. */
void phone_cancel(struct phone *p, const char *more);
/** CANCEL of the request that was sent last, whatever it was. */
void phone_cancel_last(struct phone *p);
/** ACK of a refusal of that INVITE. */
void phone_ack_refusal(struct phone *p);
/** Every INVITE of phone_call carries these lines instead of the usual Supported and Allow. */
void phone_invites_carry(struct phone *p, const char *lines);
/** Nothing waits for this phone. */
void phone_expect_nothing(struct phone *p);
/** Forget what waits. */
void phone_flush(struct phone *p);

/** A response to the request that was read last, with To tag `tag`; `more`: lines and body. */
void phone_reply(struct phone *p, const struct sip_msg *req, unsigned status, const char *tag,
                 const char *more, const char *sdp);

/** The same without the Contact that it has by itself. */
void phone_reply_from(struct phone *p, const struct sip_msg *req, unsigned status,
                      const char *tag, const char *more, const char *sdp);

/** An audio description of this phone. */
const char *phone_sdp(struct phone *p, uint16_t port, const char *direction);

/**
 * INVITE with credentials from `a` to the extension; leaves the call ringing nowhere yet: reads the
 * 407, sends the ACK and the second INVITE, and reads the 100.
 */
void phone_call(struct phone *a, const char *extension, const char *sdp);
/** The same, but for the 100; `extension` may be a whole user@host. */
void phone_dial(struct phone *a, const char *extension, const char *sdp);
const char *phone_call_id(const struct phone *p);
uint32_t phone_cseq(const struct phone *p);
/** In the dialog of phone_call: ACK, BYE, re-INVITE ...; the To tag is the last one seen. */
void phone_in_dialog(struct phone *a, const char *method, const char *more, const char *sdp);
