// SPDX-License-Identifier: Apache-2.0
/** What a shard holds: for the files of service/ that are parts of it. */
#pragma once

#include "service/locate.h"
#include "service/presence.h"
#include "service/shard.h"

struct shard {
	struct shard_args a;
	const struct directory *directory;
	struct arena arena;       /* of the message that is being handed on */
	struct sip_stack *sip;
	struct calls *calls;
	struct location *location;
	struct presence_table presence;
	struct gathers gathers;
	struct auth *auth;
	struct registrar registrar;
	struct messages *messages;
	struct port_pool **pools; /* one a media thread */
	struct overload overload;
	uint64_t came_ms; /* of the message of another shard's that is being handled; 0: it is ours */
	bool stopping;
};
