// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

enum setting_type { TYPE_NUMBER, TYPE_TEXT, TYPE_IP, TYPE_LISTEN, TYPE_PORTS, TYPE_LEVEL, TYPE_AUTO };

struct row {
	const char *name;
	enum setting_type type;
	size_t at; /* of the field in struct settings */
	uint64_t min, max;
	const char *fallback, *unit, *text;
};

static const struct row rows[SETTINGS] = {
#define X(type_, field, name_, min_, max_, fallback_, unit_, text_) \
	{name_, TYPE_##type_, offsetof(struct settings, field), min_, max_, fallback_, unit_, text_},
#include "app/settings_table.h"
#undef X
};

/* -- what is allowed ----------------------------------------------------------------- */

static void put_allowed(struct buf *out, const struct row *r)
{
	switch (r->type) {
	case TYPE_NUMBER:
		buf_printf(out, "%ju to %ju", (uintmax_t)r->min, (uintmax_t)r->max);
		if (*r->unit)
			buf_printf(out, " %s", r->unit);
		break;
	case TYPE_TEXT:
		buf_printf(out, "%ju to %ju characters, no quotes and no control characters",
		           (uintmax_t)r->min, (uintmax_t)r->max);
		break;
	case TYPE_IP:
		buf_printf(out, "an IP address, or %s", r->min ? "any" : "nothing");
		break;
	case TYPE_LISTEN:
		buf_printf(out, "%ju to %ju of udp:ADDRESS:PORT and tcp:ADDRESS:PORT, commas between "
		           "them, IPv6 in brackets", (uintmax_t)r->min, (uintmax_t)r->max);
		break;
	case TYPE_PORTS:
		buf_printf(out, "FIRST-LAST with %ju <= FIRST < LAST <= %ju", (uintmax_t)r->min,
		           (uintmax_t)r->max);
		break;
	case TYPE_LEVEL:
		for (int i = 0; i < LOG_LEVELS; i++)
			buf_printf(out, "%s%s", i ? ", " : "", log_level_name((enum log_level)i));
		break;
	case TYPE_AUTO:
		buf_str(out, STR("off, auto"));
		break;
	}
}

/* The names of its group; all, when there is no such group. */
static void put_known_names(struct buf *out, struct str name)
{
	struct str group = str_sub(name, 0, str_find(name, '.'));
	size_t n = 0;
	for (int pass = 0; pass < 2 && !n; pass++) {
		for (size_t i = 0; i < SETTINGS; i++) {
			struct str known = str_z(rows[i].name);
			if (pass == 0 && !str_eq(str_sub(known, 0, str_find(known, '.')), group))
				continue;
			buf_printf(out, "%s%s", n++ ? ", " : "", rows[i].name);
		}
	}
}

/* -- the types ----------------------------------------------------------------------- */

static int parse_number(struct str value, const struct row *r, void *field)
{
	uint64_t n = 0;
	if (str_u64(value, &n) != 0 || n < r->min || n > r->max)
		return E_POLICY;
	*(uint64_t *)field = n;
	return 0;
}

static int parse_text(struct str value, const struct row *r, void *field)
{
	if (value.n < r->min || value.n > r->max || !str_is_utf8(value))
		return E_POLICY;
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
			return E_POLICY;
	}
	return str_copyz(field, SETTING_TEXT_MAX, value) ? 0 : E_POLICY;
}

static int parse_ip(struct str value, const struct row *r, void *field)
{
	struct addr a = {.family = ADDR_NONE};
	if (r->min && str_ieq(value, STR("any")))
		value = STR("0.0.0.0");
	if ((value.n || r->min) && addr_parse_ip(&a, value) != 0)
		return E_POLICY;
	*(struct addr *)field = a;
	return 0;
}

