// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip_text.h"

const struct sip_limits wide_limits = {.max_message = 65535, .max_headers = 200, .max_body = 65535};

void expect_str(struct str got, const char *want)
{
	if (!str_eq(got, str_z(want)))
		fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(got), want);
}

int parse_text(struct sip_msg *m, struct arena *a, const char *text, struct sip_parse_error *e)
{
	return sip_msg_parse(m, a, str_z(text), &wide_limits, e);
}
