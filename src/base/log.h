// SPDX-License-Identifier: Apache-2.0
/**
 * Log records: a stable event name and typed fields, never prose with holes.
 *
 *     log_event(log, LOG_SIP_DROPPED, LOG_S("why", reason), LOG_A("from", &src));
 *
 * The events stand in base/log_events.h, from which doc/log.md is made.
 * Records carry tenant, call and leg wherever they are known. Writing is thread
 * safe (one write(2) a line); the text is logfmt: `time level event key=value`.
 * Secrets are never fields.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

enum log_id {
#define X(id, name, level, text) id,
#include "base/log_events.h"
#undef X
	LOG_IDS
};

enum log_kind { LOG_KIND_STR, LOG_KIND_U64, LOG_KIND_I64, LOG_KIND_ADDR };

struct log_field {
	const char *name;
	enum log_kind kind;
	union {
		struct str s;
		uint64_t u;
		int64_t i;
		const struct addr *a;
	};
};

#define LOG_S(nm, v) {.name = (nm), .kind = LOG_KIND_STR, .s = (v)}
#define LOG_Z(nm, v) {.name = (nm), .kind = LOG_KIND_STR, .s = str_z(v)}
#define LOG_U(nm, v) {.name = (nm), .kind = LOG_KIND_U64, .u = (uint64_t)(v)}
#define LOG_I(nm, v) {.name = (nm), .kind = LOG_KIND_I64, .i = (int64_t)(v)}
#define LOG_A(nm, v) {.name = (nm), .kind = LOG_KIND_ADDR, .a = (v)}

/** Where records go: a line without its newline. Called on any thread. */
typedef void log_sink_fn(enum log_level level, struct str line, void *arg);

struct log {
	enum log_level level;   /* records above it are dropped */
	log_sink_fn *sink;
	void *arg;
	uint64_t (*wall_ms)(void *arg); /* NULL: the system's clock */
};

/** Records to a file descriptor (2 = stderr). */
void log_init_fd(struct log *log, enum log_level level, int fd);
/** Drops everything; for tests. */
void log_init_null(struct log *log);

must_check int log_level_parse(struct str s, enum log_level *out);
const char *log_level_name(enum log_level level);
const char *log_event_name(enum log_id id);
const char *log_event_text(enum log_id id);
enum log_level log_event_level(enum log_id id);

static inline bool log_wants(const struct log *log, enum log_id id)
{
	return log_event_level(id) <= log->level;
}

void log_write(const struct log *log, enum log_id id, const struct log_field *f, size_t n);

/* The first parameter must not be called "log", or it would replace that word of the type too. */
#define log_event(dest, id, ...) \
	do { \
		const struct log *log_to = (dest); \
		if (log_wants(log_to, (id))) { \
			const struct log_field log_fields[] = {__VA_ARGS__}; \
			log_write(log_to, (id), log_fields, \
			          sizeof log_fields / sizeof log_fields[0]); \
		} \
	} while (0)
