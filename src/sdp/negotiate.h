// SPDX-License-Identifier: Apache-2.0
/**
 * Offer and answer: RFC 3264, RFC 6337.
 *
 * Two uses. As an endpoint (echo, announcements) we answer an offer ourselves:
 * sdp_answer. As a back-to-back user agent we pass one side's offer or answer to
 * the other with our own addresses and nothing of the first side's network:
 * sdp_relay. In both, m-lines keep number and order, and payload types of an offer
 * keep their meaning.
 */
#pragma once

#include "sdp/sdp.h"

/** Who we are in one session towards one peer; goes into o=, c= and m=. */
struct sdp_local {
	uint64_t id, version; /* o=; the version rises by one with each changed description */
	struct addr addr;     /* c= and o=; the port is the RTP port of the audio line; RTCP at +1 */
	bool rtcp_mux;        /* say a=rtcp-mux; in an answer only where it was offered */
	size_t min_media;     /* lines the peer has seen: an offer is never shorter (RFC 3264 section 8) */
};

struct sdp_codec {
	const char *encoding; /* "PCMU" */
	uint32_t clock_hz;
	uint8_t channels;
	uint8_t pt;           /* when we offer it; static or dynamic */
	const char *fmtp;     /* or NULL */
};

/** PCMU, PCMA, G722, opus, telephone-event at 8000 and 48000 Hz: what an endpoint of ours can take. */
extern const struct sdp_codec sdp_codecs_default[];
extern const size_t sdp_codecs_default_n;

/** Is this format one of `codecs` (name without case, clock, channels)? NULL: no. */
const struct sdp_codec *sdp_codec_find(const struct sdp_codec *codecs, size_t n,
                                       const struct sdp_format *f);

/**
 * The line's direction, where an old hold (c=0.0.0.0) takes the receiving half away (RFC 3264
 * section 8.4).
 */
enum sdp_dir sdp_media_dir(const struct sdp_media *m);

/** Can we serve this line at all: audio, plain RTP (AVP, AVPF), a port, a usable address or trickle? */
bool sdp_media_usable(const struct sdp_media *m);

/**
 * Answer an offer as an endpoint. The first usable audio line is taken with one codec (the
 * first of the offer that is among `codecs`) and telephone-event at its clock when offered;
 * every other line gets port 0. Directions by sdp_dir_answer. Like all printers here, nothing is
 * written unless the description can be made, and the caller checks buf_ok.
 *
 * @param chosen  the line of the offer that was taken; may be NULL
 * @param codec   the format of the offer that was taken; may be NULL
 * @return 0; E_POLICY when no line can be taken (488)
 */
must_check int sdp_answer(struct buf *out, const struct sdp *offer, const struct sdp_local *local,
                          const struct sdp_codec *codecs, size_t n_codecs, enum sdp_dir wanted,
                          const struct sdp_media **chosen, const struct sdp_format **codec);

/** An offer of our own (a delayed offer where nobody else can make one). */
void sdp_offer(struct buf *out, const struct sdp_local *local, const struct sdp_codec *codecs,
               size_t n_codecs, enum sdp_dir dir);

/**
 * Pass an offer on. The first usable audio line is kept with its formats, rtpmap, fmtp,
 * ptime and direction (an old hold by 0.0.0.0 becomes sendonly); every other line is
 * there with port 0, so that the numbers match on both sides. Of the rest of the description nothing passes:
 * no address, name, candidate, key, or session attribute.
 *
 * @param line  set to the index of the kept line; may be NULL
 * @return 0; E_POLICY when no line can be served (488)
 */
must_check int sdp_relay_offer(struct buf *out, const struct sdp *offer,
                               const struct sdp_local *local, size_t *line);

/**
 * Pass the answer to such an offer back to who made it. `offer` is what that side
 * had offered, `answer` what the other side said to our copy. Formats are those of
 * the answer that stand in the offer (by payload type, else by name and clock); lines that the offer has
 * and the answer lacks get port 0.
 *
 * @return 0; E_POLICY when the answer refuses everything or fits nowhere
 */
must_check int sdp_relay_answer(struct buf *out, const struct sdp *offer, const struct sdp *answer,
                                const struct sdp_local *local, size_t *line);

/** Names what is heard: no telephone-event, comfort noise (RFC 3389) or RED (RFC 2198), and not nameless. */
bool sdp_format_is_audio(const struct sdp_format *f);
/** The codec that will be spoken: the first such format of the line, or NULL. */
const struct sdp_format *sdp_main_format(const struct sdp_media *m);
/** The telephone-event format with the main format's clock, or any, or NULL. */
const struct sdp_format *sdp_dtmf_format(const struct sdp_media *m);

/** Payload-type translation where an answer uses other numbers than its offer for the same codec. */
struct sdp_pt_map {
	uint8_t to[128]; /* identity unless changed */
	bool any;
};
/**
 * From numbers used by the side that sends by `from` to those that the side of `to` expects. Of a
 * relayed offer and its answer: packets of the offerer are mapped from the offer's line to the
 * answer's; those of the answerer carry the offer's numbers already (RFC 3264 section 5.1).
 */
void sdp_pt_map_make(struct sdp_pt_map *map, const struct sdp_media *from, const struct sdp_media *to);
