// SPDX-License-Identifier: Apache-2.0
/** G.711: both laws, to and from 16-bit linear, and from one to the other. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const int16_t g711_ulaw_pcm[256], g711_alaw_pcm[256];
/** The nearest code of the other law, as by way of linear. */
extern const uint8_t g711_ulaw_alaw[256], g711_alaw_ulaw[256];

void g711_ulaw_decode(int16_t *pcm, const uint8_t *code, size_t n);
void g711_alaw_decode(int16_t *pcm, const uint8_t *code, size_t n);
void g711_ulaw_encode(uint8_t *code, const int16_t *pcm, size_t n);
void g711_alaw_encode(uint8_t *code, const int16_t *pcm, size_t n);
