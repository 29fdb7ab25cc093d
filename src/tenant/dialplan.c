// SPDX-License-Identifier: Apache-2.0
#include "tenant/dialplan.h"

#include "tenant/phone/plan.h"
#include "tenant/snapshot_body.h"

enum { E164_MIN = 7, E164_MAX = 15, DEPTH_MAX = 2 };

struct dialplan {
	const struct phone_plan *plan; /* NULL: no country */
	struct str country_code, national_prefix, international_prefix;
	struct str area_code, outside_prefix;
	const struct str *emergency;   /* the tenant's own */
	size_t n_emergency;
};

static const char *const class_names[DIAL_CLASSES] = {
	[DIAL_UNKNOWN] = "unknown",   [DIAL_EMERGENCY] = "emergency",
	[DIAL_FEATURE] = "feature",   [DIAL_INTERNAL] = "internal",
	[DIAL_LOCAL] = "local",       [DIAL_NATIONAL] = "national",
	[DIAL_MOBILE] = "mobile",     [DIAL_INTERNATIONAL] = "international",
	[DIAL_PREMIUM] = "premium",
};

const char *dial_class_name(enum dial_class c)
{
	return class_names[c];
}

/* -- compiling ----------------------------------------------------------------------- */

static struct str kept(const json_t *v, struct arena *mem)
{
	struct str s = {json_string_value(v), json_string_length(v)};

	return s.n ? arena_dup(mem, s) : STR_NONE;
}

static void take_emergency(struct dialplan *d, const json_t *list, struct arena *mem)
{
	struct str *numbers = arena_alloc(mem, (json_array_size(list) + 1) * sizeof *numbers);

	d->n_emergency = json_array_size(list);
	d->emergency = numbers;
	for (size_t i = 0; i < d->n_emergency; i++)
		numbers[i] = kept(json_array_get(list, i), mem);
}

int dialplan_compile(const struct dialplan **out, const json_t *tenant, struct arena *mem,
                     struct buf *why)
{
	const char *country = json_string_value(json_object_get(tenant, "country"));
	struct dialplan *d = arena_zalloc(mem, sizeof *d);

	d->plan = country ? phone_plan_get(country) : NULL;
	if (country && !d->plan) {
		buf_printf(why, "country: there is no country \"%s\" (ISO 3166)\n", country);
		return E_POLICY;
	}
	if (d->plan) {
		d->country_code = str_z(d->plan->country_code);
		d->national_prefix = str_z(d->plan->national_prefix);
		d->international_prefix = str_z(d->plan->international_prefix);
	}
	d->area_code = kept(json_object_get(tenant, "area_code"), mem);
	d->outside_prefix = kept(json_object_get(tenant, "outside_prefix"), mem);
	take_emergency(d, json_object_get(tenant, "emergency"), mem);
	*out = d;
	return 0;
}

/* -- classifying --------------------------------------------------------------------- */

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.n > 0;
}

static struct str behind(struct str s, struct str prefix)
{
	return str_sub(s, prefix.n, s.n);
}

static bool is_emergency(const struct dialplan *d, struct str digits)
{
	for (size_t i = 0; i < d->n_emergency; i++) {
		if (str_eq(digits, d->emergency[i]))
			return true;
	}
	for (size_t i = 0; d->plan && i < d->plan->n_emergency; i++) {
		if (str_eq(digits, str_z(d->plan->emergency[i])))
			return true;
	}
	return false;
}

bool dialplan_is_emergency(const struct tenant *t, struct str digits)
{
	return is_emergency(t->dialplan, digits);
}

static void decide(struct dialled *out, enum dial_class class, const char *why)
{
	out->class = class;
	out->why = why;
}

static bool set_e164(struct dialled *out, struct str country_code, struct str rest)
{
	size_t n = country_code.n + rest.n;

	if (n < E164_MIN || n > E164_MAX || !all_digits(rest))
		return false;
	out->e164_text[0] = '+';
	memcpy(out->e164_text + 1, country_code.p, country_code.n);
	memcpy(out->e164_text + 1 + country_code.n, rest.p, rest.n);
	out->e164_n = 1 + n;
	return true;
}

static bool length_fits(const struct dialplan *d, size_t n)
{
	return n < 32 && d->plan->lengths & UINT32_C(1) << n;
}

/* A national number, without any prefix. */
static void classify_national(const struct dialplan *d, struct str national, struct dialled *out)
{
	if (!set_e164(out, d->country_code, national)) {
		decide(out, DIAL_UNKNOWN, "no number of the country has so many digits");
		return;
	}
	switch (phone_plan_type(d->plan, national.p, national.n)) {
	case PHONE_PREMIUM:
		decide(out, DIAL_PREMIUM, "a premium or personal number of the country");
		return;
	case PHONE_MOBILE:
		decide(out, DIAL_MOBILE, "a mobile number of the country");
		return;
	case PHONE_ABROAD:
		decide(out, DIAL_INTERNATIONAL, "another country with the same country code");
		return;
	case PHONE_TOLL_FREE:
		out->toll_free = true;
		decide(out, DIAL_NATIONAL, "a toll-free number of the country");
		return;
	case PHONE_FIXED:
	case PHONE_UNKNOWN:
		break;
	}
	if (d->area_code.n && str_starts(national, d->area_code))
		decide(out, DIAL_LOCAL, "begins with the tenant's area code");
	else
		decide(out, DIAL_NATIONAL, "a number of the country");
}

