// SPDX-License-Identifier: Apache-2.0
/** Between the table of codec.c and the codecs. */
#pragma once

#include "media/codec/codec.h"

extern const struct codec_ops codec_pcmu, codec_pcma, codec_l16;

/* For codecs that remember nothing: a pointer that is not NULL, and nothing to free. */
void *codec_no_state(const struct codec_format *f);
void codec_free_none(void *state);