static int parse_listen_at(struct str entry, struct listen_at *out)
{
	struct str proto = str_cut(&entry, ':');
	if (str_ieq(proto, STR("udp")))
		out->proto = LISTEN_UDP;
	else if (str_ieq(proto, STR("tcp")))
		out->proto = LISTEN_TCP;
	else
		return E_POLICY;
	return addr_parse(&out->at, entry) == 0 ? 0 : E_POLICY;
}

static int parse_listen(struct str value, const struct row *r, void *field)
{
	struct listen_list list = {.n = 0};
	while (value.n) {
		struct str entry = str_trim(str_cut(&value, ','));
		if (list.n == r->max || parse_listen_at(entry, &list.v[list.n]) != 0)
			return E_POLICY;
		list.n++;
	}
	if (list.n < r->min)
		return E_POLICY;
	*(struct listen_list *)field = list;
	return 0;
}

/* Rounded inwards to whole pairs. */
static int parse_ports(struct str value, const struct row *r, void *field)
{
	uint32_t first = 0, last = 0;
	struct str head = str_trim(str_cut(&value, '-'));
	if (str_u32(head, &first) != 0 || str_u32(str_trim(value), &last) != 0)
		return E_POLICY;
	if (first < r->min || last > r->max)
		return E_POLICY;
	first += first & 1;
	last -= !(last & 1);
	if (first >= last)
		return E_POLICY;
	*(struct port_range *)field = (struct port_range){(uint16_t)first, (uint16_t)last};
	return 0;
}

static int parse_level(struct str value, const struct row *r, void *field)
{
	enum log_level level;
	(void)r;
	if (log_level_parse(value, &level) != 0)
		return E_POLICY;
	*(enum log_level *)field = level;
	return 0;
}

static int parse_auto(struct str value, bool *field)
{
	bool on = str_eq(value, STR("auto"));
	if (!on && !str_eq(value, STR("off")))
		return E_POLICY;
	*field = on;
	return 0;
}

static int parse(struct str value, const struct row *r, void *field)
{
	switch (r->type) {
	case TYPE_NUMBER:
		return parse_number(value, r, field);
	case TYPE_TEXT:
		return parse_text(value, r, field);
	case TYPE_IP:
		return parse_ip(value, r, field);
	case TYPE_LISTEN:
		return parse_listen(value, r, field);
	case TYPE_PORTS:
		return parse_ports(value, r, field);
	case TYPE_LEVEL:
		return parse_level(value, r, field);
	case TYPE_AUTO:
		return parse_auto(value, field);
	}
	return E_POLICY;
}

/* -- one setting --------------------------------------------------------------------- */

static const struct row *find_row(struct str name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (str_eq(str_z(rows[i].name), name))
			return &rows[i];
	return NULL;
}

static int put_row(struct settings *s, const struct row *r, struct str value,
                   enum setting_source source, struct buf *why)
{
	struct settings checked;
	char *field = (char *)&checked + r->at;
	if (parse(str_trim(value), r, field) != 0) {
		buf_printf(why, "%s cannot be \"" STR_FMT "\"; allowed: ", r->name, STR_ARG(value));
		put_allowed(why, r);
		return E_POLICY;
	}
	if (source < s->source[r - rows])
		return 0;
	s->source[r - rows] = source;
	return parse(str_trim(value), r, (char *)s + r->at);
}

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < SETTINGS; i++)
		if (parse(str_z(rows[i].fallback), &rows[i], (char *)s + rows[i].at) != 0)
			abort(); /* a default of the table that the table forbids */
}

int settings_put(struct settings *s, struct str name, struct str value,
                 enum setting_source source, struct buf *why)
{
	const struct row *r = find_row(name);
	if (r)
		return put_row(s, r, value, source, why);
	buf_printf(why, "there is no setting \"" STR_FMT "\"; known: ", STR_ARG(name));
	put_known_names(why, name);
	return E_POLICY;
}

