// SPDX-License-Identifier: Apache-2.0
#include "sip/chars.h"

/* The table is computed by the compiler from these rules, one entry per byte value. */
#define DIGIT(c) ((c) >= '0' && (c) <= '9')
#define ALPHA(c) (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define HEX(c) (DIGIT(c) || (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'f'))
#define TOKEN(c) \
	(DIGIT(c) || ALPHA(c) || (c) == '-' || (c) == '.' || (c) == '!' || (c) == '%' || \
	 (c) == '*' || (c) == '_' || (c) == '+' || (c) == '`' || (c) == '\'' || (c) == '~')
#define URIC(c) ((c) > 0x20 && (c) != 0x7f && (c) != '<' && (c) != '>' && (c) != '"')
#define USER(c) (URIC(c) && (c) != '@' && (c) != ':' && (c) != '\\')
#define HOST(c) (DIGIT(c) || ALPHA(c) || (c) == '-' || (c) == '.' || (c) == '_')
#define V6(c) (HEX(c) || (c) == ':' || (c) == '.')
#define PNAME(c) (URIC(c) && (c) != ';' && (c) != ',' && (c) != '=')
#define TEL(c) \
	(HEX(c) || (c) == '+' || (c) == '*' || (c) == '#' || (c) == '-' || (c) == '.' || \
	 (c) == '(' || (c) == ')')

#define CLASS(c) \
	(uint8_t)((TOKEN(c) ? CH_TOKEN : 0) | (USER(c) ? CH_USER : 0) | (HOST(c) ? CH_HOST : 0) | \
	          (V6(c) ? CH_V6 : 0) | (URIC(c) ? CH_URIC : 0) | (PNAME(c) ? CH_PNAME : 0) | \
	          (HEX(c) ? CH_HEX : 0) | (TEL(c) ? CH_TEL : 0))
#define ROW4(c) CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define ROW16(c) ROW4(c), ROW4((c) + 4), ROW4((c) + 8), ROW4((c) + 12)
#define ROW64(c) ROW16(c), ROW16((c) + 16), ROW16((c) + 32), ROW16((c) + 48)

const uint8_t ch_class[256] = {ROW64(0), ROW64(64), ROW64(128), ROW64(192)};
