// SPDX-License-Identifier: Apache-2.0
/** What the texts of a tenant may consist of. Each gives 0 or E_POLICY; lengths are the tables'. */
#pragma once

#include "base/str.h"

/** a-z, 0-9 and inner '-': it is part of global user names and of file names. */
must_check int check_tenant_name(struct str s);
/** A host name (RFC 1123 section 2.1) in lower case; no IP address. */
must_check int check_domain(struct str s);
/** Digits: `*` and `#` begin feature codes. */
must_check int check_extension(struct str s);
/** Characters that stand in a SIP URI and in a Digest header without any escape. */
must_check int check_username(struct str s);
/** UTF-8 without controls and line separators. */
must_check int check_printable(struct str s);
