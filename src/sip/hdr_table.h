// SPDX-License-Identifier: Apache-2.0
/** The table of known headers, for the parser. */
#pragma once

#include "sip/msg.h"

/** The header with this name or compact form (RFC 3261 section 7.3.3), else HDR_OTHER. */
enum sip_hdr_id hdr_lookup(struct str name);
