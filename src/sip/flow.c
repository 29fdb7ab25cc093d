// SPDX-License-Identifier: Apache-2.0
#include "sip/flow.h"

#include <errno.h>

static const struct str names[SIP_TRANSPORTS] = {
    [SIP_UDP] = {"UDP", 3}, [SIP_TCP] = {"TCP", 3}, [SIP_TLS] = {"TLS", 3},
    [SIP_WS] = {"WS", 2},   [SIP_WSS] = {"WSS", 3},
};

bool flow_eq(const struct flow *a, const struct flow *b)
{
	if (a->transport != b->transport)
		return false;
	if (a->conn != 0 || b->conn != 0)
		return a->conn == b->conn && a->shard == b->shard;
	return addr_eq(&a->remote, &b->remote) && addr_eq(&a->local, &b->local);
}

struct str sip_transport_name(enum sip_transport t)
{
	return names[t];
}

int sip_transport_parse(struct str s, enum sip_transport *out)
{
	for (unsigned t = 0; t < SIP_TRANSPORTS; t++) {
		if (str_ieq(s, names[t])) {
			*out = (enum sip_transport)t;
			return 0;
		}
	}
	return ENOENT;
}
