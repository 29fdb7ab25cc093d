// SPDX-License-Identifier: Apache-2.0
/** Helpers of the tests of src/sip: slices in assertions, and parsing a literal. */
#pragma once

#include "sip/msg.h"

/** Fails the test when `got` is not `want`, and prints both. */
void expect_str(struct str got, const char *want);

/** Limits that no ordinary message meets. */
extern const struct sip_limits wide_limits;

/** Parse `text`; the result of sip_msg_parse. */
int parse_text(struct sip_msg *m, struct arena *a, const char *text, struct sip_parse_error *e);
