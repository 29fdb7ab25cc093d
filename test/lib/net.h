// SPDX-License-Identifier: Apache-2.0
/** What tests must know of the machine's network. */
#pragma once

#include <stdbool.h>

/** Whether ::1 can be bound; containers often have no IPv6, and such tests are skipped there. */
bool net_has_ipv6(void);
