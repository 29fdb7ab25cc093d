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

/** Letters, digits and - _ . : an object's name, as other objects refer to it. */
must_check int check_name(struct str s);
/** '+' and 4 to 15 digits (E.164). */
must_check int check_e164(struct str s);
/** What a trunk may be asked for: digits, * and #, a + in front. */
must_check int check_outside(struct str s);
/** A language tag (RFC 5646) of subtags of letters and digits, the first 2 or 3 letters. */
must_check int check_language(struct str s);
/** Two capital letters (ISO 3166-1); whether there is such a country is the dial plan's to say. */
must_check int check_country(struct str s);
/** The form of a zone's name; whether the system has it is said when it is loaded. */
must_check int check_timezone(struct str s);
/** Digits, * and #, with * or # in front. */
must_check int check_code(struct str s);
/** Digits, * and #. */
must_check int check_dialled(struct str s);
/** The name of a sound file: path parts of letters, digits and - _ . ; none begins with a dot. */
must_check int check_sound(struct str s);
/** UTF-8 that is said or kept: no controls but line ends and tabs. */
must_check int check_prose(struct str s);