int settings_put_arg(struct settings *s, struct str arg, struct buf *why)
{
	if (str_find(arg, '=') == arg.n) {
		buf_printf(why, "--set wants name=value, not \"" STR_FMT "\"", STR_ARG(arg));
		return E_POLICY;
	}
	struct str name = str_cut(&arg, '=');
	return settings_put(s, str_trim(name), arg, SETTING_ARG, why);
}

/* -- file ---------------------------------------------------------------------------- */

static bool put_scalar(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		buf_add(out, json_string_value(v), json_string_length(v));
	else if (json_is_integer(v))
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		buf_printf(out, "%s", json_is_true(v) ? "true" : "false");
	else if (!json_is_null(v))
		return false;
	return true;
}

static bool put_value(struct buf *out, const json_t *v)
{
	if (!json_is_array(v))
		return put_scalar(out, v);
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (i)
			buf_ch(out, ',');
		if (!put_scalar(out, json_array_get(v, i)))
			return false;
	}
	return true;
}

static int put_from_file(struct settings *s, struct str name, const json_t *v, struct buf *why)
{
	struct buf text;
	buf_init(&text, 4096);
	int err = E_POLICY;
	if (put_value(&text, v) && buf_ok(&text))
		err = settings_put(s, name, buf_view(&text), SETTING_FILE, why);
	else
		buf_printf(why, STR_FMT " wants one value or a list of them", STR_ARG(name));
	buf_fini(&text);
	return err;
}

int settings_put_file(struct settings *s, const json_t *file, struct buf *why)
{
	if (json_is_null(file)) /* an empty file */
		return 0;
	if (!json_is_object(file)) {
		buf_lit(why, "the file of settings is not a list of `name: value`");
		return E_POLICY;
	}
	const char *key, *sub;
	json_t *value, *inner;
	json_object_foreach((json_t *)(uintptr_t)file, key, value) {
		int err = 0;
		if (!json_is_object(value))
			err = put_from_file(s, str_z(key), value, why);
		json_object_foreach(value, sub, inner) {
			char name[128];
			int n = snprintf(name, sizeof name, "%s.%s", key, sub);
			if (err == 0 && (n < 0 || (size_t)n >= sizeof name)) {
				buf_printf(why, "there is no setting \"%s...\"", name);
				err = E_POLICY;
			}
			if (err == 0)
				err = put_from_file(s, str_z(name), inner, why);
		}
		if (err)
			return err;
	}
	return 0;
}

/* -- environment --------------------------------------------------------------------- */

/* Is `variable` the upper-case form of `name`, or of its group with more behind? */
static bool env_is(struct str variable, const char *name, bool group)
{
	size_t i = 0;
	for (; name[i] && i < variable.n; i++) {
		char c = name[i] == '.' ? '_' : (char)toupper((unsigned char)name[i]);
		if (variable.p[i] != c)
			return false;
		if (group && name[i] == '.')
			return true;
	}
	return !group && !name[i] && i == variable.n;
}

static int put_variable(struct settings *s, struct str name, struct str value, struct buf *why)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (env_is(name, rows[i].name, false))
			return put_row(s, &rows[i], value, SETTING_ENV, why);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!env_is(name, rows[i].name, true))
			continue;
		buf_printf(why, "there is no setting for the variable TANDEM_" STR_FMT "; known: ",
		           STR_ARG(name));
		put_known_names(why, str_z(rows[i].name));
		return E_POLICY;
	}
	return 0;
}

int settings_put_env(struct settings *s, char *const *environment, struct buf *why)
{
	for (; *environment; environment++) {
		struct str value = str_z(*environment);
		if (!str_starts(value, STR("TANDEM_")))
			continue;
		value = str_sub(value, 7, value.n);
		struct str name = str_cut(&value, '=');
		int err = put_variable(s, name, value, why);
		if (err)
			return err;
	}
	return 0;
}

/* -- together ------------------------------------------------------------------------ */

bool settings_have_ipv6(void)
{
	struct addr any = {.family = ADDR_V6};
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(&any, &ss);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool ok = bind(fd, (struct sockaddr *)&ss, n) == 0;
	close(fd);
	return ok;
}

