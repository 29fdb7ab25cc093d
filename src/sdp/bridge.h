// SPDX-License-Identifier: Apache-2.0
/**
 * Two sides that may have no codec in common: what passes of an offer, what we add to it, and
 * what an answer means. Pure; knows codecs by their names alone.
 *
 * The peer's own codecs stand first, ours behind them, so that the other side takes a common
 * one where it has one; only when its answer has none is anything transcoded.
 */
#pragma once

#include "sdp/negotiate.h"

enum { SDP_MAX_ADDED = 16, SDP_MAX_ENCODING = 23, SDP_MAX_HEARD = 8 };

struct sdp_policy {
	const struct sdp_codec *own; /* what we decode and encode, in our order; telephone-event too */
	size_t n_own;
	bool transcode;              /* false: nothing is added */
	const struct sdp_codec *allowed; /* audio that may pass at all; NULL: all */
	size_t n_allowed;
};

/** A codec that we added to an offer, as plain data: numbers keep their meaning in later offers. */
struct sdp_added_codec {
	char encoding[SDP_MAX_ENCODING + 1];
	uint32_t clock_hz;
	uint8_t channels, pt;
};

struct sdp_added {
	struct sdp_added_codec codec[SDP_MAX_ADDED];
	size_t n;
};

/** A number that a peer may send by. */
struct sdp_heard {
	uint8_t pt;
	const struct sdp_format *format; /* of the description that named it: offer or answer */
};

/** What both sides will do; formats are borrowed of offer and answer. */
struct sdp_agreed {
	bool transcode;
	bool mixed; /* relayed, but the answerer's first choice is a codec of ours: it may send that */
	const struct sdp_format *offerer, *answerer; /* by whose number we send to each */
	const struct sdp_format *offerer_dtmf, *answerer_dtmf; /* the same; NULL: none */
	uint8_t answerer_dtmf_heard;                 /* the number the answerer sends digits by; 255: none */
	struct sdp_heard heard[SDP_MAX_HEARD];       /* of the answerer, by the numbers that we offered */
	size_t n_heard;
	uint32_t offerer_ptime_ms, offerer_maxptime_ms;   /* as they want to receive; 0: not said */
	uint32_t answerer_ptime_ms, answerer_maxptime_ms;
};

/**
 * As sdp_relay_offer, within a policy: what is not allowed is left out, and what we could transcode
 * to stands behind the rest, with telephone-event at its clock.
 *
 * @param added  of the call's leg: zeroed before its first offer; kept for the answer and later offers
 * @return 0; E_POLICY when no line can be served, or nothing allowed is left
 */
must_check int sdp_bridge_offer(struct buf *out, const struct sdp *offer, const struct sdp_local *local,
                                const struct sdp_policy *policy, struct sdp_added *added, size_t *line);

/**
 * The answer to such an offer: relayed where it names a codec of the offerer's, else answered with the
 * first of the offer that is ours.
 *
 * @return 0; E_POLICY when there is no way to talk
 */
must_check int sdp_bridge_answer(struct buf *out, const struct sdp *offer, const struct sdp *answer,
                                 const struct sdp_local *local, const struct sdp_policy *policy,
                                 const struct sdp_added *added, struct sdp_agreed *agreed);
