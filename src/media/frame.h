// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FRAME_MAX = 48000 / 50 };

/** 20 ms of one voice. */
struct frame {
	uint32_t rate_hz;
	size_t n; /* 0: nothing is being said */
	int16_t pcm[FRAME_MAX];
};
