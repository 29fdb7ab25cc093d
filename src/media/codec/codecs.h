// SPDX-License-Identifier: Apache-2.0
/** Between the table of codec.c and the codecs. */
#pragma once

#include "media/codec/codec.h"

extern const struct codec_ops codec_pcmu, codec_pcma, codec_g722, codec_opus, codec_gsm;
extern const struct codec_ops codec_g726[4]; /* 16, 24, 32, 40 kbit/s */
extern const struct codec_ops codec_g729, codec_l16;

/** Looks for the library, the first time. */
bool codec_g729_load(void);

/* For codecs that remember nothing: a pointer that is not NULL, and nothing to free. */
void *codec_no_state(const struct codec_format *f);
void codec_free_none(void *state);