static void drop_ipv6(struct listen_list *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].at.family != ADDR_V6)
			l->v[n++] = l->v[i];
	l->n = n;
}

static int check_listen(const struct listen_list *l, struct buf *why)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < i; j++)
			if (l->v[i].at.port && l->v[i].proto == l->v[j].proto &&
			    addr_eq(&l->v[i].at, &l->v[j].at)) {
				char text[ADDR_TEXT];
				buf_printf(why, "sip.listen names %s twice",
				           addr_text(&l->v[i].at, text));
				return E_POLICY;
			}
	return 0;
}

static int check_order(uint64_t low, const char *low_name, uint64_t high, const char *high_name,
                       struct buf *why)
{
	if (low <= high)
		return 0;
	buf_printf(why, "%s (%ju) cannot be above %s (%ju)", low_name, (uintmax_t)low, high_name,
	           (uintmax_t)high);
	return E_POLICY;
}

/* Whoever changes only a bound did not ask for a default outside it. */
static void clamp_default(uint64_t *value, enum setting_source source, uint64_t low, uint64_t high)
{
	if (source != SETTING_DEFAULT)
		return;
	if (*value > high)
		*value = high;
	if (*value < low)
		*value = low;
}

/* Names and values of two fields, for check_order. */
#define PAIR(a, b) s->a, rows[SETTING_##a].name, s->b, rows[SETTING_##b].name

int settings_settle(struct settings *s, bool have_ipv6, struct buf *why)
{
	if (!have_ipv6 && s->source[SETTING_sip_listen] == SETTING_DEFAULT)
		drop_ipv6(&s->sip_listen);
	clamp_default(&s->limit_expiry_default_s, s->source[SETTING_limit_expiry_default_s],
	              s->limit_expiry_min_s, s->limit_expiry_max_s);
	clamp_default(&s->limit_session_expires_s, s->source[SETTING_limit_session_expires_s],
	              s->limit_session_min_s, UINT64_MAX);
	int err = check_listen(&s->sip_listen, why);
	if (err == 0)
		err = check_order(PAIR(limit_expiry_min_s, limit_expiry_max_s), why);
	if (err == 0)
		err = check_order(PAIR(limit_expiry_min_s, limit_expiry_default_s), why);
	if (err == 0)
		err = check_order(PAIR(limit_expiry_default_s, limit_expiry_max_s), why);
	if (err == 0)
		err = check_order(PAIR(limit_session_min_s, limit_session_expires_s), why);
	return err;
}

/* -- texts --------------------------------------------------------------------------- */

void settings_put_help(struct buf *out)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct row *r = &rows[i];
		buf_printf(out, "  %s = %s%s%s\n      %s\n      Allowed: ", r->name,
		           *r->fallback ? r->fallback : "(empty)", *r->unit ? " " : "", r->unit,
		           r->text);
		put_allowed(out, r);
		buf_lit(out, ".\n");
	}
}

void settings_put_doc(struct buf *out)
{
	buf_lit(out,
	        "# Settings\n\n"
	        "Made from `src/app/settings_table.h` by `make docs`; do not edit.\n\n"
	        "Settings belong to a node and are read at its start. Rank: `--set sip.realm=pbx`, then the\n"
	        "environment (`TANDEM_SIP_REALM=pbx`), then the YAML or JSON file of `--config FILE`\n"
	        "(`sip: {realm: pbx}` or `sip.realm: pbx`), then the default. An unknown name or an impossible\n"
	        "value is refused at the start.\n\n"
	        "| setting | default | allowed | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct row *r = &rows[i];
		buf_printf(out, "| `%s` | %s%s%s%s%s | ", r->name, *r->fallback ? "`" : "(empty)",
		           r->fallback, *r->fallback ? "`" : "", *r->unit ? " " : "", r->unit);
		put_allowed(out, r);
		buf_printf(out, " | %s |\n", r->text);
	}
}