/* Satellites and premium services that belong to no country: ITU-T E.164 list. */
static bool is_premium_abroad(struct str digits)
{
	static const char *const codes[] = {"979", "881", "882", "883", "870", "878"};

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (str_starts(digits, str_z(codes[i])))
			return true;
	}
	return false;
}

/* Digits that begin with a country code. */
static void classify_global(const struct dialplan *d, struct str digits, struct dialled *out)
{
	if (d->plan && str_starts(digits, d->country_code)) {
		classify_national(d, behind(digits, d->country_code), out);
		return;
	}
	if (!digits.n || digits.p[0] == '0' || !set_e164(out, STR(""), digits))
		decide(out, DIAL_UNKNOWN, "no country code, or too few or too many digits");
	else if (is_premium_abroad(digits))
		decide(out, DIAL_PREMIUM, "a satellite or premium service of no country");
	else
		decide(out, DIAL_INTERNATIONAL, "another country");
}

static void classify_local(const struct dialplan *d, struct str digits, struct dialled *out)
{
	char mem[E164_MAX + 1];
	struct str national = {mem, d->area_code.n + digits.n};

	if (!d->area_code.n || national.n > E164_MAX || !length_fits(d, national.n)) {
		decide(out, DIAL_UNKNOWN, "neither internal nor a number outside");
		return;
	}
	memcpy(mem, d->area_code.p, d->area_code.n);
	memcpy(mem + d->area_code.n, digits.p, digits.n);
	classify_national(d, national, out);
}

static bool is_national(const struct dialplan *d, struct str digits)
{
	return d->national_prefix.n && str_starts(digits, d->national_prefix) &&
	       length_fits(d, digits.n - d->national_prefix.n);
}

static void classify_outside(const struct dialplan *d, struct str digits, struct dialled *out)
{
	if (digits.n && digits.p[0] == '+')
		classify_global(d, str_sub(digits, 1, digits.n), out);
	else if (!all_digits(digits))
		decide(out, DIAL_UNKNOWN, "neither a code nor a number");
	else if (!d->plan)
		decide(out, DIAL_UNKNOWN, "the tenant has no country: numbers outside begin with +");
	else if (str_starts(digits, d->international_prefix))
		classify_global(d, behind(digits, d->international_prefix), out);
	else if (is_national(d, digits))
		classify_national(d, behind(digits, d->national_prefix), out);
	else if (d->plan->prefix_optional && length_fits(d, digits.n))
		classify_national(d, digits, out);
	else
		classify_local(d, digits, out);
}

static void classify_number(const struct dialplan *d, struct str digits, struct dialled *out)
{
	bool plus = digits.n && digits.p[0] == '+';

	if (plus || !d->outside_prefix.n)
		classify_outside(d, digits, out);
	else if (str_starts(digits, d->outside_prefix))
		classify_outside(d, behind(digits, d->outside_prefix), out);
	else
		decide(out, DIAL_UNKNOWN, "neither internal nor with the prefix for numbers outside");
}

/* Both with and without the prefix for numbers outside. */
static bool try_emergency(const struct dialplan *d, struct str digits, struct dialled *out)
{
	struct str rest = str_starts(digits, d->outside_prefix) ? behind(digits, d->outside_prefix)
	                                                        : digits;

	if (!is_emergency(d, digits) && !is_emergency(d, rest))
		return false;
	out->number = is_emergency(d, digits) ? digits : rest;
	decide(out, DIAL_EMERGENCY, "an emergency number");
	return true;
}

static void classify(const struct tenant *t, struct str digits, struct dialled *out, int depth)
{
	const struct dialplan *d = t->dialplan;
	struct feature_code code;
	struct target target;

	out->number = digits;
	if (try_emergency(d, digits, out))
		return;
	if (tenant_dial_internal(t, digits, &target)) {
		decide(out, DIAL_INTERNAL, "an internal number");
		if (target.kind == TARGET_EXTERNAL) { /* a speed dial */
			out->number = target.number;
			classify_outside(d, target.number, out);
		}
		return;
	}
	if (!tenant_feature_code(t, digits, &code)) {
		classify_number(d, digits, out);
	} else if (code.feature == FEATURE_WITHHOLD && depth < DEPTH_MAX) {
		out->withheld = true;
		classify(t, code.argument, out, depth + 1);
	} else {
		decide(out, DIAL_FEATURE, "a feature code");
	}
}

void dialplan_classify(const struct tenant *t, struct str digits, struct dialled *out)
{
	*out = (struct dialled){.why = ""};
	classify(t, digits, out, 0);
}
