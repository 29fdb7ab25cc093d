// SPDX-License-Identifier: Apache-2.0
/**
 * The settings of a node. They stand once, in app/settings_table.h.
 *
 * A setting comes from, in falling rank: `--set name=value`, the environment
 * (TANDEM_SIP_LISTEN for sip.listen), the file named by --config, its default. The order in which
 * they are put here does not matter. Whoever names a setting that does not exist, or a value
 * that cannot be, is refused with the name and what is allowed.
 *
 * Thread: filled by main before any thread starts; constant afterwards.
 */
#pragma once

#include <jansson.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/log.h"

enum { SETTING_TEXT_MAX = 64, LISTEN_MAX = 16 };

enum listen_proto { LISTEN_UDP, LISTEN_TCP };

struct listen_at {
	enum listen_proto proto;
	struct addr at; /* a socket for :: leaves IPv4 alone (v6only) */
};

struct listen_list {
	struct listen_at v[LISTEN_MAX];
	size_t n;
};

struct port_range {
	uint16_t first, last; /* first is even, last is odd: whole RTP/RTCP pairs */
};

/* What the types of the table are in C. */
typedef uint64_t setting_NUMBER;
typedef char setting_TEXT[SETTING_TEXT_MAX];
typedef struct addr setting_IP; /* ADDR_NONE when empty */
typedef struct listen_list setting_LISTEN;
typedef struct port_range setting_PORTS;
typedef enum log_level setting_LEVEL;
typedef bool setting_AUTO;

enum setting_id {
#define X(type, field, ...) SETTING_##field,
#include "app/settings_table.h"
#undef X
	SETTINGS
};

/** Rising rank. */
enum setting_source { SETTING_DEFAULT, SETTING_FILE, SETTING_ENV, SETTING_ARG };

struct settings {
#define X(type, field, ...) setting_##type field;
#include "app/settings_table.h"
#undef X
	enum setting_source source[SETTINGS];
};

/** All defaults. */
void settings_init(struct settings *s);

/** One setting by name. A lower rank than what it has is checked, and then ignored. E_POLICY. */
must_check int settings_put(struct settings *s, struct str name, struct str value,
                            enum setting_source source, struct buf *why);
/** "name=value" of --set. */
must_check int settings_put_arg(struct settings *s, struct str arg, struct buf *why);
/** The file, nested (`sip: {listen: ...}`) or flat (`sip.listen: ...`); a list is joined by commas. */
must_check int settings_put_file(struct settings *s, const json_t *file, struct buf *why);
/**
 * `environ`. Variables that begin like a setting (TANDEM_SIP_, TANDEM_LIMITS_, ...) and are none
 * are refused; others (TANDEM_DATA) are not ours.
 */
must_check int settings_put_env(struct settings *s, char *const *environment, struct buf *why);

/**
 * After the last: what can be seen only of several settings together. `have_ipv6` false takes the
 * IPv6 entries out of the default of sip.listen.
 */
must_check int settings_settle(struct settings *s, bool have_ipv6, struct buf *why);

/** Has this machine IPv6? Asks the kernel for a socket. */
bool settings_have_ipv6(void);

/** For `tandemd --help`. */
void settings_put_help(struct buf *out);
/** doc/settings.md. */
void settings_put_doc(struct buf *out);
